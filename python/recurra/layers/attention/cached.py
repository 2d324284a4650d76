"""Multi-head attention that keeps keys and values of the steps so far."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from recurra import ops
from recurra.layers.attention.multi_head import MultiHeadAttention
from recurra.layers.attention.weighing import attend, joined_masks


class CachedAttention(MultiHeadAttention):
    """`MultiHeadAttention` over a cache (batch, 2, S, heads, size): keys at [:, 0], values at [:, 1]."""

    def over_cache(
        self,
        query: Any,
        value: Any,
        cache: Any,
        index: Any,
        mask: Any = None,
        use_causal_mask: bool = False,
        training: bool = False,
    ) -> tuple[Any, Any]:
        """The output, and the cache with keys and values of `value` in it.

        Args:
            query: (batch, T, features).
            value: (batch, T', features), what is new; None to use the cache as it is.
            cache: (batch, 2, S, heads, size).
            index: Where the new steps are written, and the position of the first query: an integer, or one for each
                row (batch,).
            mask: Which key a query sees; broadcasts to (batch, T, S). Default all.
            use_causal_mask: Whether a query sees the keys up to its own position only.
        """
        size = cache.shape[2]
        if value is not None:
            cache = written(cache, ops.stack([self._key(value), self._value(value)], axis=1), index)
        seen = None if mask is None else ops.expand_dims(mask, 1)
        offset = None
        if use_causal_mask:
            size = min(size, int(np.max(index)) + query.shape[1])  # no query sees what lies behind
            if np.ndim(index) == 0:
                offset = int(index)
            else:
                position = np.asarray(index)[:, None] + np.arange(query.shape[1])
                seen = joined_masks(seen, np.arange(cache.shape[2]) <= position[:, None, :, None])
        if seen is not None and seen.shape[-1] > 1:
            seen = seen[..., :size]
        heads, _ = attend(
            self._query(query),
            cache[:, 0, :size],
            cache[:, 1, :size],
            seen,
            1 / math.sqrt(self.key_dim),
            offset is not None,
            offset=offset or 0,
            dropout=self.dropout if training else 0.0,
            seed=self.seed_generator,
        )
        return self._output(heads), cache


def written(cache: Any, new: Any, index: Any) -> Any:
    """The cache (batch, 2, S, heads, size) with `new` (batch, 2, T, heads, size) from step `index` on."""
    steps = new.shape[2]
    size = cache.shape[2]
    first, last = int(np.min(index)), int(np.max(index)) + steps
    if first < 0 or last > size:
        raise ValueError(f"steps {first} to {last - 1} do not fit into a cache of {size} steps; make a longer cache")
    if np.ndim(index) == 0:
        return ops.slice_update(cache, (0, 0, first, 0, 0), new)
    for step in range(steps):
        here = np.arange(size) == np.asarray(index)[:, None] + step
        cache = ops.where(here[:, None, :, None, None], new[:, :, step : step + 1], cache)
    return cache
