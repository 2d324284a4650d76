"""Columns and frames of pandas and polars, and texts, on every way into a model."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
import pytest

from recurra import Input, Model, Sequential, layers
from recurra.conversion import to_array

NUMBERS = {"a": [1, 2, 3, 4], "b": [0.5, -1.0, 2.0, 0.0]}
TEXTS = ["a b", "b", "a c b", "c"]


def dense() -> Sequential:
    model = Sequential([Input((2,)), layers.Dense(1)])
    model.set_weights([np.array([[1.0], [2.0]]), np.zeros(1)])
    model.compile("sgd", "mse")
    return model


@pytest.fixture(params=["pandas", "polars"])
def library(request: pytest.FixtureRequest) -> Any:
    return pytest.importorskip(request.param)


def test_frames_are_arrays_of_their_columns(library: Any) -> None:
    model, frame = dense(), library.DataFrame(NUMBERS)
    x = np.array([NUMBERS["a"], NUMBERS["b"]], "float32").T
    expected = model.predict(x, verbose=0)
    assert np.array_equal(model.predict(frame, verbose=0), expected)
    assert np.array_equal(model(frame), expected)
    y = frame["a"]
    assert model.evaluate(frame, y, verbose=0) == model.evaluate(x, NUMBERS["a"], verbose=0)
    assert model.train_on_batch(frame, y) == dense().train_on_batch(x, np.array(NUMBERS["a"]))
    weights = library.Series([1, 0, 0, 2])
    assert model.test_on_batch(frame, y, weights) == model.test_on_batch(x, np.array(NUMBERS["a"]), [1, 0, 0, 2])


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (["u", "v", "w", "x"], r"x: column 'bad' holds texts such as 'u'; expected numbers: turn them into numbers"),
        ([datetime.datetime(2020, 1, 1)] * 4, r"x: column 'bad' holds dates such as .*2020.*leave them out"),
        ([1.0, 2.0, float("nan"), 3.0], r"x holds nan at index \(2, 2\) \(column 'bad'\)"),
        ([{1}, 2, 3, 4], r"x: column 'bad' holds objects such as \{1\} at index 0; expected numbers"),
    ],
)
def test_a_column_that_is_unfit_is_named(library: Any, column: list[Any], message: str) -> None:
    if library.__name__ == "polars" and {1} in column:
        frame = library.DataFrame({**NUMBERS, "bad": library.Series(column, dtype=library.Object)})
    else:
        frame = library.DataFrame({**NUMBERS, "bad": column})
    model = Sequential([layers.Dense(1)])
    with pytest.raises((TypeError, ValueError), match=message):
        model.predict(frame, verbose=0)


def test_missing_values_of_nullable_columns_are_named() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"whole": pandas.array([1, None], dtype="Int64"), "b": [1.0, 2.0]})
    with pytest.raises(ValueError, match=r"x holds nan at index \(1, 0\) \(column 'whole'\)"):
        dense().predict(frame, verbose=0)
    full = pandas.DataFrame({"whole": pandas.array([1, 2], dtype="Int64"), "b": [1.0, 2.0]})
    assert dense().predict(full, verbose=0).tolist() == [[3.0], [6.0]]
    texts = pandas.Series(["a", None])
    with pytest.raises(TypeError, match=r"x holds missing values such as .* at index 1; .*fill or drop"):
        readers().predict(texts, verbose=0)


def readers() -> Sequential:
    cut = layers.TextVectorization(output_sequence_length=3)
    cut.adapt(TEXTS)
    model = Sequential([cut, layers.Embedding(6, 2), layers.GRU(2)])
    model.compile("sgd", "mse")
    return model


class Reading(Model):
    def __init__(self, inner: Sequential) -> None:
        super().__init__()
        self.inner = inner

    def call(self, inputs: Any) -> Any:
        return self.inner(inputs)


def functional(inner: Sequential) -> Model:
    source = Input((), dtype="string")
    return Model(source, inner(source))


KINDS = {
    "strings": lambda texts: np.array(texts),
    "objects": lambda texts: np.array(texts, dtype=object),
    "list": list,
    "tuple": tuple,
    "string dtype": lambda texts: np.array(texts, dtype=np.dtypes.StringDType()),
    "column of strings": lambda texts: np.array(texts)[:, None],
    "list of rows": lambda texts: [[text] for text in texts],
    "pandas": lambda texts: pytest.importorskip("pandas").Series(texts),
    "pandas frame": lambda texts: pytest.importorskip("pandas").DataFrame({"text": texts}),
    "polars": lambda texts: pytest.importorskip("polars").Series(texts),
}


@pytest.mark.parametrize(
    "make", [lambda inner: inner, Reading, functional], ids=["sequential", "subclass", "functional"]
)
@pytest.mark.parametrize("kind", KINDS)
def test_texts_of_every_kind(kind: str, make: Any) -> None:
    inner, y = readers(), np.ones((4, 2))
    expected = inner(np.array(TEXTS)).numpy()
    model, given = make(inner), KINDS[kind](TEXTS)
    model.compile("sgd", "mse")
    assert np.array_equal(model(given), expected)
    assert np.array_equal(model.predict(given, verbose=0), expected)
    assert np.array_equal(model.predict(given, batch_size=3, verbose=0), expected)
    assert np.array_equal(model.predict_on_batch(given), expected)
    loss = model.evaluate(given, y, verbose=0)
    assert loss == pytest.approx(np.mean((expected - 1) ** 2), rel=1e-6)
    assert model.test_on_batch(given, y) == model.train_on_batch(given, y) == loss
    model.fit(given, y, epochs=2, verbose=0, validation_data=(given, y))
    assert model.evaluate(given, y, verbose=0) < loss


@pytest.mark.parametrize(
    "texts", [TEXTS, np.array(TEXTS), np.array(TEXTS, dtype=object)], ids=["list", "array", "object"]
)
def test_texts_for_layers_of_numbers_are_refused_with_the_mend(texts: Any) -> None:
    model = Sequential([layers.GRU(2)])
    for act in (lambda: model(texts), lambda: model.predict(texts, verbose=0)):
        with pytest.raises(TypeError, match=r"holds texts such as 'a b'; expected numbers: .*TextVectorization"):
            act()
    with pytest.raises(TypeError, match=r"y holds texts such as 'a b'.*class numbers for categories"):
        dense().fit(np.ones((4, 2)), texts, verbose=0)


def test_columns_of_sequences() -> None:
    pandas = pytest.importorskip("pandas")
    assert to_array(pandas.Series([[1, 2], [3, 4]]), "x").tolist() == [[1, 2], [3, 4]]
    with pytest.raises(ValueError, match="x: sequences of different lengths; pad them first"):
        to_array(pandas.Series([[1, 2], [3]]), "x")


def test_long_texts_do_not_widen_short_ones() -> None:
    texts = to_array(["a"] * 1000 + ["b" * 100_000], "x", text=True)
    assert texts.nbytes < 100_000


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([1j], "x holds complex numbers such as 1j"),
        (np.array([b"a"]), "x holds bytes such as b'a'"),
        (object(), "x holds objects such as <object"),
        (np.array(["2020-01-01"], "datetime64[D]"), r"x holds dates such as datetime.date\(2020, 1, 1\)"),
        (["a", 1], "x holds texts such as 'a'"),
    ],
)
def test_what_is_no_number_is_refused_by_name(value: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        to_array(value, "x")


def test_masked_elements_are_refused_by_place() -> None:
    x = np.ma.masked_array(np.ones((3, 2)), mask=[[False, False], [False, True], [False, False]])
    model = dense()
    for act in (lambda: model(x), lambda: model.predict(x, verbose=0), lambda: model.train_on_batch(x, np.ones(3))):
        with pytest.raises(ValueError, match=r"masked element at index \(1, 1\); fill it first"):
            act()
    with pytest.raises(ValueError, match="y has a masked element at index 0"):
        model.fit(np.ones((2, 2)), np.ma.masked_equal([0.0, 1.0], 0.0), verbose=0)
    whole = np.ma.masked_array(np.ones((3, 2)))
    assert np.array_equal(model.predict(whole, verbose=0), model.predict(np.ones((3, 2)), verbose=0))
