"""What the tasks of pondering networks share: their settings, and the layers that ponder.

Sources: A. Graves, Adaptive Computation Time for Recurrent Neural Networks, arXiv:1603.08983, 2016 (the tasks); D. Fojo
et al., Comparing Fixed and Adaptive Computation Time for Recurrent Neural Networks, 2018 (Adam at 1e-3, the repeated
cell, the steps to 98 %); A. Banino et al., PonderNet: Learning to Ponder, 2021.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import recurra
from recurra.tasks.task import Settings, setting


@dataclass(frozen=True)
class PonderSettings(Settings):
    """Settings of networks that compute several steps for one input."""

    epochs: int = setting(100, "the most parts of the training", least=0)
    steps_per_epoch: int = setting(1000, "batches of a part, all newly drawn")
    held_out: int = setting(4096, "sequences of the validation, and as many of the test")
    units: int = setting(128, "of the cell")
    repeats: int = setting(2, "repeat: steps of the cell for each input")
    ponder_cost: float = setting(1e-2, "act: τ, the price of a pondering step", least=0)
    epsilon: float = setting(0.01, "act: how much of the probability may be left", above=0, below=1)
    max_steps: int = setting(10, "act, pondernet: the most pondering steps for an input")
    learning_rate: float = setting(1e-3, "of Adam", above=0)
    until: float = setting(0.985, "accuracy of the validation at which the training ends", least=0, most=1)


def start_of(inputs: int, units: int, gates: int = 1) -> Any:
    """First values of a cell's matrices: Glorot's, as for one matrix from input, flag and state to all gates."""
    limit = math.sqrt(6 / (inputs + 1 + units + gates * units))
    return recurra.initializers.RandomUniform(-limit, limit)


def pondering(name: str, s: PonderSettings, cell: Any, return_sequences: bool = False) -> Any:
    """The layer of a model around a cell."""
    layers = recurra.layers
    if name == "act":
        return layers.AdaptiveComputation(
            cell, s.epsilon, s.ponder_cost, s.max_steps, return_sequences=return_sequences
        )
    if name == "repeat":
        return layers.Repeat(cell, s.repeats, return_sequences=return_sequences)
    return layers.RNN(cell, return_sequences=return_sequences)
