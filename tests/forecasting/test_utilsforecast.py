"""The frames of cross-validation go into the metrics of utilsforecast as they are."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest

from recurra.forecasting import Forecaster, models
from tests.forecasting.tables import long_table

pandas = pytest.importorskip("pandas")
evaluation = pytest.importorskip("utilsforecast.evaluation")
utils_losses = pytest.importorskip("utilsforecast.losses")


def frames(**asked: Any) -> tuple[Any, Any]:
    table = pandas.DataFrame(long_table({"a": 60, "b": 50}))
    model = models.NLinear(epochs=2, steps_per_epoch=5)
    made = Forecaster(["Naive", model], freq="h", horizon=4, input_size=12)
    return table, made.cross_validation(table, n_windows=2, refit=False, **asked)


def test_errors_of_points() -> None:
    table, found = frames()
    metrics = [utils_losses.mae, partial(utils_losses.mase, seasonality=6)]
    scores = evaluation.evaluate(found.drop(columns="cutoff"), metrics, train_df=table)
    mae = scores[(scores["metric"] == "mae") & (scores["unique_id"] == "a")]["Naive"].item()
    a = found[found["unique_id"] == "a"]
    np.testing.assert_allclose(mae, np.abs(a["Naive"] - a["y"]).mean())
    assert np.isfinite(scores[["Naive", "NLinear"]]).all(axis=None)


def test_coverage_of_intervals() -> None:
    table, found = frames(level=[80])
    scores = evaluation.evaluate(found.drop(columns="cutoff"), [utils_losses.coverage], level=[80], train_df=table)
    a = found[found["unique_id"] == "a"]
    expected = ((a["Naive-lo-80"] <= a["y"]) & (a["y"] <= a["Naive-hi-80"])).mean()
    np.testing.assert_allclose(scores[scores["unique_id"] == "a"]["Naive"].item(), expected)
