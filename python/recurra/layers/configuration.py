"""The configuration of a layer: its arguments as plain values, and back.

A class names its arguments in `config_arguments`; each is an attribute of the layer too. Those that hold layers or
cells, or lists of them, also stand in `layer_arguments`. How a value is described follows from the end of its name.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from recurra import activations, constraints, initializers, regularizers, serialization
from recurra.layers.signature import argument_names
from recurra.tree import leaves, map_structure

_DESCRIBED_BY: dict[str, Any] = {
    "activation": activations.serialize,
    "initializer": initializers.serialize,
    "regularizer": regularizers.serialize,
    "constraint": constraints.serialize,
}


def weight_arguments(*weights: str) -> tuple[str, ...]:
    """Names of the arguments that say how weights start, are penalised and are projected."""
    return tuple(f"{weight}_{kind}" for weight in weights for kind in ("initializer", "regularizer", "constraint"))


def described_arguments(layer: Any) -> dict[str, Any]:
    """The arguments that the class of a layer names in `config_arguments`, as plain values."""
    held = type(layer).layer_arguments
    return {name: _described(name, getattr(layer, name), name in held) for name in layer.config_arguments}


def _described(name: str, value: Any, holds_layers: bool) -> Any:
    if holds_layers:
        serialize = serialization.serialize
        return [serialize(one) for one in value] if isinstance(value, list) else serialize(value)
    describe = _DESCRIBED_BY.get(name.rpartition("_")[2])
    return value if describe is None else describe(value)


def restored_arguments(cls: Any, config: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a class from its configuration, with the layers in it made again."""
    arguments = dict(config)
    restore = serialization.deserialize
    for name in cls.layer_arguments:
        if name in arguments:
            value = arguments[name]
            arguments[name] = [restore(one) for one in value] if isinstance(value, list) else restore(value)
    return arguments


def settings_beside_defaults(layer: Any) -> dict[str, Any]:
    """The arguments of a layer that are plain values and not the defaults."""
    parameters = inspect.signature(type(layer)).parameters
    found = {}
    for name in layer.config_arguments:
        value = getattr(layer, name, None)
        default = parameters[name].default if name in parameters else None
        same = value == default or value == "channels_last" or (isinstance(value, tuple) and set(value) == {default})
        if isinstance(value, (bool, int, float, str, tuple)) and not same:
            found[name] = value
    return found


def given_arguments(layer: Any, args: Iterable[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments that `__init__` was called with, for a class that names none.

    Raises:
        TypeError: One is not a plain value.
    """
    given = {**dict(zip(argument_names(type(layer).__init__)[1:], args, strict=False)), **kwargs}
    given = {key: map_structure(_plain_number, value) for key, value in given.items()}
    for key, value in given.items():
        if not all(leaf is None or isinstance(leaf, (bool, int, float, str)) for leaf in leaves(value)):
            raise TypeError(
                f"{layer._title}: its argument {key}={value!r} is no plain value; "
                "define get_config() and from_config() to save it"
            )
    return given


def _plain_number(value: Any) -> Any:
    """A scalar of NumPy as Python's; anything else as it is."""
    return value.item() if isinstance(value, np.generic) else value
