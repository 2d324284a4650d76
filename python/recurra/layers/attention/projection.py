"""Linear maps between the features of a sequence and its heads, as weights of the layer that attends."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from recurra import _engine, ops
from recurra.layers.arguments import add_weight
from recurra.layers.configuration import weight_arguments

#: The arguments of a layer with projections that say how their weights start, are penalised and are projected.
SETTINGS = weight_arguments("kernel", "bias")


class Projection:
    """y = x W + b from the last `inputs` axes of x to as many axes as `outputs` names.

    Args:
        layer: Whose weights `name`_kernel, of shape (*inputs, *outputs), and `name`_bias, of shape outputs, are made.
        name: Of the weights.
        inputs: Extents of the axes that are summed over.
        outputs: Extents of the axes in their place.
        use_bias: Whether there is a bias.
    """

    def __init__(
        self, layer: Any, name: str, inputs: Sequence[int], outputs: Sequence[int], use_bias: bool = True
    ) -> None:
        self.inputs, self.outputs = tuple(inputs), tuple(outputs)
        self.kernel = add_weight(layer, "kernel", (*inputs, *outputs), f"{name}_kernel")
        self.bias = add_weight(layer, "bias", self.outputs, f"{name}_bias") if use_bias else None

    def __call__(self, x: Any) -> Any:
        size_in, size_out = math.prod(self.inputs), math.prod(self.outputs)
        leading = x.shape[: x.ndim - len(self.inputs)]
        kernel = ops.reshape(self.kernel, (size_in, size_out))
        bias = None if self.bias is None else ops.reshape(self.bias, (size_out,))
        flat = _engine.dense(ops.reshape(x, (*leading, size_in)), kernel, bias, "linear")
        return ops.reshape(flat, (*leading, *self.outputs))
