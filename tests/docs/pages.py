"""Snippets and commands in the Markdown pages of the project."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from tests.support.places import ROOT

PAGES = sorted(
    str(path.relative_to(ROOT))
    for folder, pattern in ((ROOT, "*.md"), (ROOT / "docs", "**/*.md"), (ROOT / "tests", "*/*.md"))
    for path in folder.glob(pattern)
    if path.name != "CHANGELOG.md" and "_build" not in path.parts
)
FENCE = re.compile(r"^( *)```(\w*)([^\n]*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
NO_RUN = re.compile(r'no-run="([^"]+)"')
COMMANDS = ("recurra ", "make ", "python -m bench.", "python examples/", "cmake ", "pip install ")


@dataclass(frozen=True)
class Snippet:
    """A fenced block: its language, its code, its first line in the page, and why it is not run, if so."""

    language: str
    code: str
    line: int
    no_run: str | None


def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def snippets(page: str) -> list[Snippet]:
    """The fenced blocks of a page, in order."""
    text = text_of(page)
    found = []
    for match in FENCE.finditer(text):
        indent, language, attributes, code = match.groups()
        code = re.sub(f"^{indent}", "", code, flags=re.MULTILINE)
        reason = NO_RUN.search(attributes)
        line = text.count("\n", 0, match.start(4)) + 1
        found.append(Snippet(language, code, line, reason[1] if reason else None))
    return found


def lines_of_shell(code: str) -> Iterator[list[str]]:
    """The words of each command of a block; quotes and backslashes may go on to the next line."""
    pending = ""
    for line in code.splitlines():
        pending += line + "\n"
        if line.endswith("\\"):
            continue
        try:
            words = shlex.split(pending.replace("\\\n", " "), comments=True)
        except ValueError:  # inside quotes
            continue
        pending = ""
        command: list[str] = []
        for word in [*words, "&&"]:
            if word in ("&&", "|", ";"):
                if command:
                    yield command
                command = []
            else:
                command.append(word)


def commands(page: str) -> list[tuple[int, bool, list[str]]]:
    """Commands of a page: the line they stand at, whether they are complete, their words.

    Those of blocks (`sh`) are complete; one that is named within a sentence may leave out what it needs.
    """
    found = []
    for snippet in snippets(page):
        if snippet.language == "sh":
            found += [(snippet.line, True, words) for words in lines_of_shell(snippet.code)]
    prose = FENCE.sub(lambda match: "\n" * match[0].count("\n"), text_of(page))
    for match in re.finditer(r"`([^`]+)`", prose):
        quoted = match[1].replace("\n", " ")
        if quoted.startswith(COMMANDS) and "…" not in quoted:
            found.append((prose.count("\n", 0, match.start()) + 1, False, shlex.split(quoted)))
    return found
