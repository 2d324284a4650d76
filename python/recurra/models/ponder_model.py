"""A model with a PonderNet in it: the loss of each pondering step, weighted by the probability of halting there."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import Any, ClassVar

import numpy as np

from recurra import checks, ops, random
from recurra.layers import Layer, PonderNet
from recurra.models.model import Model
from recurra.tensor import Tensor

_HALTS = ("sample", "most_probable")


class PonderModel(Model):
    """A chain of layers with one `PonderNet` in it, trained by `fit` as any other model.

        loss = Σ_n p_n L(y, ŷ_n) + β KL(p ‖ prior),   the mean over the batch

    Layers before the PonderNet run once, those behind it give an answer ŷ_n for the output of every step. The model's
    output, which metrics and `predict` see, is the answer of one step n for each row.

    Args:
        stack: A list of layers, one of them a `PonderNet`.
        halt: How that step is found: "sample" (default) draws n from p, as the cell would halt step by step;
            "most_probable" takes the n with the largest p.
        seed: Of the draws, an integer; default None, which draws one from the global generator.
        **options: `name`, `trainable`, `dtype`.

    Raises:
        ValueError: There is not exactly one PonderNet, or an argument is out of range.

    Example:
        >>> layers = recurra.layers
        >>> ponder = layers.PonderNet(layers.GRUCell(8), max_steps=4, prior=0.5)
        >>> model = recurra.models.PonderModel([ponder, layers.Dense(1, activation="sigmoid")], seed=1)
        >>> model.compile("adam", loss="binary_crossentropy", metrics=["accuracy"])
        >>> history = model.fit(np.ones((6, 3)), np.ones((6, 1)), verbose=0)
        >>> sorted(history.history)
        ['accuracy', 'loss', 'ponder_steps']
        >>> answers, p = model.pondered(np.ones((2, 3)))
        >>> answers.shape, p.shape
        ((2, 4, 1), (2, 4))

    Source: Banino et al., PonderNet: Learning to Ponder, 2021.
    """

    config_arguments: ClassVar[tuple[str, ...]] = ("stack", "halt", "seed")
    layer_arguments: ClassVar[tuple[str, ...]] = ("stack",)
    _steps: tuple[Tensor, Tensor] | None = None  # answers (B N, …) and p (B, N) of the last call

    def __init__(self, stack: Sequence[Layer], halt: str = "sample", seed: int | None = None, **options: Any) -> None:
        super().__init__(**options)
        owner = type(self).__name__
        if not isinstance(stack, (list, tuple)) or not all(isinstance(layer, Layer) for layer in stack):
            raise ValueError(f"{owner}: expected a list of layers, got {stack!r}")
        places = [place for place, layer in enumerate(stack) if isinstance(layer, PonderNet)]
        if len(places) != 1:
            raise ValueError(f"{owner}: expected exactly one PonderNet among the layers, got {len(places)}")
        self.stack = list(stack)
        self.halt = checks.one_of(halt, owner, "halt", _HALTS)
        self.seed = checks.seed(seed, owner)
        self.seed_generator = random.SeedGenerator(self.seed)
        self._place = places[0]

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_steps": None}

    @property
    def ponder(self) -> PonderNet:
        """The PonderNet."""
        layer: PonderNet = self.stack[self._place]
        return layer

    def call(self, inputs: Any, training: bool = False) -> Tensor:
        answers, p = self._answered(inputs)
        self._steps = answers, p
        batch, steps = p.shape
        with_rows = np.arange(batch) * steps + self._halted(p)
        return ops.take(answers, with_rows, axis=0)

    def _answered(self, inputs: Any) -> tuple[Tensor, Tensor]:
        """The answers (B N, …), row by row, and p (B, N)."""
        x = inputs
        for layer in self.stack[: self._place]:
            x = layer(x)
        outputs, p = self.ponder(x)
        answers = ops.reshape(outputs, (-1, outputs.shape[-1]))
        for layer in self.stack[self._place + 1 :]:
            answers = layer(answers)
        return answers, p

    def _halted(self, p: Tensor) -> np.ndarray:
        if self.halt == "most_probable":
            places: np.ndarray = np.argmax(p.numpy(), axis=1)
            return places
        logits = np.log(np.maximum(p.numpy(), np.finfo(p.dtype).tiny))
        drawn: np.ndarray = random.categorical(logits, 1, seed=self.seed_generator).numpy()
        return drawn[:, 0]

    def pondered(self, inputs: Any) -> tuple[Tensor, Tensor]:
        """The answers of all steps (B, N, …), and the probabilities p (B, N) of halting at each.

        Args:
            inputs: What the model is called on.
        """
        self(inputs, training=False)
        assert self._steps is not None
        answers, p = self._steps
        return ops.reshape(answers, (*p.shape, *answers.shape[1:])), p

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Tensor:
        """The loss of the last call's batch: that of each step times p, and all penalties."""
        compiled, _ = self._require_compiled("compute_loss")
        if y is None or self._steps is None:
            raise ValueError(f"model '{self.name}': the loss needs targets of the batch that the model was called on")
        if not compiled.parts:
            compiled.build([y], [y_pred], y_pred, self.output_names)
            self._restore_figures("losses")
        loss, factor = compiled.parts[0]
        answers, p = self._steps
        batch, steps = p.shape
        if loss is None:
            raise ValueError(f"model '{self.name}': there is no loss to train on; give compile a loss")
        single = copy(loss)
        single.reduction = "none"
        targets, weights = (_repeated(given, steps) for given in (y, sample_weight))
        values = single(targets, answers, weights)
        values = ops.mean(ops.reshape(values, (batch, steps, -1)), axis=2)
        total = ops.sum(p * values)
        total = total * (factor if loss.reduction == "sum" else factor / max(batch, 1))
        for penalty in self._penalties():
            total = total + penalty
        return total

    def compute_output_shape(self, input_shape: Any) -> Any:
        shape = input_shape
        for layer in self.stack:
            shape = layer.compute_output_shape(shape)
            if isinstance(layer, PonderNet):
                (batch, _, width), _ = shape
                shape = (batch, width)
        return shape


def _repeated(given: Any, times: int) -> Any:
    """Every row of an array several times in a row; None stays None."""
    if given is None:
        return None
    return np.repeat(given.numpy() if isinstance(given, Tensor) else np.asarray(given), times, axis=0)
