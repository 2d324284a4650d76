"""Pictures of trainings and forecasts. They need matplotlib: pip install 'recurra[plot]'."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from recurra._extras import require

TRUTH, MODEL, RULE, MUTED = "#222222", "#1f77b4", "#d97706", "#8a8a8a"


def require_plotting(module: str) -> Any:
    """A module of matplotlib.

    Raises:
        ImportError: It is not installed; the message says how to install it.

    Example:
        >>> recurra.plotting.require_plotting("figure").__name__
        'matplotlib.figure'
    """
    return require(f"matplotlib.{module}", extra="plot", purpose="plotting")


def check_path(path: str | Path) -> None:
    """Checks before a long training that a figure can be saved as `path`.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: It cannot write files of this kind.

    Example:
        >>> recurra.plotting.check_path("losses.png")
    """
    known = require_plotting("backend_bases").FigureCanvasBase.get_supported_filetypes()
    kind = Path(path).suffix.removeprefix(".").lower()
    if kind not in known:
        raise ValueError(f"plot: '{path}' must end in .png, .pdf or .svg")


def new_figure(rows: int = 1, height: float = 3.6) -> tuple[Any, list[Any]]:
    """A figure with `rows` wide axes one below the other, drawn without a display.

    Returns:
        The figure and its axes; `save` writes it.

    Example:
        >>> figure, axes = recurra.plotting.new_figure(rows=2)
        >>> len(axes)
        2
    """
    figure_module = require_plotting("figure")
    figure = figure_module.Figure(figsize=(10, height * rows), layout="constrained")
    axes = list(np.atleast_1d(figure.subplots(rows, 1)))
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(True, color="#e4e4e4", linewidth=0.7)
        axis.set_axisbelow(True)
    return figure, axes


def save(figure: Any, path: str | Path) -> Path:
    """Writes a figure, as PNG, PDF or SVG by the ending of `path`; makes its folder.

    Example:
        >>> figure, axes = recurra.plotting.new_figure()
        >>> recurra.plotting.save(figure, "plots/empty.svg").exists()
        True
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(target, dpi=140)
    return target


def plot_losses(
    histories: Sequence[Mapping[str, Sequence[float]]],
    *,
    baseline: float | None = None,
    scale: float = 1.0,
    unit: str = "",
    title: str = "Training",
    axis: Any = None,
) -> Any:
    """Training and validation loss of each epoch.

    Args:
        histories: `history` of one or more trainings, with "loss" and perhaps "val_loss".
        baseline: A loss to beat on the validation part, drawn as a line.
        scale, unit: What losses are multiplied by for a second scale at the right; none without a unit.
        title: Above the axes.
        axis: Where to draw; None makes a new figure.

    Returns:
        The axes.

    Example:
        >>> axes = recurra.plotting.plot_losses([{"loss": [0.5, 0.4], "val_loss": [0.6, 0.5]}], baseline=0.55)
        >>> axes.get_xlabel()
        'epoch'
    """
    if axis is None:
        axis = new_figure()[1][0]
    for number, history in enumerate(histories):
        for key, color, label in (("loss", MUTED, "training"), ("val_loss", MODEL, "validation")):
            values = history.get(key, ())
            epochs = np.arange(1, len(values) + 1)
            marker = "o" if len(values) <= 40 else ""
            axis.plot(epochs, values, color=color, marker=marker, markersize=3.5, label=label if number == 0 else None)
    if baseline is not None:
        axis.axhline(baseline, color=RULE, linestyle="--", label="validation, naive forecast")
    axis.set(title=title, ylabel="mean absolute error\n(normalised)")
    longest = max((len(history.get("loss", ())) for history in histories), default=0)
    number_epochs(axis, longest)
    if unit:
        right = axis.secondary_yaxis("right", functions=(lambda x: x * scale, lambda x: x / scale))
        right.set_ylabel(unit)
    axis.legend(frameon=False, ncols=3)
    return axis


def plot_history(
    history: Mapping[str, Sequence[float]], epochs: Mapping[str, Sequence[int]], title: str = "Training"
) -> Any:
    """The figures of a training by epoch, those of the validation in the same axes.

    Args:
        history: Values by name, as in `History.history`.
        epochs: Numbers of the epochs (from 1) that the values belong to, by name.
        title: Above the first axes.

    Returns:
        The figure; `save` writes it.

    Raises:
        ImportError: matplotlib is not installed; the message says how to install it.

    Example:
        >>> values, epochs = {"loss": [0.5, 0.2], "val_loss": [0.4]}, {"loss": [1, 2], "val_loss": [2]}
        >>> figure = recurra.plotting.plot_history(values, epochs)
        >>> [line.get_label() for line in figure.axes[0].lines]
        ['training', 'validation']
    """
    names = [name for name in history if not (name.startswith("val_") and name.removeprefix("val_") in history)]
    figure, axes = new_figure(max(len(names), 1), 2.6)
    for axis, name in zip(axes, names, strict=False):
        for key, color, label in ((name, MUTED, "training"), (f"val_{name}", MODEL, "validation")):
            if key in history:
                marker = "o" if len(history[key]) <= 40 else ""
                axis.plot(epochs[key], history[key], color=color, marker=marker, markersize=3.5, label=label)
        axis.set_ylabel(name)
        axis.xaxis.set_major_locator(require_plotting("ticker").MaxNLocator(integer=True, min_n_ticks=1))
        axis.legend(frameon=False, ncols=2)
    axes[0].set_title(title)
    axes[-1].set_xlabel("epoch")
    return figure


def number_epochs(axis: Any, epochs: int) -> None:
    """Make the horizontal axis one of so many epochs, with whole numbers.

    Example:
        >>> axis = recurra.plotting.new_figure()[1][0]
        >>> recurra.plotting.number_epochs(axis, 3)
        >>> axis.get_xlabel(), all(tick == round(tick) for tick in axis.get_xticks())
        ('epoch', True)
    """
    axis.set_xlabel("epoch")
    if epochs:
        axis.set_xlim(0.5, epochs + 0.5)
        axis.xaxis.set_major_locator(require_plotting("ticker").MaxNLocator(integer=True, min_n_ticks=1))


def plot_forecast(
    when: ArrayLike,
    truth: ArrayLike,
    forecast: ArrayLike | None,
    naive: ArrayLike,
    *,
    name: str,
    unit: str,
    title: str = "Forecast",
    future: tuple[ArrayLike, ArrayLike] | None = None,
    naive_name: str = "naive forecast",
    axis: Any = None,
) -> Any:
    """A forecast beside the actual values and a naive forecast.

    Args:
        when: Dates (datetime64) or row numbers the values belong to.
        truth, forecast, naive: Of the same length, in `unit`; forecast may be None.
        name: Of what is predicted.
        unit: Of the values; empty where it is not known.
        title: Above the axes.
        future: Dates or row numbers, and forecasts for them, that follow the actual values.
        naive_name: Of the naive forecast, for the legend.
        axis: Where to draw; None makes a new figure.

    Returns:
        The axes.

    Example:
        >>> axes = recurra.plotting.plot_forecast([0, 1], [5.0, 6.0], [5.5, 6.5], [4.0, 5.0], name="load", unit="kW")
        >>> axes.get_ylabel()
        'load (kW)'
    """
    if axis is None:
        axis = new_figure()[1][0]
    actual = np.asarray(truth, np.float64)
    lines: list[tuple[ArrayLike | None, str, dict[str, Any], str]] = [
        (naive, RULE, {"linewidth": 1.0, "linestyle": "--", "alpha": 0.8}, naive_name),
        (actual, TRUTH, {"linewidth": 1.4}, "actual"),
        (forecast, MODEL, {"linewidth": 1.6}, "forecast"),
    ]
    for values, color, style, label in lines:
        if values is None:
            continue
        error = (
            "" if values is actual else f", error {np.nanmean(np.abs(np.asarray(values) - actual)):.4g} {unit}".rstrip()
        )
        axis.plot(np.asarray(when), values, color=color, label=label + error, **style)
    if future is not None and len(np.asarray(future[0])):
        axis.plot(np.asarray(future[0]), future[1], color=MODEL, linewidth=1.6, linestyle=":", label="after the data")
    axis.set(title=title, ylabel=f"{name} ({unit})" if unit and unit != name else name)
    if np.issubdtype(np.asarray(when).dtype, np.datetime64):
        dates = require_plotting("dates")
        locator = dates.AutoDateLocator()
        axis.xaxis.set_major_locator(locator)
        axis.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator))
    else:
        axis.set_xlabel("row")
    axis.margins(x=0)
    low, high = axis.get_ylim()
    axis.set_ylim(low, high + 0.18 * (high - low))  # room for the legend
    axis.legend(frameon=False, ncols=3, loc="upper left")
    return axis


def attention(
    alignments: ArrayLike,
    source: Sequence[Any],
    target: Sequence[Any],
    *,
    title: str = "Attention",
    axis: Any = None,
) -> Any:
    """A heat map of alignments: where a decoder looked while it wrote.

    Args:
        alignments: Weights (target steps, source steps), dark where large; those behind the tokens are left out.
        source: Tokens of the source, for the columns.
        target: Tokens of the target, for the rows.
        title: Above the axes.
        axis: Where to draw; None makes a new figure.

    Returns:
        The axes.

    Raises:
        ValueError: There are fewer alignments than tokens.

    Example:
        >>> axes = recurra.plotting.attention(np.eye(3)[::-1], ["a", "b", "c"], ["c", "b", "a"])
        >>> [label.get_text() for label in axes.get_xticklabels()]
        ['a', 'b', 'c']
    """
    weights = np.asarray(alignments, np.float64)
    shape = (len(target), len(source))
    if weights.ndim != 2 or weights.shape[0] < shape[0] or weights.shape[1] < shape[1]:
        raise ValueError(
            f"attention: alignments must have (target steps, source steps) of at least {shape} for these tokens, "
            f"got shape {weights.shape}; take one sequence of a batch"
        )
    if axis is None:
        axis = new_figure(height=0.6 + 0.34 * max(len(target), 3))[1][0]
    axis.grid(False)
    axis.imshow(weights[: shape[0], : shape[1]], cmap="Blues", vmin=0, vmax=1, aspect="auto")
    axis.set_xticks(range(shape[1]), [str(token) for token in source])
    axis.set_yticks(range(shape[0]), [str(token) for token in target])
    axis.tick_params(length=0)
    axis.set(title=title, xlabel="source", ylabel="target")
    return axis


def addresses(weights: ArrayLike, *, title: str = "Where a head looks", axis: Any = None) -> Any:
    """A heat map of a head's weights: which slots of a memory it read or wrote, step after step.

    Args:
        weights: (steps, slots) of one head and one sequence, dark where large, as `layers.NTM.addresses` gives them.
        title: Above the axes.
        axis: Where to draw; None makes a new figure.

    Returns:
        The axes.

    Raises:
        ValueError: The weights have other axes.

    Example:
        >>> layer = recurra.layers.NTM(recurra.layers.LSTMCell(8), memory_size=16, memory_dim=4)
        >>> found = layer.addresses(np.ones((1, 5, 3), "float32"))
        >>> recurra.plotting.addresses(found.write[0, :, 0]).get_ylabel()
        'slot'
    """
    values = np.asarray(weights, np.float64)
    if values.ndim != 2:
        raise ValueError(
            f"addresses: weights must have (steps, slots), got shape {values.shape}; take one head of one sequence, "
            "such as layer.addresses(x).read[0, :, 0]"
        )
    if axis is None:
        axis = new_figure()[1][0]
    axis.grid(False)
    axis.imshow(values.T, cmap="Blues", vmin=0, vmax=1, aspect="auto", interpolation="nearest", origin="lower")
    axis.set(title=title, xlabel="step", ylabel="slot")
    return axis


def ponder(
    steps: ArrayLike,
    tokens: Sequence[Any] | None = None,
    *,
    title: str = "Pondering steps",
    axis: Any = None,
) -> Any:
    """How long a network pondered over each step of a sequence, or of several sequences.

    Args:
        steps: Pondering steps, as `AdaptiveComputation` gives them with return_ponder: (T,) is drawn as a line, (B, T)
            as a heat map with a row for each sequence, blank where it is 0.
        tokens: What was read at each step, for the axis; numbers of the steps by default.
        title: Above the axes.
        axis: Where to draw; None makes a new figure.

    Returns:
        The axes.

    Raises:
        ValueError: The steps have another number of axes, or the tokens another length.

    Example:
        >>> axes = recurra.plotting.ponder([1, 4, 2], ["a", "b", "c"])
        >>> [label.get_text() for label in axes.get_xticklabels()]
        ['a', 'b', 'c']
    """
    counts = np.asarray(steps, np.float64)
    if counts.ndim not in (1, 2) or counts.size == 0:
        raise ValueError(f"ponder: steps must be (time,) or (batch, time), got shape {counts.shape}")
    time = counts.shape[-1]
    if tokens is not None and len(tokens) != time:
        raise ValueError(f"ponder: expected {time} tokens, one a step, got {len(tokens)}")
    if axis is None:
        axis = new_figure(height=3.0 if counts.ndim == 1 else 0.9 + 0.26 * max(len(counts), 4))[1][0]
    if counts.ndim == 1:
        axis.step(range(time), counts, where="mid", color=MODEL)
        axis.set(ylabel="pondering steps")
    else:
        axis.grid(False)
        shown = np.ma.masked_equal(counts, 0)
        image = axis.imshow(shown, cmap="Blues", vmin=0, aspect="auto", interpolation="nearest")
        axis.figure.colorbar(image, ax=axis, label="pondering steps")
        axis.set(ylabel="sequence")
    if tokens is not None:
        axis.set_xticks(range(time), [str(token) for token in tokens])
    axis.set(title=title, xlabel="step")
    return axis
