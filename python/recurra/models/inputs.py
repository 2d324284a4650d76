"""What the inputs of a model must look like: the one check for data and for calls, whatever kind of model it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from recurra import ops
from recurra.agreement import fits
from recurra.layers.masks import attach_mask, mask_of
from recurra.layers.symbolic import SymbolicTensor, is_text
from recurra.tree import flatten

Shape = tuple[Any, ...]


def arranged(inputs: Any, names: Sequence[str], title: str, what: str = "") -> list[Any]:
    """The inputs of a model in the order of `names`, by which a dictionary gives them.

    Args:
        inputs: One input, or a list, tuple or dictionary of them.
        names: Of the model's inputs.
        title: Of the model, for messages.
        what: Put in front of the complaint, for example "validation_data: ".

    Raises:
        ValueError: An input is missing, or there are too many.
    """
    if not isinstance(inputs, (list, tuple)) and isinstance(inputs, Mapping):
        missing = [name for name in names if name not in inputs]
        if missing:
            got = ", ".join(map(repr, inputs)) or "none"
            raise ValueError(f"{title}: {what}no data for the input {', '.join(map(repr, missing))}; got {got}")
        return [inputs[name] for name in names]
    given = flatten(inputs)
    if len(given) != len(names):
        mend = f"; give a list of {len(names)} arrays, or a dictionary by name of the input"
        if len(names) == 1:
            alike = len({tuple(one.shape) for one in given}) == 1
            mend = "; np.stack(x) makes one array of a list of samples" if alike else ""
        raise ValueError(f"{title}: {what}expected {len(names)} input{'s' * (len(names) > 1)}, got {len(given)}{mend}")
    return given


def fitted_shape(shape: Sequence[Any], wanted: Sequence[Any]) -> Shape | None:
    """The shape that an input of `shape` is given for an Input of `wanted`, both with the batch; None if it is unfit.

    A last axis of extent 1 that is missing, or too many, is mended.
    """
    fitted = tuple(shape)
    if len(fitted) == len(wanted) + 1 and fitted[-1] == 1:
        fitted = fitted[:-1]
    elif len(fitted) == len(wanted) - 1 and len(fitted) and wanted[-1] == 1:
        fitted = (*fitted, 1)
    return fitted if len(fitted) == len(wanted) and fits(fitted[1:], tuple(wanted[1:])) else None


def check_shape(shape: Sequence[Any], tensor: SymbolicTensor, name: str, title: str, what: str = "") -> Shape:
    """`fitted_shape` of an input; raises ValueError that says what was expected, what came, and how to mend it."""
    fitted = fitted_shape(shape, tensor.shape)
    if fitted is None:
        raise ValueError(
            f"{title}: {what}input '{name}' expects shape {_shown(tensor.shape)}, got {tuple(shape)}"
            f"{_mend(tuple(shape), tensor.shape)}"
        )
    return fitted


def fitted(value: Any, tensor: SymbolicTensor, name: str, title: str) -> Any:
    """An input in the rank of its Input, with its mask."""
    shape = tuple(value.shape)
    wanted = check_shape(shape, tensor, name, title)
    if wanted == shape:
        return value
    if is_text(value):
        return value.reshape(wanted)
    reshaped = ops.reshape(value, wanted)
    attach_mask(reshaped, mask_of(value))
    return reshaped


def _shown(shape: Sequence[Any]) -> str:
    return "(" + ", ".join(["samples", *("any" if extent is None else str(extent) for extent in shape[1:])]) + ")"


def _mend(got: Shape, wanted: Sequence[Any]) -> str:
    sample = tuple(wanted[1:])
    if fits(got, sample):
        return "; x[None] makes one sample a batch"
    if len(sample) == 2 and fits(got[1:], sample[:1]):
        features = "x[..., None] gives each step one feature" if sample[1] is None else f"{sample[1]} features a step"
        return f"; the last axis is missing: {features}"
    if len(sample) == 2 and fits(got[1:], sample[::-1]):
        return "; x.swapaxes(1, 2) puts the features last"
    if len(sample) == 2 and len(got) == 3 and got[2] == sample[1]:
        return f"; a model with Input((None, {sample[1]})) takes sequences of any length"
    return ""
