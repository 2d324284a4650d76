"""Models that are stored as files of Keras, built alike from Keras's names and from recurra's."""

from __future__ import annotations

from typing import Any

import numpy as np


def texts(keras: Any) -> Any:
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((6,), dtype="int32"),
            layers.Embedding(9, 4, mask_zero=True),
            layers.Bidirectional(layers.LSTM(3, return_sequences=True), merge_mode="ave"),
            layers.Dropout(0.25),
            layers.GRU(2, reset_after=False, kernel_regularizer="l2"),
            layers.Dense(3, activation="softmax"),
        ],
        name="texts",
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def graph(keras: Any) -> Any:
    layers = keras.layers
    first, second = keras.Input((5, 3), name="first"), keras.Input((5, 3), name="second")
    shared = layers.GRU(4, return_sequences=True, name="shared")
    x = layers.Concatenate()([shared(first), shared(second)])
    x = layers.RNN([layers.LSTMCell(3), layers.GRUCell(2)], return_sequences=True)(x)
    x = layers.TimeDistributed(layers.Dense(3, activation="relu"))(x)
    inner = keras.Sequential([keras.Input((5, 3)), layers.SimpleRNN(3), layers.BatchNormalization()], name="inner")
    attended = layers.MultiHeadAttention(2, 3)(x, x)
    last = inner(attended) * 2.0 + attended[:, -1]
    return keras.Model([first, second], {"all": attended, "last": layers.Dense(1)(last)})


def masked(keras: Any) -> Any:
    layers = keras.layers
    signals, words = keras.Input((5, 2)), keras.Input((5,), dtype="int32")
    read = layers.LSTM(3, return_sequences=True, return_state=True)(layers.Masking(0.0)(signals))
    embedded = layers.Embedding(6, 3, mask_zero=True)(words)
    both = layers.Bidirectional(layers.GRU(2))(embedded)
    started = layers.GRU(3)(keras.ops.copy(read[0]), initial_state=read[1])
    return keras.Model([signals, words], [started, both])


def started(keras: Any) -> Any:
    """A layer that Keras gives no mask, since it gets an initial state."""
    layers = keras.layers
    signals = keras.Input((5, 2))
    read = layers.LSTM(3, return_sequences=True, return_state=True)(layers.Masking(0.0)(signals))
    return keras.Model(signals, layers.GRU(3)(read[0], initial_state=read[1]))


def convolutions(keras: Any) -> Any:
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((12, 3)),
            layers.Conv1D(4, 3, padding="causal", dilation_rate=2, activation="relu"),
            layers.LayerNormalization(),
            layers.SeparableConv1D(5, 3, padding="same"),
            layers.PReLU(shared_axes=[1]),
            layers.MaxPooling1D(2),
            layers.Flatten(),
            layers.Dense(2),
        ],
        name="convolutions",
    )


def train_on(model: Any) -> Any:
    """The model after three more steps."""
    draws = np.random.default_rng(9)
    x, y = draws.normal(size=(6, 4, 2)).astype("float32"), draws.normal(size=(6, 1)).astype("float32")
    model.fit(x, y, epochs=3, batch_size=6, shuffle=False, verbose=0)
    return model


def trained(keras: Any) -> Any:
    """A model whose file has the state of an optimizer that has made a step."""
    model = keras.Sequential([keras.Input((4, 2)), keras.layers.SimpleRNN(3), keras.layers.Dense(1)], name="trained")
    model.compile(keras.optimizers.Adam(0.01), keras.losses.MeanSquaredError())
    model.fit(np.ones((2, 4, 2), "float32"), np.ones((2, 1), "float32"), verbose=0)
    return model


MODELS = {one.__name__: one for one in (texts, graph, masked, convolutions, trained)}


def fill(model: Any) -> None:
    """Gives a model weights that are all different, none of them negative."""
    draws = np.random.default_rng(7)
    model.set_weights([draws.uniform(0, 0.6, size=one.shape).astype("float32") for one in model.get_weights()])


def inputs(model: Any) -> list[np.ndarray]:
    """Inputs for a batch of three, with words and steps of zeros at the ends."""
    draws = np.random.default_rng(8)
    made = []
    for tensor in model.inputs:
        shape = (3, *tensor.shape[1:])
        words = "int" in str(tensor.dtype)
        x = draws.integers(1, 6, shape).astype("int32") if words else draws.normal(size=shape).astype("float32")
        x[1, -2:] = 0
        made.append(x)
    return made


def outputs(model: Any, x: list[np.ndarray]) -> dict[str, np.ndarray]:
    """What a model predicts, by the key or the place of the output."""
    y = model.predict(x if len(x) > 1 else x[0], verbose=0)
    named = y.items() if isinstance(y, dict) else enumerate(y if isinstance(y, list) else [y])
    return {str(name): np.asarray(value) for name, value in named}
