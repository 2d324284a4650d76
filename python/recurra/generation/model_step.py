"""A model that runs step by step as the step function of `generate`."""

from __future__ import annotations

from typing import Any

import numpy as np

from recurra import checks


def step_of(model: Any, outputs: str = "logits") -> tuple[Any, Any]:
    """A language model's step function for `generate`, and the function that gives the states it starts from.

    The model is a chain that `model.streaming()` runs: tokens in, one row of a vocabulary out at every step. Its states
    are carried; the sequence so far is not read again.

    Args:
        model: The model, built. Its weights are copied.
        outputs: What the last layer gives: "logits" (default) or "probabilities" (a softmax).

    Returns:
        The step function, and a function of the number of rows.

    Raises:
        ValueError: A layer of the model cannot be run step by step.

    Example:
        >>> layers = recurra.layers
        >>> model = recurra.Sequential(
        ...     [recurra.Input((None,), dtype="int32"), layers.Embedding(9, 4), layers.GRU(8, return_sequences=True),
        ...      layers.Dense(9)]
        ... )
        >>> step, states = recurra.generation.step_of(model)
        >>> recurra.generation.generate(step, states(2), [[1], [3, 4]], max_new_tokens=5).sequences.shape
        (2, 5)
    """
    checks.one_of(outputs, "step_of", "outputs", ("logits", "probabilities"))
    streams: dict[int, Any] = {1: model.streaming(1)}  # by the number of rows

    def stream(rows: int) -> Any:
        if rows not in streams:
            streams[rows] = model.streaming(rows)
        return streams[rows]

    def states(rows: int) -> Any:
        one = stream(checks.whole_number(rows, "step_of", "rows"))
        one.reset()
        return one.state

    def step(tokens: np.ndarray, carried: Any) -> tuple[np.ndarray, Any]:
        one = stream(len(tokens))
        one.state = carried
        found = np.asarray(one.step(tokens), np.float64)
        if outputs == "probabilities":
            with np.errstate(divide="ignore"):
                found = np.log(found)
        return found, one.state

    return step, states
