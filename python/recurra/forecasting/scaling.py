"""Each series on a scale of its own: what is learned on one helps with another, whatever its level and unit.

    scaled = (y - shift) / scale

    "standard"  mean and standard deviation of the series
    "robust"    median, and the distance of the quartiles / 1.349 (a standard deviation, were the values normal)
    "mean"      0 and the mean of |y|: counts stay counts up to a factor
    "none"      0 and 1

Only what lies before the validation part is looked at. A series that never changes keeps its own unit: scale 1.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

SCALINGS = ("standard", "robust", "mean", "none")
#: The distance of the quartiles of a normal distribution, in standard deviations.
_QUARTILES = 1.3489795003921634


def shift_and_scale(values: NDArray[np.float64], scaling: str) -> tuple[float, float]:
    """The shift and scale of one series, from its values without NaN.

    Example:
        >>> from recurra.forecasting.scaling import shift_and_scale
        >>> shift_and_scale(np.array([1.0, 3.0]), "standard")
        (2.0, 1.0)
    """
    values = values[~np.isnan(values)]
    if scaling == "none" or not len(values):
        return 0.0, 1.0
    if scaling == "mean":
        shift, scale = 0.0, float(np.abs(values).mean())
    elif scaling == "robust":
        low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
        shift, scale = float(middle), float(high - low) / _QUARTILES
        scale = scale or float(values.std())  # more than half of the values are equal
    else:
        shift, scale = float(values.mean()), float(values.std())
    # Of equal values the standard deviation is not always 0 to the last bit.
    return shift, scale if scale > 1e-12 * max(1.0, float(np.abs(values).max())) else 1.0


def scales_of(series: Iterable[NDArray[np.float64]], scaling: str) -> NDArray[np.float64]:
    """(series, 2): shift and scale of each."""
    return np.array([shift_and_scale(values, scaling) for values in series]).reshape(-1, 2)
