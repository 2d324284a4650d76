"""The recurrent layer around any cell: states, masks, direction, what is returned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

import numpy as np

from recurra import ops
from recurra.checks import boolean
from recurra.layers.base import Layer
from recurra.layers.documentation import documented
from recurra.layers.input_spec import InputSpec
from recurra.layers.masks import attach_mask
from recurra.layers.recurrent.cell import BuiltInCell
from recurra.layers.recurrent.engine_layer import engine_layer
from recurra.layers.recurrent.linear_cell import LinearCell
from recurra.layers.recurrent.observer import Observer
from recurra.layers.recurrent.protocol import check_cell, drop_masks, initial_state, output_size
from recurra.layers.recurrent.run_options import RunOptions
from recurra.layers.recurrent.sequence import detached, run, starts_from_zeros
from recurra.layers.recurrent.stacked import StackedRNNCells
from recurra.layers.recurrent.step_mask import step_mask
from recurra.tensor import Tensor
from recurra.tree import flatten, pack_as


@documented
class RNN(Layer):
    """Runs a cell over the time steps of sequences.

    A cell of your own is a `Layer` with `state_size` (an integer or a list of them) and `call(self, inputs, states)`,
    which takes one step's input (B, F) and the list of states and returns (output, new states). `output_size`,
    `get_initial_state(batch_size)` and a `training` argument are honoured where it has them.

    Args:
        cell: A built-in cell, a cell of your own, or a list of cells to stack.
        {recurrence arguments}
        {layer arguments}

    Call arguments:
        sequences: (B, T, F), or (B, T, ...) for a cell of your own.
        initial_state: The states to start from, (B, U) each; zeros (or the cell's own) by default.
        mask: Bool (B, T), true where a step counts. A masked step changes no state, and its values have no influence
            on any value or gradient.
        training: Whether dropout is active.
        lengths: Integers (B,), instead of a mask: the number of steps that count at the beginning of each sequence.

    Input shape:
        (B, T, F): sequences, steps, features.

    Output shape:
        (B, U), or (B, T, U) with return_sequences; with return_state followed by the states.

    Raises:
        ValueError: The object is no cell, or at the call inputs, states, masks or lengths do not fit.

    Example:
        >>> layer = recurra.layers.RNN([recurra.layers.LSTMCell(4), recurra.layers.GRUCell(2)])
        >>> layer(np.ones((2, 5, 3), "float32")).shape
        (2, 2)
    """

    config_arguments: ClassVar[tuple[str, ...]] = (
        "return_sequences",
        "return_state",
        "go_backwards",
        "stateful",
        "unroll",
        "zero_output_for_mask",
        "checkpoint",
        "cell",
    )
    layer_arguments: ClassVar[tuple[str, ...]] = ("cell",)
    _observer: Observer | None = None  # sees every step; see `observed`

    def __init__(
        self,
        cell: Any,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        zero_output_for_mask: bool = False,
        checkpoint: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        if isinstance(cell, (list, tuple)):
            cell = StackedRNNCells(cell)
        owner = type(self).__name__
        check_cell(owner, cell)
        if checkpoint and not (_built_in(cell) and _in_driver(cell)):
            raise ValueError(
                f"{owner}: checkpoint needs a built-in cell that is not linear in its state, got {type(cell).__name__}"
            )
        self._longest_skip = _longest_skip(cell)
        if self._longest_skip and (stateful or checkpoint):
            raise ValueError(
                f"{owner}: skip reads the states of several steps ago, which stateful=True does not "
                "carry and checkpoint=True does not store; leave them out"
            )
        self.cell = cell
        self._computes_with_floats = _built_in(cell)
        self._set_dtype(self._dtype)
        self.return_sequences = boolean(return_sequences, owner, "return_sequences")
        self.return_state = boolean(return_state, owner, "return_state")
        self.go_backwards = boolean(go_backwards, owner, "go_backwards")
        self.stateful = boolean(stateful, owner, "stateful")
        self.unroll = boolean(unroll, owner, "unroll")
        self.zero_output_for_mask = boolean(zero_output_for_mask, owner, "zero_output_for_mask")
        self.checkpoint = boolean(checkpoint, owner, "checkpoint")
        self.states: list[Any] | None = None
        self._carries = False  # whether the states come from a batch, and not from a reset
        self.input_spec = InputSpec(ndim=3) if _built_in(cell) else InputSpec(min_ndim=2)

    @property
    def state_size(self) -> list[Any]:
        size = self.cell.state_size
        return list(size) if isinstance(size, (list, tuple)) else [size]

    def build(self, input_shape: Any) -> None:
        if hasattr(self.cell, "build") and not getattr(self.cell, "built", False):
            self.cell.build((input_shape[0], *input_shape[2:]))
        if _built_in(self.cell):
            self.input_spec = InputSpec(ndim=3, axes={-1: input_shape[-1]})
        if self.stateful and input_shape[0] is not None:
            self.states = self.get_initial_state(input_shape[0])

    def get_initial_state(self, batch_size: int) -> list[Any]:
        """The list of states that sequences start from."""
        states = initial_state(self.cell, batch_size, self.compute_dtype)
        return list(states) if isinstance(states, (list, tuple)) else [states]

    def reset_states(self, rows: Sequence[int] | None = None) -> None:
        """Reset the carried states of a stateful layer to the initial ones.

        Args:
            rows: The sequences of the batch to reset; None resets all of them, after which the next batch may have
                another size.

        Raises:
            ValueError: A row is not in the batch.
        """
        super().reset_states()
        if self.states is None:
            return
        batch = flatten(self.states)[0].shape[0]
        fresh = self.get_initial_state(batch)
        if rows is None:
            self.states, self._carries = fresh, False
            return
        chosen = np.asarray(rows, dtype=np.int64).reshape(-1)
        if chosen.size and (chosen.min() < -batch or chosen.max() >= batch):
            raise ValueError(
                f"layer '{self.name}' ({type(self).__name__}): rows to reset must be below {batch}, got {rows}"
            )
        states = detached(self.states)
        for state, start in zip(flatten(states), flatten(fresh), strict=True):
            state.numpy()[chosen] = start.numpy()[chosen]
        self.states = states

    def reset_state(self) -> None:
        """The same as `reset_states()`."""
        self.reset_states()

    def call(
        self,
        sequences: Tensor,
        initial_state: Any = None,
        mask: Any = None,
        training: bool = False,
        lengths: Any = None,
    ) -> Any:
        batch, time = sequences.shape[:2]
        if time == 0:
            raise ValueError(f"expected at least one time step, got an input of shape {sequences.shape}")
        if self._longest_skip >= time:
            raise ValueError(
                f"expected more than {self._longest_skip} time steps, since skip reads back that many, got {time}"
            )
        steps = None if mask is None and lengths is None else step_mask(mask, lengths, batch, time)
        # Making zeros takes longer than a short call of the engine.
        zeros = initial_state is None and not self.stateful and self._starts_from_zeros()
        start = None if zeros else self._start(batch, initial_state)
        if training:
            drop_masks(self.cell)  # those of a call that was interrupted
        try:
            output, final = self._run(sequences, start, steps, bool(training))
        finally:
            if training or not zeros:
                drop_masks(self.cell)
        if self.stateful:
            self.states, self._carries = detached(final), True
        if lengths is not None and self.return_sequences:
            attach_mask(output, self._order(steps))
        return (output, *final) if self.return_state else output

    def _run(self, sequences: Tensor, start: Any, steps: Tensor | None, training: bool) -> tuple[Tensor, Any]:
        """The output and the final states, from the states `start` (None for zeros) and with the mask `steps`."""
        return run(self.cell, sequences, start, steps, self.run_options(), training, self._observer)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The mask of the output: with return_sequences that of the input, in the order of the outputs."""
        own = self._order(mask) if self.return_sequences else None
        return [own] + [None for _ in self.state_size] if self.return_state else own

    def compute_output_shape(self, input_shape: Any, initial_state_shape: Any = None) -> Any:
        batch, time = input_shape[:2]
        width = output_size(self.cell)
        output = (batch, time, width) if self.return_sequences else (batch, width)
        if not self.return_state:
            return output
        return (output, *(_state_shape(size, batch) for size in self.state_size))

    def run_options(self) -> RunOptions:
        """How the layer runs its cell at the moment."""
        wants_states = self.return_state or self.stateful
        return RunOptions(
            self.go_backwards, self.return_sequences, wants_states, self.zero_output_for_mask, self.checkpoint
        )

    def _starts_from_zeros(self) -> bool:
        kind: Any = type(self.cell)
        return type(self).get_initial_state is RNN.get_initial_state and starts_from_zeros(kind)

    def may_run_beside(self, training: bool) -> bool:
        """Whether the engine may compute a call later, beside another layer's: the call reads no result of its own."""
        return (
            getattr(self.call, "__func__", None) is RNN.call
            and type(self)._run is RNN._run
            and engine_layer(self.cell, self.run_options(), training) is not None
            and not (training and self.cell.statistics is not None)
            and not self.stateful
            and self._observer is None
            and self.activity_regularizer is None
        )

    @contextmanager
    def observed(self, observer: Observer) -> Iterator[None]:
        """Within it calls run step by step in Python, and `observer` sees each step; carried states stay as they are.

        A stateful layer starts from its initial states where it carries those of another number of sequences.
        """
        carried, before = (self.states, self._carries), self._observer
        self._observer = observer
        try:
            yield
        finally:
            self._observer = before
            self.states, self._carries = carried

    def _order(self, mask: Any) -> Any:
        return ops.flip(mask, axis=1) if mask is not None and self.go_backwards else mask

    def _start(self, batch: int, given: Any) -> list[Any]:
        if given is not None:
            return self._checked(given, batch)
        if not self.stateful:
            return self.get_initial_state(batch)
        if self.states is not None and flatten(self.states)[0].shape[0] != batch:
            if self._carries and self._observer is None:
                rows = flatten(self.states)[0].shape[0]
                raise ValueError(
                    f"a stateful layer carries the states of {rows} sequences, got a batch of {batch}; "
                    "give batches of one size, or call reset_states() in between"
                )
            self.states = None
        if self.states is None:
            self.states = self.get_initial_state(batch)
        return self.states

    def _checked(self, given: Any, batch: int) -> list[Any]:
        """The initial states in the structure of the cell's, in the layer's dtype."""
        sizes = self.state_size
        wanted = [(batch, int(size)) for size in flatten(sizes)]
        states = flatten(given)
        if len(states) != len(wanted):
            raise ValueError(f"expected {len(wanted)} initial states, got {len(states)}")
        for number, (state, shape) in enumerate(zip(states, wanted, strict=True)):
            if state is None or tuple(state.shape) != shape:
                got = None if state is None else tuple(state.shape)
                raise ValueError(f"expected an initial state {number} of shape {shape}, got {got}")
        return list(pack_as(sizes, [self._convert(state) for state in states]))


def stateful_layers(model: Any) -> list[RNN]:
    """The layers in a model that go on from the states of the batch before."""
    return [layer for layer in model._flatten_layers() if isinstance(layer, RNN) and layer.stateful]


def _state_shape(size: Any, batch: Any) -> Any:
    if isinstance(size, (list, tuple)):
        return [_state_shape(one, batch) for one in size]
    return (batch, int(size))


def _longest_skip(cell: Any) -> int:
    """The most steps that a built-in cell reads back, 0 where it reads the last one only."""
    cells = cell.cells if type(cell) is StackedRNNCells else [cell]
    return max((k for one in cells if isinstance(one, BuiltInCell) for k in one.skips), default=0)


def _in_driver(cell: Any) -> bool:
    cells = cell.cells if type(cell) is StackedRNNCells else [cell]
    return not any(isinstance(one, LinearCell) for one in cells)


def _built_in(cell: Any) -> bool:
    if type(cell) is StackedRNNCells:
        return all(_built_in(one) for one in cell.cells)
    return isinstance(cell, BuiltInCell)
