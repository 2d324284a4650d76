"""Which SIMD levels this processor has.

A level is the set of instructions one build of the engine may use: the x86-64 psABI's microarchitecture levels v2, v3
and v4, and the Armv8-A base set.

On Linux two are asked, and a feature counts if both have it, or the only one that answers: the kernel by /proc/cpuinfo,
which knows what it has switched off, and the processor by glibc (2.33 and later). An emulator such as qemu-user answers
the latter for the processor that it emulates, while /proc/cpuinfo shows the host's.
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

# What a level adds to the one below, in the names of /proc/cpuinfo (pni is SSE3, abm is LZCNT) ...
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

# Where glibc's __x86_get_cpuid_feature_leaf has them: leaf, register (1 is EBX, 2 is ECX), bit.
_GLIBC_BITS = {
    **{name: (0, 2, bit) for name, bit in (("pni", 0), ("ssse3", 9), ("fma", 12), ("cx16", 13), ("sse4_1", 19))},
    **{name: (0, 2, bit) for name, bit in (("sse4_2", 20), ("movbe", 22), ("popcnt", 23), ("avx", 28), ("f16c", 29))},
    **{name: (1, 1, bit) for name, bit in (("bmi1", 3), ("avx2", 5), ("bmi2", 8), ("avx512f", 16), ("avx512dq", 17))},
    **{name: (1, 1, bit) for name, bit in (("avx512cd", 28), ("avx512bw", 30), ("avx512vl", 31))},
    **{name: (2, 2, bit) for name, bit in (("lahf_lm", 0), ("abm", 5))},
}


class UnknownProcessorError(ImportError):
    """Nobody says what the processor can do."""


def architecture() -> str:
    """`"x86_64"`, `"aarch64"`, or whatever else the machine calls itself."""
    machine = platform.machine().lower()
    return _ARCHITECTURES.get(machine, machine)


def levels() -> tuple[str, ...]:
    """The levels this processor can run, lowest first; empty for an architecture that recurra has no level for.

    Raises:
        UnknownProcessorError: It cannot be told, an ImportError.
    """
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
    return (
        (_linux_entry("model name") or "" if sys.platform == "linux" else "") or platform.processor() or architecture()
    )


def _linux_features() -> set[str]:
    answers = [set(flags.split()) for flags in (_linux_entry("flags"),) if flags is not None]
    answers += [features for features in (_glibc_features(),) if features is not None]
    if not answers:
        raise UnknownProcessorError(
            "recurra: cannot tell what this processor can do: /proc/cpuinfo cannot be read. Mount /proc, or say which "
            f"level it has: RECURRA_SIMD={'|'.join(LEVELS['x86_64'])}"
        )
    return set.intersection(*answers)


def _linux_entry(name: str) -> str | None:
    """An entry of /proc/cpuinfo, empty if it is not there; None without such a file."""
    # The first processor speaks for all; reading on would take milliseconds on a machine of many cores.
    try:
        with open("/proc/cpuinfo", encoding="ascii", errors="replace") as lines:
            for line in lines:
                key, _, value = line.partition(":")
                if key.strip() == name:
                    return value.strip()
    except OSError:
        return None
    return ""


def _glibc_features() -> set[str] | None:
    """What the processor says of itself and the system lets programs use; None where glibc does not tell."""
    import ctypes

    class Leaf(ctypes.Structure):
        _fields_ = (("stated", ctypes.c_uint * 4), ("usable", ctypes.c_uint * 4))

    try:
        leaf_of = ctypes.CDLL(None).__x86_get_cpuid_feature_leaf
    except (AttributeError, OSError):
        return None
    leaf_of.restype = ctypes.POINTER(Leaf)
    leaves = [leaf_of(index) for index in range(3)]
    return {
        name
        for name, (leaf, register, bit) in _GLIBC_BITS.items()
        if leaves[leaf] and leaves[leaf].contents.usable[register] >> bit & 1
    }


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
