"""Configurations of layers as Keras 3 writes them make the same layers here."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from recurra import layers, serialization


def described(module: str, class_name: str, /, **config: Any) -> dict[str, Any]:
    return {"module": f"keras.{module}", "class_name": class_name, "config": config, "registered_name": None}


FLOAT32 = {"trainable": True, "dtype": described("", "DTypePolicy", name="float32")}
GLOROT = described("initializers", "GlorotUniform", seed=None)
ORTHOGONAL = described("initializers", "Orthogonal", seed=None, gain=1.0)
ZEROS = described("initializers", "Zeros")
ONES = described("initializers", "Ones")
KERNEL = {"kernel_initializer": GLOROT, "kernel_regularizer": None, "kernel_constraint": None}
BIAS = {"bias_initializer": ZEROS, "bias_regularizer": None, "bias_constraint": None, "use_bias": True}
RECURRENT = {
    **FLOAT32,
    **KERNEL,
    **BIAS,
    "recurrent_initializer": ORTHOGONAL,
    "recurrent_regularizer": described("regularizers", "L2", l2=0.01),
    "recurrent_constraint": described("constraints", "MaxNorm", max_value=2, axis=0),
    "activity_regularizer": None,
    "activation": "tanh",
    "dropout": 0.1,
    "recurrent_dropout": 0.0,
    "seed": None,
    "return_sequences": True,
    "return_state": False,
    "go_backwards": False,
    "stateful": False,
    "unroll": False,
    "zero_output_for_mask": False,
}
GATED = {**RECURRENT, "recurrent_activation": "sigmoid", "units": 4}
WINDOW = {
    "kernel_size": [3], "strides": [1], "padding": "causal", "data_format": "channels_last", "dilation_rate": [2],
    "activation": "relu",
}  # fmt: skip
LAYERS = [
    described("layers", "LSTM", name="lstm", unit_forget_bias=True, **GATED),
    described("layers", "GRU", name="gru", reset_after=True, **GATED),
    described("layers", "SimpleRNN", name="rnn", units=4, **RECURRENT),
    described("layers", "GRU", name="old", reset_after=True, implementation=2, time_major=False, **GATED),
    described("layers", "Conv1D", name="conv", filters=2, groups=1, **WINDOW, **FLOAT32, **KERNEL, **BIAS),
    described("layers", "Dense", name="dense", units=2, activation="linear", **FLOAT32, **KERNEL, **BIAS),
    described("layers", "Dropout", name="drop", rate=0.5, seed=None, noise_shape=None, **FLOAT32),
    described("layers", "LayerNormalization", name="ln", axis=-1, epsilon=0.001, center=True, scale=True,
              gamma_initializer=ONES, beta_initializer=ZEROS, rms_scaling=False, **FLOAT32),
    described("layers", "BatchNormalization", name="bn", axis=-1, momentum=0.99, epsilon=0.001, center=True, scale=True,
              gamma_initializer=ONES, beta_initializer=ZEROS, moving_mean_initializer=ZEROS,
              moving_variance_initializer=ONES, synchronized=False, **FLOAT32),
]  # fmt: skip
LAYERS.append(
    described("layers", "Bidirectional", name="both", merge_mode="sum", layer=LAYERS[0],
              backward_layer={**LAYERS[0], "config": {**LAYERS[0]["config"], "go_backwards": True}}, **FLOAT32)
)  # fmt: skip


@pytest.mark.parametrize("one", LAYERS, ids=lambda one: one["class_name"])
def test_layers_come_from_keras_configurations(one: dict[str, Any]) -> None:
    layer = serialization.deserialize(one)
    assert type(layer) is getattr(layers, one["class_name"])
    assert (layer.name, layer.dtype) == (one["config"]["name"], "float32")
    assert layer(np.ones((2, 9, 3), "float32")).shape[:2] == (2, 9)
    again = serialization.deserialize(serialization.serialize(layer))
    assert serialization.serialize(again) == serialization.serialize(layer)


def test_settings_arrive() -> None:
    layer = serialization.deserialize(LAYERS[0])
    assert layer.recurrent_regularizer.l2 == 0.01
    assert layer.recurrent_constraint.max_value == 2.0
    assert (layer.dropout, layer.return_sequences) == (0.1, True)


def test_classes_that_the_package_does_not_have_are_refused() -> None:
    with pytest.raises(ValueError, match="unknown class 'Conv3D'; did you mean 'Conv2D'"):
        serialization.deserialize(described("layers", "Conv3D", filters=2))
    with pytest.raises(ValueError, match="unknown class 'system'"):
        serialization.deserialize({"module": "keras.os", "class_name": "system", "config": {}})
