"""What the blocks of the transformer share: their arguments, normalisations and dense layers."""

from __future__ import annotations

from typing import Any, ClassVar

from recurra import activations, checks, initializers
from recurra.layers.base import Layer
from recurra.layers.dense import Dense
from recurra.layers.dropout import Dropout
from recurra.layers.normalization import LayerNormalization


class TransformerBlock(Layer):
    """The arguments of `TransformerEncoder` and `TransformerDecoder`, checked, and the branches around attention."""

    _computes_with_floats = True
    config_arguments: ClassVar[tuple[str, ...]] = (
        "intermediate_dim",
        "num_heads",
        "dropout",
        "activation",
        "layer_norm_epsilon",
        "kernel_initializer",
        "bias_initializer",
        "normalize_first",
    )

    def __init__(
        self,
        intermediate_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        activation: Any = "relu",
        layer_norm_epsilon: float = 1e-5,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        normalize_first: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        owner = type(self).__name__
        self.intermediate_dim = checks.whole_number(intermediate_dim, owner, "intermediate_dim")
        self.num_heads = checks.whole_number(num_heads, owner, "num_heads")
        self.dropout = checks.number(dropout, owner, "dropout", least=0, most=1)
        self.activation = activations.get(activation)
        self.layer_norm_epsilon = checks.number(layer_norm_epsilon, owner, "layer_norm_epsilon", least=0)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.normalize_first = checks.boolean(normalize_first, owner, "normalize_first")
        self.supports_masking = True

    def _start(self) -> dict[str, Any]:
        return {"kernel_initializer": self.kernel_initializer, "bias_initializer": self.bias_initializer}

    def _head_size(self, shape: Any) -> int:
        """Size of a head for an input of this shape. Raises ValueError if the shape does not fit."""
        if len(shape) != 3 or shape[-1] is None:
            raise ValueError(f"expected 3 axes (batch, steps, features), got {tuple(shape)}")
        if shape[-1] % self.num_heads:
            raise ValueError(
                f"the {shape[-1]} features of the input are no multiple of num_heads={self.num_heads}; change one"
            )
        return int(shape[-1]) // self.num_heads

    def _normalization(self, name: str, shape: Any) -> LayerNormalization:
        layer = LayerNormalization(epsilon=self.layer_norm_epsilon, dtype=self.dtype, name=name)
        layer.build(shape)
        return layer

    def _build_dense(self, shape: Any) -> None:
        self._dense_norm = self._normalization("dense_norm", shape)
        start = self._start()
        self._inner = Dense(self.intermediate_dim, self.activation, dtype=self.dtype, name="inner", **start)
        self._inner.build(shape)
        self._outer = Dense(shape[-1], dtype=self.dtype, name="outer", **start)
        self._outer.build((*shape[:-1], self.intermediate_dim))
        self._drop = Dropout(self.dropout, dtype=self.dtype, name="drop")
        self._drop.build(shape)

    def _read(self, x: Any, norm: LayerNormalization) -> Any:
        """What a branch reads: x, in pre-norm normalised."""
        return norm(x) if self.normalize_first else x

    def _joined(self, x: Any, branch: Any, norm: LayerNormalization, training: bool) -> Any:
        """x and a branch of it, in post-norm normalised."""
        x = x + self._drop(branch, training=training)
        return x if self.normalize_first else norm(x)

    def _through_dense(self, x: Any, training: bool) -> Any:
        norm = self._dense_norm
        return self._joined(x, self._outer(self._inner(self._read(x, norm))), norm, training)
