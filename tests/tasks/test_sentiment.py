"""The review experiment: data parts, training, figures, files, and the commands `train imdb` and `classify`."""

import itertools
import json

import numpy as np
import pytest

import recurra
from recurra.cli import main
from recurra.sentiment import NETWORKS, Experiment, SentimentClassifier, Settings
from recurra.sentiment.documents import Documents, document
from recurra.sentiment.experiment import confusion, most_wrong
from recurra.sentiment.reviews import BagsOfWords, inputs

NEUTRAL = ["the", "film", "a", "of", "it", "was", "scene", "actor", "don't", "plot"]
BAD, GOOD = ["dull", "awful", "boring", "worst"], ["lovely", "superb", "moving", "best"]
WORDS = [*NEUTRAL, *BAD, *GOOD]
INDEX = {word: rank for rank, word in enumerate(WORDS, start=1)}


@pytest.fixture
def reviews(tmp_path, monkeypatch):
    """240 + 120 made-up reviews where IMDB's files are looked for: a few telling words among neutral ones."""
    rng = np.random.default_rng(0)
    arrays = {}
    for part, count in (("train", 240), ("test", 120)):
        labels = np.arange(count) < count // 2
        rows = []
        for label in labels:
            words = [*rng.choice(NEUTRAL, rng.integers(3, 20)), *rng.choice(GOOD if label else BAD, 3)]
            rows.append([INDEX[word] for word in rng.permutation(words)])
        arrays[f"{part}_ids"] = np.concatenate(rows).astype(np.int32)
        arrays[f"{part}_offsets"] = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
        arrays[f"{part}_labels"] = labels.astype(np.uint8)
    np.savez(tmp_path / "imdb_ids.npz", **arrays)
    (tmp_path / "imdb_word_index.json").write_text(json.dumps(INDEX), encoding="utf-8")
    monkeypatch.setenv("RECURRA_DATA", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


def settings(**changes):
    return Settings(
        **{"model": "bow", "max_words": 22, "maxlen": 25, "units": 4, "epochs": 3, "batch_size": 8, **changes}
    )


def test_parts_follow_the_order_of_the_reviews(reviews):
    experiment = Experiment(settings(validation_split=0.25))
    (x, y), (x_test, y_test) = recurra.datasets.imdb.load_data(num_words=22)
    assert [len(labels) for _, labels in experiment.parts.values()] == [180, 60, 120]
    assert [*experiment.parts["training"][0], *experiment.parts["validation"][0]] == list(x)
    assert experiment.parts["validation"][1].tolist() == y[180:].tolist()
    assert list(experiment.parts["test"][0]) == list(x_test)
    answer = y[:180].mean() >= 0.5
    assert experiment.baseline() == {"validation": (y[180:] == answer).mean(), "test": (y_test == answer).mean()}


def test_fewer_reviews(reviews):
    experiment = Experiment(settings(reviews=50))
    assert [len(labels) for _, labels in experiment.parts.values()] == [40, 10, 50]


def test_bags_of_words():
    rows, labels = [[1, 4, 4], [], [2]], np.array([1, 0, 1])
    batches = list(BagsOfWords(rows, labels, 5, batch_size=2))
    assert len(BagsOfWords(rows, labels, 5, batch_size=2)) == len(batches) == 2
    assert batches[0][0].tolist() == [[0, 1, 0, 0, 1], [0, 0, 0, 0, 0]]
    assert batches[0][1].tolist() == [1, 0]
    assert batches[1][0].tolist() == [[0, 0, 1, 0, 0]]
    assert isinstance(next(iter(BagsOfWords(rows, None, 5))), np.ndarray)
    recurra.random.set_seed(0)
    drawn = np.concatenate([x for x, _ in BagsOfWords([[i] for i in range(50)], np.zeros(50), 50, 8, shuffle=True)])
    assert sorted(drawn.argmax(1)) == list(range(50))
    assert drawn.argmax(1).tolist() != list(range(50))


@pytest.mark.parametrize("number", [5, -1])
def test_bags_of_numbers_that_are_no_words(number):
    with pytest.raises(ValueError, match=rf"review 1 holds the number {number}, but words are numbered 0, …, 4"):
        list(BagsOfWords([[1], [2, number]], None, 5))


def test_inputs_of_networks_that_read_words():
    options = {"bag": False, "words": 9, "maxlen": 3, "batch_size": 2}
    assert inputs([[1, 2, 3, 4], [5]], None, **options).tolist() == [[2, 3, 4], [0, 0, 5]]
    bucketed = inputs([[1, 2, 3, 4], [5], [6], [7, 8, 8]], np.arange(4), **options, shuffle=True, bucket=True)
    assert sorted(x.shape for x, _ in bucketed) == [(2, 1), (2, 3)]


def test_confusion_and_most_wrong():
    truth = np.array([0, 0, 1, 1, 1])
    probabilities = np.array([0.9, 0.1, 0.05, 0.6, 0.45])
    assert confusion(truth, probabilities) == [[1, 1], [2, 1]]
    assert most_wrong(truth, probabilities, 9) == [2, 0, 4]
    assert most_wrong(truth, probabilities, 1) == [2]


class TestRun:
    def test_learns_and_keeps_the_best_epoch(self, reviews):
        experiment = Experiment(settings(epochs=6))
        run = experiment.train(seed=1, verbose=0)
        assert len(run.history["val_acc"]) == 6
        assert run.accuracy["validation"] == pytest.approx(max(run.history["val_acc"]))
        assert run.history["val_acc"][run.best_epoch - 1] == max(run.history["val_acc"])
        assert run.accuracy["test"] > 0.8
        assert sum(map(sum, run.confusion)) == 120
        right = run.confusion[0][0] + run.confusion[1][1]
        assert right / 120 == pytest.approx(run.accuracy["test"])

    def test_a_seed_settles_everything(self, reviews):
        experiment = Experiment(settings(epochs=2))
        first, second, other = (experiment.train(seed, verbose=0) for seed in (3, 3, 4))
        np.testing.assert_array_equal(first.probabilities, second.probabilities)
        assert (first.probabilities != other.probabilities).any()


@pytest.mark.parametrize(
    ("model", "changes"),
    [
        *(
            (name, {"maxlen": max(25, network.shortest), "learning_rate": 1e-2})
            for name, network in NETWORKS.items()
            if not network.sentences
        ),
        ("gru", {"bucket": True, "learning_rate": 1e-2}),
        ("transformer", {"bucket": True, "learning_rate": 1e-2}),
    ],
)
def test_every_network_learns_and_is_saved(reviews, model, changes):
    experiment = Experiment(settings(model=model, epochs=5, **changes))
    run = experiment.train(seed=1, verbose=0)
    assert run.history["loss"][-1] < run.history["loss"][0]
    assert run.accuracy["test"] > 0.7
    experiment.save(run, reviews / "m.safetensors")
    classifier = SentimentClassifier(reviews / "m.safetensors")
    x, _ = experiment.parts["test"]
    texts = [recurra.datasets.imdb.decode_review(row, INDEX) for row in x[:5]]
    np.testing.assert_allclose(classifier.probabilities(texts), run.probabilities[:5], rtol=1e-4)


@pytest.fixture
def texts(reviews):
    """The same reviews as texts of sentences, with three words of the label in one of these."""
    for part, count in (("train", 240), ("test", 120)):
        with np.load(reviews / "imdb_ids.npz") as arrays:
            ids, offsets = arrays[f"{part}_ids"], arrays[f"{part}_offsets"]
        for number in range(count):
            words = [WORDS[rank - 1] for rank in ids[offsets[number] : offsets[number + 1]]]
            folder = reviews / "aclImdb" / part / ("pos" if number < count // 2 else "neg")
            folder.mkdir(parents=True, exist_ok=True)
            said = ". ".join(" ".join(words[at : at + 4]) for at in range(0, len(words), 4))
            (folder / f"{number:03}_5.txt").write_text(said + "!", encoding="utf-8")
    (reviews / "aclImdb" / "README").write_text("made up", encoding="utf-8")
    return reviews


class TestSentences:
    def test_parts_are_those_of_the_words(self, texts):
        by_words = Experiment(settings(maxlen=99))
        by_sentences = Experiment(settings(model="han", maxlen=99, sentence_words=3))
        for part, (x, y) in by_words.parts.items():
            documents, labels = by_sentences.parts[part]
            assert labels.tolist() == y.tolist()
            for row, one in zip(x, documents, strict=True):
                assert [1, *itertools.chain.from_iterable(one)] == row
                assert {len(sentence) for sentence in one} <= {1, 2, 3}
        assert len(Experiment(settings(model="han", reviews=50)).parts["test"][0]) == 50

    def test_learns_and_judges_texts(self, texts):
        experiment = Experiment(settings(model="han", epochs=4, learning_rate=1e-2))
        run = experiment.train(seed=1, verbose=0)
        assert run.accuracy["test"] > 0.8
        experiment.save(run, texts / "m.safetensors")
        classifier = SentimentClassifier(texts / "m.safetensors")
        read = recurra.datasets.imdb.load_reviews()[1][0][:9]
        np.testing.assert_allclose(classifier.probabilities(read), run.probabilities[:9], rtol=1e-4)
        assert np.isfinite(classifier.probabilities([""])).all()

    def test_word_numbers_have_no_sentences(self, reviews):
        with pytest.raises(ValueError, match=r"'han' reads sentences, which .*imdb_ids.npz does not have"):
            Experiment(settings(model="han"), str(reviews / "imdb_ids.npz"))

    def test_command(self, texts, capsys):
        options = ["--units", "4", "--max-words", "22", "--epochs", "1", "--wrong", "1"]
        assert main(["train", "imdb", "--model", "han", *options]) == 0
        assert "always the same answer" in capsys.readouterr().out


def test_documents_are_cut_in_rows_and_from_the_front():
    def numbers(text):
        return [int(word.strip(".!?")) for word in text.split()]

    text = "1 2 3 4 5 6 7. 8! 9 10 11?"
    assert document(text, numbers, 3, 99) == [[1, 2, 3], [4, 5, 6], [7], [8], [9, 10, 11]]
    assert document(text, numbers, 3, 6) == [[6], [7], [8], [9, 10, 11]]
    assert document(text, numbers, 3, 2) == [[10, 11]]
    assert document("", numbers, 3, 2) == []


def test_batches_of_documents():
    rows = [[[1, 2]], [], [[3], [4, 5, 6]], [[7]]]
    batches = list(Documents(rows, np.arange(4), batch_size=2, shuffle=False))
    assert batches[0][0].tolist() == [[[1, 2]], [[0, 0]]]
    assert batches[1][0].tolist() == [[[3, 0, 0], [4, 5, 6]], [[7, 0, 0], [0, 0, 0]]]
    assert batches[1][1].tolist() == [2, 3]
    assert next(iter(Documents([[]], None, 1, shuffle=False))).shape == (1, 1, 1)
    alike = Documents(rows, np.arange(4), batch_size=2, shuffle=True)
    assert sorted(x.shape[1] for x, _ in alike) == [1, 2]


class TestClassifier:
    def saved(self, folder):
        experiment = Experiment(settings(epochs=8, batch_size=4))
        run = experiment.train(seed=1, verbose=0)
        experiment.save(run, folder / "models" / "reviews.safetensors")
        return experiment, run, folder / "models" / "reviews.safetensors"

    def test_judges_texts_as_the_training_did(self, reviews):
        experiment, run, path = self.saved(reviews)
        classifier = SentimentClassifier(path)
        x, _ = experiment.parts["test"]
        texts = [recurra.datasets.imdb.decode_review(row, INDEX) for row in x[:20]]
        assert [classifier.numbers(text) for text in texts] == list(x[:20])
        np.testing.assert_allclose(classifier.probabilities(texts), run.probabilities[:20], rtol=1e-5)
        good, bad = classifier.probabilities(["A superb, LOVELY film: the best!", "Awful and dull."])
        assert good > 0.5 > bad

    def test_unknown_words_and_empty_texts(self, reviews):
        _, _, path = self.saved(reviews)
        classifier = SentimentClassifier(path)
        assert classifier.numbers("Ünknown it's the") == [1, 2, 2, 4]
        assert classifier.numbers("") == [1]
        assert classifier.probabilities([]).shape == (0,)
        assert np.isfinite(classifier.probabilities([""])).all()

    def test_what_is_no_text_is_refused(self, reviews):
        classifier = SentimentClassifier(self.saved(reviews)[2])
        for texts, error, message in (
            ("good", TypeError, r"got one string; write \[text\]"),
            (["good", None], TypeError, "must be a string, got None"),
            ([b"good"], TypeError, "must be a string, got b'good'"),
            (["b\udce4d"], ValueError, "at position 1, which is no character"),
        ):
            with pytest.raises(error, match=message):
                classifier.probabilities(texts)

    def test_other_files_are_refused(self, reviews):
        model = recurra.Sequential([recurra.Input((2,)), recurra.layers.Dense(1)])
        for metadata, message in (
            (None, "not trained by 'recurra train imdb'"),
            ({"sentiment": {"words": "a b"}}, "has no 'bag'"),
            ({"sentiment": {"words": "a b", "bag": True, "max_words": "5"}}, "has '5' for 'max_words', not an integer"),
            ({"sentiment": {"words": "a b", "bag": True, "max_words": 5, "maxlen": 3}}, "contradicts itself"),
        ):
            recurra.saving.save_model(model, reviews / "m.safetensors", metadata=metadata)
            with pytest.raises(ValueError, match=message):
                SentimentClassifier(reviews / "m.safetensors")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": "transformers"}, "unknown model 'transformers'"),
        ({"model": "transformer", "units": 5}, "units must be even for the 2 heads of 'transformer', got 5"),
        ({"sentence_words": 0}, "sentence_words must be an integer >= 1"),
        ({"max_words": 4}, "max_words must be an integer >= 5"),
        ({"epochs": 0}, "epochs must be an integer >= 1"),
        ({"validation_split": 1.0}, "validation_split must be between 0 and 1"),
        ({"reviews": 3}, "reviews must be at least 10"),
        ({"model": "conv", "maxlen": 40}, "maxlen must be at least 41 for 'conv'"),
        ({"model": "bow", "bucket": True}, "bucket is for recurrent networks"),
        ({"model": "conv-gru", "maxlen": 50, "bucket": True}, "bucket is for recurrent networks"),
    ],
)
def test_bad_settings(changes, message):
    with pytest.raises(ValueError, match=message):
        settings(**changes)


class TestCommands:
    options = ("train", "imdb", "--model", "bow", "--max-words", "22", "--maxlen", "25", "--batch-size", "8")

    def test_train_reports_and_saves(self, reviews, capsys):
        path = str(reviews / "m.safetensors")
        assert main([*self.options, "--epochs", "2", "--seeds", "2", "--wrong", "200", "--save", path]) == 0
        out = capsys.readouterr().out
        for part in ("training 192", "always the same answer", "seed 1", "spread", "called positive", path):
            assert part in out
        assert main(["classify", path, "lovely superb best film", "worst awful dull"]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert [line.split()[0] for line in lines] == ["positive", "negative"]

    def test_json_and_plot(self, reviews, capsys):
        pytest.importorskip("matplotlib")
        plot = reviews / "plots" / "imdb.png"
        assert main([*self.options, "--epochs", "2", "--json", "--plot", str(plot), "--seed", "5"]) == 0
        results = json.loads(capsys.readouterr().out)
        assert results["settings"]["model"] == "bow"
        assert results["settings"]["learning_rate"] == 0.001
        assert [run["seed"] for run in results["runs"]] == [5]
        assert results["mean"]["test"] == results["runs"][0]["test"]
        assert len(results["runs"][0]["history"]["val_loss"]) == 2
        assert plot.read_bytes().startswith(b"\x89PNG")

    def test_classify_a_file(self, reviews, capsys):
        path = str(reviews / "m.safetensors")
        main([*self.options, "--epochs", "6", "--save", path, "--json"])
        capsys.readouterr()
        texts = reviews / "texts.txt"
        texts.write_text("best lovely moving\n\nworst dull boring\n", encoding="utf-8")
        assert main(["classify", path, "--file", str(texts), "--json"]) == 0
        found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert [one["text"] for one in found] == ["best lovely moving", "", "worst dull boring"]
        assert found[0]["probability"] > found[2]["probability"]
        texts.write_bytes(b"good\nb\xe4d\n")
        assert main(["classify", path, "--file", str(texts)]) == 1
        assert "line 2: byte 0xe4 at position 6" in capsys.readouterr().err

    def test_mistakes_are_one_line(self, reviews, capsys):
        for arguments, message in (
            ([*self.options, "--epochs", "0"], "epochs must be an integer >= 1"),
            ([*self.options, "--seeds", "0"], "--seeds must be at least 1"),
            (["classify", str(reviews / "imdb_ids.npz"), "text"], "imdb_ids.npz"),
            (["classify", str(reviews / "none.safetensors"), "text"], "none.safetensors"),
            (["classify", str(reviews / "none.safetensors")], "no text to classify"),
        ):
            assert main(arguments) == 1
            error = capsys.readouterr().err
            assert error.startswith("recurra: ")
            assert message in error
            assert error.count("\n") == 1
