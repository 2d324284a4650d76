"""A trained forecasting model, applied to a series: the one it was trained on, or another of the same kind."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast, get_args

import numpy as np
from numpy.typing import NDArray

from recurra.datasets.spacing import Spacing, Unit
from recurra.datasets.timeseries import windows_ending_at
from recurra.datasets.windows import whole_windows
from recurra.forecasting.baselines import naive_forecasts
from recurra.forecasting.series import Series, normalized, unit_of
from recurra.model_metadata import Metadata

Values = NDArray[np.float64]
_PROBES = 64


@dataclass(frozen=True)
class Forecast:
    """Predictions for a series, in the target's unit.

    Attributes:
        rows: The row each prediction is for; the last ones lie after the end of the series.
        values: The predictions.
        naive: What the naive forecasts say, by their names.
        actual: What is known, NaN where it is not known yet.

    Example:
        >>> naive = {"naive": np.array([1.0, 1.0])}
        >>> made = recurra.forecasting.Forecast(np.array([8, 9]), np.array([2.0, 3.0]), naive, np.array([np.nan, 4.0]))
        >>> made.errors()
        (1.0, {'naive': 3.0})
    """

    rows: NDArray[np.int64]
    values: Values
    naive: Mapping[str, Values]
    actual: Values

    def only(self, chosen: NDArray[np.bool_]) -> Forecast:
        """The chosen ones of the predictions."""
        naive = {name: values[chosen] for name, values in self.naive.items()}
        return Forecast(self.rows[chosen], self.values[chosen], naive, self.actual[chosen])

    def errors(self) -> tuple[float, dict[str, float]]:
        """Mean absolute errors of the predictions and of the naive forecasts, over what is known."""
        known = ~np.isnan(self.actual)
        actual = self.actual[known]

        def error(values: Values) -> float:
            distances = np.abs(values[known] - actual)
            return float(np.nanmean(distances)) if not np.isnan(distances).all() else np.inf

        return error(self.values), {name: error(values) for name, values in self.naive.items()}


class ColumnForecaster:
    """A model that `Experiment.save` wrote.

    Args:
        path: Of the file.

    Raises:
        FileNotFoundError: No such file.
        ValueError: The file is damaged, or its model was not made for forecasting.

    Example:
        >>> from recurra.datasets import jena_climate
        >>> from recurra.forecasting import ColumnForecaster, Experiment, Settings, series_from_table
        >>> series = series_from_table(jena_climate.synthetic(900), "T (degC)")
        >>> settings = Settings("T (degC)", 36, 6, 12, (500, 200), "dense", epochs=1, steps=2)
        >>> experiment = Experiment(series, settings)
        >>> experiment.save(experiment.train(verbose=0), "weather.safetensors")
        >>> ColumnForecaster("weather.safetensors").future(series).rows.tolist()[:3]
        [900, 901, 902]
    """

    def __init__(self, path: str | Path) -> None:
        from recurra.saving import load_metadata, load_model

        self._read(Metadata(path, load_metadata(path), "forecasting", "recurra forecast"))
        self.model = load_model(path, compile=False)

    @classmethod
    def of(cls, model: Any, description: dict[str, Any]) -> ColumnForecaster:
        """A forecaster from a model and its `Experiment.description`, without a file."""
        made = cls.__new__(cls)
        made._read(Metadata("the model", {"forecasting": description}, "forecasting", "recurra forecast"))
        made.model = model
        return made

    def _read(self, stored: Metadata) -> None:
        self.about = stored.about
        self.columns: list[str] = stored.get_list("columns", str)
        self.mean = np.array(stored.get_list("mean", float))
        self.std = np.array(stored.get_list("std", float))
        self.lookback: int = stored.get("lookback", int)
        self.step: int = stored.get("step", int)
        # Files of earlier versions count from the row after the window.
        old = "horizon" not in self.about
        self.horizon: int = stored.get("delay", int) + self.step if old else stored.get("horizon", int)
        self.target: str = stored.get("target", str)
        self.predict_change: bool = stored.get("predict_change", bool)
        self.relative: bool = stored.get("relative", bool)
        self.reverse: bool = stored.get("reverse", bool)
        self.spacing = _spacing(stored)
        self.unit: str = stored.get("unit", str) or unit_of(self.target)
        self.seen = _seen(stored)
        stored.require(len(self.columns) == len(self.mean) == len(self.std) and self.target in self.columns)
        stored.require(min(self.lookback, self.step, self.horizon) >= 1 and self.lookback % self.step == 0)

    def forecast(self, series: Series) -> Forecast:
        """Predictions from every row that has a whole window, the last one from the newest row of the series.

        Args:
            series: With the columns the model was trained on, at the same interval.

        Raises:
            ValueError: A column is missing, the interval differs, or the series is shorter than one window.
        """
        missing = [name for name in self.columns if name not in series.names]
        if missing:
            raise ValueError(f"{series.source}: the model needs the columns {self.columns}; missing: {missing}")
        if self.spacing and series.spacing and not self.spacing.matches(series.spacing):
            raise ValueError(
                f"{series.source}: the model was trained on one row every {self.spacing.every}, "
                f"this file has one every {series.spacing.every}; bring it to that interval, or train another model"
            )
        least = self.lookback - self.step + 1
        if len(series) < least:
            raise ValueError(f"{series.source}: {len(series)} rows are fewer than the {least} of one window")
        data = normalized(series, self.mean, self.std, self.columns)
        raw = series.values[:, series.names.index(self.target)]
        target = self.columns.index(self.target)
        newest = np.arange(least - 1, len(series))
        newest = newest[whole_windows(data, newest, self.lookback, self.step)]
        if not len(newest):
            raise ValueError(f"{series.source}: every window of {self.lookback} rows has missing values; fill them "
                             "(--missing interpolate or forward)")  # fmt: skip
        windows = windows_ending_at(
            data, newest, self.lookback, self.step, relative=self.relative, reverse=self.reverse
        )
        predicted = np.asarray(self.model.predict(windows, verbose=0), dtype=np.float64).reshape(-1)
        if self.predict_change:
            predicted = predicted + data[newest, target]
        at = newest + self.horizon
        actual = np.full(len(at), np.nan)
        known = at < len(series)
        actual[known] = raw[at[known]]
        rules = naive_forecasts(series.spacing, self.horizon, int(newest[-1]))
        naive = {rule.name: np.asarray(rule.values(raw, newest), np.float64) for rule in rules}
        return Forecast(at, self.mean[target] + self.std[target] * predicted, naive, actual)

    def future(self, series: Series) -> Forecast:
        """The predictions for the rows after the end of a series, `horizon` of them."""
        forecast = self.forecast(series)
        return forecast.only(forecast.rows >= len(series))

    def recognizes(self, series: Series) -> bool:
        """Whether rows of the training can be recognised wherever they stand in a series: both need dates."""
        return self.seen is not None and bool(self.seen["dated"]) and series.times is not None

    def rows_seen(self, series: Series) -> int:
        """How many rows at the beginning of a series the model was trained or chosen on.

        A file is recognised by some values of its target; another series of the same time counts as new.
        """
        if self.seen is None:
            return 0
        target = series.values[:, series.names.index(self.target)]
        places, values = self.seen["places"], self.seen["values"]
        if self.seen["dated"] != (series.times is not None):
            return 0
        positions = np.arange(len(series), dtype=np.float64) if series.times is None else series.times
        at = np.minimum(np.searchsorted(positions, places), len(positions) - 1)
        found = positions[at] == places
        alike = np.isclose(target[at], values, rtol=1e-9, atol=0, equal_nan=True) & found
        if not found.any() or 2 * alike.sum() < found.sum():
            return 0
        return int(np.searchsorted(positions, self.seen["last"], side="right"))

    def write(self, forecast: Forecast, series: Series, path: str | Path) -> None:
        """Writes a forecast as CSV: time (or row), forecast, actual."""
        write_forecast(forecast, series, self.target, path)


def write_forecast(forecast: Forecast, series: Series, target: str, path: str | Path) -> None:
    """Writes a forecast of a column as CSV: time (or row), forecast, actual."""
    destination = Path(path)
    destination.parent.mkdir(parents=True, exist_ok=True)
    moments = [series.time_after(int(row)) for row in forecast.rows]
    known = [moment for moment in moments if moment is not None]
    dated = len(known) == len(moments)
    with destination.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(["time" if dated else "row", f"forecast of {target}", target])
        for row, moment, value, actual in zip(forecast.rows, moments, forecast.values, forecast.actual, strict=True):
            text = series.date_text(moment) if dated and moment is not None else int(row)
            out.writerow([text, f"{value:.6g}", "" if np.isnan(actual) else f"{actual:.6g}"])


def known_rows(series: Series, target: int, count: int) -> dict[str, Any]:
    """What tells the first `count` rows of a series from others: some of their times and values, as plain values."""
    rows = np.unique(np.linspace(0, count - 1, _PROBES).astype(np.int64))
    places = rows.astype(np.float64) if series.times is None else series.times[rows]
    values = [None if np.isnan(value) else value for value in series.values[rows, target].tolist()]
    last = count - 1 if series.times is None else series.times[count - 1]
    return {"dated": series.times is not None, "places": places.tolist(), "values": values, "last": float(last)}


def _seen(stored: Metadata) -> dict[str, Any] | None:
    if stored.about.get("seen") is None:
        return None
    seen: dict[str, Any] = stored.get("seen", dict)
    inner = Metadata(stored.file, {"rows seen": seen}, "rows seen", "recurra forecast")
    places = np.array(inner.get_list("places", float))
    values = [np.nan if value is None else inner.checked("values", value, float) for value in inner.get("values", list)]
    inner.require(len(places) == len(values) and bool(np.isfinite(places).all()))
    return {
        "dated": inner.get("dated", bool),
        "places": places,
        "values": np.array(values),
        "last": inner.get("last", float),
    }


def _spacing(stored: Metadata) -> Spacing | None:
    if "spacing" not in stored.about:  # a file of an earlier version
        return None if stored.about.get("interval") is None else Spacing(stored.get("interval", float))
    if stored.about["spacing"] is None:
        return None
    inner = Metadata(stored.file, {"spacing": stored.get("spacing", dict)}, "spacing", "recurra forecast")
    count, unit = inner.get("count", float), inner.get("unit", str)
    inner.require(unit in get_args(Unit) and count > 0 and bool(np.isfinite(count)))
    return Spacing(count, cast(Unit, unit))
