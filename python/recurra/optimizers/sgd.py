"""Gradient descent."""

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


class SGD(Optimizer):
    """Gradient descent, with momentum on request: θ ← θ − η g.

    With momentum μ: v ← μ v − η g, θ ← θ + v; with Nesterov's: θ ← θ + μ v − η g.

    Args:
        learning_rate: η, default 0.01.
        momentum: μ in [0, 1], default 0.
        nesterov: Default False.
        **options: As for `Optimizer`.

    Source: Polyak 1964; Sutskever et al., "On the importance of initialization and momentum", ICML 2013.

    Example:
        >>> weight = recurra.Variable(np.array([1.0]))
        >>> recurra.optimizers.SGD(0.1).apply([np.array([2.0])], [weight])
        >>> weight.numpy().round(4)
        array([0.8])
    """

    def __init__(
        self,
        learning_rate: LearningRate = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        **options: Unpack[OptimizerOptions],
    ) -> None:
        super().__init__(learning_rate, **options)
        if not 0 <= momentum <= 1:
            raise ValueError(f"SGD: momentum must be between 0 and 1, got {momentum}")
        self.momentum = number(momentum, type(self).__name__, "momentum")
        self.nesterov = nesterov

    def _slots_used(self) -> Mapping[str, float]:
        return {"momentum": 0.0} if self.momentum else {}

    def _update(self, block: _engine.ParameterBlock, slots: Mapping[str, Tensor], rate: float, step: int) -> None:
        _engine.sgd_step(block, slots.get("momentum"), rate, self.momentum, self.nesterov)
