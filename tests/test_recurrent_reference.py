"""Recurrent layers against plain NumPy."""

from __future__ import annotations

import numpy as np
import pytest

import reference_cells
from cases import RECURRENT, Case, by_name
from recurrent_layers import make, outputs_of


@pytest.mark.parametrize("case", RECURRENT, ids=by_name)
def test_float64_equals_plain_numpy(case: Case) -> None:
    inputs = case.inputs()
    wanted = case.reference(inputs)
    got = outputs_of(make(case, inputs), inputs)
    assert len(got) == len(wanted)
    for ours, theirs in zip(got, wanted, strict=True):
        assert ours.dtype == "float64"
        assert ours.shape == theirs.shape
        scale = max(1.0, np.abs(theirs).max(initial=0))
        np.testing.assert_allclose(ours.numpy(), theirs, rtol=0, atol=1e-12 * scale)


@pytest.mark.parametrize("case", RECURRENT, ids=by_name)
def test_float32_error_stays_within_its_bound(case: Case) -> None:
    """A step sums F + U products (U more a skip) and a few more terms; its rounding errors are handed on T times."""
    inputs = case.inputs(np.float32)
    wanted = case.reference(inputs.float64())
    got = outputs_of(make(case, inputs), inputs)
    _, time, features = case.shape
    units = case.units * (1 + len(reference_cells.skips_of(case.arguments)))
    terms = (features + units + 8) * case.depth
    for ours, theirs in zip(got, wanted, strict=True):
        assert ours.dtype == "float32"
        scale = max(1.0, np.abs(theirs).max(initial=0))
        bound = np.finfo(np.float32).eps * terms * time * scale
        np.testing.assert_allclose(ours.numpy(), theirs, rtol=0, atol=bound)


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
