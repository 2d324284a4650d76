"""Networks of a table of their own beside PyTorch: training and inference. attention.py, language.py, … call it.

Both sides start from the same weights, and their outputs are compared before a row is timed. Every side runs in a
process of its own, as sides/process.py makes them; rounds are interleaved.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from bench.cases import Case
from bench.reports.results import cores, machine, write_json
from bench.sides.process import Side
from bench.sides.rounds import measure

TOLERANCE = 1e-4
PEER = "torch"


def compare(name: str, sides: dict[str, Side]) -> None:
    """Raises SystemExit where the sides compute different things."""
    outputs = [np.array(side.ask({"case": name, "mode": "check"})["outputs"]) for side in sides.values()]
    error = float(np.abs(outputs[0] - outputs[1]).max() / max(1, np.abs(outputs[0]).max()))
    if not error <= TOLERANCE:
        raise SystemExit(f"{name}: the outputs differ by {error:.2g} for the same weights")


def markdown(table: Any, outcome: dict[str, Any]) -> str:
    cases: dict[str, Case] = {case.name: case for case in table.CASES}
    out = [
        f"{outcome['threads']} threads, {outcome['machine']['cpu']}, {outcome['date']}; medians of {outcome['rounds']} "
        f"interleaved rounds. {'; '.join(outcome['versions'].values())}.",
        "",
        "| network | | recurra | PyTorch | faster | goal |",
        "|---|---|---:|---:|---:|---:|",
    ]
    for row in outcome["results"]:
        case, own, peer = cases[row["case"]], row["times"]["recurra"]["median"], row["times"][PEER]["median"]
        goal, mode = table.goal_of(case, row["mode"]), {"train": "training", "infer": "inference"}[row["mode"]]
        wanted = "–" if goal is None else f"{goal:g}×"
        out.append(f"| {case.title} | {mode} | {own:.2f} ms | {peer:.2f} ms | **{peer / own:.2f}×** | {wanted} |")
    return "\n".join(out) + "\n"


def main(kind: str, description: str) -> None:
    """Reads the command line and times the rows of `bench.{kind}_cases`."""
    table = importlib.import_module(f"bench.{kind}_cases")
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--threads", type=int, default=cores())
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", help="cases whose name has this in it")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--markdown", type=Path)
    o = parser.parse_args()
    chosen = [case for case in table.CASES if o.only in case.name]
    if not chosen:
        parser.error(f"no case has '{o.only}' in its name")
    table.register()
    sides = {name: Side(name, o.threads, "beside_torch", kind) for name in ("recurra", PEER)}
    results: list[dict[str, Any]] = []
    try:
        for case in chosen:
            compare(case.name, sides)
            for mode in case.modes:
                results.append({"case": case.name, "mode": mode, "times": measure(case.name, mode, sides, o.rounds)})
                said = ", ".join(f"{side} {t['median']:.2f}" for side, t in results[-1]["times"].items())
                print(f"{case.name} {mode}: {said} ms", file=sys.stderr, flush=True)
    finally:
        for side in sides.values():
            side.close()
    outcome = {
        "machine": machine(),
        "versions": {name: side.version for name, side in sides.items()},
        "threads": o.threads,
        "rounds": o.rounds,
        "date": time.strftime("%Y-%m-%d"),
        "results": results,
    }
    if o.json:
        write_json(outcome, o.json)
    text = markdown(table, outcome)
    if o.markdown:
        o.markdown.write_text(text)
    print(text)
