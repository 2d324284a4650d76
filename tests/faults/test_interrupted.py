"""Signals at random moments of fit, evaluate, predict, save and load: the model is usable, nothing is half-changed."""

from __future__ import annotations

import os
import random
import signal
import time
from contextlib import suppress

import numpy as np
import pytest

import recurra
from recurra import callbacks, saving
from tests.faults.program import X, Y, network


class Alarm(BaseException):
    """What the handler of the signal raises, wherever Python is at that moment."""


@pytest.fixture
def alarm():
    """A function that lets a signal come after so many seconds; it raises Alarm."""

    def handle(number, frame):
        raise Alarm

    before = signal.signal(signal.SIGALRM, handle)
    yield lambda seconds: signal.setitimer(signal.ITIMER_REAL, seconds)
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def disturbed(alarm, act, seconds):
    """Runs `act`, with a signal after so many seconds; whether it was interrupted."""
    try:
        alarm(seconds)
        act()
        alarm(0)
    except Alarm:
        return True
    return False


def check_usable(model, folder):
    """The model is in a state that a file can hold: what goes on from it is what goes on from the file."""
    path = folder / "check.safetensors"
    model.save(path)
    twin = saving.load_model(path)
    np.testing.assert_array_equal(model.predict(X, verbose=0), twin.predict(X, verbose=0))
    histories = []
    for one in (model, twin):
        recurra.random.set_seed(5)
        histories.append(one.fit(X, Y, batch_size=6, epochs=1, verbose=0).history)
    assert histories[0] == histories[1]
    for a, b in zip(model.get_weights(), twin.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
        assert np.isfinite(a).all()


def same(a, b):
    return np.array_equal(a, b)


ROUNDS = [6, pytest.param(150, marks=pytest.mark.slow)]


@pytest.mark.parametrize("rounds", ROUNDS)
@pytest.mark.parametrize("what", ["fit", "evaluate", "predict", "train_on_batch", "epochs with validation"])
def test_any_moment_of_a_loop(what, rounds, alarm, tmp_path):
    model = network()
    model.fit(X, Y, verbose=0)
    acts = {
        "fit": lambda: model.fit(X, Y, batch_size=2, epochs=3, verbose=0),
        "evaluate": lambda: model.evaluate(X, Y, batch_size=2, verbose=0),
        "predict": lambda: model.predict(X, batch_size=1, verbose=0),
        "train_on_batch": lambda: [model.train_on_batch(X[:4], Y[:4]) for _ in range(8)],
        "epochs with validation": lambda: model.fit(X, Y, epochs=3, validation_split=0.3, verbose=0),
    }
    rng = random.Random(what)
    began = time.perf_counter()
    acts[what]()
    usual = time.perf_counter() - began
    count = 0
    for _ in range(rounds):
        before = model.get_weights()
        count += disturbed(alarm, acts[what], rng.uniform(1e-4, usual))
        if what in ("evaluate", "predict"):
            for a, b in zip(before, model.get_weights(), strict=True):
                np.testing.assert_array_equal(a, b)
        check_usable(model, tmp_path)
    assert count or rounds < 20


@pytest.mark.parametrize("rounds", ROUNDS)
def test_any_moment_of_a_save(rounds, alarm, tmp_path):
    path, rng = tmp_path / "m.safetensors", random.Random(3)
    models = [network(40), network(80)]
    models[0].save(path)
    for number in range(rounds):
        model = models[number % 2]
        disturbed(alarm, lambda model=model: model.save(path), rng.uniform(1e-4, 5e-3))
        loaded = saving.load_model(path)
        expected = models[loaded.layers[0].units // 80].get_weights()
        for a, b in zip(loaded.get_weights(), expected, strict=True):
            np.testing.assert_array_equal(a, b)
    assert os.listdir(tmp_path) == [path.name]


@pytest.mark.parametrize("rounds", ROUNDS)
def test_any_moment_of_a_load(rounds, alarm, tmp_path):
    path, rng = tmp_path / "m.safetensors", random.Random(4)
    model = network(40)
    model.save(path)
    weights = tmp_path / "weights.safetensors"
    network(40).save_weights(weights)
    target = network(40)
    loaded = target.get_weights()
    target.set_weights([weight + 1 for weight in loaded])
    for _ in range(rounds):
        disturbed(alarm, lambda: saving.load_model(path), rng.uniform(1e-4, 1e-2))
        state = recurra.random.get_state()
        assert saving.load_model(path).count_params() == model.count_params()
        assert recurra.random.get_state() == state
        # New weights are drawn again, not left at zero by a load that did not end.
        assert np.any(network(4).get_weights()[0])
        before = target.get_weights()
        if disturbed(alarm, lambda: target.load_weights(weights), rng.uniform(1e-4, 5e-3)):
            after = target.get_weights()
            assert all(same(a, b) or same(a, c) for a, b, c in zip(after, before, loaded, strict=True))


def test_ctrl_c_ends_fit_behind_a_whole_step(tmp_path):
    class Interrupt(callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 2:
                signal.raise_signal(signal.SIGINT)

    model, twin = network(), network()
    recurra.random.set_seed(1)
    with suppress(KeyboardInterrupt):
        model.fit(X, Y, batch_size=4, epochs=5, shuffle=False, verbose=0, callbacks=[Interrupt()])
    assert model.optimizer.iterations == 3
    recurra.random.set_seed(1)
    for step in range(3):
        twin.train_on_batch(X[4 * step : 4 * step + 4], Y[4 * step : 4 * step + 4])
    for a, b in zip(model.get_weights(), twin.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    check_usable(model, tmp_path)
