"""What the `call` and `build` methods of a layer class take, found out once for each class."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable
from typing import Any

_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


class CallSignature:
    """The arguments of `call`, as `Layer.__call__` needs them.

    Attributes:
        names: positional arguments in order, without self.
        takes_training: whether there is an argument `training`.
        mask_arguments: pairs (argument, its mask argument): `mask` goes with the first one, `value_mask` with `value`.
    """

    def __init__(self, call: Callable[..., Any]) -> None:
        parameters = list(inspect.signature(call).parameters.values())[1:]
        names = [parameter.name for parameter in parameters if parameter.kind in _POSITIONAL]
        named = {parameter.name for parameter in parameters}
        self.names: tuple[str, ...] = tuple(names)
        self.takes_training = "training" in named
        masks = [("mask", 0)] if "mask" in named else []
        masks += [(f"{name}_mask", i) for i, name in enumerate(names) if f"{name}_mask" in named]
        self.mask_arguments: tuple[tuple[str, int], ...] = tuple(masks)

    def argument(self, position: int, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The argument at a position, whether it was given by position or by name; None if it was not given."""
        return args[position] if position < len(args) else kwargs.get(self.names[position])


def argument_names(function: Callable[..., Any]) -> tuple[str, ...]:
    """Names of the arguments of a function that may be given by name, in order; none where Python cannot tell."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return ()
    return tuple(one.name for one in parameters if one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD))


def takes_any_keyword(function: Callable[..., Any]) -> bool:
    """Whether a function has `**kwargs`."""
    return any(one.kind is one.VAR_KEYWORD for one in inspect.signature(function).parameters.values())


class CallContext(threading.local):
    """What an outer call tells the layers it calls.

    Attributes:
        training: the value the outer call was given, or None.
        token: an object that stands for the outermost call, or None outside of any.
    """

    training: bool | None = None
    token: object | None = None
