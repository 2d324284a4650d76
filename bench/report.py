"""What a benchmark run says: a line a measurement, tables, pictures."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import Any

from cases import BY_NAME

Row = dict[str, Any]
Outcome = dict[str, Any]


def cpu_name() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


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
    """Training at the largest number of threads, in words."""
    peers = [peer for peer in ("torch", "keras", "jax") if peer in outcome["versions"]]
    names = {"torch": "PyTorch", "keras": "Keras", "jax": "JAX"}
    threads = max((row["threads"] for row in outcome["results"]), default=1)
    out = ["| a training step | recurra | " + " | ".join(names[peer] for peer in peers) + " | faster |"]
    out.append("|---|---:|" + "---:|" * len(peers) + "---:|")
    for row in outcome["results"]:
        faster, times = ratio(row), row["times"]
        if row["threads"] == threads and row["mode"] == "train" and faster:
            cells = [f"{times[peer]['median']:.1f} ms" if peer in times else "–" for peer in peers]
            own = f"{times['recurra']['median']:.2f} ms"
            out.append(f"| {BY_NAME[row['case']].title} | {own} | " + " | ".join(cells) + f" | **{faster:.1f}×** |")
    return "\n".join(out) + "\n"


def figure(width: float, height: float) -> tuple[Any, Any]:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=(width, height), layout="constrained")


def save(drawn: Any, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    drawn.savefig(file, dpi=130)


COLOURS = {"train": "#2a6f97", "infer": "#a9d6e5", "step": "#e09f3e"}
MODES = {"train": "training step", "infer": "inference", "step": "one time step"}


def plot(outcome: Outcome, file: Path) -> None:
    """Bars: how many times faster than the best peer, at the largest number of threads."""
    threads = max((row["threads"] for row in outcome["results"]), default=1)
    rows = [row for row in outcome["results"] if row["threads"] == threads and ratio(row)]
    if not rows:
        return
    names = list(dict.fromkeys(row["case"] for row in rows))
    drawn, axes = figure(9, 0.5 * len(names) + 1.6)
    for offset, mode in ((-0.2, "train"), (0.2, "infer"), (0, "step")):
        values = {row["case"]: ratio(row) for row in rows if row["mode"] == mode}
        if not values:
            continue
        places = [i + offset for i, name in enumerate(names) if name in values]
        heights = [values[name] for name in names if name in values]
        bars = axes.barh(places, heights, height=0.38, color=COLOURS[mode], label=MODES[mode])
        axes.bar_label(bars, fmt="%.1f×", padding=3, fontsize=8)
    goals = [(i - (0.2 if "train" in BY_NAME[name].modes else 0), BY_NAME[name].goal) for i, name in enumerate(names)]
    axes.scatter(
        [goal for _, goal in goals],
        [place for place, _ in goals],
        marker="|",
        s=160,
        color="#d00000",
        zorder=3,
        label="goal (training, step)",
    )
    axes.axvline(1, color="black", linewidth=0.8)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_xlim(0.5, 2 * max(ratio(row) or 1 for row in rows))
    axes.set_xlabel(f"times faster than the fastest peer, {threads} threads")
    axes.set_title(f"recurra on {outcome['machine']['cpu']}", fontsize=10)
    axes.legend(fontsize=8)
    save(drawn, file)


def roofline(outcome: Outcome, file: Path) -> None:
    """Operations a second of each case against operations per byte that must at least be moved."""
    threads = max((row["threads"] for row in outcome["results"]), default=1)
    rows = [row for row in outcome["results"] if row["threads"] == threads and row["mode"] != "step"]
    if not rows:
        return
    peak, memory = (outcome[kind][str(threads)] for kind in ("peak_gflops", "bandwidth_gbytes"))
    drawn, axes = figure(9, 5.6)
    points = {}
    for row in rows:
        case = BY_NAME[row["case"]]
        points[case.name, row["mode"]] = operations(row) / case.bytes_moved(row["mode"] == "train"), gflops(row)
    intensities = [x for x, _ in points.values()]
    ends = [min(0.5 * peak / memory, *intensities), 2 * max(intensities)]
    bend = peak / memory
    axes.plot([ends[0], bend, ends[1]], [memory * ends[0], peak, peak], color="black", linewidth=1)
    axes.annotate(f"multiply-add peak, {peak:.0f} GFLOP/s", (ends[1], peak), (0, 4), **_label("right"))
    axes.annotate(f"memory, {memory:.0f} GB/s", (ends[0], memory * ends[0]), (4, 0), **_label("left", "top"))
    names = list(dict.fromkeys(name for name, _ in points))
    for mode in ("train", "infer"):
        own = {name: point for (name, kind), point in points.items() if kind == mode}
        if own:
            axes.scatter(*zip(*own.values(), strict=True), s=110, color=COLOURS[mode], zorder=3, label=MODES[mode])
        colour = {"train": "white", "infer": "black"}[mode]
        for name, point in own.items():
            number = str(1 + names.index(name))
            axes.annotate(number, point, color=colour, fontsize=7, ha="center", va="center_baseline", zorder=4)
    for number, name in enumerate(names, 1):
        axes.plot([], [], " ", label=f"{number}  {name}")
    axes.set(xscale="log", yscale="log", xlabel="operations per byte moved at least", ylabel="GFLOP/s")
    rates = [y for _, y in points.values()]
    axes.set_ylim(min(rates) / 1.6, 2 * max(peak, *rates))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter("")
    axes.set_title(f"recurra on {outcome['machine']['cpu']}, {threads} threads", fontsize=10)
    axes.legend(fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
    save(drawn, file)


def _label(horizontal: str, vertical: str = "baseline") -> dict[str, Any]:
    return {"textcoords": "offset points", "fontsize": 7, "ha": horizontal, "va": vertical}
