"""A recurrent layer that attends to a memory at every step."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

from recurra import checks, initializers, ops
from recurra.layers.attention.alignment import SCORES, Alignment, Memory
from recurra.layers.base import Layer
from recurra.layers.documentation import documented
from recurra.layers.input_spec import InputSpec
from recurra.layers.recurrent.protocol import check_cell, drop_masks, initial_state, output_size
from recurra.layers.recurrent.run_options import RunOptions
from recurra.layers.recurrent.sequence import run
from recurra.layers.recurrent.single_step import check_single_steps, single_step
from recurra.layers.recurrent.stacked import StackedRNNCells
from recurra.layers.recurrent.step_loop import spread
from recurra.layers.recurrent.step_mask import step_mask
from recurra.tree import flatten, pack_as

_WHOLE = RunOptions(return_sequences=True)


class _Run(NamedTuple):
    """How one call runs."""

    memory: Memory
    training: bool
    aligned: bool


@documented
class AttentionRNN(Layer):
    """A recurrent layer that looks up what it needs in a memory at every step, such as the states of an encoder.

    The alignments are α = softmax over the steps j of score(q, m_j), the context is c = Σ α_j m_j.
    attention="before" (Bahdanau): q is the state of the step before, and the cell reads [x_t; c_t].
    attention="after" (Luong): q is the output h_t of the cell, and the layer gives h̃_t = tanh(W [c_t; h_t]); with
    input feeding the cell reads [x_t; h̃_{t−1}]. Without it nothing is fed back: the cell runs over the whole sequence
    in the engine, and attention is one operation over all steps.

    Scores: "additive" vᵀ tanh(W q + U m), "concat" vᵀ tanh(W [q; m]), "dot" qᵀ m, "general" qᵀ W m.

    Args:
        cell: A built-in cell, a cell of your own, or a list of cells to stack; the query is the first state of the last
            cell.
        score: "additive" (default), "concat", "dot" or "general".
        attention_units: Width of the additive scores' tanh; default None, which is the width of the query.
        attention: "before" (default) or "after" the cell.
        input_feeding: Whether h̃ is fed back into the cell; default True. Only with attention="after".
        attention_layer_size: Width of h̃. Default None, which is the width of the cell's output after the cell; before
            it there is no h̃ then, and the layer gives the cell's output.
        normalize: Whether v becomes g v / ‖v‖ and b is added inside of tanh, with weights g = 1/√units and b = 0; the
            scores "dot" and "general" get the factor g = 1. Default False.
        kernel_initializer: First values of the kernels of score and h̃; default "glorot_uniform".
        return_sequences: Whether the outputs of all steps are returned or that of the last one. Default True.
        return_state: Whether the final states follow. Default False.
        {layer arguments}

    Call arguments:
        inputs: (B, T, F), the teacher's inputs of all steps.
        memory: (B, S, M).
        initial_state: The states of the cell, with input feeding optionally followed by h̃; zeros by default.
        mask: Bool (B, T), true where a step counts. A masked step changes no state and repeats the output before it.
        memory_mask: Bool (B, S); masked steps of the memory have no influence. By default the mask of the memory.
        training: Whether the cell's dropout is active.
        return_alignments: Whether the alignments (B, T, S) follow the output. Default False.

    Input shape:
        inputs (B, T, F) and memory (B, S, M).

    Output shape:
        (B, T, U), or (B, U) without return_sequences; then the alignments, then the states, as far as asked for.

    Raises:
        ValueError: An argument or the cell does not fit, or at the call memory, mask or states do not.

    Example:
        >>> layer = recurra.layers.AttentionRNN(recurra.layers.GRUCell(4))
        >>> x, memory = np.ones((2, 3, 5), "float32"), np.ones((2, 7, 6), "float32")
        >>> output, alignments = layer(x, memory, return_alignments=True)
        >>> output.shape, alignments.shape
        ((2, 3, 4), (2, 3, 7))
        >>> prepared, states = layer.prepare(memory), layer.get_initial_state(2)
        >>> output, states = layer.step(x[:, 0], states, prepared)
        >>> output.shape
        (2, 4)

    Sources: Bahdanau et al., Neural Machine Translation by Jointly Learning to Align and Translate, 2015; Luong et al.,
    Effective Approaches to Attention-based Neural Machine Translation, 2015.
    """

    config_arguments: ClassVar[tuple[str, ...]] = (
        "cell",
        "score",
        "attention_units",
        "attention",
        "input_feeding",
        "attention_layer_size",
        "normalize",
        "kernel_initializer",
        "return_sequences",
        "return_state",
    )
    layer_arguments: ClassVar[tuple[str, ...]] = ("cell",)
    _computes_with_floats = True

    def __init__(
        self,
        cell: Any,
        score: str = "additive",
        attention_units: int | None = None,
        attention: str = "before",
        input_feeding: bool = True,
        attention_layer_size: int | None = None,
        normalize: bool = False,
        kernel_initializer: Any = "glorot_uniform",
        return_sequences: bool = True,
        return_state: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        owner = type(self).__name__
        if isinstance(cell, (list, tuple)):
            cell = StackedRNNCells(cell)
        check_cell(owner, cell)
        check_single_steps(owner, cell)
        self.cell = cell
        self.score = checks.one_of(score, owner, "score", SCORES)
        self.attention = checks.one_of(attention, owner, "attention", ("before", "after"))
        self.attention_units = _width(attention_units, owner, "attention_units")
        self.attention_layer_size = _width(attention_layer_size, owner, "attention_layer_size")
        self.input_feeding = checks.boolean(input_feeding, owner, "input_feeding")
        self.normalize = checks.boolean(normalize, owner, "normalize")
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.return_sequences = checks.boolean(return_sequences, owner, "return_sequences")
        self.return_state = checks.boolean(return_state, owner, "return_state")
        self.supports_masking = True
        self.input_spec = InputSpec(ndim=3)
        self._width = output_size(cell)
        self._attention_size = self.attention_layer_size
        if self.attention == "after" and self._attention_size is None:
            self._attention_size = self._width
        self._feeds = self.attention == "after" and self.input_feeding

    @property
    def output_size(self) -> int:
        """Features of the output."""
        return int(self._attention_size or self._width)

    def build(self, inputs_shape: Any, memory_shape: Any) -> None:  # type: ignore[override]
        if memory_shape is None or len(memory_shape) != 3 or memory_shape[-1] is None:
            raise ValueError(
                f"expected a memory with 3 axes (batch, steps, features) beside the inputs, got shape {memory_shape}"
            )
        features, memory = inputs_shape[-1], memory_shape[-1]
        before = self.attention == "before"
        query = flatten(_top(self.cell, self.cell.state_size))[0] if before else self._width
        fed = memory if before else self.output_size if self._feeds else 0
        self.input_spec = InputSpec(ndim=3, axes={-1: features})
        self._memory_size = memory
        if hasattr(self.cell, "build") and not getattr(self.cell, "built", False):
            self.cell.build((inputs_shape[0], features + fed))
        self._alignment = Alignment(
            self.score,
            self.attention_units or int(query),
            self.normalize,
            self.kernel_initializer,
            dtype=self.dtype,
            name="alignment",
        )
        self._alignment.build((None, None, int(query)), memory_shape)
        self._attention_kernel = None
        if self._attention_size is not None:
            self._attention_kernel = self.add_weight(
                (memory + self._width, self._attention_size), self.kernel_initializer, name="attention_kernel"
            )

    # ---- whole sequences

    def call(
        self,
        inputs: Any,
        memory: Any,
        initial_state: Any = None,
        mask: Any = None,
        memory_mask: Any = None,
        training: bool = False,
        return_alignments: bool = False,
    ) -> Any:
        batch, time = inputs.shape[:2]
        if time == 0:
            raise ValueError(f"expected at least one time step, got an input of shape {inputs.shape}")
        prepared = self.prepare(memory, memory_mask)
        if prepared.values.shape[0] != batch:
            raise ValueError(f"expected a memory of {batch} sequences, as many as inputs, got {prepared.values.shape}")
        how = _Run(prepared, bool(training), return_alignments)
        states = self.get_initial_state(batch) if initial_state is None else self._checked(initial_state, batch)
        steps = step_mask(mask, None, batch, time)
        if training:
            drop_masks(self.cell)  # those of a call that was interrupted
        try:
            whole = self.attention == "after" and not self._feeds
            run_whole = self._attend_to_whole if whole else self._loop
            outputs, alignments, states = run_whole(inputs, states, steps, how)
        finally:
            drop_masks(self.cell)
        results = [outputs if self.return_sequences else outputs[:, -1]]
        results += [alignments] if return_alignments else []
        results += states if self.return_state else []
        return results[0] if len(results) == 1 else tuple(results)

    def _loop(self, inputs: Any, states: list[Any], steps: Any, how: _Run) -> tuple[Any, Any, list[Any]]:
        if steps is not None:
            inputs = ops.where(spread(steps, 3), inputs, ops.zeros_like(inputs))
        counted = [None] * inputs.shape[1] if steps is None else ops.unstack(steps, axis=1)
        outputs: list[Any] = []
        alignments: list[Any] = []
        for x, counts in zip(ops.unstack(inputs, axis=1), counted, strict=True):
            output, new, weights = self._step(x, states, how)
            if counts is not None:
                counts = spread(counts, 2)
                output = ops.where(counts, output, outputs[-1] if outputs else ops.zeros_like(output))
                pairs = zip(flatten(new), flatten(states), strict=True)
                new = list(pack_as(states, [ops.where(counts, one, old) for one, old in pairs]))
                weights = None if weights is None else ops.where(counts, weights, 0.0)
            states = new
            outputs.append(output)
            alignments.append(weights)
        return ops.stack(outputs, axis=1), ops.stack(alignments, axis=1) if how.aligned else None, states

    def _attend_to_whole(self, inputs: Any, states: list[Any], steps: Any, how: _Run) -> tuple[Any, Any, list[Any]]:
        h, final = run(self.cell, inputs, states, steps, _WHOLE, how.training)
        context, alignments = self._alignment.weigh(h, how.memory, how.aligned)
        outputs = self._attended(context, h)
        if steps is not None:  # before the first step that counts there is no output to repeat
            begun = ops.cumsum(ops.cast(steps, "int32"), axis=1) > 0
            outputs = ops.where(spread(begun, 3), outputs, 0.0)
            alignments = None if alignments is None else ops.where(spread(steps, 3), alignments, 0.0)
        return outputs, alignments, list(final)

    # ---- single steps

    def prepare(self, memory: Any, memory_mask: Any = None) -> Memory:
        """The memory with what is computed from it once for all steps, for `step`.

        Args:
            memory: (B, S, M).
            memory_mask: Bool (B, S), true where a step counts; all by default.

        Returns:
            A named tuple of tensors.

        Raises:
            ValueError: The memory has no steps or another width, or the mask another length.
        """
        memory = self._convert(memory)
        if memory.ndim != 3 or memory.shape[1] == 0 or memory.shape[2] != self._memory_size:
            raise ValueError(
                f"expected a memory (batch, steps, {self._memory_size}) of at least one step, got shape {memory.shape}"
            )
        if memory_mask is not None:
            memory_mask = ops.cast(self._convert(memory_mask), "bool")
            if memory_mask.shape != memory.shape[:2]:
                raise ValueError(
                    f"memory_mask must have the batch and steps of the memory, {memory.shape[:2]}, "
                    f"got shape {memory_mask.shape}"
                )
        return self._alignment.prepare(memory, memory_mask)

    def step(
        self, inputs: Any, states: list[Any], memory: Any, training: bool = False, return_alignments: bool = False
    ) -> Any:
        """One step: with it a decoder goes on from its own output. The layer must be built.

        Args:
            inputs: (B, F).
            states: Those of `get_initial_state` or of the step before.
            memory: What `prepare` returned, or a memory (B, S, M) without padding.
            training: Whether dropout is active; default False.
            return_alignments: Whether the alignments (B, S) are returned as well; default False.

        Returns:
            The output (B, U) and the new states, and the alignments if asked for. They have the bits that a call on the
            whole sequence gives; without feedback (see above) its values, up to rounding.
        """
        prepared = memory if isinstance(memory, Memory) else self.prepare(memory)
        x = self._convert(inputs)
        if x.ndim != 2:
            raise ValueError(f"AttentionRNN: step takes the inputs of one step, (batch, features), got shape {x.shape}")
        how = _Run(prepared, training, return_alignments)
        output, states, alignments = self._step(x, self._checked(states, x.shape[0]), how)
        return (output, states, alignments) if return_alignments else (output, states)

    def _step(self, x: Any, states: list[Any], how: _Run) -> tuple[Any, list[Any], Any]:
        own = states[:-1] if self._feeds else states
        context = alignments = None
        if self.attention == "before":
            query = flatten(_top(self.cell, own))[0]
            context, alignments = self._weighed(query, how)
            x = ops.concatenate([x, context], axis=-1)
        elif self._feeds:
            x = ops.concatenate([x, states[-1]], axis=-1)
        output, own = single_step(self.cell, x, own, how.training)
        if self.attention == "after":
            context, alignments = self._weighed(output, how)
        if self._attention_size is not None:
            output = self._attended(context, output)
        return output, [*own, output] if self._feeds else own, alignments

    def _weighed(self, query: Any, how: _Run) -> tuple[Any, Any]:
        context, alignments = self._alignment.weigh(ops.expand_dims(query, 1), how.memory, how.aligned)
        return ops.squeeze(context, 1), None if alignments is None else ops.squeeze(alignments, 1)

    def _attended(self, context: Any, output: Any) -> Any:
        kernel: Any = self._attention_kernel
        return ops.tanh(ops.matmul(ops.concatenate([context, output], axis=-1), kernel))

    # ---- states

    @property
    def state_size(self) -> list[Any]:
        size = self.cell.state_size
        sizes = list(size) if isinstance(size, (list, tuple)) else [size]
        return [*sizes, self.output_size] if self._feeds else sizes

    def get_initial_state(self, batch_size: int) -> list[Any]:
        """The states that sequences start from: the cell's, and with input feeding the first h̃, which is zero."""
        states = initial_state(self.cell, batch_size, self.compute_dtype)
        own = list(states) if isinstance(states, (list, tuple)) else [states]
        return [*own, self._first_fed(batch_size)] if self._feeds else own

    def _first_fed(self, batch: int) -> Any:
        return ops.zeros((batch, self.output_size), dtype=self.compute_dtype)

    def _checked(self, given: Any, batch: int) -> list[Any]:
        """The states in the structure of the layer's, and in its dtype."""
        flat = flatten(given)
        sizes = [int(size) for size in flatten(self.state_size)]
        if self._feeds and len(flat) == len(sizes) - 1:
            flat.append(self._first_fed(batch))
        if len(flat) != len(sizes):
            raise ValueError(f"expected {len(sizes)} states, got {len(flat)}")
        for number, (state, size) in enumerate(zip(flat, sizes, strict=True)):
            if state is None or tuple(state.shape) != (batch, size):
                got = None if state is None else tuple(state.shape)
                raise ValueError(f"expected a state {number} of shape {(batch, size)}, got {got}")
        return list(pack_as(self.state_size, [self._convert(state) for state in flat]))

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return mask if self.return_sequences else None


def _width(value: Any, owner: str, argument: str) -> int | None:
    return None if value is None else checks.whole_number(value, owner, argument)


def _top(cell: Any, states: Any) -> Any:
    """The entry of the last cell."""
    return states[-1] if type(cell) is StackedRNNCells else states
