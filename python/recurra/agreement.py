"""Where the arrays of a batch meet: targets, predictions, weights and masks are brought to agreeing shapes, or refused.

N samples, T time steps, C classes. Targets (N,) beside predictions (N, 1), or (N, T) beside (N, T, 1), are the same
numbers, written without the last axis; subtracted as they are they would broadcast to all pairs. Every loss and metric,
those of users as well, gets its arrays from here.

What depends on shapes alone is remembered for the shapes seen last, so that a loop over batches pays for it once.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from recurra import ops
from recurra.layers import masks
from recurra.layers.masks import mask_of
from recurra.tensor import Tensor

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

#: Extents of an array; None where an extent is open.
Shape = tuple[Any, ...]

# What a function of targets and predictions makes of them.
ELEMENTS = "elements"  # compares number by number, and averages over the last axis
VECTORS = "vectors"  # compares whole vectors along an axis
ONE_HOT = "one-hot rows"  # compares rows of classes
CLASS_NUMBERS = "class numbers"  # looks the class of the target up in a row of classes
ANY = "any"  # a function of the user's


def host(value: Any) -> np.ndarray:
    """Elements as an array, without a copy where possible."""
    return value.detach().numpy() if isinstance(value, Tensor) else np.asarray(value)


def shape_of(value: Any) -> Shape:
    """The extents of a tensor or of anything that NumPy takes for an array."""
    shape = getattr(value, "shape", None)
    return tuple(np.shape(value) if shape is None else shape)


def reshaped(value: Any, shape: Shape) -> Any:
    """The same elements in another shape."""
    if shape_of(value) == shape:
        return value
    return ops.reshape(value, shape) if isinstance(value, Tensor) else np.asarray(value).reshape(shape)


def fits(a: Shape, b: Shape) -> bool:
    """Whether two shapes are equal as far as their extents are known."""
    return len(a) == len(b) and all(m is None or n is None or m == n for m, n in zip(a, b, strict=True))


# ---- targets and predictions


@lru_cache(256)
def agreed_shapes(target: Shape, prediction: Shape, kind: str, who: str, axis: int = -1) -> tuple[Shape, Shape]:
    """The shapes in which targets and predictions mean the same elements.

    Args:
        target: Shape of the targets.
        prediction: Shape of the predictions.
        kind: What is done with them, one of the constants of this module.
        who: Loss or metric, for the message.
        axis: Axis of the classes.

    Raises:
        ValueError: The shapes differ by more than a last axis of extent 1; the message says how to mend it.
    """
    if kind == CLASS_NUMBERS:
        if (shape := _shape_of_classes(target, prediction, axis)) is not None:
            return shape, prediction
    elif fits(target, prediction):
        return target, prediction
    elif target[-1:] == (1,) and fits(target[:-1], prediction):
        return (target, (*prediction, 1)) if len(prediction) == 1 and kind == ELEMENTS else (target[:-1], prediction)
    elif prediction[-1:] == (1,) and fits(target, prediction[:-1]):
        return (*target, 1), prediction
    elif kind == ANY and not (prediction[-1:] == (1,) and len(target) < len(prediction)):
        return target, prediction
    raise ValueError(
        f"{who}: the targets have shape {_shown(target)}, the predictions {_shown(prediction)}; "
        f"{_mend(target, prediction, kind, axis)}"
    )


def agreed(y_true: Any, prediction: Shape, kind: str, who: str, axis: int = -1) -> tuple[Shape, Shape]:
    """`agreed_shapes` for given targets, where a function of the user's may get targets that it does not look at.

    Targets that are all the same number are given because `fit` wants some; they have no effect in any shape.
    """
    target = shape_of(y_true)
    if kind == ANY and _may_be_ignored(y_true, target, prediction):
        return target, prediction
    return agreed_shapes(target, prediction, kind, who, axis)


def _may_be_ignored(y_true: Any, target: Shape, prediction: Shape) -> bool:
    """Whether targets of another rank than the predictions are all the same number."""
    if len(target) >= len(prediction) or fits(target, prediction[:-1]):
        return False
    values = host(y_true)
    return bool(values.size) and bool((values == values.flat[0]).all())


def _without(shape: Shape, axis: int) -> Shape:
    axis %= len(shape)
    return shape[:axis] + shape[axis + 1 :]


def _shape_of_classes(target: Shape, prediction: Shape, axis: int) -> Shape | None:
    if not prediction:
        return None
    samples = _without(prediction, axis)
    if fits(target, samples):
        return target
    if len(target) == len(prediction) and target[axis] == 1 and fits(_without(target, axis), samples):
        return _without(target, axis)
    return None


def _shown(shape: Shape) -> str:
    inside = ", ".join("any" if extent is None else str(extent) for extent in shape)
    return f"({inside},)" if len(shape) == 1 else f"({inside})"


def _mend(target: Shape, prediction: Shape, kind: str, axis: int) -> str:
    """What to change, in words."""
    several = bool(prediction) and prediction[-1] != 1
    numbers = several and _shape_of_classes(target, prediction, axis) is not None
    if kind == CLASS_NUMBERS and several and fits(target, prediction):
        return "the targets look one-hot: use categorical_crossentropy and categorical_accuracy, or y.argmax(axis=-1)"
    if kind == ONE_HOT and numbers:
        return (
            "the targets look like class numbers: use sparse_categorical_crossentropy and "
            f"sparse_categorical_accuracy, or y = utils.to_categorical(y, {prediction[axis]})"
        )
    if len(prediction) > 2 and len(prediction) > len(target) and not numbers:
        return (
            "they must match: set return_sequences=False in the last recurrent layer for one prediction per sequence, "
            "or give a target for each time step"
        )
    if len(target) > 2 and len(target) > len(prediction):
        return "they must match: set return_sequences=True in the last recurrent layer for a prediction at each step"
    if numbers:
        return (
            "they must match: the last layer needs 1 unit for one number per target; for class numbers use "
            f"sparse_categorical_crossentropy, or y = utils.to_categorical(y, {prediction[axis]})"
        )
    if len(target) == len(prediction) and kind != CLASS_NUMBERS and fits(target[:-1], prediction[:-1]):
        if kind == ONE_HOT:
            return (
                f"expected one column per class: give the last layer {target[-1]} units, or make the targets by "
                f"utils.to_categorical(y, {prediction[-1]})"
            )
        return f"they must match: the last layer needs {target[-1]} units"
    if len(target) == len(prediction) - 1:
        return "they must match: y[..., None] adds a last axis of extent 1"
    return "they must match"


# ---- weights and masks


def weights_for(weight: np.ndarray, shape: Shape, who: str, what: str = "sample_weight") -> np.ndarray:
    """Weights with as many axes as the values they belong to, matched from the first axis on.

    Raises:
        ValueError: The weights belong to other values.
    """
    matched = weight
    while matched.ndim > len(shape) and matched.shape[-1] == 1:
        matched = matched[..., 0]
    matched = matched.reshape(matched.shape + (1,) * (len(shape) - matched.ndim))
    extents: Shape = matched.shape
    known = len(extents) == len(shape) and all(m in (1, n) for m, n in zip(extents, shape, strict=True))
    if not known or (matched.size > 1 and extents[0] != shape[0]):
        mend = (
            "return one value for each sample or time step instead of one number, so that weights can be applied"
            if not shape
            else "give one weight for each sample (N,) or, where predictions have time steps, for each step (N, T)"
            if what == "sample_weight"
            else "return one value for each time step (N, T), so that padding can be left out"
        )
        raise ValueError(f"{who}: {what} has shape {weight.shape}, the values have shape {_shown(shape)}; {mend}")
    return matched


def product(a: np.ndarray | None, b: np.ndarray | None) -> np.ndarray | None:
    """a · b where one may lack the last axes of the other; None stands for ones."""
    if a is None or b is None:
        return b if a is None else a
    rank = max(a.ndim, b.ndim)
    both: np.ndarray = np.multiply(
        a.reshape(a.shape + (1,) * (rank - a.ndim)), b.reshape(b.shape + (1,) * (rank - b.ndim))
    )
    return both


def mask_array(tensor: Any) -> np.ndarray | None:
    """The mask filed for a tensor, as an array."""
    mask = mask_of(tensor)
    return None if mask is None else host(mask).astype(bool)


def _covers(weight: Shape | None, shape: Shape) -> bool:
    """Whether there is a weight for every single element of predictions that have no last axis of extent 1."""
    if not weight:
        return False
    while len(weight) > len(shape) and weight[-1] == 1:
        weight = weight[:-1]
    return weight == shape and (len(shape) == 1 or shape[-1] != 1)


@lru_cache(256)
def _shapes_in_batch(
    target: Shape,
    prediction: Shape,
    weight: Shape | None,
    mask: Shape | None,
    kind: str,
    who: str,
    axis: int,
    columns: bool,
) -> tuple[Shape, Shape]:
    """The shapes that targets and predictions of a batch get, beside weights and a mask of these shapes."""
    target, prediction = agreed_shapes(target, prediction, kind, who, axis)
    if kind == ELEMENTS and target == prediction:
        single = columns and len(prediction) <= 1
        if single or _covers(weight, prediction) or _covers(mask, prediction):
            target = prediction = (*prediction, 1)
    return target, prediction


def of_batch(
    y_true: Any,
    y_pred: Any,
    sample_weight: ArrayLike | Tensor | None,
    kind: str,
    who: str,
    axis: int = -1,
    columns: bool = False,
) -> tuple[Any, Any, np.ndarray | None, np.ndarray | None]:
    """Targets, predictions, weights and mask of a batch, in agreeing shapes.

    Targets at masked steps are set to 0, so that what stands in the padding has no influence.

    Args:
        y_true: Targets.
        y_pred: Predictions, with their mask filed if they have one.
        sample_weight: Weights, or None.
        kind: What is done with the arrays, one of the constants of this module.
        who: Loss or metric, for messages.
        axis: Axis of the classes.
        columns: Whether single numbers (N,) become columns (N, 1), so that each is a sample.

    Raises:
        ValueError: The shapes do not agree.
    """
    mask = mask_array(y_pred) if masks.table else None
    weight = None if sample_weight is None else host(sample_weight)
    if isinstance(y_true, (dict, tuple)) or isinstance(y_pred, (dict, tuple)):
        return y_true, y_pred, weight, mask  # a structure that only a function of the user's can take
    target, prediction = shape_of(y_true), shape_of(y_pred)
    if target == prediction and weight is None and mask is None and kind != CLASS_NUMBERS and len(target) > 1:
        return y_true, y_pred, None, None
    if kind == ANY:
        if _may_be_ignored(y_true, target, prediction):
            return y_true, y_pred, weight, mask
        axis = -1  # an own loss may have something else under that name
    of_weight, of_mask = None if weight is None else weight.shape, None if mask is None else mask.shape
    shapes = _shapes_in_batch(target, prediction, of_weight, of_mask, kind, who, axis, columns)
    y_true = y_true if shapes[0] == target else reshaped(y_true, shapes[0])
    y_pred = y_pred if shapes[1] == prediction else reshaped(y_pred, shapes[1])
    if mask is not None and kind != ANY:
        y_true = without_masked(y_true, mask, 0)
    return y_true, y_pred, weight, mask


def without_masked(value: Any, mask: np.ndarray, instead: float = 0.5) -> Any:
    """The array or tensor with another number at all masked steps."""
    shape = shape_of(value)
    if mask.shape != shape[: mask.ndim]:
        return value
    kept = mask.reshape(mask.shape + (1,) * (len(shape) - mask.ndim))
    return ops.where(kept, value, instead) if isinstance(value, Tensor) else np.where(kept, value, instead)
