"""The cases of pondering_cases.py by recurra."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import recurra
from bench.cases import Case
from bench.pondering_cases import BETA, COST, EPSILON, MOST, PRIOR, weights_of
from recurra import layers


def prepare(case: Case, mode: str, x: np.ndarray, y: np.ndarray) -> Callable[[], object]:
    kind, units, *arguments = case.layers[0]
    cell = layers.LSTMCell(units) if kind == "act_lstm" else layers.SimpleRNNCell(units)
    answer = layers.Dense(1)
    if kind == "pondernet":
        layer: Any = layers.PonderNet(cell, arguments[0], PRIOR, BETA)
        model: Any = recurra.models.PonderModel([layer, answer], halt="most_probable")
        x = x[:, 0]
    else:
        whole = case.time > 1
        layer = (
            layers.Repeat(cell, arguments[0], return_sequences=whole)
            if kind == "repeat"
            else layers.AdaptiveComputation(cell, EPSILON, COST, MOST, return_sequences=whole)
        )
        model = recurra.Sequential([layer, answer])
        y = np.repeat(y[:, None], case.time, axis=1) if whole else y
    model.compile("rmsprop", "mae")
    model(x)
    given = weights_of(case)
    for variable in cell.weights:
        variable.assign(given[variable.name])
    if kind != "repeat":
        layer.halting_kernel.assign(given["halting_kernel"])
        layer.halting_offset.assign(given["halting_bias"])
    answer.set_weights([given["dense_kernel"], given["dense_bias"]])
    if mode == "train":
        return lambda: model.train_on_batch(x, y)
    return lambda: model.predict_on_batch(x)
