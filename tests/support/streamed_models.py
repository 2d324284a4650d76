"""Models with weights of their own, and ways through their streams."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

import recurra
from recurra import Tensor, no_grad

Array = np.ndarray
DTYPES = ("float32", "float64")
PADDING = -7.5


def batch_outputs(model: Any, x: Array) -> Array:
    """What the model gives for whole sequences; at every step, what it gives for the sequence so far."""
    with no_grad():
        if len(model.output_shape) == len(model.input_shape) or model.output_shape[1:2] == (None,):
            return np.array(model(Tensor(x)).numpy())
        return np.stack([model(Tensor(x[:, : t + 1])).numpy() for t in range(x.shape[1])], axis=1)


def streamed(stream: Any, x: Array) -> Array:
    return np.stack([stream.step(x[:, t]) for t in range(x.shape[1])], axis=1)


def in_blocks(stream: Any, x: Array) -> Array:
    borders = sorted({0, 1, x.shape[1] // 2, x.shape[1]})
    blocks = [stream.process(x[:, first:last]) for first, last in pairwise(borders)]
    return np.concatenate(blocks, axis=1)


def check_same_bits(model: Any, x: Array, whole: Array | None = None) -> None:
    """Steps, blocks, one block and single rows against the batch."""
    whole = batch_outputs(model, x) if whole is None else whole
    batch = x.shape[0]
    steps = streamed(model.streaming(batch), x)
    np.testing.assert_array_equal(steps, whole)
    np.testing.assert_array_equal(in_blocks(model.streaming(batch), x), steps)
    np.testing.assert_array_equal(model.streaming(batch).process(x), steps)
    np.testing.assert_array_equal(streamed(model.streaming(), x[-1:]), steps[-1:])


def randomized(model: Any, seed: int = 0) -> Any:
    """Distinct numbers in all weights; positive ones where a variance must be."""
    rng = np.random.default_rng(seed)
    for weight in model.weights:
        values = rng.standard_normal(weight.shape) / np.sqrt(max(weight.shape[0], 1) if weight.shape else 1)
        weight.assign((np.abs(values) + 0.1 if "variance" in weight.name else values).astype(weight.dtype))
    return model


def sequential(*stack: Any, features: Any = 5, dtype: str = "float32") -> Any:
    shape = (None, features) if isinstance(features, int) else (None, *features)
    return randomized(recurra.Sequential([recurra.Input(shape, dtype=dtype), *stack]))


def some_input(shape: tuple[int, ...], dtype: str = "float32", seed: int = 1) -> Array:
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def saved(model: Any, folder: Path) -> Path:
    path = folder / "model.safetensors"
    model.save(path)
    return path
