"""The keyword arguments that every layer takes, for type checkers: a misspelt one is an error in the editor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypedDict


class BaseOptions(TypedDict, total=False):
    """What a layer passes on that states its `activity_regularizer` itself."""

    name: str | None
    trainable: bool
    dtype: Any
    autocast: bool
    input_shape: Sequence[int | None] | int
    batch_input_shape: Sequence[int | None]
    input_dim: int
    batch_size: int | None


class LayerOptions(BaseOptions, total=False):
    """What any other layer passes on."""

    activity_regularizer: Any
