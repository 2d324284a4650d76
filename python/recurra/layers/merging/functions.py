"""The merging layers as functions of their inputs."""

from __future__ import annotations

from typing import Any

from recurra.layers.merging.concatenate import Concatenate
from recurra.layers.merging.dot import Dot
from recurra.layers.merging.elementwise import Add, Average, Maximum, Minimum, Multiply, Subtract


def add(inputs: Any, **kwargs: Any) -> Any:
    """Add tensors; see `Add`.

    Args:
        inputs: A list of tensors, arrays or symbolic tensors.
        **kwargs: Arguments of `Add`.

    Returns:
        The result as a tensor.

    Raises:
        ValueError: The shapes do not fit.

    Example:
        >>> a, b = np.array([[1.0, 5.0]], "float32"), np.array([[3.0, 2.0]], "float32")
        >>> recurra.layers.add([a, b]).numpy()
        array([[4., 7.]], dtype=float32)
    """
    return Add(**kwargs)(inputs)


def subtract(inputs: Any, **kwargs: Any) -> Any:
    """Subtract the second tensor from the first; see `Subtract`.

    Args:
        inputs: A list of tensors, arrays or symbolic tensors.
        **kwargs: Arguments of `Subtract`.

    Returns:
        The result as a tensor.

    Raises:
        ValueError: The shapes do not fit.

    Example:
        >>> a, b = np.array([[1.0, 5.0]], "float32"), np.array([[3.0, 2.0]], "float32")
        >>> recurra.layers.subtract([a, b]).numpy()
        array([[-2.,  3.]], dtype=float32)
    """
    return Subtract(**kwargs)(inputs)


def multiply(inputs: Any, **kwargs: Any) -> Any:
    """Multiply tensors; see `Multiply`.

    Args:
        inputs: A list of tensors, arrays or symbolic tensors.
        **kwargs: Arguments of `Multiply`.

    Returns:
        The result as a tensor.

    Raises:
        ValueError: The shapes do not fit.

    Example:
        >>> a, b = np.array([[1.0, 5.0]], "float32"), np.array([[3.0, 2.0]], "float32")
        >>> recurra.layers.multiply([a, b]).numpy()
        array([[ 3., 10.]], dtype=float32)
    """
    return Multiply(**kwargs)(inputs)


def average(inputs: Any, **kwargs: Any) -> Any:
    """Average tensors element by element; see `Average`.

    Args:
        inputs: A list of tensors, arrays or symbolic tensors.
        **kwargs: Arguments of `Average`.

    Returns:
        The result as a tensor.

    Raises:
        ValueError: The shapes do not fit.

    Example:
        >>> a, b = np.array([[1.0, 5.0]], "float32"), np.array([[3.0, 2.0]], "float32")
        >>> recurra.layers.average([a, b]).numpy()
        array([[2. , 3.5]], dtype=float32)
    """
    return Average(**kwargs)(inputs)


def maximum(inputs: Any, **kwargs: Any) -> Any:
    """Take the largest of tensors, element by element; see `Maximum`.

    Args:
        inputs: A list of tensors, arrays or symbolic tensors.
        **kwargs: Arguments of `Maximum`.

    Returns:
        The result as a tensor.

    Raises:
        ValueError: The shapes do not fit.

    Example:
        >>> a, b = np.array([[1.0, 5.0]], "float32"), np.array([[3.0, 2.0]], "float32")
        >>> recurra.layers.maximum([a, b]).numpy()
        array([[3., 5.]], dtype=float32)
    """
    return Maximum(**kwargs)(inputs)


def minimum(inputs: Any, **kwargs: Any) -> Any:
    """Take the smallest of tensors, element by element; see `Minimum`.

    Args:
        inputs: A list of tensors, arrays or symbolic tensors.
        **kwargs: Arguments of `Minimum`.

    Returns:
        The result as a tensor.

    Raises:
        ValueError: The shapes do not fit.

    Example:
        >>> a, b = np.array([[1.0, 5.0]], "float32"), np.array([[3.0, 2.0]], "float32")
        >>> recurra.layers.minimum([a, b]).numpy()
        array([[1., 2.]], dtype=float32)
    """
    return Minimum(**kwargs)(inputs)


def concatenate(inputs: Any, axis: int = -1, **kwargs: Any) -> Any:
    """Put tensors side by side; see `Concatenate`.

    Args:
        inputs: A list of tensors, arrays or symbolic tensors.
        axis: The axis along which they are joined; default -1.
        **kwargs: Arguments of `Concatenate`.

    Returns:
        The result as a tensor.

    Raises:
        ValueError: The shapes do not fit.

    Example:
        >>> a, b = np.array([[1.0, 5.0]], "float32"), np.array([[3.0, 2.0]], "float32")
        >>> recurra.layers.concatenate([a, b]).numpy()
        array([[1., 5., 3., 2.]], dtype=float32)
    """
    return Concatenate(axis=axis, **kwargs)(inputs)


def dot(inputs: Any, axes: Any = -1, **kwargs: Any) -> Any:
    """Multiply two tensors along an axis; see `Dot`.

    Args:
        inputs: A list of tensors, arrays or symbolic tensors.
        axes: The axis of both inputs, or one for each; default -1.
        **kwargs: Arguments of `Dot`.

    Returns:
        The result as a tensor.

    Raises:
        ValueError: The shapes do not fit.

    Example:
        >>> a, b = np.array([[1.0, 5.0]], "float32"), np.array([[3.0, 2.0]], "float32")
        >>> recurra.layers.dot([a, b], axes=1).numpy()
        array([[13.]], dtype=float32)
    """
    return Dot(axes=axes, **kwargs)(inputs)
