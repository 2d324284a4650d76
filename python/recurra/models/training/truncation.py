"""Truncated backpropagation through time: streams of any length, cut into windows that are trained one after another.

With truncate=(k1, k2) the weights are updated every k1 time steps. An update uses the losses of the k1 steps since the
last one, so that every step's loss counts once, and their gradient goes back through the last k2 ≥ k1 steps:

    θ ← step(θ, ∂/∂θ Σ_{t−k1 < s ≤ t} ℓ_s(θ, h_{t−k2}))      at t = k1, 2 k1, …

where h_{t−k2} is the state carried from the window before, a constant. The gradient is exact for this function: where
windows overlap (k2 > k1), the k2 steps are run anew with the weights at hand. k1 = k2 cuts the stream into pieces
without overlap and runs every step once.

Source: Williams and Peng, "An efficient gradient-based algorithm for on-line training of recurrent network
trajectories", 1990, where it is BPTT(h; h') with h = k2 and h' = k1; Sutskever, "Training recurrent neural networks",
2013, section 2.8.6, where it is TBPTT(k1, k2).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from recurra.checks import is_whole_number
from recurra.layers.masks import attach_mask, mask_of
from recurra.layers.recurrent.rnn import RNN
from recurra.tensor import Tensor, no_grad
from recurra.tree import flatten, map_structure, pack_as

if TYPE_CHECKING:
    from recurra.models.data.arrays import Batch
    from recurra.models.training.compilation import Compilation


@dataclass(frozen=True)
class Window:
    """`length` steps of a batch: inputs of all of them, targets and weights of the last `steps`, whose loss counts."""

    x: Any
    y: Any
    sample_weight: Any
    length: int
    steps: int

    def outputs(self, y_pred: Any) -> Any:
        """The outputs of the steps whose loss counts."""
        return map_structure(self._last, y_pred)

    def _last(self, output: Tensor) -> Tensor:
        if output.ndim < 2 or output.shape[1] != self.length:
            raise ValueError(
                f"truncate needs an output for every time step, got {tuple(output.shape)} for {self.length} steps; "
                "use return_sequences=True in all recurrent layers"
            )
        return output if self.steps == self.length else _cut(output, self.length - self.steps, self.length)


class Truncation:
    """Windows of a model's batches.

    Args:
        model: A model with stateful recurrent layers that read forwards.
        truncate: (k1, k2), integers with 1 ≤ k1 ≤ k2.

    Raises:
        ValueError: Other numbers, or a model that cannot be trained so; the message says why.
    """

    def __init__(self, model: Compilation, truncate: Any) -> None:
        self.model = model
        self.every, self.back = _checked(truncate)
        self.layers = [layer for layer in model._flatten_layers() if isinstance(layer, RNN)]
        if not self.layers:
            raise ValueError(f"model '{model.name}': truncate is for recurrent layers, and there are none")
        for layer in self.layers:
            if layer.go_backwards:
                raise ValueError(
                    f"layer '{layer.name}': truncate is for layers that read forwards; this one begins at the end of "
                    "the sequence, which a window of a stream does not have"
                )
            if not layer.stateful:
                raise ValueError(
                    f"layer '{layer.name}': truncate carries the state from window to window, which needs a layer "
                    "made with stateful=True"
                )

    def windows(self, batch: Batch) -> Iterator[Window]:
        """The windows of a batch (B, T, ...), one after another; between them the weights may change.

        The states of the layers go on from where they are, and are those of the last step in the end.
        """
        x, y, sample_weight = batch
        streams, time = self._streams(x)
        _check_targets(y, time)
        overlap, begin = self.back - self.every, 0
        for first in range(0, time, self.every):
            stop = min(first + self.every, time)
            following = max(0, stop - overlap) if stop < time else time
            start = self._states_after(x, streams, begin, following) if following < stop else None
            window = Window(
                _window(x, streams, begin, stop),
                pack_as(y, [_cut(array, first, stop) for array in flatten(y)]),
                pack_as(sample_weight, [_cut_weight(array, first, stop, time) for array in flatten(sample_weight)]),
                stop - begin,
                stop - first,
            )
            if not _is_padding(window.x, window.steps):
                yield window
            elif start is None:
                start = self._states_after(x, streams, begin, following)
            if start is not None:
                self.restore(start)
            begin = following

    def _states_after(self, x: Any, streams: list[bool], begin: int, stop: int) -> list[Any]:
        """The states after the steps begin … stop, with the layers left as they are."""
        before = self.states()
        if begin == stop:
            return before
        with no_grad():
            self.model(_window(x, streams, begin, stop), training=True)
        after = self.states()
        self.restore(before)
        return after

    def states(self) -> list[Any]:
        """What the layers carry."""
        return [(layer.states, layer._carries) for layer in self.layers]

    def restore(self, states: list[Any]) -> None:
        """Puts back what `states` gave."""
        for layer, (own, carries) in zip(self.layers, states, strict=True):
            layer.states, layer._carries = own, carries

    @contextmanager
    def put_aside(self) -> Iterator[None]:
        """Within it the layers start from fresh states; after it they go on from where they were."""
        states = self.states()
        for layer in self.layers:
            layer.reset_states()
        try:
            yield
        finally:
            self.restore(states)

    def _streams(self, x: Any) -> tuple[list[bool], int]:
        """Which inputs have time steps to cut, and how many steps."""
        inputs = flatten(x)
        known = {tensor.name: tensor for tensor in self.model.inputs}
        wanted = [known[name] for name in x] if isinstance(x, Mapping) and set(x) == set(known) else self.model.inputs
        if len(wanted) == len(inputs):
            streams = [len(tensor.shape) > 1 and tensor.shape[1] is None for tensor in wanted]
            if not any(streams):
                raise ValueError(
                    f"model '{self.model.name}': truncate needs an input with an open number of time steps, such as "
                    f"Input((None, features)); the inputs have {', '.join(str(tensor.shape) for tensor in wanted)}"
                )
        else:
            streams = [array.ndim > 1 for array in inputs]
        times = {array.shape[1] for array, stream in zip(inputs, streams, strict=True) if stream}
        if len(times) != 1:
            raise ValueError(
                f"truncate: the inputs must have the same number of time steps, got {sorted(times) or 'no time axis'}"
            )
        return streams, times.pop()


def _checked(truncate: Any) -> tuple[int, int]:
    pair = tuple(truncate) if isinstance(truncate, (tuple, list)) else ()
    if len(pair) != 2 or not all(is_whole_number(k) and k >= 1 for k in pair):
        raise ValueError(f"truncate must be (k1, k2), two integers >= 1, got {truncate!r}")
    every, back = int(pair[0]), int(pair[1])
    if back < every:
        raise ValueError(
            f"truncate=(k1, k2) needs k1 <= k2, got {every} > {back}: of the {every} steps between two updates the "
            f"first {every - back} would never be learned"
        )
    return every, back


def _check_targets(y: Any, time: int) -> None:
    for target in flatten(y):
        if target is not None and (target.ndim < 2 or target.shape[1] != time):
            raise ValueError(
                f"truncate needs a target for every one of the {time} time steps, got y of shape {tuple(target.shape)}"
            )


def _window(x: Any, streams: list[bool], begin: int, stop: int) -> Any:
    cut = [_cut(a, begin, stop) if stream else a for a, stream in zip(flatten(x), streams, strict=True)]
    return pack_as(x, cut)


def _cut(array: Any, begin: int, stop: int) -> Any:
    """Steps begin … stop, with their mask."""
    if array is None:
        return None
    part = array[:, begin:stop]
    if not isinstance(array, Tensor):
        return np.ascontiguousarray(part)
    mask = mask_of(array)
    if mask is not None:
        attach_mask(part, mask[:, begin:stop])
    return part


def _cut_weight(array: Any, begin: int, stop: int, time: int) -> Any:
    """Weights of samples stay as they are, those of time steps are cut."""
    return _cut(array, begin, stop) if array is not None and array.ndim > 1 and array.shape[1] == time else array


def _is_padding(x: Any, steps: int) -> bool:
    """Whether the masks of all inputs leave out the last steps in every sequence: there is nothing to learn."""
    masks = [mask_of(array) for array in flatten(x)]
    return all(mask is not None and not mask.numpy()[:, -steps:].any() for mask in masks)
