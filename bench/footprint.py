"""The cost of a library before it computes anything: time and memory of its import, and megabytes on disk.

Run by run.py, in the environment of each side:

    python -m bench.footprint MODULE[,MODULE…]

imports the modules and prints {"seconds", "megabytes", "disk"}: time and resident memory that the import takes, and the
size of the files of the modules' distributions and of all that they require; all without NumPy, which every side needs.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import statistics
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path
from typing import Any


def resident() -> float | None:
    """Megabytes of memory that this process holds, where the system tells."""
    file = Path("/proc/self/statm")
    return int(file.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6 if file.exists() else None


def distributions(name: str, seen: set[str]) -> None:
    """Adds a distribution and all it requires, extras and NumPy aside."""
    name = re.sub(r"[-_.]+", "-", name).lower()
    if name in seen or name == "numpy":
        return
    try:
        required = metadata.requires(name) or []
    except metadata.PackageNotFoundError:
        return  # of another system or version of Python
    seen.add(name)
    for one in required:
        if "extra ==" not in one:
            distributions(re.split(r"[\s;<>=!~\[(]", one, maxsplit=1)[0], seen)


def size(package: str) -> float:
    """Megabytes of a package's distribution with what it requires, or of its folder if it is not installed as one."""
    found: set[str] = set()
    distributions(package, found)
    files = {file.locate() for one in found for file in metadata.files(one) or []}
    if not files:
        files = {
            file
            for file in Path(sys.modules[package].__file__ or "").parent.rglob("*")
            if "__pycache__" not in file.parts
        }
    return sum(Path(file).stat().st_size for file in files if Path(file).is_file()) / 1e6


def measure(interpreter: Path, modules: str, rounds: int = 3) -> dict[str, Any]:
    """Medians over fresh processes of that interpreter."""
    from bench.sides.process import environment_variables  # not before the imports that are measured

    command = [interpreter, "-m", "bench.footprint", modules]
    variables = environment_variables()
    runs = [subprocess.run(command, check=True, capture_output=True, text=True, env=variables) for _ in range(rounds)]
    answers = [json.loads(run.stdout.splitlines()[-1]) for run in runs]
    return {
        "seconds": statistics.median(one["seconds"] for one in answers),
        "megabytes": answers[0]["megabytes"],
        "disk": answers[0]["disk"],
    }


def main() -> None:
    importlib.import_module("numpy")
    before, began = resident(), time.perf_counter()
    for name in sys.argv[1].split(","):
        importlib.import_module(name)
    seconds, after = time.perf_counter() - began, resident()
    disk = sum(size(name.split(".")[0]) for name in sys.argv[1].split(","))
    memory = None if before is None or after is None else after - before
    print(json.dumps({"seconds": seconds, "megabytes": memory, "disk": disk}))


if __name__ == "__main__":
    main()
