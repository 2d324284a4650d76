"""What a forecast promises: the best epoch, no seen rows in a score, dates after the data, missing values left out."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from recurra.datasets.csv_file import Table, read_csv
from recurra.datasets.spacing import Spacing
from recurra.forecasting import ColumnForecaster, Experiment, Settings, series_from_table
from recurra.forecasting.baselines import naive_forecasts, seasons
from recurra.forecasting.suggestions import suggested_spans, suggested_training

HOUR, DAY = 3600.0, 86400.0
START = float(np.datetime64("2024-01-01", "s").astype(np.int64))


def waves(rows: int = 700, seed: int = 4, dated: bool = True, zone: float | None = None) -> Table:
    hours = np.arange(rows)
    noise = np.random.default_rng(seed).normal(size=(rows, 2)) * 0.05
    values = np.column_stack([np.sin(hours * 2 * np.pi / 24), 5 + 3 * np.cos(hours * 2 * np.pi / 24)]) + noise
    return Table("waves", ("s", "load"), values, START + HOUR * hours if dated else None, zone=zone)


def settings(**changes: object) -> Settings:
    standard = {"target": "load", "lookback": 12, "step": 2, "horizon": 5, "split": (420, 140), "model": "dense"}
    return Settings(**{**standard, "epochs": 3, "steps": 30, "batch_size": 32, "units": 8, **changes})


def trained(table: Table, **changes: object) -> tuple[Experiment, ColumnForecaster]:
    experiment = Experiment(series_from_table(table, "load"), settings(**changes))
    return experiment, experiment.forecaster(experiment.train(verbose=0))


def test_the_best_epoch_is_kept_and_training_stops() -> None:
    experiment = Experiment(series_from_table(waves(), "load"), settings(epochs=60, learning_rate=0.05, patience=2))
    run = experiment.train(verbose=0)
    losses = run.history["val_loss"]
    assert len(losses) < 60
    assert run.best_epoch == int(np.argmin(losses)) + 1 == len(losses) - 2
    assert run.errors["validation"] == pytest.approx(min(losses), rel=1e-4)
    assert run.errors["validation"] != pytest.approx(losses[-1], rel=1e-4)
    patient = Experiment(
        experiment.series, dataclasses.replace(experiment.settings, patience=0, epochs=len(losses) + 2)
    )
    assert len(patient.train(verbose=0).history["val_loss"]) == len(losses) + 2


@pytest.mark.parametrize("dated", [True, False])
def test_rows_seen_in_training_are_recognised(tmp_path, dated) -> None:
    whole = waves(900, dated=dated)

    def part(first: int, last: int) -> Table:
        times = None if whole.times is None else whole.times[first:last]
        return Table("waves", whole.names, whole.values[first:last], times)

    experiment, _ = trained(part(0, 700))
    experiment.save(experiment.train(verbose=0), tmp_path / "model")
    forecaster = ColumnForecaster(tmp_path / "model")

    def seen(table: Table) -> int:
        return forecaster.rows_seen(series_from_table(table, "load"))

    assert seen(part(0, 700)) == 560
    assert seen(part(0, 900)) == 560  # the file has grown
    assert seen(part(0, 300)) == 300
    assert seen(waves(700, seed=5, dated=dated)) == 0  # another series of the same time
    assert seen(part(600, 900)) == 0
    assert seen(part(400, 900)) == (
        160 if dated else 0
    )  # rows without dates cannot be told apart once they are cut off


def test_scores_leave_seen_rows_out() -> None:
    experiment, forecaster = trained(waves())
    forecast = forecaster.forecast(experiment.series)
    scored = forecast.only(forecast.rows >= forecaster.rows_seen(experiment.series))
    assert scored.rows[0] == 560
    error, naive = scored.errors()
    known = ~np.isnan(scored.actual)
    assert known.sum() == 140
    assert error == pytest.approx(np.abs(scored.values[known] - scored.actual[known]).mean())
    load = experiment.series.values[:, 1]
    assert naive["naive (last value)"] == pytest.approx(np.abs(load[555:695] - load[560:700]).mean())
    assert naive["seasonal naive (day)"] == pytest.approx(np.abs(load[536:676] - load[560:700]).mean())
    assert naive["seasonal naive (week)"] == pytest.approx(np.abs(load[392:532] - load[560:700]).mean())


def test_the_newest_row_is_read_and_the_future_is_dated(tmp_path) -> None:
    experiment, forecaster = trained(waves(zone=7200.0))
    series = experiment.series
    future = forecaster.future(series)
    assert future.rows.tolist() == [700, 701, 702, 703, 704]
    assert np.isnan(future.actual).all()
    values = series.values.copy()
    values[-1] += 1.0
    other = forecaster.future(dataclasses.replace(series, values=values))
    assert other.values[-1] != future.values[-1]
    forecaster.write(future, series, tmp_path / "future.csv")
    assert (tmp_path / "future.csv").read_text().splitlines()[1].startswith("2024-01-30 06:00+02:00,")
    back = read_csv(tmp_path / "future.csv")
    assert back.zone == 7200.0
    np.testing.assert_array_equal(back.times, START + HOUR * np.arange(700, 705))


def test_four_rows_a_second_are_four_times(tmp_path) -> None:
    table = waves()
    table = Table(table.source, table.names, table.values, START + 0.25 * np.arange(700))
    experiment, forecaster = trained(table)
    forecaster.write(forecaster.future(experiment.series), experiment.series, tmp_path / "future.csv")
    np.testing.assert_allclose(read_csv(tmp_path / "future.csv").times, START + 0.25 * np.arange(700, 705))


def test_missing_values_are_left_out_of_everything() -> None:
    table = waves()
    table.values[100:130, 1] = np.nan
    table.values[600, 0] = np.nan
    table.values[650:, 1] = np.nan
    series = series_from_table(table, "load", missing="skip")
    experiment = Experiment(series, settings())
    assert np.isfinite(experiment.mean).all()
    rows = experiment.rows("test")
    assert not set(rows) & {600, 602, 604, 606, 608, 610}
    assert rows.max() == 644  # its target, row 649, is the last that is known
    run = experiment.train(verbose=0)
    assert np.isfinite(list(run.errors.values())).all()
    assert run.errors["test"] == pytest.approx(
        np.abs(experiment.forecast(run.model, "test") - experiment.truth("test")).mean()
    )
    forecast = experiment.forecaster(run).forecast(series)
    assert np.isfinite(forecast.values).all()
    assert set(forecast.rows - 5) == {
        row for row in range(10, 650) if np.isfinite(series.values[row - 10 : row + 1 : 2]).all()
    }
    short = Table("gone", table.names, np.full((40, 2), np.nan), table.times[:40])
    with pytest.raises(ValueError, match="gone: every window of 12 rows has missing values"):
        experiment.forecaster(run).forecast(series_from_table(short, "load", missing="skip"))


def test_values_out_of_proportion_are_named() -> None:
    table = waves()
    table.values[5, 0] = 1e300
    with pytest.raises(ValueError, match="waves: the values of column 's' are too large to be normalised"):
        Experiment(series_from_table(table, "load"), settings())
    table = waves()
    table.values[600, 0] = 1e300
    with pytest.raises(ValueError, match=r"column 's' has 1e\+300 at 2024-01-26 00:00, out of proportion to its mean"):
        Experiment(series_from_table(table, "load"), settings())
    _, forecaster = trained(waves())
    with pytest.raises(ValueError, match="out of proportion"):
        forecaster.forecast(series_from_table(table, "load"))


def test_a_split_without_a_whole_window_is_refused() -> None:
    table = waves()
    table.values[565::9, 1] = np.nan
    with pytest.raises(ValueError, match="in the test split every window of 12 rows or its target is missing a value"):
        Experiment(series_from_table(table, "load", missing="skip"), settings(step=1, model="naive"))


def test_rules_with_nothing_to_copy_are_left_out() -> None:
    table = waves()
    table.values[370:531, 1] = np.nan
    series = series_from_table(table, "load", missing="skip")
    experiment = Experiment(series, settings(split=(380, 180)))
    assert list(experiment.baselines()) == ["naive (last value)", "seasonal naive (day)"]


def test_seasons() -> None:
    assert seasons(Spacing(HOUR)) == {"day": 24, "week": 168, "year": 8760}
    assert seasons(Spacing(DAY)) == {"week": 7, "year": 365}
    assert seasons(Spacing(7 * DAY)) == {"year": 52}
    assert seasons(Spacing(1, "month")) == seasons(Spacing(1, "month end")) == {"year": 12}
    assert seasons(Spacing(3, "month")) == {"year": 4}
    assert seasons(Spacing(12, "month")) == {}
    assert seasons(Spacing(1, "business day")) == {"week": 5}
    assert seasons(Spacing(7 * HOUR)) == {"week": 24}
    assert seasons(None) == {}


@pytest.mark.parametrize(("horizon", "expected"), [(1, {23, 167}), (24, {144}), (25, {23, 143}), (200, {16, 136})])
def test_seasonal_forecasts_copy_what_is_known(horizon, expected) -> None:
    rules = naive_forecasts(Spacing(HOUR), horizon, known=500)
    assert rules[0].back == 0
    assert {rule.back for rule in rules[1:]} == expected
    target, newest = np.arange(1000.0), np.array([600, 700])
    for rule in rules[1:]:
        copied = rule.values(target, newest)
        assert (copied <= newest).all()
        assert all((newest + horizon - copied) % (24 if "day" in rule.name else 168) == 0)
    assert np.isnan(rules[-1].values(target, np.array([3]))).all()
    assert len(naive_forecasts(Spacing(HOUR), 1, known=30)) == 2  # no week is known yet


@pytest.mark.parametrize(
    ("spacing", "shortest", "given", "expected"),
    [
        (Spacing(600.0), 10_000, {}, (720, 6, 144)),
        (Spacing(HOUR), 5000, {}, (120, 1, 24)),
        (Spacing(60.0), 50_000, {}, (7200, 60, 1440)),
        (Spacing(DAY), 200, {}, (28, 1, 7)),
        (Spacing(1, "month"), 29, {}, (8, 1, 6)),
        (Spacing(12, "month"), 12, {}, (5, 1, 1)),
        (Spacing(1, "business day"), 100, {}, (20, 1, 5)),
        (None, 1000, {}, (120, 1, 24)),
        (None, 10, {}, (3, 1, 2)),
        (Spacing(600.0), 10_000, {"lookback": 9}, (9, 3, 144)),
        (Spacing(600.0), 10_000, {"step": 1, "horizon": 3}, (720, 1, 3)),
        (Spacing(600.0), 10_000, {"finer": 2}, (720, 3, 144)),
        (Spacing(600.0), 200, {}, (50, 1, 50)),
    ],
)
def test_spans_follow_interval_and_length(spacing, shortest, given, expected) -> None:
    spans = suggested_spans(spacing, shortest, **given)
    assert (spans.lookback, spans.step, spans.horizon) == expected
    assert spans.lookback % spans.step == 0


def test_every_suggestion_fits_into_its_splits() -> None:
    spacings = [Spacing(s) for s in (1.0, 60.0, 600.0, HOUR, DAY, 7 * DAY)]
    for spacing in (*spacings, Spacing(1, "month"), Spacing(12, "month"), Spacing(1, "business day"), None):
        for rows in (20, 60, 300, 5000):
            table = waves(rows)
            table = Table("t", table.names, table.values, None)
            series = dataclasses.replace(series_from_table(table, "load"), spacing=spacing)
            spans = suggested_spans(spacing, rows // 5)
            Experiment(series, settings(**dataclasses.asdict(spans), split=(3 * rows // 5, rows // 5)))


def test_training_follows_the_number_of_windows() -> None:
    assert suggested_training(30) == (50, 8)
    assert suggested_training(1000) == (50, 125)
    assert suggested_training(26_000) == (203, 128)
    assert suggested_training(10**6) == (500, 128)
    assert suggested_training(26_000, 64) == (406, 64)


def test_models_of_earlier_versions_are_read(tmp_path: Path) -> None:
    from recurra.saving import save_model

    experiment, forecaster = trained(waves())
    about = dict(forecaster.about)
    for name in ("horizon", "spacing", "seen", "patience"):
        del about[name]
    about.update(delay=3, interval=HOUR)
    save_model(forecaster.model, tmp_path / "old", metadata={"forecasting": about})
    old = ColumnForecaster(tmp_path / "old")
    assert (old.horizon, old.spacing, old.seen) == (5, Spacing(HOUR), None)
    new, again = forecaster.forecast(experiment.series), old.forecast(experiment.series)
    np.testing.assert_array_equal(new.values, again.values)
    np.testing.assert_array_equal(new.rows, again.rows)
