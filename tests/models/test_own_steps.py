"""What a subclass may override in a training: compute_loss, compute_metrics, train_step, test_step, predict_step."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from recurra import Model, layers, ops

X, Y = np.ones((6, 2), "float32"), np.zeros((6, 1), "float32")


class Base(Model):
    def __init__(self) -> None:
        super().__init__()
        self.dense = layers.Dense(1, kernel_initializer="ones")
        self.compile("sgd", "mse", metrics=["mae"])

    def call(self, inputs: Any) -> Any:
        return self.dense(inputs)


class OwnMetrics(Base):
    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, Any]:
        figures = super().compute_metrics(x, y, y_pred, sample_weight)
        return {**figures, "twice": 2 * figures["mae"]}


class OwnLoss(Base):
    def compute_loss(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None, training: bool = True) -> Any:
        return ops.mean(y_pred - y) * 3.0


class OwnSteps(Base):
    def train_step(self, data: Any) -> dict[str, Any]:
        return {**super().train_step(data), "trained": 1}

    def test_step(self, data: Any) -> dict[str, Any]:
        return {**super().test_step(data), "tested": 2}

    def predict_step(self, data: Any) -> Any:
        return super().predict_step(data) * 10


def everywhere(model: Any) -> list[dict[str, Any]]:
    history = model.fit(X, Y, epochs=1, batch_size=3, verbose=0, validation_data=(X, Y)).history
    return [
        {name: values[-1] for name, values in history.items() if not name.startswith("val_")},
        {name.removeprefix("val_"): values[-1] for name, values in history.items() if name.startswith("val_")},
        model.evaluate(X, Y, verbose=0, return_dict=True),
        model.train_on_batch(X, Y, return_dict=True),
        model.test_on_batch(X, Y, return_dict=True),
    ]


def test_own_metrics_are_reported_everywhere() -> None:
    for figures in everywhere(OwnMetrics()):
        assert list(figures) == ["loss", "mae", "twice"]
        assert figures["twice"] == 2 * figures["mae"]


def test_own_loss_is_reported_everywhere() -> None:
    for figures in everywhere(OwnLoss()):
        assert figures["loss"] == pytest.approx(3 * figures["mae"], rel=1e-5)


def test_own_steps_are_reported_everywhere() -> None:
    model = OwnSteps()
    trained, validated, evaluated, batch, tested = everywhere(model)
    assert trained["trained"] == batch["trained"] == 1
    assert validated["tested"] == evaluated["tested"] == tested["tested"] == 2
    outputs = model(X).numpy() * np.float32(10)
    assert np.array_equal(model.predict(X, verbose=0), outputs)
    assert np.array_equal(model.predict_on_batch(X), outputs)
