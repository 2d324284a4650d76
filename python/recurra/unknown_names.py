"""The error for a name that nothing has."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def unknown_name(kind: str, name: object, known: Iterable[str]) -> ValueError:
    """A ValueError that says which names are close to `name`, or which there are."""
    names = sorted(set(known))
    close = difflib.get_close_matches(str(name).lower(), names, n=3, cutoff=0.6)
    if close:
        return ValueError(f"unknown {kind} '{name}'; did you mean {' or '.join(repr(c) for c in close)}?")
    return ValueError(f"unknown {kind} '{name}'; known are {', '.join(names)}")
