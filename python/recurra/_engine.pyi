"""The engine: what recurra/_engine.py takes from the module of this processor's SIMD level.

Written by `make stubs`; not to be edited.
"""
from __future__ import annotations
import collections.abc
import numpy
import types
import typing
class Tensor:
    """
    A dense array of the engine; see recurra.Tensor.
    """
    __array_priority__: typing.ClassVar[int] = 1000
    def __array__(self, dtype: typing.Any = None, copy: typing.Any = None) -> typing.Any:
        ...
    def __init__(self, value: typing.Any, dtype: typing.Any = None) -> None:
        ...
    def assign(self, value: Tensor) -> None:
        """
        Overwrites the elements; every holder of this tensor sees them.
        """
    def backward(self, gradient: Tensor | None = None) -> None:
        """
        Adds the derivative of this tensor with respect to every leaf to the leaf's grad.

        gradient: weight of each element (same shape); may be left out for a scalar.
        Raises ValueError if nothing here requires a gradient, or the graph was used up already.
        """
    def clone(self) -> Tensor:
        """
        A copy of the elements, outside the graph.
        """
    def detach(self) -> Tensor:
        """
        The same elements, outside the graph.
        """
    def item(self) -> typing.Any:
        ...
    def numpy(self) -> numpy.ndarray[typing.Any, numpy.dtype[typing.Any]]:
        """
        A NumPy array that shares the elements.
        """
    def retain_grad(self) -> None:
        """
        Keep the gradient of this intermediate result too.
        """
    @property
    def dtype(self) -> str:
        ...
    @property
    def grad(self) -> typing.Any:
        """
        Sum of the gradients that backward() computed for this tensor, or None.
        """
    @grad.setter
    def grad(self, arg1: typing.Any) -> None:
        ...
    @property
    def is_leaf(self) -> bool:
        ...
    @property
    def ndim(self) -> int:
        ...
    @property
    def requires_grad(self) -> bool:
        """
        Whether backward() computes a gradient for this tensor; settable on a leaf.
        """
    @requires_grad.setter
    def requires_grad(self, arg1: bool) -> None:
        ...
    @property
    def shape(self) -> tuple[int, ...]:
        ...
    @property
    def size(self) -> int:
        ...
class NoGradient:
    """
    While alive, this thread puts nothing on the tape.
    """
    def __init__(self) -> None:
        ...
class ParameterBlock:
    """
    Parameters of a model as views of one flat run of numbers.
    """
    def __init__(self, parameters: collections.abc.Sequence[Tensor]) -> None:
        ...
    def intact(self) -> bool:
        ...
    def zero_gradients(self) -> None:
        ...
    @property
    def gradients(self) -> Tensor:
        ...
    @property
    def offsets(self) -> list[int]:
        ...
    @property
    def parameters(self) -> list[Tensor]:
        ...
    @property
    def values(self) -> Tensor:
        ...
class RowNorm:
    """
    What layer_normalization divides by and whether it centres.

    Members:

      layer

      root_mean_square

      variance
    """
    __members__: typing.ClassVar[dict[str, RowNorm]]
    layer: typing.ClassVar[RowNorm]
    root_mean_square: typing.ClassVar[RowNorm]
    variance: typing.ClassVar[RowNorm]
    @typing.overload
    def __eq__(self, other: RowNorm) -> bool:
        ...
    @typing.overload
    def __eq__(self, other: typing.Any) -> bool:
        ...
    def __getstate__(self) -> int:
        ...
    def __hash__(self) -> int:
        ...
    def __index__(self) -> int:
        ...
    def __init__(self, value: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __int__(self) -> int:
        ...
    @typing.overload
    def __ne__(self, other: RowNorm) -> bool:
        ...
    @typing.overload
    def __ne__(self, other: typing.Any) -> bool:
        ...
    def __repr__(self) -> str:
        ...
    def __setstate__(self, state: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __str__(self) -> str:
        ...
    @property
    def name(self) -> str:
        ...
    @property
    def value(self) -> int:
        ...
def accumulate(block: ParameterBlock, sum: Tensor) -> None:
    ...
def adadelta_step(block: ParameterBlock, gradients: Tensor, updates: Tensor, rate: typing.SupportsFloat | typing.SupportsIndex, rho: typing.SupportsFloat | typing.SupportsIndex, epsilon: typing.SupportsFloat | typing.SupportsIndex) -> None:
    ...
def adagrad_step(block: ParameterBlock, accumulator: Tensor, rate: typing.SupportsFloat | typing.SupportsIndex, epsilon: typing.SupportsFloat | typing.SupportsIndex) -> None:
    ...
def adam_step(block: ParameterBlock, first: Tensor, second: Tensor, largest: Tensor | None, rate: typing.SupportsFloat | typing.SupportsIndex, beta_1: typing.SupportsFloat | typing.SupportsIndex, beta_2: typing.SupportsFloat | typing.SupportsIndex, epsilon: typing.SupportsFloat | typing.SupportsIndex, step: typing.SupportsInt | typing.SupportsIndex) -> None:
    ...
def adamax_step(block: ParameterBlock, first: Tensor, norm: Tensor, rate: typing.SupportsFloat | typing.SupportsIndex, beta_1: typing.SupportsFloat | typing.SupportsIndex, beta_2: typing.SupportsFloat | typing.SupportsIndex, epsilon: typing.SupportsFloat | typing.SupportsIndex, step: typing.SupportsInt | typing.SupportsIndex) -> None:
    ...
def average_pool1d(x: Tensor, size: typing.SupportsInt | typing.SupportsIndex, stride: typing.SupportsInt | typing.SupportsIndex, padding: str = 'valid') -> Tensor:
    """
    x (B, T, C) -> (B, T', C); the mean leaves padding out.
    """
def average_pool2d(x: Tensor, size: typing.Annotated[collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], "FixedSize(2)"], strides: typing.Annotated[collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], "FixedSize(2)"], padding: str = 'valid') -> Tensor:
    """
    x (B, H, W, C) -> (B, H', W', C); the mean leaves padding out.
    """
def batch_normalization(x: Tensor, gamma: Tensor, beta: Tensor, mask: Tensor, epsilon: typing.SupportsFloat | typing.SupportsIndex) -> tuple[Tensor, Tensor, Tensor]:
    """
    x (..., C) normalised by the statistics of the batch -> (y, mean (C), variance (C)); gamma, beta (C) or None, mask bool of shape x.shape[:-1] or x.shape, or None.
    """
def clip_by_global_norm(block: ParameterBlock, limit: typing.SupportsFloat | typing.SupportsIndex) -> None:
    ...
def clip_by_norm(block: ParameterBlock, limit: typing.SupportsFloat | typing.SupportsIndex) -> None:
    ...
def clip_by_value(block: ParameterBlock, limit: typing.SupportsFloat | typing.SupportsIndex) -> None:
    ...
def conv1d(x: Tensor, kernel: Tensor, bias: Tensor | None = None, stride: typing.SupportsInt | typing.SupportsIndex = 1, dilation: typing.SupportsInt | typing.SupportsIndex = 1, groups: typing.SupportsInt | typing.SupportsIndex = 1, padding: str = 'valid') -> Tensor:
    """
    x (B, T, F), kernel (K, F/groups, O), bias (O) or None -> (B, T', O); padding 'valid', 'same' or 'causal'.
    """
def conv1d_transpose(x: Tensor, kernel: Tensor, bias: Tensor, stride: typing.SupportsInt | typing.SupportsIndex, dilation: typing.SupportsInt | typing.SupportsIndex, before: typing.SupportsInt | typing.SupportsIndex, output: typing.SupportsInt | typing.SupportsIndex) -> Tensor:
    """
    x (B, T, F), kernel (K, O, F), bias (O) or None -> (B, output, O), without the first `before` steps.
    """
def conv2d(x: Tensor, kernel: Tensor, bias: Tensor | None = None, strides: typing.Annotated[collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], "FixedSize(2)"] = [1, 1], dilations: typing.Annotated[collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], "FixedSize(2)"] = [1, 1], groups: typing.SupportsInt | typing.SupportsIndex = 1, padding: str = 'valid') -> Tensor:
    """
    x (B, H, W, F), kernel (K, L, F/groups, O), bias (O) or None -> (B, H', W', O); padding 'valid' or 'same'.
    """
def decay(block: ParameterBlock, parameters: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], rate: typing.SupportsFloat | typing.SupportsIndex) -> None:
    ...
def depthwise_conv1d(x: Tensor, kernel: Tensor, stride: typing.SupportsInt | typing.SupportsIndex = 1, dilation: typing.SupportsInt | typing.SupportsIndex = 1, padding: str = 'valid') -> Tensor:
    """
    x (B, T, F), kernel (K, F, M) -> (B, T', F*M).
    """
def ftrl_step(block: ParameterBlock, accumulator: Tensor, linear: Tensor, rate: typing.SupportsFloat | typing.SupportsIndex, power: typing.SupportsFloat | typing.SupportsIndex, l1: typing.SupportsFloat | typing.SupportsIndex, l2: typing.SupportsFloat | typing.SupportsIndex, shrinkage: typing.SupportsFloat | typing.SupportsIndex, beta: typing.SupportsFloat | typing.SupportsIndex) -> None:
    ...
def global_norm(block: ParameterBlock) -> float:
    """
    Norm of all gradients of a block together.
    """
def is_recording() -> bool:
    """
    Whether operations on this thread are put on the tape.
    """
def layer_normalization(x: Tensor, gamma: Tensor, beta: Tensor, epsilon: typing.SupportsFloat | typing.SupportsIndex, norm: RowNorm = RowNorm.layer) -> Tensor:
    """
    x (..., D) normalised row by row; gamma, beta (D) or None.
    """
def lion_step(block: ParameterBlock, momenta: Tensor, rate: typing.SupportsFloat | typing.SupportsIndex, beta_1: typing.SupportsFloat | typing.SupportsIndex, beta_2: typing.SupportsFloat | typing.SupportsIndex) -> None:
    ...
def max_pool1d(x: Tensor, size: typing.SupportsInt | typing.SupportsIndex, stride: typing.SupportsInt | typing.SupportsIndex, padding: str = 'valid') -> Tensor:
    """
    x (B, T, C) -> (B, T', C); padding 'valid' or 'same'.
    """
def max_pool2d(x: Tensor, size: typing.Annotated[collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], "FixedSize(2)"], strides: typing.Annotated[collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], "FixedSize(2)"], padding: str = 'valid') -> Tensor:
    """
    x (B, H, W, C) -> (B, H', W', C).
    """
def memory_statistics() -> dict[str, typing.Any]:
    """
    Bytes in use, bytes kept for reuse, the peak of use, and how often the system was asked.
    """
def nadam_step(block: ParameterBlock, first: Tensor, second: Tensor, rate: typing.SupportsFloat | typing.SupportsIndex, beta_1: typing.SupportsFloat | typing.SupportsIndex, beta_2: typing.SupportsFloat | typing.SupportsIndex, epsilon: typing.SupportsFloat | typing.SupportsIndex, step: typing.SupportsInt | typing.SupportsIndex, product: typing.SupportsFloat | typing.SupportsIndex) -> None:
    ...
def num_threads() -> int:
    """
    Threads a parallel loop may use now.
    """
def pad_sequences_into(out: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], sequences: collections.abc.Sequence[typing.Any], padding_step: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], pad_before: bool, truncate_before: bool) -> None:
    """
    Lays each sequence into its row of `out` (count, length, ...), cut or padded to the length.
    """
def random_normal(shape: typing.Any, seed: typing.SupportsInt | typing.SupportsIndex, stream: typing.SupportsInt | typing.SupportsIndex, mean: typing.SupportsFloat | typing.SupportsIndex = 0.0, stddev: typing.SupportsFloat | typing.SupportsIndex = 1.0, dtype: typing.Any = 'float32') -> Tensor:
    """
    Normal numbers.
    """
def random_uniform(shape: typing.Any, seed: typing.SupportsInt | typing.SupportsIndex, stream: typing.SupportsInt | typing.SupportsIndex, low: typing.SupportsFloat | typing.SupportsIndex = 0.0, high: typing.SupportsFloat | typing.SupportsIndex = 1.0, dtype: typing.Any = 'float32') -> Tensor:
    """
    Uniform numbers in [low, high).
    """
def release_accumulated(block: ParameterBlock, sum: Tensor, count: typing.SupportsFloat | typing.SupportsIndex) -> None:
    ...
def rmsprop_step(block: ParameterBlock, square: Tensor, momenta: Tensor | None, mean: Tensor | None, rate: typing.SupportsFloat | typing.SupportsIndex, rho: typing.SupportsFloat | typing.SupportsIndex, momentum: typing.SupportsFloat | typing.SupportsIndex, epsilon: typing.SupportsFloat | typing.SupportsIndex) -> None:
    ...
def set_num_threads(count: typing.SupportsInt | typing.SupportsIndex) -> None:
    """
    Sets how many threads parallel loops may use. Results do not depend on it.

    Raises ValueError unless count >= 1.
    """
def sgd_step(block: ParameterBlock, velocity: Tensor | None, rate: typing.SupportsFloat | typing.SupportsIndex, momentum: typing.SupportsFloat | typing.SupportsIndex, nesterov: bool) -> None:
    ...
def track_average(block: ParameterBlock, average: Tensor, momentum: typing.SupportsFloat | typing.SupportsIndex) -> None:
    ...
def trim_memory() -> None:
    """
    Gives cached buffers back to the system.
    """
compiler: str
openmp: int
simd_level: str

_module: types.ModuleType
def available_levels() -> tuple[str, ...]:
    """
    The levels whose engine module is installed, lowest first.
    """
def choose_level(installed: tuple[str, ...], supported: tuple[str, ...], cap: str | None) -> str:
    """
    The highest level that is installed, that the processor supports and that is not above `cap`.
    """
