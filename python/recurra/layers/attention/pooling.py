"""One vector of a sequence: the mean of its steps, weighted by how well each of them answers a learned question."""

from __future__ import annotations

from typing import Any

from recurra import _engine, activations, checks, ops
from recurra.layers.arguments import add_weight, store_weight_arguments
from recurra.layers.attention.weighing import softmax_over_keys
from recurra.layers.base import Layer
from recurra.layers.configuration import weight_arguments
from recurra.layers.documentation import documented


@documented
class AttentionPooling(Layer):
    """Attention pooling; Yang et al., Hierarchical Attention Networks for Document Classification, 2016.

    u_t = tanh(W h_t + b), α = softmax over t of (u_t · c), s = Σ_t α_t h_t. The context c is learned. Masked steps have
    no weight; where all steps are masked, s is zero and passes no gradient.

    Weights: kernel (features, units), bias (units), context (units).

    Args:
        units: Length of u; default None, as many as features.
        activation: In place of tanh, by name or as a function; default "tanh".
        use_bias: Whether there is b; default True.
        {weight arguments}
        {layer arguments}

    Call arguments:
        inputs: (batch, …, T, features).
        mask: Bool (batch, …, T), true for steps that count; by default the mask of the inputs.
        return_attention_scores: Whether (s, α) is returned. Default False.

    Input shape:
        (batch, …, T, features).

    Output shape:
        (batch, …, features); the weights α are (batch, …, T).

    Raises:
        ValueError: The inputs have fewer than three axes or no steps, or the mask has another shape.

    Example:
        >>> pooled, weights = recurra.layers.AttentionPooling(units=4)(
        ...     np.ones((2, 5, 3), "float32"), return_attention_scores=True
        ... )
        >>> pooled.shape, weights.shape, round(weights.numpy()[0].sum(), 5).item()
        ((2, 3), (2, 5), 1.0)
    """

    _computes_with_floats = True
    config_arguments = ("units", "activation", "use_bias", *weight_arguments("kernel", "bias", "context"))

    def __init__(
        self,
        units: int | None = None,
        activation: Any = "tanh",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        context_initializer: Any = "glorot_uniform",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        context_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        context_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        owner = "AttentionPooling"
        self.units = None if units is None else checks.whole_number(units, owner, "units")
        self.activation = activations.get(activation)
        self.use_bias = checks.boolean(use_bias, owner, "use_bias")
        store_weight_arguments(self, "kernel", kernel_initializer, kernel_regularizer, kernel_constraint)
        store_weight_arguments(self, "bias", bias_initializer, bias_regularizer, bias_constraint)
        store_weight_arguments(self, "context", context_initializer, context_regularizer, context_constraint)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        if len(input_shape) < 3:
            raise ValueError(f"expected at least 3 axes (batch, steps, features), got {tuple(input_shape)}")
        features = input_shape[-1]
        units = features if self.units is None else self.units
        self.kernel = add_weight(self, "kernel", (features, units))
        self.bias = add_weight(self, "bias", (units,)) if self.use_bias else None
        self.context = add_weight(self, "context", (units,))

    def scores(self, inputs: Any) -> Any:
        """How well each step answers: u · c, (batch, …, T)."""
        asked = self.activation(_engine.dense(inputs, self.kernel, self.bias, "linear"))
        return ops.squeeze(ops.matmul(asked, ops.expand_dims(self.context, -1)), -1)

    def call(self, inputs: Any, mask: Any = None, return_attention_scores: bool = False) -> Any:
        if inputs.shape[-2] == 0:
            raise ValueError("the input has no steps; there is nothing to pool")
        if mask is not None and tuple(mask.shape) != tuple(inputs.shape[:-1]):
            raise ValueError(f"expected a mask of shape {tuple(inputs.shape[:-1])}, got {tuple(mask.shape)}")
        weights = softmax_over_keys(self.scores(inputs), mask)
        pooled = weighted_mean(weights, inputs)
        return (pooled, weights) if return_attention_scores else pooled

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """With more axes than one of steps, which of the vectors come from any step that counts."""
        return None if mask is None or mask.ndim < 3 else ops.any(mask, axis=-1)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (*input_shape[:-2], input_shape[-1])


def weighted_mean(weights: Any, steps: Any) -> Any:
    """Σ_t weights (…, T) steps (…, T, F): shape (…, F)."""
    return ops.squeeze(ops.matmul(ops.expand_dims(weights, -2), steps), -2)
