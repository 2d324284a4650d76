"""Integers beyond int32, and beyond the 53 bits of a double, are right or refused: never other numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import recurra
from recurra import ops

BIG = 2**60 + 1
LOW32, LOW64 = -(2**31), -(2**63)


def test_python_integers_beyond_int32_are_int64() -> None:
    for value in ([3000000000], [-3000000000], [2**31], [LOW32 - 1]):
        tensor = recurra.Tensor(value)
        assert (tensor.dtype, tensor.numpy().tolist()) == ("int64", value)
    assert ops.convert_to_tensor(2**40).item() == 2**40
    for value in ([2**31 - 1], [LOW32], [], [[0]]):
        assert recurra.Tensor(value).dtype == ("int32" if value else "float32")


@pytest.mark.parametrize(
    "call",
    [
        lambda: recurra.Tensor(2**64),
        lambda: recurra.Tensor([2**63]),
        lambda: recurra.Tensor(np.array([2**63], "uint64")),
        lambda: recurra.Tensor([3000000000], dtype="int32"),
        lambda: recurra.Tensor(3000000000, dtype="int32"),
        lambda: ops.convert_to_tensor([3000000000], dtype="int32"),
        lambda: recurra.Tensor(np.array([5])) + 2**64,
        lambda: recurra.Tensor(np.array([5])) < 2**63,
        lambda: recurra.Tensor([1e30, 0.0], dtype="int32"),
        lambda: recurra.Tensor([float("nan")], dtype="int64"),
        lambda: ops.full((2,), 2**31, "int32"),
        lambda: ops.full((2,), 1e30, "int64"),
        lambda: ops.full((2,), float("nan"), "int32"),
        lambda: ops.pad(np.array([1], "int32"), 1, constant_values=2**31),
    ],
)
def test_integers_that_do_not_fit_are_refused(call: Callable[[], Any]) -> None:
    with pytest.raises(ValueError, match="fit"):
        call()


def test_numpy_integers_keep_their_values() -> None:
    for dtype in ("uint8", "int8", "uint16", "int16", "uint32", "int64", "uint64"):
        most = min(np.iinfo(dtype).max, 2**63 - 1)
        assert recurra.Tensor(np.array([0, most], dtype)).numpy().tolist() == [0, most]


@pytest.mark.parametrize("number", [2**31, -(2**31) - 1, 2**40, 2**62])
def test_scalars_beyond_int32_beside_int32(number: int) -> None:
    x = recurra.Tensor(np.array([5, -7], "int32"))
    expected = np.array([5, -7], "int64")
    assert (x < number).numpy().tolist() == (expected < number).tolist()
    assert (x == number).numpy().tolist() == [False, False]
    assert (number > x).numpy().tolist() == (number > expected).tolist()
    assert (x + number).numpy().tolist() == (expected + number).tolist()
    assert (number - x).numpy().tolist() == (number - expected).tolist()
    assert (x // number).numpy().tolist() == (expected // number).tolist()
    assert ops.dot(np.array([1.0, 2.0]), number).numpy().tolist() == [number, 2 * number]


def test_products_of_int64_are_exact() -> None:
    a = np.array([[BIG, 3], [-5, 2**40]])
    b = np.array([[1, 7], [2**21, -3]])
    exact = a @ b
    for product in (
        ops.matmul(a, b),
        ops.tensordot(a, b, 1),
        ops.einsum("ij,jk->ik", a, b),
        ops.dot(a, b),
    ):
        assert product.dtype == "int64"
        np.testing.assert_array_equal(product.numpy(), exact)
    stacked = np.stack([a, a + 1, a - 5])
    np.testing.assert_array_equal(ops.matmul(stacked, b).numpy(), stacked @ b)
    np.testing.assert_array_equal(ops.matmul(b, stacked).numpy(), b @ stacked)
    np.testing.assert_array_equal(ops.matmul(stacked, stacked[:1]).numpy(), stacked @ stacked[:1])
    np.testing.assert_array_equal(ops.vdot(a, b).numpy(), np.vdot(a, b))


def test_products_of_int32_wrap_as_numpy_s() -> None:
    a = np.array([[2**30, 2**20], [LOW32, 3]], "int32")
    result = ops.matmul(a, a)
    assert result.dtype == "int32"
    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(result.numpy(), a @ a)


def test_constants_of_int64_are_exact() -> None:
    assert ops.full((1,), BIG, "int64").numpy().tolist() == [BIG]
    assert ops.pad(np.array([0]), 1, constant_values=BIG).numpy().tolist() == [BIG, 0, BIG]
    assert ops.clip(np.array([2**62, 0]), BIG, 2**61 + 1).numpy().tolist() == [2**61 + 1, BIG]
    assert ops.max(np.array([0]), initial=BIG).item() == BIG
    assert recurra.Tensor(np.array([BIG])).item() == BIG


@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_division_of_the_smallest_integers(dtype: str) -> None:
    low = int(np.iinfo(dtype).min)
    a = np.array([4, -4, 0, low, low, low, 7, -7, 7, -7, low + 1], dtype)
    b = np.array([low, low, low, low, 1, 3, 2, 2, -2, -2, low], dtype)
    np.testing.assert_array_equal(ops.floor_divide(a, b).numpy(), a // b)
    np.testing.assert_array_equal(ops.mod(a, b).numpy(), a % b)


@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_overflow_wraps_as_numpy_s(dtype: str) -> None:
    low, most = int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)
    x = np.array([low, most, most, 2], dtype)
    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(ops.negative(x).numpy(), -x)
        np.testing.assert_array_equal(ops.abs(x).numpy(), np.abs(x))
        np.testing.assert_array_equal(ops.square(x).numpy(), x * x)
        np.testing.assert_array_equal(ops.sum(x).numpy(), x.sum(dtype=dtype))
        np.testing.assert_array_equal(ops.prod(x).numpy(), x.prod(dtype=dtype))
        np.testing.assert_array_equal(ops.cumsum(x).numpy(), x.cumsum(dtype=dtype))
        np.testing.assert_array_equal(ops.cumprod(x).numpy(), x.cumprod(dtype=dtype))


def test_random_integers_fit_into_their_type() -> None:
    drawn = recurra.random.randint((1000,), 2**40, 2**40 + 5, dtype="int64", seed=1).numpy()
    assert set(drawn.tolist()) == {2**40 + offset for offset in range(5)}
    assert recurra.random.randint((2,), 2**31 - 1, 2**31, seed=1).numpy().tolist() == [2**31 - 1] * 2
    for low, high in ((0, 2**40), (-(2**40), 0), (0, 2.5)):
        with pytest.raises(ValueError, match="randint"):
            recurra.random.randint((3,), low, high)  # type: ignore[arg-type]


def test_ranges_beyond_int32() -> None:
    assert ops.arange(2**40, 2**40 + 3).numpy().tolist() == [2**40, 2**40 + 1, 2**40 + 2]
    assert ops.arange(5).dtype == "int32"
    with pytest.raises(ValueError, match="step"):
        ops.arange(0, 5, 0)


@pytest.mark.parametrize("bounds", [(0.0, 1.0), (1.0, 1.0000001), (-3.0, 7.0), (1e8, 1e8 + 8)])
def test_uniform_numbers_stay_below_the_upper_end(bounds: tuple[float, float]) -> None:
    low, high = bounds
    drawn = recurra.random.uniform((200000,), low, high, seed=3).numpy().astype("float64")
    assert drawn.min() >= np.float32(low)
    assert drawn.max() < high or low == high
