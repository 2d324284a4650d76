"""Damaged bytes and plain values."""

from __future__ import annotations

import random
from typing import Any

NUMBERS = [0, 1, -1, 2, 3, 7, 255, 10**4, 2**31 - 1, 2**31, -(2**31), 2**32, 2**53 + 1, 2**62, 2**63 - 1, 2**63, 2**64]
FLOATS = [0.0, -0.0, 0.5, -1.5, 1e-308, 1e308, -1e308, float("nan"), float("inf"), float("-inf")]
TEXTS = [
    "",
    "a",
    "/",
    "..",
    "a/b",
    "é",
    "\x00",
    "relu",
    "float32",
    "float64",
    "int8",
    "linear",
    "x" * 5000,
    "1",
    "None",
]


def damaged_bytes(rng: random.Random, data: bytes) -> bytes:
    """The data with some bits flipped, parts cut out, doubled or moved."""
    out = bytearray(data)
    for _ in range(rng.choice([1, 1, 2, 5, 20])):
        if not out:
            break
        place, kind = rng.randrange(len(out)), rng.randrange(6)
        length = rng.choice([1, 2, 8, 100])
        if kind == 0:
            out[place] ^= 1 << rng.randrange(8)
        elif kind == 1:
            out[place] = rng.choice([0, 1, 0x7F, 0x80, 0xFF])
        elif kind == 2:
            del out[place : place + length]
        elif kind == 3:
            out[place:place] = rng.randbytes(length)
        elif kind == 4:
            out[place:place] = out[: rng.randrange(len(out))][-length:]
        else:
            del out[place:]
    return bytes(out)


def some_value(rng: random.Random, depth: int = 0) -> Any:
    """A plain value as nobody expects it."""
    kind = rng.randrange(9 if depth < 3 else 5)
    if kind == 0:
        return rng.choice(NUMBERS)
    if kind == 1:
        return rng.choice(FLOATS)
    if kind == 2:
        return rng.choice(TEXTS)
    if kind == 3:
        return rng.choice([None, True, False])
    if kind == 4:
        return rng.randrange(-5, 20)
    if kind == 5:
        return [some_value(rng, depth + 1) for _ in range(rng.randrange(4))]
    if kind == 6:
        return {rng.choice(["tuple", "slice", "array", "dtype", "class_name"]): some_value(rng, depth + 1)}
    if kind == 7:
        return {
            "array": some_value(rng, depth + 1),
            "dtype": rng.choice(["float32", "int64", "str8", "U9", "O", "V99"]),
        }
    return {"module": "recurra.layers", "class_name": rng.choice(["Dense", "LSTM", "eval", "x"]), "config": {}}


def _places(value: Any) -> list[tuple[Any, Any]]:
    """(container, key) of everything inside a plain value."""
    found = []
    stack = [value]
    while stack:
        one = stack.pop()
        keys = one if isinstance(one, dict) else range(len(one)) if isinstance(one, list) else ()
        for key in list(keys):
            found.append((one, key))
            stack.append(one[key])
    return found


def damage_value(rng: random.Random, value: Any) -> Any:
    """Changes a plain value, made of lists and dictionaries, in some places; returns it, or another one."""
    if rng.randrange(60) == 0:
        return some_value(rng)
    for _ in range(rng.choice([1, 1, 1, 2, 4])):
        places = _places(value)
        if not places:
            return value
        container, key = rng.choice(places)
        kind = rng.randrange(10)
        if kind < 5:
            container[key] = some_value(rng)
        elif kind == 5 and isinstance(container[key], (int, float)) and not isinstance(container[key], bool):
            container[key] = rng.choice([-container[key], container[key] + 1, container[key] * 1000])
        elif kind == 6:
            other, place = rng.choice(places)
            if not _holds(other[place], container):
                container[key] = other[place]
        elif kind == 7 and isinstance(container, list):
            container.insert(key, container[key])
        elif kind == 8 and isinstance(container, dict):
            container[rng.choice(TEXTS)] = container.pop(key)
        else:
            del container[key]
    return value


def _holds(value: Any, container: Any) -> bool:
    if value is container:
        return True
    return isinstance(value, (dict, list)) and any(one is container for one, _ in _places(value))
