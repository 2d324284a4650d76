"""Truncated backpropagation through time against gradients worked out by hand, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest

from recurra import Input, Model, Sequential, layers, ops
from recurra.callbacks import Callback
from recurra.optimizers import SGD

B, T, F, U = 3, 23, 2, 4
RATE = 0.1
# No overlap; overlap; an update each step; windows longer than the stream; one window; more than the stream.
CUTS = [(4, 4), (3, 7), (1, 5), (5, 40), (T, T), (30, 40)]


def data(rng, batch=B, time=T):
    x = rng.normal(size=(batch, time, F)).astype("float32")
    return x, rng.normal(size=(batch, time, 1)).astype("float32")


def network(*recurrent, loss="mse"):
    model = Sequential([Input((None, F)), *recurrent, layers.Dense(1, dtype="float64")])
    model.compile(SGD(RATE), loss)
    return model


def stream_layer(kind=layers.SimpleRNN, **options):
    return kind(U, return_sequences=True, stateful=True, dtype="float64", **options)


def windows(time, every, back):
    """(begin, first, stop): the gradient of the losses of first … stop goes back to begin."""
    return [(max(0, first - (back - every)), first, min(first + every, time)) for first in range(0, time, every)]


def simple_rnn_gradient(weights, x, y, weight, h, first):
    """Loss and gradient of mean weight (y − (h V + d))² over the steps from `first` on, and all states; plain NumPy."""
    W, R, b, V, d = weights
    states, outputs = [h], []
    for t in range(x.shape[1]):
        states.append(np.tanh(x[:, t] @ W + states[-1] @ R + b))
        outputs.append(states[-1] @ V + d)
    count = y.shape[0] * (x.shape[1] - first)
    gradients = [np.zeros_like(w) for w in weights]
    loss, dh = 0.0, np.zeros_like(h)
    for t in reversed(range(x.shape[1])):
        if t >= first:
            error = outputs[t] - y[:, t]
            loss += (weight[:, t, None] * error**2).sum() / count
            dy = 2 * weight[:, t, None] * error / count
            gradients[3] += states[t + 1].T @ dy
            gradients[4] += dy.sum(0)
            dh = dh + dy @ V.T
        da = dh * (1 - states[t + 1] ** 2)
        gradients[0] += x[:, t].T @ da
        gradients[1] += states[t].T @ da
        gradients[2] += da.sum(0)
        dh = da @ R.T
    return loss, gradients, states


@pytest.mark.parametrize(("every", "back"), CUTS)
@pytest.mark.parametrize("weighted", [False, True])
def test_gradients_are_those_worked_out_by_hand(every, back, weighted, rng):
    model = network(stream_layer())
    weights = [rng.normal(size=w.shape) * 0.7 for w in model.get_weights()]
    model.set_weights(weights)
    x, y = data(rng)
    weight = rng.uniform(0.5, 2, (B, T)).astype("float32") if weighted else np.ones((B, T), "float32")
    losses = []
    h = {0: np.zeros((B, U))}  # the state after so many steps, as the window before left it
    for begin, first, stop in windows(T, every, back):
        part = slice(begin, stop)
        loss, gradients, states = simple_rnn_gradient(
            weights, x[:, part], y[:, part], weight[:, part], h[begin], first - begin
        )
        h |= {begin + t: state for t, state in enumerate(states) if begin + t not in h or t}
        weights = [w - RATE * g for w, g in zip(weights, gradients, strict=True)]
        losses.append((loss, stop - first))
    got = model.train_on_batch(x, y, weight if weighted else None, truncate=(every, back))
    assert model.optimizer.iterations == len(losses)
    assert got == pytest.approx(sum(loss * n for loss, n in losses) / T, rel=1e-6)
    for own, expected in zip(model.get_weights(), weights, strict=True):
        np.testing.assert_allclose(own, expected, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(model.layers[0].states[0].numpy(), h[T], rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(("every", "back"), CUTS)
def test_stacked_gated_layers_follow_the_tape(every, back, rng):
    model = network(stream_layer(layers.LSTM), stream_layer(layers.GRU))
    options = {"return_sequences": True, "return_state": True, "dtype": "float64"}
    lstm, gru, dense = layers.LSTM(U, **options), layers.GRU(U, **options), layers.Dense(1, dtype="float64")
    x, y = data(rng)
    dense(gru(lstm(x)[0])[0])
    twins = lstm.weights + gru.weights + dense.weights
    for twin, value in zip(twins, model.get_weights(), strict=True):
        twin.assign(value)
    states = {0: [np.zeros((B, U))] * 3}
    for begin, first, stop in windows(T, every, back):
        following = max(0, min(stop, T) - (back - every)) if stop < T else T

        def run(start, end, begin=begin):
            h, *long = lstm(x[:, start:end], initial_state=states[begin][:2])
            h, short = gru(h, initial_state=states[begin][2:])
            return dense(h), [s.numpy() for s in (*long, short)]

        after = states[begin] if following == begin else run(begin, following)[1]
        outputs, _ = run(begin, stop)
        for twin in twins:
            twin.grad = None
        ops.mean(ops.square(outputs[:, first - begin :] - y[:, first:stop])).backward()
        states[following] = after
        for twin in twins:
            twin.assign(twin.numpy() - RATE * twin.grad.numpy())
    model.train_on_batch(x, y, truncate=(every, back))
    for own, twin in zip(model.get_weights(), twins, strict=True):
        np.testing.assert_allclose(own, twin.numpy(), rtol=1e-12, atol=1e-13)


def test_one_window_is_the_whole_gradient(rng):
    x, y = data(rng)
    whole, cut = network(stream_layer()), network(stream_layer())
    cut.set_weights(whole.get_weights())
    assert whole.train_on_batch(x, y) == cut.train_on_batch(x, y, truncate=(T, T))
    for a, b in zip(whole.get_weights(), cut.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_fit_carries_states_from_batch_to_batch_and_resets_them_each_epoch(rng):
    x, y = data(rng, batch=2 * B)
    first, second = network(stream_layer()), network(stream_layer())
    second.set_weights(first.get_weights())
    history = first.fit(x, y, batch_size=B, epochs=2, truncate=(5, 8), verbose=0)
    for epoch in range(2):
        second.reset_states()
        parts = [second.train_on_batch(x[rows], y[rows], truncate=(5, 8)) for rows in (slice(B), slice(B, None))]
        assert history.history["loss"][epoch] == pytest.approx(np.mean(parts), rel=1e-12)
    for a, b in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_source_that_goes_on_keeps_its_states(rng):
    x, y = data(rng)
    seen = []

    class Look(Callback):
        def on_train_batch_begin(self, batch, logs=None):
            states = self.model.layers[0].states
            seen.append(None if states is None else float(abs(states[0].numpy()).sum()))

    def stream():
        while True:
            yield x, y

    network(stream_layer()).fit(stream(), steps_per_epoch=2, epochs=2, truncate=(5, 5), verbose=0, callbacks=[Look()])
    assert seen[0] is None
    assert all(value > 0 for value in seen[1:])


def test_validation_starts_anew_and_leaves_the_states_alone(rng):
    x, y = data(rng)
    held_out = data(rng, batch=2)

    def stream():
        while True:
            yield x, y

    options = {"steps_per_epoch": 2, "epochs": 2, "truncate": (5, 8), "verbose": 0}
    plain, watched, fresh = (network(stream_layer()) for _ in range(3))
    watched.set_weights(plain.get_weights())
    plain.fit(stream(), **options)
    history = watched.fit(stream(), validation_data=held_out, **options)
    for a, b in zip(plain.get_weights(), watched.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    fresh.set_weights(watched.get_weights())
    assert history.history["val_loss"][-1] == fresh.evaluate(*held_out, verbose=0)


@pytest.mark.parametrize("truncate", [(4, 4), (4, 10), (4, 16)])
def test_padding_has_no_influence(truncate, rng):
    x, y = data(rng)
    lengths = np.array([5, 14, 9])
    behind = np.arange(T)[None] >= lengths[:, None]
    models = [network(stream_layer(layers.GRU)) for _ in range(2)]
    models[1].set_weights(models[0].get_weights())
    for model, padding in zip(models, (0.0, 7.0), strict=True):
        x[behind] = y[behind] = padding
        model.train_on_batch(x, y, lengths=lengths, truncate=truncate)
        assert model.optimizer.iterations == 4  # windows that are padding in every row train nothing
    for a, b in zip(*(model.get_weights() for model in models), strict=True):
        np.testing.assert_array_equal(a, b)
    for row, length in enumerate(lengths):
        states = []
        for model in models:
            short = network(stream_layer(layers.GRU))
            short.set_weights(model.get_weights())
            short.optimizer.learning_rate = model.optimizer.learning_rate = 0.0
            model.reset_states()
            model.train_on_batch(x, y, lengths=lengths, truncate=truncate)
            short.train_on_batch(x[row : row + 1, :length], y[row : row + 1, :length], truncate=truncate)
            states += [model.layers[0].states[0].numpy()[row], short.layers[0].states[0].numpy()[0]]
        np.testing.assert_array_equal(states[0], states[1])


def test_inputs_without_time_are_not_cut(rng):
    stream, fixed = Input((None, F), name="stream"), Input((T,), name="fixed")
    h = layers.GRU(U, return_sequences=True, stateful=True)(stream)
    model = Model({"fixed": fixed, "stream": stream}, layers.Dense(1)(h) + ops.expand_dims(layers.Dense(1)(fixed), 1))
    model.compile("sgd", "mse", metrics=["mae"])
    x, y = data(rng)
    inputs = {"stream": x, "fixed": rng.normal(size=(B, T))}
    assert set(model.fit(inputs, y, truncate=(5, 9), verbose=0).history) == {"loss", "mae"}
    model.fit({name: inputs[name] for name in ("fixed", "stream")}, y, truncate=(5, 9), verbose=0)


def backward_reader():
    return network(layers.Bidirectional(stream_layer()))


class OwnStep(Sequential):
    def train_step(self, data):
        return super().train_step(data)


def own_step():
    model = OwnStep([Input((None, F)), stream_layer()])
    model.compile("sgd", "mse")
    return model


def last_output():
    return network(layers.SimpleRNN(U, stateful=True))


def fixed_time():
    model = Sequential([Input((T, F)), stream_layer()])
    model.compile("sgd", "mse")
    return model


X, Y = data(np.random.default_rng(5))
REFUSED = {
    "not stateful": (
        lambda: network(layers.GRU(U, return_sequences=True, name="memory")).fit(X, Y, truncate=(4, 4)),
        "layer 'memory': truncate carries the state .* stateful=True",
    ),
    "one of two not stateful": (
        lambda: network(stream_layer(), layers.GRU(U, return_sequences=True)).fit(X, Y, truncate=(4, 4)),
        "stateful=True",
    ),
    "not recurrent": (
        lambda: network(layers.Dense(3)).fit(X, Y, truncate=(4, 4)),
        "there are none",
    ),
    "reads backwards": (lambda: backward_reader().fit(X, Y, truncate=(4, 4)), "truncate is for layers that read forw"),
    "k2 below k1": (
        lambda: network(stream_layer()).fit(X, Y, truncate=(5, 3)),
        "needs k1 <= k2, got 5 > 3: of the 5 steps between two updates the first 2 would never be learned",
    ),
    "no pair": (lambda: network(stream_layer()).fit(X, Y, truncate=4), r"truncate must be \(k1, k2\), .* got 4"),
    "zero": (lambda: network(stream_layer()).fit(X, Y, truncate=(0, 4)), r"got \(0, 4\)"),
    "one target": (
        lambda: network(stream_layer()).fit(X, Y[:, 0], truncate=(4, 4)),
        r"a target for every one of the 23 time steps, got y of shape \(3, 1\)",
    ),
    "one output": (
        lambda: last_output().fit(X, Y, truncate=(4, 4)),
        r"targets have shape \(3, 23, 1\), .*set return_sequences=True",
    ),
    "fixed time": (
        lambda: fixed_time().fit(X, np.zeros((3, 23, 4)), truncate=(4, 4)),
        r"open number of time steps.*\(None, 23, 2\)",
    ),
    "own train_step": (lambda: own_step().fit(X, Y, truncate=(4, 4)), "defines its own"),
    "rows that do not continue": (
        lambda: network(stream_layer()).fit(X, Y, batch_size=2, truncate=(4, 4)),
        "3 samples need a batch_size that divides them .* got 2",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_makes_no_sense_is_refused(case):
    attempt, words = REFUSED[case]
    with pytest.raises(ValueError, match=words):
        attempt()
