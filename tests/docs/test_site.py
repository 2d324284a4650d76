"""The documentation site: every page is in its table of contents, and docstrings become what they look like."""

from __future__ import annotations

import importlib.util
import re
from types import ModuleType

import pytest

from tests.docs import pages
from tests.support.places import ROOT
from tools.public_names import public_objects

DOCS = ROOT / "docs"


def extension(name: str) -> ModuleType:
    """A module of docs/_extensions."""
    pytest.importorskip("sphinx", reason="needs Sphinx, of the extra `docs`")
    spec = importlib.util.spec_from_file_location(name, DOCS / "_extensions" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_page_is_in_the_table_of_contents() -> None:
    contents = re.findall(r"```\{toctree\}\n(.*?)```", (DOCS / "index.md").read_text(encoding="utf-8"), re.DOTALL)
    entries = [line for block in contents for line in block.splitlines() if line and not line.startswith(":")]
    listed = {re.sub(r".*<(.*)>", r"\1", entry) for entry in entries}
    there = {str(page.relative_to(DOCS).with_suffix("")) for page in DOCS.rglob("*.md")} - {"index"}
    assert there == listed - {"api/index", "examples/index"}


def test_snippets_are_found_with_their_lines_and_reasons() -> None:
    contributing = pages.snippets("CONTRIBUTING.md")
    lines = pages.text_of("CONTRIBUTING.md").splitlines()
    assert contributing
    for snippet in contributing:
        assert lines[snippet.line - 1] == snippet.code.splitlines()[0]
    assert pages.NO_RUN.findall('```python no-run="needs your file"') == ["needs your file"]


def test_commands_go_on_behind_quotes_and_backslashes() -> None:
    code = 'recurra forecast a.csv \\\n  --target x  # a remark\npython -c "a\nb" && make test\n'
    assert list(pages.lines_of_shell(code)) == [
        ["recurra", "forecast", "a.csv", "--target", "x"],
        ["python", "-c", "a\nb"],
        ["make", "test"],
    ]


def test_markup_is_escaped_but_in_code() -> None:
    plain = extension("plain_docstrings")
    assert plain.escaped("|x| * y, name_ and `a * b_`") == r"\|x\| \* y, name\_ and `a * b_`"


def test_code_may_touch_letters() -> None:
    plain = extension("plain_docstrings")
    assert plain.escaped("`Block`s of two") == r"`Block`\ s of two"


def test_equations_become_literal_blocks() -> None:
    plain = extension("plain_docstrings")
    lines = ["The step.", "", "    h' = f(x W)", "", "Args:", "    x: the input.", "", "    y: the other."]
    assert plain.with_literal_blocks(lines) == [*lines[:2], "::", "", *lines[2:]]


def test_arguments_that_share_a_description_are_one_entry() -> None:
    plain = extension("plain_docstrings")
    lines = ["Args:", "    a, b,", "    c: numbers.", "    d: a text,", "    e: another."]
    assert plain.joined_arguments(lines) == ["Args:", "    a, b, c: numbers.", "    d: a text,", "    e: another."]


def test_api_pages_have_every_public_object_once() -> None:
    text = "\n".join(extension("api_pages").pages().values())
    documented = re.findall(r"^\.\. auto(?:class|function):: (\S+)$", text, re.MULTILINE)
    assert len(documented) == len(set(documented)) == len({id(value) for value in public_objects().values()})
