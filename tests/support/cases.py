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

from tests.support import reference_cells

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
        shapes: list[tuple[int, ...]] = []
        for features in self.features():
            shapes += reference_cells.weight_shapes(self.layer, features, self.units, self.arguments)
        return shapes * (2 if self.wrapper else 1)

    def weights(self, dtype: Any = np.float64) -> list[Array]:
        """Distinct numbers everywhere, so that no transposed or permuted matrix passes."""
        random = self.random("weights")
        scale = 1 / np.sqrt(max(self.shape[2], self.units))
        return [(scale * random.standard_normal(shape)).astype(dtype) for shape in self.weight_shapes()]

    def states(self, dtype: Any = np.float64) -> list[Array] | None:
        if not self.initial_state:
            return None
        widths = [width for features in self.features() for width in self.state_widths(features)]
        widths *= 2 if self.wrapper else 1
        random = self.random("states")
        states = [random.standard_normal((self.shape[0], width)).astype(dtype) for width in widths]
        if self.layer == "SLSTM":  # a normaliser is positive
            states[2::4] = [np.abs(normaliser) + 1 for normaliser in states[2::4]]
        return states

    def features(self) -> list[int]:
        """Features of what each of the cells on top of each other reads."""
        width = reference_cells.output_width(self.layer, self.units, self.arguments)
        return [self.shape[2]] + [width] * (self.depth - 1)

    def state_widths(self, features: int | None = None) -> list[int]:
        """Widths of the states of the first cell, or of one that reads so many features."""
        return reference_cells.state_widths(self.layer, features or self.shape[2], self.units, self.arguments)

    def dropout_masks(self, dtype: Any = np.float64) -> dict[str, Array]:
        """Noise of a row: "input" (B, F) and "recurrent" (B, U), scales 0 or 1 / (1 - rate), with dropout_per_step (B,
        T, F) and (B, T, U); "zoneout0", "zoneout1" (B, T, U), 1 where that state stays.
        """
        batch, time, features = self.shape
        random = self.random("dropout")
        masks = {}
        for name, rate, width in (
            ("input", self.arguments.get("dropout", 0), features),
            ("recurrent", self.arguments.get("recurrent_dropout", 0), self.state_widths()[0]),
        ):
            shape = (batch, time, width) if self.arguments.get("dropout_per_step") else (batch, width)
            if rate:
                masks[name] = ((random.random(shape) >= rate) / (1 - rate)).astype(dtype)
        zoneout = self.arguments.get("zoneout", 0)
        zoned = reference_cells.zoned_states(self.layer, self.arguments)
        for number, width in enumerate(self.state_widths()[:zoned] if zoneout else []):
            rate = zoneout[number] if isinstance(zoneout, tuple) else zoneout
            masks[f"zoneout{number}"] = (random.random((batch, time, width)) < rate).astype(dtype)
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
                self.units,
                inputs.x,
                weights,
                self.arguments,
                self.wrapper["merge_mode"],
                inputs.states,
                inputs.mask,
            )
        x, mask, options = inputs.x, inputs.mask, self.arguments
        if self.depth > 1 and options.get("go_backwards"):
            # Every cell sees the order of processing.
            x, mask = x[:, ::-1], None if mask is None else mask[:, ::-1]
            options = {**options, "go_backwards": False}
        finals: list[Array] = []
        each, kinds = len(weights) // self.depth, len(self.state_widths())
        last = x[:, -1]
        for level in range(self.depth):
            start = None if inputs.states is None else inputs.states[level * kinds : (level + 1) * kinds]
            own = weights[level * each : (level + 1) * each]
            x, last, final = reference_cells.run(self.layer, self.units, x, own, options, start, mask, inputs.drops)
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


NOISE = {"dropout": 0.2, "recurrent_dropout": 0.3, "dropout_per_step": True}
BATCH = {"normalization": "batch", "normalization_steps": 3}
FORMS: dict[str, tuple[str, dict[str, Any]]] = {
    "peephole": ("LSTM", {"peephole": "diagonal"}),
    "full_peephole": ("LSTM", {"peephole": "full"}),
    "coupled": ("LSTM", {"coupled": True}),
    "coupled_peephole": ("LSTM", {"coupled": True, "peephole": "diagonal"}),
    "no_forget": ("LSTM", {"forget_gate": False}),
    "no_forget_peephole": ("LSTM", {"forget_gate": False, "peephole": "diagonal"}),
    "clipped": ("LSTM", {"cell_clip": 0.3}),
    "clipped_peephole": ("LSTM", {"cell_clip": 0.3, "peephole": "diagonal"}),
    "clipped_coupled": ("LSTM", {"cell_clip": 0.3, "coupled": True}),
    "clipped_full": ("LSTM", {"cell_clip": 0.3, "peephole": "full"}),
    "projected": ("LSTM", {"projection": 3}),
    "projected_peephole": ("LSTM", {"projection": 7, "peephole": "diagonal", "cell_clip": 0.3}),
    "projected_wide": ("LSTM", {"projection": 35}),
    "normal_rnn": ("SimpleRNN", {"normalization": "layer"}),
    "normal_lstm": ("LSTM", {"normalization": "layer"}),
    "normal_clipped": ("LSTM", {"normalization": "layer", "cell_clip": 0.3}),
    "normal_gru": ("GRU", {"normalization": "layer"}),
    "normal_gru_before": ("GRU", {"normalization": "layer", "reset_after": False}),
    "batch_normal_rnn": ("SimpleRNN", BATCH),
    "batch_normal_lstm": ("LSTM", BATCH),
    "batch_normal_clipped": ("LSTM", {**BATCH, "cell_clip": 0.35}),
    "batch_normal_gru": ("GRU", BATCH),
    "batch_normal_gru_before": ("GRU", {**BATCH, "reset_after": False}),
    "batch_normal_skipping": ("GRU", {**BATCH, "skip": 2}),
    "normal_skipping": ("GRU", {"normalization": "layer", "skip": 2, "weight_normalization": True}),
    "weight_normal_rnn": ("SimpleRNN", {"weight_normalization": True}),
    "weight_normal_lstm": ("LSTM", {"weight_normalization": True, "peephole": "full"}),
    "weight_normal_gru": ("GRU", {"weight_normalization": True, "reset_after": False}),
    "weight_normal_jordan": ("Jordan", {"weight_normalization": True, "output_units": 3}),
    "gated_rnn": ("GatedRNN", {}),
    "skipping_rnn": ("SimpleRNN", {"skip": 2}),
    "skipping_lstm": ("LSTM", {"skip": (2, 4), "peephole": "diagonal"}),
    "skipping_gru": ("GRU", {"skip": (3, 2)}),
    "skipping_gated_rnn": ("GatedRNN", {"skip": 3}),
    "skipping_jordan": ("Jordan", {"skip": (2,), "output_units": 3}),
    "skipping_projected": ("LSTM", {"skip": (2, 3), "projection": 3}),
    "jordan": ("Jordan", {}),
    "jordan_narrow": ("Jordan", {"output_units": 2, "output_activation": "sigmoid"}),
    "jordan_wide": ("Jordan", {"output_units": 35, "output_activation": "tanh"}),
    "ind_rnn": ("IndRNN", {"activation": "tanh"}),
    "mgu": ("MGU", {}),
    "min_gru": ("MinGRU", {}),
    "linear_rnn": ("LinearRNN", {}),
    "co_rnn": ("CoRNN", {"time_step": 0.2}),
    "echo_state": ("EchoState", {"leak": 0.4}),
    "echo_state_skipping": ("EchoState", {"skip": 2}),
    "lru": ("LRU", {}),
    "lru_wide": ("LRU", {"state_units": 9, "use_bias": True}),
    "min_lstm": ("MinLSTM", {}),
    "qrnn_f": ("QRNN", {"pooling": "f", "window": 1}),
    "qrnn_fo": ("QRNN", {"pooling": "fo", "window": 2}),
    "qrnn_ifo": ("QRNN", {"pooling": "ifo", "window": 3}),
    "slstm": ("SLSTM", {}),
    "slstm_weight_normal": ("SLSTM", {"weight_normalization": True, "skip": 2}),
    "sru": ("SRU", {"activation": "tanh"}),
}


def forms(name: str, units: int, shape: tuple[int, int, int], **options: Any) -> list[Case]:
    """The same row for every form of FORMS."""
    arguments = options.pop("arguments", {})
    return [
        Case(f"{form}-{name}", layer, units, shape, {**own, **arguments}, **options)
        for form, (layer, own) in FORMS.items()
        if max(reference_cells.skips_of(own), default=0) < shape[1]
        if shape[0] > 1 or own.get("normalization") != "batch"
        if not any(arguments.get(option) for option in reference_cells.REFUSED.get(layer, ()))
    ]


def variants() -> list[Case]:
    """Cells and options that Keras has not."""
    rows = forms("last", 6, SMALL)
    rows += forms("sequences", 6, SMALL, arguments=SEQUENCES, initial_state=True)
    rows += forms("no_bias", 6, SMALL, arguments={"use_bias": False, **SEQUENCES})
    rows += forms("gaps", 6, (4, 9, 3), arguments={"go_backwards": True, **SEQUENCES}, mask="gaps", initial_state=True)
    rows += forms("gaps_zero", 6, (4, 9, 3), arguments={"zero_output_for_mask": True, **SEQUENCES}, mask="gaps")
    rows += forms("empty", 6, SMALL, mask="empty", initial_state=True)
    rows += forms("one", 1, (1, 1, 1), arguments=SEQUENCES, initial_state=True)
    rows += forms("units_33", 33, (2, 3, 17), arguments=SEQUENCES)
    rows += forms("bidirectional", 5, SMALL, arguments=SEQUENCES, mask="post", wrapper={"merge_mode": "concat"})
    rows += forms("stacked", 5, SMALL, arguments=SEQUENCES, initial_state=True, depth=2)
    rows += forms("dropout", 6, SMALL, arguments={"dropout": 0.2, "recurrent_dropout": 0.3, **SEQUENCES})
    everything = {**NOISE, "zoneout": 0.4, **SEQUENCES}
    rows += forms("noise", 6, (4, 9, 3), arguments=everything, mask="gaps", initial_state=True)
    rows += cells("zoneout", 6, SMALL, arguments={"zoneout": 0.4, **SEQUENCES}, initial_state=True)
    rows += cells("noise", 6, (4, 9, 3), arguments={**everything, "go_backwards": True}, mask="gaps")
    rows.append(Case("sru-square", "SRU", 4, SMALL, SEQUENCES, initial_state=True))
    for pooling in ("f", "fo", "ifo"):
        zoned = {"pooling": pooling, "window": 3, "zoneout": 0.4, "dropout": 0.2, **SEQUENCES}
        rows.append(Case(f"qrnn_{pooling}-zoneout", "QRNN", 6, (4, 9, 3), zoned, "gaps", initial_state=True))
    rows.append(Case("lstm-two_zoneouts", "LSTM", 6, SMALL, {"zoneout": (0.2, 0.6), **SEQUENCES}, initial_state=True))
    rows.append(Case("lstm-cell_zoneout", "LSTM", 6, SMALL, {"zoneout": (0.0, 0.6), **SEQUENCES}))
    for gate in ("silu", "tanh"):
        options = {"activation": "silu", "recurrent_activation": gate, **SEQUENCES}
        rows += [
            Case(f"{form}-{gate}", layer, 6, SMALL, {**own, **options})
            for form, (layer, own) in FORMS.items()
            if layer not in ("SimpleRNN", "CoRNN", "EchoState", "IndRNN", "LinearRNN", "LRU", "MinLSTM", "Jordan")
        ]
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
KERAS = SINGLE + BIDIRECTIONAL + STACKED + DROPOUT  # what Keras has too
VARIANTS = variants()
RECURRENT = KERAS + VARIANTS + LARGE


def by_name(case: Case) -> str:
    return case.name
