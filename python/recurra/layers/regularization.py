"""Noise that only acts in training: SpatialDropout1D, GaussianNoise, GaussianDropout, AlphaDropout; and a penalty."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from recurra import ops, random, regularizers
from recurra.layers.arguments import Shape, probability
from recurra.layers.base import Layer
from recurra.layers.core import Dropout
from recurra.layers.input_spec import InputSpec


class SpatialDropout1D(Dropout):
    """Dropout of whole channels: one draw for all steps of a sequence.

    Arguments:
        rate: probability of a channel to be dropped, in [0, 1]; the others are divided by 1 − rate.
        seed: integer, or None for the global generator.

    Shapes: (batch, time, channels), unchanged.
    Source: Tompson et al. 2015.
    """

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(rate, noise_shape=(None, 1, None), seed=seed, **kwargs)
        self.input_spec = InputSpec(ndim=3)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["noise_shape"]
        return config


class _Noise(Layer):
    """Draws numbers in training, from a generator of its own if it has a seed."""

    _computes_with_floats = True

    def __init__(self, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.seed = seed
        self.seed_generator = None if seed is None else random.SeedGenerator(seed)
        self.supports_masking = True

    def compute_output_shape(self, input_shape: Any) -> Shape:
        return tuple(input_shape)

    def _normal(self, inputs: Any, mean: float, stddev: float) -> Any:
        return random.normal(inputs.shape, mean=mean, stddev=stddev, dtype=inputs.dtype, seed=self.seed_generator)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "seed": self.seed}


class GaussianNoise(_Noise):
    """Adds normal numbers in training.

    Arguments:
        stddev: their standard deviation, >= 0.
        seed: integer, or None for the global generator.
    """

    def __init__(self, stddev: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(seed, **kwargs)
        if isinstance(stddev, bool) or not isinstance(stddev, (int, float, np.number)) or not 0 <= stddev < math.inf:
            raise ValueError(f"GaussianNoise: stddev must be a number >= 0, got {stddev!r}")
        self.stddev = float(stddev)

    def call(self, inputs: Any, training: bool = False) -> Any:
        if not training or self.stddev == 0:
            return inputs
        return inputs + self._normal(inputs, 0.0, self.stddev)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "stddev": self.stddev}


class GaussianDropout(_Noise):
    """Multiplies by normal numbers of mean 1 and variance rate / (1 − rate) in training.

    Arguments:
        rate: in [0, 1).
        seed: integer, or None for the global generator.

    Source: Srivastava et al. 2014.
    """

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(seed, **kwargs)
        self.rate = probability("GaussianDropout", "rate", rate)
        if self.rate == 1:
            raise ValueError("GaussianDropout: rate must be less than 1, where the variance has no bound")

    def call(self, inputs: Any, training: bool = False) -> Any:
        if not training or self.rate == 0:
            return inputs
        return inputs * self._normal(inputs, 1.0, math.sqrt(self.rate / (1 - self.rate)))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rate": self.rate}


class AlphaDropout(_Noise):
    """Dropout that keeps mean and variance of selu's outputs: dropped numbers become selu's lower bound, and the result
    is scaled and shifted.

    Arguments:
        rate: probability of a number to be dropped, in [0, 1).
        noise_shape: shape of the draw, 1 or None along axes that share it or have their own; None: as the input.
        seed: integer, or None for the global generator.

    Source: Klambauer et al. 2017.
    """

    _bound = -1.6732632423543772 * 1.0507009873554805

    def __init__(self, rate: float, noise_shape: Any = None, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(seed, **kwargs)
        self.rate = probability("AlphaDropout", "rate", rate)
        if self.rate == 1:
            raise ValueError("AlphaDropout: rate must be less than 1; nothing of the input would be left")
        self.noise_shape = None if noise_shape is None else tuple(noise_shape)

    def call(self, inputs: Any, training: bool = False) -> Any:
        if not training or self.rate == 0:
            return inputs
        shape = self.noise_shape or (None,) * inputs.ndim
        if len(shape) != inputs.ndim:
            raise ValueError(f"noise_shape {shape} does not fit an input of shape {inputs.shape}")
        draw = [extent if wanted is None else wanted for wanted, extent in zip(shape, inputs.shape, strict=True)]
        kept = ops.greater_equal(random.uniform(draw, dtype=inputs.dtype, seed=self.seed_generator), self.rate)
        scale = ((1 - self.rate) * (1 + self.rate * self._bound**2)) ** -0.5
        return ops.where(kept, inputs, self._bound) * scale - scale * self._bound * self.rate

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rate": self.rate, "noise_shape": self.noise_shape}


class ActivityRegularization(Layer):
    """Returns its input and adds a penalty l1·Σ|x| + l2·Σx², divided by the batch, to the loss.

    Arguments:
        l1, l2: factors, >= 0.
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **kwargs: Any) -> None:
        super().__init__(activity_regularizer=regularizers.L1L2(l1=l1, l2=l2), **kwargs)
        self.l1, self.l2 = float(l1), float(l2)
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        return inputs

    def compute_output_shape(self, input_shape: Any) -> Shape:
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["activity_regularizer"]
        return {**config, "l1": self.l1, "l2": self.l2}
