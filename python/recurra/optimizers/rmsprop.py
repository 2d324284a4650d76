"""RMSprop."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from recurra import _engine
from recurra.optimizers.optimizer import LearningRate, Optimizer, OptimizerOptions

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from recurra.tensor import Tensor


class RMSprop(Optimizer):
    """Gradients divided by a running root of their mean square.

    s ← ρ s + (1 − ρ) g², Δ = η g / √(s + ε), m ← μ m + Δ, θ ← θ − m (θ ← θ − Δ without momentum).
    Centered: a ← ρ a + (1 − ρ) g, and s − a² in place of s.

    learning_rate: η, default 0.001. rho: ρ, default 0.9. momentum: μ, default 0. epsilon: ε, default 1e-7.
    centered: default False. Others: see Optimizer.

    Source: Tieleman and Hinton, lecture 6.5, 2012; Graves, arXiv:1308.0850, 2013 (centered).
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
        self.rho = rho
        self.momentum = momentum
        self.epsilon = epsilon
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

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {
            "rho": self.rho,
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "centered": self.centered,
        }
