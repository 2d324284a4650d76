"""Many small arrays in one .npz: a flat run of float32 and an index of names, offsets and shapes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

Array = np.ndarray
Group = Mapping[str, Array]


def write(path: Path, groups: Mapping[str, Group], versions: Mapping[str, str]) -> None:
    index: dict[str, dict[str, list[object]]] = {}
    flat: list[Array] = []
    offset = 0
    for name, group in groups.items():
        index[name] = {}
        for key, array in group.items():
            index[name][key] = [offset, list(array.shape)]
            flat.append(np.asarray(array, np.float32).ravel())
            offset += array.size
    text = json.dumps({"versions": dict(versions), "groups": index}, separators=(",", ":"))
    np.savez_compressed(path, values=np.concatenate(flat), index=np.frombuffer(text.encode(), np.uint8))


def read(path: Path) -> dict[str, dict[str, Array]]:
    with np.load(path) as file:
        values, index = file["values"], json.loads(file["index"].tobytes())
    return {
        name: {key: values[at : at + int(np.prod(shape))].reshape(shape) for key, (at, shape) in group.items()}
        for name, group in index["groups"].items()
    }
