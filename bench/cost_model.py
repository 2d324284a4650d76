"""A model of what a call costs: fitted to the sweep of sizes, held against the cases, and extended to more cores.

    python -m bench.cost_model [--results bench/results] [--json FILE]

Reads sizes.json (of sweep.py) and bench.json (of run.py), and times the smallest layer. The seconds of a call are a sum
of constants times amounts,

    call     1                      whatever the size: Python, loss, optimizer
    step     T ceil(B / 16n)        a time step of 16 rows: bookkeeping, start of a kernel
    forward  operations / n         of the products of the forward pass
    backward operations / n         of the gradients of states, weights and inputs
    unit     B T U G / n            tanh and the logistic function of G gates, and what is around them
    weights  bytes T ceil(B / 64n)  weights that a thread reads once a step and 64 rows; three constants, by where
    kept     bytes / n              what training writes for backward and reads again
    update   weights                of the optimizer

with B rows, T steps, U units, G gates and n threads at work: n = min(threads, ceil(B / 8)), as fewer than eight rows
are not shared; two directions count as twice the rows. Training has constants of its own for call, step and unit. Those
of call are measured: the small sizes all have 50 steps, so that their times do not tell a call from its steps. The
others are fitted, none below zero, so that the sum of the squares of the relative errors over the sizes is least. The
cases have no part in it.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from bench import RESULTS, sweep_cases
from bench.cases import BY_NAME, GATES, Case
from bench.reports.results import write_json
from bench.sides import timing
from bench.sides.rounds import Timer, rounds_of

FIRST, SECOND = 32 << 10, 1 << 20  # bytes of weights that stay in the first and in the second cache beside the rest
UNITS = {
    "call": ("µs", 1e6),
    "step": ("ns", 1e9),
    "unit": ("ns a gate and unit", 1e9),
    "forward": ("ns a thousand operations", 1e12),
    "backward": ("ns a thousand operations", 1e12),
    "weights": ("ns a thousand bytes", 1e12),
    "kept": ("ns a thousand bytes", 1e12),
    "update": ("ns a weight", 1e9),
}
CORES = (1, 2, 4, 8, 16, 32, 64)


def amounts(case: Case, mode: str, threads: int) -> dict[str, float]:
    """How much of each constant a call takes."""
    training = mode == "train"
    out: dict[str, float] = {f"call {mode}": 1.0}

    def add(name: str, amount: float) -> None:
        out[name] = out.get(name, 0.0) + amount

    batch, steps, width = case.batch, case.time, case.features
    sides = max((2 for kind, *_ in case.layers if kind == "bigru"), default=1)
    n = min(threads, sides * math.ceil(batch / 8))
    words = 0  # rows of a table that the next layer's product can read instead of the words themselves
    for index, (kind, *arguments) in enumerate(case.layers):
        if kind == "embedding":
            words, width = min(arguments[0], batch * steps), arguments[1]
            add("kept", 4.0 * 2 * batch * steps * width / n if training else 0.0)
            continue
        if kind == "pool":
            steps //= arguments[0]
            continue
        if kind == "globalmax":
            continue
        units = arguments[0]
        if kind == "conv":
            steps -= arguments[1] - 1
            products = 2.0 * (words or batch * steps) * arguments[1] * width * units
            add("forward", products / n)
            add("unit " + mode, batch * steps * units * (arguments[1] if words else 1) / n)
            gradients = products * (1 if index == 0 else 2)
            kept, weights = units, arguments[1] * width * units
        else:
            gates, directions = GATES[kind], 2 if kind == "bigru" else 1
            inputs = 2.0 * (words or batch * steps) * width * units * gates * directions
            states = 2.0 * batch * steps * units * units * gates * directions
            add("forward", (inputs + states) / n)
            add("step " + mode, steps * math.ceil(directions * batch / (16 * n)))
            add("unit " + mode, batch * steps * units * gates * directions / n)
            size = 4.0 * units * gates * (units + (0 if words else width))
            level = "first cache" if size <= FIRST else "second cache" if size <= SECOND else "beyond"
            passes = math.ceil(directions * batch / (64 * n)) * steps
            add(f"weights {level}", size * passes * (2 if training else 1))
            gradients = 2 * states + inputs * (1 if index == 0 else 2)
            kept, weights = (gates + 1) * units * directions, (width + units + 1) * units * gates * directions
            units *= directions
        if training:
            add("backward", gradients / n)
            add("kept", 4.0 * 2 * batch * steps * kept / n)
            add("update", weights)
        width, words = units, 0
    return out


def measured_calls() -> dict[str, float]:
    """Seconds of a call beside its steps: of the smallest layer on one step, less what a further step takes."""
    from bench.peers import recurra_side

    recurra_side.set_threads(1)
    calls = {}
    for mode in ("infer", "train"):
        cases = [dataclasses.replace(sweep_cases.case_of("lstm", 8, 1), time=steps) for steps in (1, 51)]
        timers: dict[str, Timer] = {}
        for case in cases:
            step = recurra_side.prepare(case, mode, *timing.data(case))
            timers[str(case.time)] = lambda repeats, step=step: [_milliseconds(step) for _ in range(repeats)]
        short, long = (statistics.median(times) / 1e3 for times in rounds_of(timers, 9).values())
        calls[f"call {mode}"] = short - (long - short) / 50
    return calls


def _milliseconds(step: Callable[[], object]) -> float:
    start = time.perf_counter()
    step()
    return 1e3 * (time.perf_counter() - start)


def fit(rows: list[tuple[dict[str, float], float]], known: dict[str, float]) -> dict[str, float]:
    """Constants >= 0 beside the known ones, of the least sum of squares of relative errors (coordinate descent)."""
    names = sorted({name for amounts, _ in rows for name in amounts} - known.keys())
    rest = np.array([1 - sum(known.get(name, 0) * a for name, a in own.items()) / seconds for own, seconds in rows])
    matrix = np.array([[amounts.get(name, 0.0) / seconds for name in names] for amounts, seconds in rows])
    scale = np.abs(matrix).max(axis=0)
    matrix /= scale
    gram, right = matrix.T @ matrix, matrix.T @ rest
    x = np.zeros(len(names))
    for _ in range(20_000):
        for k in range(len(names)):
            x[k] = max(0.0, x[k] + (right[k] - gram[k] @ x) / gram[k, k])
    return dict(sorted({**known, **dict(zip(names, (x / scale).tolist(), strict=True))}.items()))


def predict(constants: dict[str, float], case: Case, mode: str, threads: int) -> float:
    """Seconds."""
    return sum(constants.get(name, 0.0) * amount for name, amount in amounts(case, mode, threads).items())


def constants_markdown(outcome: dict[str, Any]) -> str:
    out = ["| constant | | |", "|---|---:|---|"]
    for name, value in outcome["constants"].items():
        unit, factor = UNITS[name.split()[0]]
        out.append(f"| {name} | {value * factor:.3g} | {unit} |")
    errors = outcome["fit_errors"]
    out.append(
        f"\nOf the {outcome['points']} sizes half are predicted within {errors['median']:.0%} and nine in ten within "
        f"{errors['ninth']:.0%}."
    )
    return "\n".join(out) + "\n"


def predictions_markdown(outcome: dict[str, Any]) -> str:
    out = ["| case | | threads | measured, ms | predicted, ms | error |", "|---|---|---:|---:|---:|---:|"]
    for one in outcome["results"]:
        measured, predicted = one["measured"], one["predicted"]
        head = f"| {one['case']} | {one['mode']} | {one['threads']} "
        out.append(f"{head}| {measured:.2f} | {predicted:.2f} | {predicted / measured - 1:+.0%} |")
    return "\n".join(out) + "\n"


def cores_markdown(outcome: dict[str, Any]) -> str:
    out = ["| training step, ms | " + " | ".join("1 core" if n == 1 else f"{n} cores" for n in CORES) + " | gain |"]
    out.append("|---|" + "---:|" * (len(CORES) + 1))
    for name, times in outcome["cores"].items():
        cells = " | ".join(f"{ms:.2f}" for ms in times)
        out.append(f"| {name} | {cells} | {times[0] / times[-1]:.0f}× |")
    return "\n".join(out) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    sizes, bench = (json.loads((options.results / name).read_text()) for name in ("sizes.json", "bench.json"))
    rows = [
        (
            amounts(sweep_cases.case_of(r["kind"], r["units"], r["batch"]), r["mode"], sizes["threads"]),
            r["times"]["recurra"]["median"] / 1e3,
        )
        for r in sizes["results"]
    ]
    constants = fit(rows, measured_calls())
    errors = sorted(
        abs(sum(constants[name] * amount for name, amount in own.items()) / seconds - 1) for own, seconds in rows
    )
    results = [
        {
            "case": row["case"],
            "mode": row["mode"],
            "threads": row["threads"],
            "measured": row["times"]["recurra"]["median"],
            "predicted": 1e3 * predict(constants, BY_NAME[row["case"]], row["mode"], row["threads"]),
        }
        for row in bench["results"]
        if row["mode"] != "step"
    ]
    trained = dict.fromkeys(one["case"] for one in results if one["mode"] == "train")
    outcome = {
        "date": time.strftime("%Y-%m-%d"),
        "points": len(rows),
        "constants": constants,
        "fit_errors": {"median": errors[len(errors) // 2], "ninth": errors[len(errors) * 9 // 10]},
        "cores": {name: [1e3 * predict(constants, BY_NAME[name], "train", n) for n in CORES] for name in trained},
        "results": results,
    }
    if options.json:
        write_json(outcome, options.json)
    for text in (constants_markdown, predictions_markdown, cores_markdown):
        print(text(outcome))


if __name__ == "__main__":
    main()
