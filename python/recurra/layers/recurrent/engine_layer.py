"""The engine layer of a built-in cell, cached until a setting of the cell changes."""

from __future__ import annotations

from functools import cache
from types import FunctionType
from typing import TYPE_CHECKING, Any

from recurra import _engine, activations
from recurra.layers.recurrent.cell import BuiltInCell

if TYPE_CHECKING:
    from recurra.layers.recurrent.run_options import RunOptions


def engine_layer(cell: Any, options: RunOptions, training: bool) -> _engine.RecurrentLayer | None:
    """The engine's layer for a cell, cached in the cell until one of its settings changes.

    None if the engine does not compute what the cell's `call` says: its class is a user's, or an activation is.
    """
    if not isinstance(cell, BuiltInCell):
        return None
    layers = cell.engine_layers
    key = options, training
    try:
        return layers[key]
    except KeyError:
        made = layers[key] = _make(cell, options, training)
        return made


@cache
def computes_as_package(kind: Any) -> bool:
    """Whether a class of cells has a `call` of this package, which the engine and scans reproduce."""
    owner = next(cls for cls in kind.__mro__ if "call" in vars(cls))
    return bool(owner.__module__.startswith(__package__))


def _make(cell: BuiltInCell, options: RunOptions, training: bool) -> _engine.RecurrentLayer | None:
    kind: Any = type(cell)
    if cell.engine_name is None or not computes_as_package(kind):
        return None
    known = [_engine_activation(getattr(cell, name)) for name in cell.activation_arguments]
    if None in known:
        return None
    # The engine calls a cell's first activation and its second one always by these names.
    names: dict[str, Any] = dict(zip(("activation", "recurrent_activation"), known, strict=False))
    return _engine.RecurrentLayer(
        cell.engine_name,
        clip=cell.engine_clip,
        skips=cell.skips,
        zoneout_rate=cell.zoneout_rates if any(cell.zoneout_rates) and not training else (),
        batch_statistics=training and cell.statistics is not None and cell.trainable,
        go_backwards=options.go_backwards,
        return_sequences=options.return_sequences,
        return_states=options.return_state,
        zero_output_for_mask=options.zero_output_for_mask,
        checkpoint=options.checkpoint,
        **names,
    )


def _engine_activation(function: Any) -> str | None:
    ours = isinstance(function, FunctionType) and function.__module__.startswith(activations.__name__)
    name = function.__name__ if ours else ""
    return name if name in _engine_names() and getattr(activations, name, None) is function else None


@cache
def _engine_names() -> frozenset[str]:
    return frozenset(_engine.activation_names())
