"""Makes keras_recurrent.npz: what Keras 3 computes for the small rows of cases.py.

Run with an interpreter that has keras and tensorflow:  python -m tests.reference.make_keras_recurrent

For every row: inputs, weights, initial states, mask; then outputs, and the gradients of sum(outputs * cotangents) with
respect to input, initial states and weights. Dropout rows carry the scale masks that were put into Keras's cell.
Training rows: the weights after 100 steps of RMSprop on the mean squared error.
"""

from __future__ import annotations

import os

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import numpy as np
import tensorflow as tf

from tests.support import packing
from tests.support.cases import BIDIRECTIONAL, DROPOUT, SINGLE, STACKED, Case, training_data
from tests.support.places import REFERENCE

LAYER_OPTIONS = ("return_sequences", "return_state", "go_backwards", "zero_output_for_mask")


def layer_of(case: Case) -> keras.Layer:
    if case.depth > 1:
        options = {name: case.arguments[name] for name in LAYER_OPTIONS if name in case.arguments}
        own = {name: value for name, value in case.arguments.items() if name not in LAYER_OPTIONS}
        cell = getattr(keras.layers, f"{case.layer}Cell")
        return keras.layers.RNN([cell(case.units, **own) for _ in range(case.depth)], **options)
    layer = getattr(keras.layers, case.layer)(case.units, **case.arguments)
    return keras.layers.Bidirectional(layer, **case.wrapper) if case.wrapper else layer


def inject_dropout(layer: keras.Layer, case: Case) -> dict[str, np.ndarray]:
    """Keras asks the cell for masks it has already before it draws new ones; all gates get the same."""
    masks = case.dropout_masks(np.float32)
    cell = layer.cell
    count = getattr(cell, "dropout_mask_count", None)
    for name, rate, attribute in (
        ("input", cell.dropout, "_dropout_mask"),
        ("recurrent", cell.recurrent_dropout, "_recurrent_dropout_mask"),
    ):
        if rate:
            mask = tf.constant(masks[name])
            setattr(cell, attribute, [mask] * count if count else mask)
    return {f"drop_{name}": mask for name, mask in masks.items()}


def values(case: Case) -> dict[str, np.ndarray]:
    layer = layer_of(case)
    layer.build(case.shape)
    weights = case.weights(np.float32)
    layer.set_weights(weights)
    stored: dict[str, np.ndarray] = {"x": case.input(np.float32)}
    stored |= {f"weight{i}": w for i, w in enumerate(weights)}
    x = tf.constant(stored["x"])
    states = case.states(np.float32)
    start = None if states is None else [tf.constant(s) for s in states]
    stored |= {f"state{i}": s for i, s in enumerate(states or [])}
    mask = case.mask_array()
    if mask is not None:
        stored["mask"] = mask
    if case.dropout_masks(np.float32):
        stored |= inject_dropout(layer, case)
    sources = [x, *(start or [])]
    if start is not None and case.depth > 1 and case.layer == "LSTM":
        start = [start[at : at + 2] for at in range(0, len(start), 2)]
    with tf.GradientTape() as tape:
        tape.watch(sources)
        outputs = layer(x, mask=mask, initial_state=start, training=bool(case.dropout_masks(np.float32)))
        outputs = tf.nest.flatten(outputs)
        random = case.random("cotangents")
        cotangents = [random.standard_normal(o.shape).astype(np.float32) for o in outputs]
        loss = sum(tf.reduce_sum(o * c) for o, c in zip(outputs, cotangents, strict=True))
    wanted = [*sources, *(w.value for w in layer.weights)]
    gradients = tape.gradient(loss, wanted, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    stored |= {f"output{i}": o.numpy() for i, o in enumerate(outputs)}
    stored |= {f"cotangent{i}": c for i, c in enumerate(cotangents)}
    stored |= {f"gradient{i}": np.asarray(g) for i, g in enumerate(gradients)}
    return stored


def trained(layer: str) -> dict[str, np.ndarray]:
    x, y, weights = training_data(layer)
    model = keras.Sequential([keras.Input(x.shape[1:]), getattr(keras.layers, layer)(8), keras.layers.Dense(1)])
    model.set_weights(weights)
    model.compile(optimizer=keras.optimizers.RMSprop(1e-3), loss="mse", jit_compile=False, run_eagerly=False)
    losses = [float(model.train_on_batch(x, y)) for _ in range(100)]
    stored = {"x": x, "y": y, "losses": np.asarray(losses, np.float32)}
    stored |= {f"before{i}": w for i, w in enumerate(weights)}
    return stored | {f"after{i}": w for i, w in enumerate(model.get_weights())}


def main() -> None:
    groups = {case.name: values(case) for case in SINGLE + BIDIRECTIONAL + STACKED + DROPOUT}
    groups |= {f"trained {layer}": trained(layer) for layer in ("SimpleRNN", "LSTM", "GRU")}
    versions = {"keras": keras.__version__, "tensorflow": tf.__version__}
    packing.write(REFERENCE / "keras_recurrent.npz", groups, versions)


if __name__ == "__main__":
    main()
