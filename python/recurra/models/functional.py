"""The graph of a functional model: which layers run, in which order, on which tensors.

The order of `layers` (and so of weights) is Keras's: by the longest way to an output, farthest first, and among equals
in the order in which the graph is found when walked back from the outputs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from recurra import ops, serialization
from recurra.layers.base import Layer
from recurra.layers.input import InputLayer
from recurra.layers.masks import attach_mask, mask_of
from recurra.layers.symbolic import Node, SymbolicTensor
from recurra.models.inputs import arranged, fitted
from recurra.models.names import unique_names
from recurra.tensor import Tensor
from recurra.tree import flatten, leaves, map_structure, pack_as


class _Slot:
    """Stands in a stored argument for the value computed there."""

    __slots__ = ("index",)

    def __init__(self, index: int) -> None:
        self.index = index


class _Step:
    """One call: of one value or of a list of them, by their slots in `source`; else with all arguments filled in."""

    __slots__ = ("args", "kwargs", "layer", "source", "targets")

    def __init__(self, node: Node, slots: dict[int, int]) -> None:
        def replaced(leaf: Any) -> Any:
            return _Slot(slots[id(leaf)]) if isinstance(leaf, SymbolicTensor) else leaf

        self.layer = node.layer
        self.args = map_structure(replaced, node.args)
        self.kwargs = map_structure(replaced, node.kwargs)
        self.targets = [slots[id(output)] for output in node.outputs]
        self.source: int | list[int] | None = None
        if len(node.args) == 1 and not node.kwargs:
            (argument,) = node.args
            if isinstance(argument, SymbolicTensor):
                self.source = slots[id(argument)]
            elif type(argument) is list and all(isinstance(leaf, SymbolicTensor) for leaf in argument):
                self.source = [slots[id(leaf)] for leaf in argument]


class Graph:
    """Layers connected from inputs to outputs.

    Args:
        inputs: Symbolic tensors, alone or in lists, tuples or dictionaries.
        outputs: The same, computed from the inputs.

    Raises:
        TypeError: Inputs or outputs are no symbolic tensors.
        ValueError: An output depends on an Input that is not given.
    """

    def __init__(self, inputs: Any, outputs: Any) -> None:
        self.input_structure, self.output_structure = inputs, outputs
        self.inputs: list[SymbolicTensor] = flatten(inputs)
        self.outputs: list[SymbolicTensor] = flatten(outputs)
        for what, tensors in (("inputs", self.inputs), ("outputs", self.outputs)):
            for tensor in tensors:
                if not isinstance(tensor, SymbolicTensor):
                    raise TypeError(
                        f"Model: {what} must be symbolic tensors made from Input(...), got {type(tensor).__name__}"
                    )
        if len({id(tensor) for tensor in self.inputs}) < len(self.inputs):
            raise ValueError("Model: the same tensor is given twice in inputs")
        self.nodes = self._find_nodes()
        self.input_layers = [_input_layer_of(tensor) for tensor in self.inputs]
        self.layers: list[Layer] = self._order_layers()
        for name, number in Counter(layer.name for layer in self.layers).items():
            if number > 1:
                raise ValueError(f"Model: two layers are named '{name}'; give them different names")
        slots: dict[int, int] = {}
        for tensor in (*self.inputs, *(output for node in self.nodes for output in node.outputs)):
            slots.setdefault(id(tensor), len(slots))
        self._size = len(slots)
        self._input_slots = [slots[id(tensor)] for tensor in self.inputs]
        self._output_slots = [slots[id(tensor)] for tensor in self.outputs]
        self._steps = [_Step(node, slots) for node in self.nodes]
        self._fitting_shapes: list[Any] = [None] * len(self.inputs)  # of the last inputs that fitted

    def __getstate__(self) -> dict[str, Any]:
        return {
            "structures": (self.input_structure, self.output_structure),
            "input_layers": self.input_layers,
            "nodes": [(node.layer, node.args, node.kwargs, node.outputs) for node in self.nodes],
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        for layer, *call in state["nodes"]:
            node = Node(layer, *call)
            layer._first_node = layer._first_node or node
        self.__init__(*state["structures"])  # type: ignore[misc]
        # Where a graph is cut open at another layer's output, the layers of its inputs have been made for it.
        copied = {id(own): old for own, old in zip(self.input_layers, state["input_layers"], strict=True)}
        self.input_layers = state["input_layers"]
        self.layers = [copied.get(id(layer), layer) for layer in self.layers]

    def _find_nodes(self) -> list[Node]:
        """All nodes between inputs and outputs, each after those it depends on."""
        given = {id(tensor) for tensor in self.inputs}
        done: dict[int, Node] = {}
        order: list[Node] = []
        stack: list[tuple[Node, bool]] = []
        for output in self.outputs:
            if id(output) not in given and output.node is not None:
                stack.append((output.node, False))
            while stack:
                node, expanded = stack.pop()
                if id(node) in done:
                    continue
                if expanded:
                    done[id(node)] = node
                    order.append(node)
                    continue
                if isinstance(node.layer, InputLayer):
                    raise ValueError(
                        f"Model: an output depends on the Input '{node.layer.name}', which is not among the inputs"
                    )
                stack.append((node, True))
                for tensor in reversed(node.inputs):
                    if id(tensor) not in given and tensor.node is not None:
                        stack.append((tensor.node, False))
        return order

    def _order_layers(self) -> list[Layer]:
        depth: dict[int, int] = {}
        for node in reversed(self.nodes):
            own = depth.setdefault(id(node), 0)
            for tensor in node.inputs:
                key = id(tensor.node)
                depth[key] = max(depth.get(key, 0), own + 1)
        found: dict[int, tuple[int, Layer]] = {}
        for tensor, layer in zip(self.inputs, self.input_layers, strict=True):
            found[id(layer)] = (depth.get(id(tensor.node), 0), layer)
        for node in self.nodes:
            before = found.get(id(node.layer), (0, node.layer))[0]
            found[id(node.layer)] = (max(before, depth[id(node)]), node.layer)
        return [layer for _, layer in sorted(found.values(), key=lambda entry: -entry[0])]

    def run(self, inputs: Sequence[Any], call: Callable[..., Any] | None = None) -> Any:
        """The outputs for inputs in the order of `self.inputs`, in the structure of the outputs.

        Args:
            inputs: Tensors.
            call: Called as call(layer, *args, **kwargs) in the place of each layer; default the layer itself.
        """
        values: list[Any] = [None] * self._size
        for slot, value in zip(self._input_slots, inputs, strict=True):
            values[slot] = value

        def filled(leaf: Any) -> Any:
            return values[leaf.index] if type(leaf) is _Slot else leaf

        for step in self._steps:
            source = step.source
            if call is not None:
                result = call(step.layer, *map_structure(filled, step.args), **map_structure(filled, step.kwargs))
            elif type(source) is int:
                result = step.layer(values[source])
            elif type(source) is list:
                result = step.layer([values[slot] for slot in source])
            else:
                result = step.layer(*map_structure(filled, step.args), **map_structure(filled, step.kwargs))
            if len(step.targets) == 1 and not isinstance(result, (list, tuple, dict)):
                values[step.targets[0]] = result
            else:
                for slot, value in zip(step.targets, leaves(result), strict=True):
                    values[slot] = value
        return pack_as(self.output_structure, [values[slot] for slot in self._output_slots])

    def arrange(self, inputs: Any, owner: str) -> list[Any]:
        """The given inputs in the order of `self.inputs`, checked and cast."""
        title = f"model '{owner}'"
        given = arranged(inputs, self.input_keys, title)
        for i, (value, tensor) in enumerate(zip(given, self.inputs, strict=True)):
            if value.shape != self._fitting_shapes[i]:
                value = fitted(value, tensor, self.input_names[i], title)
                self._fitting_shapes[i] = value.shape
            given[i] = _cast(value, tensor)
        return given

    @property
    def input_names(self) -> list[str]:
        return [layer.name for layer in self.input_layers]

    @property
    def input_keys(self) -> list[str]:
        """The keys by which a dictionary gives the inputs."""
        return list(self.input_structure) if isinstance(self.input_structure, dict) else self.input_names

    @property
    def output_names(self) -> list[str]:
        return unique_names(
            tensor.name or "" if tensor.node is None else tensor.node.layer.name for tensor in self.outputs
        )

    def get_config(self) -> dict[str, Any]:
        """Layers, and the nodes in the order in which they run; `{"node": i, "output": j}` names a tensor."""
        address: dict[int, dict[str, int]] = {}
        for number, tensor in enumerate(self.inputs):
            address[id(tensor)] = {"node": number, "output": 0}
        for number, node in enumerate(self.nodes, len(self.inputs)):
            for position, output in enumerate(node.outputs):
                address.setdefault(id(output), {"node": number, "output": position})

        def described(structure: Any) -> Any:
            return serialization.plain(map_structure(_addressed(address), structure))

        nodes = [
            {"layer": node.layer.name, "args": described(node.args), "kwargs": described(node.kwargs)}
            for node in self.nodes
        ]
        return {
            "layers": [serialization.serialize(layer) for layer in self.layers],
            "input_layers": self.input_names,
            "nodes": nodes,
            "inputs": described(self.input_structure),
            "outputs": described(self.output_structure),
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Graph:
        """The graph that `get_config` described, with new layers. Raises ValueError if it does not hold together."""
        try:
            layers = [serialization.deserialize(described, Layer) for described in config["layers"]]
            by_name = {layer.name: layer for layer in layers}
            values: list[list[SymbolicTensor]] = [[by_name[name].output] for name in config["input_layers"]]

            def tensors(structure: Any) -> Any:
                if isinstance(structure, dict) and set(structure) == {"node", "output"}:
                    return values[structure["node"]][structure["output"]]
                if isinstance(structure, dict):
                    return {key: tensors(value) for key, value in structure.items()}
                if isinstance(structure, (list, tuple)):
                    return type(structure)(tensors(value) for value in structure)
                return structure

            for node in config["nodes"]:
                args = tensors(serialization.restored(node["args"]))
                kwargs = tensors(serialization.restored(node["kwargs"]))
                values.append(flatten(by_name[node["layer"]](*args, **kwargs)))
            restored = serialization.restored
            return cls(tensors(restored(config["inputs"])), tensors(restored(config["outputs"])))
        except (KeyError, IndexError, AttributeError) as error:
            raise ValueError(f"the configuration of the model is damaged: {type(error).__name__} {error}") from None


def _addressed(address: dict[int, dict[str, int]]) -> Any:
    return lambda leaf: address[id(leaf)] if isinstance(leaf, SymbolicTensor) else leaf


def _input_layer_of(tensor: SymbolicTensor) -> Layer:
    """The InputLayer behind an input; a new one where a graph is cut open at another layer's output."""
    if tensor.node is not None and isinstance(tensor.node.layer, InputLayer):
        return tensor.node.layer
    return InputLayer(batch_shape=tensor.shape, dtype=tensor.dtype)


def _cast(value: Any, tensor: SymbolicTensor) -> Any:
    """An input in the dtype of its Input."""
    if not isinstance(value, Tensor) or value.dtype == tensor.dtype:
        return value
    cast = ops.cast(value, tensor.dtype)
    attach_mask(cast, mask_of(value))
    return cast
