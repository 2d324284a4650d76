"""RMSprop."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from recurra import _engine
from recurra.checks import number
from recurra.optimizers.optimizer import Optimizer
from recurra.optimizers.options import LearningRate, OptimizerOptions

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from recurra.tensor import Tensor


class RMSprop(Optimizer):
    """Gradients divided by a running root of their mean square.

    s ← ρ s + (1 − ρ) g², Δ = η g / √(s + ε), m ← μ m + Δ, θ ← θ − m (θ ← θ − Δ without momentum).
    Centered: a ← ρ a + (1 − ρ) g, and s − a² in place of s.

    Args:
        learning_rate: η, default 0.001.
        rho: ρ, default 0.9.
        momentum: μ, default 0.
        epsilon: ε, default 1e-7.
        centered: Default False.
        **options: As for `Optimizer`.

    Source: Tieleman and Hinton, lecture 6.5, 2012; Graves, arXiv:1308.0850, 2013 (centered).

    Example:
        >>> weight = recurra.Variable(np.array([1.0]))
        >>> recurra.optimizers.RMSprop(0.1).apply([np.array([2.0])], [weight])
        >>> weight.numpy().round(4)
        array([0.6838])
    """

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        **options: Unpack[OptimizerOptions],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.rho = number(rho, type(self).__name__, "rho")
        self.momentum = number(momentum, type(self).__name__, "momentum")
        self.epsilon = number(epsilon, type(self).__name__, "epsilon")
        self.centered = centered

    def _slots_used(self) -> Mapping[str, float]:
        used = {"velocity": True, "momentum": self.momentum > 0, "average_gradient": self.centered}
        return {name: 0.0 for name, needed in used.items() if needed}

    def _update(self, block: _engine.ParameterBlock, slots: Mapping[str, Tensor], rate: float, step: int) -> None:
        _engine.rmsprop_step(
            block,
            slots["velocity"],
            slots.get("momentum"),
            slots.get("average_gradient"),
            rate,
            self.rho,
            self.momentum,
            self.epsilon,
        )
