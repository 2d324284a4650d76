"""Models of the `Forecaster`: short compositions of layers, each of which takes the same windows and covariates."""

from __future__ import annotations

from typing import Any

from recurra.checks import unknown_name
from recurra.forecasting.models.base import ForecastModel, NetworkModel, steps_of
from recurra.forecasting.models.deepar import DeepAR
from recurra.forecasting.models.linear import DLinear, NLinear
from recurra.forecasting.models.naive import Naive, SeasonalNaive
from recurra.forecasting.models.nbeats import NBEATS
from recurra.forecasting.models.patchtst import PatchTST
from recurra.forecasting.models.recurrent import GRU, LSTM
from recurra.forecasting.models.segrnn import SegRNN
from recurra.forecasting.models.tcn import TCN
from recurra.forecasting.models.tsmixer import TSMixer

__all__ = [
    "GRU",
    "LSTM",
    "NBEATS",
    "TCN",
    "DLinear",
    "DeepAR",
    "ForecastModel",
    "NLinear",
    "Naive",
    "NetworkModel",
    "PatchTST",
    "SeasonalNaive",
    "SegRNN",
    "TSMixer",
    "get",
    "steps_of",
]

MODELS: dict[str, type[ForecastModel]] = {
    model.__name__.lower(): model
    for model in (
        Naive,
        SeasonalNaive,
        NLinear,
        DLinear,
        SegRNN,
        GRU,
        LSTM,
        TCN,
        NBEATS,
        TSMixer,
        PatchTST,
        DeepAR,
    )
}


def get(identifier: Any) -> ForecastModel:
    """A model from its name, its class, or as it is.

    Args:
        identifier: "SegRNN", "seasonal-naive", …; capitals and hyphens do not matter.

    Raises:
        ValueError: There is no such model; the message names the close ones.
        TypeError: It is nothing of these.

    Example:
        >>> recurra.forecasting.models.get("seasonal-naive")
        SeasonalNaive()
    """
    if isinstance(identifier, ForecastModel):
        return identifier
    if isinstance(identifier, type) and issubclass(identifier, ForecastModel):
        return identifier()
    if isinstance(identifier, str):
        name = identifier.lower().replace("-", "").replace("_", "")
        if name not in MODELS:
            raise unknown_name("model", identifier, [model.__name__ for model in MODELS.values()])
        return MODELS[name]()
    raise TypeError(f"model: expected a name or a model, got {type(identifier).__name__}")
