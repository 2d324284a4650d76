"""A document as one vector: words make sentences, sentences make the document."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from recurra import checks, ops
from recurra.layers.attention.pooling import AttentionPooling
from recurra.layers.base import Layer
from recurra.layers.documentation import documented
from recurra.tensor import Tensor


@documented
class HierarchicalAttentionEncoder(Layer):
    """Encodes words and then sentences, each followed by attention pooling; Yang et al., 2016.

    h_it = word_encoder(x_i)_t, s_i = Σ_t α_it h_it; h_i = sentence_encoder(s)_i, v = Σ_i α_i h_i, with the weights α of
    two `AttentionPooling` layers. Masked words and sentences without words have no influence and cost little; a
    document without words gives zeros.

    Args:
        word_encoder: A layer from (rows, words, features) to (rows, words, …), such as
            Bidirectional(GRU(50, return_sequences=True)).
        sentence_encoder: Another one, which reads the vectors of the sentences.
        attention_units: Length of u in both poolings; default None, as many as the encoders give features.
        {layer arguments}

    Call arguments:
        inputs: Vectors of words, as an Embedding gives them for whole numbers (batch, sentences, words).
        mask: Bool (batch, sentences, words), true for words that count; by default the mask of the inputs
            (mask_zero=True of the Embedding).
        return_attention_scores: Whether (v, (weights of words, weights of sentences)) is returned. Default False.

    Input shape:
        (batch, sentences, words, features).

    Output shape:
        (batch, features of the sentence encoder); the weights are (batch, sentences, words) and (batch, sentences).

    Raises:
        ValueError: An encoder is no layer or does not return its sequences, or inputs and mask do not fit.

    Example:
        >>> layers = recurra.layers
        >>> encoder = layers.HierarchicalAttentionEncoder(
        ...     layers.Bidirectional(layers.GRU(3, return_sequences=True)),
        ...     layers.Bidirectional(layers.GRU(4, return_sequences=True)),
        ... )
        >>> encoder(np.ones((2, 3, 5, 6), "float32")).shape  # 2 documents of 3 sentences of 5 words
        (2, 8)
    """

    _computes_with_floats = True
    config_arguments: ClassVar[tuple[str, ...]] = ("word_encoder", "sentence_encoder", "attention_units")
    layer_arguments: ClassVar[tuple[str, ...]] = ("word_encoder", "sentence_encoder")

    def __init__(
        self, word_encoder: Any, sentence_encoder: Any, attention_units: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        owner = "HierarchicalAttentionEncoder"
        for name, given in (("word_encoder", word_encoder), ("sentence_encoder", sentence_encoder)):
            if not isinstance(given, Layer):
                raise ValueError(f"{owner}: {name} must be a layer, got {type(given).__name__}")
            if getattr(given, "return_sequences", True) is False:
                raise ValueError(f"{owner}: {name} must be made with return_sequences=True")
        if word_encoder is sentence_encoder:
            raise ValueError(f"{owner}: word_encoder and sentence_encoder must be two layers, got one for both")
        self.word_encoder = word_encoder
        self.sentence_encoder = sentence_encoder
        if attention_units is not None:
            attention_units = checks.whole_number(attention_units, owner, "attention_units")
        self.attention_units = attention_units
        self._word_attention = AttentionPooling(attention_units, dtype=self.dtype, name="word_attention")
        self._sentence_attention = AttentionPooling(attention_units, dtype=self.dtype, name="sentence_attention")
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        if len(input_shape) != 4:
            raise ValueError(f"expected 4 axes (batch, sentences, words, features), got {tuple(input_shape)}")
        batch, sentences, words, features = input_shape
        width = _build(self.word_encoder, (batch, words, features), "word_encoder")
        self._word_attention.build((batch, words, width))
        width = _build(self.sentence_encoder, (batch, sentences, width), "sentence_encoder")
        self._sentence_attention.build((batch, sentences, width))

    def call(self, inputs: Any, mask: Any = None, training: bool = False, return_attention_scores: bool = False) -> Any:
        batch, sentences, words, features = inputs.shape
        if mask is not None and tuple(mask.shape) != (batch, sentences, words):
            raise ValueError(f"expected a mask of shape {(batch, sentences, words)}, got {tuple(mask.shape)}")
        rows = ops.reshape(inputs, (batch * sentences, words, features))
        said = None if mask is None else ops.reshape(mask, (batch * sentences, words))
        places = None if said is None else _Places(said)
        if places is not None:
            rows, said = places.gather(rows), places.gather(said)
        vectors, word_weights = self._word_attention(
            self.word_encoder(rows, **_options(self.word_encoder, said, training)),
            mask=said,
            return_attention_scores=True,
        )
        if places is not None:
            vectors, word_weights = places.scatter(vectors), places.scatter(word_weights)
        vectors = ops.reshape(vectors, (batch, sentences, vectors.shape[-1]))
        present = None if mask is None else ops.any(mask, axis=-1)
        document, sentence_weights = self._sentence_attention(
            self.sentence_encoder(vectors, **_options(self.sentence_encoder, present, training)),
            mask=present,
            return_attention_scores=True,
        )
        if not return_attention_scores:
            return document
        return document, (ops.reshape(word_weights, (batch, sentences, words)), sentence_weights)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """None: no steps are left."""
        return

    def compute_output_shape(self, input_shape: Any) -> Any:
        batch, sentences, words, features = input_shape
        shape = self.word_encoder.compute_output_shape((batch, words, features))
        return (batch, self.sentence_encoder.compute_output_shape((batch, sentences, shape[-1]))[-1])


def _build(encoder: Any, shape: Any, name: str) -> Any:
    """Builds an encoder and returns the number of its features."""
    if not encoder.built:
        encoder.build(shape)
    result = encoder.compute_output_shape(shape)
    if not isinstance(result, tuple) or len(result) != 3:
        raise ValueError(f"{name} must give one sequence (rows, steps, features), got shape {result}")
    return result[-1]


def _options(encoder: Any, mask: Any, training: bool) -> dict[str, Any]:
    options: dict[str, Any] = {"training": training} if encoder._signature.takes_training else {}
    if mask is not None and encoder._signature.mask_arguments:
        options["mask"] = mask
    return options


class _Places:
    """Rows that are not empty, as a batch of their own, and the way back."""

    def __init__(self, mask: Any) -> None:
        full: np.ndarray = np.any(mask.numpy(), axis=-1)
        if not full.any():
            full[:1] = True  # layers need a row; its mask hides it
        self.rows = None if full.all() else np.flatnonzero(full)
        self.back = np.where(full, np.cumsum(full) - 1, full.sum())

    def gather(self, x: Any) -> Any:
        return x if self.rows is None else ops.take(x, self.rows, axis=0)

    def scatter(self, x: Any) -> Any:
        if self.rows is None:
            return x
        zeros = Tensor(np.zeros((1, *x.shape[1:]), x.dtype))
        return ops.take(ops.concatenate([x, zeros], axis=0), self.back, axis=0)
