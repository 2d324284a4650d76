"""Follow the regularised leader."""

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


class Ftrl(Optimizer):
    """Follow the regularised leader: sparse weights for wide linear models.

    s' = s + g², z ← z + g + 2σθ − (s'^−p − s^−p)/η · θ, θ ← (clip(z, −λ₁, λ₁) − z) / (s'^−p/η + 2λ₂ + β/η).

    Args:
        learning_rate: η, default 0.001.
        learning_rate_power: p ≤ 0, default −0.5.
        initial_accumulator_value: s at the start, default 0.1.
        l1_regularization_strength: λ₁, default 0.
        l2_regularization_strength: λ₂, default 0.
        l2_shrinkage_regularization_strength: σ, default 0.
        beta: β, default 0.
        **options: As for `Optimizer`.

    Source: McMahan et al., "Ad click prediction: a view from the trenches", KDD 2013.

    Example:
        >>> weight = recurra.Variable(np.array([1.0]))
        >>> recurra.optimizers.Ftrl(0.1).apply([np.array([2.0])], [weight])
        >>> weight.numpy().round(4)
        array([0.7451])
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

        def at_least_zero(value: float, name: str) -> float:
            return number(value, "Ftrl", name, 0)

        self.learning_rate_power = number(learning_rate_power, "Ftrl", "learning_rate_power", None, 0)
        self.initial_accumulator_value = at_least_zero(initial_accumulator_value, "initial_accumulator_value")
        self.l1_regularization_strength = at_least_zero(l1_regularization_strength, "l1_regularization_strength")
        self.l2_regularization_strength = at_least_zero(l2_regularization_strength, "l2_regularization_strength")
        self.l2_shrinkage_regularization_strength = at_least_zero(
            l2_shrinkage_regularization_strength, "l2_shrinkage_regularization_strength"
        )
        self.beta = number(beta, "Ftrl", "beta")

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
