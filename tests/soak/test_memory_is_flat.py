"""Resident memory after many rounds is what it was after the first ones. Each loop runs in a process of its own."""

from __future__ import annotations

import ctypes
import gc
import mmap
import resource

import numpy as np
import pytest

import recurra
from recurra import Input, Model, Sequential, layers, ops, saving
from tests.support.confined import confined

LIBC = ctypes.CDLL(None)
MEGABYTE = 1 << 20


def resident() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


def growth(step, rounds: int, settle: int) -> int:
    """Bytes that memory grows by in `rounds` calls of step(number), after `settle` of them."""
    for number in range(settle):
        step(number)
    gc.collect()
    if hasattr(LIBC, "malloc_trim"):
        LIBC.malloc_trim(0)  # what other tests have freed would be taken first
    before = resident()
    for number in range(rounds):
        step(number)
    gc.collect()
    return resident() - before


def predictions():
    model = Sequential([Input((None, 8)), layers.GRU(16), layers.Dense(1)])
    x = np.ones((4, 10, 8), "f")
    return lambda number: model.predict(x, verbose=0)


def calls():
    model = Sequential([Input((None, 8)), layers.LSTM(16), layers.Dense(1)])
    x = np.ones((4, 10, 8), "f")
    return lambda number: model(x[:, : 1 + number % 10])


def training_of_changing_shapes():
    model = Sequential([Input((None, 8)), layers.LSTM(16, return_sequences=True), layers.GRU(16), layers.Dense(1)])
    model.compile("adam", "mse")
    rng = np.random.default_rng(0)

    def step(number):
        batch, time = rng.integers(1, 40), rng.integers(1, 60)
        model.train_on_batch(np.ones((batch, time, 8), "f"), np.ones((batch, 1), "f"))

    return step


def models_made_and_dropped():
    def step(number):
        entrance = Input((None, 4))
        kind = number % 3
        if kind == 0:
            model = Sequential([entrance, layers.Bidirectional(layers.GRU(8)), layers.Dense(2)])
        elif kind == 1:
            model = Model(entrance, layers.Dense(2)(layers.GlobalMaxPooling1D()(layers.Conv1D(4, 3)(entrance))))
        else:
            model = Sequential([layers.SimpleRNN(8), layers.Dense(2)])
        model.compile("rmsprop", "mse")
        model.fit(np.ones((4, 6, 4), "f"), np.ones((4, 2), "f"), verbose=0)

    return step


def files(folder):
    model = Sequential([Input((None, 8)), layers.GRU(16), layers.Dense(1)])
    model.compile("adam", "mse")
    path = folder / "m.safetensors"

    def step(number):
        model.save(path)
        saving.load_model(path)

    return step


def streams():
    model = Sequential([Input((None, 8)), layers.GRU(16), layers.Dense(1)])
    block = np.ones((3, 5, 8), "f")
    return lambda number: model.streaming(3).process(block)


def failing_steps():
    class Failing(layers.Layer):
        fails = False

        def call(self, x):
            if self.fails:
                raise ValueError("always")
            return x

    broken = Failing()
    model = Sequential([Input((5, 8)), layers.LSTM(16, return_sequences=True), layers.Dense(4), broken])
    model.compile("adam", "mse")
    broken.fails = True
    x, y = np.ones((8, 5, 8), "f"), np.ones((8, 5, 4), "f")

    def step(number):
        with pytest.raises(ValueError, match="always"):
            model.train_on_batch(x, y)

    return step


def graphs_without_backward():
    weight = recurra.Variable(np.ones((64, 64), "f"))
    return lambda number: ops.sum(ops.tanh(ops.matmul(weight, weight)))


LOOPS = {
    "predictions": (predictions, 10_000),
    "calls": (calls, 10_000),
    "training of changing shapes": (training_of_changing_shapes, 5_000),
    "models made and dropped": (models_made_and_dropped, 2_000),
    "files": (files, 1_000),
    "streams": (streams, 4_000),
    "failing steps": (failing_steps, 2_000),
    "graphs without backward": (graphs_without_backward, 5_000),
}


@pytest.mark.parametrize("short", [True, pytest.param(False, marks=pytest.mark.slow)], ids=["short", "long"])
@pytest.mark.parametrize("name", LOOPS)
def test_memory_is_flat(name, short, tmp_path):
    make, rounds = LOOPS[name]
    rounds = rounds // 50 if short else rounds
    arguments = [tmp_path] if make is files else []
    outcome = confined(lambda: growth(make(*arguments), rounds, rounds // 5 + 20), seconds=500, megabytes=2000)
    assert outcome.error is None, outcome.trace
    assert outcome.signal == 0, outcome.words
    # What is settled by then may move by some pages; a leak of 1 KB a round would be more.
    limit = 4 * MEGABYTE if short else 4 * MEGABYTE + 512 * rounds
    assert outcome.value < limit, f"{name}: {rounds} rounds took {outcome.value / MEGABYTE:.1f} MB"


def written_page():
    page = mmap.mmap(-1, 4096)
    page.write(b"x" * 4096)
    return page


def test_a_leak_is_seen():
    kept = []
    outcome = confined(lambda: growth(lambda number: kept.append(written_page()), 4000, 100))
    assert outcome.value > 4 * MEGABYTE + 512 * 4000
