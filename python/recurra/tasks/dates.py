"""Dates as people write them, in some twenty layouts, to ISO: 2026-11-27."""

from __future__ import annotations

import datetime
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np

from recurra.tasks.task import Data, setting
from recurra.tasks.translation import Translation, TranslationSettings

MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
LAYOUTS = (
    "{day} {month} {year}", "{day2} {month} {year}", "{day}{th} {month} {year}", "{day}{th} of {month} {year}",
    "{month} {day}, {year}", "{month} {day}{th}, {year}", "{month} {day} {year}", "{weekday}, {month} {day}, {year}",
    "{weekday} {day} {month} {year}", "{weekday}, {day} {month} {year}", "{weekday}, the {day}{th} of {month} {year}",
    "{day} {mon} {year}", "{mon} {day}, {year}", "{mon} {day} {year}", "{day}-{mon}-{year}", "{day2} {mon} {year2}",
    "{wd} {day} {mon} {year}", "{year} {month} {day}", "{year}/{month2}/{day2}", "{year}{month2}{day2}",
    "{day}.{number}.{year}", "{day2}.{month2}.{year}", "{number}/{day}/{year2}",
)  # fmt: skip
SIGNS = "\0 ,./-0123456789abcdefghijklmnopqrstuvwxyz"  # the first one is padding
DIGITS = "\0-0123456789<>"


@dataclass(frozen=True)
class DatesSettings(TranslationSettings):
    """Settings of the dates."""

    epochs: int = setting(6, "how often the training data are seen", least=0)
    learning_rate: float = setting(4e-3, "of Adam, at first", above=0)


class Dates(Translation):
    """Days of 1970 to 2069. No day of the validation or the test occurs in the training, in any layout."""

    settings_class = DatesSettings
    source_vocabulary, target_vocabulary = len(SIGNS), len(DIGITS)
    start, end = DIGITS.index("<"), DIGITS.index(">")
    longest = len("2026-11-27") + 2

    def data(self, settings: Any, seed: int) -> Data:
        """Texts and dates as tokens."""
        rng = np.random.default_rng(seed)
        texts, dates, days = pairs(settings.count, rng)
        train = tokens(texts, SIGNS), tokens(dates, DIGITS)
        texts, dates, more = pairs(settings.held_out, rng, days)
        validation = tokens(texts, SIGNS), tokens(dates, DIGITS)
        texts, dates, _ = pairs(settings.held_out, rng, days | more)
        return Data(train, validation, (tokens(texts, SIGNS), tokens(dates, DIGITS)))


def written(day: datetime.date, layout: str) -> str:
    """A day in a layout, in lower case."""
    month, weekday = MONTHS[day.month - 1], WEEKDAYS[day.weekday()]
    ordinal = "th" if 10 < day.day < 14 else {1: "st", 2: "nd", 3: "rd"}.get(day.day % 10, "th")
    return layout.format(
        day=day.day, day2=f"{day.day:02}", th=ordinal, month=month, mon=month[:3], month2=f"{day.month:02}",
        number=day.month, weekday=weekday, wd=weekday[:3], year=day.year, year2=f"{day.year % 100:02}",
    )  # fmt: skip


def pairs(
    count: int, rng: np.random.Generator, known: Collection[int] = frozenset()
) -> tuple[list[str], list[str], set[int]]:
    """Texts, their dates in ISO, and the days that occur, none of which is known.

    Years of two digits are those from 1970 to 2069, and so are all the others.
    """
    first, last = datetime.date(1970, 1, 1).toordinal(), datetime.date(2069, 12, 31).toordinal()
    texts: list[str] = []
    dates: list[str] = []
    days: set[int] = set()
    while len(texts) < count:
        number = int(rng.integers(first, last + 1))
        if number not in known:
            day = datetime.date.fromordinal(number)
            texts.append(written(day, LAYOUTS[rng.integers(len(LAYOUTS))]))
            dates.append(day.isoformat())
            days.add(number)
    return texts, dates, days


def tokens(texts: list[str], signs: str) -> list[list[int]]:
    """Texts as numbers of their signs."""
    return [[signs.index(sign) for sign in text] for text in texts]
