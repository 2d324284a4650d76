"""Linear and rectified units: unbounded on one side or on both."""

from __future__ import annotations

from typing import Any

from recurra import ops


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

        f(x) = min(x, max_value) for x > threshold, negative_slope·(x − threshold) up to it

    Args:
        x: A tensor, array or symbolic tensor.
        negative_slope: Slope below the threshold, >= 0; default 0.0.
        max_value: Upper bound, >= 0; default None, no bound.
        threshold: Up to it values are set to zero or damped, >= 0; default 0.0.

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
        y = ops.where(ops.greater(x, threshold), x, below)
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


def squareplus(x: Any, b: float = 4.0) -> Any:
    """Compute the smooth form of relu that needs a square root only.

        f(x) = (x + √(x² + b)) / 2

    Args:
        x: A tensor, array or symbolic tensor.
        b: How smooth the bend at zero is, >= 0; default 4.0.

    Returns:
        A tensor of the same shape.

    Raises:
        ValueError: `b` is negative.

    Example:
        >>> recurra.activations.squareplus(np.array([-1.5, 0.0, 1.5])).numpy()
        array([0.5, 1. , 2. ])

    Source: Barron, Squareplus: A Softplus-Like Algebraic Rectifier, 2021.
    """
    return ops.squareplus(x, b=b)
