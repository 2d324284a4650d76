"""Pictures of a benchmark run: bars of ratios, and a roofline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench.cases import BY_NAME
from bench.reports.tables import Outcome, gflops, operations, ratio


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
        # From 1 on, equally fast: to the left of it recurra is slower.
        above = [height - 1 for height in heights]
        bars = axes.barh(places, above, left=1, height=0.38, color=COLOURS[mode], label=MODES[mode])
        axes.bar_label(bars, [f"{height:.1f}×" for height in heights], padding=3, fontsize=8)
    axes.axvline(1, color="black", linewidth=0.8)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g}")
    ratios = [ratio(row) or 1 for row in rows]
    axes.set_xlim(0.9 * min(1, *ratios), 1.5 * max(ratios))
    axes.set_xlabel(f"times faster than the fastest peer, {threads} threads")
    axes.set_title(f"recurra on {outcome['machine']['cpu']}", fontsize=10)
    axes.legend(fontsize=8)
    save(drawn, file)


def roofline(outcome: Outcome, file: Path) -> None:
    """Operations a second of each case against operations per byte that must at least be moved."""
    threads = max((row["threads"] for row in outcome["results"]), default=1)
    peak, memory = (outcome[kind][str(threads)] for kind in ("peak_gflops", "bandwidth_gbytes"))
    # Where fewer operations are made than the plain layers have, their number says nothing about the roof.
    rows = [
        row for row in outcome["results"] if row["threads"] == threads and row["mode"] != "step" and gflops(row) <= peak
    ]
    if not rows:
        return
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
