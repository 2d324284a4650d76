"""GRU-D against plain NumPy: missing values, elapsed times, masks of steps, streams."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from recurra import Tensor, layers, models, ops, preprocessing
from recurra.gradient_check import check_gradients
from tests.support.reference_cells import sigmoid
from tests.support.streamed_models import check_same_bits, sequential

Array = np.ndarray
B, T, F, U = 3, 7, 2, 5
MEAN = (0.5, -1.0)
OPTIONS: dict[str, Any] = {"return_sequences": True, "return_state": True, "mean": MEAN}


def some(seed: int = 0) -> Array:
    """Values, which of them were observed, and times; nothing is observed in the first step of the first row."""
    rng = np.random.default_rng(seed)
    observed = rng.random((B, T, F)) < 0.5
    observed[0, 0] = False
    values = np.where(observed, rng.standard_normal((B, T, F)), 0)
    return np.concatenate([values, observed, rng.uniform(0, 3, (B, T, F))], axis=-1)


def made(dtype: str = "float64", **options: Any) -> layers.GRUD:
    layer = layers.GRUD(U, dtype=dtype, **{**OPTIONS, **options})
    layer.build((None, None, 3 * F))
    rng = np.random.default_rng(1)
    for weight in layer.trainable_weights:
        weight.assign((rng.standard_normal(weight.shape) / 2).astype(dtype))
    return layer


def reference(layer: layers.GRUD, x: Array, mask: Array | None = None) -> list[Array]:
    """The outputs of all steps and the final states, step by step."""
    kernel, masks, recurrent, *rest = [weight.numpy() for weight in layer.weights]
    bias, decay, decay_bias, input_decay, input_decay_bias, mean = rest if layer.use_bias else [0, *rest]
    h, last, output, outputs = np.zeros((B, U)), np.broadcast_to(mean, (B, F)), np.zeros((B, U)), []
    for t in range(T):
        values, there, times = np.split(x[:, t], 3, axis=1)
        there = there != 0
        share = np.exp(-np.maximum(0, times * input_decay + input_decay_bias))
        completed = np.where(there, values, share * last + (1 - share) * mean)
        y = np.exp(-np.maximum(0, times @ decay + decay_bias)) * h
        total = completed @ kernel + there @ masks + bias
        z, r = np.split(sigmoid(total[:, : 2 * U] + y @ recurrent[:, : 2 * U]), 2, axis=1)
        new = z * y + (1 - z) * np.tanh(total[:, 2 * U :] + (r * y) @ recurrent[:, 2 * U :])
        keep = np.ones((B, 1), bool) if mask is None else mask[:, t, None]
        h, last = np.where(keep, new, h), np.where(keep & there, values, last)
        output = np.where(keep, new, output)
        outputs.append(output)
    return [np.stack(outputs, axis=1), h, last - mean]


def own_tanh(a: Tensor) -> Tensor:
    """An activation that the engine does not know: the layer runs step by step."""
    return ops.tanh(a)


@pytest.mark.parametrize(
    "options",
    [{}, {"use_bias": False}, {"mean": None}, {"activation": own_tanh}],
    ids=["default", "no bias", "no mean", "own activation"],
)
def test_is_the_recurrence(options: dict[str, Any]) -> None:
    x, layer = some(), made(**options)
    for ours, theirs in zip(layer(Tensor(x)), reference(layer, x), strict=True):
        np.testing.assert_allclose(ours.numpy(), theirs, rtol=0, atol=1e-12)


@pytest.mark.parametrize("kind", ["post", "gaps"])
def test_steps_that_do_not_count_change_nothing(kind: str) -> None:
    x, layer = some(), made()
    mask = np.arange(T) < np.array([[4], [7], [1]]) if kind == "post" else np.random.default_rng(3).random((B, T)) < 0.6
    wanted = reference(layer, x, mask)
    x[~mask] = np.nan
    for ours, theirs in zip(layer(Tensor(x), mask=mask), wanted, strict=True):
        np.testing.assert_allclose(ours.numpy(), theirs, rtol=0, atol=1e-12)


def test_backwards_is_the_flipped_sequence() -> None:
    x = some()
    forward = [one.numpy() for one in made()(Tensor(x[:, ::-1].copy()))]
    for one, other in zip(made(go_backwards=True)(Tensor(x)), forward, strict=True):
        np.testing.assert_array_equal(one.numpy(), other)


def test_states_carry_what_was_observed() -> None:
    x, layer = some(), made()
    whole, *final = layer(Tensor(x))
    first, *middle = layer(Tensor(x[:, :3]))
    second, *last = layer(Tensor(x[:, 3:]), initial_state=middle)
    np.testing.assert_allclose(np.concatenate([first.numpy(), second.numpy()], 1), whole.numpy(), rtol=0, atol=1e-14)
    for one, other in zip(last, final, strict=True):
        np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=0, atol=1e-14)


@pytest.mark.parametrize("masked", [False, True])
def test_gradients(masked: bool) -> None:
    layer, mask = made(), np.random.default_rng(3).random((B, T)) < 0.6 if masked else None
    states = [np.random.default_rng(4).standard_normal(shape) for shape in ((B, U), (B, F))]
    x = some()
    values, others = x[..., :F], x[..., F:]

    def outputs(values: Tensor, times: Tensor, h: Tensor, last: Tensor, *_: Tensor) -> Any:
        given = ops.concatenate([values, others[..., :F], times], axis=-1)
        return list(layer(given, initial_state=[h, last], mask=mask))

    check_gradients(outputs, values, others[..., F:], *states, *layer.trainable_weights, step=2e-5)


@pytest.mark.parametrize("noise", [{"dropout": 0.5}, {"recurrent_dropout": 0.5}, {"zoneout": 0.5}], ids=str)
def test_noise_of_the_engine_is_that_of_single_steps(noise: dict[str, float]) -> None:
    """With the same masks the engine and a loop over the cell agree; dropout acts on completed values alone."""
    x = some()
    engine, alone = made(**noise), made(**noise)
    drops = {
        "get_dropout_mask": Tensor(np.random.default_rng(5).integers(0, 2, (B, F)) * 2.0),
        "get_recurrent_dropout_mask": Tensor(np.random.default_rng(6).integers(0, 2, (B, U)) * 2.0),
    }
    stays = np.random.default_rng(7).integers(0, 2, (B, T, U)).astype(float)
    for layer in (engine, alone):
        for name, drop in drops.items():
            if noise.get(name[4:-5]):
                setattr(layer.cell, name, lambda _, drop=drop: drop)
    engine.cell.get_zoneout_mask = lambda *_: Tensor(stays) if "zoneout" in noise else None
    states: Any = alone.get_initial_state(B)
    outputs = []
    for t in range(T):
        alone.cell.get_zoneout_mask = lambda *_, t=t: Tensor(stays[:, t].copy()) if "zoneout" in noise else None
        output, states = alone.cell(Tensor(x[:, t].copy()), states, training=True)
        outputs.append(output.numpy())
    whole, *final = engine(Tensor(x), training=True)
    np.testing.assert_allclose(whole.numpy(), np.stack(outputs, axis=1), rtol=0, atol=1e-12)
    for one, other in zip(final, states, strict=True):
        np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=0, atol=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_streams_have_the_bits_of_the_batch(dtype: str) -> None:
    model = sequential(layers.GRUD(U, return_sequences=True, mean=MEAN, dtype=dtype), features=3 * F, dtype=dtype)
    check_same_bits(model, some().astype(dtype))


def test_saved_and_loaded(tmp_path: Any) -> None:
    model = sequential(layers.GRUD(U, mean=MEAN), layers.Dense(1), features=3 * F)
    x = some().astype(np.float32)
    model.save(tmp_path / "model.safetensors")
    again = models.load_model(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))
    assert again.layers[0].mean == MEAN


def test_learns_from_missing_values() -> None:
    """The last value observed, which a layer that sees zeros in the gaps does not know."""
    rng = np.random.default_rng(0)
    values = rng.standard_normal((256, 6, 1)).astype(np.float32)
    values[rng.random(values.shape) < 0.5] = np.nan
    values[:, 0] = 1.0
    y = np.array([row[~np.isnan(row)][-1] for row in values[..., 0]])[:, None]
    model = models.Sequential([layers.GRUD(12), layers.Dense(1)])
    model.compile("adam", "mse")
    model.optimizer.learning_rate = 0.02
    x = preprocessing.mark_missing(values)
    history = model.fit(x, y, epochs=30, verbose=0)
    assert history.history["loss"][-1] < 0.1 * y.var()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: layers.GRUD(4)(np.ones((1, 2, 5), "float32")), "expected values, masks and times side by side, got 5"),
        (lambda: layers.GRUD(4, mean=[1.0])(np.ones((1, 2, 6), "float32")), "side by side, 1 each as there are means"),
        (lambda: layers.GRUD(4, mean=[1.0, np.nan]), "expected mean as a list of finite numbers, one a feature"),
        (lambda: layers.GRUD(4, mean=2.0), "expected mean as a list of finite numbers"),
        (lambda: layers.GRUD(4, skip=2), "GRUD has no skip; leave it out"),
    ],
)
def test_mistakes_are_named(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
