"""Callbacks: when they are called, what they change, what they write; a killed training goes on with the same bits."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from recurra import Input, Sequential, callbacks, layers, optimizers, random
from recurra.callbacks.files import read_backup
from tests.support.pretended_figures import Figures

rng = np.random.default_rng(0)
X = rng.normal(size=(40, 3)).astype("float32")
Y = (X @ np.array([[1.0], [-2.0], [0.5]])).astype("float32")


def linear(optimizer="sgd", dropout=False):
    inner = [layers.Dropout(0.5), layers.Dropout(0.3, seed=5)] if dropout else []
    model = Sequential([Input((3,)), *inner, layers.Dense(1, kernel_initializer="zeros")])
    model.compile(optimizer, "mse", metrics=["mae"])
    return model


def test_order_of_calls():
    calls = []
    hooks = [name for name in dir(callbacks.Callback) if name.startswith("on_") and "batch_begin" not in name]
    recorder = callbacks.LambdaCallback(**{name: lambda *a, name=name: calls.append(name) for name in hooks})
    linear().fit(X, Y, batch_size=20, validation_data=(X, Y), verbose=0, callbacks=[recorder])
    steps = ["on_train_batch_end"] * 2
    test = ["on_test_begin", "on_test_batch_end", "on_test_batch_end", "on_test_end"]
    assert calls == ["on_train_begin", "on_epoch_begin", *steps, *test, "on_epoch_end", "on_train_end"]
    calls.clear()
    linear().predict(X, verbose=0, callbacks=[recorder])
    assert calls == ["on_predict_begin", "on_predict_batch_end", "on_predict_batch_end", "on_predict_end"]


def test_old_batch_names_and_params():
    seen = []

    class Old(callbacks.Callback):
        def on_batch_end(self, batch, logs=None):
            seen.append((batch, sorted(logs), self.params["steps"], self.params["epochs"]))

    linear().fit(X, Y, batch_size=20, verbose=0, callbacks=Old())
    assert seen == [(0, ["loss", "mae"], 2, 1), (1, ["loss", "mae"], 2, 1)]


@pytest.mark.parametrize(
    ("arguments", "figures", "epochs"),
    [
        ({"patience": 2}, [5, 4, 4, 4, 3, 2], 4),
        ({"patience": 0}, [5, 4, 4, 3, 2, 1], 3),
        ({"patience": 2, "min_delta": 0.5}, [5, 4.8, 4.7, 4.6, 4, 1], 3),
        ({"patience": 2, "mode": "max"}, [1, 2, 3, 2, 2, 9], 5),
        ({"patience": 2, "baseline": 3.5}, [5, 4, 4, 1, 1, 1], 3),
        ({"patience": 1, "start_from_epoch": 3}, [1, 2, 3, 4, 5, 6], 5),
    ],
)
def test_early_stopping(arguments, figures, epochs):
    stop = callbacks.EarlyStopping(monitor="figure", **{"mode": "min"} | arguments)
    history = linear().fit(X, Y, epochs=6, verbose=0, callbacks=[Figures(figure=figures), stop])
    assert len(history.epoch) == epochs


def test_early_stopping_puts_the_best_weights_back():
    model, kept = linear(), []
    keep = callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: kept.append(model.get_weights()[0].copy()))
    stop = callbacks.EarlyStopping("figure", patience=2, mode="min", restore_best_weights=True)
    model.fit(X, Y, epochs=9, verbose=0, callbacks=[Figures(figure=[3, 1, 2, 2, 2]), keep, stop])
    assert len(kept) == 4
    np.testing.assert_array_equal(model.get_weights()[0], kept[1])


def test_missing_figure_warns():
    with pytest.warns(UserWarning, match="there is no 'val_loss' to watch; available: loss, mae"):
        linear().fit(X, Y, verbose=0, callbacks=[callbacks.EarlyStopping()])


def test_reduce_rate_on_plateau():
    reduce = callbacks.ReduceLROnPlateau("figure", mode="min", factor=0.5, patience=1, cooldown=2, min_lr=0.2)
    history = linear(optimizers.SGD(1.0)).fit(
        X * 0, Y, epochs=9, verbose=0, callbacks=[Figures(figure=[1.0] * 9), reduce]
    )
    assert history.history["learning_rate"] == [1.0, 1.0, 0.5, 0.5, 0.25, 0.25, 0.2, 0.2, 0.2]


def test_learning_rate_scheduler():
    model = linear(optimizers.SGD(1.0))
    halve = callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2)
    history = model.fit(X, Y, epochs=3, verbose=0, callbacks=[halve])
    assert history.history["learning_rate"] == [0.5, 0.25, 0.125]
    history = model.fit(
        X, Y, epochs=2, verbose=0, callbacks=[callbacks.LearningRateScheduler(lambda epoch: epoch / 10)]
    )
    assert history.history["learning_rate"] == [0.0, 0.1]


def test_model_checkpoint(tmp_path):
    model = linear()
    path = tmp_path / "new" / "model-{epoch:02d}-{figure:.1f}.safetensors"
    save = callbacks.ModelCheckpoint(path, monitor="figure", mode="min", save_best_only=True, save_weights_only=True)
    model.fit(X, Y, epochs=4, verbose=0, callbacks=[Figures(figure=[3.0, 4.0, 1.0, 2.0]), save])
    names = sorted(file.name for file in path.parent.iterdir())
    assert names == ["model-01-3.0.safetensors", "model-03-1.0.safetensors"]
    other = linear()
    other.load_weights(path.parent / names[1])
    assert (other.get_weights()[0] != 0).any()
    every = callbacks.ModelCheckpoint(tmp_path / "batch-{batch}.safetensors", save_freq=2)
    model.fit(X, Y, batch_size=10, verbose=0, callbacks=[every])
    assert sorted(file.name for file in tmp_path.glob("batch*")) == ["batch-2.safetensors", "batch-4.safetensors"]
    with pytest.raises(ValueError, match="asks for 'val_acc'; available: epoch, loss, mae"):
        model.fit(X, Y, verbose=0, callbacks=[callbacks.ModelCheckpoint(tmp_path / "{val_acc}.safetensors")])


def test_csv_logger(tmp_path):
    path = tmp_path / "log.csv"
    model = linear()
    first = model.fit(
        X, Y, epochs=2, verbose=0, validation_data=(X, Y), validation_freq=2, callbacks=[callbacks.CSVLogger(path)]
    )
    model.fit(X, Y, epochs=3, initial_epoch=2, verbose=0, callbacks=[callbacks.CSVLogger(path, append=True)])
    with path.open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["epoch", "loss", "mae", "val_loss", "val_mae"]
    assert [row[0] for row in rows[1:]] == ["0", "1", "2"]
    assert float(rows[2][1]) == first.history["loss"][1]
    assert rows[1][3] == "NA"


class Kill(callbacks.Callback):
    """Dies like a process would: after a number of batches of all."""

    def __init__(self, after):
        super().__init__()
        self.left = after

    def on_train_batch_begin(self, batch, logs=None):
        self.left -= 1
        if self.left < 0:
            raise RuntimeError("killed")


@pytest.mark.parametrize("frequency", ["epoch", 1, 3])
@pytest.mark.parametrize("killed_after", [2, 6, 9])
@pytest.mark.parametrize("steps", [None, 3])
def test_killed_training_goes_on_with_the_same_bits(tmp_path, frequency, killed_after, steps):
    def train(extra, seed):
        random.set_seed(seed)
        model = linear("adam", dropout=True)
        watch = callbacks.ReduceLROnPlateau("val_loss", factor=0.5, patience=1, min_delta=10.0)
        history = model.fit(
            X,
            Y,
            batch_size=10,
            epochs=4,
            steps_per_epoch=steps,
            validation_split=0.1,
            verbose=0,
            callbacks=[watch, *extra],
        )
        return model, history

    whole, expected = train([callbacks.LambdaCallback()], 1)
    backup = callbacks.BackupAndRestore(tmp_path, save_freq=frequency)
    with pytest.raises(RuntimeError, match="killed"):
        train([backup, Kill(killed_after)], 1)
    # What the dead process had drawn is gone with it: the next one starts from another state.
    seed = 99 if backup.path.exists() else 1
    again, history = train(
        [callbacks.BackupAndRestore(tmp_path, save_freq=frequency), callbacks.LambdaCallback()], seed
    )
    assert history.epoch == expected.epoch
    assert history.history == expected.history
    for a, b in zip(whole.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert not backup.path.exists()


@pytest.mark.parametrize("truncate", [None, (2, 4)])
@pytest.mark.parametrize("killed_after", [2, 3, 5])
def test_carried_states_go_on_too(tmp_path, truncate, killed_after):
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(6, 7, 3)), rng.normal(size=(6, 7, 2))

    def train(extra):
        random.set_seed(1)
        cells = [layers.GRUCell(2), layers.LSTMCell(2)]
        model = Sequential([Input((None, 3)), layers.RNN(cells, return_sequences=True, stateful=True)])
        model.compile("sgd", "mse")
        options = {"batch_size": 2, "epochs": 2, "shuffle": False, "verbose": 0, "truncate": truncate}
        return model, model.fit(x, y, callbacks=extra, **options).history

    whole, expected = train([callbacks.LambdaCallback()])
    with pytest.raises(RuntimeError, match="killed"):
        train([callbacks.BackupAndRestore(tmp_path, save_freq=1), Kill(killed_after)])
    again, history = train([callbacks.BackupAndRestore(tmp_path, save_freq=1), callbacks.LambdaCallback()])
    assert history == expected
    for a, b in zip(whole.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_backup_of_another_model_and_damaged_backup(tmp_path):
    with pytest.raises(RuntimeError, match="killed"):
        linear().fit(
            X, Y, epochs=3, batch_size=20, verbose=0, callbacks=[callbacks.BackupAndRestore(tmp_path), Kill(3)]
        )
    other = Sequential([Input((3,)), layers.Dense(2), layers.Dense(1)])
    other.compile("sgd", "mse")
    weights = other.get_weights()
    with pytest.raises(ValueError, match="another"):
        other.fit(X, Y, verbose=0, callbacks=[callbacks.BackupAndRestore(tmp_path), callbacks.LambdaCallback()])
    for a, b in zip(weights, other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    path = tmp_path / "training.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ValueError, match="not an intact backup"):
        read_backup(path)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda: callbacks.EarlyStopping(mode="least"),
            ValueError,
            "mode must be one of 'auto', 'min', 'max', got 'least'",
        ),
        (lambda: callbacks.ReduceLROnPlateau(factor=1.0), ValueError, "factor must be between 0 and 1"),
        (lambda: callbacks.ModelCheckpoint("x", save_freq="batch"), ValueError, "save_freq must be"),
        (
            lambda: callbacks.LambdaCallback(on_epoch=print),
            TypeError,
            "no argument 'on_epoch'; did you mean 'on_epoch_end'",
        ),
        (
            lambda: linear().fit(X, Y, verbose=0, callbacks=[callbacks.LearningRateScheduler(lambda e: "fast")]),
            TypeError,
            "must return a number, got str",
        ),
    ],
)
def test_bad_arguments(make, error, message):
    with pytest.raises(error, match=message):
        make()
