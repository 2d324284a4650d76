"""Masks and elapsed times of values with NaN."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from recurra.preprocessing import mark_missing

NAN = np.nan
VALUES = np.array([[[1.0, NAN], [NAN, 5.0], [NAN, NAN], [4.0, 6.0]]])
TIMES = np.array([0.0, 2.0, 5.0, 6.0])
# From the time a value was last observed, or from the first step, to this step.
ELAPSED = [[[0, 0], [2, 2], [5, 3], [6, 4]]]


def test_the_example_of_the_source() -> None:
    values, observed, elapsed = np.split(mark_missing(VALUES, TIMES), 3, axis=-1)
    np.testing.assert_array_equal(values, [[[1, 0], [0, 5], [0, 0], [4, 6]]])
    np.testing.assert_array_equal(observed, ~np.isnan(VALUES))
    np.testing.assert_array_equal(elapsed, ELAPSED)


def test_times_of_each_sequence_in_units() -> None:
    both = mark_missing(np.concatenate([VALUES, VALUES]), np.stack([TIMES, 2 * TIMES]), unit=2)
    np.testing.assert_array_equal(both[:, :, 4:], np.concatenate([np.array(ELAPSED) / 2, np.array(ELAPSED)]))


def test_dates_count_in_seconds() -> None:
    dates = np.array(["2024-01-01T00:00", "2024-01-01T01:00", "2024-01-01T03:00", "2024-01-01T03:30"], "datetime64[m]")
    hours = mark_missing(VALUES, dates, unit=3600)[0, :, 4:]
    np.testing.assert_array_equal(hours, [[0, 0], [1, 1], [3, 2], [3.5, 2.5]])


def test_one_sequence_and_steps_of_one() -> None:
    one = mark_missing(VALUES[0])
    assert one.shape == (4, 6)
    np.testing.assert_array_equal(one[:, 4:], [[0, 0], [1, 1], [2, 1], [3, 2]])


def test_values_said_to_be_missing_and_types() -> None:
    observed = np.ones(VALUES.shape, bool)
    observed[0, 3] = False
    marked = mark_missing(VALUES, TIMES, observed)
    np.testing.assert_array_equal(marked[0, 3], [0, 0, 0, 0, 6, 4])
    assert marked.dtype == np.float64
    assert mark_missing(VALUES.tolist()).dtype == np.float32


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1.0, 2.0],), r"expected values of shape \(B, T, F\) or \(T, F\), got \(2,\)"),
        ((np.full((1, 2, 1), np.inf),), "values must be finite, or NaN"),
        ((VALUES, [0.0, 1.0]), r"expected times of shape \(1, 4\) or \(4,\), got \(2,\)"),
        ((VALUES, [0.0, 2.0, 1.0, 3.0]), "finite and not decrease; see step 2, and sort"),
        ((VALUES, [[0.0, 2.0, 3.0, NAN]]), "finite and not decrease; see step 3 of sequence 0"),
        ((VALUES, None, np.ones((1, 4, 1))), r"expected observed of shape \(1, 4, 2\), got \(1, 4, 1\)"),
        ((VALUES, None, None, 0), "unit"),
    ],
)
def test_mistakes_are_named(arguments: tuple[Any, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        mark_missing(*arguments)
