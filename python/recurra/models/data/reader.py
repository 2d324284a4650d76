"""What users give to a model, read as checked arrays of the model's float type."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from recurra import config
from recurra.models.data import lengths as sequence_lengths
from recurra.models.data.arrays import Batch, arrays_of, check_finite, check_lengths, names_of
from recurra.tree import flatten, pack_as


class Readable(Protocol):
    """What a reader asks of a model."""

    @property
    def outputs(self) -> list[Any]: ...
    def _float_type(self) -> str: ...
    def _build_for_arrays(self, x: Any, open_time: bool = False) -> None: ...


class Reader:
    """Reads data for one model: conversion, checks, and what stands behind the ends of sequences.

    Args:
        model: The model; None reads in the package's float type.
        builds: Whether a model that learns the shape of its input from the first data is built for what is read.
        open_time: Whether it is built for any number of time steps.
    """

    def __init__(self, model: Readable | None = None, builds: bool = False, open_time: bool = False) -> None:
        self.model = model
        self.builds = builds
        self.open_time = open_time

    def read(self, x: Any, y: Any = None, sample_weight: Any = None, lengths: Any = None) -> tuple[Any, Any, Any, Any]:
        """(x, y, sample_weight, lengths) as checked arrays.

        Raises:
            TypeError, ValueError: They do not fit each other, are no numbers or not finite; the message says which.
        """
        dtype = config.floatx() if self.model is None else self.model._float_type()
        finite = lengths is None
        inputs = arrays_of(x, "x", True, dtype, finite)
        targets = None if y is None else arrays_of(y, "y", False, dtype, finite)
        weights = None if sample_weight is None else arrays_of(sample_weight, "sample_weight", False, dtype, finite)
        check_lengths(inputs, targets, weights)
        if self.builds and self.model is not None:
            self.model._build_for_arrays(inputs, self.open_time)
        if lengths is None:
            return inputs, targets, weights, None
        return self._within_lengths(inputs, targets, weights, lengths, x, y)

    def _within_lengths(
        self, inputs: Any, targets: Any, weights: Any, lengths: Any, x: Any, y: Any
    ) -> tuple[Any, Any, Any, Any]:
        """The arrays made of `x` and `y`, finite where the lengths say that a step counts, and the lengths."""
        own = sequence_lengths.checked(lengths, inputs)
        known = [None] * len(flatten(inputs)) if own is None else flatten(own)
        times = {array.shape[1]: one for array, one in zip(flatten(inputs), known, strict=True) if one is not None}
        least = 2 if self._has_outputs_over_time() else 3
        return (
            _finite(inputs, "x", x, known),
            _finite(targets, "y", y, [_lengths_of(target, times, least) for target in flatten(targets)]),
            _finite(weights, "sample_weight", None, [_lengths_of(weight, times, 2) for weight in flatten(weights)]),
            own,
        )

    def batch(self, x: Any, y: Any = None, sample_weight: Any = None, lengths: Any = None) -> Batch:
        """One batch as checked arrays, its sequences with masks where `lengths` are given."""
        inputs, targets, weights, own = self.read(x, y, sample_weight, lengths)
        return inputs if own is None else sequence_lengths.with_masks(inputs, own), targets, weights

    def _has_outputs_over_time(self) -> bool:
        """Whether the model is known to have outputs (N, T, ...), so that targets (N, T) have a number a step."""
        return self.model is not None and any(len(output.shape) > 2 for output in self.model.outputs)


def _lengths_of(array: Any, times: dict[int, np.ndarray], least: int) -> np.ndarray | None:
    """The lengths of the sequences of targets or weights: those of the input with as many steps."""
    return None if array is None or array.ndim < least else times.get(array.shape[1])


def _finite(structure: Any, what: str, given: Any, lengths: Sequence[Any]) -> Any:
    arrays, names = flatten(structure), names_of(structure, what)
    given = given if len(arrays) == 1 else None
    checked = [
        None if array is None else check_finite(array, name, own, given)
        for array, name, own in zip(arrays, names, lengths, strict=True)
    ]
    return pack_as(structure, checked)
