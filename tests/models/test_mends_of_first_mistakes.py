"""What a beginner gets wrong, and the words that say how to mend it."""

from __future__ import annotations

import numpy as np
import pytest

import recurra
from recurra import Input, Sequential, layers, ops
from recurra.datasets import WindowSource
from recurra.preprocessing.text import Tokenizer

X = np.ones((4, 3), "float32")


def model(units=1, activation=None, loss="mse"):
    made = Sequential([Input((3,)), layers.Dense(units, activation=activation)])
    made.compile("sgd", loss)
    return made


def columns(*values):
    table = np.empty((4, 3), dtype=object)
    table[:] = values
    return table


MISTAKES = {
    "keyword of save": (lambda: model().save("m.safetensors", include_optimiser=True), "did you mean 'include_optim"),
    "keyword of save_weights": (lambda: model().save_weights("m.safetensors", overwrit=1), "did you mean 'overwrite'"),
    "keyword of load_weights": (lambda: model().load_weights(file_path="m"), "did you mean 'filepath'"),
    "keyword of load_model": (lambda: recurra.saving.load_model("m", compil=False), "did you mean 'compile'"),
    "keyword of summary": (lambda: model().summary(linelength=80), "did you mean 'line_length'"),
    "keyword of Input": (lambda: Input(shap=(3,)), "Input has no argument 'shap'; did you mean 'shape'"),
    "layers one by one": (lambda: Sequential(layers.Dense(2)), r"layers must be a list, .* Sequential\(\[…\]\)"),
    "class of layers": (lambda: Sequential([layers.LSTM]), r"got the class LSTM; make a layer of it, LSTM\(…\)"),
    "two classes, one unit": (
        lambda: model(1, "sigmoid", "sparse_categorical_crossentropy").fit(X, [0, 1, 0, 1], verbose=0),
        "y holds the class 1 at index 1; the model has one class, 0: for two classes use binary_crossentropy",
    ),
    "dates in an array": (
        lambda: model().fit(columns(1.0, np.datetime64("2020-01-01", "D").item(), 2), np.zeros(4), verbose=0),
        "x holds dates such as ",
    ),
    "an object in an array": (
        lambda: model().fit(columns(1.0, {"a"}, 2), np.zeros(4), verbose=0),
        r"x holds objects such as \{'a'\} at index 0; expected numbers",
    ),
    "a number among texts": (
        lambda: Sequential([layers.TextVectorization()]).predict(np.array(["a", 2.5], dtype=object)),
        "x holds numbers such as 2.5 at index 1; expected texts",
    ),
    "axis of median": (lambda: ops.median(X, axis=5), "median: axis 5 is outside"),
    "axis of glu": (lambda: ops.glu(X, axis=5), "glu: axis 5 is outside"),
    "half of glu": (lambda: ops.glu(X), r"glu: axis 1 of shape \(4, 3\) cannot be halved"),
    "axis of trace": (lambda: ops.trace(X, axis1=5), "trace: axis 5 is outside"),
    "axis of shuffle": (lambda: recurra.random.shuffle(X, axis=5), "shuffle: axis 5 is outside"),
    "folder for a model": (
        lambda: recurra.saving.load_model("/"),
        "no model file /: it is a folder; name the",
    ),
    "keyword of WindowSource": (lambda: WindowSource(X, lookbak=2), "WindowSource has no argument .* 'lookback'"),
    "texts in windows": (
        lambda: WindowSource(np.array([["a"], ["b"]], dtype=object), lookback=1),
        "WindowSource: data holds texts such as 'a'",
    ),
    "keyword of Tokenizer": (lambda: Tokenizer(num_word=3), "did you mean 'num_words'"),
    "words of Tokenizer": (lambda: Tokenizer(num_words="all"), "num_words must be an integer >= 1, got 'all'"),
    "clone of a number": (lambda: recurra.models.clone_model(3), "clone_model: expected a model, got int"),
    "half a number": (lambda: layers.Embedding(5, 2)(np.array([[0.5]])), r"\(input_dim=5\), got 0.5$"),
    "ragged list": (lambda: layers.GRU(2)([[[1.0]], [[1.0], [2.0]]]), "pad them first .*pad_sequences"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_mend_is_named(mistake):
    act, words = MISTAKES[mistake]
    with pytest.raises((FileNotFoundError, TypeError, ValueError), match=words):
        act()
