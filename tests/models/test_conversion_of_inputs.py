"""The same numbers give the same results, whatever they are wrapped in and whichever way they go into a layer."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

import recurra
from recurra import Input, Model, Sequential, layers
from recurra.tree import flatten
from tests.support.cases import RECURRENT
from tests.support.layer_cases import CASES, LayerCase

Array = np.ndarray

SINGLE = [case for case in CASES if len(case.shapes) == 1]
KINDS: dict[str, Callable[[Array], Any]] = {
    "int64": lambda numbers: numbers.astype("int64"),
    "uint8": lambda numbers: numbers.astype("uint8"),
    "bool": lambda numbers: numbers.astype("bool"),
    "float16": lambda numbers: numbers.astype("float16"),
    "float64": lambda numbers: numbers.astype("float64"),
    "objects": lambda numbers: numbers.astype("int64").astype(object),
    "list": lambda numbers: numbers.astype("int64").tolist(),
}


class Wrapping(Model):
    def __init__(self, layer: Any) -> None:
        super().__init__()
        self.inner = layer

    def call(self, inputs: Any) -> Any:
        return self.inner(inputs)


def with_input(layer: Any, shape: tuple[int, ...]) -> Any:
    return Sequential([Input(shape[1:]), layer])


def functional(layer: Any, shape: tuple[int, ...]) -> Any:
    source = Input(shape[1:])
    return Model(source, layer(source))


def without_input(layer: Any, _: Any) -> Any:
    return Sequential([layer])


def subclassed(layer: Any, _: Any) -> Any:
    return Wrapping(layer)


MODELS = [with_input, without_input, functional, subclassed]


def zeros_and_ones(shape: tuple[int, ...]) -> Array:
    return (np.random.default_rng(3).random(shape) < 0.6).astype("float32")


def assert_same(got: Any, expected: Any) -> None:
    for one, other in zip(flatten(got), flatten(expected), strict=True):
        np.testing.assert_array_equal(np.asarray(one, "float32"), np.asarray(other, "float32"))


def examine(layer: Any, shape: tuple[int, ...], as_kind: Callable[[Array], Any], **options: Any) -> None:
    numbers = zeros_and_ones(shape)
    expected = layer(numbers, **options)
    given = as_kind(numbers)
    assert_same(layer(given, **options), expected)
    if options:
        return
    for make in MODELS:
        model = make(layer, shape)
        assert_same(model(given), expected)
        assert_same(model.predict(given, verbose=0), expected)
        assert_same(model.predict_on_batch(given), expected)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", SINGLE, ids=lambda case: case.name)
def test_layers_take_numbers_of_every_kind(case: LayerCase, kind: str) -> None:
    options = {"training": True} if case.training else {}
    layer = case.make()
    if case.training:
        layer(zeros_and_ones(case.shapes[0]), **options)
        layer.trainable = False  # its running statistics stay
    examine(layer, case.shapes[0], KINDS[kind], **options)


ONE_OF_EACH = {case.layer: case for case in RECURRENT if not case.mask and not case.wrapper and case.depth == 1}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_recurrent_layers_take_numbers_of_every_kind(name: str, kind: str) -> None:
    case = ONE_OF_EACH[name]
    examine(getattr(layers, name)(case.units), case.shape, KINDS[kind])


SEVERAL = [case for case in CASES if len(case.shapes) > 1 and not any(case.masked)]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "list"])
@pytest.mark.parametrize("case", SEVERAL, ids=lambda case: case.name)
def test_layers_of_several_inputs_take_numbers_of_every_kind(case: LayerCase, kind: str) -> None:
    layer = case.make()
    numbers = [zeros_and_ones(shape) for shape in case.shapes]
    expected, given = layer(numbers), [KINDS[kind](one) for one in numbers]
    assert_same(layer(given), expected)
    assert_same(layer([given[0], *numbers[1:]]), expected)
    sources = [Input(shape[1:], name=f"input_{i}") for i, shape in enumerate(case.shapes)]
    for model in (Model(sources, layer(sources)), Wrapping(layer)):
        for inputs in (given, tuple(given)):
            assert_same(model(inputs), expected)
            assert_same(model.predict(inputs, verbose=0), expected)
            assert_same(model.predict_on_batch(inputs), expected)
    by_name = {source.name: one for source, one in zip(sources, given, strict=True)}
    model = Model(sources, layer(sources))
    assert_same(model(by_name), expected)
    assert_same(model.predict(by_name, verbose=0), expected)


WRAPPERS: dict[str, Callable[[], Any]] = {
    "Bidirectional": lambda: layers.Bidirectional(layers.LSTM(3, return_sequences=True)),
    "RNN": lambda: layers.RNN([layers.GRUCell(3), layers.LSTMCell(2)]),
    "TimeDistributed": lambda: layers.TimeDistributed(layers.LayerNormalization()),
    "Residual": lambda: layers.Residual(layers.GRU(3, return_sequences=True)),
    "Highway": lambda: layers.Highway(layers.Conv1D(3, 2, padding="same")),
    "Stack": lambda: layers.Stack(layers.GRU(3, return_sequences=True), 2),
    "Masking": layers.Masking,
    "Dropout": lambda: layers.Dropout(0.5),
    "Softmax": layers.Softmax,
    "Activation": lambda: layers.Activation("tanh"),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", WRAPPERS)
def test_wrappers_take_numbers_of_every_kind(name: str, kind: str) -> None:
    examine(WRAPPERS[name](), (2, 4, 3), KINDS[kind])


@pytest.mark.parametrize("kind", KINDS)
def test_every_way_of_training_takes_numbers_of_every_kind(kind: str) -> None:
    x, y = zeros_and_ones((8, 5, 2)), zeros_and_ones((8, 1))
    as_kind = KINDS[kind]

    def trained(x: Any, y: Any) -> tuple[list[Array], list[Any]]:
        recurra.random.set_seed(0)
        model = Sequential([Input((None, 2)), layers.GRU(3), layers.Dense(1)])
        model.compile("sgd", "mse", metrics=["mae"])
        history = model.fit(x, y, batch_size=4, epochs=2, validation_data=(x, y), verbose=0).history
        figures = [*history.values(), model.evaluate(x, y, verbose=0), model.train_on_batch(x, y)]
        figures += [model.test_on_batch(x, y), model.fit(iter([(x, y)]), verbose=0).history["loss"]]
        return model.get_weights(), figures

    weights, figures = trained(as_kind(x), as_kind(y))
    expected, expected_figures = trained(x, y)
    assert_same(weights, expected)
    assert figures == expected_figures


def test_structures_of_every_kind() -> None:
    class Sum(Model):
        def __init__(self) -> None:
            super().__init__()
            self.gru = layers.GRU(2)

        def call(self, inputs: Any) -> Any:
            return self.gru(inputs["a"]) + self.gru(inputs["b"][0]) * self.gru(inputs["b"][1])

    model, x, y = Sum(), zeros_and_ones((4, 3, 2)), zeros_and_ones((4, 2))
    model.compile("sgd", "mse")
    expected = model({"a": x, "b": [x, x]})
    for given in (
        {"a": x, "b": (x, x)},
        {"a": x.tolist(), "b": [x, x.tolist()]},
        MappingProxyType({"a": x.astype("int8"), "b": [x.tolist(), x]}),
    ):
        assert_same(model(given), expected)
        assert_same(model.predict(given, verbose=0), expected)
        assert_same(model.predict_on_batch(given), expected)
        model.evaluate(given, y, verbose=0)
    with pytest.raises(ValueError, match=r"x\['b'\]\[1\] holds nan at index \(0, 0, 0\)"):
        model.predict({"a": x, "b": [x, np.full_like(x, np.nan)]}, verbose=0)


def test_own_layers_get_whole_numbers_as_they_are() -> None:
    class Look(layers.Layer):
        def call(self, inputs: Any) -> Any:
            self.seen = inputs.dtype
            return inputs

    layer = Look()
    layer(np.ones((2, 3), "int64"))
    assert layer.seen == "int64"
    layer(np.ones((2, 3), "float64"))
    assert layer.seen == "float32"


def test_masks_and_lengths_beside_whole_numbers_stay_what_they_are() -> None:
    x, mask = zeros_and_ones((3, 4, 2)), np.array([[1, 1, 0, 0], [1, 1, 1, 1], [1, 0, 0, 0]], bool)
    gru = layers.GRU(3)
    expected = gru(x, mask=mask)
    assert_same(gru(x.astype("int32"), mask=mask), expected)
    assert_same(gru(x.astype("int32"), lengths=[2, 4, 1]), expected)


def test_doubles_stay_doubles_in_a_model_of_doubles() -> None:
    x, y = np.random.default_rng(0).normal(size=(6, 4, 2)), np.random.default_rng(1).normal(size=(6, 1))
    for make in MODELS:
        recurra.random.set_seed(0)
        layer = layers.GRU(1, dtype="float64")
        model = make(layer, x.shape) if make is not with_input else Sequential([Input((4, 2), dtype="float64"), layer])
        if make is functional:
            source = Input((4, 2), dtype="float64")
            model = Model(source, layer(source))
        elif make is subclassed:
            model = Wrapping(layer)
            model._set_dtype("float64")
        expected = model(x)
        assert expected.dtype == "float64"
        assert np.array_equal(model.predict(x, verbose=0), expected.numpy())
        model.compile("sgd", "mse")
        exact = float(np.mean((expected.numpy() - y) ** 2))
        assert model.evaluate(x, y, verbose=0) == pytest.approx(exact, rel=1e-15)
