"""Attention pooling, documents of sentences of words, and trees over long series: NumPy references, masks, errors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import recurra
from recurra import layers, ops
from recurra.gradient_check import check_gradients
from recurra.layers.masks import mask_of


def with_weights(layer: Any, *inputs: Any, seed: int = 3) -> Any:
    layer(*inputs)
    rng = np.random.default_rng(seed)
    layer.set_weights([0.7 * rng.standard_normal(weight.shape) for weight in layer.weights])
    return layer


def pooled(h: np.ndarray, kernel: np.ndarray, bias: np.ndarray, context: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """One sequence (T, F), by the equations."""
    scores = np.tanh(h @ kernel + bias) @ context
    weights = np.exp(scores - scores.max())
    weights /= weights.sum()
    return weights @ h, weights


def test_pooling_against_its_equations() -> None:
    x = np.random.default_rng(0).standard_normal((3, 6, 4))
    mask = np.random.default_rng(1).random((3, 6)) < 0.6
    mask[1] = False
    layer = with_weights(layers.AttentionPooling(5, dtype="float64"), x)
    found, weights = layer(x, mask=mask, return_attention_scores=True)
    for row in (0, 2):
        vector, shares = pooled(x[row, mask[row]], *layer.get_weights())
        np.testing.assert_allclose(found.numpy()[row], vector, rtol=0, atol=1e-14)
        np.testing.assert_allclose(weights.numpy()[row, mask[row]], shares, rtol=0, atol=1e-14)
    assert not weights.numpy()[~mask].any()
    assert not found.numpy()[1].any()
    np.testing.assert_array_equal(layer(x, mask=mask).numpy(), found.numpy())


def test_steps_that_are_masked_get_no_gradient() -> None:
    x = recurra.Variable(np.random.default_rng(0).standard_normal((2, 4, 3)).astype("float32"))
    mask = np.array([[True, False, True, True], [False] * 4])
    layer = layers.AttentionPooling()
    ops.sum(layer(x, mask=mask) ** 2).backward()
    gradient = x.grad.numpy()
    assert not gradient[~mask].any()
    assert gradient[0, 0].any()
    assert np.isfinite(layer.kernel.grad.numpy()).all()


def test_pooling_of_blocks_is_that_of_each_block_and_masks_blocks_that_are_empty() -> None:
    x = np.random.default_rng(0).standard_normal((2, 3, 4, 5)).astype("float32")
    mask = np.random.default_rng(2).random((2, 3, 4)) < 0.7
    mask[1, 2] = False
    layer = with_weights(layers.AttentionPooling(), x)
    tensor = recurra.Tensor(x)
    found = layer(tensor, mask=mask)
    np.testing.assert_array_equal(mask_of(found).numpy(), mask.any(-1))
    for row in range(2):
        for block in range(3):
            alone = layer(x[row, block][None], mask=mask[row, block][None]).numpy()[0]
            np.testing.assert_allclose(found.numpy()[row, block], alone, rtol=0, atol=1e-6)


# ---- documents


def document_encoder(dtype: str = "float32") -> Any:
    return layers.HierarchicalAttentionEncoder(
        layers.Bidirectional(layers.GRU(3, return_sequences=True, dtype=dtype), dtype=dtype),
        layers.LSTM(4, return_sequences=True, dtype=dtype),
        attention_units=5,
        dtype=dtype,
    )


def documents() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((3, 4, 5, 2))
    lengths = np.array([[5, 2, 1, 0], [3, 0, 4, 0], [0, 0, 0, 0]])
    return x, np.arange(5) < lengths[:, :, None]


def test_documents_against_their_parts() -> None:
    x, mask = documents()
    encoder = with_weights(document_encoder("float64"), x)
    found, (words, sentences) = encoder(x, mask=mask, return_attention_scores=True)
    assert [weights.shape for weights in (words, sentences)] == [(3, 4, 5), (3, 4)]
    *_, word_kernel, word_bias, word_context = encoder._word_attention.get_weights()
    for row in (0, 1):
        present = np.flatnonzero(mask[row].any(-1))
        vectors = []
        for sentence in present:
            said = encoder.word_encoder(x[row, sentence][mask[row, sentence]][None]).numpy()[0]
            vector, shares = pooled(said, word_kernel, word_bias, word_context)
            np.testing.assert_allclose(words.numpy()[row, sentence, mask[row, sentence]], shares, rtol=0, atol=1e-14)
            vectors.append(vector)
        read = encoder.sentence_encoder(np.array(vectors)[None]).numpy()[0]
        vector, shares = pooled(read, *encoder._sentence_attention.get_weights())
        np.testing.assert_allclose(found.numpy()[row], vector, rtol=0, atol=1e-14)
        np.testing.assert_allclose(sentences.numpy()[row, present], shares, rtol=0, atol=1e-14)
    assert not words.numpy()[~mask].any()
    assert not sentences.numpy()[~mask.any(-1)].any()
    assert not found.numpy()[2].any()


def test_gradients_of_documents() -> None:
    x, mask = documents()
    encoder = with_weights(document_encoder("float64"), x)
    check_gradients(lambda *given: encoder(given[0], mask=mask), x, *encoder.trainable_variables, samples=30)


def test_padding_of_documents_has_no_influence() -> None:
    x, mask = documents()
    encoder = with_weights(document_encoder(), x.astype("float32"))
    first = encoder(x, mask=mask).numpy()
    x[~mask] = 1e3
    np.testing.assert_array_equal(encoder(x, mask=mask).numpy(), first)
    wider = np.pad(x, ((0, 0), (0, 3), (0, 2), (0, 0)), constant_values=7.0)
    again = encoder(wider, mask=np.pad(mask, ((0, 0), (0, 3), (0, 2)))).numpy()
    np.testing.assert_allclose(again, first, rtol=0, atol=1e-6)


def test_no_document_has_a_word() -> None:
    x, mask = documents()
    encoder = with_weights(document_encoder(), x.astype("float32"))
    assert not encoder(x, mask=np.zeros_like(mask)).numpy().any()


def classifier_of_documents() -> Any:
    return recurra.Sequential(
        [
            recurra.Input((None, None), dtype="int32"),
            layers.Embedding(9, 6, mask_zero=True),
            document_encoder(),
            layers.Dense(1, activation="sigmoid"),
        ]
    )


def test_a_model_of_documents_is_trained_and_saved(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    recurra.random.set_seed(0)
    tokens = rng.integers(1, 9, (256, 3, 4)) * (np.arange(4) < rng.integers(0, 5, (256, 3, 1)))
    labels = (tokens == 8).any((1, 2)).astype("float32")
    model = classifier_of_documents()
    model.compile(recurra.optimizers.Adam(0.02), "binary_crossentropy", metrics=["accuracy"])
    model.fit(tokens, labels, epochs=8, batch_size=32, verbose=0)
    assert model.evaluate(tokens, labels, verbose=0)[1] > 0.97
    model.save(tmp_path / "documents.safetensors")
    again = recurra.models.load_model(tmp_path / "documents.safetensors")
    np.testing.assert_array_equal(again.predict(tokens, verbose=0), model.predict(tokens, verbose=0))


# ---- trees


def tree_of(x: np.ndarray, layer: Any, mask: np.ndarray) -> np.ndarray:
    """One series (T, F), by the definition: spans are counted from the end."""
    weights = layer.get_weights()
    nodes = [row if there else None for row, there in zip(x, mask, strict=True)]
    for level in range(layer.levels):
        kernel, bias, context, dense, offset = weights[5 * level : 5 * level + 5]
        above: list[Any] = []
        while nodes:
            nodes, span = nodes[: -layer.span], [node for node in nodes[-layer.span :] if node is not None]
            above.insert(0, None)
            if span:
                above[0] = np.tanh(pooled(np.array(span), kernel, bias, context)[0] @ dense + offset)
        nodes = above
    return np.zeros(layer.units) if nodes[-1] is None else nodes[-1]


@pytest.mark.parametrize(("span", "steps", "levels"), [(3, 9, None), (3, 11, None), (2, 13, 3), (4, 3, 2)])
def test_trees_against_their_definition(span: int, steps: int, levels: int | None) -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((3, steps, 2))
    layer = with_weights(layers.AttentionTree(5, span, levels, dtype="float64"), x)
    mask = rng.random((3, steps)) < 0.7
    mask[1] = False
    for shown in (np.ones_like(mask), mask):
        expected = [tree_of(row, layer, there) for row, there in zip(x, shown, strict=True)]
        np.testing.assert_allclose(layer(x, mask=shown).numpy(), expected, rtol=0, atol=1e-13)
    np.testing.assert_allclose(layer(x).numpy(), layer(x, mask=np.ones_like(mask)).numpy(), rtol=0, atol=1e-13)


@pytest.mark.parametrize("masked", [False, True])
def test_every_step_has_the_tree_that_ends_there(masked: bool) -> None:
    rng = np.random.default_rng(0)
    x, mask = rng.standard_normal((2, 13, 3)), rng.random((2, 13)) < 0.7
    tree = with_weights(layers.AttentionTree(4, 2, 3, dtype="float64"), x)
    every = with_weights(layers.AttentionTree(4, 2, 3, return_sequences=True, dtype="float64"), x)
    every.set_weights(tree.get_weights())
    found = every(x, mask=mask if masked else None).numpy()
    for t in range(13):
        alone = tree(x[:, : t + 1], mask=mask[:, : t + 1] if masked else None).numpy()
        np.testing.assert_allclose(found[:, t], alone, rtol=0, atol=1e-13)


@pytest.mark.parametrize("sequences", [False, True])
def test_gradients_of_masked_trees(sequences: bool) -> None:
    rng = np.random.default_rng(0)
    x, mask = rng.standard_normal((2, 7, 3)), rng.random((2, 7)) < 0.6
    layer = with_weights(layers.AttentionTree(4, 2, return_sequences=sequences, dtype="float64"), x)
    check_gradients(lambda *given: layer(given[0], mask=mask), x, *layer.trainable_variables, samples=30)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: layers.AttentionPooling(0), "AttentionPooling: units must be an integer >= 1, got 0"),
        (lambda: layers.AttentionPooling()(np.ones((2, 3), "f")), "at least 3 axes"),
        (lambda: layers.AttentionPooling()(np.ones((2, 0, 3), "f")), "no steps; there is nothing to pool"),
        (
            lambda: layers.AttentionPooling()(np.ones((2, 4, 3), "f"), mask=np.ones((2, 3), bool)),
            r"expected a mask of shape \(2, 4\), got \(2, 3\)",
        ),
        (lambda: layers.HierarchicalAttentionEncoder("gru", layers.GRU(2)), "word_encoder must be a layer, got str"),
        (
            lambda: layers.HierarchicalAttentionEncoder(layers.GRU(2, return_sequences=True), layers.GRU(2)),
            "sentence_encoder must be made with return_sequences=True",
        ),
        (lambda: document_encoder()(np.ones((2, 3, 4), "f")), r"expected 4 axes \(batch, sentences, words, features\)"),
        (
            lambda: document_encoder()(np.ones((2, 3, 4, 5), "f"), mask=np.ones((2, 3), bool)),
            r"expected a mask of shape \(2, 3, 4\), got \(2, 3\)",
        ),
        (
            lambda: layers.HierarchicalAttentionEncoder(
                layers.Bidirectional(layers.GRU(2, return_sequences=True), merge_mode=None), layers.Dense(2)
            )(np.ones((2, 3, 4, 5), "f")),
            "word_encoder must give one sequence",
        ),
        (lambda: layers.AttentionTree(4, span=1), "AttentionTree: span must be an integer from 2"),
        (lambda: layers.AttentionTree(4)(recurra.Input((None, 3))), "the number of steps is open; give levels="),
        (lambda: layers.AttentionTree(4)(np.ones((2, 3), "f")), "expected 3 axes"),
        (lambda: layers.AttentionTree(4).receptive_field, "levels is not known yet"),
    ],
)
def test_what_does_not_fit_is_refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_one_layer_cannot_encode_words_and_sentences() -> None:
    same = layers.GRU(2, return_sequences=True)
    with pytest.raises(ValueError, match="must be two layers, got one for both"):
        layers.HierarchicalAttentionEncoder(same, same)
