"""What the time of a training step goes into, and what it would be at the machine's limit.

    python -m bench.breakdown [--cases a,b] [--seconds 2] [--json FILE]

Each case runs in a process of its own, on one thread, while Linux's perf samples it (`perf record -e cpu-clock`). The
samples are summed by kind of work, told from the names of the engine's functions:

    products   of sums, of gradients of states, inputs and weights, with what starts and stores their tiles
    pointwise  tanh, the logistic function and the rest of a cell's step, both ways; activations between layers
    tables     looking words up, and summing the gradients of their places
    driver     rows, masks, copies from layer to layer, packing of weights
    other      Python, optimizer, loss, pooling, dropout masks, memory

"Rate" is the products' operations in their time, over the multiply-add peak that the same process measured before and
after. "At most" is how many times faster the step would be if its products ran at that peak and took no time to start
and store, and all else stayed.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.cases import BY_NAME
from bench.reports.results import machine, write_json
from bench.run import listed
from bench.sides import timing
from bench.sides.process import environment_variables

# The first pattern found in a function's name says its kind.
KINDS = (
    ("pointwise", r"(forward|backward)_units|ForwardUnit|BackwardUnit|call_activate|call_slope_of|through_activation"),
    (
        "tables",
        r"TableRows.*sum_gradients|add_place|Occurrences|share_among|EmbeddingConvolution::(forward|products_gradient)",
    ),
    (
        "products",
        r"forward_stage|input_sums_of_stage|state_product|input_gradient|WeightProducts|TableRows.*add_kernel_gradient|"
        r"TableRows.*add_gradient|add_table_gradient|gemm::|recurra::dense",
    ),
    ("driver", r"recurra::rnn::"),
)


def kind_of(function: str) -> str:
    return next((kind for kind, pattern in KINDS if re.search(pattern, function)), "other")


def shares(report: str) -> dict[str, float]:
    """Shares of the kinds in lines of "percent|function"."""
    out = {kind: 0.0 for kind, _ in KINDS} | {"other": 0.0}
    for line in report.splitlines():
        percent, bar, function = line.partition("|")
        if bar and not line.startswith("#"):
            out[kind_of(function)] += float(percent.strip().rstrip("%")) / 100
    total = sum(out.values())
    return {kind: share / total for kind, share in out.items()}


def work(name: str) -> None:
    """Says "ready", trains as many seconds as a line then asks for, and tells a step's milliseconds and the peak."""
    import recurra
    from recurra import _engine

    recurra.set_num_threads(1)
    from bench.peers import recurra_side

    step = recurra_side.prepare(BY_NAME[name], "train", *timing.data(BY_NAME[name]))
    timing.warm_up(step)
    peaks, milliseconds = [_engine.fma_peak(0.3)], []
    print("ready", flush=True)
    end = time.perf_counter() + float(sys.stdin.readline())
    while time.perf_counter() < end:
        began = time.perf_counter()
        step()
        milliseconds.append(1e3 * (time.perf_counter() - began))
    peaks.append(_engine.fma_peak(0.3))
    print(json.dumps({"ms": statistics.median(milliseconds), "peak_gflops": max(peaks) / 1e9}), flush=True)


def measure(name: str, seconds: float) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        samples = Path(folder, "perf.data")
        worker = subprocess.Popen(
            [sys.executable, "-m", "bench.breakdown", "--work", name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment_variables(),
        )
        assert worker.stdin is not None
        assert worker.stdout is not None
        if worker.stdout.readline() != "ready\n":
            raise SystemExit(f"{name}: its process ended early")
        print(seconds + 0.5, file=worker.stdin, flush=True)
        record = ["perf", "record", "-q", "-e", "cpu-clock", "-F", "4000", "-o", samples, "-p", str(worker.pid)]
        subprocess.run([*record, "--", "sleep", str(seconds)], check=True)
        outcome = json.loads(worker.stdout.readline())
        worker.wait()
        report = ["perf", "report", "-i", samples, "--no-children", "--stdio", "-F", "overhead,sym"]
        text = subprocess.run(
            [*report, "--field-separator=|"], check=True, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ).stdout
    return {"case": name, **outcome, "shares": shares(text)}


def markdown(outcome: dict[str, Any]) -> str:
    kinds = ("products", "pointwise", "tables", "driver", "other")
    lines = [
        f"{outcome['machine']['cpu']}, level {outcome['simd_level']}, 1 thread, {outcome['date']}.",
        "",
        f"| training step | ms | {' | '.join(kinds)} | rate of the products | at most |",
        f"|---|---:|{'---:|' * len(kinds)}---:|---:|",
    ]
    for row in outcome["results"]:
        products = row["shares"]["products"]
        ideal = BY_NAME[row["case"]].training_operations() / row["peak_gflops"] / 1e6  # ms
        took = row["ms"] * products
        cells = " | ".join(f"{100 * row['shares'][kind]:.0f}%" for kind in kinds)
        # A case whose words are multiplied once for all their places makes fewer operations than are counted.
        fewer = ideal > took
        rate = "–" if fewer else f"{100 * ideal / took:.0f}%"
        gain = "–" if fewer else f"{row['ms'] / (row['ms'] - took + ideal):.1f}×"
        lines.append(f"| {row['case']} | {row['ms']:.2f} | {cells} | {rate} | {gain} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    trained = [name for name, case in BY_NAME.items() if "train" in case.modes]
    parser.add_argument("--cases", type=listed, default=trained, help="comma-separated; default all")
    parser.add_argument("--seconds", type=float, default=2, help="of sampling for each case; default 2")
    parser.add_argument("--json", type=Path, metavar="FILE", help="for the results")
    parser.add_argument("--work", metavar="CASE", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        work(options.work)
        return
    if shutil.which("perf") is None:
        raise SystemExit("Linux's perf is not installed (package linux-perf, or linux-tools of your kernel)")
    from recurra import _engine

    outcome: dict[str, Any] = {"machine": machine(), "simd_level": _engine.simd_level}
    outcome |= {"date": time.strftime("%Y-%m-%d"), "results": []}
    for name in options.cases:
        if name not in trained:
            parser.error(f"unknown case '{name}'; known: {', '.join(trained)}")
        outcome["results"].append(measure(name, options.seconds))
        print(outcome["results"][-1], file=sys.stderr, flush=True)
        if options.json:
            write_json(outcome, options.json)
    print(markdown(outcome))


if __name__ == "__main__":
    main()
