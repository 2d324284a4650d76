"""Heads on a memory in plain NumPy, batch element by batch element and head by head, as the equations say it."""

from __future__ import annotations

import numpy as np

Array = np.ndarray


def softmax(x: Array) -> Array:
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def softplus(x: Array) -> Array:
    return np.log1p(np.exp(x))


def address(
    memory: Array, key: Array, strength: Array, gate: Array, shift: Array, sharpening: Array, previous: Array
) -> Array:
    weights = np.zeros_like(previous)
    for b, h in np.ndindex(*strength.shape):
        slots = memory[b].T
        lengths = np.sqrt((slots**2).sum(1) + 1e-16) * np.sqrt((key[b, h] ** 2).sum() + 1e-16)
        content = softmax(strength[b, h] * (slots @ key[b, h]) / lengths)
        gated = gate[b, h] * content + (1 - gate[b, h]) * previous[b, h]
        reach = (shift.shape[-1] - 1) // 2
        shifted = sum(shift[b, h, j + reach] * np.roll(gated, j) for j in range(-reach, reach + 1))
        powers = (shifted + 1e-12) ** sharpening[b, h]
        weights[b, h] = powers / powers.sum()
    return weights


def read(memory: Array, weights: Array) -> Array:
    return np.stack([heads @ slots.T for heads, slots in zip(weights, memory, strict=True)])


def write(memory: Array, weights: Array, erase: Array, add: Array) -> Array:
    out = memory.copy()
    for b, h in np.ndindex(*weights.shape[:2]):
        out[b] *= 1 - np.outer(erase[b, h], weights[b, h])
    for b, h in np.ndindex(*weights.shape[:2]):
        out[b] += np.outer(add[b, h], weights[b, h])
    return out


def step(memory: Array, raw: Array, previous: Array, reads: int, reach: int) -> tuple[Array, Array, Array]:
    """Reads, weights and the new memory from parameters without activation."""
    batch, width, _ = memory.shape
    heads, shifts = previous.shape[1], 2 * reach + 1
    size = width + shifts + 3
    own = raw[:, : heads * size].reshape(batch, heads, size)
    key, strength, gate, shift, sharpening = np.split(own, np.cumsum([width, 1, 1, shifts]), axis=2)
    weights = address(
        memory,
        np.tanh(key),
        softplus(strength[..., 0]),
        sigmoid(gate[..., 0]),
        softmax(shift),
        1 + softplus(sharpening[..., 0]),
        previous,
    )
    vectors = raw[:, heads * size :].reshape(batch, heads - reads, 2, width)
    written = write(memory, weights[:, reads:], sigmoid(vectors[:, :, 0]), np.tanh(vectors[:, :, 1]))
    return read(memory, weights[:, :reads]), weights, written
