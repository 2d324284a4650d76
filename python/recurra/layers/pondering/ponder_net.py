"""Pondering on one input: the outputs of all steps, and the probability of halting at each."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from recurra import checks, initializers, ops
from recurra.layers.base import Layer
from recurra.layers.documentation import documented
from recurra.layers.input_spec import InputSpec
from recurra.layers.recurrent.protocol import check_cell, drop_masks, initial_state, output_size
from recurra.layers.recurrent.run_options import RunOptions
from recurra.layers.recurrent.sequence import run
from recurra.layers.recurrent.single_step import check_single_steps
from recurra.layers.recurrent.stacked import StackedRNNCells
from recurra.tensor import Tensor
from recurra.tree import flatten, pack_as

_ALL_STEPS = RunOptions(return_sequences=True)


@documented
class PonderNet(Layer):
    """Runs a cell on one input again and again, and says with which probability each step is the last one.

        h_n = S(h_{n-1}, x),   λ_n = σ(y_n w + b),   p_n = λ_n Π_{j<n} (1 − λ_j),   n = 1 … max_steps

    y_n is the output of the cell; the last p is what the others leave, so that they sum to 1. The layer adds
    beta · KL(p ‖ geometric distribution of `prior`), the mean over the batch, to the loss. The rest of the loss,
    Σ p_n L_n, needs targets: `models.PonderModel` takes care of it. `fit` and `evaluate` report `ponder_steps`, the
    mean of Σ n p_n. A built-in cell runs over all steps in one call of the engine.

    Args:
        cell: A built-in cell, a cell of your own, or a list of cells to stack.
        max_steps: The number of steps, at least 1; default 20.
        prior: Probability of halting, in (0, 1), of the distribution that p is drawn to; its mean is 1 / prior steps.
            Default 0.2.
        beta: Weight of the divergence in the loss, at least 0; default 0.01.
        halting_bias: First value of b; default None, with which λ starts at `prior` where y w is 0.
        halting_initializer: First values of w; default "glorot_uniform".
        {layer arguments}

    Call arguments:
        inputs: (B, F).
        initial_state: The states to start from; zeros (or the cell's own) by default.
        training: Whether the cell's dropout is active.

    Input shape:
        (B, F): one input each.

    Output shape:
        The outputs (B, N, U) and the probabilities p (B, N), N = max_steps.

    Raises:
        ValueError: An argument is out of range, the object is no cell, or at the call the states do not fit.

    Example:
        >>> layer = recurra.layers.PonderNet(recurra.layers.GRUCell(4), max_steps=5)
        >>> outputs, p = layer(np.ones((2, 3), "float32"))
        >>> outputs.shape, p.numpy().sum(axis=1).round(4)
        ((2, 5, 4), array([1., 1.], dtype=float32))

    Source: Banino et al., PonderNet: Learning to Ponder, 2021.
    """

    config_arguments: ClassVar[tuple[str, ...]] = (
        "cell",
        "max_steps",
        "prior",
        "beta",
        "halting_bias",
        "halting_initializer",
    )
    layer_arguments: ClassVar[tuple[str, ...]] = ("cell",)
    _computes_with_floats = True

    def __init__(
        self,
        cell: Any,
        max_steps: int = 20,
        prior: float = 0.2,
        beta: float = 0.01,
        halting_bias: float | None = None,
        halting_initializer: Any = "glorot_uniform",
        **options: Any,
    ) -> None:
        super().__init__(**options)
        owner = type(self).__name__
        if isinstance(cell, (list, tuple)):
            cell = StackedRNNCells(cell)
        check_cell(owner, cell)
        check_single_steps(owner, cell)
        self.cell = cell
        self.max_steps = checks.whole_number(max_steps, owner, "max_steps", most=checks.MOST_STEPS)
        self.prior = checks.number(prior, owner, "prior", above=0, below=1)
        self.beta = checks.number(beta, owner, "beta", least=0)
        self.halting_bias = None if halting_bias is None else checks.number(halting_bias, owner, "halting_bias")
        self.halting_initializer = initializers.get(halting_initializer)
        self.input_spec = InputSpec(ndim=2)

    def build(self, input_shape: Any) -> None:
        self.input_spec = InputSpec(ndim=2, axes={-1: input_shape[-1]})
        if hasattr(self.cell, "build") and not getattr(self.cell, "built", False):
            self.cell.build(input_shape)
        start = math.log(self.prior) - math.log1p(-self.prior) if self.halting_bias is None else self.halting_bias
        self.halting_kernel = self.add_weight(
            (output_size(self.cell), 1), self.halting_initializer, name="halting_kernel"
        )
        self.halting_offset = self.add_weight((1,), initializers.Constant(start), name="halting_bias")

    def call(self, inputs: Tensor, initial_state: Any = None, training: bool = False) -> tuple[Tensor, Tensor]:
        batch, features = inputs.shape
        steps = self.max_steps
        x = ops.broadcast_to(ops.expand_dims(inputs, 1), (batch, steps, features))
        if training:
            drop_masks(self.cell)  # those of a call that was interrupted
        try:
            outputs, _ = run(self.cell, x, self._start(initial_state, batch), None, _ALL_STEPS, training)
        finally:
            drop_masks(self.cell)
        logits = ops.reshape(ops.dense(outputs, self.halting_kernel, self.halting_offset), (batch, steps))
        log_p = _log_probabilities(logits)
        p = ops.exp(log_p)
        if self.beta > 0:
            divergence = ops.sum(p * (log_p - self._log_prior(p.dtype)))
            self.add_loss(divergence * (self.beta / max(batch, 1)))
        self.add_metric(p.numpy() @ np.arange(1, steps + 1, dtype=p.dtype), "ponder_steps")
        return outputs, p

    def _log_prior(self, dtype: str) -> np.ndarray:
        """Logarithms of the geometric distribution, whose rest falls to the last step."""
        before = np.arange(self.max_steps) * math.log1p(-self.prior)
        halts = np.full(self.max_steps, math.log(self.prior))
        halts[-1] = 0.0
        prior: np.ndarray = (before + halts).astype(dtype)
        return prior

    def _start(self, given: Any, batch: int) -> Any:
        start = initial_state(self.cell, batch, self.compute_dtype)
        start = list(start) if isinstance(start, (list, tuple)) else [start]
        if given is None:
            return start
        states, wanted = flatten(given), [tuple(one.shape) for one in flatten(start)]
        shapes = [tuple(one.shape) for one in states]
        if shapes != wanted:
            raise ValueError(f"expected initial states of shapes {wanted}, got {shapes}")
        return pack_as(start, [self._convert(state) for state in states])

    def compute_output_shape(self, input_shape: Any, initial_state_shape: Any = None) -> Any:
        batch = input_shape[0]
        return (batch, self.max_steps, output_size(self.cell)), (batch, self.max_steps)


def _log_probabilities(logits: Tensor) -> Tensor:
    """log p_n of the logits of λ (B, N): log λ_n + Σ_{j<n} log (1 − λ_j), and without log λ_n at the last step."""
    goes_on = ops.log_sigmoid(-logits)
    halts = ops.log_sigmoid(logits)
    before = ops.cumsum(goes_on, axis=1) - goes_on
    last = np.arange(logits.shape[1]) == logits.shape[1] - 1
    log_p: Tensor = before + ops.where(last, 0.0, halts)
    return log_p
