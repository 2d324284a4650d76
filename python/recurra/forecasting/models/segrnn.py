"""SegRNN: a GRU over segments of the window, and one parallel step for each segment of the forecast.

Source: Lin et al., SegRNN: Segment Recurrent Neural Network for Long-Term Time Series Forecasting, 2023.
"""

from __future__ import annotations

from typing import Any

from recurra import checks, layers, ops
from recurra.forecasting.models.base import NetworkModel
from recurra.forecasting.store import Sizes
from recurra.serialization import register_serializable


@register_serializable("recurra.forecasting")
class ReadAndStep(layers.Layer):
    """Reads a sequence, then makes one step from the last state for each of some further inputs, side by side.

    Args:
        layer: A recurrent layer with one state, which it returns.

    Input shape:
        The sequence (batch, time, features), and the further inputs (batch, steps, features).

    Output shape:
        (batch, steps, units).
    """

    config_arguments = ("layer",)
    layer_arguments = ("layer",)

    def __init__(self, layer: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.layer = layer

    def build(self, input_shape: Any) -> None:
        self.layer.build(tuple(input_shape[0]))

    def call(self, inputs: Any) -> Any:
        sequence, further = inputs
        state = self.layer(sequence)
        steps, features = further.shape[1:]
        each = ops.repeat(state, steps, axis=0)
        found = self.layer(ops.reshape(further, (-1, 1, features)), initial_state=each)
        return ops.reshape(found, (-1, steps, state.shape[-1]))


class SegRNN(NetworkModel):
    """A GRU that takes a day at a step instead of an hour.

    The window is cut into segments; each passes a dense layer and the GRU. Each segment of the forecast then is one
    step of the same GRU from its last state, for which the input is an embedding of the place of the segment and, with
    `series_embedding`, of the series. All segments are computed side by side.

    Args:
        units: Width of the GRU, even; default 128. The paper has 512.
        segment_length: Steps of a segment; default None, a season, or a quarter of the shorter one of window and
            horizon where that is less.
        dropout: In front of the last dense layer; default 0.1.
        series_embedding: Whether the decoder knows which series it is; then other series cannot be forecast. Default
            False.
        window_scaling, learning_rate, decay, batch_size, epochs, steps_per_epoch, patience, alias: See `NetworkModel`.

    Example:
        >>> recurra.forecasting.models.SegRNN(units=64, segment_length=24)
        SegRNN(units=64, segment_length=24)
    """

    def __init__(
        self,
        units: int = 128,
        segment_length: int | None = None,
        dropout: float = 0.1,
        series_embedding: bool = False,
        **training: Any,
    ) -> None:
        super().__init__(**training)
        self.units = checks.whole_number(units, "SegRNN", "units", 2)
        if units % 2:
            raise ValueError(f"SegRNN: units must be even, got {units}")
        self.segment_length = (
            None if segment_length is None else checks.whole_number(segment_length, "SegRNN", "segment_length")
        )
        self.dropout = checks.number(dropout, "SegRNN", "dropout", 0, below=1)
        self.series_embedding = checks.boolean(series_embedding, "SegRNN", "series_embedding")

    @property
    def knows_series(self) -> bool:  # type: ignore[override]
        return self.series_embedding

    def _segment(self, sizes: Sizes) -> int:
        if self.segment_length is not None:
            return min(self.segment_length, sizes.lookback)
        shorter = min(sizes.lookback, sizes.horizon)
        return min(sizes.season if sizes.season > 1 else shorter, max(1, -(-shorter // 4)))

    def forecast(self, y: Any, inputs: dict[str, Any], sizes: Sizes) -> Any:
        length, units = self._segment(sizes), self.units
        read, written = sizes.lookback // length, -(-sizes.horizon // length)
        newest = y[:, sizes.lookback - read * length :]
        segments = layers.Dense(units, activation="relu")(layers.Reshape((read, length))(newest))
        shape = layers.RepeatVector(written)(segments[:, 0])
        if self.series_embedding:
            place = layers.PositionEmbedding(written, initializer="random_normal")(shape[:, :, : units // 2])
            series = layers.Embedding(sizes.series, units // 2)(inputs["series"])
            place = layers.Concatenate()([place, layers.RepeatVector(written)(series)])
        else:
            place = layers.PositionEmbedding(written, initializer="random_normal")(shape)
        steps = layers.Dropout(self.dropout)(ReadAndStep(layers.GRU(units))([segments, place]))
        steps = layers.Dense(length * sizes.outputs)(steps)
        return layers.Reshape((written * length, sizes.outputs))(steps)[:, : sizes.horizon]
