"""The Jena weather series for the commands: measured where it can be had, else synthetic and announced."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from recurra.forecasting import Series

TARGET = "T (degC)"
#: Of the classic experiment: its delay counts from the row after the window, 1 h after the newest sample.
LOOKBACK, STEP, DELAY, STEPS = "5d", "1h", "24h", 500
#: Rows of training and validation part of the file of 2009-2016.
CLASSIC_SPLIT = (200_000, 100_000)
CLASSIC_ROWS = 400_000


def load(path: str | None, *, synthetic: bool = False, all_columns: bool = False) -> Series:
    """The series of a file, of the data set that is found or downloaded, or else a synthetic one."""
    from recurra.datasets import jena_climate
    from recurra.datasets.locate import DatasetNotFoundError
    from recurra.forecasting import series_from_table

    if synthetic:
        table = jena_climate.synthetic()
    else:
        try:
            table = jena_climate.load_data(path, all_columns=all_columns)
        except DatasetNotFoundError as error:
            print(f"No measured weather: {error}.\nGoing on with synthetic data.\n", file=sys.stderr)
            table = jena_climate.synthetic()
    return series_from_table(table, TARGET, missing="forward", max_gap=len(table), irregular="ignore")


def split_of(series: Series, shares: str | None) -> tuple[int, int]:
    """The split that was asked for; else the classic one where the series is that long, 60/20/20 where not."""
    from recurra.cli.split import split_from_text

    if shares is None and len(series) >= CLASSIC_ROWS:
        return CLASSIC_SPLIT
    return split_from_text(shares or "60/20/20", len(series))
