"""Initializers: functions of (shape, dtype) that make the first value of a weight.

fan_in and fan_out are the extents that a weight (…, in, out) joins: the last two axes, each times the size of the
kernel window before them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from recurra import random, serialization
from recurra.checks import attribute_hints
from recurra.tensor import Tensor

Shape = Sequence[int]


class Initializer:
    """Makes the first value of a weight: `initializer(shape, dtype) -> Tensor`."""

    def __call__(self, shape: Shape, dtype: Any = None) -> Tensor:
        raise TypeError(f"{type(self).__name__} defines no __call__(self, shape, dtype)")

    def get_config(self) -> dict[str, Any]:
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Initializer:
        return cls(**config)

    def clone(self) -> Initializer:
        return type(self).from_config(self.get_config())


def _dtype(dtype: Any) -> str:
    from recurra import config

    return config.floatx() if dtype is None else np.dtype(dtype).name


class Zeros(Initializer):
    """All zeros."""

    def __call__(self, shape: Shape, dtype: Any = None) -> Tensor:
        return Tensor(np.zeros(tuple(shape), _dtype(dtype)))


class Ones(Initializer):
    """All ones."""

    def __call__(self, shape: Shape, dtype: Any = None) -> Tensor:
        return Tensor(np.ones(tuple(shape), _dtype(dtype)))


class Constant(Initializer):
    """One number everywhere, or an array that fits the shape.

    Arguments:
        value: number or array.
    """

    def __init__(self, value: Any = 0.0) -> None:
        self.value = value

    def __call__(self, shape: Shape, dtype: Any = None) -> Tensor:
        value = np.asarray(self.value)
        try:
            filled = np.broadcast_to(value, tuple(shape))
        except ValueError:
            raise ValueError(
                f"Constant: a value of shape {value.shape} does not fit a weight of shape {tuple(shape)}"
            ) from None
        return Tensor(filled.astype(_dtype(dtype)))

    def get_config(self) -> dict[str, Any]:
        return {"value": self.value if isinstance(self.value, (int, float)) else np.asarray(self.value)}


class Identity(Initializer):
    """`gain` on the diagonal of a matrix, zero elsewhere.

    Raises: ValueError unless the shape has two axes.
    """

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = gain

    def __call__(self, shape: Shape, dtype: Any = None) -> Tensor:
        if len(shape) != 2:
            raise ValueError(f"Identity makes matrices only, got shape {tuple(shape)}")
        return Tensor((self.gain * np.eye(shape[0], shape[1])).astype(_dtype(dtype)))

    def get_config(self) -> dict[str, Any]:
        return {"gain": self.gain}


class RandomInitializer(Initializer):
    """An initializer that draws numbers.

    Arguments:
        seed: an integer gives the same numbers at every call; a `recurra.random.SeedGenerator` or None (the global
            generator) new ones each time.
    """

    def __init__(self, seed: Any = None) -> None:
        if isinstance(seed, dict):
            seed = serialization.deserialize(seed)
        if seed is not None and not isinstance(seed, (int, np.integer, random.SeedGenerator)):
            raise ValueError(f"{type(self).__name__}: seed must be an integer, a SeedGenerator or None, got {seed!r}")
        self.seed = seed

    def get_config(self) -> dict[str, Any]:
        return {"seed": self.seed}


class RandomNormal(RandomInitializer):
    """Normal numbers N(mean, stddev²)."""

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: Any = None) -> None:
        super().__init__(seed)
        self.mean, self.stddev = mean, stddev

    def __call__(self, shape: Shape, dtype: Any = None) -> Tensor:
        return random.normal(tuple(shape), mean=self.mean, stddev=self.stddev, dtype=_dtype(dtype), seed=self.seed)

    def get_config(self) -> dict[str, Any]:
        return {"mean": self.mean, "stddev": self.stddev, **super().get_config()}


class TruncatedNormal(RandomNormal):
    """Normal numbers, drawn again while they lie more than two standard deviations from the mean."""

    def __call__(self, shape: Shape, dtype: Any = None) -> Tensor:
        return random.truncated_normal(
            tuple(shape), mean=self.mean, stddev=self.stddev, dtype=_dtype(dtype), seed=self.seed
        )


class RandomUniform(RandomInitializer):
    """Uniform numbers in [minval, maxval)."""

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: Any = None) -> None:
        super().__init__(seed)
        self.minval, self.maxval = minval, maxval

    def __call__(self, shape: Shape, dtype: Any = None) -> Tensor:
        return random.uniform(tuple(shape), minval=self.minval, maxval=self.maxval, dtype=_dtype(dtype), seed=self.seed)

    def get_config(self) -> dict[str, Any]:
        return {"minval": self.minval, "maxval": self.maxval, **super().get_config()}


class RandomDecay(RandomInitializer):
    """ν for decays a = exp(-exp(ν)) whose squares are uniform between minval² and maxval².

    Raises: ValueError unless 0 < minval < maxval < 1.

    Source: Orvieto et al., Resurrecting Recurrent Neural Networks for Long Sequences, 2023.
    """

    def __init__(self, minval: float = 0.4, maxval: float = 0.99, seed: Any = None) -> None:
        super().__init__(seed)
        if not 0 < minval < maxval < 1:
            raise ValueError(f"RandomDecay: expected 0 < minval < maxval < 1, got minval={minval}, maxval={maxval}")
        self.minval, self.maxval = minval, maxval

    def __call__(self, shape: Shape, dtype: Any = None) -> Tensor:
        squares = random.uniform(tuple(shape), self.minval**2, self.maxval**2, dtype="float64", seed=self.seed).numpy()
        return Tensor(np.log(-0.5 * np.log(squares)).astype(_dtype(dtype)))

    def get_config(self) -> dict[str, Any]:
        return {"minval": self.minval, "maxval": self.maxval, **super().get_config()}


# Standard deviation of a standard normal number truncated at ±2.
_TRUNCATED_STDDEV = 0.87962566103423978


class VarianceScaling(RandomInitializer):
    """Numbers of mean 0 and variance scale / n.

    Arguments:
        scale: positive.
        mode: n is `fan_in`, `fan_out` or their mean `fan_avg`.
        distribution: `truncated_normal`, `untruncated_normal`, or `uniform` in ±√(3·scale/n).
        seed: see RandomInitializer.
        input_axes, output_axes: axes that count for fan_in and fan_out, for weights laid out in another way.

    Source: Glorot and Bengio 2010; He et al. 2015.
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
        if scale <= 0:
            raise ValueError(f"{type(self).__name__}: scale must be positive, got {scale}")
        if mode not in ("fan_in", "fan_out", "fan_avg"):
            raise ValueError(f"{type(self).__name__}: mode must be 'fan_in', 'fan_out' or 'fan_avg', got {mode!r}")
        distribution = distribution.lower()
        distribution = "truncated_normal" if distribution == "normal" else distribution
        if distribution not in ("uniform", "truncated_normal", "untruncated_normal"):
            raise ValueError(
                f"{type(self).__name__}: distribution must be 'uniform', 'truncated_normal' or 'untruncated_normal', "
                f"got {distribution!r}"
            )
        self.scale, self.mode, self.distribution = scale, mode, distribution
        self.input_axes, self.output_axes = input_axes, output_axes

    def __call__(self, shape: Shape, dtype: Any = None) -> Tensor:
        shape = tuple(shape)
        fan_in, fan_out = compute_fans(shape, self.input_axes, self.output_axes)
        fans = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}
        variance = self.scale / max(1.0, fans[self.mode])
        drawn: dict[str, Any] = {"dtype": _dtype(dtype), "seed": self.seed}
        if self.distribution == "uniform":
            limit = math.sqrt(3 * variance)
            return random.uniform(shape, minval=-limit, maxval=limit, **drawn)
        if self.distribution == "untruncated_normal":
            return random.normal(shape, mean=0.0, stddev=math.sqrt(variance), **drawn)
        return random.truncated_normal(shape, mean=0.0, stddev=math.sqrt(variance) / _TRUNCATED_STDDEV, **drawn)

    def get_config(self) -> dict[str, Any]:
        if type(self) is not VarianceScaling:
            return super().get_config()
        return {
            "scale": self.scale,
            "mode": self.mode,
            "distribution": self.distribution,
            **super().get_config(),
            "input_axes": self.input_axes,
            "output_axes": self.output_axes,
        }


class GlorotUniform(VarianceScaling):
    """Uniform numbers of variance 2 / (fan_in + fan_out). Source: Glorot and Bengio 2010."""

    def __init__(self, seed: Any = None) -> None:
        super().__init__(1.0, "fan_avg", "uniform", seed)


class GlorotNormal(VarianceScaling):
    """Truncated normal numbers of variance 2 / (fan_in + fan_out). Source: Glorot and Bengio 2010."""

    def __init__(self, seed: Any = None) -> None:
        super().__init__(1.0, "fan_avg", "truncated_normal", seed)


class HeUniform(VarianceScaling):
    """Uniform numbers of variance 2 / fan_in. Source: He et al. 2015."""

    def __init__(self, seed: Any = None) -> None:
        super().__init__(2.0, "fan_in", "uniform", seed)


class HeNormal(VarianceScaling):
    """Truncated normal numbers of variance 2 / fan_in. Source: He et al. 2015."""

    def __init__(self, seed: Any = None) -> None:
        super().__init__(2.0, "fan_in", "truncated_normal", seed)


class LecunUniform(VarianceScaling):
    """Uniform numbers of variance 1 / fan_in. Source: LeCun et al. 1998, "Efficient BackProp"."""

    def __init__(self, seed: Any = None) -> None:
        super().__init__(1.0, "fan_in", "uniform", seed)


class LecunNormal(VarianceScaling):
    """Truncated normal numbers of variance 1 / fan_in. Source: Klambauer et al. 2017."""

    def __init__(self, seed: Any = None) -> None:
        super().__init__(1.0, "fan_in", "truncated_normal", seed)


class Orthogonal(RandomInitializer):
    """`gain` times a random matrix with orthonormal rows or columns, whichever are fewer.

    The axes before the last are counted as one. The signs of R's diagonal are moved into Q, which makes Q uniform
    over all such matrices.

    Raises: ValueError for fewer than two axes.
    Source: Saxe et al. 2014; Mezzadri 2007.
    """

    def __init__(self, gain: float = 1.0, seed: Any = None) -> None:
        super().__init__(seed)
        self.gain = gain

    def __call__(self, shape: Shape, dtype: Any = None) -> Tensor:
        shape = tuple(shape)
        if len(shape) < 2:
            raise ValueError(f"Orthogonal needs a shape with at least two axes, got {shape}")
        rows, columns = math.prod(shape[:-1]), shape[-1]
        long, short = max(rows, columns), min(rows, columns)
        drawn = random.normal((long, short), dtype="float64", seed=self.seed)
        q, r = np.linalg.qr(drawn.numpy())
        q *= np.where(np.diag(r) < 0, -1.0, 1.0)
        matrix = q if rows >= columns else q.T
        return Tensor(np.ascontiguousarray((self.gain * matrix).reshape(shape).astype(_dtype(dtype))))

    def get_config(self) -> dict[str, Any]:
        return {"gain": self.gain, **super().get_config()}


def compute_fans(
    shape: Shape, input_axes: Sequence[int] | None = None, output_axes: Sequence[int] | None = None
) -> tuple[int, int]:
    """(fan_in, fan_out) of a weight of this shape; a vector of n counts n for both, a scalar 1."""
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


_NAMES: dict[str, type[Initializer]] = {
    "zeros": Zeros,
    "zero": Zeros,
    "ones": Ones,
    "one": Ones,
    "constant": Constant,
    "identity": Identity,
    "eye": Identity,
    "random_normal": RandomNormal,
    "normal": RandomNormal,
    "truncated_normal": TruncatedNormal,
    "random_uniform": RandomUniform,
    "uniform": RandomUniform,
    "random_decay": RandomDecay,
    "variance_scaling": VarianceScaling,
    "glorot_uniform": GlorotUniform,
    "glorot_normal": GlorotNormal,
    "he_uniform": HeUniform,
    "he_normal": HeNormal,
    "lecun_uniform": LecunUniform,
    "lecun_normal": LecunNormal,
    "orthogonal": Orthogonal,
}


def get(identifier: Any) -> Any:
    """An initializer by name, class name, configuration, object or function; arrays become constants.

    Raises: ValueError for unknown names, TypeError for anything else.
    """
    if isinstance(identifier, str):
        return serialization.named("initializer", identifier, _NAMES)()
    if isinstance(identifier, dict):
        return serialization.deserialize(identifier, Initializer)
    if isinstance(identifier, type) and issubclass(identifier, Initializer):
        return identifier()
    if callable(identifier):
        return identifier
    if isinstance(identifier, (np.ndarray, Tensor)):
        return Constant(np.array(identifier))
    raise TypeError(f"expected an initializer, its name, or None, got {identifier!r}")


def serialize(initializer: Any) -> Any:
    """The configuration of an initializer."""
    return serialization.plain(initializer)


def deserialize(described: Any) -> Any:
    """The initializer that `serialize` described."""
    return get(serialization.restored(described))


if not TYPE_CHECKING:
    __getattr__ = attribute_hints(__name__)
