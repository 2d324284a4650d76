"""What all metrics share: running sums over batches, on arrays of the host."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from recurra.layers.masks import mask_of
from recurra.tensor import Tensor, no_grad

if TYPE_CHECKING:
    from numpy.typing import ArrayLike
    from typing_extensions import Self


def host(value: Any) -> np.ndarray:
    """Elements as an array, without a copy where possible."""
    return value.detach().numpy() if isinstance(value, Tensor) else np.asarray(value)


def squeeze_or_expand(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both with the same number of axes, where they differ by a last axis of extent 1."""
    if a.ndim == b.ndim + 1 and a.shape[-1] == 1:
        return (a, b[:, None]) if b.ndim == 1 else (a[..., 0], b)
    if b.ndim == a.ndim + 1 and b.shape[-1] == 1:
        return (a[:, None], b) if a.ndim == 1 else (a, b[..., 0])
    return a, b


def weights_and_mask(sample_weight: ArrayLike | None, mask: Any) -> np.ndarray | None:
    """Weights with 0 where the mask leaves a value out; None if neither is given."""
    if mask is None:
        return None if sample_weight is None else np.asarray(sample_weight)
    kept = host(mask).astype(np.float64)
    if sample_weight is None:
        return kept
    weight = np.asarray(sample_weight)
    rank = max(weight.ndim, kept.ndim)
    return weight.reshape(weight.shape + (1,) * (rank - weight.ndim)) * kept.reshape(
        kept.shape + (1,) * (rank - kept.ndim)
    )


class Metric:
    """A figure collected over batches.

    A metric of your own is a subclass that keeps its sums in attributes named in `_sums` (they start from 0), and
    defines `update_state(y_true, y_pred, sample_weight=None)` and `result()`.
    """

    #: Attributes that hold what was collected; `reset_state` sets them to 0.
    _sums: ClassVar[tuple[str, ...]] = ()

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

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        return {"name": self.name, "dtype": self.dtype}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """The metric with these arguments."""
        return cls(**config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


class Mean(Metric):
    """Mean of the values given, each with its weight.

    Values of a sample that has several (time steps, say) are averaged first, as in Keras.
    """

    _sums = ("total", "count")
    total: float
    count: float

    def __init__(self, name: str = "mean", dtype: str | None = None) -> None:
        super().__init__(name, dtype)

    def update_state(self, values: ArrayLike | Tensor, sample_weight: ArrayLike | None = None) -> None:
        """Adds values: a number or an array whose first axis is the batch; weights for its first axes."""
        array = host(values)
        if sample_weight is None:
            count = len(array) if array.ndim else 1
            if count:
                self.total += float(array.mean(dtype=np.float64)) * count
                self.count += count
            return
        array, weight = squeeze_or_expand(array, np.asarray(sample_weight, np.float64))
        if array.ndim > weight.ndim:
            array = array.mean(axis=tuple(range(weight.ndim, array.ndim)))
        weight = np.broadcast_to(weight, array.shape)
        array = array * weight
        inner = tuple(range(1, array.ndim))
        self.total += float(array.mean(axis=inner).sum())
        self.count += float(weight.mean(axis=inner).sum())

    def result(self) -> float:
        """Sum of the weighted values over the sum of the weights; 0 if nothing was collected."""
        return self.total / self.count if self.count else 0.0


class Sum(Metric):
    """Sum of the values given, each times its weight."""

    _sums = ("total",)
    total: float

    def __init__(self, name: str = "sum", dtype: str | None = None) -> None:
        super().__init__(name, dtype)

    def update_state(self, values: ArrayLike | Tensor, sample_weight: ArrayLike | None = None) -> None:
        """Adds values; weights for their first axes."""
        array = host(values)
        if sample_weight is not None:
            array, weight = squeeze_or_expand(array, np.asarray(sample_weight, np.float64))
            array = array * weight.reshape(weight.shape + (1,) * (array.ndim - weight.ndim))
        self.total += float(array.sum(dtype=np.float64))

    def result(self) -> float:
        """The sum so far."""
        return self.total


class MeanMetricWrapper(Mean):
    """Mean of a function of (y_true, y_pred); `arguments` are passed on by name.

    The function gives one value a sample, or a time step; padding (the mask of `y_pred`) is left out.
    """

    def __init__(
        self, fn: Callable[..., Any], name: str | None = None, dtype: str | None = None, **arguments: Any
    ) -> None:
        super().__init__(name or str(getattr(fn, "__name__", type(fn).__name__)), dtype)
        self._fn = fn
        self._arguments = arguments

    def update_state(  # type: ignore[override]
        self, y_true: ArrayLike | Tensor, y_pred: ArrayLike | Tensor, sample_weight: ArrayLike | None = None
    ) -> None:
        """Adds a batch of targets and predictions."""
        mask = mask_of(y_pred)
        with no_grad():
            values = self._fn(y_true, y_pred, **self._arguments)
        super().update_state(values, weights_and_mask(sample_weight, mask))

    def get_config(self) -> dict[str, Any]:
        own = {"fn": self._fn} if type(self) is MeanMetricWrapper else {}
        return super().get_config() | own | self._arguments
