"""`recurra bench`: training and inference beside other libraries, by the programs of recurra's source."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

SUMMARY = "time training and inference beside PyTorch, Keras, JAX and ONNX Runtime"
PROGRAM = Path("bench") / "run.py"


def add_options(parser: argparse.ArgumentParser) -> None:
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
    command = [sys.executable, str(program(options.source))]
    for name in ("cases", "peers", "threads", "modes", "rounds", "results"):
        value = getattr(options, name)
        if value is not None:
            command += [f"--{name}", value]
    package = str(Path(__file__).resolve().parents[2])
    paths = [package, *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}  # the same recurra as this one
    return subprocess.run(command + options.complete * ["--complete"], env=environment, check=False).returncode


def program(source: Path | None) -> Path:
    """bench/run.py of the source folder.

    Raises: FileNotFoundError without one.
    """
    here = Path.cwd()
    folders = [source] if source is not None else [here, *here.parents, Path(__file__).resolve().parents[3]]
    for folder in folders:
        if (folder / PROGRAM).is_file() and (folder / "python" / "recurra").is_dir():
            return (folder / PROGRAM).resolve()
    where = f"{source} is not such a folder" if source is not None else f"{here} is not inside of one"
    raise FileNotFoundError(
        f"bench runs {PROGRAM}, which comes with recurra's source and not with the package, and {where}; "
        "call it in a clone of the repository, or name one with --source"
    )
