"""The build of a layer: its wrapper, and the shapes that it is given."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from recurra.checks import is_whole_number


def mark_built(build: Callable[..., None]) -> Callable[..., None]:
    """Wraps a `build` method: names the failing layer, leaves no weights of a build that failed, sets `built`."""

    @functools.wraps(build)
    def wrapper(self: Any, *args: Any, **kwargs: Any) -> None:
        if self._building:  # super().build()
            build(self, *args, **kwargs)
            return
        before = len(self._weights)
        self._building = True
        try:
            build(self, *args, **kwargs)
        except Exception as error:
            del self._weights[before:]
            self._name_error(error)
            raise
        finally:
            self._building = False
        self.built = True
        self._build_shape = args[0] if len(args) == 1 else (args or dict(kwargs) or None)
        if not self._trainable:
            self.trainable = False

    wrapper._recurra_wrapped = True  # type: ignore[attr-defined]
    return wrapper


def shapes_of(inputs: Any) -> Any:
    """The shape of a tensor; list or dictionary of shapes for several."""
    if isinstance(inputs, dict):
        return {key: shapes_of(value) for key, value in inputs.items()}
    if isinstance(inputs, (list, tuple)):
        return [shapes_of(value) for value in inputs]
    return tuple(inputs.shape) if hasattr(inputs, "shape") else None


def shape_from_first_layer(kwargs: dict[str, Any]) -> tuple[int | None, ...] | None:
    """The batch shape given to the first layer of a Sequential model, taken out of its keyword arguments."""
    batch_shape = kwargs.pop("batch_input_shape", None)
    shape = kwargs.pop("input_shape", None)
    features = kwargs.pop("input_dim", None)
    batch = kwargs.pop("batch_size", None)
    if batch_shape is not None:
        return tuple(batch_shape)
    if shape is not None:
        return (batch, *((int(shape),) if is_whole_number(shape) else shape))
    if features is not None:
        return (batch, int(features))
    return None
