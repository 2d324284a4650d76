"""Streams of temporal convolutional networks and normalised kernels: the bits of whole sequences, and the states."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import recurra
from recurra import Tensor, _engine, layers, streaming
from recurra.saving import register_serializable
from tests.support.streamed_models import (
    DTYPES,
    PADDING,
    Array,
    check_same_bits,
    saved,
    sequential,
    some_input,
    streamed,
)

OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {"filters": 18, "levels": 3},
    "widths": {"filters": [3, 5, 5], "kernel_size": 4},
    "as wide as the input": {"filters": 5, "levels": 2, "kernel_size": 2},
    "dilations": {"filters": 7, "dilations": [3, 1, 5], "activation": "tanh"},
    "layer": {"filters": 7, "levels": 2, "normalization": "layer"},
    "batch": {"filters": 7, "levels": 2, "normalization": "batch", "activation": "elu"},
    "none": {"filters": 7, "levels": 2, "normalization": None, "activation": "gelu"},
    "skips": {"filters": 7, "levels": 3, "use_skip_connections": True},
    "gate": {"filters": 7, "levels": 2, "use_gate": True},
    "gate and layer": {"filters": 19, "levels": 2, "use_gate": True, "normalization": "layer"},
    "noise": {"filters": 7, "levels": 2, "dropout": 0.5, "spatial_dropout": True, "seed": 1},
    "one step": {"filters": 7, "levels": 1, "kernel_size": 1, "padding": "same"},
}


def network(name: str, dtype: str = "float32", **changes: Any) -> Any:
    return layers.TCN(**OPTIONS[name], dtype=dtype, name="tcn", **changes)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", OPTIONS)
def test_networks(name: str, dtype: str) -> None:
    x = some_input((3, 23, 5), dtype)
    check_same_bits(sequential(network(name, dtype, return_sequences=True), dtype=dtype), x)


@pytest.mark.filterwarnings("ignore:.*an output sees the last")
@pytest.mark.parametrize("name", ["plain", "skips"])
def test_outputs_of_the_last_step(name: str) -> None:
    check_same_bits(sequential(network(name), layers.Dense(3)), some_input((2, 11, 5)))


@pytest.mark.parametrize("name", ["plain", "layer", "gate"])
def test_blocks(name: str) -> None:
    options = {key: value for key, value in OPTIONS[name].items() if key != "levels"}
    model = sequential(layers.TemporalBlock(dilation_rate=3, **options), layers.TemporalBlock(4, 2))
    check_same_bits(model, some_input((3, 17, 5)))


@pytest.mark.parametrize("dtype", DTYPES)
def test_normalised_kernels(dtype: str) -> None:
    model = sequential(
        layers.WeightNormalization(layers.Conv1D(9, 3, padding="causal", activation="relu", dtype=dtype), dtype=dtype),
        layers.GRU(6, return_sequences=True, dtype=dtype),
        layers.WeightNormalization(layers.Dense(4, activation="tanh", dtype=dtype), dtype=dtype),
        dtype=dtype,
    )
    check_same_bits(model, some_input((3, 12, 5), dtype))


@pytest.mark.parametrize("sequences", [True, False])
@pytest.mark.parametrize("name", ["plain", "layer", "skips", "gate"])
def test_padding_in_a_stream(name: str, sequences: bool) -> None:
    model = sequential(layers.Masking(PADDING), network(name, return_sequences=sequences))
    x = some_input((3, 14, 5))
    x[0, 9:], x[1, :4], x[2, 5:8] = PADDING, PADDING, PADDING
    check_same_bits(model, x)


def test_words_with_padding() -> None:
    model = sequential(
        layers.Embedding(9, 5, mask_zero=True), network("plain", return_sequences=True), features=(), dtype="int32"
    )
    words = np.array([[3, 1, 4, 0, 0, 8], [2, 6, 5, 3, 8, 0]], "int32")
    whole = model(words).numpy()
    stream = model.streaming(2)
    for t in range(6):
        np.testing.assert_array_equal(stream.step(words[:, t]), whole[:, t])


def test_the_state_is_what_the_layer_returns_and_goes_on() -> None:
    model = sequential(network("plain", return_sequences=True))
    x = some_input((2, 21, 5))
    whole = model.streaming(2).process(x)
    layer = layers.TCN(**OPTIONS["plain"], return_sequences=True, return_state=True)
    layer.build((None, None, 5))
    layer.set_weights(model.get_weights())
    for at in (0, 1, 6, 13):
        stream = model.streaming(2)
        stream.process(x[:, :at])
        if at:
            _, *state = layer(x[:, :at])
            for one, other in zip(stream.state["tcn"], state, strict=True):
                np.testing.assert_array_equal(one, other.numpy())
        other = model.streaming(2)
        other.process(x[:, :5])
        other.state = stream.state
        np.testing.assert_array_equal(other.process(x[:, at:]), whole[:, at:])


@pytest.mark.parametrize("sequences", [True, False])
def test_rows_begin_anew(sequences: bool) -> None:
    model = sequential(layers.Masking(PADDING), network("widths", return_sequences=sequences))
    x = some_input((3, 19, 5))
    stream, fresh = model.streaming(3), model.streaming(3).process(x)
    stream.process(some_input((3, 8, 5), seed=4))
    stream.reset([0, 2])
    outputs = stream.process(x)
    np.testing.assert_array_equal(outputs[[0, 2]], fresh[[0, 2]])
    assert not np.array_equal(outputs[1], fresh[1])


def test_saved_models(tmp_path: Path) -> None:
    x = some_input((2, 9, 5))
    model = sequential(network("widths", return_sequences=True), layers.WeightNormalization(layers.Dense(2)))
    stream = streaming.load_stream(saved(model, tmp_path), batch_size=2)
    np.testing.assert_array_equal(streamed(stream, x), model.predict(x, verbose=0))


_PROGRAM = Path(
    os.environ.get("RECURRA_CPP_TESTS", ""),
    f"example_stream_{recurra.config.show_config('dicts')['simd']['level']}",
)


@pytest.mark.skipif(not _PROGRAM.is_file(), reason="RECURRA_CPP_TESTS names no folder of test programs")
@pytest.mark.parametrize("name", ["widths", "batch", "skips"])
def test_the_example_in_cpp(name: str, tmp_path: Path) -> None:
    model = sequential(network(name, return_sequences=True))
    x = some_input((1, 19, 5))
    lines = "\n".join(",".join(f"{number:.9g}" for number in step) for step in x[0])
    command = [str(_PROGRAM), str(saved(model, tmp_path))]
    done = subprocess.run(command, input=lines, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    printed = np.array([[np.float32(number) for number in line.split(",")] for line in done.stdout.splitlines()])
    np.testing.assert_array_equal(printed, model.predict(x, verbose=0)[0])


def test_long_rings(rng: np.random.Generator) -> None:
    model = sequential(layers.TCN(6, 8, 8, return_sequences=True), features=2)
    x: Array = rng.normal(size=(1, 4000, 2)).astype("float32")
    np.testing.assert_array_equal(model.streaming().process(x), model(Tensor(x)).numpy())


@register_serializable(name="temporal streaming: doubled")
def doubled(x: Any) -> Any:
    return x * 2


REFUSED = {
    "same": (layers.TCN(4, levels=2, padding="same", name="t"), r"'t' \(TCN\).*padding must be 'causal', got 'same'"),
    "block": (layers.TemporalBlock(4, padding="same", name="t"), r"'t' \(TemporalBlock\).*must be 'causal'"),
    "activation": (layers.TCN(4, levels=1, activation=doubled, name="t"), r"'t' \(TCN\).*function of your own"),
    "state": (layers.TCN(4, levels=1, return_state=True, name="t"), r"'t' \(TCN\).*return_state=True"),
    "kernel": (
        layers.WeightNormalization(layers.Conv1D(4, 2, padding="same", name="c"), name="w"),
        r"'c' \(Conv1D\) inside layer 'w' \(WeightNormalization\).*must be 'causal'",
    ),
    "other kernels": (
        layers.WeightNormalization(layers.DepthwiseConv1D(2, name="d"), name="w"),
        r"'d' \(DepthwiseConv1D\) inside .* kernels of Conv1D and Dense only",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_streamed_is_refused(name: str) -> None:
    layer, message = REFUSED[name]
    source = recurra.Input((None, 5))
    output = layer(source)
    output = output[1] if name == "state" else output
    with pytest.raises(ValueError, match=message if name != "state" else "another output than its first"):
        recurra.Model(source, output).streaming()


def test_damaged_descriptions_are_refused() -> None:
    model = sequential(network("plain", return_sequences=True))
    described = json.loads(model.to_json())
    weights = {path: variable.detach() for path, variable in model._named_weights().items()}

    def changed(**settings: Any) -> str:
        other = json.loads(json.dumps(described))
        other["config"]["layers"][1]["config"].update(settings)
        return json.dumps(other)

    _engine.stream(changed(), weights, 1)
    for settings, message in [
        ({"dilations": []}, "one number for each level"),
        ({"filters": [18, 18]}, "one number for each level"),
        ({"filters": 17}, "must be float32"),
        ({"dilations": [1, 2, 4, 8]}, "there is no weight"),
        ({"dilations": [1, 2, 2**40]}, "the window is longer than"),
        ({"kernel_size": 0}, "kernel_size must be one integer"),
        ({"filters": [18, -1, 18]}, "must"),
        ({"normalization": "group"}, "'group' is not known"),
        ({"leak": 0.5}, "'leak' is not known"),
        ({"use_skip_connections": True, "filters": [18, 18, 9]}, "must"),
    ]:
        with pytest.raises(ValueError, match=message):
            _engine.stream(changed(**settings), weights, 1)
    missing = {path: weight for path, weight in weights.items() if not path.endswith("kernel_scale")}
    with pytest.raises(ValueError, match="there is no weight 'tcn/level_0/normalized_0/kernel_scale'"):
        _engine.stream(changed(), missing, 1)
