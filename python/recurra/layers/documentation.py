"""Passages that the docstrings of many layers share, filled in when a docstring is read.

A line that holds nothing but `{passage}` stands for the passage of that name, at the indentation of the line. Defaults
are read from the signature, so that what `help` shows is true.
"""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Mapping
from typing import Any, TypeVar

Class = TypeVar("Class", bound=type)

_LAYER = {
    "activity_regularizer": "penalty on the output, divided by the batch size, by name or as an object",
    "trainable": "whether training changes the weights",
    "name": "name of the layer in its model; numbered from its class where it is None",
    "dtype": "type of weights and computation, float32 or float64; None stands for `recurra.config.floatx()`",
    "input_shape": "shape of one sample, where the layer is the first of a `Sequential` model without `Input`",
}
_WEIGHTS = {
    "recurrent": "recurrent kernel",
    "depthwise": "depthwise kernel",
    "pointwise": "pointwise kernel",
    "embeddings": "table",
}
_KINDS = {
    "initializer": "initial values of the {weight}, by name or as an object",
    "regularizer": "penalty on the {weight}, by name or as an object",
    "constraint": "projection of the {weight} after each update, by name or as an object",
}

_CELL = {
    "dropout": "rate in [0, 1) at which features of the input are dropped in training, the same ones in all steps of a "
    "sequence",
    "recurrent_dropout": "rate in [0, 1) at which units of the state are dropped in front of the recurrent product, in "
    "training",
    "dropout_per_step": "whether both masks are drawn anew for each step instead of once a sequence",
    "zoneout": "rate in [0, 1) at which a unit of a state keeps its previous value, drawn for each step in training; "
    "one number, or one for each state. Outside of training each state is that mixture of old and new",
    "skip": "numbers of steps k, each at least 2 and less than the length of the sequences, one or several: the "
    "recurrent product also reads the output k steps ago (zeros before the sequence), with (U, gates U) further rows "
    "of recurrent_kernel for each k",
    "normalization": '"layer": x W and h R (with a reset gate before it, gates and candidate apart) have mean 0 and '
    "variance 1 in every row before they are multiplied by gains, the weights input_gain and recurrent_gain (gates U), "
    'and the bias is added. "batch": the same over the sequences of a batch, for each column and step by itself; gains '
    "start at 0.1, and moving averages serve outside of training",
    "normalization_steps": "number of first steps for which batch normalisation has averages of their own; all later "
    "steps share the last of these",
    "normalization_momentum": "share of the old averages when a batch is added to them, in [0, 1]",
    "weight_normalization": "whether each column of recurrent_kernel is divided by its length and multiplied by a "
    "weight, recurrent_scale, which starts at that length",
    "recurrent_dropconnect": "rate in [0, 1) at which numbers of recurrent_kernel are dropped in training, the same "
    "ones for all sequences and steps of a call",
    "seed": "seed of the random masks, an integer; None draws one from the global generator",
}
_RECURRENCE = {
    "return_sequences": "whether the output holds all steps, (B, T, U), or the last one processed, (B, U)",
    "return_state": "whether the final states follow the output",
    "go_backwards": "whether the last step is read first; the outputs then come in that order",
    "stateful": "whether a batch starts from the final states of the batch before, row by row",
    "unroll": "accepted for compatibility, without effect",
    "zero_output_for_mask": "whether masked steps give zeros instead of the output before them",
    "checkpoint": "whether the backward pass computes states again instead of storing all of them, which takes less "
    "memory for long sequences and more time",
    "use_cudnn": "accepted for compatibility, without effect",
    "implementation": "accepted for compatibility, without effect",
    "time_major": "accepted for compatibility, must be False",
}
_TABLES: dict[str, dict[str, str]] = {
    "layer arguments": _LAYER,
    "cell arguments": _CELL,
    "recurrence arguments": _RECURRENCE,
}
_PASSAGES = {
    "recurrent shapes": """\
Input shape:
    (B, T, F): sequences, steps, features. The call also takes `initial_state`, `mask` (B, T) and `lengths` (B,);
    see `RNN`.

Output shape:
    (B, U), or (B, T, U) with return_sequences; with return_state followed by the state (B, U).

Raises:
    ValueError: An argument is out of range, or at the call an input, state, mask or length does not fit.""",
    "cell shapes": """\
Input shape:
    One step (B, F) and the state [h], (B, U).

Output shape:
    The output h', (B, U), and the new state [h'].

Raises:
    ValueError: An argument is out of range.""",
}


def documented(cls: Class) -> Class:
    """Decorator of a class: fills the passages into its docstring when somebody reads it."""
    if cls.__doc__ is not None:  # as it is with python -OO
        cls.__doc__ = _Docstring(cls, cls.__doc__)  # type: ignore[assignment]
    return cls


class _Docstring:
    """A class's `__doc__`, which is a descriptor: filling in takes too long for the import of all layers."""

    def __init__(self, cls: type, text: str) -> None:
        self._cls, self._text = cls, text
        self._filled: str | None = None

    def __get__(self, instance: Any, owner: type | None = None) -> str:
        if self._filled is None:
            self._filled = _PLACE.sub(lambda found: _filled(self._cls, self._text, found[1], found[2]), self._text)
        return self._filled


_PLACE = re.compile(r"^( *)\{([a-z ]+)\}$", re.MULTILINE)


def _filled(cls: type, text: str, indent: str, passage: str) -> str:
    if passage in _PASSAGES:
        return "\n".join(indent + line if line else "" for line in _PASSAGES[passage].splitlines())
    parameters = inspect.signature(cls).parameters
    known = _TABLES.get(passage) or _weights_of(parameters)
    cell = getattr(cls, "cell_class", cls)
    refused = (*getattr(cell, "refused", ()), *getattr(cell, "refused_in_layers", ()))
    lines = []
    for name, words in known.items():
        if name not in parameters and name != "input_shape":
            continue
        written_out = re.search(rf"^ +{name}:", text, flags=re.MULTILINE)
        if written_out or name in refused or name.rpartition("_")[0] in refused:
            continue
        sentence = f"{name}: {words[0].upper()}{words[1:]}{_default(parameters.get(name))}."
        lines += textwrap.wrap(sentence, 120, initial_indent=indent, subsequent_indent=indent + "    ")
    return "\n".join(lines)


def _default(parameter: inspect.Parameter | None) -> str:
    if parameter is None or parameter.default is parameter.empty:
        return ""
    value = parameter.default
    return f'; default "{value}"' if isinstance(value, str) else f"; default {value!r}"


def _weights_of(parameters: Mapping[str, Any]) -> dict[str, str]:
    """The arguments that say how weights start, are penalised and are projected."""
    found = {}
    for name in parameters:
        weight, _, kind = name.rpartition("_")
        if kind in _KINDS and weight != "activity":
            found[name] = _KINDS[kind].format(weight=_WEIGHTS.get(weight, weight.replace("_", " ")))
    return found
