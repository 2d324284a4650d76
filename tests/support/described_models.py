"""Model files made by hand from plain descriptions, valid or not, with a checksum that fits."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from recurra import safetensors


def write(path: Path, model: Any, arrays: Mapping[str, np.ndarray] | None = None, **words: str) -> Path:
    """A file of format 1 with this configuration (plain values, or the text itself)."""
    stored = {"model": model if isinstance(model, str) else json.dumps(model), "format": "recurra"}
    stored |= {"format_version": "1", "recurra_version": "0", **words}
    contents = dict(arrays or {})
    safetensors.write(path, contents, {**stored, "checksum": safetensors.checksum(contents, stored)})
    return path


def layer(class_name: str, **config: Any) -> dict[str, Any]:
    return {"module": "recurra.layers", "class_name": class_name, "config": config}


def front(*shape: int | None, name: str = "front") -> dict[str, Any]:
    return layer("InputLayer", name=name, batch_shape=[None, *shape], dtype="float32")


def sequential(*layers: Any, name: str = "m") -> dict[str, Any]:
    return {"module": "recurra.models", "class_name": "Sequential", "config": {"name": name, "layers": list(layers)}}


def chain(name: str, inner: list[Any], calls: list[str], features: int = 3) -> dict[str, Any]:
    """A functional model that calls layers one after another."""
    nodes = [
        {"layer": called, "args": {"tuple": [{"node": number, "output": 0}]}, "kwargs": {}}
        for number, called in enumerate(calls)
    ]
    config = {
        "name": name,
        "layers": [front(None, features), *inner],
        "input_layers": ["front"],
        "nodes": nodes,
        "inputs": {"node": 0, "output": 0},
        "outputs": {"node": len(nodes), "output": 0},
    }
    return {"module": "recurra.models", "class_name": "Model", "config": config}


def models_in_models(calls: int, depth: int, innermost: list[Any], features: int = 3) -> dict[str, Any]:
    """Each model calls the next one `calls` times: calls ** depth calls of the innermost."""
    model = chain("level_0", innermost, [one["config"]["name"] for one in innermost], features)
    for level in range(1, depth + 1):
        model = chain(f"level_{level}", [model], [f"level_{level - 1}"] * calls, features)
    return model
