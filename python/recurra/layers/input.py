"""Input: where data enters a graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from recurra.checks import answers_unknown_keywords, is_whole_number
from recurra.layers.base import Layer
from recurra.layers.documentation import documented
from recurra.layers.symbolic import Node, SymbolicTensor

MOST_EXTENT = 2**40


@documented
class InputLayer(Layer):
    """The layer behind `Input`; its output is a symbolic tensor of the given shape.

    Args:
        shape: Of one sample, None where open, for example (None, 14) for sequences of any length with 14 features.
        batch_size: Number of samples, or None for any; default None.
        dtype: Of the data; default None, which is `recurra.config.floatx()`.
        batch_shape: Shape with the batch, instead of `shape` and `batch_size`; default None.
        name: Of the input in dictionaries of data; numbered where it is None.
        sparse: Must be False: data are dense.
        ragged: Must be False: sequences are padded.
        tensor: Must be None.
        input_tensor: Must be None.
        optional: Must be False.
        {layer arguments}

    Input shape:
        batch_shape.

    Output shape:
        batch_shape.

    Raises:
        ValueError: There is no shape, or two, or an option is not supported.

    Example:
        >>> recurra.layers.InputLayer((None, 14)).output.shape
        (None, None, 14)
    """

    def __init__(
        self,
        shape: Sequence[int | None] | int | None = None,
        batch_size: int | None = None,
        dtype: Any = None,
        batch_shape: Sequence[int | None] | None = None,
        name: str | None = None,
        *,
        sparse: bool = False,
        ragged: bool = False,
        tensor: Any = None,
        input_tensor: Any = None,
        optional: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, dtype=dtype, **kwargs)
        _refuse(sparse=sparse, ragged=ragged, tensor=tensor, input_tensor=input_tensor, optional=optional)
        given = self._given_batch_shape
        self._given_batch_shape = None
        if batch_shape is None and shape is None:
            batch_shape = given
        if batch_shape is None:
            if shape is None:
                raise ValueError("Input: give the shape of one sample, for example Input((None, 14))")
            extents: Any = (shape,) if is_whole_number(shape) else shape
            if not isinstance(extents, (list, tuple)):
                raise ValueError(f"Input: shape must be a tuple such as (None, 14), got {shape!r}")
            batch_shape = (batch_size, *extents)
        elif shape is not None or batch_size is not None:
            raise ValueError("Input: give either batch_shape or shape and batch_size")
        for extent in batch_shape:
            if extent is not None and not (is_whole_number(extent) and 0 <= extent <= MOST_EXTENT):
                raise ValueError(
                    f"Input: shape: its extents must be integers from 0 to 2**40 or None, got {tuple(batch_shape)}"
                )
        self.batch_shape = tuple(None if extent is None else int(extent) for extent in batch_shape)
        self.built = True
        output = SymbolicTensor(self.batch_shape, self._dtype, self.name)
        self._first_node = Node(self, (), {}, output)

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_output": self.output}

    def __setstate__(self, state: dict[str, Any]) -> None:
        output = state["_output"]
        super().__setstate__({key: value for key, value in state.items() if key != "_output"})
        self._first_node = output.node or Node(self, (), {}, output)

    def call(self, inputs: Any) -> Any:
        return inputs

    def compute_output_shape(self, input_shape: Any = None) -> Any:
        return self.batch_shape

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name, "dtype": self._dtype, "batch_shape": list(self.batch_shape)}


@answers_unknown_keywords
def Input(  # noqa: N802
    shape: Sequence[int | None] | int | None = None,
    batch_size: int | None = None,
    dtype: Any = None,
    batch_shape: Sequence[int | None] | None = None,
    name: str | None = None,
    *,
    sparse: bool = False,
    ragged: bool = False,
    tensor: Any = None,
    optional: bool = False,
) -> Any:
    """Make a symbolic tensor to build a model from.

    Args:
        shape: Of one sample, None where open, for example (None, 14) for sequences of any length with 14 features.
        batch_size: Number of samples, or None for any; default None.
        dtype: Of the data; default None, which is `recurra.config.floatx()`.
        batch_shape: Shape with the batch, instead of `shape` and `batch_size`; default None.
        name: Of the input in dictionaries of data; numbered where it is None.
        sparse: Must be False: data are dense.
        ragged: Must be False: sequences are padded.
        tensor: Must be None.
        optional: Must be False.

    Returns:
        A symbolic tensor.

    Raises:
        ValueError: There is no shape, or two, or an option is not supported.

    Example:
        >>> x = recurra.Input((None, 14))
        >>> model = recurra.Model(x, recurra.layers.GRU(8)(x))
        >>> model.output_shape
        (None, 8)
    """
    _refuse(sparse=sparse, ragged=ragged, tensor=tensor, optional=optional)
    layer = InputLayer(shape=shape, batch_size=batch_size, dtype=dtype, batch_shape=batch_shape, name=name)
    return layer.output


_MENDS = {
    "sparse": "convert sparse data to arrays (x.toarray()) and leave sparse out",
    "ragged": "pad the sequences (preprocessing.sequence.pad_sequences) and give fit their lengths",
    "tensor": "call the layers on the tensor itself",
    "input_tensor": "call the layers on the tensor itself",
    "optional": "give every input data",
}


def _refuse(**options: Any) -> None:
    """Raises ValueError for options of Keras's Input that are not supported, with the way around."""
    for name, value in options.items():
        if value is not None and value is not False:
            raise ValueError(f"Input: {name}={value!r:.40} is not supported; {_MENDS[name]}")
