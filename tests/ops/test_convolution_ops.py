"""Convolution and pooling in the engine against plain NumPy and central differences."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

from recurra import _engine
from recurra.gradient_check import check_gradients
from tests.support.window_reference import conv2d_reference, pool2d_reference, transpose_reference, window


def as_tensor(array: np.ndarray) -> Any:
    return _engine.Tensor(array)


CONV1D = [
    # batch, time, channels, filters, taps, stride, dilation, groups, padding
    (2, 9, 3, 5, 3, 1, 1, 1, "valid"),
    (1, 5, 3, 4, 5, 1, 1, 1, "valid"),  # one sequence, as long as the kernel
    (2, 8, 3, 9, 4, 1, 1, 1, "same"),  # an even kernel pads more behind
    (2, 8, 3, 5, 2, 2, 1, 1, "same"),
    (3, 10, 2, 3, 3, 3, 1, 1, "same"),
    (2, 11, 5, 7, 4, 3, 1, 1, "valid"),  # the last steps are seen by no window
    (2, 12, 3, 4, 3, 1, 2, 1, "valid"),
    (2, 9, 3, 4, 3, 1, 3, 1, "causal"),
    (2, 9, 3, 4, 2, 2, 1, 1, "causal"),
    (2, 7, 3, 4, 4, 1, 2, 1, "same"),
    (2, 9, 4, 6, 3, 1, 1, 2, "same"),
    (2, 10, 6, 3, 3, 2, 1, 3, "causal"),
    (2, 12, 6, 12, 2, 1, 2, 6, "valid"),
    (2, 9, 3, 5, 1, 1, 1, 1, "valid"),
    (2, 9, 3, 5, 1, 2, 1, 1, "valid"),  # taps miss some inputs altogether
    (2, 13, 3, 5, 3, 2, 3, 1, "valid"),
    (2, 2, 3, 5, 6, 1, 1, 1, "causal"),  # the kernel is longer than the sequence
    (2, 3, 1, 1, 5, 1, 1, 1, "same"),
    (3, 70, 17, 33, 5, 1, 1, 1, "same"),  # several blocks of rows, no multiple of the vector width
]


def conv1d_arrays(case: tuple[Any, ...], dtype: str = "float64") -> list[np.ndarray]:
    batch, time, channels, filters, taps, _, _, groups, _ = case
    rng = np.random.default_rng(sum(case[:8]))
    shapes = [(batch, time, channels), (taps, channels // groups, filters), (filters,)]
    return [rng.standard_normal(shape).astype(dtype) for shape in shapes]


def conv1d(case: tuple[Any, ...], x: Any, kernel: Any, bias: Any = None) -> Any:
    return _engine.conv1d(x, kernel, bias, stride=case[5], dilation=case[6], groups=case[7], padding=case[8])


@pytest.mark.parametrize("case", CONV1D, ids=str)
def test_conv1d_equals_the_sum_over_taps(case: tuple[Any, ...]) -> None:
    x, kernel, bias = conv1d_arrays(case)
    expected = conv2d_reference(x[:, None], kernel[None], (1, case[5]), (1, case[6]), case[7], case[8])[:, 0]
    np.testing.assert_allclose(conv1d(case, *map(as_tensor, (x, kernel))).numpy(), expected, atol=1e-12)
    np.testing.assert_allclose(conv1d(case, *map(as_tensor, (x, kernel, bias))).numpy(), expected + bias, atol=1e-12)


@pytest.mark.parametrize("case", CONV1D[:-1], ids=str)
def test_conv1d_gradients(case: tuple[Any, ...]) -> None:
    check_gradients(lambda *tensors: conv1d(case, *tensors), *conv1d_arrays(case))


@pytest.mark.parametrize("case", CONV1D, ids=str)
def test_conv1d_in_single_precision_agrees_with_double(case: tuple[Any, ...]) -> None:
    results = []
    for dtype in ("float32", "float64"):
        tensors = [as_tensor(array.astype(dtype)) for array in conv1d_arrays(case, "float32")]
        for tensor in tensors:
            tensor.requires_grad = True
        y = conv1d(case, *tensors)
        y.backward(as_tensor(np.cos(np.arange(y.size)).reshape(y.shape).astype(dtype)))
        results.append([y.numpy(), *(tensor.grad.numpy() for tensor in tensors)])
    for single, double in zip(*results, strict=True):
        assert single.dtype == np.float32
        np.testing.assert_allclose(single, double, atol=3e-6 * max(np.abs(double).max(), 1))


CONV2D = [
    # batch, height, width, channels, filters, kernel, strides, dilations, groups, padding
    (2, 6, 5, 3, 4, (3, 2), (1, 1), (1, 1), 1, "valid"),
    (2, 6, 5, 3, 4, (3, 2), (1, 1), (1, 1), 1, "same"),
    (1, 7, 8, 2, 5, (3, 3), (2, 3), (1, 1), 1, "same"),
    (1, 7, 8, 2, 5, (3, 3), (2, 3), (1, 1), 1, "valid"),
    (2, 7, 6, 4, 6, (2, 3), (1, 1), (2, 2), 2, "same"),
    (2, 7, 6, 4, 6, (2, 2), (1, 1), (3, 2), 2, "valid"),
    (2, 5, 5, 1, 3, (5, 5), (1, 1), (1, 1), 1, "valid"),
    (1, 4, 3, 3, 2, (1, 1), (2, 2), (1, 1), 1, "valid"),
]


def conv2d_arrays(case: tuple[Any, ...]) -> list[np.ndarray]:
    batch, height, width, channels, filters, kernel, _, _, groups, _ = case
    rng = np.random.default_rng(height * width + filters)
    shapes = [(batch, height, width, channels), (*kernel, channels // groups, filters), (filters,)]
    return [rng.standard_normal(shape) for shape in shapes]


def conv2d(case: tuple[Any, ...], x: Any, kernel: Any, bias: Any = None) -> Any:
    return _engine.conv2d(x, kernel, bias, strides=case[6], dilations=case[7], groups=case[8], padding=case[9])


@pytest.mark.parametrize("case", CONV2D, ids=str)
def test_conv2d(case: tuple[Any, ...]) -> None:
    x, kernel, bias = conv2d_arrays(case)
    expected = conv2d_reference(x, kernel, *case[6:]) + bias
    np.testing.assert_allclose(conv2d(case, *map(as_tensor, (x, kernel, bias))).numpy(), expected, atol=1e-12)
    check_gradients(lambda *tensors: conv2d(case, *tensors), x, kernel, bias)


TRANSPOSE = [
    # batch, time, channels, filters, taps, stride, dilation, before, output
    (2, 5, 3, 4, 3, 1, 1, 0, 7),
    (2, 5, 3, 4, 3, 2, 1, 0, 11),
    (2, 5, 3, 4, 4, 2, 1, 1, 10),
    (2, 5, 3, 4, 2, 3, 1, 0, 15),  # some outputs are reached by no tap
    (1, 4, 2, 3, 3, 1, 2, 2, 4),
    (1, 1, 2, 9, 3, 2, 1, 0, 3),
]


@pytest.mark.parametrize("case", TRANSPOSE, ids=str)
def test_conv1d_transpose(case: tuple[Any, ...]) -> None:
    batch, time, channels, filters, taps, stride, dilation, before, output = case
    rng = np.random.default_rng(sum(case))
    x, kernel, bias = (
        rng.standard_normal(shape) for shape in [(batch, time, channels), (taps, filters, channels), (filters,)]
    )
    expected = transpose_reference(x, kernel, stride, dilation, before, output) + bias

    def transpose(x: Any, kernel: Any, bias: Any) -> Any:
        return _engine.conv1d_transpose(
            x, kernel, output=output, bias=bias, stride=stride, dilation=dilation, before=before
        )

    np.testing.assert_allclose(transpose(*map(as_tensor, (x, kernel, bias))).numpy(), expected, atol=1e-12)
    check_gradients(transpose, x, kernel, bias)


DEPTHWISE = [
    # batch, time, channels, multiplier, taps, stride, dilation, padding
    (2, 9, 3, 1, 3, 1, 1, "valid"),
    (2, 9, 3, 2, 4, 1, 1, "same"),
    (2, 9, 11, 1, 3, 2, 1, "same"),
    (1, 9, 3, 3, 3, 1, 2, "causal"),
    (300, 4, 2, 2, 4, 1, 1, "valid"),  # more than one chunk of rows in the kernel's gradient
]


@pytest.mark.parametrize("case", DEPTHWISE, ids=str)
def test_depthwise_conv1d_is_a_convolution_in_as_many_groups_as_channels(case: tuple[Any, ...]) -> None:
    batch, time, channels, multiplier, taps, stride, dilation, padding = case
    rng = np.random.default_rng(time)
    x, kernel = rng.standard_normal((batch, time, channels)), rng.standard_normal((taps, channels, multiplier))
    grouped = kernel.reshape(1, taps, 1, channels * multiplier)
    expected = conv2d_reference(x[:, None], grouped, (1, stride), (1, dilation), channels, padding)[:, 0]

    def depthwise(*tensors: Any) -> Any:
        return _engine.depthwise_conv1d(*tensors, stride=stride, dilation=dilation, padding=padding)

    np.testing.assert_allclose(depthwise(as_tensor(x), as_tensor(kernel)).numpy(), expected, atol=1e-12)
    check_gradients(depthwise, x[:30], kernel)
    tensors = [as_tensor(x), as_tensor(kernel)]
    tensors[1].requires_grad = True
    depthwise(*tensors).backward(as_tensor(np.ones_like(expected)))
    whole = tensors[1].grad.numpy()
    parts = np.zeros_like(whole)
    for i in range(0, batch, 7):
        tensors = [as_tensor(x[i : i + 7]), as_tensor(kernel)]
        tensors[1].requires_grad = True
        depthwise(*tensors).backward(as_tensor(np.ones_like(expected[i : i + 7])))
        parts += tensors[1].grad.numpy()
    np.testing.assert_allclose(whole, parts, atol=1e-10)


POOL = [
    # batch, height, width, channels, size, strides, padding
    (2, 7, 6, 3, (2, 2), (2, 2), "valid"),
    (2, 7, 6, 3, (3, 2), (2, 1), "valid"),
    (2, 7, 6, 3, (3, 2), (2, 1), "same"),
    (1, 5, 4, 9, (2, 3), (3, 3), "same"),
    (1, 3, 3, 1, (3, 3), (1, 1), "valid"),
    (1, 2, 2, 2, (5, 4), (1, 2), "same"),  # larger than the image
]


@pytest.mark.parametrize(("case", "kind"), list(product(POOL, ("max", "average"))), ids=str)
def test_pool2d(case: tuple[Any, ...], kind: str) -> None:
    shape, (size, strides, padding) = case[:4], case[4:]
    x = np.random.default_rng(5).permutation(int(np.prod(shape))).reshape(shape) / 7.0
    op = getattr(_engine, f"{kind}_pool2d")
    expected = pool2d_reference(x, size, strides, padding, kind)
    np.testing.assert_allclose(op(as_tensor(x), size, strides, padding).numpy(), expected, atol=1e-12)
    check_gradients(lambda t: op(t, size, strides, padding), x)


@pytest.mark.parametrize("kind", ["max", "average"])
@pytest.mark.parametrize(
    ("time", "size", "stride", "padding"), [(9, 3, 3, "valid"), (9, 4, 2, "same"), (3, 3, 1, "valid")]
)
def test_pool1d(kind: str, time: int, size: int, stride: int, padding: str) -> None:
    x = np.random.default_rng(1).permutation(2 * time * 5).reshape(2, time, 5) / 3.0
    op = getattr(_engine, f"{kind}_pool1d")
    expected = pool2d_reference(x[:, None], (1, size), (1, stride), padding, kind)[:, 0]
    np.testing.assert_allclose(op(as_tensor(x), size, stride, padding).numpy(), expected, atol=1e-12)
    check_gradients(lambda t: op(t, size, stride, padding), x)


def test_gradient_of_equal_maxima_goes_to_the_first() -> None:
    x = as_tensor(np.array([1.0, 3, 3, 2, 2, 2]).reshape(1, 6, 1))
    x.requires_grad = True
    _engine.max_pool1d(x, 3, 3).backward(as_tensor(np.array([5.0, 7]).reshape(1, 2, 1)))
    assert x.grad.numpy().ravel().tolist() == [0, 5, 0, 7, 0, 0]


def test_empty_batch() -> None:
    x = as_tensor(np.zeros((0, 9, 3)))
    kernel = as_tensor(np.ones((3, 3, 4)))
    x.requires_grad = kernel.requires_grad = True
    y = _engine.conv1d(x, kernel, padding="same")
    assert y.shape == (0, 9, 4)
    y.backward(as_tensor(np.zeros(y.shape)))
    assert x.grad.shape == x.shape
    assert not kernel.grad.numpy().any()
    assert _engine.max_pool1d(x, 3, 3).shape == (0, 3, 3)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", [(8, 400, 14, 32, 5, 1, 1, 1, "same"), (8, 400, 8, 12, 3, 2, 1, 4, "causal")], ids=str)
def test_results_do_not_depend_on_the_number_of_threads(case: tuple[Any, ...], dtype: str) -> None:
    def run() -> list[np.ndarray]:
        tensors = [as_tensor(array) for array in conv1d_arrays(case, dtype)]
        for tensor in tensors:
            tensor.requires_grad = True
        y = conv1d(case, *tensors)
        y.backward(as_tensor(np.cos(np.arange(y.size)).reshape(y.shape).astype(dtype)))
        return [y.numpy(), *(tensor.grad.numpy() for tensor in tensors)]

    before = _engine.num_threads()
    results = []
    try:
        for count in (1, 2, 3):
            _engine.set_num_threads(count)
            results.append(run())
    finally:
        _engine.set_num_threads(before)
    for other in results[1:]:
        for a, b in zip(results[0], other, strict=True):
            assert a.tobytes() == b.tobytes()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x, k: _engine.conv1d(x, k, dilation=4), "covers 9 steps .* input has only 8"),
        (lambda x, k: _engine.conv1d(x, k, padding="full"), "padding is 'valid', 'same' or 'causal', got 'full'"),
        (lambda x, k: _engine.conv1d(x, k, stride=0), "at least 1"),
        (lambda x, k: _engine.conv1d(x, k, groups=2), "groups must divide the 3 channels"),
        (lambda x, k: _engine.conv1d(x, as_tensor(np.ones((3, 2, 4)))), "kernel sees 2 channels .* x has 3"),
        (lambda x, k: _engine.conv1d(x, k, as_tensor(np.ones(5))), r"bias of shape \(4,\), got \(5,\)"),
        (lambda x, k: _engine.conv1d(x, as_tensor(np.ones((3, 3, 4), "float32"))), "float"),
        (lambda x, k: _engine.conv1d(as_tensor(np.ones((8, 3))), k), "conv1d"),
        (lambda x, k: _engine.max_pool1d(x, 9, 9), "covers 9 steps .* input has only 8"),
        (lambda x, k: _engine.max_pool1d(x, 2, 2, "causal"), "'valid' or 'same'"),
        (lambda x, k: _engine.depthwise_conv1d(x, as_tensor(np.ones((3, 2, 1)))), "kernel sees 2 channels"),
    ],
)
def test_bad_arguments(call: Any, message: str) -> None:
    x, kernel = as_tensor(np.ones((2, 8, 3))), as_tensor(np.ones((3, 3, 4)))
    with pytest.raises(ValueError, match=message):
        call(x, kernel)


@pytest.mark.parametrize("padding", ["valid", "same", "causal"])
def test_reference_window_is_what_keras_documents(padding: str) -> None:
    assert window(10, 4, 3, 1, padding) == {"valid": (0, 3), "same": (1, 4), "causal": (3, 4)}[padding]
