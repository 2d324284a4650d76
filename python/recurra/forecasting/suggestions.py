"""Settings chosen from the interval and the length of a series, where the user states none."""

from __future__ import annotations

import math
from dataclasses import dataclass

from recurra.datasets.spacing import DAY, Spacing

_HOUR = 3600.0
_SMALL_PASS, _LARGE_PASS = 50, 500
_BATCH = 128
#: Below so many training windows a network can hardly learn anything.
FEW_WINDOWS = 300


@dataclass(frozen=True)
class Spans:
    """Lookback, step and horizon in rows, as in `Settings`."""

    lookback: int
    step: int
    horizon: int


def usual_spans(spacing: Spacing | None) -> Spans:
    """The spans that suit an interval, whatever the length of the series."""
    if spacing is None:
        return Spans(120, 1, 24)
    if spacing.monthly:
        return Spans(*{1: (24, 1, 6), 3: (8, 1, 4)}.get(int(spacing.count), (6, 1, 1)))
    if spacing.unit == "business day":
        return Spans(20, 1, 5)
    seconds = spacing.count
    if seconds >= 7 * DAY:
        return Spans(52, 1, 4)
    if seconds >= DAY:
        return Spans(28, 1, 7)
    day = max(1, round(DAY / seconds))
    # A sample an hour is fine enough for days; more than 120 of them only make a step slower.
    step = max(1, round(_HOUR / seconds))
    return Spans(max(step, 5 * day // step * step), step, day)


def suggested_spans(
    spacing: Spacing | None,
    shortest: int,
    lookback: int | None = None,
    step: int | None = None,
    horizon: int | None = None,
    finer: int = 1,
) -> Spans:
    """The spans to use: what was asked for, and for the rest what suits the interval and fits into the data.

    Args:
        spacing: The step from row to row.
        shortest: Rows of the shortest split; a window and its horizon are to fill half of it at most.
        lookback, step, horizon: In rows, or None.
        finer: How many times finer than usual the network samples a window.

    Example:
        >>> from recurra.datasets.spacing import Spacing
        >>> from recurra.forecasting.suggestions import suggested_spans
        >>> suggested_spans(Spacing(600.0), 10_000)
        Spans(lookback=720, step=6, horizon=144)
        >>> suggested_spans(Spacing(1, "month"), 30)
        Spans(lookback=9, step=1, horizon=6)
    """
    usual = usual_spans(spacing)
    room = max(2, shortest // 2)
    ahead = horizon if horizon is not None else max(1, min(usual.horizon, room // 2))
    back = lookback if lookback is not None else max(1, min(usual.lookback, room - ahead))
    if step is None:
        step = usual.step // finer if usual.step % finer == 0 else usual.step
        if lookback is not None:
            step = math.gcd(step, lookback)
        elif back < 10 * step:
            step = 1
    return Spans(back if lookback is not None else max(step, back // step * step), step, ahead)


def suggested_training(windows: int, batch_size: int | None = None) -> tuple[int, int]:
    """Batches an epoch, and windows a batch, for so many training windows: about one pass over them.

    Example:
        >>> from recurra.forecasting.suggestions import suggested_training
        >>> suggested_training(26_000), suggested_training(40)
        ((203, 128), (50, 8))
    """
    batch = batch_size or max(8, min(_BATCH, windows // 8))
    return max(_SMALL_PASS, min(_LARGE_PASS, windows // batch)), batch
