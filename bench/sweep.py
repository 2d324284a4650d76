"""Where recurra is slower than the fastest peer, and what padding and long sequences cost.

    python -m bench.sweep sizes [--kinds rnn,gru,lstm] [--units 8,…,1024] [--batches 1,…,512] [--modes train,infer]
                                [--peers torch,keras,onnxruntime] [--threads N] [--rounds 3]
                                [--json FILE] [--plot FILE]
    python -m bench.sweep lengths [--threads N] [--json FILE]
    python -m bench.sweep long [--peers torch,keras] [--threads N] [--rounds 3] [--json FILE]

`sizes` times one layer of every size beside the peers, as run.py does, and prints how many times faster recurra is
than the fastest of them; where the rounds of any side differ by more than half, up to four times as many are made. A
FILE keeps the results as they come; points that it already has are not measured again, so that a sweep can be made in
pieces. `lengths` compares a training step on a batch padded to T, whose mean length is T/2,
with one on full sequences. `long` trains a GRU on 16,000 steps, with and without checkpointing and beside the peers,
and prints time and memory.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from bench import sweep_cases
from bench.reports.results import cores, machine, write_json
from bench.sides.process import Side
from bench.sides.rounds import measure

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
        shown = {b: f"{value:.1f}" if value >= 1 else f"**{value:.2f}**" for b, value in ratios.items()}
        lines.append(f"| {units} | " + " | ".join(shown.get(b, "") for b in batches) + " |")
    return "\n".join(lines)


def plot(results: list[dict[str, Any]], file: Path) -> None:
    """Maps of the ratios, a column for each kind of layer and a row for each mode."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    from matplotlib.colors import TwoSlopeNorm

    kinds = [kind for kind in sweep_cases.KINDS if any(r["kind"] == kind for r in results)]
    modes = [mode for mode in MODES if any(r["mode"] == mode for r in results)]
    units, batches = (sorted({r[axis] for r in results}) for axis in ("units", "batch"))
    size = (4.6 * len(kinds), 3.6 * len(modes))
    figure, grid = plt.subplots(len(modes), len(kinds), figsize=size, layout="constrained", squeeze=False)
    norm = TwoSlopeNorm(vmin=-1, vcenter=0, vmax=np.log2(16))
    for mode, row in zip(modes, grid, strict=True):
        for kind, axes in zip(kinds, row, strict=True):
            ratios = np.full((len(units), len(batches)), np.nan)
            for r in results:
                if (r["kind"], r["mode"]) == (kind, mode):
                    ratios[units.index(r["units"]), batches.index(r["batch"])] = ratio(r["times"])
            axes.imshow(np.log2(ratios), cmap="RdYlBu", norm=norm, aspect="auto")
            for (i, j), value in np.ndenumerate(ratios):
                if value == value:
                    colour = "white" if not 0.6 < value < 12 else "black"
                    axes.text(j, i, f"{value:.1f}", ha="center", va="center", fontsize=7, color=colour)
            axes.set_xticks(range(len(batches)), batches)
            axes.set_yticks(range(len(units)), units)
            axes.set(title=f"{kind}, {MODES[mode]}", xlabel="batch", ylabel="units")
    figure.suptitle("times faster than the fastest peer")
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=110)


def sizes(options: argparse.Namespace) -> None:
    wanted = [
        (kind, mode, units, batch)
        for kind in options.kinds.split(",")
        for mode in options.modes.split(",")
        for units in map(int, options.units.split(","))
        for batch in map(int, options.batches.split(","))
    ]
    outcome: dict[str, Any] = {"threads": options.threads, "results": []}
    if options.json and options.json.exists():
        outcome = json.loads(options.json.read_text())
        if outcome["threads"] != options.threads:
            raise SystemExit(f"{options.json} was measured with {outcome['threads']} threads, not {options.threads}")
    results: list[dict[str, Any]] = outcome["results"]
    done = {(r["kind"], r["mode"], r["units"], r["batch"]) for r in results}
    wanted = [point for point in wanted if point not in done]
    if wanted:
        measure_sizes(wanted, options, outcome)
    results.sort(key=lambda r: (r["kind"], r["mode"], r["units"], r["batch"]))
    for kind, mode in sorted({(r["kind"], r["mode"]) for r in results}):
        print(table(kind, mode, results), flush=True)
    print(slower(outcome))
    if options.plot:
        plot(results, options.plot)


def slower(outcome: dict[str, Any]) -> str:
    """The points at which a peer is faster, the worst first."""
    results = outcome["results"]
    found = sorted(((ratio(r["times"]), r) for r in results if ratio(r["times"]) < 1), key=lambda item: item[0])
    versions = "; ".join(outcome["versions"].values())
    out = [
        f"{outcome['machine']['cpu']}, {outcome['threads']} threads, {outcome['date']}; {versions}. At {len(found)} of "
        f"{len(results)} sizes a peer is faster:\n",
        "| layer | batch | | recurra, ms | fastest peer, ms | times as fast as it |",
        "|---|---:|---|---:|---:|---:|",
    ]
    for factor, r in found:
        own = r["times"]["recurra"]["median"]
        head = f"| {r['kind'].upper()} {r['units']} | {r['batch']} | {MODES[r['mode']]} "
        out.append(f"{head}| {own:.2f} | {factor * own:.2f} | {factor:.2f} |")
    return "\n".join(out if found else [out[0].replace(":\n", ".")]) + "\n"


def measure_sizes(
    wanted: list[tuple[str, str, int, int]], options: argparse.Namespace, outcome: dict[str, Any]
) -> None:
    """Adds the points to the outcome, and to its file after each."""
    sides = {peer: Side(peer, options.threads, "sweep") for peer in ["recurra", *options.peers.split(",")]}
    outcome |= {"versions": {peer: side.version for peer, side in sides.items()}, "date": time.strftime("%Y-%m-%d")}
    outcome["machine"] = machine()
    try:
        for kind, mode, units, batch in wanted:
            name = sweep_cases.name_of(kind, units, batch)
            times = measure(name, mode, sides, options.rounds, budget=50, most_rounds=4 * options.rounds)
            point = {"kind": kind, "mode": mode, "units": units, "batch": batch, "times": times}
            outcome["results"].append(point)
            print(f"{name} {mode}: {ratio(times):.2f}", file=sys.stderr, flush=True)
            if options.json:
                write_json(outcome, options.json)
    finally:
        for side in sides.values():
            side.close()


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
    results: list[dict[str, Any]] = []
    for make, units in ((layers.GRU, 32), (layers.LSTM, 32), (layers.GRU, 128), (layers.LSTM, 256)):
        layer = make(units)
        x = recurra.Tensor(rng.standard_normal((LENGTHS_BATCH, LENGTHS_STEPS, 32), dtype=np.float32))
        own = rng.permutation(np.linspace(1, LENGTHS_STEPS, LENGTHS_BATCH).round().astype(int))
        mask = np.arange(LENGTHS_STEPS) < own[:, None]

        def step(layer: Any = layer, x: Any = x, mask: Any = None) -> None:
            layer(x, mask=mask).sum().backward()

        step()
        taken = interleaved({"full": step, "padded": lambda step=step, mask=mask: step(mask=mask)})
        results.append({"layer": f"{make.__name__} {units}", **taken, "share": float(mask.mean())})
    outcome = {"threads": options.threads, "date": time.strftime("%Y-%m-%d"), "results": results}
    print(lengths_markdown(outcome))
    if options.json:
        write_json(outcome, options.json)


LENGTHS_BATCH, LENGTHS_STEPS = 128, 400


def lengths_markdown(outcome: dict[str, Any]) -> str:
    out = [
        f"Batch {LENGTHS_BATCH}, {LENGTHS_STEPS} steps of 32 features, lengths spread evenly over 1…{LENGTHS_STEPS}: "
        f"forward and backward in milliseconds, {outcome['threads']} threads, {outcome['date']}.\n",
        "| | full | padded | ratio | share of the steps |",
        "|---|---:|---:|---:|---:|",
    ]
    for one in outcome["results"]:
        ratio = one["padded"] / one["full"]
        out.append(f"| {one['layer']} | {one['full']:.2f} | {one['padded']:.2f} | {ratio:.2f} | {one['share']:.2f} |")
    return "\n".join(out) + "\n"


def long(options: argparse.Namespace) -> None:
    results: list[dict[str, Any]] = []
    for name, peers in (("long_gru64", options.peers.split(",")), ("long_gru64_checkpointed", [])):
        sides = {peer: Side(peer, options.threads, "sweep") for peer in ["recurra", *peers]}
        times = measure(name, "train", sides, options.rounds)
        megabytes = {}
        for peer, side in sides.items():
            side.close()
            fresh = Side(peer, options.threads, "sweep")
            megabytes[peer] = fresh.ask({"memory": name})["megabytes"]
            fresh.close()
        results.append({"case": name, "times": times, "megabytes": megabytes})
        print(results[-1], file=sys.stderr, flush=True)
    outcome = {"threads": options.threads, "date": time.strftime("%Y-%m-%d"), "results": results}
    print(long_markdown(outcome))
    if options.json:
        write_json(outcome, options.json)


def long_markdown(outcome: dict[str, Any]) -> str:
    case = sweep_cases.LONG
    inputs = 4e-6 * case.batch * case.time * case.features
    own = outcome["results"][0]["times"]["recurra"]["median"]
    out = [
        f"GRU {case.layers[0][1]}, batch {case.batch}, {case.time} steps of {case.features} features: one training "
        f"step, {outcome['threads']} threads, {outcome['date']}; memory is what the process takes above its "
        f"imports and {inputs:.0f} MB of input.\n",
        "| | seconds | of recurra's | MB |",
        "|---|---:|---:|---:|",
    ]
    for result in outcome["results"]:
        for peer, times in result["times"].items():
            checkpointed = ", `checkpoint=True`" if result["case"].endswith("checkpointed") else ""
            out.append(
                f"| {peer}{checkpointed} | {times['median'] / 1e3:.2f} | {times['median'] / own:.2f}× "
                f"| {result['megabytes'][peer] - inputs:.0f} |"
            )
    return "\n".join(out) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["sizes", "lengths", "long"])
    parser.add_argument("--kinds", default=",".join(sweep_cases.KINDS))
    parser.add_argument("--units", default=",".join(map(str, sweep_cases.UNITS)))
    parser.add_argument("--batches", default=",".join(map(str, sweep_cases.BATCHES)))
    parser.add_argument("--modes", default=",".join(MODES))
    parser.add_argument("--peers", default="torch,keras,onnxruntime")
    parser.add_argument("--threads", type=int, default=cores())
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--plot", type=Path)
    options = parser.parse_args()
    {"sizes": sizes, "lengths": lengths, "long": long}[options.what](options)


if __name__ == "__main__":
    main()
