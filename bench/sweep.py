"""Where recurra is slower than the fastest peer, and what padding and long sequences cost.

    python bench/sweep.py sizes [--kinds rnn,gru,lstm] [--units 8,…,1024] [--batches 1,…,512] [--modes train,infer]
                                [--peers torch] [--threads N] [--rounds 3] [--json FILE]
    python bench/sweep.py lengths
    python bench/sweep.py long

`sizes` times one layer of every size beside the peers, as run.py does, and prints how many times faster recurra is
than the fastest of them. `lengths` compares a training step on a batch padded to T, whose mean length is T/2, with one
on full sequences. `long` trains a GRU on 16,000 steps with and without checkpointing, each in a process of its own, and
prints time and memory.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
import run
import sweep_cases

MODES = {"train": "training step", "infer": "inference"}


def ratio(times: dict[str, dict[str, float]]) -> float:
    """How many times as long the fastest peer takes."""
    return min(t["median"] for peer, t in times.items() if peer != "recurra") / times["recurra"]["median"]


def table(kind: str, mode: str, results: list[dict[str, Any]]) -> str:
    """Ratios of one kind of layer and mode: a row for each number of units, a column for each batch size."""
    rows = [r for r in results if r["kind"] == kind and r["mode"] == mode]
    batches = sorted({r["batch"] for r in rows})
    lines = [
        f"\n{kind}, {MODES[mode]}: times faster than the fastest peer\n",
        "| units | " + " | ".join(f"B={b}" for b in batches) + " |",
        "|---" + "|---:" * len(batches) + "|",
    ]
    for units in sorted({r["units"] for r in rows}):
        ratios = {r["batch"]: ratio(r["times"]) for r in rows if r["units"] == units}
        cells = (f"{ratios[b]:.1f}" if ratios[b] >= 1 else f"**{ratios[b]:.2f}**" for b in batches)
        lines.append(f"| {units} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def sizes(options: argparse.Namespace) -> None:
    peers = options.peers.split(",")
    sides = {peer: run.Side(peer, options.threads, "sweep_side.py") for peer in ["recurra", *peers]}
    results: list[dict[str, Any]] = []
    try:
        for kind in options.kinds.split(","):
            for mode in options.modes.split(","):
                for units in map(int, options.units.split(",")):
                    for batch in map(int, options.batches.split(",")):
                        name = sweep_cases.name_of(kind, units, batch)
                        times = run.measure(name, mode, sides, options.rounds)
                        results.append({"kind": kind, "units": units, "batch": batch, "mode": mode, "times": times})
                        print(f"{name} {mode}: {ratio(times):.2f}", file=sys.stderr, flush=True)
                print(table(kind, mode, results), flush=True)
    finally:
        for side in sides.values():
            side.close()
        if options.json:
            options.json.write_text(json.dumps({"threads": options.threads, "results": results}, indent=1) + "\n")
    slower = [(ratio(r["times"]), r) for r in results if ratio(r["times"]) < 1]
    print(f"\nslower than the fastest peer: {len(slower)} of {len(results)}")
    for factor, r in sorted(slower, key=lambda item: item[0]):
        medians = ", ".join(f"{peer} {t['median']:.3f} ms" for peer, t in r["times"].items())
        print(f"  {r['kind']} {r['units']}, batch {r['batch']}, {MODES[r['mode']]}: {factor:.2f} ({medians})")


def interleaved(steps: dict[str, Callable[[], object]], rounds: int = 15) -> dict[str, float]:
    """Median milliseconds of each step, called in turns."""
    times: dict[str, list[float]] = {name: [] for name in steps}
    for step in steps.values():
        step()
    for _ in range(rounds):
        for name, step in steps.items():
            start = time.perf_counter()
            step()
            times[name].append(1e3 * (time.perf_counter() - start))
    return {name: statistics.median(taken) for name, taken in times.items()}


def lengths(options: argparse.Namespace) -> None:
    import recurra
    from recurra import layers

    recurra.set_num_threads(options.threads)
    rng = np.random.default_rng(0)
    batch, steps = 128, 400
    print(
        f"batch {batch}, {steps} steps, lengths even in 1…{steps}: padded against full, milliseconds of forward + BPTT"
    )
    for make, units in ((layers.GRU, 32), (layers.LSTM, 32), (layers.GRU, 128), (layers.LSTM, 256)):
        layer = make(units)
        x = recurra.Tensor(rng.standard_normal((batch, steps, 32), dtype=np.float32))
        own = rng.permutation(np.linspace(1, steps, batch).round().astype(int))
        mask = np.arange(steps) < own[:, None]

        def step(layer: Any = layer, x: Any = x, mask: Any = None) -> None:
            layer(x, mask=mask).sum().backward()

        step()
        taken = interleaved({"full": step, "padded": lambda step=step, mask=mask: step(mask=mask)})
        print(
            f"{make.__name__} {units}: full {taken['full']:.2f}, padded {taken['padded']:.2f}, "
            f"ratio {taken['padded'] / taken['full']:.2f} for {mask.mean():.2f} of the steps"
        )


def long_run(options: argparse.Namespace) -> None:
    """One side of `long`."""
    import recurra
    from recurra import _engine, layers

    recurra.set_num_threads(options.threads)
    rng = np.random.default_rng(0)
    x = recurra.Tensor(rng.standard_normal((32, 16000, 16), dtype=np.float32))
    layer = layers.GRU(64, checkpoint=options.checkpoint)
    layer(x[:, :2]).sum().backward()
    before = _engine.memory_statistics()["in_use"]
    taken = []
    for _ in range(5):
        start = time.perf_counter()
        layer(x).sum().backward()
        taken.append(time.perf_counter() - start)
    print(json.dumps({"seconds": min(taken), "bytes": _engine.memory_statistics()["peak"] - before}))


def long(options: argparse.Namespace) -> None:
    taken: dict[bool, list[dict[str, float]]] = {False: [], True: []}
    for _ in range(options.rounds):
        for checkpoint, answers in taken.items():
            command = [sys.executable, __file__, "long-run", "--threads", str(options.threads)]
            output = subprocess.run(command + checkpoint * ["--checkpoint"], check=True, capture_output=True, text=True)
            answers.append(json.loads(output.stdout))
    print("GRU 64, batch 32, 16000 steps of 16 features, forward + BPTT:")
    for checkpoint, answers in taken.items():
        seconds = statistics.median(a["seconds"] for a in answers)
        megabytes = max(a["bytes"] for a in answers) / 1e6
        print(f"  checkpoint={checkpoint}: {seconds:.2f} s, {megabytes:.0f} MB above input and weights")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    parser.add_argument("what", choices=["sizes", "lengths", "long", "long-run"])
    parser.add_argument("--kinds", default=",".join(sweep_cases.KINDS))
    parser.add_argument("--units", default=",".join(map(str, sweep_cases.UNITS)))
    parser.add_argument("--batches", default=",".join(map(str, sweep_cases.BATCHES)))
    parser.add_argument("--modes", default=",".join(MODES))
    parser.add_argument("--peers", default="torch")
    parser.add_argument("--threads", type=int, default=cores)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--checkpoint", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    {"sizes": sizes, "lengths": lengths, "long": long, "long-run": long_run}[options.what](options)


if __name__ == "__main__":
    main()
