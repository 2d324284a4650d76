"""Initializers: functions of (shape, dtype) that make the first value of a weight."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from recurra import serialization
from recurra.checks import attribute_hints
from recurra.initializers.constant import Constant, Identity, Ones, Zeros
from recurra.initializers.distributions import (
    RandomDecay,
    RandomInitializer,
    RandomNormal,
    RandomRing,
    RandomUniform,
    TruncatedNormal,
)
from recurra.initializers.initializer import Initializer
from recurra.initializers.orthogonal import Orthogonal
from recurra.initializers.scaling import (
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    LecunNormal,
    LecunUniform,
    VarianceScaling,
    compute_fans,
)
from recurra.tensor import Tensor

__all__ = [
    "Constant",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "Initializer",
    "LecunNormal",
    "LecunUniform",
    "Ones",
    "Orthogonal",
    "RandomDecay",
    "RandomInitializer",
    "RandomNormal",
    "RandomRing",
    "RandomUniform",
    "TruncatedNormal",
    "VarianceScaling",
    "Zeros",
    "compute_fans",
    "deserialize",
    "get",
    "serialize",
]

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
    "random_ring": RandomRing,
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
    """Look an initializer up.

    Args:
        identifier: A name such as "glorot_uniform", class, class name, configuration, object or function of (shape,
            dtype); an array becomes a constant.

    Returns:
        The initializer.

    Raises:
        ValueError: The name is unknown.
        TypeError: It is something else.

    Example:
        >>> recurra.initializers.get("he_normal")
        HeNormal()
    """
    if isinstance(identifier, (np.ndarray, Tensor)):
        return Constant(np.array(identifier))
    return serialization.instance("initializer", identifier, Initializer, _NAMES)


def serialize(initializer: Any) -> Any:
    """Describe an initializer by plain values.

    Args:
        initializer: An object or a registered function.

    Returns:
        Its configuration, for `deserialize`.

    Example:
        >>> recurra.initializers.serialize(recurra.initializers.Zeros())["class_name"]
        'Zeros'
    """
    return serialization.plain(initializer)


def deserialize(described: Any) -> Any:
    """Make the initializer that `serialize` described.

    Args:
        described: The configuration.

    Returns:
        The initializer.

    Example:
        >>> described = recurra.initializers.serialize(recurra.initializers.RandomUniform(0, 1))
        >>> recurra.initializers.deserialize(described)
        RandomUniform(minval=0.0, maxval=1.0)
    """
    return get(serialization.restored(described))


if not TYPE_CHECKING:
    __getattr__ = attribute_hints(__name__)
