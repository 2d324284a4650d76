"""What tells attention, which sees a set of steps, where each of them stands."""

from __future__ import annotations

from typing import Any

import numpy as np

from recurra import checks, initializers, ops
from recurra.layers.base import Layer
from recurra.layers.documentation import documented
from recurra.tensor import Tensor


@documented
class PositionEmbedding(Layer):
    """A vector for each position, that training finds; Gehring et al., 2017.

    Args:
        sequence_length: Positions there are; longer inputs are refused.
        initializer: Of the table; default "glorot_uniform".
        {layer arguments}

    Call arguments:
        inputs: (batch, …, T, features), of which only the shape counts.
        start_index: Position of the first step, an integer or one for each row (batch,). Default 0.

    Input shape:
        (batch, …, T, features).

    Output shape:
        The same; add it to the inputs.

    Raises:
        ValueError: The positions go beyond the table.

    Example:
        >>> layer = recurra.layers.PositionEmbedding(sequence_length=10)
        >>> layer(np.zeros((2, 5, 3), "float32")).shape
        (2, 5, 3)
    """

    _computes_with_floats = True
    config_arguments = ("sequence_length", "initializer")

    def __init__(self, sequence_length: int, initializer: Any = "glorot_uniform", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.sequence_length = checks.whole_number(sequence_length, "PositionEmbedding", "sequence_length")
        self.initializer = initializers.get(initializer)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        self.position_embeddings = self.add_weight(
            (self.sequence_length, input_shape[-1]), initializer=self.initializer, name="embeddings"
        )

    def call(self, inputs: Any, start_index: Any = 0) -> Any:
        start_index = _numbers(start_index)
        begin, end = int(np.min(start_index)), int(np.max(start_index)) + inputs.shape[-2]
        if not 0 <= begin <= end <= self.sequence_length:
            raise ValueError(
                f"the steps stand at positions {begin} to {end - 1}, but there are {self.sequence_length}; give "
                "a larger sequence_length or shorter inputs"
            )
        if start_index.ndim == 0:
            return ops.broadcast_to(self.position_embeddings[begin:end], inputs.shape)
        found = ops.embedding(_positions(start_index, inputs), self.position_embeddings)
        return ops.broadcast_to(found, inputs.shape)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return tuple(input_shape)


@documented
class SinePositionEncoding(Layer):
    """Waves of geometrically growing length; Vaswani et al., 2017.

    p_t,j = sin(t / w^(j/d)) for even j and cos(t / w^((j−1)/d)) for odd j, with d features and w = `max_wavelength`.

    Args:
        max_wavelength: w, the longest wave over 2π. Default 10000.
        {layer arguments}

    Call arguments:
        inputs: (batch, …, T, features), of which only the shape counts.
        start_index: Position of the first step, an integer or one for each row (batch,). Default 0.

    Input shape:
        (batch, …, T, features).

    Output shape:
        The same; add it to the inputs.

    Example:
        >>> layer = recurra.layers.SinePositionEncoding()
        >>> layer(np.zeros((2, 5, 4), "float32")).numpy()[0, 0]
        array([0., 1., 0., 1.], dtype=float32)
    """

    _computes_with_floats = True
    config_arguments = ("max_wavelength",)

    def __init__(self, max_wavelength: float = 10000.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.max_wavelength = checks.number(max_wavelength, "SinePositionEncoding", "max_wavelength", least=1)
        self.supports_masking = True

    def call(self, inputs: Any, start_index: Any = 0) -> Any:
        features = inputs.shape[-1]
        position = _positions(start_index, inputs).astype(np.float64)[..., None]
        feature = np.arange(features)
        angle = position / self.max_wavelength ** (2 * (feature // 2) / max(features, 1))
        waves = np.where(feature % 2 == 0, np.sin(angle), np.cos(angle)).astype(self.dtype)
        return ops.broadcast_to(waves, inputs.shape)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return tuple(input_shape)


def _numbers(start_index: Any) -> np.ndarray:
    return np.asarray(start_index.numpy() if isinstance(start_index, Tensor) else start_index)


def _positions(start_index: Any, inputs: Any) -> np.ndarray:
    """Positions of the steps: (T,), or (batch, 1, …, T) where each row starts at its own."""
    steps, start = np.arange(inputs.shape[-2]), _numbers(start_index)
    if start.ndim == 0:
        return steps + int(start)
    if start.shape != inputs.shape[:1]:
        raise ValueError(f"start_index must be an integer, or {inputs.shape[0]} of them, got shape {start.shape}")
    return np.asarray(steps + start.reshape(-1, *[1] * (inputs.ndim - 2)))


@documented
class RotaryEmbedding(Layer):
    """Turns pairs of features by an angle that grows with the position; Su et al., 2021.

    Of the d features, j and j + d/2 are a pair: (a, b) → (a cos θ − b sin θ, b cos θ + a sin θ) with
    θ = t / (f w^(2j/d)), f = `scaling_factor`, w = `max_wavelength`. Products of turned queries and keys depend on the
    distance of their positions alone.

    Args:
        max_wavelength: w. Default 10000.
        scaling_factor: f stretches the positions, for longer sequences than those of the training. Default 1.
        sequence_axis: The axis of the steps. Default 1.
        feature_axis: The axis of the features, of even extent. Default -1.
        {layer arguments}

    Call arguments:
        inputs: Queries or keys.
        start_index: Position of the first step. Default 0.

    Input shape:
        Any with these two axes, such as (batch, T, heads, size).

    Output shape:
        The same.

    Raises:
        ValueError: The number of features is odd.

    Example:
        >>> layer = recurra.layers.RotaryEmbedding()
        >>> x = np.ones((1, 3, 2, 4), "float32")
        >>> bool(np.allclose(layer(x).numpy()[:, 0], x[:, 0]))  # position 0 is not turned
        True
    """

    _computes_with_floats = True
    config_arguments = ("max_wavelength", "scaling_factor", "sequence_axis", "feature_axis")

    def __init__(
        self,
        max_wavelength: float = 10000.0,
        scaling_factor: float = 1.0,
        sequence_axis: int = 1,
        feature_axis: int = -1,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        owner = "RotaryEmbedding"
        self.max_wavelength = checks.number(max_wavelength, owner, "max_wavelength", least=1)
        self.scaling_factor = checks.positive_number(scaling_factor, owner, "scaling_factor")
        self.sequence_axis = checks.whole_number(sequence_axis, owner, "sequence_axis", least=None)
        self.feature_axis = checks.whole_number(feature_axis, owner, "feature_axis", least=None)
        self.supports_masking = True

    def call(self, inputs: Any, start_index: int = 0) -> Any:
        rank = inputs.ndim
        steps_axis, features_axis = self.sequence_axis % rank, self.feature_axis % rank
        steps, features = inputs.shape[steps_axis], inputs.shape[features_axis]
        if features % 2:
            raise ValueError(f"the number of features must be even, got {features}")
        pair = np.arange(0, features, 2) / features
        position = np.arange(start_index, start_index + steps) / self.scaling_factor
        angle = position[:, None] / self.max_wavelength**pair
        if features_axis < steps_axis:
            angle = angle.T
        shape = [1] * rank
        shape[steps_axis], shape[features_axis] = steps, features // 2
        cosine, sine = (f(angle).astype(self.dtype).reshape(shape) for f in (np.cos, np.sin))
        a, b = ops.split(inputs, 2, axis=features_axis)
        return ops.concatenate([a * cosine - b * sine, b * cosine + a * sine], axis=features_axis)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return tuple(input_shape)
