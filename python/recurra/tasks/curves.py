"""The picture of a run: the task's figure by epoch, with the published one as a line."""

from __future__ import annotations

from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING

from recurra import plotting
from recurra.tasks.task import Metric

if TYPE_CHECKING:
    from recurra.tasks.runner import Result

_DECADES = 20.0  # ratio of figures from which a logarithmic axis shows more


def draw(result: Result, metric: Metric, path: str | PathLike[str]) -> Path:
    """Draws the figures of training and validation by epoch, and what the test and the literature say."""
    figure, (axis,) = plotting.new_figure()
    shown: list[float] = []
    for key, color, label in (
        (metric.name, plotting.MUTED, "training"),
        (f"val_{metric.name}", plotting.MODEL, "validation"),
    ):
        values = result.history.get(key, [])
        shown += values
        axis.plot(range(1, len(values) + 1), values, "o-", color=color, markersize=3.5, label=label if values else None)
    lines = [(result.figures.get(metric.name), plotting.TRUTH, "test")]
    lines.append((result.published.get("figure"), plotting.RULE, f"published, {result.published.get('source')}"))
    for value, color, label in lines:
        if value is not None:
            shown.append(value)
            axis.axhline(value, color=color, linestyle="--", linewidth=1, label=f"{label}: {value:.4g}")
    if shown and min(shown) > 0 and max(shown) / min(shown) > _DECADES:
        axis.set_yscale("log")
    axis.set(title=f"{result.task}, {result.model}, {result.parameters:,} parameters", ylabel=metric.title)
    plotting.number_epochs(axis, result.epochs)
    axis.legend(frameon=False)
    return plotting.save(figure, fspath(path))
