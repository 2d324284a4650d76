"""Arguments that every optimizer takes, and their checks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypedDict

from recurra.checks import number, positive_number, whole_number
from recurra.optimizers import schedules

LearningRate = float | schedules.LearningRateSchedule | Callable[[], float] | Mapping[str, Any]


class OptimizerOptions(TypedDict, total=False):
    """Arguments that every optimizer takes, by name."""

    weight_decay: float | None
    clipnorm: float | None
    clipvalue: float | None
    global_clipnorm: float | None
    use_ema: bool
    ema_momentum: float
    ema_overwrite_frequency: int | None
    gradient_accumulation_steps: int | None
    loss_scale_factor: float | None
    gradient_noise: float | None
    gradient_noise_decay: float
    gradient_noise_seed: int | None
    name: str | None
    lr: float
    decay: float | None


#: The options that are part of a configuration; the others are old names.
STORED = tuple(name for name in OptimizerOptions.__annotations__ if name not in ("lr", "decay"))


def checked_options(options: OptimizerOptions, who: str) -> dict[str, Any]:
    """The stored options by name, with their defaults.

    Raises:
        ValueError: One has no such value.
    """
    out: dict[str, Any] = dict.fromkeys(STORED)
    out |= {name: value for name, value in options.items() if name in out}
    clips = [name for name in ("clipnorm", "clipvalue", "global_clipnorm") if out[name] is not None]
    if len(clips) > 1:
        raise ValueError(f"{who}: only one of clipnorm, clipvalue, global_clipnorm may be given, got {clips}")
    for name in clips:
        out[name] = positive_number(out[name], who, name)
    if out["weight_decay"] is not None:
        out["weight_decay"] = number(out["weight_decay"], who, "weight_decay")
    for name, least in (("gradient_accumulation_steps", 2), ("ema_overwrite_frequency", 1)):
        if out[name] is not None:
            out[name] = whole_number(out[name], who, name, least)
    out["use_ema"] = bool(out["use_ema"])
    out["ema_momentum"] = number(options.get("ema_momentum", 0.99), who, "ema_momentum")
    if out["use_ema"] and not 0 <= out["ema_momentum"] <= 1:
        raise ValueError(f"{who}: ema_momentum must be between 0 and 1, got {out['ema_momentum']}")
    if out["loss_scale_factor"] is not None:
        out["loss_scale_factor"] = positive_number(out["loss_scale_factor"], who, "loss_scale_factor")
    if out["gradient_noise"] is not None:
        out["gradient_noise"] = number(out["gradient_noise"], who, "gradient_noise", 0)
    out["gradient_noise_decay"] = number(options.get("gradient_noise_decay", 0.55), who, "gradient_noise_decay", 0)
    return out
