"""One side of the comparison, in a process of its own.

    python -m bench.sides.timing PEER THREADS

answers lines of JSON on standard input, {"case": …, "mode": "train" | "infer" | "step", "repeats": n}, with the
milliseconds of each repeat, {"ms": […]}; {"unsupported": reason} where the peer cannot do the case. The first call of a
case also warms up. {"memory": case} is answered with the megabytes that training steps of the case take above what the
process had before, {"megabytes": …}, where the system tells.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from bench.cases import BY_NAME, Case, Unsupported


def data(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """The same batch for every side."""
    rng = np.random.default_rng(0)
    if case.features:
        x = rng.standard_normal((case.batch, case.time, case.features), dtype=np.float32)
    else:
        x = rng.integers(1, case.layers[0][1], (case.batch, case.time)).astype(np.int32)
    return x, rng.standard_normal((case.batch, 1), dtype=np.float32)


def start() -> Any:
    """The module of the side named on the command line, with its threads set; prints its version."""
    module = importlib.import_module(f"bench.peers.{sys.argv[1]}")
    module.set_threads(int(sys.argv[2]))
    print(json.dumps({"version": module.version()}), flush=True)
    return module


def serve(prepare: Callable[[Case, str], Callable[[], Any]]) -> None:
    """Answers orders; `prepare` makes what is timed of a case and a mode. Of mode "check" the result is the answer."""
    prepared: dict[tuple[str, str], Callable[[], Any]] = {}
    for line in sys.stdin:
        order = json.loads(line)
        if "memory" in order:
            print(json.dumps({"megabytes": memory(prepare, BY_NAME[order["memory"]])}), flush=True)
            continue
        case, mode = BY_NAME[order["case"]], order["mode"]
        key = (case.name, mode)
        try:
            if key not in prepared:
                prepared.clear()
                prepared[key] = prepare(case, mode)
                if mode != "check":
                    warm_up(prepared[key])
        except Unsupported as reason:
            print(json.dumps({"unsupported": str(reason)}), flush=True)
            continue
        step, milliseconds = prepared[key], []
        if mode == "check":
            print(json.dumps(step()), flush=True)
            continue
        calls = range(50 if mode == "step" else 1)  # several per reading of the clock, which takes time too
        for _ in range(order["repeats"]):
            start = time.perf_counter()
            for _ in calls:
                step()
            milliseconds.append(1e3 * (time.perf_counter() - start) / len(calls))
        come_to_rest()
        print(json.dumps({"ms": milliseconds}), flush=True)


def come_to_rest() -> None:
    """Waits until all threads of this process are idle: some spin for a while and would slow the next side."""
    idle, end = 0, time.perf_counter() + 1
    while idle < 3 and time.perf_counter() < end:
        before = time.process_time()
        time.sleep(0.005)
        idle = idle + 1 if time.process_time() - before < 0.001 else 0


def resident(kind: str) -> float:
    """Megabytes of this process's memory: "VmRSS", now, or "VmHWM", at most."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(float(line.split()[1]) / 1e3 for line in lines if line.startswith(kind))


def memory(prepare: Callable[[Case, str], Callable[[], Any]], case: Case) -> float | None:
    """Peak resident memory of training steps above that before; None if the system does not tell."""
    forget = Path("/proc/self/clear_refs")
    if not forget.exists():
        return None
    forget.write_text("5")  # the largest so far
    before = resident("VmRSS")
    try:
        step = prepare(case, "train")
    except Unsupported:
        return None
    warm_up(step)
    return resident("VmHWM") - before


def warm_up(step: Callable[[], Any]) -> None:
    began = time.perf_counter()
    for _ in range(3):
        step()
        if time.perf_counter() - began > 1:
            break


def main() -> None:
    module = start()
    serve(lambda case, mode: module.prepare(case, mode, *data(case)))


if __name__ == "__main__":
    main()
