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

    Example:
        >>> weight = recurra.Variable([1.0, 2.0], name="weight")
        >>> (weight * weight).sum().backward()
        >>> weight.grad
        Tensor([2., 4.], shape=(2,), dtype=float32)
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
        """Overwrite the elements.

        Args:
            value: Same shape; converted to the type of the variable.

        Returns:
            The variable.

        Raises:
            ValueError: The shape differs.

        Example:
            >>> variable = recurra.Variable([1.0, 2.0])
            >>> variable.assign([3.0, 4.0]).numpy()
            array([3., 4.], dtype=float32)
        """
        given = convert_to_tensor(value).detach()
        if given.shape != self.shape:
            raise ValueError(f"{self.path}: expected a value of shape {self.shape}, got {given.shape}")
        super().assign(_engine.cast(given, self.dtype))
        return self

    def assign_add(self, value: ArrayLike | Tensor) -> Variable:
        """Add to the elements.

        Args:
            value: Broadcasts to the shape of the variable; converted to its type.

        Returns:
            The variable.

        Raises:
            ValueError: The shape does not fit.
        """
        return self.assign(_engine.add(self.detach(), value))

    def assign_sub(self, value: ArrayLike | Tensor) -> Variable:
        """Subtract from the elements.

        Args:
            value: Broadcasts to the shape of the variable; converted to its type.

        Returns:
            The variable.

        Raises:
            ValueError: The shape does not fit.
        """
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

    Example:
        >>> weight = recurra.Variable([1.0, 2.0])
        >>> with recurra.no_grad():
        ...     product = weight * 2.0
        >>> product.requires_grad
        False
    """

    def __init__(self) -> None:
        self._guards: list[NoGradient] = []

    def _recreate_cm(self) -> no_grad:
        # Every call of a decorated function has a guard of its own, which dies with the call whatever interrupts it.
        return no_grad()

    def __enter__(self) -> no_grad:
        self._guards.append(NoGradient())
        return self

    def __exit__(self, *_: object) -> None:
        self._guards.pop()


def convert_to_tensor(x: ArrayLike | Tensor, dtype: Any = None) -> Tensor:
    """Tensor with the elements of an array, a number or a nested list.

    Args:
        x: Tensor (returned as it is), array (borrowed where type and layout fit), number or nested list (whole numbers
            become int32, or int64 where they need it, others float32, truth values bool).
        dtype: Element type of the result; the type of `x` by default.

    Returns:
        A tensor.

    Raises:
        TypeError: `x` holds something else than numbers.
        ValueError: Rows have different lengths, an integer does not fit, or the engine does not have the type.

    Example:
        >>> recurra.tensor.convert_to_tensor([1, 2])
        Tensor([1, 2], shape=(2,), dtype=int32)
    """
    if dtype is not None and isinstance(x, (int, list, tuple)):
        return Tensor(x, dtype)  # Python's numbers either fit into the type or are refused
    tensor = x if isinstance(x, Tensor) else _engine.operand(x)
    return tensor if dtype is None else _engine.cast(tensor, dtype)


def convert_to_numpy(x: ArrayLike | Tensor) -> np.ndarray[Any, Any]:
    """NumPy array with the elements; of a tensor, a view.

    Args:
        x: Tensor, array, number or nested list.

    Returns:
        An array; read-only where the tensor borrowed read-only memory.

    Example:
        >>> recurra.tensor.convert_to_numpy(recurra.Tensor([1.0, 2.0]))
        array([1., 2.], dtype=float32)
    """
    return x.numpy() if isinstance(x, Tensor) else np.asarray(x)


def is_tensor(x: object) -> bool:
    """Whether an object is a tensor (or variable) of the engine.

    Args:
        x: Any object.

    Returns:
        A bool.

    Example:
        >>> recurra.tensor.is_tensor(recurra.Tensor([1.0]))
        True
    """
    return isinstance(x, Tensor)


def from_dlpack(x: Any) -> Tensor:
    """Tensor that shares the elements of any object with `__dlpack__`.

    Args:
        x: Such as a PyTorch tensor on the CPU.

    Returns:
        A tensor.

    Raises:
        TypeError: The object has no `__dlpack__`.
        ValueError: The engine does not have its element type.

    Example:
        >>> recurra.tensor.from_dlpack(np.array([1.0, 2.0]))
        Tensor([1., 2.], shape=(2,), dtype=float64)
    """
    return Tensor(np.from_dlpack(x))
