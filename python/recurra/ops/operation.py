"""What makes a function an op: it computes on tensors and becomes part of a graph on symbolic ones."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def _is_symbolic(*structures: Any) -> bool:
    return False


def _apply(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    raise TypeError("there are no graphs")


def graph_with(is_symbolic: Callable[..., bool], apply: Callable[..., Any]) -> None:
    """Tells ops how to find symbolic tensors and what to do with them; called by the module that has both.

    Until then there are no symbolic tensors. So ops need not import what is built upon them.
    """
    global _is_symbolic, _apply
    _is_symbolic, _apply = is_symbolic, apply


def operation(function: Callable[P, R]) -> Callable[P, R]:
    """For a function that hands its arguments to the engine.

    The engine refuses symbolic tensors with a TypeError, so looking for them costs nothing until then.
    """

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except TypeError:
            if not _is_symbolic(args, kwargs):
                raise
        result: R = _apply(call, args, kwargs)
        return result

    return call


def composed(function: Callable[P, R]) -> Callable[P, R]:
    """For a function that looks at its arguments or calls other ops: symbolic tensors are looked for first."""

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        if not _is_symbolic(args, kwargs):
            return function(*args, **kwargs)
        result: R = _apply(call, args, kwargs)
        return result

    return call
