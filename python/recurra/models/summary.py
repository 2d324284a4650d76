"""The table of a model's layers, as text in Keras's layout and as HTML."""

from __future__ import annotations

import html
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from recurra.layers.base import Layer
from recurra.layers.operation import Operation
from recurra.layers.symbolic import Node
from recurra.tree import leaves, map_shapes

if TYPE_CHECKING:
    from recurra.models.model import Model


@dataclass
class Column:
    """One column: its heading, how it is aligned, and where its right edge is, as a share of the line."""

    heading: str
    align: str
    edge: float


@dataclass
class Table:
    """What both renderings show."""

    title: str
    columns: list[Column]
    rows: list[list[str]]
    totals: list[tuple[str, str]]


def render(
    model: Model,
    line_length: int | None = None,
    positions: Sequence[float] | None = None,
    expand_nested: bool = False,
    show_trainable: bool = False,
    layer_range: tuple[str, str] | None = None,
) -> str:
    """The table as text; see `Model.summary`. Raises ValueError if the line is too short for the columns."""
    table = describe(model, expand_nested, show_trainable, layer_range)
    if positions is not None:
        shares = [float(edge) for edge in positions]
        if len(shares) != len(table.columns):
            raise ValueError(f"summary: expected {len(table.columns)} positions, got {len(shares)}")
        edges = [edge / shares[-1] for edge in shares] if shares[-1] > 1 else shares
    else:
        edges = [column.edge for column in table.columns]
    if line_length is None:
        room = shutil.get_terminal_size().columns - 4
        line_length = min({3: 88, 4: 108}[len(table.columns) - show_trainable] + 12 * show_trainable, room)
    widths = _widths(edges, line_length)
    bold = [("┏", "━", "┳", "┓"), ("┡", "━", "╇", "┩")]
    lines = [table.title, _rule(widths, *bold[0])]
    lines += _row([column.heading for column in table.columns], widths, table.columns, "┃")
    lines.append(_rule(widths, *bold[1]))
    for number, row in enumerate(table.rows):
        if number:
            lines.append(_rule(widths, "├", "─", "┼", "┤"))
        lines += _row(row, widths, table.columns, "│")
    lines.append(_rule(widths, "└", "─", "┴", "┘"))
    lines += [f" {name}: {value}" for name, value in table.totals]
    return "\n".join(lines)


def render_html(model: Model) -> str:
    """The table as HTML, for notebooks."""
    table = describe(model, expand_nested=True)
    style = {column.heading: f' style="text-align:{column.align}"' for column in table.columns}
    head = "".join(f"<th{style[column.heading]}>{html.escape(column.heading)}</th>" for column in table.columns)
    body = "".join(
        "<tr>"
        + "".join(
            f"<td{style[column.heading]}>{html.escape(cell).replace('   ', '&emsp;')}</td>"
            for column, cell in zip(table.columns, row, strict=True)
        )
        + "</tr>"
        for row in table.rows
    )
    totals = "<br>".join(f"{html.escape(name)}: {html.escape(value)}" for name, value in table.totals)
    return (
        f"<p><b>{html.escape(table.title)}</b></p><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        f"<p>{totals}</p>"
    )


def describe(
    model: Model,
    expand_nested: bool = False,
    show_trainable: bool = False,
    layer_range: tuple[str, str] | None = None,
) -> Table:
    """Collects what the table shows."""
    graph = model._graph
    nodes = [] if graph is None else graph.nodes
    branching = graph is not None and not _is_chain(nodes, len(graph.inputs), len(graph.outputs))
    columns = [Column("Layer (type)", "left", 0.45), Column("Output Shape", "left", 0.8), Column("Param #", "right", 1)]
    if branching:
        edges = (0.3, 0.56, 0.74)
        columns = [Column(column.heading, column.align, edge) for column, edge in zip(columns, edges, strict=True)]
        columns.append(Column("Connected to", "left", 1.0))
    if show_trainable:
        for column in columns:
            column.edge *= 0.9
        columns.append(Column("Trainable", "center", 1.0))
    rows: list[list[str]] = []

    def add(layer: Layer, level: int) -> None:
        prefix = "   " * level + "└ " if level else ""
        count = f"{layer.count_params():,}" if layer.built else "0 (unbuilt)"
        row = [f"{prefix}{layer.name} ({_type_name(layer)})", _output_shape(layer, model), count]
        if branching:
            row.append(_connections(layer, nodes) if level == 0 else "-")
        if show_trainable:
            row.append("-" if not layer.weights else "Y" if layer.trainable else "N")
        rows.append(row)
        nested = getattr(layer, "layers", None)
        if expand_nested and isinstance(nested, list):
            for inner in nested:
                add(inner, level + 1)

    for layer in _in_range(model.layers, layer_range):
        add(layer, 0)
    return Table(f'Model: "{model.name}"', columns, rows, _totals(model))


def _is_chain(nodes: list[Node], inputs: int, outputs: int) -> bool:
    """Whether every layer is called once, on the output of the one before."""
    chained = all(after.inputs == before.outputs for before, after in pairwise(nodes))
    once = len({id(node.layer) for node in nodes}) == len(nodes)
    return inputs == 1 and outputs == 1 and chained and once


def _type_name(layer: Layer) -> str:
    if isinstance(layer, Operation):
        return layer.function_name.title().replace("_", "")
    return type(layer).__name__


def _output_shape(layer: Layer, model: Model) -> str:
    shapes: Any = None
    graph = model._graph
    uses = [] if graph is None else [node for node in graph.nodes if node.layer is layer]
    if uses or layer._first_node is not None:
        outputs = (uses[-1] if uses else layer._node()).outputs
        shapes = [output.shape for output in outputs]
    elif layer.built and layer._build_shape is not None:
        try:
            shapes = [layer.compute_output_shape(layer._build_shape)]
            shapes = shapes[0] if isinstance(shapes[0], list) else shapes
        except (ValueError, TypeError):  # a layer that needs more than the shape of its input to tell
            return "?"
    if shapes is None:
        return "?"
    texts = list(leaves(map_shapes(str, shapes)))
    return texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"


def _connections(layer: Layer, nodes: list[Node]) -> str:
    """The outputs that feed this layer, as name[number of the call][number of the output]."""
    calls: dict[int, list[Node]] = {}
    for node in nodes:
        calls.setdefault(id(node.layer), []).append(node)
    found = []
    for node in calls.get(id(layer), []):
        for tensor in node.inputs:
            source = tensor.node
            if source is not None:
                siblings = calls.get(id(source.layer), [source])
                call = next((i for i, one in enumerate(siblings) if one is source), 0)
                output = next(i for i, one in enumerate(source.outputs) if one is tensor)
                found.append(f"{source.layer.name}[{call}][{output}]")
    return ", ".join(found) or "-"


def _in_range(layers: list[Layer], layer_range: tuple[str, str] | None) -> list[Layer]:
    if layer_range is None:
        return layers
    if len(layer_range) != 2 or not all(isinstance(name, str) for name in layer_range):
        raise ValueError(f"summary: layer_range must be two names, got {layer_range!r}")
    first, last = ([index for index, layer in enumerate(layers) if re.match(name, layer.name)] for name in layer_range)
    if not first or not last:
        raise ValueError(f"summary: no layers match layer_range {layer_range!r}")
    return layers[min(*first, *last) : max(*first, *last) + 1]


def _totals(model: Model) -> list[tuple[str, str]]:
    groups = {"Trainable params": model.trainable_weights, "Non-trainable params": model.non_trainable_weights}
    counts = {
        name: (sum(w.size for w in group), sum(w.size * _width(w) for w in group)) for name, group in groups.items()
    }
    total = tuple(sum(pair) for pair in zip(*counts.values(), strict=True))
    return [(name, f"{count:,} ({_bytes(size)})") for name, (count, size) in {"Total params": total, **counts}.items()]


def _width(variable: Any) -> int:
    return {"float64": 8, "int64": 8, "bool": 1}.get(variable.dtype, 4)


def _bytes(size: float) -> str:
    for unit in ("B", "KB", "MB", "GB"):
        if size < 1024:
            return f"{size:.2f} {unit}"
        size /= 1024
    return f"{size:.2f} TB"


def _widths(edges: Sequence[float], line_length: int) -> list[int]:
    """Characters between the bars of each column: the wanted shares, less an equal part of padding and bars each."""
    positions = [0, *(int(edge * line_length) for edge in edges)]
    widths = [right - left for left, right in pairwise(positions)]
    if min(widths) < 4:
        raise ValueError(f"summary: a line of {line_length} characters is too short for {len(widths)} columns")
    excess = len(widths) + 1
    for number in range(len(widths)):
        share = round(excess / (len(widths) - number))
        widths[number] -= share
        excess -= share
    return widths


def _rule(widths: Sequence[int], left: str, line: str, middle: str, right: str) -> str:
    return left + middle.join(line * width for width in widths) + right


def _row(cells: Sequence[str], widths: Sequence[int], columns: Sequence[Column], bar: str) -> list[str]:
    wrapped = [_wrap(cell, width - 2) for cell, width in zip(cells, widths, strict=True)]
    lines = []
    for number in range(max(map(len, wrapped))):
        parts = []
        for lines_of_cell, width, column in zip(wrapped, widths, columns, strict=True):
            text = lines_of_cell[number] if number < len(lines_of_cell) else ""
            mark = {"left": "<", "right": ">", "center": "^"}[column.align]
            parts.append(f" {text:{mark}{width - 2}} ")
        lines.append(bar + bar.join(parts) + bar)
    return lines


def _wrap(text: str, width: int) -> list[str]:
    """Lines of at most `width` characters, broken at spaces; a longer word is cut off with an ellipsis."""
    indent = len(text) - len(text.lstrip())
    words = text.split()
    words[0] = text[:indent] + words[0]
    lines: list[str] = []
    for word in words:
        if lines and len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return [line if len(line) <= width else line[: max(width - 1, 0)] + "…" for line in lines]
