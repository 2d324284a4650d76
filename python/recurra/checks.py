"""Checks of arguments at the public border, and the words of their errors.

Every check names the owner (a layer, an optimizer, a function), the argument, what was expected and what came. NumPy's
scalars pass wherever Python's numbers do; booleans are not numbers.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable, Collection, Iterable
from functools import wraps
from types import FunctionType
from typing import Any, TypeVar, cast

import numpy as np

Initializer = TypeVar("Initializer", bound=Callable[..., None])
Function = TypeVar("Function", bound=Callable[..., Any])

#: The most steps that a layer may make, skip or cover: sizes that follow from such arguments fit 64 bits.
MOST_STEPS = 2**24


def _is_truth(value: Any) -> bool:
    return isinstance(value, (bool, np.bool_))


def _bounds(least: float | None, most: float | None) -> str:
    if least is not None and most is not None:
        return f" from {least} to {most}"
    if least is not None:
        return f" >= {least}"
    return "" if most is None else f" <= {most}"


def _interval(least: float | None, most: float | None, above: float | None, below: float | None) -> str:
    lower = least if above is None else above
    upper = most if below is None else below
    if lower is not None and upper is not None:
        return f" in {'[' if above is None else '('}{lower}, {upper}{']' if below is None else ')'}"
    if lower is not None:
        return f" {'>=' if above is None else '>'} {lower}"
    return "" if upper is None else f" {'<=' if below is None else '<'} {upper}"


def is_whole_number(value: Any) -> bool:
    """Whether `value` is an integer of Python or NumPy, and not a boolean."""
    return isinstance(value, (int, np.integer)) and not _is_truth(value)


def is_number(value: Any) -> bool:
    """Whether `value` is an integer or floating-point number of Python or NumPy, and not a boolean."""
    return isinstance(value, (int, float, np.integer, np.floating)) and not _is_truth(value)


def whole_number(value: Any, owner: str, argument: str, least: int | None = 1, most: int | None = None) -> int:
    """`value` as an int.

    Raises:
        ValueError: It is not an integer, or lies outside [least, most].
    """
    if is_whole_number(value) and (least is None or value >= least) and (most is None or value <= most):
        return int(value)
    raise ValueError(f"{owner}: {argument} must be an integer{_bounds(least, most)}, got {value!r}")


def whole_numbers(
    value: Any, owner: str, argument: str, count: int, least: int | None = 1, most: int | None = None
) -> tuple[int, ...]:
    """`count` ints from that many, or from one that stands for all.

    Raises:
        ValueError: There is another number of them, or one is not an integer or lies outside [least, most].
    """
    values = (value,) * count if is_whole_number(value) else value
    if isinstance(values, (tuple, list, np.ndarray)) and len(values) == count:
        fits = (
            is_whole_number(one) and (least is None or one >= least) and (most is None or one <= most) for one in values
        )
        if all(fits):
            return tuple(int(one) for one in values)
    wanted = "an integer" if count == 1 else f"an integer or {count} integers"
    raise ValueError(f"{owner}: {argument} must be {wanted}{_bounds(least, most)}, got {value!r}")


def axes(value: Any, owner: str, argument: str = "axis") -> int | list[int]:
    """An axis as an int, several as a list of ints; negative ones count from the end.

    Raises:
        ValueError: It is neither an integer nor a list or tuple of them.
    """
    if is_whole_number(value):
        return int(value)
    if isinstance(value, (list, tuple)) and all(is_whole_number(one) for one in value):
        return [int(one) for one in value]
    raise ValueError(f"{owner}: {argument} must be an integer or a list of integers, got {value!r}")


def _as_float(value: Any, owner: str, argument: str) -> float:
    try:
        return float(value)
    except OverflowError:
        raise ValueError(f"{owner}: {argument} must be a number, got an integer that no float holds") from None


def number(
    value: Any,
    owner: str,
    argument: str,
    least: float | None = None,
    most: float | None = None,
    *,
    above: float | None = None,
    below: float | None = None,
) -> float:
    """`value` as a float.

    Raises:
        ValueError: It is not a finite number, lies outside [least, most], or not strictly between above and below.
    """
    if is_number(value) and abs(value) < float("inf"):  # which integers of any size can be compared with
        lower = (least is None or value >= least) and (above is None or value > above)
        upper = (most is None or value <= most) and (below is None or value < below)
        if lower and upper:
            return _as_float(value, owner, argument)
    raise ValueError(f"{owner}: {argument} must be a number{_interval(least, most, above, below)}, got {value!r}")


def boolean(value: Any, owner: str, argument: str) -> bool:
    """`value` as a bool; 0 and 1 stand for False and True.

    Raises:
        ValueError: It is anything else, for example the string "False".
    """
    if _is_truth(value) or (is_whole_number(value) and value in (0, 1)):
        return bool(value)
    raise ValueError(f"{owner}: {argument} must be True or False, got {value!r}")


def seed(value: Any, owner: str) -> int | None:
    """A seed as an int; None, which stands for the global generator, stays None.

    Raises:
        ValueError: It is not an integer from 0 to 2⁶⁴ − 1.
    """
    if value is None or (is_whole_number(value) and 0 <= value < 2**64):
        return None if value is None else int(value)
    raise ValueError(f"{owner}: seed must be None or an integer in [0, 2**64), got {value!r}")


def plain_number(value: Any, owner: str, argument: str, least: float | None = None, most: float | None = None) -> float:
    """`value` as Python's number, an integer as an int.

    Raises:
        ValueError: It is not a finite number, or lies outside [least, most].
    """
    checked = number(value, owner, argument, least, most)
    return int(value) if is_whole_number(value) else checked


def positive_number(value: Any, owner: str, argument: str) -> float:
    """`value` as Python's number, an integer as an int.

    Raises:
        ValueError: It is not a finite number greater than 0.
    """
    if not is_number(value) or not 0 < value < float("inf"):
        raise ValueError(f"{owner}: {argument} must be greater than 0, got {value!r}")
    return plain_number(value, owner, argument)


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


def unknown_name(kind: str, name: object, known: Iterable[str], listed: bool = True) -> ValueError:
    """A ValueError that says which names are close to `name`; or all of them, where these are to be listed."""
    names = sorted(set(known))
    close = close_names(name, names)
    if close:
        return ValueError(f"unknown {kind} '{name}'; did you mean {' or '.join(repr(each) for each in close)}?")
    return ValueError(f"unknown {kind} '{name}'{'; known are ' + ', '.join(names) if listed else '.'}")


def _hint(name: object, known: Iterable[str]) -> str:
    close = close_names(name, known)
    return f"; did you mean {' or '.join(repr(each) for each in close)}?" if close else ""


def unknown_argument(owner: str, name: str, known: Iterable[str], kind: type[Exception] = TypeError) -> Exception:
    """An exception, a TypeError by default, for a keyword that `owner` does not take, with the close ones."""
    return kind(f"{owner} has no argument '{name}'{_hint(name, known)}")


def unknown_attribute(module: str, name: str, known: Iterable[str]) -> AttributeError:
    """An AttributeError for a name that a module does not have, with the close ones among the public names known."""
    hint = "" if name.startswith("_") else _hint(name, (each for each in known if not each.startswith("_")))
    return AttributeError(f"module '{module}' has no attribute '{name}'{hint}", name=name)


def attribute_hints(module: str) -> Callable[[str], Any]:
    """A `__getattr__` for a module: it answers a name that the module does not have with the close ones."""

    def missing(name: str) -> Any:
        raise unknown_attribute(module, name, vars(sys.modules[module]))

    return missing


_TAKES_ANY_KEYWORD = 0x08  # inspect.CO_VARKEYWORDS; the module `inspect` is too slow to import for this


def keywords_of(function: Callable[..., Any]) -> tuple[tuple[str, ...], bool]:
    """The names a function takes by keyword, without `self`, and whether it has `**kwargs`."""
    code = function.__code__
    names = code.co_varnames[code.co_posonlyargcount : code.co_argcount + code.co_kwonlyargcount]
    return tuple(name for name in names if name != "self"), bool(code.co_flags & _TAKES_ANY_KEYWORD)


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


def answers_unknown_keywords(function: Function) -> Function:
    """A function that meets a misspelled keyword with the names that are close to it; for one without `**kwargs`."""
    names, _ = keywords_of(function)
    known = frozenset(names)

    @wraps(function)
    def checked(*args: Any, **kwargs: Any) -> Any:
        if kwargs and not known.issuperset(kwargs):
            raise unknown_argument(function.__name__, next(name for name in kwargs if name not in known), names)
        return function(*args, **kwargs)

    return cast("Function", checked)


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


def positional_count(function: Callable[..., Any], otherwise: int) -> int:
    """How many arguments a function takes by position, at most 99; `otherwise` where Python cannot tell."""
    from inspect import Parameter, signature

    try:
        parameters = signature(function).parameters.values()
    except ValueError:
        return otherwise
    if any(each.kind is Parameter.VAR_POSITIONAL for each in parameters):
        return 99
    positional = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
    return sum(each.kind in positional for each in parameters)
