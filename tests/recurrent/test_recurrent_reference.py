"""Recurrent layers against plain NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.support import reference_cells
from tests.support.cases import RECURRENT, Case, by_name
from tests.support.recurrent_layers import make, outputs_of

TOLERANCE = 1e-12  # of float64


def compared(case: Case, dtype: Any) -> list[tuple[np.ndarray, np.ndarray, float]]:
    """Each output of the layer, what plain NumPy gives, and the scale of an error: the largest number or 1."""
    inputs = case.inputs(dtype)
    wanted = case.reference(inputs.float64())
    got = outputs_of(make(case, inputs), inputs)
    assert len(got) == len(wanted)
    for ours, theirs in zip(got, wanted, strict=True):
        assert ours.dtype == np.dtype(dtype).name
        assert ours.shape == theirs.shape
    return [
        (ours.numpy(), theirs, max(1.0, np.abs(theirs).max(initial=0)))
        for ours, theirs in zip(got, wanted, strict=True)
    ]


def float32_bound(case: Case) -> float:
    """A step sums F + U products (U more a skip) and a few more terms; its rounding errors are handed on T times."""
    _, time, features = case.shape
    units = case.units * (1 + len(reference_cells.skips_of(case.arguments)))
    return float(np.finfo(np.float32).eps * (features + units + 8) * case.depth * time)


@pytest.mark.parametrize("case", RECURRENT, ids=by_name)
def test_float64_equals_plain_numpy(case: Case) -> None:
    for ours, theirs, scale in compared(case, np.float64):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=TOLERANCE * scale)


@pytest.mark.parametrize("case", RECURRENT, ids=by_name)
def test_float32_error_stays_within_its_bound(case: Case) -> None:
    for ours, theirs, scale in compared(case, np.float32):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=float32_bound(case) * scale)


@pytest.mark.parametrize("case", RECURRENT, ids=by_name)
def test_declared_shapes_are_the_shapes(case: Case) -> None:
    inputs = case.inputs(np.float32)
    layer = make(case, inputs)
    declared = layer.compute_output_shape(case.shape)
    flat = list(_shapes(declared))
    assert flat == [output.shape for output in outputs_of(layer, inputs)]
    assert [weight.shape for weight in layer.weights] == case.weight_shapes()


def _shapes(nested: object) -> object:
    if all(isinstance(one, int) for one in nested):
        yield tuple(nested)
    else:
        for one in nested:
            yield from _shapes(one)
