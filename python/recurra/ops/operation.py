"""What makes a function an op: it computes on tensors and becomes part of a graph on symbolic ones."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def operation(function: Callable[P, R]) -> Callable[P, R]:
    """For a function that hands its arguments to the engine.

    The engine refuses symbolic tensors with a TypeError, so looking for them costs nothing until then.
    """

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except TypeError:
            symbolic = _symbolic(args, kwargs)
            if symbolic is None:
                raise
        result: R = symbolic.apply(call, args, kwargs)
        return result

    return call


def composed(function: Callable[P, R]) -> Callable[P, R]:
    """For a function that looks at its arguments or calls other ops: symbolic tensors are looked for first."""

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        symbolic = _symbolic(args, kwargs)
        if symbolic is None:
            return function(*args, **kwargs)
        result: R = symbolic.apply(call, args, kwargs)
        return result

    return call


def _symbolic(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The module of symbolic tensors if one is among the arguments, else None."""
    # Until that module is imported there are no symbolic tensors.
    symbolic = sys.modules.get("recurra.layers.symbolic")
    return symbolic if symbolic is not None and symbolic.is_symbolic(args, kwargs) else None
