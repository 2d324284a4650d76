"""Inputs that once went wrong are tried again, and some that nobody has tried; and the driver sees what it must see."""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Callable

import pytest

from tests.fuzz.__main__ import SEEDS
from tests.fuzz.driver import fuzz
from tests.fuzz.targets import Target, WrongResult, all_targets

FOUND = json.loads(SEEDS.read_text())
TARGETS = all_targets()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", TARGETS)
def test_kept_and_fresh_inputs(name: str) -> None:
    report = fuzz(TARGETS[name], [*FOUND.get(name, []), *range(60)])
    assert not report.failures, "\n".join(map(str, report.failures))
    assert report.tried >= 60


def test_kept_inputs_are_of_targets_that_exist() -> None:
    assert set(FOUND) <= set(TARGETS)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", TARGETS)
def test_many_inputs(name: str) -> None:
    report = fuzz(TARGETS[name], range(1000, 100_000), time.monotonic() + 30)
    assert not report.failures, "\n".join(map(str, report.failures))


# ---- the driver


def _endless(_: random.Random) -> str:
    while True:
        pass


def _greedy(_: random.Random) -> str:
    return str(len(bytearray(1 << 30)))


def _crashing(_: random.Random) -> str:
    os.abort()


def _mistaken(_: random.Random) -> str:
    raise KeyError("inside")


def _wrong(_: random.Random) -> str:
    raise WrongResult("2 + 2 = 5")


def _importing(_: random.Random) -> str:
    import pytest_of_nobody  # noqa: F401

    return "accepted"


def _refusing(_: random.Random) -> str:
    raise ValueError("as documented")


@pytest.mark.parametrize(
    ("attempt", "kind"),
    [
        (_endless, "hang"),
        (_greedy, "allocation"),
        (_crashing, "crash"),
        (_mistaken, "exception"),
        (_wrong, "result"),
        (_importing, "import"),
    ],
)
def test_the_driver_sees(attempt: Callable[[random.Random], str], kind: str, tmp_path, monkeypatch) -> None:
    (tmp_path / "pytest_of_nobody.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    target = Target("bad", lambda rng: attempt(rng) if rng.random() < 0.5 else "accepted", seconds=0.2)
    bad = [number for number in range(8) if target.generator(number).random() < 0.5]
    report = fuzz(target, range(8))
    assert report.tried == 8
    assert [failure.number for failure in report.failures] == bad[: len(report.failures)]
    assert {failure.kind for failure in report.failures} == {kind}
    assert len(report.failures) == (1 if kind == "import" else len(bad))
    assert report.words["accepted"] >= 8 - len(bad)


def test_documented_exceptions_are_no_failures() -> None:
    report = fuzz(Target("good", _refusing), range(5))
    assert (report.tried, report.failures, dict(report.words)) == (5, [], {"refused": 5})
