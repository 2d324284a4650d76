"""Models in files: configuration, weights and, if asked, the optimizer's state in one safetensors file.

Weights are named by their path in the model, such as `gru/kernel`; names that layers got by themselves are counted
anew within the model, so that they do not depend on what was made before. The training state is filed under names that
begin with `/`. The metadata holds `format`, `format_version`, `model` (configuration), `compile`, `build_shape`, the
user's `metadata` and a `checksum` (CRC-32) over all of it. Nothing in a file is run; classes are found as
serialization.py says.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from recurra import safetensors, serialization
from recurra._version import __version__
from recurra.layers.weights import weights_left_at_zero
from recurra.models.training import Trainer
from recurra.tensor import Variable

if TYPE_CHECKING:
    from recurra.models.model import Model

    FilePath = str | PathLike[str]

FORMAT = "recurra"
FORMAT_VERSION = 1
_TRAINING = "/"  # layers' names cannot contain it


def save_model(
    model: Model,
    filepath: FilePath,
    overwrite: bool = True,
    include_optimizer: bool = False,
    metadata: Mapping[str, Any] | None = None,
) -> None:
    """Writes a model to one safetensors file, which appears whole or not at all.

    Arguments:
        model: a model.
        filepath: of the file, by custom with the ending `.safetensors`.
        overwrite: whether an existing file may be replaced.
        include_optimizer: whether to store the optimizer's state, so that training goes on with the same bits.
        metadata: plain values of your own (what JSON can hold), for `load_metadata`.

    Raises: FileExistsError, TypeError for parts of the model that cannot be described.
    """
    words = {"model": json.dumps(serialization.serialize(model))}
    if model._graph is None and model._build_shape is not None:
        words["build_shape"] = json.dumps(serialization.plain(model._build_shape))
    compiled = model.get_compile_config()
    if compiled:
        words["compile"] = json.dumps(serialization.plain(compiled))
    if metadata is not None:
        words["metadata"] = json.dumps(metadata, allow_nan=False)
    arrays: dict[str, Any] = dict(model._named_weights())
    if include_optimizer:
        arrays |= {_TRAINING + name: value for name, value in model._trainer_state().items()}
    _write(filepath, arrays, words, overwrite)


def save_weights(model: Model, filepath: FilePath, overwrite: bool = True) -> None:
    """Writes only the weights of a model."""
    if not model.weights:
        raise ValueError(f"{model._title} has no weights to save yet: build it or call it on data first")
    _write(filepath, model._named_weights(), {}, overwrite)


def load_model(
    filepath: FilePath,
    custom_objects: Mapping[str, Any] | None = None,
    compile: bool = True,
) -> Model:
    """Reads a model that `save_model` wrote.

    Arguments:
        filepath: of the file.
        custom_objects: your own classes and functions by name, unless they are registered.
        compile: whether to compile the model as it was, and restore the optimizer's state if it is in the file.

    Returns: the model; weights and training state have the bits they were saved with.
    Raises: ValueError for damaged, foreign and unknown content, FileNotFoundError.
    """
    arrays, words = _read(filepath)
    name = Path(filepath).name
    if "model" not in words:
        raise ValueError(f"{name} holds weights only: make the model and use load_weights")
    with weights_left_at_zero(), serialization.custom_object_scope(custom_objects or {}):
        model: Model = _restored(name, "model", words, lambda described: serialization.deserialize(described, Trainer))
        if "build_shape" in words and not (model.built and model.weights):
            _restored(name, "build_shape", words, lambda shape: model.build(serialization.restored(shape)))
        _assign(model, _weights_in(arrays), name)
        if compile and "compile" in words:
            _restored(name, "compile", words, model.compile_from_config)
            state = {key[1:]: array for key, array in arrays.items() if key.startswith(_TRAINING)}
            if state:
                model._set_trainer_state(state)
    return model


def load_metadata(filepath: FilePath) -> dict[str, Any]:
    """The plain values that were given to `save_model` as `metadata`; an empty dictionary if none were."""
    _, words = _read(filepath)
    if "metadata" not in words:
        return {}
    found = _restored(Path(filepath).name, "metadata", words, lambda value: value)
    if not isinstance(found, dict):
        raise ValueError(f"{Path(filepath).name}: the stored metadata is no dictionary")
    return found


def load_weights(model: Model, filepath: FilePath) -> None:
    """Reads the weights of a file into a model of the same structure; all are checked before any is changed."""
    arrays, _ = _read(filepath)
    if not model.built:
        raise ValueError(f"{model._title} must be built before load_weights: build it or call it on data first")
    _assign(model, _weights_in(arrays), Path(filepath).name)


def clone_model(model: Model) -> Any:
    """A model of the same configuration with new weights."""
    return type(model).from_config(serialization.restored(serialization.plain(model.get_config())))


def model_from_json(json_string: str, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The model that `Model.to_json` described, with new weights. Raises ValueError for unknown classes."""
    return serialization.deserialize(json.loads(json_string), Trainer, custom_objects)


def _weights_in(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: array for name, array in arrays.items() if not name.startswith(_TRAINING)}


def _assign(model: Model, arrays: Mapping[str, np.ndarray], source: str) -> None:
    named: dict[str, Variable] = model._named_weights()
    missing, unknown = sorted(named.keys() - arrays.keys()), sorted(arrays.keys() - named.keys())
    if missing or unknown:
        words = [f"it lacks {_some(missing)}"] if missing else []
        words += [f"it has {_some(unknown)}, which the model has not"] if unknown else []
        raise ValueError(f"{source} does not fit the {model._title}: {'; '.join(words)}")
    for path, variable in named.items():
        array = arrays[path]
        if array.shape != variable.shape or array.dtype.name != variable.dtype:
            raise ValueError(
                f"{source} does not fit the {model._title}: {path} should be {variable.dtype} of shape "
                f"{variable.shape}, the file has {array.dtype.name} of shape {array.shape}"
            )
    for path, variable in named.items():
        variable.assign(arrays[path])


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _restored(source: str, what: str, words: Mapping[str, str], restore: Any) -> Any:
    """`restore(value)` of one of the file's words; whatever is wrong with it becomes a ValueError."""
    try:
        return restore(json.loads(words[what]))
    except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        raise ValueError(f"{source}: the stored {what} cannot be restored: {error}") from error


def _write(filepath: FilePath, arrays: Mapping[str, Any], words: dict[str, str], overwrite: bool) -> None:
    path = Path(filepath)
    if path.exists() and not overwrite:
        raise FileExistsError(f"{path} exists already; pass overwrite=True to replace it")
    contents = {name: np.asarray(value) for name, value in arrays.items()}
    words |= {"format": FORMAT, "format_version": str(FORMAT_VERSION), "recurra_version": __version__}
    safetensors.write(path, contents, {**words, "checksum": _checksum(contents, words)})


def _read(filepath: FilePath) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    path = Path(filepath)
    if not path.is_file():
        raise FileNotFoundError(f"there is no model file {path}")
    arrays, words = safetensors.read(path)
    if words.get("format") != FORMAT:
        raise ValueError(f"{path.name} was not written by recurra: its metadata has no format '{FORMAT}'")
    version = words.get("format_version", "")
    if not version.isdecimal() or int(version) > FORMAT_VERSION:
        raise ValueError(f"{path.name} has format version {version!r:.20}, this recurra reads up to {FORMAT_VERSION}")
    if words.pop("checksum", None) != _checksum(arrays, words):
        raise ValueError(f"{path.name} is damaged: its checksum does not fit its contents")
    return arrays, words


def _checksum(arrays: Mapping[str, np.ndarray], words: Mapping[str, str]) -> str:
    """CRC-32 of the words, of names, dtypes and shapes, and of all elements, as eight hexadecimal digits."""
    layout = [[name, array.dtype.name, list(array.shape)] for name, array in arrays.items()]
    value = zlib.crc32(json.dumps([sorted(words.items()), layout]).encode())
    for array in arrays.values():
        value = zlib.crc32(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data, value)
    return f"{value:08x}"
