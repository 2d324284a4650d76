"""Forecasting a column of an evenly sampled series, beside naive forecasts."""

from recurra.forecasting.baselines import NaiveForecast
from recurra.forecasting.durations import rows_of, written
from recurra.forecasting.experiment import Experiment, Run, Settings, split_rows
from recurra.forecasting.networks import NETWORKS, Network
from recurra.forecasting.prediction import Forecast, Forecaster
from recurra.forecasting.series import Series, series_from_table, unit_of

__all__ = [
    "NETWORKS",
    "Experiment",
    "Forecast",
    "Forecaster",
    "NaiveForecast",
    "Network",
    "Run",
    "Series",
    "Settings",
    "rows_of",
    "series_from_table",
    "split_rows",
    "unit_of",
    "written",
]
