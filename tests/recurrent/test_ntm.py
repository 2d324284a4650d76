"""The Neural Turing Machine: against NumPy, its gradients, masks, states, files, addresses and errors."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import recurra
from recurra import layers, ops
from recurra.gradient_check import check_gradients
from tests.support import reference_cells, reference_memory

B, T, F, U, N, M = 3, 5, 4, 6, 7, 3
CONTROLLERS: dict[str, Callable[..., Any]] = {
    "dense": lambda **options: layers.Dense(U, activation="tanh", **options),
    "simple": lambda **options: layers.SimpleRNNCell(U, **options),
    "gru": lambda **options: layers.GRUCell(U, **options),
    "lstm": lambda **options: layers.LSTMCell(U, **options),
    "stacked": lambda **options: [layers.LSTMCell(5, **options), layers.GRUCell(U, **options)],
    "linear": lambda **options: layers.MinGRUCell(U, **options),
}
FORMS: dict[str, dict[str, Any]] = {
    "plain": {},
    "heads": {"read_heads": 2, "write_heads": 3, "shift_range": 2},
    "learned memory": {"memory_initializer": "learned", "clip": None},
    "fixed start": {"learned_start": False, "memory_initializer": 0.5, "shift_range": 0},
}
MASK = np.random.default_rng(2).random((B, T)) < 0.6


def data(dtype: str = "float32") -> np.ndarray:
    return np.random.default_rng(1).standard_normal((B, T, F)).astype(dtype)


def made(controller: str = "lstm", form: str = "plain", dtype: str = "float32", **options: Any) -> layers.NTM:
    options = {"return_sequences": True, **FORMS[form], **options}
    layer = layers.NTM(CONTROLLERS[controller](dtype=dtype), N, M, dtype=dtype, **options)
    layer.build((None, None, F))
    rng = np.random.default_rng(4)
    layer.set_weights([(0.7 * rng.standard_normal(w.shape)).astype(dtype) for w in layer.weights])
    return layer


def reference(layer: layers.NTM, x: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
    """Outputs and final states of a machine whose controller is a SimpleRNNCell."""
    own = {weight.name: weight.numpy() for weight in layer.weights}
    clip = layer.clip or np.inf
    h = np.zeros((len(x), U))
    read = np.zeros((len(x), layer.read_heads * M))
    w = np.zeros((len(x), layer.cell.heads, N))
    w[:, :, 0] = 1
    if layer.learned_start:
        read[:] = np.tanh(own["initial_reads"]).reshape(-1)
        w[:] = reference_memory.softmax(own["initial_weights"])
    learned = layer.memory_initializer == "learned"
    memory = np.zeros((len(x), M, N)) + (own["initial_memory"] if learned else layer.memory_initializer)
    kernels = [own[name] for name in ("kernel", "recurrent_kernel", "bias")]
    outputs = []
    for t in range(x.shape[1]):
        h, _ = reference_cells.simple_rnn(np.concatenate([x[:, t], read], 1), [h], kernels, {}, h)
        raw = np.clip(h @ own["head_kernel"] + own["head_bias"], -clip, clip)
        reads, w, memory = reference_memory.step(memory, raw, w, layer.read_heads, layer.shift_range)
        read = reads.reshape(len(x), -1)
        outputs.append(np.clip(np.concatenate([h, read], 1), -clip, clip))
    return np.stack(outputs, 1), [h, read, w.reshape(len(x), -1), memory.reshape(len(x), -1)]


@pytest.mark.parametrize("form", FORMS)
def test_as_numpy_says_it(form: str) -> None:
    layer = made("simple", form, "float64", return_state=True)
    output, *states = layer(data("float64"))
    expected, final = reference(layer, data("float64"))
    np.testing.assert_allclose(output.numpy(), expected, rtol=0, atol=1e-12)
    for found, one in zip(states, final, strict=True):
        np.testing.assert_allclose(found.numpy(), one, rtol=0, atol=1e-12)


def test_the_bound_holds() -> None:
    layer = made("simple", clip=0.3)
    output = layer(data()).numpy()
    assert np.abs(output).max() == np.float32(0.3)
    np.testing.assert_allclose(output, reference(layer, data("float64"))[0], rtol=0, atol=1e-5)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("controller", ["dense", "lstm", "stacked"])
def test_gradients(controller: str, form: str) -> None:
    layer = made(controller, form, "float64")

    def function(x: Any, *_: Any) -> Any:
        output = layer(x, mask=MASK)
        return ops.sum(output * output)

    check_gradients(function, data("float64"), *layer.trainable_variables, samples=6, step=4e-4)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("controller", CONTROLLERS)
def test_step_by_step_as_over_the_whole_sequence(controller: str, form: str) -> None:
    layer = made(controller, form, return_state=True)
    x = data()
    output, *final = layer(x)
    states, outputs = layer.get_initial_state(B), []
    for t in range(T):
        one, states = layer.cell(x[:, t], states)
        outputs.append(one.numpy())
    np.testing.assert_array_equal(np.stack(outputs, 1), output.numpy())
    for one, other in zip(states, final, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())


@pytest.mark.parametrize("controller", CONTROLLERS)
def test_rows_and_parts_of_sequences(controller: str) -> None:
    layer = made(controller, "heads", return_state=True)
    x = data()
    whole, *final = layer(x)
    first, *states = layer(x[:, :2])
    second, *end = layer(x[:, 2:], initial_state=states)
    np.testing.assert_array_equal(np.concatenate([first.numpy(), second.numpy()], 1), whole.numpy())
    for one, other in zip(end, final, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())
    rows = [layer(x[b : b + 1])[0].numpy() for b in range(B)]
    np.testing.assert_allclose(np.concatenate(rows), whole.numpy(), rtol=0, atol=1e-6)


def test_stateful_goes_on_and_is_reset() -> None:
    layer = made(form="heads")
    whole = layer(data()).numpy()
    layer.stateful = True
    parts = [layer(data()[:, first:last]).numpy() for first, last in ((0, 2), (2, T))]
    np.testing.assert_array_equal(np.concatenate(parts, 1), whole)
    layer.reset_states()
    np.testing.assert_array_equal(layer(data()).numpy(), whole)


@pytest.mark.parametrize("controller", ["dense", "lstm"])
def test_a_masked_step_leaves_states_and_memory(controller: str) -> None:
    layer = made(controller, "heads", return_state=True)
    x = data()
    mask = np.ones((B, T), bool)
    mask[:, 2] = False
    expected, *final = layer(x[:, [0, 1, 3, 4]])
    x[:, 2] = np.nan
    leaf = recurra.Tensor(x)
    leaf.requires_grad = True
    found, *states = layer(leaf, mask=mask)
    np.testing.assert_array_equal(found.numpy()[:, [0, 1, 3, 4]], expected.numpy())
    np.testing.assert_array_equal(found.numpy()[:, 2], found.numpy()[:, 1])
    for one, other in zip(states, final, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())
    ops.sum(found).backward()
    assert np.isfinite(leaf.grad.numpy()).all()
    assert not leaf.grad.numpy()[:, 2].any()


def test_lengths_and_backwards() -> None:
    layer = made()
    x = data()
    found = layer(x, lengths=[2, 5, 3]).numpy()
    np.testing.assert_array_equal(found[0, :2], layer(x[:1, :2]).numpy()[0])
    layer.go_backwards = True
    backwards = layer(x).numpy()
    layer.go_backwards = False
    np.testing.assert_array_equal(backwards, layer(x[:, ::-1]).numpy())


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("controller", CONTROLLERS)
def test_files_copies_and_configurations(controller: str, form: str, tmp_path: Path) -> None:
    model = recurra.Sequential([recurra.Input((T, F)), made(controller, form), layers.Dense(2)])
    expected = model.predict(data(), verbose=0)
    model.save(tmp_path / "model.safetensors")
    again = recurra.models.load_model(tmp_path / "model.safetensors")
    for one in (again, copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(one.predict(data(), verbose=0), expected)
    layer, twin = model.layers[0], again.layers[0]
    assert twin.get_config() == layer.get_config()
    assert twin.memory_initializer == layer.memory_initializer


def test_shapes_in_a_graph_and_parameters() -> None:
    x = recurra.Input((None, 9))
    layer = layers.NTM(layers.LSTMCell(100), return_sequences=True, return_state=True)
    output, *states = layer(x)
    assert output.shape == (None, None, 120)
    assert [state.shape for state in states] == [(None, 100), (None, 100), (None, 20), (None, 256), (None, 2560)]
    model = recurra.Model(x, layers.Dense(8)(output))
    # LSTM of 29 numbers; heads of 2 · 26 + 40 parameters; the start of reads and weights; the answer.
    assert model.count_params() == 4 * 100 * (29 + 100 + 1) + 101 * 92 + 20 + 256 + 121 * 8


def test_learns_to_keep_a_bit() -> None:
    """The first step's number is to be said at the end: the loss falls, and every weight takes part."""
    recurra.random.set_seed(3)
    rng = np.random.default_rng(0)
    x = np.zeros((64, 6, 2), "float32")
    x[:, 0, 0] = rng.integers(0, 2, 64)
    x[:, -1, 1] = 1
    model = recurra.Sequential([recurra.Input((6, 2)), layers.NTM(layers.Dense(8, activation="tanh"), 8, 4)])
    model.add(layers.Dense(1, activation="sigmoid"))
    model.compile(optimizer=recurra.optimizers.Adam(0.02), loss="binary_crossentropy")
    before = model.get_weights()
    history = model.fit(x, x[:, 0, :1], epochs=60, batch_size=64, verbose=0).history["loss"]
    assert history[-1] < 0.1 * history[0]
    for old, new, weight in zip(before, model.get_weights(), model.weights, strict=True):
        assert (old != new).any(), weight.name


def test_dropout_of_the_controller_lasts_a_sequence() -> None:
    layer = layers.NTM(layers.GRUCell(U, dropout=0.5, recurrent_dropout=0.5, seed=1), N, M, return_sequences=True)
    x = data()
    plain = layer(x).numpy()
    first, second = layer(x, training=True).numpy(), layer(x, training=True).numpy()
    assert (first != plain).any()
    assert (first != second).any()
    np.testing.assert_array_equal(layer(x).numpy(), plain)


def test_a_cell_of_ones_own_controls() -> None:
    class Counter(layers.Layer):
        state_size = 1

        def call(self, inputs: Any, states: Any) -> Any:
            count = states[0] + ops.mean(inputs, axis=-1, keepdims=True)
            return count, [count]

    layer = layers.NTM(Counter(), N, M, return_sequences=True)
    assert layer(data()).shape == (B, T, 1 + M)


@pytest.mark.parametrize("form", FORMS)
def test_addresses(form: str) -> None:
    layer = made(form=form, return_state=True)
    found = layer.addresses(data(), mask=MASK)
    assert found.read.shape == (B, T, layer.read_heads, N)
    assert found.write.shape == (B, T, layer.write_heads, N)
    for weights in found:
        np.testing.assert_allclose(weights.sum(-1), 1, atol=1e-6)
    *_, last, _ = layer(data(), mask=MASK)[1:]
    both = np.concatenate(found, axis=2)[:, -1]
    np.testing.assert_array_equal(both.reshape(B, -1), last.numpy())


def test_addresses_leave_carried_states() -> None:
    layer = made(stateful=True)
    layer(data())
    carried = [state.numpy().copy() for state in layer.states]
    layer.addresses(data())
    for one, other in zip(layer.states, carried, strict=True):
        np.testing.assert_array_equal(one.numpy(), other)


def test_same_bits_for_any_number_of_threads() -> None:
    before, found = recurra.num_threads(), []
    rng = np.random.default_rng(0)
    x = rng.standard_normal((40, 4, F)).astype("float32")
    try:
        for threads in (1, 2, 3):
            recurra.set_num_threads(threads)
            recurra.random.set_seed(0)
            layer = layers.NTM(layers.LSTMCell(20), 64, 16, return_sequences=True)
            output = layer(x)
            ops.sum(output * output).backward()
            found.append([output.numpy().tobytes(), *(weight.grad.numpy().tobytes() for weight in layer.weights)])
    finally:
        recurra.set_num_threads(before)
    assert found[1] == found[0]
    assert found[2] == found[0]


def test_streams_refuse_it() -> None:
    model = recurra.Sequential([recurra.Input((T, F)), made()])
    with pytest.raises(ValueError, match="NTM") as raised:
        model.streaming()
    assert "\n" not in str(raised.value)


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"memory_size": 4, "shift_range": 2}, r"shift_range=2 makes a window of 5 slots, wider than memory_size=4; .*=1"),
    ({"memory_size": 0}, "memory_size must be an integer"),
    ({"read_heads": 0}, "read_heads"),
    ({"write_heads": 1.5}, "write_heads"),
    ({"shift_range": -1}, "shift_range"),
    ({"memory_initializer": "zeros"}, "a number or \"learned\", got 'zeros'"),
    ({"memory_initializer": float("nan")}, "memory_initializer"),
    ({"clip": 0}, "clip"),
    ({"controller": layers.LSTM(4)}, "a cell such as LSTMCell, got the layer"),
    ({"controller": layers.LSTMCell(4, skip=2)}, "skip"),
    ({"controller": layers.GRUCell(4, normalization="batch")}, "normalization='batch'"),
    ({"controller": "lstm"}, "a cell needs a method"),
    ({"controller": [layers.GRUCell(4), 3]}, "a cell needs a method"),
]


@pytest.mark.parametrize(("arguments", "message"), WRONG, ids=str)
@pytest.mark.parametrize("kind", [layers.NTM, layers.NTMCell])
def test_what_is_refused(kind: Any, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message) as raised:
        kind(**{"controller": layers.GRUCell(4), **arguments})
    assert "\n" not in str(raised.value)


def test_states_that_do_not_fit_are_refused() -> None:
    layer = made()
    with pytest.raises(ValueError, match="expected 5 initial states, got 2"):
        layer(data(), initial_state=layer.get_initial_state(B)[:2])
    with pytest.raises(ValueError, match=r"expected an initial state 4 of shape \(3, 21\)"):
        layer(data(), initial_state=[*layer.get_initial_state(B)[:4], np.zeros((B, 20), "float32")])
    with pytest.raises(ValueError, match="learned"):
        layers.NTM(layers.GRUCell(4)).get_initial_state(2)
