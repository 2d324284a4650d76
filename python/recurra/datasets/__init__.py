"""Public data sets and sources of batches."""

from importlib import import_module as _import_module
from typing import Any as _Any

_LOADERS = ("imdb", "jena_climate", "jsb_chorales", "mnist", "nottingham", "ptb", "tiny_shakespeare")


def __getattr__(name: str) -> _Any:
    if name in _LOADERS:
        return _import_module(f"recurra.datasets.{name}")
    from recurra.checks import unknown_attribute

    raise unknown_attribute("recurra.datasets", name, __dir__())


def __dir__() -> list[str]:
    return sorted({*globals(), *_LOADERS})
