"""Activation functions by name.

Each takes a tensor, array or symbolic tensor and returns one of the same shape.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from recurra import ops, serialization
from recurra.checks import attribute_hints

__all__ = [
    "celu",
    "deserialize",
    "elu",
    "exponential",
    "gelu",
    "get",
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
    "softmax",
    "softplus",
    "softsign",
    "swish",
    "tanh",
]

Activation = Callable[..., Any]


def linear(x: Any) -> Any:
    """Return the input: f(x) = x.

    Args:
        x: A tensor, array or symbolic tensor.

    Returns:
        The same.

    Example:
        >>> recurra.activations.linear(3.0)
        3.0
    """
    return x


def relu(x: Any, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Any:
    """Compute the rectified linear unit.

        f(x) = min(x, max_value) for x ≥ threshold, negative_slope·(x − threshold) below it

    Args:
        x: A tensor, array or symbolic tensor.
        negative_slope: Slope below the threshold, >= 0; default 0.0.
        max_value: Upper bound, >= 0; default None, no bound.
        threshold: Below it values are set to zero or damped, >= 0; default 0.0.

    Returns:
        A tensor of the same shape.

    Raises:
        ValueError: An argument is negative.

    Example:
        >>> recurra.activations.relu(np.array([-2.0, 0.0, 2.0])).numpy().round(4)
        array([0., 0., 2.])

    Source: Nair & Hinton, Rectified Linear Units Improve Restricted Boltzmann Machines, 2010.
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
    """Compute the rectified linear unit with a slope for negative numbers.

        f(x) = x for x ≥ 0, negative_slope·x below

    Args:
        x: A tensor, array or symbolic tensor.
        negative_slope: Slope below zero; default 0.2.

    Returns:
        A tensor of the same shape.

    Example:
        >>> recurra.activations.leaky_relu(np.array([-2.0, 0.0, 2.0])).numpy().round(4)
        array([-0.4,  0. ,  2. ])

    Source: Maas et al., Rectifier Nonlinearities Improve Neural Network Acoustic Models, 2013.
    """
    return ops.leaky_relu(x, negative_slope=negative_slope)


def relu6(x: Any) -> Any:
    """Compute the rectified linear unit with the upper bound 6.

        f(x) = min(max(x, 0), 6)

    Args:
        x: A tensor, array or symbolic tensor.

    Returns:
        A tensor of the same shape.

    Example:
        >>> recurra.activations.relu6(np.array([3.0, 9.0])).numpy()
        array([3., 6.])

    Source: Krizhevsky, Convolutional Deep Belief Networks on CIFAR-10, 2010.
    """
    return ops.relu6(x)


def elu(x: Any, alpha: float = 1.0) -> Any:
    """Compute the exponential linear unit.

        f(x) = x for x > 0, alpha·(eˣ − 1) below

    Args:
        x: A tensor, array or symbolic tensor.
        alpha: Minus the limit for large negative numbers; default 1.0.

    Returns:
        A tensor of the same shape.

    Example:
        >>> recurra.activations.elu(np.array([-2.0, 0.0, 2.0])).numpy().round(4)
        array([-0.8647,  0.    ,  2.    ])

    Source: Clevert et al., Fast and Accurate Deep Network Learning by Exponential Linear Units, 2016.
    """
    return ops.elu(x, alpha=alpha)


def selu(x: Any) -> Any:
    """Compute the scaled exponential linear unit.

        f(x) = λ·elu(x, α), λ ≈ 1.0507, α ≈ 1.6733

    Args:
        x: A tensor, array or symbolic tensor.

    Returns:
        A tensor of the same shape.

    Example:
        >>> recurra.activations.selu(np.array([-2.0, 0.0, 2.0])).numpy().round(4)
        array([-1.5202,  0.    ,  2.1014])

    Source: Klambauer et al., Self-Normalizing Neural Networks, 2017.
    """
    return ops.selu(x)


def celu(x: Any, alpha: float = 1.0) -> Any:
    """Compute the continuously differentiable exponential linear unit.

        f(x) = max(x, 0) + min(0, alpha·(e^(x/alpha) − 1))

    Args:
        x: A tensor, array or symbolic tensor.
        alpha: Minus the limit for large negative numbers; default 1.0.

    Returns:
        A tensor of the same shape.

    Example:
        >>> recurra.activations.celu(np.array([-2.0, 0.0, 2.0])).numpy().round(4)
        array([-0.8647,  0.    ,  2.    ])

    Source: Barron, Continuously Differentiable Exponential Linear Units, 2017.
    """
    return ops.celu(x, alpha=alpha)


def gelu(x: Any, approximate: bool = False) -> Any:
    """Compute the Gaussian error linear unit.

        f(x) = x·Φ(x)

    Args:
        x: A tensor, array or symbolic tensor.
        approximate: Whether Φ is approximated by tanh; default False.

    Returns:
        A tensor of the same shape.

    Example:
        >>> recurra.activations.gelu(np.array([-2.0, 0.0, 2.0])).numpy().round(4)
        array([-0.0455,  0.    ,  1.9545])

    Source: Hendrycks & Gimpel, Gaussian Error Linear Units, 2016.
    """
    return ops.gelu(x, approximate=approximate)


def silu(x: Any) -> Any:
    """Compute the sigmoid linear unit, also called swish.

        f(x) = x·σ(x)

    Args:
        x: A tensor, array or symbolic tensor.

    Returns:
        A tensor of the same shape.

    Example:
        >>> recurra.activations.silu(np.array([-2.0, 0.0, 2.0])).numpy().round(4)
        array([-0.2384,  0.    ,  1.7616])

    Source: Ramachandran et al., Searching for Activation Functions, 2017.
    """
    return ops.silu(x)


swish = silu


def hard_silu(x: Any) -> Any:
    """Compute the piecewise polynomial form of silu, also called hard swish.

        f(x) = x·hard_sigmoid(x)

    Args:
        x: A tensor, array or symbolic tensor.

    Returns:
        A tensor of the same shape.

    Example:
        >>> recurra.activations.hard_silu(np.array([-2.0, 0.0, 2.0])).numpy().round(4)
        array([-0.3333,  0.    ,  1.6667])

    Source: Howard et al., Searching for MobileNetV3, 2019.
    """
    return ops.hard_silu(x)


hard_swish = hard_silu


def mish(x: Any) -> Any:
    """Compute the function mish.

        f(x) = x·tanh(softplus(x))

    Args:
        x: A tensor, array or symbolic tensor.

    Returns:
        A tensor of the same shape.

    Example:
        >>> recurra.activations.mish(np.array([-2.0, 0.0, 2.0])).numpy().round(4)
        array([-0.2525,  0.    ,  1.944 ])

    Source: Misra, Mish: A Self Regularized Non-Monotonic Activation Function, 2019.
    """
    return x * ops.tanh(ops.softplus(x))


def softplus(x: Any) -> Any:
    """Compute the smooth form of relu.

        f(x) = log(1 + eˣ)

    Args:
        x: A tensor, array or symbolic tensor.

    Returns:
        A tensor of the same shape.

    Example:
        >>> recurra.activations.softplus(np.array([-2.0, 0.0, 2.0])).numpy().round(4)
        array([0.1269, 0.6931, 2.1269])
    """
    return ops.softplus(x)


def softsign(x: Any) -> Any:
    """Compute the function softsign.

        f(x) = x / (1 + |x|)

    Args:
        x: A tensor, array or symbolic tensor.

    Returns:
        A tensor of the same shape.

    Example:
        >>> recurra.activations.softsign(np.array([-2.0, 0.0, 2.0])).numpy().round(4)
        array([-0.6667,  0.    ,  0.6667])
    """
    return ops.softsign(x)


def tanh(x: Any) -> Any:
    """Compute the hyperbolic tangent.

        f(x) = (eˣ − e⁻ˣ) / (eˣ + e⁻ˣ)

    Args:
        x: A tensor, array or symbolic tensor.

    Returns:
        A tensor of the same shape.

    Example:
        >>> recurra.activations.tanh(np.array([-2.0, 0.0, 2.0])).numpy().round(4)
        array([-0.964,  0.   ,  0.964])
    """
    return ops.tanh(x)


def hard_tanh(x: Any) -> Any:
    """Compute the piecewise linear form of tanh.

        f(x) = min(max(x, −1), 1)

    Args:
        x: A tensor, array or symbolic tensor.

    Returns:
        A tensor of the same shape.

    Example:
        >>> recurra.activations.hard_tanh(np.array([-2.0, 0.0, 2.0])).numpy().round(4)
        array([-1.,  0.,  1.])
    """
    return ops.clip(x, -1.0, 1.0)


def sigmoid(x: Any) -> Any:
    """Compute the logistic function.

        f(x) = 1 / (1 + e⁻ˣ)

    Args:
        x: A tensor, array or symbolic tensor.

    Returns:
        A tensor of the same shape.

    Example:
        >>> recurra.activations.sigmoid(np.array([-2.0, 0.0, 2.0])).numpy().round(4)
        array([0.1192, 0.5   , 0.8808])
    """
    return ops.sigmoid(x)


def hard_sigmoid(x: Any) -> Any:
    """Compute the piecewise linear form of the logistic function.

        f(x) = min(max(x/6 + 1/2, 0), 1)

    Args:
        x: A tensor, array or symbolic tensor.

    Returns:
        A tensor of the same shape.

    Example:
        >>> recurra.activations.hard_sigmoid(np.array([-2.0, 0.0, 2.0])).numpy().round(4)
        array([0.1667, 0.5   , 0.8333])

    Source: Courbariaux et al., BinaryConnect, 2015.
    """
    return ops.hard_sigmoid(x)


def log_sigmoid(x: Any) -> Any:
    """Compute the logarithm of the logistic function, without overflow.

        f(x) = log(1 / (1 + e⁻ˣ))

    Args:
        x: A tensor, array or symbolic tensor.

    Returns:
        A tensor of the same shape.

    Example:
        >>> recurra.activations.log_sigmoid(np.array([-2.0, 0.0, 2.0])).numpy().round(4)
        array([-2.1269, -0.6931, -0.1269])
    """
    return -ops.softplus(-x)


def exponential(x: Any) -> Any:
    """Compute the exponential function.

        f(x) = eˣ

    Args:
        x: A tensor, array or symbolic tensor.

    Returns:
        A tensor of the same shape.

    Example:
        >>> recurra.activations.exponential(np.array([0.0, 1.0])).numpy().round(4)
        array([1.    , 2.7183])
    """
    return ops.exp(x)


def softmax(x: Any, axis: int = -1) -> Any:
    """Compute positive numbers that add up to one along an axis.

        f(x)_i = exp(x_i) / Σ_j exp(x_j)

    Args:
        x: A tensor, array or symbolic tensor.
        axis: The axis; default -1.

    Returns:
        A tensor of the same shape.

    Example:
        >>> recurra.activations.softmax(np.array([0.0, 0.0])).numpy().round(4)
        array([0.5, 0.5])
    """
    return ops.softmax(x, axis=axis)


def log_softmax(x: Any, axis: int = -1) -> Any:
    """Compute the logarithm of softmax, without overflow.

        f(x)_i = x_i − log Σ_j exp(x_j)

    Args:
        x: A tensor, array or symbolic tensor.
        axis: The axis; default -1.

    Returns:
        A tensor of the same shape.

    Example:
        >>> recurra.activations.log_softmax(np.array([0.0, 0.0])).numpy().round(4)
        array([-0.6931, -0.6931])
    """
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
