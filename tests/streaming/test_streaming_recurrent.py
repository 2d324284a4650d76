"""Streams of recurrent layers, by the table of cases: step by step, in blocks and as one batch the same bits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import recurra
from recurra import Tensor, layers, no_grad, streaming
from tests.support.cases import LARGE, SINGLE, STACKED, VARIANTS, Case, by_name
from tests.support.recurrent_layers import make
from tests.support.streamed_models import (
    DTYPES,
    PADDING,
    Array,
    batch_outputs,
    in_blocks,
    saved,
    sequential,
    some_input,
    streamed,
)


def streamable(case: Case) -> bool:
    return case.wrapper is None and not case.arguments.get("go_backwards")


RECURRENT = [case for case in (*SINGLE, *STACKED, *LARGE, *VARIANTS) if streamable(case)]


def case_model(case: Case, dtype: str) -> tuple[Any, Any, Array]:
    """(model, inputs, x): a Masking in front tells the row's mask."""
    inputs = case.inputs(dtype)
    layer = make(case, inputs)
    layer.return_state = False
    x = inputs.x
    stack = [recurra.Input((None, case.shape[2]), dtype=dtype)]
    if inputs.mask is not None:
        x = np.where(inputs.mask[:, :, None], x, np.asarray(PADDING, dtype))
        stack.append(layers.Masking(PADDING, dtype=dtype))
    return recurra.Sequential([*stack, layer]), inputs, x


def whole_output(layer: Any, inputs: Any) -> Array:
    """The output at every step, also of a layer that returns its last one only."""
    last_only = not layer.return_sequences
    with no_grad():
        last = np.array(layer(Tensor(inputs.x), initial_state=inputs.states, mask=inputs.mask).numpy())
        layer.return_sequences = True
        whole = np.array(layer(Tensor(inputs.x), initial_state=inputs.states, mask=inputs.mask).numpy())
    layer.return_sequences = not last_only
    np.testing.assert_array_equal(last, whole[:, -1] if last_only else whole)
    return whole


def states_in_order(model: Any, states: list[Array]) -> list[Array]:
    """Initial states in the order in which a stream holds them: what stands in front of a cell comes first."""
    cell = model.layers[-1].cell
    cells = cell.cells if isinstance(cell, layers.StackedRNNCells) else [cell]
    given, ordered = list(states), []
    for one in cells:
        own = [given.pop(0) for _ in one.state_widths]
        ordered += [own[-1], *own[:-1]] if getattr(one, "memory_width", 0) else own
    return ordered


def stream_of(model: Any, inputs: Any, rows: slice = slice(None)) -> Any:
    """A stream of some rows that begins with the row's initial states."""
    stream = model.streaming(len(inputs.x[rows]))
    if inputs.states is not None:
        state, given = stream.state, states_in_order(model, inputs.states)
        # Beside the layer's own states there may be earlier outputs, a count of steps, and outputs that are no state.
        for arrays in state.values():
            for number, array in enumerate(arrays):
                if array.ndim == 2 and given and array.shape[1] == given[0].shape[1]:
                    arrays[number] = given.pop(0)[rows]
        assert not given
        stream.state = state
    return stream


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", RECURRENT, ids=by_name)
def test_recurrent_layers(case: Case, dtype: str) -> None:
    model, inputs, x = case_model(case, dtype)
    whole = whole_output(model.layers[-1], inputs)
    np.testing.assert_array_equal(streamed(stream_of(model, inputs), x), whole)
    np.testing.assert_array_equal(in_blocks(stream_of(model, inputs), x), whole)
    last = slice(len(x) - 1, None)
    np.testing.assert_array_equal(streamed(stream_of(model, inputs, last), x[last]), whole[last])


@pytest.mark.parametrize("case", RECURRENT, ids=by_name)
def test_states_of_recurrent_layers(case: Case, tmp_path: Path) -> None:
    model, _, x = case_model(case, "float32")
    batch = len(x)
    x = np.concatenate([x, x[:, ::-1]], axis=1)
    stream = streaming.load_stream(saved(model, tmp_path), batch)
    half = stream.process(x[:, : x.shape[1] // 2])
    np.testing.assert_array_equal(half, model.streaming(batch).process(x[:, : x.shape[1] // 2]))
    state, rest = stream.state, x[:, x.shape[1] // 2 :]
    expected = stream.copy().process(rest)
    other = model.streaming(batch)
    other.process(x[:, :1])  # at another place of its rings
    other.state = state
    np.testing.assert_array_equal(other.process(rest), expected)
    alone = model.streaming()
    alone.state = {name: [array[-1:] for array in arrays] for name, arrays in state.items()}
    np.testing.assert_array_equal(alone.process(rest[-1:]), expected[-1:])
    stream.reset([batch - 1])
    after = stream.process(rest)
    np.testing.assert_array_equal(after[:-1], expected[:-1])
    np.testing.assert_array_equal(after[-1:], model.streaming().process(rest[-1:]))
    stream.reset()
    np.testing.assert_array_equal(stream.process(x[:, : half.shape[1]]), half)


def test_earlier_outputs_are_part_of_the_state() -> None:
    stream = sequential(layers.GRU(4, skip=(2, 5), return_sequences=True, name="gru")).streaming(3)
    y = stream.process(some_input((3, 7, 5)))
    h, earlier = stream.state["gru"]
    np.testing.assert_array_equal(h, y[:, -1])
    np.testing.assert_array_equal(earlier, y[:, -5:-1])


@pytest.mark.parametrize("layer", [layers.MinGRU, layers.LinearRNN, layers.MinLSTM, layers.LRU])
def test_long_sequences_of_linear_layers(layer: Any) -> None:
    x = some_input((1, 3000, 5))
    model = sequential(layer(6, return_sequences=True))
    slow = next(weight for weight in model.weights if weight.name in ("recurrent_kernel", "bias"))
    slow.assign(np.full(slow.shape, -7.0))  # the state keeps 0.999 of itself
    np.testing.assert_array_equal(model.streaming().process(x), batch_outputs(model, x))
