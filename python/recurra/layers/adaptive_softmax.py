"""A softmax over a large vocabulary whose rare words cost little."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from recurra import checks, initializers, ops
from recurra.layers.arguments import Shape
from recurra.layers.base import Layer
from recurra.layers.documentation import documented
from recurra.layers.input_spec import InputSpec
from recurra.tensor import Tensor


@documented
class AdaptiveSoftmax(Layer):
    """The probabilities of many classes, in clusters by how frequent they are.

        p(y) = softmax(h H)[y]                                          y < c₁
        p(y) = softmax(h H)[c₁ + i − 1] softmax((h Pᵢ) Wᵢ)[y − cᵢ]      cᵢ ≤ y < cᵢ₊₁

    The head decides between the c₁ most frequent classes and the clusters of the others. In training a cluster's scores
    are computed only for the rows whose target lies in it, from vectors that are shorter by `div_value` from cluster to
    cluster. So classes have to be numbered by how frequent they are, 0 the most frequent.

    Weights: head (F, c₁ + clusters), head_bias (c₁ + clusters) with `head_bias`; for each cluster i projection_i
    (F, F / div_valueⁱ) and tail_i (F / div_valueⁱ, cᵢ₊₁ − cᵢ).

    Args:
        classes: Number of classes, at least 2.
        cutoffs: The first class of each cluster: integers that increase, below `classes`.
        div_value: > 0; default 4.0.
        head_bias: Whether the head has a bias; default False.
        kernel_initializer: Of all matrices; default "glorot_uniform".
        {layer arguments}

    Call arguments:
        inputs: Vectors.
        targets: Class numbers, in the shape of the inputs without their last axis; default None.

    Input shape:
        (..., F).

    Output shape:
        Without targets log p of every class, (..., classes); with targets −log p of each of them, (...).

    Raises:
        ValueError: An argument is out of range, or at the call targets are no classes or of another shape.

    Source: Grave et al., Efficient softmax approximation for GPUs, 2017.

    Example:
        >>> layer = recurra.layers.AdaptiveSoftmax(1000, cutoffs=[20, 200])
        >>> h = np.ones((2, 16), "float32")
        >>> log_p = layer(h)
        >>> log_p.shape, layer(h, targets=np.array([3, 999])).shape
        ((2, 1000), (2,))
        >>> round(float(np.exp(log_p.numpy()[0]).sum()), 3)
        1.0
    """

    config_arguments = ("classes", "cutoffs", "div_value", "head_bias", "kernel_initializer")

    _computes_with_floats = True

    def __init__(
        self,
        classes: int,
        cutoffs: Sequence[int],
        div_value: float = 4.0,
        head_bias: bool = False,
        kernel_initializer: Any = "glorot_uniform",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        owner = "AdaptiveSoftmax"
        self.classes = checks.whole_number(classes, owner, "classes", least=2)
        self.cutoffs = _checked_cutoffs(cutoffs, self.classes)
        self.div_value = checks.positive_number(div_value, owner, "div_value")
        self.head_bias = checks.boolean(head_bias, owner, "head_bias")
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        features = int(input_shape[-1])
        width = self.cutoffs[0] + len(self.cutoffs)
        start = self.kernel_initializer
        self.head = self.add_weight((features, width), initializer=start, name="head")
        self.bias = self.add_weight((width,), initializer="zeros", name="head_bias") if self.head_bias else None
        self.projections, self.tails = [], []
        for number, (begin, stop) in enumerate(self._clusters(), start=1):
            narrow = max(1, int(features // self.div_value**number))
            self.projections.append(self.add_weight((features, narrow), initializer=start, name=f"projection_{number}"))
            self.tails.append(self.add_weight((narrow, stop - begin), initializer=start, name=f"tail_{number}"))
        self.input_spec = InputSpec(min_ndim=1, axes={-1: features})

    def _clusters(self) -> list[tuple[int, int]]:
        """The first class of each cluster, and that behind its last."""
        return list(zip(self.cutoffs, [*self.cutoffs[1:], self.classes], strict=True))

    def call(self, inputs: Any, targets: Any = None) -> Any:
        return self._log_probabilities(inputs) if targets is None else self._losses_of(inputs, targets)

    def _log_probabilities(self, h: Any) -> Any:
        first = self.cutoffs[0]
        head = ops.log_softmax(ops.dense(h, self.head, self.bias), axis=-1)
        parts = [head[..., :first]]
        for number in range(len(self.cutoffs)):
            entered = head[..., first + number : first + number + 1]
            parts.append(entered + ops.log_softmax(self._scores(h, number), axis=-1))
        return ops.concatenate(parts, axis=-1)

    def _scores(self, h: Any, number: int) -> Any:
        return ops.dense(ops.dense(h, self.projections[number]), self.tails[number])

    def _losses_of(self, inputs: Any, targets: Any) -> Any:
        classes = np.asarray(targets.numpy() if isinstance(targets, Tensor) else targets)
        if classes.shape != tuple(inputs.shape[:-1]):
            raise ValueError(
                f"expected targets of shape {tuple(inputs.shape[:-1])} for inputs of shape {tuple(inputs.shape)}, "
                f"got {classes.shape}"
            )
        if classes.size and (classes.min() < 0 or classes.max() >= self.classes):
            wrong = classes[(classes < 0) | (classes >= self.classes)].flat[0]
            raise ValueError(f"expected targets in 0, …, {self.classes - 1}, got {wrong}")
        classes = classes.reshape(-1).astype(np.int64)
        h = ops.reshape(inputs, (classes.size, inputs.shape[-1]))
        cluster = np.searchsorted(self.cutoffs, classes, side="right")  # 0 is the head
        decided = np.where(cluster == 0, classes, self.cutoffs[0] + cluster - 1)
        losses = _crossentropy(decided, ops.dense(h, self.head, self.bias))
        order = np.argsort(cluster, kind="stable")
        within: list[Any] = [ops.zeros((int((cluster == 0).sum()),), dtype=inputs.dtype)]
        for number, begin in enumerate(self.cutoffs):
            rows = np.flatnonzero(cluster == number + 1)
            if rows.size:
                scores = self._scores(ops.take(h, rows, axis=0), number)
                within.append(_crossentropy(classes[rows] - begin, scores))
        if len(within) > 1:
            losses = losses + ops.take(ops.concatenate(within, axis=0), np.argsort(order, kind="stable"), axis=0)
        return ops.reshape(losses, tuple(inputs.shape[:-1]))

    def compute_output_shape(self, input_shape: Any) -> Shape:
        return (*input_shape[:-1], self.classes)


def _crossentropy(classes: np.ndarray, scores: Any) -> Any:
    return ops.sparse_categorical_crossentropy(classes, scores, from_logits=True)


def _checked_cutoffs(cutoffs: Any, classes: int) -> list[int]:
    given = cutoffs.tolist() if isinstance(cutoffs, np.ndarray) else cutoffs
    whole = isinstance(given, (list, tuple)) and all(checks.is_whole_number(one) for one in given)
    found = [int(one) for one in given] if whole else []
    if not found or found[0] < 1 or found[-1] >= classes or found != sorted(set(found)):
        raise ValueError(
            f"AdaptiveSoftmax: cutoffs must be one or more integers that increase, from 1 to {classes - 1} "
            f"(classes={classes}), got {cutoffs!r}"
        )
    return found
