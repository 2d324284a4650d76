"""What SimpleRNN, LSTM and GRU are: an RNN that makes its built-in cell from its own arguments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from recurra.layers.naming import snake_case
from recurra.layers.recurrent.cell import BuiltInCell, CellOptions
from recurra.layers.recurrent.rnn import RNN


class LayerOptions(CellOptions, total=False):
    """Arguments of a recurrent layer beside those of its cell; see `RNN`."""

    return_sequences: bool
    return_state: bool
    go_backwards: bool
    stateful: bool
    unroll: bool
    zero_output_for_mask: bool
    checkpoint: bool
    activity_regularizer: Any
    input_shape: Any
    batch_input_shape: Any
    batch_size: int
    input_dim: int


class CellLayer(RNN):
    """A recurrent layer around one built-in cell; it has the cell's arguments as attributes too."""

    cell_class: ClassVar[type[BuiltInCell]]
    cell: BuiltInCell

    def __init__(self, cell: Mapping[str, Any], options: Mapping[str, Any], use_cudnn: Any = "auto") -> None:
        if use_cudnn not in ("auto", True, False):
            raise ValueError(f"{type(self).__name__}: use_cudnn must be 'auto', True or False, got {use_cudnn!r}")
        owned = self.cell_class.argument_names()
        for_cell = {name: value for name, value in options.items() if name in owned}
        shared = {name: options[name] for name in ("dtype", "trainable") if name in options}
        name = self.cell_class.__name__
        super().__init__(
            self.cell_class(**cell, **for_cell, **shared, name=snake_case(name)),
            **{name: value for name, value in options.items() if name not in owned},
        )

    def __getattr__(self, name: str) -> Any:
        if name in type(self).cell_class.argument_names() and "cell" in vars(self):
            return getattr(self.cell, name)
        return super().__getattr__(name)  # type: ignore[misc]

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["cell"]
        own = self.cell.get_config()
        return {**config, **{name: value for name, value in own.items() if name in self.cell_class.argument_names()}}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        return cls(**config)
