"""Inputs of a layer as tensors, of the layer's dtype where it computes with floats."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from recurra import ops
from recurra.conversion import is_one_array, to_array
from recurra.layers import masks
from recurra.layers.symbolic import SymbolicTensor, is_text
from recurra.layers.weights import FLOATS, WeightHolder
from recurra.tensor import Tensor
from recurra.tree import map_items, map_structure

_WHOLE = ("int32", "int64", "bool")


class InputCaster(WeightHolder):
    """The part of `Layer` that converts what it is called with."""

    #: Whether inputs are cast to the layer's dtype at all; whether integers and booleans are, or only booleans.
    _casts_inputs = True
    _computes_with_floats = False
    _computes_with_numbers = False  # booleans only
    _cast_from: frozenset[str]

    def _set_dtype(self, dtype: str) -> None:
        """Sets the dtype, and with it which dtypes of inputs are cast to it."""
        self._dtype = dtype
        casts = () if dtype not in FLOATS or not self._casts_inputs else FLOATS
        others = _WHOLE if self._computes_with_floats else ("bool",) if self._computes_with_numbers else ()
        self._cast_from = frozenset((*casts, *(others if casts else ()))) - {dtype}

    def _convert(self, value: Any) -> Any:
        """An array as a tensor, a floating one of the layer's dtype; None, texts and integers stay as they are."""
        if not isinstance(value, Tensor):
            if value is None or isinstance(value, SymbolicTensor) or (is_text(value) and self._takes_text()):
                return value
            try:
                value = self._tensor(value)
            except (TypeError, ValueError) as error:
                self._name_error(error)
                raise
            if not isinstance(value, Tensor):
                return value
        return self._cast(value) if value.dtype in FLOATS else value

    def _cast(self, value: Any) -> Any:
        """A tensor in the layer's dtype, with its mask, if its own dtype is one that is cast."""
        if not isinstance(value, Tensor) or value.dtype not in self._cast_from:
            return value
        cast = ops.cast(value, self._dtype)
        if masks.table:
            masks.attach_mask(cast, masks.mask_of(value))
        return cast

    def _takes_text(self) -> bool:
        """Whether arrays of strings reach `call`."""
        return not self._cast_from

    def _tensor(self, value: Any) -> Any:
        """What is no tensor as one, or as an array of strings if the layer takes them."""
        if isinstance(value, (np.ndarray, list, tuple)) and not isinstance(value, np.ma.MaskedArray):
            try:
                return Tensor(value)
            except TypeError:  # texts and objects
                pass
        array = to_array(value, "the input", text=self._takes_text())
        return array if is_text(array) else Tensor(array)

    def _convert_structure(self, value: Any) -> Any:
        """Inputs as tensors: arrays in a list, tuple or dictionary stay apart, nested lists of numbers become one."""
        if isinstance(value, (list, tuple)):
            if value and is_one_array(value):
                return self._convert(value)
            return map_items(self._convert_structure, value)
        if isinstance(value, Mapping):
            return map_items(self._convert_structure, dict(value))
        return self._convert(value) if not isinstance(value, (bool, str)) else value

    def _convert_arrays(self, value: Any) -> Any:
        if isinstance(value, (Tensor, np.ndarray)):
            return self._convert(value)
        if isinstance(value, (list, tuple, dict)):
            return map_structure(
                lambda leaf: self._convert(leaf) if isinstance(leaf, (Tensor, np.ndarray)) else leaf, value
            )
        return value
