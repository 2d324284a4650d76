"""TextVectorization: equal to Keras's, alone and in front of a model, adapted from streams, saved."""

import json

import numpy as np
import pytest

import recurra
from recurra.layers import Dense, Input, TextVectorization
from recurra.models import Model, Sequential
from tests.support.places import REFERENCE
from tests.support.text_cases import CASES, TEST, TRAIN

STORED = json.loads((REFERENCE / "text_vectorization.json").read_text(encoding="utf-8"))["cases"]


def made(options):
    layer = TextVectorization(**options)
    if "vocabulary" not in options:
        layer.adapt(TRAIN)
    return layer


@pytest.mark.parametrize("name", CASES)
class TestAgainstKeras:
    def test_values_and_vocabulary(self, name):
        layer = made(CASES[name])
        output = layer(TEST)
        np.testing.assert_allclose(output.numpy(), np.array(STORED[name]["output"]), rtol=1e-6)
        assert layer.get_vocabulary() == STORED[name]["vocabulary"]
        assert layer.vocabulary_size() == len(STORED[name]["vocabulary"])

    def test_shape_and_dtype_are_known_before(self, name):
        layer = made(CASES[name])
        symbolic = layer(Input((1,), dtype="string"))
        output = layer([[text] for text in TEST])
        assert symbolic.dtype == output.dtype
        for known, got in zip(symbolic.shape, output.shape, strict=True):
            assert known in (None, got)

    def test_configuration_keeps_the_vocabulary(self, name):
        layer = made(CASES[name])
        described = json.loads(json.dumps(recurra.serialization.serialize(layer)))
        again = recurra.serialization.deserialize(described)
        assert again.get_vocabulary() == layer.get_vocabulary()
        np.testing.assert_array_equal(again(TEST).numpy(), layer(TEST).numpy())


class TestTexts:
    def test_letters_of_every_script_are_lowered(self):
        layer = TextVectorization(vocabulary=["élan", "ωmega", "день"])
        assert layer(["ÉLAN, Ωmega: ДЕНЬ"]).numpy().tolist() == [[2, 3, 4]]

    @pytest.mark.parametrize(
        "form",
        [
            lambda texts: texts,
            tuple,
            np.array,
            lambda texts: np.array(texts, dtype=object),
            lambda texts: np.array(texts, dtype=np.dtypes.StringDType()),
            lambda texts: [text.encode() for text in texts],
            lambda texts: np.array([text.encode() for text in texts]),
            lambda texts: [[text] for text in texts],
            lambda texts: np.array(texts)[:, None],
        ],
    )
    def test_forms_of_input(self, form):
        layer = TextVectorization(vocabulary=["a", "b"])
        assert layer(form(["a b", "b"])).numpy().tolist() == [[2, 3], [3, 0]]

    def test_single_text(self):
        assert TextVectorization(vocabulary=["a", "b"])("b a c").numpy().tolist() == [3, 2, 1]

    def test_only_empty_texts(self):
        assert TextVectorization(vocabulary=["a"])(["", " "]).shape == (2, 0)
        assert TextVectorization(vocabulary=["a"], output_sequence_length=2)(["", " "]).numpy().tolist() == [[0, 0]] * 2
        assert TextVectorization(vocabulary=["a"], output_mode="count")(["", " "]).numpy().tolist() == [[0, 0]] * 2

    def test_strings_that_are_tokens_already(self):
        layer = TextVectorization(vocabulary=["new york", "rome"], split=None)
        assert layer(["Rome", "New York!", "x"]).numpy().tolist() == [3, 2, 1]
        assert layer([["Rome", "x"], ["", "New York"]]).numpy().tolist() == [[3, 1], [0, 2]]

    def test_own_functions(self):
        layer = TextVectorization(
            standardize=lambda texts: np.strings.replace(texts, "<br />", " "),
            split=lambda texts: [str(text).split("|") for text in texts],
            vocabulary=["a b", "c"],
        )
        assert layer(["a<br />b|c"]).numpy().tolist() == [[2, 3]]

    def test_undecodable_bytes(self):
        layer = TextVectorization(vocabulary=["bäd"])
        with pytest.raises(ValueError, match="text 1: byte 0xe4 at position 1 is not utf-8 text"):
            layer([b"ok", b"b\xe4d"])
        assert TextVectorization(vocabulary=["bäd"], encoding="latin-1")([b"b\xe4d"]).numpy().tolist() == [[2]]

    @pytest.mark.parametrize(
        ("texts", "error", "message"),
        [
            ([1, 2], TypeError, "expected texts, got int at position 0"),
            (["a", None], TypeError, "NoneType at position 1"),
            ([["a", "b"]], ValueError, r"\(batch,\) or \(batch, 1\), got \(1, 2\)"),
        ],
    )
    def test_bad_texts(self, texts, error, message):
        with pytest.raises(error, match=message):
            TextVectorization(vocabulary=["a"])(texts)

    def test_call_before_there_is_a_vocabulary(self):
        with pytest.raises(ValueError, match=r"adapt\(texts\)"):
            TextVectorization()(["a"])


class TestAdapt:
    def test_streams_and_batches_count_alike(self):
        known = made({"output_mode": "tf_idf"})
        for data in (iter(TRAIN), iter([TRAIN[:2], TRAIN[2:]]), (text.encode() for text in TRAIN), np.array(TRAIN)):
            layer = TextVectorization(output_mode="tf_idf")
            layer.adapt(data, batch_size=2)
            assert layer.get_vocabulary() == known.get_vocabulary()
            np.testing.assert_array_equal(layer(TEST).numpy(), known(TEST).numpy())

    def test_steps_bound_an_endless_stream(self):
        def endless():
            while True:
                yield from ("a", "b c", "d")

        layer = TextVectorization()
        layer.adapt(endless(), steps=2)
        assert layer.get_vocabulary(include_special_tokens=False) == ["c", "b", "a"]

    def test_adapting_again_starts_anew(self):
        layer = made({})
        layer.adapt(["only this"])
        assert layer.get_vocabulary() == ["", "[UNK]", "this", "only"]

    def test_given_vocabulary_is_not_adapted(self):
        with pytest.raises(ValueError, match="given vocabulary"):
            TextVectorization(vocabulary=["a"]).adapt(["b"])

    def test_one_text_is_refused(self):
        with pytest.raises(TypeError, match=r"\[text\]"):
            TextVectorization().adapt("a b")


class TestVocabulary:
    def test_from_a_file(self, tmp_path):
        path = tmp_path / "terms.txt"
        path.write_text("größe\nb\n", encoding="utf-8")
        assert TextVectorization(vocabulary=path).get_vocabulary() == ["", "[UNK]", "größe", "b"]

    def test_a_configuration_cannot_name_a_file(self, tmp_path):
        config = {**TextVectorization(vocabulary=["a"]).get_config(), "vocabulary": str(tmp_path / "terms.txt")}
        with pytest.raises(ValueError, match="not the path of a file"):
            TextVectorization.from_config(config)

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"vocabulary": []}, "is empty"),
            ({"vocabulary": ["a", "b", "a"]}, "repeats 'a'"),
            ({"vocabulary": ["a", ""]}, "empty term"),
            ({"vocabulary": ["a", "b"], "max_tokens": 3}, "max_tokens is 3"),
            ({"vocabulary": ["a"], "idf_weights": [1.0]}, "is the only one with idf_weights"),
            ({"vocabulary": ["a"], "output_mode": "tf_idf"}, "needs idf_weights"),
            ({"vocabulary": ["a"], "output_mode": "tf_idf", "idf_weights": [1.0, 2.0]}, "1 terms but idf_weights"),
            ({"idf_weights": [1.0], "output_mode": "tf_idf"}, "needs a vocabulary"),
            ({"standardize": "upper"}, "standardize must be"),
            ({"split": "line"}, "split must be"),
            ({"output_mode": "embedding"}, "output_mode must be one of"),
            ({"output_mode": "count", "output_sequence_length": 3}, "needs output_mode='int'"),
            ({"output_sequence_length": 0}, "must be an integer from 1"),
            ({"ngrams": 0}, "ngrams must be"),
            ({"ngrams": ()}, "ngrams must be"),
            ({"max_tokens": 2}, "must be above 2"),
            ({"pad_to_max_tokens": True}, "needs max_tokens"),
            ({"sparse": True}, "not offered"),
        ],
    )
    def test_bad_settings(self, options, message):
        with pytest.raises(ValueError, match=message):
            TextVectorization(**options)


class TestInFrontOfAModel:
    def data(self):
        rng = np.random.default_rng(0)
        labels = rng.integers(0, 2, 60)
        words = (["dull", "bad", "boring"], ["fine", "good", "lovely"])
        return np.array([" ".join(rng.choice([*words[y], "film", "the"], 8)) for y in labels]), labels

    def models(self, texts):
        def layer():
            text = TextVectorization(max_tokens=20, output_mode="count")
            text.adapt(texts)
            return text

        behind = [Dense(4, activation="tanh"), Dense(1, activation="sigmoid")]
        yield Sequential([layer(), *behind])
        yield Sequential([Input((1,), dtype="string"), layer(), *[one.from_config(one.get_config()) for one in behind]])
        inputs = output = Input((1,), dtype="string")
        for one in (layer(), *[one.from_config(one.get_config()) for one in behind]):
            output = one(output)
        yield Model(inputs, output)

    def test_trains_predicts_and_is_saved(self, tmp_path):
        texts, labels = self.data()
        for model in self.models(texts):
            recurra.random.set_seed(1)
            x = texts[:, None] if model.inputs and model.input_shape == (None, 1) else texts
            model.compile(recurra.optimizers.Adam(0.02), "binary_crossentropy", metrics=["acc"])
            history = model.fit(x, labels, epochs=30, batch_size=16, verbose=0, validation_split=0.2)
            assert history.history["loss"][-1] < 0.8 * history.history["loss"][0]
            model.save(tmp_path / "text.safetensors")
            again = recurra.models.load_model(tmp_path / "text.safetensors")
            np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))
            assert model.predict(x[:1], verbose=0).shape == (1, 1)

    def test_text_in_front_of_a_model_of_numbers(self):
        model = Sequential([Input((3,)), Dense(1)])
        with pytest.raises(TypeError, match="expected numbers"):
            model.predict(np.array([["a", "b", "c"]]), verbose=0)
        with pytest.raises(TypeError, match="expected numbers"):
            Dense(1)(np.array([["a", "b", "c"]]))
