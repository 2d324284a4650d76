"""Checks gradients against differences of function values.

For a function y = f(x1, x2, ...) and random weights c of the elements of y, L = sum(c y). The gradient of L that
`backward` computes is compared, element by element, with the central difference of fourth order

    dL/dx  ~  (L(x - 2h) - 8 L(x - h) + 8 L(x + h) - L(x + 2h)) / (12 h)

in float64. The error of an element is |computed - difference| over the largest magnitude of that input's gradient.
The truncation error is of order h^4, so h = 1e-3 leaves about 1e-12; f must be smooth within 2h of x.

A new op, layer or loss is checked like this:

    check_gradients(lambda x, w: recurra.ops.tanh(x @ w), x, w)
    check_gradients(lambda x, *_: layer(x), x, *layer.trainable_variables)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from recurra import _engine
from recurra.tensor import Tensor, convert_to_tensor, no_grad

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["GradientError", "InputReport", "check_gradients", "compare_gradients"]

# A gradient this small everywhere counts as zero: differences of sums of order 1 are no better.
_SMALLEST_SCALE = 1e-4


class GradientError(AssertionError):
    """A computed gradient differs from the difference quotient.

    Example:
        >>> try:
        ...     recurra.gradient_check.check_gradients(recurra.ops.tanh, np.array([0.5]), tolerance=0.0)
        ... except recurra.gradient_check.GradientError:
        ...     print("wrong")
        wrong
    """


@dataclass(frozen=True)
class InputReport:
    """The worst element of one input.

    Example:
        >>> reports = recurra.gradient_check.compare_gradients(recurra.ops.square, np.array([1.0, 2.0]))
        >>> reports[0].number, reports[0].shape
        (0, (2,))
    """

    number: int
    """Position among the inputs, from 0."""
    shape: tuple[int, ...]
    element: tuple[int, ...]
    """Index of the worst element; () for a scalar or an empty input."""
    computed: float
    """What backward() found there."""
    difference: float
    """What the difference quotient found there."""
    error: float
    """The relative error there, 0 for an empty input."""

    def __str__(self) -> str:
        return (
            f"input {self.number} of shape {self.shape}, element {self.element}: "
            f"backward gives {self.computed:.12g}, differences give {self.difference:.12g}, error {self.error:.3g}"
        )


def check_gradients(
    function: Callable[..., Any],
    *inputs: ArrayLike | Tensor,
    tolerance: float = 1e-7,
    step: float = 1e-3,
    samples: int | None = None,
    seed: int = 0,
) -> list[InputReport]:
    """Compare gradients as `compare_gradients` does and raise where one is wrong.

    Args:
        function: As for `compare_gradients`.
        *inputs: As for `compare_gradients`.
        tolerance: Largest relative error allowed; 1e-7 by default.
        step: Distance h of the difference quotient; 1e-3 by default.
        samples: How many elements of each input to check, drawn at random; all by default.
        seed: Of the random weights and samples; 0 by default.

    Returns:
        A report of the worst element of each input.

    Raises:
        GradientError: An error exceeds the tolerance; the message names the input, the element and both numbers.

    Example:
        >>> reports = recurra.gradient_check.check_gradients(recurra.ops.tanh, np.array([0.5, -1.0]))
        >>> reports[0].error < 1e-7
        True
    """
    reports = compare_gradients(function, *inputs, step=step, samples=samples, seed=seed)
    wrong = [report for report in reports if not report.error <= tolerance]  # NaN is wrong too
    if wrong:
        details = "; ".join(str(report) for report in wrong)
        raise GradientError(f"gradient wrong by more than {tolerance:g}: {details}")
    return reports


def compare_gradients(
    function: Callable[..., Any],
    *inputs: ArrayLike | Tensor,
    step: float = 1e-3,
    samples: int | None = None,
    seed: int = 0,
) -> list[InputReport]:
    """Compare the gradient of each input with difference quotients.

    Args:
        function: Takes the inputs as tensors; returns a tensor or a list or tuple of them. It must return the same
            values for the same inputs. Outputs that are no floating-point tensors are left out.
        *inputs: float64 arrays (copied), or float64 leaf tensors and variables, whose elements are changed during the
            check and put back; so a variable that the function uses by itself can be checked too.
        step: Distance h of the difference quotient; 1e-3 by default.
        samples: How many elements of each input to check, drawn at random; all by default.
        seed: Of the random weights and samples; 0 by default.

    Returns:
        A report of the worst element of each input.

    Raises:
        TypeError: An input is not float64.
        ValueError: `function` returns no floating-point tensor that depends on an input.

    Example:
        >>> report, = recurra.gradient_check.compare_gradients(recurra.ops.exp, np.array([0.5]))
        >>> report.shape
        (1,)
    """
    rng = np.random.default_rng(seed)
    tensors = [_leaf(value, number) for number, value in enumerate(inputs)]
    before = [(tensor, tensor.requires_grad, tensor.grad) for tensor in tensors]
    try:
        for tensor in tensors:
            tensor.requires_grad = True
            tensor.grad = None
        outputs = _floating(function(*tensors))
        weights = [rng.normal(size=output.shape) for output in outputs]
        roots = [(output, weight) for output, weight in zip(outputs, weights, strict=True) if output.requires_grad]
        if not roots:
            raise ValueError("compare_gradients: the function returned no tensor that depends on an input")
        total = _weighted(*roots[0])
        for output, weight in roots[1:]:
            total = _engine.add(total, _weighted(output, weight))
        total.backward()
        computed = [np.zeros(t.shape) if t.grad is None else np.array(t.grad) for t in tensors]

        def value() -> float:
            with no_grad():
                results = _floating(function(*tensors))
            return sum(float((np.asarray(result) * w).sum()) for result, w in zip(results, weights, strict=True))

        return [
            _compare(number, tensor, gradient, value, step, samples, rng)
            for number, (tensor, gradient) in enumerate(zip(tensors, computed, strict=True))
        ]
    finally:
        for tensor, required, gradient in before:
            tensor.requires_grad = required
            tensor.grad = gradient


def _compare(
    number: int,
    tensor: Tensor,
    gradient: np.ndarray[Any, Any],
    value: Callable[[], float],
    step: float,
    samples: int | None,
    rng: np.random.Generator,
) -> InputReport:
    elements = tensor.numpy().reshape(-1)  # a view: writing here moves the input
    chosen = np.arange(elements.size)
    if samples is not None and samples < elements.size:
        chosen = np.sort(rng.choice(elements.size, samples, replace=False))
    if chosen.size == 0:
        return InputReport(number, tensor.shape, (), 0.0, 0.0, 0.0)
    differences = np.empty(chosen.size)
    for k, at in enumerate(chosen):
        centre = elements[at]
        values = []
        for offset in (-2, -1, 1, 2):
            elements[at] = centre + offset * step
            values.append(value())
        elements[at] = centre
        differences[k] = (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * step)
    found = gradient.reshape(-1)[chosen]
    scale = max(np.abs(differences).max(), np.abs(found).max(), _SMALLEST_SCALE)
    errors = np.abs(found - differences) / scale
    worst = int(np.argmax(np.where(np.isnan(errors), np.inf, errors)))
    element = tuple(int(index) for index in np.unravel_index(chosen[worst], tensor.shape)) if tensor.ndim else ()
    return InputReport(
        number, tensor.shape, element, float(found[worst]), float(differences[worst]), float(errors[worst])
    )


def _leaf(value: ArrayLike | Tensor, number: int) -> Tensor:
    tensor = value if isinstance(value, Tensor) else convert_to_tensor(np.array(value))
    if not tensor.numpy().flags.writeable:
        tensor = tensor.detach().clone()  # its elements are moved during the check
    if tensor.dtype != "float64":
        raise TypeError(f"compare_gradients: input {number} must be float64, got {tensor.dtype}")
    return tensor if tensor.is_leaf else tensor.detach().clone()


def _floating(outputs: Any) -> list[Tensor]:
    if isinstance(outputs, Tensor):
        return [outputs] if outputs.dtype in ("float32", "float64") else []
    if isinstance(outputs, (list, tuple)):
        return [tensor for output in outputs for tensor in _floating(output)]
    return []


def _weighted(output: Tensor, weight: np.ndarray[Any, Any]) -> Tensor:
    return _engine.sum(_engine.multiply(output, weight))
