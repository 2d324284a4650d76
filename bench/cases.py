"""The benchmark's cases: one row a network, read by every side so that all train and run the same thing.

A network is a tuple of layers, each a tuple whose first item names it:

    ("embedding", vocabulary, width)     ("gru", units, {options})    ("lstm", units)      ("rnn", units)
    ("bigru", units)                     ("conv", filters, width)     ("pool", width)      ("globalmax",)
    ("dense", units)                     ("batchnorm",)

Recurrent layers but the last return sequences. Every network ends in one linear unit and is trained with the mean
absolute error and RMSprop. Letters: B batch, T time, F features (0: the input is word numbers).

Modes: "train", a whole training step; "infer", inference of the same batch; "step", one time step of a stream whose
state is kept from call to call.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Layer = tuple[Any, ...]


class Unsupported(Exception):
    """A case that a side cannot do."""


@dataclass(frozen=True)
class Case:
    """One network on one shape of input.

    `goal` is how many times faster than the fastest peer its training, or its step, should be.
    """

    name: str
    batch: int
    time: int
    features: int
    layers: tuple[Layer, ...]
    goal: float
    title: str = ""
    modes: tuple[str, ...] = ("train", "infer")

    def goal_of(self, mode: str) -> float:
        """Of inference: three times at up to 64 units, and nowhere slower."""
        if mode != "infer":
            return self.goal
        return 3 if all(arguments[0] <= 64 for kind, *arguments in self.layers if kind in GATES) else 1

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

    def weights(self) -> int:
        """Numbers in the layers' weights; of an embedding those of the rows in use, at most one a word."""
        total, width = 0, self.features
        for kind, *arguments in self.layers:
            if kind == "embedding":
                width = arguments[1]
                total += min(arguments[0], self.batch * self.time) * width
            elif kind in GATES:
                directions = 2 if kind == "bigru" else 1
                total += (width + arguments[0] + 1) * arguments[0] * GATES[kind] * directions
                width = arguments[0] * directions
            elif kind == "conv":
                total += (arguments[1] * width + 1) * arguments[0]
                width = arguments[0]
        return total

    def bytes_moved(self, training: bool) -> float:
        """What must at least pass between processor and memory, were all caches empty in front of a call.

        Inference reads input and weights. Training writes what a layer keeps for backward and reads it again (its
        output, and of a recurrent layer gates and state), and reads and writes weights and RMSprop's averages.
        """
        inputs = self.batch * self.time * max(1, self.features)
        if not training:
            return 4.0 * (inputs + self.weights())
        kept, time = 0.0, self.time
        for kind, *arguments in self.layers:
            if kind in GATES:
                kept += time * arguments[0] * (GATES[kind] + 1) * (2 if kind == "bigru" else 1)
            elif kind == "conv":
                time -= arguments[1] - 1
                kept += time * arguments[0]
            elif kind == "pool":
                time //= arguments[0]
        return 4.0 * (2 * inputs + 2 * self.batch * kept + 5 * self.weights())


GATES = {"rnn": 1, "gru": 3, "bigru": 3, "lstm": 4}

_STACK = {"dropout": 0.1, "recurrent_dropout": 0.5}

CASES = (
    Case("jena_gru32", 128, 120, 14, (("gru", 32),), 16, "GRU 32, batch 128, 120 steps of 14 features"),
    Case("jena_lstm32", 128, 120, 14, (("lstm", 32),), 5, "LSTM 32, the same"),
    Case("jena_bigru32", 128, 120, 14, (("bigru", 32),), 20, "bidirectional GRU 32, the same"),
    Case(
        "jena_gru_stack",
        128,
        120,
        14,
        (("gru", 32, _STACK), ("gru", 64, {**_STACK, "activation": "relu"})),
        18,
        "GRU 32 and 64 with dropouts, the same",
    ),
    Case("imdb_lstm32", 128, 500, 0, (("embedding", 10000, 32), ("lstm", 32)), 16, "embedding, LSTM 32, 500 steps"),
    Case(
        "imdb_rnn32x4",
        128,
        500,
        0,
        (("embedding", 10000, 32),) + 4 * (("rnn", 32),),
        20,
        "embedding, 4 simple RNNs 32, 500 steps",
    ),
    Case(
        "imdb_conv",
        128,
        500,
        0,
        (("embedding", 10000, 128), ("conv", 32, 7), ("pool", 5), ("conv", 32, 7), ("globalmax",)),
        6,
        "embedding, two convolutions, 500 steps",
    ),
    Case(
        "jena_convgru",
        128,
        240,
        14,
        (("conv", 32, 5), ("pool", 3), ("conv", 32, 5), ("gru", 32)),
        8,
        "two convolutions, GRU 32, 240 steps",
    ),
    Case("lstm128", 64, 100, 64, (("lstm", 128),), 2, "LSTM 128, batch 64, 100 steps"),
    Case("gru256x2", 32, 100, 64, (("gru", 256), ("gru", 256)), 3.5, "2 GRUs 256, batch 32, 100 steps"),
    Case("lstm512", 64, 100, 256, (("lstm", 512),), 1.6, "LSTM 512, batch 64, 100 steps"),
    Case("step_lstm32", 1, 1, 16, (("lstm", 32),), 15, "LSTM 32, one time step", ("step",)),
    Case("step_gru64", 1, 1, 16, (("gru", 64),), 15, "GRU 64, one time step", ("step",)),
    Case("step_lstm256", 1, 1, 64, (("lstm", 256),), 15, "LSTM 256, one time step", ("step",)),
    # Many short parallel regions; timed by bench/neighbours.py alone.
    Case(
        "dense_norm",
        128,
        120,
        14,
        (("dense", 64), ("batchnorm",), ("globalmax",)),
        1,
        "Dense 64, batch normalisation, 120 steps",
        (),
    ),
)
BY_NAME = {case.name: case for case in CASES}


def last_recurrent(layers: tuple[Layer, ...], index: int) -> bool:
    """Whether no recurrent layer follows layers[index]: then it returns its last output only."""
    return not any(layer[0] in GATES for layer in layers[index + 1 :])
