"""Long short-term memory in its forms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from recurra import ops
from recurra.checks import whole_number
from recurra.layers.recurrent.cell import EPSILON, BuiltInCell, CellOptions
from recurra.layers.recurrent.cell_layer import CellLayer, LayerOptions
from recurra.tensor import Tensor, Variable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from typing_extensions import Unpack

_PEEPHOLES = (None, "diagonal", "full")


class LSTMCell(BuiltInCell):
    """One step of an LSTM, gates in the order i, f, c, o.

        i, f, o = σ(x W + h R + b)   g = act(x W + h R + b)   c' = f c + i g   h' = o act(c')

    Arguments: units, activation, recurrent_activation (σ), use_bias, those of `BuiltInCell`, and
        unit_forget_bias: whether the bias of the forget gate starts at one; default True.
        forget_bias: what the bias of the forget gate starts at instead; default None.
        peephole: None (default); "diagonal": i and f also see p c, o sees p c', with a weight for each unit and gate;
            or "full": they see c V and c' V, with whole matrices.
        coupled: whether f = 1 - i instead of a gate of its own; default False.
        forget_gate: whether the past is forgotten at all; without it c' = c + i g, the form of 1997; default True.
        cell_clip: bound of c', a positive number; default None.
        projection: width P of h' = (o act(c')) V, at least 1; default None, h' without V.
        normalization: c' too is normalised on its way out: h' = o act(gain normal(c') + shift), weights
            cell_gain and cell_shift (U).

    Weights: kernel (F, 4U), recurrent_kernel (U, 4U), bias (4U); with peephole="diagonal" also peephole_kernel (3, U),
    of i, f, o, which starts and is penalised as recurrent_kernel; with peephole="full" recurrent_kernel is (U, 7U), V
    of i, f, o behind R. Without a forget gate of its own all of f is missing: (F, 3U), (U, 3U), (3U), (2, U). With a
    projection recurrent_kernel is (P, 4U); projection_kernel (U, P), the last one, starts and is penalised as kernel.

    Shapes: x (B, F), states h, c (B, U) → output (B, U), [h', c']; with a projection h and the output are (B, P).

    Raises: ValueError for arguments out of range and forms that exclude each other.

    Sources: Hochreiter & Schmidhuber, Long Short-Term Memory, 1997; Gers et al., Learning to Forget, 2000; Gers &
    Schmidhuber, Recurrent Nets that Time and Count, 2000; Greff et al., LSTM: A Search Space Odyssey, 2015; Sak et al.,
    Long Short-Term Memory Based Recurrent Neural Network Architectures for Large Vocabulary Speech Recognition, 2014.
    """

    state_count = 2
    refused = ()
    activation_arguments: ClassVar[Sequence[str]] = ("activation", "recurrent_activation")
    plain_arguments: ClassVar[Sequence[str]] = (
        *BuiltInCell.plain_arguments,
        "unit_forget_bias",
        "forget_bias",
        "peephole",
        "coupled",
        "forget_gate",
        "cell_clip",
        "projection",
    )
    peephole_kernel: Variable | None = None
    projection_kernel: Variable | None = None
    cell_gain: Variable | None = None
    cell_shift: Variable | None = None

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        *,
        unit_forget_bias: bool = True,
        forget_bias: float | None = None,
        peephole: str | None = None,
        coupled: bool = False,
        forget_gate: bool = True,
        cell_clip: float | None = None,
        projection: int | None = None,
        **options: Unpack[CellOptions],
    ) -> None:
        super().__init__(units, activation, use_bias, recurrent_activation=recurrent_activation, **options)
        owner = type(self).__name__.removesuffix("Cell")
        if peephole not in _PEEPHOLES:
            raise ValueError(f"{owner}: peephole must be one of {_PEEPHOLES}, got {peephole!r}")
        if coupled and not forget_gate:
            raise ValueError(f"{owner}: coupled=True forgets by the input gate; it needs forget_gate=True")
        if peephole == "full" and (coupled or not forget_gate):
            raise ValueError(f"{owner}: peephole='full' needs a forget gate of its own, not coupled or left out")
        if projection is not None and (peephole == "full" or coupled or not forget_gate):
            raise ValueError(f"{owner}: projection needs a forget gate of its own, and peepholes that are not full")
        plain = peephole is None and projection is None and forget_gate and not coupled
        if self.normalization is not None and not plain:
            raise ValueError(f"{owner}: normalization needs a forget gate of its own, no peephole, no projection")
        if cell_clip is not None and not cell_clip > 0:
            raise ValueError(f"{owner}: cell_clip must be a positive number or None, got {cell_clip!r}")
        if self.skip and peephole == "full":
            raise ValueError(f"{owner}: skip does not go with peephole='full'")
        self.unit_forget_bias = bool(unit_forget_bias)
        self.forget_bias = None if forget_bias is None else float(forget_bias)
        self.peephole = peephole
        self.coupled = bool(coupled)
        self.forget_gate = bool(forget_gate)
        self.cell_clip = None if cell_clip is None else float(cell_clip)
        self.projection = None if projection is None else whole_number(projection, owner, "projection")
        if self.forget_bias is not None and not (self.use_bias and self._own_forget_gate):
            raise ValueError(f"{owner}: forget_bias needs a bias and a forget gate of its own")

    @property
    def _own_forget_gate(self) -> bool:
        return self.forget_gate and not self.coupled

    @property
    def gates(self) -> int:  # type: ignore[override]
        return 4 if self._own_forget_gate else 3

    @property
    def engine_name(self) -> str:  # type: ignore[override]
        if self.peephole == "full":
            return "lstm_full_peephole"
        if self.projection is not None:
            return "lstm_projected"
        if self.normalization is not None:
            return "lstm_normalised"
        return "lstm" if self._own_forget_gate else "lstm_coupled" if self.coupled else "lstm_no_forget"

    def engine_weights(self, training: bool) -> list[Any]:
        plain = self.normalization is None
        vectors = self.peephole_kernel if plain else self.gains(self.cell_gain, self.cell_shift)
        return [self.kernel, self.recurrent_matrix(training), self.bias, vectors, self.projection_kernel]

    @property
    def engine_clip(self) -> float:  # type: ignore[override]
        return self.cell_clip or 0.0

    @property
    def normalised_blocks(self) -> int:
        return super().normalised_blocks + 1

    @property
    def state_widths(self) -> list[int]:
        return [self.units if self.projection is None else self.projection, self.units]

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        self.peephole_kernel = None
        if self.peephole == "diagonal":
            self.peephole_kernel = self.add_weight(
                shape=(self.gates - 1, self.units),
                name="peephole_kernel",
                initializer=self.recurrent_initializer,
                regularizer=self.recurrent_regularizer,
            )
        self.cell_gain = self.cell_shift = None
        if self.normalization is not None:
            self.cell_gain = self._gain("cell_gain", 1)
            self.cell_shift = self.add_weight(shape=(self.units,), name="cell_shift", initializer="zeros")
        self.projection_kernel = None
        if self.projection is not None:
            self.projection_kernel = self.add_weight(
                shape=(self.units, self.projection),
                name="projection_kernel",
                initializer=self.kernel_initializer,
                regularizer=self.kernel_regularizer,
            )

    def recurrent_shape(self) -> tuple[int, ...]:
        return (self.units, 7 * self.units) if self.peephole == "full" else super().recurrent_shape()

    def first_bias(self) -> Any:
        start = 1.0 if self.forget_bias is None else self.forget_bias
        if not self._own_forget_gate or (self.forget_bias is None and not self.unit_forget_bias):
            return super().first_bias()

        def with_forget_bias(shape: Sequence[int], dtype: Any = None) -> Any:
            bias = np.array(self.bias_initializer(shape, dtype=dtype))
            bias[self.units : 2 * self.units] = start
            return bias

        return with_forget_bias

    def call(self, inputs: Tensor, states: Any, training: bool = False) -> tuple[Tensor, list[Tensor]]:
        h, c = states
        x, dropped = self.dropped(inputs, h, training)
        total = self.input_sums(x) + self.recurrent_sums(dropped, training)
        if self.bias is not None:
            total = total + self.bias
        i, *forget, g, o = ops.split(total, self.gates, axis=1)
        sigma = self.recurrent_activation
        i = sigma(self._seeing(c, 0, i, training))
        entering = i * self.activation(g)
        if forget:
            new_c = sigma(self._seeing(c, 1, forget[0], training)) * c + entering
        else:
            new_c = (1 - i) * c + entering if self.coupled else c + entering
        if self.cell_clip is not None:
            new_c = ops.clip(new_c, -self.cell_clip, self.cell_clip)
        o = sigma(self._seeing(new_c, self.gates - 2, o, training))
        out = new_c
        if self.cell_gain is not None:
            out = ops.layer_normalization(new_c, self.cell_gain, self.cell_shift, epsilon=EPSILON)
        new_h = o * self.activation(out)
        if self.projection_kernel is not None:
            new_h = ops.matmul(new_h, self.projection_kernel)
        new_states = self.zoned([new_h, new_c], states, training)
        return new_states[0], new_states

    def _seeing(self, c: Tensor, peephole: int, total: Tensor, training: bool) -> Tensor:
        """The sum of a gate with what it sees of the cell state."""
        if self.peephole_kernel is not None:
            return total + c * self.peephole_kernel[peephole]
        if self.peephole == "full":
            first = (4 + peephole) * self.units
            return total + ops.matmul(c, self.recurrent_matrix(training)[:, first : first + self.units])
        return total


class LSTM(CellLayer):
    """Long short-term memory layer, gates in the order i, f, c, o; equations and forms at `LSTMCell`.

    Arguments:
        units: width U of the states and of the output.
        activation: of the candidate and of the cell state on its way out; default tanh.
        recurrent_activation: of the gates; default sigmoid.
        use_bias: default True.
        unit_forget_bias: whether the bias of the forget gate starts at one; default True.
        forget_bias: what it starts at instead; default None.
        peephole: whether the gates see the cell state: None, "diagonal" or "full"; default None.
        coupled: whether the forget gate is one minus the input gate; default False.
        forget_gate: whether there is a forget gate; default True.
        cell_clip: bound of the cell state, or None; default None.
        projection: width of h, if not U; default None.
        options: see `BuiltInCell` (initializers, regularizers, constraints, dropout, zoneout, seed) and `RNN`
            (return_sequences, return_state, go_backwards, stateful, unroll, zero_output_for_mask, checkpoint, …).

    Shapes: (B, T, F) → (B, U), or (B, T, U) with return_sequences; with return_state followed by h and c (B, U). With a
    projection the output and h have its width.

    Raises: ValueError for arguments out of range, and at the call for inputs, states and masks that do not fit.

    Sources: Hochreiter & Schmidhuber, Long Short-Term Memory, 1997; Gers et al., Learning to Forget, 2000.
    """

    cell_class = LSTMCell

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        *,
        unit_forget_bias: bool = True,
        forget_bias: float | None = None,
        peephole: str | None = None,
        coupled: bool = False,
        forget_gate: bool = True,
        cell_clip: float | None = None,
        projection: int | None = None,
        use_cudnn: Any = "auto",
        **options: Unpack[LayerOptions],
    ) -> None:
        cell = {
            "units": units,
            "activation": activation,
            "recurrent_activation": recurrent_activation,
            "use_bias": use_bias,
            "unit_forget_bias": unit_forget_bias,
            "forget_bias": forget_bias,
            "peephole": peephole,
            "coupled": coupled,
            "forget_gate": forget_gate,
            "cell_clip": cell_clip,
            "projection": projection,
        }
        super().__init__(cell, options, use_cudnn)
