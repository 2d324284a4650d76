"""The linear recurrence of complex numbers against NumPy, and its gradients against differences."""

from __future__ import annotations

import numpy as np
import pytest

from recurra import Variable, num_threads, ops, set_num_threads
from recurra.gradient_check import check_gradients

Array = np.ndarray


def apart(numbers: Array) -> Array:
    """Real parts, and imaginary parts behind them."""
    return np.concatenate([numbers.real, numbers.imag], axis=-1)


def some(shape: tuple[int, int, int], constant: bool, start: bool) -> list[Array]:
    """a, b and, with a start, h0, complex."""
    rng = np.random.default_rng(7)
    size = shape[2:] if constant else shape
    a = rng.uniform(0.6, 1.0, size) * np.exp(1j * rng.uniform(-3, 3, size))
    arrays = [a, rng.standard_normal(shape) + 1j * rng.standard_normal(shape)]
    first = (shape[0], shape[2])
    return [*arrays, rng.standard_normal(first) + 1j * rng.standard_normal(first)] if start else arrays


@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 7, 5), (9, 4, 17), (2, 700, 3), (1, 5000, 2)], ids=str)
@pytest.mark.parametrize("constant", [False, True])
@pytest.mark.parametrize("start", [False, True])
class TestComplexScan:
    def test_is_the_recurrence(self, shape: tuple[int, int, int], constant: bool, start: bool) -> None:
        a, b, *first = some(shape, constant, start)
        h = first[0] if start else np.zeros((shape[0], shape[2]))
        wanted = np.empty_like(b)
        for t in range(shape[1]):
            wanted[:, t] = h = (a if constant else a[:, t]) * h + b[:, t]
        parts = [apart(one) for one in (a, b, *first)]
        np.testing.assert_allclose(ops.complex_scan(*parts).numpy(), apart(wanted), rtol=0, atol=1e-12)
        in_training = ops.complex_scan(Variable(parts[0]), *parts[1:]).numpy()  # blocks of time at once
        np.testing.assert_allclose(in_training, apart(wanted), rtol=0, atol=1e-12)

    def test_gradients(self, shape: tuple[int, int, int], constant: bool, start: bool) -> None:
        # The same factor in thousands of steps bends the sum of all outputs sharply.
        parts = [apart(one) for one in some(shape, constant, start)]
        check_gradients(ops.complex_scan, *parts, samples=30, step=1e-5 if constant else 2e-4)


def test_real_factors_are_two_real_scans() -> None:
    rng = np.random.default_rng(2)
    a, b = rng.uniform(0.5, 1, (2, 40, 6)), rng.standard_normal((2, 40, 12))
    whole = ops.complex_scan(np.concatenate([a, np.zeros_like(a)], axis=-1), b).numpy()
    for part in (slice(6), slice(6, None)):
        np.testing.assert_allclose(whole[..., part], ops.linear_scan(a, b[..., part]).numpy(), rtol=1e-14, atol=1e-14)


@pytest.mark.parametrize("shape", [(1, 3000, 70), (3, 600, 5), (20, 9, 5)], ids=str)
def test_threads_do_not_change_a_bit(shape: tuple[int, int, int]) -> None:
    parts = [apart(one).astype(np.float32) for one in some(shape, False, True)]

    def everything() -> list[Array]:
        sources = [Variable(one) for one in parts]
        outputs = ops.complex_scan(*sources)
        (outputs * outputs).sum().backward()
        return [outputs.numpy(), *(one.grad.numpy() for one in sources)]

    before, found = num_threads(), []
    try:
        for threads in (1, 2, 3):
            set_num_threads(threads)
            found.append(everything())
    finally:
        set_num_threads(before)
    for other in found[1:]:
        for one, two in zip(found[0], other, strict=True):
            np.testing.assert_array_equal(one, two)


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="complex_scan: expected real and imaginary parts, an even number"):
        ops.complex_scan(np.zeros(3), np.zeros((2, 4, 3)))
    with pytest.raises(ValueError, match=r"complex_scan: expected a of shape \(2, 3, 4\) or \(4,\)"):
        ops.complex_scan(np.zeros((2, 3, 2)), np.zeros((2, 3, 4)))
    with pytest.raises(ValueError, match="complex_scan: expected h0 of shape"):
        ops.complex_scan(np.zeros(4), np.zeros((2, 3, 4)), np.zeros((2, 2)))
