"""The forecaster: covariates, intervals, cross-validation, what stays as it was, what is refused."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

from recurra.forecasting import Forecaster, models
from recurra.forecasting.store import thinned
from tests.forecasting.tables import long_table, promo, rows_of

FAST: dict[str, Any] = {"epochs": 3, "steps_per_epoch": 30, "batch_size": 32, "learning_rate": 0.01}


def forecaster(model: Any = None, **options: Any) -> Forecaster:
    model = models.NLinear(**FAST) if model is None else model
    return Forecaster(model, **{"freq": "h", "horizon": 4, "input_size": 12} | options)


def future_of(table: dict[str, Any], horizon: int, step: int = 200) -> dict[str, Any]:
    """The covariate of `long_table` for the steps that follow."""
    names = np.unique(table["unique_id"])
    steps = np.arange(step, step + horizon)
    return {
        "unique_id": np.repeat(names, horizon),
        "ds": np.tile(np.datetime64("2024-03-01T00", "h") + steps, len(names)),
        "promo": np.tile(promo(steps), len(names)),
    }


def test_naive_forecasts() -> None:
    table = long_table()
    found = (
        forecaster([models.Naive(), models.SeasonalNaive(6), models.SeasonalNaive(3, alias="third")])
        .fit(table)
        .predict()
    )
    a = table["y"][:120]
    assert found["Naive"][:4].tolist() == [a[-1]] * 4
    assert found["SeasonalNaive"][:4].tolist() == a[-6:-2].tolist()
    assert found["third"][:4].tolist() == [*a[-3:], a[-3]]


def test_one_model_learns_series_of_all_scales() -> None:
    """Better than the naive forecast on each, also on one that is shorter than a window."""
    table = long_table(seed=3)
    found = forecaster([models.Naive(), models.NLinear(**FAST | {"epochs": 8})]).cross_validation(table)
    for name, scale in (("a", 1), ("b", 10), ("c", 100)):
        rows = found["unique_id"] == name
        errors = {model: np.abs(found[model] - found["y"])[rows].mean() / scale for model in ("Naive", "NLinear")}
        assert rows.sum() == 4
        assert errors["NLinear"] < max(errors["Naive"], 1.5)


def test_scaling_is_undone() -> None:
    """Series shifted and stretched give forecasts shifted and stretched alike, intervals included."""
    table = long_table({"a": 80})
    other = table | {"y": 1000.0 + 50.0 * table["y"]}
    for scaling in ("standard", "robust"):
        made = [forecaster(scaling=scaling).fit(each).predict(level=[80]) for each in (table, other)]
        for name in ("NLinear", "NLinear-lo-80", "NLinear-hi-80"):
            np.testing.assert_allclose(made[1][name], 1000 + 50 * made[0][name], rtol=1e-4)


@pytest.mark.parametrize("scaling", ["none", "last", "standard", "robust", "mean", "revin"])
def test_scaling_of_windows_is_undone(scaling: str) -> None:
    model = models.NLinear(window_scaling=scaling, **FAST)
    found = forecaster(model, loss="gaussian").fit(long_table({"a": 80, "b": 60})).predict(level=[90])
    assert np.all(found["NLinear-lo-90"] < found["NLinear"])
    assert np.all(found["NLinear"] < found["NLinear-hi-90"])
    assert np.abs(found["NLinear"][:4] - 5.5).max() < 4
    assert np.abs(found["NLinear"][4:] - 55).max() < 40


def test_constant_series() -> None:
    table = long_table({"a": 60}) | {"y": np.full(60, 7.0)}
    for scaling in ("standard", "robust", "mean", "none"):
        found = forecaster(scaling=scaling).fit(table).predict()
        np.testing.assert_allclose(found["NLinear"], 7.0, atol=0.5)


def test_covariates_known_in_the_future_help() -> None:
    table = long_table({"a": 150, "b": 150}, covariate=True)
    model = models.NLinear(**FAST | {"epochs": 10})
    with_future = forecaster(model, futr_exog_list=["promo"], horizon=6).cross_validation(table, n_windows=3)
    without = forecaster(model, hist_exog_list=[], horizon=6).cross_validation(table, n_windows=3)
    a = with_future["unique_id"] == "a"
    error, other = (np.abs(each["NLinear"] - each["y"])[a].mean() for each in (with_future, without))
    assert error < 0.7 * other


def test_future_covariates_are_looked_at() -> None:
    table = long_table({"a": 60, "b": 50}, covariate=True)
    made = forecaster(futr_exog_list=["promo"]).fit(table)
    futr = future_of(table, 4)
    found = made.predict(futr_df=futr)
    turned = made.predict(futr_df=rows_of(futr, np.arange(8)[::-1]))
    assert np.array_equal(turned["NLinear"], found["NLinear"])
    other = made.predict(futr_df=futr | {"promo": 1 - futr["promo"]})
    assert not np.allclose(other["NLinear"], found["NLinear"])
    longer = made.predict(futr_df=future_of(table, 9))
    assert np.array_equal(longer["NLinear"], found["NLinear"])


@pytest.mark.parametrize(
    ("futr", "message"),
    [
        (None, "promo must be known for the 4 steps of the forecast; give futr_df"),
        (lambda one: rows_of(one, np.arange(8) != 6), "no promo of series 'b' at 2024-03-09 10:00; all 4 steps"),
        (lambda one: {k: v for k, v in one.items() if k != "promo"}, "futr_df has no column 'promo'"),
        (
            lambda one: future_of(one, 5, 199),
            "series 'a' has a row at 2024-03-09 07:00, but its data reach to the step",
        ),
        (lambda one: one | {"promo": np.full(8, np.nan)}, "no promo of series 'a'"),
    ],
)
def test_future_covariates_that_are_refused(futr: Any, message: str) -> None:
    table = long_table({"a": 60, "b": 50}, covariate=True)
    made = forecaster(models.NLinear(epochs=1, steps_per_epoch=1), futr_exog_list=["promo"]).fit(table)
    with pytest.raises(ValueError, match=message):
        made.predict(futr_df=None if futr is None else futr(future_of(table, 4)))


def test_static_covariates_and_categories() -> None:
    table = long_table({"a": 60, "b": 50}) | {"weather": np.array(["sun", "rain"] * 55)}
    static = {"unique_id": ["b", "a"], "size": [2.0, 1.0], "kind": ["x", "y"]}
    made = forecaster().fit(table, static_df=static)
    assert made.fitted.trained[0].sizes.static == 3
    assert made.fitted.trained[0].sizes.past == 2
    assert np.isfinite(made.predict()["NLinear"]).all()
    with pytest.raises(
        ValueError, match="column 'weather' holds 'snow', which was not there in fit; known are rain, sun"
    ):
        made.predict(table | {"weather": np.full(110, "snow")}, static_df=static)
    with pytest.raises(ValueError, match=r"static_df has no row for series 'b' .1 of 2 series"):
        forecaster().fit(table, static_df={"unique_id": ["a"], "size": [1.0]})
    with pytest.raises(ValueError, match="give static_df for the series of df"):
        made.predict(table)


def test_other_data() -> None:
    """Newer rows of known series keep the scale of the training; a new series has its own."""
    table = long_table({"a": 100, "b": 90})
    early = rows_of(table, np.append(np.arange(100) < 90, np.ones(90, bool)))
    made = forecaster().fit(early)
    newer = rows_of(table, np.append(np.arange(100) >= 40, np.arange(90) >= 50))
    newer["unique_id"] = np.where(newer["unique_id"] == "b", "new", "a")
    found = made.predict(newer)
    assert found["unique_id"].tolist() == ["a"] * 4 + ["new"] * 4
    assert found["ds"][0] == np.datetime64("2024-03-09T08")
    same = made.predict(rows_of(table, np.arange(190) < 100))
    np.testing.assert_allclose(same["NLinear"], found["NLinear"][:4], rtol=1e-6)
    knowing = forecaster(models.SegRNN(8, series_embedding=True, epochs=1, steps_per_epoch=1)).fit(early)
    with pytest.raises(ValueError, match="SegRNN learned something for each series and does not know 'new'"):
        knowing.predict(newer)


def test_intervals_of_errors_hold_what_they_promise() -> None:
    rng = np.random.default_rng(0)
    table = {"unique_id": np.repeat(["a"], 9000), "ds": np.arange(9000), "y": rng.normal(size=9000)}
    made = Forecaster("Naive", freq=1, horizon=3, input_size=3)
    found = made.cross_validation(table, n_windows=300, refit=False, level=[80])
    inside = (found["Naive-lo-80"] <= found["y"]) & (found["y"] <= found["Naive-hi-80"])
    assert 0.75 < inside.mean() < 0.85
    middle = (found["Naive-lo-80"] + found["Naive-hi-80"]) / 2
    np.testing.assert_allclose(middle, found["Naive"])


def test_levels_and_quantiles_are_the_same_numbers() -> None:
    made = forecaster().fit(long_table())
    levels, quantiles = made.predict(level=[80, 95]), made.predict(quantiles=[0.025, 0.1, 0.5, 0.9, 0.975])
    assert list(levels)[2:] == ["NLinear", "NLinear-lo-80", "NLinear-hi-80", "NLinear-lo-95", "NLinear-hi-95"]
    assert list(quantiles)[3:] == [f"NLinear_ql{q}" for q in ("0.025", "0.1", "0.5", "0.9", "0.975")]
    assert np.array_equal(levels["NLinear-lo-80"], quantiles["NLinear_ql0.1"])
    assert np.array_equal(levels["NLinear-hi-95"], quantiles["NLinear_ql0.975"])
    assert np.array_equal(quantiles["NLinear"], quantiles["NLinear_ql0.5"])
    assert np.all(levels["NLinear-lo-95"] <= levels["NLinear-lo-80"])


def test_cross_validation() -> None:
    table = long_table({"a": 60, "b": 50, "c": 9})
    found = forecaster("Naive").cross_validation(table, n_windows=3, step_size=2, refit=False)
    assert list(found) == ["unique_id", "ds", "cutoff", "y", "Naive"]
    cutoffs = np.unique(found["cutoff"])
    end = table["ds"].max()
    assert cutoffs.tolist() == [end - np.timedelta64(hours, "h") for hours in (8, 6, 4)]
    for cutoff in cutoffs:
        part = rows_of(found, found["cutoff"] == cutoff)
        assert part["unique_id"].tolist() == list("aaaabbbbcccc")
        assert (part["ds"][:4] - cutoff).tolist() == [np.timedelta64(i, "h").item() for i in (1, 2, 3, 4)]
        known = rows_of(table, (table["unique_id"] == "a") & (table["ds"] <= cutoff))
        assert part["Naive"][:4].tolist() == [known["y"][-1]] * 4
        assert part["y"][:4].tolist() == table["y"][:60][table["ds"][:60] > cutoff][:4].tolist()
    again = forecaster("Naive").cross_validation(table, n_windows=3, step_size=2, refit=True)
    assert all(np.array_equal(found[name], again[name]) for name in found)


def test_cross_validation_sees_nothing_of_what_follows() -> None:
    table = long_table({"a": 60, "b": 60})
    changed = table | {"y": table["y"].copy()}
    changed["y"][[58, 59, 118, 119]] += 1000
    for refit in (True, False):
        found = [
            forecaster().cross_validation(each, n_windows=2, step_size=2, refit=refit) for each in (table, changed)
        ]
        first = found[0]["cutoff"] == found[0]["cutoff"].min()
        assert np.array_equal(found[0]["NLinear"][first], found[1]["NLinear"][first])


def test_cross_validation_leaves_the_forecaster_alone() -> None:
    made = forecaster().fit(long_table())
    before = made.predict()["NLinear"]
    made.cross_validation(long_table({"z": 50}))
    assert np.array_equal(made.predict()["NLinear"], before)


def test_same_seed_same_bits() -> None:
    table = long_table()
    made = [
        forecaster(models.GRU(8, epochs=2, steps_per_epoch=3), seed=seed).fit(table).predict() for seed in (1, 1, 2)
    ]
    assert np.array_equal(made[0]["GRU"], made[1]["GRU"])
    assert not np.array_equal(made[0]["GRU"], made[2]["GRU"])


def test_copies_and_pickles_forecast_alike() -> None:
    made = forecaster([models.NLinear(**FAST), models.DeepAR(4, 1, paths=10, **FAST)]).fit(long_table())
    found = made.predict(level=[80])
    for other in (copy.deepcopy(made), pickle.loads(pickle.dumps(made))):
        again = other.predict(level=[80])
        assert all(np.array_equal(again[name], found[name]) for name in found)


def test_many_windows_of_validation_are_thinned() -> None:
    rows = np.arange(1000)
    assert thinned(rows, 1000) is rows
    assert thinned(rows, 5).tolist() == [0, 249, 499, 749, 999]


def test_the_best_epoch_is_kept() -> None:
    made = forecaster(models.NLinear(**FAST | {"learning_rate": 0.5, "epochs": 6, "decay": 1.0})).fit(
        long_table({"a": 120})
    )
    trained = made.fitted.trained[0]
    assert trained.best_epoch == int(np.argmin(trained.history["val_loss"])) + 1
    errors = made.fitted.calibrated(trained).values
    np.testing.assert_allclose(errors.mean(), min(trained.history["val_loss"]), rtol=1e-5)


def test_masked_values_take_no_part() -> None:
    """What stands where a value is missing has no influence: neither on the loss nor on the forecast."""
    table = long_table({"a": 100})
    table["y"][[20, 21, 50, 75]] = np.nan
    made = forecaster(missing="mask").fit(table)
    assert made.fitted.trained[0].sizes.past == 1  # whether a step was observed
    found = made.predict()["NLinear"]
    assert np.isfinite(found).all()
    wild = table | {"y": np.where(np.isnan(table["y"]), np.nan, table["y"])}
    assert np.array_equal(forecaster(missing="mask").fit(wild).predict()["NLinear"], found)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"horizon": 0}, "horizon must be an integer >= 1"),
        ({"input_size": 0}, "input_size must be an integer >= 1"),
        ({"loss": "gausian"}, "unknown loss 'gausian'; did you mean 'gaussian'"),
        ({"scaling": "minmax"}, "scaling must be one of 'standard', 'robust', 'mean', 'none'"),
        ({"missing": "drop"}, "missing must be one of 'error', 'interpolate', 'mask'"),
        ({"duplicates": "sum"}, "duplicates must be one of"),
        ({"models": []}, "models is empty"),
        ({"models": ["SegRN"]}, "unknown model 'SegRN'; did you mean 'SegRNN'"),
        ({"models": ["Naive", "Naive"]}, "two models are named 'Naive'; give one an alias"),
    ],
)
def test_arguments_that_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Forecaster(**{"models": "Naive", "freq": "h", "horizon": 4} | options)


def test_calls_that_are_refused() -> None:
    table = long_table({"a": 40})
    made = forecaster("Naive")
    with pytest.raises(RuntimeError, match="call fit first"):
        made.predict()
    with pytest.raises(TypeError, match="has no argument 'horizn'; did you mean 'horizon'"):
        Forecaster("Naive", freq="h", horizn=3)  # type: ignore[call-arg]
    made.fit(table)
    for level in ([0], [100], [0.8], [-5], ["80"]):
        with pytest.raises(ValueError, match="level"):
            made.predict(level=level)
    with pytest.raises(ValueError, match=r"quantiles must be sorted and different, got \[0.9, 0.1\]; sort them"):
        made.predict(quantiles=[0.9, 0.1])
    with pytest.raises(ValueError, match="quantiles must be a number in"):
        made.predict(quantiles=[0.1, 1.5])
    with pytest.raises(ValueError, match="give level or quantiles, not both"):
        made.predict(level=[80], quantiles=[0.1])
    with pytest.raises(
        ValueError, match="the longest series has 40 rows, but 10 windows of horizon 4, 4 apart, need more"
    ):
        made.cross_validation(table, n_windows=10)
    with pytest.raises(ValueError, match="val_size must be an integer >= 4"):
        made.fit(table, val_size=2)
    with pytest.raises(ValueError, match="futr_df was given, but no covariate is known in the future"):
        made.predict(futr_df=future_of(table, 4))
    with pytest.raises(ValueError, match="df has no column 'promo'"):
        forecaster(futr_exog_list=["promo"]).fit(table)


def test_series_that_are_too_short() -> None:
    short = long_table({"a": 4, "b": 3})
    with pytest.raises(ValueError, match="no series is long enough: NLinear needs 5 rows for horizon 4"):
        forecaster().fit(short)
    assert len(forecaster("Naive").fit(short).predict()["Naive"]) == 8
    barely = forecaster().fit(long_table({"a": 6}))
    with pytest.raises(ValueError, match="intervals of NLinear need a validation part"):
        barely.predict(level=[80])


def test_a_failed_fit_changes_nothing() -> None:
    made = forecaster().fit(long_table())
    before = made.predict()["NLinear"]
    with pytest.raises(ValueError, match="no value of"):
        made.fit(long_table({"z": 50}) | {"y": np.full(50, np.nan)})
    assert np.array_equal(made.predict()["NLinear"], before)
