"""What holds for the repository as a whole: light imports, floors that look only up, one place for each fact."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

import recurra
from tests.support.places import ROOT

FLOORS = ["base", "kernels", "tensor", "ops", "rnn", "optim", "data", "runtime"]
SOURCES = sorted(p for p in (ROOT / "cpp" / "recurra").rglob("*") if p.suffix in {".h", ".cpp"})


def includes(path: Path) -> list[str]:
    return re.findall(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', path.read_text(encoding="utf-8"), re.MULTILINE)


def test_import_pulls_in_numpy_and_nothing_else() -> None:
    code = (
        "import sys, numpy; before = set(sys.modules); import recurra;"
        "print(*sorted({name.partition('.')[0] for name in set(sys.modules) - before}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    allowed = {"recurra", "numpy", *sys.stdlib_module_names}
    assert set(done.stdout.split()) <= allowed
    assert "recurra" in done.stdout.split()


@pytest.fixture
def installed() -> metadata.Distribution:
    try:
        return metadata.distribution("recurra")
    except metadata.PackageNotFoundError:
        pytest.skip("recurra runs from its sources and was not installed by pip")


def test_numpy_is_the_only_requirement(installed: metadata.Distribution) -> None:
    needed = [r for r in installed.requires or [] if "extra ==" not in r]
    assert [re.split(r"[<>=!~; ]", r)[0] for r in needed] == ["numpy"]


def test_one_version(installed: metadata.Distribution) -> None:
    assert installed.version == recurra.__version__
    assert f"## [{recurra.__version__}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_package_is_typed() -> None:
    folder = Path(recurra.__file__).parent
    assert (folder / "py.typed").is_file()
    assert (folder / "_engine.pyi").is_file()


def test_stub_names_what_the_engine_has() -> None:
    from recurra import _engine

    tree = ast.parse((ROOT / "python" / "recurra" / "_engine.pyi").read_text(encoding="utf-8"))
    stated: set[str] = set()
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            stated.add(node.name)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            stated.add(node.target.id)
    public = {name for name in vars(_engine._module) if not name.startswith("_")}
    assert public - stated == set(), "run `make stubs`"


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_floor_looks_only_up(path: Path) -> None:
    floor = path.relative_to(ROOT / "cpp" / "recurra").parts[0]
    assert floor in FLOORS
    for name in includes(path):
        assert not re.match(r"(Python|pybind11|numpy|nanobind)\b", name), f"{name} below cpp/"
        if name.startswith("recurra/"):
            other = name.split("/")[1]
            assert FLOORS.index(other) <= FLOORS.index(floor), f"{floor}/ includes {name}"


def test_every_floor_is_parsed() -> None:
    assert len(SOURCES) > 10
    assert any(name.startswith("recurra/") for path in SOURCES for name in includes(path))


def test_files_stay_small() -> None:
    folders = [ROOT / "cpp", ROOT / "bindings", ROOT / "python", ROOT / "tests"]
    long = {
        str(path.relative_to(ROOT)): count
        for folder in folders
        for path in folder.rglob("*")
        if path.suffix in {".h", ".cpp", ".py"} and (count := len(path.read_text(encoding="utf-8").splitlines())) > 800
    }
    assert long == {}


def test_sources_are_installed_whole() -> None:
    """Every Python file of the repository is in the package that is being tested."""
    folder = Path(recurra.__file__).parent
    ours = {p.relative_to(ROOT / "python" / "recurra") for p in (ROOT / "python" / "recurra").rglob("*.py")}
    theirs = {p.relative_to(folder) for p in folder.rglob("*.py")}
    assert ours <= theirs
