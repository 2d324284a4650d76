"""Connections around recurrent layers, and floors of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from recurra import initializers, ops, serialization
from recurra.checks import whole_number
from recurra.layers.base import Layer
from recurra.tensor import Tensor, Variable
from recurra.tree import is_shape

_CONNECTIONS = (None, "residual", "highway")


class Residual(Layer):
    """A layer with its input added to its output: y = x + layer(x).

    Arguments:
        layer: a layer whose output has the shape of its input; a recurrent one returns sequences, reads them forwards
            and returns no state.

    Call arguments: those of the layer; masks and lengths reach it.

    Raises: ValueError for a layer that cannot be connected so, and at the build if the shapes differ.

    Source: He et al., Deep Residual Learning for Image Recognition, 2016.
    """

    def __init__(self, layer: Layer, **options: Any) -> None:
        super().__init__(**options)
        owner = type(self).__name__
        if not isinstance(layer, Layer):
            raise ValueError(f"{owner}: expected a layer, got {type(layer).__name__}")
        if not getattr(layer, "return_sequences", True):
            raise ValueError(f"{owner}: the layer must return sequences; give it return_sequences=True")
        if getattr(layer, "return_state", False):
            raise ValueError(f"{owner}: the layer must return its output only, got return_state=True")
        if getattr(layer, "go_backwards", False):
            raise ValueError(f"{owner}: go_backwards=True returns the steps in another order than they came")
        self.layer: Any = layer

    def build(self, input_shape: Any) -> None:
        if not self.layer.built:
            self.layer.build(input_shape)
        output = self.layer.compute_output_shape(input_shape)
        if not is_shape(output) or tuple(output)[1:] != tuple(input_shape)[1:]:
            raise ValueError(
                f"expected a layer whose output has the shape of its input, got {tuple(input_shape)} → "
                f"{tuple(output)}; a Dense layer in front can bring the input to the width of the output"
            )

    def call(self, inputs: Tensor, mask: Any = None, training: bool = False) -> Tensor:
        return inputs + self._inner(inputs, mask, training)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The mask of the input."""
        return mask

    def compute_output_shape(self, input_shape: Any) -> Any:
        return tuple(input_shape)

    def reset_states(self, rows: Sequence[int] | None = None) -> None:
        """Lets a stateful layer inside start anew, in all rows of the batch or in those given."""
        _reset(self.layer, rows)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "layer": serialization.serialize(self.layer)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        arguments = dict(config)
        return cls(serialization.deserialize(arguments.pop("layer")), **arguments)

    def _inner(self, inputs: Tensor, mask: Any, training: bool) -> Tensor:
        options: dict[str, Any] = {"training": training} if self.layer._signature.takes_training else {}
        if mask is not None and self.layer._signature.mask_arguments:
            options["mask"] = mask
        output: Tensor = self.layer(inputs, **options)
        return output


class Highway(Residual):
    """A layer with a gate between its output and its input: y = g layer(x) + (1 - g) x, g = σ(x W + b).

    Arguments:
        layer: as for `Residual`.
        gate_bias: what b starts at; default -2, so that at first most of the input passes.

    Weights: gate_kernel (F, F) and gate_bias (F), beside those of the layer.

    Raises: ValueError for a layer that cannot be connected so, and at the build if the shapes differ.

    Source: Srivastava et al., Highway Networks, 2015.
    """

    _computes_with_floats = True

    gate_kernel: Variable
    gate: Variable

    def __init__(self, layer: Layer, gate_bias: float = -2.0, **options: Any) -> None:
        super().__init__(layer, **options)
        self.gate_bias = float(gate_bias)

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        width = int(input_shape[-1])
        self.gate_kernel = self.add_weight(shape=(width, width), name="gate_kernel", initializer="glorot_uniform")
        self.gate = self.add_weight(shape=(width,), name="gate_bias", initializer=initializers.Constant(self.gate_bias))

    def call(self, inputs: Tensor, mask: Any = None, training: bool = False) -> Tensor:
        gate = ops.dense(inputs, self.gate_kernel, self.gate, "sigmoid")
        return inputs + gate * (self._inner(inputs, mask, training) - inputs)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "gate_bias": self.gate_bias}


class Stack(Layer):
    """Copies of a recurrent layer on top of each other, which share all options and no weight.

    Arguments:
        layer: a recurrent layer, also inside `Bidirectional`; what it returns, the uppermost copy returns. The others
            return sequences. It returns no state.
        depth: number of copies, at least 1.
        connection: what runs past each copy whose output has the shape of its input and which returns sequences: None
            (default) for nothing, "residual" or "highway"; see `Residual` and `Highway`.

    Call arguments: those of the layer; the mask reaches every copy.

    Shapes: those of the layer.

    Raises: ValueError for something that is no recurrent layer, and for options out of range.
    """

    def __init__(self, layer: Any, depth: int, connection: str | None = None, **options: Any) -> None:
        super().__init__(**options)
        if not (isinstance(layer, Layer) and hasattr(layer, "return_sequences")):
            raise ValueError(f"Stack: expected a recurrent layer such as GRU, got {type(layer).__name__}")
        if getattr(layer, "return_state", False):
            raise ValueError("Stack: the layer must return its output only, got return_state=True")
        if getattr(layer, "go_backwards", False):
            raise ValueError("Stack: floors of go_backwards=True would turn the sequence around each time")
        if connection not in _CONNECTIONS:
            raise ValueError(f"Stack: connection must be one of {_CONNECTIONS}, got {connection!r}")
        self.depth = whole_number(depth, "Stack", "depth")
        self.connection = connection
        self.layer = layer
        self.floors: list[Any] = []

    def build(self, input_shape: Any) -> None:
        shape = tuple(input_shape)
        self.floors = []
        for number in range(self.depth):
            top = number == self.depth - 1
            floor = _floor(self.layer, number, self.layer.return_sequences or not top)
            output = floor.compute_output_shape(shape)
            if self.connection is not None and floor.return_sequences and tuple(output)[1:] == shape[1:]:
                kind = Residual if self.connection == "residual" else Highway
                floor = kind(floor, name=f"{self.connection}_{number}", dtype=self.compute_dtype)
            floor.build(shape)
            self.floors.append(floor)
            shape = tuple(output)

    def call(self, inputs: Tensor, mask: Any = None, training: bool = False) -> Tensor:
        for floor in self.floors:
            inputs = floor(inputs, mask=mask, training=training)
        return inputs

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The mask of the output: with return_sequences that of the input."""
        return mask if self.layer.return_sequences else None

    def compute_output_shape(self, input_shape: Any) -> Any:
        return self.layer.compute_output_shape(tuple(input_shape))

    def reset_states(self, rows: Sequence[int] | None = None) -> None:
        """Lets stateful floors start anew, in all rows of the batch or in those given."""
        for floor in self.floors:
            _reset(floor, rows)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "layer": serialization.serialize(self.layer),
            "depth": self.depth,
            "connection": self.connection,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        arguments = dict(config)
        return cls(serialization.deserialize(arguments.pop("layer")), **arguments)


def _floor(layer: Any, number: int, sequences: bool) -> Any:
    """A copy of the layer with weights of its own, which returns sequences or not."""
    described = serialization.serialize(layer)
    assert described is not None
    config = {**described["config"], "name": f"{layer.name}_{number}"}
    if "return_sequences" in config:
        config["return_sequences"] = sequences
    for side in ("layer", "backward_layer"):  # of a Bidirectional
        if isinstance(config.get(side), dict):
            inner = {**config[side]["config"], "return_sequences": sequences}
            config[side] = {**config[side], "config": inner}
    return serialization.deserialize(
        {**described, "config": config}, custom_objects={type(layer).__name__: type(layer)}
    )


def _reset(layer: Any, rows: Sequence[int] | None) -> None:
    if hasattr(layer, "stateful") or isinstance(layer, Residual):
        layer.reset_states(rows)
    else:
        layer.reset_states()
