"""Heads that address, read and write a memory.

A memory is (batch, width, slots): the numbers of slot i are memory[:, :, i]. Slots stand last, so that what runs over
slots runs over neighbouring numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from recurra import _engine
from recurra.ops.operation import operation
from recurra.tensor import Tensor

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


@operation
def memory_addressing(
    memory: ArrayLike | Tensor,
    key: ArrayLike | Tensor,
    strength: ArrayLike | Tensor,
    gate: ArrayLike | Tensor,
    shift: ArrayLike | Tensor,
    sharpening: ArrayLike | Tensor,
    previous_weights: ArrayLike | Tensor,
) -> Tensor:
    """The weights that each head gives to the slots of a memory, by what they hold and by where they stand.

        c = softmax(β cos(k, m_i))       g = gate · c + (1 − gate) · w'       s_i = Σ_j g_{i−j} shift_j
        w = softmax(γ ln s) = s^γ / Σ s^γ

    The shift is circular. The lengths under the cosine are √(|k|² + 1e-16) and √(|m_i|² + 1e-16), and 1e-12 is added
    to s before the logarithm, so that empty slots and weights of 0 give finite values and gradients.

    Args:
        memory: Shape (batch, width, slots).
        key: k, shape (batch, heads, width).
        strength: β ≥ 0, shape (batch, heads).
        gate: In [0, 1], shape (batch, heads).
        shift: How much of the weights moves by how many slots, from back to forth, each in [0, 1] with the sum 1; shape
            (batch, heads, shifts), an odd number of shifts, at most as many as slots. The one in the middle stays.
        sharpening: γ ≥ 1, shape (batch, heads).
        previous_weights: w', the weights of the step before, shape (batch, heads, slots).

    Returns:
        The weights w, shape (batch, heads, slots).

    Raises:
        ValueError: Shapes or types do not fit each other, or the window of shifts is wider than the memory.

    Source: Graves et al., Neural Turing Machines, 2014.

    Example:
        >>> memory = np.eye(4, dtype="float32")[None]  # one slot for each unit vector
        >>> key, before = memory[:, :1], np.full((1, 1, 4), 0.25, "float32")
        >>> one, forth = np.ones((1, 1), "float32"), np.array([[[0, 0, 1]]], "float32")
        >>> recurra.ops.memory_addressing(memory, key, 20 * one, one, forth, one, before).numpy().round(3)
        array([[[0., 1., 0., 0.]]], dtype=float32)
    """
    weights: Tensor = _engine.memory_addressing(memory, key, strength, gate, shift, sharpening, previous_weights)
    return weights


@operation
def memory_read(memory: ArrayLike | Tensor, weights: ArrayLike | Tensor) -> Tensor:
    """What each head reads: r = Σ_i w_i m_i.

    Args:
        memory: Shape (batch, width, slots).
        weights: Shape (batch, heads, slots).

    Returns:
        Shape (batch, heads, width).

    Raises:
        ValueError: Shapes or types do not fit each other.

    Example:
        >>> memory = np.array([[[1, 2, 3], [4, 5, 6]]], "float32")
        >>> recurra.ops.memory_read(memory, np.array([[[0, 0.5, 0.5]]], "float32")).numpy()
        array([[[2.5, 5.5]]], dtype=float32)
    """
    read: Tensor = _engine.memory_read(memory, weights)
    return read


@operation
def memory_write(
    memory: ArrayLike | Tensor, weights: ArrayLike | Tensor, erase: ArrayLike | Tensor, add: ArrayLike | Tensor
) -> Tensor:
    """The memory after all heads have erased and added: m_i ← m_i Π_h (1 − w_hi e_h) + Σ_h w_hi a_h.

    Args:
        memory: Shape (batch, width, slots).
        weights: w, shape (batch, heads, slots).
        erase: e, in [0, 1], shape (batch, heads, width).
        add: a, shape (batch, heads, width).

    Returns:
        The new memory, shape (batch, width, slots).

    Raises:
        ValueError: Shapes or types do not fit each other.

    Example:
        >>> memory = np.array([[[1, 2, 3], [4, 5, 6]]], "float32")
        >>> head = np.array([[[1, 0]]], "float32")
        >>> recurra.ops.memory_write(memory, np.array([[[0, 1, 0]]], "float32"), head, 9 * head).numpy()
        array([[[1., 9., 3.],
                [4., 5., 6.]]], dtype=float32)
    """
    written: Tensor = _engine.memory_write(memory, weights, erase, add)
    return written


@operation
def memory_step(
    memory: ArrayLike | Tensor,
    parameters: ArrayLike | Tensor,
    previous_weights: ArrayLike | Tensor,
    read_heads: int,
    shift_range: int = 1,
) -> tuple[Tensor, Tensor, Tensor]:
    """A step of a machine with a memory: activates what its heads need, addresses, reads, and then writes.

    The same as `memory_addressing` by all heads, `memory_read` by the first ones and `memory_write` by the others, in
    one pass over each memory. For each head `parameters` holds, one behind the other, its key (tanh), strength
    (softplus), gate (sigmoid), shifts (softmax) and sharpening (1 + softplus); behind these, for each write head, what
    it erases (sigmoid) and adds (tanh).

    Args:
        memory: Shape (batch, width, slots).
        parameters: Without activation; shape (batch, P), P = heads · (width + shifts + 3) + write heads · 2 · width.
        previous_weights: Of the step before, shape (batch, heads, slots), read heads first.
        read_heads: How many of the heads read.
        shift_range: The most slots that weights move in a step; shifts = 2 · shift_range + 1. Default 1.

    Returns:
        What was read, (batch, read heads, width), the weights, (batch, heads, slots), and the new memory.

    Raises:
        ValueError: Shapes or types do not fit each other, or the window of shifts is wider than the memory.

    Source: Graves et al., Neural Turing Machines, 2014.

    Example:
        >>> memory, weights = np.ones((2, 3, 8), "float32"), np.full((2, 2, 8), 1 / 8, "float32")
        >>> parameters = np.zeros((2, 2 * (3 + 3 + 3) + 2 * 3), "float32")
        >>> read, weights, memory = recurra.ops.memory_step(memory, parameters, weights, read_heads=1)
        >>> read.shape, weights.shape, memory.shape
        ((2, 1, 3), (2, 2, 8), (2, 3, 8))
    """
    read, weights, written = _engine.memory_step(memory, parameters, previous_weights, read_heads, shift_range)
    return read, weights, written
