"""Tasks of language: corpora, all models of each, the command for one's own text, writing with what it saves."""

from __future__ import annotations

import json
import math
import zipfile
from pathlib import Path

import numpy as np
import pytest

import recurra
from recurra import tasks
from recurra.cli import main
from recurra.datasets import large_texts
from recurra.datasets.locate import DatasetNotFoundError
from recurra.datasets.ptb import Corpus
from recurra.models import LanguageModel, load_model

SMALL = {"units": 5, "layers": 1, "filters": 5, "levels": 2, "epochs": 1, "steps": 6, "verbose": 0, "embedding_dim": 5}
VERSES = "the cat saw a dog\nthe dog saw a cat and ran\n" * 40


@pytest.fixture
def small_corpora(monkeypatch, tmp_path):
    """Few words and characters in the place of the data sets, and files of the form of the large ones."""
    rng = np.random.default_rng(0)

    def corpus(level: str = "word") -> Corpus:
        parts = [rng.integers(0, 9, n).astype("int32") for n in (700, 60, 50)]
        tokens = list("abcdefghi") if level == "character" else [f"word{i}" for i in range(8)] + ["<unk>"]
        return Corpus(*parts, tokens)

    monkeypatch.setattr(recurra.datasets.ptb, "load_data", corpus)
    monkeypatch.setattr(recurra.datasets.tiny_shakespeare, "load_data", lambda: VERSES)
    with zipfile.ZipFile(tmp_path / "wikitext-103-v1.zip", "w") as archive:
        for part in ("train", "valid", "test"):
            archive.writestr(f"wikitext-103/wiki.{part}.tokens", VERSES)
    novels = tmp_path / "lambada-dataset" / "train-novels" / "romance"
    novels.mkdir(parents=True)
    (novels / "one.txt").write_text(VERSES)
    for part in ("development", "test"):
        passages = "the dog and the cat\na bird saw the dog\n"
        (novels.parents[1] / f"lambada_{part}_plain_text.txt").write_text(passages)
    (tmp_path / "text8").write_text(VERSES.replace("\n", " "))
    monkeypatch.setenv("RECURRA_DATA", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    ("task", "model"),
    [
        ("shakespeare", "lstm"),
        ("shakespeare", "gru"),
        *(("ptb-words", model) for model in ("small", "medium", "tcn", "lstm", "gru", "rnn")),
        *(("ptb-chars", model) for model in ("tcn", "lstm", "gru", "rnn")),
        *(("text8", model) for model in ("tcn", "lstm", "gru", "rnn")),
        *(("wikitext103", model) for model in ("tcn", "lstm")),
        *(("lambada", model) for model in ("tcn", "lstm", "rnn")),
    ],
)
def test_all_models_run_an_epoch(task, model, small_corpora):
    changes = {"context": 4} if model == "tcn" else {}
    changes |= {"cutoff": 4} if task == "wikitext103" else {}
    result = tasks.run(task, model, **{**SMALL, **changes, "batch_size": 4})
    assert result.epochs == 1
    assert all(math.isfinite(figure) for figure in result.figures.values())
    assert tasks.get(task).metric.name in result.figures
    assert result.published["figure"] > 1


def test_models_have_the_published_numbers_of_parameters():
    data = tasks.Data(np.zeros(9999, "int32"), None, None, {"vocabulary": 10_000})
    counts = {}
    for name in ("small", "tcn", "lstm"):
        task = tasks.get("ptb-words")
        counts[name] = task.model(name, task.settings(name), data).count_params()
    assert counts["small"] == 4_651_600
    assert 0.9 * 13e6 < counts["tcn"] < 1.3 * 13e6
    data = tasks.Data(np.zeros(9999, "int32"), None, None, {"vocabulary": 50})
    task = tasks.get("ptb-chars")
    recurrent = [task.model(name, task.settings(name), data).count_params() for name in ("lstm", "gru", "rnn")]
    assert max(recurrent) < 1.06 * min(recurrent)


def test_rates_of_zaremba(small_corpora):
    history = tasks.run("ptb-words", "small", **{**SMALL, "epochs": 6, "batch_size": 4, "steps": 20}).history
    model_rates = recurra.callbacks.LearningRateScheduler
    (schedule,) = tasks.get("ptb-words").callbacks(tasks.get("ptb-words").settings("small"))
    assert isinstance(schedule, model_rates)
    assert history["learning_rate"] == [20.0, 20.0, 20.0, 20.0, 10.0, 5.0]


def test_last_words_are_judged_by_the_words_before_them(small_corpora):
    task = tasks.get("lambada")
    settings = task.settings("lstm", **{k: v for k, v in SMALL.items() if k != "verbose"})
    data = task.data(settings, 0)
    model = task.model("lstm", settings, data)
    model.compile()
    expected = []
    for passage in data.test:
        scores = model.predict(passage[None, :-1], verbose=0)[0, -1].astype("float64")
        expected.append(np.log(np.exp(scores).sum()) - scores[passage[-1]])
    assert task.evaluate(model, data.test, settings)["perplexity"] == pytest.approx(np.exp(np.mean(expected)), rel=1e-5)


class TestFilesOfTheUser:
    def test_words_are_numbered_by_how_often_they_occur(self, small_corpora):
        for path in ("wikitext-103-v1.zip",):
            corpus = large_texts.load_wikitext103(path)
            assert corpus.vocabulary[:3] == ["the", "cat", "saw"]
            assert [corpus.vocabulary[n] for n in corpus.test[:6]] == ["the", "cat", "saw", "a", "dog", "<eos>"]

    def test_passages_and_unknown_words(self, small_corpora):
        novels, validation, test, words = large_texts.load_lambada(max_words=6)
        assert len(words) == 6
        assert words[-1] == "<unk>"
        assert novels.max() == 5
        assert [words[n] for n in test[1]] == ["a", "<unk>", "saw", "the", "dog"]
        assert len(validation) == 2

    def test_other_characters(self, tmp_path):
        (tmp_path / "text8").write_text("abc DEF")
        with pytest.raises(ValueError, match=r"text8.*expected lower-case letters and spaces, got b'D'"):
            large_texts.load_text8(str(tmp_path / "text8"))

    def test_missing_parts(self, tmp_path):
        (tmp_path / "wiki.train.tokens").write_text("a\n")
        with pytest.raises(ValueError, match=r"it holds no wiki\.valid\.tokens, no wiki\.test\.tokens"):
            large_texts.load_wikitext103(str(tmp_path))
        (tmp_path / "lambada_test_plain_text.txt").write_text("a\n")
        with pytest.raises(ValueError, match=r"no lambada_development_plain_text\.txt, no train-novels/.*unpack"):
            large_texts.load_lambada(str(tmp_path))

    @pytest.mark.parametrize(
        ("task", "name"),
        [("wikitext103", "wikitext-103-v1.zip"), ("lambada", "lambada-dataset"), ("text8", "text8.zip")],
    )
    def test_missing_files(self, task, name, tmp_path, monkeypatch):
        monkeypatch.setenv("RECURRA_DATA", str(tmp_path))
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        with pytest.raises(DatasetNotFoundError, match=f"'{name}' is not on this machine. Put the file into a folder"):
            tasks.run(task, verbose=0)


class TestOwnText:
    options = ("--units", "8", "--layers", "1", "--embedding-dim", "6", "--batch-size", "4", "--steps", "10")

    def trained(self, folder: Path, *options: str, level: str = "char") -> Path:
        (folder / "verses.txt").write_text(VERSES)
        model = folder / f"{level}.safetensors"
        arguments = ["train", "lm", str(folder / "verses.txt"), "--level", level, "--epochs", "2"]
        assert main([*arguments, "--save", str(model), *self.options, *options]) == 0
        return model

    def test_trains_saves_and_writes(self, tmp_path, capsys):
        told = tmp_path / "result.json"
        model = self.trained(tmp_path, "--json", str(told), "--resume", str(tmp_path / "state"))
        said = capsys.readouterr().out
        assert "cross-entropy of a token, nats: " in said
        assert "bits_per_character" in said
        result = json.loads(told.read_text())
        assert result["figures"]["loss"] == pytest.approx(result["figures"]["bits_per_character"] * math.log(2))
        assert result["about"]["command"].startswith(f"recurra train lm {tmp_path}/verses.txt --model lstm --seed 0")
        loaded = load_model(model)
        assert isinstance(loaded, LanguageModel)
        assert len(loaded.vocabulary) == len(set(VERSES))

        texts = []
        for options in (
            ["--seed", "1"],
            ["--seed", "1"],
            ["--greedy"],
            ["--beam", "3"],
            ["--seed", "1", "--top-k", "2"],
        ):
            assert main(["generate", str(model), "--prompt", "the ", "--length", "12", *options]) == 0
            texts.append(capsys.readouterr().out)
        assert texts[0] == texts[1]
        assert all(text.startswith("the ") and len(text) == 4 + 12 + 1 for text in texts)
        assert main(["generate", str(model), "--length", "3"]) == 0

    def test_goes_on_where_it_was(self, tmp_path, capsys):
        state = ["--resume", str(tmp_path / "state")]
        model = self.trained(tmp_path, *state)
        first = load_model(model).get_weights()
        model.unlink()
        self.trained(tmp_path, *state)
        for before, after in zip(first, load_model(model).get_weights(), strict=True):
            np.testing.assert_array_equal(before, after)
        assert main(["train", "lm", str(tmp_path / "verses.txt"), *state]) == 1
        assert "holds a run with" in capsys.readouterr().err

    def test_unknown_words_of_a_prompt_are_named_in_one_line(self, tmp_path, capsys):
        model = self.trained(tmp_path, "--held-out-rows", "1", level="word")
        capsys.readouterr()
        assert main(["generate", str(model), "--prompt", "the zebra", "--length", "5", "--seed", "0"]) == 0
        said = capsys.readouterr()
        assert said.err == "recurra: prompt: the vocabulary of 9 words does not have 'zebra'; read as <unk>\n"
        assert said.out.startswith("the <unk> ")

    def test_unknown_characters_of_a_prompt(self, tmp_path, capsys):
        model = self.trained(tmp_path)
        capsys.readouterr()
        assert main(["generate", str(model), "--prompt", "ZEBRA"]) == 1
        assert "does not have 'Z', 'E', 'B', 'R', 'A'; leave them out" in capsys.readouterr().err

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            (["--temperature", "0"], "generate: temperature must be a number > 0"),
            (["--top-k", "0"], "top_k must be an integer >= 1"),
            (["--length", "0"], "max_new_tokens must be an integer >= 1"),
            (["--beam", "99"], "num_beams must be at most the size of the vocabulary, 14"),
            (["--beam", "2", "--seed", "1"], "--seed is for drawing, which --beam does not do"),
            (["--greedy", "--top-p", "0.5"], "--top-p is for drawing, which --greedy does not do"),
            (["--greedy", "--beam", "2"], "give --greedy or --beam, not both"),
            (["--prompt", ""], "--prompt has no tokens"),
        ],
    )
    def test_options_that_do_not_fit(self, options, words, tmp_path, capsys):
        model = tmp_path / "model.safetensors"
        vocabulary = recurra.models.Vocabulary.of(VERSES, "char")
        LanguageModel(vocabulary, recurra.layers.GRU(4, return_sequences=True)).save(model)
        assert main(["generate", str(model), *options]) == 1
        error = capsys.readouterr().err
        assert words in error
        assert error.count("\n") == 1

    def test_files_that_do_not_fit(self, tmp_path, capsys):
        file = tmp_path / "text.txt"
        for contents, words in (
            (b"", "has no text"),
            (b"\xff\xfe\x00 a", "text.txt"),
            (b"a b", "tokens, too few: batch_size=32 needs 33"),
        ):
            file.write_bytes(contents)
            assert main(["train", "lm", str(file)]) == 1
            error = capsys.readouterr().err
            assert words in error
            assert error.count("\n") == 1
        assert main(["train", "lm", str(tmp_path / "none.txt")]) == 1
        assert "there is no file" in capsys.readouterr().err
        other = recurra.Sequential([recurra.Input((3,)), recurra.layers.Dense(1)])
        other.save(tmp_path / "other.safetensors")
        assert main(["generate", str(tmp_path / "other.safetensors")]) == 1
        assert "holds no language model with a vocabulary; train one" in capsys.readouterr().err
