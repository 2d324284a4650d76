"""Missing values and irregular times, as layers read them."""

from __future__ import annotations

from typing import Any

import numpy as np

from recurra.checks import number


def mark_missing(values: Any, times: Any = None, observed: Any = None, unit: float = 1.0) -> np.ndarray:
    """Values, whether they were observed, and the times since they were last observed, side by side, for `GRUD`.

    The time of a value is how long ago the same feature was last observed before this step: the time between the two
    steps where it was observed at the step before, that and the time before it where it was not. In the first step it
    is 0.

    Args:
        values: Numbers (B, T, F), or (T, F) of one sequence, NaN where one is missing.
        times: When the steps were, (B, T) or (T,) for all sequences: numbers, or datetime64, which count in seconds.
            They must not decrease. Default None, one unit from step to step.
        observed: Bool of the shape of the values, false where a value is missing though it is a number; default None.
        unit: What a time of one is, in the unit of `times`, above 0: the usual time between steps serves well; default
            1.

    Returns:
        An array (B, T, 3F), or (T, 3F), float32 or the type of the values: values with 0 where one is missing, 1 where
        it was observed and 0 where not, times in units.

    Raises:
        ValueError: Shapes do not fit, values are infinite, or times decrease or are not finite.

    Example:
        >>> values = [[[20.0], [np.nan], [21.0]]]
        >>> recurra.preprocessing.mark_missing(values, times=[[0, 10, 40]], unit=10)[0]
        array([[20.,  1.,  0.],
               [ 0.,  0.,  1.],
               [21.,  1.,  4.]], dtype=float32)

    Source: Che et al., Recurrent Neural Networks for Multivariate Time Series with Missing Values, 2018.
    """
    unit = number(unit, "mark_missing", "unit", above=0)
    given = np.asarray(values)
    dtype = given.dtype if given.dtype in (np.float32, np.float64) and isinstance(values, np.ndarray) else np.float32
    given = given.astype(np.float64)
    if given.ndim not in (2, 3):
        raise ValueError(f"mark_missing: expected values of shape (B, T, F) or (T, F), got {given.shape}")
    there = ~np.isnan(given)
    if np.isinf(given).any():
        raise ValueError("mark_missing: values must be finite, or NaN where one is missing, got an infinite one")
    if observed is not None:
        said = np.asarray(observed)
        if said.shape != given.shape:
            raise ValueError(f"mark_missing: expected observed of shape {given.shape}, got {said.shape}")
        there &= said.astype(bool)
    steps = _steps_between(times, given.shape[:-1]) / unit
    elapsed = np.zeros_like(given)
    for t in range(1, given.shape[-2]):
        before = np.where(there[..., t - 1, :], 0.0, elapsed[..., t - 1, :])
        elapsed[..., t, :] = before + steps[..., t - 1, None]
    return np.concatenate([np.where(there, given, 0.0), there, elapsed], axis=-1).astype(dtype)


def _steps_between(times: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Times from each step to the next one, (..., T - 1)."""
    if times is None:
        return np.ones((*shape[:-1], max(0, shape[-1] - 1)))
    points = np.asarray(times)
    if points.shape not in (shape, shape[-1:]):
        raise ValueError(f"mark_missing: expected times of shape {shape} or {shape[-1:]}, got {points.shape}")
    if points.dtype.kind == "M":
        steps = np.diff(points.astype("datetime64[ns]"), axis=-1)
        seconds = np.where(np.isnat(steps), np.nan, steps.astype(np.int64) / 1e9)
    else:
        seconds = np.diff(points.astype(np.float64), axis=-1)
    wrong = np.argwhere(~((seconds >= 0) & np.isfinite(seconds)))
    if len(wrong):
        *row, step = wrong[0].tolist()
        place = f"step {step + 1}" + (f" of sequence {row[0]}" if row else "")
        raise ValueError(f"mark_missing: times must be finite and not decrease; see {place}, and sort the steps")
    return seconds
