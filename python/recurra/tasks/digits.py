"""Sequential and permuted MNIST: a digit is read pixel by pixel, 784 steps, and named at the end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

import recurra
from recurra.tasks.paper import NetworkSettings, optimizer, sequence_layers, table_1
from recurra.tasks.task import Data, Metric, Task, setting

PIXELS = 28 * 28
MEAN, SPREAD = 0.1307, 0.3081  # of the training images


@dataclass(frozen=True)
class DigitsSettings(NetworkSettings):
    """Settings of both tasks."""

    epochs: int = setting(20, "how often the training data are seen", least=0)
    batch_size: int = setting(64, "images a step")
    filters: int = setting(25, "tcn: channels of a level")
    kernel_size: int = setting(7, "tcn: steps that a kernel covers")
    decay_every: int = setting(10, "epochs after which the learning rate is divided by 10, again and again")
    held_out: int = setting(5000, "training images kept for the validation", most=59_999)
    images: int = setting(None, "of the training, from the first on; none: all that are left", kind=int)


class SequentialDigits(Task):
    """Pixels row by row, as numbers with mean 0 and variance 1; the answer is read from the last step."""

    settings_class = DigitsSettings
    models: ClassVar = {
        "tcn": {},
        "lstm": {"units": 130, "clip": 1.0, "optimizer": "rmsprop", "learning_rate": 1e-3},
        "gru": {"units": 149, "clip": 1.0, "optimizer": "rmsprop", "learning_rate": 1e-3},
        "rnn": {"units": 257, "clip": 1.0, "optimizer": "rmsprop", "learning_rate": 1e-3},
    }
    metric = Metric("accuracy", "accuracy", lower_is_better=False)
    published = table_1(tcn=0.990, lstm=0.872, gru=0.962, rnn=0.215)
    goal: ClassVar = {"tcn": 0.985, "gru": 0.962}

    def order(self) -> Any:
        """The pixels in the order in which they are read."""
        return np.arange(PIXELS)

    def data(self, settings: DigitsSettings, seed: int) -> Data:
        """MNIST; the last training images are for the validation."""
        (images, labels), (test_images, test_labels) = recurra.datasets.mnist.load_data()
        x, x_test = (pixels(part, self.order()) for part in (images, test_images))
        y, y_test = labels.astype("int32"), test_labels.astype("int32")
        if settings.held_out >= len(x):
            raise ValueError(f"settings: held_out={settings.held_out} leaves none of {len(x)} images to train on")
        at = len(x) - settings.held_out
        used = at if settings.images is None else min(at, settings.images)
        return Data((x[:used], y[:used]), (x[at:], y[at:]), (x_test, y_test))

    def model(self, name: str, settings: DigitsSettings, data: Data) -> Any:
        """Scores of the ten digits."""
        model = recurra.Sequential(
            [
                recurra.Input((PIXELS, 1)),
                *sequence_layers(name, settings, return_sequences=False),
                recurra.layers.Dense(10),
            ]
        )
        loss = recurra.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(optimizer(settings), loss, metrics=["accuracy"])
        return model

    def callbacks(self, settings: DigitsSettings) -> list[Any]:
        """The learning rate by epoch."""

        def rate(epoch: int) -> float:
            return settings.learning_rate / 10.0 ** (epoch // settings.decay_every)

        return [recurra.callbacks.LearningRateScheduler(rate)]


class PermutedDigits(SequentialDigits):
    """Pixels in a random order, the same for all images and seeds; the answer is read from the last step."""

    models: ClassVar = {
        **SequentialDigits.models,
        "lstm": {**SequentialDigits.models["lstm"], "forget_bias": 10.0},
    }
    published = table_1(tcn=0.972, lstm=0.857, gru=0.873, rnn=0.253)
    goal: ClassVar = {"tcn": 0.965, "gru": 0.873}

    def order(self) -> Any:
        """The pixels in the order in which they are read."""
        return np.random.default_rng(1803).permutation(PIXELS)


def pixels(images: Any, order: Any) -> Any:
    """Images (count, 28, 28) as sequences (count, 784, 1)."""
    flat = images.reshape(len(images), PIXELS)[:, order].astype("float32")
    flat /= 255
    flat -= MEAN
    flat /= SPREAD
    return flat[:, :, None]
