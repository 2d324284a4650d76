"""Properties that every recurrent layer has, whatever its numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from recurra import Tensor, layers, models, num_threads, random, set_num_threads
from recurra.models import load_model
from tests.support import reference_cells
from tests.support.cases import FORMS, Case, by_name, cells, forms
from tests.support.recurrent_layers import gradients_of, make, outputs_of

Array = np.ndarray
SEQUENCES = {"return_sequences": True, "return_state": True}
PLAIN = cells("plain", 11, (5, 8, 3), arguments=SEQUENCES) + forms("plain", 11, (5, 8, 3), arguments=SEQUENCES)
WIDE_OPTIONS: dict[str, Any] = {"arguments": SEQUENCES, "mask": "gaps", "initial_state": True}
WIDE = cells("wide", 40, (50, 12, 9), **WIDE_OPTIONS) + forms("wide", 40, (50, 12, 9), **WIDE_OPTIONS)
# Few rows and large weights: threads share the units.
TEAMS = cells("team", 272, (5, 4, 9), **WIDE_OPTIONS) + forms("team", 272, (5, 4, 9), **WIDE_OPTIONS)
# Many rows and large weights: the gradients of many rows are summed together.
LARGE = cells("large", 264, (130, 3, 5), **WIDE_OPTIONS) + cells("rather_large", 264, (70, 3, 5), **WIDE_OPTIONS)
# Statistics of a batch, step by step, join its sequences and count its steps.
ALONE = [case for case in PLAIN if case.arguments.get("normalization") != "batch"]
# What a later call, or a recomputed segment, can go on from its first states alone.
CARRYING = [case for case in ALONE if not case.arguments.get("skip")]
LONG = [case for case in forms("long", 3, (2, 900, 2), **WIDE_OPTIONS) if case.layer in reference_cells.LINEAR]


def cotangents_for(case: Case, outputs: list[Array], dtype: Any) -> list[Array]:
    random = case.random("cotangents")
    return [random.standard_normal(output.shape).astype(dtype) for output in outputs]


def everything(case: Case, **changes: Any) -> list[Array]:
    """Outputs and all gradients in float32."""
    inputs = case.inputs(np.float32)
    layer = make(case, inputs, **changes)
    cotangents = cotangents_for(case, case.reference(inputs), np.float32)
    outputs, gradients = gradients_of(layer, inputs, cotangents)
    return outputs + gradients


@pytest.mark.parametrize("case", ALONE, ids=by_name)
def test_sequences_of_a_batch_do_not_see_each_other(case: Case) -> None:
    inputs = case.inputs(np.float32)
    layer = make(case, inputs)
    order = np.array([3, 0, 4, 1, 2])
    whole = [output.numpy() for output in outputs_of(layer, inputs)]
    permuted = outputs_of(layer, inputs, Tensor(inputs.x[order]))
    alone = outputs_of(layer, inputs, Tensor(inputs.x[2:3]))
    for one, other, single in zip(whole, permuted, alone, strict=True):
        np.testing.assert_array_equal(other.numpy(), one[order])
        np.testing.assert_array_equal(single.numpy(), one[2:3])


@pytest.mark.parametrize("case", CARRYING, ids=by_name)
def test_chunks_of_a_stateful_layer_are_the_whole(case: Case) -> None:
    inputs = case.inputs(np.float32)
    whole, *states = (output.numpy() for output in outputs_of(make(case, inputs), inputs))
    layer = make(case, inputs)
    layer.stateful = True
    chunks = [layer(inputs.x[:, first:last]) for first, last in ((0, 1), (1, 4), (4, 8))]
    np.testing.assert_array_equal(np.concatenate([chunk[0].numpy() for chunk in chunks], axis=1), whole)
    for carried, final in zip(layer.states, states, strict=True):
        np.testing.assert_array_equal(carried.numpy(), final)


@pytest.mark.parametrize("case", CARRYING, ids=by_name)
def test_reset_of_single_rows(case: Case) -> None:
    inputs = case.inputs(np.float32)
    layer = make(case, inputs)
    layer.stateful = True
    fresh = layer(inputs.x)[0].numpy()
    carried = layer(inputs.x)[0].numpy()
    layer.reset_states()
    layer(inputs.x)
    layer.reset_states(rows=[1, 3])
    mixed = layer(inputs.x)[0].numpy()
    np.testing.assert_array_equal(mixed[[1, 3]], fresh[[1, 3]])
    np.testing.assert_array_equal(mixed[[0, 2, 4]], carried[[0, 2, 4]])
    assert not np.array_equal(fresh, carried)
    layer.reset_states()
    np.testing.assert_array_equal(layer(inputs.x[:2])[0].numpy(), fresh[:2])


@pytest.mark.parametrize("case", CARRYING, ids=by_name)
def test_right_padding_equals_the_shorter_sequence(case: Case) -> None:
    inputs = case.inputs()
    layer = make(case, inputs)
    lengths = np.array([8, 3, 1, 5, 7])
    padded = [output.numpy() for output in layer(inputs.x, lengths=lengths)]
    by_mask = layer(inputs.x, mask=np.arange(8) < lengths[:, None])
    for one, other in zip(padded, by_mask, strict=True):
        np.testing.assert_array_equal(one, other.numpy())
    for row, length in enumerate(lengths):
        short = [output.numpy() for output in layer(inputs.x[row : row + 1, :length])]
        np.testing.assert_allclose(padded[0][row, :length], short[0][0], rtol=0, atol=1e-15)
        for state, short_state in zip(padded[1:], short[1:], strict=True):
            np.testing.assert_allclose(state[row], short_state[0], rtol=0, atol=1e-15)


@pytest.mark.parametrize("case", CARRYING, ids=by_name)
def test_left_padding_equals_the_shorter_sequence(case: Case) -> None:
    inputs = case.inputs()
    layer = make(case, inputs)
    lengths = np.array([8, 3, 1, 5, 7])
    mask = np.arange(8) >= 8 - lengths[:, None]
    padded = [output.numpy() for output in layer(inputs.x, mask=mask)]
    for row, length in enumerate(lengths):
        short = [output.numpy() for output in layer(inputs.x[row : row + 1, 8 - length :])]
        np.testing.assert_allclose(padded[0][row, 8 - length :], short[0][0], rtol=0, atol=1e-15)
        assert not padded[0][row, : 8 - length].any()
        for state, short_state in zip(padded[1:], short[1:], strict=True):
            np.testing.assert_allclose(state[row], short_state[0], rtol=0, atol=1e-15)


@pytest.mark.parametrize("rubbish", [1e30, np.nan, np.inf])
@pytest.mark.parametrize("mask", ["post", "pre", "gaps"])
@pytest.mark.parametrize("form", ["SimpleRNN", "LSTM", "GRU", *FORMS])
def test_padding_has_no_influence(form: str, mask: str, rubbish: float) -> None:
    layer, own = FORMS.get(form, (form, {}))
    options = {**own, **SEQUENCES}
    case = Case(f"padding {form} {mask}", layer, 7, (6, 9, 5), options, mask=mask, initial_state=True)
    clean = case.inputs()
    model = make(case, clean)
    cotangents = cotangents_for(case, case.reference(clean), np.float64)
    outputs, gradients = gradients_of(model, clean, cotangents)
    dirty = case.inputs()
    dirty.x[~clean.mask] = rubbish
    dirty_outputs, dirty_gradients = gradients_of(model, dirty, cotangents)
    for one, other in zip(outputs + gradients, dirty_outputs + dirty_gradients, strict=True):
        np.testing.assert_array_equal(one, other)
    assert not gradients[0][~clean.mask].any()
    assert gradients[0][clean.mask].any()


@pytest.mark.parametrize("case", PLAIN, ids=by_name)
def test_backwards_is_forwards_on_the_reversed_sequence(case: Case) -> None:
    inputs = case.inputs(np.float32)
    backward = outputs_of(make(case, inputs, go_backwards=True), inputs)
    forward = outputs_of(make(case, inputs), inputs, Tensor(inputs.x[:, ::-1].copy()))
    for one, other in zip(backward, forward, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())


CHECKPOINTED = [
    case for case in PLAIN + WIDE + TEAMS if case.layer not in reference_cells.LINEAR and not case.arguments.get("skip")
]


@pytest.mark.parametrize("case", CHECKPOINTED, ids=by_name)
def test_checkpointing_changes_no_bit(case: Case) -> None:
    for one, other in zip(everything(case), everything(case, checkpoint=True), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("case", WIDE + TEAMS + LARGE + LONG, ids=by_name)
def test_any_number_of_threads_gives_the_same_bits(case: Case) -> None:
    before = num_threads()
    try:
        set_num_threads(1)
        alone = everything(case)
        for threads in (2, 3, 4, 7):
            set_num_threads(threads)
            for one, other in zip(alone, everything(case), strict=True):
                np.testing.assert_array_equal(one, other)
    finally:
        set_num_threads(before)


@pytest.mark.parametrize("case", PLAIN, ids=by_name)
def test_saved_and_loaded_is_bit_equal(case: Case, tmp_path: Any) -> None:
    inputs = case.inputs(np.float32)
    kind, options = getattr(layers, case.layer), {k: v for k, v in case.arguments.items() if k not in SEQUENCES}
    zoneout = {} if "zoneout" in reference_cells.REFUSED.get(case.layer, ()) else {"zoneout": 0.1}
    model = models.Sequential(
        [
            layers.Input((None, 3)),
            kind(11, return_sequences=True, dropout=0.2, **zoneout, **options),
            layers.Bidirectional(kind(4, go_backwards=True, **options), merge_mode="ave"),
            layers.Dense(2),
        ]
    )
    before = model.predict(inputs.x, verbose=0)
    model.save(tmp_path / "model.safetensors")
    loaded = load_model(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(loaded.predict(inputs.x, verbose=0), before)
    for one, other in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("reset_after", [True, False])
class TestPinnedGates:
    """A GRU whose gates are held open or shut by their biases."""

    def gru(self, reset_after: bool, update: float, reset: float) -> tuple[Any, Array, Array]:
        rng = np.random.default_rng(3)
        units, features = 6, 4
        layer = layers.GRU(units, reset_after=reset_after, dtype="float64", return_sequences=True)
        layer.build((None, None, features))
        kernel, recurrent = rng.standard_normal((features, 3 * units)), rng.standard_normal((units, 3 * units)) / 3
        kernel[:, : 2 * units] = 0
        recurrent[:, : 2 * units] = 0
        bias = rng.standard_normal((2, 3 * units))
        bias[:, :units], bias[:, units : 2 * units] = update, reset
        bias[1, 2 * units :] = 0
        layer.set_weights([kernel, recurrent, bias if reset_after else bias[0]])
        return layer, rng.standard_normal((3, 5, features)), rng.standard_normal((3, units))

    def test_shut_update_gate_keeps_the_state(self, reset_after: bool) -> None:
        layer, x, h = self.gru(reset_after, update=400, reset=0.3)
        outputs = layer(x, initial_state=[h]).numpy()
        np.testing.assert_array_equal(outputs, np.repeat(h[:, None], 5, axis=1))

    def test_open_gates_are_a_simple_network(self, reset_after: bool) -> None:
        layer, x, h = self.gru(reset_after, update=-400, reset=400)
        simple = layers.SimpleRNN(6, dtype="float64", return_sequences=True)
        simple.build((None, None, 4))
        kernel, recurrent, bias = layer.get_weights()
        simple.set_weights([kernel[:, 12:], recurrent[:, 12:], np.atleast_2d(bias)[0, 12:]])
        np.testing.assert_allclose(layer(x, initial_state=[h]), simple(x, initial_state=[h]), rtol=0, atol=1e-13)

    def test_shut_reset_gate_forgets_the_past(self, reset_after: bool) -> None:
        layer, x, h = self.gru(reset_after, update=-400, reset=-800)
        kernel, _, bias = layer.get_weights()
        alone = np.tanh(x @ kernel[:, 12:] + np.atleast_2d(bias)[0, 12:])
        np.testing.assert_allclose(layer(x, initial_state=[h]), alone, rtol=0, atol=1e-13)


@pytest.mark.parametrize("layer", ["SimpleRNN", "LSTM", "GRU", "GatedRNN", "MinGRU", "LinearRNN"])
class TestDropout:
    """Dropout masks: one a sequence, only in training, from the layer's own generator."""

    def test_off_outside_of_training(self, layer: str) -> None:
        x = np.ones((3, 4, 5), np.float32)
        dropping = getattr(layers, layer)(6, dropout=0.5, recurrent_dropout=0.5)
        plain = getattr(layers, layer)(6)
        dropping.build(x.shape)
        plain.build(x.shape)
        plain.set_weights(dropping.get_weights())
        np.testing.assert_array_equal(dropping(x).numpy(), plain(x).numpy())
        assert not np.array_equal(dropping(x, training=True).numpy(), plain(x).numpy())

    def test_dropped_features_are_dropped_in_all_steps(self, layer: str) -> None:
        x = np.random.default_rng(0).standard_normal((4, 7, 5)).astype(np.float32)
        model = getattr(layers, layer)(6, dropout=0.5, seed=1)
        model.build(x.shape)
        inputs = Tensor(x)
        inputs.requires_grad = True
        model(inputs, training=True).sum().backward()
        dropped = inputs.grad.numpy() == 0
        assert dropped.any()
        assert not dropped.all()
        np.testing.assert_array_equal(dropped, np.repeat(dropped[:, :1], 7, axis=1))

    def test_seed_decides(self, layer: str) -> None:
        x = np.ones((3, 4, 5), np.float32)

        def run(seed: int | None) -> list[Array]:
            random.set_seed(7)
            model = getattr(layers, layer)(6, dropout=0.4, recurrent_dropout=0.4, seed=seed)
            return [model(x, training=True).numpy() for _ in range(2)]

        first, second = run(5)
        again, _ = run(5)
        other, _ = run(6)
        np.testing.assert_array_equal(first, again)
        assert not np.array_equal(first, second)
        assert not np.array_equal(first, other)
        for one, same in zip(run(None), run(None), strict=True):
            np.testing.assert_array_equal(one, same)


@pytest.mark.parametrize("layer", sorted(reference_cells.CELLS))
def test_empty_batch(layer: str) -> None:
    model = getattr(layers, layer)(5, return_sequences=True, return_state=True)
    x = Tensor(np.zeros((0, 4, 3), np.float32))
    x.requires_grad = True
    output, *states = model(x)
    assert output.shape == (0, 4, 5)
    assert [state.shape for state in states] == [(0, width) for width in reference_cells.state_widths(layer, 3, 5, {})]
    output.sum().backward()
    assert x.grad.shape == (0, 4, 3)
    assert not any(weight.grad.numpy().any() for weight in model.trainable_weights)
