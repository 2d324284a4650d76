"""Every form and option of a recurrent layer beside its plain cell: training steps of equal sizes, in rounds.

    python bench/variants.py [--threads 2] [--rounds 7] [--batch 128] [--time 120] [--features 14] [--units 32]

A row says how long one training step takes (forward, backpropagation through time, RMSprop) and what that is of the
plain cell's in the same round; `products` is the ratio of multiply-adds in the products, so that what a form costs
beside them can be seen. The last rows run the same step by a cell written in Python.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import recurra
from recurra import layers


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
ROWS = [
    Row("SimpleRNN", "SimpleRNN", "SimpleRNN", gates(1)),
    Row("SimpleRNN skip=2", "SimpleRNN", "SimpleRNN", lambda f, u: f + 2 * u, {"skip": 2}),
    Row("SimpleRNN layer norm", "SimpleRNN", "SimpleRNN", gates(1), {"normalization": "layer"}),
    Row("GatedRNN", "GatedRNN", "SimpleRNN", gates(2)),
    Row("MGU", "MGU", "SimpleRNN", gates(2)),
    Row("Jordan", "Jordan", "SimpleRNN", lambda f, u: f + 2 * u),
    Row("IndRNN", "IndRNN", "SimpleRNN", lambda f, u: f + 1),
    Row("MinGRU", "MinGRU", "SimpleRNN", lambda f, u: 2 * f + 1),
    Row("LinearRNN", "LinearRNN", "SimpleRNN", lambda f, u: f + 1),
    Row("LSTM", "LSTM", "LSTM", gates(4)),
    Row("LSTM recurrent dropout", "LSTM", "LSTM", gates(4), {"recurrent_dropout": 0.1}),
    Row("LSTM dropout per step", "LSTM", "LSTM", gates(4), {"recurrent_dropout": 0.1, "dropout_per_step": True}),
    Row("LSTM zoneout", "LSTM", "LSTM", gates(4), {"zoneout": 0.1}),
    Row("LSTM peephole", "LSTM", "LSTM", gates(4), {"peephole": "diagonal"}),
    Row("LSTM full peephole", "LSTM", "LSTM", lambda f, u: 4 * f + 7 * u, {"peephole": "full"}),
    Row("LSTM coupled", "LSTM", "LSTM", gates(3), {"coupled": True}),
    Row("LSTM no forget gate", "LSTM", "LSTM", gates(3), {"forget_gate": False}),
    Row("LSTM cell clip", "LSTM", "LSTM", gates(4), {"cell_clip": 3.0}),
    Row("LSTM projection U/2", "LSTM", "LSTM", lambda f, u: 4 * f + 4 * (u // 2) + u // 2, {"projection": None}),
    Row("LSTM skip=2", "LSTM", "LSTM", lambda f, u: 4 * f + 8 * u, {"skip": 2}),
    Row("LSTM layer norm", "LSTM", "LSTM", gates(4), {"normalization": "layer"}),
    Row("LSTM weight norm", "LSTM", "LSTM", gates(4), {"weight_normalization": True}),
    Row("LSTM DropConnect", "LSTM", "LSTM", gates(4), {"recurrent_dropconnect": 0.3}),
    Row("GRU", "GRU", "GRU", gates(3)),
    Row("GRU reset before", "GRU", "GRU", gates(3), {"reset_after": False}),
    Row("GRU zoneout", "GRU", "GRU", gates(3), {"zoneout": 0.1}),
    Row("GRU recurrent dropout", "GRU", "GRU", gates(3), {"recurrent_dropout": 0.1}),
    Row("GRU all noise", "GRU", "GRU", gates(3), NOISE),
    Row("GRU layer norm", "GRU", "GRU", gates(3), {"normalization": "layer"}),
]


def in_python(layer: str) -> type[layers.Layer]:
    """The layer's cell, its step in Python's ops as a user would write it."""
    own = getattr(layers, f"{layer}Cell")

    class PythonCell(own):  # type: ignore[misc, valid-type]
        def call(self, inputs: Any, states: Any, training: bool = False) -> Any:
            return own.call(self, inputs, states, training)

    return PythonCell


def network(make: Callable[[], Any], time_steps: int, features: int) -> Any:
    model = recurra.Sequential([layers.Input((time_steps, features)), make(), layers.Dense(1)])
    model.compile(optimizer="rmsprop", loss="mae")
    return model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, standard in (
        ("threads", 0),
        ("rounds", 7),
        ("batch", 128),
        ("time", 120),
        ("features", 14),
        ("units", 32),
    ):
        parser.add_argument(f"--{name}", type=int, default=standard)
    parser.add_argument("--only", default="", help="rows whose name has this in it, and their plain cells")
    o = parser.parse_args()
    if o.threads:
        recurra.set_num_threads(o.threads)
    rng = np.random.default_rng(0)
    x = rng.standard_normal((o.batch, o.time, o.features), dtype=np.float32)
    y = rng.standard_normal((o.batch, 1), dtype=np.float32)
    wanted = [row for row in ROWS if o.only in row.name and hasattr(layers, row.layer)]
    rows = [row for row in ROWS if row in wanted or row.name in {one.plain for one in wanted}]
    steps: dict[str, Callable[[], Any]] = {}

    def add(name: str, make: Callable[[], Any]) -> None:
        model = network(make, o.time, o.features)
        steps[name] = lambda: model.train_on_batch(x, y)

    for row in rows:
        options = {**row.options, **({"projection": o.units // 2} if "projection" in row.options else {})}
        kind = getattr(layers, row.layer)
        add(row.name, lambda kind=kind, options=options: kind(o.units, **options))
    plain = {row.name: row.plain for row in rows}
    if not o.only:
        for layer in ("SimpleRNN", "LSTM", "GRU"):
            name = f"{layer}, cell in Python"
            add(name, lambda layer=layer: layers.RNN(in_python(layer)(o.units)))
            plain[name] = layer
    repeats = {}
    for name, step in steps.items():
        for _ in range(2):
            step()
        start = time.perf_counter()
        step()
        repeats[name] = max(1, min(20, int(0.1 / (time.perf_counter() - start))))
    samples: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(o.rounds):
        for name, step in steps.items():
            taken = []
            for _ in range(repeats[name]):
                start = time.perf_counter()
                step()
                taken.append(1e3 * (time.perf_counter() - start))
            samples[name].append(statistics.median(taken))
    products = {row.name: row.products(o.features, o.units) for row in rows}
    print(f"batch {o.batch}, time {o.time}, features {o.features}, units {o.units}; {recurra.num_threads()} threads")
    print("| layer | ms a step | of the plain cell | products |\n|---|---:|---:|---:|")
    for name, times in samples.items():
        own = statistics.median(times)
        ratio = statistics.median(a / b for a, b in zip(times, samples[plain[name]], strict=True))
        count = f"{products[name] / products[plain[name]]:.2f}×" if name in products else "1.00×"
        print(f"| {name} | {own:.2f} | {ratio:.2f}× | {count} |")


if __name__ == "__main__":
    main()
