"""Gradient descent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from recurra import _engine
from recurra.optimizers.optimizer import LearningRate, Optimizer, OptimizerOptions

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from recurra.tensor import Tensor


class SGD(Optimizer):
    """Gradient descent, with momentum on request.

    θ ← θ − η g; with momentum μ: v ← μ v − η g, θ ← θ + v; with Nesterov's: θ ← θ + μ v − η g.

    learning_rate: η, default 0.01. momentum: μ in [0, 1], default 0. nesterov: default False. Others: see Optimizer.

    Source: Polyak 1964; Sutskever et al., "On the importance of initialization and momentum", ICML 2013.
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
        self.momentum = momentum
        self.nesterov = nesterov

    def _slots_used(self) -> Mapping[str, float]:
        return {"momentum": 0.0} if self.momentum else {}

    def _update(self, block: _engine.ParameterBlock, slots: Mapping[str, Tensor], rate: float, step: int) -> None:
        _engine.sgd_step(block, slots.get("momentum"), rate, self.momentum, self.nesterov)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"momentum": self.momentum, "nesterov": self.nesterov}
