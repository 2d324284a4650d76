"""Embeddings of tokens for transformers: with their positions, and with the way back from a vector to tokens."""

from __future__ import annotations

from typing import Any

from recurra import checks, initializers, ops
from recurra.layers.attention.positions import PositionEmbedding
from recurra.layers.base import Layer
from recurra.layers.documentation import documented
from recurra.layers.embedding import Embedding


@documented
class ReversibleEmbedding(Embedding):
    """An embedding that also scores each token for a vector, with the same table or one of its own.

    Forwards y = embeddings[token]; reversed, logits = h embeddingsᵀ (Press and Wolf, 2017), or h W with tie_weights
    False.

    Args:
        input_dim: Size of the vocabulary.
        output_dim: Length of a vector.
        tie_weights: Whether both ways share the table. Default True.
        mask_zero: Whether token 0 is padding. Default False.
        logit_soft_cap: c bounds the logits by c · tanh(logit / c); default no bound.
        {weight arguments}
        {layer arguments}

    Call arguments:
        inputs: Tokens, or with `reverse` vectors.
        reverse: Whether vectors become logits. Default False.

    Input shape:
        Whole numbers (batch, T); reversed (batch, T, output_dim).

    Output shape:
        (batch, T, output_dim); reversed (batch, T, input_dim).

    Example:
        >>> layer = recurra.layers.ReversibleEmbedding(input_dim=10, output_dim=4)
        >>> vectors = layer(np.array([[1, 2, 3]]))
        >>> layer(vectors, reverse=True).shape
        (1, 3, 10)
    """

    config_arguments = (*Embedding.config_arguments, "tie_weights", "logit_soft_cap")

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        tie_weights: bool = True,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        logit_soft_cap: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            input_dim,
            output_dim,
            embeddings_initializer,
            embeddings_regularizer,
            embeddings_constraint,
            mask_zero,
            **kwargs,
        )
        owner = "ReversibleEmbedding"
        self.tie_weights = checks.boolean(tie_weights, owner, "tie_weights")
        self.logit_soft_cap = logit_soft_cap
        if logit_soft_cap is not None:
            self.logit_soft_cap = checks.positive_number(logit_soft_cap, owner, "logit_soft_cap")

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        self.reverse_embeddings = None
        if not self.tie_weights:
            self.reverse_embeddings = self.add_weight(
                (self.output_dim, self.input_dim),
                initializer=initializers.get(self.embeddings_initializer),
                name="reverse_embeddings",
            )

    def call(self, inputs: Any, reverse: bool = False) -> Any:
        if not reverse:
            return super().call(inputs)
        table = self.reverse_embeddings
        logits = ops.matmul(inputs, ops.transpose(self.embeddings) if table is None else table)
        cap = self.logit_soft_cap
        return logits if cap is None else ops.tanh(logits / cap) * cap

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return super().compute_mask(inputs, mask) if inputs.ndim == 2 else mask

    def compute_output_shape(self, input_shape: Any, reverse: bool = False) -> Any:
        return (*input_shape[:-1], self.input_dim) if reverse else super().compute_output_shape(input_shape)


@documented
class TokenAndPositionEmbedding(Layer):
    """The sum of an embedding of the token and one of its position.

    Args:
        vocabulary_size: Tokens there are.
        sequence_length: Positions there are; longer inputs are refused.
        embedding_dim: Length of a vector.
        tie_weights: Whether `token_embedding` called with reverse=True uses the same table. Default True.
        embeddings_initializer: Of both tables; default "uniform".
        mask_zero: Whether token 0 is padding. Default False.
        {layer arguments}

    Call arguments:
        inputs: Tokens.
        start_index: Position of the first one, an integer or one for each row (batch,). Default 0.

    Input shape:
        Whole numbers (batch, T).

    Output shape:
        (batch, T, embedding_dim).

    Example:
        >>> layer = recurra.layers.TokenAndPositionEmbedding(vocabulary_size=10, sequence_length=6, embedding_dim=4)
        >>> layer(np.array([[1, 2, 3]])).shape
        (1, 3, 4)
    """

    _casts_inputs = False
    config_arguments = (
        "vocabulary_size",
        "sequence_length",
        "embedding_dim",
        "tie_weights",
        "embeddings_initializer",
        "mask_zero",
    )

    def __init__(
        self,
        vocabulary_size: int,
        sequence_length: int,
        embedding_dim: int,
        tie_weights: bool = True,
        embeddings_initializer: Any = "uniform",
        mask_zero: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        owner = "TokenAndPositionEmbedding"
        self.vocabulary_size = checks.whole_number(vocabulary_size, owner, "vocabulary_size")
        self.sequence_length = checks.whole_number(sequence_length, owner, "sequence_length")
        self.embedding_dim = checks.whole_number(embedding_dim, owner, "embedding_dim")
        self.tie_weights = checks.boolean(tie_weights, owner, "tie_weights")
        self.embeddings_initializer = initializers.get(embeddings_initializer)
        self.mask_zero = checks.boolean(mask_zero, owner, "mask_zero")
        self.token_embedding = ReversibleEmbedding(
            vocabulary_size,
            embedding_dim,
            tie_weights,
            self.embeddings_initializer,
            mask_zero=mask_zero,
            dtype=self.dtype,
            name="token_embedding",
        )
        self.position_embedding = PositionEmbedding(
            sequence_length, self.embeddings_initializer, dtype=self.dtype, name="position_embedding"
        )
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        self.token_embedding.build(input_shape)
        self.position_embedding.build((*input_shape, self.embedding_dim))

    def call(self, inputs: Any, start_index: Any = 0) -> Any:
        tokens = self.token_embedding(inputs)
        return tokens + self.position_embedding(tokens, start_index=start_index)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return self.token_embedding.compute_mask(inputs, mask)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (*input_shape, self.embedding_dim)
