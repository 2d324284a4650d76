"""Forecasts without training, which a model has to beat."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.checks import whole_number
from recurra.forecasting.heads import Head, Point
from recurra.forecasting.models.base import ForecastModel, Trained
from recurra.forecasting.store import Rows, Sizes, Store


class SeasonalNaive(ForecastModel):
    """Every value will be what it was a season before; Hyndman & Athanasopoulos, section 5.2.

    Args:
        season_length: Steps of a season; default None, what the frequency suggests (24 for hours, 7 for days, 12 for
            months, …).
        alias: Name of the columns of the forecast; default the name of the class.

    Example:
        >>> from recurra.forecasting import Forecaster
        >>> from recurra.forecasting.models import SeasonalNaive
        >>> table = {"unique_id": ["a"] * 6, "ds": np.arange(6), "y": [1.0, 2.0, 3.0, 1.0, 2.0, 3.0]}
        >>> Forecaster(SeasonalNaive(3), freq=1, horizon=2).fit(table).predict()["SeasonalNaive"]
        array([1., 2.])
    """

    naive = True

    def __init__(self, season_length: int | None = None, alias: str | None = None) -> None:
        super().__init__(alias)
        self.season_length = (
            None if season_length is None else whole_number(season_length, type(self).__name__, "season_length")
        )

    def lookback(self, wanted: int, season: int) -> int:
        return self.season_length or season

    def train(
        self,
        sizes: Sizes,
        head: Head,
        store: Store,
        training: Rows,
        validation: Rows,
        seed: int,
        verbose: Any,
        deadline: float | None = None,
    ) -> Trained:
        return Trained(self, sizes, Point())

    def parameters(self, trained: Trained, store: Store, newest: Rows) -> NDArray[np.float64]:
        steps = np.arange(trained.sizes.horizon) % trained.sizes.lookback
        rows = newest[:, None] - trained.sizes.lookback + 1 + steps
        return np.asarray(store.data[rows, 0, None], dtype=np.float64)


class Naive(SeasonalNaive):
    """Nothing changes: every value will be the last one.

    Args:
        alias: Name of the columns of the forecast; default the name of the class.

    Example:
        >>> from recurra.forecasting import Forecaster
        >>> table = {"unique_id": ["a"] * 6, "ds": np.arange(6), "y": [1.0, 2.0, 3.0, 1.0, 2.0, 3.0]}
        >>> Forecaster("naive", freq=1, horizon=2).fit(table).predict()["Naive"]
        array([3., 3.])
    """

    def __init__(self, alias: str | None = None) -> None:
        super().__init__(1, alias)

    def _arguments(self) -> dict[str, Any]:
        return {"alias": self.alias}
