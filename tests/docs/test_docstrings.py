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

# Modules whose docstrings have no examples yet.
EXEMPT: tuple[str, ...] = ("recurra._engine",)
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


def test_every_documented_module_offers_something() -> None:
    assert [name for name in DOCUMENTED if not offered(name)] == []


@pytest.mark.parametrize("name", public_objects())
def test_has_a_docstring_with_an_example(name: str) -> None:
    text = inspect.getdoc(public_objects()[name]) or ""
    assert text, "has no docstring"
    if not name.startswith(EXEMPT):
        assert "Example:\n" in text, "has no section `Example:`"
        assert ">>> " in text, "has no example that runs"
