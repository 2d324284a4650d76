"""Type checkers see the types of recurra in a user's program: mistakes are reported, a correct program is not."""

from __future__ import annotations

import ast
import importlib
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import recurra

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[int, str]]:
    """What mypy says, by file and line."""
    pytest.importorskip("mypy", reason="needs mypy, of the extra `lint`")
    package = Path(recurra.__file__).parent.parent
    installed = package.name == "site-packages"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "mypy", "--config-file=", "--follow-imports=silent", "--check-untyped-defs"),
            *("--no-error-summary", "--no-pretty", "--cache-dir", str(tmp_path_factory.mktemp("cache"))),
            *(str(HERE / name) for name in ("correct.py", "mistakes.py")),
        ],
        env={**os.environ, "MYPYPATH": "" if installed else str(package)},
        cwd=tmp_path_factory.mktemp("empty"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    said: dict[str, dict[int, str]] = {"correct.py": {}, "mistakes.py": {}}
    for file, line, words in re.findall(r"(\w+\.py):(\d+): (?:error|note): (.*)", done.stdout):
        said[file][int(line)] = " ".join([said[file].get(int(line), ""), words])
    return said


def test_a_correct_program_is_accepted(reports: dict[str, dict[int, str]]) -> None:
    assert reports["correct.py"] == {}


def test_mistakes_are_reported(reports: dict[str, dict[int, str]]) -> None:
    lines = (HERE / "mistakes.py").read_text(encoding="utf-8").splitlines()
    remarks = {number: line.split("  # ")[1] for number, line in enumerate(lines, 1) if "  # " in line}
    found = reports["mistakes.py"]
    assert len(remarks) > 10
    assert sorted(found) == sorted(remarks)
    assert {lines[n - 1]: found[n] for n in remarks if remarks[n] not in found[n]} == {}


@pytest.mark.parametrize("module", [recurra, recurra.datasets], ids=lambda module: module.__name__)
def test_a_checker_sees_what_a_program_sees(module: ModuleType) -> None:
    """What is imported when first used is also imported for type checkers, from the same place."""
    tree = ast.parse(Path(module.__file__ or "").read_text(encoding="utf-8"))
    block = next(n for n in tree.body if isinstance(n, ast.If) and ast.unparse(n.test) == "_typing.TYPE_CHECKING")
    imports = {
        alias.name: node.module for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    assert set(imports) == {*module._MODULES, *getattr(module, "_NAMES", ())}
    for name, source in imports.items():
        assert getattr(module, name) is getattr(importlib.import_module(str(source)), name)
