"""Language models: figures against NumPy, carried states, windows, penalties, dropouts, saving, writing, bad input."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import recurra
from recurra import layers
from recurra.gradient_check import check_gradients
from recurra.models import LanguageModel, Vocabulary
from recurra.models.data.token_windows import TokenWindows
from recurra.tensor import Tensor

SIZE = 11
SEQUENCES = {"return_sequences": True}

KINDS: dict[str, Callable[..., LanguageModel]] = {
    "lstm": lambda **o: LanguageModel(SIZE, layers.LSTM(6, **SEQUENCES), 5, **o),
    "tied": lambda **o: LanguageModel(SIZE, [layers.GRU(7, **SEQUENCES), layers.LSTM(5, **SEQUENCES)], 5, True, **o),
    "adaptive": lambda **o: LanguageModel(SIZE, layers.GRU(6, **SEQUENCES), 5, cutoffs=[3, 7], div_value=2.0, **o),
    "connected": lambda **o: LanguageModel(
        SIZE, [layers.Residual(layers.SimpleRNN(5, **SEQUENCES)), layers.Dense(4, "tanh")], 5, **o
    ),
    "convolutional": lambda **o: LanguageModel(SIZE, layers.TCN(6, 2, 2, **SEQUENCES), 5, context=6, **o),
}


def made(kind: str, **options: Any) -> LanguageModel:
    recurra.random.set_seed(1)
    model = KINDS[kind](**options)
    model.set_weights([3 * weight for weight in model.get_weights()])
    return model


def tokens(count: int = 300, seed: int = 0) -> np.ndarray:
    """The next token is one more, or two."""
    steps = 1 + (np.random.default_rng(seed).random(count) < 0.2)
    return np.asarray(np.cumsum(steps) % SIZE, "int32")


def nats(model: LanguageModel, row: np.ndarray) -> np.ndarray:
    """−log p of each token but the first, by one pass over the whole row, in NumPy."""
    scores = np.asarray(model.predict(row[None, :-1], verbose=0)[0], np.float64)
    shifted = scores - scores.max(-1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
    return np.asarray(-log_p[np.arange(len(row) - 1), row[1:]])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("steps", [1, 7, 64, 1000])
def test_carried_states_give_the_figures_of_one_long_pass(kind: str, steps: int) -> None:
    model, row = made(kind), tokens(131)
    model.compile()
    figures = model.evaluate(row, batch_size=1, steps=steps, return_dict=True)
    expected = nats(model, row).mean()
    assert figures["loss"] == pytest.approx(expected, rel=1e-5)
    assert figures["perplexity"] == pytest.approx(np.exp(expected), rel=1e-5)


def test_bits_per_character() -> None:
    vocabulary = Vocabulary([chr(97 + number) for number in range(SIZE)], "char")
    model = LanguageModel(vocabulary, layers.GRU(4, return_sequences=True))
    model.compile()
    text = vocabulary.decode(tokens(60).tolist())
    loss, bits = model.evaluate(text)
    assert bits == pytest.approx(loss / np.log(2))
    assert model.metrics_names == ["loss", "bits_per_character"]
    assert isinstance(model.metrics[1], recurra.metrics.BitsPerCharacter)


@pytest.mark.parametrize("kind", KINDS)
def test_trains_is_saved_and_goes_on(kind: str, tmp_path: Path) -> None:
    model, row = made(kind), tokens(600)
    model.compile(recurra.optimizers.Adam(0.02))
    history = model.fit(row, batch_size=4, steps=10, epochs=6, verbose=0, validation_split=0.2).history
    assert set(history) == {"loss", "perplexity", "val_loss", "val_perplexity"}
    assert history["val_loss"][-1] < 0.9 * history["val_loss"][0]
    model.save(tmp_path / "model.safetensors")
    again = recurra.models.load_model(tmp_path / "model.safetensors")
    assert isinstance(again, LanguageModel)
    assert again.evaluate(row) == model.evaluate(row)
    drawing = {"do_sample": True, "seed": 3, "max_new_tokens": 8}
    assert again.generate([[1, 2], [4]], **drawing).lists() == model.generate([[1, 2], [4]], **drawing).lists()
    losses = [one.fit(row, batch_size=4, steps=10, verbose=0).history["loss"] for one in (model, again)]
    assert losses[0] == losses[1]


def test_a_step_is_truncated_backpropagation_with_carried_states() -> None:
    """Two windows by fit are two steps by hand, whose states are those behind the window before."""
    row = tokens(2 * 12 + 1)
    model, reference = made("lstm"), made("lstm")
    model.compile(recurra.optimizers.SGD(0.5))
    model.fit(row, batch_size=2, steps=6, verbose=0)

    optimizer, lstm, head = recurra.optimizers.SGD(0.5), reference.stack[0], reference._head
    optimizer.build(reference.trainable_variables)
    x, y = row[:-1].reshape(2, 12), row[1:].reshape(2, 12)
    states = [Tensor(np.zeros((2, 6), "float32")) for _ in range(2)]
    for begin in (0, 6):
        part = slice(begin, begin + 6)
        output, states = recurra.layers.recurrent.sequence.run(
            lstm.cell, reference._embedding(x[:, part]), states, None, lstm.run_options(), True
        )
        scores = head(output)
        loss = recurra.ops.mean(recurra.ops.sparse_categorical_crossentropy(y[:, part], scores, from_logits=True))
        optimizer.zero_gradients()
        loss.backward()
        optimizer.step()
        states = [state.detach() for state in states]
    for ours, by_hand in zip(model.get_weights(), reference.get_weights(), strict=True):
        np.testing.assert_allclose(ours, by_hand, rtol=1e-5, atol=1e-7)


def test_validation_does_not_disturb_the_states_of_the_training() -> None:
    row, weights = tokens(400), []
    for validation in (None, tokens(57, seed=1)):
        model = made("tied")
        model.compile("sgd")
        model.fit(row, batch_size=4, steps=9, epochs=2, validation_data=validation, verbose=0)
        weights.append(model.get_weights())
    for without, beside in zip(*weights, strict=True):
        np.testing.assert_array_equal(without, beside)


def test_gradient_of_tied_weights_comes_from_both_ends() -> None:
    recurra.random.set_seed(0)
    model = LanguageModel(5, layers.GRU(3, return_sequences=True, dtype="float64"), 3, True, dtype="float64")
    x, y = np.array([[0, 1, 2], [2, 3, 1]]), np.array([[1, 2, 0], [3, 1, 4]])
    table = np.array(model._embedding.embeddings.numpy())

    def losses(value: Any) -> Any:
        model.reset_states()
        model._embedding.embeddings = value
        return model(x, targets=Tensor(y))

    check_gradients(losses, table)


def test_penalties_of_activations() -> None:
    row = tokens(41)
    plain, penalised = (made("tied", **o) for o in ({}, {"activation_penalty": 2.0, "temporal_penalty": 3.0}))
    x, y = row[None, :-1], row[None, 1:]
    hidden = plain._hidden(Tensor(x), False).numpy()
    plain.reset_states()
    found = []
    for model in (plain, penalised):
        model.compile(recurra.optimizers.SGD(0.0))
        found.append(model.train_on_batch(x, y, return_dict=True))
    expected = 2.0 * np.square(hidden).mean() + 3.0 * np.square(np.diff(hidden, axis=1)).mean()
    assert found[1]["loss"] - found[0]["loss"] == pytest.approx(expected, rel=1e-4)
    assert found[1]["perplexity"] == pytest.approx(found[0]["perplexity"], rel=1e-6)
    assert penalised.evaluate(row, return_dict=True)["loss"] == plain.evaluate(row, return_dict=True)["loss"]


def test_dropout_of_words_and_the_same_at_all_steps() -> None:
    recurra.random.set_seed(0)
    words = LanguageModel(50, layers.Dropout(0.0), 8, True, embedding_dropout=0.4)
    x = np.tile(np.arange(50), (2, 2))
    kept = (words._hidden(Tensor(x), True).numpy() / words._embedding(x).numpy()).round(4)
    assert sorted(set(kept.ravel().tolist())) == [0.0, pytest.approx(1 / 0.6, abs=1e-3)]
    assert (kept == np.tile(kept[0, :50, :1], (2, 1))).all()  # by word, at all its places

    locked = LanguageModel(50, layers.Dropout(0.0), 8, True, input_dropout=0.5, locked_dropout=True)
    kept = locked._drop_inputs(np.ones((2, 100, 8), "float32"), training=True).numpy()
    assert (kept == kept[:, :1]).all()
    assert set(kept.ravel().tolist()) == {0.0, 2.0}


def test_windows() -> None:
    row = np.arange(24, dtype="int32")
    windows = TokenWindows(row, 2, 4, 0, False, "x")
    assert len(windows) == 3
    x, y = (np.concatenate(part, axis=1) for part in zip(*windows, strict=True))
    np.testing.assert_array_equal(x, row[:22].reshape(2, 11))
    np.testing.assert_array_equal(y, row[1:23].reshape(2, 11))
    behind = [(x.shape[1], y.shape[1]) for x, y in TokenWindows(row, 2, 4, 3, False, "x")]
    assert behind == [(4, 4), (7, 4), (6, 3)]
    for x, y in TokenWindows(row, 2, 4, 3, False, "x"):
        np.testing.assert_array_equal(x[:, -1] + 1, y[:, -1])


def test_varied_windows_scale_the_learning_rate() -> None:
    recurra.random.set_seed(5)
    row = tokens(4001)
    lengths = [y.shape[1] for _, y in TokenWindows(row, 1, 20, 0, True, "x")]
    assert sum(lengths) == 4000
    assert min(lengths[:-1]) >= 5
    assert 15 < np.mean(lengths) < 22
    assert len(set(lengths)) > 8

    model, rates = made("lstm"), []
    model.compile(recurra.optimizers.SGD(0.5))
    optimizer, seen = model.optimizer, []
    usual = type(optimizer)._update

    def update(self: Any, block: Any, slots: Any, rate: float, step: int) -> None:
        rates.append(rate)
        usual(self, block, slots, rate, step)

    class Lengths(recurra.callbacks.Callback):
        def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
            seen.append(batch)

    optimizer._update = update.__get__(optimizer)
    recurra.random.set_seed(5)
    model.fit(row[:801], batch_size=1, steps=20, varied_steps=True, verbose=0, callbacks=Lengths())
    assert len(rates) == len(seen)
    expected = [0.5 * length / 20 for length in lengths[: len(rates) - 1]]
    assert rates[:-1] == pytest.approx(expected)
    assert optimizer.learning_rate == 0.5


@pytest.mark.parametrize("kind", ["tied", "convolutional"])
def test_goes_on_after_a_kill_with_the_same_bits(kind: str, tmp_path: Path) -> None:
    row, options = tokens(500), {"batch_size": 4, "steps": 9, "verbose": 0, "varied_steps": True}

    def trained(epochs: int, *callbacks: Any) -> LanguageModel:
        model = made(kind, embedding_dropout=0.2)
        model.compile("sgd")
        average = recurra.callbacks.AveragedWeights(start_epoch=2)
        model.fit(row, epochs=epochs, callbacks=[average, *callbacks], **options)
        return model

    class Kill(recurra.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            if self.model.run.epoch == 2 and batch == 6:
                raise RuntimeError("killed")

    whole = trained(4)
    backup = tmp_path / "backup"
    with pytest.raises(RuntimeError, match="killed"):
        trained(4, recurra.callbacks.BackupAndRestore(backup, save_freq=2), Kill())
    for ours, theirs in zip(
        trained(4, recurra.callbacks.BackupAndRestore(backup, save_freq=2), recurra.callbacks.Callback()).get_weights(),
        whole.get_weights(),
        strict=True,
    ):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("kind", KINDS)
def test_writes_what_the_whole_text_so_far_says(kind: str) -> None:
    model = made(kind)
    prompts = [[1, 2, 3], [4]]
    written = model.generate(prompts, max_new_tokens=6).sequences
    for prompt, row in zip(prompts, written.tolist(), strict=True):
        for place, token in enumerate(row):
            scores = model.predict(np.array([prompt + row[:place]]), verbose=0)
            assert scores[0, -1].argmax() == token
    assert model.generate(prompts, max_new_tokens=4, num_beams=3).sequences.shape == (2, 4)
    seen: list[list[int]] = []
    drawn = model.generate(
        prompts, max_new_tokens=5, do_sample=True, seed=1, callback=lambda new: seen.append(new.tolist())
    )
    np.testing.assert_array_equal(np.array(seen).T, drawn.sequences)


def test_texts_with_unknown_words() -> None:
    vocabulary = Vocabulary.of("the cat saw the dog\nthe dog saw\n", max_size=5)
    model = LanguageModel(vocabulary, layers.GRU(4, return_sequences=True))
    model.compile()
    model.fit("the cat saw the dog\nthe dog saw\n" * 9, batch_size=2, steps=5, verbose=0)
    with pytest.warns(UserWarning, match=r"prompt: .* does not have 'zebra', 'emu'; read as <unk>") as said:
        found = model.generate(["the zebra", "emu"], max_new_tokens=30, do_sample=True, seed=0)
    assert len(said) == 1
    assert vocabulary.numbers["<unk>"] not in found.sequences
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.generate("the dog", max_new_tokens=3)


REFUSALS: list[tuple[Callable[[], Any], str]] = [
    (lambda: LanguageModel(1, layers.GRU(2, return_sequences=True)), "LanguageModel: vocabulary must be"),
    (lambda: LanguageModel(9, []), "stack must be a layer or a list of layers"),
    (lambda: LanguageModel(9, layers.GRU(2)), "layer 'gru.*' needs return_sequences=True"),
    (
        lambda: LanguageModel(9, layers.Bidirectional(layers.GRU(2, return_sequences=True))),
        "reads later steps, which the model is to say",
    ),
    (lambda: LanguageModel(9, layers.Conv1D(4, 3, padding="same")), "reads later steps"),
    (
        lambda: LanguageModel(9, layers.GRU(2, return_sequences=True), context=3),
        "carry their states from window to window and need no context, got context=3",
    ),
    (
        lambda: LanguageModel(9, layers.GRU(6, return_sequences=True), 5, True),
        "tie_weights=True needs a last layer as wide as the embedding, got 6 beside embedding_dim=5",
    ),
    (
        lambda: LanguageModel(9, layers.GRU(5, return_sequences=True), 5, True, cutoffs=[3]),
        "cutoffs has matrices of its own, which tie_weights=True excludes",
    ),
    (lambda: LanguageModel(9, layers.GRU(5, return_sequences=True), cutoffs=[9]), "from 1 to 8"),
    (lambda: made("lstm").compile(loss="mse"), "loss is settled for a language model"),
    (lambda: fitted(np.arange(4)), "4 tokens are too few for 32 rows.*give at least 33, or a smaller batch_size"),
    (lambda: fitted(np.full(99, SIZE)), "x has the token 11; the vocabulary has 0, …, 10"),
    (lambda: fitted(np.zeros((9, 9), int)), r"one long row of token numbers \(N,\), got shape \(9, 9\)"),
    (lambda: fitted("a text"), "x is a text, but the model knows numbers only"),
    (
        lambda: fitted(tokens(), validation_data=tokens(), validation_split=0.1),
        "validation_data or validation_split, not",
    ),
    (lambda: made("lstm").generate([[1]], temperature=0.0, do_sample=True), "temperature must be"),
    (lambda: made("lstm").generate([[1]], num_beams=12), "num_beams must be at most the size of the vocabulary, 11"),
    (lambda: made("lstm").generate("to be"), "a prompt is a text, but the model knows numbers only"),
    (lambda: made("adaptive").chain(), "an adaptive softmax is no layer that streams run"),
]


def fitted(x: Any, **options: Any) -> None:
    model = made("lstm")
    model.compile()
    model.fit(x, verbose=0, **options)


@pytest.mark.parametrize(("call", "words"), REFUSALS, ids=range(len(REFUSALS)))
def test_bad_input(call: Callable[[], Any], words: str) -> None:
    with pytest.raises(ValueError, match=words) as error:
        call()
    assert "\n" not in str(error.value)
