"""Noise that only acts in training: GaussianNoise, GaussianDropout, AlphaDropout; and a penalty."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from recurra import checks, ops, random, regularizers
from recurra.checks import number
from recurra.layers.arguments import Shape, checked_noise_shape, shape_of_noise
from recurra.layers.base import Layer
from recurra.layers.documentation import documented

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from recurra.layers.options import BaseOptions, LayerOptions


class _Noise(Layer):
    """Draws numbers in training, from a generator of its own if it has a seed."""

    _computes_with_floats = True

    def __init__(self, seed: int | None = None, **kwargs: Unpack[LayerOptions]) -> None:
        super().__init__(**kwargs)
        self.seed = checks.seed(seed, type(self).__name__)
        self.seed_generator = None if self.seed is None else random.SeedGenerator(self.seed)
        self.supports_masking = True

    def compute_output_shape(self, input_shape: Any) -> Shape:
        return tuple(input_shape)

    def _normal(self, inputs: Any, mean: float, stddev: float) -> Any:
        return random.normal(inputs.shape, mean=mean, stddev=stddev, dtype=inputs.dtype, seed=self.seed_generator)


@documented
class GaussianNoise(_Noise):
    """Adds normal random numbers in training.

    Args:
        stddev: Their standard deviation, >= 0.
        seed: Integer; default None, which draws from the global generator.
        {layer arguments}

    Input shape:
        Any.

    Output shape:
        That of the input.

    Raises:
        ValueError: An argument is out of range.

    Example:
        >>> layer = recurra.layers.GaussianNoise(0.1, seed=1)
        >>> y = layer(np.zeros((100, 100), "float32"), training=True)
        >>> round(float(y.numpy().std()), 2)
        0.1
    """

    config_arguments = ("stddev", "seed")

    def __init__(self, stddev: float, seed: int | None = None, **kwargs: Unpack[LayerOptions]) -> None:
        super().__init__(seed, **kwargs)
        self.stddev = number(stddev, "GaussianNoise", "stddev", 0)

    def call(self, inputs: Any, training: bool = False) -> Any:
        if not training or self.stddev == 0:
            return inputs
        return inputs + self._normal(inputs, 0.0, self.stddev)


@documented
class GaussianDropout(_Noise):
    """In training multiplies by normal random numbers of mean 1 and variance rate / (1 − rate).

    Args:
        rate: In [0, 1).
        seed: Integer; default None, which draws from the global generator.
        {layer arguments}

    Input shape:
        Any.

    Output shape:
        That of the input.

    Raises:
        ValueError: An argument is out of range.

    Example:
        >>> layer = recurra.layers.GaussianDropout(0.5, seed=1)
        >>> y = layer(np.ones((100, 100), "float32"), training=True)
        >>> round(float(y.numpy().std()), 1)
        1.0

    Source: Srivastava et al., Dropout: A Simple Way to Prevent Neural Networks from Overfitting, 2014.
    """

    config_arguments = ("rate", "seed")

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Unpack[LayerOptions]) -> None:
        super().__init__(seed, **kwargs)
        self.rate = number(rate, "GaussianDropout", "rate", 0, below=1)

    def call(self, inputs: Any, training: bool = False) -> Any:
        if not training or self.rate == 0:
            return inputs
        return inputs * self._normal(inputs, 1.0, math.sqrt(self.rate / (1 - self.rate)))


@documented
class AlphaDropout(_Noise):
    """Dropout that keeps mean and variance of the outputs of selu.

    Dropped numbers become the lower bound of selu, and the result is scaled and shifted.

    Args:
        rate: Probability of a number to be dropped, in [0, 1).
        noise_shape: Shape of the random mask, 1 along axes that share a draw, None along the others; default None,
            which draws for every number.
        seed: Integer; default None, which draws from the global generator.
        {layer arguments}

    Input shape:
        Any.

    Output shape:
        That of the input.

    Raises:
        ValueError: An argument is out of range, or at the call noise_shape does not fit the input.

    Example:
        >>> layer = recurra.layers.AlphaDropout(0.2, seed=1)
        >>> layer(np.ones((2, 3), "float32"), training=True).shape
        (2, 3)

    Source: Klambauer et al., Self-Normalizing Neural Networks, 2017.
    """

    config_arguments = ("rate", "noise_shape", "seed")

    _bound = -1.6732632423543772 * 1.0507009873554805

    def __init__(
        self, rate: float, noise_shape: Any = None, seed: int | None = None, **kwargs: Unpack[LayerOptions]
    ) -> None:
        super().__init__(seed, **kwargs)
        self.rate = number(rate, "AlphaDropout", "rate", 0, below=1)
        self.noise_shape = checked_noise_shape(noise_shape, "AlphaDropout")

    def call(self, inputs: Any, training: bool = False) -> Any:
        if not training or self.rate == 0:
            return inputs
        draw = shape_of_noise(self.noise_shape, inputs)
        kept = ops.greater_equal(random.uniform(draw, dtype=inputs.dtype, seed=self.seed_generator), self.rate)
        scale = ((1 - self.rate) * (1 + self.rate * self._bound**2)) ** -0.5
        return ops.where(kept, inputs, self._bound) * scale - scale * self._bound * self.rate


@documented
class ActivityRegularization(Layer):
    """Returns its input and adds a penalty on it to the loss.

        penalty = (l1·Σ|x| + l2·Σx²) / batch

    Args:
        l1: Factor of the absolute values, >= 0; default 0.0.
        l2: Factor of the squares, >= 0; default 0.0.
        trainable: Without effect, as there are no weights; default True.
        {layer arguments}

    Input shape:
        Any.

    Output shape:
        That of the input.

    Raises:
        ValueError: A factor is negative.

    Example:
        >>> layer = recurra.layers.ActivityRegularization(l2=0.5)
        >>> y = layer(np.ones((2, 3), "float32"))
        >>> [float(loss) for loss in layer.losses]
        [1.5]
    """

    config_arguments = ("l1", "l2")

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **kwargs: Unpack[BaseOptions]) -> None:
        owner = "ActivityRegularization"
        self.l1, self.l2 = number(l1, owner, "l1", 0), number(l2, owner, "l2", 0)
        super().__init__(activity_regularizer=regularizers.L1L2(self.l1, self.l2), **kwargs)
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        return inputs

    def compute_output_shape(self, input_shape: Any) -> Shape:
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["activity_regularizer"]  # which follows from l1 and l2
        return config
