"""The order of the package's parts: no module imports one that stands above it, and no modules import in a circle."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import recurra

ROOT = Path(__file__).resolve().parents[2] / "python" / "recurra"

# From the bottom to the top. A part is a module, or a package with all modules in it; an import inside of a function
# counts as well. "recurra" is the package's own __init__, which gives names of the parts below it.
ORDER = [
    "_version",
    "_cpu",
    "_engine",
    "_extras",
    "checks",
    "model_metadata",
    "configurable",
    "tree",
    "loading",
    "replacing",
    "foreign_files",
    "progress",
    "safetensors",
    "config",
    "tensor",
    "conversion",
    "ops",
    "random",
    "serialization",
    "activations",
    "initializers",
    "regularizers",
    "constraints",
    "gradient_check",
    "plotting",
    "preprocessing",
    "datasets",
    "layers",
    "agreement",
    "losses",
    "metrics",
    "optimizers",
    "callbacks",
    "streaming",
    "generation",
    "models",
    "saving",
    "interchange",
    "utils",
    "diagnostics",
    "recurra",
    "forecasting",
    "sentiment",
    "tasks",
    "cli",
    "__main__",
]

# Names given at a place where users look for them, though what they name stands above; resolved on first use.
UPWARDS = {("recurra.callbacks", "recurra.diagnostics.callback")}


def names_of_modules() -> dict[str, Path]:
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        parts = ("recurra", *path.relative_to(ROOT).with_suffix("").parts)
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = names_of_modules()


def imported(node: ast.AST, package: str) -> Iterator[str]:
    """Modules that code of this package imports when it runs: what only type checkers read is left out."""
    for child in ast.iter_child_nodes(node):
        if (
            isinstance(child, ast.If)
            and ast.unparse(child.test).endswith("TYPE_CHECKING")
            and not (isinstance(child.test, ast.UnaryOp))
        ):
            continue
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names if alias.name.partition(".")[0] == "recurra")
        elif isinstance(child, ast.ImportFrom):
            module = child.module or ""
            if child.level:
                above = package.split(".")[: len(package.split(".")) - child.level + 1]
                module = ".".join([*above, *([module] if module else [])])
            if module.partition(".")[0] == "recurra":
                for alias in child.names:
                    whole = f"{module}.{alias.name}"
                    moved = recurra._NAMES.get(alias.name) if module == "recurra" else None
                    yield f"recurra.{moved}" if moved else whole if whole in MODULES else module
        else:
            yield from imported(child, package)


@cache
def imports_of(module: str) -> frozenset[str]:
    path = MODULES[module]
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    return frozenset(imported(ast.parse(path.read_text(encoding="utf-8")), package)) - {module}


def part_of(module: str) -> str:
    return "recurra" if module == "recurra" else module.split(".")[1]


def test_every_part_has_its_place() -> None:
    assert {part_of(module) for module in MODULES} == set(ORDER)
    assert len(MODULES) > 100


@pytest.mark.parametrize("part", ORDER)
def test_no_module_imports_upwards(part: str) -> None:
    upwards = {
        (module, other)
        for module in MODULES
        if part_of(module) == part
        for other in imports_of(module)
        if ORDER.index(part_of(other)) > ORDER.index(part)
    }
    assert upwards == {pair for pair in UPWARDS if part_of(pair[0]) == part}


def test_no_modules_import_in_a_circle() -> None:
    open_modules: list[str] = []
    done: set[str] = set()

    def visit(module: str) -> None:
        assert module not in open_modules, " → ".join([*open_modules[open_modules.index(module) :], module])
        if module in done:
            return
        open_modules.append(module)
        for other in sorted(imports_of(module)):
            if (module, other) not in UPWARDS:
                visit(other)
        done.add(open_modules.pop())

    for module in MODULES:
        visit(module)
