"""Objects that are described by the arguments of their constructor."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from types import FunctionType
from typing import TYPE_CHECKING, Any

from recurra.checks import constructor_keywords, with_known_keywords

if TYPE_CHECKING:
    from typing_extensions import Self


class Configurable:
    """Base of objects that keep each argument of their constructor in an attribute of the same name.

    From that follow the configuration, the way back from it, and the repr. A keyword that the constructor does not
    take raises a TypeError that names those close to it.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "__init__" in vars(cls):
            cls.__init__ = with_known_keywords(vars(cls)["__init__"])  # type: ignore[method-assign]

    @classmethod
    def _argument_names(cls) -> tuple[str, ...]:
        """The names of the constructor's arguments."""
        return constructor_keywords(cls)

    def _arguments(self) -> dict[str, Any]:
        """The arguments that the object can be made from again, by name."""
        return {name: getattr(self, name) for name in self._argument_names() if hasattr(self, name)}

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        return self._arguments()

    def _own_defaults(self) -> dict[str, Any]:
        """Defaults that the signatures do not show."""
        return {}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """The object with these arguments."""
        return cls(**config)

    def __repr__(self) -> str:
        defaults = self._own_defaults() | _defaults(type(self))
        given = {name: value for name, value in self._arguments().items() if not _same(value, defaults.get(name, ...))}
        if str(given.get("name")).lower() == type(self).__name__.lower():
            del given["name"]  # made from the class, where none was given
        return f"{type(self).__name__}({', '.join(f'{name}={_shown(value)}' for name, value in given.items())})"


def _defaults(cls: type) -> dict[str, Any]:
    """The defaults of the arguments; the class nearest to `cls` decides."""
    found: dict[str, Any] = {}
    for each in cls.__mro__:
        init = vars(each).get("__init__")
        if isinstance(init, FunctionType):
            for name, parameter in inspect.signature(init).parameters.items():
                if parameter.default is not parameter.empty:
                    found.setdefault(name, parameter.default)
    return found


def _same(a: Any, b: Any) -> bool:
    return a is b or (isinstance(a, (bool, int, float, str)) and type(a) is type(b) and a == b)


def _shown(value: Any) -> str:
    """The value in one short line: functions and classes by their name, arrays by their shape."""
    if hasattr(value, "__name__"):
        return str(value.__name__)
    if getattr(value, "shape", ()):
        return f"<{type(value).__name__} of shape {tuple(value.shape)}>"
    text = repr(value)
    return text if len(text) <= 80 or isinstance(value, Configurable) else f"{text[:77]}..."
