"""Shapes, gradients, and loops over tensors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from recurra import _engine
from recurra.ops.operation import composed, operation
from recurra.tensor import Tensor

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def shape(x: Any) -> tuple[int | None, ...]:
    """The extents of x; None where a symbolic tensor is open."""
    return tuple(x.shape) if hasattr(x, "shape") else tuple(_engine.operand(x).shape)


def ndim(x: Any) -> int:
    """How many axes x has."""
    return len(shape(x))


@composed
def size(x: ArrayLike | Tensor) -> int:
    """How many elements x has."""
    return int(_engine.operand(x).size)


@composed
def copy(x: ArrayLike | Tensor) -> Tensor:
    """The same elements in memory of their own; differentiable."""
    tensor = _engine.operand(x)
    return _engine.add(tensor, _engine.full((), 0, tensor.dtype))


@composed
def array(x: ArrayLike | Tensor, dtype: Any = None) -> Tensor:
    """A tensor with a copy of the elements of x."""
    tensor = _engine.operand(x)
    return copy(tensor if dtype is None else _engine.cast(tensor, dtype))


@composed
def stop_gradient(variable: ArrayLike | Tensor) -> Tensor:
    """The same elements, through which no gradient flows."""
    return _engine.operand(variable).detach()


@operation
def linear_scan(a: ArrayLike | Tensor, b: ArrayLike | Tensor, h0: ArrayLike | Tensor | None = None) -> Tensor:
    """h_t = a_t h_{t-1} + b_t over the middle axis, number by number, as one node: -> (B, T, U).

    Where a gradient will be wanted and rows are few, blocks of time are gone through at once; else steps are taken in
    order. The result does not depend on the number of threads.

    Args:
        a: (B, T, U), or (U,) for the same factors in all steps.
        b: (B, T, U).
        h0: (B, U), what the recurrence starts from; zeros by default.

    Source: Blelloch, Prefix Sums and Their Applications, 1990.
    """
    return _engine.linear_scan(a, b, h0)


def cond(pred: Any, true_fn: Callable[[], Any], false_fn: Callable[[], Any]) -> Any:
    """What one of two functions returns: the first if `pred` is true."""
    return true_fn() if bool(pred) else false_fn()


def while_loop(
    cond: Callable[..., Any], body: Callable[..., Any], loop_vars: Any, maximum_iterations: int | None = None
) -> Any:
    """Calls body(*loop_vars) for new loop variables as long as cond(*loop_vars) is true."""
    single = not isinstance(loop_vars, (list, tuple))
    state = (loop_vars,) if single else tuple(loop_vars)
    count = 0
    while (maximum_iterations is None or count < maximum_iterations) and bool(cond(*state)):
        result = body(*state)
        state = tuple(result) if isinstance(result, (list, tuple)) else (result,)
        count += 1
    return state[0] if single else state


def fori_loop(lower: int, upper: int, body_fun: Callable[[int, Any], Any], init_val: Any) -> Any:
    """Calls body_fun(i, value) for a new value, for i from lower to upper - 1."""
    value = init_val
    for i in range(lower, upper):
        value = body_fun(i, value)
    return value


def map(f: Callable[[Any], Any], xs: Any) -> Any:
    """f of each slice of `xs` along the first axis, stacked. `xs` and results may be tuples or lists of tensors."""
    return _stacked([f(_slice(xs, index)) for index in range(_length(xs))])


def vectorized_map(function: Callable[[Any], Any], elements: Any) -> Any:
    """The same as `map`."""
    return map(function, elements)


def scan(
    f: Callable[[Any, Any], tuple[Any, Any]],
    init: Any,
    xs: Any = None,
    length: int | None = None,
    reverse: bool = False,
    unroll: int | bool = 1,
) -> tuple[Any, Any]:
    """Carries a value along the first axis: (carry, y) = f(carry, x) for each slice x.

    Args:
        xs: Tensor, or tuple or list of tensors, of the same first extent; None with `length` given.
        length: How many steps, where `xs` is None.
        reverse: Begin with the last slice; results stay in the order of `xs`.
        unroll: Accepted for compatibility; there is nothing to unroll.

    Returns: the last carry, and the results y stacked along a new first axis (None if f returned None).
    """
    if xs is None and length is None:
        raise ValueError("scan: expected xs or length")
    steps = _length(xs) if xs is not None else int(length or 0)
    order = range(steps - 1, -1, -1) if reverse else range(steps)
    carry, results = init, []
    for index in order:
        carry, result = f(carry, None if xs is None else _slice(xs, index))
        results.append(result)
    return carry, _stacked(results[::-1] if reverse else results)


def _length(xs: Any) -> int:
    first = xs[0] if isinstance(xs, (list, tuple)) else xs
    return int(_engine.operand(first).shape[0])


def _slice(xs: Any, index: int) -> Any:
    if isinstance(xs, (list, tuple)):
        return type(xs)(_slice(part, index) for part in xs)
    return _engine.operand(xs)[index]


def _stacked(results: Sequence[Any]) -> Any:
    if not results or results[0] is None:
        return None
    if isinstance(results[0], (list, tuple)):
        return type(results[0])(_stacked(parts) for parts in zip(*results, strict=True))
    return _engine.stack(list(results), 0)
