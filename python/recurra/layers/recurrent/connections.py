"""Connections around recurrent layers, and stacks of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from recurra import initializers, ops, serialization
from recurra.checks import number, one_of, whole_number
from recurra.layers.base import Layer
from recurra.layers.documentation import documented
from recurra.tensor import Tensor, Variable
from recurra.tree import is_shape

_CONNECTIONS = (None, "residual", "highway")
_MOST_COPIES = 1000


@documented
class Residual(Layer):
    """A layer with its input added to its output.

        y = x + layer(x)

    Args:
        layer: A layer whose output has the shape of its input; a recurrent one returns sequences, reads them forwards
            and returns no state.
        {layer arguments}

    Input shape:
        That of the layer; masks and lengths reach it.

    Output shape:
        That of the input.

    Raises:
        ValueError: The layer cannot be connected so, or at the build the shapes of input and output differ.

    Example:
        >>> layer = recurra.layers.Residual(recurra.layers.GRU(3, return_sequences=True))
        >>> layer(np.ones((2, 5, 3), "float32")).shape
        (2, 5, 3)

    Source: He et al., Deep Residual Learning for Image Recognition, 2016.
    """

    config_arguments: ClassVar[tuple[str, ...]] = ("layer",)
    layer_arguments: ClassVar[tuple[str, ...]] = ("layer",)

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
        """Reset the states of a stateful layer inside, in all rows of the batch or in those given."""
        _reset(self.layer, rows)

    def _inner(self, inputs: Tensor, mask: Any, training: bool) -> Tensor:
        options: dict[str, Any] = {"training": training} if self.layer._signature.takes_training else {}
        if mask is not None and self.layer._signature.mask_arguments:
            options["mask"] = mask
        output: Tensor = self.layer(inputs, **options)
        return output


@documented
class Highway(Residual):
    """A layer with a gate between its output and its input.

        y = g layer(x) + (1 - g) x,  g = σ(x W + b)

    Weights: gate_kernel (F, F) and gate_bias (F), beside those of the layer.

    Args:
        layer: A layer whose output has the shape of its input, as for `Residual`.
        gate_bias: Initial value of b; default -2.0, so that at first most of the input passes.
        {layer arguments}

    Input shape:
        That of the layer; masks and lengths reach it.

    Output shape:
        That of the input.

    Raises:
        ValueError: The layer cannot be connected so, or at the build the shapes of input and output differ.

    Example:
        >>> layer = recurra.layers.Highway(recurra.layers.GRU(3, return_sequences=True))
        >>> layer(np.ones((2, 5, 3), "float32")).shape
        (2, 5, 3)

    Source: Srivastava et al., Highway Networks, 2015.
    """

    _computes_with_floats = True

    config_arguments: ClassVar[tuple[str, ...]] = ("layer", "gate_bias")
    gate_kernel: Variable
    gate: Variable

    def __init__(self, layer: Layer, gate_bias: float = -2.0, **options: Any) -> None:
        super().__init__(layer, **options)
        self.gate_bias = number(gate_bias, "Highway", "gate_bias")

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        width = int(input_shape[-1])
        self.gate_kernel = self.add_weight(shape=(width, width), name="gate_kernel", initializer="glorot_uniform")
        self.gate = self.add_weight(shape=(width,), name="gate_bias", initializer=initializers.Constant(self.gate_bias))

    def call(self, inputs: Tensor, mask: Any = None, training: bool = False) -> Tensor:
        gate = ops.dense(inputs, self.gate_kernel, self.gate, "sigmoid")
        return inputs + gate * (self._inner(inputs, mask, training) - inputs)


@documented
class Stack(Layer):
    """Copies of a recurrent layer on top of each other, which share all options and no weight.

    Args:
        layer: A recurrent layer, also inside `Bidirectional`. The last copy returns what it returns, the others return
            sequences. It returns no state.
        depth: Number of copies, from 1 to 1000.
        connection: What runs past each copy whose output has the shape of its input and which returns sequences: None,
            "residual" or "highway"; see `Residual` and `Highway`; default None.
        {layer arguments}

    Input shape:
        That of the layer; the mask reaches every copy.

    Output shape:
        That of the layer.

    Raises:
        ValueError: The argument is not a recurrent layer, or an option is out of range.

    Example:
        >>> layer = recurra.layers.Stack(recurra.layers.GRU(3), depth=4, connection="residual")
        >>> layer(np.ones((2, 5, 3), "float32")).shape
        (2, 3)
    """

    config_arguments: ClassVar[tuple[str, ...]] = ("layer", "depth", "connection")
    layer_arguments: ClassVar[tuple[str, ...]] = ("layer",)

    def __init__(self, layer: Any, depth: int, connection: str | None = None, **options: Any) -> None:
        super().__init__(**options)
        if not (isinstance(layer, Layer) and hasattr(layer, "return_sequences")):
            raise ValueError(f"Stack: expected a recurrent layer such as GRU, got {type(layer).__name__}")
        if getattr(layer, "return_state", False):
            raise ValueError("Stack: the layer must return its output only, got return_state=True")
        if getattr(layer, "go_backwards", False):
            raise ValueError("Stack: copies with go_backwards=True would reverse the sequence each time")
        self.depth = whole_number(depth, "Stack", "depth", most=_MOST_COPIES)
        self.connection = one_of(connection, "Stack", "connection", _CONNECTIONS)
        self.layer = layer
        self.copies: list[Any] = []

    def build(self, input_shape: Any) -> None:
        shape = tuple(input_shape)
        self.copies = []
        for place in range(self.depth):
            last = place == self.depth - 1
            copy = _copy(self.layer, place, self.layer.return_sequences or not last)
            output = copy.compute_output_shape(shape)
            if self.connection is not None and copy.return_sequences and tuple(output)[1:] == shape[1:]:
                kind = Residual if self.connection == "residual" else Highway
                copy = kind(copy, name=f"{self.connection}_{place}", dtype=self.compute_dtype)
            copy.build(shape)
            self.copies.append(copy)
            shape = tuple(output)

    def call(self, inputs: Tensor, mask: Any = None, training: bool = False) -> Tensor:
        for copy in self.copies:
            inputs = copy(inputs, mask=mask, training=training)
        return inputs

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The mask of the output: with return_sequences that of the input."""
        return mask if self.layer.return_sequences else None

    def compute_output_shape(self, input_shape: Any) -> Any:
        return self.layer.compute_output_shape(tuple(input_shape))

    def reset_states(self, rows: Sequence[int] | None = None) -> None:
        """Reset the states of stateful copies, in all rows of the batch or in those given."""
        for copy in self.copies:
            _reset(copy, rows)


def _copy(layer: Any, number: int, sequences: bool) -> Any:
    """A copy of the layer with weights of its own, which returns sequences or not."""
    with serialization.within_process():
        described = serialization.serialize(layer)
        assert described is not None
        config = {**described["config"], "name": f"{layer.name}_{number}"}
        if "return_sequences" in config:
            config["return_sequences"] = sequences
        for side in ("layer", "backward_layer"):  # of a Bidirectional
            if isinstance(config.get(side), dict):
                inner = {**config[side]["config"], "return_sequences": sequences}
                config[side] = {**config[side], "config": inner}
        return serialization.deserialize({**described, "config": config})


def _reset(layer: Any, rows: Sequence[int] | None) -> None:
    if hasattr(layer, "stateful") or isinstance(layer, Residual):
        layer.reset_states(rows)
    else:
        layer.reset_states()
