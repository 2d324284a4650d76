"""Language models beside PyTorch: a training step over 10,000 words, and characters written one by one.

    python -m bench.language [--threads 2] [--rounds 5] [--only NAME] [--json FILE] [--markdown FILE]

Both sides start from the same weights; the losses of their first steps, and the first characters that they write, are
compared before a row is timed. Every side runs in a process of its own, as sides/process.py makes them; rounds are
interleaved.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from bench.language_cases import CASES, register
from bench.reports.results import cores, machine, write_json
from bench.sides.process import Side
from bench.sides.rounds import measure

PEER = "torch"


def compare(name: str, sides: dict[str, Side]) -> None:
    """Raises SystemExit where the sides compute different things."""
    outputs = [np.array(side.ask({"case": name, "mode": "check"})["outputs"]) for side in sides.values()]
    alike = np.isclose(*outputs, rtol=1e-4)
    if not alike.mean() > 0.9:  # what is written goes apart where two characters are equally likely
        raise SystemExit(f"{name}: the sides compute different things, {outputs[0][:5]} and {outputs[1][:5]}")


def markdown(outcome: dict[str, Any]) -> str:
    cases = {case.name: case for case in CASES}
    out = [
        f"{outcome['threads']} threads, {outcome['machine']['cpu']}, {outcome['date']}; medians of {outcome['rounds']} "
        f"interleaved rounds. {'; '.join(outcome['versions'].values())}.",
        "",
        "| what | recurra | PyTorch | faster | goal |",
        "|---|---:|---:|---:|---:|",
    ]
    for row in outcome["results"]:
        case, own, peer = cases[row["case"]], row["times"]["recurra"]["median"], row["times"][PEER]["median"]
        out.append(f"| {case.title} | {own:.2f} ms | {peer:.2f} ms | **{peer / own:.2f}×** | {case.goal:g}× |")
    return "\n".join(out) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=cores())
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", help="cases whose name has this in it")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--markdown", type=Path)
    o = parser.parse_args()
    chosen = [case for case in CASES if o.only in case.name]
    if not chosen:
        parser.error(f"no case has '{o.only}' in its name")
    register()
    sides = {name: Side(name, o.threads, "language") for name in ("recurra", PEER)}
    results: list[dict[str, Any]] = []
    try:
        for case in chosen:
            compare(case.name, sides)
            (mode,) = case.modes
            results.append({"case": case.name, "mode": mode, "times": measure(case.name, mode, sides, o.rounds)})
            said = ", ".join(f"{side} {t['median']:.2f}" for side, t in results[-1]["times"].items())
            print(f"{case.name}: {said} ms", file=sys.stderr, flush=True)
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
    text = markdown(outcome)
    if o.markdown:
        o.markdown.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
