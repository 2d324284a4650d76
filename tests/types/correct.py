"""A program of common uses, of which a type checker has nothing to say."""

from __future__ import annotations

import numpy as np

import recurra
from recurra import layers

x = np.zeros((32, 10, 3), dtype="float32")
y = np.zeros((32, 1), dtype="float32")

model = recurra.Sequential(
    [
        recurra.Input((10, 3)),
        layers.Bidirectional(layers.LSTM(8, return_sequences=True)),
        layers.GRU(8, dropout=0.1, kernel_regularizer=recurra.regularizers.L2(1e-4)),
        layers.Dense(1),
    ]
)
model.compile(optimizer=recurra.optimizers.Adam(1e-3), loss="mae", metrics=["mse"])
history = model.fit(
    x,
    y,
    epochs=2,
    batch_size=16,
    validation_split=0.25,
    callbacks=[recurra.callbacks.EarlyStopping(patience=2)],
)
losses: list[float] = history.history["loss"]
model.save("model.safetensors")
again = recurra.models.load_model("model.safetensors")
again.summary()
forecasts: np.ndarray = again.predict(x)
figures: dict[str, float] = again.evaluate(x, y, return_dict=True)
loss, mse = again.evaluate(x, y)
history.plot("losses.png")

words = recurra.Input((None,), dtype="int32")
hidden = layers.Embedding(100, 8, mask_zero=True)(words)
scores = layers.Dense(2, activation="softmax")(layers.LSTM(8)(hidden))
classifier = recurra.Model(words, scores)
classifier.compile("rmsprop", "sparse_categorical_crossentropy", metrics=["accuracy"])

recurra.random.set_seed(0)
recurra.set_num_threads(2)
tensor: recurra.Tensor = recurra.ops.tanh(recurra.Tensor(x))
with recurra.no_grad():
    recurra.ops.sum(tensor)


class Doubled(recurra.Layer):
    """A layer of a user."""

    def call(self, inputs: recurra.Tensor) -> recurra.Tensor:
        """Twice the input."""
        return inputs * 2.0
