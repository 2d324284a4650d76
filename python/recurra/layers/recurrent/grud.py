"""The gated recurrent unit for irregular and missing measurements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from recurra import activations, initializers, ops
from recurra.checks import is_number
from recurra.layers.documentation import documented
from recurra.layers.recurrent.cell import features_of
from recurra.layers.recurrent.cell_layer import CellLayer, RecurrentOptions
from recurra.layers.recurrent.cell_options import CellOptions
from recurra.layers.recurrent.front import FrontedCell
from recurra.tensor import Tensor, Variable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from typing_extensions import Unpack


@documented
class GRUDCell(FrontedCell):
    """One step of a gated recurrent unit that knows which values are missing, and for how long.

    A step's input holds values x, whether they were observed m, and the times δ since they were last observed before
    this step, F each, side by side. Missing values decay from the last one observed to the mean, and so does the state
    to 0:

        x̂ = x where m, else mean + exp(-max(0, w δ + d)) (last x - mean)      y = exp(-max(0, δ D + e)) h
        z, r = σ(x̂ W + m V + y R + b)      n = act(x̂ W_n + m V_n + (r y) R_n + b_n)      h' = z y + (1 - z) n

    As in `GRU`, z weighs the past; the source has z and 1 - z the other way round. w δ is a product element by element.
    Gates stand in the order z, r, n.

    Weights: kernel W (F, 3U), mask_kernel V (F, 3U), recurrent_kernel R (U, 3U), bias (3U), decay_kernel D (F, U),
    decay_bias e (U), input_decay w (F), input_decay_bias d (F), and mean (F), which is not trained.

    Args:
        units: Width U of the state and of the output, at least 1.
        mean: F numbers that missing values decay to; default None, zeros, as standardised data have them.
        activation: act of the candidate n, by name or as a function; default "tanh".
        recurrent_activation: σ of the gates, by name or as a function; default "sigmoid".
        use_bias: Whether there is the bias b; default True.
        decay_initializer: Initial values of w and D, by name or as an object; default `RandomUniform(0, 0.1)`, for
            times in units of a usual step. Decays that start below 0 are not trained.
        {weight arguments}
        {cell arguments}
        {layer arguments}

    Input shape:
        One step (B, 3F) and the states [h, last], (B, U) and (B, F); last is the last observed x less the mean.

    Output shape:
        The output h', (B, U), and the new states.

    Raises:
        ValueError: An argument is out of range, or the input's width is not three times the number of means.

    Example:
        >>> cell = recurra.layers.GRUDCell(4)
        >>> cell.build((None, 6))
        >>> output, states = cell(np.ones((1, 6), "float32"), cell.get_initial_state(batch_size=1))
        >>> output.shape, states[1].numpy()
        ((1, 4), array([[1., 1.]], dtype=float32))

    Source: Che et al., Recurrent Neural Networks for Multivariate Time Series with Missing Values, 2018.
    """

    engine_name = "gru_decay"
    gates = 3
    refused = ("skip", "normalization", "weight_normalization", "recurrent_dropconnect")
    activation_arguments: ClassVar[Sequence[str]] = ("activation", "recurrent_activation")
    plain_arguments: ClassVar[Sequence[str]] = (*FrontedCell.plain_arguments, "mean", "decay_initializer")
    mask_kernel: Variable
    decay_kernel: Variable
    decay_bias: Variable
    input_decay: Variable
    input_decay_bias: Variable
    mean_weight: Variable

    def __init__(
        self,
        units: int,
        mean: Sequence[float] | None = None,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        *,
        decay_initializer: Any = None,
        **options: Unpack[CellOptions],
    ) -> None:
        super().__init__(units, activation, use_bias, **options)
        self.recurrent_activation = activations.get(recurrent_activation)
        self.mean = _means(mean)
        self.decay_initializer = initializers.get(
            initializers.RandomUniform(0.0, 0.1) if decay_initializer is None else decay_initializer
        )

    @property
    def memory_width(self) -> int:
        return self.features

    def build(self, input_shape: Any) -> None:
        width = features_of(input_shape)
        features, rest = divmod(width, 3)
        if rest or (self.mean is not None and len(self.mean) != features):
            means = "" if self.mean is None else f", {len(self.mean)} each as there are means"
            raise ValueError(
                f"GRUD: expected values, masks and times side by side{means}, got {width} features; "
                "recurra.preprocessing.mark_missing makes them of values with NaN"
            )
        self.features = features
        self.kernel = self._add("kernel", (features, 3 * self.units))
        self.mask_kernel = self.add_weight(
            shape=(features, 3 * self.units),
            name="mask_kernel",
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.recurrent_kernel = self._add("recurrent_kernel", (self.units, 3 * self.units))
        self.bias = self._add("bias", (3 * self.units,)) if self.use_bias else None
        first: Any = self.decay_initializer
        self.decay_kernel = self.add_weight(shape=(features, self.units), name="decay_kernel", initializer=first)
        self.decay_bias = self.add_weight(shape=(self.units,), name="decay_bias", initializer="zeros")
        self.input_decay = self.add_weight(shape=(features,), name="input_decay", initializer=first)
        self.input_decay_bias = self.add_weight(shape=(features,), name="input_decay_bias", initializer="zeros")
        first = np.zeros(features) if self.mean is None else np.array(self.mean)
        self.mean_weight = self.add_weight(shape=(features,), name="mean", initializer=first, trainable=False)

    def engine_weights(self, training: bool) -> list[Any]:
        gates, units = 3 * self.units, self.units
        read = ops.pad(ops.concatenate([self.kernel, self.mask_kernel], axis=0), [[0, 0], [0, units]])
        kernel = ops.concatenate([read, ops.pad(self.decay_kernel, [[0, 0], [gates, 0]])], axis=0)
        bias = self.bias if self.bias is not None else ops.zeros((gates,), dtype=kernel.dtype)
        return [kernel, self.recurrent_kernel, ops.concatenate([bias, self.decay_bias], axis=0)]

    def front(
        self, inputs: Tensor, memory: Tensor, mask: Tensor | None, dropout: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        values, observed, times = ops.split(inputs, 3, axis=-1)
        there = seen = ops.not_equal(observed, 0)
        if mask is not None:
            seen = ops.logical_and(seen, ops.expand_dims(mask, -1))
        kept = ops.where(seen, 0.0, ops.ones_like(values))
        last = ops.linear_scan(kept, ops.where(seen, values - self.mean_weight, 0.0), memory)
        share = ops.exp(-ops.relu(times * self.input_decay + self.input_decay_bias))
        completed = ops.where(there, values, self.mean_weight + share * last)
        if dropout is not None:
            completed = completed * (dropout if dropout.ndim == 3 else ops.expand_dims(dropout, 1))
        return ops.concatenate([completed, ops.cast(there, inputs.dtype), times], axis=-1), last[:, -1]

    def call(self, inputs: Tensor, states: Any, training: bool = False) -> tuple[Tensor, list[Tensor]]:
        h, memory = states
        values = inputs[:, : self.features]
        dropout = self.get_dropout_mask(values) if training else None
        whole, memory = self.front(ops.expand_dims(inputs, 1), memory, None, dropout)
        completed, observed, times = ops.split(whole[:, 0], 3, axis=-1)
        y = ops.exp(-ops.relu(ops.dense(times, self.decay_kernel, self.decay_bias))) * h
        mask = self.get_recurrent_dropout_mask(h) if training else None
        dropped = y if mask is None else y * mask
        total = ops.dense(completed, self.kernel, self.bias) + ops.matmul(observed, self.mask_kernel)
        to_gates, to_candidate = total[:, : 2 * self.units], total[:, 2 * self.units :]
        z, r = ops.split(
            self.recurrent_activation(to_gates + self.recurrent_sums(dropped, training, last=2)), 2, axis=1
        )
        n = self.activation(to_candidate + self.recurrent_sums(r * dropped, training, first=2))
        new = self.zoned([z * y + (n - z * n)], [h], training)
        return new[0], [*new, memory]


def _means(value: Any) -> tuple[float, ...] | None:
    if value is None:
        return None
    numbers = list(value) if np.ndim(value) == 1 else []
    if not numbers or not all(is_number(one) and np.isfinite(one) for one in numbers):
        raise ValueError(f"GRUD: expected mean as a list of finite numbers, one a feature, got {value!r}")
    return tuple(float(one) for one in numbers)


@documented
class GRUD(CellLayer):
    """Gated recurrent layer for irregular and missing measurements, GRU-D.

    A step's input holds values x, whether they were observed m, and the times δ since they were last observed before
    this step, F each, side by side; `recurra.preprocessing.mark_missing` makes them of values with NaN and of time
    stamps. Missing values decay from the last one observed to the mean, and so does the state to 0:

        x̂ = x where m, else mean + exp(-max(0, w δ + d)) (last x - mean)      y = exp(-max(0, δ D + e)) h_{t-1}
        z, r = σ(x̂ W + m V + y R + b)      n = act(x̂ W_n + m V_n + (r y) R_n + b_n)      h_t = z y + (1 - z) n

    Weights and conventions are those of `GRUDCell`. Dropout of the input acts on x̂. A mask of the call means, as in
    every layer, whole steps that do not count; m says which values of a step are missing.

    Args:
        units: Width U of the state and of the output, at least 1.
        mean: F numbers that missing values decay to; default None, zeros, as standardised data have them.
        activation: act of the candidate n, by name or as a function; default "tanh".
        recurrent_activation: σ of the gates, by name or as a function; default "sigmoid".
        use_bias: Whether there is the bias b; default True.
        decay_initializer: Initial values of w and D, by name or as an object; default `RandomUniform(0, 0.1)`, for
            times in units of a usual step. Decays that start below 0 are not trained.
        {weight arguments}
        {cell arguments}
        {recurrence arguments}
        {layer arguments}

    Input shape:
        (B, T, 3F): sequences, steps, values and masks and times. The call also takes `initial_state`, `mask` (B, T) and
        `lengths` (B,); see `RNN`.

    Output shape:
        (B, U), or (B, T, U) with return_sequences; with return_state followed by the states h (B, U) and the last
        observed x less the mean, (B, F).

    Raises:
        ValueError: An argument is out of range, or at the call an input, state, mask or length does not fit.

    Example:
        >>> values = np.array([[[20.0, np.nan], [np.nan, np.nan], [21.0, 3.0]]])
        >>> x = recurra.preprocessing.mark_missing(values, times=[0, 1, 5])
        >>> x.shape, recurra.layers.GRUD(4, mean=[20.5, 2.0])(x).shape
        ((1, 3, 6), (1, 4))

    Source: Che et al., Recurrent Neural Networks for Multivariate Time Series with Missing Values, 2018.
    """

    cell_class = GRUDCell

    if TYPE_CHECKING:
        mean: tuple[float, ...] | None
        recurrent_activation: Any
        decay_initializer: Any

        def __init__(
            self,
            units: int,
            mean: Sequence[float] | None = None,
            activation: Any = "tanh",
            recurrent_activation: Any = "sigmoid",
            use_bias: bool = True,
            *,
            decay_initializer: Any = None,
            **options: Unpack[RecurrentOptions],
        ) -> None: ...
