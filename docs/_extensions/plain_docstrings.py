"""Docstrings are plain text with code in backquotes: what reStructuredText would read into the rest is escaped."""

from __future__ import annotations

import inspect
import re
from itertools import pairwise
from typing import Any

from sphinx.application import Sphinx

from tools.public_names import public_objects

CODE = re.compile(r"(``[^`]+``|`[^`]+`)")
MARKUP = re.compile(r"([*|]|(?<=\w)_(?!\w))")
SECTION = re.compile(r"[A-Z][\w ]*:$")
NAPOLEON = ("Args", "Arguments", "Attributes", "Example", "Examples", "Raises", "Returns", "Yields", "Note", "Warning")
ARGUMENTS = re.compile(r"^ *(Args|Arguments|Attributes):$")


def depth_of(line: str) -> int:
    return len(line) - len(line.lstrip())


def escaped(line: str) -> str:
    """The line with asterisks, bars and final underscores escaped, outside of code; code may touch letters."""
    parts = CODE.split(line)
    for i, part in enumerate(parts):
        if i % 2 == 0:
            touches = i > 0 and part[:1].isalnum()
            parts[i] = ("\\ " if touches else "") + MARKUP.sub(r"\\\1", part)
            if i + 1 < len(parts) and part[-1:].isalnum():
                parts[i] += "\\ "
    return "".join(parts)


def joined_arguments(lines: list[str]) -> list[str]:
    """The lines with names of arguments that share a description, over several lines, brought into one."""
    found: list[str] = []
    section = -1  # how far the heading of the arguments is indented
    for line in lines:
        if ARGUMENTS.match(line):
            section = depth_of(line)
        elif line.strip() and depth_of(line) <= section:
            section = -1
        previous = found[-1] if found else ""
        goes_on = section >= 0 and previous.endswith(",") and depth_of(previous) == depth_of(line) == section + 4
        if goes_on and not re.match(r" *[\w, *]+: ", previous):
            found[-1] = f"{previous} {line.strip()}"
        else:
            found.append(line)
    return found


def with_literal_blocks(lines: list[str]) -> list[str]:
    """The lines with `::` in front of indented blocks of prose: equations, code, tables."""
    found: list[str] = []
    section = listed = literal = False
    for line in lines:
        if not line.strip():
            found.append(line)
            continue
        if depth_of(line) == 0:
            section, listed, literal = bool(SECTION.match(line)), line.startswith(("- ", "* ", ">>>")), False
        elif not (section or listed or literal) and found and not found[-1].strip():
            found += ["::", ""]
            literal = True
        found.append(line)
    return found


def sections() -> list[tuple[str, str]]:
    """Headings of docstrings beside those that napoleon knows, as it wants to be told of them."""
    objects = list(public_objects().values())
    objects += [member for one in objects if inspect.isclass(one) for member in vars(one).values()]
    found = set()
    for one in objects:
        lines = (inspect.getdoc(one) or "").splitlines()
        found |= {line[:-1] for line, after in pairwise(lines) if SECTION.match(line) and after.startswith(" ")}
    return [(title, "params_style") for title in sorted(found - set(NAPOLEON))]


def escape(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Escapes all lines but those of examples and of literal blocks."""
    lines[:] = with_literal_blocks(joined_arguments(lines))
    example = literal = False
    for i, line in enumerate(lines):
        if line == "::":
            literal = True
        elif line.strip() and depth_of(line) == 0:
            literal = False
        if line.strip().startswith(">>>"):
            example = True
        elif not line.strip():
            example = False
        if not example and not literal:
            lines[i] = escaped(line)


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("autodoc-process-docstring", escape, priority=100)  # in front of napoleon
    return {"parallel_read_safe": True}
