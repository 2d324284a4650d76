"""The cases of language_cases.py by recurra."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import recurra
from bench import language_cases
from bench.cases import Case
from recurra import layers
from recurra.models import LanguageModel


def prepare(case: Case, mode: str, x: np.ndarray, _: np.ndarray) -> Callable[[], object]:
    kind, vocabulary, units, depth = case.layers[0]
    stack = [layers.LSTM(units, return_sequences=True) for _ in range(depth)]
    model = LanguageModel(vocabulary, stack, units)
    table, *rest = language_cases.weights_of(case)
    model.get_layer("embedding").set_weights([table])
    for number, layer in enumerate(stack):
        layer.set_weights(rest[3 * number : 3 * number + 3])
    model.get_layer("logits").set_weights(rest[-2:])
    if kind == "write":
        prompts = x[:, :1].tolist()
        return lambda: model.generate(prompts, max_new_tokens=case.time).sequences
    model.compile(recurra.optimizers.SGD(language_cases.RATE, global_clipnorm=language_cases.NORM))
    y = language_cases.targets(case, x)

    def train() -> float:
        return float(model.train_on_batch(x, y)[0])

    return train if mode == "train" else lambda: [train() for _ in range(3)]
