"""Hundreds of made-up tables, sound and damaged, with options drawn at random: an answer or one line, nothing else."""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable

import numpy as np
import pytest

from recurra.cli import main

FORMS: list[Callable[[int], str]] = [
    lambda i: str(np.datetime64("2020-01-01T00", "h") + i).replace("T", " ") + ":00",
    lambda i: str(np.datetime64("2020-01-01T00", "h") + i) + ":00:00+02:00",
    lambda i: str(np.datetime64("2020-01-01") + i),
    lambda i: str(np.datetime64("1950-01") + i),
    lambda i: str(1_600_000_000 + 3600 * i),
    lambda i: f"{1960 + i // 4}Q{i % 4 + 1}",
    lambda i: str(1700 + i),
    lambda i: str(i * i),
]
OPTIONS = [
    ["--horizon", "1"], ["--horizon", "7"], ["--horizon", "1mo"], ["--delay", "0"], ["--lookback", "5"],
    ["--lookback", "1y"], ["--step", "2"], ["--missing", "skip"], ["--missing", "interpolate", "--max-gap", "50"],
    ["--irregular", "ignore"], ["--irregular", "fill"], ["--duplicates", "mean"], ["--duplicates", "last"],
    ["--decimal", ","], ["--delimiter", ";"], ["--date-column", "t"], ["--date-format", "epoch"],
    ["--split", "50/30/20"], ["--features", "a"], ["--drop", "b"], ["--unit", "kW"],
]  # fmt: skip


def drawn_table(draw: random.Random) -> bytes:
    form, delimiter = draw.choice(FORMS), draw.choice(",,;\t")
    order = list(range(draw.choice([0, 1, 2, 5, 30, *[60, 200] * 5])))
    change = draw.random()
    if change < 0.15:
        order.reverse()
    elif change < 0.25:
        draw.shuffle(order)
    elif change < 0.35:
        order = sorted(order + order[:3])
    elif change < 0.45:
        order = [row for row in order if draw.random() > 0.05]
    odd = draw.choice([0, 0, 0, 0.01, 0.2])
    strange = ["1", "1e300", "1e-300", "", "NA", "1.234", "1,5", "1.234,5", "x", "9" * 30, "inf", "-"]

    def number() -> str:
        return draw.choice(strange) if draw.random() < odd else f"{draw.gauss(10, 3):.2f}"

    names = [draw.choice(["t", "year", "ts", "date"]), "a", draw.choice(["b"] * 9 + ["a"])]
    rows = [delimiter.join(names), *(delimiter.join([form(row), number(), number()]) for row in order)]
    data = bytearray(draw.choice(["\n", "\n", "\r\n", "\r"]).join(rows).encode())
    for _ in range(draw.choice([0, 0, 0, 0, 1, 3])):
        data[draw.randrange(len(data))] = draw.randrange(256)
    return bytes(data)


@pytest.mark.parametrize("seed", range(4))
def test_an_answer_or_one_line(tmp_path, capsys, monkeypatch, seed) -> None:
    monkeypatch.chdir(tmp_path)
    draw = random.Random(seed)
    answered = 0
    for _ in range(100):
        (tmp_path / "t.csv").write_bytes(drawn_table(draw))
        target = draw.choice([["--target", "a"]] * 8 + [["--target", "t"], []])
        options = [word for option in draw.sample(OPTIONS, draw.randint(0, 2)) for word in option]
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)
            status = main(["forecast", "t.csv", "--model", "naive", *target, *options])
        streams = capsys.readouterr()
        answered += status == 0
        if status:
            assert status == 1
            assert streams.err.startswith("recurra: ")
            assert streams.err.count("\n") == 1
            assert "Errno" not in streams.err
        else:
            assert "after the end of the data" in streams.out or "after the data" in streams.out
    assert 10 < answered < 90
