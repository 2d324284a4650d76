"""Settings of the package: default dtype, fuzz factor, threads; and a report of what it runs on."""

from __future__ import annotations

import math
import os
import platform
import sys
from typing import Any, Literal

import numpy as np

from recurra import _cpu, _engine
from recurra._version import __version__

_FLOATS = ("float32", "float64")

_floatx = "float32"
_epsilon = 1e-7


def floatx() -> str:
    """The default floating-point type of layers, `"float32"` unless `set_floatx` said otherwise.

    Example:
        >>> recurra.config.floatx()
        'float32'
    """
    return _floatx


def set_floatx(value: str) -> None:
    """Sets the default floating-point type of layers made from now on.

    Args:
        value: `"float32"` or `"float64"`.

    Raises:
        ValueError: `value` is neither.

    Example:
        >>> recurra.config.set_floatx("float64")
        >>> recurra.layers.Dense(1).dtype
        'float64'
        >>> recurra.config.set_floatx("float32")
    """
    global _floatx
    if value not in _FLOATS:
        raise ValueError(f"set_floatx: expected 'float32' or 'float64', got {value!r}")
    _floatx = value


def epsilon() -> float:
    """The small number that keeps divisions and logarithms finite, 1e-7 unless `set_epsilon` said otherwise.

    Example:
        >>> recurra.config.epsilon()
        1e-07
    """
    return _epsilon


def set_epsilon(value: float) -> None:
    """Sets the small number that keeps divisions and logarithms finite.

    Args:
        value: Above 0.

    Raises:
        ValueError: `value` is not a positive number.

    Example:
        >>> recurra.config.set_epsilon(1e-6)
        >>> recurra.config.epsilon()
        1e-06
        >>> recurra.config.set_epsilon(1e-7)
    """
    global _epsilon
    number = float(value)
    if not (math.isfinite(number) and number > 0):
        raise ValueError(f"set_epsilon: expected a positive number, got {value!r}")
    _epsilon = number


def num_threads() -> int:
    """Threads that the engine's parallel loops may use now.

    The default is bounded by `OMP_NUM_THREADS`, the processors this process may run on, and the container's CPU quota.
    It is 1 in a process that was forked after a parallel loop had run.

    Example:
        >>> recurra.num_threads() >= 1
        True
    """
    return _engine.num_threads()


def set_num_threads(count: int) -> None:
    """Sets how many threads the engine's parallel loops may use. Results do not depend on it.

    Args:
        count: At least 1.

    Raises:
        TypeError: `count` is not an integer.
        ValueError: `count` is less than 1.

    Example:
        >>> before = recurra.num_threads()
        >>> recurra.set_num_threads(1)
        >>> recurra.num_threads()
        1
        >>> recurra.set_num_threads(before)
    """
    if isinstance(count, bool) or not isinstance(count, (int, np.integer)):
        raise TypeError(f"set_num_threads: expected an integer, got {type(count).__name__}")
    _engine.set_num_threads(int(count))


def trim_memory() -> None:
    """Give the memory that the engine keeps for reuse back to the system.

    The engine keeps freed buffers, so that a steady training loop asks the system for nothing: at most as much as the
    process has used at its peak, or 64 MB. A process that has done its large work, and stays, may return them.

    Example:
        >>> recurra.trim_memory()
        >>> recurra.show_config(mode="dicts")["memory"]["cached"]
        0
    """
    _engine.trim_memory()


def show_config(mode: Literal["stdout", "dicts"] = "stdout") -> dict[str, Any] | None:
    """Reports versions, processor, SIMD level, threads and memory.

    Args:
        mode: `"stdout"` prints the report; `"dicts"` returns it instead, as `numpy.show_config` does.

    Raises:
        ValueError: Any other `mode`.

    Example:
        >>> report = recurra.show_config("dicts")
        >>> report["floatx"]
        'float32'
    """
    if mode not in ("stdout", "dicts"):
        raise ValueError(f"show_config: expected mode 'stdout' or 'dicts', got {mode!r}")
    memory = _engine.memory_statistics()
    report: dict[str, Any] = {
        "recurra": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "platform": platform.platform(),
        "processor": _cpu.model_name(),
        "processors": _usable_processors(),
        "threads": num_threads(),
        "simd": {
            "level": _engine.simd_level,
            "installed": list(_engine.available_levels()),
            "supported": list(_cpu.levels()),
            "cap": os.environ.get("RECURRA_SIMD") or None,
        },
        "compiler": _engine.compiler,
        "openmp": _engine.openmp,
        "floatx": floatx(),
        "epsilon": epsilon(),
        "memory": {name: memory[name] for name in ("in_use", "cached", "peak")},
    }
    if mode == "dicts":
        return report
    simd = report["simd"]
    sizes = [f"{name.replace('_', ' ')} {size / 2**20:.1f} MB" for name, size in report["memory"].items()]
    words = {
        **report,
        "simd": f"{simd['level']} (installed: {', '.join(simd['installed'])}; "
        f"this processor: {', '.join(simd['supported'])})",
        "memory": ", ".join(sizes),
    }
    for name, value in words.items():
        sys.stdout.write(f"{name:<11}{value}\n")
    return None


def _usable_processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
