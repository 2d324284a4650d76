"""Models in files: configuration, weights and the optimizer's state in one safetensors file.

Weights are named by their path in the model, such as `gru/kernel`; names that layers got by themselves are counted
anew within the model, so that they do not depend on what was made before. The training state is stored under names that
begin with `/`. The metadata holds `format`, `format_version`, `model` (configuration), `compile`, `build_shape`,
`frozen` (what is not trained), `generators` (the states of random numbers that layers draw for themselves), the user's
`metadata` and a `checksum` (CRC-32) over all of it. Nothing in a file is run; classes are found as serialization.py
says, and loading.py bounds what is made.
"""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from recurra import foreign_files, loading, random, safetensors, serialization
from recurra._version import __version__
from recurra.callbacks.resumption import generators_of
from recurra.checks import answers_unknown_keywords
from recurra.models.frozen import freeze_parts, frozen_parts
from recurra.models.keras_files import archive
from recurra.models.training import Trainer
from recurra.tensor import Variable

if TYPE_CHECKING:
    from recurra.models.model import Model

    FilePath = str | PathLike[str]

FORMAT = "recurra"
FORMAT_VERSION = 1
_TRAINING = "/"  # layers' names cannot contain it

# What the contents of a file can make its readers raise, beside the ValueErrors that they mean to raise.
_MISFITS = (ArithmeticError, AssertionError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


@answers_unknown_keywords
def save_model(
    model: Model,
    filepath: FilePath,
    overwrite: bool = True,
    include_optimizer: bool = True,
    metadata: Mapping[str, Any] | None = None,
) -> None:
    """Write a model to one safetensors file, which appears whole or not at all; or to a `.keras` file for Keras 3.

    Args:
        model: A model.
        filepath: Of the file, by custom with the ending `.safetensors`. With the ending `.keras` it is written for
            Keras 3, which needs h5py (the extra `keras`).
        overwrite: Whether an existing file may be replaced.
        include_optimizer: Whether to store the optimizer's state, so that training goes on with the same bits.
        metadata: Plain values of your own (what JSON can hold), for `load_metadata`.

    Raises:
        FileExistsError: There is a file already, and `overwrite` is False.
        OSError: The file cannot be written; an old one is left as it was.
        TypeError: A part of the model cannot be described.
        ValueError: The name has the ending of another format, or the model cannot be written for Keras.

    Example:
        >>> import tempfile, pathlib
        >>> model = recurra.Sequential([recurra.Input((5, 3)), recurra.layers.GRU(4)])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder, "model.safetensors")
        ...     recurra.saving.save_model(model, path, metadata={"unit": "°C"})
        ...     loaded = recurra.saving.load_model(path)
        ...     recurra.saving.load_metadata(path)
        {'unit': '°C'}
        >>> bool(np.array_equal(loaded.get_weights()[0], model.get_weights()[0]))
        True
    """
    path = _place(filepath, overwrite, ".keras")
    if path.suffix.lower() == ".keras":
        if metadata is not None:
            raise ValueError(f"save: '{path.name}' is a file for Keras, which has no place for metadata")
        archive.save_model(model, path, include_optimizer)
        return
    entries = {"model": json.dumps(serialization.serialize(model))}
    if model._graph is None and model._build_shape is not None:
        entries["build_shape"] = json.dumps(serialization.plain(model._build_shape))
    compiled = model.get_compile_config()
    if compiled:
        entries["compile"] = json.dumps(serialization.plain(compiled))
    if metadata is not None:
        entries["metadata"] = json.dumps(metadata, allow_nan=False)
    frozen = frozen_parts(model)
    if frozen:
        entries["frozen"] = json.dumps(frozen)
    generators = [generator.get_state() for generator in generators_of(model)]
    if generators:
        entries["generators"] = json.dumps(generators)
    arrays: dict[str, Any] = dict(model._named_weights())
    if include_optimizer:
        if model.optimizer is not None and model.optimizer.built:
            paths = {id(variable): path for path, variable in arrays.items()}
            entries["optimizer_variables"] = json.dumps([paths.get(id(one)) for one in model.optimizer.trained])
        arrays |= {_TRAINING + name: value for name, value in model._trainer_state().items()}
    _write(path, arrays, entries)


def save_weights(model: Model, filepath: FilePath, overwrite: bool = True) -> None:
    """Write only the weights of a model; see `save_model`. With the ending `.weights.h5` they are for Keras 3.

    Raises:
        ValueError: The model has no weights yet, or has layers that Keras does not have.

    Example:
        >>> model = recurra.Sequential([recurra.Input((3,)), recurra.layers.Dense(1)])
        >>> recurra.saving.save_weights(model, "weights.safetensors")
        >>> recurra.saving.load_weights(model, "weights.safetensors")
    """
    if not model.weights:
        raise ValueError(f"{model._title} has no weights to save yet: build it or call it on data first")
    path = _place(filepath, overwrite, ".weights.h5")
    if path.suffix.lower() == ".h5":
        archive.save_weights(model, path)
    else:
        _write(path, model._named_weights(), {})


@answers_unknown_keywords
def load_model(
    filepath: FilePath,
    custom_objects: Mapping[str, Any] | None = None,
    compile: bool = True,
) -> Model:
    """Read a model that `save_model` wrote, or a `.keras` file of Keras 3 (which needs h5py, of the extra `keras`).

    Args:
        filepath: Of the file.
        custom_objects: Your own classes and functions by name, unless they are registered.
        compile: Whether to compile the model as it was, and restore the optimizer's state if it is in the file. Where a
            loss or a metric of your own is not known, the model comes back without it and a warning says so.

    Returns:
        The model; weights and training state have the bits they were saved with.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file is damaged, of another program, or has classes or functions that are not known.

    Example:
        >>> import tempfile, pathlib
        >>> def gap(y_true, y_pred):
        ...     return recurra.ops.mean(recurra.ops.abs(y_true - y_pred), axis=-1)
        >>> model = recurra.Sequential([recurra.Input((3,)), recurra.layers.Dense(1)])
        >>> model.compile("adam", loss=gap)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder, "model.safetensors")
        ...     model.save(path)
        ...     loaded = recurra.saving.load_model(path, custom_objects={"gap": gap})
        >>> loaded.compiled
        True
    """
    if foreign_files.is_keras_model(Path(filepath)):
        found: Model = archive.load_model(Path(filepath), custom_objects, compile)
        return found
    arrays, entries = _read(filepath)
    name = Path(filepath).name
    if "model" not in entries:
        raise ValueError(f"{name} holds weights only: make the model and use load_weights")
    weights = _weights_in(arrays)
    limits = loading.Limits(sum(map(len, entries.values())), weights)
    with serialization.custom_object_scope(custom_objects or {}):
        numbers = random.get_state()
        with loading.limited(limits):
            with _reading(name, "model"):
                model: Model = serialization.deserialize(json.loads(entries["model"]), Trainer)
                if model is None:
                    raise ValueError("it describes no model")
            if "build_shape" in entries and not (model.built and model.weights):
                with _reading(name, "build_shape"):
                    model.build(serialization.restored(json.loads(entries["build_shape"])))
        _assign(model, weights, name)
        if "frozen" in entries:
            with _reading(name, "frozen"):
                freeze_parts(model, json.loads(entries["frozen"]))
        if "generators" in entries:
            with _reading(name, "generators"):
                for generator, state in zip(generators_of(model), json.loads(entries["generators"]), strict=True):
                    generator.set_state(state)
            random.set_state(numbers)  # no generator needs the numbers that were drawn for it
        if compile and "compile" in entries:
            _compile(model, name, entries, arrays)
    return model


def _compile(model: Model, source: str, entries: Mapping[str, str], arrays: Mapping[str, np.ndarray]) -> None:
    try:
        with _reading(source, "compile"):
            model.compile_from_config(json.loads(entries["compile"]))
    except serialization.UnknownObjectError as error:
        warnings.warn(f"{source}: the model is not compiled: {error}", stacklevel=3)
        return
    state = {key[1:]: array for key, array in arrays.items() if key.startswith(_TRAINING)}
    if state:
        with _reading(source, "state of the optimizer"):
            named, trained = model._named_weights(), None
            if (
                "optimizer_variables" in entries
            ):  # others than those that are trained now, if some were frozen meanwhile
                trained = [named[path] for path in json.loads(entries["optimizer_variables"])]
            model._set_trainer_state(state, trained)


def load_metadata(filepath: FilePath) -> dict[str, Any]:
    """Read the plain values that were given to `save_model` as `metadata`; none give an empty dictionary.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file is damaged, or of another program.

    Example:
        >>> model = recurra.Sequential([recurra.Input((3,)), recurra.layers.Dense(1)])
        >>> recurra.saving.save_model(model, "model.safetensors", metadata={"unit": "°C"})
        >>> recurra.saving.load_metadata("model.safetensors")
        {'unit': '°C'}
    """
    _, entries = _read(filepath)
    if "metadata" not in entries:
        return {}
    with _reading(Path(filepath).name, "metadata"):
        found = json.loads(entries["metadata"])
    if not isinstance(found, dict):
        raise ValueError(f"{Path(filepath).name}: the stored metadata is no dictionary")
    return found


def load_weights(model: Model, filepath: FilePath) -> None:
    """Read the weights of a file into a model of the same structure; also of a `.weights.h5` file of Keras 3.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file is damaged or does not fit the model, or the model has no weights yet. Nothing is changed.

    Example:
        >>> model = recurra.Sequential([recurra.Input((3,)), recurra.layers.Dense(1)])
        >>> recurra.saving.save_weights(model, "weights.safetensors")
        >>> again = recurra.models.clone_model(model)
        >>> recurra.saving.load_weights(again, "weights.safetensors")
        >>> np.array_equal(again.get_weights()[0], model.get_weights()[0])
        True
    """
    path = Path(filepath)
    of_keras = foreign_files.is_hdf5(path) or foreign_files.is_keras_model(path)
    arrays = {} if of_keras else _read(filepath)[0]
    if not model.built:
        raise ValueError(f"{model._title} must be built before load_weights: build it or call it on data first")
    if of_keras:
        archive.load_weights(model, path)
        return
    _assign(model, _weights_in(arrays), Path(filepath).name)


def clone_model(model: Model) -> Any:
    """A model of the same configuration with new weights.

    Raises:
        TypeError: It is no model.

    Example:
        >>> model = recurra.Sequential([recurra.Input((3,)), recurra.layers.Dense(2)])
        >>> recurra.models.clone_model(model).count_params()
        8
    """
    if not isinstance(model, Trainer):
        raise TypeError(f"clone_model: expected a model, got {type(model).__name__}")
    with serialization.within_process():
        return type(model).from_config(serialization.restored(serialization.plain(model.get_config())))


def model_from_json(json_string: str, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The model that `Model.to_json` described, with new weights.

    Args:
        json_string: What `to_json` returned.
        custom_objects: Your own classes and functions by name, unless they are registered.

    Raises:
        ValueError: The text is no such description, or names classes that are not known.

    Example:
        >>> model = recurra.Sequential([recurra.Input((3,)), recurra.layers.Dense(2)])
        >>> recurra.models.model_from_json(model.to_json()).count_params()
        8
    """
    with _reading("model_from_json", "model"):
        model = serialization.deserialize(json.loads(json_string), Trainer, custom_objects)
        if model is None:
            raise ValueError("it describes no model")
    return model


def _weights_in(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: array for name, array in arrays.items() if not name.startswith(_TRAINING)}


def _assign(model: Model, arrays: Mapping[str, np.ndarray], source: str) -> None:
    named: dict[str, Variable] = model._named_weights()
    arrays = _with_todays_names(arrays, list(named))
    missing, unknown = sorted(named.keys() - arrays.keys()), sorted(arrays.keys() - named.keys())
    if missing or unknown:
        parts = [f"it is missing {_some(missing)}"] if missing else []
        parts += [f"it has {_some(unknown)}, which the model does not have"] if unknown else []
        raise ValueError(f"{source} does not fit the {model._title}: {'; '.join(parts)}")
    for path, variable in named.items():
        array = arrays[path]
        if array.shape != variable.shape or array.dtype.name != variable.dtype:
            raise ValueError(
                f"{source} does not fit the {model._title}: {path} should be {variable.dtype} of shape "
                f"{variable.shape}, the file has {array.dtype.name} of shape {array.shape}"
            )
    for path, variable in named.items():
        variable.assign(arrays[path])


def _with_todays_names(arrays: Mapping[str, np.ndarray], names: list[str]) -> Mapping[str, np.ndarray]:
    """The arrays by these names, if they differ only in copies of a Stack, which earlier versions called `gru_1_0`."""
    if len(arrays) != len(names) or arrays.keys() == set(names):
        return arrays
    for old, new in zip(arrays, names, strict=True):
        pairs = list(zip(old.split("/"), new.split("/"), strict=False))
        copied = [re.sub(r"_\d+_\d+$", "", a) == re.sub(r"_\d+$", "", b) for a, b in pairs]
        if old.count("/") != new.count("/") or not all(
            a == b or same for (a, b), same in zip(pairs, copied, strict=True)
        ):
            return arrays
    return dict(zip(names, arrays.values(), strict=True))


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


@contextmanager
def _reading(source: str, what: str) -> Iterator[None]:
    """Within it, whatever is wrong with a part of a file becomes a ValueError that names file and part."""
    try:
        yield
    except serialization.UnknownObjectError as error:
        raise serialization.UnknownObjectError(f"{source}: the stored {what} cannot be restored: {error}") from error
    except RecursionError as error:
        raise ValueError(f"{source}: the stored {what} is nested too deeply") from error
    except _MISFITS as error:
        reason = str(error) or type(error).__name__
        raise ValueError(f"{source}: the stored {what} cannot be restored: {reason}") from error


def _place(filepath: FilePath, overwrite: bool, allowed: str) -> Path:
    path = Path(filepath)
    foreign_files.check_ending(path, "save", allowed)
    if path.exists() and not overwrite:
        raise FileExistsError(f"{path} exists already; pass overwrite=True to replace it")
    return path


def _write(path: Path, arrays: Mapping[str, Any], entries: dict[str, str]) -> None:
    contents = {name: np.asarray(value) for name, value in arrays.items()}
    entries |= {"format": FORMAT, "format_version": str(FORMAT_VERSION), "recurra_version": __version__}
    safetensors.write(path, contents, {**entries, "checksum": safetensors.checksum(contents, entries)})


def _read(filepath: FilePath) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    path = Path(filepath)
    foreign_files.check_is_file(path)
    try:
        arrays, entries = safetensors.read(path)
    except safetensors.DamagedFileError as error:
        kind = foreign_files.description(path)
        if kind is None:
            raise
        raise ValueError(kind) from error
    if entries.get("format") != FORMAT:
        raise ValueError(f"{path.name} was not written by recurra: its metadata has no format '{FORMAT}'")
    version = entries.get("format_version", "")
    if not version.isdecimal() or int(version) > FORMAT_VERSION:
        raise ValueError(f"{path.name} has format version {version!r:.20}, this recurra reads up to {FORMAT_VERSION}")
    if entries.pop("checksum", None) != safetensors.checksum(arrays, entries):
        raise ValueError(f"{path.name} is damaged: its checksum does not fit its contents")
    return arrays, entries
