"""A recurrent layer that computes several steps of its cell for each step of the sequence."""

from __future__ import annotations

from typing import Any, ClassVar

from recurra import ops
from recurra.checks import MOST_STEPS, whole_number
from recurra.layers.documentation import documented
from recurra.layers.input_spec import InputSpec
from recurra.layers.pondering.flags import repeated, with_flag
from recurra.layers.recurrent.observer import Observer
from recurra.layers.recurrent.rnn import RNN
from recurra.layers.recurrent.sequence import run
from recurra.layers.recurrent.single_step import check_single_steps
from recurra.tensor import Tensor


@documented
class Repeat(RNN):
    """Runs a cell n times on each step of the sequence, the fixed counterpart of `AdaptiveComputation`.

        s_t^k = S(s_t^{k-1}, [x_t; δ_{k,1}]) for k = 1 … n,      s_{t+1}^0 = s_t^n,      y_t = y_t^n

    The flag δ is 1 where the cell sees an input for the first time. A built-in cell runs over all n T steps in one call
    of the engine.

    Args:
        cell: A built-in cell, a cell of your own, or a list of cells to stack. It gets F + 1 features.
        n: How often the cell runs on each step, at least 1; default 2.
        {recurrence arguments}
        {layer arguments}

    Call arguments:
        sequences: (B, T, F).
        initial_state: The states to start from; zeros (or the cell's own) by default.
        mask: Bool (B, T), true where a step counts.
        training: Whether dropout is active.
        lengths: Integers (B,), instead of a mask: the number of steps that count at the beginning of each sequence.

    Input shape:
        (B, T, F): sequences, steps, features.

    Output shape:
        (B, U), or (B, T, U) with return_sequences; with return_state followed by the states.

    Raises:
        ValueError: n is below 1, the object is no cell, or at the call inputs, states, masks or lengths do not fit.

    Example:
        >>> layer = recurra.layers.Repeat(recurra.layers.GRUCell(4), 3)
        >>> layer(np.ones((2, 5, 3), "float32")).shape
        (2, 4)

    Source: Fojo et al., Comparing Fixed and Adaptive Computation Time for Recurrent Neural Networks, 2018.
    """

    config_arguments: ClassVar[tuple[str, ...]] = ("n", *RNN.config_arguments)

    def __init__(
        self,
        cell: Any,
        n: int = 2,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        zero_output_for_mask: bool = False,
        checkpoint: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(
            cell,
            return_sequences,
            return_state,
            go_backwards,
            stateful,
            unroll,
            zero_output_for_mask,
            checkpoint,
            **options,
        )
        owner = type(self).__name__
        check_single_steps(owner, self.cell)
        self.n = whole_number(n, owner, "n", most=MOST_STEPS)
        self.input_spec = InputSpec(ndim=3)

    def build(self, input_shape: Any) -> None:
        super().build(with_flag(input_shape))
        self.input_spec = InputSpec(ndim=3, axes={-1: input_shape[-1]})

    def _run(self, sequences: Tensor, start: Any, steps: Tensor | None, training: bool) -> tuple[Tensor, Any]:
        options, observer = self.run_options(), None
        if self._observer is not None:
            start = self.get_initial_state(sequences.shape[0]) if start is None else start
            sequences, start = self._observer.begin(sequences, start, steps)
            options, observer = options._replace(engine=False), _LastOfEach(self._observer, self.n)
        if self.go_backwards:  # the flag comes with the step that is read first
            sequences = ops.flip(sequences, axis=1)
            steps = None if steps is None else ops.flip(steps, axis=1)
            options = options._replace(go_backwards=False)
        steps = None if steps is None else ops.repeat(steps, self.n, axis=1)
        x = repeated(sequences, self.n)
        output, final = run(self.cell, x, start, steps, options, training, observer)
        return output[:, self.n - 1 :: self.n] if self.return_sequences else output, final


class _LastOfEach:
    """Shows an observer the last of every n steps of the cell, which is where a step of the sequence ends."""

    def __init__(self, inner: Observer, n: int) -> None:
        self._inner, self._n, self._done = inner, n, 0

    def begin(self, x: Tensor, states: Any, mask: Tensor | None) -> tuple[Tensor, Any]:
        return x, states

    def before_step(self, keep: Tensor | None) -> None:
        self._inner.before_step(keep)

    def after_cell(self, output: Tensor, states: Any) -> Tensor:
        self._done += 1
        return output if self._done % self._n else self._inner.after_cell(output, states)

    def after_step(self, states: Any) -> None:
        if self._done % self._n == 0:
            self._inner.after_step(states)
