"""The decoder block of the transformer."""

from __future__ import annotations

from typing import Any

import numpy as np

from recurra import checks, ops
from recurra.layers.attention.block import TransformerBlock
from recurra.layers.attention.cached import CachedAttention
from recurra.layers.attention.weighing import joined_masks
from recurra.layers.documentation import documented
from recurra.tensor import Tensor


@documented
class TransformerDecoder(TransformerBlock):
    """A decoder block: causal self-attention, attention to an encoder's output, two dense layers; Vaswani et al., 2017.

    Each of the three has a residual connection and a layer normalisation, behind it or, with `normalize_first`, in
    front of the branch; see `TransformerEncoder`. Without `encoder_sequence` there is no attention to an encoder: so
    decoders of language models are made.

    With a cache a call goes on behind the steps that are in it: keys and values of the new steps are written from
    `self_attention_cache_update_index` on, and nothing else is computed again.

    Args:
        intermediate_dim: Units of the first dense layer; the second one has as many as the input has features.
        num_heads: Heads; they divide the features of the input.
        dropout: Share that is dropped in training, of the attention weights and of all residual branches. Default 0.
        activation: Of the first dense layer; default "relu".
        layer_norm_epsilon: Added to the variance; default 1e-5.
        kernel_initializer: Of all kernels; default "glorot_uniform".
        bias_initializer: Of all biases; default "zeros".
        normalize_first: Pre-norm instead of post-norm. Default False.
        {layer arguments}

    Call arguments:
        decoder_sequence: (batch, T, features).
        encoder_sequence: (batch, S, encoder features), in every call or in none. Default None.
        decoder_padding_mask: Bool (batch, T), true for steps that count; by default the mask of the sequence. With a
            cache (batch, cached steps), and by default all.
        decoder_attention_mask: Bool (batch, T, T), with a cache (batch, T, cached steps): which step sees which.
        encoder_padding_mask: Bool (batch, S); by default the mask of the sequence.
        encoder_attention_mask: Bool (batch, T, S).
        self_attention_cache: Keys and values of the steps so far, (batch, 2, cached steps, heads, size of a head), with
            room for those to come; zeros at first.
        self_attention_cache_update_index: Number of steps in the cache in front of the new ones: an integer, or one for
            each row (batch,). Needed with the cache.
        cross_attention_cache: The same for attention to the encoder, (batch, 2, S, heads, size).
        cross_attention_cache_update_index: 0 to write keys and values of `encoder_sequence` into the cache; None, the
            default, to use it as it is.
        use_causal_mask: Whether a step sees no later ones. Default True.

    Input shape:
        (batch, T, features).

    Output shape:
        The same; with a cache (output, cache), with both caches (output, cache, cross cache).

    Raises:
        ValueError: The heads do not divide the features; a cache is too short or of another shape; an encoder's output
            is given in some calls only; or an argument of a cache is missing.

    Example:
        >>> layer = recurra.layers.TransformerDecoder(intermediate_dim=16, num_heads=2)
        >>> x = np.ones((1, 3, 8), "float32")
        >>> whole = layer(x)
        >>> cache = np.zeros((1, 2, 3, 2, 4), "float32")
        >>> for t in range(3):
        ...     step, cache = layer(
        ...         x[:, t : t + 1], self_attention_cache=cache, self_attention_cache_update_index=t
        ...     )
        >>> bool(np.allclose(step.numpy()[:, 0], whole.numpy()[:, 2], atol=1e-5))
        True
    """

    def build(self, decoder_sequence_shape: Any, encoder_sequence_shape: Any = None) -> None:
        shape = decoder_sequence_shape
        self._self_attention = self._attention("self_attention", shape, shape)
        self._self_norm = self._normalization("self_attention_norm", shape)
        self._cross_attention = None
        if encoder_sequence_shape is not None:
            if len(encoder_sequence_shape) != 3:
                raise ValueError(f"expected an encoder_sequence of 3 axes, got {tuple(encoder_sequence_shape)}")
            self._cross_attention = self._attention("cross_attention", shape, encoder_sequence_shape)
            self._cross_norm = self._normalization("cross_attention_norm", shape)
        self._build_dense(shape)

    def _attention(self, name: str, shape: Any, memory: Any) -> CachedAttention:
        size = self._head_size(shape)
        start = self._start()
        layer = CachedAttention(self.num_heads, size, dropout=self.dropout, dtype=self.dtype, name=name, **start)
        layer.build(shape, memory)
        return layer

    def call(
        self,
        decoder_sequence: Any,
        encoder_sequence: Any = None,
        decoder_padding_mask: Any = None,
        decoder_attention_mask: Any = None,
        encoder_padding_mask: Any = None,
        encoder_attention_mask: Any = None,
        self_attention_cache: Any = None,
        self_attention_cache_update_index: Any = None,
        cross_attention_cache: Any = None,
        cross_attention_cache_update_index: int | None = None,
        use_causal_mask: bool = True,
        mask: Any = None,
        encoder_sequence_mask: Any = None,
        training: bool = False,
    ) -> Any:
        x = decoder_sequence
        caches = self._checked_caches(
            x.shape, self_attention_cache, cross_attention_cache, encoder_sequence, cross_attention_cache_update_index
        )
        read = self._read(x, self._self_norm)
        if caches:
            index = _checked_index(self_attention_cache_update_index, x.shape[0])
            seen = _seen(decoder_padding_mask, decoder_attention_mask)
            attended, self_cache = self._self_attention.over_cache(
                read, read, caches[0], index, seen, use_causal_mask, training
            )
        else:
            if self_attention_cache_update_index is not None:
                raise ValueError("self_attention_cache_update_index is for a cache; give self_attention_cache")
            seen = _seen(joined_masks(decoder_padding_mask, mask), decoder_attention_mask)
            attended = self._self_attention(
                read, read, attention_mask=seen, use_causal_mask=use_causal_mask, training=training
            )
        x = self._joined(x, attended, self._self_norm, training)
        if self._cross_attention is not None:
            read = self._read(x, self._cross_norm)
            seen = _seen(joined_masks(encoder_padding_mask, encoder_sequence_mask), encoder_attention_mask)
            if len(caches) > 1:
                new = None if cross_attention_cache_update_index is None else encoder_sequence
                start = cross_attention_cache_update_index or 0
                attended, cross_cache = self._cross_attention.over_cache(
                    read, new, caches[1], start, seen, training=training
                )
            else:
                attended = self._cross_attention(read, encoder_sequence, attention_mask=seen, training=training)
            x = self._joined(x, attended, self._cross_norm, training)
        x = self._through_dense(x, training)
        if not caches:
            return x
        return (x, self_cache) if len(caches) == 1 else (x, self_cache, cross_cache)

    def _checked_caches(self, shape: Any, own: Any, cross: Any, encoder_sequence: Any, written: Any) -> list[Any]:
        has_cross = self._cross_attention is not None
        if encoder_sequence is not None and not has_cross:
            raise ValueError("the layer was first called without encoder_sequence; give it in every call or in none")
        if has_cross and encoder_sequence is None and (cross is None or written is not None):
            raise ValueError("the layer attends to an encoder; give encoder_sequence, or a cross_attention_cache")
        if has_cross and (own is None) != (cross is None):
            raise ValueError("give self_attention_cache and cross_attention_cache together, or neither")
        if cross is not None and not has_cross:
            raise ValueError("cross_attention_cache is for a layer that is called with encoder_sequence")
        caches = [ops.convert_to_tensor(cache) for cache in (own, cross) if cache is not None]
        for cache, name in zip(caches, ("self_attention_cache", "cross_attention_cache"), strict=False):
            expected = (shape[0], 2, "steps", self.num_heads, shape[2] // self.num_heads)
            if cache.ndim != 5 or any(e not in (n, "steps") for e, n in zip(expected, cache.shape, strict=True)):
                raise ValueError(f"{name} must have the shape ({', '.join(map(str, expected))}), got {cache.shape}")
        return caches

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return mask


def _seen(padding: Any, pairs: Any) -> Any:
    """One mask (batch, T or 1, S) of a mask of keys (batch, S) and one of queries and keys, or None."""
    counted = None if padding is None else ops.expand_dims(padding, 1)
    return joined_masks(counted, pairs)


def _checked_index(index: Any, batch: int) -> Any:
    if index is None:
        raise ValueError("self_attention_cache needs self_attention_cache_update_index, the number of steps in it")
    index = index.numpy() if isinstance(index, Tensor) else index
    if np.ndim(index) == 0:
        return checks.whole_number(index, "TransformerDecoder", "self_attention_cache_update_index", least=0)
    index = np.asarray(index)
    if index.shape != (batch,) or index.dtype.kind not in "iu" or index.min() < 0:
        raise ValueError(f"self_attention_cache_update_index must be an integer >= 0, or {batch} of them, got {index}")
    return index
