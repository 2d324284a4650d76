"""Activation functions by name.

Each takes a tensor, array or symbolic tensor and returns one of the same shape; `glu` halves an axis.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from recurra import serialization
from recurra.activations.exponentials import exponential, log_softmax, softmax
from recurra.activations.rectifiers import (
    celu,
    elu,
    gelu,
    hard_silu,
    leaky_relu,
    linear,
    mish,
    relu,
    relu6,
    selu,
    silu,
    softplus,
    squareplus,
)
from recurra.activations.shrinking import (
    hard_shrink,
    soft_shrink,
    sparse_plus,
    sparse_sigmoid,
    sparsemax,
    tanh_shrink,
    threshold,
)
from recurra.activations.sigmoids import glu, hard_sigmoid, hard_tanh, log_sigmoid, sigmoid, softsign, tanh
from recurra.checks import attribute_hints

__all__ = [
    "celu",
    "deserialize",
    "elu",
    "exponential",
    "gelu",
    "get",
    "glu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "leaky_relu",
    "linear",
    "log_sigmoid",
    "log_softmax",
    "mish",
    "relu",
    "relu6",
    "selu",
    "serialize",
    "sigmoid",
    "silu",
    "soft_shrink",
    "softmax",
    "softplus",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "squareplus",
    "swish",
    "tanh",
    "tanh_shrink",
    "threshold",
]

Activation = Callable[..., Any]

swish = silu
hard_swish = hard_silu

_NAMES: dict[str, Activation] = {
    function.__name__: function
    for function in (
        linear, relu, leaky_relu, relu6, elu, selu, celu, gelu, silu, hard_silu, mish, softplus, softsign, tanh,
        hard_tanh, sigmoid, hard_sigmoid, log_sigmoid, exponential, softmax, log_softmax,
        glu, hard_shrink, soft_shrink, tanh_shrink, threshold, squareplus, sparse_plus, sparsemax, sparse_sigmoid,
    )
} | {"swish": silu, "hard_swish": hard_silu}  # fmt: skip


# Layers that end in one of these have the engine compute it in the pass over their outputs; the bits are the same.
_IN_ENGINE = {id(function): function.__name__ for function in (linear, relu, selu, silu, softsign, tanh, sigmoid)}


def name_in_engine(activation: Any) -> str | None:
    """The engine's name of a function that it computes together with a layer's product; None for any other."""
    return _IN_ENGINE.get(id(activation))


def get(identifier: Any) -> Any:
    """Look an activation function up.

    Args:
        identifier: A name such as "relu", configuration or function; None stands for `linear`.

    Returns:
        The function.

    Raises:
        ValueError: The name is unknown.
        TypeError: It is something else.

    Example:
        >>> recurra.activations.get("relu").__name__
        'relu'
    """
    if identifier is None:
        return linear
    if isinstance(identifier, str):
        return _NAMES.get(identifier) or serialization.named("activation", identifier, _NAMES)
    if isinstance(identifier, dict):
        restored = serialization.restored(identifier)
        return restored if callable(restored) else serialization.deserialize(identifier)
    if callable(identifier):
        return identifier
    raise TypeError(f"expected an activation function, its name, or None, got {identifier!r}")


def serialize(activation: Any) -> Any:
    """Describe an activation function by its name, or an object by its configuration.

    Args:
        activation: The function or object.

    Returns:
        What `deserialize` takes.

    Raises:
        TypeError: The function has no name that it could be found by.

    Example:
        >>> recurra.activations.serialize(recurra.activations.tanh)
        'tanh'
    """
    name = getattr(activation, "__name__", None)
    if isinstance(name, str) and _NAMES.get(name) is activation:
        return name
    return serialization.plain(activation)


def deserialize(described: Any) -> Any:
    """Find the activation that `serialize` described.

    Args:
        described: The name or configuration.

    Returns:
        The function or object.

    Example:
        >>> recurra.activations.deserialize("tanh") is recurra.activations.tanh
        True
    """
    return get(described)


if not TYPE_CHECKING:
    __getattr__ = attribute_hints(__name__)
