"""Follow the regularised leader."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from recurra import _engine
from recurra.optimizers.optimizer import LearningRate, Optimizer, OptimizerOptions

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from recurra.tensor import Tensor


class Ftrl(Optimizer):
    """Follow the regularised leader: sparse weights for wide linear models.

    s' = s + g², z ← z + g + 2σθ − (s'^−p − s^−p)/η · θ, θ ← (clip(z, −λ₁, λ₁) − z) / (s'^−p/η + 2λ₂ + β/η).

    learning_rate: η, default 0.001. learning_rate_power: p ≤ 0, default −0.5. initial_accumulator_value: s at the
    start, default 0.1. l1_regularization_strength: λ₁, default 0. l2_regularization_strength: λ₂, default 0.
    l2_shrinkage_regularization_strength: σ, default 0. beta: β, default 0. Others: see Optimizer.

    Source: McMahan et al., "Ad click prediction: a view from the trenches", KDD 2013.
    """

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0,
        beta: float = 0.0,
        **options: Unpack[OptimizerOptions],
    ) -> None:
        super().__init__(learning_rate, **options)
        if learning_rate_power > 0:
            raise ValueError(f"Ftrl: learning_rate_power must be at most 0, got {learning_rate_power}")
        for name, value in {
            "initial_accumulator_value": initial_accumulator_value,
            "l1_regularization_strength": l1_regularization_strength,
            "l2_regularization_strength": l2_regularization_strength,
            "l2_shrinkage_regularization_strength": l2_shrinkage_regularization_strength,
        }.items():
            if not value >= 0:
                raise ValueError(f"Ftrl: {name} must be at least 0, got {value}")
        self.learning_rate_power = learning_rate_power
        self.initial_accumulator_value = initial_accumulator_value
        self.l1_regularization_strength = l1_regularization_strength
        self.l2_regularization_strength = l2_regularization_strength
        self.l2_shrinkage_regularization_strength = l2_shrinkage_regularization_strength
        self.beta = beta

    def _slots_used(self) -> Mapping[str, float]:
        return {"accumulator": self.initial_accumulator_value, "linear": 0.0}

    def _update(self, block: _engine.ParameterBlock, slots: Mapping[str, Tensor], rate: float, step: int) -> None:
        _engine.ftrl_step(
            block,
            slots["accumulator"],
            slots["linear"],
            rate,
            self.learning_rate_power,
            self.l1_regularization_strength,
            self.l2_regularization_strength,
            self.l2_shrinkage_regularization_strength,
            self.beta,
        )

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {
            "learning_rate_power": self.learning_rate_power,
            "initial_accumulator_value": self.initial_accumulator_value,
            "l1_regularization_strength": self.l1_regularization_strength,
            "l2_regularization_strength": self.l2_regularization_strength,
            "l2_shrinkage_regularization_strength": self.l2_shrinkage_regularization_strength,
            "beta": self.beta,
        }
