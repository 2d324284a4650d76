"""Gradients of recurrent layers against differences in float64, for every input, initial state and weight."""

from __future__ import annotations

from typing import Any

import pytest

from recurra import Tensor
from recurra.gradient_check import GradientError, check_gradients
from tests.support.cases import KERAS, LARGE, SINGLE, VARIANTS, Case, by_name
from tests.support.recurrent_layers import make, outputs_of

KINKED = {"relu", "leaky_relu", "elu", "selu", "softsign", "hard_sigmoid"}
STEP, SHORT_STEP = 2e-4, 2e-5  # the short one where a function has a kink or bends sharply
LONG_STEP = 1e-3  # for sums of many smooth outputs, whose rounding would drown small derivatives


def check(case: Case, samples: int | None = None, step: float = STEP, flaw: float = 0.0) -> float:
    """The largest relative error of the gradients of the row's layer; raises if one is wrong.

    `flaw` adds that much of a term without a gradient.
    """
    inputs = case.inputs()
    layer = make(case, inputs)
    first_states = inputs.states or []

    def outputs(x: Tensor, *rest: Tensor) -> list[Any]:
        states = list(rest[: len(first_states)]) or None
        whole = outputs_of(layer, inputs, x, states)
        return [whole[0] + flaw * outputs_of(layer, inputs, x.detach(), states)[0], *whole[1:]] if flaw else whole

    kinked = KINKED & {case.arguments.get("activation"), case.arguments.get("recurrent_activation")}
    sharp = case.arguments.get("cell_clip") or case.arguments.get("normalization") == "batch"
    step = SHORT_STEP if kinked or sharp else step
    reports = check_gradients(outputs, inputs.x, *first_states, *layer.trainable_weights, step=step, samples=samples)
    return max(report.error for report in reports)


def check_all(case: Case) -> float:
    """`check` of all elements of every input, state and weight, or of forty of each where there are many."""
    many = case.units > 10 or case.depth > 1
    return check(case, samples=40 if many else None)


@pytest.mark.parametrize("case", KERAS + VARIANTS, ids=by_name)
def test_every_derivative(case: Case) -> None:
    check_all(case)


@pytest.mark.parametrize("case", LARGE, ids=by_name)
def test_some_derivatives_of_large_layers(case: Case) -> None:
    check(case, samples=4, step=LONG_STEP)


def test_the_check_notices_a_wrong_gradient() -> None:
    case = next(case for case in SINGLE if case.name == "gru-sequences")
    with pytest.raises(GradientError, match="input 0"):
        check(case, flaw=1e-5)
