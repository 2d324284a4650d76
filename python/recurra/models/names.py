"""Names that are taken only once."""

from __future__ import annotations

from collections.abc import Iterable


def unused_name(name: str, taken: Iterable[str]) -> str:
    """The name, or the first of name_1, name_2, … that is not taken."""
    taken = set(taken)
    other, count = name, 1
    while other in taken:
        other, count = f"{name}_{count}", count + 1
    return other


def unique_names(names: Iterable[str]) -> list[str]:
    """The names, those that come again with _1, _2, … at their end."""
    out: list[str] = []
    for name in names:
        out.append(unused_name(name, out))
    return out
