"""Which SIMD levels this processor has.

A level is the set of instructions one build of the engine may use: the x86-64 psABI's microarchitecture levels v2, v3
and v4, and the Armv8-A base set.
"""

from __future__ import annotations

import platform
import sys

#: Every level, from the lowest to the highest of its architecture; cmake/simd_levels.cmake has their compiler flags.
LEVELS: dict[str, tuple[str, ...]] = {
    "x86_64": ("x86_64_v2", "x86_64_v3", "x86_64_v4"),
    "aarch64": ("aarch64",),
}

_ARCHITECTURES = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "aarch64", "arm64": "aarch64"}

# What a level adds to the one below, in the words of /proc/cpuinfo (pni is SSE3, abm is LZCNT) ...
_LINUX_FLAGS = {
    "x86_64_v2": "cx16 lahf_lm popcnt pni ssse3 sse4_1 sse4_2",
    "x86_64_v3": "abm avx avx2 bmi1 bmi2 f16c fma movbe",
    "x86_64_v4": "avx512f avx512bw avx512cd avx512dq avx512vl",
}
# ... and in those of macOS's sysctl.
_MACOS_KEYS = {
    "x86_64_v2": "sse4_2",
    "x86_64_v3": "avx2_0 bmi1 bmi2 f16c fma",
    "x86_64_v4": "avx512f avx512bw avx512cd avx512dq avx512vl",
}


def architecture() -> str:
    """`"x86_64"`, `"aarch64"`, or whatever else the machine calls itself."""
    machine = platform.machine().lower()
    return _ARCHITECTURES.get(machine, machine)


def levels() -> tuple[str, ...]:
    """The levels this processor can run, lowest first; empty for an architecture that recurra has no level for."""
    arch = architecture()
    if arch != "x86_64":
        return LEVELS.get(arch, ())
    if sys.platform == "darwin":
        present, wanted = _macos_features(), _MACOS_KEYS
    else:
        present, wanted = _linux_features(), _LINUX_FLAGS
    found: list[str] = []
    for level in LEVELS[arch]:
        if not present.issuperset(wanted[level].split()):
            break
        found.append(level)
    return tuple(found)


def model_name() -> str:
    """What the processor calls itself."""
    return (_linux_entry("model name") if sys.platform == "linux" else "") or platform.processor() or architecture()


def _linux_features() -> set[str]:
    return set(_linux_entry("flags").split())


def _linux_entry(name: str) -> str:
    # The first processor speaks for all; reading on would take milliseconds on a machine of many cores.
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as lines:
        for line in lines:
            key, _, value = line.partition(":")
            if key.strip() == name:
                return value.strip()
    return ""


def _macos_features() -> set[str]:
    import ctypes

    system = ctypes.CDLL(None)
    found = set()
    for key in " ".join(_MACOS_KEYS.values()).split():
        value = ctypes.c_int(0)
        size = ctypes.c_size_t(ctypes.sizeof(value))
        failed = system.sysctlbyname(f"hw.optional.{key}".encode(), ctypes.byref(value), ctypes.byref(size), None, 0)
        if not failed and value.value:
            found.add(key)
    return found
