"""Dropout of single numbers and of whole channels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from recurra import checks, ops, random
from recurra.checks import number
from recurra.layers.arguments import checked_noise_shape, shape_of_noise
from recurra.layers.base import Layer
from recurra.layers.documentation import documented
from recurra.layers.input_spec import InputSpec

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from recurra.layers.options import LayerOptions


@documented
class Dropout(Layer):
    """In training sets each number to zero with probability `rate` and divides the others by 1 − rate.

    Args:
        rate: In [0, 1].
        noise_shape: Shape of the random mask, 1 along axes that share a draw, None along the others, for example
            (None, 1, None) for one draw for all steps of a sequence; default None, which draws for every number.
        seed: Integer; default None, which draws from the global generator.
        {layer arguments}

    Input shape:
        Any.

    Output shape:
        That of the input.

    Raises:
        ValueError: An argument is out of range, or at the call noise_shape does not fit the input.

    Example:
        >>> layer = recurra.layers.Dropout(0.5, seed=1)
        >>> y = layer(np.ones((2, 4), "float32"), training=True)
        >>> sorted(set(y.numpy().ravel().tolist()))
        [0.0, 2.0]

    Source: Srivastava et al., Dropout: A Simple Way to Prevent Neural Networks from Overfitting, 2014.
    """

    config_arguments: ClassVar[tuple[str, ...]] = ("rate", "noise_shape", "seed")

    _computes_with_floats = True

    def __init__(
        self, rate: float, noise_shape: Any = None, seed: int | None = None, **kwargs: Unpack[LayerOptions]
    ) -> None:
        super().__init__(**kwargs)
        owner = type(self).__name__
        self.rate = number(rate, owner, "rate", 0, 1)
        self.noise_shape = checked_noise_shape(noise_shape, owner)
        self.seed = checks.seed(seed, owner)
        self.seed_generator = None if self.seed is None else random.SeedGenerator(self.seed)
        self.supports_masking = True

    def call(self, inputs: Any, training: bool = False) -> Any:
        if not training or self.rate == 0:
            return inputs
        if self.rate == 1:
            return ops.zeros_like(inputs)
        shape = None if self.noise_shape is None else shape_of_noise(self.noise_shape, inputs)
        return random.dropout(inputs, self.rate, noise_shape=shape, seed=self.seed_generator)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape


@documented
class SpatialDropout1D(Dropout):
    """Dropout of whole channels: one draw for all steps of a sequence.

    Args:
        rate: Probability of a channel to be set to zero, in [0, 1]; the others are divided by 1 − rate.
        seed: Integer; default None, which draws from the global generator.
        {layer arguments}

    Input shape:
        (batch, time, channels).

    Output shape:
        That of the input.

    Raises:
        ValueError: An argument is out of range.

    Example:
        >>> layer = recurra.layers.SpatialDropout1D(0.5, seed=1)
        >>> y = layer(np.ones((2, 5, 3), "float32"), training=True).numpy()
        >>> bool((y == y[:, :1]).all())
        True

    Source: Tompson et al., Efficient Object Localization Using Convolutional Networks, 2015.
    """

    config_arguments = ("rate", "seed")

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Unpack[LayerOptions]) -> None:
        super().__init__(rate, noise_shape=(None, 1, None), seed=seed, **kwargs)
        self.input_spec = InputSpec(ndim=3)
