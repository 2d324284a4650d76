"""Figures that layers report by `add_metric`: means over an epoch, names, a training that is taken up again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import recurra
from recurra import layers


class Reporting(recurra.Layer):
    """Reports the first column of its input."""

    def call(self, inputs: Any) -> Any:
        self.add_metric(inputs.numpy()[:, 0], "first")
        return inputs


def data() -> tuple[np.ndarray, np.ndarray]:
    x = np.arange(10, dtype="float32").reshape(10, 1)
    return x, np.zeros((10, 1), "float32")


def model_of(*stack: Any) -> Any:
    model = recurra.Sequential([recurra.Input((1,)), *stack])
    model.compile("sgd", "mse", metrics=["mae"])
    return model


def test_a_mean_over_all_samples_of_an_epoch() -> None:
    x, y = data()
    model = model_of(Reporting(), layers.Dense(1))
    history = model.fit(x, y, batch_size=4, epochs=2, validation_data=(x[:2], y[:2]), verbose=0).history
    assert history["first"] == [4.5, 4.5]
    assert history["val_first"] == [0.5, 0.5]
    assert model.metrics_names == ["loss", "mae", "first"]
    assert model.evaluate(x, y, verbose=0)[2] == 4.5
    assert model.evaluate(x, y, verbose=0, return_dict=True)["first"] == 4.5
    model.reset_metrics()
    assert model.get_metrics_result()["first"] == 0


def test_layers_of_one_name_are_numbered_and_calls_of_one_layer_are_added_up() -> None:
    x, y = data()
    double = layers.Lambda(lambda t: 2 * t)
    figures = model_of(Reporting(), double, Reporting()).evaluate(x, y, verbose=0, return_dict=True)
    assert (figures["first"], figures["first_1"]) == (4.5, 9.0)
    twice = Reporting()
    source = recurra.Input((1,))
    model = recurra.Model(source, twice(2 * twice(source)))
    model.compile("sgd", "mse")
    figures = model.evaluate(x, y, verbose=0, return_dict=True)
    assert figures["first"] == pytest.approx(6.75)
    assert "first_1" not in figures


def test_an_interrupted_epoch_goes_on_with_its_figures(tmp_path: Path) -> None:
    x, y = data()

    class Stop(Exception):
        pass

    class Stopping(recurra.callbacks.Callback):
        at: int | None = 1

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            if batch == self.at:
                raise Stop

    def fit(stopping: Stopping) -> dict[str, list[float]]:
        backup = recurra.callbacks.BackupAndRestore(tmp_path / "backup", save_freq=1)
        model = model_of(Reporting(), layers.Dense(1))
        return model.fit(x, y, batch_size=3, shuffle=False, callbacks=[backup, stopping], verbose=0).history

    with pytest.raises(Stop):
        fit(Stopping())
    rest = Stopping()
    rest.at = None
    assert fit(rest)["first"] == [4.5]
