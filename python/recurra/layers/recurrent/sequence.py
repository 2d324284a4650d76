"""Runs a cell over sequences: in one call of the engine where it knows the cell, else step by step on the tape."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from types import FunctionType
from typing import Any, NamedTuple

from recurra import _engine, activations, ops
from recurra.layers.recurrent.cell import BuiltInCell
from recurra.layers.recurrent.dropout import Like
from recurra.layers.recurrent.linear_cell import LinearCell
from recurra.layers.recurrent.protocol import call_cell
from recurra.layers.recurrent.stacked import StackedRNNCells
from recurra.tensor import Tensor
from recurra.tree import flatten, map_structure, pack_as


class Direction(NamedTuple):
    """How a sequence is read and what is returned of it; see `RNN`."""

    go_backwards: bool = False
    return_sequences: bool = False
    zero_output_for_mask: bool = False
    checkpoint: bool = False


def run(cell: Any, x: Tensor, states: Any, mask: Tensor | None, how: Direction, training: bool) -> tuple[Tensor, Any]:
    """The output, (B, T, O) or (B, O), and the final states in the structure of `states`.

    states: None for zeros, of a cell that the engine runs from there (`starts_in_engine`).
    """
    if states is None:
        return _run_engine(cell, x, states, mask, how, training)
    if type(cell) is StackedRNNCells:
        return _run_stack(cell, x, states, mask, how, training)
    by_scan = isinstance(cell, LinearCell) and training and _engine.scans_in_blocks(*x.shape[:2])
    if _has_engine_cell(cell) and not by_scan:
        return _run_engine(cell, x, states, mask, how, training)
    if isinstance(cell, LinearCell) and _unchanged(cell):
        return _run_scan(cell, x, states, mask, how, training)
    return _run_steps(cell, x, states, mask, how, training)


def _has_engine_cell(cell: Any) -> bool:
    return isinstance(cell, BuiltInCell) and hasattr(cell, "engine_name") and known_to_engine(cell)


def known_to_engine(cell: BuiltInCell) -> bool:
    """Whether the engine computes what the cell's `call` says: no subclass changed it, all activations have names."""
    return _unchanged(cell) and None not in _engine_activations(cell)


def starts_in_engine(cell: Any) -> bool:
    """Whether the engine runs the cell, and may begin with zeros of its own."""
    return (
        isinstance(cell, BuiltInCell)
        and not isinstance(cell, LinearCell)
        and type(cell).get_initial_state is BuiltInCell.get_initial_state
        and known_to_engine(cell)
    )


def _unchanged(cell: BuiltInCell) -> bool:
    kind: Any = type(cell)
    return _has_package_call(kind)


@cache
def _has_package_call(kind: type) -> bool:
    owner = next(cls for cls in kind.__mro__ if "call" in vars(cls))
    return owner.__module__.startswith(__package__)


def _engine_activations(cell: BuiltInCell) -> list[str | None]:
    return [_engine_activation(getattr(cell, name)) for name in cell.activation_arguments]


def _engine_activation(function: Any) -> str | None:
    ours = isinstance(function, FunctionType) and function.__module__ == activations.__name__
    return _name_in_engine(function) if ours else None


@cache
def _name_in_engine(function: FunctionType) -> str | None:
    name = function.__name__
    known = name in _engine_names() and getattr(activations, name, None) is function
    return name if known else None


@cache
def _engine_names() -> frozenset[str]:
    return frozenset(_engine.activation_names())


def _run_engine(
    cell: BuiltInCell, x: Tensor, states: Any, mask: Tensor | None, how: Direction, training: bool
) -> tuple[Tensor, Any]:
    initial = [] if states is None else flatten(states)
    # The engine calls a cell's first activation and its second one always by these names.
    names: dict[str, Any] = dict(zip(("activation", "recurrent_activation"), _engine_activations(cell), strict=False))
    x, noise = _with_noise(cell, x, initial, training)
    output, final, statistics = _engine.rnn(
        cell.engine_name,
        x,
        cell.engine_weights(training),
        initial,
        mask=mask,
        **noise,
        **_statistics(cell, x, training),
        **cell.engine_options(),
        skips=cell.skips,
        go_backwards=how.go_backwards,
        return_sequences=how.return_sequences,
        zero_output_for_mask=how.zero_output_for_mask,
        checkpoint=how.checkpoint,
        **names,
    )
    if statistics is not None and cell.statistics is not None:
        seen = None if mask is None else mask.numpy()
        mean, variance = statistics
        cell.statistics.move(mean, variance, seen[:, ::-1] if how.go_backwards and seen is not None else seen)
    return output, final if states is None else pack_as(states, final)


def _statistics(cell: BuiltInCell, x: Tensor, training: bool) -> dict[str, Any]:
    """What batch normalisation goes by: the batch in training, unless the cell is frozen; else moving averages."""
    if cell.statistics is None:
        return {}
    if not (training and cell.trainable):
        return cell.statistics.given()
    if x.shape[0] < 2:
        raise ValueError(
            f"{cell.name}: normalization='batch' needs at least 2 sequences in a batch of training, got {x.shape[0]}"
        )
    return {"batch_statistics": True}


def _with_noise(cell: BuiltInCell, x: Tensor, states: list[Tensor], training: bool) -> tuple[Tensor, dict[str, Any]]:
    """The input, and what the engine is told of dropout and zoneout."""
    if not (training or cell.zoneout):
        return x, {}
    zoned = any(cell.zoneout_rates)
    if not training:
        return x, {"zoneout_rate": cell.zoneout_rates} if zoned else {}
    batch, time, features = x.shape
    noise: dict[str, Any] = {}
    if cell.dropout and cell.dropout_per_step:
        x = x * cell.get_dropout_mask(x)
    elif cell.dropout:
        noise["input_dropout"] = cell.get_dropout_mask(Like((batch, features), x.dtype))
    steps = [Like((batch, time, state.shape[1]), x.dtype) for state in states]
    if cell.recurrent_dropout:
        noise["recurrent_dropout"] = cell.get_recurrent_dropout_mask(steps[0] if cell.dropout_per_step else states[0])
    if zoned:
        noise["zoneout"] = [cell.get_zoneout_mask(number, step) for number, step in enumerate(steps)]
    return x, noise


def _run_stack(
    cell: StackedRNNCells, x: Tensor, states: Any, mask: Tensor | None, how: Direction, training: bool
) -> tuple[Tensor, Any]:
    """Floor by floor: what a floor puts out in a masked step never reaches a state or a valid output above it."""
    floors, finals = cell.cells, []
    for number, (floor, state) in enumerate(zip(floors, states, strict=True)):
        top = number == len(floors) - 1
        own = Direction(
            how.go_backwards and number == 0, how.return_sequences or not top, how.zero_output_for_mask, how.checkpoint
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
    x, noise = _with_noise(cell, x, [h], training)
    if "input_dropout" in noise:
        x = x * ops.expand_dims(noise["input_dropout"], 1)
    a, b = cell.coefficients(x)
    scale = noise.get("recurrent_dropout")
    if scale is not None:
        a = a * (scale if scale.ndim == 3 else ops.expand_dims(scale, 1))
    share = (noise.get("zoneout") or noise.get("zoneout_rate") or [None])[0]
    if share is not None:
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
