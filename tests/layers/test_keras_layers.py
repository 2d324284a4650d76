"""Layers without recurrence against stored values of Keras (see reference/make_keras_layers.py)."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import pytest

import recurra
from recurra import Tensor
from recurra.layers.masks import attach_mask, mask_of
from tests.support import packing
from tests.support.layer_cases import KERAS_CASES, LayerCase
from tests.support.layer_network import OPTIMIZERS, STEPS, batch, initial_weights, layers
from tests.support.places import REFERENCE


@lru_cache
def stored() -> dict[str, dict[str, np.ndarray]]:
    return packing.read(REFERENCE / "keras_layers.npz")


def prepared(case: LayerCase, dtype: str = "float32") -> tuple[Any, list[Any], dict[str, Any]]:
    """The layer with its weights, its inputs with their masks, and what else to call it with."""
    layer = getattr(recurra.layers, case.layer)(dtype=dtype, **case.arguments)
    inputs = [Tensor(x) for x in case.inputs(dtype)]
    shapes = [tuple(x.shape) for x in inputs]
    layer.build(shapes if len(shapes) > 1 else shapes[0])
    layer.set_weights(case.weights([w.shape for w in layer.weights], dtype))
    for x, mask in zip(inputs, case.masks(), strict=True):
        if not case.vocabulary:
            x.requires_grad = True
        if mask is not None:
            attach_mask(x, Tensor(mask))
    return layer, inputs, {"training": True} if case.training else {}


def close(actual: np.ndarray, expected: np.ndarray, tolerance: float) -> None:
    np.testing.assert_allclose(actual, expected, rtol=0, atol=tolerance * max(1.0, np.abs(expected).max(initial=0)))


@pytest.mark.parametrize("case", KERAS_CASES, ids=lambda case: case.name)
@pytest.mark.filterwarnings("ignore:.*does not support masking")
def test_layer_computes_what_keras_computes(case: LayerCase) -> None:
    expected = stored()[case.name]
    layer, inputs, options = prepared(case)
    output = layer(inputs if len(inputs) > 1 else inputs[0], **options)
    assert output.shape == expected["output"].shape
    close(output.numpy(), expected["output"], 1e-6)
    mask = mask_of(output)
    assert (mask is None) == ("mask" not in expected)
    if mask is not None:
        assert np.array_equal(mask.numpy(), expected["mask"].astype(bool))
    output.backward(Tensor(case.cotangents(output.shape)))
    for i, x in enumerate(inputs if not case.vocabulary else []):
        close(x.grad.numpy(), expected[f"input{i}"], 1e-5)
    for i, w in enumerate(layer.trainable_weights):
        close(w.grad.numpy(), expected[f"weight{i}"], 1e-5)
    for i, w in enumerate(layer.non_trainable_weights):
        close(w.numpy(), expected[f"moved{i}"], 1e-6)


@pytest.mark.parametrize("case", KERAS_CASES, ids=lambda case: case.name)
def test_symbolic_shape_is_that_of_the_result(case: LayerCase) -> None:
    dtype = "int32" if case.vocabulary else "float32"
    layer = getattr(recurra.layers, case.layer)(**case.arguments)
    inputs = [recurra.Input(batch_shape=shape, dtype=dtype) for shape in case.shapes]
    output = layer(inputs if len(inputs) > 1 else inputs[0])
    assert tuple(output.shape) == stored()[case.name]["output"].shape
    layer = getattr(recurra.layers, case.layer)(**case.arguments)
    inputs = [recurra.Input(shape[1:], dtype=dtype) for shape in case.shapes]
    output = layer(inputs if len(inputs) > 1 else inputs[0])
    assert tuple(output.shape) == (None, *stored()[case.name]["output"].shape[1:])


@pytest.mark.parametrize("case", KERAS_CASES, ids=lambda case: case.name)
def test_layer_made_again_from_its_configuration_computes_the_same(case: LayerCase) -> None:
    layer, inputs, options = prepared(case)
    config = layer.get_config()
    again = type(layer).from_config(config)
    assert again.get_config() == config
    again.build([x.shape for x in inputs] if len(inputs) > 1 else inputs[0].shape)
    again.set_weights(layer.get_weights())
    first, second = (one(inputs if len(inputs) > 1 else inputs[0], **options) for one in (layer, again))
    assert np.array_equal(first.numpy(), second.numpy())


@pytest.mark.parametrize("optimizer", sorted(OPTIMIZERS))
def test_hundred_steps_follow_keras(optimizer: str) -> None:
    x, y = batch()
    model = recurra.Sequential([recurra.Input(x.shape[1:]), *layers(recurra.layers)])
    model.set_weights(initial_weights([w.shape for w in model.weights]))
    model.compile(getattr(recurra.optimizers, optimizer)(**OPTIMIZERS[optimizer]), "mse")
    for _ in range(STEPS):
        model.train_on_batch(x, y)
    expected = stored()[f"trained {optimizer}"]
    weights = model.get_weights()
    assert len(weights) == len(expected)
    for i, weight in enumerate(weights):
        np.testing.assert_allclose(weight, expected[f"weight{i}"], rtol=0, atol=1e-4)
