"""What the built-in cells share: arguments, weights, dropout, configuration.

A cell of this kind is known to the engine, which runs it over whole sequences; its `call` says the same single step in
ops, for loops of the user's own and for activations that the engine does not know.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, TypedDict

import numpy as np

from recurra import activations, constraints, initializers, ops, regularizers
from recurra.checks import whole_number
from recurra.layers.base import Layer
from recurra.layers.recurrent.dropout import DropoutRNNCell, Like
from recurra.layers.recurrent.statistics import MovingStatistics
from recurra.random import SeedGenerator
from recurra.tensor import Tensor, Variable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from recurra import _engine


EPSILON = 1e-3  # added to variances; the engine's


class CellOptions(TypedDict, total=False):
    """Arguments of every built-in cell beside units, activations and use_bias; see `BuiltInCell`."""

    kernel_initializer: Any
    recurrent_initializer: Any
    bias_initializer: Any
    kernel_regularizer: Any
    recurrent_regularizer: Any
    bias_regularizer: Any
    kernel_constraint: Any
    recurrent_constraint: Any
    bias_constraint: Any
    dropout: float
    recurrent_dropout: float
    dropout_per_step: bool
    zoneout: float | Sequence[float]
    skip: int | Sequence[int] | None
    normalization: str | None
    normalization_steps: int
    normalization_momentum: float
    weight_normalization: bool
    recurrent_dropconnect: float
    seed: int | None
    name: str | None
    dtype: Any
    trainable: bool


class BuiltInCell(DropoutRNNCell, Layer):
    """A cell that the engine runs over whole sequences.

    Arguments:
        units: width of the state and of the output, at least 1.
        activation: activation of the candidate, by name or as a function; None for none.
        use_bias: whether the cell has a bias.
        kernel_initializer, recurrent_initializer, bias_initializer: how the weights start.
        kernel_regularizer, recurrent_regularizer, bias_regularizer: penalties on the weights.
        kernel_constraint, recurrent_constraint, bias_constraint: projections of the weights after each update.
        dropout: rate in [0, 1) at which features of the input are dropped, the same ones in all steps of a sequence.
        recurrent_dropout: rate in [0, 1) at which units of the state are dropped in front of the recurrent product.
        dropout_per_step: whether both masks are drawn anew for each step; default False: one mask a sequence.
        zoneout: rate in [0, 1) at which a unit of a state keeps its previous value, drawn for each step; one number, or
            one for each state. Outside of training each state is that mixture of old and new.
        skip: numbers of steps k, each at least 2 and less than the length of the sequences: the recurrent product also
            reads the output k steps ago (zeros before the sequence), with (U, gates U) further rows of recurrent_kernel
            for each k. One number or several; default None. SimpleRNN, LSTM, GRU, GatedRNN and Jordan have it.
        normalization: "layer": x W and h R (with a reset gate before it, gates and candidate apart) have mean 0 and
            variance 1 in every row before they are multiplied by gains, weights input_gain and recurrent_gain (gates
            U), and the bias is added. "batch": the same with mean and variance over the sequences of a batch, for each
            column by itself and at each step anew; gains start at 0.1, and moving averages serve outside of training.
            Default None. SimpleRNN, LSTM and GRU have it.
        normalization_steps: for how many first steps batch normalisation keeps averages of their own; all steps from
            the last of these on share one. Default 100.
        normalization_momentum: share of the averages that stays when they take in a batch, in [0, 1]; default 0.99.
        weight_normalization: whether each column of recurrent_kernel is divided by its length and multiplied by a
            weight, recurrent_scale, which starts at that length; default False. Not in cells without such a matrix.
        recurrent_dropconnect: rate in [0, 1) at which numbers of recurrent_kernel are dropped in training, the same
            ones for all sequences and steps of a call; default 0. Not in cells without such a matrix.
        seed: seed of the masks; drawn from the global generator when left out.

    Sources: Gal & Ghahramani, A Theoretically Grounded Application of Dropout in Recurrent Neural Networks, 2016;
    Krueger et al., Zoneout: Regularizing RNNs by Randomly Preserving Hidden Activations, 2016; Ba et al., Layer
    Normalization, 2016; Cooijmans et al., Recurrent Batch Normalization, 2016; Salimans & Kingma, Weight
    Normalization, 2016; Merity et al., Regularizing and Optimizing LSTM Language Models, 2017 (DropConnect).
    """

    _computes_with_floats = True

    engine_name: str | None = None  # what the engine calls the cell, if it has it
    gates: ClassVar[int]
    state_count: ClassVar[int] = 1
    # Arguments in the order of the configuration, by the kind of object they hold.
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

    refused: ClassVar[Sequence[str]] = ("normalization",)  # options of the above that the cell has no place for
    # Outputs so many steps ago as `skip` says, laid here by the loop that calls the cell step by step.
    earlier: list[Tensor]
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
        recurrent_activation: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        owner = type(self).__name__.removesuffix("Cell")
        self.units = whole_number(units, owner, "units")
        self.activation = activations.get(activation)
        self.recurrent_activation = activations.get(recurrent_activation)
        self.use_bias = bool(use_bias)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.recurrent_initializer = initializers.get(recurrent_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.recurrent_regularizer = regularizers.get(recurrent_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.recurrent_constraint = constraints.get(recurrent_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.dropout = _rate(owner, "dropout", dropout)
        self.recurrent_dropout = _rate(owner, "recurrent_dropout", recurrent_dropout)
        self.dropout_per_step = bool(dropout_per_step)
        self.zoneout = _zoneout(owner, zoneout, self.state_count)
        self.skip = _skip(owner, skip)
        self.earlier: list[Tensor] = []
        if normalization not in (None, "layer", "batch"):
            raise ValueError(f"{owner}: normalization must be None, 'layer' or 'batch', got {normalization!r}")
        self.normalization = normalization
        self.normalization_steps = whole_number(normalization_steps, owner, "normalization_steps")
        if not 0 <= normalization_momentum <= 1:
            raise ValueError(f"{owner}: normalization_momentum must be in [0, 1], got {normalization_momentum!r}")
        self.normalization_momentum = float(normalization_momentum)
        self.weight_normalization = bool(weight_normalization)
        self.recurrent_dropconnect = _rate(owner, "recurrent_dropconnect", recurrent_dropconnect)
        for option in self.refused:
            if getattr(self, option):
                raise ValueError(f"{owner} has no {option}; leave it out")
        self.seed = seed
        self.seed_generator = SeedGenerator(seed)

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name[0] != "_":  # a setting
            vars(self)["engine_layers"] = {}

    @classmethod
    def argument_names(cls) -> set[str]:
        """Names of the arguments that belong to the cell (and not to the layer around it)."""
        weights = ("kernel", "recurrent", "bias")
        objects = {f"{weight}_{kind}" for weight in weights for kind in ("initializer", "regularizer", "constraint")}
        return {"units", *cls.activation_arguments, *cls.plain_arguments} | objects

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
        self.keep_statistics()

    def _gain(self, name: str, blocks: int) -> Variable:
        start = 0.1 if self.normalization == "batch" else 1.0
        return self.add_weight(shape=(blocks * self.units,), name=name, initializer=initializers.Constant(start))

    def keep_statistics(self) -> None:
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
        """Input and state as the products see them; states of earlier steps stand beside the state."""
        states = [state, *(self.earlier or [ops.zeros_like(state) for _ in self.skips])]
        if training:
            mask, recurrent_mask = self.get_dropout_mask(inputs), self.get_recurrent_dropout_mask(state)
            inputs = inputs if mask is None else inputs * mask
            states = states if recurrent_mask is None else [one * recurrent_mask for one in states]
        return inputs, states[0] if len(states) == 1 else ops.concatenate(states, axis=1)

    @property
    def skips(self) -> tuple[int, ...]:
        """How many steps ago the outputs are that the recurrent product also reads."""
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

    def get_config(self) -> dict[str, Any]:
        config: dict[str, Any] = {"units": self.units}
        config |= {name: activations.serialize(getattr(self, name)) for name in self.activation_arguments}
        config |= {name: getattr(self, name) for name in self.plain_arguments}
        for weight in ("kernel", "recurrent", "bias"):
            for kind, module in (
                ("initializer", initializers),
                ("regularizer", regularizers),
                ("constraint", constraints),
            ):
                config[f"{weight}_{kind}"] = module.serialize(getattr(self, f"{weight}_{kind}"))
        return {**super().get_config(), **config}

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
    if len(input_shape) != 2 or not input_shape[-1]:
        raise ValueError(
            f"expected steps of shape (batch, features) with a known number of features, got {tuple(input_shape)}"
        )
    return int(input_shape[-1])


def _zoneout(owner: str, rates: Any, states: int) -> float | tuple[float, ...]:
    if not isinstance(rates, (list, tuple)):
        return _rate(owner, "zoneout", rates)
    if len(rates) != states:
        raise ValueError(f"{owner}: zoneout must be one rate, or one for each of {states} states, got {rates!r}")
    return tuple(_rate(owner, "zoneout", rate) for rate in rates)


def _skip(owner: str, skip: Any) -> int | tuple[int, ...] | None:
    steps = tuple(skip) if isinstance(skip, (list, tuple)) else () if skip is None else (skip,)
    for number in steps:
        if isinstance(number, bool) or not isinstance(number, int) or number < 2:
            raise ValueError(f"{owner}: skip must be integers of at least 2, got {skip!r}")
    if len(set(steps)) != len(steps):
        raise ValueError(f"{owner}: skip must name every number of steps once, got {skip!r}")
    return steps or None if isinstance(skip, (list, tuple)) else skip


def _rate(owner: str, argument: str, rate: Any) -> float:
    if isinstance(rate, bool) or not isinstance(rate, (int, float)) or not 0 <= rate < 1:
        raise ValueError(f"{owner}: {argument} must be a rate in [0, 1), got {rate!r}")
    return float(rate)
