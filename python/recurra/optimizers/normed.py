"""Optimizers whose steps depend on norms of whole variables: Lamb and Adafactor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from recurra import _engine
from recurra.checks import boolean, number
from recurra.optimizers.optimizer import Optimizer
from recurra.optimizers.options import LearningRate, OptimizerOptions

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from recurra.tensor import Tensor


class Lamb(Optimizer):
    """Adam's direction, with steps that are as long as η times the norm of each variable.

    m ← m + (1 − β₁)(g − m), v ← v + (1 − β₂)(g² − v), u = m/(1 − β₁ᵗ) / (√(v/(1 − β₂ᵗ)) + ε), θ ← θ − η ‖θ‖/‖u‖ · u;
    the ratio of the norms is 1 where one of them is 0.

    Args:
        learning_rate: η, default 0.001.
        beta_1: β₁, default 0.9.
        beta_2: β₂, default 0.999.
        epsilon: ε, default 1e-7.
        **options: As for `Optimizer`.

    Source: You et al., "Large batch optimization for deep learning: training BERT in 76 minutes", ICLR 2020.

    Example:
        >>> weight = recurra.Variable(np.array([3.0, 4.0]))
        >>> recurra.optimizers.Lamb(0.1).apply([np.array([2.0, 0.0])], [weight])
        >>> weight.numpy().round(4)
        array([2.5, 4. ])
    """

    slots: ClassVar[Mapping[str, float]] = {"momentum": 0.0, "velocity": 0.0}

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **options: Unpack[OptimizerOptions],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.beta_1 = number(beta_1, "Lamb", "beta_1")
        self.beta_2 = number(beta_2, "Lamb", "beta_2")
        self.epsilon = number(epsilon, "Lamb", "epsilon")

    def _update(self, block: _engine.ParameterBlock, slots: Mapping[str, Tensor], rate: float, step: int) -> None:
        runs = (block.values, block.gradients, slots["momentum"], slots["velocity"])
        for weight, gradient, m, v in zip(*map(self._views, runs), strict=True):
            m += (1 - self.beta_1) * (gradient - m)
            v += (1 - self.beta_2) * (np.square(gradient) - v)
            update = m / (1 - self.beta_1**step) / (np.sqrt(v / (1 - self.beta_2**step)) + self.epsilon)
            of_weight, of_update = _norm(weight), _norm(update)
            ratio = of_weight / of_update if of_weight > 0 and of_update > 0 else 1.0
            weight -= ratio * rate * update


class Adafactor(Optimizer):
    """Gradients divided by a mean square that is kept as the product of means over rows and columns.

    With s = g² + ε₁ and β = 1 − t^d: r ← β r + (1 − β) mean of s over the last axis, c ← the same over the one before,
    v = r c / mean(r); for variables of one axis v ← β v + (1 − β) s. Then u = g/√v, divided by max(1, rms(u)/clip), and
    θ ← θ − min(η, 1/√t) · max(ε₂, rms(θ)) · u.

    Only v is kept: its means over rows and columns are r and c.

    Args:
        learning_rate: η, default 0.001.
        beta_2_decay: d, default −0.8.
        epsilon_1: ε₁, default 1e-30.
        epsilon_2: ε₂, default 0.001.
        clip_threshold: Largest root mean square of u, > 0; default 1.
        relative_step: Stored for Keras's sake; steps are bounded by 1/√t either way, as there.
        **options: As for `Optimizer`.

    Raises:
        ValueError: An argument is out of range.

    Source: Shazeer and Stern, "Adafactor: adaptive learning rates with sublinear memory cost", ICML 2018.

    Example:
        >>> weight = recurra.Variable(np.array([1.0]))
        >>> recurra.optimizers.Adafactor(0.1).apply([np.array([2.0])], [weight])
        >>> weight.numpy().round(4)
        array([0.9])
    """

    slots: ClassVar[Mapping[str, float]] = {"velocity": 0.0}

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        beta_2_decay: float = -0.8,
        epsilon_1: float = 1e-30,
        epsilon_2: float = 1e-3,
        clip_threshold: float = 1.0,
        relative_step: bool = True,
        **options: Unpack[OptimizerOptions],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.beta_2_decay = number(beta_2_decay, "Adafactor", "beta_2_decay")
        self.epsilon_1 = number(epsilon_1, "Adafactor", "epsilon_1", 0)
        self.epsilon_2 = number(epsilon_2, "Adafactor", "epsilon_2", 0)
        self.clip_threshold = number(clip_threshold, "Adafactor", "clip_threshold", above=0)
        self.relative_step = boolean(relative_step, "Adafactor", "relative_step")

    def _update(self, block: _engine.ParameterBlock, slots: Mapping[str, Tensor], rate: float, step: int) -> None:
        beta = 1 - step**self.beta_2_decay
        rate = min(rate, step**-0.5)
        runs = (block.values, block.gradients, slots["velocity"])
        for weight, gradient, v in zip(*map(self._views, runs), strict=True):
            square = np.square(gradient) + self.epsilon_1
            if weight.ndim < 2:
                v[...] = beta * v + (1 - beta) * square
            elif weight.size:
                rows = beta * v.mean(-1, keepdims=True) + (1 - beta) * square.mean(-1, keepdims=True)
                columns = beta * v.mean(-2, keepdims=True) + (1 - beta) * square.mean(-2, keepdims=True)
                v[...] = rows / rows.mean(-2, keepdims=True) * columns
            update = gradient / np.sqrt(v)
            update = update / max(1.0, _root_mean_square(update) / self.clip_threshold)
            weight -= rate * max(self.epsilon_2, _root_mean_square(weight)) * update


def _norm(values: np.ndarray) -> float:
    return float(np.sqrt(np.square(values).sum()))


def _root_mean_square(values: np.ndarray) -> float:
    return float(np.sqrt(np.square(values).mean())) if values.size else 0.0
