"""The arguments that all built-in cells take, and the checks of those that need more than one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

from recurra.checks import number, whole_number

if TYPE_CHECKING:
    from collections.abc import Sequence


class CellOptions(TypedDict, total=False):
    """Arguments of every built-in cell beside units, activations and use_bias; `GRU` lists what they mean."""

    kernel_initializer: Any
    recurrent_initializer: Any
    bias_initializer: Any
    kernel_regularizer: Any
    recurrent_regularizer: Any
    bias_regularizer: Any
    kernel_constraint: Any
    recurrent_constraint: Any
    bias_constraint: Any
    dropout: float
    recurrent_dropout: float
    dropout_per_step: bool
    zoneout: float | Sequence[float]
    skip: int | Sequence[int] | None
    normalization: str | None
    normalization_steps: int
    normalization_momentum: float
    weight_normalization: bool
    recurrent_dropconnect: float
    seed: int | None
    name: str | None
    dtype: Any
    trainable: bool


def rate(value: Any, owner: str, argument: str) -> float:
    """A number in [0, 1)."""
    return number(value, owner, argument, least=0, below=1)


def zoneout_rates(value: Any, owner: str, states: int) -> float | tuple[float, ...]:
    """One rate, or one for each state."""
    if not isinstance(value, (list, tuple)):
        return rate(value, owner, "zoneout")
    if len(value) != states:
        raise ValueError(f"{owner}: zoneout must be one rate, or one for each of {states} states, got {value!r}")
    return tuple(rate(one, owner, "zoneout") for one in value)


def skipped_steps(value: Any, owner: str) -> int | tuple[int, ...] | None:
    """One number of steps of at least 2, several different ones, or None."""
    if not isinstance(value, (list, tuple)):
        return None if value is None else whole_number(value, owner, "skip", least=2)
    steps = tuple(whole_number(one, owner, "skip", least=2) for one in value)
    if len(set(steps)) != len(steps):
        raise ValueError(f"{owner}: skip must name every number of steps once, got {value!r}")
    return steps or None
