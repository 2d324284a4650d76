"""What a benchmark run says: a line a measurement, a table, a picture."""

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


def best_peer(row: Row) -> tuple[str, float] | None:
    """The fastest peer and its median milliseconds."""
    peers = {peer: times["median"] for peer, times in row["times"].items() if peer != "recurra"}
    return min(peers.items(), key=lambda item: item[1]) if peers else None


def ratio(row: Row) -> float | None:
    best = best_peer(row)
    return best[1] / row["times"]["recurra"]["median"] if best else None


def line(row: Row, peak: float) -> str:
    times = ", ".join(f"{peer} {t['median']:.2f}" for peer, t in row["times"].items())
    rate = operations(row) / row["times"]["recurra"]["median"] * 1e3
    faster = ratio(row)
    head = f"{row['case']} {row['mode']} {row['threads']} thread(s): {times} ms"
    return f"{head}; {f'{faster:.1f}x, ' if faster else ''}{rate / 1e9:.0f} GFLOP/s = {rate / peak:.0%} of peak"


def markdown(outcome: Outcome) -> str:
    """One table a number of threads: medians in milliseconds, recurra against the fastest peer, fraction of peak."""
    out = [
        f"{outcome['machine']['cpu']}, {outcome['machine']['cores']} cores, level {outcome['simd_level']}, "
        f"{outcome['date']}; "
        f"medians of {outcome['rounds']} interleaved rounds, milliseconds. "
        + "; ".join(outcome["versions"].values())
        + ".",
    ]
    peers = [peer for peer in outcome["versions"] if peer != "recurra"]
    for threads, peak in outcome["peak_gflops"].items():
        out += ["", f"{threads} thread(s), measured multiply-add peak {peak:.0f} GFLOP/s:", ""]
        out.append("| case | | recurra | " + " | ".join(peers) + " | faster than the best peer | goal | of peak |")
        out.append("|---|---|---:|" + "---:|" * len(peers) + "---:|---:|---:|")
        for row in outcome["results"]:
            if str(row["threads"]) != threads:
                continue
            times = row["times"]
            cells = [f"{times[p]['median']:.1f}" if p in times else "–" for p in peers]
            faster = ratio(row)
            share = operations(row) / times["recurra"]["median"] * 1e3 / (peak * 1e9)
            goal = f"{BY_NAME[row['case']].goal:g}×" if row["mode"] == "train" else "3×"
            out.append(
                f"| {row['case']} | {row['mode']} | {times['recurra']['median']:.2f} | "
                + " | ".join(cells)
                + f" | {f'**{faster:.1f}×**' if faster else '–'} | {goal} | {share:.0%} |"
            )
    return "\n".join(out) + "\n"


def plot(outcome: Outcome, file: Path) -> None:
    """Bars: how many times faster than the best peer, training and inference, at the largest number of threads."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    threads = max(row["threads"] for row in outcome["results"])
    rows = [row for row in outcome["results"] if row["threads"] == threads and ratio(row)]
    names = list(dict.fromkeys(row["case"] for row in rows))
    figure, axes = plt.subplots(figsize=(9, 0.55 * len(names) + 1.6), layout="constrained")
    for offset, mode, colour in ((-0.2, "train", "#2a6f97"), (0.2, "infer", "#a9d6e5")):
        values = {row["case"]: ratio(row) for row in rows if row["mode"] == mode}
        places = [i + offset for i, name in enumerate(names) if name in values]
        bars = axes.barh(
            places,
            [values[name] for name in names if name in values],
            height=0.38,
            color=colour,
            label={"train": "training step", "infer": "inference"}[mode],
        )
        axes.bar_label(bars, fmt="%.1f×", padding=3, fontsize=8)
    goals = [(i, BY_NAME[name].goal) for i, name in enumerate(names)]
    axes.scatter(
        [g for _, g in goals],
        [i - 0.2 for i, _ in goals],
        marker="|",
        s=160,
        color="#d00000",
        zorder=3,
        label="goal (training)",
    )
    axes.axvline(1, color="black", linewidth=0.8)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set_xlabel(f"times faster than the fastest peer, {threads} threads")
    axes.set_title(f"recurra on {outcome['machine']['cpu']}", fontsize=10)
    axes.legend(fontsize=8)
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=150)
