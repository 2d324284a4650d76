"""The pool of buffers: what it keeps is bounded, and a steady loop still asks the system for nothing."""

from __future__ import annotations

import json
import subprocess
import sys

import recurra
from recurra import _engine

# Runs in a process of its own: the bound depends on the peak of the whole process.
CHANGING_SIZES = """
import json
from recurra import _engine
most_kept = 64 << 20
worst = 0
for rows in range(1000, 61000, 300):
    held = [_engine.full((rows, 100), 1.0, "float32") for _ in range(2)]
    del held
    memory = _engine.memory_statistics()
    worst = max(worst, memory["cached"] - max(most_kept, memory["peak"]))
steady = [(rows, 100) for rows in (5000, 9000, 40000)]
for _ in range(2):
    for shape in steady:
        _engine.full(shape, 1.0, "float32")
before = _engine.memory_statistics()["requests"]
for _ in range(20):
    for shape in steady:
        _engine.full(shape, 1.0, "float32")
print(json.dumps({"worst": worst, "asked": _engine.memory_statistics()["requests"] - before}))
"""


def test_what_is_kept_is_bounded() -> None:
    done = subprocess.run([sys.executable, "-c", CHANGING_SIZES], capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert found["worst"] <= 0
    assert found["asked"] == 0


def test_trim_memory_gives_everything_back() -> None:
    _engine.full((300, 100), 1.0, "float32")
    assert _engine.memory_statistics()["cached"] > 0
    recurra.trim_memory()
    assert _engine.memory_statistics()["cached"] == 0
    assert "trim_memory" in dir(recurra)
