"""Paths of weights in a Stack do not depend on what was made before; files of earlier versions, where they did, are
read."""

from __future__ import annotations

import numpy as np
import pytest

from recurra import Input, Sequential, layers, safetensors, saving, streaming
from recurra.layers.naming import reset_names, without_number

X = np.random.default_rng(0).normal(size=(2, 5, 3)).astype("float32")


def stack(connection, name=None):
    inner = layers.GRU(3, return_sequences=True, name=name)
    return Sequential([Input((None, 3)), layers.Stack(inner, 3, connection=connection), layers.Dense(2)])


@pytest.mark.parametrize("connection", [None, "residual", "highway"])
def test_paths_do_not_depend_on_what_was_made_before(connection, tmp_path):
    path = tmp_path / "weights.safetensors"
    reset_names()
    first = stack(connection)
    layers.GRU(1)
    second = stack(connection)
    assert list(first.state_dict()) == list(second.state_dict())
    second.save_weights(path)
    first.load_weights(path)
    np.testing.assert_array_equal(first.predict(X, verbose=0), second.predict(X, verbose=0))
    assert len(set(first.state_dict())) == len(first.weights)


@pytest.mark.parametrize("connection", [None, "residual", "highway"])
@pytest.mark.parametrize("name", [None, "own"])
def test_streams_find_the_weights(connection, name, tmp_path):
    layers.GRU(1)
    model = stack(connection, name)
    path = tmp_path / "m.safetensors"
    model.save(path)
    expected = model.predict(X, verbose=0)
    for stream in (model.streaming(2), streaming.load_stream(path, 2)):
        np.testing.assert_array_equal(stream.process(X), expected)


@pytest.mark.parametrize("connection", [None, "residual", "highway"])
def test_files_of_earlier_versions(connection, tmp_path):
    layers.GRU(1)
    model = stack(connection)
    number = model.layers[0].layer.name  # such as gru_7
    path = tmp_path / "m.safetensors"
    model.save(path)
    arrays, words = safetensors.read(path)
    earlier = {}
    for place, (name, array) in enumerate(arrays.items()):
        steps = name.split("/")
        where = next((i for i, step in enumerate(steps) if without_number(step, "GRU") == "gru"), None)
        if where is not None:
            floor = sum("/gru_cell/kernel" in other for other in list(arrays)[: place + 1])
            floor = floor - 1 if "/gru_cell/kernel" in name else max(floor - 1, 0)
            steps[where] = f"{number}_{floor}"
        earlier["/".join(steps)] = array
    assert earlier.keys() != arrays.keys()
    words.pop("checksum")
    safetensors.write(path, earlier, {**words, "checksum": safetensors.checksum(earlier, words)})
    np.testing.assert_array_equal(saving.load_model(path).predict(X, verbose=0), model.predict(X, verbose=0))
    np.testing.assert_array_equal(streaming.load_stream(path, 2).process(X), model.predict(X, verbose=0))


def test_other_names_are_still_refused(tmp_path):
    model, path = stack(None), tmp_path / "weights.safetensors"
    model.save_weights(path)
    arrays, words = safetensors.read(path)
    renamed = {name.replace("dense", "dense_3"): array for name, array in arrays.items()}
    words.pop("checksum")
    safetensors.write(path, renamed, {**words, "checksum": safetensors.checksum(renamed, words)})
    with pytest.raises(ValueError, match="it is missing dense/bias"):
        model.load_weights(path)
