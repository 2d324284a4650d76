"""What "better" means for a figure: its direction is asked of the metric that it comes from."""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from recurra import losses, metrics
from recurra.callbacks.callback import Logs
from recurra.checks import close_names, number, one_of


def _bare_names(figure: str) -> Iterator[str]:
    """The name of a figure without what was put around it: val_, _1, the name of an output."""
    name = re.sub(r"_\d+$", "", figure.removeprefix("val_")).lower()
    while name:
        yield name
        name = name.partition("_")[2]


def direction_by_name(figure: str) -> str | None:
    """The direction of the package's metric or loss with the name of a figure, "min" or "max"; None for other names."""
    for name in _bare_names(figure):
        if name in ("acc", "accuracy"):
            return "max"
        if name in ("ce", "crossentropy", "loss"):
            return "min"
        known: Any = metrics.NAMES.get(name) or losses.FUNCTIONS.get(name)
        if known is not None and getattr(known, "direction", None) is not None:
            return str(known.direction)
    return None


class Monitor:
    """Follows one figure and says whether it has become better.

    Args:
        name: Name of the figure.
        mode: "min", "max", or "auto" for the direction of the metric that the figure comes from.
        min_delta: Smaller changes do not count.
        who: Callback, for messages.

    Raises:
        ValueError: There is no such mode.
    """

    def __init__(self, name: str, mode: str, min_delta: float, who: str) -> None:
        one_of(mode, who, "mode", ("auto", "min", "max"))
        self.name = name
        self.who = who
        self.mode = mode
        self.min_delta = abs(number(min_delta, who, "min_delta"))
        self._direction = direction_by_name(name) if mode == "auto" else mode
        self._watched_validation = True

    @property
    def rising(self) -> bool:
        """Whether a larger figure is better."""
        return self._direction == "max"

    def begin(self, model: Any, params: Any) -> None:
        """Asks the model for the direction of the figure, as far as it is known before the first batch.

        Raises:
            ValueError: Nobody knows it.
        """
        self._watched_validation = bool(params.get("validation", True))
        if self.mode == "auto":
            self._ask(model)

    def _ask(self, model: Any) -> None:
        ask = getattr(model, "_direction_of", None)
        answer = None if ask is None else ask(self.name.removeprefix("val_"))
        if answer is not None:
            self._direction = answer or None  # "" from a metric that does not know it
        if self._direction is None:
            known = [name for name in getattr(model, "metrics_names", ()) if name != self.name.removeprefix("val_")]
            close = close_names(self.name.removeprefix("val_"), known)
            hint = f" (did you mean '{close[0]}'?)" if close and answer is None else ""
            raise ValueError(
                f"{self.who}: whether a larger or a smaller '{self.name}' is better is not known; give mode='max' or "
                f"mode='min'{hint}"
            )

    def better(self, value: float, than: float | None) -> bool:
        """Whether `value` beats `than` (None: any number) by more than min_delta."""
        if than is None:
            return not math.isnan(value)
        return value - self.min_delta > than if self.rising else value + self.min_delta < than

    def value(self, logs: Logs | None, model: Any) -> float | None:
        """The figure in the logs; None if it is not there, with a warning unless it was not due."""
        value = (logs or {}).get(self.name)
        if value is None:
            validated = any(name.startswith("val_") for name in logs or {})
            if self.name.startswith("val_") and self._watched_validation and not validated:
                return None  # validation_freq: this epoch is not validated
            mend = ""
            if self.name.startswith("val_") and not validated:
                mend = "; give fit validation_data=(x, y) or validation_split=, or watch a figure of the training"
            known = ", ".join(logs or {}) or "no figures"
            warnings.warn(f"{self.who}: there is no '{self.name}' to watch; available: {known}{mend}", stacklevel=4)
            return None
        if self.mode == "auto":
            self._ask(model)  # the metrics are made by now
        if np.ndim(value):
            raise ValueError(
                f"{self.who}: '{self.name}' has {np.size(value)} values, one number is needed to compare epochs; give "
                "the metric average='macro', or one threshold"
            )
        return float(value)
