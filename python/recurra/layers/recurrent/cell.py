"""What the built-in cells share: arguments, weights, dropout, configuration.

A cell of this kind is known to the engine, which runs it over whole sequences; its `call` says the same single step in
ops, for loops of the user's own and for activations that the engine does not know.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, TypedDict

from recurra import activations, constraints, initializers, ops, regularizers
from recurra.layers.base import Layer
from recurra.layers.core import positive_integer
from recurra.layers.recurrent.dropout import DropoutRNNCell
from recurra.random import SeedGenerator
from recurra.tensor import Tensor, Variable

if TYPE_CHECKING:
    from collections.abc import Sequence


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
        seed: seed of the dropout masks; drawn from the global generator when left out.
    """

    engine_name: str
    gates: ClassVar[int]
    state_count: ClassVar[int] = 1
    # Arguments in the order of the configuration, by the kind of object they hold.
    activation_arguments: ClassVar[Sequence[str]] = ("activation",)
    plain_arguments: ClassVar[Sequence[str]] = ("use_bias", "dropout", "recurrent_dropout", "seed")

    bias: Variable | None = None
    kernel: Variable
    recurrent_kernel: Variable

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
        seed: int | None = None,
        recurrent_activation: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        owner = type(self).__name__.removesuffix("Cell")
        self.units = positive_integer(owner, "units", units)
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
        self.seed = seed
        self.seed_generator = SeedGenerator(seed)

    @classmethod
    def argument_names(cls) -> set[str]:
        """Names of the arguments that belong to the cell (and not to the layer around it)."""
        weights = ("kernel", "recurrent", "bias")
        objects = {f"{weight}_{kind}" for weight in weights for kind in ("initializer", "regularizer", "constraint")}
        return {"units", *cls.activation_arguments, *cls.plain_arguments} | objects

    @property
    def state_size(self) -> int | list[int]:
        return self.units if self.state_count == 1 else [self.units] * self.state_count

    @property
    def output_size(self) -> int:
        return self.units

    def bias_shape(self) -> tuple[int, ...]:
        return (self.gates * self.units,)

    def build(self, input_shape: Any) -> None:
        """Makes kernel (F, gates U), recurrent_kernel (U, gates U) and bias for steps of shape (B, F)."""
        width = self.gates * self.units
        self.kernel = self._add("kernel", (_features(input_shape), width))
        self.recurrent_kernel = self._add("recurrent_kernel", (self.units, width))
        self.bias = self._add("bias", self.bias_shape()) if self.use_bias else None

    def first_bias(self) -> Any:
        """The initializer of the bias."""
        return self.bias_initializer

    @property
    def engine_weights(self) -> list[Tensor]:
        weights: list[Tensor] = [self.kernel, self.recurrent_kernel]
        return weights if self.bias is None else [*weights, self.bias]

    def get_initial_state(self, batch_size: int) -> list[Tensor]:
        """Zeros (B, U), one for each state."""
        return [ops.zeros((batch_size, self.units), dtype=self.compute_dtype) for _ in range(self.state_count)]

    def dropped(self, inputs: Tensor, state: Tensor, training: bool) -> tuple[Tensor, Tensor]:
        """Input and state as the products see them."""
        if training:
            mask, recurrent_mask = self.get_dropout_mask(inputs), self.get_recurrent_dropout_mask(state)
            inputs = inputs if mask is None else inputs * mask
            state = state if recurrent_mask is None else state * recurrent_mask
        return inputs, state

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


def _features(input_shape: Any) -> int:
    if len(input_shape) != 2 or not input_shape[-1]:
        raise ValueError(
            f"expected steps of shape (batch, features) with a known number of features, got {tuple(input_shape)}"
        )
    return int(input_shape[-1])


def _rate(owner: str, argument: str, rate: Any) -> float:
    if isinstance(rate, bool) or not isinstance(rate, (int, float)) or not 0 <= rate < 1:
        raise ValueError(f"{owner}: {argument} must be a rate in [0, 1), got {rate!r}")
    return float(rate)
