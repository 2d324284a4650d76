"""What the runs of `recurra train TASK --json FILE` say: a table beside the published figures, and learning curves."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any

Run = dict[str, Any]

# Rows of Bai, Kolter & Koltun's table, which docs/tcn.md shows; docs/tasks.md shows all others.
PAPER = (
    "adding",
    "copy-memory",
    "sequential-mnist",
    "permuted-mnist",
    "jsb",
    "nottingham",
    "ptb-words",
    "ptb-chars",
    "wikitext103",
    "lambada",
    "text8",
)
TITLES = ("task", "model", "parameters", "ours", "published", "goal", "seeds", "epochs", "processor time", "of a step")


def paper(runs: list[Run]) -> str:
    return table([run for run in runs if run["task"] in PAPER])


def others(runs: list[Run]) -> str:
    return table([run for run in runs if run["task"] not in PAPER])


def table(runs: list[Run]) -> str:
    """A row a task and model: mean figure of the test with its range, what is published, how it came about."""
    out = ["| " + " | ".join(TITLES) + " |", "|---|---|" + "---:|" * (len(TITLES) - 2)]
    for mine in groups(runs).values():
        first, name = mine[0], mine[0]["about"]["metric"]["name"]
        figures = [run["figures"][name] for run in mine]
        cells = [first["task"], first["model"], f"{first['parameters']:,}", with_range(figures)]
        cells += [number(first["published"]["figure"]) if first["published"] else "–"]
        cells += ["–" if first["goal"] is None else bound(first)]
        cells += [", ".join(str(run["seed"]) for run in mine)]
        done = sorted({f"{run['epochs']} of {run['settings']['epochs']}" for run in mine})
        cells += [", ".join(done), *processor_time(mine)]
        out.append("| " + " | ".join(cells) + " |")
    return "\n".join(out) + "\n"


def processor_time(runs: list[Run]) -> tuple[str, str]:
    """Mean over the runs, and of a step; dashes where a run did not count it."""
    if any("processor_seconds" not in run for run in runs):
        return "–", "–"
    seconds, steps = (statistics.mean(run[name] for run in runs) for name in ("processor_seconds", "steps"))
    return duration(seconds), f"{1e3 * seconds / max(1, steps):.1f} ms"


def groups(runs: list[Run]) -> dict[tuple[str, str], list[Run]]:
    """The runs by task, in the order of the paper and then of the alphabet, and model, the best first."""
    out: dict[tuple[str, str], list[Run]] = {}
    for run in sorted(runs, key=lambda run: run["seed"]):
        out.setdefault((run["task"], run["model"]), []).append(run)

    def place(key: tuple[str, str]) -> Any:
        metric = out[key][0]["about"]["metric"]
        figure = statistics.mean(run["figures"][metric["name"]] for run in out[key])
        order = PAPER.index(key[0]) if key[0] in PAPER else len(PAPER)
        return order, key[0], figure if metric["lower_is_better"] else -figure

    return {key: out[key] for key in sorted(out, key=place)}


def number(value: float) -> str:
    """Three or four digits, or an exponent."""
    if value == 0 or 0.01 <= abs(value) < 1000:
        return f"{value:.4f}" if abs(value) <= 1 else f"{value:.2f}"
    return f"{value:.1e}"


def with_range(values: list[float]) -> str:
    mean = number(statistics.mean(values))
    return mean if len(values) == 1 else f"{mean} ({number(min(values))} to {number(max(values))})"


def bound(run: Run) -> str:
    return f"{'≤' if run['about']['metric']['lower_is_better'] else '≥'} {number(run['goal'])}"


def duration(seconds: float) -> str:
    return (
        f"{seconds:.0f} s"
        if seconds < 120
        else f"{seconds / 60:.0f} min"
        if seconds < 7200
        else f"{seconds / 3600:.1f} h"
    )


def curves(runs: list[Run], file: Path) -> None:
    """The validation of the paper's tasks by epoch, a panel a task, the published figures as dotted lines."""
    from recurra import plotting

    if not any(run["task"] in PAPER for run in runs):
        return

    by_task: dict[str, list[Run]] = {}
    for (task, _), mine in groups([run for run in runs if run["task"] in PAPER]).items():
        by_task.setdefault(task, []).append(mine[0])
    figure, axes = plotting.new_figure(len(by_task), height=3.6)
    for axis, (task, mine) in zip(axes, by_task.items(), strict=True):
        metric = mine[0]["about"]["metric"]
        for shade, run in enumerate(mine):
            color = f"C{shade}"
            values = run["history"][f"val_{metric['name']}"]
            axis.plot(range(1, len(values) + 1), values, color=color, label=f"{run['model']}, validation")
            if run["published"]:
                axis.axhline(run["published"]["figure"], color=color, linestyle=":", linewidth=1)
        shown = [value for run in mine for value in run["history"][f"val_{metric['name']}"]]
        if min(shown) > 0 and max(shown) > 20 * min(shown):
            axis.set_yscale("log")
        axis.set(title=f"{task}; dotted: published", ylabel=metric["title"])
        plotting.number_epochs(axis, max(run["epochs"] for run in mine))
        axis.legend(frameon=False)
    plotting.save(figure, file)
