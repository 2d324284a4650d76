"""Text preparation: normalisation, tokens, n-grams, the legacy tokenizer, term matrices, reading of files."""

import json

import numpy as np
import pytest

from recurra.preprocessing import text
from recurra.preprocessing.text import Analyzer, Normalizer, Tokenizer


class TestNormalizer:
    def test_default_keeps_lower_case_letters_of_every_script(self):
        assert Normalizer()("  Der Fluß,\t Ελλάδα – Москва: 42 €!\n") == "der fluß ελλάδα москва"

    def test_removed_characters_separate_words(self):
        assert Normalizer()("good/bad,ugly<br />end") == "good bad ugly br end"

    @pytest.mark.parametrize(
        ("options", "expected"),
        [
            ({"lower": False}, "Don t pay 5"),
            ({"punctuation": True}, "don't pay $5!"),
            ({"keep": "'"}, "don't pay 5"),
            ({"special": True}, "don t pay $5"),
            ({"numbers": False}, "don t pay"),
        ],
    )
    def test_each_choice(self, options, expected):
        settings = {"numbers": True, **options}
        if options.get("punctuation"):
            settings["special"] = True
        assert Normalizer(**settings)("Don't pay $5!") == expected

    def test_composed_and_decomposed_letters_become_one(self):
        assert Normalizer()("cafe\u0301") == Normalizer()("caf\u00e9") == "caf\u00e9"

    def test_accents_can_be_removed(self):
        assert Normalizer(accents=False)("Café Ångström") == "cafe angstrom"

    def test_bytes_are_refused(self):
        with pytest.raises(TypeError, match="decode it first"):
            Normalizer()(b"abc")

    def test_unknown_form_is_refused(self):
        with pytest.raises(ValueError, match="NFC"):
            Normalizer(form="NFX")


class TestAnalyzer:
    def test_stop_words_are_normalised_like_the_text(self):
        assert Analyzer(stop_words=["The", "don't"])("The cat: DON'T go") == ["cat", "go"]

    def test_characters(self):
        assert Analyzer(level="character")("Añ b") == ["a", "ñ", " ", "b"]

    def test_ngrams_of_words_and_characters(self):
        assert Analyzer(ngrams=2)("a b c") == ["a", "b", "c", "a b", "b c"]
        assert Analyzer(level="character", ngrams=[3])("abcd") == ["abc", "bcd"]

    def test_empty_text(self):
        assert Analyzer(ngrams=2)("") == []

    def test_without_normaliser_the_text_stays(self):
        assert Analyzer(normalizer=None)("A,b  C") == ["A,b", "C"]

    def test_one_text_as_stop_words_is_refused(self):
        with pytest.raises(TypeError, match=r"text\.split"):
            Analyzer(stop_words="the a")

    @pytest.mark.parametrize("sizes", [0, [], [1, 0]])
    def test_sizes_below_one_are_refused(self, sizes):
        with pytest.raises(ValueError, match="1 or more"):
            Analyzer(ngrams=sizes)

    def test_unknown_level_is_refused(self):
        with pytest.raises(ValueError, match="'word' or 'character'"):
            Analyzer(level="sentence")


def test_ngrams_longer_than_the_text_are_none():
    assert text.ngrams(["a", "b"], [3]) == []


class TestTokenizer:
    texts = ("The cat sat on the mat.", "The dog sat!", "A cat?")

    def fitted(self, **options):
        tokenizer = Tokenizer(**options)
        tokenizer.fit_on_texts(iter(self.texts))
        return tokenizer

    def test_numbers_follow_frequency_then_first_appearance(self):
        assert self.fitted().word_index == {"the": 1, "cat": 2, "sat": 3, "on": 4, "mat": 5, "dog": 6, "a": 7}

    def test_unknown_words_are_left_out_or_marked(self):
        assert self.fitted().texts_to_sequences(["the bird sat"]) == [[1, 3]]
        assert self.fitted(oov_token="?").texts_to_sequences(["the bird sat"]) == [[2, 1, 4]]

    def test_num_words_bounds_the_numbers(self):
        assert self.fitted(num_words=3).texts_to_sequences(["the cat sat"]) == [[1, 2]]
        assert self.fitted(num_words=3, oov_token="?").texts_to_sequences(["the cat sat"]) == [[2, 1, 1]]

    def test_back_to_text(self):
        tokenizer = self.fitted(oov_token="?")
        assert tokenizer.sequences_to_texts([[2, 4, 99], []]) == ["the sat ?", ""]

    def test_characters_and_lists_of_words(self):
        tokenizer = Tokenizer(char_level=True)
        tokenizer.fit_on_texts(["Aab"])
        assert tokenizer.texts_to_sequences(["ba"]) == [[2, 1]]
        assert self.fitted().texts_to_sequences([["The", "cat"]]) == [[1, 2]]

    def test_matrices(self):
        tokenizer = self.fitted(num_words=4)
        texts = ["the cat the mat", ""]
        count = np.array([[0, 2, 1, 0], [0, 0, 0, 0]])
        np.testing.assert_array_equal(tokenizer.texts_to_matrix(texts, "count"), count)
        np.testing.assert_array_equal(tokenizer.texts_to_matrix(texts), count > 0)
        np.testing.assert_allclose(tokenizer.texts_to_matrix(texts, "freq"), count / 3)
        documents = np.array([0, 2, 2, 2])
        expected = np.where(count, (1 + np.log(np.maximum(count, 1))) * np.log(1 + 3 / (1 + documents)), 0)
        np.testing.assert_allclose(tokenizer.texts_to_matrix(texts, "tfidf"), expected, rtol=1e-14)

    def test_sequences_alone_suffice_for_tfidf(self):
        tokenizer = Tokenizer(num_words=3)
        tokenizer.fit_on_sequences([[1, 1], [1, 2]])
        row = tokenizer.sequences_to_matrix([[1]], "tfidf")
        np.testing.assert_allclose(row, [[0, np.log(1 + 2 / 3), 0]])

    def test_json_round_trip(self):
        tokenizer = self.fitted(num_words=5, oov_token="?")
        again = text.tokenizer_from_json(tokenizer.to_json())
        assert again.get_config() == tokenizer.get_config()
        assert (
            again.texts_to_matrix(self.texts, "tfidf").tolist()
            == tokenizer.texts_to_matrix(self.texts, "tfidf").tolist()
        )

    @pytest.mark.parametrize("broken", ["", "[]", "{}", json.dumps({"config": {"num_words": 3}})])
    def test_foreign_json_is_refused(self, broken):
        with pytest.raises(ValueError, match="not the JSON of a Tokenizer"):
            text.tokenizer_from_json(broken)

    def test_bad_calls(self):
        with pytest.raises(ValueError, match="mode must be one of"):
            self.fitted().texts_to_matrix(["a"], "median")
        with pytest.raises(ValueError, match="num_words"):
            Tokenizer().texts_to_matrix(["a"])
        with pytest.raises(ValueError, match="document counts"):
            Tokenizer(num_words=3).sequences_to_matrix([[1]], "tfidf")
        with pytest.raises(TypeError, match=r"\[text\]"):
            Tokenizer().fit_on_texts("one text")


def test_hashing_is_stable_and_leaves_zero_free():
    numbers = text.hashing_trick("the cat the dog", 50, "md5")
    assert numbers[0] == numbers[2]
    assert min(numbers) >= 1
    assert max(numbers) < 50
    assert numbers == [43, 32, 43, 2]
    assert len(text.one_hot("a b c", 9)) == 3
    with pytest.raises(ValueError, match="2 or more"):
        text.hashing_trick("a", 1)


class TestTermMatrices:
    texts = ("The cat sat, the cat!", "A dog sat.", "")

    def test_counts_and_transpose(self):
        pytest.importorskip("sklearn")
        matrix, terms = text.document_term_matrix(iter(self.texts))
        assert terms == ["a", "cat", "dog", "sat", "the"]
        np.testing.assert_array_equal(matrix.toarray(), [[0, 2, 0, 1, 2], [1, 0, 1, 1, 0], [0, 0, 0, 0, 0]])
        transposed, same_terms = text.term_document_matrix(self.texts)
        assert same_terms == terms
        assert transposed.format == "csr"
        assert (transposed != matrix.T).nnz == 0

    def test_weightings(self):
        pytest.importorskip("sklearn")
        counts = text.document_term_matrix(self.texts)[0].toarray()
        np.testing.assert_array_equal(
            text.document_term_matrix(self.texts, weighting="binary")[0].toarray(), counts > 0
        )
        weighted = counts * (np.log(4 / (1 + (counts > 0).sum(0))) + 1)
        weighted /= np.maximum(np.linalg.norm(weighted, axis=1, keepdims=True), 1e-30)
        result = text.document_term_matrix(self.texts, weighting="tf_idf")[0].toarray()
        np.testing.assert_allclose(result, weighted, rtol=1e-12)

    def test_pruning_vocabulary_and_ngrams(self):
        pytest.importorskip("sklearn")
        assert text.document_term_matrix(self.texts, min_documents=2)[1] == ["sat"]
        assert text.document_term_matrix(["b b a", "b a c"], max_terms=2)[1] == ["a", "b"]
        matrix, terms = text.document_term_matrix(self.texts, vocabulary=["dog", "cat"])
        assert terms == ["dog", "cat"]
        assert matrix.toarray().tolist() == [[0, 2], [1, 0], [0, 0]]
        assert "cat sat" in text.document_term_matrix(self.texts, Analyzer(ngrams=[2]))[1]

    def test_bad_calls(self):
        pytest.importorskip("sklearn")
        with pytest.raises(ValueError, match="weighting"):
            text.document_term_matrix(self.texts, weighting="bm25")
        with pytest.raises(TypeError, match=r"\[text\]"):
            text.document_term_matrix("one text")

    def test_missing_package_is_explained(self, monkeypatch):
        monkeypatch.setitem(__import__("sys").modules, "sklearn.feature_extraction.text", None)
        with pytest.raises(ImportError, match=r"document_term_matrix needs sklearn.*recurra\[sklearn\]"):
            text.document_term_matrix(self.texts)


class TestReading:
    def test_lines_come_one_by_one(self, tmp_path):
        path = tmp_path / "corpus.txt"
        path.write_bytes("eins\r\nzwölf\n\nletzte".encode())
        lines = text.read_lines(path)
        assert next(lines) == "eins"
        assert list(lines) == ["zwölf", "", "letzte"]

    def test_undecodable_line_is_located(self, tmp_path):
        path = tmp_path / "corpus.txt"
        path.write_bytes(b"good\nb\xe4d\n")
        with pytest.raises(ValueError, match=r"corpus\.txt, line 2: byte 0xe4 at position 6 is not utf-8 .*latin-1"):
            list(text.read_lines(path))
        assert list(text.read_lines(path, "latin-1")) == ["good", "bäd"]

    def test_documents_of_a_folder(self, tmp_path):
        (tmp_path / "b").mkdir()
        (tmp_path / "b" / "1.txt").write_text("zwei\nZeilen", encoding="utf-8")
        (tmp_path / "a.txt").write_text("eins", encoding="utf-8")
        (tmp_path / "c.md").write_text("nicht", encoding="utf-8")
        assert list(text.read_documents(tmp_path)) == ["eins", "zwei\nZeilen"]
        with pytest.raises(ValueError, match="no file"):
            next(text.read_documents(tmp_path, "*.csv"))


class TestSentences:
    @pytest.mark.parametrize(
        ("given", "expected"),
        [
            ("One. Two! Three? Four… five", ["One.", "Two!", "Three?", "Four…", "five"]),
            ("What?! Really...  Yes.", ["What?!", "Really...", "Yes."]),
            ("Dr. No and J. R. Smith vs. etc. it. End", ["Dr. No and J. R. Smith vs. etc. it.", "End"]),
            ('He said "no." Then (he left.) So I. Me', ['He said "no."', "Then (he left.)", "So I.", "Me"]),
            ("no mark<br /><br />next line\n\nthird", ["no mark", "next line", "third"]),
            ("3.5 of 10, a.b.c", ["3.5 of 10, a.b.c"]),
            ("end.<br />next", ["end.", "next"]),
            ("  \n ", []),
            ("...", ["..."]),
        ],
    )
    def test_where_sentences_end(self, given, expected):
        assert text.split_sentences(given) == expected

    def test_bytes_are_no_text(self):
        with pytest.raises(TypeError, match=r"split_sentences: expected a text \(str\), got b'a'"):
            text.split_sentences(b"a")
