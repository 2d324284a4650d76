"""Tensors of random numbers, by their distribution."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from recurra import _engine, config, ops
from recurra.checks import whole_number
from recurra.random.generators import Seed, generator_of, stream_of
from recurra.tensor import Tensor, convert_to_tensor

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def uniform(
    shape: Sequence[int], minval: float = 0.0, maxval: float = 1.0, dtype: Any = None, seed: Seed = None
) -> Tensor:
    """Uniform numbers in [minval, maxval); whole numbers if `dtype` is an integer type.

    Args:
        shape: Extents of the result, a sequence of integers.
        minval: Lower end; 0 by default.
        maxval: Upper end, which is left out; 1 by default.
        dtype: Element type; `recurra.config.floatx()` by default.
        seed: Integer (the same numbers at every call), `SeedGenerator`, or None for the next stream of the global
            generator.

    Returns:
        A tensor of that shape.

    Raises:
        ValueError: The shape is too large, or the type is no number.

    Example:
        >>> recurra.random.uniform((2,), seed=1)
        Tensor([0.7948216, 0.8918689], shape=(2,), dtype=float32)
    """
    dtype = dtype or config.floatx()
    if np.dtype(dtype).kind in "iu":
        return randint(shape, int(minval), int(maxval), dtype, seed)
    return _engine.random_uniform(shape, *stream_of(seed), minval, maxval, dtype)


def normal(
    shape: Sequence[int], mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: Seed = None
) -> Tensor:
    """Normal numbers with a mean and a standard deviation.

    Args:
        shape: Extents of the result, a sequence of integers.
        mean: Mean; 0 by default.
        stddev: Standard deviation; 1 by default.
        dtype: Element type; `recurra.config.floatx()` by default.
        seed: Integer (the same numbers at every call), `SeedGenerator`, or None for the next stream of the global
            generator.

    Returns:
        A tensor of that shape.

    Raises:
        ValueError: The shape is too large.

    Example:
        >>> recurra.random.normal((2,), seed=1)
        Tensor([0.527212 , 0.1436617], shape=(2,), dtype=float32)
    """
    return _engine.random_normal(shape, *stream_of(seed), mean, stddev, dtype or config.floatx())


def truncated_normal(
    shape: Sequence[int], mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: Seed = None
) -> Tensor:
    """Normal numbers, drawn again where they are more than two standard deviations from the mean.

    Args:
        shape: Extents of the result, a sequence of integers.
        mean: Mean; 0 by default.
        stddev: Standard deviation; 1 by default.
        dtype: Element type; `recurra.config.floatx()` by default.
        seed: Integer (the same numbers at every call), `SeedGenerator`, or None for the next stream of the global
            generator.

    Returns:
        A tensor of that shape.

    Raises:
        ValueError: The shape is too large.

    Example:
        >>> recurra.random.truncated_normal((2,), seed=1)
        Tensor([0.527212 , 0.1436617], shape=(2,), dtype=float32)
    """
    return _engine.random_truncated_normal(shape, *stream_of(seed), mean, stddev, dtype or config.floatx())


def randint(shape: Sequence[int], minval: int, maxval: int, dtype: Any = "int32", seed: Seed = None) -> Tensor:
    """Whole numbers from minval to maxval - 1, each as likely.

    Args:
        shape: Extents of the result, a sequence of integers.
        minval: The least.
        maxval: One more than the largest.
        dtype: Integer type; int32 by default.
        seed: Integer (the same numbers at every call), `SeedGenerator`, or None for the next stream of the global
            generator.

    Returns:
        A tensor of that shape.

    Raises:
        ValueError: `maxval <= minval`, or a limit is not an integer or does not fit into the type.

    Example:
        >>> recurra.random.randint((3,), 0, 10, seed=1)
        Tensor([6, 8, 2], shape=(3,), dtype=int32)
    """
    least, most = (np.iinfo(dtype).min, np.iinfo(dtype).max) if np.dtype(dtype).kind in "iu" else (-(2**63), 2**63 - 1)
    low = whole_number(minval, "randint", "minval", int(least), int(most))
    high = whole_number(maxval, "randint", "maxval", int(least), int(most) + 1)
    if high <= low:
        raise ValueError(f"randint: expected minval < maxval, got {minval} and {maxval}")
    return _engine.operand(generator_of(seed).integers(low, high, size=tuple(shape), dtype=np.int64).astype(dtype))


def bernoulli(shape: Sequence[int], p: float = 0.5, dtype: Any = "int32", seed: Seed = None) -> Tensor:
    """1 with probability `p`, else 0.

    Args:
        shape: Extents of the result, a sequence of integers.
        p: The probability; 0.5 by default.
        dtype: Element type; int32 by default.
        seed: Integer (the same numbers at every call), `SeedGenerator`, or None for the next stream of the global
            generator.

    Returns:
        A tensor of that shape.

    Raises:
        ValueError: `p` is outside [0, 1].

    Example:
        >>> recurra.random.bernoulli((4,), 0.5, seed=1)
        Tensor([0, 0, 0, 1], shape=(4,), dtype=int32)
    """
    if not 0 <= p <= 1:
        raise ValueError(f"bernoulli: expected a probability, got p={p}")
    return ops.cast(_engine.random_uniform(shape, *stream_of(seed), 0.0, 1.0, "float64") < p, dtype)


def binomial(
    shape: Sequence[int], counts: ArrayLike, probabilities: ArrayLike, dtype: Any = None, seed: Seed = None
) -> Tensor:
    """How many of a number of trials succeed.

    Args:
        shape: Extents of the result, a sequence of integers.
        counts: Trials; broadcasts to `shape`.
        probabilities: Of success in one trial; broadcasts to `shape`.
        dtype: Element type; `recurra.config.floatx()` by default.
        seed: Integer (the same numbers at every call), `SeedGenerator`, or None for the next stream of the global
            generator.

    Returns:
        A tensor of that shape.

    Raises:
        ValueError: A count is negative, or a probability outside [0, 1].

    Example:
        >>> recurra.random.binomial((3,), 10, 0.5, seed=1)
        Tensor([6., 6., 5.], shape=(3,), dtype=float32)
    """
    drawn = generator_of(seed).binomial(np.asarray(counts, "int64"), np.asarray(probabilities), size=tuple(shape))
    return _engine.operand(np.asarray(drawn, dtype or config.floatx()))


def gamma(shape: Sequence[int], alpha: ArrayLike, dtype: Any = None, seed: Seed = None) -> Tensor:
    """Numbers with the density x^(alpha - 1) exp(-x) / Gamma(alpha).

    Args:
        shape: Extents of the result, a sequence of integers.
        alpha: Positive; broadcasts to `shape`.
        dtype: Element type; `recurra.config.floatx()` by default.
        seed: Integer (the same numbers at every call), `SeedGenerator`, or None for the next stream of the global
            generator.

    Returns:
        A tensor of that shape.

    Raises:
        ValueError: `alpha` is negative.

    Example:
        >>> recurra.random.gamma((2,), 2.0, seed=1)
        Tensor([0.6960663, 4.753855 ], shape=(2,), dtype=float32)
    """
    drawn = generator_of(seed).gamma(np.asarray(alpha), size=tuple(shape))
    return _engine.operand(np.asarray(drawn, dtype or config.floatx()))


def beta(shape: Sequence[int], alpha: ArrayLike, beta: ArrayLike, dtype: Any = None, seed: Seed = None) -> Tensor:
    """Numbers in [0, 1] with a density in proportion to x^(alpha - 1) (1 - x)^(beta - 1).

    Args:
        shape: Extents of the result, a sequence of integers.
        alpha: Positive; broadcasts to `shape`.
        beta: Positive; broadcasts to `shape`.
        dtype: Element type; `recurra.config.floatx()` by default.
        seed: Integer (the same numbers at every call), `SeedGenerator`, or None for the next stream of the global
            generator.

    Returns:
        A tensor of that shape.

    Raises:
        ValueError: A parameter is not positive.

    Example:
        >>> recurra.random.beta((2,), 2.0, 3.0, seed=1)
        Tensor([0.09974723, 0.34968576], shape=(2,), dtype=float32)
    """
    drawn = generator_of(seed).beta(np.asarray(alpha), np.asarray(beta), size=tuple(shape))
    return _engine.operand(np.asarray(drawn, dtype or config.floatx()))


def categorical(logits: ArrayLike | Tensor, num_samples: int, dtype: Any = "int32", seed: Seed = None) -> Tensor:
    """Class numbers drawn with the probabilities softmax(logits).

    Args:
        logits: (batch, classes), unnormalised log-probabilities.
        num_samples: Draws for each row.
        dtype: Element type; int32 by default.
        seed: Integer (the same numbers at every call), `SeedGenerator`, or None for the next stream of the global
            generator.

    Returns:
        A tensor (batch, num_samples).

    Raises:
        ValueError: `logits` has another number of axes.

    Example:
        >>> recurra.random.categorical([[0.0, 9.0]], 3, seed=1)
        Tensor([[1, 1, 1]], shape=(1, 3), dtype=int32)
    """
    scores = convert_to_tensor(logits).detach()
    if scores.ndim != 2:
        raise ValueError(f"categorical: expected logits of shape (batch, classes), got {scores.shape}")
    batch, classes = scores.shape
    # The largest of log-probabilities with independent Gumbel noise is a draw from them.
    noise = _engine.random_uniform((batch, num_samples, classes), *stream_of(seed), 0.0, 1.0, "float64")
    gumbel = ops.negative(ops.log(ops.negative(ops.log(noise))))
    return ops.cast(ops.argmax(ops.expand_dims(scores, 1) + gumbel, axis=-1), dtype)
