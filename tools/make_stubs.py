"""Writes python/recurra/_engine.pyi from the engine module that is loaded. Run by `make stubs`."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from recurra import _engine

TARGET = Path(__file__).resolve().parent.parent / "python" / "recurra" / "_engine.pyi"

HEAD = '''"""The engine: what recurra/_engine.py takes from the module of this processor's SIMD level.

Written by `make stubs`; not to be edited.
"""
'''

LOADER = '''
_module: types.ModuleType
def available_levels() -> tuple[str, ...]:
    """
    The levels whose engine module is installed, lowest first.
    """
def choose_level(installed: tuple[str, ...], supported: tuple[str, ...], cap: str | None) -> str:
    """
    The highest level that is installed, that the processor supports and that is not above `cap`.
    """
'''


def stub_of(module: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pybind11_stubgen", module, "--exit-code", "-o", folder]
        for name, value in vars(_engine._module).items():
            if hasattr(value, "__members__"):  # an enumeration, whose values may be defaults
                command.append(f"--enum-class-locations={name}:{module}")
        subprocess.run(command, check=True)
        return Path(folder, *module.split(".")).with_suffix(".pyi").read_text(encoding="utf-8")


def completed(stub: str) -> str:
    """The stub with what pybind11 cannot say: type parameters, and None as a default."""
    stub = stub[stub.index("from __future__") :].replace("import typing\n", "import types\nimport typing\n", 1)
    stub = re.sub(r"^__all__.*\n", "", stub, flags=re.MULTILINE)
    stub = re.sub(r"(\w+: (?!typing\.Any)[\w.]+) = None", r"\1 | None = None", stub)
    stub = re.sub(r"\bnumpy\.ndarray\b(?!\[)", "numpy.ndarray[typing.Any, numpy.dtype[typing.Any]]", stub)
    stub = re.sub(r"(?<=[ \[])tuple(?!\[)(?=[\]:,) ])", "tuple[typing.Any, ...]", stub)
    stub = re.sub(r"(?<=[ \[])dict(?!\[)(?=[\]:,) ])", "dict[str, typing.Any]", stub)
    stub = re.sub(r"(?<=[ \[])list(?!\[)(?=[\]:,) ])", "list[typing.Any]", stub)
    stub = re.sub(r"\b(Sequence|Iterable|Iterator)(?=[,)\] :])", r"\1[typing.Any]", stub)
    stub = re.sub(r"(\*\*?(?:args|kwargs))(?=[,)])", r"\1: typing.Any", stub)
    stub = stub.replace("def __hash__(self):", "def __hash__(self) -> int:")
    # Operators may also return NotImplemented, which Python keeps to itself.
    operators = r"(r?(?:add|sub|mul|truediv|floordiv|mod|pow|matmul|and|or|xor)|l[et]|g[et])"
    stub = re.sub(rf"(def __{operators}__\(self, arg0: typing\.Any\) ->) typing\.Any", r"\1 Tensor", stub)
    stub = stub.replace("def grad(self) -> typing.Any", "def grad(self) -> Tensor | None")
    stub = stub.replace("def grad(self, arg1: typing.Any)", "def grad(self, arg1: Tensor | None)")
    # The shape of a tensor and the docstrings' blank lines are the same in every module.
    stub = stub.replace("def shape(self) -> tuple[typing.Any, ...]", "def shape(self) -> tuple[int, ...]")
    stub = re.sub(r"[ \t]+$", "", stub, flags=re.MULTILINE)
    # Which level, compiler and OpenMP it was made with is of no interest to a type checker.
    return re.sub(r"^(\w+: \w+) = .*$", r"\1", stub, flags=re.MULTILINE)


if __name__ == "__main__":
    TARGET.write_text(HEAD + completed(stub_of(_engine._module.__name__)) + LOADER, encoding="utf-8")
