"""Decimal and thousands separators: what the fields of a whole table say about them.

A field such as `1.234` may be either; it says nothing as long as another field (`0.5`, `12,75`, `1.234,5`) decides.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable

NUMBER = re.compile(r"[+-]?(\d+[.,]?\d*|[.,]\d+)([eE][+-]?\d+)?")
#: Numbers in groups of three digits, by the sign between the groups.
GROUPED = {
    ".": re.compile(r"[+-]?[1-9]\d{0,2}(\.\d{3})+(,\d*)?"),
    ",": re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d*)?"),
}
_OTHER = {".": ",", ",": "."}
_MANY = re.compile(rb"[+-]?\d[\d.,]*[.,][\d.,]*")

Votes = Counter[str]


def vote(field: str) -> str | None:
    """The decimal sign of a field: "." or ","; "?." or "?," where that sign may separate thousands too; else None."""
    dots, commas = field.count("."), field.count(",")
    if dots and commas:
        decimal = "." if field.rfind(".") > field.rfind(",") else ","
        return decimal if GROUPED[_OTHER[decimal]].fullmatch(field) else None
    if not dots and not commas:
        return None
    sign = "." if dots else ","
    if GROUPED[sign].fullmatch(field):
        return "?" + sign if dots + commas == 1 else _OTHER[sign]
    return sign if NUMBER.fullmatch(field) else None


def votes_of(fields: Iterable[str]) -> Votes:
    """The votes of many fields."""
    return Counter(found for field in fields if (found := vote(field)) is not None)


def votes_in(block: bytes) -> Votes:
    """The votes of everything that looks like a number in a piece of the file."""
    return votes_of(match[0].decode() for match in _MANY.finditer(block))


def decided(votes: Votes, delimiter: str) -> str | None:
    """The decimal sign that the votes decide on; None where they leave it open."""
    if delimiter == ",":
        return "."
    if votes["."] or votes[","]:
        return "," if votes[","] > votes["."] else "."
    # Between tabs and bars three decimals are common, thousands are not.
    return "." if votes["?."] and not votes["?,"] and delimiter != ";" else None


def is_number(field: str, decimal: str) -> bool:
    """Whether a field is a number, with or without thousands separators."""
    return bool(NUMBER.fullmatch(field) or GROUPED[_OTHER[decimal]].fullmatch(field))


def ungrouped(decimal: str, delimiter: str) -> Callable[[bytes], bytes]:
    """A function that takes the thousands separators out of the numbers in whole lines of a file."""
    sign = re.escape(_OTHER[decimal]).encode()
    number = rb"[+-]?[1-9]\d{0,2}(?:" + sign + rb"\d{3})+(?:" + re.escape(decimal).encode() + rb"\d*)?"
    if delimiter == _OTHER[decimal]:
        pattern = rb'(?<=")' + number + rb'(?=")'
    else:
        edge = rb'"\s' + re.escape(delimiter).encode()
        pattern = rb"(?:(?<=[" + edge + rb"])|^)" + number + rb"(?=[" + edge + rb"]|$)"
    grouped = re.compile(pattern, re.MULTILINE)
    return lambda lines: grouped.sub(lambda match: match[0].replace(_OTHER[decimal].encode(), b""), lines)
