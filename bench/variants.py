"""Every form and option of a recurrent layer beside its plain cell and beside the peers: training steps of equal sizes.

    python -m bench.variants [--threads 2] [--rounds 5] [--batch 128] [--time 120] [--features 14] [--units 32]
                             [--only NAME] [--peers torch,keras] [--json FILE] [--markdown FILE]

A row says how long one training step takes (forward, backpropagation through time, RMSprop), what that is of the plain
cell's in the same rounds, and how many times as long the fastest peer takes: Keras where it has the option, PyTorch's
own module where it has the form, a `torch.jit.script`ed loop else (bench/peers/torch_variants.py). `products` is the
ratio of multiply-adds in the products to the plain cell's, so that what a form costs beside them can be seen. The last
rows run the same step by a cell written in Python. Every side runs in a process and an environment of its own, as
sides/process.py makes them. Before a row is timed, the outputs of each side are compared with recurra's for the same
weights.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

import recurra
from bench import variant_cases
from bench.cases import BY_NAME
from bench.peers import recurra_side
from bench.peers.keras_network import network
from bench.reports.results import cores, machine, write_json
from bench.sides import timing
from bench.sides import variants as variants_side
from bench.sides.process import Side
from bench.sides.rounds import Timer, rounds_of, spread

TOLERANCE = 1e-4  # between the sides' outputs for the same weights
SIZES = {"batch": 128, "time": 120, "features": 14, "units": 32}
PEERS = ("torch", "keras")


def write_weights(name: str, folder: Path) -> None:
    """Initial weights for all sides, no two alike, and recurra's outputs for them."""
    recurra.random.set_seed(0)
    case, rng = BY_NAME[name], np.random.default_rng(0)
    weights = network(recurra, case, recurra_side.recurrent).get_weights()
    weights = [(one + 0.1 * rng.standard_normal(one.shape)).astype(np.float32) for one in weights]
    outputs = recurra_side.prepare(case, "infer", *timing.data(case), weights)()
    variants_side.write(folder, case, weights, np.asarray(outputs))


def measure(row: variant_cases.Row, sides: dict[str, Side], plain: Side, rounds: int) -> dict[str, Any]:
    """Times of all sides and of recurra's plain cell, in the same rounds."""
    for peer, one in sides.items():
        error = one.ask({"case": row.name, "mode": "check"}).get("error", 0.0)
        if not error <= TOLERANCE:
            raise SystemExit(f"{row.name}: {peer}'s outputs differ by {error:.2g} from recurra's for the same weights")
    timers: dict[str, Timer] = {
        peer: lambda repeats, one=one: one.time(row.name, "train", repeats) for peer, one in sides.items()
    }
    if row.name != row.plain:
        timers["plain"] = lambda repeats: plain.time(row.plain, "train", repeats)
    samples = rounds_of(timers, rounds)
    plains = samples.pop("plain", samples["recurra"])
    ratios = [own / other for own, other in zip(samples["recurra"], plains, strict=True)]
    return {"row": row.name, "plain": row.plain, "of_plain": statistics.median(ratios), "times": spread(samples)}


def markdown(outcome: dict[str, Any]) -> str:
    sizes = outcome["sizes"]
    out = [
        ", ".join(f"{name} {size}" for name, size in sizes.items()) + f"; {outcome['threads']} threads, "
        f"{outcome['machine']['cpu']}, {outcome['date']}; medians of {outcome['rounds']} interleaved rounds. "
        + "; ".join(outcome["versions"].values())
        + ".",
        "",
        "| layer | ms a step | of the plain cell | products | fastest peer | ms a step | faster |",
        "|---|---:|---:|---:|---|---:|---:|",
    ]
    rows = {row.name: row for row in variant_cases.ROWS}
    for result in outcome["results"]:
        row, times = rows[result["row"]], {peer: t["median"] for peer, t in result["times"].items()}
        own, size = times.pop("recurra"), (sizes["features"], sizes["units"])
        products = row.products(*size) / rows[row.plain].products(*size)
        line = f"| {row.name} | {own:.2f} | {result['of_plain']:.2f}× | {products:.2f}× | "
        if times:
            peer, best = min(times.items(), key=lambda item: item[1])
            line += f"{PEER_NAMES.get((peer, row.name), peer)} | {best:.1f} | **{best / own:.1f}×** |"
        else:
            line += "– | | |"
        out.append(line)
    return "\n".join(out) + "\n"


# What PyTorch runs is a scripted loop but for these.
MODULES = ("SimpleRNN", "LSTM", "GRU", "LSTM projection U/2", "LSTM weight norm", "LSTM DropConnect")
PEER_NAMES = {("torch", row.name): "torch, scripted loop" for row in variant_cases.ROWS if row.name not in MODULES}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=cores())
    parser.add_argument("--rounds", type=int, default=5)
    for name, standard in SIZES.items():
        parser.add_argument(f"--{name}", type=int, default=standard)
    parser.add_argument("--only", default="", help="rows whose name has this in it")
    parser.add_argument("--peers", default=",".join(PEERS), help="comma-separated, may be empty (default %(default)s)")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--markdown", type=Path)
    o = parser.parse_args()
    peers = [peer for peer in o.peers.split(",") if peer]
    for peer in peers:
        if peer not in PEERS:
            parser.error(f"unknown peer '{peer}'; known: {', '.join(PEERS)}")
    sizes = {name: getattr(o, name) for name in SIZES}
    variant_cases.register(**sizes)
    rows = [row for row in variant_cases.ROWS if o.only in row.name]
    if not rows:
        parser.error(f"no row has '{o.only}' in its name")
    recurra.set_num_threads(o.threads)
    with tempfile.TemporaryDirectory() as folder:
        for name in {name for row in rows for name in (row.name, row.plain)}:
            write_weights(name, Path(folder))
        arguments = ("variants", folder, *map(str, sizes.values()))
        sides = {peer: Side(peer, o.threads, *arguments) for peer in ["recurra", *peers]}
        plain = Side("recurra", o.threads, *arguments)
        results: list[dict[str, Any]] = []
        try:
            for row in rows:
                results.append(measure(row, sides, plain, o.rounds))
                said = ", ".join(f"{peer} {t['median']:.2f}" for peer, t in results[-1]["times"].items())
                print(f"{row.name}: {said} ms; {results[-1]['of_plain']:.2f} of plain", file=sys.stderr, flush=True)
        finally:
            for one in (*sides.values(), plain):
                one.close()
    outcome = {
        "machine": machine(),
        "versions": {peer: one.version for peer, one in sides.items()},
        "threads": o.threads,
        "rounds": o.rounds,
        "date": time.strftime("%Y-%m-%d"),
        "sizes": sizes,
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
