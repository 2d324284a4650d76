"""Losses and metrics give Keras's figures (see tests/reference/make_keras_figures.py)."""

from __future__ import annotations

import json

import numpy as np
import pytest

import recurra
from tests.support.figure_cases import LOSS_CASES, METRIC_CASES, loss_figures, metric_figures
from tests.support.places import REFERENCE

STORED = json.loads((REFERENCE / "keras_figures.json").read_text(encoding="utf-8"))


def test_every_case_is_stored():
    assert set(STORED["losses"]) == set(LOSS_CASES)
    assert set(STORED["metrics"]) == set(METRIC_CASES)


@pytest.mark.parametrize("case", LOSS_CASES)
def test_losses(case):
    np.testing.assert_allclose(loss_figures(recurra, case), STORED["losses"][case], rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize("case", METRIC_CASES)
def test_metrics(case):
    np.testing.assert_allclose(metric_figures(recurra, case), STORED["metrics"][case], rtol=2e-5, atol=2e-6)
