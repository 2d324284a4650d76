"""What a benchmark run says: a line a measurement, and tables."""

from __future__ import annotations

from typing import Any

from bench.cases import BY_NAME

Row = dict[str, Any]
Outcome = dict[str, Any]


def operations(row: Row) -> float:
    case = BY_NAME[row["case"]]
    return case.training_operations() if row["mode"] == "train" else case.operations()


def gflops(row: Row) -> float:
    return operations(row) / row["times"]["recurra"]["median"] / 1e6


def best_peer(row: Row) -> tuple[str, float] | None:
    """The fastest peer and its median milliseconds."""
    peers = {peer: times["median"] for peer, times in row["times"].items() if peer != "recurra"}
    return min(peers.items(), key=lambda item: item[1]) if peers else None


def ratio(row: Row) -> float | None:
    best = best_peer(row)
    return best[1] / row["times"]["recurra"]["median"] if best else None


def duration(row: Row, side: str, digits: int = 1) -> str:
    """Milliseconds, or microseconds with their unit for a single time step; a dash for a side that has no time."""
    if side not in row["times"]:
        return "–"
    milliseconds = row["times"][side]["median"]
    return f"{milliseconds * 1e3:.{digits}f} µs" if row["mode"] == "step" else f"{milliseconds:.{digits}f}"


def line(row: Row, peak: float) -> str:
    times = ", ".join(f"{peer} {duration(row, peer, 2)}" for peer in row["times"])
    faster = ratio(row)
    head = f"{row['case']} {row['mode']} {row['threads']} thread(s): {times}"
    return f"{head}; {f'{faster:.1f}x, ' if faster else ''}{gflops(row):.0f} GFLOP/s = {gflops(row) / peak:.0%} of peak"


def about(outcome: Outcome) -> str:
    machine = outcome["machine"]
    return (
        f"{machine['cpu']}, {machine['cores']} cores, level {outcome['simd_level']}, {outcome['date']}; medians of "
        f"{outcome['rounds']} interleaved rounds, milliseconds. {'; '.join(outcome['versions'].values())}.\n"
    )


def table(outcome: Outcome, threads: str) -> str:
    """Medians in milliseconds, recurra against the fastest peer, its goal, fraction of peak, and of one thread."""
    peers = [peer for peer in outcome["versions"] if peer != "recurra"]
    rows = [row for row in outcome["results"] if str(row["threads"]) == threads]
    single = {(row["case"], row["mode"]): row for row in outcome["results"] if row["threads"] == 1}
    scaled = threads != "1" and bool(single)
    titles = ["case", "", "recurra", *peers, "faster than the best peer", "goal", "of peak"]
    titles += ["than one thread"] if scaled else []
    out = ["| " + " | ".join(titles) + " |", "|---|---|" + "---:|" * (len(titles) - 2)]
    for row in rows:
        case, faster, own = BY_NAME[row["case"]], ratio(row), row["times"]["recurra"]["median"]
        cells = [case.name, row["mode"], duration(row, "recurra", 2), *(duration(row, peer) for peer in peers)]
        cells += [f"**{faster:.1f}×**" if faster else "–", f"{case.goal_of(row['mode']):g}×"]
        cells.append("" if row["mode"] == "step" else f"{gflops(row) / outcome['peak_gflops'][threads]:.0%}")
        if scaled:
            one = single.get((row["case"], row["mode"]))
            cells.append(f"{one['times']['recurra']['median'] / own:.2f}×" if one and row["mode"] != "step" else "")
        out.append("| " + " | ".join(cells) + " |")
    return "\n".join(out) + "\n"


def timings(outcome: Outcome) -> str:
    """The tables of all numbers of threads."""
    out = [about(outcome)]
    for threads, peak in outcome["peak_gflops"].items():
        copied = outcome["bandwidth_gbytes"][threads]
        out.append(f"{threads} thread(s); measured: multiply-add peak {peak:.0f} GFLOP/s, memory {copied:.0f} GB/s:\n")
        out.append(table(outcome, threads))
    return "\n".join(out)


def footprints(outcome: Outcome) -> str:
    """Time and memory of the import, size on disk, and memory of training steps."""
    sides = outcome["footprints"]
    cases = list(next(iter(sides.values()))["training"]) if sides else []
    titles = ["", "import, s", "import, MB", "on disk, MB", *(f"{case}, MB" for case in cases)]
    out = ["| " + " | ".join(titles) + " |", "|---|" + "---:|" * (len(titles) - 1)]
    for name, found in sides.items():
        cells = [f"{found['seconds']:.2f}", _whole(found["megabytes"]), _whole(found["disk"])]
        cells += [_whole(found["training"][case]) for case in cases]
        out.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(out) + "\n"


def _whole(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f}"


def markdown(outcome: Outcome) -> str:
    return timings(outcome) + "\n" + footprints(outcome)


def summary(outcome: Outcome) -> str:
    """Training steps at the largest number of threads beside the peers, and the same ratio with one thread."""
    peers = [peer for peer in ("torch", "keras", "jax") if peer in outcome["versions"]]
    names = {"torch": "PyTorch", "keras": "Keras", "jax": "JAX"}
    trained = [row for row in outcome["results"] if row["mode"] == "train" and ratio(row)]
    threads = max((row["threads"] for row in trained), default=1)
    single = {row["case"]: ratio(row) for row in trained if row["threads"] == 1}
    head = ["a training step", "recurra", *(names[peer] for peer in peers), "faster than the fastest peer", "1 thread"]
    out = ["| " + " | ".join(head) + " |", "|---|" + "---:|" * (len(head) - 1)]
    for row in trained:
        if row["threads"] == threads:
            times, alone = row["times"], single.get(row["case"])
            cells = [f"{times[peer]['median']:.1f} ms" if peer in times else "–" for peer in peers]
            cells += [f"**{ratio(row):.1f}×**", f"{alone:.1f}×" if alone else "–"]
            own = f"{times['recurra']['median']:.2f} ms"
            out.append(f"| {BY_NAME[row['case']].title} | {own} | " + " | ".join(cells) + " |")
    return "\n".join(out) + "\n"
