"""Intervals of forecasts of one value, from the errors on windows that the training did not see.

Split conformal prediction (Vovk et al., Algorithmic Learning in a Random World, 2005; Lei et al., Distribution-Free
Predictive Inference, 2018).

The interval of level 1 − α at step h is ŷ ± the ⌈(n + 1)(1 − α)⌉-th smallest of n absolute errors at that step.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
#: Fewer windows of a series say little about it alone: then those of all series are taken together.
_ENOUGH = 30


@dataclass(frozen=True)
class Errors:
    """Absolute errors on held-out windows, on the scale of each series.

    Attributes:
        values: (windows, H), NaN where the target was not observed.
        series: (windows,), the number of the series of each.
    """

    values: Values
    series: NDArray[np.int64]

    def half_widths(self, level: float, series: NDArray[np.int64]) -> Values:
        """(series, H): half of the interval of a level between 0 and 1, for these series."""
        together = _ranked(self.values, level)
        found = np.empty((len(series), self.values.shape[1]))
        for number in np.unique(series).tolist():
            own = self.values[self.series == number]
            found[series == number] = _ranked(own, level) if len(own) >= _ENOUGH else together
        return found


def _ranked(errors: Values, level: float) -> Values:
    """For each step the error of the conformal rank; the largest where there are too few for the level."""
    ordered = np.sort(errors, axis=0)  # NaN last
    counts = np.maximum((~np.isnan(errors)).sum(axis=0), 1)
    ranks = np.array([min(count, math.ceil((count + 1) * level)) for count in counts.tolist()]) - 1
    return np.asarray(np.take_along_axis(ordered, ranks[None], axis=0)[0])
