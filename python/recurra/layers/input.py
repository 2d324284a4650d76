"""Input: where data enters a graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from recurra.layers.base import Layer
from recurra.layers.symbolic import Node, SymbolicTensor


class InputLayer(Layer):
    """The layer behind `Input`; its output is a symbolic tensor of the given shape.

    Args:
        shape: Without the batch, None where open.
        batch_size: A number, or None for any.
        dtype: Of the data; `recurra.config.floatx()` by default.
        batch_shape: Shape with the batch, instead of `shape` and `batch_size`.
        name: Name of the input in dictionaries of data.

    Raises:
        ValueError: No shape, two shapes, or extents that are no integers >= 0 or None.

    Example:
        >>> recurra.layers.InputLayer((None, 3)).output.shape
        (None, None, 3)
    """

    def __init__(
        self,
        shape: Sequence[int | None] | int | None = None,
        batch_size: int | None = None,
        dtype: Any = None,
        batch_shape: Sequence[int | None] | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, dtype=dtype, **kwargs)
        given = self._given_batch_shape
        self._given_batch_shape = None
        if batch_shape is None and shape is None:
            batch_shape = given
        if batch_shape is None:
            if shape is None:
                raise ValueError("Input: give the shape of one sample, for example Input((None, 14))")
            batch_shape = (batch_size, *((shape,) if isinstance(shape, int) else shape))
        elif shape is not None or batch_size is not None:
            raise ValueError("Input: give either batch_shape or shape and batch_size")
        for extent in batch_shape:
            if extent is not None and (isinstance(extent, bool) or not hasattr(extent, "__index__") or extent < 0):
                raise ValueError(f"Input: extents must be integers >= 0 or None, got {tuple(batch_shape)}")
        self.batch_shape = tuple(None if extent is None else int(extent) for extent in batch_shape)
        self.built = True
        output = SymbolicTensor(self.batch_shape, self._dtype, self.name)
        self._first_node = Node(self, (), {}, output)

    def call(self, inputs: Any) -> Any:
        return inputs

    def compute_output_shape(self, input_shape: Any = None) -> Any:
        return self.batch_shape

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name, "dtype": self._dtype, "batch_shape": list(self.batch_shape)}


def Input(  # noqa: N802
    shape: Sequence[int | None] | int | None = None,
    batch_size: int | None = None,
    dtype: Any = None,
    batch_shape: Sequence[int | None] | None = None,
    name: str | None = None,
) -> Any:
    """A symbolic tensor to build a model from.

    Args:
        shape: Of one sample, None where open, for example (None, 14) for sequences of any length with 14 features.
        batch_size: A number, or None for any.
        dtype: Of the data; `recurra.config.floatx()` by default, "string" for texts.
        batch_shape: Shape with the batch, instead of `shape` and `batch_size`.
        name: Name of the input in dictionaries of data.

    Raises:
        ValueError: No shape, two shapes, or extents that are no integers >= 0 or None.

    Example:
        >>> steps = recurra.Input((None, 14))
        >>> recurra.layers.LSTM(32)(steps).shape
        (None, 32)
    """
    layer = InputLayer(shape=shape, batch_size=batch_size, dtype=dtype, batch_shape=batch_shape, name=name)
    return layer.output
