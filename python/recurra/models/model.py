"""Model: a layer that can be trained, saved and summarised."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np

from recurra import serialization
from recurra.checks import answers_unknown_keywords
from recurra.layers import masks
from recurra.layers.base import Layer
from recurra.layers.symbolic import SymbolicTensor, infer
from recurra.models import saving, summary
from recurra.models.functional import Graph
from recurra.models.training import Trainer
from recurra.models.training.run import Run
from recurra.streaming import stream_of
from recurra.tree import flatten, map_shapes, map_structure

if TYPE_CHECKING:
    from recurra._engine import Stream


class Model(Trainer, Layer):
    """A layer that can be trained, saved and summarised: a graph of layers, or a subclass that defines `call`.

    `Model(inputs, outputs)` makes a functional model from symbolic tensors. Layers and variables that a subclass
    assigns to attributes belong to the model.

    Args:
        inputs: Symbolic tensors, alone or in lists, tuples or dictionaries; left out by subclasses.
        outputs: The same, computed from the inputs.
        name: Name of the model; made from the class by default.
        trainable: Whether training changes the weights, default True.

    Raises:
        TypeError: Inputs or outputs are no symbolic tensors.
        ValueError: An output depends on an Input that is not given.

    Example:
        >>> steps = recurra.Input((None, 3))
        >>> model = recurra.Model(steps, recurra.layers.Dense(1)(recurra.layers.GRU(8)(steps)))
        >>> model.predict(np.zeros((2, 5, 3)), verbose=0).shape
        (2, 1)
    """

    def __init__(self, *args: Any, inputs: Any = None, outputs: Any = None, **kwargs: Any) -> None:
        if args:
            inputs, outputs, *rest = *args, *([outputs] if len(args) == 1 else [])
            if rest:
                kwargs.setdefault("name", rest[0])
        if (inputs is None) != (outputs is None):
            raise ValueError(f"{type(self).__name__}: give both inputs and outputs, or neither and define call")
        self._graph = None if inputs is None else Graph(inputs, outputs)
        Layer.__init__(self, **kwargs)
        own = set(vars(self))
        Trainer.__init__(self)
        self._untracked = self._untracked | (vars(self).keys() - own)
        if self._graph is not None:
            self._casts_inputs = False  # each goes to its Input
            self._set_dtype(self._dtype)
            self.built = True

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "run": Run()}

    @property
    def _title(self) -> str:
        return f"model '{self.name}'"

    def __repr__(self) -> str:
        if "_graph" not in vars(self):
            return f"<{type(self).__name__}, not initialised>"
        count = len(self.layers)
        facts = [f"name={self.name}", f"{count} layer{'s' * (count != 1)}"]
        facts += [f"{self.count_params():,} parameters"] if self.weights else []
        facts += [] if self.built else ["not built"]
        return f"<{type(self).__name__} {', '.join(facts)}>"

    def _takes_text(self) -> bool:
        return True  # a layer inside may

    def _name_prefix(self) -> str:
        return "functional" if type(self) is Model and self._graph is not None else super()._name_prefix()

    def build(self, input_shape: Any) -> None:
        """Builds all layers for inputs of this shape, with the batch, by running the model on zeros."""
        if self._graph is None:
            self.built = True  # the run below is the build
            tensors = map_shapes(lambda shape: SymbolicTensor(shape, self._dtype), input_shape)
            try:
                infer(self, [tensors], {})
            except Exception:
                self.built = False
                raise

    def _build_for(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if self._graph is None and type(self).build is Model.build:
            self.built = True  # the layers of a subclass build themselves when its `call` reaches them
            self._build_shape = map_structure(lambda leaf: tuple(leaf.shape), args[0]) if args else None
        else:
            super()._build_for(args, kwargs)

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """Runs the graph; subclasses define their own."""
        if self._graph is None:
            raise TypeError(f"{type(self).__name__} defines no call(self, inputs)")
        arranged = self._graph.arrange(inputs, self.name)
        if mask is not None:
            for tensor, one in zip(arranged, flatten(mask), strict=False):
                if one is not None and masks.mask_of(tensor) is not one:
                    masks.attach_mask(tensor, one)
        return self._graph.run(arranged)

    def _run_with(self, inputs: Any, call: Any) -> Any:
        """The output for one input, with call(layer, *args, **kwargs) in the place of each layer."""
        if self._graph is None or len(self._graph.inputs) > 1:
            raise ValueError(f"{self._title} must be a Sequential or functional model of one input")
        return self._graph.run([inputs], call)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shapes of the outputs for inputs of these shapes, None where open."""
        if self._graph is None:
            return super().compute_output_shape(input_shape)
        shapes = flatten(map_shapes(SymbolicTensor, input_shape))
        inputs = [SymbolicTensor(one.shape, known.dtype) for one, known in zip(shapes, self._graph.inputs, strict=True)]
        return map_structure(lambda tensor: tensor.shape, self._graph.run(inputs))

    def _symbolic_outputs(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if self._graph is None or type(self).call is not Model.call:
            return super()._symbolic_outputs(args, kwargs)
        outputs = self._graph.run(self._graph.arrange(args[0], self.name))
        return map_structure(lambda tensor: SymbolicTensor(tensor.shape, tensor.dtype), outputs)

    def _pass_mask_on(self, inputs: Any, outputs: Any, mask: Any) -> None:
        """The layers inside have filed the masks of the outputs, unless the class says otherwise."""
        if self._computes_mask:
            super()._pass_mask_on(inputs, outputs, mask)

    def _children(self) -> list[Any]:
        inside = [] if self._graph is None else self._graph.layers
        return list({id(child): child for child in (*inside, *super()._children())}.values())

    # ---- structure

    @property
    def layers(self) -> list[Layer]:
        """The layers of the model, in the order in which they run (of a subclass: in which they were assigned)."""
        return self._children()

    @property
    def inputs(self) -> list[SymbolicTensor]:
        return [] if self._graph is None else self._graph.inputs

    @property
    def outputs(self) -> list[SymbolicTensor]:
        return [] if self._graph is None else self._graph.outputs

    @property
    def input_names(self) -> list[str]:
        return [] if self._graph is None else self._graph.input_names

    @property
    def _input_keys(self) -> list[str]:
        """The keys by which a dictionary of data gives the inputs."""
        return self.input_names if self._graph is None else self._graph.input_keys

    @property
    def output_names(self) -> list[str]:
        return [] if self._graph is None else self._graph.output_names

    @property
    def input(self) -> Any:
        """The symbolic input, in the structure that was given."""
        return self._graph.input_structure if self._graph is not None else _only(self.inputs, self, "input")

    @property
    def output(self) -> Any:
        """The symbolic output, in the structure that was given."""
        return self._graph.output_structure if self._graph is not None else _only(self.outputs, self, "output")

    @property
    def input_shape(self) -> Any:
        return map_structure(lambda tensor: tensor.shape, self.input)

    @property
    def output_shape(self) -> Any:
        return map_structure(lambda tensor: tensor.shape, self.output)

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """The layer with this name, or at this place in `layers`.

        Raises:
            ValueError: There is no such layer; the message names those there are.
        """
        layers = self.layers
        if (name is None) == (index is None):
            raise ValueError(f"{self._title}: get_layer needs either a name or an index")
        if index is not None:
            if not -len(layers) <= index < len(layers):
                raise ValueError(f"{self._title} has {len(layers)} layers, none at index {index}")
            return layers[index]
        for layer in layers:
            if layer.name == name:
                return layer
        raise ValueError(f"{self._title} has no layer '{name}'; it has {', '.join(one.name for one in layers)}")

    @answers_unknown_keywords
    def summary(
        self,
        line_length: int | None = None,
        positions: Any = None,
        print_fn: Callable[[str], Any] | None = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range: tuple[str, str] | None = None,
    ) -> None:
        """Prints a table of the layers, their output shapes and numbers of parameters.

        Args:
            line_length: Characters in a line; by default as many as fit the terminal.
            positions: Right edge of each column as a share of the line (or in characters).
            print_fn: Takes the text; `print` by default.
            expand_nested: Whether to list the layers inside models that are layers, default False.
            show_trainable: Whether to add a column that says which layers are trained, default False.
            layer_range: Names of the first and the last layer to show; all by default.

        Raises:
            ValueError: The line is too short for the columns, or there is no such layer.
        """
        text = summary.render(self, line_length, positions, expand_nested, show_trainable, layer_range)
        (print_fn or print)(text)

    def _repr_html_(self) -> str:
        return summary.render_html(self)

    def streaming(self, batch_size: int = 1) -> Stream:
        """The model as a stream: run step by step, with its state kept from step to step.

        `stream.step(x)` takes one time step (batch, features), `stream.process(block)` several (batch, time, features);
        the outputs have the bits that `predict` gives for whole sequences (docs/streaming.md has one exception).
        `stream.reset(rows)` lets sequences begin anew, `stream.state` reads and sets the state. The weights are copied:
        later training does not change a stream.

        The model must be a chain: Sequential, or functional without branches, of recurrent layers of built-in cells,
        causal Conv1D with stride 1, causal TCN and TemporalBlock, Dense, Embedding in front (with or without
        mask_zero), Masking, activations, normalisation, dropout and noise (which do nothing), and TimeDistributed,
        Residual, Highway, Stack or WeightNormalization around one of them. Behind a layer that returns its last output
        only, every step gives what the sequence so far would give; Flatten and Reshape may stand there.

        Args:
            batch_size: Number of sequences that run at the same time, default 1.

        Raises:
            ValueError: A layer cannot be run step by step; the message names it and says why. It reads later steps
                (Bidirectional, go_backwards, other paddings), has no output at every step (strides, pooling), mixes
                steps, or is a function or class of your own.

        Example:
            >>> model = recurra.Sequential([recurra.Input((None, 2)), recurra.layers.LSTM(4)])
            >>> stream = model.streaming()
            >>> stream.step(np.zeros((1, 2), "float32")).shape
            (1, 4)
        """
        return stream_of(self, batch_size)

    # ---- configuration and files

    def get_config(self) -> dict[str, Any]:
        if self._graph is None:
            return super().get_config()
        return {"name": self.name, "trainable": self._trainable, **self._graph.get_config()}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
        """The model that `get_config` describes, with new weights."""
        if custom_objects:
            with serialization.custom_object_scope(custom_objects):
                return cls.from_config(config)
        if "nodes" not in config:
            return super().from_config(config)
        graph = Graph.from_config(config)
        model = cls(graph.input_structure, graph.output_structure, name=config.get("name"))
        if config.get("trainable") is False:
            model.trainable = False
        return model

    def to_json(self, **kwargs: Any) -> str:
        """The configuration as JSON, for `recurra.models.model_from_json`; arguments are those of json.dumps."""
        return json.dumps(serialization.serialize(self), **kwargs)

    @answers_unknown_keywords
    def save(self, filepath: str | PathLike[str], overwrite: bool = True, include_optimizer: bool = True) -> None:
        """Writes configuration and weights to one safetensors or `.keras` file; see `recurra.saving.save_model`."""
        saving.save_model(self, filepath, overwrite=overwrite, include_optimizer=include_optimizer)

    @answers_unknown_keywords
    def save_weights(self, filepath: str | PathLike[str], overwrite: bool = True) -> None:
        """Writes the weights to one safetensors or `.weights.h5` file."""
        saving.save_weights(self, filepath, overwrite=overwrite)

    @answers_unknown_keywords
    def load_weights(self, filepath: str | PathLike[str]) -> None:
        """Reads weights that `save_weights` or `save` wrote for a model of the same structure.

        Raises:
            ValueError: Names, shapes or dtypes differ, or the file is damaged; nothing is changed then.
        """
        saving.load_weights(self, filepath)

    def state_dict(self) -> dict[str, np.ndarray]:
        """Copies of all weights by path, for example `gru/kernel`."""
        return {path: np.array(variable.numpy()) for path, variable in self._named_weights().items()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Sets all weights by path, as `state_dict` gives them.

        Raises:
            ValueError: Names or shapes differ; nothing is changed then.
        """
        named = self._named_weights()
        missing, unknown = sorted(named.keys() - state.keys()), sorted(state.keys() - named.keys())
        if missing or unknown:
            words = [f"no array for {', '.join(missing)}"] if missing else []
            words += [f"unknown {', '.join(unknown)}"] if unknown else []
            raise ValueError(f"{self._title}: {'; '.join(words)}")
        order = {id(variable): path for path, variable in named.items()}
        self.set_weights([state[order[id(variable)]] for variable in self.weights])


def _only(tensors: list[SymbolicTensor], model: Model, what: str) -> Any:
    if not tensors:
        raise ValueError(f"{model._title} has no {what} yet: give it an Input, or call it on data first")
    return tensors[0] if len(tensors) == 1 else tensors
