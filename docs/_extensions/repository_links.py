"""Pages link to files of the repository; on the site such a link leads to a page, or is the file's name."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(([^)#\s:]+)(#[\w-]+)?\)")
# Files of the repository that the site has a page for.
PAGES = {"CHANGELOG.md": "changelog.md", "CONTRIBUTING.md": "contributing.md", "README.md": "index.md"}


def replace_links(app: Sphinx, page: str, source: list[str]) -> None:
    """Replaces links that leave the folder of the documentation."""
    root = Path(app.srcdir).resolve()
    place = Path(app.env.doc2path(page)).resolve()
    if place.suffix != ".md":
        return
    # The included file's links are relative to the repository.
    folder = place.parent

    def replaced(match: re.Match[str]) -> str:
        label, target, anchor = match[1], match[2], match[3] or ""
        file = (folder / target).resolve()
        if file.is_relative_to(root):
            return match[0]
        name = str(file.relative_to(root.parent)) if file.is_relative_to(root.parent) else target
        if name in PAGES:
            up = "../" * (len(folder.relative_to(root).parts))
            return f"[{label}]({up}{PAGES[name]}{anchor})"
        return label

    source[0] = LINK.sub(replaced, source[0])


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("source-read", replace_links)
    return {"parallel_read_safe": True}
