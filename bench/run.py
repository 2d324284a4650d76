"""recurra beside every installed peer: training and inference of the cases, in interleaved rounds.

    python -m bench.run [--cases jena_gru32,…] [--peers torch,keras,jax,onnxruntime] [--threads 1,2] [--rounds 5]
                        [--results FOLDER [--complete]]

Every library (a side) runs in a process of its own (bench/sides/timing.py). The peers have environments of their own
under .bench/, which this program makes with pip when they are missing. In each round every side is timed once on the
same case before the next round begins, so that a change of the machine's speed affects all of them. The table gives
medians over rounds, ratios to the fastest peer, and the fraction of the multiply-add peak measured in the same run;
then time and memory of imports, sizes on disk, and memory of training. All of it is written to FOLDER as JSON,
tables, a bar chart and a roofline. With --complete, what the JSON file already has is not measured again: a run can
be made in pieces.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from bench import footprint
from bench.cases import BY_NAME
from bench.reports import pictures, tables
from bench.reports.results import cores, machine, write_json
from bench.sides.process import REQUIREMENTS, Side, interpreter_of
from bench.sides.rounds import measure

# What a user of each library imports; recurra imports its parts when first used, this one trains models.
IMPORTS = {
    "recurra": "recurra.models",
    "torch": "torch",
    "keras": "keras,tensorflow",
    "jax": "jax",
    "onnxruntime": "onnxruntime",
}


def bandwidth(threads: int, megabytes: int = 256) -> float:
    """Bytes per second that the threads read and write when each copies memory larger than any cache."""
    pairs = [(np.ones(megabytes << 17, np.float64), np.empty(megabytes << 17)) for _ in range(threads)]
    best = 0.0
    with ThreadPoolExecutor(threads) as pool:
        for _ in range(4):
            began = time.perf_counter()
            list(pool.map(lambda pair: np.copyto(pair[1], pair[0]), pairs))
            best = max(best, threads * 2 * (megabytes << 20) / (time.perf_counter() - began))
    return best


def footprints(sides: list[str], cases: list[str]) -> dict[str, dict[str, Any]]:
    """Import time and memory, size on disk, and the memory that training steps take, of each side."""
    out = {}
    for name in sides:
        out[name] = footprint.measure(interpreter_of(name), IMPORTS[name])
        out[name]["training"] = {}
        for case in cases:
            side = Side(name, cores())  # a new process: memory that an earlier case took is not given back
            out[name]["training"][case] = side.ask({"memory": case})["megabytes"]
            side.close()
        print(f"footprint of {name}: {out[name]}", file=sys.stderr, flush=True)
    return out


def start(options: argparse.Namespace, file: Path) -> dict[str, Any]:
    """The results of earlier runs in the file, if they are to be completed, and the machine."""
    outcome: dict[str, Any] = {"machine": machine(), "peak_gflops": {}, "bandwidth_gbytes": {}, "versions": {}}
    outcome |= {"footprints": {}, "results": []}
    if options.complete and file.exists():
        outcome |= json.loads(file.read_text())
    from recurra import _engine

    return outcome | {"simd_level": _engine.simd_level, "rounds": options.rounds, "date": time.strftime("%Y-%m-%d")}


def time_cases(threads: int, options: argparse.Namespace, outcome: dict[str, Any], keep: Callable[[], None]) -> None:
    """Adds the missing rows for this number of threads."""
    import recurra
    from recurra import _engine

    done = {(row["case"], row["mode"]) for row in outcome["results"] if row["threads"] == threads}
    missing = [
        (name, mode)
        for name in options.cases
        for mode in BY_NAME[name].modes
        if mode in options.modes and (name, mode) not in done
    ]
    if not missing:
        return
    recurra.set_num_threads(threads)
    outcome["peak_gflops"][str(threads)] = peak = _engine.fma_peak(0.5) / 1e9
    outcome["bandwidth_gbytes"][str(threads)] = bandwidth(threads) / 1e9
    sides = {peer: Side(peer, threads) for peer in ["recurra", *options.peers]}
    outcome["versions"].update({peer: side.version for peer, side in sides.items()})
    try:
        for name, mode in missing:
            times = measure(name, mode, sides, options.rounds)
            row = {"case": name, "mode": mode, "threads": threads, "times": times}
            outcome["results"].append(row)
            print(tables.line(row, peak), file=sys.stderr, flush=True)
            keep()
    finally:
        for side in sides.values():
            side.close()


def listed(text: str) -> list[str]:
    return [part for part in text.split(",") if part]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=listed, default=list(BY_NAME), help="comma-separated; default all")
    parser.add_argument("--peers", type=listed, default=list(REQUIREMENTS), help="default all; may be empty")
    parser.add_argument("--threads", type=listed, default=sorted({1, cores()}), help="default 1 and all")
    parser.add_argument("--modes", type=listed, default=["train", "infer", "step"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--results", type=Path, metavar="FOLDER", help="for bench.json, bench.md and two pictures")
    parser.add_argument("--complete", action="store_true", help="keep what bench.json has, measure what it lacks")
    options = parser.parse_args()
    for name in options.cases:
        if name not in BY_NAME:
            parser.error(f"unknown case '{name}'; known: {', '.join(BY_NAME)}")
    for peer in options.peers:
        if peer not in REQUIREMENTS:
            parser.error(f"unknown peer '{peer}'; known: {', '.join(REQUIREMENTS)}")
    if options.complete and not options.results:
        parser.error("--complete needs --results, the folder of what it is to complete")
    folder = options.results or Path(tempfile.mkdtemp())
    outcome = start(options, folder / "bench.json")

    def keep() -> None:
        if options.results:
            write_json(outcome, folder / "bench.json")

    for threads in map(int, options.threads):
        time_cases(threads, options, outcome, keep)
    sides = [side for side in ("recurra", *options.peers) if side not in outcome["footprints"]]
    outcome["footprints"] |= footprints(sides, [name for name in MEMORY_CASES if name in options.cases])
    keep()
    text = tables.markdown(outcome)
    print(text)
    if options.results:
        (folder / "bench.md").write_text(text)
        pictures.plot(outcome, folder / "bench.png")
        pictures.roofline(outcome, folder / "roofline.png")


MEMORY_CASES = ("jena_gru32", "imdb_lstm32", "imdb_conv", "lstm512")  # whose memory the footprints report


if __name__ == "__main__":
    main()
