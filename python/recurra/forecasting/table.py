"""Long tables as panels: which columns hold what, learned from the table of `fit` and asked of every later one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.checks import close_names
from recurra.datasets.spacing import Spacing, Times, spacing_of
from recurra.forecasting import frames
from recurra.forecasting.frames import Stamps
from recurra.forecasting.frequency import spacing_of_frequency
from recurra.forecasting.panel import Duplicates, Missing, Panel, Reader

Names = dict[str, list[str] | None]


def column_of(columns: dict[str, Any], name: str, what: str, meaning: str) -> Any:
    """A column by name.

    Raises:
        ValueError: There is none; the message names those there are.
    """
    if name in columns:
        return columns[name]
    close = close_names(name, columns)
    hint = f"did you mean '{close[0]}'?" if close else f"it has {', '.join(columns) or 'none'}"
    raise ValueError(f"{what} has no column '{name}' ({meaning}); {hint}")


@dataclass
class Layout:
    """Which columns hold what.

    Attributes:
        id_col, time_col, target_col: Columns of the series, the stamp, the target.
        future: Names of the covariates known in the future.
        past: Names of those known in the past only; None: all other columns.
        freq: The frequency; None finds it.
        missing, duplicates: As for `Reader`.
    """

    id_col: str
    time_col: str
    target_col: str
    future: tuple[str, ...]
    past: tuple[str, ...] | None
    freq: str | int | None
    missing: Missing
    duplicates: Duplicates
    #: What `learn` finds: covariates and their categories, the past ones first; the static ones.
    covariates: Names = field(default_factory=dict)
    static: Names = field(default_factory=dict)
    spacing: Spacing = field(default_factory=lambda: Spacing(1.0))
    stamps: Stamps = field(default_factory=lambda: Stamps("integer", np.dtype(np.int64)))
    template: Any = None

    def learn(self, df: Any, static_df: Any) -> None:
        """Finds the kinds of the columns, the frequency and the form of the stamps."""
        columns = frames.columns_of(df, "df")
        own = (self.id_col, self.time_col, self.target_col)
        for name, meaning in zip(own, ("the series", "the stamp", "the target"), strict=True):
            column_of(columns, name, "df", meaning)
        for name in (*self.future, *(self.past or ())):
            column_of(columns, name, "df", "a covariate")
            if name in own:
                raise ValueError(f"Forecaster: '{name}' is no covariate; take it out of the list")
        past = [name for name in columns if name not in own] if self.past is None else list(self.past)
        past = [name for name in past if name not in self.future]
        self.covariates = {name: self._kind(columns[name], f"df: column '{name}'") for name in (*past, *self.future)}
        self.template = df
        self._learn_stamps(columns[self.time_col], columns[self.id_col])
        self.static = {}
        if static_df is not None:
            found = frames.columns_of(static_df, "static_df")
            column_of(found, self.id_col, "static_df", "the series")
            self.static = {
                name: self._kind(column, f"static_df: column '{name}'")
                for name, column in found.items()
                if name != self.id_col
            }

    @staticmethod
    def _kind(column: Any, what: str) -> list[str] | None:
        return frames.categories_of(column, what) if frames.is_text(column) else None

    def _learn_stamps(self, column: Any, ids: Any) -> None:
        what = f"df: column '{self.time_col}'"
        stamps = Stamps.of(column, None)
        if stamps.kind == "integer":
            if isinstance(self.freq, str):
                raise ValueError(
                    f"{what} holds integers, freq='{self.freq}' is for dates; give freq=1, or stamps that are dates"
                )
        elif self.freq is not None and not isinstance(self.freq, str):
            raise ValueError(f"{what} holds dates, freq={self.freq!r} is for integers; give freq='h', 'D', 'MS', …")
        if self.freq is not None:
            spacing = spacing_of_frequency(self.freq)
        elif stamps.kind == "integer":
            spacing = Spacing(1.0)
        else:
            found = self._found(stamps.numbers(column, what), np.asarray(ids))
            if found is None:
                raise ValueError(f"{what}: no series has two stamps; give freq='h', 'D', 'MS', …")
            spacing = found
        self.spacing, self.stamps = spacing, Stamps.of(column, spacing)

    @staticmethod
    def _found(times: Times, ids: NDArray[Any]) -> Spacing | None:
        """The spacing of the series with the most rows."""
        names, counts = np.unique(ids, return_counts=True)
        return spacing_of(np.sort(times[ids == names[counts.argmax()]])) if len(names) else None

    @property
    def number_names(self) -> list[str]:
        """The names of the numbers in a row of a panel: the target, then covariates, a category each."""
        return [self.target_col, *_numbers(self.covariates)]

    @property
    def future_numbers(self) -> int:
        """How many of them are known in the future."""
        return len(_numbers({name: self.covariates[name] for name in self.future}))

    def panel(self, df: Any, what: str = "df") -> Panel:
        """The panel of a table with these columns."""
        columns = frames.columns_of(df, what)
        ids = np.asarray(column_of(columns, self.id_col, what, "the series"))
        if not len(ids):
            raise ValueError(f"{what} has no rows")
        times = self.stamps.numbers(
            column_of(columns, self.time_col, what, "the stamp"), f"{what}: column '{self.time_col}'"
        )
        target = frames.numbers_of(
            column_of(columns, self.target_col, what, "the target"), f"{what}: column '{self.target_col}'"
        )
        values = [target[:, None], *self._encoded(columns, self.covariates, what)]
        reader = Reader(self.spacing, self.stamps, self.missing, self.duplicates, what)
        return reader.read(_names(ids, f"{what}: column '{self.id_col}'"), times, np.hstack(values), self.number_names)

    @staticmethod
    def _encoded(columns: dict[str, Any], wanted: Names, what: str) -> list[NDArray[np.float64]]:
        """The covariates as numbers, (rows, numbers) each."""
        parts = []
        for name, categories in wanted.items():
            column, who = column_of(columns, name, what, "a covariate"), f"{what}: column '{name}'"
            if categories is None:
                parts.append(frames.numbers_of(column, who)[:, None])
            else:
                parts.append(frames.one_hot(column, categories, who))
        return parts

    def statics(self, static_df: Any, ids: NDArray[Any]) -> NDArray[np.float64]:
        """(series, numbers) of these series.

        Raises:
            ValueError: A series has no row, or a number is missing.
        """
        if not self.static:
            return np.empty((len(ids), 0))
        if static_df is None:
            raise ValueError("predict: the models were fitted with static_df; give static_df for the series of df")
        columns = frames.columns_of(static_df, "static_df")
        names = _names(np.asarray(column_of(columns, self.id_col, "static_df", "the series")), "static_df")
        values = np.hstack(self._encoded(columns, self.static, "static_df"))
        place = {name: row for row, name in enumerate(names.tolist())}
        lost = [name for name in ids.tolist() if name not in place]
        if lost:
            raise ValueError(f"static_df has no row for series '{lost[0]}' ({len(lost)} of {len(ids)} series); add it")
        found = values[[place[name] for name in ids.tolist()]]
        if np.isnan(found).any():
            row, column = np.argwhere(np.isnan(found))[0].tolist()
            raise ValueError(f"static_df: '{_numbers(self.static)[column]}' of series '{ids[row]}' is missing; fill it")
        return found

    def ahead(self, futr_df: Any, panel: Panel, horizon: int) -> NDArray[np.float64]:
        """(series, horizon, numbers): the covariates known in the future, for the steps that follow each series.

        Raises:
            ValueError: They are not given, a step is missing, or a row lies in the data.
        """
        if not self.future:
            if futr_df is not None:
                raise ValueError(
                    "predict: futr_df was given, but no covariate is known in the future; name them in futr_exog_list"
                )
            return np.empty((len(panel), horizon, 0))
        named = ", ".join(self.future)
        if futr_df is None:
            raise ValueError(f"predict: {named} must be known for the {horizon} steps of the forecast; give futr_df")
        columns = frames.columns_of(futr_df, "futr_df")
        ids = _names(np.asarray(column_of(columns, self.id_col, "futr_df", "the series")), "futr_df")
        times = self.stamps.numbers(column_of(columns, self.time_col, "futr_df", "the stamp"), "futr_df: the stamps")
        wanted = {name: self.covariates[name] for name in self.future}
        values = np.hstack(self._encoded(columns, wanted, "futr_df"))
        order = np.argsort(ids, kind="stable")
        ids, times, values = ids[order], times[order], values[order]
        found = np.full((len(panel), horizon, values.shape[1]), np.nan)
        for i, name in enumerate(panel.ids.tolist()):
            rows = slice(*np.searchsorted(ids, [name, name], side="left").tolist())
            rows = slice(rows.start, int(np.searchsorted(ids, name, side="right")))
            steps = panel.following(i, horizon)
            self._check_behind(name, times[rows], steps)
            at = {stamp: row for row, stamp in enumerate(np.round(times[rows], 3).tolist())}
            for step, stamp in enumerate(np.round(steps, 3).tolist()):
                if stamp not in at or np.isnan(values[rows][at[stamp]]).any():
                    raise ValueError(
                        f"futr_df has no {named} of series '{name}' at {self.stamps.text(stamp)}; all {horizon} "
                        f"steps from {self.stamps.text(steps[0])} on are needed"
                    )
                found[i, step] = values[rows][at[stamp]]
        return found

    def _check_behind(self, name: Any, times: Times, steps: Times) -> None:
        early = times[times < steps[0] - 1e-3]
        if len(early):
            raise ValueError(
                f"futr_df: series '{name}' has a row at {self.stamps.text(float(early.min()))}, but its data reach "
                f"to the step before {self.stamps.text(float(steps[0]))}; leave out the rows that df has"
            )

    def frame(self, columns: dict[str, Any], like: Any) -> Any:
        """A result of the kind of `like`; "ds" and "cutoff" are numbers of stamps."""
        frame_columns = frames.columns_of(like, "df")
        done = dict(columns)
        for name in (self.time_col, "cutoff"):
            if name in done:
                done[name] = self.stamps.column(done[name], frame_columns[self.time_col])
        return frames.frame_like(like, done)


def _numbers(names: Names) -> list[str]:
    return [
        name if category is None else f"{name}={category}"
        for name, categories in names.items()
        for category in ([None] if categories is None else categories)
    ]


def _names(ids: NDArray[Any], what: str) -> NDArray[Any]:
    """The names of series as an array that sorts."""
    if ids.dtype.kind in "OT":
        found: Sequence[Any] = ids.tolist()
        bad: Iterable[Any] = (row for row, one in enumerate(found) if one is None or one != one)
        row = next(iter(bad), None)
        if row is not None:
            raise ValueError(f"{what} is empty in row {row}; name the series, or drop the row")
        return np.array([str(one) for one in found]) if any(isinstance(one, str) for one in found) else np.array(found)
    return ids
