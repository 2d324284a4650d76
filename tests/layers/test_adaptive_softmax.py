"""Adaptive softmax: probabilities against full enumeration, gradients, clusters without targets, bad input."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import recurra
from recurra import layers, ops
from recurra.gradient_check import check_gradients
from recurra.tensor import Tensor


def made(dtype: str = "float64", **options: Any) -> layers.AdaptiveSoftmax:
    recurra.random.set_seed(3)
    layer = layers.AdaptiveSoftmax(**{"classes": 17, "cutoffs": [3, 8], "dtype": dtype, **options})
    layer.build((None, 8))
    rng = np.random.default_rng(1)
    layer.set_weights([rng.normal(size=weight.shape) for weight in layer.get_weights()])
    return layer


def softmax(z: np.ndarray) -> np.ndarray:
    powers = np.exp(z - z.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def test_widths_of_the_clusters() -> None:
    assert [weight.shape for weight in made().get_weights()] == [(8, 5), (8, 2), (2, 5), (8, 1), (1, 9)]
    assert [w.shape for w in made(div_value=2.0, head_bias=True).get_weights()] == [
        (8, 5), (5,), (8, 4), (4, 5), (8, 2), (2, 9),
    ]  # fmt: skip


def test_probabilities_are_those_of_full_enumeration_and_add_up_to_one() -> None:
    layer, h = made(), np.random.default_rng(0).normal(size=(4, 6, 8))
    found = np.exp(layer(h).numpy())
    head, first, first_tail, second, second_tail = layer.get_weights()
    of_head = softmax(h @ head)
    expected = np.concatenate(
        [
            of_head[..., :3],
            of_head[..., 3:4] * softmax(h @ first @ first_tail),
            of_head[..., 4:5] * softmax(h @ second @ second_tail),
        ],
        axis=-1,
    )
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    np.testing.assert_allclose(found.sum(axis=-1), 1.0, rtol=1e-12)


@pytest.mark.parametrize("classes", [[0, 2], [3, 7], [8, 16], [0, 16], [4, 9], [0, 4, 9, 16, 2, 12, 3]])
def test_losses_are_those_of_the_probabilities(classes: list[int]) -> None:
    layer, rng = made(), np.random.default_rng(0)
    h = rng.normal(size=(5, 7, 8))
    targets = rng.choice(classes, (5, 7))
    expected = -np.take_along_axis(layer(h).numpy(), targets[..., None], -1)[..., 0]
    np.testing.assert_allclose(layer(h, targets=targets).numpy(), expected, rtol=1e-12)


def test_gradients_of_losses() -> None:
    layer, rng = made(head_bias=True), np.random.default_rng(0)
    targets = rng.integers(0, 17, (3, 4))
    weights = layer.get_weights()

    def losses(h: Any, *values: Any) -> Any:
        names = ["head", "bias"]
        for name, value in zip(names, values[:2], strict=True):
            setattr(layer, name, value)
        layer.projections, layer.tails = [values[2], values[4]], [values[3], values[5]]
        return layer(h, targets=targets)

    check_gradients(losses, rng.normal(size=(3, 4, 8)), *weights)


def test_trains_on_rare_classes() -> None:
    recurra.random.set_seed(0)
    layer = layers.AdaptiveSoftmax(12, [2, 6], div_value=1.5)
    h, targets = np.eye(12, 16, dtype="float32"), np.arange(12)
    layer.build(h.shape)
    optimizer = recurra.optimizers.Adam(0.1)
    optimizer.build(layer.trainable_variables)
    for _ in range(60):
        optimizer.zero_gradients()
        loss = ops.mean(layer(h, targets=targets))
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.1
    assert (layer(h).numpy().argmax(-1) == targets).all()


@pytest.mark.parametrize(
    ("cutoffs", "words"),
    [
        ([], "cutoffs must be one or more integers"),
        ([0], "from 1 to 9"),
        ([10], r"\(classes=10\), got \[10\]"),
        ([4, 4], "that increase"),
        ([5, 2], "that increase"),
        ([2.5], "integers"),
        (3, "integers that increase"),
    ],
)
def test_bad_cutoffs(cutoffs: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        layers.AdaptiveSoftmax(10, cutoffs)


def test_bad_targets() -> None:
    layer, h = made("float32"), np.ones((2, 3, 8), "float32")
    with pytest.raises(ValueError, match=r"adaptive_softmax.*expected targets of shape \(2, 3\).*got \(2, 2\)"):
        layer(h, targets=np.zeros((2, 2), "int32"))
    with pytest.raises(ValueError, match=r"expected targets in 0, …, 16, got 17"):
        layer(h, targets=np.full((2, 3), 17))
    assert layer(Tensor(h), targets=np.full((2, 3), 16)).shape == (2, 3)
