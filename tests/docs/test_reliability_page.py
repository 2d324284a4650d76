"""The page of promises names tests and targets that exist."""

from __future__ import annotations

import re

from tests.fuzz.targets import all_targets
from tests.support.places import ROOT

PAGE = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")


def test_every_test_it_names_is_there() -> None:
    named = set(re.findall(r"tests/[\w/]+\.py", PAGE))
    assert len(named) > 10
    for path in named:
        assert (ROOT / path).is_file(), path
        assert "def test_" in (ROOT / path).read_text(encoding="utf-8"), path


def test_every_target_has_figures() -> None:
    rows = re.findall(r"^\| `([^`]+)` \|", PAGE, re.MULTILINE)
    assert set(rows) == set(all_targets())
