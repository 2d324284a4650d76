"""Sequence to sequence: every context and cell trains, answers, is saved; padding has no influence; bad input."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import recurra
from recurra import layers
from recurra.generation.scores import log_softmax
from recurra.models import Seq2Seq

START, END = 8, 9
STATES = {"return_sequences": True, "return_state": True}

KINDS: dict[str, Callable[..., Seq2Seq]] = {
    "additive": lambda **o: Seq2Seq(layers.Bidirectional(layers.GRU(6, **STATES)), layers.GRUCell(7), 8, 10, **o),
    "general, after": lambda **o: Seq2Seq(
        layers.LSTM(6, **STATES), layers.LSTMCell(6), 8, 10, attention="after", score="general", **o
    ),
    "dot, not fed": lambda **o: Seq2Seq(
        [layers.GRU(5, return_sequences=True), layers.GRU(6, **STATES)],
        layers.GRUCell(6),
        8,
        10,
        attention="after",
        score="dot",
        input_feeding=False,
        attention_layer_size=5,
        **o,
    ),
    "stacked": lambda **o: Seq2Seq(
        layers.GRU(6, **STATES), [layers.LSTMCell(5), layers.GRUCell(6)], 8, 10, score="concat", **o
    ),
    "without states": lambda **o: Seq2Seq(layers.TransformerEncoder(8, 2), layers.GRUCell(6), 8, 10, **o),
    "state": lambda **o: Seq2Seq(layers.LSTM(6, return_state=True), layers.LSTMCell(6), 8, 10, context="state", **o),
    "input": lambda **o: Seq2Seq(
        layers.Bidirectional(layers.LSTM(3, return_state=True)), layers.GRUCell(6), 8, 10, context="input", **o
    ),
}


def made(kind: str, **options: Any) -> Seq2Seq:
    recurra.random.set_seed(1)
    model = KINDS[kind](**{"start": START, "end": END, "embedding_dim": 4, **options})
    model([np.ones((2, 3), "int32"), np.ones((2, 3), "int32")])
    model.set_weights([3 * weight for weight in model.get_weights()])
    return model


def pairs(count: int = 24) -> tuple[list[list[int]], list[list[int]]]:
    rng = np.random.default_rng(0)
    source = [rng.integers(1, 8, rng.integers(1, 5)).tolist() for _ in range(count)]
    return source, [row[::-1] for row in source]


@pytest.mark.parametrize("kind", KINDS)
def test_trains_is_saved_and_goes_on(kind: str, tmp_path: Path) -> None:
    model, (source, target) = made(kind), pairs()
    model.compile(recurra.optimizers.Adam(0.01))
    losses = model.fit(source, target, epochs=6, batch_size=8, verbose=0, validation_split=0.25).history
    assert losses["loss"][-1] < losses["loss"][0]
    assert set(losses) == {"loss", "sequence_accuracy", "val_loss", "val_sequence_accuracy"}
    model.save(tmp_path / "model.safetensors")
    again = recurra.models.load_model(tmp_path / "model.safetensors")
    assert isinstance(again, Seq2Seq)
    x, _ = model.taught(source, target)
    np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))
    assert again.generate(source).lists() == model.generate(source).lists()
    before = again.evaluate(source, target, verbose=0, return_dict=True)
    after = again.fit(source, target, epochs=3, verbose=0, validation_data=(source, target)).history
    assert after["val_loss"][-1] < before["loss"]


@pytest.mark.parametrize("options", [{}, {"num_beams": 3, "length_penalty": 0.0}, {"do_sample": True, "seed": 2}])
@pytest.mark.parametrize("kind", KINDS)
def test_answers_have_the_probability_that_the_teacher_would_see(kind: str, options: dict[str, Any]) -> None:
    model, (source, _) = made(kind), pairs(6)
    found = model.generate(source, max_new_tokens=5, **options)
    assert len(found.scores) == 6
    for row, length, score, given in zip(found.sequences, found.lengths, found.scores, source, strict=True):
        read = np.array([[START, *row[: length - 1]]], "int32")
        likely = log_softmax(model([np.array([given], "int32"), read]).numpy()[0].astype("float64"))
        np.testing.assert_allclose(score, likely[np.arange(length), row[:length]].sum(), atol=2e-5)
        if not options:
            assert row[:length].tolist() == likely.argmax(-1).tolist()


@pytest.mark.parametrize("kind", KINDS)
def test_padding_has_no_influence(kind: str) -> None:
    model, (source, target) = made(kind), pairs(5)
    (given, read), said = model.taught(source, target)
    wide = [np.pad(array, ((0, 0), (0, 3))) for array in (given, read, said)]
    short, long = model([given, read]).numpy(), model(wide[:2]).numpy()
    for row, answer in enumerate(target):
        np.testing.assert_allclose(long[row, : len(answer) + 1], short[row, : len(answer) + 1], atol=2e-6)
    model.compile()
    figures = [model.test_on_batch([x, y], z, return_dict=True) for x, y, z in ((given, read, said), wide)]
    np.testing.assert_allclose(figures[0]["loss"], figures[1]["loss"], rtol=1e-5)
    for beams in (1, 3):
        many = model.generate(source, max_new_tokens=5, num_beams=beams).lists()
        assert many == [model.generate([row], max_new_tokens=5, num_beams=beams).lists()[0] for row in source]


def test_what_the_decoder_reads_and_says() -> None:
    model = made("state")
    (source, read), said = model.taught([[1, 2], [3]], np.array([[4, 5, 6], [7, 0, 0]]))
    assert source.tolist() == [[1, 2], [3, 0]]
    assert read.tolist() == [[START, 4, 5, 6], [START, 7, 0, 0]]
    assert said.tolist() == [[4, 5, 6, END], [7, END, 0, 0]]


def test_the_metric_is_the_share_of_answers_that_greedy_search_gets_right() -> None:
    model, (source, target) = made("additive"), pairs(80)
    model.compile(recurra.optimizers.Adam(0.02))
    model.fit(source, target, epochs=12, batch_size=16, verbose=0)
    share = model.evaluate(source, target, verbose=0, return_dict=True)["sequence_accuracy"]
    right = [own == answer for own, answer in zip(model.generate(source).lists(), target, strict=True)]
    assert 0.1 < share < 1
    np.testing.assert_allclose(share, np.mean(right), atol=1e-6)


@pytest.mark.parametrize("kind", ["additive", "general, after", "dot, not fed", "input"])
def test_scheduled_sampling(kind: str) -> None:
    model, (source, target) = made(kind), pairs(10)
    x, _ = model.taught(source, target)
    plain = model(x, training=True).numpy()
    model.scheduled_sampling = 1e-12  # step by step, but with the true tokens
    np.testing.assert_allclose(model(x, training=True).numpy(), plain, atol=2e-6)
    model.scheduled_sampling = 1.0
    sampled = model(x, training=True)
    assert np.abs(sampled.numpy() - plain).max() > 1e-3
    np.testing.assert_allclose(sampled.numpy()[:, 0], plain[:, 0], atol=2e-6)
    np.testing.assert_allclose(model(x).numpy(), plain, atol=2e-6)  # only in training
    model.compile(recurra.optimizers.Adam(0.01))
    losses = model.fit(source, target, epochs=8, verbose=0).history["loss"]
    assert losses[-1] < losses[0]


def test_dropout_acts_in_training_alone() -> None:
    model, (source, target) = made("additive", dropout=0.5), pairs(10)
    x, _ = model.taught(source, target)
    np.testing.assert_array_equal(model(x).numpy(), model(x).numpy())
    assert (model(x, training=True).numpy() != model(x, training=True).numpy()).any()


def test_same_bits_for_any_number_of_threads() -> None:
    source, target = pairs(64)
    found, before = [], recurra.num_threads()
    try:
        for threads in (1, 2, 3):
            recurra.set_num_threads(threads)
            model = made("additive", dropout=0.2)
            model.compile()
            model.fit(source, target, 64, epochs=2, verbose=0)
            found.append(b"".join(weight.tobytes() for weight in model.get_weights()))
    finally:
        recurra.set_num_threads(before)
    assert found[0] == found[1] == found[2]


def test_alignments() -> None:
    model, (source, target) = made("additive"), pairs(5)
    found = model.align(source, target)
    assert found.shape == (5, max(map(len, target)) + 1, max(map(len, source)))
    for row, given in zip(found, source, strict=True):
        np.testing.assert_allclose(row.sum(-1), 1, atol=1e-6)
        assert not row[:, len(given) :].any()


def test_whole_answers_by_hand() -> None:
    scores = np.eye(4)[[[1, 2, 3], [1, 2, 0], [3, 1, 1]]]
    metric = recurra.metrics.SequenceAccuracy()
    targets = np.array([[1, 2, 3], [1, 2, 2], [3, 0, 1]])
    assert metric(targets, scores) == pytest.approx(1 / 3)
    metric.reset_state()
    steps = np.array([[1, 1, 1], [1, 1, 0], [0, 0, 0]])
    assert metric(targets, scores, sample_weight=steps) == 1.0
    metric.reset_state()
    assert metric(targets, scores, sample_weight=[1.0, 3.0, 0.0]) == pytest.approx(1 / 4)
    with pytest.raises(ValueError, match="use sparse_categorical_accuracy for single classes"):
        metric([1, 2], np.eye(3)[[1, 2]])


def layer(**changes: Any) -> Seq2Seq:
    arguments = {
        "encoder": layers.GRU(4, **STATES), "cell": layers.GRUCell(4), "source_vocabulary": 8,
        "target_vocabulary": 10, "start": START, "end": END,
    }  # fmt: skip
    return Seq2Seq(**{**arguments, **changes})


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m: layer(start=9), "start and end must be different tokens"),
        (lambda m: layer(start=10), "start must be an integer from 1 to 9, got 10"),
        (lambda m: layer(context="mean"), "context must be"),
        (lambda m: layer(cell=3), "a cell needs a method call"),
        (lambda m: layer(scheduled_sampling=1.5), "scheduled_sampling must be"),
        (lambda m: layer(score="cosine"), "score must be"),
        (lambda m: layer(encoder=layers.GRU(4)).generate([[1]]), "return_sequences=True"),
        (lambda m: layer(encoder=layers.GRU(4), context="state").generate([[1]]), "return_state=True"),
        (lambda m: m.generate([[1, 8]]), r"source has the token 8; expected 1, …, 7 and 0 for padding"),
        (lambda m: m.generate([[1, 0, 2]]), "source 0 has 0, which is padding, in front of a token"),
        (lambda m: m.generate([["a"]]), "source 0 must be a list of whole numbers"),
        (lambda m: m.generate(np.ones((2, 2)) * 0.5), "source must be whole numbers"),
        (lambda m: m.generate([[]]), "the source has no steps"),
        (lambda m: m.generate([[1]], num_beams=11), "num_beams must be at most the size of the vocabulary, 10"),
        (lambda m: m.fit([[1]], [[2, END]]), "target 0 contains the end mark 9; give answers without marks"),
        (lambda m: m.fit([[1]], [[START, 2]]), "target 0 contains the start mark 8"),
        (lambda m: m.fit([[1], [2]], [[1]]), "as many sources as targets are needed, got 2 and 1"),
        (lambda m: m.fit([[1]], [[11]]), "target has the token 11"),
        (lambda m: m(np.ones((2, 2), "int32")), "expected a list"),
        (lambda m: layer(encoder=layers.GRU(4, return_state=True), context="state").align([[1]], [[1]]), "align needs"),
    ],
)
def test_errors(call: Callable[[Seq2Seq], Any], message: str) -> None:
    model = layer()
    model.compile()
    with pytest.raises((ValueError, TypeError), match=message):
        call(model)
