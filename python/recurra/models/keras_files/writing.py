"""Descriptions of models as Keras 3 reads them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from recurra import serialization
from recurra.layers.input import InputLayer
from recurra.layers.masking import Masking
from recurra.layers.operation import Operation
from recurra.layers.symbolic import SymbolicTensor
from recurra.models.keras_files.names import (
    ACTIVATIONS,
    LAYERS,
    OPERATIONS,
    OWN_SETTINGS,
    PARTS,
    RECURRENT,
    WITHOUT_EFFECT,
)
from recurra.models.keras_files.weights import keras_class

_OPERATIONS = {function: name for name, function in OPERATIONS.items()}
_ACTIVATING = frozenset({"Sigmoid", "Relu"})  # which Keras keeps in another module than the other operations


def description(layer: Any) -> dict[str, Any]:
    """The description of a layer or model.

    Raises:
        ValueError: Keras does not have the layer or one of its settings.
    """
    name = keras_class(layer)
    if name == "Functional" and type(layer).__module__.startswith("recurra."):
        return _described("keras.src.models.functional", name, _functional(layer))
    if isinstance(layer, Operation):
        return _operation(layer)
    public = type(layer).__module__.startswith("recurra.")
    if name == "Sequential" and public:
        return _described("keras", name, _sequential(layer))
    if name not in LAYERS or not public:
        raise ValueError(f"layer '{layer.name}' ({name}): Keras has no such layer")
    settings = serialization.plain(layer.get_config())
    if name == "SpatialDropout1D":
        del settings["trainable"]  # which Keras's does not take
    return _described("keras.layers", name, _settings(settings, f"layer '{layer.name}' ({name})"))


def compilation(model: Any) -> dict[str, Any] | None:
    """The `compile_config`; None if the model is not compiled.

    Raises:
        ValueError: Keras does not have a setting of it.
        TypeError: It has a function without a name.
    """
    config = model.get_compile_config()
    if not config:
        return None
    plain = serialization.plain(config)
    return {key: _value(key, value, "compile") for key, value in plain.items()}


def _described(module: str, name: str, config: Any) -> dict[str, Any]:
    return {"module": module, "class_name": name, "config": config, "registered_name": None}


def _settings(config: Mapping[str, Any], owner: str) -> dict[str, Any]:
    kept = {}
    for key, value in config.items():
        if key in WITHOUT_EFFECT:
            continue
        if key not in OWN_SETTINGS:
            kept[key] = _value(key, value, owner)
        elif value != OWN_SETTINGS[key]:
            raise ValueError(f"{owner}: Keras has no setting {key}, and it has {key}={value!r:.60}")
    return kept


def _value(key: str, value: Any, owner: str) -> Any:
    """A plain value as Keras writes it."""
    if isinstance(value, list):
        return [_value(key, one, owner) for one in value]
    if isinstance(value, str) and key.endswith("activation") and value not in ACTIVATIONS:
        raise ValueError(f"{owner}: Keras has no activation {value!r}")
    if not isinstance(value, Mapping):
        return value
    if set(value) == {"tuple"}:
        return [_value(key, one, owner) for one in value["tuple"]]
    if set(value) in ({"registered_function"}, {"own_function"}, {"array", "dtype"}, {"slice"}):
        raise ValueError(f"{owner}: {key} cannot be written for Keras")
    if not {"module", "class_name", "config"} <= set(value):
        return {name: _value(name, one, owner) for name, one in value.items()}
    module, name = value["module"], value["class_name"]
    kind = str(module).removeprefix("recurra.")
    known = LAYERS if kind == "layers" else PARTS.get(kind, {name})
    if module is None or name not in known:
        raise ValueError(f"{owner}: Keras has no {name}, which is its {key}")
    inner = value["config"].get("name")
    owner = f"layer '{inner}' ({name})" if kind == "layers" else owner
    return _described(f"keras.{kind}", name, _settings(value["config"], owner))


def _sequential(model: Any) -> dict[str, Any]:
    if not model.built:
        raise ValueError(f"{model._title} must be built to be written for Keras: build it or call it on data first")
    stack = [model._input_layer, *model.layers]
    return {
        "name": model.name,
        "trainable": model._trainable,
        "dtype": stack[0].dtype if stack[0].dtype in ("float32", "float64") else "float32",
        "layers": [description(layer) for layer in stack],
        "build_input_shape": list(model.inputs[0].shape),
    }


# ---- graphs


def _operation(layer: Operation) -> dict[str, Any]:
    name = _OPERATIONS.get(layer.function_name)
    if name is None:
        raise ValueError(f"layer '{layer.name}': the operation {layer.function_name} cannot be written for Keras")
    module = "keras.src.ops.nn" if name in _ACTIVATING else "keras.src.ops.numpy"
    return {**_described(module, name, {"name": layer.name}), "registered_name": name}


def _functional(model: Any) -> dict[str, Any]:
    graph = model._graph
    history: dict[int, list[Any]] = {}
    calls: dict[int, list[dict[str, Any]]] = {id(layer): [] for layer in graph.layers}
    layers = {id(layer): description(layer) for layer in graph.layers}
    for tensor, layer in zip(graph.inputs, graph.input_layers, strict=True):
        history[id(tensor)] = [layer.name, 0, 0]
    masked: set[int] = set()  # tensors that may carry a mask
    for node in graph.nodes:
        _follow_masks(node, masked)
        own = calls[id(node.layer)]
        for position, output in enumerate(node.outputs):
            history.setdefault(id(output), [node.layer.name, len(own), position])
        kwargs = {key: _argument(value, history, node.layer) for key, value in node.kwargs.items()}
        if isinstance(node.layer, Operation) and kwargs:  # whose settings Keras keeps in the configuration
            layers[id(node.layer)]["config"] |= {key: node.kwargs[key] for key in kwargs}
            kwargs = {}
        own.append({"args": [_argument(value, history, node.layer) for value in node.args], "kwargs": kwargs})
    return {
        "name": model.name,
        "trainable": model._trainable,
        "layers": [
            {**layers[id(layer)], "name": layer.name, "inbound_nodes": calls[id(layer)]} for layer in graph.layers
        ],
        "input_layers": _structure(graph.input_structure, history),
        "output_layers": _structure(graph.output_structure, history),
    }


def _follow_masks(node: Any, masked: set[int]) -> None:
    """Adds the outputs of a call that may carry masks.

    Raises:
        ValueError: A layer uses a mask where Keras would leave it out.
    """
    layer, given = node.layer, any(id(tensor) in masked for tensor in node.inputs)
    with_state = "initial_state" in node.kwargs or len(node.args) > 1
    if keras_class(layer) in RECURRENT and with_state and "mask" not in node.kwargs and id(node.inputs[0]) in masked:
        raise ValueError(
            f"layer '{layer.name}': it uses the mask of its input, and Keras does not where initial_state is given; "
            "call it on recurra.ops.copy(x), which has no mask"
        )
    makes = any(isinstance(one, Masking) or getattr(one, "mask_zero", False) for one in layer._flatten_layers())
    if makes or (given and layer.supports_masking and not isinstance(layer, Operation)):
        masked.update(id(tensor) for tensor in node.outputs)


def _argument(value: Any, history: Mapping[int, list[Any]], layer: Any) -> Any:
    if isinstance(value, SymbolicTensor):
        config = {"shape": list(value.shape), "dtype": value.dtype, "keras_history": history[id(value)]}
        return {"class_name": "__keras_tensor__", "config": config}
    if isinstance(value, (list, tuple)):
        return [_argument(one, history, layer) for one in value]
    if isinstance(value, slice):
        config = {"start": value.start, "stop": value.stop, "step": value.step}
        return {"class_name": "__slice__", "config": config}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise ValueError(f"layer '{layer.name}': its argument {value!r:.60} cannot be written for Keras")


def _structure(value: Any, history: Mapping[int, list[Any]]) -> Any:
    if isinstance(value, SymbolicTensor):
        return history[id(value)]
    if isinstance(value, Mapping):
        return {key: _structure(one, history) for key, one in value.items()}
    return [_structure(one, history) for one in value]


def is_model(model: Any) -> bool:
    """Whether it is a Sequential or functional model, which can be described."""
    return keras_class(model) in ("Functional", "Sequential") and not isinstance(model, InputLayer)
