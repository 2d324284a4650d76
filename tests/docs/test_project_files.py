"""Files about the project agree with one another: make's commands, extras, continuous integration, citation."""

from __future__ import annotations

import re

import recurra
from tests.support.places import ROOT

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
PYPROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
COMMANDS = set(re.findall(r"^([a-z][a-z0-9-]*):", MAKEFILE, re.MULTILINE))


def test_make_help_lists_every_command() -> None:
    explained = set(re.findall(r"^([a-z0-9-]+):.*## \S", MAKEFILE, re.MULTILINE))
    phony = re.search(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)
    assert phony is not None
    assert explained == COMMANDS == set(phony[1].split())


def test_continuous_integration_runs_what_there_is() -> None:
    workflow = (ROOT / ".github" / "workflows" / "tests.yml").read_text(encoding="utf-8")
    called = set(re.findall(r"run: make ([a-z0-9-]+)", workflow))
    (targets,) = re.findall(r"target: \[(.*)\]", workflow)
    called |= set(targets.split(", "))
    assert called <= COMMANDS
    assert {"test", "lint", "docs", "wheel", "test-levels", "asan", "tsan", "fuzz"} <= called
    versions = re.findall(r"Python :: (3\.\d+)", PYPROJECT)
    (tested,) = re.findall(r"python: \[(.*)\]", workflow)
    assert re.findall(r"3\.\d+", tested) == versions


def test_extras_that_are_installed_exist() -> None:
    table = PYPROJECT.split("[project.optional-dependencies]")[1].split("\n[")[0]
    extras = set(re.findall(r"^(\w+) = \[", table, re.MULTILINE))
    for names in re.findall(r"(?:recurra|\.)\[([\w,]+)\]", MAKEFILE + PYPROJECT):
        assert set(names.split(",")) <= extras


def test_citation_names_this_version() -> None:
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {recurra.__version__}\n" in citation
