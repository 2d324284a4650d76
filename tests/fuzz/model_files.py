"""Model files and backups: damaged bytes, damaged headers, damaged configurations with a checksum that fits."""

from __future__ import annotations

import json
import os
import random
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from recurra import Input, Model, Sequential, callbacks, layers, ops, safetensors, saving, streaming
from recurra.callbacks.files import read_backup, write_backup
from tests.fuzz.mutations import damage_value, damaged_bytes
from tests.fuzz.targets import Target


def _trained() -> Any:
    model = Sequential([Input((4, 3)), layers.GRU(3), layers.BatchNormalization(), layers.Dense(1)])
    model.compile("adam", "mse", metrics=["mae"])
    model.fit(np.ones((4, 4, 3), "f"), np.ones((4, 1), "f"), verbose=0)
    return model


def _graph() -> Any:
    front = Input((None, 3))
    shared = layers.Dense(3, activation="tanh")
    both = layers.Add()([shared(shared(front)), front])
    return Model(front, [layers.GlobalMaxPooling1D()(both * 2.0), ops.mean(both, axis=1)])


def _chain() -> Any:
    return Sequential(
        [
            Input((None, 3)),
            layers.Conv1D(2, 2, padding="causal", dilation_rate=2, activation="relu"),
            layers.Stack(layers.GRU(2, return_sequences=True), 2, connection="highway"),
            layers.Residual(layers.Dense(2)),
            layers.LayerNormalization(),
            layers.TimeDistributed(layers.Dense(2)),
            layers.LSTM(2),
        ]
    )


def _temporal() -> Any:
    return Sequential(
        [
            Input((None, 3)),
            layers.WeightNormalization(layers.Dense(2)),
            layers.TCN([2, 3], kernel_size=2, return_sequences=True),
            layers.TemporalBlock(3, kernel_size=2, normalization="batch", use_gate=True),
            layers.TCN(2, kernel_size=2, dilations=[2, 1], normalization="layer", use_skip_connections=True),
        ]
    )


def _tokens() -> Any:
    return Sequential(
        [
            Input((5,)),
            layers.Embedding(7, 3, mask_zero=True),
            layers.RNN([layers.LSTMCell(2), layers.SimpleRNNCell(2)], return_sequences=True),
            layers.Bidirectional(layers.MGU(2)),
            layers.Reshape((2, 2)),
            layers.ZeroPadding1D(1),
            layers.Flatten(),
        ]
    )


@cache
def _corpus() -> list[tuple[bytes, dict[str, np.ndarray], dict[str, str], Any]]:
    """(bytes, arrays, words, the model) of some files."""
    out = []
    with tempfile.TemporaryDirectory() as folder:
        for make in (_trained, _graph, _chain, _temporal, _tokens):
            model, path = make(), Path(folder, "m.safetensors")
            saving.save_model(model, path, metadata={"note": [1, 2]})
            out.append((path.read_bytes(), *safetensors.read(path), model))
    return out


def _written(rng: random.Random, path: Path) -> Any:
    """Writes a damaged file; returns the model that the file was made of."""
    data, arrays, words, model = rng.choice(_corpus())
    kind = rng.randrange(8)
    if kind == 0:
        path.write_bytes(damaged_bytes(rng, data))
    elif kind == 1:
        length = int.from_bytes(data[:8], "little")
        header = damage_value(rng, json.loads(data[8 : 8 + length]))
        text = json.dumps(header).encode()
        path.write_bytes(len(text).to_bytes(8, "little") + text + data[8 + length :])
    else:
        words = {key: word for key, word in words.items() if key != "checksum"}
        name = rng.choice([key for key in words if key in ("model", "model", "compile", "build_shape", "metadata")])
        words[name] = json.dumps(damage_value(rng, json.loads(words[name])))
        if kind == 2:
            arrays = {rng.choice([key, "x"]): array for key, array in arrays.items() if rng.randrange(5)}
        safetensors.write(path, arrays, {**words, "checksum": safetensors.checksum(arrays, words)})
    return model


def _attempt(load: Callable[[Path, Any], Any]) -> Callable[[random.Random], str]:
    def attempt(rng: random.Random) -> str:
        path = Path(tempfile.gettempdir(), f"recurra-fuzz-{os.getpid()}.safetensors")
        model = _written(rng, path)
        loaded = load(path, model)
        if loaded is not None:
            _used(loaded)
        return "accepted"

    return attempt


def _used(model: Any) -> None:
    """Runs a model that was read; what its layers and the machine refuse is no fault of the file's reader."""
    if not isinstance(model, Model):
        model.process(np.zeros((1, 3, *model.input_shape[1:]), "int32" if model.vocabulary else "float32"))
        return
    shapes = [[3 if extent is None else extent for extent in tensor.shape] for tensor in model.inputs]
    if not shapes or any(np.prod(shape, dtype=float) > 1e5 for shape in shapes):
        return
    inputs = [np.zeros(shape, tensor.dtype) for shape, tensor in zip(shapes, model.inputs, strict=True)]
    try:
        model(inputs if len(inputs) > 1 else inputs[0])
    except (ValueError, TypeError, MemoryError):
        return


def _nothing(_: Any) -> None:
    pass


def _load_weights(path: Path, model: Any) -> None:
    before = model.get_weights()
    try:
        model.load_weights(path)
    except ValueError:
        for old, new in zip(before, model.get_weights(), strict=True):
            np.testing.assert_array_equal(old, new)
        raise


@cache
def _backup() -> tuple[dict[str, np.ndarray], Any]:
    with tempfile.TemporaryDirectory() as folder:
        backup = callbacks.BackupAndRestore(folder, save_freq=1, delete_checkpoint=False)
        _fit(_trained(), backup)
        return read_backup(backup.path)


def _fit(model: Any, backup: Any) -> None:
    x, y = np.ones((6, 4, 3), "f"), np.ones((6, 1), "f")
    model.fit(x, y, batch_size=2, epochs=2, verbose=0, callbacks=[backup, callbacks.EarlyStopping("loss")])


def _resumed(rng: random.Random) -> str:
    arrays, state = _backup()
    with tempfile.TemporaryDirectory() as folder:
        backup = callbacks.BackupAndRestore(folder)
        write_backup(backup.path, arrays, damage_value(rng, json.loads(json.dumps(state))))
        model = _trained()
        model.compile("adam", "mse", metrics=["mae"])
        _fit(model, backup)
    return "accepted"


TARGETS = [
    Target("load_model", _attempt(lambda path, _: saving.load_model(path)), prepare=_corpus),
    Target("load_stream", _attempt(lambda path, _: streaming.load_stream(path)), prepare=_corpus),
    Target("load_weights", _attempt(_load_weights), prepare=_corpus),
    Target("load_metadata", _attempt(lambda path, _: _nothing(saving.load_metadata(path))), prepare=_corpus),
    Target("backup", _resumed, prepare=_backup),
]
