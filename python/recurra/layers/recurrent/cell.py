"""What the built-in cells share: arguments, weights, dropout.

The engine runs a built-in cell over whole sequences. Its `call` computes the same single step with ops, for loops in
Python and for activations that the engine does not know.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from recurra import activations, checks, initializers, ops
from recurra.checks import MOST_STEPS, boolean, number, one_of, whole_number
from recurra.layers.arguments import store_weight_arguments
from recurra.layers.base import Layer
from recurra.layers.configuration import weight_arguments
from recurra.layers.recurrent.cell_options import rate, skipped_steps, zoneout_rates
from recurra.layers.recurrent.dropout import DropoutRNNCell, Like
from recurra.layers.recurrent.statistics import MovingStatistics
from recurra.layers.signature import ConstructorSignature, joined_signature
from recurra.random import SeedGenerator
from recurra.tensor import Tensor, Variable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from recurra import _engine


EPSILON = 1e-3  # added to variances; the engine's


class BuiltInCell(DropoutRNNCell, Layer):
    """Base of the cells that the engine runs over whole sequences.

    A subclass says how many gates and states it has and what the engine calls it, and computes one step in `call`. Its
    arguments, beside units, activations and use_bias, are those of `CellOptions`; a layer such as `GRU` lists them.

    Sources: Gal & Ghahramani, A Theoretically Grounded Application of Dropout in Recurrent Neural Networks, 2016;
    Krueger et al., Zoneout: Regularizing RNNs by Randomly Preserving Hidden Activations, 2016; Ba et al., Layer
    Normalization, 2016; Cooijmans et al., Recurrent Batch Normalization, 2016; Salimans & Kingma, Weight
    Normalization, 2016; Merity et al., Regularizing and Optimizing LSTM Language Models, 2017 (DropConnect).
    """

    _computes_with_floats = True

    engine_name: str | None = None  # what the engine calls the cell, if it has it
    gates: ClassVar[int]
    state_count: ClassVar[int] = 1
    #: Arguments in the order of the configuration: activations, and plain values.
    activation_arguments: ClassVar[Sequence[str]] = ("activation",)
    plain_arguments: ClassVar[Sequence[str]] = (
        "use_bias",
        "dropout",
        "recurrent_dropout",
        "dropout_per_step",
        "zoneout",
        "skip",
        "normalization",
        "normalization_steps",
        "normalization_momentum",
        "weight_normalization",
        "recurrent_dropconnect",
        "seed",
    )

    #: Arguments of the above that the cell does not support, and arguments that layers around it do not.
    refused: ClassVar[Sequence[str]] = ("normalization",)
    refused_in_layers: ClassVar[Sequence[str]] = ()
    # The outputs of earlier steps that `skip` asks for; set by the step loop before each call.
    earlier: list[Tensor]
    activation: Any
    recurrent_activation: Any
    kernel_initializer: Any
    kernel_regularizer: Any
    kernel_constraint: Any
    recurrent_initializer: Any
    recurrent_regularizer: Any
    recurrent_constraint: Any
    bias_initializer: Any
    bias_regularizer: Any
    bias_constraint: Any
    bias: Variable | None = None
    kernel: Variable
    recurrent_kernel: Variable
    input_gain: Variable | None = None
    recurrent_gain: Variable | None = None
    recurrent_scale: Variable | None = None
    statistics: MovingStatistics | None = None
    engine_clip: float = 0.0  # bound of the cell state, 0 for none
    engine_layers: dict[Any, _engine.RecurrentLayer | None]  # see engine_layer.py
    _untracked = Layer._untracked | {"engine_layers"}
    _dropconnect_mask: Tensor | None = None

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        use_bias: bool = True,
        *,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        dropout_per_step: bool = False,
        zoneout: float | Sequence[float] = 0.0,
        skip: int | Sequence[int] | None = None,
        normalization: str | None = None,
        normalization_steps: int = 100,
        normalization_momentum: float = 0.99,
        weight_normalization: bool = False,
        recurrent_dropconnect: float = 0.0,
        seed: int | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        owner = type(self).__name__.removesuffix("Cell")
        self.units = whole_number(units, owner, "units")
        self.activation = activations.get(activation)
        self.use_bias = boolean(use_bias, owner, "use_bias")
        store_weight_arguments(self, "kernel", kernel_initializer, kernel_regularizer, kernel_constraint)
        store_weight_arguments(self, "recurrent", recurrent_initializer, recurrent_regularizer, recurrent_constraint)
        store_weight_arguments(self, "bias", bias_initializer, bias_regularizer, bias_constraint)
        self.dropout = rate(dropout, owner, "dropout")
        self.recurrent_dropout = rate(recurrent_dropout, owner, "recurrent_dropout")
        self.dropout_per_step = boolean(dropout_per_step, owner, "dropout_per_step")
        self.zoneout = zoneout_rates(zoneout, owner, self.state_count)
        self.skip = skipped_steps(skip, owner)
        self.earlier: list[Tensor] = []
        self.normalization = one_of(normalization, owner, "normalization", (None, "layer", "batch"))
        self.normalization_steps = whole_number(normalization_steps, owner, "normalization_steps", most=MOST_STEPS)
        self.normalization_momentum = number(normalization_momentum, owner, "normalization_momentum", 0, 1)
        self.weight_normalization = boolean(weight_normalization, owner, "weight_normalization")
        self.recurrent_dropconnect = rate(recurrent_dropconnect, owner, "recurrent_dropconnect")
        for option in self.refused:
            if getattr(self, option):
                raise ValueError(f"{owner} has no {option}; leave it out")
        self.seed = checks.seed(seed, owner)
        self.seed_generator = SeedGenerator(self.seed)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        weights = weight_arguments("kernel", "recurrent", "bias")
        cls.config_arguments = ("units", *cls.activation_arguments, *cls.plain_arguments, *weights)

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "engine_layers": {}}

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name[0] != "_":  # a setting
            vars(self)["engine_layers"] = {}

    @property
    def normalised_blocks(self) -> int:
        """How many sums of a unit are normalised."""
        return 2 * self.gates

    @property
    def state_size(self) -> int | list[int]:
        widths = self.state_widths
        return widths[0] if len(widths) == 1 else widths

    @property
    def state_widths(self) -> list[int]:
        """Units of each state; the first state is the output."""
        return [self.units] * self.state_count

    @property
    def output_size(self) -> int:
        return self.state_widths[0]

    def recurrent_shape(self) -> tuple[int, ...]:
        return ((1 + len(self.skips)) * self.output_size, self.gates * self.units)

    def bias_shape(self) -> tuple[int, ...]:
        return (self.gates * self.units,)

    def build(self, input_shape: Any) -> None:
        """Makes kernel (F, gates U), recurrent_kernel and bias for steps of shape (B, F)."""
        self.kernel = self._add("kernel", (features_of(input_shape), self.gates * self.units))
        self.recurrent_kernel = self._add("recurrent_kernel", self.recurrent_shape())
        self.bias = self._add("bias", self.bias_shape()) if self.use_bias else None
        self.input_gain = self.recurrent_gain = self.recurrent_scale = None
        if self.normalization is not None:
            self.input_gain = self._gain("input_gain", self.gates)
            self.recurrent_gain = self._gain("recurrent_gain", self.gates)
        if self.weight_normalization:
            lengths = np.linalg.norm(self.recurrent_kernel.numpy(), axis=0)
            self.recurrent_scale = self.add_weight(shape=lengths.shape, name="recurrent_scale", initializer=lengths)
        self._add_statistics()

    def _gain(self, name: str, blocks: int) -> Variable:
        start = 0.1 if self.normalization == "batch" else 1.0
        return self.add_weight(shape=(blocks * self.units,), name=name, initializer=initializers.Constant(start))

    def _add_statistics(self) -> None:
        """Makes the moving statistics of the normalised sums, in the engine's order."""
        if self.normalization == "batch":
            columns = self.normalised_blocks * self.units
            self.statistics = MovingStatistics(self, self.normalization_steps, columns, self.normalization_momentum)

    def first_bias(self) -> Any:
        """The initializer of the bias."""
        return self.bias_initializer

    def engine_weights(self, training: bool) -> list[Any]:
        """Kernel, recurrent kernel, bias, vectors, projection and its bias, as the engine takes them.

        None for what is missing, which may be left out at the end.
        """
        return [self.kernel, self.recurrent_matrix(training), self.bias, self.gains()]

    def gains(self, *others: Tensor | None) -> Tensor | None:
        """The gains of h R, other weights of a number a unit, and the gains of x W, as the engine takes them."""
        parts = [part for part in (self.recurrent_gain, *others, self.input_gain) if part is not None]
        return ops.reshape(ops.concatenate(parts), (-1, self.units)) if parts else None

    def recurrent_matrix(self, training: bool) -> Tensor:
        """The recurrent kernel as the products read it: normalised, and with connections dropped."""
        matrix: Tensor = self.recurrent_kernel
        if self.recurrent_scale is not None:
            matrix = matrix * (self.recurrent_scale / ops.sqrt(ops.sum(matrix * matrix, axis=0)))
        if training and self.recurrent_dropconnect > 0:
            matrix = matrix * self.get_dropconnect_mask()
        return matrix

    def get_dropconnect_mask(self) -> Tensor:
        """The scale of the recurrent kernel, 0 or 1 / (1 - rate), drawn at the first call of a sequence."""
        if self._dropconnect_mask is None:
            self._dropconnect_mask = self._draw(self.recurrent_kernel, self.recurrent_dropconnect)
        return self._dropconnect_mask

    def reset_recurrent_dropout_mask(self) -> None:
        super().reset_recurrent_dropout_mask()
        self._dropconnect_mask = None

    def input_sums(self, inputs: Tensor) -> Tensor:
        """x W, normalised or not: (..., F) → (..., gates U)."""
        self._refuse_batch_statistics()
        sums = ops.dense(inputs, self.kernel)
        return sums if self.input_gain is None else ops.layer_normalization(sums, self.input_gain, epsilon=EPSILON)

    def recurrent_sums(self, state: Tensor, training: bool, first: int = 0, last: int | None = None) -> Tensor:
        """h R of some gates, normalised or not: (B, D) → (B, (last - first) U)."""
        columns = slice(first * self.units, (self.gates if last is None else last) * self.units)
        sums = ops.matmul(state, self.recurrent_matrix(training)[:, columns])
        if self.recurrent_gain is None:
            return sums
        return ops.layer_normalization(sums, self.recurrent_gain[columns], epsilon=EPSILON)

    def _refuse_batch_statistics(self) -> None:
        if self.normalization == "batch":
            raise ValueError(
                f"{type(self).__name__}: normalization='batch' runs over whole sequences in the engine: not step by "
                "step, not in a subclass with a call of its own, nor with activations that the engine does not know"
            )

    @property
    def zoneout_rates(self) -> tuple[float, ...]:
        """The rate of each state."""
        return self.zoneout if isinstance(self.zoneout, tuple) else (self.zoneout,) * self.state_count

    def get_initial_state(self, batch_size: int) -> list[Tensor]:
        """Zeros (B, U), one for each state."""
        return [ops.zeros((batch_size, width), dtype=self.compute_dtype) for width in self.state_widths]

    def dropped(self, inputs: Tensor, state: Tensor, training: bool) -> tuple[Tensor, Tensor]:
        """Input and state as the products read them: with dropout, and states of earlier steps concatenated."""
        states = [state, *(self.earlier or [ops.zeros_like(state) for _ in self.skips])]
        if training:
            mask, recurrent_mask = self.get_dropout_mask(inputs), self.get_recurrent_dropout_mask(state)
            inputs = inputs if mask is None else inputs * mask
            states = states if recurrent_mask is None else [one * recurrent_mask for one in states]
        return inputs, states[0] if len(states) == 1 else ops.concatenate(states, axis=1)

    @property
    def skips(self) -> tuple[int, ...]:
        """How many steps back the other outputs are that the recurrent product reads."""
        return self.skip if isinstance(self.skip, tuple) else () if self.skip is None else (self.skip,)

    def get_zoneout_mask(self, number: int, state: Tensor | Like) -> Tensor | None:
        """Where a state keeps its previous value: 1 there, else 0, in the shape of `state`; None without zoneout."""
        rate = self.zoneout_rates[number]
        return None if rate == 0 else self._draw(state, 1 - rate, kept=1.0)

    def zoned(self, states: list[Tensor], previous: Sequence[Tensor], training: bool) -> list[Tensor]:
        """New states as zoneout leaves them."""
        shares = [
            self.get_zoneout_mask(number, state) if training else rate
            for number, (state, rate) in enumerate(zip(states, self.zoneout_rates, strict=True))
        ]
        return [
            (new - share * new) + share * old if rate and share is not None else new
            for new, old, share, rate in zip(states, previous, shares, self.zoneout_rates, strict=True)
        ]

    def _add(self, name: str, shape: tuple[int, ...]) -> Variable:
        kind = name.removesuffix("_kernel")
        return self.add_weight(
            shape=shape,
            name=name,
            initializer=self.first_bias() if name == "bias" else getattr(self, f"{kind}_initializer"),
            regularizer=getattr(self, f"{kind}_regularizer"),
            constraint=getattr(self, f"{kind}_constraint"),
        )


def features_of(input_shape: Any) -> int:
    """The number of features of a step's input shape (batch, features)."""
    if len(input_shape) != 2 or not input_shape[-1]:
        raise ValueError(
            f"expected steps of shape (batch, features) with a known number of features, got {tuple(input_shape)}"
        )
    return int(input_shape[-1])


def _signature(cls: type[BuiltInCell]) -> inspect.Signature:
    """The arguments of a cell, those of `CellOptions` among them."""
    joined = joined_signature(cls, BuiltInCell, Layer)
    own = {*cls.config_arguments, *inspect.signature(cls.__init__).parameters, *inspect.signature(Layer).parameters}
    return joined.replace(parameters=[one for name, one in joined.parameters.items() if name in own])


BuiltInCell.__signature__ = ConstructorSignature(_signature)
