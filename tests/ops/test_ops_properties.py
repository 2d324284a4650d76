"""Ops against NumPy over random shapes and layouts: views with any strides, read-only and big-endian arrays, no
elements, extents of 1 that broadcast."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import recurra
from recurra import ops

DTYPES = ("float32", "float64", "int32", "int64", "bool")
examples = settings(max_examples=25, deadline=None, derandomize=True)


@st.composite
def laid_out(draw: st.DrawFn, array: np.ndarray) -> np.ndarray:
    """The same elements in another layout."""
    layout = draw(st.sampled_from(["plain", "reversed", "fortran", "spaced", "inner", "big-endian", "read-only"]))
    if layout == "reversed" and array.ndim:
        return np.flip(np.ascontiguousarray(np.flip(array)))
    if layout == "fortran":
        return np.asfortranarray(array)
    if layout == "spaced" and array.ndim:
        return np.repeat(array, 3, axis=0)[::3]
    if layout == "inner" and array.ndim:
        return np.pad(array, 1)[(slice(1, -1),) * array.ndim]
    if layout == "big-endian":
        return array.astype(array.dtype.newbyteorder(">"))
    if layout == "read-only":
        array = array.copy()
        array.flags.writeable = False
    return array


@st.composite
def arrays(
    draw: st.DrawFn, dtypes: tuple[str, ...] = DTYPES, shape: tuple[int, ...] | None = None, least_rank: int = 0
) -> np.ndarray:
    dtype = draw(st.sampled_from(dtypes))
    if shape is None:
        shape = draw(hnp.array_shapes(min_dims=least_rank, max_dims=4, min_side=0, max_side=5))
    size = int(np.prod(shape))
    numbers = draw(st.integers(0, 2**32 - 1).map(np.random.default_rng)).integers(-9, 10, size=size)
    made = (numbers / 4 if dtype.startswith("float") else numbers).astype(dtype).reshape(shape)
    return draw(laid_out(made))


@st.composite
def broadcast_pairs(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    shapes = draw(hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=4, min_side=0, max_side=4)).input_shapes
    dtype = draw(st.sampled_from(("float32", "float64", "int32", "int64")))
    return draw(arrays((dtype,), shapes[0])), draw(arrays((dtype,), shapes[1]))


def same(found: recurra.Tensor, expected: Any, exact: bool = True) -> None:
    assert found.shape == np.shape(expected)
    if exact:
        np.testing.assert_array_equal(found.numpy(), expected)
    else:
        np.testing.assert_allclose(found.numpy(), expected, rtol=1e-5, atol=1e-6)


@examples
@given(arrays())
def test_tensors_hold_the_elements_of_any_array(x: np.ndarray) -> None:
    tensor = recurra.Tensor(x)
    assert tensor.dtype == x.dtype.newbyteorder("=").name
    same(tensor, x)
    if not np.shares_memory(tensor.numpy(), x):
        assert tensor.numpy().flags.writeable


BINARY: dict[str, Callable[..., Any]] = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "less": np.less,
    "equal": np.equal,
    "greater_equal": np.greater_equal,
    "logical_and": np.logical_and,
}


@pytest.mark.parametrize("name", BINARY)
@examples
@given(broadcast_pairs())
def test_binary_ops(name: str, pair: tuple[np.ndarray, np.ndarray]) -> None:
    same(getattr(ops, name)(*pair), BINARY[name](*pair))


@examples
@given(broadcast_pairs())
def test_division_with_remainder(pair: tuple[np.ndarray, np.ndarray]) -> None:
    a, b = pair
    b = np.where(b == 0, b.dtype.type(1), b)
    same(ops.floor_divide(a, b), np.floor_divide(a, b))
    same(ops.mod(a, b), np.mod(a, b), exact=a.dtype.kind == "i")


@examples
@given(arrays(), st.data())
def test_where(x: np.ndarray, data: st.DataObject) -> None:
    condition = data.draw(arrays(("bool",), x.shape))
    other = data.draw(arrays((x.dtype.newbyteorder("=").name,), x.shape))
    same(ops.where(condition, x, other), np.where(condition, x, other))


REDUCTIONS: dict[str, Callable[..., Any]] = {
    "sum": np.sum,
    "prod": np.prod,
    "max": np.max,
    "min": np.min,
    "any": np.any,
    "all": np.all,
    "mean": np.mean,
}


@pytest.mark.parametrize("name", REDUCTIONS)
@examples
@given(arrays(("float64", "int64"), least_rank=1), st.data())
def test_reductions(name: str, x: np.ndarray, data: st.DataObject) -> None:
    axes = data.draw(st.none() | st.sets(st.integers(-x.ndim, x.ndim - 1), min_size=1, max_size=x.ndim))
    if axes is not None:
        axes = {axis % x.ndim for axis in axes}
    axis = None if axes is None else tuple(axes)
    reduced = x.shape if axis is None else [x.shape[one] for one in axis]
    if 0 in reduced and name in ("max", "min", "mean"):
        return
    keepdims = data.draw(st.booleans())
    same(getattr(ops, name)(x, axis, keepdims), REDUCTIONS[name](x, axis=axis, keepdims=keepdims), exact=False)


@examples
@given(arrays(least_rank=1), st.data())
def test_arrangement(x: np.ndarray, data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(x.ndim)))
    same(ops.transpose(x, order), np.transpose(x, order))
    axis = data.draw(st.integers(-x.ndim, x.ndim - 1))
    same(ops.flip(x, axis), np.flip(x, axis))
    same(ops.expand_dims(x, axis), np.expand_dims(x, axis))
    shift = data.draw(st.integers(-(2**40), 2**40))
    same(ops.roll(x, shift, axis), np.roll(x, shift, axis))
    same(ops.repeat(x, 2, axis), np.repeat(x, 2, axis))
    same(ops.concatenate([x, x], axis), np.concatenate([x, x], axis))
    same(ops.stack([x, x], axis), np.stack([x, x], axis))
    same(ops.ravel(x), np.ravel(x))
    counts = data.draw(st.lists(st.integers(0, 3), min_size=1, max_size=x.ndim))
    same(ops.tile(x, counts), np.tile(x, counts))
    widths = data.draw(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=x.ndim, max_size=x.ndim))
    same(ops.pad(x, widths, constant_values=1), np.pad(x, widths, constant_values=1))
    if x.size:
        same(ops.pad(x, widths, "symmetric"), np.pad(x, widths, "symmetric"))
        same(ops.pad(x, widths, "edge"), np.pad(x, widths, "edge"))


@examples
@given(arrays(), st.data())
def test_basic_indices(x: np.ndarray, data: st.DataObject) -> None:
    key = data.draw(hnp.basic_indices(x.shape, allow_newaxis=True, max_dims=8))
    same(recurra.Tensor(x)[key], x[key])


@examples
@given(arrays(least_rank=1).filter(lambda x: x.size > 0), st.data())
def test_integer_indices(x: np.ndarray, data: st.DataObject) -> None:
    key = data.draw(hnp.integer_array_indices(x.shape, result_shape=hnp.array_shapes(max_dims=2, max_side=4)))
    same(recurra.Tensor(x)[key], x[key])


@examples
@given(arrays(least_rank=1), st.data())
def test_masks(x: np.ndarray, data: st.DataObject) -> None:
    rank = data.draw(st.integers(1, x.ndim))
    mask = data.draw(arrays(("bool",), x.shape[:rank]))
    same(recurra.Tensor(x)[mask], x[mask])


@examples
@given(arrays(("float64", "int64", "int32"), least_rank=1), st.data())
def test_order(x: np.ndarray, data: st.DataObject) -> None:
    axis = data.draw(st.integers(-x.ndim, x.ndim - 1))
    same(ops.sort(x, axis), np.sort(x, axis))
    same(ops.argsort(x, axis), np.argsort(x, axis, kind="stable"))
    same(ops.cumsum(x, axis), np.cumsum(x, axis, dtype=x.dtype.newbyteorder("=")), exact=False)
    if x.shape[axis]:
        same(ops.argmax(x, axis), np.argmax(x, axis))
        same(ops.argmin(x, axis, keepdims=True), np.argmin(x, axis, keepdims=True))
    if x.size:
        quantile = data.draw(st.floats(0, 1))
        same(ops.quantile(x.astype("float64"), quantile, axis), np.quantile(x, quantile, axis), exact=False)


@examples
@given(st.data())
def test_matrix_products(data: st.DataObject) -> None:
    dtype = data.draw(st.sampled_from(("float64", "int64", "int32")))
    m, k, n = (data.draw(st.integers(0, 5)) for _ in range(3))
    batches = data.draw(hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=2, min_side=0, max_side=3))
    a = data.draw(arrays((dtype,), (*batches.input_shapes[0], m, k)))
    b = data.draw(arrays((dtype,), (*batches.input_shapes[1], k, n)))
    same(ops.matmul(a, b), np.matmul(a, b), exact=dtype != "float64")


@examples
@given(st.data())
def test_windows(data: st.DataObject) -> None:
    """Convolution and pooling against the sums written out."""
    batch, channels, filters = (data.draw(st.integers(0, 3)) for _ in range(3))
    length, size = data.draw(st.integers(1, 9)), data.draw(st.integers(1, 4))
    stride, dilation = data.draw(st.sampled_from([1, 2, 3, 2**62])), data.draw(st.integers(1, 3))
    x = data.draw(arrays(("float64",), (batch, length, channels)))
    kernel = data.draw(arrays(("float64",), (size, max(channels, 1), filters)))
    span = (size - 1) * dilation + 1
    if length < span or channels == 0:
        return
    starts = range(0, length - span + 1, stride)
    windows = [x[:, start : start + span : dilation] for start in starts]
    expected = np.stack([np.einsum("bkc,kco->bo", window, kernel) for window in windows], axis=1)
    same(ops.conv(x, kernel, strides=stride, dilation_rate=dilation), expected, exact=False)
    if dilation == 1:
        same(ops.max_pool(x, size, stride), np.stack([window.max(1) for window in windows], axis=1))
        same(ops.average_pool(x, size, stride), np.stack([window.mean(1) for window in windows], axis=1), exact=False)
