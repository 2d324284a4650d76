"""models="auto": what is tried, who wins, and what is said about it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from recurra.forecasting import Forecaster, ladder, models
from tests.forecasting.tables import long_table


def quick(kind: Any, **settings: Any) -> Any:
    """A class of models with small settings."""

    def make() -> Any:
        return kind(**settings)

    return make


@pytest.fixture(autouse=True)
def small_ladder(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {"epochs": 8, "steps_per_epoch": 30, "learning_rate": 0.01, "batch_size": 32}
    rungs = (
        models.SeasonalNaive,
        models.Naive,
        quick(models.NLinear, **settings),
        quick(models.GRU, units=1, **settings | {"epochs": 1}),
    )
    monkeypatch.setattr(ladder, "LADDER", rungs)


def auto(**options: Any) -> Forecaster:
    return Forecaster("auto", **{"freq": "h", "horizon": 3, "input_size": 12} | options)


def test_the_best_model_is_kept_beside_the_seasonal_naive_forecast() -> None:
    """A season that the frequency does not suggest: the linear map finds it."""
    made = auto(season_length=5).fit(long_table({"a": 150, "b": 120}))
    ranking = made.ranking
    assert ranking[0]["model"] == "NLinear"
    assert sorted(row["model"] for row in ranking) == ["GRU", "NLinear", "Naive", "SeasonalNaive"]
    assert ranking[0]["mase"] == min(row["mase"] for row in ranking)
    assert ranking[0]["against_seasonal_naive"] < 1
    assert list(made.predict(level=[80]))[2:] == [
        *("SeasonalNaive", "SeasonalNaive-lo-80", "SeasonalNaive-hi-80"),
        *("NLinear", "NLinear-lo-80", "NLinear-hi-80"),
    ]
    assert made.verdict.startswith(f"NLinear won: MASE {ranking[0]['mase']:.3f}, ")
    assert made.verdict.endswith(" (4 models on 12 cutoffs)")


def test_the_error_is_mase() -> None:
    rng = np.random.default_rng(0)
    y = rng.normal(size=60)
    table = {"unique_id": ["a"] * 60, "ds": np.arange(60), "y": y}
    made = auto(freq=1, season_length=6).fit(table)
    found = next(row for row in made.ranking if row["model"] == "Naive")["mase"]
    errors = [np.abs(y[cut : cut + 3] - y[cut - 1]).mean() for cut in (45, 48, 51, 54, 57)]
    before = y[:45]
    np.testing.assert_allclose(found, np.mean(errors) / np.abs(before[6:] - before[:-6]).mean())


def test_a_baseline_that_is_not_beaten() -> None:
    table = {"unique_id": ["a"] * 80, "ds": np.arange(80), "y": np.tile([1.0, 5.0, 2.0, 9.0], 20)}
    made = auto(freq=1, season_length=4).fit(table)
    assert [model.name for model in made.models] == ["SeasonalNaive"]
    assert made.verdict.startswith("SeasonalNaive was not beaten: MASE 0.000, next ")


def test_no_time() -> None:
    made = auto(time_budget=0).fit(long_table({"a": 60}))
    assert sorted(row["model"] for row in made.ranking) == ["NLinear", "Naive", "SeasonalNaive"]
    assert made.verdict.endswith("no time for GRU)")


def test_cross_validation_chooses_by_what_lies_before() -> None:
    made = auto(time_budget=0)
    table = long_table({"a": 90})
    found = made.cross_validation(table, n_windows=2)
    changed = table | {"y": np.where(np.arange(90) >= 84, 1e6, table["y"])}
    again = made.cross_validation(changed, n_windows=2)
    first = found["cutoff"] == found["cutoff"].min()
    assert list(found) == list(again)
    assert all(np.array_equal(found[name][first], again[name][first]) for name in found if name != "y")
    with pytest.raises(RuntimeError, match="there is no ranking; call fit first, with models='auto'"):
        made.ranking  # noqa: B018


def test_too_short() -> None:
    with pytest.raises(ValueError, match="needs 7 in all; the longest series has 5"):
        auto().fit(long_table({"a": 5}))
