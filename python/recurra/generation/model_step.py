"""A model that runs step by step as the step function of `generate`."""

from __future__ import annotations

from typing import Any

import numpy as np

from recurra import checks
from recurra.generation.transformer_step import TransformerStep, is_transformer


def step_of(model: Any, outputs: str = "logits", context: int | None = None) -> tuple[Any, Any]:
    """A language model's step function for `generate`, and the function that gives the states it starts from.

    The model is a chain that `model.streaming()` runs: tokens in, one row of a vocabulary out at every step. Its states
    are carried; the sequence so far is not read again. Or it is a Sequential or functional model of
    `TransformerDecoder` blocks without an encoder, with positions in front, and layers that see one step at a time:
    then keys and values are carried.

    Args:
        model: The model, built. A chain's weights are copied.
        outputs: What the last layer gives: "logits" (default) or "probabilities" (a softmax).
        context: Of decoder blocks: the most tokens of prompt and answer; default the positions of the model's table.

    Returns:
        The step function, and a function of the number of rows.

    Raises:
        ValueError: A layer of the model cannot be run step by step, or `context` does not fit.

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
    run: Any
    if is_transformer(model):
        run = TransformerStep(model, context)
    elif context is not None:
        raise ValueError("step_of: context is for models of TransformerDecoder blocks; other states need no room")
    else:
        run = _Chain(model)
    return _Logarithms(run) if outputs == "probabilities" else run, run.states


class _Chain:
    """A model that `model.streaming()` runs."""

    context = None

    def __init__(self, model: Any) -> None:
        self.model = model
        self.streams: dict[int, Any] = {1: model.streaming(1)}  # by the number of rows
        self.at: dict[int, Any] = {}  # the states that a stream gave last, and is still at

    def _stream(self, rows: int) -> Any:
        if rows not in self.streams:
            self.streams[rows] = self.model.streaming(rows)
        return self.streams[rows]

    def states(self, rows: int) -> Any:
        one = self._stream(checks.whole_number(rows, "step_of", "rows"))
        one.reset()
        self.at[rows] = one.state
        return self.at[rows]

    def __call__(self, tokens: np.ndarray, states: Any) -> tuple[np.ndarray, Any]:
        rows = len(tokens)
        one = self._stream(rows)
        if states is not self.at.get(rows):
            one.state = states
        logits = one.step(tokens)
        self.at[rows] = one.state
        return logits, self.at[rows]


class _Logarithms:
    """A step function whose outputs are probabilities."""

    def __init__(self, step: Any) -> None:
        self.step, self.context = step, step.context

    def __call__(self, tokens: np.ndarray, states: Any) -> tuple[np.ndarray, Any]:
        found, states = self.step(tokens, states)
        with np.errstate(divide="ignore"):
            return np.log(found), states
