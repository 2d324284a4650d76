"""Windows of a series against a generator written straight down in NumPy."""

from __future__ import annotations

import multiprocessing
import os
import pickle
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from recurra import _engine
from recurra.datasets.timeseries import timeseries_dataset_from_array
from recurra.datasets.windows import WindowSource


def series(rows: int = 300, features: int = 3) -> np.ndarray:
    return np.random.default_rng(7).normal(size=(rows, features)).astype(np.float32)


def reference(
    data: np.ndarray,
    lookback: int,
    delay: int,
    min_index: int,
    max_index: int | None,
    batch_size: int,
    step: int,
    target: int,
    draw: np.random.Generator | None = None,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The classic generator; `draw` shuffles."""
    if max_index is None:
        max_index = len(data) - delay - 1
    at = min_index + lookback
    while True:
        if draw is not None:
            rows = draw.integers(min_index + lookback, max_index, size=batch_size)
        else:
            if at + batch_size >= max_index:
                at = min_index + lookback
            rows = np.arange(at, min(at + batch_size, max_index))
            at += len(rows)
        x = np.stack([data[range(row - lookback, row, step)] for row in rows])
        y = np.array([data[row + delay][target] for row in rows])
        yield x, y


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize(
    ("lookback", "step", "delay", "low", "high", "batch", "target"),
    [
        (12, 1, 0, 0, None, 7, 0),
        (12, 3, 5, 0, None, 32, 1),
        (12, 12, 24, 40, 200, 5, 2),
        (1, 1, 1, 0, None, 1, 0),
        (20, 2, 3, 100, 140, 64, -1),
    ],
)
def test_classic_generator(lookback, step, delay, low, high, batch, target, shuffle) -> None:
    data = series()
    source = WindowSource(data, lookback, delay, low, high, shuffle, batch, step, target=target, seed=3)
    expected = reference(
        data, lookback, delay, low, high, batch, step, target, np.random.default_rng(3) if shuffle else None
    )
    for _, (x, y), (x0, y0) in zip(range(150), source, expected, strict=False):
        np.testing.assert_array_equal(x, x0)
        np.testing.assert_array_equal(y, y0)
        assert x.dtype == y.dtype == np.float32


def test_every_row_once_visits_every_row_once() -> None:
    data = np.arange(100, dtype=np.float32)[:, None]
    for shuffle in (False, True):
        source = WindowSource(data, 6, 4, 3, 90, shuffle, 8, 2, every_row_once=True, seed=1)
        passes = []
        for _ in range(2):
            batches = list(source)
            assert len(batches) == len(source) == -(-(90 - 9) // 8)
            assert [len(y) for _, y in batches[:-1]] == [8] * (len(source) - 1)
            y = np.concatenate([y for _, y in batches])
            x = np.concatenate([x for x, _ in batches])
            np.testing.assert_array_equal(np.sort(y), np.arange(9, 90) + 4)
            np.testing.assert_array_equal(x[:, :, 0], (y - 4)[:, None] + [-6, -4, -2])
            passes.append(y)
        assert np.array_equal(*passes) != shuffle


def test_next_walks_passes_one_after_another() -> None:
    source = WindowSource(series(30), 4, batch_size=10, every_row_once=True)
    for _ in range(2):
        assert [len(next(source)[1]) for _ in range(3)] == [10, 10, 5]
        with pytest.raises(StopIteration):
            next(source)


def test_change_is_target_less_last_value_in_window() -> None:
    data = series()
    plain = WindowSource(data, 12, 5, step=3, target=1, every_row_once=True)
    change = WindowSource(data, 12, 5, step=3, target=1, every_row_once=True, predict_change=True)
    for (x, y), (x2, y2) in zip(plain, change, strict=False):
        np.testing.assert_array_equal(x, x2)
        np.testing.assert_allclose(y2, y - x[:, -1, 1], rtol=1e-6)


@pytest.mark.parametrize("step", [1, 3])
def test_relative_windows_hold_differences_from_their_last_sample(step) -> None:
    data = series()
    plain = WindowSource(data, 12, 5, step=step, every_row_once=True)
    relative = WindowSource(data, 12, 5, step=step, every_row_once=True, relative=True)
    for (x, y), (x2, y2) in zip(plain, relative, strict=True):
        np.testing.assert_array_equal(x2, x - x[:, -1:])
        np.testing.assert_array_equal(y, y2)


def test_reverse_turns_the_window_only() -> None:
    data = series()
    for extra in ({}, {"predict_change": True, "relative": True}):
        plain = WindowSource(data, 12, 5, step=3, target=1, every_row_once=True, **extra)
        turned = WindowSource(data, 12, 5, step=3, target=1, every_row_once=True, reverse=True, **extra)
        for (x, y), (x2, y2) in zip(plain, turned, strict=False):
            np.testing.assert_array_equal(x[:, ::-1], x2)
            np.testing.assert_array_equal(y, y2)


def test_several_targets_and_flat_series() -> None:
    data = series()
    x, y = next(WindowSource(data, 4, 1, target=[2, 0]))
    np.testing.assert_array_equal(y, data[5 : 5 + 128][:, [2, 0]])
    x, y = next(WindowSource(data[:, 0], 4, 1))
    assert x.shape == (128, 4, 1)
    assert y.shape == (128,)


def test_batches_keep_their_numbers_while_later_ones_are_made() -> None:
    data = series()
    source = WindowSource(data, 12, 1, shuffle=True, batch_size=16, seed=5)
    kept = [next(source) for _ in range(40)]
    expected = reference(data, 12, 1, 0, None, 16, 1, 0, np.random.default_rng(5))
    for (x, y), (x0, y0) in zip(kept, expected, strict=False):
        np.testing.assert_array_equal(x, x0)
        np.testing.assert_array_equal(y, y0)


def test_two_passes_at_the_same_time() -> None:
    source = WindowSource(series(), 4, batch_size=32, every_row_once=True)
    for (x, y), (x2, y2) in zip(source, source, strict=False):
        np.testing.assert_array_equal(x, x2)
        np.testing.assert_array_equal(y, y2)


def test_same_seed_same_batches_and_pickle() -> None:
    source = WindowSource(series(), 4, shuffle=True, seed=9)
    copy = pickle.loads(pickle.dumps(source))
    for _, (x, y), (x2, y2) in zip(range(3), source, copy, strict=False):
        np.testing.assert_array_equal(x, x2)
        np.testing.assert_array_equal(y, y2)


def first_of(source: WindowSource, pipe: Any) -> None:
    pipe.send(next(source)[1])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_works_in_a_forked_process() -> None:
    source = WindowSource(series(), 4, batch_size=8)
    next(source)
    ours, theirs = multiprocessing.get_context("fork").Pipe()
    child = multiprocessing.get_context("fork").Process(target=first_of, args=(source, theirs))
    child.start()
    assert ours.poll(20)
    assert ours.recv().shape == (8,)
    child.join(20)
    assert child.exitcode == 0
    assert next(source)[1].shape == (8,)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"lookback": 0}, "lookback must be an integer >= 1, got 0"),
        ({"lookback": 10, "step": 3}, "lookback must be a multiple of step 3, got 10"),
        ({"lookback": 300}, "no window of 300 rows fits"),
        ({"lookback": 4, "max_index": 300, "delay": 1}, "reach outside the 300 rows"),
        ({"lookback": 4, "min_index": -1}, "reach outside"),
        ({"lookback": 4, "target": 3}, "target 3 is not a column"),
        ({"lookback": 4, "batch_size": 0}, "batch_size must be an integer >= 1"),
        ({"lookback": 4, "delay": -1}, "delay must be an integer >= 0"),
    ],
)
def test_bad_arguments(arguments, message) -> None:
    with pytest.raises(ValueError, match=message):
        WindowSource(series(), **arguments)


def test_values_that_are_not_finite() -> None:
    data = series()
    data[250, 2] = np.nan
    with pytest.raises(ValueError, match=r"data\[250, 2\] is nan"):
        WindowSource(data, 4)
    WindowSource(data, 4, max_index=200)
    with pytest.raises(ValueError, match="must be \\(rows, features\\)"):
        WindowSource(np.zeros((4, 5, 6)), 2)


def test_loader_refuses_rows_without_window() -> None:
    loader = _engine.WindowLoader(_engine.Tensor(series(50)), None, first=-5, stride=1, length=5)
    for row in (4, 51, -1):
        with pytest.raises(ValueError, match=f"row {row} has no complete window"):
            loader.request(np.array([10, row]))
    assert loader.pending == 0
    with pytest.raises(ValueError, match="no batch was requested"):
        loader.take()
    assert loader.gather(np.array([5, 50]))[0].shape == (2, 5, 3)
    assert loader.gather(np.array([], dtype=np.int64))[0].shape == (0, 5, 3)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "bool"])
def test_timeseries_dataset_from_array(dtype) -> None:
    data = (np.random.default_rng(0).normal(size=(99, 2, 3)) * 9).astype(dtype)
    labels = np.arange(99, dtype=np.int64)
    for length, stride, rate, start, end, batch in (
        (10, 3, 2, None, None, 4),
        (1, 1, 1, 5, 20, 128),
        (7, 2, 3, 11, 99, 5),
    ):
        dataset = timeseries_dataset_from_array(
            data, labels, length, stride, rate, batch, start_index=start, end_index=end
        )
        low, high = start or 0, end or 99
        starts = [s for s in range(low, high, stride) if s + (length - 1) * rate < high]
        for _ in range(2):
            batches = list(dataset)
            assert len(batches) == len(dataset)
            x = np.concatenate([x for x, _ in batches])
            assert x.dtype == dtype
            np.testing.assert_array_equal(x, [data[s : s + length * rate : rate] for s in starts])
            np.testing.assert_array_equal(np.concatenate([y for _, y in batches]), starts)


def test_timeseries_dataset_without_targets_batches_or_order() -> None:
    data = np.arange(20)
    windows = list(timeseries_dataset_from_array(data, None, 4, batch_size=None))
    assert len(windows) == 17
    assert windows[3].tolist() == [3, 4, 5, 6]
    shuffled = timeseries_dataset_from_array(data, data, 4, shuffle=True, seed=1)
    (_, first), (_, second) = next(iter(shuffled)), next(iter(shuffled))
    assert sorted(first) == sorted(second) == list(range(17))
    assert first.tolist() != second.tolist()
    # Targets may be shorter than data: each window needs one.
    assert sum(len(y) for _, y in timeseries_dataset_from_array(data[:-4], data[4:], 4)) == 13
    assert sum(len(y) for _, y in timeseries_dataset_from_array(data, data[:10], 4)) == 10


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"start_index": 20}, "start_index must be in"),
        ({"end_index": 21}, "end_index must be in"),
        ({"start_index": 5, "end_index": 5}, "end_index must be in"),
        ({"sampling_rate": 0}, "sampling_rate must be at least 1"),
        ({"sequence_stride": 0}, "sequence_stride must be at least 1"),
        ({"sampling_rate": 7}, "no window of 4 rows"),
    ],
)
def test_timeseries_dataset_bad_arguments(arguments, message) -> None:
    with pytest.raises(ValueError, match=message):
        timeseries_dataset_from_array(np.arange(20), None, 4, **arguments)
