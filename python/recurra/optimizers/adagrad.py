"""Adagrad and Adadelta."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from recurra import _engine
from recurra.optimizers.optimizer import LearningRate, Optimizer, OptimizerOptions

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from recurra.tensor import Tensor


class Adagrad(Optimizer):
    """Gradients divided by the root of the sum of their squares: s ← s + g², θ ← θ − η g/√(s + ε).

    learning_rate: η, default 0.001. initial_accumulator_value: s at the start, default 0.1. epsilon: ε, default 1e-7.
    Others: see Optimizer.

    Source: Duchi, Hazan and Singer, JMLR 12, 2011.
    """

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
        **options: Unpack[OptimizerOptions],
    ) -> None:
        super().__init__(learning_rate, **options)
        if not initial_accumulator_value >= 0:
            raise ValueError(f"Adagrad: initial_accumulator_value must be at least 0, got {initial_accumulator_value}")
        self.initial_accumulator_value = initial_accumulator_value
        self.epsilon = epsilon

    def _slots_used(self) -> Mapping[str, float]:
        return {"accumulator": self.initial_accumulator_value}

    def _update(self, block: _engine.ParameterBlock, slots: Mapping[str, Tensor], rate: float, step: int) -> None:
        _engine.adagrad_step(block, slots["accumulator"], rate, self.epsilon)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {
            "initial_accumulator_value": self.initial_accumulator_value,
            "epsilon": self.epsilon,
        }


class Adadelta(Optimizer):
    """Steps whose size follows the past steps: Δ = −√(d + ε)/√(s + ε) · g, θ ← θ + η Δ.

    s ← ρ s + (1 − ρ) g² before, d ← ρ d + (1 − ρ) Δ² after.

    learning_rate: η, default 0.001 (the paper has 1). rho: ρ, default 0.95. epsilon: ε, default 1e-7. Others: see
        Optimizer.

    Source: Zeiler, arXiv:1212.5701, 2012.
    """

    slots: ClassVar[Mapping[str, float]] = {"accumulated_grad": 0.0, "accumulated_delta_var": 0.0}

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        rho: float = 0.95,
        epsilon: float = 1e-7,
        **options: Unpack[OptimizerOptions],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.rho = rho
        self.epsilon = epsilon

    def _update(self, block: _engine.ParameterBlock, slots: Mapping[str, Tensor], rate: float, step: int) -> None:
        _engine.adadelta_step(
            block, slots["accumulated_grad"], slots["accumulated_delta_var"], rate, self.rho, self.epsilon
        )

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"rho": self.rho, "epsilon": self.epsilon}
