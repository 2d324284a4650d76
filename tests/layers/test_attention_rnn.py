"""A recurrent layer that attends: against NumPy, step by step, its masks, gradients, files and errors."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import recurra
from recurra import layers, ops
from recurra.gradient_check import check_gradients
from tests.support import reference_cells

B, T, S, F, M, U = 3, 5, 7, 4, 6, 6
FORMS = [
    (score, attention, feeding)
    for score in ("additive", "concat", "dot", "general")
    for attention, feeding in (("before", True), ("after", True), ("after", False))
]
CELLS: dict[str, Callable[[], Any]] = {
    "simple": lambda **options: layers.SimpleRNNCell(U, **options),
    "gru": lambda **options: layers.GRUCell(U, **options),
    "lstm": lambda **options: layers.LSTMCell(U, **options),
    "stacked": lambda **options: [layers.LSTMCell(5, **options), layers.GRUCell(U, **options)],
    "linear": lambda **options: layers.MinGRUCell(U, **options),
}


class OwnCell(layers.DropoutRNNCell, recurra.Layer):
    """h' = tanh(x W + h), as a user writes it."""

    state_size = U
    dropout, recurrent_dropout = 0.5, 0.0

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.seed_generator = recurra.random.SeedGenerator(2)

    def build(self, input_shape: Any) -> None:
        self.kernel = self.add_weight((input_shape[-1], U), name="kernel")

    def call(self, inputs: Any, states: Any, training: bool = False) -> Any:
        scale = self.get_dropout_mask(inputs) if training else None
        h = ops.tanh(ops.matmul(inputs if scale is None else inputs * scale, self.kernel) + states[0])
        return h, [h]


def data(dtype: str = "float32") -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    return rng.standard_normal((B, T, F)).astype(dtype), rng.standard_normal((B, S, M)).astype(dtype)


def masks() -> tuple[np.ndarray, np.ndarray]:
    steps, memory = np.ones((B, T), bool), np.ones((B, S), bool)
    steps[0, 3:], steps[1, 0], steps[1, 2] = False, False, False
    memory[0, 4:], memory[2, 0] = False, False
    return steps, memory


def made(cell: Any, form: tuple[str, str, bool], dtype: str = "float32", **options: Any) -> Any:
    score, attention, feeding = form
    layer = layers.AttentionRNN(cell, score=score, attention=attention, input_feeding=feeding, dtype=dtype, **options)
    layer(*data(dtype))
    rng = np.random.default_rng(4)
    layer.set_weights([(0.5 * rng.standard_normal(w.shape)).astype(dtype) for w in layer.weights])
    return layer


def reference(layer: Any, x: np.ndarray, memory: np.ndarray, steps: Any, shown: Any) -> tuple[np.ndarray, np.ndarray]:
    """Outputs and alignments of a layer around a SimpleRNNCell, as the equations say them."""
    weights = {path.split("/", 1)[1]: w for path, w in named(layer).items()}
    cell = [weights[f"simple_rnn_cell/{name}"] for name in ("kernel", "recurrent_kernel", "bias")]
    h, fed = np.zeros((len(x), U)), np.zeros((len(x), layer.output_size))
    outputs, alignments = [], []

    def attend(query: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        scores = np.array([[score(q, m) for m in rows] for q, rows in zip(query, memory, strict=True)])
        powers = np.exp(scores) * shown
        alpha = powers / powers.sum(1, keepdims=True)
        return np.einsum("bs,bsm->bm", alpha, memory), alpha

    def score(q: np.ndarray, m: np.ndarray) -> float:
        factor = weights.get("alignment/scale", 1.0)
        if layer.score == "dot":
            return factor * q @ m
        if layer.score == "general":
            return factor * q @ (m @ weights["alignment/memory_kernel"])
        v, bias = weights["alignment/score_vector"], weights.get("alignment/bias", 0.0)
        if layer.normalize:
            v = factor * v / np.linalg.norm(v)
        if layer.score == "concat":
            return v @ np.tanh(np.concatenate([q, m]) @ weights["alignment/kernel"] + bias)
        return v @ np.tanh(q @ weights["alignment/query_kernel"] + m @ weights["alignment/memory_kernel"] + bias)

    output = np.zeros((len(x), layer.output_size))
    for t in range(x.shape[1]):
        counts = steps[:, t, None]
        if layer.attention == "before":
            context, alpha = attend(h)
            new, _ = reference_cells.simple_rnn(np.concatenate([x[:, t], context], 1), [h], cell, {}, h)
        else:
            read = np.concatenate([x[:, t], fed], 1) if layer.input_feeding else x[:, t]
            new, _ = reference_cells.simple_rnn(read, [h], cell, {}, h)
            context, alpha = attend(new)
        result = new
        if "attention_kernel" in weights:
            result = np.tanh(np.concatenate([context, new], 1) @ weights["attention_kernel"])
        h, output = np.where(counts, new, h), np.where(counts, result, output)
        fed = np.where(counts, result, fed) if layer.attention == "after" else fed
        outputs.append(output)
        alignments.append(np.where(counts, alpha, 0))
    return np.stack(outputs, 1), np.stack(alignments, 1)


def named(layer: Any) -> dict[str, np.ndarray]:
    inputs = recurra.Input((T, F)), recurra.Input((S, M))
    return {name: w.astype("float64") for name, w in recurra.Model(inputs, layer(*inputs)).state_dict().items()}


@pytest.mark.parametrize("normalize", [False, True])
@pytest.mark.parametrize("form", FORMS, ids=str)
def test_as_numpy_says_it(form: tuple[str, str, bool], normalize: bool) -> None:
    size = 5 if normalize else None
    layer = made(CELLS["simple"](dtype="float64"), form, "float64", normalize=normalize, attention_layer_size=size)
    x, memory = data("float64")
    steps, shown = masks()
    output, alignments = layer(x, memory, mask=steps, memory_mask=shown, return_alignments=True)
    expected, weights = reference(layer, x, memory, steps, shown)
    np.testing.assert_allclose(output.numpy(), expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose(alignments.numpy(), weights, rtol=0, atol=1e-12)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("form", FORMS, ids=str)
def test_step_by_step_as_over_the_whole_sequence(form: tuple[str, str, bool], cell: str) -> None:
    layer = made(CELLS[cell](), form, return_state=True)
    x, memory = data()
    output, *final = layer(x, memory)
    prepared, states, outputs = layer.prepare(memory), layer.get_initial_state(B), []
    for t in range(T):
        one, states = layer.step(x[:, t], states, prepared)
        outputs.append(one.numpy())
    exact = form[1] == "before" or form[2]  # without feedback the sequence is one product
    compare = np.testing.assert_array_equal if exact else _close
    compare(np.stack(outputs, 1), output.numpy())
    for one, other in zip(recurra.tree.flatten(states), recurra.tree.flatten(final), strict=True):
        compare(one.numpy(), other.numpy())


def _close(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_a_sequence_in_two_parts_and_a_batch_row_by_row(form: tuple[str, str, bool]) -> None:
    layer = made(CELLS["lstm"](), form, return_state=True)
    x, memory = data()
    whole, *_ = layer(x, memory)
    first, *states = layer(x[:, :2], memory)
    second, *_ = layer(x[:, 2:], memory, initial_state=states)
    _close(np.concatenate([first.numpy(), second.numpy()], 1), whole.numpy())
    rows = [layer(x[b : b + 1], memory[b : b + 1])[0].numpy() for b in range(B)]
    _close(np.concatenate(rows), whole.numpy())


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_padding_has_no_influence(form: tuple[str, str, bool]) -> None:
    layer = made(CELLS["gru"](), form, return_state=True)
    x, memory = data()
    expected, weights, *final = layer(x[:, :3], memory[:, :4], return_alignments=True)
    steps, shown = np.arange(T) < np.full((B, 1), 3), np.arange(S) < np.full((B, 1), 4)
    x[:, 3:], memory[:, 4:] = np.nan, np.nan
    leaf = recurra.Tensor(memory)
    leaf.requires_grad = True
    found, padded, *states = layer(x, leaf, mask=steps, memory_mask=shown, return_alignments=True)
    _close(found.numpy()[:, :3], expected.numpy())
    _close(found.numpy()[:, 3:], found.numpy()[:, 2:3].repeat(2, 1))
    _close(padded.numpy()[:, :3, :4], weights.numpy())
    assert not padded.numpy()[:, 3:].any()
    assert not padded.numpy()[:, :, 4:].any()
    for one, other in zip(states, final, strict=True):
        _close(one.numpy(), other.numpy())
    ops.sum(found).backward()
    gradient = np.asarray(leaf.grad)
    assert not gradient[:, 4:].any()
    assert np.isfinite(gradient).all()
    assert gradient[:, :4].any()


def test_masks_come_with_the_tensors_and_go_on() -> None:
    layer = made(CELLS["gru"](), ("additive", "before", True))
    x, memory = data()
    x[:, 3:], memory[:, 4:] = 9, 9
    masked = [layers.Masking(9.0)(array) for array in (x, memory)]
    output = layer(*masked)
    steps, shown = np.arange(T) < np.full((B, 1), 3), np.arange(S) < np.full((B, 1), 4)
    np.testing.assert_array_equal(output.numpy(), layer(x, memory, mask=steps, memory_mask=shown).numpy())
    np.testing.assert_array_equal(np.asarray(recurra.layers.masks.mask_of(output)), steps)


def test_a_memory_that_is_all_padding_gives_no_context() -> None:
    layer = made(CELLS["gru"](), ("general", "after", True))
    x, memory = data()
    shown = np.ones((B, S), bool)
    shown[1] = False
    output, weights = layer(x, memory, memory_mask=shown, return_alignments=True)
    assert np.isfinite(output.numpy()).all()
    assert not weights.numpy()[1].any()
    np.testing.assert_allclose(weights.numpy()[0].sum(-1), 1, atol=1e-6)


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_gradients(form: tuple[str, str, bool]) -> None:
    layer = made(layers.GRUCell(U, dtype="float64"), form, "float64", normalize=form[0] in ("additive", "general"))
    x, memory = data("float64")
    steps, shown = masks()

    def function(x: Any, memory: Any, state: Any, *_: Any) -> Any:
        output, weights = layer(x, memory, initial_state=[state], mask=steps, memory_mask=shown, return_alignments=True)
        return ops.sum(output * output) + ops.sum(weights * weights)

    start = np.random.default_rng(5).standard_normal((B, U))
    check_gradients(function, x, memory, start, *layer.trainable_variables, samples=12)


def test_a_cell_of_the_users_own_with_dropout() -> None:
    layer = made(OwnCell(), ("additive", "before", True))
    x, memory = data()
    plain = layer(x, memory).numpy()
    np.testing.assert_array_equal(layer(x, memory).numpy(), plain)
    first, second = (layer(x, memory, training=True).numpy() for _ in range(2))
    assert (first != plain).any()
    assert (first != second).any()
    assert layer.cell._dropout_mask is None


@pytest.mark.parametrize("kind", ["dropout", "recurrent_dropout", "recurrent_dropconnect"])
def test_noise_of_a_sequence_is_drawn_once(kind: str) -> None:
    layer = made(layers.GRUCell(U, seed=3, **{kind: 0.5}), ("dot", "after", True))
    x, memory = data()
    draws = []
    draw = layer.cell._draw
    layer.cell._draw = lambda *args, **kwargs: draws.append(args) or draw(*args, **kwargs)
    layer(x, memory, training=True)
    layer(x, memory, training=True)
    layer(x, memory)
    assert len(draws) == 2


@pytest.mark.parametrize("options", [{"zoneout": 0.5}, {"dropout": 0.5, "dropout_per_step": True}])
def test_noise_of_a_step_is_drawn_at_every_step(options: dict[str, Any]) -> None:
    layer = made(layers.GRUCell(U, seed=3, **options), ("dot", "after", True))
    x, memory = data()
    draws = []
    draw = layer.cell._draw
    layer.cell._draw = lambda *args, **kwargs: draws.append(args) or draw(*args, **kwargs)
    layer(x, memory, training=True)
    assert len(draws) == T
    assert (layer(x, memory, training=True).numpy() != layer(x, memory).numpy()).any()


def test_in_a_functional_model_that_is_trained_and_saved(tmp_path: Path) -> None:
    inputs, memory = recurra.Input((None, F)), recurra.Input((None, M))
    outputs = layers.AttentionRNN([layers.LSTMCell(4), layers.GRUCell(5)], "general", attention="after")(inputs, memory)
    model = recurra.Model([inputs, memory], layers.Dense(1)(outputs))
    model.compile("adam", "mse")
    x, m = data()
    losses = model.fit([x, m], x[..., :1], epochs=5, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    expected = model.predict([x, m], verbose=0)
    model.save(tmp_path / "model.safetensors")
    again = recurra.models.load_model(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(again.predict([x, m], verbose=0), expected)
    assert again.predict([x[:, :2], m[:, :3]], verbose=0).shape == (B, 2, 1)


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_a_copy_from_the_configuration_gives_the_same_bits(form: tuple[str, str, bool]) -> None:
    layer = made(CELLS["lstm"](), form, attention_units=5 if form[0] == "additive" else None, return_sequences=False)
    copy = layers.AttentionRNN.from_config(layer.get_config())
    copy(*data())
    copy.set_weights(layer.get_weights())
    np.testing.assert_array_equal(copy(*data()).numpy(), layer(*data()).numpy())


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda layer, x, m: layer(x), "expected a memory with 3 axes|memory"),
        (lambda layer, x, m: layer(x, m[:, :0]), r"a memory \(batch, steps, 6\) of at least one step, got shape"),
        (lambda layer, x, m: layer(x, m[..., :5]), r"a memory \(batch, steps, 6\)"),
        (lambda layer, x, m: layer(x, m[:2]), r"a memory of 3 sequences"),
        (lambda layer, x, m: layer(x[:, :0], m), "at least one time step"),
        (
            lambda layer, x, m: layer(x, m, memory_mask=np.ones((3, 4), bool)),
            r"memory_mask must have the batch and steps of the memory, \(3, 7\), got shape \(3, 4\)",
        ),
        (lambda layer, x, m: layer(x, m, mask=np.ones((3, 4), bool)), r"a mask of shape \(3, 5\)"),
        (lambda layer, x, m: layer(x, m, initial_state=[x[:, 0]]), r"a state 0 of shape \(3, 6\), got \(3, 4\)"),
        (lambda layer, x, m: layer(x, m, initial_state=[]), "expected 1 states, got 0"),
        (lambda layer, x, m: layer.step(x, layer.get_initial_state(3), m), "the inputs of one step"),
        (lambda layer, x, m: layers.AttentionRNN(layers.GRUCell(5), "dot")(x, m), "use score='general'"),
        (lambda layer, x, m: layers.AttentionRNN(layers.GRUCell(5), "cosine"), "score must be"),
        (lambda layer, x, m: layers.AttentionRNN(layers.GRUCell(5), attention="between"), "attention must be"),
        (lambda layer, x, m: layers.AttentionRNN(layers.GRU(5, skip=2).cell), "skip reads the states"),
        (lambda layer, x, m: layers.AttentionRNN(layers.GRU(5, normalization="batch").cell), "normalization='layer'"),
    ],
)
def test_errors(call: Callable[..., Any], message: str) -> None:
    layer = made(CELLS["gru"](), ("additive", "before", True))
    with pytest.raises((ValueError, TypeError), match=message):
        call(layer, *data())
