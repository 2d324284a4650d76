"""Naive forecasts, which a model has to beat: the last value, and the value of the last day, week or year.

The seasonal naive forecast of period p for horizon h says that a value will be what it was the smallest multiple of p
rows before that is known (Hyndman & Athanasopoulos, "Forecasting: Principles and Practice", section 5.2).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recurra.datasets.spacing import DAY, Spacing


@dataclass(frozen=True)
class NaiveForecast:
    """A rule that copies a known value.

    Attributes:
        name: For people.
        back: Rows from the newest known row to the one that is copied, for the horizon it was made for.

    Example:
        >>> recurra.forecasting.NaiveForecast("the day before", 23).values(np.arange(48.0), np.array([40]))
        array([17.])
    """

    name: str
    back: int

    def values(self, target: NDArray[np.floating], newest: NDArray[np.int64]) -> NDArray[np.floating]:
        """What it says with these newest rows; NaN where the series does not reach back so far."""
        rows = newest - self.back
        return np.where(rows >= 0, target[np.maximum(rows, 0)], np.nan)


def seasons(spacing: Spacing | None) -> dict[str, int]:
    """Rows of a day, a week and a year, as far as they are whole numbers greater than one."""
    if spacing is None:
        return {}
    if spacing.monthly:
        lengths = {"year": 12 / spacing.count}
    elif spacing.unit == "business day":
        lengths = {"week": 5.0}
    else:
        lengths = {"day": DAY / spacing.count, "week": 7 * DAY / spacing.count, "year": 365 * DAY / spacing.count}
        if spacing.count == 7 * DAY:
            lengths["year"] = 52.0
    return {name: round(rows) for name, rows in lengths.items() if rows > 1 and abs(rows - round(rows)) < 1e-9}


def naive_forecasts(spacing: Spacing | None, horizon: int, known: int) -> list[NaiveForecast]:
    """The rules for a horizon, the last value first.

    Args:
        spacing: The step from row to row, which tells what a day, a week and a year are.
        horizon: Rows ahead.
        known: Rows before the first forecast; rules that reach back further are left out.

    Example:
        >>> from recurra.forecasting.baselines import naive_forecasts
        >>> from recurra.datasets.spacing import Spacing
        >>> [(rule.name, rule.back) for rule in naive_forecasts(Spacing(3600.0), 12, 1000)]
        [('naive (last value)', 0), ('seasonal naive (day)', 12), ('seasonal naive (week)', 156)]
    """
    rules = [NaiveForecast("naive (last value)", 0)]
    for name, period in seasons(spacing).items():
        back = period * -(-horizon // period) - horizon
        if back <= known and all(back != rule.back for rule in rules):
            rules.append(NaiveForecast(f"seasonal naive ({name})", back))
    return rules
