"""Lion."""

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


class Lion(Optimizer):
    """Steps of equal size along the sign of a momentum: θ ← θ − η sign(β₁ m + (1 − β₁) g), m ← β₂ m + (1 − β₂) g.

    Args:
        learning_rate: η, default 0.001.
        beta_1: β₁ in (0, 1], default 0.9.
        beta_2: β₂, default 0.99.
        **options: As for `Optimizer`.

    Source: Chen et al., "Symbolic discovery of optimization algorithms", NeurIPS 2023.

    Example:
        >>> weight = recurra.Variable(np.array([1.0]))
        >>> recurra.optimizers.Lion(0.1).apply([np.array([2.0])], [weight])
        >>> weight.numpy().round(4)
        array([0.9])
    """

    slots: ClassVar[Mapping[str, float]] = {"momentum": 0.0}

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.99,
        **options: Unpack[OptimizerOptions],
    ) -> None:
        super().__init__(learning_rate, **options)
        if not 0 < beta_1 <= 1:
            raise ValueError(f"Lion: beta_1 must be greater than 0 and at most 1, got {beta_1}")
        self.beta_1 = number(beta_1, type(self).__name__, "beta_1")
        self.beta_2 = number(beta_2, type(self).__name__, "beta_2")

    def _update(self, block: _engine.ParameterBlock, slots: Mapping[str, Tensor], rate: float, step: int) -> None:
        _engine.lion_step(block, slots["momentum"], rate, self.beta_1, self.beta_2)
