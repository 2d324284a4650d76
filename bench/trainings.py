"""The experiments: one row a training on real data, read by every side so that all train the same network alike.

A network is a tuple of layers in Keras's words, (name of the class, positional arguments, named arguments). Its weights
begin with the same values on every side, and its batches come in the same order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Layer = tuple[str, tuple[Any, ...], dict[str, Any]]

WORDS, LENGTH = 10_000, 500
RELU, SIGMOID = {"activation": "relu"}, {"activation": "sigmoid"}


@dataclass(frozen=True)
class Training:
    """One experiment.

    Attributes:
        name: of the experiment.
        summary: one line for people.
        data: a name in experiments.DATA.
        input_shape, input_dtype: of one example.
        layers: the network.
        loss, optimizer, options: as `compile` takes them; options are the optimizer's.
        epochs, seeds: of recurra's runs.
        peer_epochs: of the peers' runs, which have the first seed.
        batch_size: examples a batch.
        stated_epochs: how many the classic text gives it, where that is fewer.
        goal: accuracy wanted, on `goal_part`.
    """

    name: str
    summary: str
    data: str
    input_shape: tuple[int, ...]
    input_dtype: str
    layers: tuple[Layer, ...]
    loss: str
    optimizer: str
    options: dict[str, Any]
    epochs: int
    peer_epochs: dict[str, int]
    seeds: int = 3
    batch_size: int = 128
    stated_epochs: int | None = None
    goal: float | None = None
    goal_part: str = "validation"


_DIGITS: tuple[Layer, ...] = (
    ("Conv2D", (32, (3, 3)), RELU),
    ("Conv2D", (64, (3, 3)), RELU),
    ("MaxPooling2D", ((2, 2),), {}),
    ("Dropout", (0.25,), {}),
    ("Flatten", (), {}),
    ("Dense", (128,), RELU),
    ("Dropout", (0.25,), {}),
    ("Dense", (10,), {"activation": "softmax"}),
)


def _digits(name: str, rate: float, momentum: float, **more: Any) -> Training:
    return Training(
        name,
        f"two Conv2D, pooling, two Dense, dropout; SGD {rate:g}, momentum {momentum:g}",
        "digits",
        (28, 28, 1),
        "float32",
        _DIGITS,
        "categorical_crossentropy",
        "SGD",
        {"learning_rate": rate, "momentum": momentum},
        **more,
    )


# The last layer of the convolutional network of reviews has a sigmoid, which the classic listing forgets.
TRAININGS = (
    Training(
        "imdb_lstm",
        "Embedding(10000, 32), LSTM(32), Dense(1); RMSprop 1e-3",
        "reviews",
        (LENGTH,),
        "int32",
        (("Embedding", (WORDS, 32), {}), ("LSTM", (32,), {}), ("Dense", (1,), SIGMOID)),
        "binary_crossentropy",
        "RMSprop",
        {"learning_rate": 1e-3},
        epochs=10,
        peer_epochs={"torch": 4, "keras": 10},
        goal=0.86,
    ),
    Training(
        "imdb_conv",
        "Embedding(10000, 128), Conv1D(32, 7), MaxPooling1D(5), Conv1D(32, 7), global maximum, Dense(1); RMSprop 1e-4",
        "reviews",
        (LENGTH,),
        "int32",
        (
            ("Embedding", (WORDS, 128), {}),
            ("Conv1D", (32, 7), RELU),
            ("MaxPooling1D", (5,), {}),
            ("Conv1D", (32, 7), RELU),
            ("GlobalMaxPooling1D", (), {}),
            ("Dense", (1,), SIGMOID),
        ),
        "binary_crossentropy",
        "RMSprop",
        {"learning_rate": 1e-4},
        epochs=15,
        peer_epochs={"torch": 3, "keras": 12},
        stated_epochs=10,
        goal=0.85,
    ),
    Training(
        "imdb_bow",
        "which of 10000 words occur, Dense(16) twice, Dense(1); RMSprop 1e-3",
        "bags",
        (WORDS,),
        "float32",
        (("Dense", (16,), RELU), ("Dense", (16,), RELU), ("Dense", (1,), SIGMOID)),
        "binary_crossentropy",
        "RMSprop",
        {"learning_rate": 1e-3},
        epochs=10,
        peer_epochs={"torch": 4, "keras": 4},
    ),
    # Learning rate and momentum of mnist_cnn are those of these four that do best on the validation part.
    _digits("mnist_cnn_choice_1", 0.01, 0.0, epochs=2, peer_epochs={}, seeds=1),
    _digits("mnist_cnn_choice_2", 0.1, 0.0, epochs=2, peer_epochs={}, seeds=1),
    _digits("mnist_cnn_choice_3", 0.01, 0.9, epochs=2, peer_epochs={}, seeds=1),
    _digits("mnist_cnn_choice_4", 0.05, 0.9, epochs=2, peer_epochs={}, seeds=1),
    _digits(
        "mnist_cnn", 0.05, 0.9, epochs=12, peer_epochs={"torch": 2, "keras": 2}, seeds=1, goal=0.985, goal_part="test"
    ),
)
BY_NAME = {training.name: training for training in TRAININGS}
