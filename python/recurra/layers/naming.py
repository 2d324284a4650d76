"""Names of layers: `gru`, `gru_1`, … counted for each class, as Keras counts them."""

from __future__ import annotations

import re
from collections import Counter

_used: Counter[str] = Counter()
_BOUNDARY = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=.)(?=[A-Z][a-z])")


def snake_case(class_name: str) -> str:
    """`SimpleRNN` → `simple_rnn`, `MaxPooling1D` → `max_pooling1d`."""
    return _BOUNDARY.sub("_", re.sub(r"\W+", "", class_name)).lower()


def unique_name(prefix: str) -> str:
    """The next free name: `prefix` the first time, then `prefix_1`, `prefix_2` and so on."""
    count = _used[prefix]
    _used[prefix] += 1
    return f"{prefix}_{count}" if count else prefix


class FreeNames:
    """Names that are given out once each."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._numbers: dict[str, int] = {}  # the last one tried for a name, so that many equal names take no square

    def take(self, name: str) -> str:
        """`name`, or `name_1`, `name_2`, … if it is taken."""
        number = self._numbers.get(name, 0)
        candidate = f"{name}_{number}" if number else name
        while candidate in self._taken:
            number += 1
            candidate = f"{name}_{number}"
        self._numbers[name] = number
        self._taken.add(candidate)
        return candidate


def without_number(name: str, class_name: str) -> str:
    """A name that `unique_name` made for a layer of this class, without its number; other names as they are.

    Copies of such a layer in a Stack have a second number behind the first one.
    """
    prefix = snake_case(class_name)
    return prefix if re.fullmatch(rf"{prefix}(_\d+)?_\d+", name) else name


def reset_names() -> None:
    """Restart the counts, as at the start of the program."""
    _used.clear()
