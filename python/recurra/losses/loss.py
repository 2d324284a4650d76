"""What all losses share: values of samples, masks, sample weights, reduction to a number."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

import numpy as np

from recurra import agreement, ops
from recurra.agreement import ANY, CLASS_NUMBERS
from recurra.checks import keywords_of, one_of
from recurra.configurable import Configurable
from recurra.layers import masks
from recurra.tensor import Tensor

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

REDUCTIONS = ("sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none", None)

LossFunction = TypeVar("LossFunction", bound=Callable[..., Tensor])


def floating(y_pred: ArrayLike | Tensor) -> Tensor:
    """Predictions as a tensor of floating-point numbers."""
    tensor: Tensor = y_pred if isinstance(y_pred, Tensor) else ops.convert_to_tensor(y_pred)
    return tensor if tensor.dtype.startswith("float") else ops.cast(tensor, "float32")


def takes(kind: str) -> Callable[[LossFunction], LossFunction]:
    """Decorator of a function of (y_true, y_pred): it gets tensors in agreeing shapes.

    Args:
        kind: What the function makes of its arguments, one of the constants of `recurra.agreement`.
    """

    def decorate(function: LossFunction) -> LossFunction:
        names = keywords_of(function)[0]
        place = names.index("axis") - 2 if "axis" in names else None

        @wraps(function)
        def wrapped(y_true: Any, y_pred: Any, *args: Any, **kwargs: Any) -> Tensor:
            predictions: Tensor = y_pred if isinstance(y_pred, Tensor) else ops.convert_to_tensor(y_pred)
            dtype = predictions.dtype
            if dtype not in ("float32", "float64"):
                predictions, dtype = floating(predictions), "float32"
            targets: Tensor = y_true if isinstance(y_true, Tensor) else ops.convert_to_tensor(y_true)
            if kind != CLASS_NUMBERS and targets.dtype != dtype:
                targets = ops.cast(targets, dtype)
            if kind == CLASS_NUMBERS or targets.shape != predictions.shape:
                axis = args[place] if place is not None and len(args) > place else kwargs.get("axis", -1)
                shapes = agreement.agreed_shapes(
                    tuple(targets.shape), tuple(predictions.shape), kind, function.__name__, axis
                )
                targets, predictions = map(agreement.reshaped, (targets, predictions), shapes)
            return function(targets, predictions, *args, **kwargs)

        wrapped.target_kind = kind  # type: ignore[attr-defined]
        wrapped.direction = "min"  # type: ignore[attr-defined]
        return cast("LossFunction", wrapped)

    return decorate


def reduce_weighted(
    values: Tensor,
    weight: np.ndarray | None,
    mask: np.ndarray | None,
    reduction: str | None,
    who: str = "loss",
) -> tuple[Tensor, float | None]:
    """The values times weights and mask, reduced, and how many values a mean was taken over (None for no mean).

    A mask leaves out values: their mean is taken over the rest, a sum skips them. Weights multiply the values and do
    not change what a mean divides by, except for "mean_with_sample_weight", which divides by the sum of the weights.
    A function that gives one number for a batch has dealt with its padding itself.
    """
    shape, size = tuple(values.shape), values.size
    factors = None if weight is None else agreement.weights_for(weight.astype(values.dtype), shape, who)
    count = float(size)
    if mask is not None and shape:
        kept = agreement.weights_for(mask, shape, who, "the mask of the predictions").astype(values.dtype)
        count *= float(kept.mean()) if kept.size else 0.0
        if reduction in ("mean", "sum_over_batch_size"):
            kept = kept * (kept.size / max(float(kept.sum()), 1.0))
        factors = agreement.product(factors, kept)
    if factors is not None:
        values = values * ops.convert_to_tensor(factors)
    if reduction in (None, "none"):
        return values, None
    if not shape:
        return values, None
    if reduction == "sum" or size == 0:
        return ops.sum(values), None
    if reduction == "mean_with_sample_weight" and factors is not None:
        total = float(np.broadcast_to(factors, shape).sum(dtype=np.float64))
        return ops.sum(values) * (1.0 / total if total else 0.0), total
    return values.mean(), count


class Loss(Configurable):
    """Base of the losses: a number to make small, from targets and predictions.

    A loss of your own is a subclass that defines `call(y_true, y_pred)` and returns one value per sample or time step.
    Targets reach it in the shape of the predictions where the two differ by a last axis of extent 1; weights and the
    mask of the predictions are applied to what it returns.

    Args:
        name: Shown where the loss is reported; default the name of the class.
        reduction: How the values of the samples become one number: "sum_over_batch_size" (their mean, default),
            "mean", "sum", "mean_with_sample_weight" (divided by the sum of the weights), "none" or None.
        dtype: Stored for Keras's sake.

    Raises:
        ValueError: There is no such reduction.

    Example:
        >>> class Absolute(recurra.losses.Loss):
        ...     def call(self, y_true, y_pred):
        ...         return recurra.ops.mean(recurra.ops.abs(y_true - y_pred), axis=-1)
        >>> Absolute()(np.array([1.0, 2.0]), np.array([[1.0], [4.0]])).item()
        1.0
    """

    #: What is done with the targets; own losses get them as they are, but for a last axis of extent 1.
    target_kind: str = ANY
    #: Losses are made small.
    direction: ClassVar[str] = "min"

    def __init__(
        self, name: str | None = None, reduction: str | None = "sum_over_batch_size", dtype: str | None = None
    ) -> None:
        self.name = name or type(self).__name__.lower()
        self.reduction = one_of(reduction, type(self).__name__, "reduction", REDUCTIONS)
        self.dtype = dtype

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """One value per sample or time step; defined by each loss."""
        raise TypeError(f"{type(self).__name__} does not define call(y_true, y_pred)")

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: ArrayLike | Tensor | None = None) -> Tensor:
        """The loss of a batch: a scalar, unless the reduction is "none".

        Args:
            y_true: Targets.
            y_pred: Predictions; what their mask leaves out does not count.
            sample_weight: One weight per sample, or per time step; default 1 each.

        Raises:
            ValueError: The shapes do not agree.
        """
        return self.measure(y_true, y_pred, sample_weight)[0]

    def measure(
        self, y_true: Any, y_pred: Any, sample_weight: ArrayLike | Tensor | None = None, who: str | None = None
    ) -> tuple[Tensor, float | None]:
        """The loss of a batch, and the number of values that it is the mean of (None if it is no mean).

        `who` is named in errors; default the name of the loss.
        """
        who = who or self.name
        y_true, y_pred, weight, mask = agreement.of_batch(
            y_true, y_pred, sample_weight, self.target_kind, who, getattr(self, "axis", -1)
        )
        values = self.call(y_true, y_pred)
        if mask is not None and self.target_kind != ANY and not np.isfinite(agreement.host(values)).all():
            # 0 times NaN is NaN, in values and gradients: masked predictions are taken out before the loss sees them.
            values = self.call(y_true, agreement.without_masked(y_pred, mask))
        if not isinstance(values, Tensor):
            values = ops.convert_to_tensor(values)
        if masks.table:
            mask = agreement.product(mask, agreement.mask_array(values))
        return reduce_weighted(values, weight, mask, self.reduction, who)


class FunctionLoss(Loss):
    """A loss from a function of (y_true, y_pred) that returns one value per sample or time step.

    Args:
        function: The function.
        reduction: As for `Loss`.
        name: Default the name of the function.
        dtype: As for `Loss`.
        **arguments: Passed on to the function by name.

    Example:
        >>> def squared(y_true, y_pred, factor=1.0):
        ...     return factor * recurra.ops.mean((y_true - y_pred) ** 2, axis=-1)
        >>> recurra.losses.FunctionLoss(squared, factor=2.0)(np.zeros(3), np.ones((3, 1))).item()
        2.0
    """

    def __init__(
        self,
        function: Callable[..., Any],
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: str | None = None,
        **arguments: Any,
    ) -> None:
        super().__init__(name or getattr(function, "__name__", type(function).__name__), reduction, dtype)
        self.function = function
        self.target_kind = getattr(function, "target_kind", ANY)
        self.arguments = arguments
        if hasattr(function, "target_kind"):  # a function of the package: its arguments are those of the class
            vars(self).update(arguments)

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        values: Tensor = self.function(y_true, y_pred, **self.arguments)
        return values

    def _arguments(self) -> dict[str, Any]:
        return super()._arguments() | (self.arguments if type(self) is FunctionLoss else {})
