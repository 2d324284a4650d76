"""The Neural Turing Machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from recurra.layers.documentation import documented
from recurra.layers.input_spec import InputSpec
from recurra.layers.memory.addresses import Addresses, AddressRecorder
from recurra.layers.memory.ntm_cell import NTMCell
from recurra.layers.recurrent.rnn import RNN
from recurra.tensor import no_grad


@documented
class NTM(RNN):
    """Neural Turing Machine: a recurrent layer that reads and writes a memory through heads.

        h_t = controller([x_t; r_{t-1}])        y_t = [h_t; r_t], each number within ± clip
        p = h_t W + b, within ± clip: the parameters of all heads, for each a key k (tanh), strength β (softplus),
        gate g (σ), shifts s (softmax) and sharpening γ (1 + softplus); for write heads erase e (σ) and add a (tanh)
        c = softmax(β cos(k, M_i))      u = g c + (1 − g) w_{t-1}      ŵ_i = Σ_j u_{i−j} s_j      w_t = ŵ^γ / Σ ŵ^γ
        r_t = Σ_i w_ti M_i,  M the memory before this step's writing        M_i ← M_i Π (1 − w_ti e) + Σ w_ti a

    Products and sums stand for all heads. A layer behind it, mostly a `Dense`, makes the answer of the output. The
    step of the heads is one operation, `ops.memory_step`.

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
        {recurrence arguments}
        {layer arguments}

    Call arguments:
        sequences: (B, T, F).
        initial_state: The states to start from, as `get_initial_state` gives them.
        mask: Bool (B, T), true where a step counts. A masked step changes neither states nor memory.
        training: Whether dropout of the controller is active.
        lengths: Integers (B,), instead of a mask.

    Input shape:
        (B, T, F): sequences, steps, features.

    Output shape:
        (B, U + R M), or (B, T, U + R M) with return_sequences; with return_state followed by the states: those of the
        controller, what was read (B, R M), the weights of the heads (B, (R + W) N), read heads first, and the memory
        (B, M N), of each number the values of all slots.

    Raises:
        ValueError: An argument is out of range, the window of shifts is wider than the memory, the controller does not
            fit, or at the call an input, state, mask or length does not.

    Example:
        >>> layer = recurra.layers.NTM(recurra.layers.LSTMCell(8), memory_size=16, memory_dim=4, return_sequences=True)
        >>> x = np.ones((2, 5, 3), "float32")
        >>> layer(x).shape
        (2, 5, 12)
        >>> layer.addresses(x).read.shape
        (2, 5, 1, 16)

    Sources: Graves et al., Neural Turing Machines, 2014; Collier & Beel, Implementing Neural Turing Machines, 2018,
    for the start of the memory, the bounds and the activations of keys and added vectors.
    """

    config_arguments: ClassVar[tuple[str, ...]] = (
        *(name for name in RNN.config_arguments if name not in ("cell", "unroll", "checkpoint")),
        *NTMCell.config_arguments,
    )
    layer_arguments: ClassVar[tuple[str, ...]] = ("controller",)
    cell: NTMCell

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
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        zero_output_for_mask: bool = False,
        **options: Any,
    ) -> None:
        given = locals()
        of_cell = {name: given[name] for name in NTMCell.config_arguments}
        shared = {name: options[name] for name in ("dtype", "trainable") if name in options}
        of_layer = {name: given[name] for name in type(self).config_arguments if name not in of_cell}
        super().__init__(self._make_cell(of_cell | shared), **of_layer, **options)
        self._computes_with_floats = True
        self._set_dtype(self._dtype)
        self.input_spec = InputSpec(ndim=3)

    def _make_cell(self, arguments: dict[str, Any]) -> NTMCell:
        try:
            return NTMCell(**arguments, name="ntm_cell")
        except ValueError as error:  # names the cell, which the user did not make
            raise ValueError(str(error).replace("NTMCell:", f"{type(self).__name__}:", 1)) from None

    if TYPE_CHECKING:  # what is read from the cell
        controller: Any
        memory_size: int
        memory_dim: int
        read_heads: int
        write_heads: int
        shift_range: int
        memory_initializer: float | str
        learned_start: bool
        clip: float | None
    else:

        def __getattr__(self, name: str) -> Any:
            if name in NTMCell.config_arguments and "cell" in vars(self):
                return getattr(self.cell, name)
            return super().__getattr__(name)

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        self.input_spec = InputSpec(ndim=3, axes={-1: input_shape[-1]})

    def addresses(self, sequences: Any, initial_state: Any = None, mask: Any = None) -> Addresses:
        """The weights that the heads give to the slots at each step; carried states stay as they are.

        Args:
            sequences: (B, T, F).
            initial_state: As for a call.
            mask: As for a call. A masked step repeats the weights before it.

        Returns:
            `read`, (B, T, read heads, N), and `write`, (B, T, write heads, N), in the order in which the steps are
            read. `plotting.addresses` draws those of one head.

        Raises:
            ValueError: Input, states or mask do not fit.
        """
        recorder = AddressRecorder()
        with self.observed(recorder), no_grad():
            self(sequences, initial_state=initial_state, mask=mask)
        weights = np.stack(recorder.weights, axis=1)
        weights = weights.reshape(*weights.shape[:2], self.cell.heads, self.memory_size)
        return Addresses(weights[:, :, : self.read_heads], weights[:, :, self.read_heads :])
