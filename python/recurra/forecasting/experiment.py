"""One forecasting experiment: a network beside naive forecasts, on parts of a series split by time.

Columns are normalised by mean and standard deviation of the training part. Errors are mean absolute ones over every
row of a part once. Of the epochs of a training the one with the smallest validation error is kept.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from recurra.checks import unknown_name, whole_number
from recurra.datasets.windows import WindowSource, whole_windows
from recurra.forecasting.baselines import NaiveForecast, naive_forecasts
from recurra.forecasting.networks import NETWORKS
from recurra.forecasting.prediction import ColumnForecaster, known_rows
from recurra.forecasting.series import Series, normalized, unit_of

Part = Literal["training", "validation", "test"]
_MOST_UNITS = 1_000_000
EVALUATED: tuple[Part, ...] = ("validation", "test")


@dataclass(frozen=True)
class Settings:
    """What an experiment does; spans are in rows.

    Attributes:
        target: Column to predict.
        lookback: Rows that a window spans, a multiple of `step`.
        step: Rows between two samples of a window.
        horizon: Rows from the newest row, which every window has as its newest sample, to the one that is predicted.
        split: Rows of the training and of the validation part; the rest is the test part.
        model: A name in NETWORKS.
        units: U in their summaries (default 32).
        predict_change: Learn the change from the window's newest value instead of the value itself (default False).
        relative: Windows hold differences from their newest sample (default False).
        epochs, steps, batch_size: Length of the training (default 20 x 500 batches of 128).
        learning_rate: Of RMSprop (default 1e-3).
        unit: Of the target, for people.
        patience: Epochs without a smaller validation error after which the training ends; 0: never (default 5).

    Example:
        >>> recurra.forecasting.Settings("load", lookback=120, step=1, horizon=24, split=(6000, 2000)).model
        'gru'
    """

    target: str
    lookback: int
    step: int
    horizon: int
    split: tuple[int, int]
    model: str = "gru"
    units: int = 32
    predict_change: bool = False
    relative: bool = False
    epochs: int = 20
    steps: int = 500
    batch_size: int = 128
    learning_rate: float = 1e-3
    unit: str = ""
    patience: int = 5

    def __post_init__(self) -> None:
        if self.model not in NETWORKS:
            raise unknown_name("model", self.model, NETWORKS)
        for name in ("lookback", "step", "horizon", "units", "epochs", "steps", "batch_size", "patience"):
            most = _MOST_UNITS if name == "units" else None
            whole_number(getattr(self, name), "forecast", name, 0 if name in ("epochs", "patience") else 1, most)
        if self.lookback % self.step:
            raise ValueError(f"forecast: lookback must be a multiple of step {self.step} rows, got {self.lookback}")


@dataclass(frozen=True)
class Run:
    """One training.

    Attributes:
        seed: Of the weights, the order of the data and dropout.
        errors: Mean absolute error on "validation" and "test", normalised.
        history: "loss" and "val_loss" of every epoch.
        best_epoch: The epoch whose weights were kept, from 1; 0 where nothing was trained.
        seconds: The training took.
        model: The trained model.

    Example:
        >>> from recurra.forecasting import Run
        >>> run = Run(0, {"test": 0.5}, {"val_loss": [0.6, 0.5]}, best_epoch=2, seconds=1.0, model=None)
        >>> run.best_epoch
        2
    """

    seed: int
    errors: dict[Part, float]
    history: dict[str, list[float]]
    best_epoch: int
    seconds: float
    model: Any = field(repr=False)


class Experiment:
    """Data, parts and normalisation of one experiment.

    Args:
        series: The data.
        settings: What to do.

    Raises:
        ValueError: A part is too short for one window, or the settings do not fit the series.

    Example:
        >>> from recurra.datasets import jena_climate
        >>> from recurra.forecasting import Experiment, Settings, series_from_table
        >>> series = series_from_table(jena_climate.synthetic(3000), "T (degC)")
        >>> experiment = Experiment(series, Settings("T (degC)", 144, 6, 12, split=(1800, 600), model="dense"))
        >>> sorted(experiment.baselines())
        ['naive (last value)', 'seasonal naive (day)', 'seasonal naive (week)']
    """

    def __init__(self, series: Series, settings: Settings) -> None:
        self.series, self.settings = series, settings
        if settings.target not in series.names:
            raise unknown_name(f"column of {series.source}", settings.target, series.names)
        self.target = series.names.index(settings.target)
        training, validation = settings.split
        self.bounds: dict[Part, tuple[int, int]] = {
            "training": (0, training),
            "validation": (training, training + validation),
            "test": (training + validation, len(series)),
        }
        least = settings.lookback - settings.step + settings.horizon + 1
        for part, (low, high) in self.bounds.items():
            if high - low < least or high > len(series):
                raise ValueError(
                    f"{series.source}: the {part} split has rows {low} to {high} of {len(series)}; lookback "
                    f"{settings.lookback} and horizon {settings.horizon} need at least {least} rows in each split: "
                    "shorten them (--lookback, --horizon) or change the split (--split)"
                )
        self.skips_missing = bool(np.isnan(series.values).any())
        self.mean, deviation = _statistics(series, training)
        self.constant = [name for name, s in zip(series.names, deviation, strict=True) if s == 0]
        if series.names[self.target] in self.constant:
            raise ValueError(f"{series.source}: the target '{settings.target}' never changes in the training split")
        self.std = np.where(deviation == 0, 1.0, deviation)
        self.data = normalized(series, self.mean, self.std)
        for part in self.bounds:
            if self.skips_missing and not len(self.rows(part)):
                raise ValueError(
                    f"{series.source}: in the {part} split every window of {settings.lookback} rows or its target is "
                    "missing a value; shorten the windows (--lookback) or fill the gaps (--missing interpolate)"
                )
        known = training + settings.lookback - settings.step
        rules = naive_forecasts(series.spacing, settings.horizon, known)
        # Where values are missing, a rule may have nothing to copy.
        self.rules = [rule for rule in rules if np.isfinite([*self._errors(rule).values()]).all()]

    @property
    def scale(self) -> float:
        """The target's standard deviation: turns normalised errors into its own unit."""
        return float(self.std[self.target])

    @property
    def unit(self) -> str:
        """The target's unit, for people; empty where it is not known."""
        return self.settings.unit or unit_of(self.settings.target)

    def source(self, part: Part, seed: int | None = None) -> WindowSource:
        """Windows of a part whose targets lie in it too: training rows drawn at random, others every row once."""
        low, high = self.bounds[part]
        s = self.settings
        return WindowSource(
            self.data,
            s.lookback,
            min_index=low,
            max_index=high - s.horizon,
            shuffle=part == "training",
            batch_size=s.batch_size,
            step=s.step,
            horizon=s.horizon,
            target=self.target,
            predict_change=s.predict_change,
            relative=s.relative,
            reverse=NETWORKS[s.model].reverse,
            every_row_once=part != "training",
            skip_missing=self.skips_missing,
            seed=seed,
        )

    def rows(self, part: Part) -> NDArray[np.int64]:
        """The newest rows of a part's windows."""
        low, high = self.bounds[part]
        s = self.settings
        rows = np.arange(low + s.lookback - s.step, high - s.horizon)
        if self.skips_missing:
            known = np.isfinite(self.data[rows + s.horizon, self.target])
            rows = rows[known & whole_windows(self.data, rows, s.lookback, s.step)]
        return rows

    def truth(self, part: Part) -> NDArray[np.float32]:
        """The normalised target of every window of a part."""
        return np.asarray(self.data[self.rows(part) + self.settings.horizon, self.target])

    def naive(self, rule: NaiveForecast, part: Part) -> NDArray[np.floating]:
        """What a naive forecast says for every window of a part, normalised."""
        return rule.values(self.data[:, self.target], self.rows(part))

    def forecast(self, model: Any, part: Part) -> NDArray[np.float32]:
        """What a model predicts for every window of a part, normalised."""
        predicted = np.asarray(model.predict(self.source(part), verbose=0)).reshape(-1)
        return predicted + self.data[self.rows(part), self.target] if self.settings.predict_change else predicted

    def error(self, forecast: NDArray[np.floating], part: Part) -> float:
        """Mean absolute error over a part, normalised; infinite where nothing was forecast."""
        distances = np.abs(forecast.astype(np.float64) - self.truth(part))
        return float(np.nanmean(distances)) if not np.isnan(distances).all() else np.inf

    def _errors(self, rule: NaiveForecast) -> dict[Part, float]:
        return {part: self.error(self.naive(rule, part), part) for part in EVALUATED}

    def baselines(self) -> dict[str, dict[Part, float]]:
        """Errors of every naive forecast on validation and test part."""
        return {rule.name: self._errors(rule) for rule in self.rules}

    def train(self, seed: int = 0, verbose: int | str = "auto", callbacks: Sequence[Any] = ()) -> Run:
        """Trains the network of the settings, keeps its best epoch and evaluates it.

        Args:
            seed: Of the weights, the order of the data and dropout.
            verbose, callbacks: As `fit` takes them.

        Raises:
            ValueError: The settings name the naive forecast, which is not trained.
        """
        from recurra import optimizers, random
        from recurra.callbacks import EarlyStopping

        s = self.settings
        build = NETWORKS[s.model].build
        if build is None:
            raise ValueError(f"'{s.model}' is not trained; see baselines()")
        random.set_seed(seed)
        model = build(s.lookback // s.step, self.data.shape[1], s.units)
        model.compile(optimizer=optimizers.RMSprop(learning_rate=s.learning_rate), loss="mae")
        keeper = EarlyStopping("val_loss", patience=s.patience or s.epochs, mode="min", restore_best_weights=True)
        began = time.perf_counter()
        history: dict[str, list[float]] = {}
        if s.epochs:
            history = model.fit(
                self.source("training", seed),
                steps_per_epoch=s.steps,
                epochs=s.epochs,
                validation_data=self.source("validation"),
                verbose=verbose,
                callbacks=[keeper, *callbacks],
            ).history
        seconds = time.perf_counter() - began
        errors = {part: self.error(self.forecast(model, part), part) for part in EVALUATED}
        best_epoch = int(np.argmin(history["val_loss"])) + 1 if s.epochs else 0
        plain = {name: [float(v) for v in values] for name, values in history.items()}
        return Run(seed, errors, plain, best_epoch, seconds, model)

    def description(self, run: Run) -> dict[str, Any]:
        """All that `ColumnForecaster` needs to use a trained model on another file, as plain values."""
        spacing = self.series.spacing
        return {
            "columns": list(self.series.names),
            "mean": self.mean.tolist(),
            "std": self.std.tolist(),
            "spacing": None if spacing is None else {"count": spacing.count, "unit": spacing.unit},
            "reverse": NETWORKS[self.settings.model].reverse,
            "trained_on": self.series.source,
            "seen": known_rows(self.series, self.target, self.bounds["validation"][1]),
            "synthetic": self.series.synthetic,
            "errors": run.errors,
            "baselines": self.baselines(),
            **asdict(self.settings),
        }

    def forecaster(self, run: Run) -> ColumnForecaster:
        """A trained model ready to forecast."""
        return ColumnForecaster.of(run.model, self.description(run))

    def save(self, run: Run, path: str | Path) -> None:
        """Writes a trained model with all that `ColumnForecaster` needs to use it on another file."""
        from recurra.saving import save_model

        Path(path).parent.mkdir(parents=True, exist_ok=True)
        save_model(run.model, path, metadata={"forecasting": self.description(run)})


def _statistics(series: Series, rows: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and standard deviation of the columns of the training rows, without missing values."""
    values = series.values[:rows]
    empty = np.flatnonzero(np.isnan(values).all(axis=0))
    if len(empty):
        raise ValueError(
            f"{series.source}: column '{series.names[empty[0]]}' has no value in the training split; leave it out "
            "(--drop)"
        )
    with np.errstate(over="ignore", invalid="ignore"):
        mean, deviation = np.nanmean(values, axis=0), np.nanstd(values, axis=0)
    huge = np.flatnonzero(~np.isfinite(mean + deviation))
    if len(huge):
        raise ValueError(
            f"{series.source}: the values of column '{series.names[huge[0]]}' are too large to be normalised; divide "
            "them, or leave it out (--drop)"
        )
    return mean, deviation


def split_rows(rows: int, shares: Sequence[float]) -> tuple[int, int]:
    """Rows of the training and validation part from shares such as (60, 20, 20).

    Raises:
        ValueError: Not three positive numbers.

    Example:
        >>> from recurra.forecasting import split_rows
        >>> split_rows(1000, (60, 20, 20))
        (600, 200)
    """
    if len(shares) != 3 or not min(shares) > 0 or not np.isfinite(shares).all():
        raise ValueError(f"split: expected three positive shares such as 60/20/20, got {'/'.join(map(str, shares))}")
    whole = sum(shares)
    first = int(rows * shares[0] / whole)
    return first, int(rows * (shares[0] + shares[1]) / whole) - first
