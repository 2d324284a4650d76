"""Activation functions by name.

Each takes a tensor, array or symbolic tensor and returns one of the same shape.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from recurra import ops, serialization
from recurra.checks import attribute_hints

Activation = Callable[..., Any]


def linear(x: Any) -> Any:
    """f(x) = x."""
    return x


def relu(x: Any, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Any:
    """f(x) = min(x, max_value) for x ≥ threshold, negative_slope·(x − threshold) below it.

    Raises: ValueError for a negative slope or maximum. Source: Nair and Hinton 2010.
    """
    if negative_slope < 0 or threshold < 0 or (max_value is not None and max_value < 0):
        raise ValueError(
            "relu: negative_slope, max_value and threshold must be >= 0, got "
            f"{negative_slope}, {max_value}, {threshold}"
        )
    if not threshold:
        y = ops.leaky_relu(x, negative_slope=negative_slope) if negative_slope else ops.relu(x)
    else:
        below = negative_slope * (x - threshold)
        y = ops.where(ops.greater_equal(x, threshold), x, below)
    return y if max_value is None else ops.minimum(y, max_value)


def leaky_relu(x: Any, negative_slope: float = 0.2) -> Any:
    """f(x) = x for x ≥ 0, negative_slope·x below. Source: Maas et al. 2013."""
    return ops.leaky_relu(x, negative_slope=negative_slope)


def relu6(x: Any) -> Any:
    """f(x) = min(max(x, 0), 6). Source: Krizhevsky 2010."""
    return ops.relu6(x)


def elu(x: Any, alpha: float = 1.0) -> Any:
    """f(x) = x for x > 0, alpha·(eˣ − 1) below. Source: Clevert et al. 2016."""
    return ops.elu(x, alpha=alpha)


def selu(x: Any) -> Any:
    """f(x) = λ·elu(x, α) with λ ≈ 1.0507, α ≈ 1.6733. Source: Klambauer et al. 2017."""
    return ops.selu(x)


def celu(x: Any, alpha: float = 1.0) -> Any:
    """f(x) = max(x, 0) + min(0, alpha·(e^(x/alpha) − 1)). Source: Barron 2017."""
    return ops.celu(x, alpha=alpha)


def gelu(x: Any, approximate: bool = False) -> Any:
    """f(x) = x·Φ(x), or its approximation by tanh. Source: Hendrycks and Gimpel 2016."""
    return ops.gelu(x, approximate=approximate)


def silu(x: Any) -> Any:
    """f(x) = x·σ(x), also called swish. Source: Ramachandran et al. 2017."""
    return ops.silu(x)


swish = silu


def hard_silu(x: Any) -> Any:
    """f(x) = x·hard_sigmoid(x). Source: Howard et al. 2019."""
    return ops.hard_silu(x)


hard_swish = hard_silu


def mish(x: Any) -> Any:
    """f(x) = x·tanh(softplus(x)). Source: Misra 2019."""
    return x * ops.tanh(ops.softplus(x))


def softplus(x: Any) -> Any:
    """f(x) = log(1 + eˣ)."""
    return ops.softplus(x)


def softsign(x: Any) -> Any:
    """f(x) = x / (1 + |x|)."""
    return ops.softsign(x)


def tanh(x: Any) -> Any:
    """f(x) = (eˣ − e⁻ˣ) / (eˣ + e⁻ˣ)."""
    return ops.tanh(x)


def hard_tanh(x: Any) -> Any:
    """f(x) = min(max(x, −1), 1)."""
    return ops.clip(x, -1.0, 1.0)


def sigmoid(x: Any) -> Any:
    """f(x) = 1 / (1 + e⁻ˣ)."""
    return ops.sigmoid(x)


def hard_sigmoid(x: Any) -> Any:
    """f(x) = min(max(x/6 + 1/2, 0), 1). Source: Courbariaux et al. 2015."""
    return ops.hard_sigmoid(x)


def log_sigmoid(x: Any) -> Any:
    """f(x) = log(1 / (1 + e⁻ˣ)), without overflow."""
    return -ops.softplus(-x)


def exponential(x: Any) -> Any:
    """f(x) = eˣ."""
    return ops.exp(x)


def softmax(x: Any, axis: int = -1) -> Any:
    """f(x)ᵢ = e^xᵢ / Σⱼ e^xⱼ along an axis."""
    return ops.softmax(x, axis=axis)


def log_softmax(x: Any, axis: int = -1) -> Any:
    """f(x)ᵢ = xᵢ − log Σⱼ e^xⱼ along an axis."""
    return ops.log_softmax(x, axis=axis)


_NAMES: dict[str, Activation] = {
    function.__name__: function
    for function in (
        linear, relu, leaky_relu, relu6, elu, selu, celu, gelu, silu, hard_silu, mish, softplus, softsign, tanh,
        hard_tanh, sigmoid, hard_sigmoid, log_sigmoid, exponential, softmax, log_softmax,
    )
} | {"swish": silu, "hard_swish": hard_silu}  # fmt: skip


# Layers that end in one of these have the engine compute it in the pass over their outputs; the bits are the same.
_IN_ENGINE = {id(function): function.__name__ for function in (linear, relu, selu, silu, softsign, tanh, sigmoid)}


def name_in_engine(activation: Any) -> str | None:
    """What the engine calls a function that it computes together with a layer's product; None for any other."""
    return _IN_ENGINE.get(id(activation))


def get(identifier: Any) -> Any:
    """An activation by name, configuration or function; None is `linear`.

    Raises: ValueError for unknown names, TypeError for anything else.
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
    """The name of an activation function, or the configuration of an object.

    Raises: TypeError for a function that is neither the package's nor registered.
    """
    name = getattr(activation, "__name__", None)
    if isinstance(name, str) and _NAMES.get(name) is activation:
        return name
    return serialization.plain(activation)


def deserialize(described: Any) -> Any:
    """The activation that `serialize` described."""
    return get(described)


if not TYPE_CHECKING:
    __getattr__ = attribute_hints(__name__)
