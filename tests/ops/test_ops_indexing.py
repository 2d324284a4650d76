"""Indexing, types, integer and truth ops, creation, errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from recurra import config, ops
from recurra.gradient_check import check_gradients
from recurra.tensor import Tensor

X = np.random.default_rng(1).normal(size=(3, 4, 5))

KEYS: list[Any] = [
    0,
    -1,
    np.int64(2),
    slice(None),
    slice(1, None),
    slice(None, None, -1),
    slice(2, 0, -2),
    slice(5, 9),
    (0, 1),
    (0, 1, 2),
    (slice(None), 1),
    (slice(None), slice(None, None, 2), slice(4, None, -3)),
    (..., 2),
    (1, ..., 2),
    ...,
    None,
    (None, 0, None, ..., None),
    (slice(0, 2), slice(1, 2), slice(0, 5)),
    [0, 2, 2],
    [-1],
    [],
    np.array([[0, 1], [2, 0]]),
    (slice(None), [0, 3]),
    (..., [1, 0]),
    ([0, 1], [3, 2]),
    ([[0], [1]], [3, 2]),
    ([0, 1], slice(None), [4, 0]),
    (slice(None), [0, 1], [4, 0]),
    (0, slice(None), [4, 0]),
    (0, [1, 2]),
    (slice(0, 2), None, [1, 2]),
    X > 0.5,
    X[:, :, 0] > 0,
    (slice(None), np.array([True, False, True, True])),
    (np.array([True, False, True]), slice(None), [1, 0]),
    np.array([False, False, False]),
]


@pytest.mark.parametrize("key", KEYS, ids=repr)
def test_an_index_means_what_it_means_to_numpy(key: Any) -> None:
    expected = X[key]
    result = Tensor(X)[key]
    assert result.shape == expected.shape
    assert np.array_equal(result.numpy(), expected)
    if expected.size:
        check_gradients(lambda x: ops.square(x[key]), X[:3], samples=8)


@pytest.mark.parametrize(
    ("key", "error", "message"),
    [
        (3, IndexError, "index 3 is outside axis 0"),
        ((0, -5), IndexError, "index -5 is outside axis 1"),
        ((0, 0, 0, 0), IndexError, "too many indices"),
        ((..., 0, ...), IndexError, "only one ellipsis"),
        ([3], ValueError, "index 3 is outside an axis of 3 elements"),
        (([0], [4]), IndexError, "outside axis 1"),
        (np.array([True, False]), IndexError, r"mask of shape \(2,\)"),
        ("a", TypeError, "an index is made of"),
        ([0.5], ValueError, "expected integer indices, got dtype float32"),
        (slice(0, 1, 0), ValueError, "slice step cannot be zero"),
    ],
    ids=repr,
)
def test_a_bad_index_is_an_error(key: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Tensor(X)[key]


def test_rows_taken_twice_get_both_gradients() -> None:
    table = Tensor(np.zeros((5, 2)))
    table.requires_grad = True
    ops.sum(ops.embedding([1, 1, 4], table) * np.array([[1.0], [10.0], [100.0]])).backward()
    assert np.array_equal(table.grad, [[0, 0], [11, 11], [0, 0], [0, 0], [100, 100]])


TYPES = ["bool", "int32", "int64", "float32", "float64"]


@pytest.mark.parametrize("a", TYPES)
@pytest.mark.parametrize("b", TYPES)
def test_types_are_promoted(a: str, b: str) -> None:
    result = ops.maximum(np.ones(2, a), np.zeros(2, b))
    assert result.dtype == TYPES[max(TYPES.index(a), TYPES.index(b))]
    floating = ops.divide(np.ones(2, a), np.ones(2, b)).dtype
    assert floating == ("float64" if "float64" in (a, b) else "float32")


@pytest.mark.parametrize("dtype", TYPES)
def test_a_python_number_takes_the_type_of_the_other_side(dtype: str) -> None:
    x = Tensor(np.ones(2, dtype))
    assert (x * 2).dtype == ("int32" if dtype == "bool" else dtype)
    assert (2 * x).dtype == ("int32" if dtype == "bool" else dtype)
    assert (x + 0.5).dtype == (dtype if dtype.startswith("float") else "float32")
    assert (x * True).dtype == dtype


@pytest.mark.parametrize("name", ["equal", "not_equal", "less", "less_equal", "greater", "greater_equal"])
def test_comparisons(name: str) -> None:
    a, b = np.array([[1.0, np.nan, 3.0]]), np.array([[1.0], [2.0], [3.0]])
    result = getattr(ops, name)(a, b)
    assert result.dtype == "bool"
    assert np.array_equal(result.numpy(), getattr(np, name)(a, b))


@pytest.mark.parametrize("name", ["logical_and", "logical_or", "logical_xor"])
def test_truth(name: str) -> None:
    a, b = np.array([0.0, 0.0, 2.0, 3.0]), np.array([0, 1, 0, -1])
    assert np.array_equal(getattr(ops, name)(a, b).numpy(), getattr(np, name)(a, b))
    assert np.array_equal(ops.logical_not(a).numpy(), np.logical_not(a))


def test_special_numbers() -> None:
    x = np.array([1.0, np.nan, np.inf, -np.inf, -0.0])
    for name in ("isnan", "isinf", "isfinite"):
        assert np.array_equal(getattr(ops, name)(x).numpy(), getattr(np, name)(x)), name
    assert np.array_equal(ops.nan_to_num(x).numpy(), np.nan_to_num(x))
    assert np.array_equal(ops.nan_to_num(x, 7, 8, 9).numpy(), np.nan_to_num(x, nan=7, posinf=8, neginf=9))
    for name in ("max", "min", "argmax", "argmin", "sum", "sign", "maximum"):
        arguments = (x, np.zeros(5)) if name == "maximum" else (x,)
        with np.errstate(invalid="ignore"):
            expected = getattr(np, name)(*arguments)
        assert np.array_equal(getattr(ops, name)(*arguments).numpy(), expected, equal_nan=True), name
    assert np.array_equal(ops.isclose(x, x + 1e-9, equal_nan=True).numpy(), np.isclose(x, x + 1e-9, equal_nan=True))
    assert np.array_equal(ops.isclose(x, 1.0).numpy(), np.isclose(x, 1.0))


@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_whole_numbers(dtype: str) -> None:
    info = np.iinfo(dtype)
    a = np.array([7, -7, 7, -7, info.min, 0], dtype)
    b = np.array([3, 3, -3, -3, -1, 5], dtype)
    with np.errstate(over="ignore"):
        for name in ("add", "subtract", "multiply", "floor_divide", "mod", "maximum", "minimum"):
            result = getattr(ops, name)(a, b)
            assert result.dtype == dtype
            assert np.array_equal(result.numpy(), getattr(np, name)(a, b)), name
        assert np.array_equal(ops.power(a, 3).numpy(), np.power(a, 3))
    assert np.array_equal(ops.sum(a[:4]).numpy(), 0)
    assert np.array_equal(ops.floor(a).numpy(), a)
    assert np.array_equal(ops.absolute(a[:4]).numpy(), [7, 7, 7, 7])
    assert np.array_equal(ops.matmul(a[:4].reshape(2, 2), b[:4].reshape(2, 2)).numpy(), [[42, 42], [42, 42]])
    # Division by zero is 0 for whole numbers, as in NumPy.
    assert ops.mod(np.array([5], dtype), 0).numpy() == 0


def test_reductions_of_truth_and_positions() -> None:
    x = np.array([[0, 2, 2], [0, 0, 0]])
    for axis in (None, 0, 1, (0, 1)):
        assert np.array_equal(ops.any(x, axis=axis).numpy(), np.any(x, axis=axis))
        assert np.array_equal(ops.all(x, axis=axis).numpy(), np.all(x, axis=axis))
        assert np.array_equal(ops.count_nonzero(x, axis=axis).numpy(), np.count_nonzero(x, axis=axis))
    for name in ("argmax", "argmin"):
        for axis in (None, 0, 1):
            for keepdims in (False, True):
                result = getattr(ops, name)(x, axis=axis, keepdims=keepdims)
                assert result.dtype == "int32"
                assert np.array_equal(result.numpy(), getattr(np, name)(x, axis=axis, keepdims=keepdims))


@pytest.mark.parametrize("shape", [(30_001,), (2, 13_001), (9_001, 3), (2, 5_001, 5)], ids=str)
def test_reductions_of_long_axes(shape: tuple[int, ...]) -> None:
    x = np.random.default_rng(0).standard_normal(shape)
    axis = int(np.argmax(shape))
    for name in ("sum", "mean", "var", "max", "min"):
        result = getattr(ops, name)(x, axis=axis)
        np.testing.assert_allclose(result.numpy(), getattr(np, name)(x, axis=axis), atol=1e-10, err_msg=name)


def test_equal_extremes_share_the_gradient() -> None:
    for function in (lambda x: ops.max(x), lambda x: -ops.min(-x)):
        x = Tensor([1.0, 3.0, 3.0])
        x.requires_grad = True
        function(x).backward()
        assert np.array_equal(x.grad, [0, 0.5, 0.5])
    a, b = Tensor([1.0, 2.0]), Tensor([1.0, 1.0])
    a.requires_grad = b.requires_grad = True
    ops.sum(ops.maximum(a, b)).backward()
    assert np.array_equal(a.grad, [0.5, 1])
    assert np.array_equal(b.grad, [0.5, 0])


def test_products_with_zeros_have_exact_gradients(rng: np.random.Generator) -> None:
    x = rng.normal(size=(3, 4))
    x[0, 1] = x[1, 1] = x[1, 2] = 0
    check_gradients(lambda t: ops.prod(t, axis=1), x)
    check_gradients(lambda t: ops.prod(t), x)
    check_gradients(lambda t: ops.cumprod(t, axis=1), x)
    check_gradients(lambda t: ops.power(t, 2.0), np.array([0.0, 1.0, -2.0]))


@pytest.mark.parametrize(("name", "large"), [("sigmoid", [0, 1]), ("softplus", [0, 1e4]), ("log_sigmoid", [-1e4, 0])])
def test_large_arguments_do_not_overflow(name: str, large: list[float]) -> None:
    x = Tensor([-1e4, 1e4])
    x.requires_grad = True
    result = getattr(ops, name)(x)
    np.testing.assert_allclose(result.numpy(), large)
    ops.sum(result).backward()
    assert np.isfinite(np.asarray(x.grad)).all()
    for function in (ops.logsumexp, ops.softmax, ops.log_softmax):
        assert np.isfinite(function([-1e4, 1e4, 1e4]).numpy()).all()
    assert ops.logsumexp([-np.inf, -np.inf]).item() == -np.inf


def test_order() -> None:
    x = np.array([[3, 1, 2, 1], [0, 0, 5, 4]])
    assert np.array_equal(ops.argsort(x).numpy(), np.argsort(x, kind="stable"))
    assert np.array_equal(ops.sort(x, axis=0).numpy(), np.sort(x, axis=0))
    assert np.array_equal(ops.sort(x, axis=None).numpy(), np.sort(x, axis=None))
    values, positions = ops.top_k(x, 3)
    assert np.array_equal(values.numpy(), [[3, 2, 1], [5, 4, 0]])
    assert np.array_equal(positions.numpy(), [[0, 2, 1], [2, 3, 0]])
    assert np.array_equal(ops.in_top_k([1, 2], x, 2).numpy(), [False, True])
    assert np.array_equal(ops.searchsorted([1, 3, 5], [0, 3, 9]).numpy(), [0, 1, 3])
    assert np.array_equal(ops.digitize([0, 3, 9], [1, 3, 5]).numpy(), [0, 2, 3])
    assert np.array_equal(ops.bincount([1, 1, 3], minlength=6).numpy(), [0, 2, 0, 1, 0, 0])
    assert np.array_equal(ops.bincount([1, 1, 3], weights=[0.5, 1.0, 2.0]).numpy(), [0, 1.5, 0, 2])
    assert [list(p.numpy()) for p in ops.nonzero(x > 2)] == [[0, 1, 1], [0, 2, 3]]


def test_one_hot() -> None:
    assert np.array_equal(ops.one_hot([[0, 2], [-1, 1]], 3).numpy(), [[[1, 0, 0], [0, 0, 1]], [[0, 0, 0], [0, 1, 0]]])
    assert np.array_equal(ops.one_hot([0, 2], 3, axis=0, dtype="int32").numpy(), [[1, 0], [0, 0], [0, 1]])
    assert np.array_equal(ops.multi_hot([[0, 2], [1, 1]], 4).numpy(), [[1, 0, 1, 0], [0, 1, 0, 0]])


CREATED: list[tuple[Callable[[], Tensor], Any]] = [
    (lambda: ops.zeros((2, 3)), np.zeros((2, 3), "float32")),
    (lambda: ops.ones(3, "int32"), np.ones(3, "int32")),
    (lambda: ops.full((2,), 7.5), np.full((2,), 7.5, "float32")),
    (lambda: ops.full((2, 3), [1.0, 2.0, 3.0]), np.full((2, 3), [1, 2, 3], "float32")),
    (lambda: ops.zeros_like(np.ones((2, 2), "int64")), np.zeros((2, 2), "int64")),
    (lambda: ops.ones_like(np.zeros(2), dtype="bool"), np.ones(2, bool)),
    (lambda: ops.full_like(np.zeros(2), 3), np.full(2, 3.0)),
    (lambda: ops.arange(5), np.arange(5, dtype="int32")),
    (lambda: ops.arange(1, 2, 0.25), np.arange(1, 2, 0.25, dtype="float32")),
    (lambda: ops.arange(5, 0, -2, dtype="float64"), np.arange(5, 0, -2, dtype="float64")),
    (lambda: ops.linspace(0, 1, 5), np.linspace(0, 1, 5, dtype="float32")),
    (lambda: ops.logspace(0, 2, 3), np.logspace(0, 2, 3, dtype="float32")),
    (lambda: ops.eye(2, 3, 1), np.eye(2, 3, 1, dtype="float32")),
    (lambda: ops.identity(2), np.identity(2, "float32")),
    (lambda: ops.tri(3, k=-1), np.tri(3, k=-1, dtype="float32")),
    (lambda: ops.meshgrid([1, 2], [3, 4, 5])[0], np.meshgrid([1, 2], [3, 4, 5])[0].astype("int32")),
    (
        lambda: ops.meshgrid([1, 2], [3, 4, 5], indexing="ij")[1],
        np.meshgrid([1, 2], [3, 4, 5], indexing="ij")[1].astype("int32"),
    ),
]


@pytest.mark.parametrize("row", range(len(CREATED)))
def test_creation(row: int) -> None:
    result, expected = CREATED[row][0](), CREATED[row][1]
    assert (result.dtype, result.shape) == (str(expected.dtype), expected.shape)
    np.testing.assert_allclose(result.numpy(), expected, rtol=1e-6)


def test_the_default_type_follows_floatx() -> None:
    config.set_floatx("float64")
    try:
        assert ops.zeros(2).dtype == ops.eye(2).dtype == ops.one_hot([1], 2).dtype == "float64"
    finally:
        config.set_floatx("float32")


ERRORS: list[tuple[Callable[[], Any], str]] = [
    (lambda: ops.add(np.ones((2, 3)), np.ones((2, 4))), r"add: shapes \(2, 3\) and \(2, 4\) do not broadcast"),
    (lambda: ops.where([True, False, True], [1, 2], 3), "where: shapes"),
    (lambda: ops.matmul(np.ones((2, 3)), np.ones((2, 3))), r"matmul: shapes \(2, 3\) and \(2, 3\) do not fit"),
    (lambda: ops.dense(np.ones((2, 3)), np.ones((4, 5))), "dense: the kernel of shape .* expects 4 features"),
    (lambda: ops.dense(np.ones((2, 4)), np.ones((4, 5)), np.ones(4)), "expected a bias of shape"),
    (lambda: ops.dense(np.ones((2, 4), "float32"), np.ones((4, 5))), "dense: mixes float32 and float64"),
    (lambda: ops.dense(np.ones((2, 4)), np.ones((4, 5)), None, "tanx"), "dense: there is no activation 'tanx'"),
    (lambda: ops.sum(np.ones(3), axis=1), "sum: axis 1 is outside a tensor of 1 axes"),
    (lambda: ops.sum(np.ones(3), axis=()), "at least one axis"),
    (lambda: ops.max(np.ones((2, 0)), axis=1), "max: no elements along the axis"),
    (lambda: ops.reshape(np.ones(6), (4, -1)), "reshape: .* do not divide"),
    (lambda: ops.reshape(np.ones(6), (-1, -1)), "only one extent may be -1"),
    (lambda: ops.reshape(np.ones(6), (4, 2)), "reshape: .* has 6 elements"),
    (lambda: ops.transpose(np.ones((2, 3)), (0, 0)), "transpose: axis 0 is named twice"),
    (lambda: ops.concatenate([np.ones((2, 3)), np.ones((3, 2))]), "concatenate: shapes"),
    (lambda: ops.concatenate([]), "at least one tensor"),
    (lambda: ops.stack([np.ones(2), np.ones(3)]), "stack: expected tensors of one shape"),
    (lambda: ops.split(np.ones(5), 2), "split: axis 0 .* does not divide into 2"),
    (lambda: ops.unstack(np.ones((2, 3)), num=3), "does not have 3 elements"),
    (lambda: ops.pad(np.ones(3), ((1, 1), (1, 1))), "a pair of widths for each of 1 axes"),
    (lambda: ops.pad(np.ones(3), 1, "wrap"), "mode 'wrap' is not one of"),
    (lambda: ops.pad(np.ones(1), 1, "reflect"), "too few"),
    (lambda: ops.squeeze(np.ones((2, 1)), axis=0), "has more than one element"),
    (lambda: ops.take(np.ones(3), [3]), "take: index 3 is outside an axis of 3 elements"),
    (lambda: ops.take(np.ones(3), [0.5]), "expected integer indices"),
    (lambda: ops.top_k(np.ones(3), 4), "top_k: cannot take 4"),
    (lambda: ops.einsum("ij,jk->ik", np.ones((2, 3))), "names 2 operands, got 1"),
    (lambda: ops.einsum("ij,jk->ik", np.ones((2, 3)), np.ones((4, 2))), "axis 'j' has 3 and 4"),
    (lambda: ops.einsum("ij->k", np.ones((2, 3))), "names an axis that no operand has"),
    (lambda: ops.tensordot(np.ones((2, 3)), np.ones((2, 3))[:, :2], 1), "tensordot: axes"),
    (lambda: ops.mean_squared_error(np.ones((2, 3)), np.ones((2, 1))), "target and output of one shape"),
    (lambda: ops.sparse_categorical_crossentropy([3], np.ones((1, 3))), "class 3 is outside 0 to 2"),
    (lambda: ops.sparse_categorical_crossentropy([-1], np.ones((1, 3))), "class -1 is outside 0 to 2"),
    (lambda: ops.sparse_categorical_crossentropy([1, 2], np.ones((1, 3))), "expected class numbers of shape"),
    (lambda: ops.cast(np.ones(2), "float16"), "dtype 'float16' is not one of"),
]


@pytest.mark.parametrize("row", range(len(ERRORS)))
def test_bad_input_is_named(row: int) -> None:
    with pytest.raises(ValueError, match=ERRORS[row][1]):
        ERRORS[row][0]()


@pytest.mark.parametrize(
    "value", ["text", None, object(), {"a": 1}, ["a", "b"], [None]], ids=lambda value: type(value).__name__
)
def test_what_is_no_number_is_a_type_error(value: Any) -> None:
    for call in (lambda: ops.exp(value), lambda: ops.add(np.ones(2), value), lambda: ops.convert_to_tensor(value)):
        with pytest.raises(TypeError, match="expected"):
            call()


def test_losses_limit_probabilities() -> None:
    for function in (ops.binary_crossentropy, ops.categorical_crossentropy):
        output = Tensor([[0.0, 1.0]])
        output.requires_grad = True
        result = function(Tensor([[1.0, 0.0]]), output)
        np.testing.assert_allclose(result.numpy(), -np.log(1e-7), rtol=0.02)
        ops.sum(result).backward()
        assert np.array_equal(output.grad, [[0, 0]])


def test_loops() -> None:
    total, sums = ops.scan(lambda carry, x: (carry + x, carry + x), Tensor(0.0), np.arange(4.0))
    assert total.item() == 6
    assert np.array_equal(sums.numpy(), [0, 1, 3, 6])
    _, backwards = ops.scan(lambda carry, x: (carry + x, carry + x), Tensor(0.0), np.arange(4.0), reverse=True)
    assert np.array_equal(backwards.numpy(), [6, 6, 5, 3])
    assert ops.while_loop(lambda i, s: i < 5, lambda i, s: (i + 1, s + i), (0, Tensor(0)))[1].item() == 10
    assert ops.fori_loop(0, 4, lambda i, v: v * 2, Tensor(1.0)).item() == 16
    assert np.array_equal(ops.map(lambda x: x * 2, np.arange(3.0)).numpy(), [0, 2, 4])
    assert ops.cond(Tensor(True), lambda: 1, lambda: 2) == 1
    check_gradients(lambda x: ops.scan(lambda c, t: (ops.tanh(c * 0.5 + t), c), x[0], x)[0], np.ones((5, 2)))


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_any_number_of_threads_gives_the_same_bits(threads: int) -> None:
    rng = np.random.default_rng(3)
    x, w = rng.normal(size=(40000, 37)).astype("float32"), rng.normal(size=(37, 29)).astype("float32")

    def compute() -> list[bytes]:
        a, b = Tensor(x), Tensor(w)
        a.requires_grad = b.requires_grad = True
        y = ops.dense(a, b)
        loss = ops.mean(ops.logsumexp(y, axis=-1)) + ops.sum(ops.std(y, axis=0)) + ops.sum(a) * 1e-3
        loss.backward()
        return [np.asarray(t).tobytes() for t in (y, loss, a.grad, b.grad)]

    before = config.num_threads()
    try:
        config.set_num_threads(1)
        alone = compute()
        config.set_num_threads(threads)
        assert compute() == alone
    finally:
        config.set_num_threads(before)
