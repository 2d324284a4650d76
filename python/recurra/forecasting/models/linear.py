"""One linear map from the window to the forecast: often hard to beat, and trained in seconds.

Source: Zeng et al., Are Transformers Effective for Time Series Forecasting?, 2022.
"""

from __future__ import annotations

from typing import Any

from recurra import checks, layers, ops
from recurra.forecasting.models.base import NetworkModel, steps_of
from recurra.forecasting.store import Sizes


class NLinear(NetworkModel):
    """Linear map of the window, from which its last value was subtracted.

    Args:
        window_scaling, learning_rate, decay, batch_size, epochs, steps_per_epoch, patience, alias: See `NetworkModel`.

    Example:
        >>> recurra.forecasting.models.NLinear(epochs=5)
        NLinear(epochs=5)
    """

    def forecast(self, y: Any, inputs: dict[str, Any], sizes: Sizes) -> Any:
        return steps_of(layers.Flatten()(y), sizes)


class DLinear(NetworkModel):
    """One linear map of the trend, a moving mean, and one of what remains.

        ŷ = W_t trend(y) + W_r (y − trend(y)) + b

    Args:
        kernel_size: Steps of the moving mean, odd; default 25. At the ends the first and the last value are repeated.
        window_scaling, learning_rate, decay, batch_size, epochs, steps_per_epoch, patience, alias: See `NetworkModel`.

    Example:
        >>> recurra.forecasting.models.DLinear(kernel_size=13)
        DLinear(kernel_size=13)
    """

    default_scaling = "none"

    def __init__(self, kernel_size: int = 25, **training: Any) -> None:
        super().__init__(**training)
        self.kernel_size = checks.whole_number(kernel_size, "DLinear", "kernel_size")
        if kernel_size % 2 == 0:
            raise ValueError(f"DLinear: kernel_size must be odd, got {kernel_size}")

    def forecast(self, y: Any, inputs: dict[str, Any], sizes: Sizes) -> Any:
        half = self.kernel_size // 2
        padded = [ops.repeat(y[:, :1], half, axis=1), y, ops.repeat(y[:, -1:], half, axis=1)] if half else [y]
        trend = ops.average_pool(ops.concatenate(padded, axis=1), self.kernel_size, strides=1)
        return steps_of(layers.Flatten()(trend), sizes) + steps_of(layers.Flatten()(y - trend), sizes)
