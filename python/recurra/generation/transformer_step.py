"""A Transformer that goes on step by step: keys and values of the past are carried, nothing is computed again."""

from __future__ import annotations

from typing import Any

import numpy as np

from recurra import checks, layers
from recurra.tensor import Tensor

_TABLES = (layers.PositionEmbedding, layers.TokenAndPositionEmbedding)
_POSITIONS = (*_TABLES, layers.SinePositionEncoding)
# Layers whose output at a step depends on the input at that step alone.
_STEPWISE = (
    layers.Embedding,
    layers.Dense,
    layers.Dropout,
    layers.Activation,
    layers.ReLU,
    layers.LeakyReLU,
    layers.Softmax,
    layers.Identity,
    layers.LayerNormalization,
    layers.RMSNormalization,
    layers.Add,
)
_OPERATIONS = ("add", "subtract", "multiply", "divide", "tanh", "sigmoid", "relu", "gelu", "softmax", "log_softmax")


def is_transformer(model: Any) -> bool:
    """Whether decoder blocks stand in a model."""
    return any(isinstance(layer, layers.TransformerDecoder) for layer in model.layers)


class TransformerStep:
    """The step function of a language model of decoder blocks.

    Args:
        model: A Sequential or functional model from tokens (batch, T) to (batch, T, vocabulary).
        context: Steps that there is room for; None for the positions of the model's table.

    Attributes:
        context: The most steps, prompt included.
    """

    def __init__(self, model: Any, context: int | None = None) -> None:
        self.model = model
        self.blocks = [layer for layer in model.layers if isinstance(layer, layers.TransformerDecoder)]
        tables = [layer.sequence_length for layer in model.layers if isinstance(layer, _TABLES)]
        for layer in model.layers:
            _check_layer(layer)
        if context is None and not tables:
            raise ValueError(
                f"step_of: {model._title} has no table of positions; give context=, the most tokens of prompt and "
                "answer"
            )
        self.context = min(tables) if context is None else checks.whole_number(context, "step_of", "context")
        if tables and self.context > min(tables):
            raise ValueError(f"step_of: context={context} goes beyond the {min(tables)} positions of the model's table")

    def states(self, rows: int) -> dict[str, Any]:
        """Those in front of the first token."""
        rows = checks.whole_number(rows, "step_of", "rows")
        return {
            "position": np.zeros(rows, np.int64),
            "caches": [
                Tensor(np.zeros((rows, 2, self.context, *self._head(block)), block.dtype)) for block in self.blocks
            ],
        }

    def _head(self, block: Any) -> tuple[int, int]:
        if not block.built:
            raise ValueError(f"step_of: {self.model._title} is not built yet; call it on tokens first")
        if block._cross_attention is not None:
            raise ValueError(f"step_of: {block._title} attends to an encoder; a language model has none")
        return block.num_heads, block._self_attention.key_dim

    def __call__(self, tokens: np.ndarray, states: dict[str, Any]) -> tuple[np.ndarray, dict[str, Any]]:
        """The outputs (rows, vocabulary) behind tokens (rows,), and the states there."""
        position = states["position"]
        if position.max(initial=0) >= self.context:
            raise ValueError(f"step_of: the model has {self.context} positions, and a row goes beyond them")
        index = int(position[0]) if (position == position[0]).all() else position
        caches = dict(zip(map(id, self.blocks), states["caches"], strict=True))

        def call(layer: Any, *args: Any, **kwargs: Any) -> Any:
            if isinstance(layer, _POSITIONS):
                return layer(*args, **{**kwargs, "start_index": index})
            if id(layer) not in caches:
                return layer(*args, **kwargs)
            kwargs |= {"self_attention_cache": caches[id(layer)], "self_attention_cache_update_index": index}
            output, caches[id(layer)] = layer(*args, **kwargs)
            return output

        found = self.model._run_with(Tensor(np.asarray(tokens, np.int32)[:, None]), call)
        after = {"position": position + 1, "caches": [caches[id(block)] for block in self.blocks]}
        return np.asarray(found.numpy()[:, 0], np.float64), after


def _check_layer(layer: Any) -> None:
    known = isinstance(layer, (*_POSITIONS, *_STEPWISE, layers.TransformerDecoder, layers.InputLayer))
    if isinstance(layer, layers.Operation):
        known = layer.function_name in _OPERATIONS
    axis = getattr(layer, "axis", -1)
    if not known or axis not in (-1, [-1], 2, [2]):
        raise ValueError(
            f"step_of: {layer._title} looks at other steps; between decoder blocks every step is by itself"
        )
