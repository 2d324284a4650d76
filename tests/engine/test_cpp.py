"""Runs the C++ unit tests, one program a SIMD level, where they have been built."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from recurra import _cpu

_FOLDER = os.environ.get("RECURRA_CPP_TESTS", "")
_PROGRAMS = sorted(p for p in Path(_FOLDER).glob("cpp_tests_*") if os.access(p, os.X_OK)) if _FOLDER else []


@pytest.mark.skipif(not _FOLDER, reason="RECURRA_CPP_TESTS names no folder of test programs; `make test` builds them")
def test_there_are_cpp_tests() -> None:
    if not _PROGRAMS:
        pytest.skip("the C++ tests were not built: CMake found no Catch2 (install it with `apt-get install catch2`)")


@pytest.mark.parametrize("program", _PROGRAMS, ids=lambda p: p.name)
def test_cpp(program: Path) -> None:
    level = program.name.removeprefix("cpp_tests_")
    if level not in _cpu.levels():
        pytest.skip(f"this processor does not have {level}")
    done = subprocess.run([program], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "All tests passed" in done.stdout
