"""How often a decoder reads its own tokens, over the course of a training."""

from __future__ import annotations

import math
from typing import Any

from recurra import checks
from recurra.callbacks.callback import Callback


class ScheduledSampling(Callback):
    """Lowers the probability that the decoder of a `Seq2Seq` model reads the true token, step by step of the training.

    At step i, the number of updates so far, the truth is read with probability

        "linear": max(least, k − slope · i)
        "exponential": k^i, at least `least`
        "inverse_sigmoid": k / (k + exp(i / k)), at least `least`

    and the model's attribute `scheduled_sampling` is 1 minus that. The steps are counted by the optimizer, so a
    training that is resumed goes on where it was.

    Args:
        schedule: One of the three; default "inverse_sigmoid".
        k: "linear": in (0, 1], the first probability; default 1. "exponential": in (0, 1), needed. "inverse_sigmoid":
            at least 1, needed; the probability is about one half at step k · log k.
        slope: Of "linear", the loss of probability at each step, needed there.
        least: The lowest probability, in [0, 1]; default 0.

    Raises:
        ValueError: An argument is out of range or does not belong to the schedule; at the start of a training, the
            model has no attribute `scheduled_sampling`.

    Source: Bengio et al., Scheduled Sampling for Sequence Prediction with Recurrent Neural Networks, 2015.

    Example:
        >>> callback = recurra.callbacks.ScheduledSampling("inverse_sigmoid", k=100.0)
        >>> [round(callback.truth(i), 2) for i in (0, 460, 900)]
        [0.99, 0.5, 0.01]
    """

    def __init__(
        self,
        schedule: str = "inverse_sigmoid",
        k: float | None = None,
        slope: float | None = None,
        least: float = 0.0,
    ) -> None:
        super().__init__()
        who = "ScheduledSampling"
        self.schedule = checks.one_of(schedule, who, "schedule", ("linear", "exponential", "inverse_sigmoid"))
        if k is None and schedule != "linear":
            raise ValueError(f"{who}: schedule={schedule!r} needs k")
        self.k = 1.0
        if schedule == "inverse_sigmoid":
            self.k = checks.number(k, who, "k", least=1)
        elif schedule == "exponential":
            self.k = checks.number(k, who, "k", above=0, below=1)
        elif k is not None:
            self.k = checks.number(k, who, "k", above=0, most=1)
        if (slope is None) == (schedule == "linear"):
            mend = (
                "needs slope, the loss of probability at each step" if slope is None else "has no slope; leave it out"
            )
            raise ValueError(f"{who}: schedule={schedule!r} {mend}")
        self.slope = 0.0 if slope is None else checks.number(slope, who, "slope", above=0)
        self.least = checks.number(least, who, "least", least=0, most=1)

    def truth(self, step: int) -> float:
        """The probability that the true token is read at a step of the training."""
        if self.schedule == "linear":
            probability = self.k - self.slope * step
        elif self.schedule == "exponential":
            probability = self.k**step
        else:  # k / (k + e^x) without overflow
            probability = self.k * math.exp(-step / self.k) / (self.k * math.exp(-step / self.k) + 1)
        return max(self.least, probability)

    def on_train_begin(self, logs: Any = None) -> None:
        """Checks the model."""
        if not hasattr(self.model, "scheduled_sampling"):
            raise ValueError(
                f"ScheduledSampling: a {type(self.model).__name__} model has no scheduled_sampling; it is for Seq2Seq"
            )

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Sets the probability of the step."""
        self.model.scheduled_sampling = 1.0 - self.truth(int(self.model.optimizer.iterations))
