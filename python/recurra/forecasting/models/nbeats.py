"""N-BEATS: blocks that explain a part of the window each, and leave the rest to the next.

Source: Oreshkin et al., N-BEATS: Neural Basis Expansion Analysis for Interpretable Time Series Forecasting, 2020.
"""

from __future__ import annotations

from typing import Any

from recurra import checks, layers
from recurra.forecasting.models.base import NetworkModel, steps_of
from recurra.forecasting.store import Sizes


class NBEATS(NetworkModel):
    """The generic form: dense blocks with two outputs, what they see of the window and what they add to the forecast.

        x ← x − backcast(x)      ŷ ← ŷ + forecast(x)

    Args:
        blocks: Default 4.
        units: Width of the dense layers of a block, default 128.
        depth: Dense layers of a block, default 2.
        window_scaling, learning_rate, decay, batch_size, epochs, steps_per_epoch, patience, alias: See `NetworkModel`.

    Example:
        >>> recurra.forecasting.models.NBEATS(blocks=6)
        NBEATS(blocks=6)
    """

    default_scaling = "standard"

    def __init__(self, blocks: int = 4, units: int = 128, depth: int = 2, **training: Any) -> None:
        super().__init__(**training)
        self.blocks = checks.whole_number(blocks, "NBEATS", "blocks")
        self.units = checks.whole_number(units, "NBEATS", "units")
        self.depth = checks.whole_number(depth, "NBEATS", "depth")

    def forecast(self, y: Any, inputs: dict[str, Any], sizes: Sizes) -> Any:
        rest = layers.Flatten()(y)
        forecasts = []
        for block in range(self.blocks):
            x = rest
            for _ in range(self.depth):
                x = layers.Dense(self.units, activation="relu")(x)
            forecasts.append(steps_of(x, sizes))
            if block + 1 < self.blocks:
                rest = rest - layers.Dense(sizes.lookback)(x)
        return forecasts[0] if len(forecasts) == 1 else layers.Add()(forecasts)
