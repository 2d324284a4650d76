"""Windows that end at their row: the newest row is always read, and windows with missing values can be left out."""

from __future__ import annotations

import numpy as np
import pytest

import recurra
from recurra.datasets import WindowSource
from recurra.datasets.timeseries import windows_ending_at


def series(rows: int = 60) -> np.ndarray:
    return np.random.default_rng(3).normal(size=(rows, 2)).astype(np.float32)


def expected(data: np.ndarray, row: int, lookback: int, step: int, relative: bool, reverse: bool) -> np.ndarray:
    window = data[[row - back for back in range(0, lookback, step)][::-1]]
    window = window - data[row] if relative else window
    return window[::-1] if reverse else window


@pytest.mark.parametrize("relative", [False, True])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize(("lookback", "step", "horizon"), [(12, 1, 1), (12, 3, 5), (8, 4, 2), (4, 4, 1), (1, 1, 7)])
def test_newest_sample_is_the_row_itself(lookback, step, horizon, relative, reverse) -> None:
    data = series()
    source = WindowSource(
        data, lookback, step=step, horizon=horizon, relative=relative, reverse=reverse, target=1, every_row_once=True
    )
    assert source.rows.tolist() == list(range(lookback - step, 60 - horizon))
    batches = list(source)
    x, y = (np.concatenate(part) for part in zip(*batches, strict=True))
    for window, target, row in zip(x, y, source.rows, strict=True):
        np.testing.assert_array_equal(window, expected(data, row, lookback, step, relative, reverse))
        assert target == data[row + horizon, 1]
    rows = [lookback - step, 40, 59]
    (ending,) = windows_ending_at(data, rows, lookback, step, relative=relative, reverse=reverse)
    np.testing.assert_array_equal(ending, [expected(data, row, lookback, step, relative, reverse) for row in rows])


def test_delay_is_horizon_plus_step() -> None:
    data = series()
    classic = WindowSource(data, 12, 5, step=3, max_index=55, every_row_once=True)
    newest = WindowSource(data, 12, step=3, horizon=8, every_row_once=True)
    np.testing.assert_array_equal(classic.rows - 3, newest.rows)
    for one, other in zip(classic, newest, strict=True):
        for a, b in zip(one, other, strict=True):
            np.testing.assert_array_equal(a, b)


def test_change_counts_from_the_newest_row() -> None:
    data = series()
    source = WindowSource(data, 6, step=2, horizon=3, predict_change=True, every_row_once=True)
    y = np.concatenate([y for _, y in source])
    np.testing.assert_array_equal(y, data[source.rows + 3, 0] - data[source.rows, 0])


def test_windows_with_missing_values_are_left_out() -> None:
    data = series()
    data[20, 0], data[33, 1] = np.nan, np.nan
    with pytest.raises(ValueError, match=r"data\[20, 0\] is nan"):
        WindowSource(data, 6, step=2, horizon=3)
    for shuffle in (False, True):
        source = WindowSource(
            data, 6, step=2, horizon=3, target=1, skip_missing=True, every_row_once=True, shuffle=shuffle, seed=1
        )
        touched = {20, 22, 24, 33, 35, 37, 33 - 3}  # as a sample of the window, or as the target
        assert source.rows.tolist() == [row for row in range(4, 57) if row not in touched]
        assert len(source) == 1
        (x, y), *_ = source
        assert np.isfinite(x).all()
        assert np.isfinite(y).all()
    classic = WindowSource(data, 6, step=2, horizon=3, shuffle=True, skip_missing=True, seed=2, batch_size=500)
    assert all(np.isfinite(part).all() for part in next(classic))
    with pytest.raises(ValueError, match="every window of 6 rows or its target holds a missing value"):
        WindowSource(np.full(40, np.nan), 6, horizon=1, skip_missing=True)


def test_horizon_and_delay_exclude_each_other() -> None:
    with pytest.raises(ValueError, match="give horizon or delay, not both"):
        WindowSource(series(), 6, 2, horizon=2)
    with pytest.raises(ValueError, match="horizon must be an integer >= 1, got 0"):
        WindowSource(series(), 6, horizon=0)
    with pytest.raises(ValueError, match="rows 0 to 58 with horizon 3 reach outside the 60 rows"):
        WindowSource(series(), 6, horizon=3, max_index=58)


def test_where_users_look() -> None:
    assert recurra.datasets.WindowSource is WindowSource
    for name in ("WindowSource", "read_csv", "timeseries_dataset_from_array", "Table"):
        assert name in dir(recurra.datasets)
        assert callable(getattr(recurra.datasets, name))
    assert callable(recurra.plotting.plot_forecast)
    assert callable(recurra.forecasting.series_from_table)
