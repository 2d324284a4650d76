"""One forecasting experiment: a network beside the common-sense rule, on parts of a series split by time.

Columns are normalised by mean and standard deviation of the training part. The common-sense rule says that the target
will be what it was at the window's last sample. Errors are mean absolute ones over every row of a part once.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from recurra.datasets.windows import WindowSource
from recurra.forecasting.networks import NETWORKS
from recurra.forecasting.series import Series, unit_of

Part = Literal["training", "validation", "test"]
EVALUATED: tuple[Part, ...] = ("validation", "test")


@dataclass(frozen=True)
class Settings:
    """What an experiment does; spans are in rows.

    Attributes:
        target: column to predict.
        lookback, step, delay: see WindowSource.
        split: rows of the training and of the validation part; the rest is the test part.
        model: a name in NETWORKS.
        units: U in their summaries (default 32).
        predict_change: learn the change from the window's last value instead of the value itself (default False).
        relative: windows hold differences from their last sample (default False).
        epochs, steps, batch_size: length of the training (default 20 x 500 batches of 128).
        learning_rate: of RMSprop (default 1e-3).
        unit: of the target, for people.
    """

    target: str
    lookback: int
    step: int
    delay: int
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

    def __post_init__(self) -> None:
        if self.model not in NETWORKS:
            raise ValueError(f"unknown model '{self.model}'; there are {', '.join(NETWORKS)}")
        for name in ("lookback", "step", "delay", "units", "epochs", "steps", "batch_size"):
            least = 0 if name in ("delay", "epochs") else 1
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be at least {least}, got {getattr(self, name)}")
        if self.lookback % self.step:
            raise ValueError(f"lookback {self.lookback} is not a multiple of step {self.step} (in rows)")


@dataclass(frozen=True)
class Run:
    """One training.

    Attributes:
        seed: of the weights, the order of the data and dropout.
        errors: mean absolute error on "validation" and "test", normalised.
        history: "loss" and "val_loss" of every epoch.
        seconds: the training took.
        model: the trained model.
    """

    seed: int
    errors: dict[Part, float]
    history: dict[str, list[float]]
    seconds: float
    model: Any = field(repr=False)


class Experiment:
    """Data, parts and normalisation of one experiment.

    Args:
        series: the data.
        settings: what to do.

    Raises:
        ValueError: a part is too short for one window, or the settings do not fit the series.
    """

    def __init__(self, series: Series, settings: Settings) -> None:
        self.series, self.settings = series, settings
        if settings.target not in series.names:
            raise ValueError(f"{series.source}: there is no column '{settings.target}'")
        self.target = series.names.index(settings.target)
        training, validation = settings.split
        self.bounds: dict[Part, tuple[int, int]] = {
            "training": (0, training),
            "validation": (training, training + validation),
            "test": (training + validation, len(series)),
        }
        least = settings.lookback + settings.delay + 2
        for part, (low, high) in self.bounds.items():
            if high - low < least or high > len(series):
                raise ValueError(
                    f"{series.source}: the {part} part has rows {low} to {high} of {len(series)}; lookback "
                    f"{settings.lookback} and delay {settings.delay} need at least {least} rows in each part"
                )
        self.mean = series.values[:training].mean(axis=0)
        deviation = series.values[:training].std(axis=0)
        self.constant = [name for name, s in zip(series.names, deviation, strict=True) if s == 0]
        if series.names[self.target] in self.constant:
            raise ValueError(f"{series.source}: the target '{settings.target}' never changes in the training part")
        self.std = np.where(deviation == 0, 1.0, deviation)
        self.data = ((series.values - self.mean) / self.std).astype(np.float32)

    @property
    def scale(self) -> float:
        """The target's standard deviation: turns normalised errors into its own unit."""
        return float(self.std[self.target])

    @property
    def unit(self) -> str:
        """The target's unit, for people."""
        return self.settings.unit or unit_of(self.settings.target) or self.settings.target

    def source(self, part: Part, seed: int | None = None) -> WindowSource:
        """Windows of a part whose targets lie in it too: training rows drawn at random, others every row once."""
        low, high = self.bounds[part]
        s = self.settings
        return WindowSource(
            self.data,
            s.lookback,
            s.delay,
            low,
            high - s.delay,
            part == "training",
            s.batch_size,
            s.step,
            target=self.target,
            predict_change=s.predict_change,
            relative=s.relative,
            reverse=NETWORKS[s.model].reverse,
            every_row_once=part != "training",
            seed=seed,
        )

    def rows(self, part: Part) -> NDArray[np.int64]:
        """The rows a part is evaluated on."""
        low, high = self.bounds[part]
        return np.arange(low + self.settings.lookback, high - self.settings.delay)

    def truth(self, part: Part) -> NDArray[np.float32]:
        """The normalised target of every row of a part."""
        return np.asarray(self.data[self.rows(part) + self.settings.delay, self.target])

    def common_sense(self, part: Part) -> NDArray[np.float32]:
        """The normalised target at the last sample of every window."""
        return np.asarray(self.data[self.rows(part) - self.settings.step, self.target])

    def forecast(self, model: Any, part: Part) -> NDArray[np.float32]:
        """What a model predicts for every row of a part, normalised."""
        predicted = np.asarray(model.predict(self.source(part), verbose=0)).reshape(-1)
        return predicted + self.common_sense(part) if self.settings.predict_change else predicted

    def error(self, forecast: NDArray[np.float32], part: Part) -> float:
        """Mean absolute error over a part, normalised."""
        return float(np.abs(forecast.astype(np.float64) - self.truth(part)).mean())

    def baseline(self) -> dict[Part, float]:
        """Errors of the common-sense rule on validation and test part."""
        return {part: self.error(self.common_sense(part), part) for part in EVALUATED}

    def train(self, seed: int = 0, verbose: int | str = "auto", callbacks: Sequence[Any] = ()) -> Run:
        """Trains the network of the settings and evaluates it.

        Args:
            seed: of the weights, the order of the data and dropout.
            verbose, callbacks: as `fit` takes them.

        Raises:
            ValueError: the settings name the common-sense rule, which is not trained.
        """
        from recurra import optimizers, random

        s = self.settings
        build = NETWORKS[s.model].build
        if build is None:
            raise ValueError(f"'{s.model}' is not trained; see baseline()")
        random.set_seed(seed)
        model = build(s.lookback // s.step, self.data.shape[1], s.units)
        model.compile(optimizer=optimizers.RMSprop(learning_rate=s.learning_rate), loss="mae")
        began = time.perf_counter()
        history: dict[str, list[float]] = {}
        if s.epochs:
            history = model.fit(
                self.source("training", seed),
                steps_per_epoch=s.steps,
                epochs=s.epochs,
                validation_data=self.source("validation"),
                verbose=verbose,
                callbacks=list(callbacks),
            ).history
        seconds = time.perf_counter() - began
        errors = {part: self.error(self.forecast(model, part), part) for part in EVALUATED}
        return Run(seed, errors, {name: [float(v) for v in values] for name, values in history.items()}, seconds, model)

    def save(self, run: Run, path: str | Path) -> None:
        """Writes a trained model with all that `Forecaster` needs to use it on another file."""
        from recurra.saving import save_model

        s = self.settings
        metadata = {
            "columns": list(self.series.names),
            "mean": self.mean.tolist(),
            "std": self.std.tolist(),
            "interval": self.series.interval,
            "reverse": NETWORKS[s.model].reverse,
            "trained_on": self.series.source,
            "synthetic": self.series.synthetic,
            "errors": run.errors,
            "baseline": self.baseline(),
            **asdict(s),
        }
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        save_model(run.model, path, metadata={"forecasting": metadata})


def split_rows(rows: int, shares: Sequence[float]) -> tuple[int, int]:
    """Rows of the training and validation part from shares such as (60, 20, 20).

    Raises:
        ValueError: not three positive numbers.
    """
    if len(shares) != 3 or min(shares) <= 0:
        raise ValueError(f"split: expected three positive shares such as 60/20/20, got {'/'.join(map(str, shares))}")
    whole = sum(shares)
    first = int(rows * shares[0] / whole)
    return first, int(rows * (shares[0] + shares[1]) / whole) - first
