"""Writes the API pages: one for each module, or for each file of a large package, from what the module offers."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

from tools.public_names import DOCUMENTED, offered

LARGE = 30  # from so many classes and functions on, every file of a package has a page of its own

Objects = dict[str, Any]


def part_of(value: Any, module: str) -> str:
    """The name of the file, or of the package, below the module that defines a class or function."""
    below = value.__module__.removeprefix(module).strip(".")
    return below.split(".")[0] if value.__module__.startswith(module) else ""


def entries(module: str) -> tuple[Objects, dict[str, list[str]]]:
    """The objects of a module by the name they are documented under, and the other names of each."""
    names: dict[int, str] = {}
    found: Objects = {}
    aliases: dict[str, list[str]] = {}
    for name, value in sorted(offered(module).items(), key=lambda item: (item[0] != item[1].__name__, item[0])):
        if id(value) in names:
            aliases.setdefault(names[id(value)], []).append(name)
        else:
            names[id(value)] = name
            found[name] = value
    return found, aliases


def heading(text: str, line: str) -> list[str]:
    return [text, line * len(text), ""]


def details(module: str, objects: Objects, aliases: dict[str, list[str]], home: dict[int, str]) -> list[str]:
    """Summary and documentation of some objects; of those that another module documents, the summary alone."""
    text = [f".. currentmodule:: {module}", "", ".. autosummary::", "   :nosignatures:", ""]
    text += [f"   {home[id(value)].removeprefix(module + '.')}" for value in objects.values()] + [""]
    for name, value in objects.items():
        full = f"{module}.{name}"
        if home[id(value)] != full:
            continue
        if inspect.isclass(value):
            inherited = ["   :inherited-members: Layer"] if name == "Model" else []  # fit and its kin
            text += [f".. autoclass:: {full}", "   :members:", *inherited, ""]
        else:
            text += [f".. autofunction:: {full}", ""]
        if name in aliases:
            text += ["   Also " + ", ".join(f"``{alias}``" for alias in aliases[name]) + ".", ""]
    return text


def pages() -> dict[str, str]:
    """The text of every page, by name."""
    found: dict[str, str] = {}
    modules = {module: entries(module) for module in DOCUMENTED}
    home: dict[int, str] = {}
    for module, (objects, _) in modules.items():
        for name, value in objects.items():
            if value.__module__.startswith(module) or id(value) not in home:
                home[id(value)] = f"{module}.{name}"
    for module, (objects, aliases) in modules.items():
        text = [*heading(module, "="), f".. automodule:: {module}", "   :no-members:", ""]
        parts = sorted({part_of(value, module) for value in objects.values()})
        if len(objects) < LARGE or len(parts) == 1:
            text += details(module, objects, aliases, home)
        else:
            text += [".. toctree::", "   :maxdepth: 1", ""]
            for part in parts:
                own = {name: value for name, value in objects.items() if part_of(value, module) == part}
                page = f"{module}-{part or 'names'}"
                title = f"{module}: {part.replace('_', ' ') or 'by name'}"
                found[page] = "\n".join([*heading(title, "="), *details(module, own, aliases, home)])
                text += [f"   {page}"]
            text += [""]
        found[module] = "\n".join(text)
    text = [*heading("API reference", "="), ".. list-table::", "   :widths: auto", ""]
    for module in DOCUMENTED:
        summary = (importlib.import_module(module).__doc__ or "").splitlines()[0]
        text += [f"   * - :doc:`{module}`", f"     - {summary}"]
    text += ["", ".. toctree::", "   :hidden:", "   :maxdepth: 1", "", *(f"   {module}" for module in DOCUMENTED), ""]
    return found | {"index": "\n".join(text)}


def write_pages(app: Sphinx) -> None:
    """Writes pages whose text has changed; the others keep their date, so that they are not built anew."""
    folder = Path(app.srcdir, "api")
    folder.mkdir(exist_ok=True)
    wanted = pages()
    for name, text in wanted.items():
        file = folder / f"{name}.rst"
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")
    for file in folder.glob("*.rst"):
        if file.stem not in wanted:
            file.unlink()


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("builder-inited", write_pages, priority=100)
    return {"parallel_read_safe": True}
