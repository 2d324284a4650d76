"""Two directions run at the same time: each gives what it gives alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from recurra import Tensor, layers, num_threads, ops, set_num_threads
from recurra.saving import register_serializable
from recurra.tree import flatten


@register_serializable()
def half_tanh(x: Tensor) -> Tensor:
    return ops.tanh(x) * 0.5


ROWS, STEPS, FEATURES = 5, 6, 3
KINDS: dict[str, Any] = {
    "gru": lambda **options: layers.GRU(7, **options),
    "lstm": lambda **options: layers.LSTM(40, **options),
    "team": lambda **options: layers.LSTM(200, **options),
    "batch_normalised": lambda **options: layers.GRU(4, normalization="batch", **options),
    "linear": lambda **options: layers.MinGRU(4, **options),
    "own_activation": lambda **options: layers.GRU(4, activation=half_tanh, **options),
}


def inputs(rows: int = ROWS) -> Tensor:
    return Tensor(np.random.default_rng(1).standard_normal((rows, STEPS, FEATURES)).astype(np.float32))


def mask(rows: int = ROWS) -> Tensor:
    return Tensor(np.random.default_rng(2).random((rows, STEPS)) < 0.7)


def everything(run: Any, both: Any, start: list[np.ndarray]) -> list[np.ndarray]:
    """Outputs, the gradients of a weighted sum of them, and moving statistics."""
    both.set_weights(start)
    x = inputs().clone()
    x.requires_grad = True
    for weight in both.trainable_weights:
        weight.grad = None
    outputs = run(x)
    draw = np.random.default_rng(3)
    total = 0.0
    for output in outputs:
        total = total + ops.sum(output * draw.standard_normal(output.shape).astype(np.float32))
    total.backward()
    gradients = [weight.grad for weight in both.trainable_weights]
    return [np.array(one.numpy()) for one in (*outputs, x.grad, *gradients, *both.non_trainable_weights)]


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_both_give_what_each_gives_alone(kind: str, threads: int) -> None:
    before = num_threads()
    both = layers.Bidirectional(KINDS[kind](return_sequences=True, return_state=True), merge_mode=None)
    both(inputs())
    forward, backward = both.forward_layer, both.backward_layer
    start = both.get_weights()
    keep = mask()

    def alone(x: Tensor) -> list[Tensor]:
        first, *states = forward(x, mask=keep, training=True)
        second, *others = backward(x, mask=keep, training=True)
        return [first, ops.flip(second, axis=1), *states, *others]

    set_num_threads(threads)
    try:
        together = everything(lambda x: flatten(both(x, mask=keep, training=True)), both, start)
        for one, other in zip(together, everything(alone, both, start), strict=True):
            np.testing.assert_array_equal(one, other)
    finally:
        set_num_threads(before)


def test_penalties_are_of_the_outputs() -> None:
    both = layers.Bidirectional(layers.GRU(4, activity_regularizer="l2"), merge_mode=None)
    outputs = both(inputs())
    expected = [0.01 * np.square(output.numpy()).sum() / ROWS for output in outputs]
    np.testing.assert_allclose([loss.item() for loss in both.losses], expected, rtol=1e-6)


def test_one_direction_may_be_frozen() -> None:
    both = layers.Bidirectional(layers.GRU(4))
    x = inputs()
    both(x)
    both.forward_layer.trainable = False
    ops.sum(both(x) * both(x)).backward()
    assert all(weight.grad is None for weight in both.forward_layer.weights)
    assert all(np.abs(weight.grad.numpy()).sum() > 0 for weight in both.backward_layer.weights)


def test_an_error_in_one_direction_leaves_both_usable() -> None:
    both = layers.Bidirectional(layers.GRU(4))
    x = inputs()
    expected = both(x).numpy()
    states = [Tensor(np.zeros((ROWS, width), np.float32)) for width in (4, 5)]
    with pytest.raises(ValueError, match="initial state"):
        both(x, initial_state=states)
    np.testing.assert_array_equal(both(x).numpy(), expected)


def test_many_rows_over_an_embedding() -> None:
    """The gradient of the table comes from both directions at once."""
    tokens = np.random.default_rng(4).integers(0, 50, (40, 30)).astype(np.int32)
    table = layers.Embedding(50, 8)
    both = layers.Bidirectional(layers.GRU(6), merge_mode=None)
    both(table(tokens))
    weights = [*table.weights, *both.weights]
    gradients = []
    for run in (both, lambda x: (both.forward_layer(x), both.backward_layer(x))):
        for weight in weights:
            weight.grad = None
        first, second = run(table(tokens))
        (ops.sum(first * first) + ops.sum(second)).backward()
        gradients.append([np.array(weight.grad.numpy()) for weight in weights])
    for one, other in zip(*gradients, strict=True):
        np.testing.assert_array_equal(one, other)
