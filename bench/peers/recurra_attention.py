"""The cases of attention_cases.py by recurra."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import recurra
from bench import attention_cases
from bench.cases import Case
from recurra import layers, ops


def prepare(case: Case, mode: str, x: np.ndarray, y: np.ndarray) -> Callable[[], object]:
    kind, *arguments = case.layers[0]
    if kind == "attention":
        return _attention(case, mode, x)
    if kind == "transformer":
        heads, inner = arguments
        block = layers.TransformerEncoder(inner, heads)
        given = [recurra.Input((case.time, case.features))]
        output = layers.Dense(1)(layers.GlobalAveragePooling1D()(block(given[0])))
        inputs: Any = x
    else:
        given = [recurra.Input((arguments[0], case.features)), recurra.Input((case.time, case.features))]
        output = layers.Dense(1)(layers.AttentionRNN(layers.GRUCell(case.features))(*given))
        inputs, y = [attention_cases.fed(case), x], np.repeat(y[:, None], arguments[0], axis=1)
    model = recurra.Model(given, output)
    model.compile("rmsprop", "mae")
    model.set_weights(attention_cases.weights_of(case))
    if mode == "train":
        return lambda: model.train_on_batch(inputs, y)
    return lambda: model.predict_on_batch(inputs)


def _attention(case: Case, mode: str, x: np.ndarray) -> Callable[[], object]:
    gradient = recurra.Tensor(attention_cases.output_gradient(case))
    q, k, v = (recurra.Variable(x.reshape(gradient.shape)) for _ in range(3))
    if mode == "infer":
        fixed = [recurra.Tensor(one.numpy().copy()) for one in (q, k, v)]
        return lambda: ops.dot_product_attention(*fixed).numpy()

    def train() -> None:
        for one in (q, k, v):
            one.grad = None
        ops.dot_product_attention(q, k, v).backward(gradient)

    return train
