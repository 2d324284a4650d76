"""Errors thrown by code of the user's: they reach the user as they are, and the next step is that of a twin that never
met them."""

from __future__ import annotations

import copy
import gc
import weakref

import numpy as np
import pytest

import recurra
from recurra import Input, Sequential, callbacks, layers, losses, metrics, ops
from tests.faults.program import X, Y


class Broken(Exception):
    """The user's own error."""


class Switch:
    """Throws while it is on, from the n-th time on."""

    def __init__(self):
        self.left = -1

    def __call__(self):
        if self.left == 0:
            raise Broken("thrown by the user's code")
        self.left -= self.left > 0


SWITCH = Switch()


class Layer(layers.Layer):
    def build(self, shape):
        self.scale = self.add_weight((shape[-1],), "ones", name="scale")

    def call(self, x, training=False):
        SWITCH()
        return x * self.scale


class Cell(layers.SimpleRNNCell):
    def call(self, inputs, states, training=False):
        SWITCH()
        return super().call(inputs, states, training=training)


class Loss(losses.Loss):
    def call(self, y_true, y_pred):
        SWITCH()
        return ops.mean(ops.square(y_true - y_pred), axis=-1)


class Metric(metrics.Mean):
    def update_state(self, y_true, y_pred, sample_weight=None):
        SWITCH()
        super().update_state(np.mean(np.abs(np.asarray(y_true) - np.asarray(y_pred))))


class Penalty(recurra.regularizers.Regularizer):
    def __call__(self, x):
        SWITCH()
        return 0.01 * ops.sum(ops.square(x))


class Bound(recurra.constraints.Constraint):
    def __call__(self, weight):
        SWITCH()
        return ops.clip(weight, -3.0, 3.0)


def plain(middle=None, loss="mse", metric="mae", **options):
    recurra.random.set_seed(0)
    inside = [] if middle is None else [middle]
    model = Sequential([Input((6, 3)), *inside, layers.GRU(3, **options), layers.Dropout(0.1), layers.Dense(1)])
    model.compile("adam", loss, metrics=[metric])
    return model


def recurrent():
    recurra.random.set_seed(0)
    model = Sequential([Input((6, 3)), layers.RNN(Cell(3)), layers.Dense(1)])
    model.compile("adam", "mse", metrics=["mae"])
    return model


PLACES = {
    "layer": lambda: plain(Layer()),
    "layer in time": lambda: plain(layers.TimeDistributed(Layer())),
    "cell": recurrent,
    "loss": lambda: plain(loss=Loss()),
    "metric": lambda: plain(metric=Metric("own")),
    "regularizer": lambda: plain(kernel_regularizer=Penalty()),
    "constraint": lambda: plain(kernel_constraint=Bound()),
}
# What runs behind the update of the weights cannot undo it.
AFTER_THE_UPDATE = {"metric", "constraint"}


def same(model, twin):
    for a, b in zip(model.get_weights(), twin.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.fixture(autouse=True)
def _switched_off():
    SWITCH.left = -1
    yield
    SWITCH.left = -1


@pytest.mark.parametrize("place", PLACES)
def test_a_step_that_throws_changes_nothing(place):
    model = PLACES[place]()
    model.train_on_batch(X[:4], Y[:4])
    before = model.get_weights()
    SWITCH.left = 0
    with pytest.raises(Broken, match="thrown by the user's code"):
        model.train_on_batch(X[4:8], Y[4:8])
    SWITCH.left = -1
    if place not in AFTER_THE_UPDATE:
        for a, b in zip(before, model.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)
    # From here on the model and a copy of it go the same way, whatever the broken step has left behind.
    other = copy.deepcopy(model)
    for one in (model, other):
        recurra.random.set_seed(1)
        one.fit(X, Y, batch_size=6, verbose=0)
    same(model, other)


@pytest.mark.parametrize("at", [1, 3])
def test_a_later_time_step_that_throws(at):
    model = recurrent()
    model.train_on_batch(X[:4], Y[:4])
    before = model.get_weights()
    SWITCH.left = at
    with pytest.raises(Broken):
        model.train_on_batch(X[4:8], Y[4:8])
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("place", [place for place in PLACES if place not in AFTER_THE_UPDATE])
def test_the_next_step_is_that_of_a_twin(place):
    model, twin = PLACES[place](), PLACES[place]()
    for one in (model, twin):
        recurra.random.set_seed(1)
        one.train_on_batch(X[:4], Y[:4])
    SWITCH.left = 0
    with pytest.raises(Broken, match="thrown by the user's code"):
        model.train_on_batch(X[4:8], Y[4:8])
    SWITCH.left = -1
    for one in (model, twin):
        recurra.random.set_seed(2)
        one.train_on_batch(X[8:12], Y[8:12])
    same(model, twin)
    assert model.evaluate(X, Y, verbose=0) == twin.evaluate(X, Y, verbose=0)


HOOKS = ["on_train_begin", "on_epoch_begin", "on_train_batch_begin", "on_train_batch_end", "on_test_batch_end"]
HOOKS += ["on_test_end", "on_epoch_end", "on_train_end"]


@pytest.mark.parametrize("hook", HOOKS)
def test_callbacks_that_throw(hook):
    def throw(*_, **__):
        raise Broken("thrown by the callback")

    thrower = callbacks.Callback()
    setattr(thrower, hook, throw)
    model = plain()
    options = {"batch_size": 6, "verbose": 0, "validation_split": 0.25}
    with pytest.raises(Broken, match="thrown by the callback"):
        model.fit(X, Y, epochs=2, callbacks=[thrower], **options)
    twin = copy.deepcopy(model)
    histories = []
    for one in (model, twin):
        recurra.random.set_seed(4)
        histories.append(one.fit(X, Y, epochs=2, **options).history)
    assert histories[0] == histories[1]
    assert len(histories[0]["loss"]) == 2
    same(model, twin)


@pytest.mark.parametrize("at", [0, 1, 3])
@pytest.mark.parametrize("what", ["fit", "evaluate", "predict"])
def test_generators_that_throw(what, at):
    def batches():
        for number in range(5):
            if number == at:
                raise Broken("thrown by the generator")
            yield (X[4 * number : 4 * number + 4], Y[4 * number : 4 * number + 4])

    model, twin = plain(), plain()
    with pytest.raises(Broken, match="thrown by the generator"):
        getattr(model, what)((x for x, _ in batches()) if what == "predict" else batches(), verbose=0)
    if what == "fit":
        recurra.random.set_seed(0)
        twin = plain()
        for number in range(at):
            twin.train_on_batch(X[4 * number : 4 * number + 4], Y[4 * number : 4 * number + 4])
        model.optimizer.learning_rate = twin.optimizer.learning_rate
        assert model.optimizer.iterations == twin.optimizer.iterations == at
    for one in (model, twin):
        one.predict(X, verbose=0)
        assert one.fit(X, Y, verbose=0, epochs=1).history["loss"]


def test_a_failed_step_keeps_no_memory():
    model = plain(Layer())
    model.train_on_batch(X[:4], Y[:4])
    SWITCH.left = 0
    batch = X[4:8].copy()
    watch = weakref.ref(batch)
    with pytest.raises(Broken):
        model.train_on_batch(batch, Y[4:8])
    SWITCH.left = -1
    del batch
    model.train_on_batch(X[:4], Y[:4])
    gc.collect()
    assert watch() is None
