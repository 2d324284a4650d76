"""Random numbers, the same on any number of threads.

They are counter-based: each draw is a pure function of a seed and a stream number (Philox4x32-10, Salmon et al., 2011).

Where a function takes `seed`, an integer gives the same numbers at every call; a `SeedGenerator` gives its next stream;
None takes the next stream of the global generator, which `set_seed` restarts.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from recurra import _engine, config, ops
from recurra.checks import whole_number
from recurra.tensor import Tensor, convert_to_tensor

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    Seed: TypeAlias = "int | np.integer[Any] | SeedGenerator | None"

__all__ = [
    "SeedGenerator",
    "bernoulli",
    "beta",
    "binomial",
    "categorical",
    "dropout",
    "dropout_mask",
    "gamma",
    "get_state",
    "next_stream",
    "normal",
    "randint",
    "set_seed",
    "set_state",
    "shuffle",
    "truncated_normal",
    "uniform",
]

# Streams of the global generator, of integer seeds and of SeedGenerators never meet, though their seeds may be equal.
_INTEGER_SEED_STREAM = 1 << 62
_GENERATOR_STREAMS = 1 << 63
_WORD = (1 << 64) - 1


class _Global:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.seed = int.from_bytes(os.urandom(8), "little")
        self.counter = 0


_global = _Global()


def set_seed(seed: int) -> None:
    """Restart the global generator: everything random after this is the same in every run.

    Args:
        seed: Any integer of at least 0 and below 2^64.

    Raises:
        TypeError: `seed` is not an integer.
        ValueError: It is outside the range.

    Example:
        >>> recurra.random.set_seed(0)
    """
    value = _checked_seed(seed)
    with _global.lock:
        _global.seed, _global.counter = value, 0


def next_stream() -> tuple[int, int]:
    """Pair (seed, stream) that no earlier call has returned since the last `set_seed`.

    Returns:
        Two integers.

    Example:
        >>> recurra.random.set_seed(3)
        >>> recurra.random.next_stream()
        (3, 1)
    """
    with _global.lock:
        _global.counter += 1
        return _global.seed, _global.counter


def get_state() -> dict[str, int]:
    """State of the generator, for `set_state`.

    Returns:
        A dictionary of integers.

    Example:
        >>> recurra.random.set_seed(3)
        >>> recurra.random.get_state()
        {'seed': 3, 'counter': 0}
    """
    with _global.lock:
        return {"seed": _global.seed, "counter": _global.counter}


def set_state(state: dict[str, int]) -> None:
    """Put the generator into a state that `get_state` returned.

    Args:
        state: The state.

    Raises:
        KeyError: It is not such a state.
        TypeError: A number in it is not an integer.

    Example:
        >>> state = recurra.random.get_state()
        >>> recurra.random.set_state(state)
    """
    seed, counter = _checked_seed(state["seed"]), int(state["counter"])
    with _global.lock:
        _global.seed, _global.counter = seed, counter


class SeedGenerator:
    """A sequence of streams of its own, for what must not depend on other users of the global generator.

    Args:
        seed: An integer; by default one drawn from the global generator.
        name: Name of the generator, for the user.

    Raises:
        TypeError: `seed` is not an integer.
        ValueError: It is outside 0 to 2^64 - 1.

    Example:
        >>> generator = recurra.random.SeedGenerator(7)
        >>> generator.next() == generator.next()
        False
    """

    def __init__(self, seed: int | None = None, name: str | None = None) -> None:
        self.seed = _mixed(*next_stream()) if seed is None else _checked_seed(seed)
        self.name = name or "seed_generator"
        self._counter = 0

    def next(self) -> tuple[int, int]:
        """Pair (seed, stream) that this generator has not returned before.

        Returns:
            Two integers.
        """
        self._counter += 1
        return self.seed, _GENERATOR_STREAMS | self._counter

    def get_state(self) -> dict[str, int]:
        """State of the generator, for `set_state`.

        Returns:
            A dictionary of integers.

        Example:
            >>> recurra.random.set_seed(3)
            >>> recurra.random.get_state()
            {'seed': 3, 'counter': 0}
        """
        return {"seed": self.seed, "counter": self._counter}

    def set_state(self, state: dict[str, int]) -> None:
        """Put the generator into a state that `get_state` returned.

        Args:
            state: The state.

        Raises:
            KeyError: It is not such a state.
            TypeError: A number in it is not an integer.

        Example:
            >>> state = recurra.random.get_state()
            >>> recurra.random.set_state(state)
        """
        self.seed, self._counter = _checked_seed(state["seed"]), int(state["counter"])

    def get_config(self) -> dict[str, Any]:
        """Arguments that make such a generator.

        Returns:
            A dictionary.
        """
        return {"seed": self.seed}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> SeedGenerator:
        """The generator that `get_config` describes."""
        return cls(**config)


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
    return _engine.random_uniform(shape, *_stream(seed), minval, maxval, dtype)


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
    return _engine.random_normal(shape, *_stream(seed), mean, stddev, dtype or config.floatx())


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
    return _engine.random_truncated_normal(shape, *_stream(seed), mean, stddev, dtype or config.floatx())


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
    return _engine.operand(_generator(seed).integers(low, high, size=tuple(shape), dtype=np.int64).astype(dtype))


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
    return ops.cast(_engine.random_uniform(shape, *_stream(seed), 0.0, 1.0, "float64") < p, dtype)


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
    drawn = _generator(seed).binomial(np.asarray(counts, "int64"), np.asarray(probabilities), size=tuple(shape))
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
    drawn = _generator(seed).gamma(np.asarray(alpha), size=tuple(shape))
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
    drawn = _generator(seed).beta(np.asarray(alpha), np.asarray(beta), size=tuple(shape))
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
    noise = _engine.random_uniform((batch, num_samples, classes), *_stream(seed), 0.0, 1.0, "float64")
    gumbel = ops.negative(ops.log(ops.negative(ops.log(noise))))
    return ops.cast(ops.argmax(ops.expand_dims(scores, 1) + gumbel, axis=-1), dtype)


def shuffle(x: ArrayLike | Tensor, axis: int = 0, seed: Seed = None) -> Tensor:
    """Slices along an axis in random order.

    Args:
        x: Tensor, array or nested list.
        axis: The axis; the first by default.
        seed: Integer (the same numbers at every call), `SeedGenerator`, or None for the next stream of the global
            generator.

    Returns:
        A tensor of the shape of `x`.

    Raises:
        TypeError: The axis is not an integer.
        ValueError: There is no such axis.

    Example:
        >>> recurra.random.shuffle([1, 2, 3, 4], seed=1)
        Tensor([3, 1, 4, 2], shape=(4,), dtype=int32)
    """
    tensor = convert_to_tensor(x)
    return ops.take(tensor, _generator(seed).permutation(tensor.shape[axis]), axis=axis)


def dropout(
    inputs: ArrayLike | Tensor, rate: float, noise_shape: Sequence[int | None] | None = None, seed: Seed = None
) -> Tensor:
    """Elements set to 0 with probability `rate`, the others scaled by 1 / (1 - rate).

    Args:
        inputs: Tensor of any shape.
        rate: In [0, 1).
        noise_shape: Shape of the mask, which broadcasts; None stands for the extent of the input. By default each
            element has its own chance.
        seed: Integer (the same numbers at every call), `SeedGenerator`, or None for the next stream of the global
            generator.

    Returns:
        A tensor of the shape of `inputs`.

    Raises:
        ValueError: `rate` is outside [0, 1), or `noise_shape` does not broadcast.

    Example:
        >>> recurra.random.dropout(np.ones(4, 'float32'), 0.5, seed=1)
        Tensor([2., 2., 2., 0.], shape=(4,), dtype=float32)
    """
    tensor = convert_to_tensor(inputs)
    shape = None
    if noise_shape is not None:
        if len(noise_shape) != tensor.ndim:
            raise ValueError(f"dropout: noise_shape {tuple(noise_shape)} does not fit inputs of shape {tensor.shape}")
        shape = tuple(own if given is None else given for given, own in zip(noise_shape, tensor.shape, strict=True))
    return _engine.dropout(tensor, rate, *_stream(seed), shape)


def dropout_mask(
    shape: Sequence[int], rate: float, dtype: Any = None, seed: Seed = None, kept: float | None = None
) -> Tensor:
    """What `dropout` multiplies by: 0 with probability `rate`, else `kept`.

    Args:
        shape: Extents of the result, a sequence of integers.
        rate: In [0, 1).
        dtype: Element type; `recurra.config.floatx()` by default.
        seed: Integer (the same numbers at every call), `SeedGenerator`, or None for the next stream of the global
            generator.
        kept: What stands elsewhere; 1 / (1 - rate) by default.

    Returns:
        A tensor of that shape.

    Raises:
        ValueError: `rate` is outside [0, 1).

    Example:
        >>> recurra.random.dropout_mask((4,), 0.5, seed=1)
        Tensor([2., 2., 2., 0.], shape=(4,), dtype=float32)
    """
    return _engine.dropout_mask(shape, rate, *_stream(seed), dtype or config.floatx(), kept)


def _stream(seed: Seed) -> tuple[int, int]:
    if seed is None:
        return next_stream()
    return seed.next() if isinstance(seed, SeedGenerator) else (_checked_seed(seed), _INTEGER_SEED_STREAM)


def _generator(seed: Seed) -> np.random.Generator:
    """NumPy's generator for distributions that the engine leaves to it."""
    return np.random.Generator(np.random.Philox(key=_mixed(*_stream(seed))))


def _checked_seed(seed: int | np.integer[Any]) -> int:
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)):
        raise TypeError(f"seed: expected an integer, got {type(seed).__name__}")
    if not 0 <= seed <= _WORD:
        raise ValueError(f"seed: expected an integer from 0 to 2**64 - 1, got {seed}")
    return int(seed)


def _mixed(seed: int, stream: int) -> int:
    """One 64-bit number from two (the finaliser of SplitMix64, Steele et al., 2014)."""
    z = (seed + 0x9E3779B97F4A7C15 * (stream + 1)) & _WORD
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _WORD
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _WORD
    return z ^ (z >> 31)
