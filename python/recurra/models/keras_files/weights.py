"""Weights in HDF5 files as Keras 3 lays them out: a group for each layer, by its class and not by its name.

`layers/gru/cell/vars/0` is the first weight of the cell of the first GRU, `layers/gru_1/…` belongs to the second one.
The name that the user gave is only an attribute of `vars`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from recurra import _extras
from recurra.layers.input import InputLayer
from recurra.layers.naming import FreeNames, snake_case
from recurra.layers.operation import Operation
from recurra.layers.weights import WeightHolder
from recurra.tensor import Variable

_FILTERS = frozenset({1, 2, 3})  # deflate, shuffle, checksum: part of every HDF5 library
_MOST_COMPRESSED = 100
_PROJECTIONS = {"query": "query_dense", "key": "key_dense", "value": "value_dense", "attention_output": "output_dense"}


class Place(NamedTuple):
    """Where the weights of one holder stand."""

    path: str
    name: str
    variables: list[Variable]


def h5py(purpose: str) -> Any:
    """The module h5py, or an ImportError that says how to install it."""
    return _extras.require("h5py", extra="keras", purpose=purpose)


def places(model: Any) -> Iterator[Place]:
    """The groups of a model's weights, each once."""
    seen: set[int] = set()

    def visit(holder: Any, path: str) -> Iterator[Place]:
        if id(holder) in seen:
            return
        seen.add(id(holder))
        if type(holder).__name__ == "MultiHeadAttention":
            yield Place(path, holder.name, [])
            yield from _projections(holder, path)
            return
        yield Place(path, holder.name, holder._own_weights())
        for attribute, held in _parts(holder):
            if isinstance(held, list):
                for child, step in zip(held, _steps(held), strict=True):
                    yield from visit(child, f"{path}{attribute}/{step}/")
            else:
                yield from visit(held, f"{path}{attribute}/")

    return visit(model, "")


def _parts(holder: Any) -> Iterator[tuple[str, Any]]:
    """The attributes by which Keras finds the layers inside a layer, in its order."""
    if hasattr(holder, "_named_weights") and hasattr(holder, "layers"):
        yield "layers", [layer for layer in holder.layers if not isinstance(layer, Operation)]
        return
    for name, value in sorted(vars(holder).items()):
        if name.startswith("_"):
            continue
        if isinstance(value, WeightHolder) or (
            isinstance(value, list) and value and all(isinstance(one, WeightHolder) for one in value)
        ):
            yield name, value


def _steps(layers: list[Any]) -> list[str]:
    free = FreeNames()
    return [free.take(snake_case(keras_class(layer))) for layer in layers]


def keras_class(layer: Any) -> str:
    """The name of the class of a layer or model in Keras."""
    if isinstance(layer, InputLayer):
        return "InputLayer"
    return "Functional" if getattr(layer, "_graph", None) is not None else type(layer).__name__


def _projections(attention: Any, path: str) -> Iterator[Place]:
    for own, keras in _PROJECTIONS.items():
        variables = [one for one in attention._own_weights() if one.name in (f"{own}_kernel", f"{own}_bias")]
        yield Place(f"{path}{keras}/", own, variables)


def write(model: Any, file: BinaryIO, training_state: Sequence[np.ndarray] = ()) -> None:
    """Writes the weights of a model.

    Args:
        model: The model.
        file: Open for writing and reading.
        training_state: The arrays of the optimizer, in the order of Keras.
    """
    with h5py("writing files of Keras").File(file, "w") as root:
        for place in places(model):
            group = root.create_group(f"{place.path}vars")
            group.attrs["name"] = place.name
            for number, variable in enumerate(place.variables):
                group.create_dataset(str(number), data=variable.numpy())
        if training_state:
            group = root.create_group("optimizer/vars")
            group.attrs["name"] = model.optimizer.name
            for number, array in enumerate(training_state):
                group.create_dataset(str(number), data=array)


class Tree:
    """The arrays of an HDF5 file, found without reading them. No attribute is read either: damaged ones can hang HDF5.

    Args:
        file: Open for reading.

    Raises:
        ValueError: The file has links out of itself or data outside of it, goes in circles, was written by Keras 2, or
            declares arrays that it does not hold.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._h5py = h5py("reading files of Keras")
        self.arrays: dict[str, Any] = {}
        self._seen: set[Any] = set()
        self._root = self._h5py.File(file, "r")
        if "layer_names" in self._root.attrs or "model_config" in self._root.attrs:
            raise ValueError("it was written by Keras 2; load it there and save it as .keras or .weights.h5 of Keras 3")
        self._visit(self._root, "")

    def _visit(self, root: Any, start: str) -> None:
        waiting = [(root, start)]
        while waiting:
            group, path = waiting.pop()
            info = self._h5py.h5o.get_info(group.id)
            if (info.fileno, info.addr) in self._seen:
                raise ValueError(f"its group '{path}' comes twice")
            self._seen.add((info.fileno, info.addr))
            for key in group:
                below = f"{path}{key}"
                if not isinstance(group.get(key, getlink=True), self._h5py.HardLink):
                    raise ValueError(f"'{below}' is a link, which is not followed")
                kind = group.get(key, getclass=True)
                if kind is self._h5py.Group:
                    waiting.append((group[key], f"{below}/"))
                elif kind is self._h5py.Dataset:
                    self.arrays[below] = self._checked(group[key], below)
                else:
                    raise ValueError(f"'{below}' is no array")

    def _checked(self, array: Any, path: str) -> Any:
        if array.external or array.is_virtual:
            raise ValueError(f"the data of '{path}' are outside of the file")
        if "dtype" in array.attrs:
            raise ValueError(f"'{path}' is stored as bfloat16; save the model in float32")
        if array.dtype.kind not in "fiub":
            raise ValueError(f"'{path}' is no array of numbers")
        settings = array.id.get_create_plist()
        used = {settings.get_filter(number)[0] for number in range(settings.get_nfilters())}
        if not used <= _FILTERS:
            raise ValueError(f"'{path}' is compressed with a filter that is not part of HDF5")
        if array.nbytes > _MOST_COMPRESSED * array.id.get_storage_size():
            raise ValueError(f"'{path}' would have {array.nbytes} bytes, far more than the file holds for it")
        return array

    def values(self, model: Any) -> list[tuple[Variable, np.ndarray]]:
        """The weights of a model and their arrays, after all of them have been checked.

        Raises:
            ValueError: The file does not fit the model.
        """
        pairs: list[tuple[Variable, str]] = []
        for place in places(model):
            pairs += [(one, f"{place.path}vars/{number}") for number, one in enumerate(place.variables)]
        used = {path for _, path in pairs}
        rest = sorted(path for path in self.arrays if path not in used and not _is_state(path))
        missing = sorted(used - self.arrays.keys())
        if missing or rest:
            what = (
                f"it has no array '{missing[0]}'" if missing else f"it has '{rest[0]}', which the model does not have"
            )
            raise ValueError(what)
        for variable, path in pairs:
            array = self.arrays[path]
            if array.shape != variable.shape or array.dtype.name != variable.dtype:
                raise ValueError(
                    f"'{path}' should be {variable.dtype} of shape {variable.shape}, the file has "
                    f"{array.dtype.name} of shape {array.shape}"
                )
        return [(variable, self.arrays[path][()]) for variable, path in pairs]

    def training_state(self) -> list[Any]:
        """The arrays of an optimizer that has made steps, not read yet; else none."""
        steps = self.arrays.get("optimizer/vars/0")
        if steps is None or steps.shape != () or int(steps[()]) <= 0:
            return []
        count = sum(path.startswith("optimizer/vars/") for path in self.arrays)
        return [self.arrays[f"optimizer/vars/{number}"] for number in range(count)]

    def close(self) -> None:
        self._root.close()


def _is_state(path: str) -> bool:
    """Whether an array belongs to an optimizer or a generator of random numbers, not to a layer."""
    parts = path.split("/")
    return parts[0] == "optimizer" or "seed_generator" in parts
