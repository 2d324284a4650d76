"""Hourly weather for the examples that forecast, from a folder named by RECURRA_DATA, else made up.

Jena's (jena_climate_2009_2016.csv) if there is at least a year of it, else Beijing's (beijing_pm25_2010_2014.csv). The
task of all of them: from the hours before, by how much the temperature will have changed in 24 hours.
"""

from dataclasses import dataclass

import numpy as np

from recurra.datasets import jena_climate, locate
from recurra.datasets.csv_file import read_csv

AHEAD = 24
YEAR = 365 * 24


@dataclass
class Weather:
    """Normalised hours (N, F), and where the validation part begins."""

    source: str
    hours: np.ndarray
    temperature: int
    """Number of its column."""
    degrees: float
    """Degrees Celsius in one unit of the normalised temperature."""
    split: int

    @property
    def features(self):
        return self.hours.shape[1]

    def rows(self, part, hours, count, rng):
        """Last hours of `count` windows of so many hours, drawn from "training" or "validation"."""
        first, stop = (0, self.split) if part == "training" else (self.split, len(self.hours))
        return rng.integers(first + hours - 1, stop - AHEAD, count)

    def windows(self, rows, hours):
        """The hours (B, hours, F) that end with `rows`."""
        return self.hours[rows[:, None] + np.arange(1 - hours, 1)]

    def targets(self, rows, steps=1):
        """The change of the temperature in the 24 hours after each of the last `steps` hours: (B, steps, 1)."""
        now = rows[:, None] + np.arange(1 - steps, 1)
        return (self.hours[now + AHEAD, self.temperature] - self.hours[now, self.temperature])[..., None]

    def common_sense(self, rows):
        """Mean absolute error, in degrees, of saying that in 24 hours it will be as warm as now."""
        return float(np.abs(self.targets(rows)).mean()) * self.degrees


def load(rows=None):
    """The weather; `rows` limits the number of ten-minute rows that are made up where there is no file."""
    name, hours, temperature = _jena() or _beijing() or _made_up(rows or 100_000)
    split = int(0.75 * len(hours))
    mean, std = hours[:split].mean(axis=0), hours[:split].std(axis=0)
    normal = ((hours - mean) / np.where(std > 0, std, 1)).astype("float32")
    return Weather(name, normal, temperature, float(std[temperature]), split)


def _jena():
    try:
        table = jena_climate.load_data(download=False)
    except FileNotFoundError:
        return None
    hours = table.values[::6]
    return ("Jena", hours, table.column("T (degC)")) if len(hours) >= YEAR else None


def _beijing():
    file = locate.find(["beijing_pm25_2010_2014.csv", "beijing_pm25_2010_2014.csv.gz"])
    if file is None:
        return None
    table = read_csv(file, columns=["DEWP", "TEMP", "PRES", "Iws", "Is", "Ir"])
    return "Beijing", table.values, table.column("TEMP")


def _made_up(rows):
    table = jena_climate.synthetic(rows)
    return "made up (no file of weather in RECURRA_DATA)", table.values[::6], table.column("T (degC)")
