"""Embedding: a table of vectors, one for each number of a vocabulary."""

from __future__ import annotations

from typing import Any

import numpy as np

from recurra import ops
from recurra.checks import MOST_STEPS, boolean, whole_number, whole_numbers
from recurra.layers.arguments import Shape, add_weight, store_weight_arguments
from recurra.layers.base import Layer
from recurra.layers.configuration import weight_arguments
from recurra.layers.documentation import documented
from recurra.tensor import Tensor, Variable


@documented
class Embedding(Layer):
    """A table of vectors, one for each number of a vocabulary.

        y[b, t] = embeddings[x[b, t]]

    The gradient touches only the rows that were looked up.

    Weights: embeddings (input_dim, output_dim).

    Args:
        input_dim: Size of the vocabulary; inputs are 0, …, input_dim − 1.
        output_dim: Length of a vector.
        {weight arguments}
        mask_zero: Whether 0 is padding, which the layers behind skip; default False.
        weights: The table (input_dim, output_dim), or a list with it, in place of the initializer; default None.
        input_length: Length of all sequences, if this is the first layer of a `Sequential` model; any by default.
        {layer arguments}

    Input shape:
        Integers (batch, time), or of any other shape.

    Output shape:
        The same, with a last axis of output_dim.

    Raises:
        ValueError: An argument is out of range, or at the call a number is not in the vocabulary.
        TypeError: At the call the input is text.

    Example:
        >>> layer = recurra.layers.Embedding(input_dim=10, output_dim=4, mask_zero=True)
        >>> layer(np.array([[3, 7, 0]])).shape
        (1, 3, 4)
    """

    config_arguments = ("input_dim", "output_dim", *weight_arguments("embeddings"), "mask_zero")

    _casts_inputs = False

    embeddings: Variable
    embeddings_initializer: Any
    embeddings_regularizer: Any
    embeddings_constraint: Any

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        weights: Any = None,
        **kwargs: Any,
    ) -> None:
        length = kwargs.pop("input_length", None)
        if not {"input_shape", "batch_input_shape"} & kwargs.keys():
            kwargs["input_shape"] = (
                (None,) if length is None else whole_numbers(length, "Embedding", "input_length", 1, most=MOST_STEPS)
            )
        super().__init__(**kwargs)
        self.input_dim = whole_number(input_dim, "Embedding", "input_dim")
        self.output_dim = whole_number(output_dim, "Embedding", "output_dim")
        store_weight_arguments(
            self, "embeddings", embeddings_initializer, embeddings_regularizer, embeddings_constraint
        )
        self.mask_zero = boolean(mask_zero, "Embedding", "mask_zero")
        if weights is not None:
            self.build(None)
            self.set_weights(list(weights) if isinstance(weights, (list, tuple)) and len(weights) == 1 else [weights])

    def build(self, input_shape: Any) -> None:
        self.embeddings = add_weight(self, "embeddings", (self.input_dim, self.output_dim))

    def call(self, inputs: Any) -> Any:
        return ops.embedding(self._known(inputs), self.embeddings)

    def _known(self, inputs: Any) -> Any:
        """The inputs as integers. Raises ValueError for one that is not in the vocabulary, TypeError for text."""
        if not isinstance(inputs, Tensor):
            raise TypeError(f"expected integers, got {inputs.dtype}; put a TextVectorization layer in front of it")
        numbers = inputs.numpy()
        whole = numbers if inputs.dtype in ("int32", "int64") else numbers.astype(np.int64)
        if numbers.size and (whole is not numbers or whole.min() < 0 or whole.max() >= self.input_dim):
            strange = (whole < 0) | (whole >= self.input_dim) | (whole != numbers)
            if strange.any():
                got = numbers[strange].flat[0]
                mend = "; input_dim must be above the largest number" if got >= self.input_dim else ""
                raise ValueError(
                    f"expected integers in 0, …, {self.input_dim - 1} (input_dim={self.input_dim}), got {got}{mend}"
                )
        return inputs if whole is numbers else Tensor(whole)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """With `mask_zero` the places that are not 0; a mask that the input has of its own applies as well."""
        if not self.mask_zero:
            return mask
        own = ops.not_equal(inputs, 0)
        if mask is None:
            return own
        return ops.logical_and(own, ops.reshape(mask, (*mask.shape, *[1] * (own.ndim - mask.ndim))))

    def compute_output_shape(self, input_shape: Any) -> Shape:
        return (*input_shape, self.output_dim)

    def nearest(self, token: Any, k: int = 10) -> list[tuple[int, float]]:
        """Find the numbers whose vectors point most nearly the same way, by cosine.

        Args:
            token: A number of the vocabulary, which is left out of the answer, or a vector (output_dim,).
            k: How many; default 10.

        Returns:
            Pairs (number, cosine), the nearest first; equal cosines in order of the numbers.

        Raises:
            ValueError: The layer is not built, the number is unknown, or the vector has another length.

        Example:
            >>> layer = recurra.layers.Embedding(3, 2, weights=np.array([[1, 0], [0, 1], [2, 0]], "float32"))
            >>> layer.nearest(0, k=1)
            [(2, 1.0)]
        """
        if not self.built:
            raise ValueError(f"layer '{self.name}' (Embedding) is not built yet: call it first")
        k = whole_number(k, "Embedding.nearest", "k")
        table = self.embeddings.numpy().astype(np.float64)
        vector = np.asarray(token)
        own = None
        if vector.ndim == 0:
            own = int(vector)
            if own != vector or not 0 <= own < self.input_dim:
                raise ValueError(
                    f"layer '{self.name}' (Embedding): {token} is not in the vocabulary 0, …, {self.input_dim - 1}"
                )
            vector = table[own]
        elif vector.shape != (self.output_dim,):
            raise ValueError(
                f"layer '{self.name}' (Embedding): expected a vector of {self.output_dim} numbers, got shape "
                f"{vector.shape}"
            )
        lengths = np.linalg.norm(table, axis=1) * np.linalg.norm(vector)
        cosines = table @ vector / np.where(lengths > 0, lengths, 1.0)
        order = [int(i) for i in np.argsort(-cosines, kind="stable") if i != own]
        return [(i, float(cosines[i])) for i in order[:k]]
