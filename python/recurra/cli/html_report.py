"""One HTML file about a forecast: tables and pictures (SVG) inside, nothing to load from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from recurra.cli.long_table import stamp_texts
from recurra.datasets.spacing import plural

if TYPE_CHECKING:
    from recurra.cli.long_table import LongTable
    from recurra.forecasting import Forecaster

_WIDTH, _HEIGHT, _MARGIN = 720, 200, 44
_COLORS = ("#1b6ca8", "#c0392b", "#2e8b57", "#8e44ad", "#b8860b", "#555555", "#d2691e", "#008b8b", "#a0522d", "#4169e1")
_SHOWN_SERIES = 6
_WORST = 10
_STYLE = (
    "body{font:15px/1.5 sans-serif;max-width:760px;margin:2em auto;padding:0 1em;color:#222}"
    "table{border-collapse:collapse;margin:.6em "
    "0}th,td{padding:.15em .8em;text-align:right;border-bottom:1px solid "
    "#ddd}th:first-child,td:first-child{text-align:left}svg{display:block;margin:.4em 0}.note{color:#666}"
)


def write(path: str, table: LongTable, forecaster: Forecaster, forecast: Any, results: dict[str, Any]) -> None:
    """Writes the report.

    Args:
        path: The file.
        table: The data.
        forecaster: Fitted to them.
        forecast: What follows them.
        results: The figures that were printed.
    """
    parts = [*_data(table, forecaster), *_ranking(forecaster, results), *_errors(results)]
    parts += ["<h2>Forecasts</h2>", *_pictures(table, forecaster, forecast, results)]
    title = f"Forecast of {escape(table.source)}"
    page = (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        f"<title>{title}</title><style>{_STYLE}</style></head>"
        f"<body><h1>{title}</h1>{''.join(parts)}</body></html>\n"
    )
    destination = Path(path)
    destination.parent.mkdir(parents=True, exist_ok=True)
    destination.write_text(page, encoding="utf-8")


def _table(heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    head = "".join(f"<th>{escape(str(cell))}</th>" for cell in heads)
    body = "".join("<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


def _data(table: LongTable, forecaster: Forecaster) -> list[str]:
    ids, counts = np.unique(table.columns["unique_id"], return_counts=True)
    ends = stamp_texts(np.array([table.columns["ds"].min(), table.columns["ds"].max()]))
    missing = int(np.isnan(table.columns["y"]).sum())
    rows = [
        ("series", f"{len(ids):,}"),
        ("rows of a series", f"{counts.min():,} to {counts.max():,}"),
        ("from", ends[0]),
        ("to", ends[1]),
        ("missing values", f"{missing:,}"),
        ("steps forecast", f"{forecaster.horizon:,}"),
    ]
    return ["<h2>Data</h2>", _table(("what", "is"), rows)]


def _ranking(forecaster: Forecaster, results: dict[str, Any]) -> list[str]:
    if "ranking" not in results:
        return []
    rows = [
        (row["model"], f"{row['mase']:.3f}", f"{row['against_seasonal_naive']:.3f}", f"{row['seconds']:.1f}")
        for row in results["ranking"]
    ]
    heads = ("model", "MASE", "to seasonal naive", "seconds")
    return ["<h2>Models tried</h2>", f"<p>{escape(forecaster.verdict)}</p>", _table(heads, rows)]


def _errors(results: dict[str, Any]) -> list[str]:
    if "errors" not in results:
        return []
    errors, levels = results["errors"], results["levels"]
    heads = ("model", "MAE", "MASE", *(f"inside {level:g} %" for level in levels))
    rows = [
        (
            name,
            f"{one['mae']:.4g}",
            f"{one['mase']:.3f}",
            *(f"{100 * share:.1f} %" for share in one["coverage"].values()),
        )
        for name, one in errors.items()
    ]
    lines = {name: np.array(one["steps"]) for name, one in errors.items()}
    parts = [
        "<h2>Errors of the past</h2>",
        f'<p class="note">Trained on what lies before {plural(results["cutoffs"], "cutoff")}, and compared with what '
        "followed. MASE below 1 is better than the seasonal naive forecast was within the known data; the last columns "
        "say how many values lay inside the intervals.</p>",
        _table(heads, rows),
        "<h3>Mean absolute error by step</h3>",
        _chart(lines, [f"{step}" for step in range(1, 1 + len(next(iter(lines.values()))))]),
    ]
    best = min(errors, key=lambda name: errors[name]["mase"] if np.isfinite(errors[name]["mase"]) else np.inf)
    worst = sorted(errors[best]["series"].items(), key=lambda item: -item[1])[:_WORST]
    if len(worst) > 1:
        heading = f"<h3>Series with the largest errors of {escape(best)}</h3>"
        parts += [heading, _table(("series", "MASE"), [(name, f"{value:.3f}") for name, value in worst])]
    return parts


def _pictures(table: LongTable, forecaster: Forecaster, forecast: Any, results: dict[str, Any]) -> list[str]:
    ids = list(dict.fromkeys(forecast["unique_id"].tolist()))
    model = forecaster.models[-1].name
    parts = []
    for name in ids[:_SHOWN_SERIES]:
        chosen = table.columns["unique_id"] == name
        order = np.argsort(table.columns["ds"][chosen])
        tail = max(3 * forecaster.horizon, 30)
        known = table.columns["y"][chosen][order][-tail:]
        rows = forecast["unique_id"] == name
        stamps = [*stamp_texts(table.columns["ds"][chosen][order][-tail:]), *stamp_texts(forecast["ds"][rows])]
        behind = np.full(len(known), np.nan)
        behind[-1] = known[-1]
        lines = {"known": np.append(known, np.full(forecaster.horizon, np.nan))}
        lines[model] = np.append(behind, forecast[model][rows])
        bands = [
            (np.append(behind, forecast[f"{model}-lo-{level:g}"][rows]), np.append(behind,
            forecast[f"{model}-hi-{level:g}"][rows])) for level in sorted(results["levels"], reverse=True)
        ]  # fmt: skip
        parts += [f"<h3>{escape(str(name))}</h3>", _chart(lines, stamps, bands)]
    if len(ids) > _SHOWN_SERIES:
        parts.append(f'<p class="note">The first {_SHOWN_SERIES} of {len(ids):,} series.</p>')
    return parts


def _chart(
    lines: dict[str, NDArray[np.float64]],
    labels: list[str],
    bands: Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]] = (),
) -> str:
    """Lines over places 0, 1, …, with shaded bands behind them."""
    values = np.concatenate([*lines.values(), *(end for band in bands for end in band)])
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    span = (high - low) or 1.0
    count = max(len(labels) - 1, 1)
    inner = _WIDTH - 2 * _MARGIN, _HEIGHT - 2 * 20

    def at(place: int, value: float) -> str:
        return f"{_MARGIN + inner[0] * place / count:.1f},{20 + inner[1] * (high - value) / span:.1f}"

    parts = [f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" width="100%" role="img">']
    for bottom, top in bands:
        places = np.flatnonzero(np.isfinite(bottom)).tolist()
        edge = [at(i, float(top[i])) for i in places] + [at(i, float(bottom[i])) for i in reversed(places)]
        parts.append(f'<polygon points="{" ".join(edge)}" fill="{_COLORS[1]}" fill-opacity=".18"/>')
    for number, (name, line) in enumerate(lines.items()):
        color = _COLORS[number % len(_COLORS)]
        for piece in _pieces(line):
            points = " ".join(at(i, float(line[i])) for i in piece)
            parts.append(f'<polyline points="{points}" fill="none" stroke="{color}" stroke-width="1.6"/>')
        parts.append(
            f'<text x="{_MARGIN + 4 + 130 * number}" y="14" font-size="12" fill="{color}">{escape(name)}</text>'
        )
    for value, y in ((high, 24), (low, _HEIGHT - 20)):
        parts.append(f'<text x="2" y="{y}" font-size="11" fill="#666">{value:.4g}</text>')
    for place, anchor in ((0, "start"), (len(labels) - 1, "end")):
        x = _MARGIN + inner[0] * place / count
        text = escape(labels[place])
        parts.append(
            f'<text x="{x:.1f}" y="{_HEIGHT - 4}" font-size="11" fill="#666" text-anchor="{anchor}">{text}</text>'
        )
    return "".join([*parts, "</svg>"])


def _pieces(line: NDArray[np.float64]) -> list[list[int]]:
    """The runs of places that have values."""
    places = np.flatnonzero(np.isfinite(line))
    if not len(places):
        return []
    return [run.tolist() for run in np.split(places, np.flatnonzero(np.diff(places) > 1) + 1)]
