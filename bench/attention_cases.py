"""The rows of attention.py: attention, and networks with attention in them, on one shape of input.

A case's only layer says what is run:

    ("attention", heads)            softmax(q kᵀ / √size) v of heads, each of queries, keys and values the input
    ("transformer", heads, inner)   an encoder block, the mean over time, one linear unit
    ("attending", steps)            a GRU cell that attends to the input (additive scores) for so many steps, as wide as
                                    the input, and one linear unit at every step

The first one's training is the forward pass and the gradients of queries, keys and values for a given gradient of the
output; that of the others a whole step with the mean absolute error and RMSprop.
"""

from __future__ import annotations

import numpy as np

from bench.cases import BY_NAME, Case

Array = np.ndarray

CASES = (
    Case("attention_128", 32, 128, 256, (("attention", 8),), 1.5, "attention, 32 × 8 heads of 32, 128 steps"),
    Case("attention_512", 32, 512, 256, (("attention", 8),), 1.5, "attention, the same, 512 steps"),
    Case("transformer_64", 32, 200, 64, (("transformer", 4, 256),), 2, "encoder block 64, 4 heads, 200 steps"),
    Case("attending_128", 64, 30, 128, (("attending", 10),), 8, "GRU cell 128 attending to 30 steps for 10 steps"),
)


def register() -> None:
    """Makes the rows known to sides/timing.py."""
    BY_NAME.update({case.name: case for case in CASES})


def goal_of(case: Case, mode: str) -> float | None:
    """How many times faster than the fastest peer; None where nothing is set."""
    return case.goal if mode == "train" or case.layers[0][0] == "attention" else None


def weights_of(case: Case) -> list[Array]:
    """The weights that all sides start from, in the order and the shapes of recurra's layers."""
    kind, *arguments = case.layers[0]
    width = case.features
    if kind == "attention":
        shapes: list[tuple[int, ...]] = []
    elif kind == "transformer":
        heads, inner = arguments
        projection = [(width, heads, width // heads), (heads, width // heads)]
        shapes = [*3 * projection, (heads, width // heads, width), (width,), *4 * [(width,)]]
        shapes += [(width, inner), (inner,), (inner, width), (width,), (width, 1), (1,)]
    else:
        shapes = [(2 * width, 3 * width), (width, 3 * width), (2, 3 * width), (width, width), (width, width)]
        shapes += [(width,), (width, 1), (1,)]
    rng = np.random.default_rng(1)
    return [(rng.standard_normal(shape) / np.sqrt(shape[0] if len(shape) > 1 else 16)).astype("f") for shape in shapes]


def fed(case: Case) -> Array:
    """What the attending cell reads at each step."""
    shape = (case.batch, case.layers[0][1], case.features)
    return np.random.default_rng(2).standard_normal(shape, dtype=np.float32)


def output_gradient(case: Case) -> Array:
    """The gradient of attention's output, (batch, time, heads, size)."""
    heads = case.layers[0][1]
    shape = (case.batch, case.time, heads, case.features // heads)
    return np.random.default_rng(3).standard_normal(shape, dtype=np.float32)
