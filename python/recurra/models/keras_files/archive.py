"""`.keras` files: a zip archive of the configuration and the weights of a model; nothing in it is run."""

from __future__ import annotations

import json
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

from recurra import foreign_files, loading, serialization
from recurra.models.keras_files import reading, training_state, weights, writing
from recurra.models.training import Trainer
from recurra.replacing import replacing

CONFIG, METADATA, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
_WRITTEN_FOR = "3.15.1"
_MOST_COMPRESSED = 100
_MISFITS = (ArithmeticError, AssertionError, AttributeError, LookupError, OSError, RuntimeError, TypeError, ValueError)


def save_model(model: Any, path: Path, include_optimizer: bool) -> None:
    """Writes a model as Keras 3 reads it.

    Raises:
        ValueError: Keras does not have one of its layers or settings.
    """
    if not writing.is_model(model):
        raise ValueError(f"{model._title}: only Sequential and functional models can be written for Keras")
    described = writing.description(model)
    try:
        compiled = writing.compilation(model)
    except (TypeError, ValueError) as error:
        warnings.warn(f"{path.name}: how the model is compiled is left out: {error}", stacklevel=4)
        compiled = None
    if compiled is not None:
        described["compile_config"] = compiled
    state: list[Any] = []
    if compiled is not None and include_optimizer and model.optimizer.built and model.optimizer.iterations:
        try:
            state = training_state.stored(model.optimizer)
        except ValueError as error:
            warnings.warn(f"{path.name}: the state of the optimizer is left out: {error}", stacklevel=4)
    stored = BytesIO()
    weights.write(model, stored, state)
    metadata = {"keras_version": _WRITTEN_FOR, "date_saved": datetime.now().strftime("%Y-%m-%d@%H:%M:%S")}
    with replacing(path) as file, zipfile.ZipFile(file, "w") as archive:
        archive.writestr(METADATA, json.dumps(metadata))
        archive.writestr(CONFIG, json.dumps(described))
        archive.writestr(WEIGHTS, stored.getvalue())


def save_weights(model: Any, path: Path) -> None:
    """Writes the weights of a model as Keras 3 does in `.weights.h5` files."""
    if not writing.is_model(model):
        raise ValueError(f"{model._title}: only weights of Sequential and functional models can be written for Keras")
    writing.description(model)  # refuses what Keras does not have
    stored = BytesIO()
    weights.write(model, stored)
    with replacing(path) as file:
        file.write(stored.getvalue())


def load_model(path: Path, custom_objects: Mapping[str, Any] | None, compile: bool) -> Any:
    """The model of a `.keras` file.

    Raises:
        ValueError: The file is damaged, or has code, classes or settings that recurra does not have.
    """
    with _reading(path.name):
        parts = _members(path)
        text = parts[CONFIG].decode()
        config = json.loads(text)
    scope = serialization.custom_object_scope(custom_objects or {})
    with scope, _opened(path.name, BytesIO(parts[WEIGHTS])) as tree:
        with loading.limited(loading.Limits(len(text), tree.arrays)), _reading(path.name):
            model = serialization.deserialize(reading.own_description(config), Trainer)
            if model is None or not model.built:
                raise ValueError("the model has no input shape, so its weights have no shapes")
        _assign(model, tree, path.name)
        if compile and isinstance(config.get("compile_config"), dict) and config["compile_config"].get("optimizer"):
            _compile(model, path.name, config["compile_config"], tree)
    return model


def load_weights(model: Any, path: Path) -> None:
    """Reads a `.weights.h5` file, or the weights of a `.keras` file, into a model of the same structure.

    Raises:
        ValueError: The file is damaged or does not fit the model. Nothing is changed then.
    """
    with _reading(path.name):
        packed = foreign_files.is_keras_model(path)
        stored: BinaryIO = BytesIO(_members(path)[WEIGHTS]) if packed else path.open("rb")
    with stored, _opened(path.name, stored) as tree:
        _assign(model, tree, path.name)


def _assign(model: Any, tree: weights.Tree, source: str) -> None:
    with _reading(source, f"it does not fit the {model._title}: "):
        values = tree.values(model)
    for variable, array in values:
        variable.assign(array)


def _compile(model: Any, source: str, config: Mapping[str, Any], tree: weights.Tree) -> None:
    try:
        with _reading(source, "compile: "):
            model.compile_from_config(reading.own_compilation(config))
    except ValueError as error:
        warnings.warn(f"the model is not compiled: {error}", stacklevel=5)
        return
    try:
        with _reading(source, "the state of the optimizer is left out, it starts anew: "):
            arrays = tree.training_state()
            if arrays:
                model.optimizer.set_state(training_state.restored(model.optimizer, arrays))
    except ValueError as error:
        warnings.warn(str(error), stacklevel=5)


def _members(path: Path) -> dict[str, bytes]:
    """The configuration and the weights; nothing else of the archive is opened."""
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        for name in names:
            if name.startswith(("/", "\\")) or ".." in name.replace("\\", "/").split("/") or ":" in name:
                raise ValueError(f"the archive has a member {name!r:.60} outside of itself")
        found = {}
        for name in (CONFIG, WEIGHTS):
            if names.count(name) != 1:
                raise ValueError(f"the archive has {name} {names.count(name)} times, not once")
            member = archive.getinfo(name)
            if member.file_size > _MOST_COMPRESSED * max(member.compress_size, 1):
                raise ValueError(f"{name} would have {member.file_size} bytes, far more than the archive holds for it")
            found[name] = archive.read(member)
    return found


@contextmanager
def _opened(source: str, file: BinaryIO) -> Iterator[weights.Tree]:
    with _reading(source):
        tree = weights.Tree(file)
    try:
        yield tree
    finally:
        tree.close()


@contextmanager
def _reading(source: str, what: str = "") -> Iterator[None]:
    """Within it, whatever is wrong with a file becomes a ValueError of one line that names it."""
    try:
        yield
    except serialization.UnknownObjectError as error:
        raise serialization.UnknownObjectError(f"{source}: {what}{error}") from error
    except FileNotFoundError:
        raise
    except RecursionError as error:
        raise ValueError(f"{source}: {what}it is nested too deeply") from error
    except (*_MISFITS, zipfile.BadZipFile, NotImplementedError, EOFError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        kind = "" if isinstance(error, ValueError) and not isinstance(error, json.JSONDecodeError) else "damaged: "
        raise ValueError(f"{source}: {what}{kind}{reason}") from error
