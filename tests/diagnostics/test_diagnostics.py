"""The gradient's way through time against differences of plain NumPy networks, whatever the layer."""

from __future__ import annotations

import numpy as np
import pytest

from recurra import Input, Layer, Model, Sequential, callbacks, diagnostics, layers, ops
from recurra.diagnostics import FlowReport, gradient_flow

B, T, F, U = 3, 6, 2, 4


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


# One step of a cell: (x, states, weights, change) -> (output, new states, gates). `change` is added to a state as soon
# as it is there, before anything is computed from it.


def simple_rnn(x, states, weights, change):
    W, R, b = weights
    h = np.tanh(x @ W + states[0] @ R + b) + change[0]
    return h, [h], {}


def lstm(x, states, weights, change):
    W, R, b = weights
    i, f, g, o = np.split(x @ W + states[0] @ R + b, 4, axis=1)
    c = sigmoid(f) * states[1] + sigmoid(i) * np.tanh(g) + change[1]
    h = sigmoid(o) * np.tanh(c) + change[0]
    return h, [h, c], {"i": sigmoid(i), "f": sigmoid(f), "o": sigmoid(o)}


def gru(x, states, weights, change):
    W, R, b = weights
    xz, xr, xh = np.split(x @ W + b[0], 3, axis=1)
    hz, hr, hh = np.split(states[0] @ R + b[1], 3, axis=1)
    z, r = sigmoid(xz + hz), sigmoid(xr + hr)
    h = z * states[0] + (1 - z) * np.tanh(xh + r * hh) + change[0]
    return h, [h], {"z": z, "r": r}


def own(x, states, weights, change):
    W, R, V = weights
    h = np.tanh(x @ W + states[0] @ R) + change[0]
    return h @ V, [h], {}


class OwnCell(Layer):
    """The output is not the state."""

    state_size = U
    output_size = 3

    def build(self, input_shape):
        self.kernel = self.add_weight((F, U))
        self.recurrent = self.add_weight((U, U))
        self.head = self.add_weight((U, 3))

    def call(self, inputs, states):
        h = ops.tanh(ops.matmul(inputs, self.kernel) + ops.matmul(states[0], self.recurrent))
        return ops.matmul(h, self.head), [h]


CELLS = {
    "simple_rnn": (simple_rnn, lambda **o: layers.SimpleRNN(U, **o), ["h"]),
    "lstm": (lstm, lambda **o: layers.LSTM(U, **o), ["h", "c"]),
    "gru": (gru, lambda **o: layers.GRU(U, **o), ["h"]),
    "own": (own, lambda **o: layers.RNN(OwnCell(dtype="float64"), **o), ["h"]),
}


def run(step, x, weights, states, options, lengths=None, at=None, change=None):
    """Outputs (B, T, O), final states and gates of all steps; `change` is made to the states of step `at`."""
    nothing = [0.0] * len(states)
    outputs, output, gates = {}, None, {}
    for t in reversed(range(x.shape[1])) if options.get("go_backwards") else range(x.shape[1]):
        keep = np.ones((x.shape[0], 1), bool) if lengths is None else (t < lengths)[:, None]
        new_output, new, values = step(x[:, t], states, weights, change if t == at else nothing)
        if t == at:  # a masked step has the state of the step before
            states = [np.where(keep, old, old + c) for old, c in zip(states, change, strict=True)]
        states = [np.where(keep, n, old) for n, old in zip(new, states, strict=True)]
        output = np.where(keep, new_output, 0.0 if output is None else output)
        outputs[t] = output
        for name, value in values.items():
            gates.setdefault(name, []).append(value[keep[:, 0]].ravel())
    whole = options.get("return_sequences")
    result = np.stack([outputs[t] for t in sorted(outputs)], 1) if whole else output
    return result, states, {name: np.concatenate(parts) for name, parts in gates.items()}


def differences(function, shape, step=1e-5):
    """The derivative of an array-valued function of an array around 0, elements last."""
    columns = []
    for at in np.ndindex(*shape):
        moved = np.zeros(shape)
        moved[at] = step
        columns.append((function(moved) - function(-moved)) / (2 * step))
    return np.stack(columns, axis=-1)


def weighted(y_true, y_pred):
    return ops.sum(y_true * y_pred, axis=-1)


def model_of(*recurrent):
    model = Sequential([Input((None, F)), *recurrent])
    model.compile("sgd", weighted)
    return model


OPTIONS = [{}, {"return_sequences": True}, {"go_backwards": True}, {"lengths": True}]


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("options", OPTIONS, ids=lambda o: next(iter(o), "last"))
def test_norms_are_those_of_differences(name, options, rng):
    step, make, states = CELLS[name]
    lengths = np.array([2, 6, 4]) if options.get("lengths") else None
    options = {key: value for key, value in options.items() if key != "lengths"}
    layer = make(dtype="float64", **options)
    model = model_of(layer)
    weights = [rng.normal(size=w.shape) for w in model.get_weights()]
    model.set_weights(weights)
    x = rng.normal(size=(B, T, F)).astype("float32")
    start = [np.zeros((B, U)) for _ in states]
    y = rng.normal(size=run(step, x, weights, start, options)[0].shape).astype("float32")
    report = gradient_flow(model, x, y, lengths=lengths, samples=2)
    (flow,) = report.layers
    count = y.size // y.shape[-1]

    def loss(at, change):
        return (run(step, x, weights, start, options, lengths, at, change)[0] * y).sum() / count

    assert report.loss == pytest.approx(loss(None, None), rel=1e-6)
    assert list(flow.loss_gradient) == list(flow.jacobian) == states
    for number, state in enumerate(states):
        for t in range(T):

            def changed(delta, number=number):
                return [delta if i == number else 0.0 for i in range(len(states))]

            gradient = differences(lambda d, t=t: loss(t, changed(d)), (B, U))
            assert flow.loss_gradient[state][t] == pytest.approx(np.linalg.norm(gradient), rel=1e-6, abs=1e-8)
            norms = []
            for row in range(2):
                own_length = None if lengths is None else lengths[row : row + 1]
                small = [np.zeros((1, U)) for _ in states]

                def final(delta, t=t, row=row, own_length=own_length, small=small, number=number):
                    end = run(step, x[row : row + 1], weights, small, options, own_length, t, changed(delta))[1]
                    return end[number][0]

                norms.append(np.linalg.norm(differences(final, (1, U)), 2))
            assert flow.jacobian[state][t] == pytest.approx(np.mean(norms), rel=1e-6, abs=1e-9)
    gates = run(step, x, weights, start, options, lengths)[2]
    assert list(flow.saturation) == list(gates)
    for gate, values in gates.items():
        assert flow.saturation[gate] == pytest.approx(((values < 0.1).mean(), (values > 0.9).mean()), abs=1e-12)
    last = 0 if flow.backwards else -1
    assert flow.jacobian["h"][last] == pytest.approx(1, rel=1e-12)
    far = flow.jacobian["h"][-1 if flow.backwards else 0]
    assert flow.factor() == pytest.approx(far ** (1 / (T - 1)))


def test_spectral_radius(rng):
    cells = [layers.SimpleRNNCell(U), layers.LSTMCell(U), layers.GRUCell(U)]
    model = model_of(layers.RNN(cells))
    model.set_weights([rng.normal(size=w.shape) for w in model.get_weights()])
    (flow,) = gradient_flow(model, rng.normal(size=(B, T, F)), np.zeros((B, U))).layers
    names = ["1.h", *(f"2.{gate}" for gate in "ifco"), *(f"3.{gate}" for gate in "zrh")]
    assert list(flow.spectral_radius) == names
    assert list(flow.saturation) == ["2.i", "2.f", "2.o", "3.z", "3.r"]
    assert list(flow.loss_gradient) == ["1.h", "2.h", "2.c", "3.h"]
    blocks = [b for cell in cells for b in np.split(cell.recurrent_kernel.numpy(), cell.gates, axis=1)]
    for name, block in zip(names, blocks, strict=True):
        assert flow.spectral_radius[name] == pytest.approx(abs(np.linalg.eigvals(block)).max(), rel=1e-5)


def test_gates_that_are_pinned_keep_their_names(rng):
    model = model_of(layers.LSTM(U))
    kernel, recurrent, bias = model.get_weights()
    bias[U : 2 * U], bias[3 * U :] = 1e4, -1e4
    model.set_weights([kernel, recurrent, bias])
    (flow,) = gradient_flow(model, rng.normal(size=(B, T, F)), np.zeros((B, U))).layers
    assert list(flow.saturation) == ["i", "f", "o"]
    assert flow.saturation["f"] == (0, 1)
    assert flow.saturation["o"] == (1, 0)


def test_both_directions_and_stacks_see_what_single_layers_see(rng):
    """A Bidirectional is two layers; cells on top of each other are layers on top of each other."""
    x, y = rng.normal(size=(B, T, F)).astype("float32"), rng.normal(size=(B, 2 * U)).astype("float32")
    pair = model_of(layers.Bidirectional(layers.GRU(U, name="gru"), name="both"))
    one = Input((None, F))
    joined = [layers.GRU(U, name="forward")(one), layers.GRU(U, go_backwards=True, name="backward")(one)]
    parts = Model(one, layers.Concatenate()(joined))
    parts.compile("sgd", weighted)
    parts.set_weights(pair.get_weights())
    first, second = gradient_flow(pair, x, y), gradient_flow(parts, x, y)
    assert [layer.name for layer in first.layers] == ["both/forward_gru", "both/backward_gru"]
    for a, b in zip(first.layers, second.layers, strict=True):
        np.testing.assert_allclose(a.loss_gradient["h"], b.loss_gradient["h"], rtol=1e-5)
        np.testing.assert_allclose(a.jacobian["h"], b.jacobian["h"], rtol=1e-5)

    stack = model_of(layers.RNN([layers.LSTMCell(U), layers.GRUCell(U)]))
    separate = model_of(layers.LSTM(U, return_sequences=True), layers.GRU(U))
    separate.set_weights(stack.get_weights())
    (whole,), (low, high) = (gradient_flow(m, x, y[:, :U]).layers for m in (stack, separate))
    for state in ("h", "c"):
        np.testing.assert_allclose(whole.loss_gradient[f"1.{state}"], low.loss_gradient[state], rtol=1e-4)
    np.testing.assert_allclose(whole.loss_gradient["2.h"], high.loss_gradient["h"], rtol=1e-4)
    np.testing.assert_allclose(whole.jacobian["1.c"], low.jacobian["c"], rtol=1e-4)


def test_the_model_is_left_as_it_was(rng):
    x, y = rng.normal(size=(B, T, F)).astype("float32"), rng.normal(size=(B, T, U)).astype("float32")
    model = model_of(layers.LSTM(U, return_sequences=True, stateful=True, recurrent_dropout=0.5))
    twin = model_of(layers.LSTM(U, return_sequences=True, stateful=True, recurrent_dropout=0.5, seed=1))
    model.layers[0].cell.seed_generator.set_state({"seed": 1, "counter": 0})
    twin.set_weights(model.get_weights())
    for step in range(3):
        if step:
            gradients = [v.grad.numpy().copy() for v in model.trainable_variables]
            gradient_flow(model, x, y)
            for variable, before in zip(model.trainable_variables, gradients, strict=True):
                np.testing.assert_array_equal(variable.grad.numpy(), before)
        assert model.train_on_batch(x, y) == twin.train_on_batch(x, y)
    assert "call" not in vars(model.layers[0])
    for a, b in zip(model.get_weights(), twin.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_carried_states_are_what_a_stateful_layer_starts_from(rng):
    x, y = rng.normal(size=(B, T, F)).astype("float32"), rng.normal(size=(B, U)).astype("float32")
    model = model_of(layers.GRU(U, stateful=True))
    fresh = gradient_flow(model, x, y).loss
    model.predict(x, verbose=0)
    assert gradient_flow(model, x, y).loss != fresh
    fewer = gradient_flow(model, x[:2], y[:2]).loss
    assert gradient_flow(model, x, y).loss == pytest.approx(model.test_on_batch(x, y), rel=1e-5)
    model.reset_states()
    assert fewer == pytest.approx(model.test_on_batch(x[:2], y[:2]), rel=1e-5)


def test_wide_states_are_worked_out_in_parts(rng, monkeypatch):
    x, y = rng.normal(size=(B, T, F)), rng.normal(size=(B, U))
    model = model_of(layers.LSTM(U))
    whole = gradient_flow(model, x, y).layers[0].jacobian
    monkeypatch.setattr(diagnostics.norms, "_ROWS", 3)
    for state, curve in gradient_flow(model, x, y).layers[0].jacobian.items():
        np.testing.assert_allclose(curve, whole[state], rtol=1e-5)


class TwoTensors(layers.GRUCell):
    """Returns output and state as two tensors of the same values, which have a gradient each."""

    def call(self, inputs, states, training=False):
        output, states = super().call(inputs, states, training)
        return output * 1.0, states


def test_a_cell_whose_output_is_a_copy_of_its_state_is_seen_too(rng):
    x, y = rng.normal(size=(B, T, F)), rng.normal(size=(B, T, U))
    model = model_of(layers.GRU(U, return_sequences=True))
    copying = model_of(layers.RNN(TwoTensors(U), return_sequences=True))
    copying.set_weights(model.get_weights())
    (expected,) = gradient_flow(model, x, y, lengths=[6, 2, 5]).layers
    (flow,) = gradient_flow(copying, x, y, lengths=[6, 2, 5]).layers
    np.testing.assert_allclose(flow.loss_gradient["h"], expected.loss_gradient["h"], rtol=1e-5)
    np.testing.assert_allclose(flow.jacobian["h"], expected.jacobian["h"], rtol=1e-5)


def test_states_of_several_steps_ago_are_seen(rng):
    """A perturbation of h_t reaches h_{t+3} over the skip connection, however small the recurrent weights are."""
    model = model_of(layers.SimpleRNN(U, activation=None, skip=3))
    kernel, recurrent, bias = model.get_weights()
    recurrent[:U], recurrent[U:] = 0, 2 * np.eye(U)
    model.set_weights([kernel, recurrent, bias])
    (flow,) = gradient_flow(model, rng.normal(size=(B, T, F)), rng.normal(size=(B, U))).layers
    np.testing.assert_allclose(flow.jacobian["h"], [0, 0, 2, 0, 0, 1], atol=1e-6)


def test_an_observed_layer_calls_its_cell_step_by_step_and_the_engine_otherwise(rng, monkeypatch):
    layer = layers.GRU(U)
    x = rng.normal(size=(B, T, F)).astype("float32")
    layer(x)
    calls = []
    own = layers.GRUCell.call
    monkeypatch.setattr(layers.GRUCell, "call", lambda *a, **k: calls.append(1) or own(*a, **k))
    monkeypatch.setattr(layers.GRUCell.call, "__module__", own.__module__, raising=False)
    layer(x)
    assert not calls
    model = model_of(layer)
    gradient_flow(model, x, rng.normal(size=(B, U)), samples=1)
    assert len(calls) >= T


def test_a_layer_used_twice_is_seen_at_each_use(rng):
    first, second, shared = Input((None, F)), Input((None, F)), layers.GRU(U, name="gru")
    model = Model([first, second], shared(first) + 2.0 * shared(second))
    model.compile("sgd", weighted)
    x, y = rng.normal(size=(B, T, F)).astype("float32"), rng.normal(size=(B, U)).astype("float32")
    report = gradient_flow(model, [x, x], y)
    assert [layer.name for layer in report.layers] == ["gru", "gru, use 2"]
    one, two = (layer.loss_gradient["h"] for layer in report.layers)
    np.testing.assert_allclose(two, 2 * one, rtol=1e-5)


def test_layers_inside_layers_are_seen(rng):
    model = Sequential([Input((None, 3, F)), layers.TimeDistributed(layers.GRU(U, name="inner"), name="each")])
    model.compile("sgd", weighted)
    (flow,) = gradient_flow(model, rng.normal(size=(B, T, 3, F)), rng.normal(size=(B, T, U))).layers
    assert flow.name == "each/inner"
    assert flow.loss_gradient["h"].shape == (3,)
    assert (flow.loss_gradient["h"] > 0).all()


def test_report_as_words_dictionary_and_picture(rng, tmp_path):
    pytest.importorskip("matplotlib")
    model = model_of(layers.LSTM(U, name="memory"))
    path = tmp_path / "flow.png"
    report = gradient_flow(model, rng.normal(size=(B, T, F)), rng.normal(size=(B, U)), plot=path)
    assert path.stat().st_size > 1000
    words = str(report)
    assert "\nmemory, h " in words
    assert "\nmemory, c " in words
    assert "memory: spectral radius i 0." in words
    assert "memory: gates below 0.1 and above 0.9: i " in words
    assert repr(report) == f"<FlowReport loss={report.loss:.4g}, layers memory>"
    assert repr(report["memory"]) == f"<LayerFlow memory, states h, c, {T} steps>"
    again = FlowReport.from_dict(report.as_dict())
    np.testing.assert_array_equal(again["memory"].jacobian["c"], report["memory"].jacobian["c"])
    with pytest.raises(KeyError, match="no layer 'other'; it has memory"):
        report["other"]


def test_callback_records_every_few_epochs(rng, tmp_path):
    x, y = rng.normal(size=(B, T, F)).astype("float32"), rng.normal(size=(B, U)).astype("float32")
    model, twin = model_of(layers.GRU(U)), model_of(layers.GRU(U))
    twin.set_weights(model.get_weights())
    watch = callbacks.GradientFlow(x, y, every=2, samples=1)
    history = model.fit(x, y, epochs=4, shuffle=False, verbose=0, callbacks=[watch])
    assert history.history == twin.fit(x, y, epochs=4, shuffle=False, verbose=0).history
    assert watch.epochs == [0, 2]
    assert [report.layers[0].name for report in watch.reports] == [model.layers[0].name] * 2
    assert watch.reports[0].loss != watch.reports[1].loss
    twin = callbacks.GradientFlow(x, y)
    twin.set_state(watch.state())
    assert twin.epochs == [0, 2]
    assert twin.reports[1].loss == watch.reports[1].loss


@pytest.mark.parametrize(
    ("attempt", "words"),
    [
        (lambda x, y: gradient_flow(model_of(layers.Dense(U)), x, x), "has no recurrent layers"),
        (
            lambda x, y: gradient_flow(model_of(layers.GRU(U)), x, y, samples=0),
            "samples must be an integer >= 1, got 0",
        ),
        (lambda x, y: gradient_flow(Sequential([Input((None, F)), layers.GRU(U)]), x, y), "call compile"),
        (lambda x, y: callbacks.GradientFlow(x, y, every=0), "every must be an integer >= 1, got 0"),
    ],
)
def test_bad_input(attempt, words, rng):
    with pytest.raises(ValueError, match=words):
        attempt(rng.normal(size=(B, T, F)), rng.normal(size=(B, U)))
