"""Runs a cell over sequences: in one call of the engine where it knows the cell, else step by step on the tape."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

from recurra import _engine, ops
from recurra.layers.recurrent.cell import BuiltInCell
from recurra.layers.recurrent.dropout import Like
from recurra.layers.recurrent.engine_layer import computes_as_package, engine_layer
from recurra.layers.recurrent.linear_cell import LinearCell
from recurra.layers.recurrent.protocol import call_cell, initial_state
from recurra.layers.recurrent.stacked import StackedRNNCells
from recurra.tensor import Tensor
from recurra.tree import flatten, map_structure, pack_as


class Direction(NamedTuple):
    """How a sequence is read and what is returned of it; see `RNN`."""

    go_backwards: bool = False
    return_sequences: bool = False
    return_state: bool = True
    zero_output_for_mask: bool = False
    checkpoint: bool = False


class Noise(NamedTuple):
    """What dropout and zoneout draw for a run in training."""

    input_dropout: Tensor | None = None
    recurrent_dropout: Tensor | None = None
    zoneout: Sequence[Tensor | None] = ()


def run(cell: Any, x: Tensor, states: Any, mask: Tensor | None, how: Direction, training: bool) -> tuple[Tensor, Any]:
    """The output, (B, T, O) or (B, O), and the final states in the structure of `states`.

    states: None for zeros, where the cell's class starts from these (`starts_from_zeros`).
    """
    if type(cell) is StackedRNNCells:
        return _run_stack(cell, x, states, mask, how, training)
    linear = isinstance(cell, LinearCell)
    if not (linear and training and _engine.scans_in_blocks(*x.shape[:2])):
        layer = engine_layer(cell, how, training)
        if layer is not None:
            return _run_engine(layer, cell, x, states, mask, how, training)
    if states is None:
        states = initial_state(cell, x.shape[0], x.dtype)
    kind: Any = type(cell)
    if linear and computes_as_package(kind):
        return _run_scan(cell, x, states, mask, how, training)
    return _run_steps(cell, x, states, mask, how, training)


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
    how: Direction,
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
            cell.statistics.move(mean, variance, seen[:, ::-1] if how.go_backwards and seen is not None else seen)
    return output, final if states is None or not how.return_state else pack_as(states, final)


def _moving_statistics(cell: BuiltInCell, x: Tensor, training: bool) -> Sequence[Tensor]:
    """The averages that batch normalisation goes by; none where it goes by the batch: in training, unless frozen."""
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
    if cell.dropout and cell.dropout_per_step:
        x = x * cell.get_dropout_mask(x)
    elif cell.dropout:
        input_dropout = cell.get_dropout_mask(Like((batch, features), x.dtype))
    widths = cell.state_widths
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
    cell: StackedRNNCells, x: Tensor, states: Any, mask: Tensor | None, how: Direction, training: bool
) -> tuple[Tensor, Any]:
    """Floor by floor: what a floor puts out in a masked step never reaches a state or a valid output above it."""
    floors, finals = cell.cells, []
    for number, (floor, state) in enumerate(zip(floors, states, strict=True)):
        top = number == len(floors) - 1
        own = how._replace(
            go_backwards=how.go_backwards and number == 0, return_sequences=how.return_sequences or not top
        )
        x, final = run(floor, x, state, mask, own, training)
        finals.append(final)
        if own.go_backwards and mask is not None:
            mask = ops.flip(mask, axis=1)  # the first floor hands its outputs on in the order of processing
    return x, finals


def _run_scan(
    cell: LinearCell, x: Tensor, states: Any, mask: Tensor | None, how: Direction, training: bool
) -> tuple[Tensor, Any]:
    (h,) = flatten(states)
    if how.go_backwards:
        x = ops.flip(x, axis=1)
        mask = None if mask is None else ops.flip(mask, axis=1)
    keep = None if mask is None else _spread(mask, 3)
    if keep is not None:
        x = ops.where(keep, x, ops.zeros_like(x))  # as in _run_steps
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
        a, b = ops.where(keep, a, 1.0), ops.where(keep, b, 0.0)
    if a.ndim > 1:
        a = ops.broadcast_to(a, b.shape)
    outputs = ops.linear_scan(a, b, h)
    final = outputs[:, -1]
    if mask is not None:
        shown = mask if how.zero_output_for_mask else ops.cumsum(ops.cast(mask, x.dtype), axis=1) > 0
        outputs = ops.where(_spread(shown, 3), outputs, 0.0)
    return outputs if how.return_sequences else outputs[:, -1], pack_as(states, [final])


def _run_steps(
    cell: Any, x: Tensor, states: Any, mask: Tensor | None, how: Direction, training: bool
) -> tuple[Tensor, Any]:
    time = x.shape[1]
    if mask is not None:
        # Padding may hold anything, NaN too, which a product with a zero gradient would let through.
        x = ops.where(_spread(mask, x.ndim), x, ops.zeros_like(x))
    steps = ops.unstack(x, axis=1)
    keeps: Sequence[Tensor | None] = ops.unstack(mask, axis=1) if mask is not None else [None] * time
    order = reversed(range(time)) if how.go_backwards else range(time)
    outputs: list[Tensor] = []
    skips = cell.skips if isinstance(cell, BuiltInCell) else ()
    past = [flatten(states)[0]]  # first states, after 0, 1, 2, … steps
    for t in order:
        if skips:
            cell.earlier = [past[-k] if k <= len(past) else ops.zeros_like(past[0]) for k in skips]
        new_output, new_states = call_cell(cell, steps[t], states, training)
        keep = keeps[t]
        if keep is not None:
            held = outputs[-1] if outputs and not how.zero_output_for_mask else ops.zeros_like(new_output)
            new_output = ops.where(_spread(keep, new_output.ndim), new_output, held)
            kept = [
                ops.where(_spread(keep, new.ndim), new, old)
                for new, old in zip(flatten(new_states), flatten(states), strict=True)
            ]
            new_states = pack_as(states, kept)
        states = new_states
        if skips:
            past.append(flatten(states)[0])
        outputs.append(new_output)
    if skips:
        cell.earlier = []
    return ops.stack(outputs, axis=1) if how.return_sequences else outputs[-1], states


def _spread(mask: Tensor, rank: int) -> Tensor:
    """The mask with axes of one element behind, to go with a tensor of so many axes."""
    return ops.reshape(mask, (*mask.shape, *[1] * (rank - mask.ndim)))


def detached(states: Any) -> Any:
    """Copies of states outside of the graph."""
    return map_structure(lambda state: state.detach().clone(), states)
