"""The rows of language.py: language models that are trained, and ones that write.

A case's only layer says what is run:

    ("words", vocabulary, units, layers)    a training step of a stack of LSTMs over a window, with carried states,
                                            cross-entropy, a bound of the gradient's norm, SGD
    ("write", vocabulary, units, layers)    `time` tokens written by such a stack, the likeliest one each time
"""

from __future__ import annotations

import numpy as np

from bench.cases import BY_NAME, Case

Array = np.ndarray

RATE, NORM = 20.0, 0.25

CASES = (
    Case("ptb_small", 20, 20, 0, (("words", 10_000, 200, 2),), 2, "2 LSTMs 200, 10,000 words, 20 × 20", ("train",)),
    Case("write_1", 1, 200, 0, (("write", 65, 128, 2),), 15, "200 characters by 2 LSTMs 128, batch 1", ("infer",)),
    Case("write_64", 64, 50, 0, (("write", 65, 128, 2),), 8, "50 characters by 2 LSTMs 128, batch 64", ("infer",)),
)


def register() -> None:
    """Makes the rows known to sides/timing.py."""
    BY_NAME.update({case.name: case for case in CASES})


def goal_of(case: Case, mode: str) -> float:
    """How many times faster than PyTorch."""
    return case.goal


def weights_of(case: Case) -> list[Array]:
    """Table, then kernel, recurrent kernel and bias of each LSTM, gates in the order i, f, c, o, then the softmax's."""
    _, vocabulary, units, depth = case.layers[0]
    shapes = [(vocabulary, units), *depth * [(units, 4 * units), (units, 4 * units), (4 * units,)]]
    shapes += [(units, vocabulary), (vocabulary,)]
    rng = np.random.default_rng(1)
    scale = 0.1 if case.layers[0][0] == "words" else 0.25  # large, so that what is written is no repetition
    return [rng.uniform(-scale, scale, shape).astype("float32") for shape in shapes]


def targets(case: Case, x: Array) -> Array:
    """What follows each token."""
    return np.roll(x, -1, axis=1)
