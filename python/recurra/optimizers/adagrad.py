"""Adagrad and Adadelta."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from recurra import _engine
from recurra.checks import number
from recurra.optimizers.optimizer import Optimizer
from recurra.optimizers.options import LearningRate, OptimizerOptions

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from recurra.tensor import Tensor


class Adagrad(Optimizer):
    """Gradients divided by the root of the sum of their squares: s ← s + g², θ ← θ − η g/√(s + ε).

    Args:
        learning_rate: η, default 0.001.
        initial_accumulator_value: s at the start, default 0.1.
        epsilon: ε, default 1e-7.
        **options: As for `Optimizer`.

    Source: Duchi, Hazan and Singer, JMLR 12, 2011.

    Example:
        >>> weight = recurra.Variable(np.array([1.0]))
        >>> recurra.optimizers.Adagrad(0.1).apply([np.array([2.0])], [weight])
        >>> weight.numpy().round(4)
        array([0.9012])
    """

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
        **options: Unpack[OptimizerOptions],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.initial_accumulator_value = number(initial_accumulator_value, "Adagrad", "initial_accumulator_value", 0)
        self.epsilon = number(epsilon, type(self).__name__, "epsilon")

    def _slots_used(self) -> Mapping[str, float]:
        return {"accumulator": self.initial_accumulator_value}

    def _update(self, block: _engine.ParameterBlock, slots: Mapping[str, Tensor], rate: float, step: int) -> None:
        _engine.adagrad_step(block, slots["accumulator"], rate, self.epsilon)


class Adadelta(Optimizer):
    """Steps whose size follows the past steps: Δ = −√(d + ε)/√(s + ε) · g, θ ← θ + η Δ.

    s ← ρ s + (1 − ρ) g² before, d ← ρ d + (1 − ρ) Δ² after.

    Args:
        learning_rate: η, default 0.001 (the paper has 1).
        rho: ρ, default 0.95.
        epsilon: ε, default 1e-7.
        **options: As for `Optimizer`.

    Source: Zeiler, arXiv:1212.5701, 2012.

    Example:
        >>> weight = recurra.Variable(np.array([1.0]))
        >>> recurra.optimizers.Adadelta(1.0).apply([np.array([2.0])], [weight])
        >>> weight.numpy().round(4)
        array([0.9986])
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
        self.rho = number(rho, type(self).__name__, "rho")
        self.epsilon = number(epsilon, type(self).__name__, "epsilon")

    def _update(self, block: _engine.ParameterBlock, slots: Mapping[str, Tensor], rate: float, step: int) -> None:
        _engine.adadelta_step(
            block, slots["accumulated_grad"], slots["accumulated_delta_var"], rate, self.rho, self.epsilon
        )
