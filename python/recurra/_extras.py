"""Packages that only some functions need: imported when such a function is called."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def require(module: str, *, extra: str, purpose: str) -> Any:
    """The module, or an ImportError that says what it is for and how to install it.

    Args:
        module: Full name of the module.
        extra: The extra of this package that brings it.
        purpose: What cannot be done without it.
    """
    try:
        return import_module(module)
    except ImportError as error:
        package = module.split(".")[0]
        raise ImportError(f"{purpose} needs {package}; install it with: pip install 'recurra[{extra}]'") from error
