"""Scaled dot-product attention."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from recurra import _engine, checks
from recurra.ops.operation import composed
from recurra.tensor import Tensor

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

_WHO = "dot_product_attention"


@composed
def dot_product_attention(
    query: ArrayLike | Tensor,
    key: ArrayLike | Tensor,
    value: ArrayLike | Tensor,
    bias: ArrayLike | Tensor | None = None,
    mask: ArrayLike | Tensor | None = None,
    scale: float | None = None,
    is_causal: bool = False,
    flash_attention: bool | None = None,
    attn_logits_soft_cap: float | None = None,
    *,
    causal_offset: int = 0,
    window: tuple[int | None, int | None] | None = None,
    dropout: float = 0.0,
    stream: tuple[int, int] | None = None,
) -> Tensor:
    """Weighted means of values, weighted by how well each query fits each key.

    s = scale · query keyᵀ + bias, output = softmax(s) value, for each head. The scores of a query are never stored as a
    whole, in training neither. A query that sees no key gives zeros, and passes no gradient.

    Args:
        query: Shape (batch, T, heads, size).
        key: Shape (batch, S, key heads, size). The heads are a multiple of the key heads; each key head serves as many
            neighbouring heads (grouped-query attention; Ainslie et al., 2023).
        value: Shape (batch, S, key heads, value size).
        bias: Added to the scores; broadcasts to (batch, heads, T, S). Default none.
        mask: Bool, true where a query sees a key; broadcasts to (batch, heads, T, S). Default all true.
        scale: Factor of the products; default 1 / √size.
        is_causal: Whether query t sees the keys up to t + `causal_offset` only; default False.
        flash_attention: Taken for Keras's sake, without effect.
        attn_logits_soft_cap: c bounds the scores by c · tanh(s / c) (before the bias); default no bound.
        causal_offset: Position of query 0 among the keys; S − T where the keys of earlier steps come from a cache.
            Default 0.
        window: (left, right): query t sees the keys from t + causal_offset − left to t + causal_offset + right; None
            stands for no bound. Default no window.
        dropout: Share of the weights that are dropped; the others are scaled by 1 / (1 − dropout). Default 0.
        stream: (seed, stream) of the dropout's random numbers, as `recurra.random.next_stream()` gives; needed with it.

    Returns:
        Shape (batch, T, heads, value size).

    Raises:
        ValueError: Shapes, heads or numbers do not fit each other.

    Source: Vaswani et al., "Attention is all you need", 2017; Dao et al., "FlashAttention", 2022.

    Example:
        >>> x = np.random.default_rng(0).standard_normal((2, 5, 4, 8)).astype("float32")
        >>> recurra.ops.dot_product_attention(x, x, x, is_causal=True).shape
        (2, 5, 4, 8)
    """
    q = _engine.operand(query)
    if q.ndim != 4:
        raise ValueError(f"{_WHO}: query must have the axes (batch, steps, heads, size), got shape {q.shape}")
    left, right = (None, None) if window is None else window
    if is_causal:
        right = 0 if right is None else min(right, 0)
    size = q.shape[-1]
    factor = 1.0 / math.sqrt(max(size, 1)) if scale is None else checks.number(scale, _WHO, "scale")
    cap = 0.0 if attn_logits_soft_cap is None else checks.number(attn_logits_soft_cap, _WHO, "attn_logits_soft_cap", 0)
    rate = checks.number(dropout, _WHO, "dropout", 0)
    if rate > 0 and stream is None:
        raise ValueError(f"{_WHO}: dropout needs stream=, e.g. recurra.random.next_stream()")
    result: Tensor = _engine.dot_product_attention(
        q, key, value, bias, mask, factor, cap, left, right, causal_offset, rate, *(stream or (0, 0))
    )
    return result
