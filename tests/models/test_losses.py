"""Losses against plain NumPy, their gradients, reductions, weights and masks."""

from __future__ import annotations

import numpy as np
import pytest

from recurra import Tensor, losses
from recurra.layers.masks import attach_mask

EPSILON = 1e-7


def softmax(z):
    e = np.exp(z - z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def clip(p):
    return np.clip(p, EPSILON, 1 - EPSILON)


def binary(y, p):
    p = clip(p)
    return (-y * np.log(p) - (1 - y) * np.log(1 - p)).mean(-1)


def categorical(y, p):
    return -(y * np.log(clip(p / p.sum(-1, keepdims=True)))).sum(-1)


def focal(y, p, gamma=2.0, weight=1.0):
    chance = y * p + (1 - y) * (1 - p)
    return (weight * (1 - chance) ** gamma * (-y * np.log(p) - (1 - y) * np.log(1 - p))).mean(-1)


def huber(y, p, delta):
    e = np.abs(p - y)
    return np.where(e <= delta, 0.5 * e * e, delta * e - 0.5 * delta * delta).mean(-1)


def unit(v):
    return v / np.sqrt(np.maximum((v * v).sum(-1, keepdims=True), 1e-14))


def signed(y):
    return 2 * y - 1


rng = np.random.default_rng(0)
REAL = rng.normal(size=(7, 5)), rng.normal(size=(7, 5))
POSITIVE = rng.uniform(0.1, 2, size=(7, 5)), rng.uniform(0.1, 2, size=(7, 5))
BITS = rng.integers(0, 2, size=(7, 5)).astype("float64"), rng.uniform(0.02, 0.98, size=(7, 5))
LABELS = rng.integers(0, 5, size=7)
ONE_HOT = np.eye(5)[LABELS], softmax(rng.normal(size=(7, 5)))

#: name -> (function with its arguments, targets and predictions, the same in NumPy)
CASES = {
    "mse": (losses.mean_squared_error, {}, REAL, lambda y, p: ((y - p) ** 2).mean(-1)),
    "mae": (losses.mean_absolute_error, {}, REAL, lambda y, p: np.abs(y - p).mean(-1)),
    "mape": (losses.mean_absolute_percentage_error, {}, REAL, lambda y, p: 100 * np.abs((y - p) / y).mean(-1)),
    "msle": (
        losses.mean_squared_logarithmic_error,
        {},
        POSITIVE,
        lambda y, p: ((np.log1p(p) - np.log1p(y)) ** 2).mean(-1),
    ),
    "huber": (losses.huber, {"delta": 0.7}, REAL, lambda y, p: huber(y, p, 0.7)),
    "log_cosh": (losses.log_cosh, {}, REAL, lambda y, p: np.log(np.cosh(p - y)).mean(-1)),
    "cosine": (losses.cosine_similarity, {}, REAL, lambda y, p: -(unit(y) * unit(p)).sum(-1)),
    "hinge": (losses.hinge, {}, BITS, lambda y, p: np.maximum(1 - signed(y) * p, 0).mean(-1)),
    "squared hinge": (losses.squared_hinge, {}, BITS, lambda y, p: (np.maximum(1 - signed(y) * p, 0) ** 2).mean(-1)),
    "categorical hinge": (
        losses.categorical_hinge,
        {},
        ONE_HOT,
        lambda y, p: np.maximum(((1 - y) * p).max(-1) - (y * p).sum(-1) + 1, 0),
    ),
    "bce": (losses.binary_crossentropy, {}, BITS, binary),
    "bce logits": (
        losses.binary_crossentropy,
        {"from_logits": True},
        (BITS[0], REAL[1]),
        lambda y, z: binary(y, sigmoid(z)),
    ),
    "bce smoothed": (
        losses.binary_crossentropy,
        {"label_smoothing": 0.2},
        BITS,
        lambda y, p: binary(0.8 * y + 0.1, p),
    ),
    "cce": (losses.categorical_crossentropy, {}, (ONE_HOT[0], BITS[1]), categorical),
    "cce logits": (
        losses.categorical_crossentropy,
        {"from_logits": True},
        (ONE_HOT[0], REAL[1]),
        lambda y, z: categorical(y, softmax(z)),
    ),
    "cce smoothed": (
        losses.categorical_crossentropy,
        {"label_smoothing": 0.2},
        ONE_HOT,
        lambda y, p: categorical(0.8 * y + 0.04, p),
    ),
    "scce": (
        losses.sparse_categorical_crossentropy,
        {},
        (LABELS, ONE_HOT[1]),
        lambda y, p: categorical(np.eye(5)[y], p),
    ),
    "scce logits column": (
        losses.sparse_categorical_crossentropy,
        {"from_logits": True},
        (LABELS[:, None], REAL[1]),
        lambda y, z: categorical(np.eye(5)[y[:, 0]], softmax(z)),
    ),
    "kld": (losses.kl_divergence, {}, (softmax(REAL[0]), ONE_HOT[1]), lambda y, p: (y * np.log(y / p)).sum(-1)),
    "focal": (losses.binary_focal_crossentropy, {}, BITS, focal),
    "focal balanced": (
        losses.binary_focal_crossentropy,
        {"apply_class_balancing": True, "alpha": 0.4, "gamma": 1.5},
        BITS,
        lambda y, p: focal(y, p, 1.5, np.where(y == 1, 0.4, 0.6)),
    ),
    "focal logits": (
        losses.binary_focal_crossentropy,
        {"from_logits": True},
        (BITS[0], REAL[1]),
        lambda y, z: focal(y, sigmoid(z)),
    ),
    "focal smoothed": (
        losses.binary_focal_crossentropy,
        {"label_smoothing": 0.2},
        BITS,
        lambda y, p: focal(0.8 * y + 0.1, p),
    ),
    "categorical focal": (
        losses.categorical_focal_crossentropy,
        {"alpha": [0.1, 0.2, 0.3, 0.4, 0.5], "gamma": 1.5},
        ONE_HOT,
        lambda y, p: -(np.array([0.1, 0.2, 0.3, 0.4, 0.5]) * (1 - p) ** 1.5 * y * np.log(p)).sum(-1),
    ),
    "categorical focal logits": (
        losses.categorical_focal_crossentropy,
        {"from_logits": True, "label_smoothing": 0.2},
        (ONE_HOT[0], REAL[1]),
        lambda y, z: -(0.25 * (1 - softmax(z)) ** 2 * (0.8 * y + 0.04) * np.log(softmax(z))).sum(-1),
    ),
    "generalized": (
        losses.categorical_generalized_cross_entropy,
        {"q": 0.7},
        (LABELS, ONE_HOT[1]),
        lambda y, p: (1 - p[np.arange(7), y] ** 0.7) / 0.7,
    ),
    "poisson": (losses.poisson, {}, POSITIVE, lambda y, p: (p - y * np.log(p + EPSILON)).mean(-1)),
}


@pytest.mark.parametrize("case", CASES)
def test_value(case):
    function, arguments, (y, p), reference = CASES[case]
    np.testing.assert_allclose(function(y, p, **arguments).numpy(), reference(y, p), rtol=1e-11, atol=1e-12)
    single = function(y, p.astype("float32"), **arguments)
    assert single.dtype == "float32"
    np.testing.assert_allclose(single.numpy(), reference(y, p), rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("case", CASES)
def test_gradient(case):
    function, arguments, (y, p), _ = CASES[case]
    weights = np.random.default_rng(1).normal(size=7)

    def value(q):
        return float((function(y, q, **arguments).numpy() * weights).sum())

    leaf = Tensor(p.copy())
    leaf.requires_grad = True
    function(y, leaf, **arguments).backward(Tensor(weights))
    step = 1e-6
    numeric = np.empty_like(p)
    for place in np.ndindex(p.shape):
        up, down = p.copy(), p.copy()
        up[place] += step
        down[place] -= step
        numeric[place] = (value(up) - value(down)) / (2 * step)
    error = np.abs(leaf.grad.numpy() - numeric).max() / np.abs(numeric).max()
    assert error <= 1e-7


def test_clipped_probabilities_stay_finite():
    for function, y, p in (
        (losses.binary_crossentropy, [[1.0, 0.0]], [[0.0, 1.0]]),
        (losses.categorical_crossentropy, [[1.0, 0.0]], [[0.0, 1.0]]),
        (losses.sparse_categorical_crossentropy, [0], [[0.0, 1.0]]),
    ):
        np.testing.assert_allclose(function(np.array(y), np.array(p)).numpy(), [-np.log(EPSILON)], rtol=1e-6)


def test_reductions_and_weights():
    y, p = np.array([[1.0], [2.0], [4.0]]), np.zeros((3, 1))
    weight = np.array([1.0, 0.0, 3.0])
    values = np.array([1.0, 4.0, 16.0])

    def loss(reduction, sample_weight=None):
        return losses.MeanSquaredError(reduction=reduction)(y, p, sample_weight).numpy()

    assert loss("sum_over_batch_size") == pytest.approx(7.0)
    assert loss("sum") == pytest.approx(21.0)
    np.testing.assert_allclose(loss("none"), values)
    np.testing.assert_allclose(loss(None, weight), values * weight)
    assert loss("sum_over_batch_size", weight) == pytest.approx(49 / 3)
    assert loss("sum_over_batch_size", weight[:, None]) == pytest.approx(49 / 3)
    assert loss("sum", weight) == pytest.approx(49)
    assert loss("mean_with_sample_weight", weight) == pytest.approx(49 / 4)


def test_mask_leaves_values_out():
    y = np.arange(6.0).reshape(2, 3, 1)
    p = Tensor(np.zeros((2, 3, 1)))
    attach_mask(p, Tensor(np.array([[True, True, False], [True, False, False]])))
    squares = np.array([[0, 1, 4], [9, 16, 25.0]])
    kept = np.array([[1, 1, 0], [1, 0, 0]])
    assert losses.MeanSquaredError()(y, p).item() == pytest.approx((squares * kept).sum() / 3)
    assert losses.MeanSquaredError(reduction="sum")(y, p).item() == pytest.approx((squares * kept).sum())
    weighted = losses.MeanSquaredError()(y, p, np.array([2.0, 5.0])).item()
    assert weighted == pytest.approx((squares * kept * [[2], [5]]).sum() / 3)


def test_weight_of_time_steps():
    y, p = np.ones((2, 3, 4)), np.zeros((2, 3, 4))
    weight = np.array([[1.0, 0, 0], [2, 0, 1]])
    assert losses.MeanAbsoluteError()(y, p, weight).item() == pytest.approx(4 / 6)


def test_ignored_class_does_not_count():
    y = np.array([0, -1, 2])
    p = softmax(rng.normal(size=(3, 3)))
    loss = losses.SparseCategoricalCrossentropy(ignore_class=-1)
    assert loss(y, p).item() == pytest.approx(-(np.log(p[0, 0]) + np.log(p[2, 2])) / 2, rel=1e-6)


def test_shapes_that_would_only_broadcast_are_refused():
    with pytest.raises(
        ValueError, match=r"mean_absolute_error: the targets have shape \(4,\), the predictions \(4, 4\)"
    ):
        losses.mean_absolute_error(np.zeros(4), np.zeros((4, 4)))
    np.testing.assert_array_equal(losses.mean_absolute_error(np.ones(4), np.zeros((4, 1))).numpy(), np.ones(4))


def test_class_out_of_range():
    with pytest.raises(ValueError, match="5"):
        losses.sparse_categorical_crossentropy(np.array([0, 5]), np.full((2, 5), 0.2))


@pytest.mark.parametrize("name", [*losses.FUNCTIONS, *losses.CLASSES, "MAE", "MSE", "KLD"])
def test_every_name_is_known_and_is_stored(name):
    loss = losses.get(name)
    if isinstance(loss, losses.Loss):
        again = losses.deserialize(losses.serialize(loss))
        assert type(again) is type(loss)
        assert again.get_config() == loss.get_config()


def test_own_function_and_class():
    def own(y_true, y_pred):
        return losses.mean_squared_error(y_true, y_pred) * 2.0

    assert losses.get(own) is own

    class Own(losses.Loss):
        def call(self, y_true, y_pred):
            return own(y_true, y_pred)

    assert losses.get(Own)(np.ones((2, 1)), np.zeros((2, 1))).item() == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: losses.get("maee"), ValueError, "unknown loss 'maee'; did you mean 'mae'"),
        (lambda: losses.get(3), TypeError, "expected a name, a Loss or a function, got int"),
        (lambda: losses.MeanSquaredError(reduction="average"), ValueError, "reduction must be one of"),
        (lambda: losses.BinaryCrossentropy(label_smoothing=2), ValueError, "label_smoothing must be between 0 and 1"),
        (lambda: losses.Loss()(np.ones(2), np.ones(2)), TypeError, "does not define call"),
    ],
)
def test_bad_arguments(make, error, message):
    with pytest.raises(error, match=message):
        make()
