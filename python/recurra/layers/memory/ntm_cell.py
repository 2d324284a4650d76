"""One step of the Neural Turing Machine."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from recurra import checks, ops
from recurra.layers.arguments import add_weight, store_weight_arguments
from recurra.layers.base import Layer
from recurra.layers.configuration import weight_arguments
from recurra.layers.documentation import documented
from recurra.layers.recurrent.cell import features_of
from recurra.layers.recurrent.protocol import check_cell, initial_state, output_size
from recurra.layers.recurrent.rnn import RNN
from recurra.layers.recurrent.single_step import check_single_steps, single_step
from recurra.layers.recurrent.stacked import StackedRNNCells
from recurra.tensor import Tensor
from recurra.tree import flatten, pack_as


@documented
class NTMCell(Layer):
    """One step of a Neural Turing Machine: a controller that reads and writes a memory through heads.

        h, controller' = controller([x; r])        output = [h'; r'], each number within ± clip
        p = h W + b, within ± clip: the parameters of all heads; see `ops.memory_step`
        w'_h = address(M, p_h, w_h)        r'_h = Σ_i w'_hi M_i
        M'_i = M_i Π_h (1 − w'_hi e_h) + Σ_h w'_hi a_h

    Heads compare their keys with the slots M_i, keep or leave the weights of the step before, shift and sharpen them.
    All heads address the memory of the step before; the read heads read it before the write heads change it. A layer
    behind it, mostly a `Dense`, makes the answer of the output.

    Args:
        controller: A cell, a list of cells to stack, or a layer of one step such as `Dense`, which has no state.
        memory_size: Slots N of the memory, at least 2 shift_range + 1; default 128.
        memory_dim: Numbers M in a slot; default 20.
        read_heads: R, at least 1; default 1.
        write_heads: W, at least 1; default 1.
        shift_range: The most slots that the weights of a head move in a step; default 1, which is one back or forth.
        memory_initializer: What the memory starts with: a number, which all of it has (default 1e-6), or "learned", a
            weight for each of its numbers.
        learned_start: Whether the first reads (tanh of a weight) and the first weights of the heads (softmax of a
            weight) are trained; default True. Else the reads start with 0 and each head at slot 0.
        clip: Bound of the parameters of the heads and of the output; None for no bound. Default 20.
        {weight arguments}
        {layer arguments}

    Input shape:
        One step (B, F) and the states: those of the controller, what was read (B, R M), the weights of the heads
        (B, (R + W) N), read heads first, and the memory (B, M N), of each number the values of all slots.

    Output shape:
        The output, (B, U + R M), and the new states.

    Raises:
        ValueError: An argument is out of range, the window of shifts is wider than the memory, or the controller does
            not fit.

    Example:
        >>> cell = recurra.layers.NTMCell(recurra.layers.GRUCell(8), memory_size=16, memory_dim=4)
        >>> cell.build((None, 3))
        >>> output, states = cell(np.ones((2, 3), "float32"), cell.get_initial_state(2))
        >>> output.shape, [state.shape for state in states]
        ((2, 12), [(2, 8), (2, 4), (2, 32), (2, 64)])

    Sources: Graves et al., Neural Turing Machines, 2014; Collier & Beel, Implementing Neural Turing Machines, 2018,
    for the start of the memory, the bounds and the activations of keys and added vectors.
    """

    config_arguments: ClassVar[tuple[str, ...]] = (
        "controller",
        "memory_size",
        "memory_dim",
        "read_heads",
        "write_heads",
        "shift_range",
        "memory_initializer",
        "learned_start",
        "clip",
        *weight_arguments("kernel", "bias"),
    )
    layer_arguments: ClassVar[tuple[str, ...]] = ("controller",)
    _computes_with_floats = True
    #: A loop over steps may use `call` itself: what a layer does around it takes longer than a small machine's step.
    takes_tensors_only: ClassVar[bool] = True

    def __init__(
        self,
        controller: Any,
        memory_size: int = 128,
        memory_dim: int = 20,
        read_heads: int = 1,
        write_heads: int = 1,
        shift_range: int = 1,
        memory_initializer: float | str = 1e-6,
        learned_start: bool = True,
        clip: float | None = 20.0,
        kernel_initializer: Any = "glorot_uniform",
        kernel_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_initializer: Any = "zeros",
        bias_regularizer: Any = None,
        bias_constraint: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        owner = type(self).__name__
        self.controller = StackedRNNCells(controller) if isinstance(controller, (list, tuple)) else controller
        if isinstance(self.controller, RNN):
            raise ValueError(f"{owner}: controller must be a cell such as LSTMCell, got the layer {controller!r}")
        self._recurs = hasattr(self.controller, "state_size")
        if self._recurs or not isinstance(self.controller, Layer):
            check_cell(owner, self.controller)
            check_single_steps(owner, self.controller)
        self.memory_size = checks.whole_number(memory_size, owner, "memory_size")
        self.memory_dim = checks.whole_number(memory_dim, owner, "memory_dim")
        self.read_heads = checks.whole_number(read_heads, owner, "read_heads")
        self.write_heads = checks.whole_number(write_heads, owner, "write_heads")
        self.shift_range = checks.whole_number(shift_range, owner, "shift_range", least=0)
        if 2 * self.shift_range + 1 > self.memory_size:
            raise ValueError(
                f"{owner}: shift_range={self.shift_range} makes a window of {2 * self.shift_range + 1} slots, wider "
                f"than memory_size={self.memory_size}; give at most shift_range={(self.memory_size - 1) // 2}"
            )
        self.memory_initializer = memory_initializer
        if not (isinstance(memory_initializer, str) and memory_initializer == "learned"):
            self.memory_initializer = _start_of_memory(memory_initializer, owner)
        self.learned_start = checks.boolean(learned_start, owner, "learned_start")
        self.clip = None if clip is None else checks.positive_number(clip, owner, "clip")
        store_weight_arguments(self, "kernel", kernel_initializer, kernel_regularizer, kernel_constraint)
        store_weight_arguments(self, "bias", bias_initializer, bias_regularizer, bias_constraint)

    @property
    def cells(self) -> list[Any]:
        """The controller: its dropout masks live as long as a sequence."""
        return [self.controller]

    @property
    def heads(self) -> int:
        """Read and write heads."""
        return self.read_heads + self.write_heads

    @property
    def state_size(self) -> list[int]:
        """Numbers of the controller's states, of what was read, of the heads' weights and of the memory."""
        own = [int(size) for size in flatten(self.controller.state_size)] if self._recurs else []
        read = self.read_heads * self.memory_dim
        return [*own, read, self.heads * self.memory_size, self.memory_dim * self.memory_size]

    @property
    def output_size(self) -> int:
        return self._controller_width() + self.read_heads * self.memory_dim

    def _controller_width(self) -> int:
        if self._recurs:
            return output_size(self.controller)
        return int(self.controller.compute_output_shape((None, self._read_width))[-1])

    def build(self, input_shape: Any) -> None:
        """Makes the controller's weights, head_kernel (U, P), head_bias and what is learned of the start."""
        self._read_width = features_of(input_shape) + self.read_heads * self.memory_dim
        if hasattr(self.controller, "build") and not getattr(self.controller, "built", False):
            self.controller.build((input_shape[0], self._read_width))
        head = self.memory_dim + 2 * self.shift_range + 4
        parameters = self.heads * head + self.write_heads * 2 * self.memory_dim
        self.head_kernel = add_weight(self, "kernel", (self._controller_width(), parameters), "head_kernel")
        self.head_bias = add_weight(self, "bias", (parameters,), "head_bias")
        self.initial_reads = self.initial_weights = self.initial_memory = None
        if self.learned_start:
            self.initial_reads = self.add_weight((self.read_heads, self.memory_dim), name="initial_reads")
            self.initial_weights = self.add_weight((self.heads, self.memory_size), name="initial_weights")
        if self.memory_initializer == "learned":
            self.initial_memory = self.add_weight((self.memory_dim, self.memory_size), name="initial_memory")

    def get_initial_state(self, batch_size: int) -> list[Tensor]:
        """The states that sequences start from.

        Args:
            batch_size: B.

        Raises:
            ValueError: What is learned of the start has not been made yet.
        """
        if not self.built and (self.learned_start or self.memory_initializer == "learned"):
            raise ValueError(f"{self.name}: the start is learned; call the layer or build(input_shape) first")
        dtype = self.compute_dtype
        own = flatten(initial_state(self.controller, batch_size, dtype)) if self._recurs else []
        *_, read, weights, memory = [(batch_size, size) for size in self.state_size]
        first = weights[1] // self.heads
        if self.initial_reads is None or self.initial_weights is None:
            at_first_slot = ops.tile(ops.one_hot(np.zeros(1, "int32"), first, dtype=dtype), (1, self.heads))
            starts = [ops.zeros(read, dtype=dtype), ops.broadcast_to(at_first_slot, weights)]
        else:
            starts = [
                _for_each(ops.tanh(self.initial_reads), read),
                _for_each(ops.softmax(self.initial_weights), weights),
            ]
        if self.initial_memory is not None:
            return [*own, *starts, _for_each(self.initial_memory, memory)]
        return [*own, *starts, ops.full(memory, self.memory_initializer, dtype=dtype)]

    def call(self, inputs: Tensor, states: Any, training: bool = False) -> tuple[Tensor, list[Tensor]]:
        *own, read, weights, memory = states
        batch = inputs.shape[0]
        h, own = self._control(ops.concatenate([inputs, read], axis=-1), own, training)
        read, weights, memory = ops.memory_step(
            ops.reshape(memory, (batch, self.memory_dim, self.memory_size)),
            self._bounded(ops.dense(h, self.head_kernel, self.head_bias)),
            ops.reshape(weights, (batch, self.heads, self.memory_size)),
            self.read_heads,
            self.shift_range,
        )
        read, weights, memory = [ops.reshape(one, (batch, -1)) for one in (read, weights, memory)]
        return self._bounded(ops.concatenate([h, read], axis=-1)), [*own, read, weights, memory]

    def _control(self, x: Tensor, states: list[Tensor], training: bool) -> tuple[Tensor, list[Tensor]]:
        if not self._recurs:
            return self.controller(
                x, **({"training": training} if self.controller._signature.takes_training else {})
            ), []
        h, new = single_step(self.controller, x, pack_as(_listed(self.controller.state_size), states), training)
        return h, flatten(new)

    def _bounded(self, x: Tensor) -> Tensor:
        return x if self.clip is None else ops.clip(x, -self.clip, self.clip)


def _start_of_memory(value: Any, owner: str) -> float:
    if isinstance(value, str):
        raise ValueError(f'{owner}: memory_initializer must be a number or "learned", got {value!r}')
    return checks.plain_number(value, owner, "memory_initializer")


def _for_each(start: Tensor, shape: tuple[int, int]) -> Tensor:
    return ops.broadcast_to(ops.reshape(start, (1, -1)), shape)


def _listed(size: Any) -> list[Any]:
    return list(size) if isinstance(size, (list, tuple)) else [size]
