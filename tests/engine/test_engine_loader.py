"""The choice of the engine module."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys

import pytest

from recurra import _cpu, _engine

X86 = _cpu.LEVELS["x86_64"]


def imported(simd: str | None) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "RECURRA_SIMD"}
    if simd is not None:
        environment["RECURRA_SIMD"] = simd
    code = "from recurra import _engine; print(_engine.simd_level)"
    return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("installed", "supported", "cap", "expected"),
    [
        (X86, X86, None, "x86_64_v4"),
        (X86, X86[:2], None, "x86_64_v3"),
        (X86[:1], X86, None, "x86_64_v2"),
        (X86, X86, "x86_64_v3", "x86_64_v3"),
        (X86, X86[:1], "x86_64_v4", "x86_64_v2"),
        (X86, X86, "", "x86_64_v4"),
        (("x86_64_v2", "x86_64_v4"), X86[:2], None, "x86_64_v2"),
        (("aarch64",), ("aarch64",), None, "aarch64"),
    ],
)
def test_best_fitting_level(
    installed: tuple[str, ...], supported: tuple[str, ...], cap: str | None, expected: str
) -> None:
    assert _engine.choose_level(installed, supported, cap) == expected


@pytest.mark.parametrize(
    ("installed", "supported", "cap", "words"),
    [
        ((), X86, None, ["installed none", "pip install"]),
        (("x86_64_v4",), X86[:2], None, ["installed x86_64_v4", "has x86_64_v2, x86_64_v3", "pip install"]),
        (("x86_64_v3",), X86, "x86_64_v2", ["unset RECURRA_SIMD", "above x86_64_v2"]),
        (X86, X86, "aarch64", ["unset RECURRA_SIMD"]),
        (X86, (), None, ["no level that recurra knows"]),
        (X86, X86, "avx2", ["RECURRA_SIMD", "expected one of x86_64_v2", "'avx2'"]),
    ],
)
def test_nothing_fits(
    installed: tuple[str, ...], supported: tuple[str, ...], cap: str | None, words: list[str]
) -> None:
    with pytest.raises(ImportError) as error:
        _engine.choose_level(installed, supported, cap)
    for word in words:
        assert word in str(error.value)


def test_loaded_module_is_the_best_installed_one() -> None:
    done = imported(None)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == _engine.choose_level(_engine.available_levels(), _cpu.levels(), None)


def test_environment_caps_the_level() -> None:
    lowest = next(level for level in _engine.available_levels() if level in _cpu.levels())
    done = imported(lowest)
    assert done.stdout.strip() == lowest, done.stderr


def test_unknown_level_in_the_environment() -> None:
    done = imported("sse9")
    assert done.returncode != 0
    assert "RECURRA_SIMD: expected one of" in done.stderr


def test_processor_has_the_level_that_runs() -> None:
    assert _engine.simd_level in _cpu.levels()


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ("", 0),
        ("fpu sse sse2", 0),
        (_cpu._LINUX_FLAGS["x86_64_v2"], 1),
        (_cpu._LINUX_FLAGS["x86_64_v2"] + " " + _cpu._LINUX_FLAGS["x86_64_v3"], 2),
        (" ".join(_cpu._LINUX_FLAGS.values()), 3),
        # A hypervisor that hides FMA must not get the module that uses it, whatever else it shows.
        (" ".join(_cpu._LINUX_FLAGS.values()).replace("fma", ""), 1),
    ],
)
def test_levels_follow_the_processor_flags(monkeypatch: pytest.MonkeyPatch, flags: str, expected: int) -> None:
    monkeypatch.setattr(_cpu, "architecture", lambda: "x86_64")
    monkeypatch.setattr(_cpu.sys, "platform", "linux")
    monkeypatch.setattr(_cpu, "_linux_entry", lambda name: flags)
    monkeypatch.setattr(_cpu, "_glibc_features", lambda: None)
    assert _cpu.levels() == X86[:expected]
    # An emulator shows the host's /proc/cpuinfo, and answers for the emulated processor.
    monkeypatch.setattr(_cpu, "_linux_entry", lambda name: " ".join(_cpu._LINUX_FLAGS.values()))
    monkeypatch.setattr(_cpu, "_glibc_features", lambda: set(flags.split()))
    assert _cpu.levels() == X86[:expected]
    monkeypatch.setattr(_cpu, "_linux_entry", lambda name: None)
    assert _cpu.levels() == X86[:expected]


def test_a_processor_of_which_nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_cpu, "architecture", lambda: "x86_64")
    monkeypatch.setattr(_cpu.sys, "platform", "linux")
    monkeypatch.setattr(_cpu, "_linux_entry", lambda name: None)
    monkeypatch.setattr(_cpu, "_glibc_features", lambda: None)
    with pytest.raises(ImportError, match=r"/proc/cpuinfo cannot be read.*RECURRA_SIMD=x86_64_v2\|"):
        _cpu.levels()
    monkeypatch.delenv("RECURRA_SIMD", raising=False)
    with pytest.raises(ImportError, match="cannot tell what this processor can do"):
        _engine._load()
    monkeypatch.setenv("RECURRA_SIMD", _engine.simd_level)
    assert _engine._load().simd_level == _engine.simd_level


@pytest.mark.skipif(sys.platform != "linux" or platform.machine() != "x86_64", reason="is about Linux on x86-64")
def test_the_processor_and_the_kernel_agree() -> None:
    from_processor = _cpu._glibc_features()
    if from_processor is None:
        pytest.skip("needs glibc 2.33")
    entry = _cpu._linux_entry("flags")
    assert entry is not None
    assert from_processor == set(entry.split()) & _cpu._GLIBC_BITS.keys()


@pytest.mark.slow
@pytest.mark.parametrize("processor", ["Nehalem", "Haswell", "Skylake-Server"])
def test_an_emulated_processor_gets_words_or_a_level_of_its_own(processor: str) -> None:
    emulator = shutil.which("qemu-x86_64") or shutil.which("qemu-x86_64-static")
    if emulator is None:
        pytest.skip("needs qemu-user")
    code = "from recurra import _cpu, _engine; print(_engine.simd_level); import recurra; recurra.ops.exp(1.0)"
    done = subprocess.run(
        [emulator, "-cpu", processor, sys.executable, "-c", code], capture_output=True, text=True, timeout=600
    )
    if done.returncode == 0:
        assert done.stdout.split()[-1] in X86
    else:
        assert done.returncode == 1, f"killed: {done.returncode}"
        assert "recurra: no engine module for this processor" in done.stderr


def test_levels_of_other_architectures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_cpu.platform, "machine", lambda: "arm64")
    assert _cpu.levels() == ("aarch64",)
    monkeypatch.setattr(_cpu.platform, "machine", lambda: "riscv64")
    assert _cpu.levels() == ()
