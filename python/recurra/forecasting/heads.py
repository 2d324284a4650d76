"""What the numbers at the end of a network mean: a value, quantiles, or the parameters of a distribution.

A head says how many numbers a step of the forecast takes, turns what the last layer gives into values in the units of
the input, names the loss, and reads points, quantiles and samples from the result. Scales of windows are undone here,
so that the loss and all that is read are in one unit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from recurra import ops
from recurra.checks import unknown_name, whole_number
from recurra.configurable import Configurable
from recurra.forecasting import distributions
from recurra.losses import Loss, QuantileLoss
from recurra.losses import get as loss_of_name
from recurra.losses.quantile import checked_quantiles
from recurra.tensor import Tensor

Values = NDArray[np.float64]
_POINT_LOSSES = ("mae", "mse", "huber", "logcosh")
_LEAST_SCALE = 1e-4


class Head(Configurable):
    """Base of the heads; parameters of B windows, H steps, P numbers each are (B, H, P)."""

    #: Whether it knows the whole distribution, and not a value alone.
    probabilistic: ClassVar[bool] = True
    #: What the distribution is made for: "real" numbers or "counts".
    support: ClassVar[str] = "real"

    @property
    def outputs(self) -> int:
        """P."""
        raise TypeError(f"{type(self).__name__} does not define outputs")

    @property
    def loss(self) -> Any:
        """For `compile`."""
        raise TypeError(f"{type(self).__name__} does not define loss")

    def restored(self, raw: Any, shift: Any, scale: Any) -> Any:
        """Parameters from what the last layer gives: (B, H, P) on the scale of a window; shift and scale (B, 1, 1)."""
        raise TypeError(f"{type(self).__name__} does not define restored(raw, shift, scale)")

    def point(self, parameters: Values) -> Values:
        """(B, H): one value for each step, the median where there is one."""
        return self.quantile(parameters, 0.5)

    def quantile(self, parameters: Values, q: float) -> Values:
        """(B, H)."""
        raise TypeError(f"{type(self).__name__} does not define quantile(parameters, q)")

    def sample(self, parameters: Values, random: np.random.Generator) -> Values:
        """(B, H): one draw for each step."""
        raise TypeError(f"{type(self).__name__} does not define sample(parameters, random)")


class Point(Head):
    """One value for each step.

    Args:
        loss: A loss of `recurra.losses`, by name or as an object; default "mae", for which the value is the median.
    """

    probabilistic = False

    def __init__(self, loss: Any = "mae") -> None:
        self._loss = loss_of_name(loss)

    def _arguments(self) -> dict[str, Any]:
        return {"loss": self._loss}

    @property
    def outputs(self) -> int:
        return 1

    @property
    def loss(self) -> Any:
        return self._loss

    def restored(self, raw: Any, shift: Any, scale: Any) -> Any:
        return raw * scale + shift

    def point(self, parameters: Values) -> Values:
        return parameters[..., 0]


class Quantiles(Head):
    """Several quantiles side by side, which cannot cross: the middle one, and positive steps away from it.

    Args:
        quantiles: Ascending, between 0 and 1; default 0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975.
    """

    def __init__(self, quantiles: Sequence[float] = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)) -> None:
        self.quantiles = checked_quantiles(quantiles, "Quantiles")

    @property
    def outputs(self) -> int:
        return len(self.quantiles)

    @property
    def loss(self) -> Any:
        return QuantileLoss(self.quantiles)

    def restored(self, raw: Any, shift: Any, scale: Any) -> Any:
        middle = len(self.quantiles) // 2
        centre = raw[:, :, middle : middle + 1]
        parts = [centre]
        if middle:
            steps = ops.softplus(raw[:, :, :middle])
            parts.insert(0, centre - ops.flip(ops.cumsum(ops.flip(steps, axis=-1), axis=-1), axis=-1))
        if middle + 1 < len(self.quantiles):
            parts.append(centre + ops.cumsum(ops.softplus(raw[:, :, middle + 1 :]), axis=-1))
        whole = parts[0] if len(parts) == 1 else ops.concatenate(parts, axis=-1)
        return whole * scale + shift

    def quantile(self, parameters: Values, q: float) -> Values:
        known = np.array(self.quantiles)
        if not known[0] - 1e-9 <= q <= known[-1] + 1e-9:
            raise ValueError(
                f"Forecaster: the quantile {q:g} lies outside those the model was trained for, {known[0]:g} to "
                f"{known[-1]:g}; give loss=QuantileLoss([...]) a wider range, or ask for a smaller level"
            )
        above = int(np.clip(np.searchsorted(known, q), 1, max(len(known) - 1, 1)))
        if len(known) == 1:
            return parameters[..., 0]
        share = np.clip((q - known[above - 1]) / (known[above] - known[above - 1]), 0.0, 1.0)
        return np.asarray((1 - share) * parameters[..., above - 1] + share * parameters[..., above])

    def point(self, parameters: Values) -> Values:
        if self.quantiles[0] <= 0.5 <= self.quantiles[-1]:
            return self.quantile(parameters, 0.5)
        return parameters[..., len(self.quantiles) // 2]


class _Distribution(Head):
    """A head whose loss is the negative log-likelihood of a distribution."""

    def log_density(self, y: Any, parameters: Any) -> Any:
        """(B, H), up to a constant."""
        raise TypeError(f"{type(self).__name__} does not define log_density(y, parameters)")

    @property
    def loss(self) -> Any:
        return Likelihood(self)


class Likelihood(Loss):
    """Negative log-likelihood under the distribution of a head.

    Args:
        head: The head.
        reduction: As for `Loss`.
        name: As for `Loss`.
    """

    def __init__(
        self, head: _Distribution, reduction: str | None = "sum_over_batch_size", name: str = "likelihood"
    ) -> None:
        super().__init__(name, reduction)
        self.head = head

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        values: Tensor = -self.head.log_density(ops.cast(y_true, y_pred.dtype), y_pred)
        return values


class Gaussian(_Distribution):
    """Normal distributions: mean, standard deviation."""

    @property
    def outputs(self) -> int:
        return 2

    def restored(self, raw: Any, shift: Any, scale: Any) -> Any:
        mean = raw[:, :, :1] * scale + shift
        return ops.concatenate([mean, (ops.softplus(raw[:, :, 1:]) + _LEAST_SCALE) * scale], axis=-1)

    def log_density(self, y: Any, parameters: Any) -> Any:
        deviation = parameters[..., 1]
        return -ops.log(deviation) - 0.5 * ops.square((y - parameters[..., 0]) / deviation)

    def quantile(self, parameters: Values, q: float) -> Values:
        return np.asarray(parameters[..., 0] + parameters[..., 1] * distributions.normal_quantile(q))

    def sample(self, parameters: Values, random: np.random.Generator) -> Values:
        return np.asarray(random.normal(parameters[..., 0], parameters[..., 1]))


class StudentT(_Distribution):
    """Student's t: location, scale, degrees of freedom above 2, for errors with heavy tails."""

    @property
    def outputs(self) -> int:
        return 3

    def restored(self, raw: Any, shift: Any, scale: Any) -> Any:
        location = raw[:, :, :1] * scale + shift
        spread = (ops.softplus(raw[:, :, 1:2]) + _LEAST_SCALE) * scale
        return ops.concatenate([location, spread, 2.0 + ops.softplus(raw[:, :, 2:])], axis=-1)

    def log_density(self, y: Any, parameters: Any) -> Any:
        location, spread, freedom = (parameters[..., i] for i in range(3))
        half = 0.5 * freedom
        return (
            _log_gamma(half + 0.5)
            - _log_gamma(half)
            - 0.5 * ops.log(freedom)
            - ops.log(spread)
            - (half + 0.5) * ops.log1p(ops.square((y - location) / spread) / freedom)
        )

    def quantile(self, parameters: Values, q: float) -> Values:
        location, spread, freedom = (parameters[..., i] for i in range(3))
        return np.asarray(location + spread * distributions.student_quantile(q, freedom))

    def sample(self, parameters: Values, random: np.random.Generator) -> Values:
        return np.asarray(parameters[..., 0] + parameters[..., 1] * random.standard_t(parameters[..., 2]))


class NegativeBinomial(_Distribution):
    """Counts: mean μ and dispersion α, the variance is μ + α μ²; Salinas et al., DeepAR, 2017."""

    support = "counts"

    @property
    def outputs(self) -> int:
        return 2

    def restored(self, raw: Any, shift: Any, scale: Any) -> Any:
        mean = (ops.softplus(raw[:, :, :1]) + _LEAST_SCALE) * scale
        return ops.concatenate([mean, ops.softplus(raw[:, :, 1:]) + _LEAST_SCALE], axis=-1)

    def log_density(self, y: Any, parameters: Any) -> Any:
        mean, dispersion = parameters[..., 0], parameters[..., 1]
        size = 1.0 / dispersion
        spread = dispersion * mean
        return (
            _log_gamma(y + size)
            - _log_gamma(size)
            - size * ops.log1p(spread)
            + y * (ops.log(spread) - ops.log1p(spread))
        )

    def point(self, parameters: Values) -> Values:
        return parameters[..., 0]

    def quantile(self, parameters: Values, q: float) -> Values:
        return distributions.negative_binomial_quantile(q, parameters[..., 0], parameters[..., 1])

    def sample(self, parameters: Values, random: np.random.Generator) -> Values:
        size = 1.0 / parameters[..., 1]
        return np.asarray(random.negative_binomial(size, size / (size + parameters[..., 0])), dtype=np.float64)


class Mixture(_Distribution):
    """A mixture of normal distributions: logits, means, standard deviations.

    Args:
        components: K, default 3.
    """

    def __init__(self, components: int = 3) -> None:
        self.components = whole_number(components, "Mixture", "components", 1, 100)

    @property
    def outputs(self) -> int:
        return 3 * self.components

    def restored(self, raw: Any, shift: Any, scale: Any) -> Any:
        k = self.components
        # Components that began alike would stay alike.
        apart = np.linspace(-1.0, 1.0, k, dtype=np.float32) if k > 1 else np.zeros(1, dtype=np.float32)
        means = (raw[:, :, k : 2 * k] + apart) * scale + shift
        spreads = (ops.softplus(raw[:, :, 2 * k :]) + _LEAST_SCALE) * scale
        return ops.concatenate([raw[:, :, :k], means, spreads], axis=-1)

    def log_density(self, y: Any, parameters: Any) -> Any:
        k = self.components
        weights = ops.log_softmax(parameters[..., :k], axis=-1)
        means, spreads = parameters[..., k : 2 * k], parameters[..., 2 * k :]
        parts = weights - ops.log(spreads) - 0.5 * ops.square((ops.expand_dims(y, -1) - means) / spreads)
        return ops.logsumexp(parts, axis=-1)

    def _parts(self, parameters: Values) -> tuple[Values, Values, Values]:
        k = self.components
        weights = np.exp(parameters[..., :k] - parameters[..., :k].max(axis=-1, keepdims=True))
        weights = weights / weights.sum(axis=-1, keepdims=True)
        return weights, parameters[..., k : 2 * k], parameters[..., 2 * k :]

    def quantile(self, parameters: Values, q: float) -> Values:
        weights, means, spreads = self._parts(parameters)
        each = means + spreads * distributions.normal_quantile(q)

        def rising(x: Values) -> Values:
            below = weights * distributions.normal_cdf((x[..., None] - means) / spreads)
            return np.asarray(below.sum(axis=-1) - q)

        return distributions.bisected(rising, each.min(axis=-1), each.max(axis=-1))

    def sample(self, parameters: Values, random: np.random.Generator) -> Values:
        weights, means, spreads = self._parts(parameters)
        drawn = (np.cumsum(weights, axis=-1) < random.random(weights.shape[:-1])[..., None]).sum(axis=-1)
        drawn = np.minimum(drawn, self.components - 1)[..., None]
        at = [np.take_along_axis(values, drawn, axis=-1)[..., 0] for values in (means, spreads)]
        return np.asarray(random.normal(*at))


_NAMED: dict[str, type[Head]] = {
    "gaussian": Gaussian,
    "student-t": StudentT,
    "negative-binomial": NegativeBinomial,
    "mixture": Mixture,
    "quantiles": Quantiles,
}


def head_of(loss: Any) -> Head:
    """The head for the loss of a `Forecaster`.

    Args:
        loss: A head; "gaussian", "student-t", "negative-binomial", "mixture" or "quantiles"; a `QuantileLoss` of
            several quantiles; or any loss of one value.

    Raises:
        ValueError: There is no such loss.
    """
    if isinstance(loss, Head):
        return loss
    if isinstance(loss, QuantileLoss) and isinstance(loss.quantiles, list):
        return Quantiles(loss.quantiles)
    if isinstance(loss, str):
        name = loss.lower().replace("_", "-").replace(" ", "-")
        if name in _NAMED:
            return _NAMED[name]()
        try:
            return Point(loss)
        except ValueError:
            raise unknown_name("loss", loss, [*_NAMED, *_POINT_LOSSES]) from None
    return Point(loss)


def _log_gamma(x: Any) -> Any:
    """log Γ(x) for x > 0 of tensors: Stirling's series at x + 5, and the recurrence down to x."""
    above = x + 5.0
    product = x * (x + 1.0) * (x + 2.0) * (x + 3.0) * (x + 4.0)
    inverse = 1.0 / above
    series = inverse * (1.0 / 12.0 - ops.square(inverse) * (1.0 / 360.0 - ops.square(inverse) / 1260.0))
    return (above - 0.5) * ops.log(above) - above + 0.9189385332046727 + series - ops.log(product)
