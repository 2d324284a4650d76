"""Calls of convolution, pooling and normalisation: one table for the stored Keras values and for the tests."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class OpCase:
    """One call: function of `ops`, shapes of its tensors, other arguments. `positive` tensors are variances."""

    name: str
    op: str
    shapes: tuple[tuple[int, ...], ...]
    arguments: dict[str, Any] = field(default_factory=dict)
    positive: tuple[int, ...] = ()

    def tensors(self, dtype: Any = np.float32) -> list[np.ndarray]:
        rng = np.random.default_rng([1, *self.name.encode()])
        drawn = [rng.standard_normal(shape) for shape in self.shapes]
        return [(np.abs(x) + 0.3 if i in self.positive else x).astype(dtype) for i, x in enumerate(drawn)]

    def cotangents(self, shape: tuple[int, ...], dtype: Any = np.float32) -> np.ndarray:
        return np.random.default_rng([2, *self.name.encode()]).standard_normal(shape).astype(dtype)

    def call(self, ops: Any, tensors: list[Any]) -> Any:
        """The result; statistics come before `axis` and weights behind it in the signature of batch_normalization."""
        if self.op == "batch_normalization":
            return ops.batch_normalization(*tensors[:3], *self.arguments["axis"], *tensors[3:])
        return getattr(ops, self.op)(*tensors, **self.arguments)


def _rows(op: str, *rows: tuple[str, tuple[tuple[int, ...], ...], dict[str, Any]]) -> tuple[OpCase, ...]:
    return tuple(OpCase(f"{op} {name}", op, shapes, arguments) for name, shapes, arguments in rows)


CASES = (
    *_rows(
        "conv",
        ("plain", ((2, 9, 3), (3, 3, 5)), {}),
        ("even kernel, same", ((2, 8, 3), (4, 3, 5)), {"padding": "same"}),
        ("stride", ((2, 9, 3), (2, 3, 4)), {"strides": 2, "padding": "SAME"}),
        ("dilation", ((2, 11, 3), (3, 3, 4)), {"dilation_rate": (2,)}),
        ("groups", ((2, 9, 6), (3, 2, 9)), {}),
        ("images", ((2, 6, 5, 3), (3, 2, 3, 4)), {"padding": "same"}),
        ("images, strides", ((1, 7, 8, 2), (3, 3, 2, 5)), {"strides": (2, 3), "padding": "same"}),
        ("images, dilation", ((1, 7, 8, 2), (2, 3, 2, 5)), {"dilation_rate": (2, 3)}),
        ("images, groups", ((2, 5, 5, 4), (3, 3, 2, 6)), {}),
    ),
    *_rows(
        "depthwise_conv",
        ("plain", ((2, 9, 3), (4, 3, 2)), {"padding": "same"}),
        ("stride", ((2, 9, 3), (3, 3, 1)), {"strides": 2}),
        ("dilation", ((2, 9, 3), (3, 3, 2)), {"dilation_rate": 2}),
        ("images", ((2, 6, 5, 3), (3, 2, 3, 2)), {"padding": "same"}),
        ("images, strides", ((2, 7, 7, 3), (3, 3, 3, 1)), {"strides": 2}),
        ("images, dilation", ((2, 7, 7, 3), (2, 2, 3, 2)), {"dilation_rate": 2, "padding": "same"}),
    ),
    *_rows(
        "separable_conv",
        ("plain", ((2, 9, 3), (3, 3, 2), (1, 6, 5)), {}),
        ("stride", ((2, 9, 3), (4, 3, 1), (1, 3, 4)), {"strides": 2, "padding": "same"}),
        ("images", ((2, 6, 5, 3), (3, 2, 3, 2), (1, 1, 6, 4)), {"padding": "same"}),
    ),
    *_rows(
        "conv_transpose",
        ("plain", ((2, 5, 3), (3, 4, 3)), {}),
        ("stride", ((2, 5, 3), (3, 4, 3)), {"strides": 2}),
        ("stride, same", ((2, 5, 3), (4, 4, 3)), {"strides": 2, "padding": "same"}),
        ("short kernel", ((2, 5, 3), (2, 4, 3)), {"strides": 3}),
        ("output padding", ((2, 5, 3), (3, 4, 3)), {"strides": 3, "padding": "same", "output_padding": 1}),
        ("dilation", ((2, 5, 3), (3, 4, 3)), {"dilation_rate": 2}),
        ("images", ((2, 4, 3, 3), (3, 2, 4, 3)), {}),
        ("images, strides", ((2, 4, 3, 3), (3, 2, 4, 3)), {"strides": (2, 3)}),
        ("images, same", ((2, 4, 3, 3), (3, 4, 2, 3)), {"strides": 2, "padding": "same"}),
        (
            "images, output padding",
            ((1, 4, 3, 3), (3, 4, 2, 3)),
            {"strides": (2, 3), "padding": "same", "output_padding": (1, 2)},
        ),
        ("images, dilation", ((1, 4, 3, 3), (3, 2, 2, 3)), {"dilation_rate": (2, 3), "padding": "same"}),
    ),
    *_rows(
        "max_pool",
        ("plain", ((2, 9, 3),), {"pool_size": 2}),
        ("strides, same", ((2, 9, 3),), {"pool_size": 3, "strides": 2, "padding": "same"}),
        ("images", ((2, 6, 5, 3),), {"pool_size": (2, 3), "strides": 1}),
    ),
    *_rows(
        "average_pool",
        ("plain", ((2, 9, 3),), {"pool_size": 2}),
        ("strides, same", ((2, 9, 3),), {"pool_size": 3, "strides": 2, "padding": "same"}),
        ("images", ((2, 6, 5, 3),), {"pool_size": (2, 3), "padding": "same"}),
    ),
    OpCase("batch_normalization", "batch_normalization", ((4, 3, 5), (5,), (5,)), {"axis": (-1,)}, (2,)),
    OpCase(
        "batch_normalization, weights", "batch_normalization", ((4, 3, 5), (3,), (3,), (3,), (3,)), {"axis": (1,)}, (2,)
    ),
    *_rows(
        "layer_normalization",
        ("plain", ((4, 3, 5),), {}),
        ("weights", ((4, 3, 5), (5,), (5,)), {"epsilon": 1e-3}),
        ("two axes", ((4, 3, 5, 2),), {"axis": (1, 3)}),
    ),
    *_rows(
        "rms_normalization",
        ("plain", ((4, 3, 5),), {}),
        ("weights", ((4, 3, 5), (5,)), {"epsilon": 1e-3}),
        ("an axis inside", ((4, 3, 5),), {"axis": 1}),
    ),
)
