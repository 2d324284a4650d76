"""What the progress display writes, on a terminal and elsewhere."""

from __future__ import annotations

import io

import numpy as np
import pytest

from recurra import Input, Sequential, layers
from recurra.callbacks import ProgbarLogger
from recurra.progress import Progress, format_duration, format_values


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture(autouse=True)
def _width(monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")


def run(stream, total, seconds=1.0, steps=20):
    clock = Clock()
    progress = Progress(total, "Epoch 1/2", stream, clock)
    for step in range(1, steps + 1):
        clock.now += seconds
        progress.update(step, step * 8, lambda: {"loss": 0.25})
    progress.finish(steps, steps * 8, {"loss": 0.25, "acc": 0.5})
    return stream.getvalue()


def test_terminal_rewrites_one_line():
    text = run(Terminal(), 20)
    title, rest = text.split("\n", 1)
    assert title == "Epoch 1/2"
    assert rest.count("\n") == 1
    assert rest.count("\r") == 21
    last = rest.rstrip("\n").split("\r")[-1].rstrip()
    assert last == "20/20 " + "━" * 30 + " 1.0 steps/s · 8 samples/s · 0:20 · loss 0.2500 · acc 0.5000"
    half = rest.split("\r")[10].rstrip()
    assert half == "10/20 " + "━" * 15 + "─" * 15 + " 1.0 steps/s · 8 samples/s · 0:10 left · loss 0.2500"


def test_elsewhere_a_line_every_ten_seconds():
    lines = run(io.StringIO(), 25, steps=25).splitlines()
    assert lines == [
        "Epoch 1/2",
        "10/25 1.0 steps/s · 8 samples/s · 0:15 left · loss 0.2500",
        "20/25 1.0 steps/s · 8 samples/s · 0:05 left · loss 0.2500",
        "25/25 1.0 steps/s · 8 samples/s · 0:25 · loss 0.2500 · acc 0.5000",
    ]


def test_unknown_total_and_slow_steps():
    assert run(io.StringIO(), None, seconds=4.0, steps=2).splitlines()[1:] == [
        "2 steps 4.0 s/step · 2 samples/s · 0:08 · loss 0.2500 · acc 0.5000"
    ]


def test_figures_are_fetched_only_when_drawn():
    clock, fetched = Clock(), []
    progress = Progress(100, "", io.StringIO(), clock)
    for step in range(100):
        clock.now += 0.3
        progress.update(step, 0, lambda: fetched.append(1) or {})
    assert len(fetched) == 2


def test_long_line_is_cut_to_the_terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    stream = Terminal()
    run(stream, 20)
    assert max(len(line) for line in stream.getvalue().replace("\n", "\r").split("\r")) <= 39


def test_stream_without_unicode():
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii", newline="")
    Progress(2, "", stream, Clock()).finish(2, 0, {"loss": 1.0})
    assert raw.getvalue() == b"2/2 0:00 | loss 1.0000\n"


def test_numbers():
    assert format_duration(59.6) == "1:00"
    assert format_duration(3725) == "1:02:05"
    assert format_values({"loss": 1.23456, "tiny": 1.5e-7, "zero": 0.0, "bad": float("nan")}) == (
        "loss 1.2346 · tiny 1.500e-07 · zero 0.0000 · bad nan"
    )


@pytest.mark.parametrize(("verbose", "lines"), [(0, 0), (1, 4), (2, 2)])
def test_verbosity_of_fit(verbose, lines, capsys):
    x, y = np.ones((8, 2), "float32"), np.ones((8, 1), "float32")
    model = Sequential([Input((2,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(x, y, epochs=2, verbose=verbose, validation_data=(x, y))
    text = capsys.readouterr().out
    assert len(text.splitlines()) == lines
    if verbose:
        assert text.count("val_loss") == 2


def test_own_display():
    x, y = np.ones((8, 2), "float32"), np.ones((8, 1), "float32")
    model = Sequential([Input((2,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    stream = Terminal()
    model.fit(x, y, batch_size=2, callbacks=[ProgbarLogger(stream)])
    assert stream.getvalue().startswith("Epoch 1/1\n")
    assert "4/4" in stream.getvalue()
