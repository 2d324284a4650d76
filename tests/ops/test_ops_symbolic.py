"""Ops on the tensors of a graph: same shapes and values as on numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from recurra import Input, Model, ops

ROWS: list[tuple[str, Callable[[Any], Any]]] = [
    ("unary", ops.tanh),
    ("number", lambda x: ops.add(x, 1.0)),
    ("array", lambda x: ops.multiply(np.arange(4, dtype="float32"), x)),
    ("operator", lambda x: 2 * x - x / 3),
    ("both", lambda x: ops.maximum(x, ops.negative(x))),
    ("reduction", lambda x: ops.sum(x, axis=1)),
    ("reshape", lambda x: ops.reshape(x, (-1, 12))),
    ("transpose", lambda x: ops.transpose(x, (0, 2, 1))),
    ("slice", lambda x: x[:, -1]),
    ("list", lambda x: ops.concatenate([x, x], axis=-1)),
    ("stack", lambda x: ops.stack([x, x], axis=1)),
    ("composed", lambda x: ops.expand_dims(x, axis=1)),
    ("split", lambda x: ops.split(x, 2, axis=-1)[1]),
    ("einsum", lambda x: ops.einsum("bij,bkj->bik", x, x)),
    ("softmax", ops.softmax),
    ("where", lambda x: ops.where(x > 0, x, 0.0)),
    ("cast", lambda x: ops.cast(x > 0, "int32")),
    ("top_k", lambda x: ops.top_k(x, 2)[0]),
]


@pytest.mark.parametrize(("name", "function"), ROWS, ids=[row[0] for row in ROWS])
def test_a_graph_computes_what_the_function_does(name: str, function: Callable[[Any], Any]) -> None:
    x = np.random.default_rng(0).normal(size=(5, 3, 4)).astype("float32")
    inputs = Input((3, 4))
    output = function(inputs)
    expected = function(ops.convert_to_tensor(x))
    assert output.dtype == expected.dtype
    assert output.shape == (None, *expected.shape[1:])
    assert np.array_equal(Model(inputs, output)(x).numpy(), expected.numpy())


def test_a_tensor_and_a_symbolic_tensor_meet() -> None:
    weight = ops.convert_to_tensor(np.eye(4, dtype="float32"))
    inputs = Input((4,))
    for output in (weight[0] + inputs, inputs + weight[0], ops.matmul(inputs, weight)):
        assert output.shape == (None, 4)


def test_a_type_error_of_an_op_stays_one() -> None:
    Input((4,))
    with pytest.raises(TypeError, match="expected a tensor"):
        ops.exp("text")
    with pytest.raises(TypeError, match="unexpected keyword"):
        ops.exp(1.0, axis=2)  # type: ignore[call-arg]
