"""Messages about shapes of inputs say what was expected, what came, and how to mend it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from recurra import Input, Model, Sequential, layers, utils


def fixed() -> Sequential:
    return Sequential([Input((10, 3)), layers.LSTM(4)])


def compiled(loss: str) -> Sequential:
    model = Sequential([Input((10, 3)), layers.LSTM(4), layers.Dense(1, activation="sigmoid")])
    model.compile("sgd", loss)
    return model


def branched() -> Model:
    source = Input((2,))
    model = Model(source, [layers.Dense(1, name="left")(source), layers.Dense(1, name="right")(source)])
    model.compile("sgd", "mse")
    return model


def functional() -> Any:
    first = layers.LSTM(4, name="first")
    return layers.LSTM(4)(layers.Dropout(0.1)(first(Input((10, 3)))))


MISTAKES: dict[str, tuple[Callable[[], Any], str]] = {
    "stacked": (
        lambda: Sequential([Input((10, 3)), layers.LSTM(4, name="first"), layers.Dropout(0.2), layers.LSTM(4)]),
        r"expected an input with 3 axes .*; set return_sequences=True in layer 'first'",
    ),
    "stacked, functional": (functional, "set return_sequences=True in layer 'first'"),
    "stacked, without Input": (
        lambda: Sequential([layers.LSTM(4, name="first"), layers.LSTM(4)]).predict(np.ones((2, 5, 3)), verbose=0),
        "set return_sequences=True in layer 'first'",
    ),
    "bidirectional": (
        lambda: Sequential([Input((10, 3)), layers.Bidirectional(layers.GRU(4), name="both"), layers.GRU(4)]),
        "set return_sequences=True in layer 'both'",
    ),
    "Input without features": (
        lambda: Sequential([layers.LSTM(4, input_shape=10)]),
        r"the shape of one sample is \(time, features\), for example \(None, 10\) or \(10, 1\)",
    ),
    "Input with the batch": (lambda: layers.GRU(4)(Input((32, 10, 3))), "the shape of an Input leaves out the batch"),
    "layer on a matrix": (lambda: layers.GRU(4)(np.ones((5, 10))), r"x\[\.\.\., None\] gives each step one feature"),
    "one sample": (lambda: fixed()(np.ones((10, 3))), r"got \(10, 3\); x\[None\] makes one sample a batch"),
    "one sample in predict": (
        lambda: fixed().predict(np.ones((10, 3)), verbose=0),
        r"expects shape \(samples, 10, 3\), got \(10, 3\); x\[None\] makes one sample a batch",
    ),
    "no features": (lambda: fixed()(np.ones((5, 10))), r"got \(5, 10\); the last axis is missing: 3 features a step"),
    "swapped": (lambda: fixed()(np.ones((5, 3, 10))), r"x\.swapaxes\(1, 2\) puts the features last"),
    "other length": (
        lambda: fixed()(np.ones((5, 9, 3))),
        r"got \(5, 9, 3\); a model with Input\(\(None, 3\)\) takes sequences of any length",
    ),
    "too many inputs": (lambda: fixed()([np.ones((5, 10, 3))] * 2), "expected 1 input, got 2; np.stack"),
    "samples in a list": (
        lambda: fixed().predict(list(np.ones((5, 10, 3))), verbose=0),
        r"expected 1 input, got 5; np\.stack\(x\) makes one array of a list of samples",
    ),
    "too few inputs": (
        lambda: Model([a := Input((2,)), b := Input((2,))], layers.Add()([a, b])).predict(np.ones((3, 2)), verbose=0),
        "expected 2 inputs, got 1; give a list of 2 arrays, or a dictionary by name of the input",
    ),
    "unknown input": (
        lambda: Model(a := Input((2,), name="left"), layers.Dense(1)(a)).predict({"right": np.ones((3, 2))}, verbose=0),
        "no data for the input 'left'; got 'right'",
    ),
    "class numbers for one unit": (
        lambda: compiled("binary_crossentropy").fit(np.ones((6, 10, 3)), np.arange(6) % 3, verbose=0),
        r"y holds 2 at index 2; .*sparse_categorical_crossentropy, with 3 units and activation='softmax'",
    ),
    "numbers for a probability": (
        lambda: compiled("binary_crossentropy").fit(np.ones((6, 10, 3)), np.full(6, 1.5), verbose=0),
        "y holds 1.5 at index 0; binary_crossentropy expects targets between 0 and 1$",
    ),
    "targets of one output missing": (
        lambda: branched().fit(np.ones((6, 2)), {"left": np.ones((6, 1))}, verbose=0),
        "the loss 'mse' of output 'right' needs targets: give y",
    ),
    "texts as classes": (lambda: utils.to_categorical(["a", "b"]), r"holds texts such as 'a'.*return_inverse=True"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_message(mistake: str) -> None:
    act, message = MISTAKES[mistake]
    with pytest.raises((ValueError, TypeError), match=message):
        act()


@pytest.mark.parametrize("give", [lambda x: [x], lambda x: (x,), lambda x: {"steps": x}], ids=["list", "tuple", "dict"])
def test_one_input_in_a_structure(give: Callable[[Any], Any]) -> None:
    x = np.random.default_rng(0).normal(size=(4, 5, 1)).astype("float32")
    source = Input((None, 1), name="steps")
    gru = layers.GRU(2)
    for model in (Sequential([Input((None, 1), name="steps"), gru]), Model(source, gru(source))):
        expected = model(x).numpy()
        for given in (x, x[..., 0], give(x), give(x[..., 0])):
            assert np.array_equal(model(given), expected)
            assert np.array_equal(model.predict(given, verbose=0), expected)
            assert np.array_equal(model.predict_on_batch(given), expected)


@pytest.mark.parametrize("number", [int, np.int32, np.int64])
def test_one_extent_as_a_number(number: Callable[[int], Any]) -> None:
    for model in (
        Sequential([layers.Dense(1, input_shape=number(3))]),
        Sequential([Input(number(3)), layers.Dense(1)]),
    ):
        assert model.inputs[0].shape == (None, 3)
    assert Input(number(6)).reshape(number(-1)).shape == (None,)
