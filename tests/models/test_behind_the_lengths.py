"""With `lengths`, what stands behind the ends of sequences has no influence, even NaN and infinities."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import recurra
from recurra import Input, Model, Sequential, layers
from recurra.models.data.reader import Reader

LENGTHS = [2, 4, 1]
RAGGED = np.arange(4) >= np.array(LENGTHS)[:, None]


def data(dirt: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x, y, weight = rng.normal(size=(3, 4, 2)), rng.normal(size=(3, 4, 1)), rng.uniform(1, 2, size=(3, 4))
    for array in (x, y, weight):
        array[RAGGED] = dirt
    return x, y, weight


def per_step() -> Any:
    return Sequential([Input((None, 2)), layers.GRU(3, return_sequences=True), layers.Dense(1)])


def functional() -> Any:
    source = Input((None, 2), name="steps")
    return Model(source, layers.Dense(1)(layers.LSTM(3, return_sequences=True)(source)))


class Subclass(Model):
    def __init__(self) -> None:
        super().__init__()
        self.gru, self.dense = layers.GRU(3, return_sequences=True), layers.Dense(1)

    def call(self, inputs: Any) -> Any:
        return self.dense(self.gru(inputs))


@pytest.mark.parametrize("make", [per_step, functional, Subclass])
@pytest.mark.parametrize("dirt", [np.nan, np.inf, -np.inf])
def test_dirt_behind_the_lengths_changes_nothing(make: Any, dirt: float) -> None:
    def everything(x: np.ndarray, y: np.ndarray, weight: np.ndarray) -> list[Any]:
        recurra.random.set_seed(1)
        model = make()
        model.compile("sgd", "mse", metrics=["mae"])

        def source() -> Iterator[Any]:
            yield x, y, weight, LENGTHS

        found = [model.predict(x, lengths=LENGTHS, verbose=0)[~RAGGED]]
        found.append(model.predict_on_batch(x, lengths=LENGTHS)[~RAGGED])
        found.append(model.evaluate(x, y, sample_weight=weight, lengths=LENGTHS, verbose=0))
        found.append(model.test_on_batch(x, y, weight, lengths=LENGTHS))
        options = {"validation_data": (x, y), "validation_lengths": LENGTHS}
        history = model.fit(x, y, sample_weight=weight, lengths=LENGTHS, epochs=2, verbose=0, **options).history
        found += [*history.values(), model.fit(source(), verbose=0).history["loss"]]
        found.append(model.train_on_batch(x, y, weight, lengths=LENGTHS))
        return [*found, *model.get_weights()]

    for got, expected in zip(everything(*data(dirt)), everything(*data(0.0)), strict=True):
        np.testing.assert_array_equal(got, expected)


def test_the_data_of_the_user_stay_as_they_are() -> None:
    x, y, _ = data(np.nan)
    model = per_step()
    model.compile("sgd", "mse")
    model.fit(x, y, lengths=LENGTHS, verbose=0)
    assert np.isnan(x[RAGGED]).all()
    assert np.isnan(y[RAGGED]).all()


def test_targets_of_each_step_without_a_last_axis() -> None:
    x, y, _ = data(np.nan)
    _, targets, _, _ = Reader(per_step()).read(x, y[..., 0], None, LENGTHS)
    assert np.array_equal(targets, np.where(RAGGED, 0, y[..., 0]).astype("float32"))


def test_nan_that_counts_is_refused() -> None:
    x, y, _ = data(np.nan)
    model = per_step()
    model.compile("sgd", "mse")
    dirty_x, dirty_y = x.copy(), y.copy()
    dirty_x[0, 1, 1] = dirty_y[1, 3, 0] = np.nan
    with pytest.raises(ValueError, match=r"x holds nan at index \(0, 1, 1\)"):
        model.predict(dirty_x, lengths=LENGTHS, verbose=0)
    with pytest.raises(ValueError, match=r"y holds nan at index \(1, 3, 0\)"):
        model.fit(x, dirty_y, lengths=LENGTHS, verbose=0)
    with pytest.raises(ValueError, match="x holds nan"):
        model.predict(x, verbose=0)


def test_targets_that_are_no_steps_are_checked_whole() -> None:
    x, _, _ = data(np.nan)
    model = Sequential([Input((None, 2)), layers.GRU(4)])
    model.compile("sgd", "mse")
    y = np.where(RAGGED, np.nan, 1.0)  # four targets a sample, by accident as many as steps
    with pytest.raises(ValueError, match=r"y holds nan at index \(0, 2\)"):
        model.fit(x, y, lengths=LENGTHS, verbose=0)


def test_each_input_has_its_own_lengths() -> None:
    first, second = Input((None, 2), name="first"), Input((None, 2), name="second")
    joined = layers.Concatenate()([layers.GRU(2)(first), layers.GRU(2)(second)])
    model = Model([first, second], layers.Dense(1)(joined))
    (a, _, _), (b, _, _) = data(np.nan), data(np.nan, seed=1)
    b = b[:, :3]
    given = {"first": LENGTHS, "second": [2, 3, 1]}
    clean = {"first": np.nan_to_num(a), "second": np.nan_to_num(b)}
    expected = model.predict(clean, lengths=given, verbose=0)
    assert np.array_equal(model.predict({"first": a, "second": b}, lengths=given, verbose=0), expected)
    with pytest.raises(ValueError, match=r"x\['second'\] holds nan"):
        model.predict({"first": a, "second": b}, lengths={"first": LENGTHS}, verbose=0)


def test_lengths_as_a_column() -> None:
    x, _, _ = data(0.0)
    expected = per_step_of_ones().predict(x, lengths=LENGTHS, verbose=0)
    for lengths in (np.array(LENGTHS, object), np.array(LENGTHS, "uint8"), tuple(LENGTHS), recurra.Tensor(LENGTHS)):
        assert np.array_equal(per_step_of_ones().predict(x, lengths=lengths, verbose=0), expected)
    pandas = pytest.importorskip("pandas")
    column = pandas.Series(LENGTHS, dtype="Int64")
    assert np.array_equal(per_step_of_ones().predict(x, lengths=column, verbose=0), expected)


def per_step_of_ones() -> Any:
    options = {"kernel_initializer": "ones", "recurrent_initializer": "ones"}
    return Sequential([Input((None, 2)), layers.GRU(3, **options)])
