"""Forecaster: many series in a long table, one model for all of them, forecasts with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra import checks
from recurra.checks import with_known_keywords
from recurra.forecasting import models as ready_models
from recurra.forecasting.fitting import Fitted, Plan, fitted, truth, windows_before_the_end
from recurra.forecasting.frequency import season_of, spacing_of_frequency
from recurra.forecasting.heads import head_of
from recurra.forecasting.ladder import Ranking, climbed
from recurra.forecasting.models.base import ForecastModel
from recurra.forecasting.panel import DUPLICATES, MISSING, Panel
from recurra.forecasting.scaling import SCALINGS
from recurra.forecasting.table import Layout
from recurra.losses.quantile import checked_quantiles

Values = NDArray[np.float64]


class Forecaster:
    """Forecasts many series of a long table, with one model for all of them.

    A table has a row for each series and stamp: columns `unique_id`, `ds`, `y`, and covariates. It is a frame of pandas
    or polars, or a dictionary of arrays; results are of the same kind. Each series is scaled on its own, so that one
    model serves all of them, whatever their levels and lengths; the forecast is scaled back. The last part of each
    series is kept from the training to choose the best epoch, and to calibrate the intervals of models of a single
    value.

    Args:
        models: "auto" (default): a ladder of models is tried on the last part of the data, and the best is kept beside
            the seasonal naive forecast; see `ranking` and `verdict`. Or a model, or its name, or a list: names of
            classes in `recurra.forecasting.models`, such as "SegRNN", or objects of them with settings of your own.
        freq: The step of the stamps: "h", "15min", "D", "W", "B", "MS", "QS", "YE", … for dates, an integer for
            integers. None (default) finds it.
        horizon: H, steps to forecast, all at once.
        input_size: L, steps that the models see; default None, by season, horizon and length of the data.
        loss: What is learned: "mae" (default) or another loss of one value; "quantiles", a `QuantileLoss` of several
            quantiles; or a distribution, "gaussian", "student-t", "mixture", "negative-binomial" (counts).
        scaling: Of each series: "standard" (default; mean and standard deviation), "robust" (median and quartiles),
            "mean" (divided by the mean of |y|), "none". What is done to windows is a setting of the models.
        season_length: Steps of a season; default None, what the frequency suggests.
        futr_exog_list: Covariates known in the future, which `predict` is given in `futr_df`.
        hist_exog_list: Covariates known in the past only; default None, all other columns.
        missing: What is done about missing values and rows: "error" (default); "interpolate", straight lines between
            the neighbours; "mask", the last known value as input, and no part in the loss.
        duplicates: What is done about two rows of a series with one stamp: "error" (default), "first", "last", "mean".
        id_col: Column with the names of the series.
        time_col: Column with the stamps, dates or integers.
        target_col: Column to forecast.
        time_budget: Seconds for "auto" to try models; the naive ones and the first linear one are tried in any case,
            and the winner is then trained once more. Default 60.
        seed: Of weights, order and draws; default 0.
        verbose: What `fit` of a network shows; default 0, nothing.

    Raises:
        ValueError: An argument is none of these.

    Example:
        >>> hours = np.arange("2024-01-01", "2024-01-15", dtype="datetime64[h]")
        >>> load = 50 + 10 * np.sin(np.arange(hours.size) * 2 * np.pi / 24)
        >>> table = {"unique_id": np.repeat(["a", "b"], hours.size), "ds": np.tile(hours, 2),
        ...          "y": np.concatenate([load, 3 * load])}
        >>> forecaster = recurra.forecasting.Forecaster(["SeasonalNaive", "NLinear"], freq="h", horizon=3)
        >>> forecast = forecaster.fit(table).predict(level=[80])
        >>> list(forecast)[:4]
        ['unique_id', 'ds', 'SeasonalNaive', 'SeasonalNaive-lo-80']
        >>> forecast["SeasonalNaive"].round(1)
        array([ 50. ,  52.6,  55. , 150. , 157.8, 165. ])
    """

    @with_known_keywords
    def __init__(
        self,
        models: Any = "auto",
        freq: str | int | None = None,
        *,
        horizon: int,
        input_size: int | None = None,
        loss: Any = "mae",
        scaling: str = "standard",
        season_length: int | None = None,
        futr_exog_list: Sequence[str] = (),
        hist_exog_list: Sequence[str] | None = None,
        missing: str = "error",
        duplicates: str = "error",
        id_col: str = "unique_id",
        time_col: str = "ds",
        target_col: str = "y",
        time_budget: float = 60.0,
        seed: int = 0,
        verbose: Any = 0,
    ) -> None:
        owner = "Forecaster"
        self.automatic = isinstance(models, str) and models.lower() == "auto"
        #: What is fitted; of "auto" empty until `fit` has chosen.
        self.models: list[ForecastModel] = [] if self.automatic else _models(models)
        self.time_budget = checks.number(time_budget, owner, "time_budget", 0)
        self.head = head_of(loss)
        scaling = checks.one_of(scaling, owner, "scaling", SCALINGS)
        self.plan = Plan(
            checks.whole_number(horizon, owner, "horizon"),
            None if input_size is None else checks.whole_number(input_size, owner, "input_size"),
            None if season_length is None else checks.whole_number(season_length, owner, "season_length"),
            scaling if self.head.support == "real" else "none",
            self.head,
            0,
            checks.seed(seed, owner) or 0,
            verbose,
        )
        self.layout = Layout(
            id_col,
            time_col,
            target_col,
            tuple(futr_exog_list),
            None if hist_exog_list is None else tuple(hist_exog_list),
            freq,
            checks.one_of(missing, owner, "missing", MISSING),
            checks.one_of(duplicates, owner, "duplicates", DUPLICATES),
        )
        if freq is not None:
            spacing_of_frequency(freq)
        self._fitted: Fitted | None = None
        self._panel: Panel | None = None
        self._static: Values | None = None
        self._ranking: Ranking | None = None

    @property
    def horizon(self) -> int:
        """Steps that are forecast."""
        return self.plan.horizon

    @property
    def season(self) -> int:
        """Steps of a season, as the frequency suggests where `season_length` was not given."""
        return self.plan.season or season_of(self.layout.spacing)

    @property
    def fitted(self) -> Fitted:
        """The trained models, with their histories.

        Raises:
            RuntimeError: `fit` was not called.
        """
        if self._fitted is None:
            raise RuntimeError("Forecaster: call fit first")
        return self._fitted

    def fit(self, df: Any, static_df: Any = None, val_size: int | None = None) -> Forecaster:
        """Trains the models.

        Args:
            df: The table: `unique_id`, `ds`, `y`, covariates. Rows may stand in any order.
            static_df: A row for each series with what describes it: numbers, or texts as categories.
            val_size: The last rows of each series that choose the best epoch; default None, a tenth, at least one
                horizon.

        Returns:
            The forecaster itself.

        Raises:
            ValueError: The table does not hold what was announced, its stamps are not even, or no series is long
                enough.
            TypeError: A column holds something else than numbers, texts or stamps.
        """
        if val_size is not None:
            checks.whole_number(val_size, "fit", "val_size", self.horizon)
        layout = copy(self.layout)
        panel, static = _read(layout, df, static_df)
        plan = self._planned(layout)
        models, ranking = self._chosen(plan, panel, static, val_size)
        self._fitted = fitted(plan, models, panel, static, val_size)
        self.layout, self._panel, self._static = layout, panel, static
        self.models, self._ranking = models, ranking
        return self

    def predict(
        self,
        df: Any = None,
        *,
        futr_df: Any = None,
        static_df: Any = None,
        level: Sequence[float] | None = None,
        quantiles: Sequence[float] | None = None,
    ) -> Any:
        """Forecasts the `horizon` steps that follow each series.

        Args:
            df: Other data than those of `fit`, with the same columns: newer rows, or other series.
            futr_df: `unique_id`, `ds` and the covariates known in the future, for the steps of the forecast.
            static_df: Where `df` has series that `fit` did not have.
            level: Percentages such as [80, 95]: the interval that holds so many of the values, columns `Model-lo-80`
                and `Model-hi-80`.
            quantiles: Numbers between 0 and 1 instead, columns `Model_ql0.1`.

        Returns:
            `unique_id`, `ds`, a column for each model, and its intervals.

        Raises:
            ValueError: Future covariates are missing or lie in the past, or levels and quantiles are out of range.
            RuntimeError: `fit` was not called.
        """
        wanted = _wanted(level, quantiles)
        made = self.fitted
        assert self._panel is not None
        assert self._static is not None
        like = self.layout.template if df is None else df
        if df is None:
            panel, static = self._panel, self._static
        else:
            panel = self.layout.panel(df)
            static = self.layout.statics(static_df, panel.ids)
        ahead = self.layout.ahead(futr_df, panel, self.horizon)
        values = made.forecast(panel, static, ahead, sorted(set(wanted.values())))
        stamps = [panel.following(i, self.horizon) for i in range(len(panel))]
        columns: dict[str, Any] = {
            self.layout.id_col: np.repeat(panel.ids, self.horizon),
            self.layout.time_col: np.concatenate(stamps),
        }
        return self.layout.frame(
            columns | _named([trained.model.name for trained in made.trained], values, wanted), like
        )

    def cross_validation(
        self,
        df: Any,
        *,
        static_df: Any = None,
        n_windows: int = 1,
        step_size: int | None = None,
        refit: bool = True,
        val_size: int | None = None,
        level: Sequence[float] | None = None,
        quantiles: Sequence[float] | None = None,
    ) -> Any:
        """Forecasts the past as if it were not known: trains on what lies before a cutoff, forecasts what follows it.

        The forecaster itself stays as it is.

        Args:
            df, static_df, val_size: As for `fit`.
            n_windows: Cutoffs; the last one lies `horizon` steps before the end. Default 1.
            step_size: Steps between them; default None, `horizon`.
            refit: Whether the models are trained anew for each cutoff (default), or for the first one only.
            level, quantiles: As for `predict`.

        Returns:
            `unique_id`, `ds`, `cutoff` (the last stamp that was known), `y`, and the columns of `predict`.

        Raises:
            ValueError: As in `fit`, or the series are too short for so many windows.
        """
        checks.whole_number(n_windows, "cross_validation", "n_windows")
        step = self.horizon if step_size is None else checks.whole_number(step_size, "cross_validation", "step_size")
        refit = checks.boolean(refit, "cross_validation", "refit")
        if val_size is not None:
            checks.whole_number(val_size, "cross_validation", "val_size", self.horizon)
        wanted = _wanted(level, quantiles)
        layout = copy(self.layout)
        panel, static = _read(layout, df, static_df)
        cuts = [self.horizon + window * step for window in reversed(range(n_windows))]
        if panel.lengths.max() <= cuts[0]:
            raise ValueError(
                f"cross_validation: the longest series has {panel.lengths.max()} rows, but {n_windows} windows of "
                f"horizon {self.horizon}, {step} apart, need more than {cuts[0]}; lower n_windows or step_size"
            )
        plan, parts = self._planned(layout), []
        # Chosen by what lies before the first cutoff.
        earliest = panel.without_last(cuts[0])
        models, _ = self._chosen(plan, earliest, static[np.searchsorted(panel.ids, earliest.ids)], val_size)
        for together in [[cut] for cut in cuts] if refit else [cuts]:
            before = panel.without_last(together[0])
            known = np.searchsorted(panel.ids, before.ids)
            made = fitted(plan, models, before, static[known], val_size)
            parts.append(self._backtest(layout, made, panel, static, known, together, wanted))
        columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        return layout.frame(columns, df)

    def _backtest(
        self,
        layout: Layout,
        made: Fitted,
        panel: Panel,
        static: Values,
        known: NDArray[np.int64],
        cuts: list[int],
        wanted: dict[str, float],
    ) -> dict[str, Any]:
        """The columns of some cutoffs, `cuts` rows before the end of each series, for the series that were fitted."""
        series, newest = windows_before_the_end(panel, known, cuts)
        values = made.backtest(panel, static, series, newest, sorted(set(wanted.values())))
        steps = newest[:, None] + np.arange(self.horizon + 1)
        grids = {i: panel.stamps(i) for i in known.tolist()}
        stamps = np.stack([grids[i][rows] for i, rows in zip(series.tolist(), steps, strict=True)])
        return {
            layout.id_col: np.repeat(panel.ids[series], self.horizon),
            layout.time_col: stamps[:, 1:].ravel(),
            "cutoff": np.repeat(stamps[:, 0], self.horizon),
            layout.target_col: truth(panel, series, newest, self.horizon).ravel(),
            **_named([trained.model.name for trained in made.trained], values, wanted),
        }

    def _planned(self, layout: Layout) -> Plan:
        return replace(self.plan, future=layout.future_numbers)

    def _chosen(
        self, plan: Plan, panel: Panel, static: Values, val_size: int | None
    ) -> tuple[list[ForecastModel], Ranking | None]:
        """The models to fit, and how "auto" found them."""
        if not self.automatic:
            return self.models, None
        ranking = climbed(plan, panel, static, val_size, self.time_budget)
        return ranking.kept(), ranking

    @property
    def ranking(self) -> list[dict[str, Any]]:
        """What "auto" tried, the best first: "model", "mase", "against_seasonal_naive" (its MASE is 1), "seconds".

        Raises:
            RuntimeError: `fit` was not called, or the models were given.
        """
        return self._ranked().rows()

    @property
    def verdict(self) -> str:
        """Who won, and by how much, in one sentence.

        Raises:
            RuntimeError: `fit` was not called, or the models were given.
        """
        return self._ranked().verdict()

    def _ranked(self) -> Ranking:
        if self._ranking is None:
            raise RuntimeError("Forecaster: there is no ranking; call fit first, with models='auto'")
        return self._ranking


def _named(models: Sequence[str], values: dict[str, Values], wanted: dict[str, float]) -> dict[str, Values]:
    """The columns of the models, one behind the other, with their intervals."""
    named: dict[str, Values] = {}
    for model in models:
        named[model] = values[model].ravel()
        for suffix, q in wanted.items():
            named[f"{model}{suffix}"] = values[f"{model}@{q}"].ravel()
    return named


def _read(layout: Layout, df: Any, static_df: Any) -> tuple[Panel, Values]:
    """The panel of a table from which the layout is learned, with the static numbers of its series."""
    layout.learn(df, static_df)
    panel = layout.panel(df)
    return panel, layout.statics(static_df, panel.ids)


def _models(given: Any) -> list[ForecastModel]:
    listed = list(given) if isinstance(given, (list, tuple)) else [given]
    found = [ready_models.get(one) for one in listed]
    if not found:
        raise ValueError("Forecaster: models is empty; name at least one, such as 'SeasonalNaive'")
    names = [model.name for model in found]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"Forecaster: two models are named '{twice}'; give one an alias='…' of its own")
    return found


def _wanted(level: Any, quantiles: Any) -> dict[str, float]:
    """The quantiles that levels and quantiles ask for, by the ends of their columns' names."""
    if level is not None and quantiles is not None:
        raise ValueError("Forecaster: give level or quantiles, not both")
    if quantiles is not None:
        return {f"_ql{q:g}": q for q in checked_quantiles(quantiles, "Forecaster")}
    levels = [level] if checks.is_number(level) else [] if level is None else list(level)
    found = {}
    for one in levels:
        checked = checks.number(one, "Forecaster", "level (a percentage)", above=0, below=100)
        if checked < 1:
            raise ValueError(f"Forecaster: level is a percentage such as 80, got {one!r}")
        found[f"-lo-{checked:g}"] = (100 - checked) / 200
        found[f"-hi-{checked:g}"] = (100 + checked) / 200
    return found
