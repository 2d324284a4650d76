"""Long short-term memory in its forms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from recurra import activations, ops
from recurra.checks import boolean, number, one_of, whole_number
from recurra.layers.documentation import documented
from recurra.layers.recurrent.cell import EPSILON, BuiltInCell
from recurra.layers.recurrent.cell_layer import CellLayer, RecurrentOptions
from recurra.layers.recurrent.cell_options import CellOptions
from recurra.tensor import Tensor, Variable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from typing_extensions import Unpack

_PEEPHOLES = (None, "diagonal", "full")


@documented
class LSTMCell(BuiltInCell):
    """One step of a long short-term memory.

        i, f, o = σ(x W + h R + b)   g = act(x W + h R + b)   c' = f c + i g   h' = o act(c')

    Gates stand in the order i, f, c, o.

    Weights: kernel (F, 4U), recurrent_kernel (U, 4U), bias (4U); with peephole="diagonal" also peephole_kernel (3, U),
    of i, f, o, which has the initializer and regularizer of recurrent_kernel; with peephole="full" recurrent_kernel is
    (U, 7U), V of i, f, o behind R. Without a forget gate of its own all of f is missing: (F, 3U), (U, 3U), (3U), (2,
    U). With a projection recurrent_kernel is (P, 4U), and projection_kernel (U, P), the last weight, has the
    initializer and regularizer of kernel. With normalization c' too is normalised on its way out, h' = o act(gain
    normal(c') + shift), by the weights cell_gain and cell_shift (U).

    Args:
        units: Width U of the states and of the output, at least 1.
        activation: act of the candidate and of the cell state on its way out, by name or as a function; default "tanh".
        recurrent_activation: σ of the gates, by name or as a function; default "sigmoid".
        use_bias: Whether there is a bias; default True.
        unit_forget_bias: Whether the bias of the forget gate starts at one; default True.
        forget_bias: Initial bias of the forget gate, instead of one; default None.
        peephole: None; "diagonal": i and f also see p c, o sees p c', with a weight for each unit and gate; or "full":
            they see c V and c' V, with whole matrices; default None.
        coupled: Whether f = 1 - i instead of a gate of its own; default False.
        forget_gate: Whether there is a forget gate; without it c' = c + i g, the form of 1997; default True.
        cell_clip: Bound of c', a positive number; default None.
        projection: Width P of h' = (o act(c')) V, at least 1; default None, h' without V.
        {weight arguments}
        {cell arguments}
        {layer arguments}

    Input shape:
        One step (B, F) and the states [h, c], (B, U) each; with a projection h is (B, P).

    Output shape:
        The output h' and the new states [h', c'].

    Raises:
        ValueError: An argument is out of range, or two forms exclude each other.

    Example:
        >>> cell = recurra.layers.LSTMCell(4)
        >>> output, states = cell(np.ones((2, 3), "float32"), [np.zeros((2, 4), "float32")] * 2)
        >>> output.shape, len(states)
        ((2, 4), 2)

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
        super().__init__(units, activation, use_bias, **options)
        self.recurrent_activation = activations.get(recurrent_activation)
        owner = type(self).__name__.removesuffix("Cell")
        self.unit_forget_bias = boolean(unit_forget_bias, owner, "unit_forget_bias")
        self.forget_bias = None if forget_bias is None else number(forget_bias, owner, "forget_bias")
        self.peephole = one_of(peephole, owner, "peephole", _PEEPHOLES)
        self.coupled = coupled = boolean(coupled, owner, "coupled")
        self.forget_gate = forget_gate = boolean(forget_gate, owner, "forget_gate")
        self.cell_clip = None if cell_clip is None else number(cell_clip, owner, "cell_clip", above=0)
        self.projection = None if projection is None else whole_number(projection, owner, "projection")
        if coupled and not forget_gate:
            raise ValueError(f"{owner}: coupled=True forgets by the input gate; it needs forget_gate=True")
        if peephole == "full" and (coupled or not forget_gate):
            raise ValueError(f"{owner}: peephole='full' needs a forget gate of its own, not coupled or left out")
        if projection is not None and (peephole == "full" or coupled or not forget_gate):
            raise ValueError(f"{owner}: projection needs a forget gate of its own, and peepholes that are not full")
        plain = peephole is None and projection is None and forget_gate and not coupled
        if self.normalization is not None and not plain:
            raise ValueError(f"{owner}: normalization needs a forget gate of its own, no peephole, no projection")
        if self.skip and peephole == "full":
            raise ValueError(f"{owner}: skip does not go with peephole='full'")
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


@documented
class LSTM(CellLayer):
    """Long short-term memory layer.

        i, f, o = σ(x_t W + h_{t-1} R + b)   g = act(x_t W + h_{t-1} R + b)   c_t = f c_{t-1} + i g   h_t = o act(c_t)

    Gates stand in the order i, f, c, o; weights are those of `LSTMCell`.

    Args:
        units: Width U of the states and of the output, at least 1.
        activation: act of the candidate and of the cell state on its way out, by name or as a function; default "tanh".
        recurrent_activation: σ of the gates, by name or as a function; default "sigmoid".
        use_bias: Whether there is a bias; default True.
        unit_forget_bias: Whether the bias of the forget gate starts at one; default True.
        forget_bias: Initial bias of the forget gate, instead of one; default None.
        peephole: None; "diagonal": i and f also see p c, o sees p c', with a weight for each unit and gate; or "full":
            they see c V and c' V, with whole matrices; default None.
        coupled: Whether f = 1 - i instead of a gate of its own; default False.
        forget_gate: Whether there is a forget gate; without it c' = c + i g, the form of 1997; default True.
        cell_clip: Bound of c', a positive number; default None.
        projection: Width P of h' = (o act(c')) V, at least 1; default None, h' without V.
        {weight arguments}
        {cell arguments}
        {recurrence arguments}
        {layer arguments}

    Input shape:
        (B, T, F): sequences, steps, features. The call also takes `initial_state`, `mask` (B, T) and `lengths` (B,);
        see `RNN`.

    Output shape:
        (B, U), or (B, T, U) with return_sequences; with return_state followed by the states h and c, (B, U). With a
        projection the output and h have its width.

    Raises:
        ValueError: An argument is out of range, two forms exclude each other, or at the call an input, state, mask or
            length does not fit.

    Example:
        >>> layer = recurra.layers.LSTM(4, return_state=True)
        >>> output, h, c = layer(np.ones((2, 5, 3), "float32"))
        >>> output.shape, c.shape
        ((2, 4), (2, 4))

    Sources: Hochreiter & Schmidhuber, Long Short-Term Memory, 1997; Gers et al., Learning to Forget, 2000; Gers &
    Schmidhuber, Recurrent Nets that Time and Count, 2000; Greff et al., LSTM: A Search Space Odyssey, 2015; Sak et al.,
    Long Short-Term Memory Based Recurrent Neural Network Architectures for Large Vocabulary Speech Recognition, 2014.
    """

    cell_class = LSTMCell

    if TYPE_CHECKING:
        recurrent_activation: Any
        unit_forget_bias: bool
        forget_bias: float | None
        peephole: str | None
        coupled: bool
        forget_gate: bool
        cell_clip: float | None
        projection: int | None

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
            **options: Unpack[RecurrentOptions],
        ) -> None: ...
