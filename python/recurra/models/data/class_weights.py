"""Weights of samples from the weights of their classes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from recurra import agreement, config
from recurra.agreement import Shape
from recurra.checks import is_number
from recurra.models.data.arrays import Batch

_HINT = "use sample_weight instead"


def classes_of(y: np.ndarray, output: Shape) -> np.ndarray:
    """The class number of each sample, or time step.

    Args:
        y: Targets: class numbers, with or without a last axis of extent 1, or one-hot rows.
        output: Shape of the model's output; with that of the targets it says which axis holds the classes.

    Raises:
        ValueError: The targets are neither of these for such an output.
    """
    shape = y.shape
    if len(shape) == len(output) + 1 and shape[-1] == 1:
        labels = y[..., 0]
    elif len(shape) == len(output) - 1 or (len(shape) == len(output) == 1):
        labels = y
    elif len(shape) == len(output) and shape[-1] == 1:
        labels = y[..., 0]
    elif len(shape) == len(output) and output[-1] in (None, shape[-1]):
        sums = y.sum(axis=-1, dtype=np.float64)
        if (np.abs(sums - 1) > 1e-3)[sums != 0].any():
            raise ValueError(
                f"class_weight: a row of y has several classes or none, {y[np.abs(sums - 1) > 1e-3][0]}; {_HINT}"
            )
        labels = y.argmax(-1)
    else:
        raise ValueError(f"class_weight: y of shape {shape} has no classes for an output of shape {output}; {_HINT}")
    whole = np.round(labels)
    other = labels[(labels != whole) & ((labels < 0) | (labels > 1))]  # within 0 and 1: softened labels of two classes
    if other.size:
        raise ValueError(f"class_weight: y holds {other.flat[0]:.4g}, which is no class number; {_HINT}")
    return whole.astype(np.int64)


def weights_of_classes(y: np.ndarray, class_weight: Mapping[int, float], output: Shape) -> np.ndarray:
    """One weight per sample, or time step, by its class; 1 for classes without a weight."""
    last = output[-1] if len(output) > 1 else 1
    if last is not None:
        known = range(-1, 2) if last == 1 else range(last)  # one unit: 0 and 1, or -1 and 1
        wrong = [key for key in class_weight if key not in known]
        if wrong:
            raise ValueError(
                f"class_weight has a weight for class {wrong[0]}; the classes are numbered from 0 to {max(last, 2) - 1}"
            )
    labels = classes_of(y, output)
    classes, places = np.unique(labels, return_inverse=True)
    weights = np.array([class_weight.get(int(c), 1.0) for c in classes], config.floatx())
    return weights[places].reshape(labels.shape)


def checked(class_weight: Any) -> dict[int, float]:
    """The weights by class number.

    Raises:
        TypeError: It is no dictionary, or a key is no class number.
        ValueError: A weight is no number of at least 0.
    """
    if not isinstance(class_weight, Mapping):
        raise TypeError(f"class_weight: expected a dictionary of class to weight, got {type(class_weight).__name__}")
    out: dict[int, float] = {}
    for key, weight in class_weight.items():
        if isinstance(key, str) or not (is_number(key) or isinstance(key, (bool, np.bool_))) or key != int(key):
            mend = "; make them numbers by {int(key): weight for key, weight in ...}" if isinstance(key, str) else ""
            raise TypeError(f"class_weight: keys must be class numbers, got {key!r}{mend}")
        if not is_number(weight) or not 0 <= weight < float("inf"):
            raise ValueError(f"class_weight: weights must be numbers of at least 0, got {weight!r} for class {key}")
        out[int(key)] = float(weight)
    return out


def with_class_weight(
    class_weight: Mapping[int, float] | None, output_shape: Callable[[Any], Shape | None]
) -> Callable[[Batch], Batch] | None:
    """A function that multiplies the weights of a batch by those of its classes.

    Args:
        class_weight: Weights by class number; None for no such function.
        output_shape: Gives the shape of the model's output for the inputs of a batch, None if it is not known.
    """
    if class_weight is None:
        return None
    weights = checked(class_weight)
    shape: Shape | None = None

    def weigh(batch: Batch) -> Batch:
        nonlocal shape
        x, y, weight = batch
        shape = shape or output_shape(x)
        if y is None or isinstance(y, (list, tuple, dict)):
            raise ValueError(f"class_weight needs a model with one output and its targets; {_HINT}")
        if shape is None:
            raise ValueError(
                "class_weight needs to know the shape of the model's output: give the model an Input, or call it on "
                "a batch before"
            )
        by_class = weights_of_classes(agreement.host(y), weights, shape)
        return x, y, agreement.product(by_class, None if weight is None else agreement.host(weight))

    return weigh
