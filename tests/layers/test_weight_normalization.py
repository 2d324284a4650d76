"""Weight normalisation around layers: the value, the start, gradients, files, copies, and what is refused."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import recurra
from recurra import Tensor, layers
from recurra.gradient_check import check_gradients
from recurra.layers.masks import attach_mask, mask_of
from tests.support.layer_examination import examine

WRAPPED = {
    "dense": (lambda dtype: layers.Dense(4, activation="tanh", dtype=dtype), (3, 5)),
    "dense of sequences": (lambda dtype: layers.Dense(4, dtype=dtype), (2, 3, 5)),
    "conv1d": (lambda dtype: layers.Conv1D(4, 3, padding="causal", dilation_rate=2, dtype=dtype), (2, 7, 3)),
    "conv1d of groups": (lambda dtype: layers.Conv1D(4, 2, groups=2, dtype=dtype), (2, 7, 6)),
    "conv2d": (lambda dtype: layers.Conv2D(3, (2, 3), dtype=dtype), (2, 4, 5, 2)),
    "transpose": (lambda dtype: layers.Conv1DTranspose(4, 3, strides=2, dtype=dtype), (2, 5, 3)),
    "depthwise": (lambda dtype: layers.DepthwiseConv1D(3, depth_multiplier=2, dtype=dtype), (2, 7, 3)),
}
AXES = {"transpose": (0, 2), "depthwise": (0,)}


@pytest.mark.parametrize("name", WRAPPED)
def test_layers_pass_the_examination(name: str, tmp_path: Path) -> None:
    make, shape = WRAPPED[name]
    examine(
        lambda dtype: layers.WeightNormalization(make(dtype), dtype=dtype),
        shape,
        weight_names=["kernel_scale", "kernel", "bias"],
        tmp_path=tmp_path,
    )


@pytest.mark.parametrize("name", WRAPPED)
def test_the_kernel_has_the_lengths_of_the_scale(name: str, rng: np.random.Generator) -> None:
    make, shape = WRAPPED[name]
    x = rng.normal(size=shape)
    plain = make("float64")
    before = plain(x).numpy()
    layer = layers.WeightNormalization(plain, dtype="float64")
    np.testing.assert_array_equal(layer(x).numpy(), before)  # g starts as the lengths
    layer.kernel_scale.assign(rng.uniform(0.5, 2, layer.kernel_scale.shape))
    v = plain.kernel.numpy()
    axes = AXES.get(name, tuple(range(v.ndim - 1)))
    kernel = v / np.sqrt((v**2).sum(axis=axes, keepdims=True)) * layer.kernel_scale.numpy()
    np.testing.assert_allclose(layer.normalized_kernel().numpy(), kernel, rtol=1e-14)
    other = make("float64")
    other.build(shape)
    other.set_weights([kernel, plain.bias.numpy()])
    np.testing.assert_allclose(layer(x).numpy(), other(x).numpy(), rtol=1e-12, atol=1e-14)
    np.testing.assert_array_equal(plain.kernel.numpy(), v)


def test_the_length_of_the_direction_has_no_influence(rng: np.random.Generator) -> None:
    x = rng.normal(size=(3, 5))
    layer = layers.WeightNormalization(layers.Dense(4, dtype="float64"), dtype="float64")
    before = layer(x)
    before.backward(Tensor(rng.normal(size=before.shape)))
    v = layer.layer.kernel
    np.testing.assert_allclose((v.grad.numpy() * v.numpy()).sum(axis=0), 0, atol=1e-14)
    v.assign(v.numpy() * [0.5, 3.0, 10.0, 1e-3])
    np.testing.assert_allclose(layer(x).numpy(), before.numpy(), rtol=1e-13)


def test_gradients_of_scale_and_direction(rng: np.random.Generator) -> None:
    layer = layers.WeightNormalization(layers.Conv1D(3, 2, dtype="float64"), dtype="float64")
    x = rng.normal(size=(2, 5, 4))
    layer(x)
    check_gradients(lambda x, *_: layer(x), x, *layer.trainable_variables)


def test_training_changes_scale_direction_and_bias(rng: np.random.Generator) -> None:
    model = recurra.Sequential([recurra.Input((5,)), layers.WeightNormalization(layers.Dense(1))])
    model.compile(recurra.optimizers.Adam(0.05), "mse")
    before = model.get_weights()
    x = rng.normal(size=(64, 5)).astype("float32")
    y = x @ np.arange(5.0, dtype="float32")[:, None] + 1
    history = model.fit(x, y, epochs=60, verbose=0)
    assert history.history["loss"][-1] < 0.01 * history.history["loss"][0]
    for old, new in zip(before, model.get_weights(), strict=True):
        assert not np.array_equal(old, new)


def test_masks_reach_the_layer_and_come_out_as_it_says() -> None:
    seen: list[Any] = []

    class Masked(layers.Layer):
        def build(self, input_shape: Any) -> None:
            self.kernel = self.add_weight((input_shape[-1], 2), name="kernel")
            self.supports_masking = True

        def call(self, inputs: Any, mask: Any = None, training: bool = False) -> Any:
            seen.append((mask, training))
            self.add_loss(recurra.ops.sum(self.kernel))
            return recurra.ops.matmul(inputs, self.kernel)

    x, mask = Tensor(np.ones((2, 3, 4), "float32")), Tensor(np.array([[True, True, False]] * 2))
    attach_mask(x, mask)
    layer = layers.WeightNormalization(Masked())
    output = layer(x, training=True)
    assert seen == [(mask, True)]
    assert mask_of(output) is mask
    assert len(layer.losses) == 1
    with pytest.warns(UserWarning, match=r"\(Conv1D\) got an input with a mask but does not support masking"):
        hidden = layers.WeightNormalization(layers.Conv1D(2, 1))(x)
    assert mask_of(hidden) is None


def test_a_failing_call_leaves_the_layer_with_its_kernel() -> None:
    layer = layers.WeightNormalization(layers.Conv1D(2, 3))
    layer(np.ones((1, 5, 2), "float32"))
    kernel = layer.layer.kernel
    with pytest.raises(ValueError, match="conv1d"):
        layer(np.ones((1, 5, 3), "float32"))
    assert layer.layer.kernel is kernel


def test_threads_share_a_layer(rng: np.random.Generator) -> None:
    layer = layers.WeightNormalization(layers.Conv1D(16, 3))
    x = rng.normal(size=(8, 200, 16)).astype("float32")
    layer(x)
    layer.kernel_scale.assign(3 * layer.kernel_scale.numpy())
    expected = layer(x).numpy()
    wrong = []

    def work() -> None:
        wrong.extend(n for n in range(20) if not np.array_equal(layer(x).numpy(), expected))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_inference_follows_the_weights() -> None:
    model = recurra.Sequential([recurra.Input((3,)), layers.WeightNormalization(layers.Dense(2))])
    x = np.ones((4, 3), "float32")
    first, again = model.predict(x, verbose=0), model.predict(x, verbose=0)
    np.testing.assert_array_equal(first, again)
    model.layers[-1].kernel_scale.assign(2 * model.layers[-1].kernel_scale.numpy())
    np.testing.assert_allclose(model.predict(x, verbose=0), 2 * first, rtol=1e-6)


def test_freezing() -> None:
    layer = layers.WeightNormalization(layers.Dense(2), trainable=False)
    layer.build((None, 3))
    assert layer.trainable_weights == []
    layer.trainable = True
    assert [weight.name for weight in layer.trainable_weights] == ["kernel_scale", "kernel", "bias"]


def test_what_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^WeightNormalization: expected a layer, got int"):
        layers.WeightNormalization(3)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"expected a layer with a weight 'kernel'.*got Flatten"):
        layers.WeightNormalization(layers.Flatten()).build((None, 3, 2))
    with pytest.raises(ValueError, match=r"got GRU; recurrent layers take weight_normalization=True"):
        layers.WeightNormalization(layers.GRU(2)).build((None, 3, 2))
    with pytest.raises(ValueError, match=r"column of the kernel holds only zeros.*'glorot_uniform'"):
        layers.WeightNormalization(layers.Dense(2, kernel_initializer="zeros")).build((None, 3))
    with pytest.raises(ValueError, match="has no kernel yet"):
        layers.WeightNormalization(layers.Dense(2)).normalized_kernel()


def test_columns_that_become_zero_stay_finite() -> None:
    layer = layers.WeightNormalization(layers.Dense(2))
    layer.build((None, 3))
    layer.set_weights([np.ones(2), np.array([[1.0, 0], [2, 0], [3, 0]]), np.zeros(2)])
    output = layer(np.ones((1, 3), "float32"))
    output.backward(Tensor(np.ones((1, 2), "float32")))
    assert np.isfinite(output.numpy()).all()
    assert all(np.isfinite(weight.grad.numpy()).all() for weight in layer.weights)
