"""Training steps on a machine that is not idle: beside none, one, two and three processes that each keep a core busy.

    python -m bench.neighbours [--peers torch,keras] [--busy 0,1,2,3] [--rounds 3] [--json FILE]

Sides take turns, as in bench.run, with as many threads as the machine has cores. A figure is the mean time of a step
over about a second (what a training feels), and of the rounds the median. Beside k busy processes a program that shared
n cores fairly would take max(1, (n + k) / n) times as long.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.cases import BY_NAME
from bench.reports.results import cores, machine, write_json
from bench.sides.process import Side

CASES = ("jena_gru32", "dense_norm")


@contextmanager
def busy(count: int) -> Iterator[None]:
    """So many processes that compute for ever, while the context is open."""
    processes = [subprocess.Popen([sys.executable, "-S", "-c", "while True: pass"]) for _ in range(count)]
    try:
        time.sleep(0.5)  # until the system has spread them over the cores
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def mean_step(side: Side, case: str, seconds: float) -> float:
    """Mean milliseconds of a training step; the first ones, which warm up, tell how many are made."""
    first = side.time(case, "train", 3)
    assert first is not None
    times = side.time(case, "train", max(3, min(500, int(1e3 * seconds / statistics.mean(first)))))
    assert times is not None
    return statistics.mean(times)


def measure(case: str, sides: dict[str, Side], counts: list[int], rounds: int, seconds: float = 1) -> list[Any]:
    """A row for each number of busy processes: the median over rounds of each side's mean step."""
    taken: dict[int, dict[str, list[float]]] = {count: {name: [] for name in sides} for count in counts}
    for _ in range(rounds):
        for count in counts:
            with busy(count):
                for name, side in sides.items():
                    taken[count][name].append(mean_step(side, case, seconds))
    return [
        {"case": case, "busy": count, "times": {name: statistics.median(t) for name, t in taken[count].items()}}
        for count in counts
    ]


def markdown(outcome: dict[str, Any]) -> str:
    """The table: milliseconds, and how many times as long as on the idle machine."""
    host, rows = outcome["machine"], outcome["results"]
    names = list(rows[0]["times"])
    idle = {row["case"]: row["times"] for row in rows if row["busy"] == 0}
    lines = [
        f"{host['cpu']}, {host['cores']} cores and as many threads, level {outcome['simd_level']}, {outcome['date']}.",
        "",
        "| training step | busy processes | fair | " + " | ".join(names) + " |",
        "|---|---:|---:|" + "---:|" * len(names),
    ]
    for row in rows:
        fair = max(1.0, (host["cores"] + row["busy"]) / host["cores"])
        cells = [f"{ms:.2f} ms ({ms / idle[row['case']][name]:.1f}×)" for name, ms in row["times"].items()]
        lines.append(f"| {BY_NAME[row['case']].title} | {row['busy']} | {fair:.1f}× | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def listed(text: str) -> list[str]:
    return [part for part in text.split(",") if part]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peers", type=listed, default=["torch", "keras"], help="default torch,keras; may be empty")
    parser.add_argument("--busy", type=listed, default=["0", "1", "2", "3"], help="numbers of busy processes")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, help="also write the results to this file")
    options = parser.parse_args()
    counts = sorted({0, *map(int, options.busy)})

    from recurra import _engine

    sides = {name: Side(name, cores()) for name in ["recurra", *options.peers]}
    outcome: dict[str, Any] = {
        "machine": machine(),
        "simd_level": _engine.simd_level,
        "date": time.strftime("%Y-%m-%d"),
        "versions": {name: side.version for name, side in sides.items()},
        "results": [],
    }
    try:
        for case in CASES:
            print(f"{case} …", file=sys.stderr, flush=True)
            outcome["results"] += measure(case, sides, counts, options.rounds)
    finally:
        for side in sides.values():
            side.close()
    if options.json:
        write_json(outcome, options.json)
    print(markdown(outcome))


if __name__ == "__main__":
    main()
