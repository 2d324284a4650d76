"""TSMixer: dense layers over time and over features in turn.

Source: Chen et al., TSMixer: An All-MLP Architecture for Time Series Forecasting, 2023.
"""

from __future__ import annotations

from typing import Any

from recurra import checks, layers
from recurra.forecasting.models.base import NetworkModel, sequence_of
from recurra.forecasting.store import Sizes


class TSMixer(NetworkModel):
    """Blocks that mix the steps of a window, then the features of each step; a dense layer over time ends them.

    Args:
        units: Features that the target and its covariates become, default 32.
        blocks: Default 2.
        hidden: Width of the first of the two dense layers over features, default 64.
        dropout: Behind each dense layer; default 0.1.
        window_scaling, learning_rate, decay, batch_size, epochs, steps_per_epoch, patience, alias: See `NetworkModel`.

    Example:
        >>> recurra.forecasting.models.TSMixer(units=64)
        TSMixer(units=64)
    """

    default_scaling = "standard"
    reads_covariates = True

    def __init__(
        self, units: int = 32, blocks: int = 2, hidden: int = 64, dropout: float = 0.1, **training: Any
    ) -> None:
        super().__init__(**training)
        self.units = checks.whole_number(units, "TSMixer", "units")
        self.blocks = checks.whole_number(blocks, "TSMixer", "blocks")
        self.hidden = checks.whole_number(hidden, "TSMixer", "hidden")
        self.dropout = checks.number(dropout, "TSMixer", "dropout", 0, below=1)

    def forecast(self, y: Any, inputs: dict[str, Any], sizes: Sizes) -> Any:
        x = layers.Dense(self.units)(sequence_of(y, inputs, sizes))
        for _ in range(self.blocks):
            mixed = layers.Permute((2, 1))(layers.LayerNormalization()(x))
            mixed = layers.Dropout(self.dropout)(layers.Dense(sizes.lookback, activation="relu")(mixed))
            x = x + layers.Permute((2, 1))(mixed)
            mixed = layers.Dense(self.hidden, activation="relu")(layers.LayerNormalization()(x))
            mixed = layers.Dense(self.units)(layers.Dropout(self.dropout)(mixed))
            x = x + layers.Dropout(self.dropout)(mixed)
        steps = layers.Permute((2, 1))(layers.Dense(sizes.horizon)(layers.Permute((2, 1))(x)))
        return layers.Dense(sizes.outputs)(steps)
