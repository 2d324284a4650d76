"""Scores become weights, weights a mean of values: masks, dropout, and whether the weights are asked for.

Letters: B batch, T queries, S keys, N heads of queries, G heads of keys (N a multiple of G), D and E sizes of a key and
of a value.
"""

from __future__ import annotations

from functools import reduce
from typing import Any

import numpy as np

from recurra import ops, random

_LOWEST = {"float32": -3e38, "float64": -1e300}


def softmax_over_keys(scores: Any, mask: Any = None) -> Any:
    """The softmax along the last axis over the keys that `mask` shows; zeros where it shows none."""
    if mask is None:
        return ops.softmax(scores, axis=-1)
    shown = ops.softmax(ops.where(mask, scores, _LOWEST[scores.dtype]), axis=-1)
    return ops.where(mask, shown, 0.0)


def joined_masks(*masks: Any) -> Any:
    """True where all masks that are given are; None if none is given."""
    given = [ops.cast(mask, "bool") for mask in masks if mask is not None]
    return reduce(ops.logical_and, given) if given else None


def band_mask(queries: int, keys: int, left: int | None = None, right: int | None = None, offset: int = 0) -> Any:
    """Shape (T, S): true where query t sees key s by position, t + offset − left ≤ s ≤ t + offset + right."""
    distance = np.arange(keys) - (np.arange(queries)[:, None] + offset)
    seen = np.ones((queries, keys), bool)
    if left is not None:
        seen &= distance >= -left
    if right is not None:
        seen &= distance <= right
    return seen


def attend(
    query: Any,
    key: Any,
    value: Any,
    mask: Any,
    scale: float,
    is_causal: bool = False,
    window: tuple[int | None, int | None] | None = None,
    offset: int = 0,
    dropout: float = 0.0,
    seed: random.SeedGenerator | None = None,
    return_scores: bool = False,
) -> tuple[Any, Any]:
    """Scaled dot-product attention of heads: (output, weights), the weights None unless they are asked for.

    Args:
        query: (B, T, N, D). key: (B, S, G, D). value: (B, S, G, E).
        mask: Broadcasts to (B, N, T, S), or None.
        dropout: Of the weights; 0 outside of training.
        seed: Where the dropout draws from; None for the global generator.
    """
    if not return_scores:
        stream = None
        if dropout > 0:
            stream = random.next_stream() if seed is None else seed.next()
        output = ops.dot_product_attention(
            query,
            key,
            value,
            mask=mask,
            scale=scale,
            is_causal=is_causal,
            causal_offset=offset,
            window=window,
            dropout=dropout,
            stream=stream,
        )
        return output, None
    heads = query.shape[2] // key.shape[2]
    if heads > 1:
        key, value = (ops.repeat(x, heads, axis=2) for x in (key, value))
    left, right = (None, None) if window is None else window
    if is_causal:
        right = 0 if right is None else min(right, 0)
    if (left, right) != (None, None):
        mask = joined_masks(mask, band_mask(query.shape[1], key.shape[1], left, right, offset))
    scores = ops.einsum("btnd,bsnd->bnts", query, key) * scale
    weights = softmax_over_keys(scores, mask)
    if dropout > 0:
        weights = random.dropout(weights, dropout, seed=seed)
    return ops.einsum("bnts,bsne->btne", weights, value), weights
