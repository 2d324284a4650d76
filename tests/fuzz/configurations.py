"""Configurations of layers and other objects with damaged values."""

from __future__ import annotations

import json
import random
from functools import cache
from typing import Any

from recurra import layers, losses, metrics, optimizers, regularizers, saving
from recurra.serialization import plain
from tests.fuzz.mutations import damage_value
from tests.fuzz.targets import Target
from tests.support.layer_cases import CASES


@cache
def _corpus() -> list[Any]:
    items: list[Any] = [case.make() for case in CASES]
    items += [layers.GRU(2, dropout=0.1), layers.LSTM(3, zoneout=0.1), layers.Bidirectional(layers.GRU(2))]
    items += [layers.RNN([layers.LSTMCell(2), layers.GRUCell(2)]), layers.Stack(layers.SimpleRNN(2), 2)]
    items += [layers.TextVectorization(max_tokens=10), layers.InputLayer((3, None))]
    items += [losses.Huber(), losses.BinaryCrossentropy(), metrics.AUC(), metrics.F1Score(), regularizers.L1L2(0.1)]
    items += [optimizers.Adam(), optimizers.SGD(optimizers.schedules.CosineDecay(0.1, 10), momentum=0.9)]
    return [json.loads(json.dumps(saving.serialize(item))) for item in items]


def _attempt(rng: random.Random) -> str:
    described = damage_value(rng, json.loads(json.dumps(rng.choice(_corpus()))))
    made = saving.deserialize(described)
    if made is not None and hasattr(made, "get_config"):
        json.dumps(plain(made.get_config()))
        repr(made)
    return "accepted"


TARGETS = [Target("configurations", _attempt, (ValueError, TypeError), prepare=_corpus)]
