"""A function of `recurra.ops` as a node of a graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from recurra import ops
from recurra.layers.base import Layer
from recurra.layers.documentation import documented
from recurra.layers.naming import snake_case, unique_name
from recurra.layers.symbolic import is_symbolic
from recurra.ops.operation import graph_with


@documented
class Operation(Layer):
    """A function of `recurra.ops` as a node of a graph, made when an op is called with a symbolic tensor.

    Args:
        function: Of `recurra.ops`, by name or itself; another function can be called but not saved.
        {layer arguments}

    Input shape:
        Any that the function takes.

    Output shape:
        That of what the function returns.

    Raises:
        ValueError: `recurra.ops` has no function of this name.

    Example:
        >>> x = recurra.Input((3,))
        >>> y = recurra.ops.tanh(x)
        >>> y.node.layer.function_name
        'tanh'
    """

    def __init__(self, function: Callable[..., Any] | str, name: str | None = None, **kwargs: Any) -> None:
        if isinstance(function, str):
            found = None if function.startswith("_") else getattr(ops, function, None)
            if not callable(found) or isinstance(found, type):
                raise ValueError(f"Operation: recurra.ops has no function {function!r}")
            function = cast("Callable[..., Any]", found)
        self.function: Callable[..., Any] = function
        super().__init__(name=name or unique_name(snake_case(self.function_name)), **kwargs)

    @property
    def function_name(self) -> str:
        return getattr(self.function, "__name__", "operation")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if is_symbolic(args, kwargs):
            return self._call_symbolically(args, kwargs)
        return self.function(*args, **kwargs)

    def call(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **kwargs)

    def _convert_arrays(self, value: Any) -> Any:
        return value

    def get_config(self) -> dict[str, Any]:
        if getattr(ops, self.function_name, None) is not self.function:
            raise TypeError(
                f"'{self.name}': the function {self.function_name!r} is not one of recurra.ops and cannot be saved; "
                "put it into a Lambda with a registered function, or into a Layer"
            )
        return {**super().get_config(), "function": self.function_name}


def apply(function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """Calls a function of tensors on symbolic ones: a node of the graph, with the function in an `Operation` layer.

    Returns:
        Symbolic outputs, in the structure that the function returns.
    """
    return Operation(function)(*args, **kwargs)


graph_with(is_symbolic, apply)
