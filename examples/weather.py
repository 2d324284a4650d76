"""Hourly weather for the examples that forecast: Jena's if a folder named by RECURRA_DATA has it, else made up.

The task of all of them: from the hours before, by how much the temperature will have changed in 24 hours. Changes, not
levels, so that a model of the summer is of use in autumn too.
"""

from dataclasses import dataclass

import numpy as np

from recurra.datasets import jena_climate

AHEAD = 24
TEMPERATURE = jena_climate.COLUMNS.index("T (degC)")


@dataclass
class Weather:
    """Normalised hours (N, 14), and where the validation part begins."""

    source: str
    hours: np.ndarray
    degrees: float
    """Degrees Celsius in one unit of the normalised temperature."""
    split: int

    def rows(self, part, hours, count, rng):
        """Last hours of `count` windows of so many hours, drawn from "training" or "validation"."""
        first, stop = (0, self.split) if part == "training" else (self.split, len(self.hours))
        return rng.integers(first + hours - 1, stop - AHEAD, count)

    def windows(self, rows, hours):
        """The hours (B, hours, 14) that end with `rows`."""
        return self.hours[rows[:, None] + np.arange(1 - hours, 1)]

    def targets(self, rows, steps=1):
        """The change of the temperature in the 24 hours after each of the last `steps` hours: (B, steps, 1)."""
        now = rows[:, None] + np.arange(1 - steps, 1)
        return (self.hours[now + AHEAD, TEMPERATURE] - self.hours[now, TEMPERATURE])[..., None]

    def common_sense(self, rows):
        """Mean absolute error, in degrees, of saying that in 24 hours it will be as warm as now."""
        return float(np.abs(self.targets(rows)).mean()) * self.degrees


def load(rows=None):
    """The weather; `rows` limits the number of ten-minute rows that are used."""
    try:
        table, source = jena_climate.load_data(download=False), "Jena"
    except FileNotFoundError:
        table, source = jena_climate.synthetic(rows or 100_000), "made up (no file of Jena's weather in RECURRA_DATA)"
    hours = table.values[:rows:6]
    split = int(0.75 * len(hours))
    mean, std = hours[:split].mean(axis=0), hours[:split].std(axis=0)
    normal = ((hours - mean) / np.where(std > 0, std, 1)).astype("float32")
    return Weather(source, normal, float(std[TEMPERATURE]), split)
