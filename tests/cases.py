"""The one table of recurrent layers under test.

Every row is run by the tests of gradients (central differences), of values (plain NumPy), of the properties a
recurrent layer has, and, where it is small, against stored values of Keras. A new cell is new rows here and one
function in reference_cells.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

import numpy as np

import reference_cells

Array = np.ndarray


@dataclass(frozen=True)
class Case:
    """A recurrent layer, its arguments and the shape (B, T, F) of its input.

    mask: "post" (valid steps first), "pre" (last), "gaps" (anywhere), or "empty" (post, one row wholly masked).
    wrapper: arguments of a Bidirectional around the layer.
    depth: so many cells on top of each other, as RNN([cell, ...]).
    """

    name: str
    layer: str
    units: int
    shape: tuple[int, int, int]
    arguments: Mapping[str, Any] = field(default_factory=dict)
    mask: str | None = None
    initial_state: bool = False
    wrapper: Mapping[str, Any] | None = None
    depth: int = 1

    def random(self, purpose: str) -> np.random.Generator:
        return np.random.default_rng(crc32(f"{self.name} {purpose}".encode()))

    def input(self, dtype: Any = np.float64) -> Array:
        return self.random("input").standard_normal(self.shape).astype(dtype)

    def lengths(self) -> Array:
        batch, time, _ = self.shape
        lengths = self.random("lengths").integers(1, time + 1, batch)
        if self.mask == "empty":
            lengths[-1] = 0
        return lengths

    def mask_array(self) -> Array | None:
        if self.mask is None:
            return None
        batch, time, _ = self.shape
        if self.mask == "gaps":
            return self.random("mask").random((batch, time)) < 0.6
        post = np.arange(time) < self.lengths()[:, None]
        return post[:, ::-1].copy() if self.mask == "pre" else post

    def weight_shapes(self) -> list[tuple[int, ...]]:
        gates = reference_cells.GATES[self.layer] * self.units
        shapes: list[tuple[int, ...]] = []
        for features in [self.shape[2]] + [self.units] * (self.depth - 1):
            shapes += [(features, gates), (self.units, gates)]
            if self.arguments.get("use_bias", True):
                two = self.layer == "GRU" and self.arguments.get("reset_after", True)
                shapes.append((2, gates) if two else (gates,))
        return shapes * (2 if self.wrapper else 1)

    def weights(self, dtype: Any = np.float64) -> list[Array]:
        """Distinct numbers everywhere, so that no transposed or permuted matrix passes."""
        random = self.random("weights")
        scale = 1 / np.sqrt(max(self.shape[2], self.units))
        return [(scale * random.standard_normal(shape)).astype(dtype) for shape in self.weight_shapes()]

    def states(self, dtype: Any = np.float64) -> list[Array] | None:
        if not self.initial_state:
            return None
        count = reference_cells.STATES[self.layer] * self.depth * (2 if self.wrapper else 1)
        random = self.random("states")
        return [random.standard_normal((self.shape[0], self.units)).astype(dtype) for _ in range(count)]

    def dropout_masks(self, dtype: Any = np.float64) -> dict[str, Array]:
        """Scale masks (0 or 1 / (1 - rate)) of a row with dropout: "input" (B, F), "recurrent" (B, U)."""
        batch, _, features = self.shape
        random = self.random("dropout")
        masks = {}
        for name, rate, width in (
            ("input", self.arguments.get("dropout", 0), features),
            ("recurrent", self.arguments.get("recurrent_dropout", 0), self.units),
        ):
            if rate:
                masks[name] = ((random.random((batch, width)) >= rate) / (1 - rate)).astype(dtype)
        return masks

    def reference(self, inputs: Inputs) -> list[Array]:
        """What the layer returns: output (two without a merge), then with return_state its states, nested ones flat."""
        outputs, states = self._outputs_and_states(inputs)
        return outputs + states if self.arguments.get("return_state") else outputs

    def _outputs_and_states(self, inputs: Inputs) -> tuple[list[Array], list[Array]]:
        sequences, weights = bool(self.arguments.get("return_sequences")), inputs.weights
        if self.wrapper is not None:
            return reference_cells.run_bidirectional(
                self.layer,
                inputs.x,
                weights,
                self.arguments,
                self.wrapper["merge_mode"],
                inputs.states,
                inputs.mask,
            )
        x, mask, options = inputs.x, inputs.mask, self.arguments
        if self.depth > 1 and options.get("go_backwards"):
            # Every floor sees the order of processing.
            x, mask = x[:, ::-1], None if mask is None else mask[:, ::-1]
            options = {**options, "go_backwards": False}
        finals: list[Array] = []
        each, kinds = len(weights) // self.depth, reference_cells.STATES[self.layer]
        last = x[:, -1]
        for floor in range(self.depth):
            start = None if inputs.states is None else inputs.states[floor * kinds : (floor + 1) * kinds]
            own = weights[floor * each : (floor + 1) * each]
            drops = (inputs.drops.get("input"), inputs.drops.get("recurrent"))
            x, last, final = reference_cells.run(self.layer, x, own, options, start, mask, *drops)
            finals += final
        return [x if sequences else last], finals

    def inputs(self, dtype: Any = np.float64) -> Inputs:
        return Inputs(
            self.input(dtype), self.weights(dtype), self.states(dtype), self.mask_array(), self.dropout_masks(dtype)
        )


@dataclass
class Inputs:
    """Everything a row is computed from."""

    x: Array
    weights: list[Array]
    states: list[Array] | None
    mask: Array | None
    drops: dict[str, Array]

    def float64(self) -> Inputs:
        def wide(arrays: list[Array]) -> list[Array]:
            return [array.astype(np.float64) for array in arrays]

        return Inputs(
            self.x.astype(np.float64),
            wide(self.weights),
            None if self.states is None else wide(self.states),
            self.mask,
            {name: drop.astype(np.float64) for name, drop in self.drops.items()},
        )


SMALL = (3, 5, 4)
SEQUENCES = {"return_sequences": True, "return_state": True}


def cells(name: str, units: int, shape: tuple[int, int, int], **options: Any) -> list[Case]:
    """The same row for every classic cell."""
    arguments = options.pop("arguments", {})
    return [
        Case(f"simple_rnn-{name}", "SimpleRNN", units, shape, arguments, **options),
        Case(f"lstm-{name}", "LSTM", units, shape, arguments, **options),
        Case(f"gru-{name}", "GRU", units, shape, arguments, **options),
        Case(f"gru_before-{name}", "GRU", units, shape, {**arguments, "reset_after": False}, **options),
    ]


def activations() -> list[Case]:
    names = ["linear", "relu", "leaky_relu", "elu", "selu", "gelu", "softplus", "softsign", "sigmoid", "silu"]
    rows = [Case(f"simple_rnn-{name}", "SimpleRNN", 6, SMALL, {"activation": name}) for name in names]
    for layer, prefix in (("LSTM", "lstm"), ("GRU", "gru")):
        rows += [Case(f"{prefix}-{name}", layer, 6, SMALL, {"activation": name, **SEQUENCES}) for name in names]
        rows += [
            Case(f"{prefix}-gates-{name}", layer, 6, SMALL, {"recurrent_activation": name})
            for name in ("hard_sigmoid", "relu", "tanh", "linear")
        ]
    rows.append(Case("gru_before-relu", "GRU", 6, SMALL, {"activation": "relu", "reset_after": False}))
    return rows


def options() -> list[Case]:
    rows = cells("last", 6, SMALL)
    rows += cells("sequences", 6, SMALL, arguments=SEQUENCES, initial_state=True)
    rows += cells("state", 6, SMALL, arguments={"return_state": True}, initial_state=True)
    rows += cells("no_bias", 6, SMALL, arguments={"use_bias": False, **SEQUENCES})
    rows += cells("backwards", 6, SMALL, arguments={"go_backwards": True, **SEQUENCES}, initial_state=True)
    rows += cells("backwards_last", 6, SMALL, arguments={"go_backwards": True})
    rows += cells("post", 6, SMALL, arguments=SEQUENCES, mask="post", initial_state=True)
    rows += cells("post_zero", 6, SMALL, arguments={"zero_output_for_mask": True, **SEQUENCES}, mask="post")
    rows += cells("post_last", 6, SMALL, mask="post")
    rows += cells("pre", 6, SMALL, arguments=SEQUENCES, mask="pre", initial_state=True)
    rows += cells("gaps", 6, (4, 9, 3), arguments=SEQUENCES, mask="gaps", initial_state=True)
    rows += cells("gaps_zero", 6, (4, 9, 3), arguments={"zero_output_for_mask": True, **SEQUENCES}, mask="gaps")
    rows += cells("zero_last", 6, SMALL, arguments={"zero_output_for_mask": True}, mask="post")
    rows += cells("empty", 6, SMALL, arguments=SEQUENCES, mask="empty", initial_state=True)
    rows += cells(
        "gaps_backwards", 6, (4, 9, 3), arguments={"go_backwards": True, **SEQUENCES}, mask="gaps", initial_state=True
    )
    return rows


def shapes() -> list[Case]:
    rows = cells("one_sequence", 7, (1, 6, 3), arguments=SEQUENCES)
    rows += cells("one_step", 5, (3, 1, 2), arguments=SEQUENCES, initial_state=True)
    rows += cells("one_feature", 9, (2, 4, 1))
    rows += cells("one_unit", 1, (2, 4, 3), arguments=SEQUENCES)
    rows += cells("units_13", 13, (5, 7, 3), arguments=SEQUENCES)
    rows += cells("units_16", 16, (6, 3, 8), arguments=SEQUENCES)
    rows += cells("units_33", 33, (2, 3, 17))
    return rows


def bidirectional() -> list[Case]:
    rows = []
    for mode in ("concat", "sum", "ave", "mul", None):
        for prefix, layer in (("simple_rnn", "SimpleRNN"), ("lstm", "LSTM"), ("gru", "GRU")):
            last = Case(f"bi_{prefix}-{mode}-last", layer, 5, SMALL, wrapper={"merge_mode": mode})
            whole = Case(
                f"bi_{prefix}-{mode}",
                layer,
                5,
                SMALL,
                SEQUENCES,
                "post",
                initial_state=True,
                wrapper={"merge_mode": mode},
            )
            rows += [last, whole]
    return rows


def stacked() -> list[Case]:
    rows = cells("stacked", 5, SMALL, arguments=SEQUENCES, initial_state=True, depth=2)
    rows += cells("stacked-masked", 5, SMALL, arguments={"go_backwards": True, **SEQUENCES}, mask="gaps", depth=3)
    return rows


def dropout() -> list[Case]:
    rows = cells("dropout", 6, SMALL, arguments={"dropout": 0.3, **SEQUENCES}, initial_state=True)
    rows += cells("recurrent_dropout", 6, SMALL, arguments={"recurrent_dropout": 0.4, **SEQUENCES}, initial_state=True)
    rows += cells("both_dropouts", 6, SMALL, arguments={"dropout": 0.2, "recurrent_dropout": 0.5}, mask="gaps")
    return rows


def training_data(layer: str) -> tuple[Array, Array, list[Array]]:
    """Inputs, targets and first weights of a small regression: recurrent layer of 8 units, then Dense(1)."""
    case = Case(f"training {layer}", layer, 8, (16, 7, 3))
    random = case.random("head")
    head = [random.standard_normal((8, 1)).astype(np.float32), random.standard_normal(1).astype(np.float32)]
    x = case.input(np.float32)
    return x, x.mean(axis=(1, 2), keepdims=True)[:, 0] + x[:, -1, :1], case.weights(np.float32) + head


LARGE = [
    *cells("large", 70, (37, 24, 21), arguments=SEQUENCES, mask="gaps", initial_state=True),
    *cells("large_last", 128, (17, 40, 64)),
]
SINGLE = activations() + options() + shapes()
BIDIRECTIONAL = bidirectional()
DROPOUT = dropout()
STACKED = stacked()
RECURRENT = SINGLE + BIDIRECTIONAL + STACKED + DROPOUT + LARGE


def by_name(case: Case) -> str:
    return case.name
