"""Quantiles and samples of distributions, in NumPy alone.

Quantiles without a formula are found by bisection of the distribution function; those of Student's t and of the
negative binomial distribution follow from the regularised incomplete beta function I_x(a, b), computed by its continued
fraction (Abramowitz & Stegun, 26.5.8, by the method of Lentz).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

_HALVINGS = 60
_log_gamma = np.frompyfunc(math.lgamma, 1, 1)
_error_function = np.frompyfunc(math.erf, 1, 1)


def log_gamma(x: Values) -> Values:
    """log Γ(x), element by element."""
    return np.asarray(_log_gamma(x), dtype=np.float64)


def normal_cdf(x: Values) -> Values:
    """Distribution function of the standard normal distribution."""
    return 0.5 * (1.0 + np.asarray(_error_function(np.asarray(x) / math.sqrt(2.0)), dtype=np.float64))


def normal_quantile(q: float) -> float:
    """Quantile of the standard normal distribution."""
    return NormalDist().inv_cdf(q)


def incomplete_beta(x: Values, a: Values, b: Values) -> Values:
    """I_x(a, b) for x in [0, 1] and a, b > 0.

    Example:
        >>> from recurra.forecasting.distributions import incomplete_beta
        >>> incomplete_beta(np.array([0.25, 0.5]), np.array([2.0, 3.0]), np.array([1.0, 3.0])).round(6)
        array([0.0625, 0.5   ])
    """
    x, a, b = (np.asarray(each, dtype=np.float64) for each in np.broadcast_arrays(x, a, b))
    turned = x > (a + 1) / (a + b + 2)  # where the fraction of the complement converges faster
    x, a, b = np.where(turned, 1 - x, x), np.where(turned, b, a), np.where(turned, a, b)
    inside = (x > 0) & (x < 1)
    safe = np.where(inside, x, 0.5)
    front = np.exp(a * np.log(safe) + b * np.log1p(-safe) - log_gamma(a) - log_gamma(b) + log_gamma(a + b)) / a
    below = np.where(inside, front * _fraction(safe, a, b), np.where(x > 0, 1.0, 0.0))
    return np.where(turned, 1 - below, below)


def _fraction(x: Values, a: Values, b: Values) -> Values:
    tiny = 1e-300
    c, d = np.ones_like(x), 1 - (a + b) * x / (a + 1)
    d = 1 / np.where(np.abs(d) < tiny, tiny, d)
    value = d.copy()
    for m in range(1, 300):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 + term * d
            d = 1 / np.where(np.abs(d) < tiny, tiny, d)
            c = 1 + term / c
            c = np.where(np.abs(c) < tiny, tiny, c)
            value *= c * d
        if np.all(np.abs(c * d - 1) < 1e-14):
            break
    return np.asarray(value)


def student_quantile(q: float, freedom: Values) -> Values:
    """Quantile of Student's t with `freedom` degrees of freedom.

    Example:
        >>> from recurra.forecasting.distributions import student_quantile
        >>> student_quantile(0.975, np.array([3.0, 10.0])).round(3)
        array([3.182, 2.228])
    """
    freedom = np.asarray(freedom, dtype=np.float64)
    tail = min(q, 1 - q)
    # x = freedom / (freedom + t²) has I_x(freedom / 2, 1 / 2) = 2 · tail.
    half = np.full_like(freedom, 0.5)
    x = bisected(
        lambda at: incomplete_beta(at, freedom / 2, half) - 2 * tail, np.zeros_like(freedom), np.ones_like(freedom)
    )
    size = np.sqrt(freedom * np.maximum(1 - x, 0.0) / np.maximum(x, 1e-300))
    return np.asarray(size if q > 0.5 else -size)


def negative_binomial_quantile(q: float, mean: Values, dispersion: Values) -> Values:
    """The smallest count whose distribution function reaches q; the variance is mean + dispersion · mean².

    Example:
        >>> from recurra.forecasting.distributions import negative_binomial_quantile
        >>> negative_binomial_quantile(0.9, np.array([10.0]), np.array([0.5]))
        array([20.])
    """
    size = 1 / dispersion
    share = size / (size + mean)

    def reached(count: Values) -> Values:
        return incomplete_beta(share, size, count + 1) - q

    high = np.maximum(4.0, mean)
    while (reached(high) < 0).any():
        high = np.where(reached(high) < 0, 2 * high, high)
    high, low = np.ceil(high), np.full_like(high, -1.0)
    while (high - low > 1).any():
        middle = np.floor((high + low) / 2)
        enough = reached(np.maximum(middle, 0)) >= 0
        high, low = np.where(enough & (high - low > 1), middle, high), np.where(enough, low, middle)
    return high


def bisected(rising: Callable[[Values], Values], low: Values, high: Values) -> Values:
    """Where a rising function crosses 0 between `low` and `high`, element by element."""
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        above = rising(middle) > 0
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    return (low + high) / 2
