"""A recurrent layer and its mirror image, which reads the sequence from its end."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any, ClassVar

from recurra import ops, serialization
from recurra._engine import SideBySide
from recurra.checks import one_of
from recurra.layers.base import Layer
from recurra.layers.documentation import documented
from recurra.layers.masks import attach_mask
from recurra.layers.recurrent.rnn import RNN
from recurra.layers.recurrent.step_mask import step_mask
from recurra.tensor import Tensor
from recurra.tree import flatten

_MERGES = ("concat", "sum", "ave", "mul", None)
_SHARED = ("return_sequences", "return_state", "stateful")


@documented
class Bidirectional(Layer):
    """Reads sequences in both directions and merges the outputs of the two.

    With return_sequences the outputs of the backward layer are reversed in time, so that both halves of a step describe
    that step, and masked steps are zero. With return_state the states of the forward layer and then of the backward
    layer follow the output; `initial_state` takes them in the same order.

    Args:
        layer: A recurrent layer; a copy of it with its own weights reads forwards.
        merge_mode: "concat", "sum", "ave" (mean), "mul", or None for both outputs unmerged; default "concat".
        weights: Initial weights, those of the forward layer and then those of the backward layer; default None.
        backward_layer: The layer that reads backwards, made with go_backwards=True; default None, a copy of `layer`.
        {layer arguments}

    Input shape:
        (B, T, F): sequences, steps, features. The call also takes `initial_state`, `mask` (B, T) and `lengths` (B,);
        see `RNN`.

    Output shape:
        (B, 2U), or (B, T, 2U) with return_sequences, with "concat"; (B, U) or (B, T, U) with the other merges; two
        outputs with None.

    Raises:
        ValueError: merge_mode is unknown, a layer cannot read backwards, or the two layers do not fit together.

    Example:
        >>> layer = recurra.layers.Bidirectional(recurra.layers.GRU(4, return_sequences=True))
        >>> layer(np.ones((2, 5, 3), "float32")).shape
        (2, 5, 8)

    Source: Schuster & Paliwal, Bidirectional Recurrent Neural Networks, 1997.
    """

    config_arguments: ClassVar[tuple[str, ...]] = ("merge_mode", "layer", "backward_layer")
    layer_arguments: ClassVar[tuple[str, ...]] = ("layer", "backward_layer")

    def __init__(
        self,
        layer: Any,
        merge_mode: str | None = "concat",
        weights: Sequence[Any] | None = None,
        backward_layer: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        for given in (layer,) if backward_layer is None else (layer, backward_layer):
            if not (isinstance(given, Layer) and hasattr(given, "go_backwards")):
                raise ValueError(f"Bidirectional: expected a recurrent layer such as GRU, got {type(given).__name__}")
        self.merge_mode = one_of(merge_mode, "Bidirectional", "merge_mode", _MERGES)
        self.forward_layer: Any = _copy(layer, "forward_")
        self.backward_layer: Any = backward_layer
        if backward_layer is None:
            self.backward_layer = _copy(layer, "backward_", go_backwards=not layer.go_backwards)
        self._check_pair()
        for side in (self.forward_layer, self.backward_layer):
            side.zero_output_for_mask = side.return_sequences
        self._first_weights = None if weights is None else [Tensor(value).numpy().copy() for value in weights]

    @property
    def layer(self) -> Any:
        """The layer that reads forwards, `forward_layer`."""
        return self.forward_layer

    @property
    def return_sequences(self) -> bool:
        return bool(self.forward_layer.return_sequences)

    @property
    def return_state(self) -> bool:
        return bool(self.forward_layer.return_state)

    @property
    def stateful(self) -> bool:
        return bool(self.forward_layer.stateful)

    @property
    def states(self) -> list[Any] | None:
        """The states carried by both layers, or None."""
        forward, backward = self.forward_layer.states, self.backward_layer.states
        return None if forward is None or backward is None else forward + backward

    def build(self, input_shape: Any) -> None:
        for side in (self.forward_layer, self.backward_layer):
            if not side.built:
                side.build(input_shape)
        self.input_spec = self.forward_layer.input_spec
        if self._first_weights is not None:
            self.set_weights(self._first_weights)
            self._first_weights = None

    def reset_states(self, rows: Sequence[int] | None = None) -> None:
        """Reset the states of stateful layers, in all rows of the batch or in those given."""
        self.forward_layer.reset_states(rows)
        self.backward_layer.reset_states(rows)

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
        steps = step_mask(mask, lengths, *sequences.shape[:2])
        starts: list[Any] = [None, None]
        if initial_state is not None:
            half = len(flatten(self.forward_layer.state_size))
            states = flatten(initial_state)
            if len(states) != half + len(flatten(self.backward_layer.state_size)):
                raise ValueError(f"expected {2 * half} initial states, forward and then backward, got {len(states)}")
            starts = [states[:half], states[half:]]
        layers = (self.forward_layer, self.backward_layer)
        beside = all(isinstance(side, RNN) and side.may_run_beside(training) for side in layers)
        with SideBySide() if beside else nullcontext():
            sides = [
                _listed(side(sequences, initial_state=start, mask=steps, training=training))
                for side, start in zip(layers, starts, strict=True)
            ]
        (forward, *forward_states), (backward, *backward_states) = sides
        if self.return_sequences:
            late = self.backward_layer if self.backward_layer.go_backwards else self.forward_layer
            if late is self.backward_layer:
                backward = ops.flip(backward, axis=1)
            else:
                forward = ops.flip(forward, axis=1)
        outputs = self._merge(forward, backward)
        if lengths is not None and self.return_sequences:
            for output in flatten(outputs):
                attach_mask(output, steps)
        if not self.return_state:
            return outputs
        return (*(outputs if self.merge_mode is None else (outputs,)), *forward_states, *backward_states)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The mask of the output: with return_sequences that of the input."""
        own = mask if self.return_sequences else None
        outputs = [own] if self.merge_mode is not None else [own, own]
        states = 2 * len(self.forward_layer.state_size) if self.return_state else 0
        return outputs[0] if len(outputs) == 1 and not states else outputs + [None] * states

    def compute_output_shape(self, input_shape: Any, initial_state_shape: Any = None) -> Any:
        forward = self.forward_layer.compute_output_shape(input_shape)
        backward = self.backward_layer.compute_output_shape(input_shape)
        (forward, *forward_states), (backward, *backward_states) = (
            (forward, backward) if self.return_state else ([forward], [backward])
        )
        if self.merge_mode is None:
            outputs = [forward, backward]
        elif self.merge_mode == "concat":
            outputs = [(*forward[:-1], forward[-1] + backward[-1])]
        else:
            outputs = [forward]
        shapes = (*outputs, *forward_states, *backward_states)
        return shapes if len(shapes) > 1 else shapes[0]

    def _merge(self, forward: Tensor, backward: Tensor) -> Any:
        if self.merge_mode is None:
            return forward, backward
        if self.merge_mode == "concat":
            return ops.concatenate([forward, backward], axis=-1)
        if self.merge_mode == "mul":
            return forward * backward
        total = forward + backward
        return total if self.merge_mode == "sum" else total / 2

    def _check_pair(self) -> None:
        forward, backward = self.forward_layer, self.backward_layer
        if forward.go_backwards == backward.go_backwards:
            raise ValueError(
                "Bidirectional: the two layers must read in opposite directions, got go_backwards="
                f"{forward.go_backwards} for both"
            )
        for name in _SHARED:
            if getattr(forward, name) != getattr(backward, name):
                raise ValueError(
                    f"Bidirectional: {name} must be the same in both layers, got {getattr(forward, name)} forwards "
                    f"and {getattr(backward, name)} backwards"
                )


def _copy(layer: Any, prefix: str, **changes: Any) -> Any:
    """A layer of the same configuration with weights of its own."""
    with serialization.within_process():
        described = serialization.serialize(layer)
        assert described is not None
        described["config"] = {
            **described["config"],
            "name": prefix + layer.name.removeprefix("forward_").removeprefix("backward_"),
            **changes,
        }
        return serialization.deserialize(described)


def _listed(outputs: Any) -> list[Any]:
    return list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
