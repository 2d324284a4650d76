"""What all metrics share: running sums over batches, on arrays of the host."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from recurra import agreement
from recurra._engine import NoGradient
from recurra.agreement import ANY, ELEMENTS, host
from recurra.configurable import Configurable
from recurra.layers import masks
from recurra.losses import Loss
from recurra.tensor import Tensor

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


class Metric(Configurable):
    """A figure collected over batches.

    A metric of your own is a subclass that keeps its sums in attributes named in `_sums` (they start from 0), and
    defines `update_state(y_true, y_pred, sample_weight=None)` and `result()`. In `fit` and `evaluate` the targets come
    in the shape of the predictions where the two differ by a last axis of extent 1, and steps that the mask of the
    predictions leaves out come with a `sample_weight` of 0: a metric that applies its weights leaves out padding.

    Set `direction` to "max" or "min" to let callbacks know whether a larger or a smaller figure is better.

    Args:
        name: Name in the figures; default the name of the class.
        dtype: Stored for Keras's sake.

    Example:
        >>> class LargestError(recurra.metrics.Metric):
        ...     direction = "min"
        ...     _sums = ("largest",)
        ...     def update_state(self, y_true, y_pred, sample_weight=None):
        ...         errors = np.abs(np.asarray(y_true) - np.asarray(y_pred))
        ...         self.largest = max(self.largest, float(errors.max()))
        ...     def result(self):
        ...         return self.largest
        >>> LargestError()(np.array([1.0, 2.0]), np.array([1.5, 2.0]))
        0.5
    """

    #: Attributes that hold what was collected; `reset_state` sets them to 0.
    _sums: ClassVar[tuple[str, ...]] = ()

    #: "max" if larger figures are better, "min" if smaller ones are, None if nobody can tell.
    direction: str | None = None

    def __init__(self, name: str | None = None, dtype: str | None = None) -> None:
        self.name = name or type(self).__name__.lower()
        self.dtype = dtype
        self.reset_state()

    def reset_state(self) -> None:
        """Forgets everything collected."""
        for name in self._sums:
            setattr(self, name, 0.0)

    def update_state(self, *args: Any, **kwargs: Any) -> None:
        """Adds a batch; defined by each metric."""
        raise TypeError(f"{type(self).__name__} does not define update_state(y_true, y_pred, sample_weight=None)")

    def result(self) -> Any:
        """The figure for what was collected; defined by each metric."""
        raise TypeError(f"{type(self).__name__} does not define result()")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Adds a batch and gives the figure so far."""
        self.update_state(*args, **kwargs)
        return self.result()

    def state(self) -> dict[str, np.ndarray]:
        """The sums, as arrays."""
        return {name: np.array(getattr(self, name), np.float64) for name in self._sums}

    def set_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Puts back what `state` gave."""
        for name in self._sums:
            value = np.asarray(state[name])
            setattr(self, name, value.copy() if value.ndim else float(value))


class TargetMetric(Metric):
    """Base of the metrics of targets and predictions: weights, masks and shapes are settled here for all of them."""

    #: What is done with the targets, one of the constants of `recurra.agreement`.
    target_kind: str = ELEMENTS

    def update_state(
        self, y_true: ArrayLike | Tensor, y_pred: ArrayLike | Tensor, sample_weight: ArrayLike | Tensor | None = None
    ) -> None:
        """Adds a batch.

        Args:
            y_true: Targets.
            y_pred: Predictions; what their mask leaves out does not count.
            sample_weight: One weight per sample, or per time step; default 1 each.

        Raises:
            ValueError: The shapes do not agree.
        """
        true, predicted, weight, mask = agreement.of_batch(
            y_true, y_pred, sample_weight, self._kind_of(y_pred), self.name, columns=True
        )
        true, predicted = host(true), host(predicted)
        weight = None if weight is None else agreement.weights_for(weight, predicted.shape, self.name)
        kept = None if mask is None else agreement.weights_for(mask, predicted.shape, self.name, "the mask")
        factors = agreement.product(weight, kept)
        whole = np.ones(()) if factors is None else factors.astype(np.float64)
        self._add(true, predicted, np.broadcast_to(whole, predicted.shape))

    def _kind_of(self, y_pred: Any) -> str:
        """What is done with these predictions."""
        return self.target_kind

    def _add(self, true: np.ndarray, predicted: np.ndarray, weight: np.ndarray) -> None:
        """Adds arrays of one shape; the weight is 0 where an element does not count."""
        raise NotImplementedError


class Mean(Metric):
    """Mean of the values given, each with its weight.

    Values of a sample that has several (time steps, say) are averaged first, as in Keras.

    Args:
        name: Name in the figures.
        dtype: Stored for Keras's sake.

    Example:
        >>> mean = recurra.metrics.Mean()
        >>> mean.update_state([1.0, 3.0])
        >>> mean.update_state(8.0)
        >>> mean.result()
        4.0
    """

    _sums = ("total", "count")
    total: float
    count: float

    def __init__(self, name: str = "mean", dtype: str | None = None) -> None:
        super().__init__(name, dtype)

    def update_state(self, values: ArrayLike | Tensor, sample_weight: ArrayLike | Tensor | None = None) -> None:
        """Adds values: a number or an array whose first axis is the batch; weights for its first axes."""
        array = host(values)
        if array.size == 0:
            return
        if sample_weight is None:
            count = len(array) if array.ndim else 1
            self.total += float(array.mean(dtype=np.float64)) * count
            self.count += count
            return
        weight = host(sample_weight).astype(np.float64)
        if array.ndim > weight.ndim:
            array = array.mean(axis=tuple(range(weight.ndim, array.ndim)))
        weight = np.broadcast_to(agreement.weights_for(weight, array.shape, self.name), array.shape)
        inner = tuple(range(1, array.ndim))
        self.total += float(_weighted(array, weight).mean(axis=inner).sum())
        self.count += float(weight.mean(axis=inner).sum())

    def result(self) -> float:
        """Sum of the weighted values over the sum of the weights; 0 if nothing was collected."""
        return self.total / self.count if self.count else 0.0


def _weighted(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """values · weight, 0 where the weight is, whatever the value."""
    product: np.ndarray = np.multiply(values, weight, out=np.zeros(values.shape), where=weight != 0)
    return product


class Sum(Metric):
    """Sum of the values given, each times its weight.

    Args:
        name: Name in the figures.
        dtype: Stored for Keras's sake.

    Example:
        >>> recurra.metrics.Sum()([1.0, 3.0], sample_weight=[1.0, 2.0])
        7.0
    """

    _sums = ("total",)
    total: float

    def __init__(self, name: str = "sum", dtype: str | None = None) -> None:
        super().__init__(name, dtype)

    def update_state(self, values: ArrayLike | Tensor, sample_weight: ArrayLike | Tensor | None = None) -> None:
        """Adds values; weights for their first axes."""
        array = host(values)
        if sample_weight is not None:
            weight = agreement.weights_for(host(sample_weight).astype(np.float64), array.shape, self.name)
            array = _weighted(array, np.broadcast_to(weight, array.shape))
        self.total += float(array.sum(dtype=np.float64))

    def result(self) -> float:
        """The sum so far."""
        return self.total


class MeanMetricWrapper(Mean):
    """Mean of a function of (y_true, y_pred).

    The function gives one value per sample, or per time step, and each counts once, with its weight; padding (the mask
    of the predictions) is left out. A function that gives one number for the whole batch cannot be weighed, and has to
    deal with padding itself; its number counts as often as the batch has samples.

    Args:
        fn: The function, or a `Loss`.
        name: Name in the figures; default the name of the function.
        dtype: Stored for Keras's sake.
        **arguments: Passed on to the function by name.

    Example:
        >>> def largest(y_true, y_pred):
        ...     return np.abs(np.asarray(y_true) - np.asarray(y_pred)).max(axis=-1)
        >>> recurra.metrics.MeanMetricWrapper(largest)([[1.0, 2.0]], [[1.5, 2.0]])
        0.5
    """

    def __init__(
        self, fn: Callable[..., Any], name: str | None = None, dtype: str | None = None, **arguments: Any
    ) -> None:
        super().__init__(name or str(getattr(fn, "__name__", type(fn).__name__)), dtype)
        self.fn = fn
        self.arguments = arguments
        self.target_kind: str = getattr(fn, "target_kind", ANY)
        self.direction = type(self).direction or getattr(fn, "direction", None)
        if hasattr(fn, "target_kind"):  # a function of the package: its arguments are those of the class
            vars(self).update(arguments)

    def update_state(  # type: ignore[override]
        self, y_true: ArrayLike | Tensor, y_pred: ArrayLike | Tensor, sample_weight: ArrayLike | Tensor | None = None
    ) -> None:
        """Adds a batch; arguments as those of `Loss.__call__`."""
        axis = self.arguments.get("axis", getattr(self.fn, "axis", -1))
        true, predicted, weight, mask = agreement.of_batch(
            y_true, y_pred, sample_weight, self.target_kind, self.name, axis if isinstance(axis, int) else -1, True
        )
        of_samples = self.fn.call if isinstance(self.fn, Loss) else self.fn
        recording_off = NoGradient()
        try:
            result = of_samples(true, predicted, **self.arguments)
        finally:
            del recording_off
        values = host(result)
        if masks.table:
            mask = agreement.product(mask, agreement.mask_array(result))
        if weight is not None:
            weight = agreement.weights_for(weight, values.shape, self.name)
        if mask is not None and values.ndim:
            weight = agreement.product(weight, agreement.weights_for(mask, values.shape, self.name, "the mask"))
        if values.ndim == 0:
            samples = agreement.shape_of(y_pred)[:1] or (1,)
            values = np.broadcast_to(values, samples)
        if weight is None:
            self.total += float(values.sum(dtype=np.float64))
            self.count += values.size
        else:
            factors = np.broadcast_to(weight, values.shape).astype(np.float64)
            self.total += float(_weighted(values, factors).sum())
            self.count += float(factors.sum())

    def _arguments(self) -> dict[str, Any]:
        return super()._arguments() | (self.arguments if type(self) is MeanMetricWrapper else {})


def warn_of_logits(who: str, predicted: np.ndarray, weight: np.ndarray | None = None) -> None:
    """Warns if predictions that are compared with a threshold of probabilities are none."""
    counted = predicted if weight is None else predicted[weight != 0]
    outside = counted[(counted < 0) | (counted > 1)]
    if outside.size:
        warnings.warn(
            f"{who}: predictions such as {outside.flat[0]:.4g} lie outside [0, 1] and are compared with a threshold "
            "for probabilities; use activation='sigmoid' in the last layer, or give a threshold for these numbers",
            stacklevel=4,
        )
