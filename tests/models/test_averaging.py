"""Averages of weights: the trigger, what is averaged, evaluated and saved."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import recurra
from recurra.callbacks import AveragedWeights


class Steps(recurra.callbacks.Callback):
    """The weights that the optimizer reached in each step, and those that the model shows behind it."""

    def __init__(self, average: AveragedWeights) -> None:
        super().__init__()
        self.average = average
        self.reached: list[float] = []
        self.shown: list[float] = []

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        own = self.average._own
        shown = float(self.model.get_weights()[0].item())
        self.reached.append(shown if own is None else float(own.numpy()[0]))
        self.shown.append(shown)


def trained(average: AveragedWeights | None, epochs: int, **options: Any) -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(12, 1)).astype("float32")
    y = 2 * x + rng.normal(size=(12, 1)).astype("float32")
    model = recurra.Sequential(
        [recurra.Input((1,)), recurra.layers.Dense(1, use_bias=False, kernel_initializer="ones")]
    )
    model.compile(recurra.optimizers.SGD(0.2), "mse")
    steps = None if average is None else Steps(average)
    callbacks = [] if average is None else [average, steps]
    model.fit(x, y, batch_size=4, epochs=epochs, shuffle=False, callbacks=callbacks, verbose=0, **options)
    return model, steps


def test_the_mean_of_the_steps_is_shown_and_the_steps_go_on_from_their_own_weights() -> None:
    _, steps = trained(AveragedWeights(start_epoch=3), 5)
    plain = []
    for epochs in range(1, 6):
        model, _ = trained(None, epochs)
        plain.append(float(model.get_weights()[0].item()))
    np.testing.assert_allclose(steps.reached[2::3], plain, rtol=1e-6)
    np.testing.assert_array_equal(steps.shown[:6], steps.reached[:6])
    means = np.cumsum(steps.reached[6:]) / np.arange(1, 10)
    np.testing.assert_allclose(steps.shown[6:], means, rtol=1e-6)


@pytest.mark.parametrize(
    ("figures", "patience", "begins"),
    [
        ([5, 4, 3, 4, 3.5, 3.2, 6], 2, 6),
        ([5, 4, 3, 4, 3.5, 3.2, 6], 0, 4),
        ([5, 4, 3, 2, 1, 6], 5, None),
        ([5, 4, 3, 2, 1, 1, 6], 5, 7),
        ([3, 4, 4, 2, 2, 2, 3.5], 5, 7),
        ([3, 4, 4, 2, 2, 2, 2.5], 5, None),
    ],
)
def test_begins_when_a_figure_is_worse_than_the_best_but_the_last_ones(
    figures: list[float], patience: int, begins: int | None
) -> None:
    average = AveragedWeights(patience=patience)
    found = None
    for epoch, figure in enumerate(figures, start=1):
        average.on_epoch_end(epoch - 1, {"val_loss": figure})
        if average.averages and found is None:
            found = epoch
    assert found == begins


def test_the_figure_must_exist() -> None:
    with pytest.raises(ValueError, match="there is no figure 'val_loss', there are loss; give validation data"):
        trained(AveragedWeights(), 1)
