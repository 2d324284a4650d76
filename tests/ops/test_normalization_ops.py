"""Batch and layer normalisation in the engine against plain NumPy and central differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from recurra import _engine
from recurra.gradient_check import check_gradients


def as_tensor(array: np.ndarray | None) -> Any:
    return None if array is None else _engine.Tensor(array)


def batch_normalized(
    x: np.ndarray, gamma: Any, beta: Any, mask: np.ndarray | None, epsilon: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    axes = tuple(range(x.ndim - 1))
    if mask is None:
        mean, variance = x.mean(axes), x.var(axes)
    else:
        weight = np.broadcast_to(mask[..., None] if mask.ndim < x.ndim else mask, x.shape).astype(x.dtype)
        count = weight.sum(axes) + 1e-7
        mean = (weight * x).sum(axes) / count
        variance = (weight * (x - mean) ** 2).sum(axes) / count
    y = (x - mean) / np.sqrt(variance + epsilon)
    return y * (1 if gamma is None else gamma) + (0 if beta is None else beta), mean, variance


BATCH = [
    # shape of x, mask: None, "rows" or "numbers"
    ((5, 3), None),
    ((4, 7, 3), "rows"),
    ((2, 3, 4, 9), None),
    ((3, 4, 5), "numbers"),
    ((1, 3), None),
    ((300, 3, 11), "rows"),  # more than one chunk of rows
]


def batch_case(shape: tuple[int, ...], masked: str | None) -> tuple[np.ndarray, np.ndarray, np.ndarray, Any]:
    rng = np.random.default_rng(len(shape))
    x = rng.standard_normal(shape) * 2 + 1
    mask = None
    if masked:
        mask = rng.random(shape[:-1] if masked == "rows" else shape) < 0.6
    return x, rng.standard_normal(shape[-1]), rng.standard_normal(shape[-1]), mask


@pytest.mark.parametrize(("shape", "masked"), BATCH, ids=str)
def test_batch_normalization(shape: tuple[int, ...], masked: str | None) -> None:
    x, gamma, beta, mask = batch_case(shape, masked)
    expected = batch_normalized(x, gamma, beta, mask, 1e-3)
    results = _engine.batch_normalization(*map(as_tensor, (x, gamma, beta, mask)), 1e-3)
    for result, reference in zip(results, expected, strict=True):
        np.testing.assert_allclose(result.numpy(), reference, atol=1e-12)
    plain = _engine.batch_normalization(as_tensor(x), None, None, as_tensor(mask), 1e-3)[0]
    np.testing.assert_allclose(plain.numpy(), batch_normalized(x, None, None, mask, 1e-3)[0], atol=1e-12)


@pytest.mark.parametrize(("shape", "masked"), BATCH[:-1], ids=str)
def test_batch_normalization_gradients(shape: tuple[int, ...], masked: str | None) -> None:
    x, gamma, beta, mask = batch_case(shape, masked)
    flags = as_tensor(mask)
    check_gradients(lambda *tensors: _engine.batch_normalization(*tensors, flags, 0.1)[0], x, gamma, beta)
    check_gradients(lambda t: _engine.batch_normalization(t, None, None, flags, 0.1)[0], x)


def test_gradient_where_the_masked_mean_is_large() -> None:
    # The mean is a sum over n + 1e-7; what that adds to the gradient grows with the mean. Derivatives by complex steps.
    x, _, _, mask = batch_case((4, 7, 3), "rows")
    x += 1e4
    dy = np.random.default_rng(1).standard_normal(x.shape)
    t = as_tensor(x)
    t.requires_grad = True
    _engine.batch_normalization(t, None, None, as_tensor(mask), 0.1)[0].backward(as_tensor(dy))
    expected = np.zeros_like(x)
    for place in np.ndindex(x.shape):
        moved = x.astype(complex)
        moved[place] += 1e-30j
        expected[place] = (dy * batch_normalized(moved, None, None, mask, 0.1)[0]).imag.sum() * 1e30
    np.testing.assert_allclose(t.grad.numpy(), expected, atol=1e-9)


def test_batch_whose_every_row_is_masked_divides_by_no_zero() -> None:
    x, nothing = as_tensor(np.ones((3, 2))), as_tensor(np.zeros(3, bool))
    y, mean, variance = _engine.batch_normalization(x, None, None, nothing, 1e-3)
    assert np.isfinite(y.numpy()).all()
    assert not mean.numpy().any()
    assert not variance.numpy().any()


def test_values_under_the_mask_do_not_touch_the_statistics() -> None:
    x = np.random.default_rng(0).standard_normal((4, 3))
    mask = np.array([True, True, False, True])
    x[2] = np.nan
    _, mean, variance = _engine.batch_normalization(as_tensor(x), None, None, as_tensor(mask), 1e-3)
    np.testing.assert_allclose(mean.numpy(), x[mask].mean(0), rtol=1e-6)
    np.testing.assert_allclose(variance.numpy(), x[mask].var(0), rtol=1e-6)


def layer_normalized(x: np.ndarray, gamma: Any, beta: Any, epsilon: float, norm: str) -> np.ndarray:
    mean, variance = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
    if norm == "layer":
        y = (x - mean) / np.sqrt(variance + epsilon)
    else:
        y = x / np.sqrt(((x**2).mean(-1, keepdims=True) if norm == "root_mean_square" else variance) + epsilon)
    return y * (1 if gamma is None else gamma) + (0 if beta is None else beta)


@pytest.mark.parametrize("norm", ["layer", "root_mean_square", "variance"])
@pytest.mark.parametrize("shape", [(4, 5), (2, 3, 17), (1, 1), (600, 9)], ids=str)
def test_layer_normalization(shape: tuple[int, ...], norm: str) -> None:
    rng = np.random.default_rng(3)
    x, gamma, beta = (rng.standard_normal(s) + 0.5 for s in (shape, shape[-1], shape[-1]))
    kind = getattr(_engine.RowNorm, norm)
    for g, b in ((gamma, beta), (gamma, None), (None, beta), (None, None)):
        y = _engine.layer_normalization(*map(as_tensor, (x, g, b)), 1e-3, kind)
        np.testing.assert_allclose(y.numpy(), layer_normalized(x, g, b, 1e-3, norm), atol=1e-12)
    if x.size < 1000:
        check_gradients(lambda *tensors: _engine.layer_normalization(*tensors, 0.1, kind), x, gamma, beta)
        check_gradients(lambda t: _engine.layer_normalization(t, None, None, 0.1, kind), x)
    else:  # more than one chunk of rows in the sum
        tensors = [as_tensor(array) for array in (x, gamma, beta)]
        tensors[1].requires_grad = True
        _engine.layer_normalization(*tensors, 1e-3, kind).backward(as_tensor(x))
        normal = layer_normalized(x, None, None, 1e-3, norm)
        np.testing.assert_allclose(tensors[1].grad.numpy(), (x * normal).sum(0), rtol=1e-10)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_results_do_not_depend_on_the_number_of_threads(dtype: str) -> None:
    rng = np.random.default_rng(4)
    x, gamma, beta = (rng.standard_normal(s).astype(dtype) for s in ((6000, 40), 40, 40))

    def run(op: Any) -> list[bytes]:
        tensors = [as_tensor(array) for array in (x, gamma, beta)]
        for tensor in tensors:
            tensor.requires_grad = True
        y = op(*tensors)
        y.backward(as_tensor(np.sin(x)))
        return [y.numpy().tobytes(), *(tensor.grad.numpy().tobytes() for tensor in tensors)]

    before = _engine.num_threads()
    results = []
    try:
        for count in (1, 2, 3):
            _engine.set_num_threads(count)
            results.append(
                run(lambda *t: _engine.batch_normalization(*t, None, 1e-3)[0])
                + run(lambda *t: _engine.layer_normalization(*t, 1e-3))
            )
    finally:
        _engine.set_num_threads(before)
    assert results[0] == results[1] == results[2]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: _engine.batch_normalization(x, as_tensor(np.ones(2)), None, None, 1e-3), r"\(3,\), got \(2,\)"),
        (lambda x: _engine.batch_normalization(x, None, None, as_tensor(np.ones(5, bool)), 1e-3), "bool mask of shape"),
        (lambda x: _engine.batch_normalization(x, None, None, as_tensor(np.ones(4)), 1e-3), "bool mask of shape"),
        (lambda x: _engine.batch_normalization(as_tensor(np.ones((0, 3))), None, None, None, 1e-3), "empty batch"),
        (lambda x: _engine.layer_normalization(x, None, as_tensor(np.ones(4)), 1e-3), r"shape \(3,\), got \(4,\)"),
        (lambda x: _engine.layer_normalization(as_tensor(np.ones((2, 0))), None, None, 1e-3), "at least one number"),
    ],
)
def test_bad_arguments(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call(as_tensor(np.ones((4, 3))))
