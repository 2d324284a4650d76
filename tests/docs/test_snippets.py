"""The pages keep their promises: Python snippets run, commands and their options exist, links lead somewhere."""

from __future__ import annotations

import argparse
import functools
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import recurra
from recurra import cli
from tests.docs.pages import PAGES, commands, snippets, text_of
from tests.support.places import ROOT

SHELL_WORDS = {"cd", "export", "source", "apt-get", "sudo", "git", "brew", "program", "pre-commit", "ctest"}


@pytest.mark.parametrize("page", [page for page in PAGES if any(s.language == "python" for s in snippets(page))])
def test_python_snippets_run(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One after another, in one namespace, in an empty folder."""
    if any(snippet.language == "python" and "plot" in snippet.code for snippet in snippets(page)):
        pytest.importorskip("matplotlib", reason="needs matplotlib, of the extra `plot`")
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = {"__name__": "__main__"}
    for snippet in snippets(page):
        if snippet.language == "python" and snippet.no_run is None:
            code = "\n" * (snippet.line - 1) + snippet.code
            exec(compile(code, str(ROOT / page), "exec"), namespace)


@pytest.mark.parametrize("page", [page for page in PAGES if commands(page)])
def test_commands_exist(page: str) -> None:
    for line, complete, words in commands(page):
        problem = problem_of(words, complete)
        assert problem is None, f"{page}:{line}: {' '.join(words)}: {problem}"


def problem_of(words: list[str], complete: bool) -> str | None:
    """What is wrong with a command; None for nothing."""
    while words and re.match(r"[A-Z_]+=", words[0]):
        words = words[1:]
    if not words:
        return None
    name, arguments = Path(words[0]).name, words[1:]
    if name == "recurra":
        return problem_of_recurra(arguments, complete)
    if name == "make":
        targets = set(re.findall(r"^([\w./-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
        unknown = [word for word in arguments if "=" not in word and word not in targets]
        return f"no target {unknown}" if unknown else None
    if name == "cmake":
        return problem_of_cmake(arguments)
    if name in ("pip", "pip3"):
        extras = re.findall(r"\[([\w,]+)\]", " ".join(arguments))
        known = re.findall(r"^(\w+) = \[", (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
        unknown = [one for extra in extras for one in extra.split(",") if one not in known]
        return f"no extra {unknown}" if unknown else None
    if name.startswith("python"):
        return problem_of_python(arguments)
    if "/" in words[0] or name in SHELL_WORDS:
        return None
    return "not a command that is known here"


def problem_of_recurra(arguments: list[str], complete: bool) -> str | None:
    if complete:
        try:
            cli._parser().parse_args(arguments)
        except SystemExit as ended:
            return "its arguments are refused" if ended.code else None
        return None
    parser: argparse.ArgumentParser = cli._parser()
    for word in arguments:
        groups = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
        if word.startswith("--"):
            if word.split("=")[0] not in parser._option_string_actions:
                return f"no option {word}"
        elif groups:
            if word not in groups[0].choices:
                return f"no command {word}"
            parser = groups[0].choices[word]
            getattr(parser, "complete", lambda: None)()
    return None


def problem_of_cmake(arguments: list[str]) -> str | None:
    presets = json.loads((ROOT / "CMakePresets.json").read_text(encoding="utf-8"))
    names = {preset["name"] for kind in ("configurePresets", "buildPresets") for preset in presets.get(kind, [])}
    sources = "".join(path.read_text(encoding="utf-8") for path in [ROOT / "CMakeLists.txt", *ROOT.glob("cmake/*")])
    for word, following in zip(arguments, [*arguments[1:], ""], strict=True):
        if word == "--preset" and following not in names:
            return f"no preset {following}"
        option = re.match(r"-D(RECURRA_\w+)=", word)
        if option and option[1] not in sources:
            return f"no option {option[1]}"
    return None


def problem_of_python(arguments: list[str]) -> str | None:
    if arguments[:1] == ["-m"] and arguments[1].split(".")[0] in ("bench", "tests"):
        source = ROOT / f"{arguments[1].replace('.', '/')}.py"
    elif arguments and arguments[0].endswith(".py"):
        source = ROOT / arguments[0]
    else:
        return None
    if not source.is_file():
        return f"there is no {source.relative_to(ROOT)}"
    options = [word.split("=")[0] for word in arguments if word.startswith("--")]
    unknown = [option for option in options if option not in help_of(source)]
    return f"no option {unknown}" if unknown else None


@functools.cache
def help_of(source: Path) -> str:
    package = Path(recurra.__file__).parents[1]
    module = ".".join(source.relative_to(ROOT).with_suffix("").parts)
    how = ["-m", module] if module.startswith("bench.") else [str(source)]
    environment = {**os.environ, "PYTHONPATH": str(package), "COLUMNS": "200"}
    return subprocess.run(
        [sys.executable, *how, "--help"], cwd=ROOT, env=environment, check=True, capture_output=True, text=True
    ).stdout


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_to_files(page: str) -> None:
    folder = (ROOT / page).parent
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[\w-]+)?\)", text_of(page)):
        if not re.match(r"\w+:", target):
            assert (folder / target).exists(), f"{page} links to {target}"
