"""A recurrent layer that decides for itself how often its cell runs on each step of the sequence."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from recurra import checks, initializers, ops
from recurra.layers.documentation import documented
from recurra.layers.input_spec import InputSpec
from recurra.layers.pondering.flags import with_flag
from recurra.layers.pondering.halting import Halting, Ponderer
from recurra.layers.recurrent.observer import Observer
from recurra.layers.recurrent.protocol import output_size
from recurra.layers.recurrent.rnn import RNN
from recurra.layers.recurrent.single_step import check_single_steps
from recurra.layers.recurrent.step_loop import run_steps
from recurra.tensor import Tensor


@documented
class AdaptiveComputation(RNN):
    """Runs a cell on each step of the sequence as often as a halting unit asks for: adaptive computation time.

        s^n = S(s^{n-1}, [x_t; δ_{n,1}]),   h^n = σ(y^n w + b),   n = 1, 2, …
        N = min(max_steps, least n with h^1 + … + h^n ≥ 1 − ε),   R = 1 − (h^1 + … + h^{N-1})
        p^n = h^n for n < N, p^N = R,   y_t = Σ p^n y^n,   s_t = Σ p^n s^n

    s^0 is the state s_{t-1}, y^n the output of the cell, and the flag δ is 1 where the cell sees an input for the first
    time. The layer adds ponder_cost · Σ_t (N + R), the mean over the sequences, to the loss. N is a constant in the
    gradient. Rows that have halted are not computed further. `fit` and `evaluate` report `ponder_steps`, the mean N.

    Args:
        cell: A built-in cell, a cell of your own, or a list of cells to stack. It gets F + 1 features; its states are
            floating-point numbers.
        epsilon: ε, in (0, 1): how much of the probability may be left when a row halts; default 0.01.
        ponder_cost: τ, the price of a pondering step in the loss, at least 0; default 0.01.
        max_steps: The most pondering steps for a step of the sequence, at least 1; default 100.
        halting_bias: First value of b; the larger, the fewer steps at the beginning. Default 1.0.
        halting_initializer: First values of w; default "glorot_uniform".
        return_ponder: Whether N (B, T) follows the output, 0 at masked steps; default False.
        {recurrence arguments}
        {layer arguments}

    Call arguments:
        sequences: (B, T, F).
        initial_state: The states to start from; zeros (or the cell's own) by default.
        mask: Bool (B, T), true where a step counts. A masked step costs nothing and changes no state.
        training: Whether dropout is active.
        lengths: Integers (B,), instead of a mask: the number of steps that count at the beginning of each sequence.

    Input shape:
        (B, T, F): sequences, steps, features.

    Output shape:
        (B, U), or (B, T, U) with return_sequences; then N with return_ponder, and the states with return_state.

    Raises:
        ValueError: An argument is out of range, the object is no cell, or at the call inputs, states, masks or lengths
            do not fit.

    Example:
        >>> layer = recurra.layers.AdaptiveComputation(recurra.layers.GRUCell(4), return_ponder=True)
        >>> output, ponder = layer(np.ones((2, 5, 3), "float32"))
        >>> output.shape, ponder.shape
        ((2, 4), (2, 5))

    Source: Graves, Adaptive Computation Time for Recurrent Neural Networks, 2016.
    """

    config_arguments: ClassVar[tuple[str, ...]] = (
        "epsilon",
        "ponder_cost",
        "max_steps",
        "halting_bias",
        "halting_initializer",
        "return_ponder",
        *(name for name in RNN.config_arguments if name not in ("unroll", "checkpoint")),
    )

    def __init__(
        self,
        cell: Any,
        epsilon: float = 0.01,
        ponder_cost: float = 0.01,
        max_steps: int = 100,
        halting_bias: float = 1.0,
        halting_initializer: Any = "glorot_uniform",
        return_ponder: bool = False,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        zero_output_for_mask: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(
            cell,
            return_sequences=return_sequences,
            return_state=return_state,
            go_backwards=go_backwards,
            stateful=stateful,
            zero_output_for_mask=zero_output_for_mask,
            **options,
        )
        owner = type(self).__name__
        check_single_steps(owner, self.cell)
        self.epsilon = checks.number(epsilon, owner, "epsilon", above=0, below=1)
        self.ponder_cost = checks.number(ponder_cost, owner, "ponder_cost", least=0)
        self.max_steps = checks.whole_number(max_steps, owner, "max_steps", most=checks.MOST_STEPS)
        self.halting_bias = checks.number(halting_bias, owner, "halting_bias")
        self.halting_initializer = initializers.get(halting_initializer)
        self.return_ponder = checks.boolean(return_ponder, owner, "return_ponder")
        self.input_spec = InputSpec(ndim=3)

    def build(self, input_shape: Any) -> None:
        super().build(with_flag(input_shape))
        self.input_spec = InputSpec(ndim=3, axes={-1: input_shape[-1]})
        self.halting_kernel = self.add_weight(
            (output_size(self.cell), 1), self.halting_initializer, name="halting_kernel"
        )
        self.halting_offset = self.add_weight((1,), initializers.Constant(self.halting_bias), name="halting_bias")

    def call(
        self,
        sequences: Tensor,
        initial_state: Any = None,
        mask: Any = None,
        training: bool = False,
        lengths: Any = None,
    ) -> Any:
        results = super().call(sequences, initial_state, mask, training, lengths)
        ponder, self._ponder = self._ponder, None
        if not self.return_ponder:
            return results
        output, *states = results if self.return_state else (results,)
        return (output, ponder, *states)

    _ponder: Tensor | None = None  # N of the call that is running

    def _run(self, sequences: Tensor, start: Any, steps: Tensor | None, training: bool) -> tuple[Tensor, Any]:
        states = self.get_initial_state(sequences.shape[0]) if start is None else start
        if self._observer is not None:
            sequences, states = self._observer.begin(sequences, states, steps)
        halting = Halting(self.halting_kernel, self.halting_offset, self.epsilon, self.max_steps)
        ponderer = Ponderer(self.cell, halting, training, engine=self._observer is None)
        pondering = Pondering(ponderer, self.state_size, self._observer)
        result = run_steps(pondering, sequences, states, steps, self.run_options(), training, pondering)
        ponder = np.stack(pondering.steps, axis=1)
        self._charge(pondering, ponder)
        self._ponder = ops.convert_to_tensor(ponder.astype(sequences.dtype))
        return result

    def _charge(self, pondering: Pondering, ponder: np.ndarray) -> None:
        """Adds the cost of pondering to the loss, and N to the figures."""
        if self.ponder_cost > 0:
            batch = max(ponder.shape[0], 1)
            known = float(ponder.sum()) + pondering.whole_remainders
            total = ops.convert_to_tensor(np.asarray(known, self.compute_dtype))
            if pondering.remainders:
                total = total + ops.sum(ops.concatenate(pondering.remainders, axis=0))
            self.add_loss(total * (self.ponder_cost / batch))
        self.add_metric(ponder[ponder > 0], "ponder_steps")

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        own = super().compute_mask(inputs, mask)
        if not self.return_ponder:
            return own
        output, *states = own if self.return_state else [own]
        return [output, None, *states]

    def compute_output_shape(self, input_shape: Any, initial_state_shape: Any = None) -> Any:
        shapes = super().compute_output_shape(input_shape, initial_state_shape)
        if not self.return_ponder:
            return shapes
        output, *states = shapes if self.return_state else (shapes,)
        return (output, tuple(input_shape[:2]), *states)


class Pondering:
    """A call of the layer: a cell for the step loop, and its observer, which learns which rows count."""

    def __init__(self, ponderer: Ponderer, state_size: Any, inner: Observer | None) -> None:
        self.state_size = state_size
        self._ponderer, self._inner = ponderer, inner
        self._keep: Tensor | None = None
        self.steps: list[np.ndarray] = []  # N of each time step
        self.remainders: list[Tensor] = []  # R, of rows that count
        self.whole_remainders = 0.0  # sum of the R that are 1 because a row halted at once

    def call(self, inputs: Tensor, states: Any) -> tuple[Tensor, Any]:
        keep = None if self._keep is None else self._keep.numpy()
        pondered = self._ponderer.step(inputs, states, keep)
        self.steps.append(pondered.steps)
        if pondered.remainder is None:
            self.whole_remainders += float(np.count_nonzero(pondered.steps))
        else:
            counted = np.flatnonzero(pondered.steps)
            whole = counted.size == pondered.steps.size
            self.remainders.append(pondered.remainder if whole else ops.take(pondered.remainder, counted, axis=0))
        return pondered.output, pondered.states

    def before_step(self, keep: Tensor | None) -> None:
        self._keep = keep
        if self._inner is not None:
            self._inner.before_step(keep)

    def after_cell(self, output: Tensor, states: Any) -> Tensor:
        return output if self._inner is None else self._inner.after_cell(output, states)

    def after_step(self, states: Any) -> None:
        if self._inner is not None:
            self._inner.after_step(states)

    def begin(self, x: Tensor, states: Any, mask: Tensor | None) -> tuple[Tensor, Any]:
        """The layer lets the inner observer see the beginning."""
        return x, states
