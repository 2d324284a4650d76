"""Initializers, regularizers, constraints and activations: formulas, names, configuration, errors."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from recurra import Tensor, activations, constraints, initializers, random, regularizers, saving, serialization
from recurra.layers import Dense

INITIALIZERS = [
    initializers.Zeros(),
    initializers.Ones(),
    initializers.Constant(3.5),
    initializers.Identity(2.0),
    initializers.RandomNormal(1.0, 0.5, seed=3),
    initializers.RandomUniform(-2.0, 1.0, seed=3),
    initializers.RandomDecay(0.5, 0.9, seed=3),
    initializers.TruncatedNormal(0.5, 2.0, seed=3),
    initializers.VarianceScaling(2.0, "fan_out", "untruncated_normal", seed=3),
    initializers.GlorotUniform(seed=3),
    initializers.GlorotNormal(seed=3),
    initializers.HeUniform(seed=3),
    initializers.HeNormal(seed=3),
    initializers.LecunUniform(seed=3),
    initializers.LecunNormal(seed=3),
    initializers.Orthogonal(1.5, seed=3),
]


@pytest.mark.parametrize("initializer", INITIALIZERS, ids=lambda one: type(one).__name__)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_shape_dtype_and_configuration(initializer, dtype):
    value = initializer((7, 5), dtype=dtype)
    assert (value.shape, value.dtype) == ((7, 5), dtype)
    described = json.loads(json.dumps(initializers.serialize(initializer)))
    twin = initializers.deserialize(described)
    assert type(twin) is type(initializer)
    assert initializers.serialize(twin) == described
    np.testing.assert_array_equal(twin((7, 5), dtype=dtype), value)
    np.testing.assert_array_equal(initializer.clone()((7, 5), dtype=dtype), value)


@pytest.mark.parametrize(
    ("initializer", "scale", "mode"),
    [
        (initializers.GlorotUniform(), 1.0, "fan_avg"),
        (initializers.GlorotNormal(), 1.0, "fan_avg"),
        (initializers.HeUniform(), 2.0, "fan_in"),
        (initializers.HeNormal(), 2.0, "fan_in"),
        (initializers.LecunUniform(), 1.0, "fan_in"),
        (initializers.LecunNormal(), 1.0, "fan_in"),
        (initializers.VarianceScaling(3.0, "fan_out", "untruncated_normal"), 3.0, "fan_out"),
        (initializers.VarianceScaling(3.0, "fan_out", "normal"), 3.0, "fan_out"),
    ],
    ids=lambda one: type(one).__name__ if isinstance(one, initializers.Initializer) else str(one),
)
def test_variance(initializer, scale, mode):
    random.set_seed(1)
    fan_in, fan_out = 120, 380
    n = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[mode]
    value = np.array(initializer((fan_in, fan_out)), "float64")
    assert value.var() == pytest.approx(scale / n, rel=0.03)
    assert abs(value.mean()) < 4 * math.sqrt(scale / n / value.size)
    limit = {"uniform": math.sqrt(3), "truncated_normal": 2 / 0.87962566, "untruncated_normal": 9}
    assert np.abs(value).max() <= limit[initializer.distribution] * math.sqrt(scale / n) * (1 + 1e-6)


def test_normal_uniform_truncated():
    random.set_seed(2)
    normal = np.array(initializers.RandomNormal(1.0, 0.5)((200, 200)))
    assert (normal.mean(), normal.std()) == (pytest.approx(1.0, abs=0.02), pytest.approx(0.5, abs=0.02))
    assert np.abs(normal - 1).max() > 1.5
    uniform = np.array(initializers.RandomUniform(-2.0, 1.0)((200, 200)))
    assert uniform.min() >= -2
    assert uniform.max() < 1
    assert uniform.mean() == pytest.approx(-0.5, abs=0.03)
    truncated = np.array(initializers.TruncatedNormal(1.0, 0.5)((200, 200)))
    assert np.abs(truncated - 1).max() <= 1
    assert truncated.std() == pytest.approx(0.5 * 0.87962566, abs=0.02)


@pytest.mark.parametrize("shape", [(5, 5), (7, 3), (3, 7), (2, 3, 4), (1, 6)])
def test_orthogonal(shape):
    value = np.array(initializers.Orthogonal(2.0, seed=1)(shape, dtype="float64")).reshape(-1, shape[-1])
    small = value if value.shape[0] <= value.shape[1] else value.T
    np.testing.assert_allclose(small @ small.T, 4 * np.eye(len(small)), atol=1e-12)


def test_orthogonal_draws_both_signs():
    drawn = [np.array(initializers.Orthogonal(seed=s)((2, 2), dtype="float64")) for s in range(60)]
    assert {bool(matrix[0, 0] > 0) for matrix in drawn} == {True, False}
    assert {round(float(np.linalg.det(matrix))) for matrix in drawn} == {1, -1}


@pytest.mark.parametrize(
    ("shape", "fans"),
    [((), (1, 1)), ((5,), (5, 5)), ((3, 7), (3, 7)), ((5, 3, 7), (15, 35)), ((2, 5, 3, 7), (30, 70))],
)
def test_fans(shape, fans):
    assert initializers.compute_fans(shape) == fans


def test_fans_with_axes():
    assert initializers.compute_fans((2, 3, 5, 7), input_axes=(0, 1), output_axes=(2, -1)) == (6, 35)
    assert initializers.compute_fans((2, 3, 5), input_axes=(0,), output_axes=(2,)) == (6, 15)


def test_seeds():
    first, second = initializers.GlorotUniform(seed=4), initializers.GlorotUniform(seed=4)
    np.testing.assert_array_equal(first((3, 4)), second((3, 4)))
    np.testing.assert_array_equal(first((3, 4)), first((3, 4)))
    unseeded = initializers.GlorotUniform()
    assert (np.array(unseeded((3, 4))) != np.array(unseeded((3, 4)))).any()
    random.set_seed(9)
    one = np.array(unseeded((3, 4)))
    random.set_seed(9)
    np.testing.assert_array_equal(unseeded((3, 4)), one)
    generator = initializers.RandomNormal(seed=random.SeedGenerator(1))
    assert (np.array(generator((3,))) != np.array(generator((3,)))).any()
    twin = initializers.deserialize(json.loads(json.dumps(initializers.serialize(generator))))
    assert isinstance(twin.seed, random.SeedGenerator)


NAMES = [
    "zeros", "ones", "Zeros", "constant", "identity", "glorot_uniform", "GlorotUniform", "he_normal", "lecun_uniform",
    "orthogonal", "random_normal", "truncated_normal", "uniform", "normal", "variance_scaling",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_names(name):
    initializer = initializers.get(name)
    assert isinstance(initializer, initializers.Initializer)
    assert initializer((3, 3)).shape == (3, 3)


def test_other_ways_to_give_an_initializer():
    assert isinstance(initializers.get(initializers.Ones), initializers.Ones)
    function = lambda shape, dtype=None: Tensor(np.full(shape, 2.0, dtype))  # noqa: E731
    assert initializers.get(function) is function
    layer = Dense(2, kernel_initializer=np.arange(6.0).reshape(3, 2), bias_initializer=function)
    layer.build((None, 3))
    np.testing.assert_array_equal(layer.get_weights()[0], np.arange(6).reshape(3, 2))
    np.testing.assert_array_equal(layer.get_weights()[1], [2, 2])
    described = initializers.serialize(layer.kernel_initializer)
    np.testing.assert_array_equal(initializers.deserialize(described)((3, 2)), layer.get_weights()[0])


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: initializers.get("gorot_uniform"), ValueError, "unknown initializer 'gorot_uniform'; did you mean"),
        (lambda: initializers.get(3), TypeError, "expected an initializer"),
        (lambda: initializers.VarianceScaling(scale=0), ValueError, "scale must be a number > 0"),
        (lambda: initializers.VarianceScaling(mode="fan"), ValueError, "mode must be"),
        (lambda: initializers.VarianceScaling(distribution="cauchy"), ValueError, "distribution must be"),
        (lambda: initializers.GlorotUniform(seed="x"), ValueError, "GlorotUniform: seed must be None or an integer"),
        (lambda: initializers.Orthogonal()((3,)), ValueError, "at least two axes"),
        (lambda: initializers.Identity()((3,)), ValueError, "makes matrices only"),
        (lambda: initializers.Constant([1, 2])((3,)), ValueError, "does not fit a weight of shape"),
        (lambda: initializers.get({"class_name": "Dense", "config": {"units": 1}}), ValueError, "unknown initializer"),
    ],
)
def test_bad_initializers(make, error, words):
    with pytest.raises(error, match=words):
        make()


# ---- regularizers


X = np.array([[1.0, -2.0, 3.0], [-4.0, 5.0, 0.5]])


@pytest.mark.parametrize(
    ("regularizer", "expected"),
    [
        (regularizers.L1(0.1), 0.1 * np.abs(X).sum()),
        (regularizers.L2(0.1), 0.1 * (X**2).sum()),
        (regularizers.L1L2(0.1, 0.2), 0.1 * np.abs(X).sum() + 0.2 * (X**2).sum()),
        (regularizers.L1L2(l2=0.2), 0.2 * (X**2).sum()),
        (regularizers.L1L2(), 0.0),
        (regularizers.get("l1"), 0.01 * np.abs(X).sum()),
        (regularizers.get("l2"), 0.01 * (X**2).sum()),
        (regularizers.get("l1_l2"), 0.01 * (np.abs(X).sum() + (X**2).sum())),
        (regularizers.l1_l2(l2=0.5), 0.01 * np.abs(X).sum() + 0.5 * (X**2).sum()),
    ],
)
def test_penalties(regularizer, expected):
    assert regularizer(Tensor(X)).item() == pytest.approx(expected, rel=1e-12)
    twin = regularizers.deserialize(json.loads(json.dumps(regularizers.serialize(regularizer))))
    assert type(twin) is type(regularizer)
    assert twin(Tensor(X)).item() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("mode", ["rows", "columns"])
def test_orthogonal_regularizer(mode):
    vectors = X if mode == "rows" else X.T
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    pairs = [abs(unit[i] @ unit[j]) for i in range(len(unit)) for j in range(i)]
    regularizer = regularizers.OrthogonalRegularizer(0.3, mode)
    assert regularizer(Tensor(X)).item() == pytest.approx(0.3 * np.mean(pairs), rel=1e-12)
    assert regularizer.get_config() == {"factor": 0.3, "mode": mode}
    with pytest.raises(ValueError, match="expected a matrix"):
        regularizer(Tensor(X[0]))


def test_gradient_of_penalties():
    x = Tensor(X)
    x.requires_grad = True
    regularizers.L1L2(0.1, 0.2)(x).backward()
    np.testing.assert_allclose(x.grad.numpy(), 0.1 * np.sign(X) + 0.4 * X, rtol=1e-12)


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: regularizers.get("l3"), ValueError, "unknown regularizer 'l3'"),
        (lambda: regularizers.get(0.1), TypeError, "expected a regularizer"),
        (lambda: regularizers.L1(-1), ValueError, "L1: l1 must be a number >= 0, got -1"),
        (lambda: regularizers.L2(float("nan")), ValueError, "L2: l2 must be"),
        (lambda: regularizers.L1L2("a"), ValueError, "L1L2: l1 must be"),
        (lambda: regularizers.OrthogonalRegularizer(mode="cols"), ValueError, "one of 'rows', 'columns'"),
    ],
)
def test_bad_regularizers(make, error, words):
    with pytest.raises(error, match=words):
        make()


# ---- constraints


def norms(array, axis=0):
    return np.sqrt((np.asarray(array) ** 2).sum(axis))


def test_max_norm():
    result = np.array(constraints.MaxNorm(3.0)(Tensor(X)))
    np.testing.assert_allclose(norms(result), np.minimum(norms(X), 3.0), rtol=1e-6)
    np.testing.assert_allclose(result / norms(result), X / norms(X), rtol=1e-6)
    np.testing.assert_allclose(norms(constraints.MaxNorm(1.0, axis=(0, 1))(Tensor(X)), None), 1.0, rtol=1e-6)


def test_unit_norm_and_non_neg():
    np.testing.assert_allclose(norms(constraints.UnitNorm(axis=1)(Tensor(X)), 1), [1, 1], rtol=1e-6)
    np.testing.assert_array_equal(constraints.NonNeg()(Tensor(X)), np.maximum(X, 0))


def test_min_max_norm():
    result = constraints.MinMaxNorm(4.5, 5.0, rate=0.5)(Tensor(X))
    expected = 0.5 * np.clip(norms(X), 4.5, 5.0) + 0.5 * norms(X)
    np.testing.assert_allclose(norms(result), expected, rtol=1e-6)


@pytest.mark.parametrize(("shape", "per_gate", "blocks"), [
    ((4, 4), True, 1), ((4, 12), True, 3), ((4, 12), False, 1), ((4, 6), True, 1), ((6, 4), True, 1)
])  # fmt: skip
def test_orthogonal_constraint_gives_the_nearest_orthogonal_matrix(shape, per_gate, blocks, rng):
    matrix = rng.normal(size=shape)
    result = np.array(constraints.Orthogonal(0.5, per_gate)(Tensor(matrix)))
    for own, nearest in zip(np.split(matrix, blocks, 1), np.split(result, blocks, 1), strict=True):
        gram = nearest.T @ nearest if shape[0] > shape[1] else nearest @ nearest.T
        np.testing.assert_allclose(gram, 0.25 * np.eye(min(shape)), atol=1e-14)
        # Nearest: with W = Q S, Q orthogonal, the factor S is symmetric and positive.
        stretch = nearest.T @ own if shape[0] > shape[1] else own @ nearest.T
        np.testing.assert_allclose(stretch, stretch.T, atol=1e-13)
        assert np.linalg.eigvalsh(stretch).min() > 0


def test_orthogonal_constraint_keeps_what_is_orthogonal_and_shows_nan():
    matrix = np.array(initializers.Orthogonal(seed=1)((5, 5), dtype="float64"))
    np.testing.assert_allclose(constraints.Orthogonal()(Tensor(matrix)), matrix, atol=1e-14)
    matrix[1, 2] = np.nan
    np.testing.assert_array_equal(constraints.Orthogonal()(Tensor(matrix)), matrix)


@pytest.mark.parametrize("name", ["max_norm", "non_neg", "unit_norm", "min_max_norm", "orthogonal", "MaxNorm"])
def test_constraint_names_and_configuration(name):
    constraint = constraints.get(name)
    twin = constraints.deserialize(json.loads(json.dumps(constraints.serialize(constraint))))
    assert type(twin) is type(constraint)
    assert twin.get_config() == constraint.get_config()
    np.testing.assert_array_equal(twin(Tensor(X)), constraint(Tensor(X)))


def test_bad_constraints():
    with pytest.raises(ValueError, match="unknown constraint 'norm'"):
        constraints.get("norm")
    with pytest.raises(TypeError, match="expected a constraint"):
        constraints.get(3)
    with pytest.raises(ValueError, match="gain must be a number > 0, got 0"):
        constraints.Orthogonal(0)
    with pytest.raises(ValueError, match=r"expected a matrix, got shape \(3,\)"):
        constraints.Orthogonal()(Tensor(np.ones(3)))


# ---- activations


def erf(x):
    return np.vectorize(math.erf)(x)


def softplus(x):
    return np.log1p(np.exp(-np.abs(x))) + np.maximum(x, 0)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x):
    return np.exp(x) / np.exp(x).sum(-1, keepdims=True)


def np_sparsemax(x):
    ordered = -np.sort(-x, axis=-1)
    limits = (ordered.cumsum(-1) - 1) / np.arange(1, x.shape[-1] + 1)  # of the k largest, for each k
    return np.maximum(x - limits.max(-1, keepdims=True), 0)


FORMULAS = {
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, 0),
    "leaky_relu": lambda x: np.where(x >= 0, x, 0.2 * x),
    "relu6": lambda x: np.clip(x, 0, 6),
    "elu": lambda x: np.where(x > 0, x, np.expm1(x)),
    "selu": lambda x: 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(x)),
    "celu": lambda x: np.maximum(x, 0) + np.minimum(np.expm1(x), 0),
    "gelu": lambda x: x * (1 + erf(x / math.sqrt(2))) / 2,
    "silu": lambda x: x * sigmoid(x),
    "swish": lambda x: x * sigmoid(x),
    "hard_silu": lambda x: x * np.clip(x / 6 + 0.5, 0, 1),
    "hard_swish": lambda x: x * np.clip(x / 6 + 0.5, 0, 1),
    "mish": lambda x: x * np.tanh(softplus(x)),
    "softplus": softplus,
    "softsign": lambda x: x / (1 + np.abs(x)),
    "tanh": np.tanh,
    "hard_tanh": lambda x: np.clip(x, -1, 1),
    "sigmoid": sigmoid,
    "hard_sigmoid": lambda x: np.clip(x / 6 + 0.5, 0, 1),
    "log_sigmoid": lambda x: -softplus(-x),
    "exponential": np.exp,
    "softmax": softmax,
    "log_softmax": lambda x: np.log(softmax(x)),
    "glu": lambda x: x[..., :4] * sigmoid(x[..., 4:]),
    "hard_shrink": lambda x: np.where(np.abs(x) > 0.5, x, 0),
    "soft_shrink": lambda x: np.sign(x) * np.maximum(np.abs(x) - 0.5, 0),
    "tanh_shrink": lambda x: x - np.tanh(x),
    "threshold": lambda x, threshold, default_value: np.where(x > threshold, x, default_value),
    "squareplus": lambda x: (x + np.sqrt(x * x + 4)) / 2,
    "sparse_plus": lambda x: np.where(x <= -1, 0, np.where(x < 1, (x + 1) ** 2 / 4, x)),
    "sparse_sigmoid": lambda x: np.clip((x + 1) / 2, 0, 1),
    "sparsemax": np_sparsemax,
}

#: Arguments of those that have no defaults for all of them.
REQUIRED = {"threshold": {"threshold": 0.5, "default_value": -7.0}}


def test_every_activation_has_a_formula():
    assert set(FORMULAS) == set(activations._NAMES)


@pytest.mark.parametrize("name", sorted(FORMULAS))
def test_activation_computes_its_formula(name, rng):
    x = np.concatenate([rng.normal(size=(4, 8)) * 3, [[-30, -7, -6, 0, 0.5, 6, 7, 30]]])
    activation = activations.get(name)
    given = REQUIRED.get(name, {})
    result = np.array(activation(Tensor(x), **given))
    np.testing.assert_allclose(result, FORMULAS[name](x, **given), rtol=1e-9, atol=1e-12)
    assert activations.get(activations.serialize(activation)) is activation


def test_relu_options():
    x = np.array([-2.0, 0.2, 0.5, 0.7, 8.0])  # at the threshold itself 0, as in Keras
    result = activations.relu(Tensor(x), negative_slope=0.1, max_value=6.0, threshold=0.5)
    np.testing.assert_allclose(np.array(result), [-0.25, -0.03, 0.0, 0.7, 6.0], rtol=1e-12)
    with pytest.raises(ValueError, match="must be >= 0"):
        activations.relu(Tensor(x), negative_slope=-1)


def test_own_activations():
    @saving.register_serializable("recurra-tests", name="cubed")
    def cubed(x):
        return x * x * x

    layer = Dense(2, activation=cubed)
    twin = Dense.from_config(json.loads(json.dumps(serialization.plain(layer.get_config()))))
    assert twin.activation is cubed
    with pytest.raises(TypeError, match="cannot be saved: it has no name"):
        Dense(2, activation=lambda x: x).get_config()
    with pytest.raises(TypeError, match="expected an activation"):
        activations.get(3)
    assert activations.get(None) is activations.linear
