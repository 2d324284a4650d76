"""Layers without recurrence: the examination of every row of the table, then what each promises beside its numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import recurra
from recurra import Tensor, layers, ops
from recurra.layers.masks import attach_mask, mask_of
from tests.support.layer_cases import CASES, LayerCase
from tests.support.layer_examination import examine


def randomly(*shape: int) -> np.ndarray:
    return np.random.default_rng(len(shape)).standard_normal(shape).astype(np.float32)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_examination(case: LayerCase, tmp_path: Path) -> None:
    def make(dtype: str) -> Any:
        return case.make(dtype=dtype, name="examined")

    def positive(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
        return rng.uniform(0.3, 1.5, shape)

    def apart(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:  # no kink near, no two maxima alike
        size = int(np.prod(shape))
        return (rng.permutation(size).reshape(shape) + 0.5 - size / 2) * (4 / size)

    kinked = "Pool" in case.layer or case.layer in ("Maximum", "Minimum", "PReLU")
    examine(
        make,
        list(case.shapes) if len(case.shapes) > 1 else case.shapes[0],
        input_dtype="int32" if case.vocabulary else "float32",
        inputs=(lambda shape, rng: rng.integers(0, case.vocabulary, shape).astype(np.int32))
        if case.vocabulary
        else apart
        if kinked
        else None,
        weights=positive if case.layer == "BatchNormalization" else None,
        training=True if case.training else None,
        tmp_path=tmp_path,
    )


# ---- convolution and pooling


@pytest.mark.parametrize(
    ("layer", "rank"),
    [
        (lambda form: layers.Conv1D(4, 3, strides=2, padding="same", data_format=form), 3),
        (lambda form: layers.Conv2D(4, (3, 2), data_format=form), 4),
        (lambda form: layers.DepthwiseConv1D(2, data_format=form), 3),
        (lambda form: layers.SeparableConv1D(4, 2, data_format=form), 3),
        (lambda form: layers.Conv1DTranspose(4, 3, strides=2, data_format=form), 3),
        (lambda form: layers.MaxPooling1D(2, data_format=form), 3),
        (lambda form: layers.AveragePooling2D((2, 3), data_format=form), 4),
        (lambda form: layers.GlobalMaxPooling1D(data_format=form, keepdims=True), 3),
        (lambda form: layers.GlobalAveragePooling2D(data_format=form, keepdims=True), 4),
        (lambda form: layers.GlobalAveragePooling1D(data_format=form), 3),
        (lambda form: layers.ZeroPadding1D((1, 2), data_format=form), 3),
    ],
)
def test_channels_first_is_channels_last_with_the_axes_moved(layer: Any, rank: int) -> None:
    x = randomly(*(2, 7, 6, 3)[4 - rank :]) if rank == 4 else randomly(2, 7, 3)
    last, first = layer("channels_last"), layer("channels_first")
    moved = Tensor(np.ascontiguousarray(np.moveaxis(x, -1, 1)))
    expected = last(Tensor(x)).numpy()
    first(moved)
    first.set_weights(last.get_weights())
    result = first(moved)
    assert tuple(first.compute_output_shape(moved.shape)) == result.shape
    expected = np.moveaxis(expected, -1, 1) if expected.ndim == rank else expected
    np.testing.assert_allclose(result.numpy(), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: layers.Conv1D(0, 3), "Conv1D: filters must be an integer >= 1, got 0"),
        (lambda: layers.Conv1D(4, 0), "Conv1D: kernel_size must be an integer from 1 to 16777216, got 0"),
        (lambda: layers.Conv1D(4, (3, 3)), "Conv1D: kernel_size must be an integer from 1 to 16777216, got"),
        (lambda: layers.Conv1D(4, 3, strides=0), "strides must be an integer from 1"),
        (lambda: layers.Conv1D(4, 3, strides=2, dilation_rate=2), "cannot be combined with dilation_rate > 1"),
        (lambda: layers.Conv1D(4, 3, padding="full"), "padding must be one of 'valid', 'same', 'causal', got 'full'"),
        (lambda: layers.Conv2D(4, 3, padding="causal"), "padding must be one of 'valid', 'same', got 'causal'"),
        (lambda: layers.Conv1D(4, 3, groups=3), "groups=3 must divide the number of filters, 4"),
        (lambda: layers.Conv1D(4, 3, data_format="last"), "data_format must be"),
        (lambda: layers.Conv1DTranspose(4, 3, strides=2, output_padding=2), "output_padding must be less than strides"),
        (lambda: layers.MaxPooling1D(2.5), "MaxPooling1D: pool_size must be an integer from 1 to 16777216, got 2.5"),
        (lambda: layers.MaxPooling2D((2, 0)), "MaxPooling2D: pool_size must be an integer or 2 integers from 1"),
        (lambda: layers.Embedding(0, 3), "Embedding: input_dim must be an integer >= 1"),
        (lambda: layers.BatchNormalization(epsilon=0), "epsilon must be a number > 0"),
        (lambda: layers.BatchNormalization(momentum=2), r"momentum must be a number in \[0, 1\]"),
        (lambda: layers.GaussianNoise(-1), "stddev must be a number >= 0"),
        (lambda: layers.GaussianDropout(1), "rate must be a number in \\[0, 1\\)"),
        (lambda: layers.AlphaDropout(1.5), r"rate must be a number in \[0, 1\)"),
        (lambda: layers.Permute((1, 3)), "Permute: dims must be a permutation"),
        (lambda: layers.RepeatVector(0), "RepeatVector: n must be an integer from 1"),
        (lambda: layers.Reshape((-1, -1)), "one -1 at most"),
        (lambda: layers.Slice(step=0), "step must not be 0"),
        (lambda: layers.Slice(1, axis=0), "axis 0 is the batch"),
        (lambda: layers.Dot((1, 2, 3)), "axes must be an integer or two"),
    ],
)
def test_impossible_arguments(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("layer", "shapes", "message"),
    [
        (layers.Conv1D(4, 7), [(2, 5, 3)], r"layer 'tested' \(Conv1D\): the window covers 7 steps .* has only 5"),
        (layers.Conv1D(4, 3, groups=2), [(2, 5, 3)], "groups=2 must divide the number of input channels, 3"),
        (layers.Conv1D(4, 3), [(2, 5)], "expected an input with 3 axes"),
        (layers.MaxPooling1D(5), [(2, 4, 3)], "the window covers 5 steps"),
        (layers.AveragePooling2D((2, 6)), [(2, 4, 5, 3)], "the window covers 6 steps"),
        (layers.GlobalMaxPooling1D(), [(2, 0, 3)], "nothing to pool"),
        (layers.BatchNormalization(axis=3), [(2, 5, 3)], "axis must name an axis behind the batch"),
        (layers.LayerNormalization(axis=[1, -2]), [(2, 5, 3)], "names an axis twice"),
        (layers.Cropping1D((2, 3)), [(2, 5, 3)], r"cropping \(2, 3\) leaves nothing of a sequence of 5 steps"),
        (layers.Reshape((4, -1)), [(2, 5, 3)], "the 15 numbers of a sample .* do not fill"),
        (layers.Add(), [(2, 5, 3), (2, 4, 3)], "cannot combine tensors of shapes"),
        (layers.Add(), [(2, 5, 3), (3, 5, 3)], "equal numbers of samples"),
        (layers.Subtract(), [(2, 3), (2, 3), (2, 3)], "expected 2 tensors, got 3"),
        (layers.Concatenate(axis=1), [(2, 5, 3), (2, 5, 4)], "differ on axis 1 only"),
        (layers.Concatenate(), [(2, 5, 3), (2, 5)], "equal numbers of axes"),
        (layers.Dot(axes=1), [(2, 5), (2, 4)], "axes 1 have 5 and 4 elements"),
        (layers.PReLU(shared_axes=[3]), [(2, 5, 3)], "shared_axes must name axes behind the batch"),
        (layers.Add(), [(2, 5)], "expected a list of tensors"),
    ],
    ids=str,
)
def test_unfit_inputs(layer: Any, shapes: list[tuple[int, ...]], message: str) -> None:
    again = type(layer).from_config({**layer.get_config(), "name": "tested"})
    arrays = [np.ones(shape, np.float32) for shape in shapes]
    with pytest.raises(ValueError, match=message) as caught:
        again(arrays if len(arrays) > 1 else Tensor(arrays[0]))
    assert "layer 'tested'" in str(caught.value)
    assert not again.weights
    inputs = [recurra.Input(batch_shape=shape) for shape in shapes]
    symbolic = type(layer).from_config(again.get_config())
    with pytest.raises(ValueError, match=message):  # the same when a graph is made
        symbolic(inputs if len(inputs) > 1 else inputs[0])


def test_open_time_stays_open() -> None:
    x = recurra.Input((None, 3))
    for layer in (layers.Conv1D(4, 3), layers.MaxPooling1D(2), layers.UpSampling1D(2), layers.ZeroPadding1D(1)):
        assert layer(x).shape[:2] == (None, None)
    assert layers.GlobalMaxPooling1D()(x).shape == (None, 3)
    assert layers.Conv1DTranspose(4, 3, strides=2)(x).shape == (None, None, 4)


# ---- normalisation


def test_frozen_batch_normalization_uses_and_keeps_its_moving_statistics() -> None:
    layer = layers.BatchNormalization()
    x = Tensor(randomly(5, 3) * 3 + 1)
    layer.build(x.shape)
    layer.trainable = False
    before = layer.get_weights()
    result = layer(x, training=True)
    np.testing.assert_allclose(result.numpy(), x.numpy() / np.sqrt(1.001), rtol=1e-6)
    for a, b in zip(before, layer.get_weights(), strict=True):
        assert np.array_equal(a, b)


def test_root_mean_square_over_an_axis_that_is_not_the_last() -> None:
    layer = layers.RMSNormalization(axis=1, epsilon=0.1)
    x = randomly(2, 4, 3)
    layer.build(x.shape)
    layer.set_weights([np.arange(1.0, 5.0)])
    expected = x / np.sqrt((x**2).mean(1, keepdims=True) + 0.1) * np.arange(1.0, 5.0)[:, None]
    np.testing.assert_allclose(layer(Tensor(x)).numpy(), expected, rtol=1e-5)


# ---- embedding and masks


@pytest.mark.parametrize(("bad", "number"), [([[1, 7]], "7"), ([[0, -2]], "-2")])
def test_embedding_refuses_numbers_that_are_not_in_the_vocabulary(bad: Any, number: str) -> None:
    layer = layers.Embedding(7, 3, name="words")
    with pytest.raises(ValueError, match="layer 'words'") as caught:
        layer(np.array(bad))
    assert number in str(caught.value)
    assert "7" in str(caught.value)


def test_embedding_takes_whole_numbers_in_floats_and_refuses_others() -> None:
    layer = layers.Embedding(7, 3)
    whole = layer(np.array([[1.0, 6.0]], np.float32)).numpy()
    assert np.array_equal(whole, layer(np.array([[1, 6]])).numpy())
    with pytest.raises(ValueError, match=r"expected integers in 0, …, 6 \(input_dim=7\), got 1\.5"):
        layer(np.array([[1.5]]))


def test_embedding_refuses_text() -> None:
    with pytest.raises(TypeError, match=r"\(Embedding\): expected integers, got <U4; put a TextVectorization layer"):
        layers.Embedding(7, 3)(np.array([["good"]]))


def test_embedding_gradient_touches_the_rows_in_use() -> None:
    layer = layers.Embedding(6, 2)
    layer(np.array([[1, 4, 1]])).backward(Tensor(np.ones((1, 3, 2), np.float32)))
    assert layer.embeddings.grad.numpy()[:, 0].tolist() == [0, 2, 0, 0, 1, 0]


def test_a_word_that_occurs_twice_is_one_gradient_to_the_optimizer() -> None:
    model = recurra.Sequential([recurra.Input((3,), dtype="int32"), layers.Embedding(5, 2), layers.Flatten()])
    before = model.get_weights()[0]
    model.compile(recurra.optimizers.RMSprop(0.1, rho=0.5), "mse")
    target = np.array([[0.3, -0.2, 0.9, 0.1, -0.4, 0.7]], np.float32)
    model.train_on_batch(np.array([[1, 4, 1]]), target)
    gradient = np.zeros((5, 2))
    np.add.at(gradient, [1, 4, 1], (before[[1, 4, 1]] - target.reshape(3, 2)) / 3)
    expected = before - 0.1 * gradient / np.sqrt(0.5 * gradient**2 + 1e-7)
    np.testing.assert_allclose(model.get_weights()[0], expected, atol=1e-5)


def test_embedding_is_built_when_it_leads_a_sequential_model() -> None:
    model = recurra.Sequential([layers.Embedding(10, 4, input_length=6), layers.Flatten(), layers.Dense(1)])
    assert model.count_params() == 40 + 24 + 1
    table = randomly(10, 4)
    model.layers[0].set_weights([table])
    assert np.array_equal(layers.Embedding(10, 4, weights=[table])(np.array([3])).numpy()[0], table[3])
    assert recurra.Sequential([layers.Embedding(10, 4)]).output_shape == (None, None, 4)


def test_nearest_vectors_by_cosine() -> None:
    layer = layers.Embedding(5, 2, weights=[np.array([[1, 0], [2, 0.1], [0, 1], [-1, 0], [0, 0]])])
    assert [token for token, _ in layer.nearest(0, k=3)] == [1, 2, 4]
    assert layer.nearest(0, k=1)[0][1] == pytest.approx(2 / np.hypot(2, 0.1), abs=1e-6)
    assert [token for token, _ in layer.nearest([0.0, 3.0], k=1)] == [2]
    assert len(layer.nearest(2, k=99)) == 4
    for bad in (5, -1, 1.5, [1.0, 2.0, 3.0]):
        with pytest.raises(ValueError, match="Embedding"):
            layer.nearest(bad)
    with pytest.raises(ValueError, match="not built yet"):
        layers.Embedding(5, 2).nearest(0)


def test_masking_marks_and_clears_padding() -> None:
    x = np.array([[[1, 0], [-1, -1], [-1, 2]], [[-1, -1], [0, 0], [3, -1]]], np.float32)
    out = layers.Masking(mask_value=-1.0)(Tensor(x))
    assert mask_of(out).numpy().tolist() == [[True, False, True], [False, True, True]]
    assert out.numpy()[0, 1].tolist() == [0, 0]
    assert np.array_equal(out.numpy()[mask_of(out).numpy()], x[mask_of(out).numpy()])


def test_average_over_no_real_step_is_zero() -> None:
    x = Tensor(randomly(2, 4, 3))
    out = layers.GlobalAveragePooling1D()(x, mask=np.array([[False] * 4, [True, False, False, True]]))
    assert out.numpy()[0].tolist() == [0, 0, 0]
    np.testing.assert_allclose(out.numpy()[1], x.numpy()[1, [0, 3]].mean(0), rtol=1e-6)


def test_slice_cuts_as_python_does_and_takes_the_mask_along() -> None:
    x, mask = randomly(2, 6, 3), np.random.default_rng(1).random((2, 6)) < 0.5
    for start, stop, step in ((-4, None, None), (1, 5, 2), (None, None, -1), (0, 99, None)):
        tensor = Tensor(x)
        attach_mask(tensor, Tensor(mask))
        layer = layers.Slice(start, stop, step)
        out = layer(tensor)
        assert np.array_equal(out.numpy(), x[:, start:stop:step])
        assert np.array_equal(mask_of(out).numpy(), mask[:, start:stop:step])
        assert layer(recurra.Input((6, 3))).shape == (None, *x[0, start:stop:step].shape)
    assert layers.Slice(-4)(recurra.Input((None, 3))).shape == (None, 4, 3)
    assert np.array_equal(layers.Slice(1, axis=-1)(Tensor(x)).numpy(), x[..., 1:])


def test_merging_functions_are_the_layers() -> None:
    a, b = Tensor(randomly(2, 3)), Tensor(randomly(2, 3) * 2 + 1)
    expected = {"add": a + b, "subtract": a - b, "multiply": a * b, "average": (a + b) / 2}
    expected |= {"maximum": ops.maximum(a, b), "minimum": ops.minimum(a, b)}
    for name, result in expected.items():
        np.testing.assert_allclose(getattr(layers, name)([a, b]).numpy(), result.numpy(), rtol=1e-6)
    assert layers.concatenate([a, b]).shape == (2, 6)
    np.testing.assert_allclose(layers.dot([a, b], axes=1).numpy()[:, 0], (a.numpy() * b.numpy()).sum(1), rtol=1e-5)


# ---- noise


@pytest.mark.parametrize(
    "make",
    [
        lambda **seed: layers.SpatialDropout1D(0.4, **seed),
        lambda **seed: layers.GaussianNoise(0.5, **seed),
        lambda **seed: layers.GaussianDropout(0.3, **seed),
        lambda **seed: layers.AlphaDropout(0.3, **seed),
        lambda **seed: layers.AlphaDropout(0.3, noise_shape=(None, 1, None), **seed),
    ],
)
def test_noise_acts_in_training_only_and_follows_its_seed(make: Any) -> None:
    x = Tensor(randomly(3, 5, 4))
    assert np.array_equal(make()(x).numpy(), x.numpy())
    first, second = (make(seed=3)(x, training=True).numpy() for _ in range(2))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, x.numpy())
    layer = make(seed=3)
    assert not np.array_equal(layer(x, training=True).numpy(), layer(x, training=True).numpy())
    assert type(layer).from_config(layer.get_config()).get_config() == layer.get_config()


def test_spatial_dropout_drops_whole_channels() -> None:
    out = layers.SpatialDropout1D(0.5, seed=1)(Tensor(np.ones((20, 6, 9), np.float32)), training=True).numpy()
    assert set(np.unique(out)) == {0.0, 2.0}
    assert (out == out[:, :1]).all()


@pytest.mark.parametrize(
    ("layer", "mean", "deviation"),
    [
        (layers.GaussianNoise(0.5, seed=1), 1.0, np.sqrt(0.25 + 1.0)),
        (layers.GaussianDropout(0.2, seed=1), 1.0, np.sqrt(1 + 0.25 * 2)),
    ],
)
def test_noise_has_the_promised_moments(layer: Any, mean: float, deviation: float) -> None:
    x = 1 + np.random.default_rng(0).standard_normal((200, 400)).astype(np.float32)
    out = layer(Tensor(x), training=True).numpy()
    assert out.mean() == pytest.approx(mean, abs=0.02)
    assert out.std() == pytest.approx(deviation, abs=0.02)


def test_alpha_dropout_keeps_mean_and_deviation() -> None:
    x = np.random.default_rng(0).standard_normal((200, 400)).astype(np.float32)
    out = layers.AlphaDropout(0.3, seed=2)(Tensor(x), training=True).numpy()
    assert out.mean() == pytest.approx(0, abs=0.02)
    assert out.std() == pytest.approx(1, abs=0.02)


def test_activity_regularization_adds_its_penalty() -> None:
    layer = layers.ActivityRegularization(l1=0.1, l2=0.01)
    x = randomly(4, 3)
    assert np.array_equal(layer(Tensor(x)).numpy(), x)
    expected = (0.1 * np.abs(x).sum() + 0.01 * (x**2).sum()) / 4
    assert layer.losses[0].item() == pytest.approx(expected, rel=1e-5)
    assert type(layer).from_config(layer.get_config()).l1 == 0.1
