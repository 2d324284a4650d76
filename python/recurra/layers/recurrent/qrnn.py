"""The quasi-recurrent network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from recurra import activations, ops
from recurra.checks import one_of, whole_number
from recurra.layers.documentation import documented
from recurra.layers.recurrent.cell import features_of
from recurra.layers.recurrent.cell_layer import CellLayer, RecurrentOptions
from recurra.layers.recurrent.cell_options import CellOptions
from recurra.layers.recurrent.front import FrontedCell
from recurra.tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from typing_extensions import Unpack

_POOLINGS = ("f", "fo", "ifo")
_LONGEST_WINDOW = 4096


@documented
class QRNNCell(FrontedCell):
    """One step of a quasi-recurrent network, whose gates see a window of the input.

        z = act(X W_z + b_z)      f, o, i = σ(X W + b),  X = [x_{t-K+1}, ..., x_t]
        pooling "f": h' = f h + (1 - f) z
        pooling "fo": c' = f c + (1 - f) z, h' = o c'      pooling "ifo": c' = f c + i z, h' = o c'

    There are no recurrent weights. The products with X are a causal convolution. Blocks stand in the order z, f, o, i.

    Weights: kernel (K F, gates U), oldest input of the window first, bias (gates U), with 2, 3 or 4 gates.

    Args:
        units: Width U of the states and of the output, at least 1.
        window: Width K of the convolution in steps, at least 1; default 2.
        pooling: Which gates there are, "f", "fo" or "ifo"; default "fo".
        activation: act of the candidate z, by name or as a function; default "tanh".
        recurrent_activation: σ of the gates, by name or as a function; default "sigmoid".
        use_bias: Whether there is a bias; default True.
        {weight arguments}
        {cell arguments}
        {layer arguments}

    Input shape:
        One step (B, F) and the states [h, c, past], (B, U), (B, U) and (B, (K - 1) F), oldest input first; without c in
        f-pooling, without past where K is 1.

    Output shape:
        The output h' and the new states.

    Raises:
        ValueError: An argument is out of range.

    Example:
        >>> cell = recurra.layers.QRNNCell(4, window=3)
        >>> cell.build((None, 2))
        >>> output, states = cell(np.ones((1, 2), "float32"), cell.get_initial_state(batch_size=1))
        >>> [state.shape for state in states]
        [(1, 4), (1, 4), (1, 4)]

    Source: Bradbury et al., Quasi-Recurrent Neural Networks, 2016.
    """

    refused = ("skip", "normalization", "weight_normalization", "recurrent_dropconnect", "recurrent_dropout")
    activation_arguments: ClassVar[Sequence[str]] = ("activation", "recurrent_activation")
    plain_arguments: ClassVar[Sequence[str]] = (*FrontedCell.plain_arguments, "window", "pooling")

    def __init__(
        self,
        units: int,
        window: int = 2,
        pooling: str = "fo",
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        **options: Unpack[CellOptions],
    ) -> None:
        self.pooling = one_of(pooling, "QRNN", "pooling", _POOLINGS)
        super().__init__(units, activation, use_bias, **options)
        self.recurrent_activation = activations.get(recurrent_activation)
        self.window = whole_number(window, "QRNN", "window", most=_LONGEST_WINDOW)

    @property
    def gates(self) -> int:  # type: ignore[override]
        return 1 + len(self.pooling)

    @property
    def state_count(self) -> int:  # type: ignore[override]
        return 1 if self.pooling == "f" else 2

    @property
    def engine_name(self) -> str:  # type: ignore[override]
        return f"qrnn_{self.pooling}"

    @property
    def memory_width(self) -> int:
        return (self.window - 1) * self.features

    def build(self, input_shape: Any) -> None:
        self.features = features_of(input_shape)
        self.kernel = self._add("kernel", (self.window * self.features, self.gates * self.units))
        self.bias = self._add("bias", self.bias_shape()) if self.use_bias else None

    def engine_weights(self, training: bool) -> list[Any]:
        return [self.kernel, None, self.bias]

    def front(
        self, inputs: Tensor, memory: Tensor, mask: Tensor | None, dropout: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        if dropout is not None:
            inputs = inputs * (dropout if dropout.ndim == 3 else ops.expand_dims(dropout, 1))
        batch, time, features = inputs.shape
        past = self.window - 1
        whole = ops.concatenate([ops.reshape(memory, (batch, past, features)), inputs], axis=1)
        if mask is None:
            windows = ops.concatenate([whole[:, j : j + time] for j in range(self.window)], axis=-1)
            return windows, ops.reshape(whole[:, time:], (batch, past * features))
        places, last = _places_of_windows(mask.numpy(), past)
        rows = ops.reshape(whole, (batch * (past + time), features))
        windows = ops.reshape(ops.take(rows, places, axis=0), (batch, time, self.window * features))
        return windows, ops.reshape(ops.take(rows, last, axis=0), (batch, past * features))

    def call(self, inputs: Tensor, states: Any, training: bool = False) -> tuple[Tensor, list[Tensor]]:
        previous = list(states) if isinstance(states, (list, tuple)) else [states]
        x, _ = self.dropped(inputs, previous[0], training)
        kept = []
        if self.memory_width:
            x = ops.concatenate([previous.pop(), x], axis=1)
            kept = [x[:, self.features :]]
        z, *sums = ops.split(ops.dense(x, self.kernel, self.bias), self.gates, axis=1)
        z, (f, *others) = self.activation(z), [self.recurrent_activation(one) for one in sums]
        c = previous[-1]
        c = f * c + (others[1] * z if self.pooling == "ifo" else z - f * z)
        new = self.zoned([others[0] * c, c] if others else [c], previous, training)
        return new[0], [*new, *kept]


def _places_of_windows(mask: np.ndarray, past: int) -> tuple[np.ndarray, np.ndarray]:
    """Where the inputs of each step's window, and of the memory at the end, stand among rows of past + T inputs.

    Inputs of steps that do not count are passed over; what the window of such a step holds does not matter.
    """
    batch, time = mask.shape
    counted = np.cumsum(mask, axis=1)
    counting = np.zeros((batch, past + time), dtype=np.int64)  # places of the inputs that count, one after another
    counting[:, :past] = np.arange(past)
    row, step = np.nonzero(mask)
    counting[row, past + counted[row, step] - 1] = past + step
    first = np.maximum(counted - 1, 0)[:, :, None] + np.arange(past + 1)
    last = counted[:, -1:] + np.arange(past)
    rows = np.arange(batch)[:, None]
    start = rows * (past + time)
    windows = counting[rows, first.reshape(batch, -1)] + start
    return windows.ravel(), (counting[rows, last] + start).ravel()


@documented
class QRNN(CellLayer):
    """Quasi-recurrent layer: gates by a causal convolution, a step that is linear in the state.

        z = act(X_t W_z + b_z)      f, o, i = σ(X_t W + b),  X_t = [x_{t-K+1}, ..., x_t]
        pooling "f": h_t = f h_{t-1} + (1 - f) z
        pooling "fo": c_t = f c_{t-1} + (1 - f) z, h_t = o c_t      pooling "ifo": c_t = f c_{t-1} + i z, h_t = o c_t

    Windows hold steps that count only. Its cost per step does not grow with U². Weights are those of `QRNNCell`.

    Args:
        units: Width U of the states and of the output, at least 1.
        window: Width K of the convolution in steps, at least 1; default 2.
        pooling: Which gates there are, "f", "fo" or "ifo"; default "fo".
        activation: act of the candidate z, by name or as a function; default "tanh".
        recurrent_activation: σ of the gates, by name or as a function; default "sigmoid".
        use_bias: Whether there is a bias; default True.
        {weight arguments}
        {cell arguments}
        {recurrence arguments}
        {layer arguments}

    Input shape:
        (B, T, F): sequences, steps, features. The call also takes `initial_state`, `mask` (B, T) and `lengths` (B,);
        see `RNN`.

    Output shape:
        (B, U), or (B, T, U) with return_sequences; with return_state followed by the states of `QRNNCell`.

    Raises:
        ValueError: An argument is out of range, or at the call an input, state, mask or length does not fit.

    Example:
        >>> layer = recurra.layers.QRNN(4, window=3)
        >>> layer(np.ones((2, 5, 3), "float32")).shape
        (2, 4)

    Source: Bradbury et al., Quasi-Recurrent Neural Networks, 2016.
    """

    cell_class = QRNNCell

    if TYPE_CHECKING:
        window: int
        pooling: str
        recurrent_activation: Any

        def __init__(
            self,
            units: int,
            window: int = 2,
            pooling: str = "fo",
            activation: Any = "tanh",
            recurrent_activation: Any = "sigmoid",
            use_bias: bool = True,
            **options: Unpack[RecurrentOptions],
        ) -> None: ...
