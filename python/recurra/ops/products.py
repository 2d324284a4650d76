"""Products of vectors, matrices and tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from recurra import _engine
from recurra.checks import is_whole_number, whole_number
from recurra.ops.axes import normalized_axes
from recurra.ops.operation import composed, operation
from recurra.tensor import Tensor

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


@operation
def matmul(x1: ArrayLike | Tensor, x2: ArrayLike | Tensor) -> Tensor:
    """Matrix products of the last two axes; leading axes broadcast.

    Products of integers are exact and wrap round at the ends of their range, as in NumPy.

    Args:
        x1: (..., M, K), or (K).
        x2: (..., K, N), or (K).

    Returns:
        A tensor (..., M, N) without the axes that vectors have not.

    Raises:
        ValueError: Shapes do not fit.

    Example:
        >>> recurra.ops.matmul([[1.0, 2.0]], [[3.0], [4.0]])
        Tensor([[11.]], shape=(1, 1), dtype=float32)
    """
    return _engine.matmul(x1, x2)


@operation
def dense(
    x: ArrayLike | Tensor,
    kernel: ArrayLike | Tensor,
    bias: ArrayLike | Tensor | None = None,
    activation: str = "linear",
    transpose_kernel: bool = False,
) -> Tensor:
    """f(x kernel + bias) as one node of the tape.

    Args:
        x: (..., F).
        kernel: (F, U).
        bias: (U), or None.
        activation: Name of f, computed in the same pass as the product; its parameters have their defaults. Linear by
            default.
        transpose_kernel: Whether the kernel is (U, F) and its transpose is used, as with the table of an embedding.
            False by default.

    Returns:
        A tensor (..., U).

    Raises:
        ValueError: Shapes or types do not fit, or the name is unknown.

    Example:
        >>> recurra.ops.dense(np.ones((1, 2)), np.ones((2, 1)), np.ones(1), activation='relu')
        Tensor([[3.]], shape=(1, 1), dtype=float64)
    """
    return _engine.dense(x, kernel, bias, activation, transpose_kernel)


@operation
def embedding(indices: ArrayLike | Tensor, table: ArrayLike | Tensor) -> Tensor:
    """Rows of a table.

    The gradient adds only to the rows in use.

    Args:
        indices: Integers (...), 0 to N - 1; negative ones count from the end.
        table: (N, D).

    Returns:
        A tensor (..., D).

    Raises:
        ValueError: There is no such row.

    Example:
        >>> recurra.ops.embedding([1, 0], [[1.0, 2.0], [3.0, 4.0]])
        Tensor([[3., 4.],
                [1., 2.]], shape=(2, 2), dtype=float32)
    """
    return _engine.embedding(indices, table)


@composed
def dot(x1: ArrayLike | Tensor, x2: ArrayLike | Tensor) -> Tensor:
    """Sum over the last axis of x1 and the last but one (or only) axis of x2.

    Args:
        x1: Tensor, array, number or nested list.
        x2: Tensor, array, number or nested list.

    Returns:
        A tensor with the other axes of both.

    Raises:
        ValueError: The extents differ.

    Example:
        >>> recurra.ops.dot([1.0, 2.0], [3.0, 4.0])
        Tensor(11., shape=(), dtype=float32)
    """
    a, b = _engine.operand(x1), _engine.operand(x2)
    if a.ndim == 0 or b.ndim == 0:
        return _engine.multiply(a, b)
    return tensordot(a, b, axes=([-1], [-2 if b.ndim > 1 else -1]))


@composed
def vdot(x1: ArrayLike | Tensor, x2: ArrayLike | Tensor) -> Tensor:
    """Sum of products of all elements.

    Args:
        x1: Tensor, array, number or nested list.
        x2: As many elements.

    Returns:
        A scalar.

    Raises:
        ValueError: The sizes differ.

    Example:
        >>> recurra.ops.vdot([[1.0, 2.0]], [[3.0, 4.0]])
        Tensor(11., shape=(), dtype=float32)
    """
    return _engine.matmul(_engine.reshape(x1, -1), _engine.reshape(x2, -1))


@composed
def inner(x1: ArrayLike | Tensor, x2: ArrayLike | Tensor) -> Tensor:
    """Sums of products over the last axes of both.

    Args:
        x1: Tensor, array, number or nested list.
        x2: Tensor, array, number or nested list.

    Returns:
        A tensor with the other axes of both.

    Raises:
        ValueError: The extents differ.

    Example:
        >>> recurra.ops.inner([1.0, 2.0], [3.0, 4.0])
        Tensor(11., shape=(), dtype=float32)
    """
    a, b = _engine.operand(x1), _engine.operand(x2)
    return _engine.multiply(a, b) if a.ndim == 0 or b.ndim == 0 else tensordot(a, b, axes=([-1], [-1]))


@composed
def outer(x1: ArrayLike | Tensor, x2: ArrayLike | Tensor) -> Tensor:
    """Product of each element of x1 with each element of x2.

    Args:
        x1: M elements.
        x2: N elements.

    Returns:
        A matrix (M, N).

    Example:
        >>> recurra.ops.outer([1.0, 2.0], [3.0, 4.0])
        Tensor([[3., 4.],
                [6., 8.]], shape=(2, 2), dtype=float32)
    """
    return _engine.multiply(_engine.reshape(x1, (-1, 1)), _engine.reshape(x2, (1, -1)))


@composed
def tensordot(
    x1: ArrayLike | Tensor, x2: ArrayLike | Tensor, axes: int | Sequence[int] | Sequence[Sequence[int]] = 2
) -> Tensor:
    """Sum of products over pairs of axes.

    Args:
        x1: Tensor, array, number or nested list.
        x2: Tensor, array, number or nested list.
        axes: How many last axes of x1 meet as many first axes of x2 (2 by default), or (axes of x1, axes of x2).

    Returns:
        A tensor with the other axes of both.

    Raises:
        TypeError: An axis is not an integer.
        ValueError: There is no such axis, or extents of a pair differ.

    Example:
        >>> recurra.ops.tensordot([[1.0, 2.0]], [[3.0], [4.0]], axes=1)
        Tensor([[11.]], shape=(1, 1), dtype=float32)
    """
    a, b = _engine.operand(x1), _engine.operand(x2)
    if is_whole_number(axes):
        count = whole_number(axes, "tensordot", "axes", 0, min(a.ndim, b.ndim))
        left, right = list(range(a.ndim - count, a.ndim)), list(range(count))
    else:
        pair: Any = axes
        if not isinstance(pair, (list, tuple, np.ndarray)) or len(pair) != 2:
            raise ValueError(f"tensordot: axes must be an integer or two sequences of axes, got {axes!r}")
        left = normalized_axes("tensordot", pair[0], a.ndim, "axes")
        right = normalized_axes("tensordot", pair[1], b.ndim, "axes")
    if [a.shape[axis] for axis in left] != [b.shape[axis] for axis in right]:
        raise ValueError(f"tensordot: axes {left} of shape {a.shape} do not fit axes {right} of shape {b.shape}")
    free_a = [axis for axis in range(a.ndim) if axis not in left]
    free_b = [axis for axis in range(b.ndim) if axis not in right]
    depth = 1
    for axis in left:
        depth *= a.shape[axis]
    rows, columns = [a.shape[axis] for axis in free_a], [b.shape[axis] for axis in free_b]
    product = _engine.matmul(
        _engine.reshape(_engine.transpose(a, free_a + left), (_size(rows), depth)),
        _engine.reshape(_engine.transpose(b, right + free_b), (depth, _size(columns))),
    )
    return _engine.reshape(product, rows + columns)


def _size(extents: Sequence[int]) -> int:
    size = 1
    for extent in extents:
        size *= extent
    return size


@composed
def einsum(subscripts: str, *operands: ArrayLike | Tensor) -> Tensor:
    """Sums of products by Einstein's convention, such as "bij,bjk->bik".

    A letter names an axis; letters that the output leaves out are summed over. Without "->" the output has the letters
    that occur once, in alphabetical order. "..." stands for axes that broadcast. Operands are multiplied from left to
    right, each pair as one matrix product.

    Args:
        subscripts: Letters of each operand, and of the output.
        *operands: Tensors.

    Returns:
        A tensor with the axes of the output.

    Raises:
        TypeError: `subscripts` is not a string.
        ValueError: The subscripts do not fit the operands.

    Example:
        >>> recurra.ops.einsum('ij,jk->ik', [[1.0, 2.0]], [[3.0], [4.0]])
        Tensor([[11.]], shape=(1, 1), dtype=float32)
    """
    if not isinstance(subscripts, str):
        raise TypeError(f"einsum: subscripts must be a string, got {subscripts!r}")
    if not operands:
        raise ValueError("einsum: expected at least one operand")
    tensors = [_engine.operand(operand) for operand in operands]
    inputs, output = _parse(subscripts, tensors)
    result, letters = _single(tensors[0], inputs[0])
    for position in range(1, len(tensors)):
        other, own = _single(tensors[position], inputs[position])
        needed = set(output).union(*inputs[position + 1 :])
        result, letters = _pair(result, letters, other, own, needed)
    if set(output) - set(letters):
        raise ValueError(f"einsum: the output of {subscripts!r} names an axis that no operand has")
    summed = [axis for axis, letter in enumerate(letters) if letter not in output]
    if summed:
        result = _engine.sum(result, summed)
        letters = [letter for letter in letters if letter in output]
    order = [letters.index(letter) for letter in output]
    return result if order == list(range(len(order))) else _engine.transpose(result, order)


def _parse(subscripts: str, tensors: list[Tensor]) -> tuple[list[list[str]], list[str]]:
    """Letters of each operand and of the output; axes under "..." get the digits as letters."""
    text = subscripts.replace(" ", "")
    left, arrow, right = text.partition("->")
    terms = left.split(",")
    if len(terms) != len(tensors):
        raise ValueError(f"einsum: {subscripts!r} names {len(terms)} operands, got {len(tensors)}")
    inputs: list[list[str]] = []
    hidden = 0
    for term, tensor in zip(terms, tensors, strict=True):
        before, dots, after = term.partition("...")
        named = before + after
        more = tensor.ndim - len(named) if dots else 0
        if not (named.isalpha() or not named) or more < 0 or len(named) + more != tensor.ndim:
            raise ValueError(f"einsum: {term!r} does not fit an operand of shape {tensor.shape}")
        hidden = max(hidden, more)
        inputs.append([*before, *(str(number) for number in reversed(range(more))), *after])
    digits = [str(number) for number in reversed(range(hidden))]
    if arrow:
        before, dots, after = right.partition("...")
        output = [*before, *(digits if dots else []), *after]
    else:
        counts = "".join(terms).replace(".", "")
        output = digits + sorted(letter for letter in set(counts) if counts.count(letter) == 1)
    if len(set(output)) != len(output):
        raise ValueError(f"einsum: an axis occurs twice in the output of {subscripts!r}")
    return inputs, output


def _single(tensor: Tensor, letters: list[str]) -> tuple[Tensor, list[str]]:
    """A letter that occurs twice in one operand means its diagonal."""
    from recurra.ops.diagonals import diagonal

    for letter in dict.fromkeys(letters):
        while letters.count(letter) > 1:
            first = letters.index(letter)
            second = letters.index(letter, first + 1)
            if tensor.shape[first] != tensor.shape[second]:
                raise ValueError(f"einsum: axes {letter!r} of shape {tensor.shape} have different extents")
            tensor = diagonal(tensor, 0, first, second)
            letters = [*(one for axis, one in enumerate(letters) if axis not in (first, second)), letter]
    return tensor, letters


def _pair(
    a: Tensor, a_letters: list[str], b: Tensor, b_letters: list[str], needed: set[str]
) -> tuple[Tensor, list[str]]:
    """The product of two operands, summed over letters that nothing needs any more: one batched matrix product."""
    extents: dict[str, int] = {}
    for tensor, letters in ((a, a_letters), (b, b_letters)):
        for letter, extent in zip(letters, tensor.shape, strict=True):
            known = extents.setdefault(letter, extent)
            if known != extent and (not letter.isdigit() or 1 not in (known, extent)):
                raise ValueError(f"einsum: axis {letter!r} has {known} and {extent} elements")
            extents[letter] = extent if known == 1 else known
    if any(letter.isdigit() for letter in a_letters + b_letters):
        a = _engine.broadcast_to(a, [extents[letter] for letter in a_letters])
        b = _engine.broadcast_to(b, [extents[letter] for letter in b_letters])
    both = [letter for letter in a_letters if letter in b_letters]
    batch = [letter for letter in both if letter in needed]
    depth = [letter for letter in both if letter not in needed]
    rows = [letter for letter in a_letters if letter not in both]
    columns = [letter for letter in b_letters if letter not in both]

    def arranged(tensor: Tensor, own: list[str], *groups: list[str]) -> Tensor:
        order = [own.index(letter) for group in groups for letter in group]
        shape = [extents[letter] for letter in groups[0]]
        shape += [_size([extents[letter] for letter in group]) for group in groups[1:]]
        return _engine.reshape(_engine.transpose(tensor, order), shape)

    product = _engine.matmul(arranged(a, a_letters, batch, rows, depth), arranged(b, b_letters, batch, depth, columns))
    letters = batch + rows + columns
    return _engine.reshape(product, [extents[letter] for letter in letters]), letters
