"""Checks of whole arrays against a model, before anything is trained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from recurra import agreement, losses
from recurra.layers.masking import Masking
from recurra.models.inputs import arranged, check_shape
from recurra.models.training.compiled import is_settled_by_shapes
from recurra.tree import flatten

if TYPE_CHECKING:
    from recurra.models.training.steps import Steps


def check_inputs(model: Steps, x: Any, what: str) -> None:
    """Raises ValueError if number, rank or extents of the inputs do not fit the model; builds it if it can.

    A model that does not know its inputs yet (a Sequential without Input) is built for these.
    """
    model._build_for_arrays(x)
    if not model.inputs:
        return
    title = f"model '{model.name}'"
    given = arranged(x, model._input_keys, title, what)
    for name, tensor, array in zip(model.input_names, model.inputs, given, strict=True):
        check_shape(array.shape, tensor, name, title, what)


def check_targets(model: Steps, y: Any, what: str, lengths: Any = None) -> None:
    """Raises ValueError for targets that the loss cannot take: other shapes, numbers that are no class.

    What stands behind the lengths of sequences may be anything. In a model that makes masks of its data it is not known
    yet what is padding: there the first batch says which numbers are no class.
    """
    if y is None or not model.outputs:
        return
    count = len(model.outputs)
    targets = [y] if count == 1 and hasattr(y, "shape") else _by_output(y, model.output_names)
    kinds = (
        _by_output(model.loss, model.output_names)
        if isinstance(model.loss, (list, tuple, dict))
        else [model.loss] * count
    )
    if len(targets) != count or len(kinds) != count:
        return  # the first batch says what is wrong with the structure
    for target, kind, output in zip(targets, kinds, model.outputs, strict=True):
        if target is not None and kind is not None and target.size:
            if is_settled_by_shapes(kind):
                continue
            if not model._has_own("train") and not model._has_own_loss():
                _check_shape(target, kind, output.shape, what + "y")
            if not _makes_masks(model):
                _check_range(target, kind, output.shape, what + "y", _counted(target, lengths))


def _makes_masks(model: Steps) -> bool:
    return any(isinstance(layer, Masking) or getattr(layer, "mask_zero", False) for layer in model._flatten_layers())


def _counted(target: np.ndarray, lengths: Any) -> np.ndarray | None:
    """Which targets of time steps lie within all lengths; None if every one counts."""
    given = [own for own in flatten(lengths) if own is not None and len(own) == len(target)]
    if not given or target.ndim < 2:
        return None
    within: np.ndarray = np.arange(target.shape[1]) < np.min(given, axis=0)[:, None]
    return within.reshape(within.shape + (1,) * (target.ndim - 2))


def _by_output(structure: Any, names: list[str]) -> list[Any]:
    if isinstance(structure, Mapping):
        return [structure.get(name) for name in names]
    return list(structure) if isinstance(structure, (list, tuple)) else [structure]


def _check_shape(target: np.ndarray, kind: Any, output_shape: tuple[Any, ...], what: str) -> None:
    loss = losses.get(kind)
    name = kind if isinstance(kind, str) else getattr(loss, "name", getattr(loss, "__name__", type(loss).__name__))
    axis = loss.arguments.get("axis", -1) if isinstance(loss, losses.FunctionLoss) else -1
    agreement.agreed(
        target, tuple(output_shape), getattr(loss, "target_kind", agreement.ANY), f"{what}: loss '{name}'", axis
    )


def _numbered(classes: int | None) -> str:
    if classes is None:
        return "classes are numbered from 0"
    if classes == 1:
        return "the model has one class, 0: for two classes use binary_crossentropy, or 2 units with softmax"
    return f"the model has {classes} classes, numbered from 0 to {classes - 1}"


def _check_range(
    target: np.ndarray, kind: Any, output_shape: tuple[Any, ...], what: str, counted: np.ndarray | None
) -> None:
    loss = losses.get(kind)
    function = loss.function if isinstance(loss, losses.FunctionLoss) else loss
    arguments = loss.arguments if isinstance(loss, losses.FunctionLoss) else {}
    axis = arguments.get("axis", -1)
    if function is losses.sparse_categorical_crossentropy:
        classes = output_shape[axis]
        bad = (target < 0) | (target >= classes) if classes is not None else target < 0
        if arguments.get("ignore_class") is not None:
            bad &= target != arguments["ignore_class"]
        if counted is not None:
            bad &= counted
        if bad.any():
            raise ValueError(
                f"{what} holds the class {target[bad].flat[0]} at index {int(np.argwhere(bad)[0][0])}; "
                + _numbered(classes)
            )
    elif function in (losses.binary_crossentropy, losses.categorical_crossentropy):
        bad = (target < 0) | (target > 1)
        if counted is not None:
            bad &= counted
        if bad.any():
            whole = target.min() >= 0 and bool((target == np.floor(target)).all())
            classes = (
                f". For class numbers use sparse_categorical_crossentropy, with {int(target.max()) + 1} units and "
                "activation='softmax' in the last layer"
            )
            raise ValueError(
                f"{what} holds {target[bad].flat[0]} at index {int(np.argwhere(bad)[0][0])}; {function.__name__} "
                f"expects targets between 0 and 1{classes if whole else ''}"
            )
