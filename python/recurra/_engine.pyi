"""The engine: what recurra/_engine.py takes from the module of this processor's SIMD level.

Written by `make stubs`; not to be edited.
"""
from __future__ import annotations
import collections.abc
import numpy
import numpy.typing
import types
import typing
class Tensor:
    """
    A dense array of the engine: float32, float64, int32, int64 or bool, row-major.

    It has Python's operators and NumPy's indexing. Where something it was computed from requires a gradient it remembers
    how it was computed, and `backward` adds the gradient to `grad`. NumPy arrays and objects that speak DLPack are borrowed
    without a copy where type and layout fit; `numpy()` is a view of the elements.

    Args:
        value: Array, tensor, number or nested list.
        dtype: Element type; default None, the type of `value`, float32 for Python's floats.

    Raises:
        TypeError: The value is no array of numbers.
        ValueError: The engine does not have the dtype, or rows of nested lists differ in length.

    Example:
        >>> x = recurra.Tensor([1.0, 2.0])
        >>> x.requires_grad = True
        >>> (x * x).sum().backward()
        >>> x.grad
        Tensor([2., 4.], shape=(2,), dtype=float32)
    """
    __array_priority__: typing.ClassVar[int] = 1000
    def __abs__(self) -> Tensor:
        ...
    def __add__(self, arg0: typing.Any) -> Tensor:
        ...
    def __and__(self, arg0: typing.Any) -> Tensor:
        ...
    def __array__(self, dtype: typing.Any = None, copy: typing.Any = None) -> typing.Any:
        ...
    def __array_ufunc__(self, arg0: typing.Any, arg1: str, *args: typing.Any, **kwargs: typing.Any) -> typing.Any:
        ...
    def __bool__(self) -> bool:
        ...
    def __dlpack__(self, **kwargs: typing.Any) -> typing.Any:
        ...
    def __dlpack_device__(self) -> typing.Any:
        ...
    def __eq__(self, arg0: typing.Any) -> typing.Any:
        ...
    def __float__(self) -> float:
        ...
    def __floordiv__(self, arg0: typing.Any) -> Tensor:
        ...
    def __ge__(self, arg0: typing.Any) -> Tensor:
        ...
    def __getitem__(self, key: typing.Any) -> Tensor:
        ...
    def __gt__(self, arg0: typing.Any) -> Tensor:
        ...
    def __hash__(self) -> int:
        """
        Return hash(self).
        """
    def __index__(self) -> int:
        ...
    def __init__(self, value: typing.Any, dtype: typing.Any = None) -> None:
        ...
    def __int__(self) -> int:
        ...
    def __invert__(self) -> Tensor:
        ...
    def __iter__(self) -> collections.abc.Iterator[typing.Any]:
        ...
    def __le__(self, arg0: typing.Any) -> Tensor:
        ...
    def __len__(self) -> int:
        ...
    def __lt__(self, arg0: typing.Any) -> Tensor:
        ...
    def __matmul__(self, arg0: typing.Any) -> Tensor:
        ...
    def __mod__(self, arg0: typing.Any) -> Tensor:
        ...
    def __mul__(self, arg0: typing.Any) -> Tensor:
        ...
    def __ne__(self, arg0: typing.Any) -> typing.Any:
        ...
    def __neg__(self) -> Tensor:
        ...
    def __or__(self, arg0: typing.Any) -> Tensor:
        ...
    def __pos__(self) -> Tensor:
        ...
    def __pow__(self, arg0: typing.Any) -> Tensor:
        ...
    def __radd__(self, arg0: typing.Any) -> Tensor:
        ...
    def __rand__(self, arg0: typing.Any) -> Tensor:
        ...
    def __repr__(self) -> str:
        ...
    def __rfloordiv__(self, arg0: typing.Any) -> Tensor:
        ...
    def __rmatmul__(self, arg0: typing.Any) -> Tensor:
        ...
    def __rmod__(self, arg0: typing.Any) -> Tensor:
        ...
    def __rmul__(self, arg0: typing.Any) -> Tensor:
        ...
    def __ror__(self, arg0: typing.Any) -> Tensor:
        ...
    def __rpow__(self, arg0: typing.Any) -> Tensor:
        ...
    def __rsub__(self, arg0: typing.Any) -> Tensor:
        ...
    def __rtruediv__(self, arg0: typing.Any) -> Tensor:
        ...
    def __rxor__(self, arg0: typing.Any) -> Tensor:
        ...
    def __sub__(self, arg0: typing.Any) -> Tensor:
        ...
    def __truediv__(self, arg0: typing.Any) -> Tensor:
        ...
    def __xor__(self, arg0: typing.Any) -> Tensor:
        ...
    def all(self, axis: typing.Any = None, keepdims: typing.Any = False) -> Tensor:
        ...
    def any(self, axis: typing.Any = None, keepdims: typing.Any = False) -> Tensor:
        ...
    def assign(self, value: Tensor) -> None:
        """
        Overwrites the elements; every holder of this tensor sees them.
        """
    def astype(self, dtype: typing.Any) -> Tensor:
        """
        The elements in another type; differentiable between floating types.
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
    def max(self, axis: typing.Any = None, keepdims: typing.Any = False) -> Tensor:
        ...
    def mean(self, axis: typing.Any = None, keepdims: typing.Any = False) -> Tensor:
        ...
    def min(self, axis: typing.Any = None, keepdims: typing.Any = False) -> Tensor:
        ...
    def numpy(self) -> numpy.ndarray[typing.Any, numpy.dtype[typing.Any]]:
        """
        A NumPy array that shares the elements.
        """
    def reshape(self, *args: typing.Any) -> Tensor:
        """
        The same elements in another shape, given as one sequence or as several integers; one may be -1.
        """
    def retain_grad(self) -> None:
        """
        Keep the gradient of this intermediate result too.
        """
    def sum(self, axis: typing.Any = None, keepdims: typing.Any = False) -> Tensor:
        ...
    def transpose(self, *args: typing.Any) -> Tensor:
        """
        The axes in the order given, or reversed.
        """
    @property
    def T(self) -> Tensor:
        """
        The axes in reverse order.
        """
    @property
    def dtype(self) -> str:
        ...
    @property
    def grad(self) -> Tensor | None:
        """
        Sum of the gradients that backward() computed for this tensor, or None.
        """
    @grad.setter
    def grad(self, arg1: Tensor | None) -> None:
        ...
    @property
    def is_leaf(self) -> bool:
        ...
    @property
    def is_pending(self) -> bool:
        """
        Whether the elements are made only when somebody reads them.
        """
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
class RecurrentLayer:
    """
    A cell with its settings. Packed weights are cached across inference calls while unchanged.

    cell: a name of cell_names(). clip: bound of the cell state, 0 for none. skips: numbers of steps,
    each at least 2; recurrent products also read the states so many steps ago, and recurrent_kernel has
    a further part of rows for each. zoneout_rate: for each state the share of the previous state that
    stays. batch_statistics: a cell that normalises goes by the mean and variance of the batch.
    return_states: whether the final states are given.
    """
    def __init__(self, cell: str, *, activation: str = 'tanh', recurrent_activation: str = 'sigmoid', clip: typing.SupportsFloat | typing.SupportsIndex = 0.0, skips: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex] = [], zoneout_rate: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex] = [], go_backwards: bool = False, return_sequences: bool = False, return_states: bool = True, zero_output_for_mask: bool = False, batch_statistics: bool = False, checkpoint: bool = False) -> None:
        ...
    def run(self, x: Tensor, weights: collections.abc.Sequence[Tensor | None], states: collections.abc.Sequence[Tensor | None] = (), mask: Tensor | None = None, input_dropout: Tensor | None = None, recurrent_dropout: Tensor | None = None, zoneout: collections.abc.Sequence[Tensor | None] = (), mean: Tensor | None = None, variance: Tensor | None = None) -> tuple[typing.Any, ...]:
        """
        Runs over whole sequences, as one node of the graph.

        x: (B, T, F). weights: kernel (F, blocks*U), recurrent_kernel (U, blocks*U), bias, vectors (n, U),
        projection (U, P), projection_bias (P), in Keras's layouts; None for what a cell does not have,
        which may be left out at the end. A cell that projects has a state 0 and an output of P units.
        states: initial states (B, U), None or [] for zeros. mask: bool (B, T). input_dropout (B, F),
        recurrent_dropout (B, U): scales, the same for all time steps; recurrent_dropout (B, T, U): a scale
        for each. zoneout: for each state None or (B, T, U), the share of the previous state that stays.
        mean, variance (steps, columns): what a cell that normalises goes by, instead of each row's own.
        Columns: recurrent blocks, those of what a stage takes as it is, input blocks.
        Returns (output, final states, None or the batch's mean and variance at each step); output is (B, T,
        U) with return_sequences, else (B, U).
        """
class SideBySide:
    """
    Within it runs of a RecurrentLayer only begin; they run side by side at its end.
    Nobody may read or use their outputs before.
    """
    def __enter__(self) -> SideBySide:
        ...
    def __exit__(self, arg0: typing.Any, arg1: typing.Any, arg2: typing.Any) -> None:
        ...
    def __init__(self) -> None:
        ...
class Stream:
    """
    The state of sequences that run through a model step by step.

    Made by `model.streaming(batch_size)` or `recurra.streaming.load_stream`. It holds copies of the model's weights: later
    training does not change it. Use it from one thread at a time; threads of their own take streams of their own.

    Letters: B sequences, T steps, F the shape of one step's input, O of its output. A model that begins with an Embedding
    takes integers, and no F. Arrays are of the model's dtype; others are converted.

    Example:
        >>> model = recurra.Sequential([recurra.Input((None, 2)), recurra.layers.GRU(3)])
        >>> stream = model.streaming()
        >>> stream
        <Stream batch_size=1, input_shape=(1, 2), output_shape=(1, 3), dtype=float32>
        >>> stream.step(np.zeros(2, "float32")).shape
        (3,)
    """
    def __copy__(self) -> Stream:
        ...
    def __deepcopy__(self, memo: dict[str, typing.Any]) -> Stream:
        ...
    def __reduce_ex__(self, protocol: typing.SupportsInt | typing.SupportsIndex) -> typing.Any:
        ...
    def __repr__(self) -> str:
        ...
    def copy(self) -> Stream:
        """
        A stream in the same state, which goes on independently.
        """
    def process(self, block: typing.Any, out: typing.Any = None) -> typing.Any:
        """
        Run several time steps: block (B, T, F) -> (B, T, O), the same bits as T calls of step.

        Other Python threads run meanwhile.

        Args:
            block: The inputs of the steps.
            out: Array to write to, as in `step`.

        Returns:
            The outputs of the steps.

        Raises:
            ValueError: As in `step`.
            TypeError: As in `step`.
            RuntimeError: As in `step`.
        """
    def reset(self, rows: typing.Any = None) -> None:
        """
        Reset sequences to the initial state.

        Args:
            rows: Places in the batch; default None, all sequences.

        Raises:
            ValueError: A row is not in the batch; nothing is changed then.
        """
    def step(self, x: typing.Any, out: typing.Any = None) -> typing.Any:
        """
        Run one time step: x (B, F) -> (B, O).

        With one sequence the axis of the batch may be left out; the output then has none either.

        Args:
            x: The step's input.
            out: Contiguous array of the model's dtype to write to; default None, a new one. No memory is allocated where it is
                given.

        Returns:
            The output of the step, `out` where it was given.

        Raises:
            ValueError: The shape is wrong, or a number is not in the vocabulary.
            TypeError: The input is not numbers.
            RuntimeError: The stream is at work in another thread.
        """
    @property
    def batch_size(self) -> int:
        """
        The number of sequences B.
        """
    @property
    def dtype(self) -> str:
        ...
    @property
    def input_shape(self) -> tuple[typing.Any, ...]:
        """
        The shape (B, F) of a step's input.
        """
    @property
    def output_shape(self) -> tuple[typing.Any, ...]:
        """
        The shape (B, O) of a step's output.
        """
    @property
    def state(self) -> dict[str, typing.Any]:
        """
        The state by layer: a dictionary of lists of arrays, copies.

        Of a recurrent layer each state (B, units); behind them, where the layer sees a mask, (B,): 1 once a step of the
        sequence has counted, else 0. Of a convolution its past inputs (B, steps, channels), oldest first. Setting it checks
        all arrays before any is changed; it raises ValueError if layers or shapes differ.
        """
    @state.setter
    def state(self, arg1: dict[str, typing.Any]) -> None:
        ...
    @property
    def vocabulary(self) -> int:
        """
        The numbers 0, ..., vocabulary - 1 that the model takes; 0 if it takes features.
        """
class CsvParser:
    """
    Reads numbers and dates from delimited text fed in pieces.
    """
    def __init__(self, *, source: str, columns: collections.abc.Sequence[tuple[str, str]], delimiter: str = ',', decimal: str = '.', first_line: typing.SupportsInt | typing.SupportsIndex = 1) -> None:
        ...
    def feed(self, bytes: bytes) -> None:
        """
        Parses the complete lines of the next piece of the file.
        """
    def finish(self) -> numpy.typing.NDArray[numpy.float64]:
        """
        Parses the rest and returns the table: float64 (rows, columns that are not skipped), NaN where missing.
        """
class WindowLoader:
    """
    Gathers windows of a series, the next batch in the background.
    """
    def __init__(self, data: Tensor, targets: Tensor | None, *, first: typing.SupportsInt | typing.SupportsIndex, stride: typing.SupportsInt | typing.SupportsIndex, length: typing.SupportsInt | typing.SupportsIndex, delay: typing.SupportsInt | typing.SupportsIndex = 0, base: typing.SupportsInt | typing.SupportsIndex | None = None, change: bool = False, relative: bool = False) -> None:
        ...
    def gather(self, rows: typing.Annotated[numpy.typing.ArrayLike, numpy.int64]) -> tuple[typing.Any, ...]:
        """
        The windows of `rows` at once.
        """
    def request(self, rows: typing.Annotated[numpy.typing.ArrayLike, numpy.int64]) -> None:
        """
        Starts gathering the windows of `rows`.
        """
    def take(self) -> tuple[typing.Any, ...]:
        """
        The batch of the oldest request as (inputs, targets or None).
        """
    @property
    def pending(self) -> int:
        ...
def abs(arg0: typing.Any) -> Tensor:
    ...
def accumulate(block: ParameterBlock, sum: Tensor) -> None:
    ...
def activation_names() -> list[str]:
    """
    Names of the activation functions that a cell of the engine can have.
    """
def adadelta_step(block: ParameterBlock, gradients: Tensor, updates: Tensor, rate: typing.SupportsFloat | typing.SupportsIndex, rho: typing.SupportsFloat | typing.SupportsIndex, epsilon: typing.SupportsFloat | typing.SupportsIndex) -> None:
    ...
def adagrad_step(block: ParameterBlock, accumulator: Tensor, rate: typing.SupportsFloat | typing.SupportsIndex, epsilon: typing.SupportsFloat | typing.SupportsIndex) -> None:
    ...
def adam_step(block: ParameterBlock, first: Tensor, second: Tensor, largest: Tensor | None, rate: typing.SupportsFloat | typing.SupportsIndex, beta_1: typing.SupportsFloat | typing.SupportsIndex, beta_2: typing.SupportsFloat | typing.SupportsIndex, epsilon: typing.SupportsFloat | typing.SupportsIndex, step: typing.SupportsInt | typing.SupportsIndex) -> None:
    ...
def adamax_step(block: ParameterBlock, first: Tensor, norm: Tensor, rate: typing.SupportsFloat | typing.SupportsIndex, beta_1: typing.SupportsFloat | typing.SupportsIndex, beta_2: typing.SupportsFloat | typing.SupportsIndex, epsilon: typing.SupportsFloat | typing.SupportsIndex, step: typing.SupportsInt | typing.SupportsIndex) -> None:
    ...
def add(arg0: typing.Any, arg1: typing.Any) -> Tensor:
    ...
def all(x: typing.Any, axis: typing.Any = None, keepdims: typing.Any = False) -> Tensor:
    ...
def all_finite(x: typing.Any) -> bool:
    """
    Whether no element is NaN or infinite.
    """
def any(x: typing.Any, axis: typing.Any = None, keepdims: typing.Any = False) -> Tensor:
    ...
def arccos(arg0: typing.Any) -> Tensor:
    ...
def arccosh(arg0: typing.Any) -> Tensor:
    ...
def arcsin(arg0: typing.Any) -> Tensor:
    ...
def arcsinh(arg0: typing.Any) -> Tensor:
    ...
def arctan(arg0: typing.Any) -> Tensor:
    ...
def arctan2(arg0: typing.Any, arg1: typing.Any) -> Tensor:
    ...
def arctanh(arg0: typing.Any) -> Tensor:
    ...
def argmax(arg0: typing.Any, arg1: typing.Any, arg2: typing.Any) -> Tensor:
    ...
def argmin(arg0: typing.Any, arg1: typing.Any, arg2: typing.Any) -> Tensor:
    ...
def average_pool1d(x: typing.Any, size: typing.Any, stride: typing.Any, padding: typing.Any = 'valid') -> Tensor:
    """
    x (B, T, C) -> (B, T', C); the mean leaves padding out.
    """
def average_pool2d(x: typing.Any, size: typing.Any, strides: typing.Any, padding: typing.Any = 'valid') -> Tensor:
    """
    x (B, H, W, C) -> (B, H', W', C); the mean leaves padding out.
    """
def batch_normalization(x: typing.Any, gamma: typing.Any = None, beta: typing.Any = None, mask: typing.Any = None, epsilon: typing.Any = 0.001) -> tuple[typing.Any, ...]:
    """
    x (..., C) normalised by the statistics of the batch -> (y, mean (C), variance (C)); gamma, beta (C) or None, mask bool of shape x.shape[:-1] or x.shape, or None.
    """
def binary_crossentropy(arg0: typing.Any, arg1: typing.Any, arg2: typing.Any, arg3: typing.Any) -> Tensor:
    ...
def broadcast_to(arg0: typing.Any, arg1: typing.Any) -> Tensor:
    ...
def cast(arg0: typing.Any, arg1: typing.Any) -> Tensor:
    ...
def categorical_crossentropy(arg0: typing.Any, arg1: typing.Any, arg2: typing.Any, arg3: typing.Any) -> Tensor:
    ...
def ceil(arg0: typing.Any) -> Tensor:
    ...
def cell_names() -> list[str]:
    """
    Names of the recurrent cells the engine has.
    """
def celu(arg0: typing.Any, arg1: typing.Any) -> Tensor:
    ...
def clip(arg0: typing.Any, arg1: typing.Any, arg2: typing.Any) -> Tensor:
    ...
def clip_by_global_norm(block: ParameterBlock, limit: typing.SupportsFloat | typing.SupportsIndex) -> None:
    ...
def clip_by_norm(block: ParameterBlock, limit: typing.SupportsFloat | typing.SupportsIndex) -> None:
    ...
def clip_by_value(block: ParameterBlock, limit: typing.SupportsFloat | typing.SupportsIndex) -> None:
    ...
def complex_scan(a: typing.Any, b: typing.Any, h0: typing.Any = None) -> Tensor:
    ...
def concatenate(arg0: typing.Any, arg1: typing.Any) -> Tensor:
    ...
def conv1d(x: typing.Any, kernel: typing.Any, bias: typing.Any = None, stride: typing.Any = 1, dilation: typing.Any = 1, groups: typing.Any = 1, padding: typing.Any = 'valid', activation: typing.Any = 'linear') -> Tensor:
    """
    x (B, T, F), kernel (K, F/groups, O), bias (O) or None -> (B, T', O); padding 'valid', 'same' or 'causal'.
    """
def conv1d_transpose(x: typing.Any, kernel: typing.Any, output: typing.Any, bias: typing.Any = None, stride: typing.Any = 1, dilation: typing.Any = 1, before: typing.Any = 0) -> Tensor:
    """
    x (B, T, F), kernel (K, O, F), bias (O) or None -> (B, output, O), without the first `before` steps.
    """
def conv2d(x: typing.Any, kernel: typing.Any, bias: typing.Any = None, strides: typing.Any = (1, 1), dilations: typing.Any = (1, 1), groups: typing.Any = 1, padding: typing.Any = 'valid', activation: typing.Any = 'linear') -> Tensor:
    """
    x (B, H, W, F), kernel (K, L, F/groups, O), bias (O) or None -> (B, H', W', O); padding 'valid' or 'same'.
    """
def cos(arg0: typing.Any) -> Tensor:
    ...
def cosh(arg0: typing.Any) -> Tensor:
    ...
def cumprod(arg0: typing.Any, arg1: typing.Any) -> Tensor:
    ...
def cumsum(arg0: typing.Any, arg1: typing.Any) -> Tensor:
    ...
def decay(block: ParameterBlock, parameters: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], rate: typing.SupportsFloat | typing.SupportsIndex) -> None:
    ...
def dense(x: typing.Any, kernel: typing.Any, bias: typing.Any = None, activation: typing.Any = 'linear', transpose_kernel: typing.Any = False) -> Tensor:
    ...
def depthwise_conv1d(x: typing.Any, kernel: typing.Any, stride: typing.Any = 1, dilation: typing.Any = 1, padding: typing.Any = 'valid') -> Tensor:
    """
    x (B, T, F), kernel (K, F, M) -> (B, T', F*M).
    """
def divide(arg0: typing.Any, arg1: typing.Any) -> Tensor:
    ...
def divide_no_nan(arg0: typing.Any, arg1: typing.Any) -> Tensor:
    ...
def dot_product_attention(query: typing.Any, key: typing.Any, value: typing.Any, bias: typing.Any, mask: typing.Any, scale: typing.Any, soft_cap: typing.Any, left: typing.Any, right: typing.Any, offset: typing.Any, dropout: typing.Any, seed: typing.SupportsInt | typing.SupportsIndex, stream: typing.SupportsInt | typing.SupportsIndex) -> Tensor:
    """
    query (B, T, N, D), key (B, S, G, D), value (B, S, G, E) -> (B, T, N, E).
    """
def dropout(x: typing.Any, rate: typing.Any, seed: typing.SupportsInt | typing.SupportsIndex, stream: typing.SupportsInt | typing.SupportsIndex, noise_shape: typing.Any = None) -> Tensor:
    ...
def dropout_mask(shape: typing.Any, rate: typing.Any, seed: typing.SupportsInt | typing.SupportsIndex, stream: typing.SupportsInt | typing.SupportsIndex, dtype: typing.Any = 'float32', kept: typing.Any = None) -> Tensor:
    ...
def elu(arg0: typing.Any, arg1: typing.Any) -> Tensor:
    ...
def embedding(arg0: typing.Any, arg1: typing.Any) -> Tensor:
    ...
def equal(arg0: typing.Any, arg1: typing.Any) -> Tensor:
    ...
def erf(arg0: typing.Any) -> Tensor:
    ...
def exp(arg0: typing.Any) -> Tensor:
    ...
def exp2(arg0: typing.Any) -> Tensor:
    ...
def expm1(arg0: typing.Any) -> Tensor:
    ...
def flip(arg0: typing.Any, arg1: typing.Any) -> Tensor:
    ...
def floor(arg0: typing.Any) -> Tensor:
    ...
def floor_divide(arg0: typing.Any, arg1: typing.Any) -> Tensor:
    ...
def fma_peak(seconds: typing.SupportsFloat | typing.SupportsIndex = 0.2) -> float:
    """
    Measured peak of float32 multiply-adds of num_threads() threads together, in floating-point operations a second.
    """
def ftrl_step(block: ParameterBlock, accumulator: Tensor, linear: Tensor, rate: typing.SupportsFloat | typing.SupportsIndex, power: typing.SupportsFloat | typing.SupportsIndex, l1: typing.SupportsFloat | typing.SupportsIndex, l2: typing.SupportsFloat | typing.SupportsIndex, shrinkage: typing.SupportsFloat | typing.SupportsIndex, beta: typing.SupportsFloat | typing.SupportsIndex) -> None:
    ...
def full(arg0: typing.Any, arg1: typing.Any, arg2: typing.Any) -> Tensor:
    ...
def gelu(arg0: typing.Any, arg1: typing.Any) -> Tensor:
    ...
def global_norm(block: ParameterBlock) -> float:
    """
    Norm of all gradients of a block together.
    """
def greater(arg0: typing.Any, arg1: typing.Any) -> Tensor:
    ...
def greater_equal(arg0: typing.Any, arg1: typing.Any) -> Tensor:
    ...
def hard_shrink(arg0: typing.Any, arg1: typing.Any) -> Tensor:
    ...
def hard_sigmoid(arg0: typing.Any) -> Tensor:
    ...
def hard_silu(arg0: typing.Any) -> Tensor:
    ...
def is_recording() -> bool:
    """
    Whether operations on this thread are put on the tape.
    """
def isfinite(arg0: typing.Any) -> Tensor:
    ...
def isinf(arg0: typing.Any) -> Tensor:
    ...
def isnan(arg0: typing.Any) -> Tensor:
    ...
def layer_normalization(x: typing.Any, gamma: typing.Any = None, beta: typing.Any = None, epsilon: typing.Any = 0.001, norm: RowNorm = RowNorm.layer) -> Tensor:
    """
    x (..., D) normalised row by row; gamma, beta (D) or None.
    """
def less(arg0: typing.Any, arg1: typing.Any) -> Tensor:
    ...
def less_equal(arg0: typing.Any, arg1: typing.Any) -> Tensor:
    ...
def linear_scan(a: typing.Any, b: typing.Any, h0: typing.Any = None) -> Tensor:
    ...
def lion_step(block: ParameterBlock, momenta: Tensor, rate: typing.SupportsFloat | typing.SupportsIndex, beta_1: typing.SupportsFloat | typing.SupportsIndex, beta_2: typing.SupportsFloat | typing.SupportsIndex) -> None:
    ...
def load_stream(path: str, batch_size: typing.SupportsInt | typing.SupportsIndex) -> Stream:
    """
    A stream of a saved model.
    """
def log(arg0: typing.Any) -> Tensor:
    ...
def log10(arg0: typing.Any) -> Tensor:
    ...
def log1p(arg0: typing.Any) -> Tensor:
    ...
def log2(arg0: typing.Any) -> Tensor:
    ...
def log_sigmoid(arg0: typing.Any) -> Tensor:
    ...
def log_softmax(arg0: typing.Any, arg1: typing.Any) -> Tensor:
    ...
def logaddexp(arg0: typing.Any, arg1: typing.Any) -> Tensor:
    ...
def logical_and(arg0: typing.Any, arg1: typing.Any) -> Tensor:
    ...
def logical_not(arg0: typing.Any) -> Tensor:
    ...
def logical_or(arg0: typing.Any, arg1: typing.Any) -> Tensor:
    ...
def logical_xor(arg0: typing.Any, arg1: typing.Any) -> Tensor:
    ...
def logsumexp(x: typing.Any, axis: typing.Any = None, keepdims: typing.Any = False) -> Tensor:
    ...
def matmul(arg0: typing.Any, arg1: typing.Any) -> Tensor:
    ...
def max(x: typing.Any, axis: typing.Any = None, keepdims: typing.Any = False) -> Tensor:
    ...
def max_pool1d(x: typing.Any, size: typing.Any, stride: typing.Any, padding: typing.Any = 'valid') -> Tensor:
    """
    x (B, T, C) -> (B, T', C); padding 'valid' or 'same'.
    """
def max_pool2d(x: typing.Any, size: typing.Any, strides: typing.Any, padding: typing.Any = 'valid') -> Tensor:
    """
    x (B, H, W, C) -> (B, H', W', C).
    """
def maximum(arg0: typing.Any, arg1: typing.Any) -> Tensor:
    ...
def mean(x: typing.Any, axis: typing.Any = None, keepdims: typing.Any = False) -> Tensor:
    ...
def mean_absolute_error(arg0: typing.Any, arg1: typing.Any) -> Tensor:
    ...
def mean_squared_error(arg0: typing.Any, arg1: typing.Any) -> Tensor:
    ...
def memory_addressing(memory: typing.Any, key: typing.Any, strength: typing.Any, gate: typing.Any, shift: typing.Any, sharpening: typing.Any, previous_weights: typing.Any) -> Tensor:
    """
    memory (B, M, N), previous_weights (B, H, N) -> weights (B, H, N).
    """
def memory_read(memory: typing.Any, weights: typing.Any) -> Tensor:
    """
    memory (B, M, N), weights (B, H, N) -> (B, H, M).
    """
def memory_statistics() -> dict[str, typing.Any]:
    """
    Bytes in use, bytes kept for reuse, the peak of use, and how often the system was asked.
    """
def memory_step(memory: typing.Any, parameters: typing.Any, previous_weights: typing.Any, read_heads: typing.Any, shift_range: typing.Any) -> tuple[typing.Any, ...]:
    """
    memory (B, M, N), parameters (B, P), previous_weights (B, H, N) -> reads (B, R, M), weights, memory.
    """
def memory_write(memory: typing.Any, weights: typing.Any, erase: typing.Any, add: typing.Any) -> Tensor:
    """
    memory (B, M, N), weights (B, H, N), erase and add (B, H, M) -> (B, M, N).
    """
def min(x: typing.Any, axis: typing.Any = None, keepdims: typing.Any = False) -> Tensor:
    ...
def minimum(arg0: typing.Any, arg1: typing.Any) -> Tensor:
    ...
def mish(arg0: typing.Any) -> Tensor:
    ...
def mod(arg0: typing.Any, arg1: typing.Any) -> Tensor:
    ...
def multiply(arg0: typing.Any, arg1: typing.Any) -> Tensor:
    ...
def nadam_step(block: ParameterBlock, first: Tensor, second: Tensor, rate: typing.SupportsFloat | typing.SupportsIndex, beta_1: typing.SupportsFloat | typing.SupportsIndex, beta_2: typing.SupportsFloat | typing.SupportsIndex, epsilon: typing.SupportsFloat | typing.SupportsIndex, step: typing.SupportsInt | typing.SupportsIndex, product: typing.SupportsFloat | typing.SupportsIndex) -> None:
    ...
def negative(arg0: typing.Any) -> Tensor:
    ...
def not_equal(arg0: typing.Any, arg1: typing.Any) -> Tensor:
    ...
def num_threads() -> int:
    """
    Threads a parallel loop may use now.
    """
def one_hot(arg0: typing.Any, arg1: typing.Any, arg2: typing.Any, arg3: typing.Any) -> Tensor:
    ...
def operand(arg0: typing.Any) -> Tensor:
    ...
def pad(arg0: typing.Any, arg1: typing.Any, arg2: typing.Any, arg3: typing.Any) -> Tensor:
    ...
def pad_sequences_into(out: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], sequences: collections.abc.Sequence[typing.Any], padding_step: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], pad_before: bool, truncate_before: bool) -> None:
    """
    Lays each sequence into its row of `out` (count, length, ...), cut or padded to the length.
    """
def parse_date(text: str, format: str) -> typing.Any:
    """
    Seconds since 1970-01-01, or None if the text does not follow the format.
    """
def power(arg0: typing.Any, arg1: typing.Any) -> Tensor:
    ...
def prod(x: typing.Any, axis: typing.Any = None, keepdims: typing.Any = False) -> Tensor:
    ...
def put_rows(arg0: typing.Any, arg1: typing.Any, arg2: typing.Any, arg3: typing.Any) -> Tensor:
    ...
def random_normal(shape: typing.Any, seed: typing.SupportsInt | typing.SupportsIndex, stream: typing.SupportsInt | typing.SupportsIndex, mean: typing.Any = 0.0, stddev: typing.Any = 1.0, dtype: typing.Any = 'float32') -> Tensor:
    """
    Normal numbers.
    """
def random_truncated_normal(shape: typing.Any, seed: typing.SupportsInt | typing.SupportsIndex, stream: typing.SupportsInt | typing.SupportsIndex, mean: typing.Any = 0.0, stddev: typing.Any = 1.0, dtype: typing.Any = 'float32') -> Tensor:
    """
    Normal numbers, drawn again where they are more than two deviations off.
    """
def random_uniform(shape: typing.Any, seed: typing.SupportsInt | typing.SupportsIndex, stream: typing.SupportsInt | typing.SupportsIndex, low: typing.Any = 0.0, high: typing.Any = 1.0, dtype: typing.Any = 'float32') -> Tensor:
    """
    Uniform numbers in [low, high).
    """
def reciprocal(arg0: typing.Any) -> Tensor:
    ...
def release_accumulated(block: ParameterBlock, sum: Tensor, count: typing.SupportsFloat | typing.SupportsIndex) -> None:
    ...
def relu(x: typing.Any, negative_slope: typing.Any = 0.0, max_value: typing.Any = ..., threshold: typing.Any = 0.0) -> Tensor:
    ...
def repeat(arg0: typing.Any, arg1: typing.Any, arg2: typing.Any) -> Tensor:
    ...
def reshape(arg0: typing.Any, arg1: typing.Any) -> Tensor:
    ...
def rmsprop_step(block: ParameterBlock, square: Tensor, momenta: Tensor | None, mean: Tensor | None, rate: typing.SupportsFloat | typing.SupportsIndex, rho: typing.SupportsFloat | typing.SupportsIndex, momentum: typing.SupportsFloat | typing.SupportsIndex, epsilon: typing.SupportsFloat | typing.SupportsIndex) -> None:
    ...
def roll(arg0: typing.Any, arg1: typing.Any, arg2: typing.Any) -> Tensor:
    ...
def round(arg0: typing.Any) -> Tensor:
    ...
def rsqrt(arg0: typing.Any) -> Tensor:
    ...
def scans_in_blocks(batch: typing.SupportsInt | typing.SupportsIndex, time: typing.SupportsInt | typing.SupportsIndex) -> bool:
    """
    Whether scans go through blocks of time at once.
    """
def selu(arg0: typing.Any) -> Tensor:
    ...
def set_num_threads(count: typing.SupportsInt | typing.SupportsIndex) -> None:
    """
    Sets how many threads parallel loops may use. Results do not depend on it.

    Raises ValueError unless count >= 1.
    """
def sgd_step(block: ParameterBlock, velocity: Tensor | None, rate: typing.SupportsFloat | typing.SupportsIndex, momentum: typing.SupportsFloat | typing.SupportsIndex, nesterov: bool) -> None:
    ...
def sigmoid(arg0: typing.Any) -> Tensor:
    ...
def sign(arg0: typing.Any) -> Tensor:
    ...
def silu(arg0: typing.Any) -> Tensor:
    ...
def sin(arg0: typing.Any) -> Tensor:
    ...
def sinh(arg0: typing.Any) -> Tensor:
    ...
def soft_shrink(arg0: typing.Any, arg1: typing.Any) -> Tensor:
    ...
def softmax(arg0: typing.Any, arg1: typing.Any) -> Tensor:
    ...
def softplus(arg0: typing.Any) -> Tensor:
    ...
def softsign(arg0: typing.Any) -> Tensor:
    ...
def sparse_categorical_crossentropy(arg0: typing.Any, arg1: typing.Any, arg2: typing.Any, arg3: typing.Any) -> Tensor:
    ...
def sqrt(arg0: typing.Any) -> Tensor:
    ...
def square(arg0: typing.Any) -> Tensor:
    ...
def stack(arg0: typing.Any, arg1: typing.Any) -> Tensor:
    ...
def std(x: typing.Any, axis: typing.Any = None, keepdims: typing.Any = False) -> Tensor:
    ...
def stream(model: str, weights: collections.abc.Mapping[str, Tensor], batch_size: typing.SupportsInt | typing.SupportsIndex) -> Stream:
    """
    A stream of the model that a configuration (JSON) describes, with weights by path.
    """
def subtract(arg0: typing.Any, arg1: typing.Any) -> Tensor:
    ...
def sum(x: typing.Any, axis: typing.Any = None, keepdims: typing.Any = False) -> Tensor:
    ...
def take(arg0: typing.Any, arg1: typing.Any, arg2: typing.Any) -> Tensor:
    ...
def take_along_axis(arg0: typing.Any, arg1: typing.Any, arg2: typing.Any) -> Tensor:
    ...
def tan(arg0: typing.Any) -> Tensor:
    ...
def tanh(arg0: typing.Any) -> Tensor:
    ...
def tanh_shrink(arg0: typing.Any) -> Tensor:
    ...
def threshold(arg0: typing.Any, arg1: typing.Any, arg2: typing.Any) -> Tensor:
    ...
def tile(arg0: typing.Any, arg1: typing.Any) -> Tensor:
    ...
def track_average(block: ParameterBlock, average: Tensor, momentum: typing.SupportsFloat | typing.SupportsIndex) -> None:
    ...
def transpose(x: typing.Any, axes: typing.Any = None) -> Tensor:
    ...
def trim_memory() -> None:
    """
    Gives cached buffers back to the system.
    """
def trunc(arg0: typing.Any) -> Tensor:
    ...
def var(x: typing.Any, axis: typing.Any = None, keepdims: typing.Any = False) -> Tensor:
    ...
def where(arg0: typing.Any, arg1: typing.Any, arg2: typing.Any) -> Tensor:
    ...
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
