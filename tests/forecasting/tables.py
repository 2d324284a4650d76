"""Small long tables that the tests of the forecaster share."""

from __future__ import annotations

from typing import Any

import numpy as np

LENGTHS = {"a": 120, "b": 90, "c": 9}


def promo(steps: Any) -> Any:
    """A covariate that the past does not tell."""
    return (np.random.default_rng(9).random(400) < 0.3)[steps].astype(float)


def long_table(lengths: dict[str, int] | None = None, covariate: bool = False, seed: int = 0) -> dict[str, Any]:
    """Hourly series of period 6, on scales of their own, that end together."""
    lengths = LENGTHS if lengths is None else lengths
    rng = np.random.default_rng(seed)
    ids, stamps, values, known = [], [], [], []
    for number, (name, rows) in enumerate(lengths.items()):
        steps = np.arange(200 - rows, 200)
        ids += [name] * rows
        stamps.append(np.datetime64("2024-03-01T00", "h") + steps)
        known.append(promo(steps))
        values.append(10.0**number * (5 + np.sin(steps * np.pi / 3) + 2 * known[-1] + 0.05 * rng.normal(size=rows)))
    table: dict[str, Any] = {"unique_id": np.array(ids), "ds": np.concatenate(stamps), "y": np.concatenate(values)}
    return table | ({"promo": np.concatenate(known)} if covariate else {})


def rows_of(table: dict[str, Any], kept: Any) -> dict[str, Any]:
    """The table with these rows alone, or in this order."""
    return {name: column[kept] for name, column in table.items()}
