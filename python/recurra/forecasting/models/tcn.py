"""A temporal convolutional network reads the window, and one dense layer writes all steps of the forecast.

Source: Bai, Kolter & Koltun, An Empirical Evaluation of Generic Convolutional and Recurrent Networks for Sequence
Modeling, 2018.
"""

from __future__ import annotations

from typing import Any

from recurra import checks, layers
from recurra.forecasting.models.base import NetworkModel, sequence_of, steps_of
from recurra.forecasting.store import Sizes


class TCN(NetworkModel):
    """Dilated causal convolutions over the window and its covariates, deep enough to see all of it.

    Args:
        filters: Channels of each block, default 32.
        kernel_size: Steps that a kernel covers, at least 2; default 3.
        dropout: Behind each convolution; default 0.1.
        window_scaling, learning_rate, decay, batch_size, epochs, steps_per_epoch, patience, alias: See `NetworkModel`.

    Example:
        >>> recurra.forecasting.models.TCN(16, kernel_size=5)
        TCN(filters=16, kernel_size=5)
    """

    reads_covariates = True

    def __init__(self, filters: int = 32, kernel_size: int = 3, dropout: float = 0.1, **training: Any) -> None:
        super().__init__(**training)
        self.filters = checks.whole_number(filters, "TCN", "filters")
        self.kernel_size = checks.whole_number(kernel_size, "TCN", "kernel_size", 2)
        self.dropout = checks.number(dropout, "TCN", "dropout", 0, below=1)

    def forecast(self, y: Any, inputs: dict[str, Any], sizes: Sizes) -> Any:
        network = layers.TCN.for_receptive_field(
            sizes.lookback, self.kernel_size, filters=self.filters, dropout=self.dropout
        )
        return steps_of(network(sequence_of(y, inputs, sizes)), sizes)
