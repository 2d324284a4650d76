"""A saved forecasting model, applied to another file of the same kind."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.datasets.windows import windows_before
from recurra.forecasting.durations import written
from recurra.forecasting.series import Series, date_text, unit_of


@dataclass(frozen=True)
class Forecast:
    """Predictions for a series, in the target's unit.

    Attributes:
        rows: the row each prediction is for; the last ones lie behind the end of the series.
        values: the predictions.
        common_sense: the target at the last sample each prediction was made from.
        actual: what came, NaN where it is not known yet.
    """

    rows: NDArray[np.int64]
    values: NDArray[np.float64]
    common_sense: NDArray[np.float64]
    actual: NDArray[np.float64]


class Forecaster:
    """A model that `Experiment.save` wrote.

    Args:
        path: of the file.

    Raises:
        FileNotFoundError: no such file.
        ValueError: the file is damaged, or its model was not made for forecasting.
    """

    def __init__(self, path: str | Path) -> None:
        from recurra.saving import load_metadata, load_model

        about = load_metadata(path).get("forecasting")
        if not isinstance(about, dict):
            raise ValueError(f"{Path(path).name} holds a model, but none that was trained to forecast a series")
        try:
            self.columns: list[str] = [_checked(name, str) for name in about["columns"]]
            self.mean = np.array([_checked(v, float) for v in about["mean"]])
            self.std = np.array([_checked(v, float) for v in about["std"]])
            spans = (_checked(about[name], int) for name in ("lookback", "step", "delay"))
            self.lookback, self.step, self.delay = spans
            self.target: str = _checked(about["target"], str)
            self.predict_change: bool = _checked(about["predict_change"], bool)
            self.relative: bool = _checked(about["relative"], bool)
            self.reverse: bool = _checked(about["reverse"], bool)
            self.interval: float | None = None if about["interval"] is None else _checked(about["interval"], float)
            self.unit: str = _checked(about["unit"], str) or unit_of(self.target) or self.target
        except (KeyError, TypeError) as error:
            raise ValueError(f"{Path(path).name}: its description of the forecast lacks or garbles {error}") from error
        sound = len(self.columns) == len(self.mean) == len(self.std) and self.target in self.columns
        if not sound or min(self.lookback, self.step, self.delay + 1) < 1 or self.lookback % self.step:
            raise ValueError(f"{Path(path).name}: its description of the forecast contradicts itself")
        self.about: dict[str, Any] = about
        self.model = load_model(path, compile=False)

    def forecast(self, series: Series) -> Forecast:
        """Predictions for every row that has a whole window, the last one from the end of the series.

        Args:
            series: with the columns the model was trained on, at the same interval.

        Raises:
            ValueError: a column is missing, the interval differs, or the series is shorter than one window.
        """
        missing = [name for name in self.columns if name not in series.names]
        if missing:
            raise ValueError(f"{series.source}: the model needs the columns {self.columns}; missing: {missing}")
        if self.interval and series.interval and self.interval != series.interval:
            raise ValueError(
                f"{series.source}: the model was trained on one row every {written(self.interval)}, "
                f"this file has one every {written(series.interval)}"
            )
        if len(series) < self.lookback:
            raise ValueError(f"{series.source}: {len(series)} rows are fewer than the {self.lookback} of one window")
        raw = series.values[:, [series.names.index(name) for name in self.columns]]
        data = ((raw - self.mean) / self.std).astype(np.float32)
        target = self.columns.index(self.target)
        # Row r looks back from r - 1, as in training; r may be the row behind the last one.
        rows = np.arange(self.lookback, len(series) + 1)
        windows = windows_before(data, rows, self.lookback, self.step, relative=self.relative, reverse=self.reverse)
        predicted = np.asarray(self.model.predict(windows, verbose=0), dtype=np.float64).reshape(-1)
        last = data[rows - self.step, target].astype(np.float64)
        if self.predict_change:
            predicted = predicted + last
        at = rows + self.delay
        actual = np.full(len(at), np.nan)
        known = at < len(series)
        actual[known] = raw[at[known], target]
        mean, std = self.mean[target], self.std[target]
        return Forecast(at, mean + std * predicted, mean + std * last, actual)

    def write(self, forecast: Forecast, series: Series, path: str | Path) -> None:
        """Writes a forecast as CSV: time (or row), forecast, actual."""
        destination = Path(path)
        destination.parent.mkdir(parents=True, exist_ok=True)
        with destination.open("w", newline="", encoding="utf-8") as file:
            out = csv.writer(file)
            out.writerow(["row" if series.times is None else "time", f"forecast of {self.target}", self.target])
            for row, value, actual in zip(forecast.rows, forecast.values, forecast.actual, strict=True):
                moment = series.time_after(int(row))
                when = int(row) if moment is None else date_text(moment)
                out.writerow([when, f"{value:.6g}", "" if np.isnan(actual) else f"{actual:.6g}"])


def _checked(value: Any, kind: type) -> Any:
    """The value if it is of this kind (a whole number will do for a float); TypeError otherwise."""
    if kind is float and type(value) in (int, float):
        return float(value)
    if type(value) is not kind:
        raise TypeError(f"{value!r:.40} where a {kind.__name__} should be")
    return value
