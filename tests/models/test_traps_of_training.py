"""Settings that compute something but cannot be meant: refused with the mend, or answered by one warning."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from recurra import Input, Sequential, layers, losses, metrics, utils

rng = np.random.default_rng(0)
N, T, C = 32, 6, 3
X = rng.normal(size=(N, T, 2)).astype("float32")
LABELS = rng.integers(0, C, size=N)


def network(units, activation=None, sequences=False):
    return Sequential(
        [Input((T, 2)), layers.GRU(4, return_sequences=sequences), layers.Dense(units, activation=activation)]
    )


def fitted(model, loss, y, metrics=None, **arguments):
    model.compile("sgd", loss, metrics=metrics)
    before = model.get_weights()
    try:
        model.fit(X, y, verbose=0, **arguments)
    except (ValueError, TypeError):
        for old, new in zip(before, model.get_weights(), strict=True):
            np.testing.assert_array_equal(old, new)
        raise
    return model


REFUSED = {
    "class numbers, categorical loss": (
        lambda: fitted(network(C, "softmax"), "categorical_crossentropy", LABELS),
        r"y: loss 'categorical_crossentropy': the targets have shape \(32,\), the predictions \(any, 3\); the targets "
        r"look like class numbers: use sparse_categorical_crossentropy .*, or y = utils.to_categorical\(y, 3\)",
    ),
    "a column of class numbers, categorical loss": (
        lambda: fitted(network(C, "softmax"), "categorical_crossentropy", LABELS[:, None]),
        "the targets look like class numbers",
    ),
    "one-hot rows, sparse loss": (
        lambda: fitted(network(C, "softmax"), "sparse_categorical_crossentropy", np.eye(C)[LABELS]),
        "the targets look one-hot: use categorical_crossentropy",
    ),
    "too many columns": (
        lambda: fitted(network(C, "softmax"), "categorical_crossentropy", np.eye(5)[LABELS]),
        "give the last layer 5 units",
    ),
    "one number for a sequence of predictions": (
        lambda: fitted(network(1, sequences=True), "mse", np.zeros(N)),
        "set return_sequences=False in the last recurrent layer",
    ),
    "one class for a sequence of predictions": (
        lambda: fitted(network(C, "softmax", True), "sparse_categorical_crossentropy", LABELS),
        "set return_sequences=False in the last recurrent layer",
    ),
    "targets for each step, one prediction": (
        lambda: fitted(network(1), "mse", np.zeros((N, T, 1))),
        "set return_sequences=True in the last recurrent layer",
    ),
    "two columns for one unit": (
        lambda: fitted(network(1), "mae", np.zeros((N, 2))),
        "the last layer needs 2 units",
    ),
    "flat targets for two units": (
        lambda: fitted(network(2), "mae", np.zeros(N)),
        "the last layer needs 1 unit",
    ),
    "validation targets": (
        lambda: fitted(network(1), "mae", np.zeros(N), validation_data=(X, np.zeros((N, T, 1)))),
        "validation_data: y: loss 'mae': .*return_sequences=True",
    ),
    "a loss object": (
        lambda: fitted(network(C), losses.CategoricalCrossentropy(from_logits=True), LABELS),
        "loss 'categorical_crossentropy': .* look like class numbers",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_before_anything_is_trained(case):
    act, message = REFUSED[case]
    with pytest.raises(ValueError, match=message):
        act()


ONCE = {
    "softmax over one unit": (
        lambda: fitted(network(1, "softmax"), "binary_crossentropy", LABELS % 2, epochs=2),
        "softmax over one unit is always 1: .* activation='sigmoid'",
    ),
    "softmax over one unit, sparse loss": (
        lambda: fitted(network(1, "softmax"), "sparse_categorical_crossentropy", LABELS * 0, epochs=2),
        "softmax over one unit is always 1: .* with binary_crossentropy",
    ),
    "sigmoid, sparse loss": (
        lambda: fitted(network(C, "sigmoid"), "sparse_categorical_crossentropy", LABELS, epochs=2),
        "expects probabilities that sum to 1 .* use activation='softmax'",
    ),
    "sigmoid, categorical loss": (
        lambda: fitted(network(C, "sigmoid"), "categorical_crossentropy", np.eye(C)[LABELS], epochs=2),
        "binary_crossentropy if a sample may have several classes",
    ),
    "no softmax": (
        lambda: fitted(network(C), "sparse_categorical_crossentropy", LABELS, epochs=2),
        r"no softmax.*SparseCategoricalCrossentropy\(from_logits=True\)",
    ),
    "no sigmoid": (
        lambda: fitted(network(1), "binary_crossentropy", LABELS % 2, epochs=2),
        r"no sigmoid.*BinaryCrossentropy\(from_logits=True\)",
    ),
    "F-score of one unit": (
        lambda: fitted(network(1, "sigmoid"), "binary_crossentropy", LABELS % 2, metrics=["f1"], epochs=2),
        "f1: of one class alone every prediction is the largest.* threshold=0.5",
    ),
    "accuracy of a regression": (
        lambda: fitted(network(1), "mse", rng.normal(size=N), metrics=["accuracy"], epochs=2),
        "'accuracy' is for classes, but the targets hold numbers such as .* use 'mae'",
    ),
}


@pytest.mark.parametrize("case", ONCE)
def test_one_warning(case):
    act, message = ONCE[case]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        act()
    texts = [str(each.message) for each in caught if not str(each.message).startswith("accuracy: predictions")]
    assert len(texts) == 1
    with pytest.warns(UserWarning, match=message):
        warnings.warn(texts[0], stacklevel=1)


RIGHT = {
    "crossentropy by the shapes": lambda: fitted(network(C, "softmax"), "crossentropy", LABELS, metrics=["ce", "acc"]),
    "F-score of one unit": lambda: fitted(
        network(1, "sigmoid"), "binary_crossentropy", LABELS % 2, metrics=[metrics.F1Score(threshold=0.5)]
    ),
    "softmax": lambda: fitted(network(C, "softmax"), "sparse_categorical_crossentropy", LABELS, metrics=["accuracy"]),
    "one-hot": lambda: fitted(network(C, "softmax"), "categorical_crossentropy", np.eye(C)[LABELS], metrics=["acc"]),
    "soft targets": lambda: fitted(
        network(C, "softmax"), "categorical_crossentropy", np.full((N, C), 1 / C), metrics=["accuracy"]
    ),
    "logits": lambda: fitted(network(C), losses.SparseCategoricalCrossentropy(from_logits=True), LABELS),
    "several classes": lambda: fitted(network(C, "sigmoid"), "binary_crossentropy", np.eye(C)[LABELS]),
    "sigmoid": lambda: fitted(network(1, "sigmoid"), "binary_crossentropy", LABELS % 2, metrics=["accuracy", "auc"]),
    "mse of classes": lambda: fitted(network(C, "softmax"), "mse", np.eye(C)[LABELS], metrics=["accuracy"]),
    "regression": lambda: fitted(network(1), "mse", rng.normal(size=N), metrics=["mae", "r2_score"]),
    "to_categorical": lambda: fitted(network(C, "softmax"), "categorical_crossentropy", utils.to_categorical(LABELS)),
}


@pytest.mark.parametrize("case", RIGHT)
def test_no_warning_for_what_is_right(case):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        RIGHT[case]()
