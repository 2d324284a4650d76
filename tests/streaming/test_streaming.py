"""Streams of other layers and of whole models: step by step, in blocks and as one batch the same bits."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import recurra
from recurra import Tensor, _engine, activations, layers, no_grad, random, streaming
from recurra.saving import register_serializable
from tests.support.streamed_models import (
    DTYPES,
    PADDING,
    Array,
    check_same_bits,
    randomized,
    saved,
    sequential,
    some_input,
    streamed,
)

# ---- other layers


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("taps", "dilation", "groups", "bias"),
    [(1, 1, 1, True), (3, 1, 1, True), (4, 3, 1, False), (2, 5, 1, True), (3, 2, 2, True), (7, 1, 3, False)],
)
def test_causal_convolutions(taps: int, dilation: int, groups: int, bias: bool, dtype: str) -> None:
    model = sequential(
        layers.Conv1D(
            18, taps, padding="causal", dilation_rate=dilation, groups=groups, use_bias=bias, activation="relu",
            dtype=dtype,
        ),
        features=6,
        dtype=dtype,
    )  # fmt: skip
    check_same_bits(model, some_input((3, 23, 6), dtype))


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_stack_of_everything(dtype: str) -> None:
    model = sequential(
        layers.Conv1D(21, 3, padding="causal", dilation_rate=2, activation="tanh", dtype=dtype),
        layers.BatchNormalization(dtype=dtype),
        layers.SpatialDropout1D(0.3, dtype=dtype),
        layers.LSTM(19, return_sequences=True, dropout=0.2, recurrent_dropout=0.2, dtype=dtype),
        layers.LayerNormalization(dtype=dtype),
        layers.TimeDistributed(layers.Dense(13, activation="softplus", dtype=dtype), dtype=dtype),
        layers.GRU(11, dtype=dtype),
        layers.Dropout(0.5, dtype=dtype),
        layers.Dense(17, activation="relu", dtype=dtype),
        layers.Dense(3, activation="softmax", dtype=dtype),
        dtype=dtype,
    )
    check_same_bits(model, some_input((4, 12, 5), dtype))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("units", [1, 16, 37, 130])
@pytest.mark.parametrize("bias", [True, False])
def test_dense(units: int, bias: bool, dtype: str) -> None:
    model = sequential(layers.Dense(units, use_bias=bias, dtype=dtype), features=71, dtype=dtype)
    check_same_bits(model, some_input((5, 6, 71), dtype))


#: Activations of Python alone.
NOT_STREAMED = {"hard_shrink", "soft_shrink", "sparse_plus", "sparse_sigmoid", "sparsemax", "squareplus", "tanh_shrink"}
#: Those that change the number of features, or have arguments without a default: no layer takes them by their name.
NO_LAYER = {"glu", "threshold"}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", sorted(set(activations._NAMES) - NOT_STREAMED - NO_LAYER))
def test_activations(name: str, dtype: str) -> None:
    x = 3 * some_input((2, 7, 19), dtype)
    check_same_bits(sequential(layers.Activation(name, dtype=dtype), features=19, dtype=dtype), x)
    check_same_bits(sequential(layers.Dense(21, activation=name, dtype=dtype), features=19, dtype=dtype), x)


@pytest.mark.parametrize("name", sorted(NOT_STREAMED))
def test_activations_that_streams_do_not_have(name: str) -> None:
    with pytest.raises(ValueError, match=f"cannot be run step by step: it has no activation '{name}'"):
        sequential(layers.Activation(name), features=4).streaming(1)


FUNCTIONS: list[Callable[[], Any]] = [
    lambda: layers.ReLU(),
    lambda: layers.ReLU(max_value=0.5),
    lambda: layers.ReLU(max_value=0.7, negative_slope=0.1),
    lambda: layers.ReLU(threshold=0.3, negative_slope=0.2, max_value=1.0),
    lambda: layers.ReLU(threshold=0.3),
    lambda: layers.LeakyReLU(0.1),
    lambda: layers.ELU(0.7),
    lambda: layers.Softmax(),
    lambda: layers.Activation("silu"),
    lambda: layers.Identity(),
    lambda: layers.GaussianNoise(0.1),
    lambda: layers.ActivityRegularization(0.1),
    lambda: layers.BatchNormalization(),
    lambda: layers.BatchNormalization(center=False),
    lambda: layers.BatchNormalization(scale=False, epsilon=0.1),
    lambda: layers.LayerNormalization(),
    lambda: layers.LayerNormalization(center=False),
    lambda: layers.LayerNormalization(scale=False),
    lambda: layers.LayerNormalization(center=False, scale=False),
    lambda: layers.LayerNormalization(rms_scaling=True),
    lambda: layers.RMSNormalization(),
]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("number", range(len(FUNCTIONS)))
@pytest.mark.parametrize("features", [1, 5, 16, 45])
def test_layers_of_single_rows(number: int, features: int, dtype: str) -> None:
    recurra.config.set_floatx(dtype)
    try:
        model = sequential(FUNCTIONS[number](), features=features, dtype=dtype)
        check_same_bits(model, some_input((3, 4, features), dtype))
    finally:
        recurra.config.set_floatx("float32")


def test_steps_of_several_axes() -> None:
    model = sequential(
        layers.Dense(6, activation="relu"),
        layers.LayerNormalization(axis=[2, 3]),
        layers.TimeDistributed(layers.Reshape((3, -1))),
        layers.BatchNormalization(),
        layers.TimeDistributed(layers.Flatten()),
        layers.GRU(9),
        layers.Reshape((3, 3)),
        layers.Dense(2),
        layers.Flatten(),
        features=(4, 7),
    )
    x = some_input((2, 5, 4, 7))
    assert model.streaming(2).input_shape == (2, 4, 7)
    assert model.streaming(2).output_shape == (2, 6)
    whole = np.stack([model.predict(x[:, : t + 1], verbose=0) for t in range(5)], axis=1)
    check_same_bits(model, x, whole)


def test_a_model_without_time() -> None:
    model = randomized(recurra.Sequential([recurra.Input((6,)), layers.Dense(4, "tanh"), layers.Dense(2)]))
    x = some_input((3, 6))
    np.testing.assert_array_equal(model.streaming(3).step(x), model.predict(x, verbose=0))


@pytest.mark.parametrize("mask_zero", [False, True])
@pytest.mark.parametrize("sequences", [False, True])
def test_embedding(mask_zero: bool, sequences: bool) -> None:
    model = randomized(
        recurra.Sequential(
            [
                recurra.Input((None,), dtype="int32"),
                layers.Embedding(9, 6, mask_zero=mask_zero),
                layers.LSTM(8, return_sequences=True),
                layers.GRU(7, return_sequences=sequences),
                layers.Dense(3, "sigmoid"),
            ]
        )
    )
    x = np.random.default_rng(3).integers(0, 9, (4, 11)).astype(np.int32)
    x[0, :3] = 0
    x[1, 5:] = 0
    x[2] = 0
    if sequences:
        whole = model.predict(x, verbose=0)
    else:
        whole = np.stack([model.predict(x[:, : t + 1], verbose=0) for t in range(11)], axis=1)
    for dtype in (np.int32, np.int64, np.uint8):
        check_same_bits(model, x.astype(dtype), whole)
    stream = model.streaming()
    assert stream.vocabulary == 9
    np.testing.assert_array_equal(stream.step(int(x[0, 0])), whole[0, 0])
    np.testing.assert_array_equal(stream.step([int(x[0, 1])]), whole[:1, 1])
    for wrong in (9, -1, [3, 9]):
        with pytest.raises(ValueError, match=r"whole numbers in 0, …, 8|must have the shape"):
            stream.step(wrong)
    with pytest.raises(TypeError, match="expected whole numbers"):
        stream.step([1.5])


def test_masks_end_at_convolutions_and_last_outputs() -> None:
    model = sequential(
        layers.Masking(PADDING),
        layers.SimpleRNN(6, return_sequences=True),
        layers.Conv1D(5, 2, padding="causal"),
        layers.GRU(4),
        layers.Dense(2),
    )
    x = some_input((3, 9, 5))
    x[0, 2:4] = PADDING
    x[1, :2] = PADDING
    with pytest.warns(UserWarning, match="does not support masking"):
        whole = np.stack([model.predict(x[:, : t + 1], verbose=0) for t in range(9)], axis=1)
    check_same_bits(model, x, whole)


CONNECTED: dict[str, Callable[[], list[Any]]] = {
    "residual": lambda: [layers.Residual(layers.GRU(5, return_sequences=True))],
    "residual of a projection": lambda: [layers.Residual(layers.LSTM(9, projection=5, return_sequences=True))],
    "residual of dense": lambda: [layers.Residual(layers.Dense(5, "tanh"))],
    "residual of steps": lambda: [layers.Residual(layers.TimeDistributed(layers.Dense(5, "tanh")))],
    "residual of a convolution": lambda: [layers.Residual(layers.Conv1D(5, 3, padding="causal"))],
    "residual of a model": lambda: [
        layers.Residual(recurra.Sequential([layers.Dense(7, "relu"), layers.GRU(5, return_sequences=True)])),
    ],
    "highway": lambda: [layers.Highway(layers.LSTM(5, return_sequences=True), name="own")],
    "highway in a residual": lambda: [layers.Residual(layers.Highway(layers.MGU(5, return_sequences=True)))],
    "two": lambda: [layers.Residual(layers.GRU(5, return_sequences=True)) for _ in range(2)],
    "stack": lambda: [layers.Stack(layers.GRU(6, name="gru"), 3)],  # floors gru_0, gru_1, gru_2
    "residual stack": lambda: [layers.Stack(layers.GRU(5, return_sequences=True), 3, "residual")],
    "highway stack": lambda: [layers.Stack(layers.LSTM(6, name="memory"), 3, "highway")],
    "stack of projections": lambda: [layers.Stack(layers.LSTM(9, projection=6, return_sequences=True), 3, "residual")],
    "stack of cells": lambda: [
        layers.Stack(layers.RNN([layers.GRUCell(4), layers.SimpleRNNCell(5)], return_sequences=True), 2, "residual"),
    ],
    "stack of scans": lambda: [layers.Stack(layers.MinGRU(5), 2, "highway")],
    "model at every step": lambda: [
        layers.TimeDistributed(recurra.Sequential([layers.Dense(7, "relu"), layers.Dense(6)])),
    ],
}


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("name", CONNECTED)
def test_connected_layers(name: str, masked: bool, tmp_path: Path) -> None:
    x = some_input((3, 9, 5))
    front = []
    if masked:
        front = [layers.Masking(PADDING)]
        x[0, 2:4] = PADDING
        x[1, :2] = PADDING
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*does not support masking")
        model = sequential(*front, *CONNECTED[name](), layers.Dense(2))
        check_same_bits(model, x)
    stream = streaming.load_stream(saved(model, tmp_path), 3)
    whole = stream.process(x)
    stream.reset()
    stream.process(x[:, :4])
    other = model.streaming(3)
    other.state = stream.state
    np.testing.assert_array_equal(other.process(x[:, 4:]), whole[:, 4:])


# ---- structure of models


def test_functional_chains_and_models_inside_models() -> None:
    inside = recurra.Sequential([layers.Dense(6, "tanh"), layers.Dense(5)], name="head")
    inputs = recurra.Input((None, 4))
    middle = recurra.Input((None, 7))
    block = recurra.Model(middle, layers.Dense(7)(layers.GRU(7, return_sequences=True)(middle)), name="block")
    h = layers.Dense(7)(layers.LSTM(5, return_sequences=True)(inputs))
    h = block(h)
    h = layers.Dense(7, name="own")(h)
    model = randomized(recurra.Model([inputs], [inside(layers.GRU(3, return_sequences=True)(block(h)))]))
    x = some_input((2, 8, 4))
    with no_grad():
        whole = np.array(model(Tensor(x))[0].numpy())
    check_same_bits(model, x, whole)
    assert [len(arrays) for arrays in model.streaming().state.values()] == [2, 1, 1, 1]
    assert len([name for name in model.streaming().state if name.startswith("block/")]) == 2


def test_the_first_output_of_a_layer_with_states() -> None:
    inputs = recurra.Input((None, 4))
    sequence, _, _ = layers.LSTM(5, return_sequences=True, return_state=True)(inputs)
    model = randomized(recurra.Model(inputs, layers.Dense(2)(sequence)))
    check_same_bits(model, some_input((2, 6, 4)))


def test_weights_are_copied() -> None:
    model = sequential(layers.GRU(4, return_sequences=True), layers.Dense(2))
    x = some_input((1, 5, 5))
    before = model.predict(x, verbose=0)
    stream = model.streaming()
    randomized(model, seed=7)
    np.testing.assert_array_equal(streamed(stream, x), before)
    assert not np.array_equal(streamed(model.streaming(), x), before)


@register_serializable()
def doubled(x: Any) -> Any:
    return x * 2


@register_serializable()
class Half(layers.Layer):
    def call(self, inputs: Any) -> Any:
        return inputs / 2


@register_serializable()
class Pair(recurra.Model):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.one = layers.GRU(3)

    def call(self, inputs: Any) -> Any:
        return self.one(inputs)


def branched() -> Any:
    inputs = recurra.Input((None, 4))
    h = layers.Dense(4)(inputs)
    return recurra.Model(inputs, layers.Add(name="sum")([inputs, h]))


def of_two_inputs() -> Any:
    one, two = recurra.Input((None, 4)), recurra.Input((None, 4))
    return recurra.Model([one, two], layers.Add()([one, two]))


def with_operation() -> Any:
    inputs = recurra.Input((None, 4))
    return recurra.Model(inputs, layers.GRU(3)(inputs * 2))


def of_several_outputs() -> Any:
    inputs = recurra.Input((None, 4))
    return recurra.Model(inputs, [layers.GRU(3)(inputs), layers.Dense(2)(inputs)])


def going_on_with_a_state() -> Any:
    inputs = recurra.Input((None, 4))
    return recurra.Model(inputs, layers.Dense(2)(layers.LSTM(3, return_state=True)(inputs)[1]))


def of_subclass() -> Any:
    model = Pair(name="pair")
    model(some_input((1, 2, 4)))
    return model


def stack_of(*stack: Any, shape: tuple[Any, ...] = (None, 4)) -> Callable[[], Any]:
    return lambda: recurra.Sequential([recurra.Input(shape), *stack])


REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "backwards": (stack_of(layers.GRU(3, go_backwards=True, name="b")), r"'b' \(GRU\).*end of the sequence"),
    "returned states": (stack_of(layers.LSTM(3, return_state=True, name="l")), r"'l' \(LSTM\).*return_state"),
    "bidirectional": (stack_of(layers.Bidirectional(layers.GRU(3), name="b")), r"'b' \(Bidirectional\).*backward half"),
    "strides": (stack_of(layers.Conv1D(3, 2, strides=2, padding="causal", name="c")), r"'c' \(Conv1D\).*strides"),
    "same": (stack_of(layers.Conv1D(3, 2, padding="same", name="c")), r"'c' \(Conv1D\).*'causal', got 'same'"),
    "valid": (stack_of(layers.Conv1D(3, 2, name="c")), r"'c' \(Conv1D\).*'causal', got 'valid'"),
    "pooling": (stack_of(layers.MaxPooling1D(2, name="p")), r"'p' \(MaxPooling1D\).*does not follow"),
    "global pooling": (stack_of(layers.GlobalMaxPooling1D(name="p")), r"'p' \(GlobalMaxPooling1D\).*does not follow"),
    "flatten": (stack_of(layers.Flatten(name="f"), shape=(6, 4)), r"'f' \(Flatten\).*joins time steps"),
    "reshape": (stack_of(layers.Reshape((8, 3), name="r"), shape=(6, 4)), r"'r' \(Reshape\).*mixes time steps"),
    "repeat": (stack_of(layers.GRU(3), layers.RepeatVector(2, name="r")), r"'r' \(RepeatVector\)"),
    "anonymous function": (stack_of(layers.Lambda(lambda x: x * 2, name="l")), r"'l' \(Lambda\).*cannot be saved"),
    "named function": (stack_of(layers.Lambda(doubled, name="l")), r"'l' \(Lambda\).*does not follow"),
    "activation": (stack_of(layers.Dense(3, activation=doubled, name="d")), r"'d' \(Dense\).*function of your own"),
    "cell activation": (stack_of(layers.GRU(3, activation="softmax", name="g")), r"'g' \(GRU\).*'softmax'"),
    "layer": (stack_of(Half(name="h")), r"'h' \(Half\).*class of your own"),
    "connected layer": (
        stack_of(layers.Residual(Half(name="h"), name="r")),
        r"'h' \(Half\) inside layer 'r' \(Residual\).*class of your own",
    ),
    "stacked both ways": (
        stack_of(layers.Stack(layers.Bidirectional(layers.GRU(3)), 2, name="s")),
        r"'s' \(Stack\): copy 0 \(Bidirectional\).*backward half",
    ),
    "subclass": (of_subclass, r"model 'pair' \(Pair\).*class of its own"),
    "branches": (branched, r"'sum' \(Add\).*branches"),
    "two inputs": (of_two_inputs, r"has 2 inputs"),
    "operation": (with_operation, r"\(Operation\).*further arguments"),
    "outputs": (of_several_outputs, "several outputs"),
    "state": (going_on_with_a_state, r"\(LSTM\).*another output than its first"),
    "normalised time": (
        stack_of(layers.BatchNormalization(axis=1, name="n"), shape=(6, 4)),
        r"'n' \(BatchNormalization\).*not time",
    ),
    "softmax over time": (stack_of(layers.Softmax(axis=1, name="s")), r"'s' \(Softmax\).*last one"),
    "dtypes": (stack_of(layers.GRU(3), layers.Dense(2, dtype="float64", name="d")), r"'d' \(Dense\).*float64"),
    "recurrent step": (
        stack_of(layers.TimeDistributed(layers.GRU(3, name="g")), shape=(None, 5, 4)),
        r"'g' \(GRU\) inside.*needs a sequence",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_streamed_is_refused(name: str) -> None:
    make_model, message = REFUSED[name]
    model = make_model()
    with pytest.raises(ValueError, match=message):
        model.streaming()


@pytest.mark.parametrize("setting", ["tilt", "leak", "output_units"])  # of no cell, and of other cells
def test_settings_that_a_cell_does_not_have_are_refused(setting: str) -> None:
    model = sequential(layers.GRU(3, name="g"))
    described = json.loads(model.to_json())
    weights = {path: variable.detach() for path, variable in model._named_weights().items()}
    config = described["config"]["layers"][1]["config"]
    config[setting] = 0.0
    _engine.stream(json.dumps(described), weights, 1)
    config[setting] = 0.5
    with pytest.raises(ValueError, match=rf"'g' \(GRU\).*'{setting}' is not known"):
        _engine.stream(json.dumps(described), weights, 1)


def test_a_model_that_is_not_built_is_refused() -> None:
    with pytest.raises(ValueError, match="must be built"):
        recurra.Sequential([layers.GRU(3)]).streaming()
    with pytest.raises(ValueError, match="batch_size must be an integer >= 1"):
        sequential(layers.GRU(3)).streaming(0)


# ---- the stream


@pytest.fixture
def model() -> Any:
    return sequential(
        layers.Conv1D(6, 3, padding="causal", dilation_rate=2, name="conv"),
        layers.LSTM(7, return_sequences=True, name="lstm"),
        layers.GRU(4, name="gru"),
        layers.Dense(3, name="dense"),
    )


def test_out_and_batchless_steps(model: Any) -> None:
    x = some_input((1, 6, 5))
    whole = model.streaming().process(x)
    stream, out = model.streaming(), np.empty((1, 3), np.float32)
    for t in range(3):
        assert stream.step(x[:, t], out=out) is out
        np.testing.assert_array_equal(out, whole[:, t])
    flat = np.empty(3, np.float32)
    assert stream.step(x[0, 3], out=flat) is flat
    np.testing.assert_array_equal(flat, whole[0, 3])
    result = stream.step(x[0, 4].astype(np.float64).tolist())
    assert result.shape == (3,)
    np.testing.assert_array_equal(result, whole[0, 4])
    block = np.empty((1, 1, 3), np.float32)
    assert stream.process(np.asfortranarray(x[:, 5:]), out=block) is block
    np.testing.assert_array_equal(block, whole[:, 5:])
    assert stream.process(x[:, :0]).shape == (1, 0, 3)
    np.testing.assert_array_equal(model.streaming().step(Tensor(x[:, 0])), whole[:, 0])


def test_wrong_arguments(model: Any) -> None:
    stream = model.streaming(2)
    before = stream.state
    x = some_input((2, 5))
    for wrong in (x[:1], x[0], x[:, :4], x[None]):
        with pytest.raises(ValueError, match=r"x must have the shape \(2, 5\), got"):
            stream.step(wrong)
    with pytest.raises(ValueError, match=r"block must have the shape \(2, time, 5\), got \(2, 5\)"):
        stream.process(x)
    with pytest.raises(TypeError, match="expected numbers"):
        stream.step("text")
    with pytest.raises(TypeError, match="out must be a contiguous array of float32"):
        stream.step(x, out=np.empty((2, 3)))
    with pytest.raises(TypeError, match="contiguous"):
        stream.step(x, out=np.empty((2, 6), np.float32)[:, ::2])
    with pytest.raises(ValueError, match=r"out must have the shape \(2, 3\), got \(3, 2\)"):
        stream.step(x, out=np.empty((3, 2), np.float32))
    fixed = np.empty((2, 3), np.float32)
    fixed.flags.writeable = False
    with pytest.raises(ValueError, match="writeable"):
        stream.step(x, out=fixed)
    for name, arrays in stream.state.items():
        for old, new in zip(before[name], arrays, strict=True):
            np.testing.assert_array_equal(old, new)


def test_repr_names_sizes(model: Any) -> None:
    stream = model.streaming(batch_size=3)
    assert repr(stream) == (
        f"<Stream batch_size=3, input_shape={stream.input_shape}, output_shape={stream.output_shape}, "
        f"dtype={stream.dtype}>"
    )


def test_state_goes_on_where_it_was_read(model: Any) -> None:
    x = some_input((3, 15, 5))
    whole = model.streaming(3).process(x)
    for at in (0, 1, 2, 4, 7):
        stream = model.streaming(3)
        stream.process(x[:, :at])
        state = stream.state
        assert {name: [array.shape for array in arrays] for name, arrays in state.items()} == {
            "conv": [(3, 4, 5)],
            "lstm": [(3, 7), (3, 7)],
            "gru": [(3, 4)],
        }
        past = np.concatenate([np.zeros((3, 4, 5), np.float32), x[:, :at]], axis=1)[:, -4:]
        np.testing.assert_array_equal(state["conv"][0], past)
        other = model.streaming(3)
        other.process(x[:, :5])  # at another place of its rings
        other.state = state
        np.testing.assert_array_equal(other.process(x[:, at:]), whole[:, at:])
        alone = model.streaming()
        alone.state = {name: [array[1:2] for array in arrays] for name, arrays in state.items()}
        np.testing.assert_array_equal(alone.process(x[1:2, at:]), whole[1:2, at:])


def test_wrong_states_change_nothing(model: Any) -> None:
    stream = model.streaming()
    stream.process(some_input((1, 5, 5)))
    before = stream.state
    wrong: list[tuple[Any, str]] = [
        ({**before, "gru": [np.zeros((1, 5))]}, r"'gru' must have the shape \(1, 4\), got \(1, 5\)"),
        ({**before, "lstm": before["lstm"][:1]}, "'lstm' needs more than 1"),
        ({**before, "lstm": [*before["lstm"], before["lstm"][0]]}, "'lstm' has 2 arrays, got 3"),
        ({**before, "dense": []}, "no layer 'dense' with a state"),
        ({"gru": before["gru"]}, "nothing for the layer"),
    ]
    for state, message in wrong:
        state = {name: [array + 1 for array in arrays] for name, arrays in state.items()}
        with pytest.raises(ValueError, match=message):
            stream.state = state
    for name, arrays in stream.state.items():
        for old, new in zip(before[name], arrays, strict=True):
            np.testing.assert_array_equal(old, new)


def test_reset(model: Any) -> None:
    x = some_input((4, 9, 5))
    fresh = model.streaming(4).process(x)
    stream = model.streaming(4)
    stream.process(x[:, :4])
    carried = stream.copy().process(x)
    assert not np.array_equal(carried[1], fresh[1])
    for rows, begun in (([1, -1], [1, 3]), (2, [2]), (np.array([0]), [0]), ([], []), (None, [0, 1, 2, 3])):
        one = copy.copy(stream)
        one.reset(rows)
        result = one.process(x)
        for row in range(4):
            np.testing.assert_array_equal(result[row], (fresh if row in begun else carried)[row])
    before = stream.copy().process(x)
    with pytest.raises(ValueError, match="rows must be below 4, got 4"):
        stream.reset([0, 4])
    np.testing.assert_array_equal(stream.process(x), before)


def test_reset_of_masked_rows() -> None:
    model = sequential(layers.Masking(PADDING), layers.LSTM(4, return_sequences=True, name="lstm"))
    x = some_input((2, 4, 5))
    stream = model.streaming(2)
    stream.process(x)
    stream.reset([1])
    np.testing.assert_array_equal(stream.state["lstm"][2], [1, 0])
    padding = np.full((2, 5), PADDING, np.float32)
    held = stream.step(padding)
    assert held[0].any()
    assert not held[1].any()
    assert [array.shape for array in stream.state["lstm"]] == [(2, 4), (2, 4), (2,)]


def test_threads_take_streams_of_their_own(model: Any) -> None:
    x = some_input((4, 300, 5))
    whole = model.streaming(4).process(x)
    results: dict[int, Array] = {}

    def work(row: int) -> None:
        results[row] = model.streaming().process(x[row : row + 1])

    threads = [threading.Thread(target=work, args=(row,)) for row in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for row in range(4):
        np.testing.assert_array_equal(results[row], whole[row : row + 1])


def test_a_stream_serves_one_thread_at_a_time(model: Any) -> None:
    stream, x = model.streaming(), some_input((1, 5))
    thread = threading.Thread(target=stream.process, args=(some_input((1, 300_000, 5)),))
    thread.start()
    told = False
    while thread.is_alive() and not told:
        try:
            stream.step(x)
        except RuntimeError as error:
            told = "at work in another thread" in str(error)
    thread.join()
    assert told
    stream.step(x)


def test_denormals_are_flushed_as_in_a_batch() -> None:
    model = sequential(layers.SimpleRNN(4, activation="linear", use_bias=False, return_sequences=True))
    check_same_bits(model, (some_input((2, 5, 5)) * 1e-38).astype(np.float32))


# ---- files


def test_saved_models(model: Any, tmp_path: Path) -> None:
    x = some_input((2, 7, 5))
    stream = streaming.load_stream(saved(model, tmp_path), batch_size=2)
    assert (stream.batch_size, stream.dtype, stream.vocabulary) == (2, "float32", 0)
    np.testing.assert_array_equal(streamed(stream, x), streamed(model.streaming(len(x)), x))


def test_saved_models_of_float64_and_with_training_state(tmp_path: Path) -> None:
    model = sequential(layers.GRU(4, dtype="float64"), layers.Dense(1, dtype="float64"), dtype="float64")
    model.compile("adam", "mse")
    x = some_input((8, 5, 5), "float64")
    model.train_on_batch(x, x[:, 0, :1])
    path = tmp_path / "schön ☂.safetensors"
    recurra.saving.save_model(model, path, include_optimizer=True, metadata={"words": 'é \x7f "\\', "n": 1.5})
    stream = streaming.load_stream(path, 8)
    assert stream.dtype == "float64"
    np.testing.assert_array_equal(streamed(stream, x), streamed(model.streaming(len(x)), x))


_FOLDER = os.environ.get("RECURRA_CPP_TESTS", "")
_PROGRAM = Path(_FOLDER, f"example_stream_{recurra.config.show_config('dicts')['simd']['level']}")


@pytest.mark.skipif(not _PROGRAM.is_file(), reason="RECURRA_CPP_TESTS names no folder of test programs")
@pytest.mark.parametrize("variants", [False, True])
def test_the_example_in_cpp(model: Any, variants: bool, tmp_path: Path) -> None:
    if variants:
        model = sequential(
            layers.Jordan(7, 6, skip=(2, 4), return_sequences=True),
            layers.Highway(layers.MinGRU(6, return_sequences=True)),
            layers.Stack(layers.LSTM(8, projection=6, weight_normalization=True), 2, "residual"),
        )
    x = some_input((1, 9, 5))
    text = "\n".join(",".join(f"{number:.9g}" for number in step) for step in x[0])
    command = [str(_PROGRAM), str(saved(model, tmp_path))]
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    printed = np.array([[np.float32(number) for number in line.split(",")] for line in done.stdout.splitlines()])
    np.testing.assert_array_equal(printed, streamed(model.streaming(), x)[0])
    wrong = subprocess.run(command, input="1,2", capture_output=True, text=True, timeout=60)
    assert (wrong.returncode, wrong.stderr) == (1, "expected 5 numbers a line, got 2\n")
    sequential(layers.MaxPooling1D(2, name="pool")).save(tmp_path / "pool.safetensors")
    refused = subprocess.run([str(_PROGRAM), str(tmp_path / "pool.safetensors")], capture_output=True, text=True)
    assert refused.returncode == 1
    assert "layer 'pool' (MaxPooling1D) cannot be run step by step" in refused.stderr


def test_files_without_a_model_are_refused(model: Any, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        streaming.load_stream(tmp_path / "nothing")
    model.save_weights(tmp_path / "weights.safetensors")
    with pytest.raises(ValueError, match="holds weights only"):
        streaming.load_stream(tmp_path / "weights.safetensors")
    recurra.safetensors.write(tmp_path / "foreign.safetensors", {"a": np.zeros(3)}, {"format": "pt"})
    with pytest.raises(ValueError, match="was not written by recurra"):
        streaming.load_stream(tmp_path / "foreign.safetensors")


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    path = saved(sequential(layers.GRU(2), layers.Dense(1), features=2), tmp_path)
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    damaged = [whole[:length] for length in rng.integers(0, len(whole), 60)]
    damaged += [whole[:at] + bytes([whole[at] ^ flip]) + whole[at + 1 :] for at, flip in _flips(rng, len(whole))]
    damaged += [whole + b"\0", b"", b"\xff" * 16, (2**40).to_bytes(8, "little") + whole[8:]]
    for content in damaged:
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"damaged|was not written by|format version"):
            streaming.load_stream(path)


def _flips(rng: np.random.Generator, length: int) -> list[tuple[int, int]]:
    return [(int(at), int(flip)) for at, flip in zip(rng.integers(0, length, 400), rng.integers(1, 256, 400))]  # noqa: B905


def test_random_numbers_are_left_alone(model: Any) -> None:
    random.set_seed(5)
    expected = random.normal((3,)).numpy()
    random.set_seed(5)
    model.streaming().step(some_input((1, 5)))
    np.testing.assert_array_equal(random.normal((3,)).numpy(), expected)
