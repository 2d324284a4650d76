"""What SimpleRNN, LSTM and GRU are: an RNN that makes its built-in cell from its own arguments."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, ClassVar

from recurra.checks import one_of
from recurra.layers.base import Layer
from recurra.layers.naming import snake_case
from recurra.layers.recurrent.cell import BuiltInCell
from recurra.layers.recurrent.cell_options import CellOptions
from recurra.layers.recurrent.rnn import RNN
from recurra.layers.signature import ConstructorSignature, joined_signature


class RecurrentOptions(CellOptions, total=False):
    """Arguments of a recurrent layer beside those of its cell; `GRU` lists what they mean."""

    return_sequences: bool
    return_state: bool
    go_backwards: bool
    stateful: bool
    unroll: bool
    zero_output_for_mask: bool
    checkpoint: bool
    use_cudnn: Any
    implementation: int
    time_major: bool
    activity_regularizer: Any
    input_shape: Any
    batch_input_shape: Any
    batch_size: int
    input_dim: int


class CellLayer(RNN):
    """A recurrent layer around one built-in cell, whose arguments it takes beside those of `RNN`.

    They are bound to the signature of `cell_class`, and are attributes of the layer too. A subclass writes its
    signature out for editors and type checkers only, below TYPE_CHECKING.
    """

    cell_class: ClassVar[type[BuiltInCell]]
    layer_arguments: ClassVar[tuple[str, ...]] = ()
    cell: BuiltInCell

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        own = [name for name in RNN.config_arguments if name != "cell"]
        cls.config_arguments = (*own, *cls.cell_class.config_arguments)

    def __init__(
        self, *args: Any, use_cudnn: Any = "auto", implementation: int = 2, time_major: bool = False, **options: Any
    ) -> None:
        owner = type(self).__name__
        one_of(use_cudnn, owner, "use_cudnn", ("auto", True, False))
        one_of(implementation, owner, "implementation", (0, 1, 2))
        if time_major:
            raise ValueError(
                f"{owner}: time_major=True is not supported; transpose the input to (batch, time, features)"
            )
        try:
            bound = _signature_around(self.cell_class).bind(*args, **options)
        except TypeError as error:
            raise TypeError(f"{owner}: {error}") from None
        given = {**bound.arguments, **bound.kwargs}
        given.pop("kwargs", None)
        of_cell = {name: value for name, value in given.items() if name in self.cell_class.config_arguments}
        shared = {name: given[name] for name in ("dtype", "trainable") if name in given}
        super().__init__(
            self.cell_class(**of_cell, **shared, name=snake_case(self.cell_class.__name__)),
            **{name: value for name, value in given.items() if name not in of_cell},
        )

    if TYPE_CHECKING:  # what is read from the cell
        units: int
        activation: Any
        use_bias: bool
        kernel_initializer: Any
        kernel_regularizer: Any
        kernel_constraint: Any
        recurrent_initializer: Any
        recurrent_regularizer: Any
        recurrent_constraint: Any
        bias_initializer: Any
        bias_regularizer: Any
        bias_constraint: Any
        dropout: float
        recurrent_dropout: float
        dropout_per_step: bool
        zoneout: float | tuple[float, ...]
        skip: int | tuple[int, ...] | None
        normalization: str | None
        normalization_steps: int
        normalization_momentum: float
        weight_normalization: bool
        recurrent_dropconnect: float
        seed: int | None
    else:

        def __getattr__(self, name: str) -> Any:
            if name in type(self).cell_class.config_arguments and "cell" in vars(self):
                return getattr(self.cell, name)
            return super().__getattr__(name)


_around: dict[Any, inspect.Signature] = {}  # by class of cells


def _signature_around(cell_class: type[BuiltInCell]) -> inspect.Signature:
    """The arguments of a layer around a cell: the cell's, then those of `RNN`, `CellLayer` and `Layer`."""
    if cell_class not in _around:
        cell = inspect.signature(cell_class)
        around = joined_signature(RNN, CellLayer, Layer).parameters
        own = [one for one in cell.parameters.values() if one.name not in around]
        others = [one for name, one in around.items() if name not in ("cell", "kwargs")]
        keywords = [one.replace(kind=one.KEYWORD_ONLY) for one in others]
        _around[cell_class] = cell.replace(parameters=[*own, *keywords, around["kwargs"]])
    return _around[cell_class]


def _signature(cls: type[CellLayer]) -> inspect.Signature:
    inherited = cls.__init__ is CellLayer.__init__
    return _signature_around(cls.cell_class) if inherited else joined_signature(cls, Layer)


CellLayer.__signature__ = ConstructorSignature(_signature)
