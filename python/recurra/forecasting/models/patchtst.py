"""PatchTST: a transformer whose tokens are patches of the window.

Source: Nie et al., A Time Series is Worth 64 Words: Long-term Forecasting with Transformers, 2023.
"""

from __future__ import annotations

from typing import Any

from recurra import checks, layers
from recurra.forecasting.models.base import NetworkModel, steps_of
from recurra.forecasting.store import Sizes


class PatchTST(NetworkModel):
    """Overlapping patches of the window, a transformer encoder over them, one dense layer of all that it gives.

    Args:
        patch_length: Steps of a patch, default 16; no more than the window has.
        stride: Steps between the starts of two patches, default 8.
        units: Features of a patch, a multiple of `heads`; default 64.
        heads: Heads of the attention, default 4.
        depth: Encoder blocks, default 2.
        hidden: Width of the dense layers of a block, default 128.
        dropout: In the encoder, and in front of the last dense layer; default 0.1.
        window_scaling, learning_rate, decay, batch_size, epochs, steps_per_epoch, patience, alias: See `NetworkModel`.

    Example:
        >>> recurra.forecasting.models.PatchTST(units=16, heads=4)
        PatchTST(units=16)
    """

    default_scaling = "standard"

    def __init__(
        self,
        patch_length: int = 16,
        stride: int = 8,
        units: int = 64,
        heads: int = 4,
        depth: int = 2,
        hidden: int = 128,
        dropout: float = 0.1,
        **training: Any,
    ) -> None:
        super().__init__(**training)
        self.patch_length = checks.whole_number(patch_length, "PatchTST", "patch_length")
        self.stride = checks.whole_number(stride, "PatchTST", "stride")
        self.units = checks.whole_number(units, "PatchTST", "units")
        self.heads = checks.whole_number(heads, "PatchTST", "heads")
        self.depth = checks.whole_number(depth, "PatchTST", "depth")
        self.hidden = checks.whole_number(hidden, "PatchTST", "hidden")
        self.dropout = checks.number(dropout, "PatchTST", "dropout", 0, below=1)
        if units % heads:
            raise ValueError(f"PatchTST: units must be a multiple of heads={heads}, got {units}")

    def forecast(self, y: Any, inputs: dict[str, Any], sizes: Sizes) -> Any:
        length = min(self.patch_length, sizes.lookback)
        # The newest patch ends with the window; what is left over in front is not read.
        newest = y[:, (sizes.lookback - length) % self.stride :]
        x = layers.Conv1D(self.units, length, strides=self.stride)(newest)
        x = x + layers.PositionEmbedding(x.shape[1])(x)
        for _ in range(self.depth):
            x = layers.TransformerEncoder(self.hidden, self.heads, self.dropout, activation="gelu")(x)
        return steps_of(layers.Dropout(self.dropout)(layers.Flatten()(x)), sizes)
