"""A training in Keras's vocabulary, by Keras or by recurra: only the library differs."""

from __future__ import annotations

from typing import Any

import numpy as np

from bench.trainings import Training

Array = np.ndarray[Any, Any]


def build(library: Any, training: Training) -> Any:
    """The compiled model of an experiment; `library` is the module keras or recurra."""
    layers = library.layers
    model = library.Sequential([layers.Input(training.input_shape, dtype=training.input_dtype)])
    for name, arguments, options in training.layers:
        model.add(getattr(layers, name)(*arguments, **options))
    optimizer = getattr(library.optimizers, training.optimizer)(**training.options)
    model.compile(optimizer=optimizer, loss=training.loss, metrics=["acc"])
    return model


class Network:
    """What sides/training.py asks for."""

    def __init__(self, library: Any, training: Training, weights: list[Array]) -> None:
        self.batch_size = training.batch_size
        self.model = build(library, training)
        self.set_weights(weights)

    def epoch(self, x: Array, y: Array) -> tuple[float, float]:
        """Trains on the batches of (x, y) in their order; loss and accuracy on the way."""
        figures = self.model.fit(x, y, batch_size=self.batch_size, epochs=1, shuffle=False, verbose=0).history
        return float(figures["loss"][0]), float(figures["acc"][0])

    def judge(self, x: Array, y: Array) -> tuple[float, float]:
        """Loss and accuracy, without dropout."""
        loss, accuracy = self.model.evaluate(x, y, batch_size=self.batch_size, verbose=0)
        return float(loss), float(accuracy)

    def get_weights(self) -> list[Array]:
        return [np.array(weight) for weight in self.model.get_weights()]

    def set_weights(self, weights: list[Array]) -> None:
        self.model.set_weights(weights)
