"""Makes keras_layers.npz: what Keras 3 computes for the rows of layer_cases.py.

Run with an interpreter that has keras and tensorflow:  python -m tests.reference.make_keras_layers

For every row: the output, its mask if it has one, the gradients of sum(output * cotangents) with respect to inputs and
trainable weights, and the moving statistics after a step of training. Inputs, masks, weights and cotangents are those
of the table. Training rows: the weights of a small network after 100 steps of RMSprop and of Adam.
"""

from __future__ import annotations

import os
from typing import Any

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import numpy as np
import tensorflow as tf
from keras.src.backend import get_keras_mask, set_keras_mask

from tests.support import packing
from tests.support.layer_cases import KERAS_CASES, LayerCase
from tests.support.layer_network import OPTIMIZERS, STEPS, batch, initial_weights, layers
from tests.support.places import REFERENCE


def values(case: LayerCase) -> dict[str, np.ndarray]:
    layer = getattr(keras.layers, case.layer)(**case.arguments)
    inputs = [tf.constant(x) for x in case.inputs()]
    shapes = [tuple(x.shape) for x in inputs]
    layer.build(shapes if len(shapes) > 1 else shapes[0])
    layer.set_weights(case.weights([tuple(w.shape) for w in layer.weights]))
    options: dict[str, Any] = {"training": True} if case.training else {}
    for x, mask in zip(inputs, case.masks(), strict=True):
        if mask is not None:
            set_keras_mask(x, tf.constant(mask))
    watched = [] if case.vocabulary else inputs
    with tf.GradientTape() as tape:
        tape.watch(watched)
        output = layer(inputs if len(inputs) > 1 else inputs[0], **options)
        loss = tf.reduce_sum(output * case.cotangents(tuple(output.shape)))
    weights = [w.value for w in layer.trainable_weights]
    gradients = tape.gradient(loss, [*watched, *weights], unconnected_gradients="zero")
    stored = {"output": output.numpy()}
    mask = get_keras_mask(output)
    if mask is not None:
        stored["mask"] = np.asarray(mask)
    for i, gradient in enumerate(gradients[: len(watched)]):
        stored[f"input{i}"] = tf.convert_to_tensor(gradient).numpy()
    for i, gradient in enumerate(gradients[len(watched) :]):
        stored[f"weight{i}"] = tf.convert_to_tensor(gradient).numpy()
    for i, w in enumerate(layer.non_trainable_weights):
        stored[f"moved{i}"] = w.numpy()
    return stored


def trained(optimizer: str, arguments: dict[str, float]) -> dict[str, np.ndarray]:
    x, y = batch()
    model = keras.Sequential([keras.Input(x.shape[1:]), *layers(keras.layers)])
    model.set_weights(initial_weights([tuple(w.shape) for w in model.weights]))
    model.compile(getattr(keras.optimizers, optimizer)(**arguments), "mse")
    for _ in range(STEPS):
        model.train_on_batch(x, y)
    return {f"weight{i}": w for i, w in enumerate(model.get_weights())}


if __name__ == "__main__":
    groups = {case.name: values(case) for case in KERAS_CASES}
    groups |= {f"trained {name}": trained(name, arguments) for name, arguments in OPTIMIZERS.items()}
    packing.write(REFERENCE / "keras_layers.npz", groups, {"keras": keras.__version__, "tensorflow": tf.__version__})
