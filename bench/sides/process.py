"""Processes of the sides, and the environments of Python that they run in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

from bench import ROOT

REQUIREMENTS = {
    "torch": ["numpy", "torch==2.13.0"],
    "keras": ["keras==3.15.*", "tensorflow==2.21.*"],
    "jax": ["jax", "jaxlib"],
    "onnxruntime": ["onnxruntime", "onnx"],
}
SCRATCH = ROOT / ".bench"  # environments, logs, weights


def environment(peer: str) -> Path:
    """The interpreter of a peer's own environment, made when missing."""
    root = SCRATCH / peer
    interpreter = root / "bin" / "python"
    if not (root / "ready").exists():
        print(f"making {root}: {' '.join(REQUIREMENTS[peer])}", file=sys.stderr, flush=True)
        venv.create(root, with_pip=True, clear=True)
        subprocess.run([interpreter, "-m", "pip", "install", "-qq", *REQUIREMENTS[peer]], check=True)
        (root / "ready").touch()
    return interpreter


def interpreter_of(side: str) -> Path:
    return Path(sys.executable) if side == "recurra" else environment(side)


def environment_variables(**more: str) -> dict[str, str]:
    """Those of this process, such that modules of this package are found from any folder."""
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), **more}


class Side:
    """A program of this package that a side runs in a process of its own, and that answers lines of JSON."""

    def __init__(self, peer: str, threads: int, program: str = "timing", *arguments: str) -> None:
        self.log = SCRATCH / f"{peer}.log"
        self.log.parent.mkdir(exist_ok=True)
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [interpreter_of(peer), "-m", f"bench.sides.{program}", f"{peer}_side", str(threads), *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=environment_variables(OMP_NUM_THREADS=str(threads)),
            )
        self.version = self._answer()["version"]

    def _answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith("{"):
                return json.loads(line)
        raise RuntimeError(f"a benchmark process ended; its last words are in {self.log}")

    def ask(self, order: dict[str, Any]) -> dict[str, Any]:
        """The answer to one line."""
        assert self.process.stdin is not None
        print(json.dumps(order), file=self.process.stdin, flush=True)
        return self._answer()

    def time(self, case: str, mode: str, repeats: int) -> list[float] | None:
        """Milliseconds of each repeat; None where the side cannot do the case."""
        return self.ask({"case": case, "mode": mode, "repeats": repeats}).get("ms")

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()
