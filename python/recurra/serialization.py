"""Objects as plain values for JSON and back, by the names of classes the package knows.

An object is written as `{"module": "recurra.layers", "class_name": "Dense", "config": {...}}`. Only classes that one of
the package's public modules names, classes registered with `register_serializable`, and those in `custom_objects` are
made again; anything else is refused. No code is ever stored or imported by name.
"""

from __future__ import annotations

import inspect
from collections import ChainMap
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from importlib import import_module
from types import FunctionType
from typing import Any, TypeVar

import numpy as np

from recurra import loading
from recurra.checks import unknown_name
from recurra.tree import leaves


class UnknownObjectError(ValueError):
    """A description names a class or function that is neither the package's nor given in `custom_objects`."""


Registered = TypeVar("Registered", bound=Callable[..., Any])

# The public modules whose classes can be stored, in the order in which a class is looked for.
MODULES = (
    "recurra.layers",
    "recurra.models",
    "recurra.initializers",
    "recurra.regularizers",
    "recurra.constraints",
    "recurra.losses",
    "recurra.metrics",
    "recurra.optimizers",
    "recurra.optimizers.schedules",
    "recurra.random",
)

# Dtypes of arrays in configurations, beside text.
_DTYPES = frozenset(
    ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "float32", "float64"]
)

_registered: dict[str, Any] = {}
_scope: ContextVar[Mapping[str, Any]] = ContextVar("custom_objects", default={})  # noqa: B039
_met: ContextVar[dict[str, Any] | None] = ContextVar("met_within_process", default=None)


def register_serializable(package: str = "Custom", name: str | None = None) -> Callable[[Registered], Registered]:
    """Decorator that lets models with this class or function be saved and loaded.

    Args:
        package: A name that keeps equal names of different authors apart.
        name: Name in files; the class's or function's own by default.

    Raises:
        ValueError: Another class has this name, or a class has no get_config.

    Example:
        >>> @recurra.saving.register_serializable("docs")
        ... class Doubled(recurra.layers.Layer):
        ...     def call(self, x):
        ...         return 2 * x
        >>> recurra.saving.registered_name(Doubled)
        'docs>Doubled'
    """

    def register(item: Registered) -> Registered:
        key = f"{package}>{name or item.__name__}"
        if inspect.isclass(item) and not hasattr(item, "get_config"):
            raise ValueError(f"{item.__name__} needs a method get_config() to be registered")
        known = _registered.get(key)
        if known is not None and (known.__module__, known.__qualname__) != (item.__module__, item.__qualname__):
            raise ValueError(f"{key!r} is registered already for {known.__module__}.{known.__qualname__}")
        _registered[key] = item
        return item

    return register


@contextmanager
def custom_object_scope(objects: Mapping[str, Any]) -> Iterator[None]:
    """Context within which models are loaded with these classes and functions of your own, by name.

    Args:
        objects: Classes and functions by the names that files have for them.

    Example:
        >>> def doubled(x):
        ...     return 2 * x
        >>> described = recurra.layers.Dense(1, activation=doubled).get_config()
        >>> with recurra.saving.custom_object_scope({"doubled": doubled}):
        ...     layer = recurra.layers.Dense.from_config(described)
        >>> layer.activation is doubled
        True
    """
    token = _scope.set({**_scope.get(), **objects})
    try:
        yield
    finally:
        _scope.reset(token)


@contextmanager
def within_process() -> Iterator[None]:
    """Within it, descriptions name functions and classes themselves, also anonymous ones, and are no good elsewhere.

    It is for copies: what `serialize` describes there, `deserialize` makes there, whatever it is made of.
    """
    met: dict[str, Any] = {}
    outer, token = _met.set(met), _scope.set(ChainMap(met, _scope.get()))  # type: ignore[arg-type]
    try:
        yield
    finally:
        _scope.reset(token)
        _met.reset(outer)


def _name_within_process(item: Any) -> str | None:
    """The name of a function or class in descriptions for copies; None while descriptions are for files."""
    met = _met.get()
    if met is None:
        return None
    name = f"{id(item):x}"
    met[name] = item
    return name


def registered_name(item: Any) -> str | None:
    """The name under which a class or function was registered, or None.

    Example:
        >>> @recurra.saving.register_serializable(package="mine")
        ... def doubled(x):
        ...     return 2 * x
        >>> recurra.saving.registered_name(doubled)
        'mine>doubled'
    """
    return next((key for key, known in _registered.items() if known is item), None)


def custom_object(name: str) -> Any:
    """What `custom_objects` or `register_serializable` knows by this name, or None."""
    found = _scope.get().get(name) or _registered.get(name)
    return found or next((known for key, known in _registered.items() if key.split(">", 1)[1] == name), None)


def serialize(item: Any) -> dict[str, Any] | None:
    """Describe an object by its class and `get_config()`; None stays None.

    Raises:
        TypeError: It has no get_config.

    Example:
        >>> recurra.saving.serialize(recurra.regularizers.L2(0.5))["class_name"]
        'L2'
    """
    if item is None:
        return None
    cls = type(item)
    if not hasattr(item, "get_config"):
        raise TypeError(f"{cls.__name__} cannot be saved: it has no get_config()")
    described: dict[str, Any] = {"module": _public_module(cls), "class_name": cls.__name__}
    if described["module"] is None:
        described["registered_name"] = _name_within_process(cls) or registered_name(cls)
    try:
        described["config"] = plain(item.get_config())
    except TypeError as error:
        if hasattr(item, "_name_error"):  # a layer
            item._name_error(error)
        raise
    return described


def deserialize(
    described: Mapping[str, Any] | None, kind: type | None = None, custom_objects: Mapping[str, Any] | None = None
) -> Any:
    """The object that `serialize` described.

    Args:
        described: What `serialize` returned.
        kind: The class it must be an instance of, or None.
        custom_objects: Classes and functions by name, beside those of the package.

    Raises:
        ValueError: The class is not known, or not of this kind.
        TypeError: It is no description.

    Example:
        >>> described = recurra.saving.serialize(recurra.regularizers.L2(0.5))
        >>> recurra.saving.deserialize(described).get_config()
        {'l2': 0.5}
    """
    if described is None:
        return None
    if custom_objects:
        with custom_object_scope(custom_objects):
            return deserialize(described, kind)
    loading.count_step()
    if not isinstance(described, Mapping) or not isinstance(described.get("class_name"), str):
        raise TypeError(f"expected a description with a class_name, got {described!r:.80}")
    cls = _class_of(described, kind)
    settings = described.get("config", {})
    settings = restored(settings)
    if not isinstance(settings, Mapping):
        raise TypeError(f"the configuration of {described['class_name']} must be a dictionary, got {settings!r:.80}")
    return cls.from_config(settings) if hasattr(cls, "from_config") else cls(**settings)


def _public_module(cls: type) -> str | None:
    for name in MODULES:
        if _named_in(name, cls.__name__) is cls:
            return name
    return None


def _named_in(module: str, name: str) -> Any:
    """What a module has by this name, or None; asked for an attribute, it would look for close names first."""
    return getattr(_module(module), "__dict__", {}).get(name)


def _module(name: str) -> Any:
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and name.startswith(error.name):
            return None
        raise


def _class_of(described: Mapping[str, Any], kind: type | None) -> Any:
    name = described["class_name"]
    registered = described.get("registered_name")
    cls = custom_object(registered) if isinstance(registered, str) else None
    cls = cls or custom_object(name)
    if cls is None:
        module = described.get("module")
        if isinstance(module, str) and module.startswith("keras."):  # whose names are the package's
            module = "recurra." + module.removeprefix("keras.")
        for candidate in MODULES if module is None else [module] if module in MODULES else []:
            found = _named_in(candidate, name) if not name.startswith("_") else None
            if inspect.isclass(found) and found.__module__.startswith("recurra."):
                cls = found
                break
    if cls is None or (kind is not None and not (inspect.isclass(cls) and issubclass(cls, kind))):
        what = "class" if kind is None else getattr(kind, "_kind", kind.__name__.lower())
        raise UnknownObjectError(
            f"{unknown_name(what, name, known_names(kind), listed=False)} Register your own class with "
            "recurra.saving.register_serializable, or pass it in custom_objects"
        )
    return cls


def known_names(kind: type | None) -> list[str]:
    """Names of all classes of a kind that can be made from a description."""
    modules = [module for module in map(_module, MODULES) if module is not None]
    classes = [getattr(module, name) for module in modules for name in dir(module)]
    classes += [*_registered.values(), *_scope.get().values()]
    names = {item.__name__ for item in classes if inspect.isclass(item) and (kind is None or issubclass(item, kind))}
    return sorted(name for name in names if not name.startswith("_"))


def plain(value: Any) -> Any:
    """A configuration value for JSON: tuples, slices, arrays and objects with get_config become dictionaries."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, tuple):
        return {"tuple": [plain(item) for item in value]}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, slice):
        return {"slice": [plain(part) for part in (value.start, value.stop, value.step)]}
    if value is Ellipsis:
        return {"slice": "all"}
    if isinstance(value, np.ndarray) or (hasattr(value, "numpy") and hasattr(value, "shape")):
        array = np.asarray(value)
        return {"array": array.tolist(), "dtype": array.dtype.name}
    if isinstance(value, np.dtype):
        return value.name
    if hasattr(value, "get_config"):
        return serialize(value)
    if callable(value):
        name = registered_name(value)
        if name is not None:
            return {"registered_function": name}
        name = _name_within_process(value)
        if name is None and isinstance(value, FunctionType) and value.__name__.isidentifier():
            name = value.__name__
        if name is not None:
            return {"own_function": name}
        raise TypeError(
            f"the function {getattr(value, '__name__', value)!r} cannot be saved: it has no name; define it with def, "
            "or register it with recurra.saving.register_serializable"
        )
    raise TypeError(f"a value of type {type(value).__name__} cannot be saved in a configuration")


def restored(value: Any) -> Any:
    """The value that `plain` described; descriptions of objects stay as they are for `from_config` to read."""
    if isinstance(value, list):
        return [restored(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    keys = set(value)
    if keys == {"tuple"} and isinstance(value["tuple"], list):
        return tuple(restored(item) for item in value["tuple"])
    if keys == {"slice"}:
        return Ellipsis if value["slice"] == "all" else slice(*(restored(part) for part in value["slice"]))
    if keys == {"array", "dtype"}:
        return _array(value["array"], value["dtype"])
    if keys in ({"registered_function"}, {"own_function"}):
        (name,) = value.values()
        function = custom_object(name) if isinstance(name, str) else None
        if function is None:
            raise UnknownObjectError(f"unknown function {name!r}: pass custom_objects={{{name!r}: …}}, or register it")
        return function
    return {key: restored(item) for key, item in value.items()}


def _array(values: Any, dtype: Any) -> np.ndarray:
    """The array of these values, which takes memory in proportion to their number whatever the dtype says."""
    if isinstance(dtype, str) and dtype in _DTYPES:
        try:
            return np.array(values, dtype)
        except OverflowError as error:
            raise ValueError(f"an array of {dtype} cannot hold its values: {error}") from error
    if not (isinstance(dtype, str) and dtype.startswith("str")):
        raise ValueError(f"an array of dtype {dtype!r:.40} cannot be restored")
    lengths = [len(text) if isinstance(text, str) else 0 for text in leaves(values)] or [0]
    if max(lengths) * len(lengths) > 100 * sum(lengths) + 1_000_000:
        raise ValueError("an array of texts holds one that is far longer than the others; use a list")
    return np.array(values, "U")


def named(kind: str, name: str, table: Mapping[str, Any]) -> Any:
    """The class or function with this short name or class name in a table, or registered under it.

    Raises: ValueError that lists what is known.
    """
    found = table.get(name)
    if found is None:
        found = next((item for item in table.values() if item.__name__ == name), None) or custom_object(name)
    if found is None:
        raise unknown_name(kind, name, table)
    return found


def instance(kind: str, identifier: Any, base: type, table: Mapping[str, Any]) -> Any:
    """The object of a kind that a name, class, configuration, object or function stands for.

    Args:
        kind: What messages call it, for example "constraint".
        identifier: What the user gave.
        base: Class of the objects.
        table: What makes the package's own objects, by name.

    Raises:
        ValueError: The name is unknown.
        TypeError: It is something else.
    """
    if isinstance(identifier, str):
        found = named(kind, identifier, table)
        return found() if isinstance(found, type) or found in table.values() else found
    if isinstance(identifier, dict):
        return deserialize(identifier, base)
    if isinstance(identifier, type) and issubclass(identifier, base):
        return identifier()
    if callable(identifier):
        return identifier
    article = "an" if kind[0] in "aeiou" else "a"
    raise TypeError(f"expected {article} {kind}, its name, or a function, got {identifier!r}")
