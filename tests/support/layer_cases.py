"""Rows of layers with their arguments and inputs: one table for the stored Keras values and for every test of layers
without recurrence."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from recurra import layers


@dataclass(frozen=True)
class LayerCase:
    """One layer, its arguments and what it is called with.

    `vocabulary` makes the input whole numbers below it; `masked` gives every input a mask of its steps, which Keras and
    recurra take either as an argument or with the tensors; `training` is passed to layers that know it; `keras` is
    False where no values of Keras are stored: it does not have the layer, or a test has the formula. `cells` are
    classes and widths of the cells that a layer is made around.
    """

    name: str
    layer: str
    shapes: tuple[tuple[int, ...], ...]
    arguments: dict[str, Any] = field(default_factory=dict)
    vocabulary: int = 0
    masked: tuple[bool, ...] = ()
    training: bool = False
    keras: bool = True
    cells: tuple[tuple[str, int], ...] = ()

    def make(self, **options: Any) -> Any:
        """The layer, around new cells."""
        around: dict[str, Any] = {}
        if self.cells:
            made = [getattr(layers, cell)(units, dtype=options.get("dtype")) for cell, units in self.cells]
            around["cell"] = made[0] if len(made) == 1 else made
        return getattr(layers, self.layer)(**around, **self.arguments, **options)

    def _generator(self, what: int) -> np.random.Generator:
        return np.random.default_rng([what, *self.name.encode()])

    def inputs(self, dtype: Any = np.float32) -> list[np.ndarray]:
        rng = self._generator(0)
        if self.vocabulary:
            return [rng.integers(0, self.vocabulary, shape).astype(np.int32) for shape in self.shapes]
        return [rng.standard_normal(shape).astype(dtype) for shape in self.shapes]

    def masks(self) -> list[np.ndarray | None]:
        rng = self._generator(1)
        flags = self.masked or (False,) * len(self.shapes)
        masks = [rng.random(shape[:2]) < 0.6 for shape in self.shapes]
        for mask in masks:
            mask[:, 0] = True
        return [mask if flag else None for mask, flag in zip(masks, flags, strict=True)]

    def weights(self, shapes: list[tuple[int, ...]], dtype: Any = np.float32) -> list[np.ndarray]:
        """Distinct random weights; positive ones do for variances too."""
        rng = self._generator(2)
        positive = self.layer == "BatchNormalization"
        drawn = [rng.standard_normal(shape) * 0.5 for shape in shapes]
        return [(np.abs(w) + 0.3 if positive else w).astype(dtype) for w in drawn]

    def cotangents(self, shape: tuple[int, ...], dtype: Any = np.float32) -> np.ndarray:
        return self._generator(3).standard_normal(shape).astype(dtype)


def _conv1d(name: str, shape: tuple[int, ...], **arguments: Any) -> LayerCase:
    return LayerCase(f"conv1d {name}", "Conv1D", (shape,), arguments)


def _pool(layer: str, name: str, shape: tuple[int, ...], **arguments: Any) -> LayerCase:
    return LayerCase(f"{layer} {name}", layer, (shape,), arguments)


CONVOLUTION = [
    _conv1d("plain", (2, 9, 3), filters=5, kernel_size=3),
    _conv1d("relu", (3, 12, 7), filters=9, kernel_size=4, activation="relu"),
    _conv1d("one sequence as long as the kernel", (1, 5, 3), filters=4, kernel_size=5),
    _conv1d("even kernel with same", (2, 8, 3), filters=5, kernel_size=4, padding="same"),
    _conv1d("even kernel with same and stride", (2, 9, 3), filters=5, kernel_size=2, strides=2, padding="same"),
    _conv1d("same and stride", (2, 10, 3), filters=5, kernel_size=5, strides=3, padding="same"),
    _conv1d("stride", (2, 11, 3), filters=4, kernel_size=3, strides=2, use_bias=False),
    _conv1d("causal", (2, 8, 3), filters=4, kernel_size=3, padding="causal"),
    _conv1d("causal with dilation", (2, 11, 3), filters=4, kernel_size=3, padding="causal", dilation_rate=3),
    _conv1d("causal with stride", (2, 9, 3), filters=4, kernel_size=3, padding="causal", strides=2),
    _conv1d("dilation", (2, 12, 3), filters=4, kernel_size=3, dilation_rate=2, activation="tanh"),
    _conv1d("same with dilation and even kernel", (2, 9, 3), filters=4, kernel_size=4, dilation_rate=2, padding="same"),
    _conv1d("groups", (2, 9, 6), filters=4, kernel_size=3, groups=2),
    _conv1d("groups and stride", (2, 9, 6), filters=9, kernel_size=3, groups=3, strides=2, padding="same"),
    LayerCase("conv2d plain", "Conv2D", ((2, 7, 6, 3),), {"filters": 5, "kernel_size": (3, 2)}),
    LayerCase(
        "conv2d same with stride",
        "Conv2D",
        ((2, 7, 6, 3),),
        {"filters": 4, "kernel_size": 3, "strides": (2, 3), "padding": "same", "activation": "relu"},
    ),
    LayerCase(
        "conv2d same with dilation",
        "Conv2D",
        ((1, 7, 6, 3),),
        {"filters": 4, "kernel_size": (2, 3), "dilation_rate": 2, "padding": "same"},
    ),
    LayerCase("depthwise plain", "DepthwiseConv1D", ((2, 9, 3),), {"kernel_size": 3}),
    LayerCase(
        "depthwise same with multiplier",
        "DepthwiseConv1D",
        ((2, 9, 3),),
        {"kernel_size": 4, "depth_multiplier": 2, "padding": "same", "activation": "relu"},
    ),
    LayerCase("depthwise stride", "DepthwiseConv1D", ((2, 9, 3),), {"kernel_size": 3, "strides": 2, "use_bias": False}),
    LayerCase("separable plain", "SeparableConv1D", ((2, 9, 3),), {"filters": 5, "kernel_size": 3}),
    LayerCase(
        "separable same",
        "SeparableConv1D",
        ((2, 9, 3),),
        {"filters": 5, "kernel_size": 4, "padding": "same", "depth_multiplier": 2, "activation": "tanh"},
    ),
    LayerCase("transpose plain", "Conv1DTranspose", ((2, 5, 3),), {"filters": 4, "kernel_size": 3}),
    LayerCase("transpose stride", "Conv1DTranspose", ((2, 5, 3),), {"filters": 4, "kernel_size": 3, "strides": 2}),
    LayerCase(
        "transpose same",
        "Conv1DTranspose",
        ((2, 5, 3),),
        {"filters": 4, "kernel_size": 4, "strides": 2, "padding": "same", "activation": "relu"},
    ),
    LayerCase(
        "transpose same with an odd surplus",
        "Conv1DTranspose",
        ((2, 5, 3),),
        {"filters": 4, "kernel_size": 5, "strides": 2, "padding": "same"},
    ),
    LayerCase(
        "transpose same with output padding",
        "Conv1DTranspose",
        ((2, 5, 3),),
        {"filters": 4, "kernel_size": 5, "strides": 3, "padding": "same", "output_padding": 1},
    ),
    LayerCase(
        "transpose same with kernel below stride",
        "Conv1DTranspose",
        ((2, 5, 3),),
        {"filters": 4, "kernel_size": 2, "strides": 3, "padding": "same"},
    ),
    LayerCase(
        "transpose output padding",
        "Conv1DTranspose",
        ((2, 5, 3),),
        {"filters": 4, "kernel_size": 3, "strides": 3, "padding": "valid", "output_padding": 1},
    ),
]

POOLING = [
    _pool("MaxPooling1D", "plain", (2, 9, 3)),
    _pool("MaxPooling1D", "overlapping", (2, 9, 3), pool_size=3, strides=2),
    _pool("MaxPooling1D", "same", (2, 10, 3), pool_size=4, strides=3, padding="same"),
    _pool("AveragePooling1D", "plain", (2, 9, 3), pool_size=3),
    _pool("AveragePooling1D", "same", (2, 9, 3), pool_size=4, strides=2, padding="same"),
    _pool("MaxPooling2D", "plain", (2, 6, 5, 3)),
    _pool("MaxPooling2D", "same", (2, 7, 5, 3), pool_size=(3, 2), strides=(2, 3), padding="same"),
    _pool("AveragePooling2D", "plain", (2, 6, 5, 3), pool_size=(3, 2)),
    _pool("AveragePooling2D", "same", (2, 7, 5, 3), pool_size=3, strides=2, padding="same"),
    _pool("GlobalMaxPooling1D", "plain", (2, 6, 3)),
    _pool("GlobalMaxPooling1D", "keepdims", (2, 6, 3), keepdims=True),
    _pool("GlobalMaxPooling2D", "plain", (2, 4, 5, 3)),
    _pool("GlobalAveragePooling1D", "plain", (2, 6, 3)),
    LayerCase("GlobalAveragePooling1D masked", "GlobalAveragePooling1D", ((3, 6, 2),), masked=(True,)),
    _pool("GlobalAveragePooling2D", "keepdims", (2, 4, 5, 3), keepdims=True),
]

NORMALIZATION = [
    LayerCase("batch inference", "BatchNormalization", ((4, 5, 3),)),
    LayerCase("batch training", "BatchNormalization", ((4, 5, 3),), {"momentum": 0.7}, training=True),
    LayerCase("batch without scale", "BatchNormalization", ((6, 3),), {"scale": False}, training=True),
    LayerCase("batch without centre", "BatchNormalization", ((6, 3),), {"center": False}),
    LayerCase("batch over axis 1", "BatchNormalization", ((4, 5, 3),), {"axis": 1}, training=True),
    LayerCase("batch masked", "BatchNormalization", ((4, 5, 3),), masked=(True,), training=True),
    LayerCase(
        "batch masked over axis 1", "BatchNormalization", ((4, 5, 3),), {"axis": 1}, masked=(True,), training=True
    ),
    LayerCase("layer plain", "LayerNormalization", ((4, 5, 7),)),
    LayerCase("layer over two axes", "LayerNormalization", ((3, 4, 5),), {"axis": [1, 2], "epsilon": 0.1}),
    LayerCase("layer over axis 1", "LayerNormalization", ((3, 4, 5),), {"axis": 1, "center": False}),
    LayerCase("layer by variance", "LayerNormalization", ((3, 5),), {"rms_scaling": True}),
    LayerCase("rms plain", "RMSNormalization", ((4, 5, 7),)),
    LayerCase("unit plain", "UnitNormalization", ((4, 5, 7),), keras=False),
    LayerCase("unit over two axes", "UnitNormalization", ((3, 4, 5),), {"axis": [1, 2]}, keras=False),
    LayerCase("groups plain", "GroupNormalization", ((3, 5, 6),), {"groups": 2}, keras=False),
    LayerCase("groups masked", "GroupNormalization", ((3, 5, 6),), {"groups": 3}, masked=(True,), keras=False),
    LayerCase("groups over axis 1", "GroupNormalization", ((3, 4, 5),), {"groups": -1, "axis": 1}, keras=False),
]

RESHAPING = [
    LayerCase("reshape", "Reshape", ((2, 6, 4),), {"target_shape": (3, -1)}),
    LayerCase("permute", "Permute", ((2, 3, 4, 5),), {"dims": (3, 1, 2)}),
    LayerCase("repeat vector", "RepeatVector", ((2, 3),), {"n": 4}),
    LayerCase("upsampling", "UpSampling1D", ((2, 3, 4),), {"size": 3}),
    LayerCase("zero padding", "ZeroPadding1D", ((2, 3, 4),), {"padding": (2, 1)}),
    LayerCase("cropping", "Cropping1D", ((2, 6, 4),), {"cropping": (1, 2)}),
    LayerCase("cropping nothing behind", "Cropping1D", ((2, 6, 4),), {"cropping": (2, 0)}),
    LayerCase("zero padding of planes", "ZeroPadding2D", ((2, 3, 4, 2),), {"padding": ((2, 1), (0, 3))}, keras=False),
    LayerCase("cropping of planes", "Cropping2D", ((2, 5, 6, 2),), {"cropping": ((1, 2), (0, 3))}, keras=False),
    LayerCase("slice", "Slice", ((2, 6, 4),), {"start": 1, "stop": 5, "step": 2}, keras=False),
    LayerCase("slice backwards", "Slice", ((2, 6, 4),), {"step": -1}, masked=(True,), keras=False),
]

_TWO = ((2, 5, 3), (2, 5, 3))
MERGING = [
    *(LayerCase(f"{layer} three", layer, (*_TWO, (2, 5, 3))) for layer in ("Add", "Multiply", "Average")),
    *(LayerCase(f"{layer} three", layer, (*_TWO, (2, 5, 3))) for layer in ("Maximum", "Minimum")),
    LayerCase("subtract", "Subtract", _TWO),
    LayerCase("add broadcasting", "Add", ((2, 5, 3), (2, 1, 3), (2, 3))),
    *(LayerCase(f"{layer} masked", layer, _TWO, masked=(True, True)) for layer in ("Add", "Multiply", "Maximum")),
    *(LayerCase(f"{layer} half masked", layer, _TWO, masked=(True, False)) for layer in ("Multiply", "Minimum")),
    LayerCase("concatenate", "Concatenate", ((2, 5, 3), (2, 5, 4))),
    LayerCase("concatenate in time", "Concatenate", ((2, 5, 3), (2, 2, 3)), {"axis": 1}, masked=(True, False)),
    LayerCase("concatenate masked", "Concatenate", _TWO, masked=(True, True)),
    LayerCase("dot of sequences", "Dot", ((2, 5, 3), (2, 4, 3)), {"axes": 2}),
    LayerCase("dot of vectors", "Dot", ((2, 3), (2, 3)), {"axes": 1}),
    LayerCase("dot over different axes", "Dot", ((2, 5, 3), (2, 3, 4)), {"axes": (2, 1)}),
    LayerCase("dot over time", "Dot", ((2, 5, 3), (2, 5, 4)), {"axes": (1, 1), "normalize": True}),
    LayerCase("dot of a sequence and a vector", "Dot", ((2, 5, 3), (2, 3)), {"axes": (2, 1)}),
]

OTHERS = [
    LayerCase("embedding", "Embedding", ((3, 5),), {"input_dim": 7, "output_dim": 4}, vocabulary=7),
    LayerCase(
        "embedding with mask",
        "Embedding",
        ((3, 5),),
        {"input_dim": 4, "output_dim": 3, "mask_zero": True},
        vocabulary=4,
    ),
    LayerCase("prelu", "PReLU", ((3, 4, 5),)),
    LayerCase("prelu shared over time", "PReLU", ((3, 4, 5),), {"shared_axes": [1]}),
]

TEMPORAL = [
    LayerCase("tcn", "TCN", ((2, 7, 3),), {"filters": 4, "levels": 2, "kernel_size": 4}, keras=False),
    LayerCase(
        "tcn with sequences, dropout and skips",
        "TCN",
        ((2, 7, 3),),
        {
            "filters": 4,
            "levels": 3,
            "activation": "tanh",
            "dropout": 0.2,
            "return_sequences": True,
            "use_skip_connections": True,
        },
        masked=(True,),
        keras=False,
    ),
    LayerCase("temporal block", "TemporalBlock", ((2, 7, 3),), {"filters": 4, "dilation_rate": 2}, keras=False),
]

# Attention itself has a table of its own, attention_cases.py: most of its layers take several arguments.
ATTENTION = [
    LayerCase("attention, listed", "Attention", ((2, 4, 5), (2, 3, 5)), {"use_scale": True}, keras=False),
    LayerCase("additive attention, listed", "AdditiveAttention", ((2, 4, 5), (2, 3, 5)), keras=False),
    LayerCase("learned positions", "PositionEmbedding", ((2, 4, 5),), {"sequence_length": 6}, keras=False),
    LayerCase("turned by positions", "RotaryEmbedding", ((2, 4, 3, 6),), keras=False),
    LayerCase(
        "reversible embedding",
        "ReversibleEmbedding",
        ((3, 5),),
        {"input_dim": 7, "output_dim": 4, "tie_weights": False, "logit_soft_cap": 2.0},
        vocabulary=7,
        keras=False,
    ),
    LayerCase(
        "adaptive softmax",
        "AdaptiveSoftmax",
        ((3, 5, 8),),
        {"classes": 20, "cutoffs": [4, 9], "head_bias": True, "div_value": 2.0},
        keras=False,
    ),
    LayerCase(
        "tokens and positions",
        "TokenAndPositionEmbedding",
        ((3, 5),),
        {"vocabulary_size": 7, "sequence_length": 6, "embedding_dim": 4},
        vocabulary=7,
        keras=False,
    ),
    LayerCase("encoder", "TransformerEncoder", ((2, 4, 6),), {"intermediate_dim": 8, "num_heads": 3}, keras=False),
    LayerCase(
        "encoder, pre-norm and masked",
        "TransformerEncoder",
        ((2, 4, 6),),
        {"intermediate_dim": 8, "num_heads": 2, "normalize_first": True, "activation": "gelu"},
        masked=(True,),
        keras=False,
    ),
    LayerCase("decoder", "TransformerDecoder", ((2, 4, 6),), {"intermediate_dim": 8, "num_heads": 3}, keras=False),
    LayerCase(
        "decoder, pre-norm and masked",
        "TransformerDecoder",
        ((2, 4, 6),),
        {"intermediate_dim": 8, "num_heads": 2, "normalize_first": True},
        masked=(True,),
        keras=False,
    ),
    LayerCase("attention pooling", "AttentionPooling", ((2, 5, 3),), {"units": 4}, keras=False),
    LayerCase(
        "attention pooling of blocks",
        "AttentionPooling",
        ((2, 3, 5, 4),),
        {"use_bias": False},
        masked=(True,),
        keras=False,
    ),
    LayerCase("attention tree", "AttentionTree", ((2, 11, 3),), {"units": 4, "span": 3, "levels": 3}, keras=False),
    LayerCase(
        "attention tree of every step",
        "AttentionTree",
        ((2, 7, 3),),
        {"units": 4, "span": 2, "levels": 3, "attention_units": 2, "return_sequences": True},
        masked=(True,),
        keras=False,
    ),
]


def _around(layer: str, name: str, *cells: tuple[str, int], masked: bool = False, **arguments: Any) -> LayerCase:
    shape = (3, 5) if layer == "PonderNet" else (3, 4, 5)
    return LayerCase(f"{layer} {name}", layer, (shape,), arguments, masked=(masked,), keras=False, cells=cells)


PONDERING = [
    _around("AdaptiveComputation", "gru", ("GRUCell", 3), halting_bias=-0.5, masked=True),
    _around(
        "AdaptiveComputation",
        "lstm, all it returns, backwards",
        ("LSTMCell", 3),
        halting_bias=-1.0,
        epsilon=0.05,
        return_sequences=True,
        return_state=True,
        return_ponder=True,
        go_backwards=True,
    ),
    _around(
        "AdaptiveComputation",
        "stack, few steps",
        ("LSTMCell", 2),
        ("SimpleRNNCell", 3),
        halting_bias=-2.0,
        max_steps=3,
        return_sequences=True,
        zero_output_for_mask=True,
        masked=True,
    ),
    _around("AdaptiveComputation", "one step", ("GRUCell", 3), max_steps=1, ponder_cost=0.0),
    _around("Repeat", "gru", ("GRUCell", 3), n=3, return_sequences=True, masked=True),
    _around("Repeat", "lstm backwards", ("LSTMCell", 3), go_backwards=True, return_sequences=True, return_state=True),
    _around("Repeat", "stack, last output", ("LSTMCell", 2), ("MinGRUCell", 3), n=2, masked=True),
    _around("PonderNet", "gru", ("GRUCell", 3), max_steps=4),
    _around("PonderNet", "lstm", ("LSTMCell", 3), max_steps=1, beta=0.0, halting_bias=0.5),
]

CASES = [*CONVOLUTION, *POOLING, *NORMALIZATION, *RESHAPING, *MERGING, *OTHERS, *TEMPORAL, *ATTENTION, *PONDERING]
KERAS_CASES = [case for case in CASES if case.keras]
