"""The linear recurrent unit."""

from __future__ import annotations

from math import pi
from typing import TYPE_CHECKING, Any, ClassVar

from recurra import initializers, ops
from recurra.checks import whole_number
from recurra.layers.documentation import documented
from recurra.layers.recurrent.cell import BuiltInCell, features_of
from recurra.layers.recurrent.cell_layer import CellLayer, RecurrentOptions
from recurra.layers.recurrent.cell_options import CellOptions
from recurra.layers.recurrent.linear_cell import LinearCell
from recurra.tensor import Tensor, Variable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from typing_extensions import Unpack


@documented
class LRUCell(LinearCell):
    """One step of a linear recurrent unit, a diagonal recurrence of complex numbers.

        s' = λ s + γ (x B),  λ = exp(-exp(ν) + i exp(θ)),  γ = √(1 - |λ|²), element by element
        h' = Re(s' C) + x D + b

    |λ| lies in (0, 1). The factor γ keeps the size of the state whatever λ is.

    Weights: kernel (F, 2N), which is B, real parts first; recurrent_kernel (2, N), ν and θ; output_kernel (2N, U), the
    real part of C and below it the negative imaginary part; skip_kernel (F, U), which is D; bias (U).

    Args:
        units: Width U of the output, at least 1.
        state_units: Complex numbers N of the state, at least 1; default None, which is units.
        use_bias: Whether there is a bias; default False, as in the source.
        kernel_initializer: Initial values of B, C and D, by name or as an object; default
            `VarianceScaling(1.0, "fan_in", "untruncated_normal")`.
        recurrent_initializer: Initial values of ν and θ; default `RandomRing(0.0, 1.0)`, λ anywhere in the unit disc.
            Longer memory needs a ring near the circle, such as `RandomRing(0.9, 0.999, 0.314)`.
        {weight arguments}
        {cell arguments}
        {layer arguments}

    Input shape:
        One step (B, F) and the state [s], (B, 2N), real parts first.

    Output shape:
        The output h', (B, U), and the new state [s'].

    Raises:
        ValueError: An argument is out of range.

    Example:
        >>> cell = recurra.layers.LRUCell(4, state_units=3)
        >>> output, states = cell(np.ones((2, 3), "float32"), [np.zeros((2, 6), "float32")])
        >>> output.shape, states[0].shape
        ((2, 4), (2, 6))

    Source: Orvieto et al., Resurrecting Recurrent Neural Networks for Long Sequences, 2023.
    """

    refused = (*LinearCell.refused, "recurrent_dropout", "zoneout")
    activation_arguments: ClassVar[Sequence[str]] = ()
    plain_arguments: ClassVar[Sequence[str]] = (*BuiltInCell.plain_arguments, "state_units")
    output_kernel: Variable
    skip_kernel: Variable

    def __init__(
        self,
        units: int,
        state_units: int | None = None,
        use_bias: bool = False,
        **options: Unpack[CellOptions],
    ) -> None:
        options.setdefault("kernel_initializer", initializers.VarianceScaling(1.0, "fan_in", "untruncated_normal"))
        options.setdefault("recurrent_initializer", initializers.RandomRing(0.0, 1.0, 2 * pi))
        super().__init__(units, None, use_bias, **options)
        self.state_units = None if state_units is None else whole_number(state_units, "LRU", "state_units")

    @property
    def _numbers(self) -> int:
        return self.state_units or self.units

    @property
    def state_widths(self) -> list[int]:
        return [2 * self._numbers]

    @property
    def output_size(self) -> int:
        return self.units

    def build(self, input_shape: Any) -> None:
        features, numbers = features_of(input_shape), self._numbers
        self.kernel = self._add("kernel", (features, 2 * numbers))
        self.recurrent_kernel = self._add("recurrent_kernel", (2, numbers))
        self.output_kernel = self._add_product("output_kernel", (2 * numbers, self.units))
        self.skip_kernel = self._add_product("skip_kernel", (features, self.units))
        self.bias = self._add("bias", (self.units,)) if self.use_bias else None

    def _add_product(self, name: str, shape: tuple[int, ...]) -> Variable:
        return self.add_weight(
            shape=shape,
            name=name,
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )

    def coefficients(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        size, angle = ops.exp(-ops.exp(self.recurrent_kernel[0])), ops.exp(self.recurrent_kernel[1])
        scale = ops.sqrt(1 - size * size)
        factor = ops.concatenate([size * ops.cos(angle), size * ops.sin(angle)], axis=0)
        return factor, ops.concatenate([scale, scale], axis=0) * ops.dense(inputs, self.kernel)

    def neutral(self) -> Tensor:
        one = ops.ones((self._numbers,), dtype=self.compute_dtype)
        return ops.concatenate([one, ops.zeros_like(one)], axis=0)

    def scan(self, a: Tensor, b: Tensor, h: Tensor) -> Tensor:
        return ops.complex_scan(a, b, h)

    def output(self, states: Tensor, inputs: Tensor) -> Tensor:
        return ops.dense(states, self.output_kernel, self.bias) + ops.dense(inputs, self.skip_kernel)

    def call(self, inputs: Tensor, states: Any, training: bool = False) -> tuple[Tensor, list[Tensor]]:
        (s,) = states if isinstance(states, (list, tuple)) else (states,)
        x, _ = self.dropped(inputs, s, training)
        a, b = self.coefficients(x)
        new = self.scan(a, ops.expand_dims(b, 1), s)[:, 0]
        return self.output(new, x), [new]


@documented
class LRU(CellLayer):
    """Linear recurrent unit layer: a diagonal recurrence of complex numbers.

        s_t = λ s_{t-1} + γ (x_t B),  λ = exp(-exp(ν) + i exp(θ)),  γ = √(1 - |λ|²), element by element
        h_t = Re(s_t C) + x_t D + b

    In training on few sequences whole blocks of time are computed at once. Between layers of it stands what is not
    linear, such as `Dense` with an activation in a `Residual`. Weights are those of `LRUCell`.

    Args:
        units: Width U of the output, at least 1.
        state_units: Complex numbers N of the state, at least 1; default None, which is units.
        use_bias: Whether there is a bias; default False, as in the source.
        kernel_initializer: Initial values of B, C and D, by name or as an object; default
            `VarianceScaling(1.0, "fan_in", "untruncated_normal")`.
        recurrent_initializer: Initial values of ν and θ; default `RandomRing(0.0, 1.0)`, λ anywhere in the unit disc.
            Longer memory needs a ring near the circle, such as `RandomRing(0.9, 0.999, 0.314)`.
        {weight arguments}
        {cell arguments}
        {recurrence arguments}
        {layer arguments}

    Input shape:
        (B, T, F): sequences, steps, features. The call also takes `initial_state`, `mask` (B, T) and `lengths` (B,);
        see `RNN`.

    Output shape:
        (B, U), or (B, T, U) with return_sequences; with return_state followed by the state (B, 2N), real parts first.

    Raises:
        ValueError: An argument is out of range, or at the call an input, state, mask or length does not fit.

    Example:
        >>> layer = recurra.layers.LRU(4, state_units=8)
        >>> layer(np.ones((2, 5, 3), "float32")).shape
        (2, 4)

    Source: Orvieto et al., Resurrecting Recurrent Neural Networks for Long Sequences, 2023.
    """

    cell_class = LRUCell

    if TYPE_CHECKING:
        state_units: int | None

        def __init__(
            self,
            units: int,
            state_units: int | None = None,
            use_bias: bool = False,
            **options: Unpack[RecurrentOptions],
        ) -> None: ...
