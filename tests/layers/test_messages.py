"""What layers say to common mistakes: which layer or argument, what was expected, what came, and how to mend it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from recurra import Input, Sequential, layers

X = np.ones((4, 10, 3), "float32")


def two_models() -> Any:
    return Sequential([Input((10, 3)), layers.GRU(8, name="first"), layers.Dropout(0.5), layers.LSTM(3, name="second")])


MISTAKES: list[tuple[str, Callable[[], Any], str]] = [
    (
        "a recurrent layer on vectors",
        two_models,
        r"^layer 'second' \(LSTM\): expected an input with 3 axes \(batch, time, features\), got shape \(None, 8\); "
        r"set return_sequences=True in layer 'first'$",
    ),
    (
        "the same without a model",
        lambda: layers.LSTM(3)(layers.GRU(8)(X)),
        r"got shape \(4, 8\); .*a recurrent layer in front needs return_sequences=True$",
    ),
    ("series without features", lambda: layers.GRU(3)(X[..., 0]), r"x\[\.\.\., None\] gives each step one feature"),
    ("one series", lambda: layers.GRU(3)(X[0, :, 0]), r"x\[None, :, None\] makes it one sequence of one feature$"),
    ("one sample", lambda: layers.Dense(3)(X[0, 0]), r"x\[None\] makes one sample a batch"),
    ("sequences for vectors", lambda: layers.RepeatVector(3)(X), "GlobalAveragePooling1D, gives vectors$"),
    (
        "an image for images",
        lambda: layers.Conv2D(3, 3)(X),
        r"4 axes \(batch, height, width, channels\), got .*x\[\.\.\., None\] gives each pixel one channel",
    ),
    ("texts", lambda: layers.GRU(3)(np.array([["a"]])), r"GRU\): the input holds texts such as 'a'.*TextVectorization"),
    ("a kernel that is too long", lambda: layers.Conv1D(3, 11)(X), "covers 11 steps .* only 10; use padding='same'"),
    ("unknown number", lambda: layers.Embedding(5, 2)(np.array([[7]])), "got 7; input_dim must be above the largest"),
    ("a misspelled argument", lambda: layers.LSTM(3, return_sequence=True), "did you mean 'return_sequences'"),
    ("a misspelled cell argument", lambda: layers.LSTM(3, dropuot=0.1), "LSTM has no argument 'dropuot'; .*'dropout'"),
    ("a misspelled dtype", lambda: layers.Dense(3, dtype="flaot32"), "dtype 'flaot32' is not supported; .*'float32'"),
    ("one tensor to add", lambda: layers.Add()(X), r"expected a list of tensors, got one .* write layer\(\[a, b\]\)"),
    (
        "widths that differ",
        lambda: layers.Add()([X, X[..., :2]]),
        r"shapes \(4, 10, 3\) and \(4, 10, 2\): .*a Dense layer in front can bring one to the width",
    ),
    ("more than one axis", lambda: layers.Concatenate()([X, X[:, :5]]), "differ on axis 2 only, .*; axis 1 differs"),
    ("masks of one input", lambda: layers.Add().compute_mask([X, X], [None]), "expected a list of 2 masks, .*; got 1$"),
    ("a mask alone", lambda: layers.Concatenate().compute_mask([X, X], X > 0), "a list of 2 masks, .* got ndarray$"),
    ("sparse inputs", lambda: Input((3,), sparse=True), r"Input: sparse=True is not supported; convert .*toarray"),
    ("ragged inputs", lambda: Input((3,), ragged=True), r"pad the sequences \(preprocessing.sequence.pad_sequences\)"),
    ("an input tensor", lambda: Input(tensor=X), "call the layers on the tensor itself$"),
    ("time first", lambda: layers.GRU(3, time_major=True), r"GRU: .*transpose the input to \(batch, time, features\)"),
    ("no layer to turn", lambda: layers.Bidirectional(None), "expected a recurrent layer such as GRU, got NoneType"),
    ("no cells", lambda: layers.StackedRNNCells([]), r"expected a list of at least one cell, got \[\]"),
    ("a residual of another width", lambda: layers.Residual(layers.GRU(4, return_sequences=True))(X), "a Dense"),
    ("a shape that is not filled", lambda: layers.Reshape((4, 4))(X), "one extent may be -1 and follows"),
]


@pytest.mark.parametrize(("mistake", "message"), [row[1:] for row in MISTAKES], ids=[row[0] for row in MISTAKES])
def test_mistakes_are_answered_with_the_mend(mistake: Callable[[], Any], message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        mistake()


def test_arguments_of_keras_without_effect_are_taken() -> None:
    layer = layers.LSTM(3, implementation=1, use_cudnn=False, time_major=False, unroll=True)
    assert layer(X).shape == (4, 3)
    with pytest.raises(ValueError, match="LSTM: implementation must be one of 0, 1, 2, got 3"):
        layers.LSTM(3, implementation=3)


def test_a_row_that_is_masked_as_a_whole_has_no_shares() -> None:
    mask = np.array([[False, False, False], [True, False, True]])
    for axis in (-1, (0, 1)):
        y = layers.Softmax(axis)(np.ones((2, 3), "float32"), mask=mask).numpy()
        np.testing.assert_allclose(y, [[0, 0, 0], [0.5, 0, 0.5]], rtol=1e-6)


def test_reprs_name_settings_beside_defaults() -> None:
    assert repr(layers.GRU(3, return_sequences=True, name="g")) == (
        "<GRU name=g, return_sequences=True, units=3, built=False>"
    )
    assert repr(layers.Conv1D(4, 3, padding="causal", name="c")) == (
        "<Conv1D name=c, kernel_size=(3,), padding='causal', filters=4, built=False>"
    )
