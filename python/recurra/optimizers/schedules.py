"""Learning rates that follow the number of training steps.

A schedule is called with the step (0 for the first) and returns the learning rate. Below, η₀ is
`initial_learning_rate` and p is step / decay_steps.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from recurra import serialization
from recurra.checks import plain_number, positive_number
from recurra.configurable import Configurable

__all__ = [
    "CosineDecay",
    "CosineDecayRestarts",
    "ExponentialDecay",
    "InverseTimeDecay",
    "LearningRateSchedule",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "deserialize",
    "serialize",
]


class LearningRateSchedule(Configurable):
    """Base of the schedules: a function from the step to the learning rate.

    A schedule of your own is a subclass that defines `__call__(step)` and keeps each argument of its constructor in an
    attribute of the same name, from which it is stored; else it defines `get_config` as well.

    Example:
        >>> class Warmup(recurra.optimizers.schedules.LearningRateSchedule):
        ...     def __init__(self, rate, steps):
        ...         self.rate, self.steps = rate, steps
        ...     def __call__(self, step):
        ...         return self.rate * min(1.0, (step + 1) / self.steps)
        >>> Warmup(0.1, 4)(1)
        0.05
        >>> Warmup(0.1, 4).get_config()
        {'rate': 0.1, 'steps': 4}
    """

    def __call__(self, step: int) -> float:
        raise TypeError(f"{type(self).__name__} does not define __call__(step), which returns the learning rate")

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor.

        Raises:
            TypeError: One of them is not kept in an attribute of its name.
        """
        config = super().get_config()
        missing = [name for name in self._argument_names() if name not in config]
        if missing:
            raise TypeError(
                f"{type(self).__name__} keeps no attribute '{missing[0]}': define get_config(), which is needed to "
                "save it"
            )
        return config


class _Decay(LearningRateSchedule):
    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str | None = None,
    ) -> None:
        who = type(self).__name__
        self.initial_learning_rate = plain_number(initial_learning_rate, who, "initial_learning_rate")
        self.decay_steps = positive_number(decay_steps, who, "decay_steps")
        self.decay_rate = plain_number(decay_rate, who, "decay_rate")
        self.staircase = staircase
        self.name = name or who

    def _periods(self, step: int) -> float:
        """Decay periods passed: p, or the whole ones."""
        p = step / self.decay_steps
        return math.floor(p) if self.staircase else p


class ExponentialDecay(_Decay):
    """Exponential decay: η₀ · decay_rate^p.

    Args:
        initial_learning_rate: η₀, the rate at step 0.
        decay_steps: Steps after which the rate is multiplied by decay_rate.
        decay_rate: Factor.
        staircase: Round p down, so that the rate falls in steps; default False.
        name: Default the name of the class.

    Raises:
        ValueError: decay_steps is not greater than 0.

    Example:
        >>> recurra.optimizers.schedules.ExponentialDecay(0.1, decay_steps=100, decay_rate=0.5)(200)
        0.025
    """

    def __call__(self, step: int) -> float:
        return float(self.initial_learning_rate * self.decay_rate ** self._periods(step))


class InverseTimeDecay(_Decay):
    """Hyperbolic decay: η₀ / (1 + decay_rate · p).

    Args:
        initial_learning_rate: η₀, the rate at step 0.
        decay_steps: Steps in which p rises by 1.
        decay_rate: Factor of p.
        staircase: Round p down, so that the rate falls in steps; default False.
        name: Default the name of the class.

    Raises:
        ValueError: decay_steps is not greater than 0.

    Example:
        >>> recurra.optimizers.schedules.InverseTimeDecay(0.1, decay_steps=100, decay_rate=1.0)(100)
        0.05
    """

    def __call__(self, step: int) -> float:
        return self.initial_learning_rate / (1 + self.decay_rate * self._periods(step))


class PiecewiseConstantDecay(LearningRateSchedule):
    """Constant rates between boundaries: values[i] up to and including step boundaries[i], then the next.

    Args:
        boundaries: Ascending steps.
        values: Rates, one more than there are boundaries.
        name: Default "PiecewiseConstant".

    Raises:
        ValueError: The boundaries do not ascend, or the numbers of boundaries and values do not fit.

    Example:
        >>> schedule = recurra.optimizers.schedules.PiecewiseConstantDecay([100, 200], [1.0, 0.5, 0.1])
        >>> [schedule(step) for step in (0, 100, 101, 500)]
        [1.0, 1.0, 0.5, 0.1]
    """

    def __init__(self, boundaries: Sequence[int], values: Sequence[float], name: str = "PiecewiseConstant") -> None:
        who = "PiecewiseConstantDecay"
        if len(values) != len(boundaries) + 1:
            raise ValueError(
                f"{who}: expected one value more than boundaries, got {len(boundaries)} boundaries and "
                f"{len(values)} values"
            )
        if list(boundaries) != sorted(boundaries):
            raise ValueError(f"{who}: boundaries must ascend, got {list(boundaries)}")
        self.boundaries = [plain_number(step, who, "boundaries") for step in boundaries]
        self.values = [plain_number(rate, who, "values") for rate in values]
        self.name = name

    def __call__(self, step: int) -> float:
        return self.values[sum(step > boundary for boundary in self.boundaries)]


class PolynomialDecay(LearningRateSchedule):
    """Polynomial decay to a last rate: (η₀ − end) · (1 − p)^power + end, where p stays at 1 after `decay_steps`.

    Args:
        initial_learning_rate: η₀, the rate at step 0.
        decay_steps: Length of the decay in steps.
        end_learning_rate: end, default 0.0001.
        power: Default 1, a linear decay.
        cycle: Restart the decay whenever it ends; each cycle ends at the next multiple of decay_steps and so is slower
            than the one before. Default False.
        name: Default "PolynomialDecay".

    Raises:
        ValueError: decay_steps is not greater than 0.

    Example:
        >>> schedule = recurra.optimizers.schedules.PolynomialDecay(0.5, decay_steps=100, end_learning_rate=0.0)
        >>> [schedule(step) for step in (0, 50, 100, 200)]
        [0.5, 0.25, 0.0, 0.0]
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
        cycle: bool = False,
        name: str = "PolynomialDecay",
    ) -> None:
        who = "PolynomialDecay"
        self.initial_learning_rate = plain_number(initial_learning_rate, who, "initial_learning_rate")
        self.decay_steps = positive_number(decay_steps, who, "decay_steps")
        self.end_learning_rate = plain_number(end_learning_rate, who, "end_learning_rate")
        self.power = plain_number(power, who, "power")
        self.cycle = cycle
        self.name = name

    def __call__(self, step: int) -> float:
        if self.cycle:
            p = step / (self.decay_steps * max(1, math.ceil(step / self.decay_steps)))
        else:
            p = min(step, self.decay_steps) / self.decay_steps
        left = float((1 - p) ** self.power)
        return (self.initial_learning_rate - self.end_learning_rate) * left + self.end_learning_rate


class CosineDecay(LearningRateSchedule):
    """Cosine decay: η₀ · ((1 − alpha) · ½(1 + cos πp) + alpha), where p stays at 1 after `decay_steps`.

    With `warmup_target` the rate first rises linearly from η₀ to it over `warmup_steps`, and the decay starts there.

    Source: Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017.

    Args:
        initial_learning_rate: η₀, the rate at step 0.
        decay_steps: Length of the decay in steps.
        alpha: Lowest rate as a fraction of the highest, default 0.
        name: Default "CosineDecay".
        warmup_target: Rate at the end of the rise; default None: no rise.
        warmup_steps: Length of the rise in steps, default 0.

    Raises:
        ValueError: decay_steps is not greater than 0.

    Example:
        >>> schedule = recurra.optimizers.schedules.CosineDecay(0.0, 100, warmup_target=0.1, warmup_steps=10)
        >>> [round(schedule(step), 3) for step in (0, 5, 10, 60, 110)]
        [0.0, 0.05, 0.1, 0.05, 0.0]
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        alpha: float = 0.0,
        name: str = "CosineDecay",
        warmup_target: float | None = None,
        warmup_steps: float = 0,
    ) -> None:
        who = "CosineDecay"
        self.initial_learning_rate = plain_number(initial_learning_rate, who, "initial_learning_rate")
        self.decay_steps = positive_number(decay_steps, who, "decay_steps")
        self.alpha = plain_number(alpha, who, "alpha")
        self.name = name
        self.warmup_target = None if warmup_target is None else plain_number(warmup_target, who, "warmup_target")
        self.warmup_steps = plain_number(warmup_steps, who, "warmup_steps", 0)

    def __call__(self, step: int) -> float:
        start = self.initial_learning_rate
        passed: float = step
        if self.warmup_target is not None:
            if step < self.warmup_steps:
                return start + (self.warmup_target - start) * step / self.warmup_steps
            start = self.warmup_target
            passed = step - self.warmup_steps
        p = min(passed, self.decay_steps) / self.decay_steps
        return start * ((1 - self.alpha) * 0.5 * (1 + math.cos(math.pi * p)) + self.alpha)


class CosineDecayRestarts(LearningRateSchedule):
    """Cosine decay with warm restarts: cycle i lasts first_decay_steps · t_mulⁱ and starts from η₀ · m_mulⁱ.

    Source: Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017.

    Args:
        initial_learning_rate: η₀, the rate at step 0.
        first_decay_steps: Length of the first cycle in steps.
        t_mul: Factor of the length from cycle to cycle, default 2.
        m_mul: Factor of the first rate from cycle to cycle, default 1.
        alpha: Lowest rate as a fraction of η₀, default 0.
        name: Default "SGDRDecay".

    Raises:
        ValueError: first_decay_steps or t_mul is not greater than 0.

    Example:
        >>> schedule = recurra.optimizers.schedules.CosineDecayRestarts(0.1, first_decay_steps=100)
        >>> [round(schedule(step), 3) for step in (0, 50, 100, 200)]
        [0.1, 0.05, 0.1, 0.05]
    """

    def __init__(
        self,
        initial_learning_rate: float,
        first_decay_steps: float,
        t_mul: float = 2.0,
        m_mul: float = 1.0,
        alpha: float = 0.0,
        name: str = "SGDRDecay",
    ) -> None:
        who = "CosineDecayRestarts"
        self.initial_learning_rate = plain_number(initial_learning_rate, who, "initial_learning_rate")
        self.first_decay_steps = positive_number(first_decay_steps, who, "first_decay_steps")
        self.t_mul = positive_number(t_mul, who, "t_mul")
        self.m_mul = plain_number(m_mul, who, "m_mul")
        self.alpha = plain_number(alpha, who, "alpha")
        self.name = name

    def __call__(self, step: int) -> float:
        p = step / self.first_decay_steps
        if self.t_mul == 1.0:
            stretch = math.floor(p)
            p -= stretch
        else:
            stretch = math.floor(math.log(1 - p * (1 - self.t_mul)) / math.log(self.t_mul))
            p = (p - (1 - self.t_mul**stretch) / (1 - self.t_mul)) / self.t_mul**stretch
        cosine = 0.5 * self.m_mul**stretch * (1 + math.cos(math.pi * p))
        return self.initial_learning_rate * ((1 - self.alpha) * cosine + self.alpha)


def serialize(schedule: LearningRateSchedule) -> dict[str, Any] | None:
    """A schedule as its class and arguments.

    Example:
        >>> schedules = recurra.optimizers.schedules
        >>> schedules.serialize(schedules.CosineDecay(0.1, 100))["class_name"]
        'CosineDecay'
    """
    return serialization.serialize(schedule)


def deserialize(described: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> LearningRateSchedule:
    """The schedule that `serialize` described.

    Args:
        described: What `serialize` gave.
        custom_objects: Classes of your own by name, beside those registered.

    Raises:
        ValueError: There is no such schedule.

    Example:
        >>> schedules = recurra.optimizers.schedules
        >>> schedules.deserialize(schedules.serialize(schedules.CosineDecay(0.1, 100)))
        CosineDecay(initial_learning_rate=0.1, decay_steps=100)
    """
    schedule: LearningRateSchedule = serialization.deserialize(described, LearningRateSchedule, custom_objects)
    return schedule
