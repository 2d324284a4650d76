"""One side of bench/variants.py, in a process of its own: timing.py, with networks that start from given weights.

    python -m bench.sides.variants PEER THREADS FOLDER BATCH TIME FEATURES UNITS

FOLDER has a file of initial weights and of the outputs that they lead to for each case. {"case": …, "mode": "check"}
is answered with the largest difference from those outputs, over the largest of them or 1, {"error": …}.
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from bench import variant_cases
from bench.cases import Case
from bench.sides import timing


def file_of(folder: Path, case: Case) -> Path:
    return folder / (case.name.replace("/", "_") + ".npz")


def read(folder: Path, case: Case) -> tuple[list[np.ndarray], np.ndarray]:
    """Weights in Keras's layout, and outputs."""
    with np.load(file_of(folder, case)) as arrays:
        return [arrays[f"weight{i}"] for i in range(len(arrays) - 1)], arrays["outputs"]


def write(folder: Path, case: Case, weights: list[np.ndarray], outputs: np.ndarray) -> None:
    file = file_of(folder, case)
    np.savez(file, **{f"weight{i}": weight for i, weight in enumerate(weights)}, outputs=outputs)


def prepare(module: Any, folder: Path, case: Case, mode: str) -> Any:
    weights, outputs = read(folder, case)
    if mode != "check":
        return module.prepare(case, mode, *timing.data(case), weights)
    found = np.asarray(module.prepare(case, "infer", *timing.data(case), weights)())
    return lambda: {"error": float(np.abs(found - outputs).max() / max(1, np.abs(outputs).max()))}


if __name__ == "__main__":
    folder, sizes = Path(sys.argv[3]), [int(size) for size in sys.argv[4:]]
    variant_cases.register(*sizes)
    module = timing.start()
    timing.serve(partial(prepare, module, folder))
