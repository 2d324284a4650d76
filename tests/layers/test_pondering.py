"""Adaptive computation, and fixed repetition: against NumPy, gradients with N fixed, masks, files, errors."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import recurra
from recurra import layers, ops
from recurra.gradient_check import check_gradients
from recurra.layers.pondering.halting import Halting
from tests.support import reference_cells

B, T, F, U = 4, 5, 3, 6
CELLS: dict[str, Callable[..., Any]] = {
    "simple": lambda **options: layers.SimpleRNNCell(U, **options),
    "lstm": lambda **options: layers.LSTMCell(U, **options),
    "gru": lambda **options: layers.GRUCell(U, **options),
    "linear": lambda **options: layers.MinGRUCell(U, **options),
    "lru": lambda **options: layers.LRUCell(U, **options),
    "slstm": lambda **options: layers.SLSTMCell(U, **options),
    "qrnn": lambda **options: layers.QRNNCell(U, **options),
    "stack": lambda **options: [layers.LSTMCell(4, **options), layers.GRUCell(U, **options)],
    "own": lambda **options: OwnCell(**options),
}


class OwnCell(layers.DropoutRNNCell, recurra.Layer):
    """h' = tanh(x W + h R), as a user writes it."""

    state_size = U
    recurrent_dropout = 0.0

    def __init__(self, dropout: float = 0.0, **options: Any) -> None:
        super().__init__(**options)
        self.dropout = dropout
        self.seed_generator = recurra.random.SeedGenerator(2)

    def build(self, input_shape: Any) -> None:
        self.kernel = self.add_weight((input_shape[-1], U), name="kernel")
        self.recurrent_kernel = self.add_weight((U, U), name="recurrent_kernel")

    def call(self, inputs: Any, states: Any, training: bool = False) -> Any:
        scale = self.get_dropout_mask(inputs) if training else None
        inputs = inputs if scale is None else inputs * scale
        h = ops.tanh(ops.matmul(inputs, self.kernel) + ops.matmul(states[0], self.recurrent_kernel))
        return h, [h]


def data(dtype: str = "float32") -> np.ndarray:
    return np.random.default_rng(1).standard_normal((B, T, F)).astype(dtype)


def mask() -> np.ndarray:
    steps = np.ones((B, T), bool)
    steps[0, 3:], steps[1, 0], steps[1, 2], steps[:, 4] = False, False, False, False
    return steps


def made(cell: Any, dtype: str = "float32", kind: Any = layers.AdaptiveComputation, **options: Any) -> Any:
    """A layer with random weights whose rows ponder from 1 to about 8 steps."""
    if kind is layers.AdaptiveComputation:
        options = {"halting_bias": -2.0, "epsilon": 0.02, **options}
    layer = kind(cell, dtype=dtype, **options)
    layer(data(dtype))
    rng = np.random.default_rng(4)
    for weight in layer.weights:
        if weight.name != "halting_bias":
            scale = 3.0 if weight.name == "halting_kernel" else 0.6
            weight.assign((scale * rng.standard_normal(weight.shape)).astype(dtype))
    return layer


def reference(layer: Any, kind: str, x: np.ndarray, steps: np.ndarray) -> tuple[np.ndarray, ...]:
    """Outputs (B, T, U), N and R (B, T) and the final states, row by row as the equations say them."""
    w, b, *weights = (weight.numpy() for weight in layer.weights)
    step = getattr(reference_cells, kind)
    outputs, ponder, rest = np.zeros((B, T, U)), np.zeros((B, T)), np.zeros((B, T))
    final = []
    for row in range(B):
        states, output = [np.zeros((1, U))] * (2 if kind == "lstm" else 1), np.zeros((1, U))
        for t in range(T):
            if steps[row, t]:
                s, ys, all_states, h = states, [], [], []
                while len(h) < layer.max_steps and sum(h) < 1 - layer.epsilon:
                    seen = np.append(x[row, t], float(not h))[None]
                    y, s = step(seen, s, list(weights), {}, s[0])
                    ys.append(y)
                    all_states.append(s)
                    h.append(float(reference_cells.sigmoid(y @ w + b)[0, 0]))
                remainder = 1 - sum(h[:-1])
                p = [*h[:-1], remainder]
                output = sum(one * y for one, y in zip(p, ys, strict=True))
                states = [sum(a * one[k] for a, one in zip(p, all_states, strict=True)) for k in range(len(s))]
                ponder[row, t], rest[row, t] = len(h), remainder
            outputs[row, t] = output[0]
        final.append(states)
    return outputs, ponder, rest, *(np.concatenate([one[k] for one in final]) for k in range(len(final[0])))


@pytest.mark.parametrize("max_steps", [1, 3, 100])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("kind", ["simple_rnn", "lstm"])
def test_as_numpy_says_it(kind: str, masked: bool, max_steps: int) -> None:
    cell = CELLS["simple" if kind == "simple_rnn" else kind](dtype="float64")
    options = {"return_sequences": True, "return_state": True, "return_ponder": True}
    layer = made(cell, "float64", max_steps=max_steps, ponder_cost=0.3, **options)
    x, steps = data("float64"), mask() if masked else np.ones((B, T), bool)
    output, ponder, *states = layer(x, mask=steps if masked else None)
    expected, counts, rest, *final = reference(layer, kind, x, steps)
    np.testing.assert_allclose(output.numpy(), expected, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(ponder.numpy(), counts)
    assert len(np.unique(counts[steps])) >= (3 if max_steps == 100 else 1)
    for state, one in zip(states, final, strict=True):
        np.testing.assert_allclose(state.numpy(), one, rtol=0, atol=1e-12)
    (loss,) = layer.losses
    np.testing.assert_allclose(loss.item(), 0.3 * (counts + rest).sum() / B, rtol=1e-12)


@pytest.mark.parametrize("cell", CELLS)
def test_gradients_with_n_fixed(cell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every call halts where the first one did: N is a constant in the gradient, but not in differences."""
    halts = Halting.halts
    decided: list[np.ndarray] = []
    place: list[int | None] = [None]

    def as_before(self: Halting, total: np.ndarray, n: int) -> np.ndarray:
        if place[0] is None:
            decided.append(halts(self, total, n))
            return decided[-1]
        place[0] += 1
        return decided[place[0] - 1]

    options = {"return_sequences": True, "return_ponder": True, "max_steps": 6}
    layer = made(CELLS[cell](dtype="float64"), "float64", ponder_cost=0.3, **options)
    x, steps = data("float64")[:, :3], mask()[:, :3]
    cotangent = np.random.default_rng(6).standard_normal((B, 3, U))

    def function(x: Any, *_: Any) -> Any:
        place[0] = 0
        output, _ = layer(x, mask=steps)
        return ops.sum(output * cotangent) + layer.losses[0]

    monkeypatch.setattr(Halting, "halts", as_before)
    assert layer(x, mask=steps)[1].numpy().max() > 2
    check_gradients(function, x, *layer.trainable_variables, samples=5, step=5e-4)


def test_the_gradient_of_the_halting_probabilities_is_that_of_the_paper() -> None:
    """∂L/∂h^n = ∂L/∂y · (y^n − y^N) − τ for n < N, and 0 for n = N; b sees nothing but h."""
    tau = 0.3
    layer = made(CELLS["simple"](dtype="float64"), "float64", ponder_cost=tau, return_ponder=True)
    x, g = data("float64")[:, :1], np.random.default_rng(6).standard_normal((B, U))
    output, ponder = layer(x)
    (ops.sum(output * g) + layer.losses[0]).backward()
    w, b, *weights = (weight.numpy() for weight in layer.weights)
    expected = 0.0
    for row, count in enumerate(ponder.numpy()[:, 0].astype(int)):
        h, outputs = np.zeros((1, U)), []
        for n in range(count):
            h, _ = reference_cells.simple_rnn(np.append(x[row, 0], float(n == 0))[None], [h], list(weights), {}, h)
            outputs.append(h[0])
        for y in outputs[:-1]:
            p = reference_cells.sigmoid(y @ w + b)[0]
            expected += p * (1 - p) * (g[row] @ (y - outputs[-1]) - tau / B)
    assert expected != 0
    np.testing.assert_allclose(np.asarray(layer.halting_offset.grad), [expected], rtol=1e-9)


@pytest.mark.parametrize("cell", [cell for cell in CELLS if cell != "own"])
def test_a_row_has_the_same_bits_whatever_is_beside_it(cell: str) -> None:
    layer = made(CELLS[cell](), return_sequences=True, return_ponder=True)
    x = np.random.default_rng(3).standard_normal((37, T, F)).astype("float32")
    output, ponder = layer(x)
    for rows in (slice(0, 1), slice(5, 18)):
        alone, steps = layer(x[rows])
        np.testing.assert_array_equal(alone.numpy(), output.numpy()[rows])
        np.testing.assert_array_equal(steps.numpy(), ponder.numpy()[rows])


@pytest.mark.parametrize("kind", [layers.AdaptiveComputation, layers.Repeat])
def test_same_bits_for_any_number_of_threads(kind: Any) -> None:
    layer = made(CELLS["lstm"](), kind=kind, return_sequences=True)
    x = np.random.default_rng(3).standard_normal((200, T, F)).astype("float32")
    before, found = recurra.config.num_threads(), []
    try:
        for threads in (1, 2):
            recurra.config.set_num_threads(threads)
            for weight in layer.weights:
                weight.grad = None
            output = layer(x)
            ops.sum(output * output).backward()
            found.append([output.numpy(), *(np.array(weight.grad) for weight in layer.trainable_weights)])
    finally:
        recurra.config.set_num_threads(before)
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("kind", [layers.AdaptiveComputation, layers.Repeat])
def test_padding_has_no_influence(kind: Any, cell: str) -> None:
    layer = made(CELLS[cell](), kind=kind, return_sequences=True, return_state=True)
    x = data()
    expected, *final = layer(x[:, :3])
    x[:, 3:] = np.nan
    leaf = recurra.Tensor(x)
    leaf.requires_grad = True
    found, *states = layer(leaf, lengths=np.full(B, 3))
    np.testing.assert_array_equal(found.numpy()[:, :3], expected.numpy())
    np.testing.assert_array_equal(found.numpy()[:, 3:], expected.numpy()[:, 2:3].repeat(2, 1))
    for one, other in zip(recurra.tree.flatten(states), recurra.tree.flatten(final), strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())
    ops.sum(found).backward()
    gradient = np.asarray(leaf.grad)
    assert not gradient[:, 3:].any()
    assert np.isfinite(gradient).all()
    assert gradient[:, :3].all()


def test_a_masked_step_costs_nothing() -> None:
    layer = made(CELLS["gru"](), return_ponder=True, zero_output_for_mask=True, return_sequences=True)
    steps = mask()
    output, ponder = layer(data(), mask=steps)
    np.testing.assert_array_equal(ponder.numpy() > 0, steps)
    assert not output.numpy()[~steps].any()
    whole = layer.losses[0].item()
    layer(data()[:, :4], mask=steps[:, :4])
    assert layer.losses[0].item() == pytest.approx(whole)


@pytest.mark.parametrize("kind", [layers.AdaptiveComputation, layers.Repeat])
@pytest.mark.parametrize("cell", ["lstm", "stack", "own"])
def test_backwards_carried_on_and_in_both_directions(kind: Any, cell: str) -> None:
    options = {"return_sequences": True, "return_state": True}
    layer = made(CELLS[cell](), kind=kind, **options)
    x = data()
    whole, *final = layer(x)
    first, *states = layer(x[:, :2])
    second, *after = layer(x[:, 2:], initial_state=states)
    np.testing.assert_array_equal(np.concatenate([first.numpy(), second.numpy()], 1), whole.numpy())
    for one, other in zip(recurra.tree.flatten(after), recurra.tree.flatten(final), strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())
    layer.go_backwards = True
    backwards, *_ = layer(x[:, ::-1].copy())
    np.testing.assert_array_equal(backwards.numpy(), whole.numpy())
    if cell == "own":
        return
    settings = {"epsilon": layer.epsilon} if kind is layers.AdaptiveComputation else {}
    both = layers.Bidirectional(kind(CELLS[cell](), return_sequences=True, **settings))
    output = both(x)
    both.forward_layer.set_weights(layer.get_weights())
    both.backward_layer.set_weights(layer.get_weights())
    output = both(x).numpy()
    layer.go_backwards = False
    np.testing.assert_array_equal(output[..., :U], layer(x)[0].numpy())
    np.testing.assert_array_equal(output[:, ::-1, U:], layer(x[:, ::-1].copy())[0].numpy())


@pytest.mark.parametrize("kind", [layers.AdaptiveComputation, layers.Repeat])
def test_stateful(kind: Any) -> None:
    layer = made(CELLS["lstm"](), kind=kind)
    x = data()
    whole = layer(x).numpy()
    layer.stateful = True
    layer(x[:, :3])
    np.testing.assert_array_equal(layer(x[:, 3:]).numpy(), whole)
    layer.reset_states()
    np.testing.assert_array_equal(layer(x).numpy(), whole)


@pytest.mark.parametrize("n", [1, 3])
@pytest.mark.parametrize("cell", CELLS)
def test_repeat_is_the_cell_on_repeated_inputs(cell: str, n: int) -> None:
    layer = made(CELLS[cell](), kind=layers.Repeat, n=n, return_sequences=True)
    plain = layers.RNN(CELLS[cell](), return_sequences=True)
    x, steps = data(), mask()
    flags = np.zeros((B, T * n, 1), "float32")
    flags[:, ::n] = 1
    repeated = np.concatenate([x.repeat(n, axis=1), flags], axis=2)
    plain(repeated)
    plain.set_weights(layer.get_weights())
    expected = plain(repeated, mask=steps.repeat(n, axis=1)).numpy()[:, n - 1 :: n]
    np.testing.assert_array_equal(layer(x, mask=steps).numpy(), expected)
    layer.return_sequences = False
    np.testing.assert_array_equal(layer(x, mask=steps).numpy(), expected[:, -1])


def test_repeat_has_gradients() -> None:
    layer = made(CELLS["gru"](dtype="float64"), "float64", layers.Repeat, n=3, return_sequences=True)
    check_gradients(lambda x, *_: layer(x, mask=mask()), data("float64"), *layer.trainable_variables, samples=6)


@pytest.mark.parametrize("cell", ["gru", "own"])
@pytest.mark.parametrize("kind", [layers.AdaptiveComputation, layers.Repeat])
def test_dropout_is_drawn_once_for_a_sequence(kind: Any, cell: str) -> None:
    layer = made(CELLS[cell](dropout=0.5), kind=kind)
    x, draws = data(), []
    draw = layer.cell._draw
    layer.cell._draw = lambda *args, **kwargs: draws.append(args) or draw(*args, **kwargs)
    first, second = (layer(x, training=True).numpy() for _ in range(2))
    assert len(draws) == 2
    assert (first != second).any()
    assert np.isfinite(first).all()
    np.testing.assert_array_equal(layer(x).numpy(), layer(x).numpy())
    assert len(draws) == 2


def test_rows_that_have_halted_are_computed_no_more() -> None:
    """A cell without bound would overflow in rows that go on for a hundred steps after the others."""
    cell = layers.SimpleRNNCell(2, activation="relu", kernel_initializer="ones", recurrent_initializer="identity")
    layer = layers.AdaptiveComputation(cell, return_ponder=True, halting_bias=-9.0, max_steps=100)
    layer(np.zeros((2, 1, 1), "float32"))
    cell.recurrent_kernel.assign(50 * np.eye(2))
    layer.halting_kernel.assign(np.full((2, 1), 1.0))
    x = recurra.Tensor(np.array([[[20.0]], [[-5.0]]], "float32"))
    x.requires_grad = True
    output, ponder = layer(x)
    assert ponder.numpy().ravel().tolist() == [1, 100]
    ops.sum(output).backward()
    assert np.isfinite(output.numpy()).all()
    assert all(np.isfinite(np.asarray(weight.grad)).all() for weight in layer.trainable_weights)


def test_trained_and_saved_with_its_figures(tmp_path: Path) -> None:
    x = np.random.default_rng(0).standard_normal((32, T, F)).astype("float32")
    y = x.sum((1, 2), keepdims=True)[:, 0]
    model = recurra.Sequential(
        [
            recurra.Input((None, F)),
            layers.AdaptiveComputation(layers.GRUCell(8), halting_bias=0.0, return_sequences=True),
            layers.Repeat(layers.GRUCell(8), 2),
            layers.Dense(1),
        ]
    )
    model.compile(recurra.optimizers.Adam(0.01), "mse")
    history = model.fit(x, y, epochs=8, validation_split=0.25, verbose=0).history
    assert history["loss"][-1] < history["loss"][0]
    assert set(history) == {"loss", "ponder_steps", "val_loss", "val_ponder_steps"}
    assert 1 <= history["val_ponder_steps"][-1] <= 100
    model.save(tmp_path / "model.safetensors")
    again = recurra.models.load_model(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))
    assert again.evaluate(x, y, verbose=0, return_dict=True) == model.evaluate(x, y, verbose=0, return_dict=True)


def test_the_price_of_pondering_lowers_it() -> None:
    x = np.random.default_rng(0).standard_normal((64, 2, F)).astype("float32")
    layer = layers.AdaptiveComputation(layers.GRUCell(8), ponder_cost=1.0, halting_bias=-2.0)
    model = recurra.Sequential([layer, layers.Dense(1)])
    model.compile(recurra.optimizers.Adam(0.02), "mse")
    steps = model.fit(x, x[:, 0, :1], epochs=25, verbose=0).history["ponder_steps"]
    assert steps[0] > 4
    assert steps[-1] < 0.7 * steps[0]


@pytest.mark.parametrize("kind", [layers.AdaptiveComputation, layers.Repeat])
def test_gradient_flow_sees_every_step(kind: Any) -> None:
    model = recurra.Sequential([recurra.Input((T, F)), kind(layers.GRUCell(4)), layers.Dense(1)])
    model.compile("sgd", "mse")
    report = recurra.diagnostics.gradient_flow(model, data(), np.ones((B, 1)))
    (flow,) = report.layers
    for norms in (flow.loss_gradient["h"], flow.jacobian["h"]):
        assert len(norms) == T
        assert (norms > 0).all()


@pytest.mark.parametrize("kind", [layers.AdaptiveComputation, layers.Repeat])
def test_streams_refuse_it(kind: Any) -> None:
    model = recurra.Sequential([recurra.Input((None, F)), kind(layers.GRUCell(4), name="pondering")])
    with pytest.raises(ValueError, match="pondering"):
        model.streaming()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda cell: layers.AdaptiveComputation(cell, max_steps=0), "max_steps must be an integer from 1 to"),
        (lambda cell: layers.AdaptiveComputation(cell, epsilon=0), r"epsilon must be a number in \(0, 1\), got 0"),
        (lambda cell: layers.AdaptiveComputation(cell, epsilon=1.0), r"epsilon must be a number in \(0, 1\), got 1"),
        (lambda cell: layers.AdaptiveComputation(cell, ponder_cost=-1), "ponder_cost must be a number >= 0, got -1"),
        (lambda cell: layers.AdaptiveComputation("gru"), "AdaptiveComputation: a cell needs a method call"),
        (lambda cell: layers.AdaptiveComputation(layers.GRUCell(2, skip=2)), "skip reads the states of several steps"),
        (
            lambda cell: layers.AdaptiveComputation(layers.GRUCell(2, normalization="batch")),
            "normalization='batch' needs the whole sequence at once; use normalization='layer'",
        ),
        (lambda cell: layers.Repeat(cell, 0), "Repeat: n must be an integer from 1 to"),
        (lambda cell: layers.Repeat(layers.GRUCell(2, skip=2)), "skip reads the states of several steps ago"),
        (lambda cell: layers.AdaptiveComputation(cell)(np.ones((2, 3))), "expected an input with 3 axes"),
        (lambda cell: layers.Repeat(cell)(np.ones((2, 0, 3))), "at least one time step"),
        (
            lambda cell: layers.AdaptiveComputation(cell)(np.ones((2, 3, 1)), initial_state=[np.ones((2, 3))]),
            r"an initial state 0 of shape \(2, 2\), got \(2, 3\)",
        ),
        (lambda cell: layers.PonderNet(cell, max_steps=0), "PonderNet: max_steps must be an integer from 1 to"),
        (lambda cell: layers.PonderNet(cell, prior=1.0), r"PonderNet: prior must be a number in \(0, 1\), got 1"),
        (lambda cell: layers.PonderNet(cell, beta=-1), "PonderNet: beta must be a number >= 0, got -1"),
        (lambda cell: layers.PonderNet(cell)(np.ones((2, 3, 1))), "expected an input with 2 axes"),
        (
            lambda cell: layers.PonderNet(cell)(np.ones((2, 3)), initial_state=[np.ones((2, 3))]),
            r"expected initial states of shapes \[\(2, 2\)\], got \[\(2, 3\)\]",
        ),
    ],
)
def test_errors(make: Callable[..., Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make(layers.GRUCell(2))
