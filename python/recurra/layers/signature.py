"""What the `call` and `build` methods of a layer class take, found out once for each class."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable
from typing import Any

POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


class CallSignature:
    """The arguments of `call`, as `Layer.__call__` needs them.

    Attributes:
        names: positional arguments in order, without self.
        takes_training: whether there is an argument `training`.
        mask_arguments: pairs (argument, its mask argument): `mask` goes with the first one, `value_mask` with `value`.
    """

    def __init__(self, call: Callable[..., Any]) -> None:
        parameters = list(inspect.signature(call).parameters.values())[1:]
        names = [parameter.name for parameter in parameters if parameter.kind in POSITIONAL]
        named = {parameter.name for parameter in parameters}
        self.names: tuple[str, ...] = tuple(names)
        self.takes_training = "training" in named
        masks = [("mask", 0)] if "mask" in named else []
        masks += [(f"{name}_mask", i) for i, name in enumerate(names) if f"{name}_mask" in named]
        self.mask_arguments: tuple[tuple[str, int], ...] = tuple(masks)
        self.takes_anything = any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters)

    def argument(self, position: int, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The argument at a position, whether it was given by position or by name; None if it was not given."""
        return args[position] if position < len(args) else kwargs.get(self.names[position])


def build_arguments(build: Callable[..., Any]) -> tuple[str, ...]:
    """Names of the arguments of `build`, without self."""
    parameters = list(inspect.signature(build).parameters.values())[1:]
    return tuple(parameter.name for parameter in parameters if parameter.kind in POSITIONAL)


class CallContext(threading.local):
    """What an outer call tells the layers it calls.

    Attributes:
        training: the value the outer call was given, or None.
        token: an object that stands for the outermost call, or None outside of any.
    """

    training: bool | None = None
    token: object | None = None
