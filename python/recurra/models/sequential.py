"""Sequential: layers one after another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from recurra import serialization
from recurra.layers import masks
from recurra.layers.base import Layer
from recurra.layers.input import InputLayer
from recurra.layers.symbolic import Node, SymbolicTensor, is_text
from recurra.layers.weights import WeightHolder
from recurra.models.inputs import arranged, fitted
from recurra.models.model import Model
from recurra.tensor import Tensor
from recurra.tree import is_shape, leaves


class Sequential(Model):
    """A model whose layers run one after another.

    The shape of the input comes from an `Input(...)` at the front, from `input_shape=` of the first layer, or from the
    first data.

    Args:
        layers: List of layers; more may be added with `add`.
        trainable: Whether training changes the weights, default True.
        name: Name of the model; `sequential`, `sequential_1`, … by default.

    Example:
        >>> model = recurra.Sequential(
        ...     [recurra.Input((None, 3)), recurra.layers.GRU(8, return_sequences=True), recurra.layers.Dense(1)]
        ... )
        >>> model.predict(np.zeros((2, 5, 3)), verbose=0).shape
        (2, 5, 1)
    """

    _casts_inputs = False  # each layer casts its own

    def __init__(self, layers: Iterable[Any] | None = None, trainable: bool = True, name: str | None = None) -> None:
        super().__init__(name=name)
        self._stack: list[Layer] = []
        self._input_layer: InputLayer | None = None
        self._tensors: list[SymbolicTensor] = []  # the input, then the output of each layer
        self._fitting_shape: Any = None  # of the last input that fitted
        if isinstance(layers, (Layer, SymbolicTensor)):
            raise TypeError(f"{self._title}: layers must be a list, got a layer; write Sequential([…])")
        names: set[str] = set()
        for layer in layers or ():
            self._append(layer, names)
        if not trainable:
            self.trainable = False

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        for layer, before, output in zip(self._stack, self._tensors, self._tensors[1:], strict=False):
            if all(tensor.node is None for tensor in leaves(output)):
                node = Node(layer, (before,), {}, output)
                layer._first_node = layer._first_node or node

    def add(self, layer: Any) -> None:
        """Puts a layer at the end; an `Input(...)` may come first.

        Raises:
            TypeError: It is no layer.
            ValueError: It does not fit the layer in front of it, or its name is taken. The model stays as it was.
        """
        self._append(layer, {other.name for other in self._stack})

    def _append(self, layer: Any, names: set[str]) -> None:
        """Adds a layer; `names` are those of the layers so far, and its own afterwards."""
        if isinstance(layer, SymbolicTensor) and layer.node is not None:
            layer = layer.node.layer
        if not isinstance(layer, Layer):
            if isinstance(layer, type):
                given = f"the class {layer.__name__}; make a layer of it, {layer.__name__}(…)"
            else:
                given = type(layer).__name__
            raise TypeError(f"{self._title}: add expects a layer, got {given}")
        if isinstance(layer, InputLayer):
            if self._stack or self._input_layer is not None:
                raise ValueError(f"{self._title}: an Input can only be the first of a Sequential model")
            self._input_layer, self._tensors = layer, [layer.output]
            return
        if layer.name in names:
            raise ValueError(f"{self._title}: there is a layer named '{layer.name}' already; give it another name")
        if not self._stack and self._input_layer is None:
            batch_shape = _known_input(layer)
            if batch_shape is not None:
                front = InputLayer(batch_shape=batch_shape[0], dtype=batch_shape[1])
                output = layer(front.output)
                self._input_layer, self._tensors = front, [front.output, output]
        elif self._tensors:
            self._tensors = [*self._tensors, layer(self._tensors[-1])]
        self._stack.append(layer)
        names.add(layer.name)
        self._note_built()

    def pop(self) -> Layer:
        """Takes the last layer off and returns it.

        Raises:
            ValueError: There is no layer.
        """
        if not self._stack:
            raise ValueError(f"{self._title}: there is no layer to pop")
        layer = self._stack.pop()
        if self._tensors:
            self._tensors = self._tensors[: len(self._stack) + 1]
        self._note_built()
        return layer

    def _note_built(self) -> None:
        WeightHolder.changes += 1
        self._fitting_shape = None
        self.built = bool(self._tensors) and bool(self._stack)

    def build(self, input_shape: Any = None) -> None:
        """Builds all layers for inputs of this shape, with the batch; done by the first data as well."""
        if not self._stack:
            raise ValueError(f"{self._title} has no layers: add some first")
        if self._tensors and len(self._tensors) == len(self._stack) + 1:
            return
        if not is_shape(input_shape):
            raise ValueError(f"{self._title}: build expects one input shape with the batch, got {input_shape!r}")
        shape = tuple(input_shape)
        if shape and not any(getattr(layer, "stateful", False) for layer in self._flatten_layers()):
            shape = (None, *shape[1:])
        front = InputLayer(batch_shape=shape, dtype=self._stack[0].dtype)
        tensors = [front.output]
        for layer in self._stack:
            tensors.append(layer(tensors[-1]))
        self._input_layer, self._tensors = front, tensors
        self._note_built()

    def _build_for_arrays(self, x: Any, open_time: bool = False) -> None:
        if not self.built and hasattr(x, "shape"):
            self._check_text(x)
            shape = tuple(x.shape)[1:]
            self.build((None, *((None, *shape[1:]) if open_time and shape else shape)))

    def _build_for(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if args:
            self._check_text(args[0])
        super()._build_for(args, kwargs)

    def _check_text(self, x: Any) -> None:
        """Lets the first layer refuse texts that it does not take, before their shape is looked at."""
        if is_text(x) and self._stack:
            self._stack[0]._convert(x)

    def call(self, inputs: Any, mask: Any = None) -> Any:
        if type(inputs) is not Tensor or inputs.shape != self._fitting_shape:
            inputs = self._fitted(inputs)
        if mask is not None and masks.mask_of(inputs) is not mask:
            masks.attach_mask(inputs, mask)
        for layer in self._stack:
            inputs = layer(inputs)
        return inputs

    def _run_with(self, inputs: Any, call: Any) -> Any:
        for layer in self._stack:
            inputs = call(layer, inputs)
        return inputs

    def _fitted(self, inputs: Any) -> Any:
        """The only input, in the rank of its Input."""
        if isinstance(inputs, (list, tuple, dict)):
            (inputs,) = arranged(inputs, self.input_names or ["input"], self._title)
        if self._tensors:
            inputs = fitted(inputs, self._tensors[0], self.input_names[0], self._title)
            self._fitting_shape = inputs.shape
        return inputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the output for inputs of this shape, None where open."""
        if not self.built:
            self.build(input_shape)
        shape = input_shape
        for layer in self._stack:
            shape = layer.compute_output_shape(shape)
        return shape

    def _children(self) -> list[Any]:
        return list(self._stack)

    @property
    def layers(self) -> list[Layer]:
        return list(self._stack)

    @property
    def inputs(self) -> list[SymbolicTensor]:
        return self._tensors[:1]

    @property
    def outputs(self) -> list[SymbolicTensor]:
        return self._tensors[-1:] if self.built else []

    @property
    def input_names(self) -> list[str]:
        return [self._input_layer.name] if self._input_layer is not None else []

    @property
    def output_names(self) -> list[str]:
        return [self._stack[-1].name] if self._stack else []

    def get_config(self) -> dict[str, Any]:
        stack = [self._input_layer, *self._stack] if self._input_layer is not None else self._stack
        return {
            "name": self.name,
            "trainable": self._trainable,
            "layers": [serialization.serialize(layer) for layer in stack],
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
        """The model that `get_config` describes, with new weights."""
        if custom_objects:
            with serialization.custom_object_scope(custom_objects):
                return cls.from_config(config)
        layers = [serialization.deserialize(described, Layer) for described in config["layers"]]
        return cls(layers, name=config.get("name"))


def _known_input(layer: Layer) -> tuple[tuple[int | None, ...], str] | None:
    """(batch shape, dtype) of the input if the first layer was told it, or is a model that knows it."""
    if layer._given_batch_shape is not None:
        return layer._given_batch_shape, layer.dtype
    if isinstance(layer, Model) and layer.built and len(layer.inputs) == 1:
        return layer.inputs[0].shape, layer.inputs[0].dtype
    return None
