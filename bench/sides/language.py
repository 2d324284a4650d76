"""One side of bench/language.py, in a process of its own: timing.py with its cases.

    python -m bench.sides.language PEER THREADS

Mode "check" is answered with {"outputs": […]}: the losses of three steps, or the first tokens that are written: small
differences grow with their number.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

import numpy as np

from bench import language_cases
from bench.cases import Case
from bench.sides import timing


def prepare(module: Any, case: Case, mode: str) -> Any:
    step = module.prepare(case, mode, timing.data(case)[0])
    if mode != "check":
        return step
    if case.layers[0][0] == "words":
        return lambda: {"outputs": [step() for _ in range(3)]}
    return lambda: {"outputs": np.asarray(step())[:, :10].ravel().tolist()}


if __name__ == "__main__":
    language_cases.register()
    timing.start()
    module = importlib.import_module(f"bench.peers.{sys.argv[1].replace('_side', '_language')}")
    timing.serve(lambda case, mode: prepare(module, case, mode))
