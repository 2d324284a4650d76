"""The forecasting experiment: spans of time, series with and without faults, parts, errors, saved models."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import numpy as np
import pytest

from recurra.datasets.csv_file import Table, read_csv
from recurra.forecasting import (
    NETWORKS,
    ColumnForecaster,
    Experiment,
    Settings,
    rows_of,
    series_from_table,
    split_rows,
    unit_of,
    written,
)

HOUR = 3600.0


@pytest.mark.parametrize(
    ("span", "interval", "rows"),
    [
        ("720", None, 720),
        (6, 600, 6),
        ("5d", 600, 720),
        ("1h", 600, 6),
        ("24 h", 3600, 24),
        ("1.5h", 1800, 3),
        ("30min", 600, 3),
        ("2w", 86400, 14),
        ("90s", 30, 3),
        ("0", None, 0),
    ],
)
def test_spans_in_rows(span, interval, rows) -> None:
    assert rows_of(span, interval, "--x") == rows


@pytest.mark.parametrize(
    ("span", "interval", "message"),
    [
        ("5 days", 600, "--x: '5 days' is neither rows"),
        ("", 600, "neither rows"),
        ("-3", 600, "neither rows"),
        ("5m", 600, "neither rows"),
        ("1h", None, "the series has no dates"),
        ("25min", 600, r"'25min' is 2\.500 rows at one row every 10 min"),
        ("1.5", None, r"'1\.5' is 1\.500 rows; give a whole number"),
    ],
)
def test_spans_that_are_refused(span, interval, message) -> None:
    with pytest.raises(ValueError, match=message):
        rows_of(span, interval, "--x")


def test_spans_for_people() -> None:
    seconds = (600, HOUR, 86400, 5 * 86400, 5400, 0, 1.5)
    assert [written(s) for s in seconds] == ["10 min", "1 h", "24 h", "5 d", "90 min", "0 s", "1.5 s"]


def test_units_in_names() -> None:
    names = ["T (degC)", "wd (deg)", "rho (g/m**3)", "SWDR [W/m²]", "TEMP"]
    assert [unit_of(name) for name in names] == ["°C", "°", "g/m**3", "W/m²", ""]


def table(rows: int = 100, **columns: np.ndarray) -> Table:
    x = np.random.default_rng(2).normal(size=(rows, 2))
    values = np.column_stack([x, *columns.values()])
    return Table("made up", ("a", "b", *columns), values, 1e9 + HOUR * np.arange(rows), ("word",))


def test_columns_are_chosen() -> None:
    everything = table(No=np.arange(100.0) + 5)
    series = series_from_table(everything, "b")
    assert series.names == ("a", "b")
    assert series.interval == HOUR
    assert "text columns are ignored: word" in series.notices
    assert "columns that only count rows are ignored: No" in series.notices
    assert series_from_table(everything, "b", ["b", "No"]).names == ("b", "No")
    assert series_from_table(everything, "b", ["a"]).names == ("a", "b")
    assert series_from_table(everything, "b", drop=["a", "word"]).names == ("b",)
    for arguments in ({"target": "c"}, {"target": "a", "features": ["c"]}, {"target": "a", "drop": ["c"]}):
        with pytest.raises(ValueError, match="there is no column 'c'"):
            series_from_table(everything, **arguments)
    with pytest.raises(ValueError, match="target 'a' cannot be dropped"):
        series_from_table(everything, "a", drop=["a"])


def with_times(times: np.ndarray) -> Table:
    plain = table(len(times))
    return Table(plain.source, plain.names, plain.values, times)


def test_times_in_unequal_steps() -> None:
    times = 1e9 + HOUR * np.arange(100)
    gap = with_times(np.delete(np.append(times, times[-1] + HOUR), 40))
    with pytest.raises(ValueError, match=r"1 of 99 steps differ, .* \(rows 40 and 41\); fill in the missing rows"):
        series_from_table(gap, "a")
    ignored = series_from_table(gap, "a", irregular="ignore")
    assert len(ignored) == 100
    assert "rows are counted as if they were" in ignored.notices[0]
    with pytest.raises(
        ValueError, match=r"column 'a' is missing 1 of 101 values \(longest gap: 1 row; first missing: row 41"
    ):
        series_from_table(gap, "a", irregular="fill")
    filled = series_from_table(gap, "a", irregular="fill", missing="interpolate")
    np.testing.assert_allclose(filled.values[40], (filled.values[39] + filled.values[41]) / 2)
    np.testing.assert_array_equal(np.diff(filled.times), HOUR)

    double = times.copy()
    double[50] = double[49]
    for irregular in ("refuse", "fill"):
        with pytest.raises(
            ValueError, match=r"1 row has the time of another .* \(rows 50 and 51\); keep one of the rows"
        ):
            series_from_table(with_times(double), "a", irregular=irregular)
    with pytest.raises(ValueError, match="filling would make"):
        series_from_table(with_times(np.append(times[:-1], times[-1] + 1e9 * HOUR)), "a", irregular="fill")
    with pytest.raises(ValueError, match="the file has one row"):
        series_from_table(with_times(times[:1]), "a")


def test_series_without_dates_counts_rows() -> None:
    plain = table()
    series = series_from_table(Table("x", plain.names, plain.values), "a")
    assert series.interval is None
    assert series.time_after(3) is None
    assert "there are no dates" in series.notices[0]


def test_missing_values() -> None:
    holes = table()
    holes.values[10:13, 1] = np.nan
    holes.values[20, 0] = np.nan
    with pytest.raises(
        ValueError, match=r"'a' is missing 1 of 100 values.*; fill them .* or leave out the column \(--drop 'a'\)$"
    ):
        series_from_table(holes, "b")
    with pytest.raises(
        ValueError, match=r"column 'b' is missing 3 .*longest gap: 3 rows.*fill them \(--max-gap 3 --missing forward\)"
    ):
        series_from_table(holes, "b", missing="forward", max_gap=2)
    series = series_from_table(holes, "b", missing="forward", max_gap=3)
    np.testing.assert_array_equal(series.values[10:13, 1], holes.values[9, 1])
    assert np.isnan(holes.values[10, 1])
    assert "missing values were filled with the last value before them: 1 in a, 3 in b" in series.notices[-1]


def test_split() -> None:
    assert split_rows(43824, (60, 20, 20)) == (26294, 8765)
    assert split_rows(10, (1, 1, 2)) == (2, 3)
    for shares in ((60, 40), (60, 40, 0), (1, 1, 1, 1)):
        with pytest.raises(ValueError, match="three positive shares"):
            split_rows(100, shares)


def wave(rows: int = 900) -> Table:
    """A daily wave on top of a slow one; tomorrow follows from the last day."""
    hours = np.arange(rows)
    noise = np.random.default_rng(4).normal(size=(rows, 2)) * 0.02
    values = np.column_stack([np.sin(hours * 2 * np.pi / 20), 5 + 3 * np.cos(hours * 2 * np.pi / 20)]) + noise
    return Table("waves", ("s", "T (degC)"), values, 1e9 + HOUR * hours)


def settings(**changes: object) -> Settings:
    standard = {"target": "T (degC)", "lookback": 12, "step": 2, "horizon": 5, "split": (500, 200), "model": "dense"}
    return Settings(**{**standard, "epochs": 3, "steps": 60, "batch_size": 32, "units": 16, **changes})


def test_parts_statistics_and_baseline() -> None:
    series = series_from_table(wave(), "T (degC)")
    experiment = Experiment(series, settings())
    np.testing.assert_allclose(experiment.mean, series.values[:500].mean(axis=0))
    np.testing.assert_allclose(experiment.std, series.values[:500].std(axis=0))
    assert (experiment.scale, experiment.unit) == (experiment.std[1], "°C")
    for part, low, high in (("validation", 500, 700), ("test", 700, 900)):
        rows = range(low + 10, high - 5)
        raw = series.values[:, 1]
        naive = experiment.baselines()["naive (last value)"][part]
        assert naive == pytest.approx(
            np.mean([abs(raw[row + 5] - raw[row]) for row in rows]) / experiment.scale, rel=1e-5
        )
        daily = experiment.baselines()["seasonal naive (day)"][part]
        assert daily == pytest.approx(
            np.mean([abs(raw[row + 5] - raw[row - 19]) for row in rows]) / experiment.scale, rel=1e-5
        )
        y = np.concatenate([y for _, y in experiment.source(part)])
        np.testing.assert_array_equal(y, experiment.truth(part))
        assert len(y) == len(rows)
    change = Experiment(series, settings(predict_change=True))
    y = np.concatenate([y for _, y in change.source("test")])
    np.testing.assert_allclose(y, change.truth("test") - change.naive(change.rules[0], "test"), atol=1e-6)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"split": (500, 15)}, "the validation split has rows 500 to 515 of 900"),
        ({"split": (500, 395)}, "the test split has rows 895 to 900"),
        ({"split": (900, 100)}, "the validation split has rows 900 to 1000 of 900"),
        ({"target": "x"}, "unknown column of waves 'x'"),
        ({"model": "transformer"}, "unknown model 'transformer'; known are bigru"),
        ({"units": 0}, "units must be an integer from 1 to 1000000, got 0"),
    ],
)
def test_settings_that_do_not_fit(changes, message) -> None:
    with pytest.raises(ValueError, match=message):
        Experiment(series_from_table(wave(), "T (degC)"), settings(**changes))


def test_columns_that_never_change() -> None:
    flat = table(700, c=np.full(700, 3.0))
    experiment = Experiment(series_from_table(flat, "a"), settings(target="a", split=(500, 100)))
    assert experiment.constant == ["c"]
    assert np.isfinite(experiment.data).all()
    with pytest.raises(ValueError, match="the target 'c' never changes"):
        Experiment(series_from_table(flat, "c"), settings(target="c", split=(500, 100)))


@pytest.mark.parametrize("changes", [False, True])
@pytest.mark.parametrize("model", ["dense", "gru", "reversed-gru"])
def test_a_network_learns_saves_and_forecasts_alike(tmp_path, model, changes) -> None:
    series = series_from_table(wave(), "T (degC)")
    chosen = settings(model=model, predict_change=changes, relative=changes, learning_rate=5e-3)
    experiment = Experiment(series, chosen)
    run = experiment.train(seed=1, verbose=0)
    assert min(run.history["val_loss"]) == pytest.approx(run.errors["validation"], rel=1e-4)
    assert run.history["val_loss"].index(min(run.history["val_loss"])) == run.best_epoch - 1
    assert run.errors["test"] < 0.5 * experiment.baselines()["naive (last value)"]["test"]
    again = experiment.train(seed=1, verbose=0)
    assert again.errors == run.errors

    experiment.save(run, tmp_path / "folder" / "model.safetensors")
    forecaster = ColumnForecaster(tmp_path / "folder" / "model.safetensors")
    forecast = forecaster.forecast(series)
    assert forecast.rows[0] == 10 + 5
    assert forecast.rows[-1] == len(series) + 4
    at = experiment.rows("test") - 10
    expected = experiment.forecast(run.model, "test") * experiment.scale + experiment.mean[1]
    np.testing.assert_allclose(forecast.values[at], expected, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(forecast.actual[at], series.values[experiment.rows("test") + 5, 1])
    newest = experiment.rows("test")
    np.testing.assert_array_equal(forecast.naive["naive (last value)"][at], series.values[newest, 1])
    np.testing.assert_array_equal(forecast.naive["seasonal naive (day)"][at], series.values[newest - 19, 1])
    assert np.isnan(forecast.actual[-5:]).all()
    assert not np.isnan(forecast.actual[:-5]).any()

    forecaster.write(forecast, series, tmp_path / "forecast.csv")
    with (tmp_path / "forecast.csv").open(encoding="utf-8") as file:
        lines = list(csv.reader(file))
    assert lines[0] == ["time", "forecast of T (degC)", "T (degC)"]
    assert lines[1][0] == "2001-09-09 16:46:40"
    assert lines[-1][2] == ""
    assert len(lines) == len(forecast.rows) + 1
    back = read_csv(tmp_path / "forecast.csv")
    np.testing.assert_array_equal(np.diff(back.times), HOUR)
    np.testing.assert_allclose(back.values[:, 0], forecast.values, rtol=1e-5)


def test_forecaster_refuses_what_does_not_fit(tmp_path) -> None:
    from recurra import Input, Sequential, layers
    from recurra.saving import save_model

    series = series_from_table(wave(), "T (degC)")
    experiment = Experiment(series, settings(epochs=0))
    experiment.save(experiment.train(verbose=0), tmp_path / "model")
    forecaster = ColumnForecaster(tmp_path / "model")
    with pytest.raises(ValueError, match=r"missing: \['s'\]"):
        forecaster.forecast(series_from_table(wave(), "T (degC)", drop=["s"]))
    slower = Table("slow", wave().names, wave().values, wave().times * 2)
    with pytest.raises(ValueError, match="trained on one row every 1 h, this file has one every 2 h"):
        forecaster.forecast(series_from_table(slower, "T (degC)"))
    with pytest.raises(ValueError, match="10 rows are fewer than the 11 of one window"):
        forecaster.forecast(series_from_table(wave(10), "T (degC)"))
    assert len(forecaster.forecast(series_from_table(wave(11), "T (degC)")).rows) == 1

    model = Sequential([Input((3,)), layers.Dense(1)])
    save_model(model, tmp_path / "other")
    with pytest.raises(ValueError, match="not trained by 'recurra forecast'"):
        ColumnForecaster(tmp_path / "other")
    for garbled in (
        {"columns": [1]},
        {"lookback": "12"},
        {"step": 5},
        {"target": "x"},
        {"mean": [1.0]},
        {"unit": None},
        {"horizon": 0},
        {"spacing": {"count": 1.0, "unit": "fortnight"}},
        {"spacing": {"count": -1.0, "unit": "second"}},
        {"seen": {"dated": True, "places": [1.0], "values": [], "last": 1.0}},
        {"seen": []},
    ):
        save_model(model, tmp_path / "bad", metadata={"forecasting": {**forecaster.about, **garbled}})
        with pytest.raises(ValueError, match=r"bad: its description of the (forecasting|spacing|rows seen)"):
            ColumnForecaster(tmp_path / "bad")


def test_naive_is_not_trained() -> None:
    experiment = Experiment(series_from_table(wave(), "T (degC)"), settings(model="naive"))
    with pytest.raises(ValueError, match="'naive' is not trained"):
        experiment.train()


@pytest.mark.parametrize("name", [name for name, network in NETWORKS.items() if network.build])
def test_every_network_maps_windows_to_one_number(name) -> None:
    model = NETWORKS[name].build(40, 3, 4)
    windows = np.random.default_rng(0).normal(size=(5, 40, 3)).astype(np.float32)
    assert np.asarray(model.predict(windows, verbose=0)).shape == (5, 1)


def real(name: str) -> Path | None:
    folder = os.environ.get("RECURRA_DATA")
    path = Path(folder or "") / name
    return path if folder and path.is_file() else None


@pytest.mark.skipif(
    real("beijing_pm25_2010_2014.csv.gz") is None, reason="needs beijing_pm25_2010_2014.csv.gz in RECURRA_DATA"
)
def test_naive_forecasts_in_beijing() -> None:
    features = ["DEWP", "TEMP", "PRES", "Iws", "Is", "Ir"]
    series = series_from_table(read_csv(real("beijing_pm25_2010_2014.csv.gz"), columns=features), "TEMP")
    split = split_rows(len(series), (60, 20, 20))
    # 25 hours after the newest one: the classic delay of 24 hours.
    last = Experiment(series, Settings("TEMP", 120, 1, 25, split)).baselines()["naive (last value)"]
    assert last == pytest.approx({"validation": 0.22498, "test": 0.22847}, abs=1e-5)
    last = Experiment(series, Settings("TEMP", 120, 1, 24, split)).baselines()["naive (last value)"]
    assert last == pytest.approx({"validation": 0.2142, "test": 0.2145}, abs=1e-4)


@pytest.mark.skipif(
    real("jena_mpi_roof_2024_part.csv.gz") is None, reason="needs jena_mpi_roof_2024_part.csv.gz in RECURRA_DATA"
)
def test_naive_forecasts_in_jena_2024() -> None:
    series = series_from_table(read_csv(real("jena_mpi_roof_2024_part.csv.gz")), "T (degC)")
    split = split_rows(len(series), (60, 20, 20))
    experiment = Experiment(series, Settings("T (degC)", 720, 6, 144 + 6, split))
    last = experiment.baselines()["naive (last value)"]
    assert last == pytest.approx({"validation": 0.48382, "test": 0.55908}, abs=1e-5)
