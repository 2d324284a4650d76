"""Convolution, pooling and normalisation of recurra.ops: Keras's values, gradients, data formats, graphs, bad calls."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import pytest

from recurra import Input, Model, ops
from recurra.gradient_check import check_gradients
from tests.support import packing
from tests.support.neural_op_cases import CASES, OpCase
from tests.support.places import REFERENCE

WINDOWS = [case for case in CASES if "normalization" not in case.op]


@lru_cache
def stored() -> dict[str, dict[str, np.ndarray]]:
    return packing.read(REFERENCE / "keras_ops.npz")


def by_name(case: OpCase) -> str:
    return case.name


def close(actual: np.ndarray, expected: np.ndarray, tolerance: float) -> None:
    assert actual.shape == expected.shape
    np.testing.assert_allclose(actual, expected, rtol=0, atol=tolerance * max(1.0, np.abs(expected).max(initial=0)))


@pytest.mark.parametrize("case", CASES, ids=by_name)
def test_keras_computes_the_same(case: OpCase) -> None:
    expected = stored()[case.name]
    tensors = [ops.convert_to_tensor(x) for x in case.tensors()]
    for tensor in tensors:
        tensor.requires_grad = True
    result = case.call(ops, tensors)
    close(result.numpy(), expected["result"], 1e-6)
    result.backward(ops.convert_to_tensor(case.cotangents(result.shape)))
    for i, tensor in enumerate(tensors):
        close(tensor.grad.numpy(), expected[f"gradient{i}"], 1e-5)


@pytest.mark.parametrize("case", CASES, ids=by_name)
def test_gradients(case: OpCase) -> None:
    check_gradients(lambda *tensors: case.call(ops, list(tensors)), *case.tensors(np.float64))


@pytest.mark.parametrize("case", WINDOWS, ids=by_name)
def test_channels_first(case: OpCase) -> None:
    x, *weights = case.tensors()
    moved = OpCase(case.name, case.op, case.shapes, {**case.arguments, "data_format": "channels_first"})
    result = moved.call(ops, [np.moveaxis(x, -1, 1).copy(), *weights]).numpy()
    np.testing.assert_array_equal(np.moveaxis(result, 1, -1), case.call(ops, [x, *weights]).numpy())


@pytest.mark.parametrize("case", CASES, ids=by_name)
def test_a_graph_computes_what_the_function_does(case: OpCase) -> None:
    x, *weights = case.tensors()
    inputs = Input(x.shape[1:])
    result = case.call(ops, [x, *weights])
    output = case.call(ops, [inputs, *weights])
    assert output.shape == (None, *result.shape[1:])
    np.testing.assert_array_equal(Model(inputs, output)(x).numpy(), result.numpy())


def test_lists_and_integers_are_taken() -> None:
    assert ops.max_pool([[[1.0], [3.0], [2.0], [0.0]]], 2).numpy().tolist() == [[[3.0], [2.0]]]
    assert ops.conv([[[1.0], [3.0], [2.0]]], [[[1.0]], [[-1.0]]]).numpy().tolist() == [[[-2.0], [1.0]]]


def zeros(*shape: int) -> np.ndarray:
    return np.zeros(shape, np.float32)


BAD: list[tuple[str, Any, str]] = [
    ("no sequences", lambda: ops.conv(zeros(4, 3), zeros(2, 3, 4)), r"conv: inputs must be sequences.*\(4, 3\)"),
    ("kernel of images", lambda: ops.conv(zeros(2, 4, 3), zeros(2, 2, 3, 4)), "kernel must have 3 axes"),
    ("channels", lambda: ops.conv(zeros(2, 4, 3), zeros(2, 2, 4)), "does not divide the 3 channels"),
    ("no channels", lambda: ops.conv(zeros(2, 4, 3), zeros(2, 0, 4)), "is for 0 channels a group"),
    ("filters of groups", lambda: ops.conv(zeros(2, 4, 4), zeros(2, 2, 3)), "divide"),
    ("too short", lambda: ops.conv(zeros(2, 4, 3), zeros(5, 3, 4)), "window covers 5 steps"),
    ("stride", lambda: ops.conv(zeros(2, 4, 3), zeros(2, 3, 4), strides=0), "conv: strides must be an integer >= 1"),
    (
        "strides",
        lambda: ops.conv(zeros(2, 4, 3), zeros(2, 3, 4), strides=(1, 1)),
        "strides must be an integer >= 1, got",
    ),
    ("padding", lambda: ops.conv(zeros(2, 4, 3), zeros(2, 3, 4), padding="causal"), "padding must be one of"),
    ("format", lambda: ops.conv(zeros(2, 4, 3), zeros(2, 3, 4), data_format="NHWC"), "data_format must be"),
    ("depthwise", lambda: ops.depthwise_conv(zeros(2, 4, 3), zeros(2, 2, 1)), "is for 2 channels.*inputs have 3"),
    (
        "pointwise",
        lambda: ops.separable_conv(zeros(2, 4, 3), zeros(2, 3, 2), zeros(1, 5, 4)),
        r"pointwise_kernel must have shape \(1, 6, 'outputs'\), got \(1, 5, 4\)",
    ),
    ("transpose", lambda: ops.conv_transpose(zeros(2, 4, 3), zeros(2, 3, 4)), "is for 4 channels.*inputs have 3"),
    (
        "output padding",
        lambda: ops.conv_transpose(zeros(2, 4, 3), zeros(2, 5, 3), strides=2, output_padding=2),
        "output_padding must be less than strides",
    ),
    ("pool", lambda: ops.max_pool(zeros(2, 4, 3), 5), "5"),
    ("pool of images", lambda: ops.average_pool(zeros(2, 4, 4, 3), (2, 2, 2)), "average_pool: pool_size must be"),
    ("statistic", lambda: ops.batch_normalization(zeros(2, 3), zeros(2), zeros(3), -1), r"mean must have shape \(3,\)"),
    ("axis", lambda: ops.batch_normalization(zeros(2, 3), zeros(3), zeros(3), 2), "axis 2 is outside a tensor"),
    ("axes", lambda: ops.layer_normalization(zeros(2, 3), axis=(0, 2)), "outside a tensor of 2 axes"),
    ("twice", lambda: ops.layer_normalization(zeros(2, 3), axis=(1, -1)), "names an axis twice"),
    ("gamma", lambda: ops.layer_normalization(zeros(2, 3), zeros(2)), r"gamma must have the shape.*\(3,\)"),
    ("scale", lambda: ops.rms_normalization(zeros(2, 3), zeros(2)), "scale must have the shape"),
]


@pytest.mark.parametrize(("call", "message"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_bad_calls(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
