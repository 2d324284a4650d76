"""The gradient checker: it accepts right gradients and names the place of a wrong one."""

from __future__ import annotations

import numpy as np
import pytest

from recurra import Tensor, Variable, ops
from recurra.gradient_check import GradientError, check_gradients, compare_gradients


def with_wrong_gradient(x: Tensor, place: tuple[int, ...], by: float) -> Tensor:
    """x^2, with a gradient that is off by a factor at one element."""
    factor = np.ones(x.shape)
    factor[place] += by
    right = ops.stop_gradient(x)
    # Zero in value, but not in gradient.
    return ops.square(x) + 2 * right * (x - right) * (factor - 1)


def test_right_gradients_pass(rng: np.random.Generator) -> None:
    reports = check_gradients(lambda a, b: [ops.tanh(a @ b), ops.sum(a)], rng.normal(size=(3, 4)), rng.normal(size=4))
    assert [report.shape for report in reports] == [(3, 4), (4,)]
    assert all(report.error < 1e-9 for report in reports)


@pytest.mark.parametrize("by", [1e-5, -0.5, 1.0])
def test_a_planted_error_is_found_where_it_is(rng: np.random.Generator, by: float) -> None:
    x = rng.normal(size=(3, 5))
    x[2, 1] = 1.5
    with pytest.raises(GradientError, match=r"input 1 of shape \(3, 5\), element \(2, 1\)"):
        check_gradients(lambda a, b: ops.square(a) + with_wrong_gradient(b, (2, 1), by), x, x)


def test_not_a_number_is_wrong(rng: np.random.Generator) -> None:
    with pytest.raises(GradientError, match=r"backward gives -?nan"):
        check_gradients(lambda a: ops.sqrt(a * 0), rng.normal(size=3))


def test_a_missing_dependency_is_an_error(rng: np.random.Generator) -> None:
    with pytest.raises(GradientError, match="input 0"):
        check_gradients(lambda a, b: ops.stop_gradient(a) * b, rng.normal(size=3), rng.normal(size=3))


def test_what_an_output_does_not_depend_on_has_gradient_zero(rng: np.random.Generator) -> None:
    reports = compare_gradients(lambda a, b: ops.square(a), rng.normal(size=3), rng.normal(size=2))
    assert reports[1].computed == 0.0
    assert abs(reports[1].difference) < 1e-12


def test_variables_are_put_back(rng: np.random.Generator) -> None:
    weight = Variable(rng.normal(size=(2, 2)), trainable=False)
    before = weight.numpy().copy()
    x = rng.normal(size=(3, 2))
    kept = x.copy()
    check_gradients(lambda a, _: ops.matmul(a, weight), x, weight)
    assert np.array_equal(weight.numpy(), before)
    assert np.array_equal(x, kept)
    assert weight.grad is None
    assert not weight.requires_grad


def test_samples_limit_the_work() -> None:
    calls = []

    def function(x: Tensor) -> Tensor:
        calls.append(1)
        return ops.exp(x)

    check_gradients(function, np.ones(100), samples=3)
    assert len(calls) == 1 + 3 * 4


def test_empty_and_scalar_inputs() -> None:
    check_gradients(lambda a, b: ops.concatenate([a, ops.reshape(b, (1,))]) * 2, np.ones(0), np.array(3.0))


def test_bad_arguments() -> None:
    with pytest.raises(TypeError, match="input 0 must be float64, got float32"):
        compare_gradients(ops.exp, np.ones(3, "float32"))
    with pytest.raises(ValueError, match="depends on an input"):
        compare_gradients(ops.stop_gradient, np.ones(3))
