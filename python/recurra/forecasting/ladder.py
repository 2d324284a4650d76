"""A ladder of models, from those that cost nothing to those that cost much, tried until the time is over.

Each is trained once on what lies before the last part of the data, and forecasts that part in steps of the horizon. The
error is MASE: the mean absolute error of a series divided by that of its seasonal naive forecast one season ahead,
within what was known; the mean over the series counts (Hyndman & Koehler, Another look at measures of forecast
accuracy, 2006).
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.forecasting import models
from recurra.forecasting.fitting import Plan, fitted, truth, windows_before_the_end
from recurra.forecasting.frequency import season_of
from recurra.forecasting.models import ForecastModel
from recurra.forecasting.panel import Panel

LADDER: tuple[Any, ...] = (
    models.SeasonalNaive,
    models.Naive,
    models.NLinear,
    models.DLinear,
    models.NBEATS,
    models.SegRNN,
    models.TSMixer,
    models.GRU,
    models.TCN,
    models.PatchTST,
)
_BASELINE = models.SeasonalNaive.__name__
#: Models that are tried whatever the time.
_ALWAYS = 3
_WINDOWS = 20


@dataclass(frozen=True)
class Rung:
    """One model that was tried.

    Attributes:
        model: Its settings.
        mase: Its error.
        seconds: Training and forecasts took.
    """

    model: ForecastModel
    mase: float
    seconds: float


@dataclass(frozen=True)
class Ranking:
    """What was tried, the best first.

    Attributes:
        rungs: The models.
        windows: Cutoffs that each forecast from.
        left_out: Names of those for which there was no time.
    """

    rungs: list[Rung]
    windows: int
    left_out: list[str]

    @property
    def baseline(self) -> Rung:
        """The seasonal naive forecast."""
        return next(rung for rung in self.rungs if rung.model.name == _BASELINE)

    def kept(self) -> list[ForecastModel]:
        """The winner, beside the seasonal naive forecast."""
        winner = self.rungs[0].model
        return [winner] if winner.name == _BASELINE else [self.baseline.model, winner]

    def rows(self) -> list[dict[str, Any]]:
        """As plain values."""
        base = self.baseline.mase
        return [
            {
                "model": rung.model.name,
                "mase": rung.mase,
                "against_seasonal_naive": rung.mase / base if base else np.nan,
                "seconds": rung.seconds,
            }
            for rung in self.rungs
        ]

    def verdict(self) -> str:
        """Who won, and by how much."""
        best, base = self.rungs[0], self.baseline
        tried = f"{len(self.rungs)} models on {self.windows} cutoff{'s' * (self.windows != 1)}"
        if self.left_out:
            tried += f"; no time for {', '.join(self.left_out)}"
        if best is base:
            second = self.rungs[1]
            return (
                f"{_BASELINE} was not beaten: MASE {base.mase:.3f}, next {second.model.name} with {second.mase:.3f} "
                f"({tried})"
            )
        share = 1 - best.mase / base.mase
        return (
            f"{best.model.name} won: MASE {best.mase:.3f}, {share:.0%} below {_BASELINE} with {base.mase:.3f} ({tried})"
        )


def climbed(plan: Plan, panel: Panel, static: NDArray[np.float64], val_size: int | None, budget: float) -> Ranking:
    """The models ranked by their errors on the last part of a panel.

    Raises:
        ValueError: No series is long enough to keep one horizon from the training.
    """
    began = time.monotonic()
    longest = int(panel.lengths.max(initial=0))
    windows = max(1, min(_WINDOWS, longest // (4 * plan.horizon)))
    cuts = [plan.horizon * (window + 1) for window in reversed(range(windows))]
    before = panel.without_last(cuts[0])
    if before.lengths.max(initial=0) < plan.horizon + 1:
        raise ValueError(
            f"Forecaster: models='auto' compares models on {plan.horizon} rows that it keeps from the training, and "
            f"needs {2 * plan.horizon + 1} in all; the longest series has {longest}. Shorten horizon, or name a model"
        )
    known = np.searchsorted(panel.ids, before.ids)
    series, newest = windows_before_the_end(panel, known, cuts)
    actual = truth(panel, series, newest, plan.horizon)
    steps = _naive_steps(before, plan.season or season_of(panel.spacing))
    quiet = replace(plan, verbose=0)
    rungs: list[Rung] = []
    left_out: list[str] = []
    for place, kind in enumerate(LADDER):
        model: ForecastModel = kind()
        started = time.monotonic()
        longest_so_far = max((rung.seconds for rung in rungs), default=0.0)
        if place >= _ALWAYS and started - began + longest_so_far > budget:
            left_out.append(model.name)
            continue
        made = fitted(quiet, [model], before, static[known], val_size, deadline=began + budget)
        forecast = made.backtest(panel, static, series, newest, [])[model.name]
        mase = _mase(np.abs(forecast - actual), series, known, steps)
        rungs.append(Rung(model, mase, time.monotonic() - started))
    return Ranking(sorted(rungs, key=lambda rung: rung.mase), windows, left_out)


def _naive_steps(panel: Panel, season: int) -> NDArray[np.float64]:
    """(series,): the mean absolute difference of values a season apart; one step apart in shorter series."""
    found = []
    for i in range(len(panel)):
        y = panel.values[panel.rows(i), 0]
        differences = np.abs(y[season:] - y[:-season]) if len(y) > season else np.abs(np.diff(y))
        differences = differences[~np.isnan(differences)]
        found.append(differences.mean() if len(differences) else np.nan)
    return np.array(found)


def _mase(
    errors: NDArray[np.float64], series: NDArray[np.int64], known: NDArray[np.int64], steps: NDArray[np.float64]
) -> float:
    """The mean over the series that change at all; of none, the mean absolute error."""
    own = np.full(len(known), np.nan)
    for place, i in enumerate(known.tolist()):
        mine = errors[series == i]
        if np.isfinite(mine).any():
            own[place] = np.nanmean(mine)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = own / steps
    ratios = ratios[np.isfinite(ratios)]
    return float(ratios.mean()) if len(ratios) else float(np.nanmean(own))
