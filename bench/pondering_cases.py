"""The rows of pondering.py: cells that run several times on each input, behind them one linear unit.

A case's only layer says what is run:

    ("repeat", units, n)            a simple cell, n times on each input
    ("act", units)                  a simple cell with adaptive computation, at most 10 steps, τ = 0.01
    ("act_lstm", units)             the same around an LSTM cell
    ("pondernet", units, steps)     a simple cell and the probabilities of halting at each of the steps

Training is a whole step with the mean absolute error (of a PonderNet, that of each step by its probability), the price
of pondering, and RMSprop.
"""

from __future__ import annotations

import numpy as np

from bench.cases import BY_NAME, Case

Array = np.ndarray

MOST, EPSILON, COST = 10, 0.01, 0.01  # of adaptive computation
PRIOR, BETA = 0.4, 0.01  # of a PonderNet

CASES = (
    Case("repeat_parity", 128, 1, 64, (("repeat", 128, 2),), 1, "cell of 128, twice on 64 entries"),
    Case("act_parity", 128, 1, 64, (("act", 128),), 1, "adaptive computation, cell of 128, 64 entries"),
    Case("act_logic", 16, 10, 102, (("act_lstm", 128),), 1, "adaptive computation, LSTM cell of 128, 10 steps of 102"),
    Case("pondernet_parity", 128, 1, 64, (("pondernet", 128, 4),), 1, "PonderNet, cell of 128, 4 steps, 64 entries"),
)


def register() -> None:
    """Makes the rows known to sides/timing.py."""
    BY_NAME.update({case.name: case for case in CASES})


def goal_of(case: Case, mode: str) -> float | None:
    """How many times faster than PyTorch: nothing is set."""
    return None


def weights_of(case: Case) -> dict[str, Array]:
    """The weights that both sides start from, in the shapes of recurra's; the flag is the last row of the kernel."""
    kind, units, *_ = case.layers[0]
    gates = 4 if kind == "act_lstm" else 1
    inputs = case.features if kind == "pondernet" else case.features + 1
    shapes = {
        "kernel": (inputs, gates * units),
        "recurrent_kernel": (units, gates * units),
        "bias": (gates * units,),
        "halting_kernel": (units, 1),
        "dense_kernel": (units, 1),
    }
    rng = np.random.default_rng(1)
    drawn = {name: rng.standard_normal(shape) / np.sqrt(shape[0]) for name, shape in shapes.items()}
    drawn |= {"halting_bias": np.ones(1), "dense_bias": np.zeros(1)}
    return {name: array.astype("f") for name, array in drawn.items()}
