"""What a small file can make the loaders do: time and memory follow from its size, and errors are ValueErrors."""

from __future__ import annotations

import json

import numpy as np
import pytest

from recurra import saving, streaming
from recurra.layers.naming import FreeNames
from tests.support.confined import confined
from tests.support.described_models import front, layer, models_in_models, sequential, write

ONES = np.ones((16, 3, 1), "float32")


def named(*names):
    return [layer("Dropout", name=name, rate=0.1) for name in names]


HOSTILE = {
    "units without weights": sequential(front(None, 3), layer("LSTM", name="lstm", units=20000)),
    "weights of a long product": sequential(front(None, 2**20), layer("Dense", name="d", units=2**40)),
    "20 calls, 4 deep": models_in_models(20, 4, []),
    "50 calls, 6 deep": models_in_models(50, 6, named("d")),
    "nested lists": '{"class_name": "Sequential", "config": {"layers": ' + "[" * 100_000 + "]" * 100_000 + "}}",
    "nested lists, fewer": '{"class_name": "Sequential", "config": {"layers": ' + "[" * 400 + "]" * 400 + "}}",
    "nested shapes": sequential(
        front(None, 3), layer("Reshape", name="r", target_shape=json.loads("[" * 80 + "]" * 80))
    ),
    "high stack": sequential(
        front(None, 3), layer("Stack", name="s", layer=layer("GRU", name="g", units=3), depth=10**8)
    ),
    "stack of stacks": sequential(
        front(None, 3),
        layer("Stack", name="s", layer=layer("Stack", name="t", layer=named("d")[0], depth=10000), depth=10000),
    ),
    "null": "null",
    "nothing inside": sequential(front(None, 3), layer("Bidirectional", name="b")),
    "infinite": '{"module": "recurra.models", "class_name": "Sequential", "config": {"layers": '
    '[{"module": "recurra.layers", "class_name": "Dense", "config": {"units": Infinity}}]}}',
    "wide text": sequential(front(None, 3), layer("Dense", name="d", units={"array": ["a"], "dtype": "U250000000"})),
    "one long text": sequential(
        front(None, 3), layer("Dense", name="d", units={"array": ["a" * 10**6] + [""] * 10**5, "dtype": "str1"})
    ),
    "many axes": sequential(front(*[2**61] * 60), layer("Dense", name="d", units=2)),
}


@pytest.mark.parametrize("loader", [saving.load_model, streaming.load_stream])
@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_descriptions_are_refused_in_words(case, loader, tmp_path):
    path = write(tmp_path / "m.safetensors", HOSTILE[case])
    outcome = confined(lambda: loader(path), seconds=3, megabytes=700)
    assert isinstance(outcome.error, ValueError), outcome.words
    assert outcome.grown < 200 << 20, f"{path.stat().st_size} bytes took {outcome.grown >> 20} MB"
    assert "\n" not in outcome.words


def test_a_window_longer_than_any_sequence_has_no_ring(tmp_path):
    options = {"filters": 1, "padding": "causal", "groups": 1, "strides": 1, "use_bias": False}
    for kernel, dilation in ((16, 16_777_216), (16, 2**62), (16, 1_000_000)):
        convolution = layer("Conv1D", name="conv", kernel_size=kernel, dilation_rate=dilation, **options)
        path = write(tmp_path / "m.safetensors", sequential(front(None, 3), convolution), {"conv/kernel": ONES})
        outcome = confined(lambda path=path: streaming.load_stream(path), megabytes=300)
        assert isinstance(outcome.error, ValueError), outcome.words


def test_steps_and_streams_larger_than_any_memory(tmp_path):
    shape = (None, 2_000_000_000)
    path = write(
        tmp_path / "m.safetensors", sequential(front(*shape), layer("Activation", name="a", activation="relu"))
    )
    outcome = confined(lambda: streaming.load_stream(path))
    assert "workspace of one sequence would have 2000000000 numbers" in outcome.words
    path = write(tmp_path / "m.safetensors", sequential(front(None, 3), *named("d")))
    for batch in (2**40, 2**62):
        outcome = confined(lambda batch=batch: streaming.load_stream(path, batch))
        assert isinstance(outcome.error, (ValueError, MemoryError)), outcome.words


def test_weights_that_are_shared_without_end(tmp_path):
    dense = layer("Dense", name="d", units=256, activation="linear", use_bias=False)
    nested = models_in_models(60, 2, [dense], features=256)
    path = write(tmp_path / "m.safetensors", nested, {"level_1/level_0/d/kernel": np.ones((256, 256), "f")})
    outcome = confined(lambda: streaming.load_stream(path), seconds=3, megabytes=300)
    assert "called too often" in outcome.words


@pytest.mark.parametrize("loader", [saving.load_model, streaming.load_stream])
@pytest.mark.parametrize("name", ["a_{}", "dropout_{}", "a"])
def test_many_names_take_no_square(name, loader, tmp_path):
    count = 6000
    layers = named(*(name.format(number) for number in range(count)))
    path = write(tmp_path / "m.safetensors", sequential(front(None, 3), *layers))
    outcome = confined(lambda: loader(path) and None, seconds=8, megabytes=500)
    equal = "{}" not in name and loader is saving.load_model
    assert isinstance(outcome.error, ValueError) if equal else outcome.error is None, outcome.words


def test_equal_names_are_numbered_as_before():
    names = FreeNames()
    taken = [names.take(name) for name in ("a", "a", "a_1", "a", "a_1", "b", "a_3")]
    assert taken == ["a", "a_1", "a_1_1", "a_2", "a_1_2", "b", "a_3"]
    assert names.take("a") == "a_4"


def test_a_header_with_a_long_shape(tmp_path):
    entry = {"dtype": "F32", "shape": [2**61] * 200_000, "data_offsets": [0, 0]}
    text = json.dumps({"a": entry}).encode()
    path = tmp_path / "m.safetensors"
    path.write_bytes(len(text).to_bytes(8, "little") + text)
    for loader in (saving.load_model, streaming.load_stream):
        outcome = confined(lambda loader=loader: loader(path), seconds=2)
        assert isinstance(outcome.error, ValueError), outcome.words
