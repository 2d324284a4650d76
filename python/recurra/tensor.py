"""Tensors, variables, and switching the tape off.

`Tensor` is the engine's array: dense, row-major, of float32, float64, int32, int64 or bool. It has Python's operators
and NumPy's indexing, and it remembers how it was computed where something it was computed from requires a gradient:

    w = Tensor([1.0, 2.0])
    w.requires_grad = True
    loss = (w * w).sum()
    loss.backward()
    w.grad            # 2 w

NumPy arrays and objects that speak DLPack are borrowed without a copy where type and layout fit; `numpy()`,
`numpy.asarray` and DLPack give views of a tensor's elements.

`copy`, `deepcopy` and `pickle` copy the elements, whether the tensor requires a gradient, and a variable's attributes;
neither the graph that a tensor was computed in nor its gradient.
"""

from __future__ import annotations

import copyreg
from contextlib import ContextDecorator
from typing import TYPE_CHECKING, Any

import numpy as np

from recurra import _engine
from recurra._engine import NoGradient, Tensor

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["Tensor", "Variable", "convert_to_numpy", "convert_to_tensor", "from_dlpack", "is_tensor", "no_grad"]


class Variable(Tensor):
    """A tensor that owns its elements and can be given new ones: a weight, a state, a counter.

    Args:
        value: Array, tensor, number or nested list; copied.
        name: Name in summaries and error messages.
        trainable: Whether `backward` computes its gradient and optimizers change it. Only floating types can be.
        dtype: Element type; the type of `value` by default.
        regularizer: Function of the variable whose value is added to the loss.
        constraint: Function applied to the variable after each optimizer step.

    Raises:
        ValueError: `trainable` with an integer or bool type, or a dtype that the engine does not have.
    """

    def __init__(
        self,
        value: ArrayLike | Tensor,
        name: str | None = None,
        trainable: bool = True,
        dtype: Any = None,
        regularizer: Any = None,
        constraint: Any = None,
    ) -> None:
        source = convert_to_tensor(value).detach()
        super().__init__((source if dtype is None else _engine.cast(source, dtype)).clone())
        self.name = name or "variable"
        self.path = self.name
        self.regularizer = regularizer
        self.constraint = constraint
        self.trainable = trainable

    @property
    def trainable(self) -> bool:
        """Whether `backward` computes the gradient of this variable and optimizers change it."""
        return self._trainable

    @trainable.setter
    def trainable(self, trainable: bool) -> None:
        self.requires_grad = bool(trainable)
        self._trainable = bool(trainable)

    @property
    def value(self) -> Tensor:
        """The variable itself: a tensor wherever one is expected."""
        return self

    def assign(self, value: ArrayLike | Tensor) -> Variable:  # type: ignore[override]
        """Overwrites the elements.

        Args:
            value: Same shape; converted to the variable's type.

        Raises:
            ValueError: The shape differs.
        """
        given = convert_to_tensor(value).detach()
        if given.shape != self.shape:
            raise ValueError(f"{self.path}: expected a value of shape {self.shape}, got {given.shape}")
        super().assign(_engine.cast(given, self.dtype))
        return self

    def assign_add(self, value: ArrayLike | Tensor) -> Variable:
        """Adds to the elements; `value` broadcasts to the variable's shape."""
        return self.assign(_engine.add(self.detach(), value))

    def assign_sub(self, value: ArrayLike | Tensor) -> Variable:
        """Subtracts from the elements; `value` broadcasts to the variable's shape."""
        return self.assign(_engine.subtract(self.detach(), value))

    def __reduce_ex__(self, protocol: Any) -> Any:
        return _copied_variable, (type(self), np.array(self.numpy())), dict(vars(self))

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self.requires_grad = self._trainable

    def __repr__(self) -> str:
        values = np.array2string(self.numpy(), separator=", ", threshold=100)
        return f"<Variable path={self.path}, shape={self.shape}, dtype={self.dtype}, value={values}>"


def _copied_variable(kind: type[Variable], elements: np.ndarray[Any, Any]) -> Variable:
    variable = kind.__new__(kind)
    Tensor.__init__(variable, Tensor(elements).clone())
    return variable


def _copied_tensor(elements: np.ndarray[Any, Any], requires_grad: bool) -> Tensor:
    tensor = Tensor(elements).clone()
    tensor.requires_grad = requires_grad
    return tensor


def _reduced(tensor: Tensor) -> Any:
    return _copied_tensor, (np.array(tensor.numpy()), tensor.requires_grad and tensor.is_leaf)


# copy, deepcopy and pickle of tensors: their elements, outside of the graph that they were computed in.
copyreg.pickle(Tensor, _reduced)


class no_grad(ContextDecorator):  # noqa: N801  (a function to its users)
    """While active, nothing is put on the tape of this thread: results require no gradient and keep no memory.

    Works as a context manager, `with no_grad(): …`, and as a decorator, `@no_grad()`.
    """

    def __init__(self) -> None:
        self._guards: list[NoGradient] = []

    def __enter__(self) -> no_grad:
        self._guards.append(NoGradient())
        return self

    def __exit__(self, *_: object) -> None:
        self._guards.pop()


def convert_to_tensor(x: ArrayLike | Tensor, dtype: Any = None) -> Tensor:
    """A tensor with the elements of `x`.

    Args:
        x: Tensor (returned as it is), array (borrowed where type and layout fit), number or nested list (whole numbers
            become int32, others float32, truth values bool).
        dtype: Element type of the result; the type of `x` by default.

    Raises:
        TypeError: `x` holds something else than numbers.
        ValueError: Rows of different lengths, or a dtype that the engine does not have.
    """
    tensor = x if isinstance(x, Tensor) else _engine.operand(x)
    return tensor if dtype is None else _engine.cast(tensor, dtype)


def convert_to_numpy(x: ArrayLike | Tensor) -> np.ndarray[Any, Any]:
    """A NumPy array with the elements of `x`; of a tensor, a view."""
    return x.numpy() if isinstance(x, Tensor) else np.asarray(x)


def is_tensor(x: object) -> bool:
    """Whether `x` is a tensor (or variable) of the engine."""
    return isinstance(x, Tensor)


def from_dlpack(x: Any) -> Tensor:
    """A tensor that shares the elements of any object with `__dlpack__`, such as a PyTorch tensor on the CPU."""
    return Tensor(np.from_dlpack(x))
