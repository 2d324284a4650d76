"""At its threshold the rectifier is 0, as in Keras, on every path that computes it."""

from __future__ import annotations

import numpy as np
import pytest

from recurra import Input, Sequential, Tensor, activations, layers, ops

X = np.array([[[0.25], [0.5], [0.75]]], "float32")


@pytest.mark.parametrize(("slope", "expected"), [(0.0, [0.0, 0.0, 0.75]), (0.5, [-0.125, 0.0, 0.75])])
def test_value_at_the_threshold(slope, expected):
    options = {"negative_slope": slope, "threshold": 0.5}
    layer = layers.ReLU(**options)
    model = Sequential([Input((None, 1)), layer])
    stream = model.streaming()
    paths = {
        "activation": activations.relu(X, **options).numpy(),
        "op": ops.relu(X, **options).numpy(),
        "layer": layer(X).numpy(),
        "predict": model.predict(X, verbose=0),
        "stream": np.array([stream.step(step) for step in X[0]]),
    }
    for path, got in paths.items():
        np.testing.assert_array_equal(got.ravel(), np.array(expected, "float32"), err_msg=path)


@pytest.mark.parametrize("function", [activations.relu, ops.relu])
def test_gradient_at_the_threshold(function):
    x = Tensor(X.copy())
    x.requires_grad = True
    ops.sum(function(x, negative_slope=0.5, threshold=0.5)).backward()
    np.testing.assert_array_equal(x.grad.numpy().ravel(), [0.5, 0.5, 1.0])
