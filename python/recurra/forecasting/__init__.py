"""Forecasts: `Forecaster` for many series of a long table, `Experiment` for one column of a table."""

from recurra.forecasting import models
from recurra.forecasting.baselines import NaiveForecast
from recurra.forecasting.durations import rows_of, written
from recurra.forecasting.experiment import Experiment, Run, Settings, split_rows
from recurra.forecasting.forecaster import Forecaster
from recurra.forecasting.networks import NETWORKS, Network
from recurra.forecasting.prediction import ColumnForecaster, Forecast
from recurra.forecasting.series import Series, series_from_table, unit_of

__all__ = [
    "NETWORKS",
    "ColumnForecaster",
    "Experiment",
    "Forecast",
    "Forecaster",
    "NaiveForecast",
    "Network",
    "Run",
    "Series",
    "Settings",
    "models",
    "rows_of",
    "series_from_table",
    "split_rows",
    "unit_of",
    "written",
]
