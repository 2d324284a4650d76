"""`recurra bench`: training and inference beside other libraries, by the programs of recurra's source."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

PROGRAM = Path("bench") / "run.py"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options of the command."""
    parser.add_argument("--cases", help="comma-separated names of cases; default all")
    parser.add_argument("--peers", help="of torch, keras, jax, onnxruntime, comma-separated; default all")
    parser.add_argument("--threads", help="numbers of threads, comma-separated; default 1 and all cores")
    parser.add_argument("--modes", help="of train, infer, step, comma-separated; default all")
    parser.add_argument("--rounds", help="default 5")
    parser.add_argument(
        "--results",
        default="out/bench",
        metavar="FOLDER",
        help="for the table, JSON and pictures (default %(default)s)",
    )
    parser.add_argument("--complete", action="store_true", help="keep what FOLDER has and measure the rest")
    parser.add_argument(
        "--source", type=Path, help="recurra's source folder; default: here, above, or the package's own"
    )


def run(options: argparse.Namespace) -> int:
    """Runs the command; returns the exit status."""
    source = source_folder(options.source)
    command = [sys.executable, "-m", "bench.run"]
    for name in ("cases", "peers", "threads", "modes", "rounds"):
        value = getattr(options, name)
        if value is not None:
            command += [f"--{name}", value]
    command += ["--results", str(Path(options.results).resolve())] + options.complete * ["--complete"]
    package = str(Path(__file__).resolve().parents[2])  # the same recurra as this one
    earlier = [str(Path(path).resolve()) for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([package, *earlier])}
    return subprocess.run(command, cwd=source, env=environment, check=False).returncode


def source_folder(source: Path | None) -> Path:
    """The folder of recurra's source, with the program of the benchmark.

    Raises:
        FileNotFoundError: There is none.
    """
    here = Path.cwd()
    folders = [source] if source is not None else [here, *here.parents, Path(__file__).resolve().parents[3]]
    for folder in folders:
        if (folder / PROGRAM).is_file() and (folder / "python" / "recurra").is_dir():
            return folder.resolve()
    where = f"{source} is not such a folder" if source is not None else f"{here} is not inside of one"
    raise FileNotFoundError(
        f"bench runs {PROGRAM}, which comes with recurra's source and not with the package, and {where}; "
        "call it in a clone of the repository, or name one with --source"
    )
