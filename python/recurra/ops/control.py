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
    """Extents of a tensor.

    Args:
        x: Tensor, array, number or nested list.

    Returns:
        A tuple; None where a symbolic tensor is open.

    Example:
        >>> recurra.ops.shape([[1, 2, 3]])
        (1, 3)
    """
    return tuple(x.shape) if hasattr(x, "shape") else tuple(_engine.operand(x).shape)


def ndim(x: Any) -> int:
    """How many axes a tensor has.

    Args:
        x: Tensor, array, number or nested list.

    Returns:
        An int.

    Example:
        >>> recurra.ops.ndim([[1, 2, 3]])
        2
    """
    return len(shape(x))


@composed
def size(x: ArrayLike | Tensor) -> int:
    """How many elements a tensor has.

    Args:
        x: Tensor, array, number or nested list.

    Returns:
        An int.

    Example:
        >>> recurra.ops.size([[1, 2, 3]])
        3
    """
    return int(_engine.operand(x).size)


@composed
def copy(x: ArrayLike | Tensor) -> Tensor:
    """The same elements in memory of their own; differentiable.

    Args:
        x: Tensor, array, number or nested list.

    Returns:
        A tensor of the shape and type of `x`.

    Example:
        >>> recurra.ops.copy([1.0, 2.0])
        Tensor([1., 2.], shape=(2,), dtype=float32)
    """
    tensor = _engine.operand(x)
    return _engine.add(tensor, _engine.full((), 0, tensor.dtype))


@composed
def array(x: ArrayLike | Tensor, dtype: Any = None) -> Tensor:
    """Tensor with a copy of the elements.

    Args:
        x: Tensor, array, number or nested list.
        dtype: Element type; the type of `x` by default.

    Returns:
        A tensor of the shape of `x`.

    Raises:
        TypeError: `x` holds something else than numbers.

    Example:
        >>> recurra.ops.array([1, 2], dtype='float32')
        Tensor([1., 2.], shape=(2,), dtype=float32)
    """
    tensor = _engine.operand(x)
    return copy(tensor if dtype is None else _engine.cast(tensor, dtype))


@composed
def stop_gradient(variable: ArrayLike | Tensor) -> Tensor:
    """The same elements, through which no gradient flows.

    Args:
        variable: Tensor, array, number or nested list.

    Returns:
        A tensor that shares the elements.

    Example:
        >>> recurra.ops.stop_gradient(recurra.Variable([1.0])).requires_grad
        False
    """
    return _engine.operand(variable).detach()


@operation
def linear_scan(a: ArrayLike | Tensor, b: ArrayLike | Tensor, h0: ArrayLike | Tensor | None = None) -> Tensor:
    """h_t = a_t h_{t-1} + b_t over the middle axis, number by number, as one node of the tape.

    Where a gradient will be wanted and rows are few, blocks of time are computed at once; else steps are taken in
    order. The result does not depend on the number of threads.

    Args:
        a: (B, T, U), or (U,) for the same factors in all steps.
        b: (B, T, U).
        h0: (B, U), what the recurrence starts from; zeros by default.

    Returns:
        A tensor (B, T, U).

    Raises:
        ValueError: Shapes or types do not fit.

    Example:
        >>> recurra.ops.linear_scan(np.full((1, 3, 1), 0.5), np.ones((1, 3, 1))).numpy().ravel()
        array([1.  , 1.5 , 1.75])

    Source: Blelloch, Prefix Sums and Their Applications, 1990.
    """
    return _engine.linear_scan(a, b, h0)


@operation
def complex_scan(a: ArrayLike | Tensor, b: ArrayLike | Tensor, h0: ArrayLike | Tensor | None = None) -> Tensor:
    """h_t = a_t h_{t-1} + b_t over the middle axis for complex numbers, as one node of the tape.

    The last axis holds U real parts and then U imaginary parts. Blocks of time are computed at once as `linear_scan`
    does it. The gradient of a part is the derivative for that part.

    Args:
        a: (B, T, 2U), or (2U,) for the same factors in all steps.
        b: (B, T, 2U).
        h0: (B, 2U), what the recurrence starts from; zeros by default.

    Returns:
        A tensor (B, T, 2U).

    Raises:
        ValueError: Shapes or types do not fit, or the last axis is odd.

    Example:
        >>> b = np.zeros((1, 4, 2))
        >>> b[0, 0] = 1, 0
        >>> recurra.ops.complex_scan(np.array([0.0, 1.0]), b).numpy()[0]  # powers of i
        array([[ 1.,  0.],
               [ 0.,  1.],
               [-1.,  0.],
               [ 0., -1.]])

    Source: Blelloch, Prefix Sums and Their Applications, 1990.
    """
    return _engine.complex_scan(a, b, h0)


def cond(pred: Any, true_fn: Callable[[], Any], false_fn: Callable[[], Any]) -> Any:
    """What one of two functions returns.

    Args:
        pred: Truth value.
        true_fn: Called without arguments if it is true.
        false_fn: Called without arguments if it is not.

    Returns:
        What the function returned.

    Example:
        >>> recurra.ops.cond(True, lambda: 1, lambda: 2)
        1
    """
    return true_fn() if bool(pred) else false_fn()


def while_loop(
    cond: Callable[..., Any], body: Callable[..., Any], loop_vars: Any, maximum_iterations: int | None = None
) -> Any:
    """Calls body(*loop_vars) for new loop variables as long as cond(*loop_vars) is true.

    Args:
        cond: Function of the loop variables; returns a truth value.
        body: Function of the loop variables; returns the new ones.
        loop_vars: One value, or a list or tuple of them.
        maximum_iterations: Most calls of `body`; no limit by default.

    Returns:
        The last loop variables.

    Example:
        >>> recurra.ops.while_loop(lambda i: i < 5, lambda i: i + 2, 0)
        6
    """
    single = not isinstance(loop_vars, (list, tuple))
    state = (loop_vars,) if single else tuple(loop_vars)
    count = 0
    while (maximum_iterations is None or count < maximum_iterations) and bool(cond(*state)):
        result = body(*state)
        state = tuple(result) if isinstance(result, (list, tuple)) else (result,)
        count += 1
    return state[0] if single else state


def fori_loop(lower: int, upper: int, body_fun: Callable[[int, Any], Any], init_val: Any) -> Any:
    """Calls body_fun(i, value) for a new value, for i from lower to upper - 1.

    Args:
        lower: The first i.
        upper: One more than the last i.
        body_fun: Function of i and the value; returns the new value.
        init_val: The first value.

    Returns:
        The last value.

    Example:
        >>> recurra.ops.fori_loop(0, 4, lambda i, total: total + i, 0)
        6
    """
    value = init_val
    for i in range(lower, upper):
        value = body_fun(i, value)
    return value


def map(f: Callable[[Any], Any], xs: Any) -> Any:
    """Function of each slice along the first axis; results are stacked.

    Args:
        f: Function of a slice; may return a tuple or list of tensors.
        xs: Tensor, or tuple or list of tensors.

    Returns:
        The stacked results.

    Example:
        >>> recurra.ops.map(lambda row: row * 2, np.array([1.0, 2.0]))
        Tensor([2., 4.], shape=(2,), dtype=float64)
    """
    return _stacked([f(_slice(xs, index)) for index in range(_length(xs))])


def vectorized_map(function: Callable[[Any], Any], elements: Any) -> Any:
    """The same as `map`.

    Args:
        function: Function of a slice.
        elements: Tensor, or tuple or list of tensors.

    Returns:
        The stacked results.

    Example:
        >>> recurra.ops.vectorized_map(lambda row: row * 2, np.array([1.0, 2.0]))
        Tensor([2., 4.], shape=(2,), dtype=float64)
    """
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
        f: Function of the carried value and a slice.
        init: The first carried value.
        xs: Tensor, or tuple or list of tensors, of the same first extent; None with `length` given.
        length: How many steps, where `xs` is None.
        reverse: Begin with the last slice; results stay in the order of `xs`.
        unroll: Accepted for compatibility; there is nothing to unroll.

    Returns:
        The last carry, and the results y stacked along a new first axis (None if f returned None).

    Raises:
        ValueError: Neither `xs` nor `length` is given.

    Example:
        >>> recurra.ops.scan(lambda total, x: (total + x, total + x), 0.0, np.array([1.0, 2.0]))
        (Tensor(3., shape=(), dtype=float64), Tensor([1., 3.], shape=(2,), dtype=float64))
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
