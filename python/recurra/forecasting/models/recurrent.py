"""A recurrent layer reads the window, one dense layer writes all steps of the forecast at once."""

from __future__ import annotations

from typing import Any, ClassVar

from recurra import checks, layers
from recurra.forecasting.models.base import NetworkModel, sequence_of, steps_of
from recurra.forecasting.store import Sizes


class GRU(NetworkModel):
    """Stacked GRUs over the window and its covariates; the last state gives all steps of the forecast.

    Args:
        units: Width of each layer, default 64.
        depth: Layers, default 1.
        dropout: In front of each layer but the first, and of the output; default 0.
        window_scaling, learning_rate, decay, batch_size, epochs, steps_per_epoch, patience, alias: See `NetworkModel`.

    Example:
        >>> recurra.forecasting.models.GRU(32)
        GRU(units=32)
    """

    reads_covariates = True
    layer: ClassVar[Any] = layers.GRU

    def __init__(self, units: int = 64, depth: int = 1, dropout: float = 0.0, **training: Any) -> None:
        super().__init__(**training)
        owner = type(self).__name__
        self.units = checks.whole_number(units, owner, "units")
        self.depth = checks.whole_number(depth, owner, "depth")
        self.dropout = checks.number(dropout, owner, "dropout", 0, below=1)

    def forecast(self, y: Any, inputs: dict[str, Any], sizes: Sizes) -> Any:
        x = sequence_of(y, inputs, sizes)
        for level in range(self.depth):
            x = type(self).layer(self.units, return_sequences=level + 1 < self.depth)(x)
            if self.dropout:
                x = layers.Dropout(self.dropout)(x)
        return steps_of(x, sizes)


class LSTM(GRU):
    """Stacked LSTMs, as `GRU` has stacked GRUs.

    Args:
        units: Width of each layer, default 64.
        depth: Layers, default 1.
        dropout: In front of each layer but the first, and of the output; default 0.
        window_scaling, learning_rate, decay, batch_size, epochs, steps_per_epoch, patience, alias: See `NetworkModel`.

    Example:
        >>> recurra.forecasting.models.LSTM(32, depth=2)
        LSTM(units=32, depth=2)
    """

    layer = layers.LSTM
