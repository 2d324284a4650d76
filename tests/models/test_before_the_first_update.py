"""What does not fit is refused before the first update, and leaves the model as it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from recurra import Input, Model, Sequential, callbacks, layers, metrics
from recurra.tree import flatten

X, Y = np.ones((6, 3, 2), "float32"), np.ones((6, 1), "float32")


def stateful() -> Sequential:
    model = Sequential([Input((None, 2)), layers.GRU(3, stateful=True), layers.BatchNormalization(), layers.Dense(1)])
    model.compile("sgd", "mse")
    return model


def plain(**options: Any) -> Sequential:
    model = Sequential([Input((None, 2)), layers.GRU(3), layers.BatchNormalization(), layers.Dense(1, name="out")])
    model.compile("sgd", "mse", **options)
    return model


def two_outputs(**options: Any) -> Model:
    source = Input((None, 2))
    seen = layers.GRU(3)(source)
    model = Model(source, [layers.Dense(1, name="a")(seen), layers.Dense(1, name="b")(seen)])
    model.compile("sgd", "mse", **options)
    return model


class Subclass(Model):
    def __init__(self, **options: Any) -> None:
        super().__init__()
        self.gru, self.norm, self.dense = layers.GRU(3), layers.BatchNormalization(), layers.Dense(1)
        self(X)
        self.compile("sgd", "mse", **options)

    def call(self, inputs: Any) -> Any:
        return self.dense(self.norm(self.gru(inputs)))


class Refusing(metrics.Metric):
    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        raise ValueError("I take nothing")

    def result(self) -> float:
        return 0.0


def fit(model: Any, x: Any = X, y: Any = Y, **options: Any) -> Callable[[], Any]:
    return lambda: model.fit(x, y, verbose=0, **options)


def mistakes(stateful: Any, plain: Any, two: Any) -> dict[str, tuple[Any, Callable[[], Any], str]]:
    return {
        "smaller last batch": (stateful, fit(stateful, batch_size=4), "6 samples need a batch_size that divides them"),
        "validation of a smaller last batch": (
            stateful,
            fit(stateful, batch_size=2, validation_data=(X[:5], Y[:5])),
            "validation_data: a stateful layer .* 5 samples need a batch_size",
        ),
        "validation of other rows": (
            stateful,
            fit(stateful, batch_size=2, validation_data=(X, Y), validation_batch_size=3),
            "got 3 beside 2; give validation_batch_size=2",
        ),
        "evaluate": (stateful, lambda: stateful.evaluate(X, Y, batch_size=4, verbose=0), "batch_size that divides"),
        "predict": (stateful, lambda: stateful.predict(X, batch_size=4, verbose=0), "batch_size that divides them"),
        "targets of the validation": (
            plain,
            fit(plain, validation_data=(X, np.ones((6, 2)))),
            "validation_data: .*targets have shape",
        ),
        "weights of the validation": (
            plain,
            fit(plain, validation_data=(X, Y, np.ones((6, 7)))),
            "validation_data: .*weight",
        ),
        "metrics of the validation": (
            two,
            fit(two, y=[Y, Y], validation_data=(X, [Y, np.ones((6, 4))])),
            "validation_data: .*targets have shape",
        ),
        "generator for several validations": (
            plain,
            fit(plain, epochs=2, validation_data=iter([(X, Y)])),
            "gives its batches only once",
        ),
    }


@pytest.mark.parametrize("mistake", mistakes(None, None, None))
def test_refused_before_anything(mistake: str) -> None:
    model, act, message = mistakes(stateful(), plain(), two_outputs())[mistake]
    model.history = None
    before = model.get_weights()
    with pytest.raises(ValueError, match=message):
        act()
    assert model.history is None  # the training has not begun
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), before, strict=True))
    for layer in model.layers:
        assert not getattr(layer, "stateful", False) or not layer._carries


IN_THE_FIRST_STEP: dict[str, tuple[Callable[[], Any], str]] = {
    "metric of no output": (lambda: fit(two_outputs(metrics={"c": "mae"}), y=[Y, Y]), "no output 'c'"),
    "metric that refuses": (lambda: fit(plain(metrics=[Refusing()])), "I take nothing"),
    "metric that refuses, own class": (lambda: fit(Subclass(metrics=[Refusing()])), "I take nothing"),
    "targets": (lambda: fit(Subclass(), y=np.ones((6, 3))), "targets have shape"),
    "a source's weights": (lambda: fit(plain(), x=iter([(X, Y, np.ones((6, 5)))]), y=None), "weight"),
}


@pytest.mark.parametrize("mistake", IN_THE_FIRST_STEP)
def test_a_first_step_that_fails_changes_nothing(mistake: str) -> None:
    make, message = IN_THE_FIRST_STEP[mistake]
    act = make()
    model = next(cell.cell_contents for cell in act.__closure__ if isinstance(cell.cell_contents, Model))
    before = model.get_weights()
    with pytest.raises(ValueError, match=message):
        act()
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), before, strict=True))
    assert not model.optimizer.built


def test_kinds_are_settled_anew_after_a_first_step_that_failed() -> None:
    model = Subclass(metrics=["accuracy", Refusing()])
    with pytest.raises(ValueError, match="I take nothing"):
        model.fit(X, Y, verbose=0)
    assert not model._compiled_metrics.built
    assert not model._compiled_loss.parts


def test_stateful_models_keep_their_states_when_refused() -> None:
    model = stateful()
    model.fit(X, Y, batch_size=2, shuffle=False, verbose=0)
    gru = model.layers[0]
    before = [np.array(state) for state in flatten(gru.states)]
    with pytest.raises(ValueError, match="batch_size that divides them"):
        model.predict(X[:5], batch_size=2, verbose=0)
    with pytest.raises(ValueError, match="carries the states of 2 sequences"):
        model.predict(X, batch_size=3, verbose=0)
    for state, old in zip(flatten(gru.states), before, strict=True):
        assert np.array_equal(state, old)
    assert model.predict(X, batch_size=2, verbose=0).shape == (6, 1)


def test_stateful_models_keep_their_states_when_a_source_fails() -> None:
    model = stateful()
    model.fit(X, Y, batch_size=2, shuffle=False, verbose=0)
    gru = model.layers[0]
    before = [np.array(state) for state in flatten(gru.states)]
    for act in (
        lambda: model.predict(iter([X[:2], X[:1]]), verbose=0),
        lambda: model.evaluate(iter([(X[:2], Y[:2]), (X[:1], Y[:1])]), verbose=0),
    ):
        with pytest.raises(ValueError, match="carries the states of 2 sequences"):
            act()
        assert gru._carries
        for state, old in zip(flatten(gru.states), before, strict=True):
            assert np.array_equal(state, old)


@pytest.mark.parametrize("make", [plain, Subclass])
def test_a_single_batch_that_fails_changes_nothing(make: Callable[..., Any]) -> None:
    model = make(metrics=[Refusing()])
    before = model.get_weights()
    with pytest.raises(ValueError, match="I take nothing"):
        model.train_on_batch(X, Y)
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), before, strict=True))
    assert not model.optimizer.built


def test_a_model_without_layers_says_so_before_the_training_begins(capsys: pytest.CaptureFixture[str]) -> None:
    model = Sequential(name="empty")
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="model 'empty' has no layers: add some first"):
        model.fit(X, Y)
    assert capsys.readouterr().out == ""


def test_validation_that_fits_is_let_through() -> None:
    per_step = Sequential([Input((None, 2)), layers.GRU(3, return_sequences=True), layers.Dense(1)])
    per_step.compile("sgd", "mse", metrics=["mae"])
    longer = np.ones((4, 7, 2)), np.ones((4, 7, 1)), np.ones((4, 7))
    history = per_step.fit(X, np.ones((6, 3, 1)), epochs=2, verbose=0, validation_data=longer).history
    assert list(history) == ["loss", "mae", "val_loss", "val_mae"]
    stateful().fit(X, Y, batch_size=2, shuffle=False, verbose=0, validation_data=(X[:4], Y[:4]))
    stateful().fit(
        X, Y, batch_size=2, shuffle=False, verbose=0, validation_data=(X[:4], Y[:4]), validation_batch_size=2
    )


def test_a_validation_generator_that_runs_out_gives_no_figures() -> None:
    def twice() -> Iterator[Any]:
        for _ in range(2):
            yield X, Y

    model = plain()
    with pytest.warns(UserWarning, match=r"validation_data ran out of batches after 0 of 1 steps of this epoch\. Make"):
        history = model.fit(X, Y, epochs=3, verbose=0, validation_data=twice(), validation_steps=1).history
    assert len(history["loss"]) == 3
    assert len(history["val_loss"]) == 2
    assert 0.0 not in history["val_loss"]
    with pytest.raises(ValueError, match="it gave no batch"), pytest.warns(UserWarning, match="ran out"):
        model.evaluate(iter([]), steps=2, verbose=0)


@pytest.mark.parametrize("number", [np.int32, np.int64, np.uint8])
def test_numbers_of_numpy_are_numbers(number: Any) -> None:
    model, one, two = plain(), number(1), number(2)
    history = model.fit(
        X,
        Y,
        batch_size=two,
        epochs=two,
        verbose=0,
        validation_split=np.float32(0.5),
        steps_per_epoch=one,
        validation_steps=one,
        validation_freq=one,
        validation_batch_size=two,
        initial_epoch=number(0),
        class_weight={number(1): np.float32(2)},
    )
    assert len(history.history["val_loss"]) == 2
    model.evaluate(X, Y, batch_size=two, steps=one, verbose=0)
    assert model.predict(X, batch_size=two, steps=one, verbose=0).shape == (2, 1)
    model.fit(X, Y, epochs=3, validation_data=(X, Y), validation_freq=np.array([1, 3]), verbose=0)
    assert len(model.history.history["val_loss"]) == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epochs": 1.5}, "fit: epochs must be an integer >= 0, got 1.5"),
        ({"epochs": True}, "fit: epochs must be an integer >= 0, got True"),
        ({"batch_size": "3"}, "fit: batch_size must be an integer >= 1, got '3'"),
        ({"validation_split": "0.5"}, "fit: validation_split must be a number"),
        ({"validation_freq": 0}, "fit: validation_freq must be an integer >= 1, got 0"),
        ({"validation_freq": [1.5]}, "fit: validation_freq must be an integer >= 1, got 1.5"),
        ({"steps_per_epoch": 0}, "steps_per_epoch must be an integer >= 1, got 0"),
        ({"validation_data": (X,)}, r"must be \(x, y\) or \(x, y, sample_weight\), got 1 part; lengths are given as"),
        ({"validation_batch_size": 0}, "fit: validation_batch_size must be an integer >= 1, got 0"),
    ],
)
def test_arguments_out_of_range(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        plain().fit(X, Y, verbose=0, **options)


def test_callbacks_hear_nothing_of_what_is_refused() -> None:
    heard: list[str] = []
    listener = callbacks.LambdaCallback(on_train_begin=lambda logs: heard.append("begin"))
    with pytest.raises(ValueError, match="divides them"):
        stateful().fit(X, Y, batch_size=4, verbose=0, callbacks=[listener])
    assert heard == []
