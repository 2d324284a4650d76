"""Normalisation over groups and of vectors, padding and cropping of planes, against NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from recurra import layers

rng = np.random.default_rng(0)


def grouped(x, groups, epsilon=0.001):
    """Normalised over everything but batch and groups; the channels are the last axis."""
    parts = x.reshape(*x.shape[:-1], groups, -1)
    axes = (*range(1, x.ndim - 1), x.ndim)
    centred = parts - parts.mean(axes, keepdims=True)
    return (centred / np.sqrt(np.square(centred).mean(axes, keepdims=True) + epsilon)).reshape(x.shape)


@pytest.mark.parametrize("shape", [(3, 6), (2, 5, 6), (2, 3, 4, 6)])
@pytest.mark.parametrize("groups", [1, 2, 6])
def test_groups(shape, groups):
    x = rng.normal(2.0, 3.0, size=shape)
    layer = layers.GroupNormalization(groups, dtype="float64")
    np.testing.assert_allclose(layer(x).numpy(), grouped(x, groups), rtol=1e-12, atol=1e-12)
    gamma, beta = rng.normal(size=6), rng.normal(size=6)
    layer.set_weights([gamma, beta])
    np.testing.assert_allclose(layer(x).numpy(), grouped(x, groups) * gamma + beta, rtol=1e-12, atol=1e-12)


def test_groups_of_another_axis():
    x = rng.normal(size=(2, 6, 4, 3))
    first = layers.GroupNormalization(3, axis=1, dtype="float64")(x).numpy()
    np.testing.assert_allclose(first, np.moveaxis(grouped(np.moveaxis(x, 1, -1), 3), -1, 1), rtol=1e-12, atol=1e-12)
    instances = layers.GroupNormalization(-1, dtype="float64")(x).numpy()
    np.testing.assert_allclose(instances, grouped(x, 3), rtol=1e-12, atol=1e-12)


def test_masked_steps_do_not_count_in_groups():
    x = rng.normal(size=(2, 5, 4))
    mask = np.arange(5) < np.array([[3], [5]])
    whole = np.where(mask[..., None], x, np.nan)
    y = layers.GroupNormalization(2, dtype="float64")(whole, mask=mask).numpy()
    np.testing.assert_allclose(y[0, :3], grouped(x[:1, :3], 2)[0], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(y[1], grouped(x[1:], 2)[0], rtol=1e-12, atol=1e-12)


def test_groups_that_do_not_divide_the_channels():
    with pytest.raises(ValueError, match="groups must divide the channels, got 32 groups of 6 channels"):
        layers.GroupNormalization()(np.ones((2, 6)))
    with pytest.raises(ValueError, match="axis must name an axis behind the batch, got 0"):
        layers.GroupNormalization(1, axis=0)(np.ones((2, 6)))


def test_unit_vectors():
    x = rng.normal(size=(3, 4, 5))
    y = layers.UnitNormalization(dtype="float64")(x).numpy()
    np.testing.assert_allclose(y, x / np.linalg.norm(x, axis=-1, keepdims=True), rtol=1e-12)
    y = layers.UnitNormalization([1, 2], dtype="float64")(x).numpy()
    np.testing.assert_allclose(y, x / np.linalg.norm(x.reshape(3, -1), axis=-1)[:, None, None], rtol=1e-12)
    assert not layers.UnitNormalization()(np.zeros((2, 3))).numpy().any()
    with pytest.raises(ValueError, match="axis must name axes behind the batch, got 3"):
        layers.UnitNormalization(3)(x)


def test_padding_and_cropping_of_planes():
    x = rng.normal(size=(2, 5, 6, 3)).astype("float32")
    sides = ((1, 2), (0, 3))
    wide = np.pad(x, ((0, 0), *sides, (0, 0)))
    np.testing.assert_array_equal(layers.ZeroPadding2D(sides)(x).numpy(), wide)
    np.testing.assert_array_equal(layers.Cropping2D(sides)(wide).numpy(), x)
    first = np.moveaxis(x, -1, 1)
    padded = layers.ZeroPadding2D((1, 2), data_format="channels_first")(first).numpy()
    np.testing.assert_array_equal(padded, np.pad(first, ((0, 0), (0, 0), (1, 1), (2, 2))))
    cropped = layers.Cropping2D(1, data_format="channels_first")(first).numpy()
    np.testing.assert_array_equal(cropped, first[:, :, 1:-1, 1:-1])
    with pytest.raises(ValueError, match="leaves nothing of a plane of shape"):
        layers.Cropping2D((1, 3))(x)
    with pytest.raises(ValueError, match="ZeroPadding2D: padding must be an integer, "):
        layers.ZeroPadding2D((1, 2, 3))
