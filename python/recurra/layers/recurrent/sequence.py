"""Runs a cell over sequences: in one call of the engine where it knows the cell, else step by step on the tape."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from recurra import _engine, ops
from recurra.layers.recurrent.cell import BuiltInCell
from recurra.layers.recurrent.dropout import Like
from recurra.layers.recurrent.engine_layer import computes_as_package, engine_layer
from recurra.layers.recurrent.front import FrontedCell
from recurra.layers.recurrent.linear_cell import LinearCell
from recurra.layers.recurrent.observer import Observer
from recurra.layers.recurrent.protocol import initial_state
from recurra.layers.recurrent.run_options import RunOptions
from recurra.layers.recurrent.stacked import StackedRNNCells
from recurra.layers.recurrent.step_loop import run_steps, spread
from recurra.tensor import Tensor
from recurra.tree import flatten, map_structure, pack_as


class Noise(NamedTuple):
    """What dropout and zoneout draw for a run in training."""

    input_dropout: Tensor | None = None
    recurrent_dropout: Tensor | None = None
    zoneout: Sequence[Tensor | None] = ()


def run(
    cell: Any,
    x: Tensor,
    states: Any,
    mask: Tensor | None,
    options: RunOptions,
    training: bool,
    observe: Observer | None = None,
) -> tuple[Tensor, Any]:
    """The output, (B, T, O) or (B, O), and the final states in the structure of `states`.

    Args:
        cell: What runs; weights are built.
        x: The sequences (B, T, ...).
        states: None for zeros, where the cell's class starts from these (`starts_from_zeros`).
        mask: (B, T), True where a step counts; None where all do.
        options: Direction, results, and whether the engine may run the sequence.
        training: Whether dropout and zoneout are drawn.
        observe: Sees every step. Observed cells run step by step, never in the engine.
    """
    if observe is not None and options.engine:  # a cell of an observed stack is shown by its stack
        options = options._replace(engine=False)
        if states is None:
            states = initial_state(cell, x.shape[0], x.dtype)
        x, states = observe.begin(x, states, mask)
    if type(cell) is StackedRNNCells:
        return _run_stack(cell, x, states, mask, options, training, observe)
    linear = isinstance(cell, LinearCell)
    if options.engine and not (linear and training and _engine.scans_in_blocks(*x.shape[:2])):
        layer = engine_layer(cell, options, training)
        if layer is not None:
            run_engine = _run_behind_front if isinstance(cell, FrontedCell) and cell.memory_width else _run_engine
            return run_engine(layer, cell, x, states, mask, options, training)
    if states is None:
        states = initial_state(cell, x.shape[0], x.dtype)
    kind: Any = type(cell)
    if observe is None and linear and computes_as_package(kind):
        return _run_scan(cell, x, states, mask, options, training)
    return run_steps(cell, x, states, mask, options, training, observe)


@cache
def starts_from_zeros(kind: Any) -> bool:
    """Whether cells of a class start from zeros, and the engine need not be given them."""
    return issubclass(kind, BuiltInCell) and bool(kind.get_initial_state is BuiltInCell.get_initial_state)


def _run_engine(
    layer: _engine.RecurrentLayer,
    cell: BuiltInCell,
    x: Tensor,
    states: Any,
    mask: Tensor | None,
    options: RunOptions,
    training: bool,
) -> tuple[Tensor, Any]:
    initial = () if states is None else flatten(states)
    weights = cell.engine_weights(training)
    if not training and cell.statistics is None:
        output, final, _ = layer.run(x, weights, initial, mask)
    else:
        moving = _moving_statistics(cell, x, training)
        x, noise = _with_noise(cell, x, training)
        output, final, statistics = layer.run(x, weights, initial, mask, *noise, *moving)
        if statistics is not None and cell.statistics is not None:
            mean, variance = statistics
            seen = None if mask is None else mask.numpy()
            cell.statistics.move(mean, variance, seen[:, ::-1] if options.go_backwards and seen is not None else seen)
    return output, final if states is None or not options.return_state else pack_as(states, final)


def _run_behind_front(
    layer: _engine.RecurrentLayer,
    cell: FrontedCell,
    x: Tensor,
    states: Any,
    mask: Tensor | None,
    options: RunOptions,
    training: bool,
) -> tuple[Tensor, Any]:
    """As `_run_engine`, with what the cell adds to its inputs."""
    *own, memory = flatten(initial_state(cell, x.shape[0], x.dtype) if states is None else states)
    if options.go_backwards:
        x = ops.flip(x, axis=1)
        mask = None if mask is None else ops.flip(mask, axis=1)
        options = options._replace(go_backwards=False)
        layer = engine_layer(cell, options, training) or layer
    dropout = None
    if training and cell.dropout:
        like = (*x.shape[:2], cell.features) if cell.dropout_per_step else (x.shape[0], cell.features)
        dropout = cell.get_dropout_mask(Like(like, x.dtype))
    if mask is not None:
        x = ops.where(spread(mask, 3), x, ops.zeros_like(x))  # as in run_steps
    x, memory = cell.front(x, memory, mask, dropout)
    output, final = _run_engine(layer, cell, x, own, mask, options, training)
    return output, [*final, memory]


def _moving_statistics(cell: BuiltInCell, x: Tensor, training: bool) -> Sequence[Tensor]:
    """The averages that batch normalisation uses; none where it uses the batch's own, in training."""
    if cell.statistics is None:
        return ()
    if not (training and cell.trainable):
        return cell.statistics.mean, cell.statistics.variance
    if x.shape[0] < 2:
        raise ValueError(
            f"{cell.name}: normalization='batch' needs at least 2 sequences in a batch of training, got {x.shape[0]}"
        )
    return ()


def _with_noise(cell: BuiltInCell, x: Tensor, training: bool) -> tuple[Tensor, Noise]:
    """The input, and what is drawn for the run."""
    if not training:
        return x, _SILENT
    batch, time, features = x.shape
    input_dropout = recurrent_dropout = None
    if isinstance(cell, FrontedCell) and cell.memory_width:
        pass  # dropped in front
    elif cell.dropout and cell.dropout_per_step:
        x = x * cell.get_dropout_mask(x)
    elif cell.dropout:
        input_dropout = cell.get_dropout_mask(Like((batch, features), x.dtype))
    widths = cell.state_widths[: len(cell.zoneout_rates)]  # those of the engine's cell
    if cell.recurrent_dropout:
        shape = (batch, time, widths[0]) if cell.dropout_per_step else (batch, widths[0])
        recurrent_dropout = cell.get_recurrent_dropout_mask(Like(shape, x.dtype))
    zoneout: Sequence[Tensor | None] = ()
    if any(cell.zoneout_rates):
        steps = (Like((batch, time, width), x.dtype) for width in widths)
        zoneout = [cell.get_zoneout_mask(number, step) for number, step in enumerate(steps)]
    return x, Noise(input_dropout, recurrent_dropout, zoneout)


_SILENT = Noise()


def _run_stack(
    cell: StackedRNNCells,
    x: Tensor,
    states: Any,
    mask: Tensor | None,
    options: RunOptions,
    training: bool,
    observe: Observer | None,
) -> tuple[Tensor, Any]:
    """Cell by cell, each over the whole sequence: outputs of masked steps never reach a state of the cell above."""
    cells, finals = cell.cells, []
    for number, (one, state) in enumerate(zip(cells, states, strict=True)):
        last = number == len(cells) - 1
        own = options._replace(
            go_backwards=options.go_backwards and number == 0, return_sequences=options.return_sequences or not last
        )
        x, final = run(one, x, state, mask, own, training, observe)
        finals.append(final)
        if own.go_backwards and mask is not None:
            mask = ops.flip(mask, axis=1)  # the first cell returns its outputs in the order of processing
    return x, finals


def _run_scan(
    cell: LinearCell, x: Tensor, states: Any, mask: Tensor | None, options: RunOptions, training: bool
) -> tuple[Tensor, Any]:
    (h,) = flatten(states)
    if options.go_backwards:
        x = ops.flip(x, axis=1)
        mask = None if mask is None else ops.flip(mask, axis=1)
    keep = None if mask is None else spread(mask, 3)
    if keep is not None:
        x = ops.where(keep, x, ops.zeros_like(x))  # as in run_steps
    x, noise = _with_noise(cell, x, training)
    if noise.input_dropout is not None:
        x = x * ops.expand_dims(noise.input_dropout, 1)
    a, b = cell.coefficients(x)
    scale = noise.recurrent_dropout
    if scale is not None:
        a = a * (scale if scale.ndim == 3 else ops.expand_dims(scale, 1))
    shares = noise.zoneout if training else cell.zoneout_rates
    if shares and shares[0] is not None and any(cell.zoneout_rates):
        share = shares[0]
        a, b = (a - share * a) + share, b - share * b
    if keep is not None:
        a, b = ops.where(keep, a, cell.neutral()), ops.where(keep, b, 0.0)
    if a.ndim > 1:
        a = ops.broadcast_to(a, b.shape)
    scanned = cell.scan(a, b, h)
    final = scanned[:, -1]
    if mask is None and not options.return_sequences:
        scanned, x = scanned[:, -1:], x[:, -1:]
    outputs = cell.output(scanned, x)
    if mask is not None:
        if outputs is not scanned:
            outputs = _held(outputs, mask)
        shown = mask if options.zero_output_for_mask else ops.cumsum(ops.cast(mask, x.dtype), axis=1) > 0
        outputs = ops.where(spread(shown, 3), outputs, 0.0)
    return outputs if options.return_sequences else outputs[:, -1], pack_as(states, [final])


def _held(outputs: Tensor, mask: Tensor) -> Tensor:
    """Outputs (B, T, O) in which masked steps repeat the one before them."""
    batch, time, width = outputs.shape
    last = np.maximum.accumulate(np.where(mask.numpy(), np.arange(time), 0), axis=1)
    rows = last + time * np.arange(batch)[:, None]
    return ops.reshape(ops.take(ops.reshape(outputs, (batch * time, width)), rows.ravel(), axis=0), outputs.shape)


def detached(states: Any) -> Any:
    """Copies of states outside of the graph."""
    return map_structure(lambda state: state.detach().clone(), states)
