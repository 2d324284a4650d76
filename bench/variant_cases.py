"""The rows of variants.py: every form and option of a recurrent layer, as a case that every side can run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bench.cases import BY_NAME, Case


@dataclass(frozen=True)
class Row:
    """A layer, the row it is compared with, and its multiply-adds a step and unit, given features F and units U."""

    name: str
    layer: str
    plain: str
    products: Callable[[int, int], float]
    options: dict[str, Any] = field(default_factory=dict)


def gates(count: float) -> Callable[[int, int], float]:
    return lambda features, units: count * (features + units)


NOISE = {"zoneout": 0.1, "dropout": 0.1, "recurrent_dropout": 0.1}
HALF = "half of the units"  # in options: a number that depends on the size
ROWS = [
    Row("SimpleRNN", "SimpleRNN", "SimpleRNN", gates(1)),
    Row("SimpleRNN skip=2", "SimpleRNN", "SimpleRNN", lambda f, u: f + 2 * u, {"skip": 2}),
    Row("SimpleRNN layer norm", "SimpleRNN", "SimpleRNN", gates(1), {"normalization": "layer"}),
    Row("SimpleRNN batch norm", "SimpleRNN", "SimpleRNN", gates(1), {"normalization": "batch"}),
    Row("GatedRNN", "GatedRNN", "SimpleRNN", gates(2)),
    Row("MGU", "MGU", "SimpleRNN", gates(2)),
    Row("Jordan", "Jordan", "SimpleRNN", lambda f, u: f + 2 * u),
    Row("IndRNN", "IndRNN", "SimpleRNN", lambda f, u: f + 1),
    Row("MinGRU", "MinGRU", "SimpleRNN", lambda f, u: 2 * f + 1),
    Row("LinearRNN", "LinearRNN", "SimpleRNN", lambda f, u: f + 1),
    Row("MinLSTM", "MinLSTM", "SimpleRNN", lambda f, u: 3 * f + 1),
    Row("LRU", "LRU", "SimpleRNN", lambda f, u: 3 * f + 2 * u + 4),
    Row("QRNN", "QRNN", "SimpleRNN", lambda f, u: 6 * f + 2),
    Row("SRU", "SRU", "SimpleRNN", lambda f, u: 4 * f + 4),
    Row("CoRNN", "CoRNN", "SimpleRNN", lambda f, u: f + 2 * u + 4),
    Row("EchoState", "EchoState", "SimpleRNN", gates(1), {"leak": 0.5}),
    Row("LSTM", "LSTM", "LSTM", gates(4)),
    Row("SLSTM", "SLSTM", "LSTM", gates(4)),
    Row("LSTM recurrent dropout", "LSTM", "LSTM", gates(4), {"recurrent_dropout": 0.1}),
    Row("LSTM dropout per step", "LSTM", "LSTM", gates(4), {"recurrent_dropout": 0.1, "dropout_per_step": True}),
    Row("LSTM zoneout", "LSTM", "LSTM", gates(4), {"zoneout": 0.1}),
    Row("LSTM peephole", "LSTM", "LSTM", gates(4), {"peephole": "diagonal"}),
    Row("LSTM full peephole", "LSTM", "LSTM", lambda f, u: 4 * f + 7 * u, {"peephole": "full"}),
    Row("LSTM coupled", "LSTM", "LSTM", gates(3), {"coupled": True}),
    Row("LSTM no forget gate", "LSTM", "LSTM", gates(3), {"forget_gate": False}),
    Row("LSTM cell clip", "LSTM", "LSTM", gates(4), {"cell_clip": 3.0}),
    Row("LSTM projection U/2", "LSTM", "LSTM", lambda f, u: 4 * f + 4 * (u // 2) + u // 2, {"projection": HALF}),
    Row("LSTM skip=2", "LSTM", "LSTM", lambda f, u: 4 * f + 8 * u, {"skip": 2}),
    Row("LSTM layer norm", "LSTM", "LSTM", gates(4), {"normalization": "layer"}),
    Row("LSTM batch norm", "LSTM", "LSTM", gates(4), {"normalization": "batch"}),
    Row("LSTM weight norm", "LSTM", "LSTM", gates(4), {"weight_normalization": True}),
    Row("LSTM DropConnect", "LSTM", "LSTM", gates(4), {"recurrent_dropconnect": 0.3}),
    Row("GRU", "GRU", "GRU", gates(3)),
    Row("GRU reset before", "GRU", "GRU", gates(3), {"reset_after": False}),
    Row("GRUD", "GRUD", "GRU", lambda f, u: 3 * (2 * (f // 3) + u) + f // 3),
    Row("GRU zoneout", "GRU", "GRU", gates(3), {"zoneout": 0.1}),
    Row("GRU recurrent dropout", "GRU", "GRU", gates(3), {"recurrent_dropout": 0.1}),
    Row("GRU all noise", "GRU", "GRU", gates(3), NOISE),
    Row("GRU layer norm", "GRU", "GRU", gates(3), {"normalization": "layer"}),
    Row("GRU batch norm", "GRU", "GRU", gates(3), {"normalization": "batch"}),
    # Each step: the controller reads its input and 20 numbers; 92 parameters of two heads.
    Row("NTM", "NTM", "LSTM", lambda f, u: 4 * (f + 20 + u) + 92),
    Row("SimpleRNN, cell in Python", "SimpleRNN", "SimpleRNN", gates(1), {"in_python": True}),
    Row("LSTM, cell in Python", "LSTM", "LSTM", gates(4), {"in_python": True}),
    Row("GRU, cell in Python", "GRU", "GRU", gates(3), {"in_python": True}),
]


def register(batch: int, time: int, features: int, units: int) -> None:
    """Makes the rows known to sides/timing.py as cases of this size."""
    for row in ROWS:
        options = {name: units // 2 if value is HALF else value for name, value in row.options.items()}
        width = features // 3 * 3 if row.layer == "GRUD" else features  # values, masks and times
        BY_NAME[row.name] = Case(row.name, batch, time, width, ((row.layer, units, options),), 1)
