"""Descriptions of models as Keras 3 writes them, turned into recurra's own.

Only descriptions are made here; `serialization.deserialize` makes the objects, from classes that it knows by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from recurra import serialization
from recurra.checks import constructor_keywords
from recurra.configurable import Configurable
from recurra.models.keras_files.names import NEUTRAL, OPERATIONS, RECURRENT

_LAYER_SETTINGS = frozenset({"batch_input_shape", "dtype", "name", "trainable"})
_MODELS = frozenset({"Sequential", "Functional", "Model"})
_COMPILED = ("optimizer", "loss", "loss_weights", "metrics", "weighted_metrics")


def own_description(value: Any, owner: str = "the model") -> Any:
    """The description that `serialization.deserialize` takes, for a value of a configuration of Keras.

    Args:
        value: As JSON gives it.
        owner: What errors call the layer around it.

    Raises:
        ValueError: It holds code, or a setting that recurra does not have.
    """
    if isinstance(value, list):
        return [own_description(one, owner) for one in value]
    if not isinstance(value, Mapping):
        return value
    name = value.get("class_name")
    if not isinstance(name, str):
        return {key: own_description(one, owner) for key, one in value.items()}
    config = value.get("config")
    if name.startswith("__") or name in ("function", "Lambda"):
        return _plain_value(name, config, owner)
    if not isinstance(config, Mapping):
        raise ValueError(f"{owner}: the configuration of {name} is no dictionary")
    if isinstance(config.get("name"), str):
        owner = f"layer '{config['name']}' ({name})"
    module = value.get("module")
    if isinstance(module, str) and module.startswith("keras.src.ops."):
        return _operation(name, config, owner)
    if name == "DTypePolicy":
        return dict(value)
    if isinstance(module, str) and (module == "keras" or module.startswith("keras.")):
        if name in _MODELS:
            return _model(name, config, owner)
        module = _own_module(module)
        config = _known_settings(module, name, config, owner)
    described = {"module": module, "class_name": name, "config": own_description(config, owner)}
    if value.get("registered_name") not in (None, name):
        described["registered_name"] = value["registered_name"]
    return described


def own_compilation(config: Mapping[str, Any]) -> dict[str, Any]:
    """What `compile_from_config` takes, for the `compile_config` of Keras."""
    return {key: own_description(config.get(key), "compile") for key in _COMPILED}


def _plain_value(name: str, config: Any, owner: str) -> Any:
    if name == "function" and isinstance(config, str):
        return config
    if name in ("__lambda__", "Lambda"):
        raise ValueError(
            f"{owner}: it has a Lambda, which is stored as code, and no code of a file is run; write it as a Layer "
            "and pass its class in custom_objects"
        )
    if not isinstance(config, Mapping):
        raise ValueError(f"{owner}: its value {name} is damaged")
    if name in ("__numpy__", "__tensor__"):
        return {"array": config.get("value"), "dtype": config.get("dtype")}
    if name == "__slice__":
        return {"slice": [own_description(config.get(part), owner) for part in ("start", "stop", "step")]}
    if name == "__ellipsis__":
        return {"slice": "all"}
    raise ValueError(f"{owner}: a value of the kind {name} is not supported")


def _own_module(module: str) -> str:
    for part in ("optimizers.schedules", "optimizers"):
        if part in module:
            return f"recurra.{part}"
    return "recurra." + module.removeprefix("keras.src.").removeprefix("keras.").partition(".")[0]


def _known_settings(module: str, name: str, config: Mapping[str, Any], owner: str) -> dict[str, Any]:
    """The configuration without settings that the class does not take and that have no effect as they stand."""
    cls = vars(import_module(module)).get(name) if module in serialization.MODULES else None
    if not isinstance(cls, type):
        return dict(config)  # `deserialize` names the unknown class
    names = cls._argument_names() if issubclass(cls, Configurable) else constructor_keywords(cls)
    known = {*names, *getattr(cls, "config_arguments", ()), *_LAYER_SETTINGS}
    kept = {}
    for key, value in config.items():
        if key in known:
            kept[key] = value
        elif value is not None and value is not False and value != NEUTRAL.get(key, ...):
            raise ValueError(f"{owner}: recurra's {name} has no setting {key}, and the file has {key}={value!r:.60}")
    return kept


def _operation(name: str, config: Mapping[str, Any], owner: str) -> dict[str, Any]:
    if name not in OPERATIONS:
        raise ValueError(f"{owner}: the operation {name} is not supported in files of Keras")
    settings = {"name": config.get("name"), "function": OPERATIONS[name]}
    return {"module": "recurra.layers", "class_name": "Operation", "config": settings}


def _model(name: str, config: Mapping[str, Any], owner: str) -> dict[str, Any]:
    if name != "Sequential" and "input_layers" not in config:
        raise ValueError(f"{owner}: it is a subclass of Model and was stored without its layers")
    kept = {key: config[key] for key in ("name", "trainable") if key in config}
    if name == "Sequential":
        kept["layers"] = own_description(config["layers"], owner)
        return {"module": "recurra.models", "class_name": "Sequential", "config": kept}
    return {"module": "recurra.models", "class_name": "Model", "config": {**kept, **_graph(config)}}


# ---- graphs


def _is_history(value: Any) -> bool:
    """Whether it names a tensor: [layer, call of the layer, output of the call]."""
    return isinstance(value, list) and len(value) == 3 and isinstance(value[0], str)


def _graph(config: Mapping[str, Any]) -> dict[str, Any]:
    """Layers and nodes in the order in which they can run, for a graph that lists the calls of each layer."""
    layers = config["layers"]
    inputs = config["input_layers"]
    if isinstance(inputs, list) and len(inputs) == 1 and _is_history(inputs[0]):
        inputs = inputs[0]
    names: list[str] = []
    _map_histories(inputs, lambda history: names.append(history[0]))
    numbers = {(name, 0): number for number, name in enumerate(names)}

    def tensor(history: Any) -> dict[str, int]:
        return {"node": numbers[history[0], history[1]], "output": history[2]}

    waiting = [
        (layer["name"], call, node, layer)
        for layer in layers
        if layer["class_name"] != "InputLayer"
        for call, node in enumerate(layer["inbound_nodes"])
    ]
    nodes: list[dict[str, Any]] = []
    copies: list[dict[str, Any]] = []
    maskless = {number for number, _ in enumerate(names)}  # nodes whose outputs carry no mask
    while waiting:
        left = []
        for entry in waiting:
            name, call, node, layer = entry
            if not isinstance(node, Mapping):
                raise ValueError(
                    f"layer '{name}': its calls are written as Keras 2 did; save the model again in Keras 3"
                )
            if _known(node, numbers):
                made = _node(name, node, layer, tensor)
                if _goes_without_mask(layer, made, maskless):
                    copy = f"{name}_without_mask_{call}"
                    first, *others = made["args"]["tuple"]
                    copies.append(_operation("Copy", {"name": copy}, name))
                    nodes.append({"layer": copy, "args": {"tuple": [first]}, "kwargs": {}})
                    numbers[copy, 0] = len(numbers)
                    made["args"]["tuple"] = [{"node": numbers[copy, 0], "output": 0}, *others]
                if _is_operation(layer):
                    maskless.add(len(numbers))
                nodes.append(made)
                numbers[name, call] = len(numbers)
            else:
                left.append(entry)
        if len(left) == len(waiting):
            raise ValueError(f"layer '{left[0][0]}' is called on a tensor that no other layer gives")
        waiting = left
    return {
        "layers": [*(own_description(layer) for layer in layers), *copies],
        "input_layers": names,
        "nodes": nodes,
        "inputs": _map_histories(inputs, tensor),
        "outputs": _map_histories(config["output_layers"], tensor),
    }


def _goes_without_mask(layer: Mapping[str, Any], node: Mapping[str, Any], maskless: set[int]) -> bool:
    """Whether Keras gives a recurrent layer no mask in this call, though its input may carry one."""
    args = node["args"]["tuple"]
    with_state = "initial_state" in node["kwargs"] or len(args) > 1
    if layer["class_name"] not in RECURRENT or not with_state or "mask" in node["kwargs"]:
        return False
    return not (isinstance(args[0], Mapping) and args[0].get("node") in maskless)


def _is_operation(layer: Mapping[str, Any]) -> bool:
    return str(layer.get("module")).startswith("keras.src.ops.")


def _map_histories(structure: Any, function: Callable[[Any], Any]) -> Any:
    if _is_history(structure):
        return function(structure)
    if isinstance(structure, list):
        return [_map_histories(one, function) for one in structure]
    if isinstance(structure, Mapping):
        return {key: _map_histories(one, function) for key, one in structure.items()}
    raise ValueError(f"expected the name of a tensor, got {structure!r:.60}")


def _known(value: Any, numbers: Mapping[tuple[str, int], int]) -> bool:
    """Whether all tensors in the arguments of a call have been computed."""
    if isinstance(value, list):
        return all(_known(one, numbers) for one in value)
    if not isinstance(value, Mapping):
        return True
    if value.get("class_name") == "__keras_tensor__":
        layer, call, _ = value["config"]["keras_history"]
        return (layer, call) in numbers
    return all(_known(one, numbers) for one in value.values())


def _node(name: str, node: Mapping[str, Any], layer: Mapping[str, Any], tensor: Any) -> dict[str, Any]:
    def argument(value: Any) -> Any:
        if isinstance(value, list):
            return [argument(one) for one in value]
        if isinstance(value, Mapping) and value.get("class_name") == "__keras_tensor__":
            return tensor(value["config"]["keras_history"])
        return own_description(value, f"layer '{name}'")

    kwargs = {key: argument(value) for key, value in node["kwargs"].items() if value is not None}
    if kwargs.get("training") is False:
        del kwargs["training"]
    if _is_operation(layer):  # whose settings are arguments of the function
        settings = {key: own_description(value) for key, value in layer["config"].items() if key != "name"}
        kwargs = {**settings, **kwargs}
    args = [argument(value) for value in node["args"]]
    if layer["class_name"] == "GetItem" and isinstance(args[-1], list):
        args[-1] = {"tuple": args[-1]}  # which JSON writes as a list
    return {"layer": name, "args": {"tuple": args}, "kwargs": kwargs}
