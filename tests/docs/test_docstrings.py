"""Examples in docstrings run, and what users call has one."""

from __future__ import annotations

import doctest
import importlib
import inspect
from pathlib import Path

import numpy as np
import pytest

import recurra
from tools.public_names import DOCUMENTED, modules, offered, public_objects

# Modules whose examples need a package that recurra itself does not.
NEEDS = {
    "recurra.plotting": "matplotlib",
    "recurra.preprocessing.term_matrix": "sklearn",
    "recurra.datasets.jsb_chorales": "scipy",
    "recurra.datasets.nottingham": "scipy",
}
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@pytest.mark.parametrize("name", modules())
def test_examples_run(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`np` and `recurra` are predefined; files are written to a folder of the test's own."""
    if name in NEEDS:
        pytest.importorskip(NEEDS[name], reason=f"needs {NEEDS[name]}")
    monkeypatch.chdir(tmp_path)
    module = importlib.import_module(name)
    finder = doctest.DocTestFinder(exclude_empty=True)
    report: list[str] = []
    for example in finder.find(module, name, extraglobs={"np": np, "recurra": recurra}):
        recurra.random.set_seed(0)
        doctest.DocTestRunner(optionflags=OPTIONS, verbose=False).run(example, out=report.append)
    assert not report, "".join(report)


ENGINE = [name for name in public_objects() if name.startswith("recurra._engine")]


@pytest.mark.parametrize("name", ENGINE, ids=[name.split(".", 2)[2] for name in ENGINE])
def test_examples_of_the_engine_run(name: str) -> None:
    """Classes of the engine module, which no module of Python defines."""
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = finder.find(public_objects()[name], name, module=False, globs={"np": np, "recurra": recurra})
    report: list[str] = []
    runs = [doctest.DocTestRunner(optionflags=OPTIONS, verbose=False).run(one, out=report.append) for one in found]
    assert sum(run.attempted for run in runs) > 0
    assert not report, "".join(report)


def test_every_documented_module_offers_something() -> None:
    assert [name for name in DOCUMENTED if not offered(name)] == []


@pytest.mark.parametrize("name", public_objects())
def test_has_a_docstring_with_an_example(name: str) -> None:
    text = inspect.getdoc(public_objects()[name]) or ""
    assert text, "has no docstring"
    assert "Example:\n" in text, "has no section `Example:`"
    assert ">>> " in text, "has no example that runs"
