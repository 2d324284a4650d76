"""One side of bench/beside_torch.py, in a process of its own: timing.py with the cases of a table.

    python -m bench.sides.beside_torch PEER THREADS KIND

Mode "check" is answered with some numbers of the output, {"outputs": […]}.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

import numpy as np

from bench.cases import Case
from bench.sides import timing


def prepare(module: Any, case: Case, mode: str) -> Any:
    x, y = timing.data(case)
    if mode != "check":
        return module.prepare(case, mode, x, y)
    found = np.asarray(module.prepare(case, "infer", x, y)()).reshape(-1)
    return lambda: {"outputs": found[:: max(1, found.size // 500)].tolist()}


if __name__ == "__main__":
    kind = sys.argv[3]
    importlib.import_module(f"bench.{kind}_cases").register()
    timing.start()
    module = importlib.import_module(f"bench.peers.{sys.argv[1].replace('_side', f'_{kind}')}")
    timing.serve(lambda case, mode: prepare(module, case, mode))
