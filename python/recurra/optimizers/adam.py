"""Adam and its relatives: AdamW, Adamax, Nadam."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from recurra import _engine
from recurra.checks import number
from recurra.optimizers.optimizer import Optimizer
from recurra.optimizers.options import LearningRate, OptimizerOptions

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from recurra.tensor import Tensor


class Adam(Optimizer):
    """Steps by running means of the gradient and of its square, freed of their bias towards the start.

    m ← m + (1 − β₁)(g − m), v ← v + (1 − β₂)(g² − v), θ ← θ − η √(1 − β₂ᵗ)/(1 − β₁ᵗ) · m/(√v + ε).

    Args:
        learning_rate: η, default 0.001.
        beta_1: β₁, default 0.9.
        beta_2: β₂, default 0.999.
        epsilon: ε, default 1e-7.
        amsgrad: Divide by the largest v so far, default False.
        **options: As for `Optimizer`.

    Source: Kingma and Ba, ICLR 2015; Reddi et al., "On the convergence of Adam and beyond", ICLR 2018 (amsgrad).

    Example:
        >>> weight = recurra.Variable(np.array([1.0]))
        >>> recurra.optimizers.Adam(0.1).apply([np.array([2.0])], [weight])
        >>> weight.numpy().round(4)
        array([0.9])
    """

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **options: Unpack[OptimizerOptions],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.beta_1 = number(beta_1, type(self).__name__, "beta_1")
        self.beta_2 = number(beta_2, type(self).__name__, "beta_2")
        self.epsilon = number(epsilon, type(self).__name__, "epsilon")
        self.amsgrad = amsgrad

    def _slots_used(self) -> Mapping[str, float]:
        slots = {"momentum": 0.0, "velocity": 0.0}
        return slots | {"velocity_hat": 0.0} if self.amsgrad else slots

    def _update(self, block: _engine.ParameterBlock, slots: Mapping[str, Tensor], rate: float, step: int) -> None:
        _engine.adam_step(
            block,
            slots["momentum"],
            slots["velocity"],
            slots.get("velocity_hat"),
            rate,
            self.beta_1,
            self.beta_2,
            self.epsilon,
            step,
        )


class AdamW(Adam):
    """Adam with weight decay apart from the gradient: θ ← θ − η · weight_decay · θ before each step.

    Args:
        learning_rate: η, default 0.001.
        weight_decay: Default 0.004.
        beta_1: β₁, default 0.9.
        beta_2: β₂, default 0.999.
        epsilon: ε, default 1e-7.
        amsgrad: As for `Adam`.
        **options: As for `Optimizer`.

    Source: Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019.

    Example:
        >>> weight = recurra.Variable(np.array([1.0]))
        >>> recurra.optimizers.AdamW(0.1).apply([np.array([2.0])], [weight])
        >>> weight.numpy().round(4)
        array([0.8996])
    """

    def __init__(  # type: ignore[misc]
        self,
        learning_rate: LearningRate = 0.001,
        weight_decay: float | None = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **options: Unpack[OptimizerOptions],
    ) -> None:
        if weight_decay is None:
            raise ValueError("AdamW: weight_decay must be a number; use Adam for none")
        options["weight_decay"] = weight_decay
        super().__init__(learning_rate, beta_1, beta_2, epsilon, amsgrad, **options)


class Adamax(Optimizer):
    """Adam with the largest faded gradient in place of the root mean square.

    m ← m + (1 − β₁)(g − m), u ← max(β₂ u, |g|), θ ← θ − η m / ((1 − β₁ᵗ)(u + ε)).

    Args:
        learning_rate: η, default 0.001.
        beta_1: β₁, default 0.9.
        beta_2: β₂, default 0.999.
        epsilon: ε, default 1e-7.
        **options: As for `Optimizer`.

    Source: Kingma and Ba, "Adam: a method for stochastic optimization", section 7, ICLR 2015.

    Example:
        >>> weight = recurra.Variable(np.array([1.0]))
        >>> recurra.optimizers.Adamax(0.1).apply([np.array([2.0])], [weight])
        >>> weight.numpy().round(4)
        array([0.9])
    """

    slots: ClassVar[Mapping[str, float]] = {"momentum": 0.0, "norm": 0.0}

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **options: Unpack[OptimizerOptions],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.beta_1 = number(beta_1, type(self).__name__, "beta_1")
        self.beta_2 = number(beta_2, type(self).__name__, "beta_2")
        self.epsilon = number(epsilon, type(self).__name__, "epsilon")

    def _update(self, block: _engine.ParameterBlock, slots: Mapping[str, Tensor], rate: float, step: int) -> None:
        _engine.adamax_step(block, slots["momentum"], slots["norm"], rate, self.beta_1, self.beta_2, self.epsilon, step)


class Nadam(Optimizer):
    """Adam with Nesterov's momentum.

    uₜ = β₁ (1 − ½·0.96ᵗ), Πₜ = u₁…uₜ, m and v as in Adam,
    θ ← θ − η (uₜ₊₁ m/(1 − Πₜ uₜ₊₁) + (1 − uₜ) g/(1 − Πₜ)) / (√(v/(1 − β₂ᵗ)) + ε).

    Args:
        learning_rate: η, default 0.001.
        beta_1: β₁, default 0.9.
        beta_2: β₂, default 0.999.
        epsilon: ε, default 1e-7.
        **options: As for `Optimizer`.

    Source: Dozat, "Incorporating Nesterov momentum into Adam", 2016.

    Example:
        >>> weight = recurra.Variable(np.array([1.0]))
        >>> recurra.optimizers.Nadam(0.1).apply([np.array([2.0])], [weight])
        >>> weight.numpy().round(4)
        array([0.8937])
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
        self.beta_1 = number(beta_1, type(self).__name__, "beta_1")
        self.beta_2 = number(beta_2, type(self).__name__, "beta_2")
        self.epsilon = number(epsilon, type(self).__name__, "epsilon")
        self._product = 1.0

    def _update(self, block: _engine.ParameterBlock, slots: Mapping[str, Tensor], rate: float, step: int) -> None:
        self._product *= self.beta_1 * (1 - 0.5 * 0.96**step)
        _engine.nadam_step(
            block,
            slots["momentum"],
            slots["velocity"],
            rate,
            self.beta_1,
            self.beta_2,
            self.epsilon,
            step,
            self._product,
        )

    def state(self) -> dict[str, np.ndarray]:
        return super().state() | {"product": np.array(self._product, np.float64)}

    def set_state(self, state: Mapping[str, np.ndarray]) -> None:
        super().set_state(state)
        self._product = float(state["product"])
