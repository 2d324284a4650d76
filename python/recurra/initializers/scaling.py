"""Initializers whose variance follows from the shape of the weight.

fan_in and fan_out are the extents that a weight (…, in, out) joins: the last two axes, each times the size of the
kernel window before them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from recurra import random
from recurra.checks import number, one_of, whole_number
from recurra.initializers.distributions import RandomInitializer
from recurra.initializers.initializer import Shape, dtype_name
from recurra.tensor import Tensor

# Standard deviation of a standard normal number truncated at ±2.
_TRUNCATED_STDDEV = 0.87962566103423978
_DISTRIBUTIONS = ("uniform", "truncated_normal", "untruncated_normal")


class VarianceScaling(RandomInitializer):
    """Random numbers of mean 0 and variance scale / n.

    n is fan_in, the number of inputs that a unit of the weight's output sums up, fan_out, the number of outputs that an
    input goes to, or their mean.

    Args:
        scale: Positive; default 1.0.
        mode: "fan_in", "fan_out" or their mean "fan_avg"; default "fan_in".
        distribution: "truncated_normal", "untruncated_normal", or "uniform" in ±√(3·scale/n); default
            "truncated_normal". "normal" is another name of the first.
        seed: An integer gives the same numbers at every call; a `recurra.random.SeedGenerator` or None (the global
            generator) new ones each time; default None.
        input_axes: Axes that count for fan_in, for weights with another order of axes; default None.
        output_axes: Axes that count for fan_out; default None.

    Raises:
        ValueError: An argument is out of range.

    Example:
        >>> w = recurra.initializers.VarianceScaling(2.0, distribution="uniform", seed=1)((200, 100))
        >>> round(float(w.numpy().var() * 200), 1)
        2.0

    Source: Glorot & Bengio 2010; He et al. 2015.
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: Any = None,
        input_axes: Sequence[int] | None = None,
        output_axes: Sequence[int] | None = None,
    ) -> None:
        super().__init__(seed)
        owner = type(self).__name__
        self.scale = number(scale, owner, "scale", above=0)
        self.mode = one_of(mode, owner, "mode", ("fan_in", "fan_out", "fan_avg"))
        name = distribution.lower() if isinstance(distribution, str) else distribution
        name = "truncated_normal" if name == "normal" else name
        self.distribution = one_of(name, owner, "distribution", _DISTRIBUTIONS)
        self.input_axes = _axes(input_axes, owner, "input_axes")
        self.output_axes = _axes(output_axes, owner, "output_axes")

    def __call__(self, shape: Shape, dtype: Any = None) -> Tensor:
        shape = tuple(shape)
        fan_in, fan_out = compute_fans(shape, self.input_axes, self.output_axes)
        fans = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}
        variance = self.scale / max(1.0, fans[self.mode])
        drawn: dict[str, Any] = {"dtype": dtype_name(dtype), "seed": self.seed}
        if self.distribution == "uniform":
            limit = math.sqrt(3 * variance)
            return random.uniform(shape, minval=-limit, maxval=limit, **drawn)
        if self.distribution == "untruncated_normal":
            return random.normal(shape, mean=0.0, stddev=math.sqrt(variance), **drawn)
        return random.truncated_normal(shape, mean=0.0, stddev=math.sqrt(variance) / _TRUNCATED_STDDEV, **drawn)


def _axes(value: Any, owner: str, argument: str) -> list[int] | None:
    return None if value is None else [whole_number(axis, owner, argument, None) for axis in value]


class GlorotUniform(VarianceScaling):
    """Uniform random numbers of variance 2 / (fan_in + fan_out), the default of most kernels.

    Args:
        seed: An integer gives the same numbers at every call; a `recurra.random.SeedGenerator` or None (the global
            generator) new ones each time; default None.

    Example:
        >>> recurra.initializers.GlorotUniform(seed=1)((3, 4)).shape
        (3, 4)

    Source: Glorot & Bengio, Understanding the Difficulty of Training Deep Feedforward Neural Networks, 2010.
    """

    def __init__(self, seed: Any = None) -> None:
        super().__init__(1.0, "fan_avg", "uniform", seed)


class GlorotNormal(VarianceScaling):
    """Truncated normal random numbers of variance 2 / (fan_in + fan_out).

    Args:
        seed: An integer gives the same numbers at every call; a `recurra.random.SeedGenerator` or None (the global
            generator) new ones each time; default None.

    Example:
        >>> recurra.initializers.GlorotNormal(seed=1)((3, 4)).shape
        (3, 4)

    Source: Glorot & Bengio, Understanding the Difficulty of Training Deep Feedforward Neural Networks, 2010.
    """

    def __init__(self, seed: Any = None) -> None:
        super().__init__(1.0, "fan_avg", "truncated_normal", seed)


class HeUniform(VarianceScaling):
    """Uniform random numbers of variance 2 / fan_in, for layers with relu.

    Args:
        seed: An integer gives the same numbers at every call; a `recurra.random.SeedGenerator` or None (the global
            generator) new ones each time; default None.

    Example:
        >>> recurra.initializers.HeUniform(seed=1)((3, 4)).shape
        (3, 4)

    Source: He et al., Delving Deep into Rectifiers, 2015.
    """

    def __init__(self, seed: Any = None) -> None:
        super().__init__(2.0, "fan_in", "uniform", seed)


class HeNormal(VarianceScaling):
    """Truncated normal random numbers of variance 2 / fan_in, for layers with relu.

    Args:
        seed: An integer gives the same numbers at every call; a `recurra.random.SeedGenerator` or None (the global
            generator) new ones each time; default None.

    Example:
        >>> recurra.initializers.HeNormal(seed=1)((3, 4)).shape
        (3, 4)

    Source: He et al., Delving Deep into Rectifiers, 2015.
    """

    def __init__(self, seed: Any = None) -> None:
        super().__init__(2.0, "fan_in", "truncated_normal", seed)


class LecunUniform(VarianceScaling):
    """Uniform random numbers of variance 1 / fan_in.

    Args:
        seed: An integer gives the same numbers at every call; a `recurra.random.SeedGenerator` or None (the global
            generator) new ones each time; default None.

    Example:
        >>> recurra.initializers.LecunUniform(seed=1)((3, 4)).shape
        (3, 4)

    Source: LeCun et al., Efficient BackProp, 1998.
    """

    def __init__(self, seed: Any = None) -> None:
        super().__init__(1.0, "fan_in", "uniform", seed)


class LecunNormal(VarianceScaling):
    """Truncated normal random numbers of variance 1 / fan_in, for layers with selu.

    Args:
        seed: An integer gives the same numbers at every call; a `recurra.random.SeedGenerator` or None (the global
            generator) new ones each time; default None.

    Example:
        >>> recurra.initializers.LecunNormal(seed=1)((3, 4)).shape
        (3, 4)

    Source: Klambauer et al., Self-Normalizing Neural Networks, 2017.
    """

    def __init__(self, seed: Any = None) -> None:
        super().__init__(1.0, "fan_in", "truncated_normal", seed)


def compute_fans(
    shape: Shape, input_axes: Sequence[int] | None = None, output_axes: Sequence[int] | None = None
) -> tuple[int, int]:
    """Compute how many numbers a weight joins on either side.

    Args:
        shape: Extents of the weight.
        input_axes: Axes that count for fan_in; default None, the last but one.
        output_axes: Axes that count for fan_out; default None, the last one.

    Returns:
        (fan_in, fan_out); a vector of n counts n for both, a scalar 1.

    Example:
        >>> recurra.initializers.compute_fans((3, 5, 7))
        (15, 21)
    """
    shape = tuple(shape)
    if input_axes is not None or output_axes is not None:
        ins, outs = [{axis % len(shape) for axis in axes or ()} for axes in (input_axes, output_axes)]
        window = math.prod(extent for axis, extent in enumerate(shape) if axis not in ins | outs)
        return math.prod(shape[axis] for axis in ins) * window, math.prod(shape[axis] for axis in outs) * window
    if len(shape) < 2:
        extent = shape[0] if shape else 1
        return extent, extent
    window = math.prod(shape[:-2])
    return shape[-2] * window, shape[-1] * window
