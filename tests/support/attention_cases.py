"""Calls of attention layers and of what stands around them: one table for the stored Keras values and for the tests."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class AttentionCase:
    """One call: layer, its arguments, shapes of its inputs, options of the call.

    Attributes:
        listed: Whether the layer takes its inputs as one list.
        masks: Shapes of masks by their argument; of listed inputs the argument is `mask` and holds a list.
    """

    name: str
    layer: str
    arguments: dict[str, Any]
    shapes: tuple[tuple[int, ...], ...]
    options: dict[str, Any] = field(default_factory=dict)
    masks: dict[str, Any] = field(default_factory=dict)
    listed: bool = False

    def inputs(self, dtype: Any = np.float32) -> list[np.ndarray]:
        rng = np.random.default_rng([1, *self.name.encode()])
        return [rng.standard_normal(shape).astype(dtype) for shape in self.shapes]

    def weights(self, shapes: list[tuple[int, ...]], dtype: Any = np.float32) -> list[np.ndarray]:
        rng = np.random.default_rng([2, *self.name.encode()])
        return [(0.5 * rng.standard_normal(shape)).astype(dtype) for shape in shapes]

    def call_options(self) -> dict[str, Any]:
        rng = np.random.default_rng([3, *self.name.encode()])

        def draw(shape: tuple[int, ...]) -> np.ndarray:
            mask = rng.random(shape) < 0.7
            mask[..., 0] = True  # Keras gives what it likes where all keys are masked
            return mask

        drawn = {
            name: [draw(one) for one in shape] if isinstance(shape, list) else draw(shape)
            for name, shape in self.masks.items()
        }
        return {**self.options, **drawn}

    def call(self, layer: Any, inputs: list[Any], options: dict[str, Any] | None = None) -> Any:
        options = self.call_options() if options is None else options
        return layer(inputs, **options) if self.listed else layer(*inputs, **options)


_PAIR = ((2, 5, 4), (2, 7, 4))
_TRIPLE = ((2, 5, 4), (2, 7, 3), (2, 7, 4))
_SCORES = {"return_attention_scores": True}
_LISTED = {"mask": [(2, 5), (2, 7)]}


def _listed(
    layer: str, *rows: tuple[str, dict[str, Any], tuple[tuple[int, ...], ...], dict[str, Any], dict[str, Any]]
) -> Any:
    return tuple(AttentionCase(f"{layer} {name}", layer, a, s, o, m, listed=True) for name, a, s, o, m in rows)


def _heads(
    layer: str, *rows: tuple[str, dict[str, Any], tuple[tuple[int, ...], ...], dict[str, Any], dict[str, Any]]
) -> Any:
    return tuple(AttentionCase(f"{layer} {name}", layer, a, s, o, m) for name, a, s, o, m in rows)


_MHA = {"num_heads": 3, "key_dim": 4}
_GQA = {"head_dim": 4, "num_query_heads": 6, "num_key_value_heads": 2}

CASES: tuple[AttentionCase, ...] = (
    *_listed(
        "Attention",
        ("plain", {}, _PAIR, {}, {}),
        ("key of its own", {}, _TRIPLE, {}, {}),
        ("scale", {"use_scale": True}, _PAIR, _SCORES, {}),
        ("concat", {"score_mode": "concat", "use_scale": True}, _PAIR, _SCORES, {}),
        ("concat without scale", {"score_mode": "concat"}, _TRIPLE, {}, {}),
        ("causal", {}, _PAIR, {"use_causal_mask": True}, {}),
        ("masks", {}, _PAIR, {}, _LISTED),
        ("masks, causal, scores", {"use_scale": True}, _PAIR, {"use_causal_mask": True, **_SCORES}, _LISTED),
    ),
    *_listed(
        "AdditiveAttention",
        ("plain", {}, _PAIR, {}, {}),
        ("without scale", {"use_scale": False}, _TRIPLE, _SCORES, {}),
        ("masks, causal", {}, _PAIR, {"use_causal_mask": True}, _LISTED),
    ),
    *_heads(
        "MultiHeadAttention",
        ("self", _MHA, ((2, 5, 6), (2, 5, 6)), {}, {}),
        ("cross", _MHA, ((2, 5, 6), (2, 7, 4)), {}, {}),
        ("key of its own", {**_MHA, "value_dim": 5}, ((2, 5, 6), (2, 7, 4), (2, 7, 3)), _SCORES, {}),
        ("no bias", {**_MHA, "use_bias": False}, ((2, 5, 6), (2, 7, 4)), {}, {}),
        ("output shape", {**_MHA, "output_shape": 9}, ((2, 5, 6), (2, 7, 4)), {}, {}),
        ("output axes", {**_MHA, "output_shape": (2, 3)}, ((2, 5, 6), (2, 7, 4)), {}, {}),
        ("causal", _MHA, ((2, 7, 6), (2, 7, 6)), {"use_causal_mask": True}, {}),
        ("causal, scores", _MHA, ((2, 5, 6), (2, 7, 6)), {"use_causal_mask": True, **_SCORES}, {}),
        ("causal, longer", _MHA, ((2, 7, 6), (2, 5, 6)), {"use_causal_mask": True}, {}),
        ("attention mask", _MHA, ((2, 5, 6), (2, 7, 4)), {}, {"attention_mask": (2, 5, 7)}),
        ("mask of heads", _MHA, ((2, 5, 6), (2, 7, 4)), _SCORES, {"attention_mask": (2, 3, 5, 7)}),
        (
            "all masks",
            _MHA,
            ((2, 7, 6), (2, 7, 6)),
            {"use_causal_mask": True},
            {"value_mask": (2, 7), "attention_mask": (2, 7, 7)},
        ),
        ("gate", {**_MHA, "use_gate": True}, ((2, 5, 6), (2, 7, 4)), {}, {}),
        ("window", {**_MHA, "sliding_window": 2}, ((2, 7, 6), (2, 7, 6)), {}, {}),
        ("causal window", {**_MHA, "sliding_window": 3}, ((2, 7, 6), (2, 7, 6)), {"use_causal_mask": True}, {}),
        ("two axes", _MHA, ((2, 3, 4, 6), (2, 2, 5, 6)), {}, {}),
        ("one of two axes", {**_MHA, "attention_axes": (2,)}, ((2, 3, 4, 6), (2, 3, 5, 6)), _SCORES, {}),
        ("first of two axes", {**_MHA, "attention_axes": (1,)}, ((2, 3, 4, 6), (2, 5, 4, 6)), {}, {}),
    ),
    *_heads(
        "GroupedQueryAttention",
        ("self", _GQA, ((2, 5, 6), (2, 5, 6)), {}, {}),
        ("cross, scores", _GQA, ((2, 5, 6), (2, 7, 4)), _SCORES, {}),
        ("one head of keys", {**_GQA, "num_key_value_heads": 1}, ((2, 5, 6), (2, 7, 4), (2, 7, 3)), {}, {}),
        ("causal", _GQA, ((2, 7, 6), (2, 7, 6)), {"use_causal_mask": True}, {}),
        ("masks", _GQA, ((2, 5, 6), (2, 7, 4)), {}, {"value_mask": (2, 7), "attention_mask": (2, 5, 7)}),
        ("gate, no bias", {**_GQA, "use_gate": True, "use_bias": False}, ((2, 5, 6), (2, 7, 4)), {}, {}),
    ),
)
