"""Attention layers against stored Keras values; their masks, gradients, configurations and errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import recurra
from recurra import layers, ops
from recurra.gradient_check import check_gradients
from tests.support import packing
from tests.support.attention_cases import CASES, AttentionCase
from tests.support.places import REFERENCE

STORED = packing.read(REFERENCE / "keras_attention.npz")
IDS = [case.name for case in CASES]


def built(case: AttentionCase, dtype: str = "float32") -> Any:
    layer = getattr(layers, case.layer)(**case.arguments, dtype=dtype)
    case.call(layer, case.inputs(dtype))
    layer.set_weights(case.weights([weight.shape for weight in layer.weights], dtype))
    return layer


def parts(found: Any) -> list[np.ndarray]:
    return [part.numpy() for part in (found if isinstance(found, tuple) else (found,))]


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_as_keras(case: AttentionCase) -> None:
    found = parts(case.call(built(case), case.inputs()))
    stored = list(STORED[case.name].values())
    assert len(found) == len(stored)
    for own, other in zip(found, stored, strict=True):
        np.testing.assert_allclose(own, other, rtol=0, atol=2e-6)


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_output_is_the_same_with_and_without_scores(case: AttentionCase) -> None:
    layer, options = built(case), case.call_options()
    outputs = [
        parts(case.call(layer, case.inputs(), {**options, "return_attention_scores": asked}))[0]
        for asked in (False, True)
    ]
    np.testing.assert_allclose(*outputs, rtol=0, atol=2e-6)


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_gradients(case: AttentionCase) -> None:
    layer = built(case, "float64")
    inputs = case.inputs("float64")

    def function(*tensors: Any) -> Any:
        return case.call(layer, list(tensors[: len(inputs)]))

    check_gradients(function, *inputs, *layer.trainable_variables, samples=40)


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_a_copy_from_the_configuration_gives_the_same_bits(case: AttentionCase) -> None:
    layer = built(case)
    copy = type(layer).from_config(layer.get_config())
    case.call(copy, case.inputs())
    copy.set_weights(layer.get_weights())
    for own, other in zip(parts(case.call(copy, case.inputs())), parts(case.call(layer, case.inputs())), strict=True):
        np.testing.assert_array_equal(own, other)


@pytest.mark.parametrize("case", [case for case in CASES if not case.masks and len(case.shapes[0]) == 3])
def test_in_a_functional_model_that_is_saved(case: AttentionCase, tmp_path: Any) -> None:
    inputs = [recurra.Input(shape[1:]) for shape in case.shapes]
    options = {name: value for name, value in case.options.items() if name != "return_attention_scores"}
    layer = getattr(layers, case.layer)(**case.arguments)
    model = recurra.Model(inputs, layer(inputs, **options) if case.listed else layer(*inputs, **options))
    expected = model.predict(case.inputs(), verbose=0)
    model.save(tmp_path / "model.safetensors")
    again = recurra.models.load_model(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(again.predict(case.inputs(), verbose=0), expected)


ATTENTION = [
    ("Attention", {}),
    ("AdditiveAttention", {}),
    ("MultiHeadAttention", {"num_heads": 2, "key_dim": 4}),
    ("GroupedQueryAttention", {"head_dim": 4, "num_query_heads": 4, "num_key_value_heads": 2}),
]


@pytest.mark.parametrize(("name", "arguments"), ATTENTION)
def test_padding_of_the_memory_has_no_influence(name: str, arguments: dict[str, Any]) -> None:
    rng = np.random.default_rng(0)
    query, memory = (rng.standard_normal((3, steps, 4)).astype("float32") for steps in (5, 7))
    layer = getattr(layers, name)(**arguments)
    listed = name in ("Attention", "AdditiveAttention")
    short = memory[:, :4]
    expected = layer([query, short]) if listed else layer(query, short)
    memory[:, 4:] = 1e3
    masked = layers.Masking(mask_value=1e3)(memory)
    found = layer([query, masked]) if listed else layer(query, masked)
    np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=0, atol=2e-6)


@pytest.mark.parametrize(("name", "arguments"), ATTENTION)
def test_a_memory_that_is_all_padding_gives_zeros(name: str, arguments: dict[str, Any]) -> None:
    query, memory = np.ones((2, 3, 4), "float32"), np.ones((2, 5, 4), "float32")
    shown = np.ones((2, 5), bool)
    shown[0] = False
    layer = getattr(layers, name)(**arguments)
    if name in ("Attention", "AdditiveAttention"):
        found = layer([query, memory], mask=[None, shown])
    else:
        found = layer(query, memory, value_mask=shown)
    assert not found.numpy()[0].any()
    assert found.numpy()[1].any()


def test_dropout_drops_in_training_alone() -> None:
    x = np.random.default_rng(0).standard_normal((4, 6, 8)).astype("float32")
    for asked in (False, True):
        layer = layers.MultiHeadAttention(2, 4, dropout=0.5, seed=3)
        plain = parts(layer(x, x, return_attention_scores=asked))[0]
        np.testing.assert_array_equal(plain, parts(layer(x, x, return_attention_scores=asked))[0])
        dropped = parts(layer(x, x, return_attention_scores=asked, training=True))[0]
        assert np.abs(dropped - plain).max() > 0.01
        assert (parts(layer(x, x, return_attention_scores=asked, training=True))[0] != dropped).any()


@pytest.mark.parametrize("asked", [False, True])
def test_causal_masks_hold_with_dropout_and_scores(asked: bool) -> None:
    x = np.random.default_rng(0).standard_normal((2, 6, 8)).astype("float32")
    layer = layers.MultiHeadAttention(2, 4, dropout=0.5, seed=3)
    options = {"use_causal_mask": True, "return_attention_scores": asked, "training": True}
    layer(x, x)
    layer.seed_generator.set_state({"seed": 3, "counter": 0})
    first = parts(layer(x, x, **options))[0]
    x[:, 4:] += 1
    layer.seed_generator.set_state({"seed": 3, "counter": 0})
    np.testing.assert_array_equal(parts(layer(x, x, **options))[0][:, :4], first[:, :4])


def test_positions() -> None:
    x = np.zeros((2, 5, 6), "float32")
    table = layers.PositionEmbedding(8)
    table(x)
    rows = np.random.default_rng(0).standard_normal((8, 6)).astype("float32")
    table.set_weights([rows])
    np.testing.assert_array_equal(table(x, start_index=2).numpy(), np.stack([rows[2:7]] * 2))
    with pytest.raises(ValueError, match=r"positions 4 to 8, but there are 8"):
        table(x, start_index=4)

    waves = layers.SinePositionEncoding(max_wavelength=100)(x, start_index=1).numpy()[0]
    for t in range(5):
        for j in range(6):
            angle = (t + 1) / 100 ** ((j - j % 2) / 6)
            assert waves[t, j] == pytest.approx(np.cos(angle) if j % 2 else np.sin(angle), abs=1e-6)


def test_products_of_turned_vectors_depend_on_the_distance_alone() -> None:
    rng = np.random.default_rng(0)
    q, k = (np.repeat(rng.standard_normal((1, 1, 2, 8)), 6, axis=1) for _ in range(2))
    turn = layers.RotaryEmbedding(dtype="float64")
    products = np.einsum("btnd,bsnd->bnts", turn(q).numpy(), turn(k).numpy())[0]
    for head in products:
        for distance in range(-5, 6):
            np.testing.assert_allclose(np.diag(head, distance), np.diag(head, distance)[0], rtol=0, atol=1e-12)
    np.testing.assert_allclose(turn(q, start_index=3).numpy()[:, 0], turn(q).numpy()[:, 3], rtol=0, atol=1e-12)
    with pytest.raises(ValueError, match="must be even, got 3"):
        turn(np.zeros((1, 2, 3)))


def test_an_embedding_goes_both_ways() -> None:
    tokens = np.array([[1, 0, 3]])
    tied = layers.ReversibleEmbedding(5, 4, mask_zero=True)
    vectors = tied(tokens)
    table = tied.get_weights()[0]
    np.testing.assert_allclose(tied(vectors, reverse=True).numpy(), table[tokens] @ table.T, rtol=0, atol=1e-6)
    assert len(tied.weights) == 1
    untied = layers.ReversibleEmbedding(5, 4, tie_weights=False, logit_soft_cap=2.0)
    untied(tokens)
    assert [weight.shape for weight in untied.weights] == [(5, 4), (4, 5)]
    table, back = (10 * weight for weight in untied.get_weights())
    untied.set_weights([table, back])
    logits = untied(untied(tokens), reverse=True).numpy()
    np.testing.assert_allclose(logits, 2 * np.tanh(table[tokens] @ back / 2), rtol=0, atol=1e-5)


def test_tokens_and_positions_are_added() -> None:
    layer = layers.TokenAndPositionEmbedding(7, 5, 3)
    tokens = np.array([[1, 2, 6]])
    found = layer(tokens, start_index=1).numpy()
    words, places = layer.get_weights()
    np.testing.assert_allclose(found, words[tokens] + places[1:4], rtol=0, atol=1e-7)


def normalized(x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, epsilon: float = 1e-5) -> np.ndarray:
    centred = x - x.mean(axis=-1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + epsilon) * gamma + beta


@pytest.mark.parametrize("first", [False, True])
def test_encoder_against_its_parts(first: bool) -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((2, 5, 6))
    padding = np.array([[True] * 5, [True] * 3 + [False] * 2])
    encoder = layers.TransformerEncoder(8, 3, normalize_first=first, dtype="float64")
    encoder(x)
    encoder.set_weights([0.4 * rng.standard_normal(weight.shape) for weight in encoder.weights])
    weights = encoder.get_weights()
    attention = layers.MultiHeadAttention(3, 2, dtype="float64")
    attention(x, x)
    attention.set_weights(weights[:8])
    g1, b1, g2, b2, w1, c1, w2, c2 = weights[8:]

    def attend(y: np.ndarray) -> np.ndarray:
        return attention(y, y, value_mask=padding).numpy()

    def dense(y: np.ndarray) -> np.ndarray:
        return np.maximum(y @ w1 + c1, 0) @ w2 + c2

    if first:
        middle = x + attend(normalized(x, g1, b1))
        expected = middle + dense(normalized(middle, g2, b2))
    else:
        middle = normalized(x + attend(x), g1, b1)
        expected = normalized(middle + dense(middle), g2, b2)
    np.testing.assert_allclose(encoder(x, padding_mask=padding).numpy(), expected, rtol=0, atol=1e-12)
    check_gradients(
        lambda *tensors: encoder(tensors[0], padding_mask=padding), x, *encoder.trainable_variables, samples=20
    )


def test_an_encoder_learns_which_token_comes_first() -> None:
    rng = np.random.default_rng(0)
    tokens = rng.integers(0, 8, (512, 6))
    recurra.random.set_seed(0)
    model = recurra.Sequential(
        [
            recurra.Input((6,), dtype="int32"),
            layers.TokenAndPositionEmbedding(8, 6, 16),
            layers.TransformerEncoder(32, 2),
            layers.Flatten(),
            layers.Dense(8, activation="softmax"),
        ]
    )
    model.compile(recurra.optimizers.Adam(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(tokens, tokens[:, 0], epochs=12, batch_size=32, verbose=0)
    assert model.evaluate(tokens, tokens[:, 0], verbose=0)[1] > 0.98


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: layers.MultiHeadAttention(0, 4), "num_heads must be an integer >= 1, got 0"),
        (lambda: layers.MultiHeadAttention(2, 4, sliding_window=0), "sliding_window must be an integer >= 1"),
        (lambda: layers.GroupedQueryAttention(4, 5, 2), "must be a multiple of num_key_value_heads, got 5 and 2"),
        (lambda: layers.Attention(score_mode="general"), "score_mode must be one of 'dot', 'concat'"),
        (lambda: layers.Attention()(np.zeros((2, 3, 4), "f")), "expected a list"),
        (lambda: layers.Attention()([np.zeros((2, 3, 4), "f"), np.zeros((2, 3, 5), "f")]), "the same last axis"),
        (lambda: layers.MultiHeadAttention(2, 4)(np.zeros((2, 4), "f"), np.zeros((2, 4), "f")), "3 axes or more"),
        (
            lambda: layers.MultiHeadAttention(2, 4)(
                np.zeros((2, 3, 4), "f"), np.zeros((2, 5, 4), "f"), attention_mask=np.ones((2, 3, 4), bool)
            ),
            "does not fit queries and keys",
        ),
        (lambda: layers.TransformerEncoder(8, 3)(np.zeros((2, 5, 4), "f")), "no multiple of num_heads=3"),
    ],
)
def test_what_does_not_fit_is_refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_softmax_over_keys_of_a_hidden_row_has_no_gradient() -> None:
    from recurra.layers.attention.weighing import softmax_over_keys

    scores = recurra.Variable(np.ones((2, 3), "float32"))
    mask = np.array([[True, False, True], [False, False, False]])
    weights = softmax_over_keys(scores, mask)
    np.testing.assert_array_equal(weights.numpy(), [[0.5, 0, 0.5], [0, 0, 0]])
    ops.sum(weights * weights).backward()
    assert not scores.grad.numpy()[1].any()
