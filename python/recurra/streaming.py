"""Models run step by step: live inference, with the state carried from step to step.

    stream = model.streaming()
    for x in measurements:           # (features,)
        y = stream.step(x)           # what predict gives for the sequence so far

What can be streamed is a chain of layers whose output at a step follows from this step and a state of fixed size; see
`Model.streaming`. The same engine runs saved models from C++ alone (docs/streaming.md).
"""

from __future__ import annotations

import json
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING

from recurra import foreign_files, serialization
from recurra._engine import Stream
from recurra._engine import load_stream as _load_stream
from recurra._engine import stream as _stream
from recurra.checks import whole_number

if TYPE_CHECKING:
    from recurra.models.model import Model

__all__ = ["Stream", "load_stream", "stream_of"]


def stream_of(model: Model, batch_size: int = 1) -> Stream:
    """Make a stream of a model; the same as `model.streaming(batch_size)`.

    Args:
        model: A built model.
        batch_size: Number of sequences that run at the same time; default 1.

    Returns:
        The stream, at the beginning of its sequences.

    Raises:
        ValueError: The model is not built, or a layer cannot be run step by step.

    Example:
        >>> model = recurra.Sequential([recurra.Input((None, 2)), recurra.layers.GRU(3)])
        >>> recurra.streaming.stream_of(model, batch_size=4).output_shape
        (4, 3)
    """
    batch = whole_number(batch_size, "streaming", "batch_size")
    if not model.built:
        raise ValueError(f"{model._title} must be built before it is streamed: give it an Input, or call it on data")
    try:
        described = json.dumps(serialization.serialize(model))
    except TypeError as error:
        raise ValueError(f"{model._title} cannot be run step by step: {error}") from error
    weights = {path: variable.detach() for path, variable in model._named_weights().items()}
    return _stream(described, weights, batch)


def load_stream(filepath: str | PathLike[str], batch_size: int = 1) -> Stream:
    """Load a model that `save_model` wrote as a stream; the engine reads it alone, no layer is made in Python.

    Args:
        filepath: Of the model file.
        batch_size: Number of sequences that run at the same time; default 1.

    Returns:
        The stream, at the beginning of its sequences.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file is damaged, or a layer cannot be run step by step.

    Example:
        >>> model = recurra.Sequential([recurra.Input((None, 2)), recurra.layers.GRU(3)])
        >>> model.save("gru.safetensors")
        >>> recurra.streaming.load_stream("gru.safetensors").step(np.zeros(2, "float32")).shape
        (3,)
    """
    path = Path(filepath)
    foreign_files.check_is_file(path)
    batch = whole_number(batch_size, "load_stream", "batch_size")
    try:
        return _load_stream(fspath(filepath), batch)
    except ValueError as error:
        kind = foreign_files.description(path)
        if kind is None:
            raise
        raise ValueError(kind) from error
