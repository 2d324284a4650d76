"""Optimizers with Keras's names, arguments, defaults and formulas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from recurra import serialization
from recurra.checks import attribute_hints, unknown_name
from recurra.optimizers import schedules
from recurra.optimizers.adagrad import Adadelta, Adagrad
from recurra.optimizers.adam import Adam, Adamax, AdamW, Nadam
from recurra.optimizers.ftrl import Ftrl
from recurra.optimizers.lion import Lion
from recurra.optimizers.normed import Adafactor, Lamb
from recurra.optimizers.optimizer import Optimizer
from recurra.optimizers.rmsprop import RMSprop
from recurra.optimizers.sgd import SGD

__all__ = [
    "SGD",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Ftrl",
    "Lamb",
    "Lion",
    "Nadam",
    "Optimizer",
    "RMSprop",
    "deserialize",
    "get",
    "schedules",
    "serialize",
]

_OPTIMIZERS: dict[str, type[Optimizer]] = {
    optimizer.__name__.lower(): optimizer
    for optimizer in (SGD, RMSprop, Adam, AdamW, Adamax, Nadam, Adagrad, Adadelta, Ftrl, Lion, Lamb, Adafactor)
}


def serialize(optimizer: Optimizer) -> dict[str, Any] | None:
    """An optimizer as its class and arguments.

    Example:
        >>> recurra.optimizers.serialize(recurra.optimizers.Adam(0.01))["class_name"]
        'Adam'
    """
    return serialization.serialize(optimizer)


def deserialize(described: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Optimizer:
    """The optimizer that `serialize` described.

    Args:
        described: What `serialize` gave.
        custom_objects: Classes of your own by name, beside those registered.

    Raises:
        ValueError: There is no such optimizer.

    Example:
        >>> recurra.optimizers.deserialize(recurra.optimizers.serialize(recurra.optimizers.Adam(0.01)))
        Adam(learning_rate=0.01)
    """
    optimizer: Optimizer = serialization.deserialize(described, Optimizer, custom_objects)
    return optimizer


def get(identifier: str | Optimizer | type[Optimizer] | Mapping[str, Any]) -> Optimizer:
    """An optimizer from its name ('rmsprop', 'adam', 'sgd', …), its class, its configuration, or itself.

    Args:
        identifier: A name, a class or a description; optimizers are returned as they are.

    Raises:
        ValueError: There is no such optimizer; the message names the close ones.
        TypeError: It is nothing of these.

    Example:
        >>> recurra.optimizers.get("adam")
        Adam()
    """
    if isinstance(identifier, Optimizer):
        return identifier
    if isinstance(identifier, type) and issubclass(identifier, Optimizer):
        return identifier()  # type: ignore[call-arg]
    if isinstance(identifier, Mapping):
        return deserialize(identifier)
    if isinstance(identifier, str):
        cls = _OPTIMIZERS.get(identifier.lower()) or serialization.custom_object(identifier)
        if cls is None:
            raise unknown_name("optimizer", identifier, _OPTIMIZERS)
        return get(cls)
    raise TypeError(f"optimizer: expected a name or an Optimizer, got {type(identifier).__name__}")


if not TYPE_CHECKING:
    __getattr__ = attribute_hints(__name__)
