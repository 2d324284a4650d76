"""The benchmark's cases: one row a network, read by every side so that all train and run the same thing.

A network is a tuple of layers, each a tuple whose first item names it:

    ("embedding", vocabulary, width)     ("gru", units, {options})    ("lstm", units)      ("rnn", units)
    ("bigru", units)                     ("conv", filters, width)     ("pool", width)      ("globalmax",)

Recurrent layers but the last return sequences. Every network ends in one linear unit and is trained with the mean
absolute error and RMSprop. Letters: B batch, T time, F features (0: the input is word numbers).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Layer = tuple[Any, ...]


class Unsupported(Exception):
    """A case that a side cannot do."""


@dataclass(frozen=True)
class Case:
    """One network on one shape of input, and how many times faster than the fastest peer its training should be."""

    name: str
    batch: int
    time: int
    features: int
    layers: tuple[Layer, ...]
    goal: float

    def operations(self) -> float:
        """Floating-point operations of one forward pass's products (two a multiply-add)."""
        total, time, width = 0.0, self.time, self.features
        for kind, *arguments in self.layers:
            if kind == "embedding":
                width = arguments[1]
            elif kind in GATES:
                directions = 2 if kind == "bigru" else 1
                units = arguments[0]
                total += 2.0 * time * (width + units) * units * GATES[kind] * directions
                width = units * directions
            elif kind == "conv":
                filters, kernel = arguments
                time -= kernel - 1
                total += 2.0 * time * kernel * width * filters
                width = filters
            elif kind == "pool":
                time //= arguments[0]
        return total * self.batch

    def training_operations(self) -> float:
        """The same for a training step: gradients of weights and of what lies below cost one forward pass each.

        The gradient of the input itself is not needed, so the first layer's part of it is left out.
        """
        kind, *arguments = self.layers[0]
        skipped = 0.0
        if kind == "conv":
            filters, kernel = arguments
            skipped = 2.0 * (self.time - kernel + 1) * kernel * self.features * filters
        elif kind in GATES:
            directions = 2 if kind == "bigru" else 1
            skipped = 2.0 * self.time * self.features * arguments[0] * GATES[kind] * directions
        return 3 * self.operations() - skipped * self.batch


GATES = {"rnn": 1, "gru": 3, "bigru": 3, "lstm": 4}

_STACK = {"dropout": 0.1, "recurrent_dropout": 0.5}

CASES = (
    Case("jena_gru32", 128, 120, 14, (("gru", 32),), 16),
    Case("jena_lstm32", 128, 120, 14, (("lstm", 32),), 5),
    Case("jena_bigru32", 128, 120, 14, (("bigru", 32),), 20),
    Case("jena_gru_stack", 128, 120, 14, (("gru", 32, _STACK), ("gru", 64, {**_STACK, "activation": "relu"})), 18),
    Case("imdb_lstm32", 128, 500, 0, (("embedding", 10000, 32), ("lstm", 32)), 16),
    Case("imdb_rnn32x4", 128, 500, 0, (("embedding", 10000, 32),) + 4 * (("rnn", 32),), 20),
    Case(
        "imdb_conv",
        128,
        500,
        0,
        (("embedding", 10000, 128), ("conv", 32, 7), ("pool", 5), ("conv", 32, 7), ("globalmax",)),
        6,
    ),
    Case("jena_convgru", 128, 240, 14, (("conv", 32, 5), ("pool", 3), ("conv", 32, 5), ("gru", 32)), 8),
    Case("lstm128", 64, 100, 64, (("lstm", 128),), 2),
    Case("gru256x2", 32, 100, 64, (("gru", 256), ("gru", 256)), 3.5),
    Case("lstm512", 64, 100, 256, (("lstm", 512),), 1.6),
)
BY_NAME = {case.name: case for case in CASES}


def last_recurrent(layers: tuple[Layer, ...], index: int) -> bool:
    """Whether no recurrent layer follows layers[index]: then it returns its last output only."""
    return not any(layer[0] in GATES for layer in layers[index + 1 :])
