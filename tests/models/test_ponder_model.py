"""PonderNet and its model: probabilities, the loss against NumPy, gradients, halting, files, copies."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import recurra
from recurra import layers, ops
from recurra.gradient_check import check_gradients
from recurra.models import PonderModel
from tests.support import reference_cells

B, F, U, N = 5, 3, 4, 6
PRIOR, BETA = 0.3, 0.2


def data() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    return rng.standard_normal((B, F)), rng.integers(0, 2, (B, 1)).astype(float)


def made(dtype: str = "float64", **options: Any) -> PonderModel:
    ponder = layers.PonderNet(
        layers.SimpleRNNCell(U, dtype=dtype), max_steps=N, prior=PRIOR, beta=BETA, dtype=dtype, name="ponder"
    )
    before, behind = layers.Dense(F, dtype=dtype), layers.Dense(1, activation="sigmoid", dtype=dtype)
    model = PonderModel([before, ponder, behind], dtype=dtype, **{"seed": 3, **options})
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    model(data()[0].astype(dtype))
    rng = np.random.default_rng(2)
    model.set_weights([rng.standard_normal(weight.shape) for weight in model.weights])
    return model


def reference(model: PonderModel, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Answers and p, as the equations say them."""
    cell = [weight.numpy() for weight in model.ponder.cell.weights]
    w, b = model.ponder.halting_kernel.numpy(), model.ponder.halting_offset.numpy()
    x = x @ model.stack[0].kernel.numpy() + model.stack[0].bias.numpy()
    h, left = np.zeros((B, U)), np.ones((B, 1))
    answers, p = [], []
    for n in range(N):
        h, _ = reference_cells.simple_rnn(x, [h], cell, {}, h)
        halt = reference_cells.sigmoid(h @ w + b)
        halt = halt if n < N - 1 else 1.0
        p.append(left * halt)
        left = left * (1 - halt)
        answers.append(reference_cells.sigmoid(h @ model.stack[2].kernel.numpy() + model.stack[2].bias.numpy()))
    return np.stack(answers, 1), np.concatenate(p, 1)


def prior() -> np.ndarray:
    geometric = PRIOR * (1 - PRIOR) ** np.arange(N)
    geometric[-1] = (1 - PRIOR) ** (N - 1)
    return geometric


def test_answers_probabilities_and_loss_are_those_of_the_equations() -> None:
    model = made()
    x, y = data()
    weight = np.array([1.0, 2.0, 0.0, 0.5, 1.0])
    answers, p = (tensor.numpy() for tensor in model.pondered(x))
    expected, probabilities = reference(model, x)
    np.testing.assert_allclose(answers, expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose(p, probabilities, rtol=0, atol=1e-12)
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-12)
    single = -(y[:, None] * np.log(answers) + (1 - y[:, None]) * np.log(1 - answers))[..., 0]
    divergence = (p * np.log(p / prior())).sum(axis=1).mean()
    loss = ((p * single).sum(axis=1) * weight).mean() + BETA * divergence
    figures = model.evaluate(x, y, sample_weight=weight, batch_size=B, verbose=0, return_dict=True)
    assert figures["loss"] == pytest.approx(loss, rel=1e-6)
    assert figures["ponder_steps"] == pytest.approx((p @ np.arange(1, N + 1)).mean(), rel=1e-6)
    (penalty,) = model.ponder.losses
    assert penalty.item() == pytest.approx(BETA * divergence, rel=1e-9)


def test_a_prior_far_from_p_leaves_numbers_finite() -> None:
    model = made()
    model.ponder.halting_kernel.assign(np.zeros((U, 1)))
    for offset in (-800.0, 800.0):
        model.ponder.halting_offset.assign(np.array([offset]))
        x, y = data()
        model.compute_loss(x, y, model(x)).backward()
        assert all(np.isfinite(np.asarray(weight.grad)).all() for weight in model.trainable_weights)


def test_gradients_of_the_loss() -> None:
    model = made(halt="most_probable")
    x, y = data()

    def loss(x: Any, *_: Any) -> Any:
        return model.compute_loss(x, y, model(x))

    check_gradients(loss, x, *model.trainable_variables, samples=8, step=2e-4)


def test_the_step_of_the_answer() -> None:
    x, _ = data()
    x = np.repeat(x, 400, axis=0)
    model = made(halt="most_probable")
    answers, p = (tensor.numpy() for tensor in model.pondered(x))
    np.testing.assert_array_equal(model(x).numpy(), answers[np.arange(len(x)), p.argmax(axis=1)])
    drawn, again = made(seed=5), made(seed=5)
    found = drawn(x).numpy()
    np.testing.assert_array_equal(again(x).numpy(), found)
    assert (drawn(x).numpy() != found).any()
    for row in range(B):  # the shares of the steps are p, within four standard deviations
        rows = slice(400 * row, 400 * (row + 1))
        taken = np.array([(found[rows, 0] == answers[rows.start, n, 0]).mean() for n in range(N)])
        spread = 4 * np.sqrt(p[rows.start] * (1 - p[rows.start]) / 400) + 1e-9
        assert (np.abs(taken - p[rows.start]) <= spread).all()


def test_trained_saved_and_copied(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((96, F)).astype("float32")
    y = (x[:, :1] * x[:, 1:2] > 0).astype("float32")
    model = made("float32")
    model.compile(recurra.optimizers.Adam(0.02), "binary_crossentropy", metrics=["accuracy"])
    history = model.fit(x, y, epochs=12, validation_split=0.25, verbose=0).history
    assert history["loss"][-1] < history["loss"][0]
    assert {"loss", "accuracy", "ponder_steps", "val_loss"} <= set(history)
    model.save(tmp_path / "model.safetensors")
    others = [recurra.models.load_model(tmp_path / "model.safetensors"), copy.deepcopy(model)]
    others.append(pickle.loads(pickle.dumps(model)))
    for other in others:
        np.testing.assert_array_equal(other.pondered(x)[0].numpy(), model.pondered(x)[0].numpy())
        other.halt = "most_probable"
    model.halt = "most_probable"
    for other in others:
        np.testing.assert_array_equal(other.predict(x, verbose=0), model.predict(x, verbose=0))
    assert model.predict(x, verbose=0).shape == (96, 1)


def test_classes_by_number_and_several_answers_a_step() -> None:
    x, _ = data()
    model = PonderModel([layers.PonderNet(layers.GRUCell(4), max_steps=3), layers.Dense(7)])
    model.compile("adam", recurra.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    history = model.fit(x, np.arange(B), verbose=0).history
    assert np.isfinite(history["loss"][0])
    model = PonderModel([layers.PonderNet(layers.GRUCell(4), max_steps=3), layers.Reshape((2, 2))])
    model.compile("adam", "mse")
    assert np.isfinite(model.fit(x, np.ones((B, 2, 2)), verbose=0).history["loss"][0])


def test_errors() -> None:
    ponder = layers.PonderNet(layers.GRUCell(2))
    with pytest.raises(ValueError, match="PonderModel: expected exactly one PonderNet among the layers, got 0"):
        PonderModel([layers.Dense(2)])
    with pytest.raises(ValueError, match="PonderModel: expected a list of layers"):
        PonderModel(ponder)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="PonderModel: halt must be one of 'sample', 'most_probable', got 'never'"):
        PonderModel([ponder], halt="never")
    model = PonderModel([ponder, layers.Dense(1)])
    model.compile("adam", "mse")
    with pytest.raises(ValueError, match="the loss needs targets"):
        model.compute_loss(None, None, None)


@pytest.mark.parametrize("steps", [1, 7])
def test_many_steps_and_one(steps: int) -> None:
    layer = layers.PonderNet([layers.LSTMCell(3), layers.GRUCell(4)], max_steps=steps)
    outputs, p = layer(np.ones((2, 3), "float32"))
    assert outputs.shape == (2, steps, 4)
    np.testing.assert_allclose(p.numpy().sum(axis=1), 1, rtol=1e-5)
    x = np.ones((2, 3), "float32")
    plain = layers.RNN([layers.LSTMCell(3), layers.GRUCell(4)], return_sequences=True)
    repeated = np.repeat(x[:, None], steps, axis=1)
    plain(repeated)
    plain.set_weights(layer.cell.get_weights())
    np.testing.assert_array_equal(outputs.numpy(), plain(repeated).numpy())
    assert ops.sum(outputs).item() != 0
