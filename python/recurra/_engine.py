"""The engine module for this processor: the one extension module of the package that is loaded.

Each SIMD level is a module of its own, `_engine_<level>`. A build from source makes the level of the building machine;
wheels carry all levels of their architecture. The best one that the processor can run is loaded; the environment
variable `RECURRA_SIMD` caps the choice, e.g. `RECURRA_SIMD=x86_64_v2`.
"""

from __future__ import annotations

import builtins  # the engine has an `any` of its own
import os
from importlib import import_module
from importlib.machinery import EXTENSION_SUFFIXES
from types import ModuleType

from recurra import _cpu

_PREFIX = "_engine_"


def available_levels() -> tuple[str, ...]:
    """The levels whose engine module is installed, lowest first."""
    names = os.listdir(os.path.dirname(os.path.abspath(__file__)))
    known = [level for levels in _cpu.LEVELS.values() for level in levels]
    return tuple(
        level for level in known if builtins.any(_PREFIX + level + suffix in names for suffix in EXTENSION_SUFFIXES)
    )


def choose_level(installed: tuple[str, ...], supported: tuple[str, ...], cap: str | None) -> str:
    """The highest level that is installed, that the processor supports and that is not above `cap`.

    Raises:
        ImportError: No module fits, or `cap` is not a level.
    """
    allowed = supported
    if cap:
        levels = next((levels for levels in _cpu.LEVELS.values() if cap in levels), None)
        if levels is None:
            known = ", ".join(level for levels in _cpu.LEVELS.values() for level in levels)
            raise ImportError(f"RECURRA_SIMD: expected one of {known}, got {cap!r}")
        allowed = tuple(level for level in supported if level in levels[: levels.index(cap) + 1])
    fitting = [level for level in installed if level in allowed]
    if fitting:
        return fitting[-1]
    have = ", ".join(supported) or f"no level that recurra knows ({_cpu.architecture()})"
    mend = "install recurra again on this machine: pip install --force-reinstall --no-binary recurra recurra"
    if cap and builtins.any(level in supported for level in installed):
        mend = f"unset RECURRA_SIMD, which allows no level above {cap}"
    raise ImportError(
        f"recurra: no engine module for this processor: installed {', '.join(installed) or 'none'}; "
        f"the processor has {have}; {mend}"
    )


def _load() -> ModuleType:
    installed, cap = available_levels(), os.environ.get("RECURRA_SIMD") or None
    try:
        supported = _cpu.levels()
    except _cpu.UnknownProcessorError:
        if cap is None:
            raise
        supported = _cpu.LEVELS.get(_cpu.architecture(), ())  # the user says what the processor has
    return import_module(f"recurra.{_PREFIX}{choose_level(installed, supported, cap)}")


_module = _load()
globals().update({name: value for name, value in vars(_module).items() if not name.startswith("__")})
