"""What the `call`, `build` and `__init__` methods of a layer class take."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable
from typing import Any

_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


class CallSignature:
    """The arguments of `call`, as `Layer.__call__` needs them.

    Attributes:
        names: Positional arguments in order, without self.
        takes_training: Whether there is an argument `training`.
        mask_arguments: Pairs (argument, its mask argument): `mask` goes with the first one, `value_mask` with `value`.
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


class ConstructorSignature:
    """`__signature__` of layer classes, computed from the class on first use.

    Without it Python would show the `(*args, **kwargs)` of `Layer.__new__`.
    """

    def __init__(self, of_class: Callable[[Any], inspect.Signature]) -> None:
        self._of_class = of_class
        self._known: dict[type, inspect.Signature] = {}

    def __get__(self, instance: Any, cls: type) -> inspect.Signature:
        if instance is not None:  # it is the class that is called so
            raise AttributeError("__signature__")
        if cls not in self._known:
            self._known[cls] = self._of_class(cls)
        return self._known[cls]


def joined_signature(*classes: Any) -> inspect.Signature:
    """The arguments of the first `__init__`, then by keyword those that only the others have."""
    found: dict[str, inspect.Parameter] = {}
    rest: inspect.Parameter | None = None
    for number, cls in enumerate(classes):
        if number and rest is None:
            break
        rest = None
        for one in list(inspect.signature(cls.__init__).parameters.values())[1:]:
            if one.kind is one.VAR_KEYWORD:
                rest = one
            elif one.name not in found and not (number and one.kind is one.VAR_POSITIONAL):
                found[one.name] = one.replace(kind=one.KEYWORD_ONLY) if number else one
    own = sorted(found.values(), key=lambda one: one.kind)
    return inspect.Signature([*own, *([rest] if rest is not None else [])])


class CallContext(threading.local):
    """What an outer call tells the layers it calls.

    Attributes:
        training: The value the outer call was given, or None.
        token: An object that stands for the outermost call, or None outside of any.
    """

    training: bool | None = None
    token: object | None = None
