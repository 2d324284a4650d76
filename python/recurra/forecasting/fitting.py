"""Models fitted to a panel, and their forecasts of what follows one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.datasets.spacing import plural
from recurra.forecasting.frequency import season_of
from recurra.forecasting.heads import Head
from recurra.forecasting.intervals import Errors
from recurra.forecasting.models.base import ForecastModel, Trained
from recurra.forecasting.panel import Panel
from recurra.forecasting.scaling import scales_of
from recurra.forecasting.store import Rows, Sizes, Store, thinned

Values = NDArray[np.float64]
_LONGEST_WINDOW = 512
_VALIDATION_SHARE = 10
#: Windows that intervals are calibrated on, at most.
_CALIBRATED = 5000


@dataclass(frozen=True)
class Plan:
    """What is to be fitted.

    Attributes:
        horizon: H.
        lookback: L; None chooses it.
        season: Steps of a season; None: what the frequency suggests.
        scaling: Of each series, see `scaling.py`.
        head: What the outputs of networks mean.
        future: Numbers of the future covariates.
        seed: Of everything random.
        verbose: As `fit` takes it.
    """

    horizon: int
    lookback: int | None
    season: int | None
    scaling: str
    head: Head
    future: int
    seed: int
    verbose: Any


@dataclass
class Fitted:
    """Models that were trained on one panel, and what their windows need.

    Attributes:
        plan: What was asked for.
        numbers: The number of each series in training, by its name.
        scales: (series, 2), in the same order.
        covariates: (covariates, 2), shift and scale.
        statics: (static numbers, 2).
        observed: Whether networks are told which steps were observed.
        trained: The models.
        errors: Absolute errors on the validation part, by the name of the model; made when they are asked for.
    """

    plan: Plan
    numbers: dict[Any, int]
    scales: Values
    covariates: Values
    statics: Values
    observed: bool
    trained: list[Trained] = field(default_factory=list)
    errors: dict[str, Errors] = field(default_factory=dict)
    _held_out: dict[str, tuple[Store, Rows]] = field(default_factory=dict, repr=False)

    def scales_for(self, panel: Panel) -> Values:
        """(series, 2): those of training; series that are new get their own."""
        fresh = scales_of((panel.values[panel.rows(i), 0] for i in range(len(panel))), self.plan.scaling)
        for i, name in enumerate(panel.ids.tolist()):
            if name in self.numbers:
                fresh[i] = self.scales[self.numbers[name]]
        return fresh

    def numbers_for(self, panel: Panel) -> NDArray[np.int64]:
        """(series,): their numbers in training, -1 for new ones."""
        return np.array([self.numbers.get(name, -1) for name in panel.ids.tolist()], dtype=np.int64)

    def store(self, model: ForecastModel, panel: Panel, static: Values, lookback: int, ahead: Values | None) -> Store:
        """The panel ready for windows of this length; for naive models as it is, so that they copy true values."""
        scaled = (static - self.statics[:, 0]) / self.statics[:, 1]
        scales = np.tile([0.0, 1.0], (len(panel), 1)) if model.naive else self.scales_for(panel)
        return Store(
            panel, scales, self.covariates, scaled, self.numbers_for(panel), self.plan.future, lookback,
            self.plan.horizon, self.observed, ahead, np.float64 if model.naive else np.float32,
        )  # fmt: skip

    def forecast(self, panel: Panel, static: Values, ahead: Values, quantiles: Sequence[float]) -> dict[str, Values]:
        """What follows each series, (series, H), by the name of the model, and with "@q" behind it for the quantiles.

        Args:
            panel: The series.
            static: (series, numbers).
            ahead: (series, H, numbers), the covariates that are known in the future.
            quantiles: Those that are wanted.
        """
        everyone = np.arange(len(panel))
        return self._forecast(panel, static, ahead, everyone, panel.lengths - 1, quantiles)

    def backtest(
        self,
        panel: Panel,
        static: Values,
        series: NDArray[np.int64],
        newest: NDArray[np.int64],
        quantiles: Sequence[float],
    ) -> dict[str, Values]:
        """The same for windows that end inside of the series: window i with row `newest[i]` of series `series[i]`."""
        return self._forecast(panel, static, None, series, newest, quantiles)

    def _forecast(
        self,
        panel: Panel,
        static: Values,
        ahead: Values | None,
        series: NDArray[np.int64],
        newest: NDArray[np.int64],
        quantiles: Sequence[float],
    ) -> dict[str, Values]:
        found: dict[str, Values] = {}
        shift, scale = np.hsplit(self.scales_for(panel)[series], 2)
        numbers = self.numbers_for(panel)[series]
        for trained in self.trained:
            name, naive = trained.model.name, trained.model.naive
            self._check_known(trained.model, panel)
            store = self.store(trained.model, panel, static, trained.sizes.lookback, ahead)
            parameters = trained.parameters(store, store.begins[series] + newest)
            point = trained.head.point(parameters)
            found[name] = point if naive else point * scale + shift
            for q in quantiles:
                if trained.head.probabilistic:
                    found[f"{name}@{q}"] = trained.head.quantile(parameters, q) * scale + shift
                elif q == 0.5:
                    found[f"{name}@{q}"] = found[name]
                else:
                    width = self.calibrated(trained).half_widths(abs(2 * q - 1), numbers) * scale
                    found[f"{name}@{q}"] = found[name] + (width if q > 0.5 else -width)
        return found

    def calibrated(self, trained: Trained) -> Errors:
        """The errors of a model on the validation part.

        Raises:
            ValueError: There is none.
        """
        name = trained.model.name
        if name not in self.errors:
            store, newest = self._held_out[name]
            if not len(newest):
                raise ValueError(
                    f"Forecaster: intervals of {name} need a validation part, and no series is long enough for one; "
                    "shorten horizon or input_size, or give loss='gaussian' or 'quantiles'"
                )
            newest = thinned(newest, _CALIBRATED)
            rows = newest[:, None] + np.arange(1, self.plan.horizon + 1)
            target = np.where(store.data[rows, 1] > 0, store.data[rows, 0], np.nan)
            point = trained.head.point(trained.parameters(store, newest))
            errors, numbers = np.abs(target - point), store.numbers[store.series_at(newest)].astype(np.int64)
            self.errors[name] = Errors(errors / self.scales[numbers, 1:] if trained.model.naive else errors, numbers)
        return self.errors[name]

    def _check_known(self, model: ForecastModel, panel: Panel) -> None:
        reads = getattr(model, "_reads_series", False)
        new = [name for name in panel.ids.tolist() if name not in self.numbers]
        if reads and new:
            raise ValueError(
                f"{model.name} learned something for each series and does not know '{new[0]}'; fit with it, or make "
                "the model without series_embedding and window_scaling='revin'"
            )

    def train(
        self,
        model: ForecastModel,
        panel: Panel,
        static: Values,
        validation: NDArray[np.int64],
        deadline: float | None = None,
    ) -> Trained:
        """Trains one more model."""
        plan = self.plan
        season = plan.season or season_of(panel.spacing)
        lookback = model.lookback(chosen_lookback(plan, panel, season), season)
        store = self.store(model, panel, static, lookback, None)
        lengths = panel.lengths
        held_out = store.newest_of(lengths - validation, lengths - 1)
        training = store.newest_of(np.zeros_like(lengths), lengths - 1 - validation)
        if not model.naive and not len(training):
            raise ValueError(
                f"Forecaster: no series is long enough: {model.name} needs {plan.horizon + 1} rows for horizon "
                f"{plan.horizon}, and {plural(int(validation.max()), 'row')} for validation; the longest series has "
                f"{lengths.max()}. Shorten horizon or val_size"
            )
        covariates = panel.values.shape[1] - 1
        sizes = Sizes(
            lookback,
            plan.horizon,
            covariates + self.observed,
            plan.future,
            static.shape[1],
            len(panel),
            plan.head.outputs,
            season,
        )
        trained = model.train(sizes, plan.head, store, training, held_out, plan.seed, plan.verbose, deadline)
        self._held_out[model.name] = (store, held_out)
        return trained


def windows_before_the_end(
    panel: Panel, known: NDArray[np.int64], cuts: Sequence[int]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The series and newest rows of windows that end `cuts` rows before the end of each of the series `known`."""
    series = np.tile(known, len(cuts))
    return series, panel.lengths[series] - 1 - np.repeat(np.asarray(cuts), len(known))


def truth(panel: Panel, series: NDArray[np.int64], newest: NDArray[np.int64], horizon: int) -> Values:
    """(windows, H): what followed."""
    rows = (panel.offsets[series] + newest)[:, None] + np.arange(1, horizon + 1)
    return np.asarray(panel.values[rows, 0])


def chosen_lookback(plan: Plan, panel: Panel, season: int) -> int:
    """L: what was asked for, or twice a season and three times the horizon, as far as the data reach."""
    if plan.lookback is not None:
        return plan.lookback
    wanted = min(max(2 * season, 3 * plan.horizon, 8), max(_LONGEST_WINDOW, plan.horizon))
    longest = int(panel.lengths.max())
    return max(1, min(wanted, max((longest - plan.horizon) // 2, 1)))


def validation_rows(panel: Panel, horizon: int, val_size: int | None) -> NDArray[np.int64]:
    """(series,): the last rows of each that are held out, 0 for those that are too short for it.

    By default a tenth of the series, but at least one horizon; no more than a third.
    """
    lengths = panel.lengths
    if val_size is not None:
        wanted = np.full_like(lengths, val_size)
    else:
        wanted = np.maximum(lengths // _VALIDATION_SHARE, horizon)
        wanted = np.where(3 * wanted > lengths, 0, wanted)
    return np.where(lengths - wanted >= horizon + 1, wanted, 0)


def fitted(
    plan: Plan,
    models: Sequence[ForecastModel],
    panel: Panel,
    static: Values,
    val_size: int | None,
    deadline: float | None = None,
) -> Fitted:
    """The models trained on a panel."""
    validation = validation_rows(panel, plan.horizon, val_size)
    before = [panel.values[panel.offsets[i] : panel.offsets[i + 1] - validation[i]] for i in range(len(panel))]
    whole = np.concatenate(before)[:, 1:]
    numbers = {name: i for i, name in enumerate(panel.ids.tolist())}
    if plan.head.support == "counts":
        _check_counts(panel)
    made = Fitted(
        plan,
        numbers,
        scales_of((values[:, 0] for values in before), plan.scaling),
        scales_of(whole.T, "standard"),
        scales_of(static.T, "standard"),
        bool(np.isnan(panel.values[:, 0]).any()),
    )
    for model in models:
        made.trained.append(made.train(model, panel, static, validation, deadline))
    return made


def _check_counts(panel: Panel) -> None:
    y = panel.values[:, 0]
    wrong = ~np.isnan(y) & ((y < 0) | (y != np.round(y)))
    if wrong.any():
        row = int(wrong.argmax())
        name = panel.ids[int(np.searchsorted(panel.offsets, row, side="right")) - 1]
        raise ValueError(
            f"Forecaster: loss='negative-binomial' is for counts, but series '{name}' holds {y[row]:g}; give another "
            "loss"
        )
