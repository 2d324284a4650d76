"""Checks of arguments at the public border, and the words of their errors.

Every check names the owner (a layer, an optimizer, a function), the argument, what was expected and what came. NumPy's
scalars pass wherever Python's numbers do; truth values are not numbers.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterable
from functools import wraps
from types import FunctionType
from typing import Any, TypeVar, cast

import numpy as np

Initializer = TypeVar("Initializer", bound=Callable[..., None])


def _is_truth(value: Any) -> bool:
    return isinstance(value, (bool, np.bool_))


def _bounds(least: float | None, most: float | None) -> str:
    if least is not None and most is not None:
        return f" from {least} to {most}"
    if least is not None:
        return f" >= {least}"
    return "" if most is None else f" <= {most}"


def is_whole_number(value: Any) -> bool:
    """Whether `value` is an integer of Python or NumPy, and not a truth value."""
    return isinstance(value, (int, np.integer)) and not _is_truth(value)


def is_number(value: Any) -> bool:
    """Whether `value` is an integer or floating-point number of Python or NumPy, and not a truth value."""
    return isinstance(value, (int, float, np.integer, np.floating)) and not _is_truth(value)


def whole_number(value: Any, owner: str, argument: str, least: int | None = 1, most: int | None = None) -> int:
    """`value` as an int.

    Raises:
        ValueError: It is not an integer, or lies outside [least, most].
    """
    if is_whole_number(value) and (least is None or value >= least) and (most is None or value <= most):
        return int(value)
    raise ValueError(f"{owner}: {argument} must be an integer{_bounds(least, most)}, got {value!r}")


def number(value: Any, owner: str, argument: str, least: float | None = None, most: float | None = None) -> float:
    """`value` as a float.

    Raises:
        ValueError: It is not a finite number, or lies outside [least, most].
    """
    fits = is_number(value) and np.isfinite(value)
    if fits and (least is None or value >= least) and (most is None or value <= most):
        return float(value)
    raise ValueError(f"{owner}: {argument} must be a number{_bounds(least, most)}, got {value!r}")


def one_of(value: Any, owner: str, argument: str, choices: Collection[Any]) -> Any:
    """`value`, if it is one of `choices`.

    Raises:
        ValueError: It is not; the message names the choices.
    """
    if any(value is choice or value == choice for choice in choices):
        return value
    raise ValueError(f"{owner}: {argument} must be one of {', '.join(map(repr, choices))}, got {value!r}")


def close_names(name: object, known: Iterable[str]) -> list[str]:
    """The known names most like `name`, at most three."""
    by_lower = {each.lower(): each for each in known}
    return [by_lower[each] for each in difflib.get_close_matches(str(name).lower(), sorted(by_lower), n=3, cutoff=0.6)]


def unknown_name(kind: str, name: object, known: Iterable[str]) -> ValueError:
    """A ValueError that says which names are close to `name`, or which there are."""
    names = sorted(set(known))
    close = close_names(name, names)
    if close:
        return ValueError(f"unknown {kind} '{name}'; did you mean {' or '.join(repr(each) for each in close)}?")
    return ValueError(f"unknown {kind} '{name}'; known are {', '.join(names)}")


def unknown_argument(owner: str, name: str, known: Iterable[str]) -> TypeError:
    """A TypeError for a keyword that `owner` does not take, with the close ones."""
    close = close_names(name, known)
    hint = f"; did you mean {' or '.join(repr(each) for each in close)}?" if close else ""
    return TypeError(f"{owner} has no argument '{name}'{hint}")


_TAKES_ANY_KEYWORD = 0x08  # inspect.CO_VARKEYWORDS; the module `inspect` is too slow to import for this


def keywords_of(function: Callable[..., Any]) -> tuple[tuple[str, ...], bool]:
    """The names a function takes by keyword, without its first argument, and whether it has `**kwargs`."""
    code = function.__code__
    count = code.co_argcount + code.co_kwonlyargcount
    return code.co_varnames[max(code.co_posonlyargcount, 1) : count], bool(code.co_flags & _TAKES_ANY_KEYWORD)


def with_known_keywords(init: Initializer) -> Initializer:
    """An `__init__` that meets a misspelled keyword with the names that are close to it.

    One that takes `**kwargs` is returned as it is: it hands them on to a class that knows.
    """
    if not isinstance(init, FunctionType) or hasattr(init, "__wrapped__"):
        return init
    names, takes_any = keywords_of(init)
    if takes_any:
        return init
    known = frozenset(names)

    @wraps(init)
    def checked(self: Any, *args: Any, **kwargs: Any) -> None:
        if not known.issuperset(kwargs):
            unknown = next(name for name in kwargs if name not in known)
            raise unknown_argument(type(self).__name__, unknown, constructor_keywords(type(self)))
        init(self, *args, **kwargs)

    return cast("Initializer", checked)


def constructor_keywords(cls: type) -> tuple[str, ...]:
    """The names that a class can be made with: those of its `__init__`, and of its bases' behind `**kwargs`."""
    found: dict[str, None] = {}
    for each in cls.__mro__:
        init = vars(each).get("__init__")
        init = getattr(init, "__wrapped__", init)
        if not isinstance(init, FunctionType):
            continue
        names, takes_any = keywords_of(init)
        found |= dict.fromkeys(names)
        if not takes_any:
            break
    return tuple(found)
