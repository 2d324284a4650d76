"""How well a query fits each step of a memory: Bahdanau's and Luong's scores, and the context that they choose.

Letters: B batch, T queries, S steps of the memory, Q, M sizes of a query and of a step of the memory, A units.
"""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

from recurra import initializers, ops
from recurra.layers.attention.weighing import attend, softmax_over_keys
from recurra.layers.base import Layer

#: The scores by name.
SCORES = ("additive", "concat", "dot", "general")


class Memory(NamedTuple):
    """A memory, ready to be attended to.

    Attributes:
        keys: What queries are compared with, (B, S, A).
        values: The steps, (B, S, M); zeros where they are padding.
        mask: Bool (B, S), true where a step counts; None where all do.
    """

    keys: Any
    values: Any
    mask: Any


class Alignment(Layer):
    """The weights of the score, and the context of queries.

    Sources: Bahdanau et al., Neural Machine Translation by Jointly Learning to Align and Translate, 2015; Luong et al.,
    Effective Approaches to Attention-based Neural Machine Translation, 2015.
    """

    config_arguments: ClassVar[tuple[str, ...]] = ("score", "units", "normalize", "kernel_initializer")

    def __init__(self, score: str, units: int, normalize: bool, kernel_initializer: Any, **options: Any) -> None:
        super().__init__(**options)
        self.score, self.units, self.normalize = score, units, normalize
        self.kernel_initializer = kernel_initializer
        self.query_kernel: Any = None
        self.memory_kernel: Any = None
        self.vector: Any = None
        self.scale: Any = None
        self.bias: Any = None

    def build(self, query_shape: Any, memory_shape: Any) -> None:  # type: ignore[override]
        query, memory, units = query_shape[-1], memory_shape[-1], self.units
        start = self.kernel_initializer
        if self.score == "dot" and query != memory:
            raise ValueError(
                f"score='dot' compares queries of {query} features with steps of the memory of {memory}; they must be "
                "equal, or use score='general'"
            )
        if self.score == "concat":
            self.query_kernel = self.add_weight((query + memory, units), start, name="kernel")
        elif self.score == "additive":
            self.query_kernel = self.add_weight((query, units), start, name="query_kernel")
            self.memory_kernel = self.add_weight((memory, units), start, name="memory_kernel")
        elif self.score == "general":
            self.memory_kernel = self.add_weight((memory, query), start, name="memory_kernel")
        self._query_size = query
        if self._additive:
            self.vector = self.add_weight((units,), start, name="score_vector")
        if self.normalize:
            self.scale = self.add_weight(
                (), initializers.Constant(units**-0.5 if self._additive else 1.0), name="scale"
            )
            if self._additive:
                self.bias = self.add_weight((units,), "zeros", name="bias")

    @property
    def _additive(self) -> bool:
        return self.score in ("additive", "concat")

    def prepare(self, memory: Any, mask: Any) -> Memory:
        """The memory with its keys, which are computed once for all queries."""
        if mask is not None:
            memory = ops.where(ops.expand_dims(mask, -1), memory, ops.zeros_like(memory))  # padding may hold NaN
        kernel = self.query_kernel[self._query_size :] if self.score == "concat" else self.memory_kernel
        return Memory(memory if kernel is None else ops.matmul(memory, kernel), memory, mask)

    def weigh(self, query: Any, memory: Memory, return_alignments: bool = False) -> tuple[Any, Any]:
        """The context (B, T, M) of queries (B, T, Q), and the alignments (B, T, S) or None."""
        mask = None if memory.mask is None else ops.expand_dims(memory.mask, 1)
        if self.scale is not None and not self._additive:
            query = query * self.scale
        if self._additive or query.shape[1] == 1:  # the tiled operation is made for many queries
            scores = self._scores(query, memory.keys) if self._additive else _products(query, memory.keys)
            alignments = softmax_over_keys(scores, mask)
            return ops.matmul(alignments, memory.values), alignments
        q, k, v = (ops.expand_dims(x, 2) for x in (query, memory.keys, memory.values))  # one head
        mask = None if mask is None else ops.expand_dims(mask, 1)
        context, alignments = attend(q, k, v, mask, 1.0, return_scores=return_alignments)
        return ops.squeeze(context, 2), None if alignments is None else ops.squeeze(alignments, 1)

    def _scores(self, query: Any, keys: Any) -> Any:
        kernel = self.query_kernel[: self._query_size] if self.score == "concat" else self.query_kernel
        query = ops.matmul(query, kernel)
        if self.bias is not None:
            query = query + self.bias
        vector = self.vector
        if self.scale is not None:
            vector = vector * (self.scale / ops.sqrt(ops.sum(ops.square(vector))))
        terms = ops.tanh(ops.expand_dims(query, 2) + ops.expand_dims(keys, 1))
        return ops.squeeze(ops.matmul(terms, ops.expand_dims(vector, -1)), -1)


def _products(query: Any, keys: Any) -> Any:
    """The products (B, 1, S) of one query (B, 1, A) with the keys (B, S, A), which stay as they lie in memory."""
    column = ops.reshape(query, (query.shape[0], query.shape[2], 1))
    return ops.reshape(ops.matmul(keys, column), (keys.shape[0], 1, keys.shape[1]))
