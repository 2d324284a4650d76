"""The modules that a user works with, and the classes and functions that they offer."""

from __future__ import annotations

import functools
import importlib
import inspect
import pkgutil
from typing import Any

import recurra

# docs/api/index.md has a page for each.
DOCUMENTED = (
    "recurra.activations",
    "recurra.callbacks",
    "recurra.config",
    "recurra.constraints",
    "recurra.datasets.imdb",
    "recurra.datasets.jena_climate",
    "recurra.datasets.jsb_chorales",
    "recurra.datasets.large_texts",
    "recurra.datasets.mnist",
    "recurra.datasets.nottingham",
    "recurra.datasets.ptb",
    "recurra.datasets.tiny_shakespeare",
    "recurra.datasets.windows",
    "recurra.diagnostics",
    "recurra.forecasting",
    "recurra.forecasting.models",
    "recurra.generation",
    "recurra.gradient_check",
    "recurra.initializers",
    "recurra.interchange",
    "recurra.layers",
    "recurra.losses",
    "recurra.metrics",
    "recurra.models",
    "recurra.ops",
    "recurra.optimizers",
    "recurra.optimizers.schedules",
    "recurra.plotting",
    "recurra.preprocessing.sequence",
    "recurra.preprocessing.text",
    "recurra.progress",
    "recurra.random",
    "recurra.regularizers",
    "recurra.safetensors",
    "recurra.saving",
    "recurra.sentiment",
    "recurra.streaming",
    "recurra.tasks",
    "recurra.tensor",
    "recurra.utils",
)


def modules() -> list[str]:
    """Every module of the package without an underscore in its name."""
    found = pkgutil.walk_packages(recurra.__path__, "recurra.")
    return sorted(one.name for one in found if not any(part.startswith("_") for part in one.name.split(".")))


def offered(module: str) -> dict[str, Any]:
    """Classes and functions of `__all__`; without it those without an underscore that stand below the module."""
    namespace = importlib.import_module(module)
    names = getattr(namespace, "__all__", None)
    found = {name: getattr(namespace, name) for name in names or vars(namespace) if not name.startswith("_")}
    return {
        name: value
        for name, value in found.items()
        if (inspect.isclass(value) or inspect.isroutine(value))
        and (names is not None or value.__module__.startswith(module))
    }


@functools.cache
def public_objects() -> dict[str, Any]:
    """What a user calls, by the place of its definition."""
    return {
        f"{value.__module__}.{value.__qualname__}": value for module in DOCUMENTED for value in offered(module).values()
    }
