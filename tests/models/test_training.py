"""compile, fit, evaluate and predict on small models: what is computed, from which data, and what is refused."""

from __future__ import annotations

import signal
import warnings

import numpy as np
import pytest

from recurra import Input, Model, Sequential, layers, losses, metrics, ops, optimizers, random, utils
from recurra.callbacks import Callback, LambdaCallback

rng = np.random.default_rng(0)
X = rng.normal(size=(50, 3)).astype("float32")
Y = (X @ np.array([[1.0], [-2.0], [0.5]]) + 0.1).astype("float32")
CLASSES = rng.integers(0, 4, size=50)


@pytest.fixture(autouse=True)
def seeded():
    random.set_seed(7)


def linear(**arguments):
    model = Sequential([Input((3,)), layers.Dense(1)])
    model.compile(**{"optimizer": "sgd", "loss": "mse", **arguments})
    return model


def classifier(loss="sparse_categorical_crossentropy", **arguments):
    model = Sequential([Input((3,)), layers.Dense(4, activation="softmax")])
    model.compile(**{"optimizer": "adam", "loss": loss, **arguments})
    return model


def two_outputs(**arguments):
    x = Input((3,), name="x")
    model = Model(x, [layers.Dense(1, name="a")(x), layers.Dense(2, name="b")(x)])
    model.compile(**{"optimizer": "sgd", "loss": "mse", **arguments})
    return model


def gradient_descent(kernel, bias, batches, rate):
    """Plain NumPy: linear regression by mini-batches of (x, y, weight)."""
    seen = []
    for x, y, weight in batches:
        error = x @ kernel + bias - y
        seen.append((float((weight * error[:, 0] ** 2).mean()), len(x)))
        kernel = kernel - rate * 2 * x.T @ (weight[:, None] * error) / len(x)
        bias = bias - rate * 2 * (weight[:, None] * error).mean(0)
    return kernel, bias, sum(loss * n for loss, n in seen) / sum(n for _, n in seen)


def slices(count, size):
    return [slice(start, min(start + size, count)) for start in range(0, count, size)]


@pytest.mark.parametrize("weighted", [False, True])
def test_fit_is_mini_batch_gradient_descent(weighted):
    model = linear(optimizer=optimizers.SGD(0.1))
    kernel, bias = (w.astype("float64") for w in model.get_weights())
    weight = rng.uniform(0.5, 2, size=50) if weighted else np.ones(50)
    history = model.fit(
        X, Y, batch_size=16, epochs=3, shuffle=False, verbose=0, sample_weight=weight if weighted else None
    )
    for epoch in range(3):
        parts = [(X[rows], Y[rows], weight[rows]) for rows in slices(50, 16)]
        kernel, bias, loss = gradient_descent(kernel, bias, parts, 0.1)
        assert history.history["loss"][epoch] == pytest.approx(loss, rel=1e-5)
    np.testing.assert_allclose(model.get_weights()[0], kernel, rtol=1e-4)
    np.testing.assert_allclose(model.get_weights()[1], bias, rtol=1e-4)
    assert history.epoch == [0, 1, 2]
    assert model.history is history


def test_train_on_batch_equals_fit():
    first, second = linear(), linear()
    second.set_weights(first.get_weights())
    first.fit(X, Y, batch_size=10, shuffle=False, verbose=0)
    losses = [second.train_on_batch(X[rows], Y[rows]) for rows in slices(50, 10)]
    assert np.mean(losses) == pytest.approx(first.history.history["loss"][0], rel=1e-12)
    for a, b in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_shuffling_is_seeded_and_changes_every_epoch():
    def orders():
        random.set_seed(3)
        source = []
        model = linear()

        class Watched(type(model)):
            def train_step(self, data):
                source.append(data[0][:, 0].copy())
                return super().train_step(data)

        model.__class__ = Watched
        model.fit(X, Y, epochs=2, batch_size=50, verbose=0)
        return source

    one, two = orders(), orders()
    for a, b in zip(one, two, strict=True):
        np.testing.assert_array_equal(a, b)
    assert (one[0] != one[1]).any()
    np.testing.assert_array_equal(np.sort(one[0]), np.sort(X[:, 0]))
    assert (one[0] != X[:, 0]).any()


def test_validation_split_takes_the_last_samples():
    model = linear(metrics=["mae"])
    history = model.fit(X, Y, validation_split=0.3, epochs=2, verbose=0)
    loss, error = model.evaluate(X[35:], Y[35:], verbose=0)
    assert history.history["val_loss"][-1] == pytest.approx(loss, rel=1e-6)
    assert history.history["val_mae"][-1] == pytest.approx(error, rel=1e-6)
    assert list(history.history) == ["loss", "mae", "val_loss", "val_mae"]


def test_evaluate_is_the_mean_over_samples_whatever_the_batches():
    model = linear(metrics=["mae", "mse"])
    values = model.predict(X, verbose=0) - Y
    for size in (7, 50):
        loss, error, square = model.evaluate(X, Y, batch_size=size, verbose=0)
        assert loss == pytest.approx((values**2).mean(), rel=1e-5)
        assert error == pytest.approx(np.abs(values).mean(), rel=1e-5)
        assert square == pytest.approx(loss, rel=1e-5)
    assert set(model.evaluate(X, Y, verbose=0, return_dict=True)) == {"loss", "mae", "mse"}


def test_predict_joins_batches_in_order():
    model = linear()
    whole = model.predict(X, batch_size=50, verbose=0)
    np.testing.assert_array_equal(whole, model.predict(X, batch_size=7, verbose=0))
    np.testing.assert_array_equal(whole, model.predict((X[r] for r in slices(50, 20)), verbose=0))
    np.testing.assert_array_equal(whole, model.predict_on_batch(X))
    kernel, bias = model.get_weights()
    np.testing.assert_allclose(whole, X @ kernel + bias, rtol=1e-5, atol=1e-6)


def test_class_weight_is_a_sample_weight():
    a, b = classifier(weighted_metrics=["acc"]), classifier(weighted_metrics=["acc"])
    b.set_weights(a.get_weights())
    by_class = {0: 2.0, 2: 0.5}
    first = a.fit(X, CLASSES, class_weight=by_class, shuffle=False, verbose=0)
    weight = np.array([by_class.get(int(c), 1.0) for c in CLASSES])
    second = b.fit(X, CLASSES, sample_weight=weight, shuffle=False, verbose=0)
    assert first.history == second.history
    one_hot = utils.to_categorical(CLASSES, 4)
    c = classifier("categorical_crossentropy", weighted_metrics=["acc"])
    c.set_weights(random_weights := [w.copy() for w in a.get_weights()])
    a.set_weights(random_weights)
    assert c.train_on_batch(X, one_hot, class_weight=by_class)[0] == pytest.approx(
        a.compute_loss(X, CLASSES, a(X), weight).item(), rel=1e-5
    )


@pytest.mark.parametrize(
    ("loss", "targets", "kind"),
    [
        ("sparse_categorical_crossentropy", CLASSES, metrics.SparseCategoricalAccuracy),
        ("categorical_crossentropy", np.eye(4, dtype="float32")[CLASSES], metrics.CategoricalAccuracy),
    ],
)
@pytest.mark.parametrize("name", ["acc", "accuracy"])
def test_accuracy_is_chosen_by_shape_and_named_as_asked(loss, targets, kind, name):
    model = classifier(loss, metrics=[name])
    history = model.fit(X, targets, verbose=0)
    assert list(history.history) == ["loss", name]
    assert type(model.metrics[1]) is kind
    expected = (model.predict(X, verbose=0).argmax(1) == CLASSES).mean()
    assert model.evaluate(X, targets, verbose=0)[1] == pytest.approx(expected)


def test_binary_accuracy_and_flat_targets():
    model = Sequential([Input((3,)), layers.Dense(1, activation="sigmoid")])
    model.compile("rmsprop", "binary_crossentropy", metrics=["acc"])
    labels = (Y[:, 0] > 0).astype("int64")
    model.fit(X, labels, epochs=2, verbose=0)
    expected = ((model.predict(X, verbose=0)[:, 0] > 0.5) == labels).mean()
    assert model.evaluate(X, labels, verbose=0)[1] == pytest.approx(expected)


def test_several_outputs():
    y = {"a": Y, "b": np.concatenate([Y, -Y], 1)}
    model = two_outputs(loss={"a": "mse", "b": "mae"}, loss_weights={"a": 0.5, "b": 2.0}, metrics={"b": ["mse"]})
    history = model.fit(X, y, verbose=0)
    assert list(history.history) == ["loss", "a_loss", "b_loss", "b_mse"]
    logs = model.evaluate(X, [y["a"], y["b"]], verbose=0, return_dict=True)
    a, b = model.predict(X, verbose=0)
    assert logs["a_loss"] == pytest.approx(((a - y["a"]) ** 2).mean(), rel=1e-5)
    assert logs["b_loss"] == pytest.approx(np.abs(b - y["b"]).mean(), rel=1e-5)
    assert logs["b_mse"] == pytest.approx(((b - y["b"]) ** 2).mean(), rel=1e-5)
    assert logs["loss"] == pytest.approx(0.5 * logs["a_loss"] + 2 * logs["b_loss"], rel=1e-5)


def test_output_without_a_loss_is_left_alone():
    model = two_outputs(loss={"a": "mse", "b": None})
    before = model.get_layer("b").get_weights()
    model.fit(X, {"a": Y}, verbose=0)
    for old, new in zip(before, model.get_layer("b").get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_penalties_are_part_of_the_loss():
    model = Sequential([Input((3,)), layers.Dense(1, kernel_regularizer="l2")])
    model.compile(optimizers.SGD(0.1), "mse")
    kernel, _ = model.get_weights()
    penalty = 0.01 * (kernel**2).sum()
    error = ((model.predict(X, verbose=0) - Y) ** 2).mean()
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(error + penalty, rel=1e-5)
    model.train_on_batch(X[:1], X[:1] @ kernel + model.get_weights()[1])
    np.testing.assert_allclose(model.get_weights()[0], kernel * (1 - 0.1 * 0.02), rtol=1e-4)


def endless(size=10):
    while True:
        for rows in slices(50, size):
            yield X[rows], Y[rows]


def test_generator_goes_on_from_epoch_to_epoch():
    first, second = linear(), linear()
    second.set_weights(first.get_weights())
    first.fit(endless(), steps_per_epoch=3, epochs=2, validation_data=endless(), validation_steps=2, verbose=0)
    stream = endless()
    for _ in range(6):
        second.train_on_batch(*next(stream))
    for a, b in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_exhausted_generator_warns_and_stops():
    def short():
        for rows in slices(50, 10):
            yield X[rows], Y[rows]

    model = linear()
    with pytest.warns(UserWarning, match="ran out of batches after 2 of 3 steps"):
        history = model.fit(short(), steps_per_epoch=3, epochs=4, verbose=0)
    assert history.epoch == [0, 1]


def test_source_by_number_and_by_iteration():
    class Numbered(utils.PyDataset):
        ended = 0

        def __len__(self):
            return 5

        def __getitem__(self, index):
            return X[index * 10 : index * 10 + 10], Y[index * 10 : index * 10 + 10]

        def on_epoch_end(self):
            self.ended += 1

    source = Numbered()
    a, b = linear(), linear()
    b.set_weights(a.get_weights())
    a.fit(source, epochs=2, shuffle=False, verbose=0)
    b.fit(X, Y, batch_size=10, epochs=2, shuffle=False, verbose=0)
    assert source.ended == 2
    for one, two in zip(a.get_weights(), b.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)
    assert a.evaluate(source, verbose=0) == pytest.approx(b.evaluate(X, Y, verbose=0), rel=1e-6)


def test_steps_on_arrays_wrap_around():
    model = linear()
    history = model.fit(X, Y, batch_size=20, steps_per_epoch=7, epochs=2, verbose=0)
    assert model.optimizer.iterations == 14
    assert len(history.history["loss"]) == 2


def test_validation_only_in_some_epochs():
    history = linear().fit(X, Y, validation_data=(X, Y), validation_freq=2, epochs=5, verbose=0)
    assert len(history.history["val_loss"]) == 2
    history = linear().fit(X, Y, validation_data=(X, Y), validation_freq=[1, 4, 5], epochs=5, verbose=0)
    assert len(history.history["val_loss"]) == 3


def test_initial_epoch():
    history = linear().fit(X, Y, epochs=5, initial_epoch=3, verbose=0)
    assert history.epoch == [3, 4]


def test_old_generator_names_say_what_to_write():
    model = linear()
    with pytest.warns(DeprecationWarning, match=r"write fit\(generator"):
        history = model.fit_generator(endless(), steps_per_epoch=2, epochs=1, verbose=0)
    assert history.epoch == [0]
    with pytest.warns(DeprecationWarning, match=r"write evaluate\(generator"):
        assert model.evaluate_generator(endless(), steps=5) == pytest.approx(model.evaluate(X, Y, verbose=0), rel=1e-6)
    with pytest.warns(DeprecationWarning, match=r"write predict\(generator"):
        assert model.predict_generator(endless(), steps=5).shape == (50, 1)


def test_overridden_train_step():
    class Own(Model):
        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(1)

        def call(self, x):
            return self.dense(x)

        def train_step(self, data):
            return {**super().train_step(data), "own": 5.0}

    model = Own()
    model.compile("sgd", "mse")
    history = model.fit(X, Y, verbose=0, epochs=2)
    assert history.history["own"] == [5.0, 5.0]
    assert history.history["loss"][1] < history.history["loss"][0]


def test_custom_loop_with_apply_gradients():
    model = linear(optimizer=optimizers.SGD(0.1))
    twin = linear(optimizer=optimizers.SGD(0.1))
    twin.set_weights(model.get_weights())
    twin.train_on_batch(X, Y)
    loss = ops.mean(ops.square(model(X) - Y))
    loss.backward()
    variables = model.trainable_variables
    model.optimizer.apply_gradients([(v.grad, v) for v in variables])
    for a, b in zip(model.get_weights(), twin.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)


def test_freezing_between_fits():
    model = Sequential([Input((3,)), layers.Dense(4, name="front"), layers.Dense(1)])
    model.compile("adam", "mse")
    model.fit(X, Y, verbose=0)
    model.get_layer("front").trainable = False
    front = model.get_layer("front").get_weights()
    history = model.fit(X, Y, epochs=3, verbose=0)
    for a, b in zip(front, model.get_layer("front").get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert history.history["loss"][-1] < history.history["loss"][0]


def test_compile_after_training_keeps_weights():
    model = linear()
    model.fit(X, Y, verbose=0)
    weights = model.get_weights()
    model.compile("rmsprop", "mae")
    for a, b in zip(weights, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    model.fit(X, Y, verbose=0)
    assert type(model.optimizer) is optimizers.RMSprop


def test_moving_average_takes_the_weights_place_at_the_end():
    model = linear(optimizer=optimizers.SGD(0.1, use_ema=True, ema_momentum=0.5))
    average = None
    seen = []
    model.fit(
        X,
        Y,
        verbose=0,
        callbacks=[LambdaCallback(on_train_batch_end=lambda b, logs: seen.append(model.get_weights()[0].copy()))],
    )
    for kernel in seen:
        average = kernel if average is None else 0.5 * average + 0.5 * kernel
    np.testing.assert_allclose(model.get_weights()[0], average, rtol=1e-5)


def test_accumulated_batches_are_one_large_batch():
    large = linear(optimizer=optimizers.SGD(0.1, momentum=0.5))
    parts = linear(optimizer=optimizers.SGD(0.1, momentum=0.5, gradient_accumulation_steps=2))
    parts.set_weights(large.get_weights())
    large.fit(X[:40], Y[:40], batch_size=20, epochs=3, shuffle=False, verbose=0)
    parts.fit(X[:40], Y[:40], batch_size=10, epochs=3, shuffle=False, verbose=0)
    assert large.optimizer.iterations == parts.optimizer.iterations == 6
    for a, b in zip(large.get_weights(), parts.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5)


def test_crossentropy_without_sigmoid_warns_once():
    model = Sequential([Input((3,)), layers.Dense(1)])
    model.compile("rmsprop", "binary_crossentropy")
    labels = (Y > 0).astype("float32")
    with pytest.warns(UserWarning, match="from_logits=True"):
        model.fit(X, labels, verbose=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(X, labels, verbose=0)
        model.compile("rmsprop", losses.BinaryCrossentropy(from_logits=True))
        model.fit(X, labels, verbose=0)


@pytest.fixture
def _interruptible():
    """Python's own handler, also where the shell started the tests with interrupts ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_interruptible")
def test_interrupt_stops_after_the_step_and_leaves_everything_usable():
    def interrupt(batch, logs):
        if model.run.epoch == 1 and batch == 2:
            signal.raise_signal(signal.SIGINT)

    ended = []
    model = linear()
    callbacks = [LambdaCallback(on_train_batch_end=interrupt, on_train_end=lambda logs: ended.append(True))]
    message = r"interrupted in epoch 2 after step 3; the model keeps its weights, and model\.history has 1 epoch$"
    with pytest.raises(KeyboardInterrupt, match=message):
        model.fit(X, Y, batch_size=10, epochs=5, verbose=0, callbacks=callbacks)
    assert model.history.epoch == [0]
    assert model.optimizer.iterations == 8
    assert ended == [True]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    model.fit(X, Y, verbose=0)


@pytest.mark.usefixtures("_interruptible")
def test_one_interrupt_ends_a_loop_of_fits():
    trained = []

    def interrupt(batch, logs):
        signal.raise_signal(signal.SIGINT)

    def loop():
        for _ in range(3):
            linear().fit(X, Y, verbose=0, callbacks=[LambdaCallback(on_train_batch_end=interrupt)])
            trained.append(True)

    with pytest.raises(KeyboardInterrupt):
        loop()
    assert trained == []


@pytest.mark.usefixtures("_interruptible")
def test_second_interrupt_raises():
    def interrupt(batch, logs):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        linear().fit(X, Y, verbose=0, callbacks=[LambdaCallback(on_train_batch_end=interrupt)])
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_stop_training_ends_after_this_batch():
    class Stop(Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.stop_training = batch == 1

    model = linear()
    history = model.fit(X, Y, batch_size=10, epochs=3, verbose=0, callbacks=[Stop()])
    assert model.optimizer.iterations == 2
    assert history.epoch == [0]


def test_evaluating_inside_a_callback_does_not_disturb():
    class Look(Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.predict(X[:3], verbose=0)

    a, b = linear(), linear()
    b.set_weights(a.get_weights())
    first = a.fit(X, Y, epochs=2, shuffle=False, verbose=2, callbacks=[Look()])
    second = b.fit(X, Y, epochs=2, shuffle=False, verbose=0)
    assert first.history == second.history


def nan_at(index):
    x = X.copy()
    x[index] = np.nan
    return x


BAD = {
    "fit before compile": (lambda: Sequential([layers.Dense(1)]).fit(X, Y), "call compile"),
    "features": (lambda: linear().fit(X[:, :2], Y), r"input '.*' expects shape \(samples, 3\), got \(50, 2\)"),
    "rank": (lambda: linear().fit(X[:, None], Y), r"expects shape \(samples, 3\), got \(50, 1, 3\)"),
    "nan in x": (lambda: linear().fit(nan_at((31, 2)), Y), r"x holds nan at index \(31, 2\)"),
    "nan in y": (lambda: linear().fit(X, nan_at((4, 0))[:, :1]), r"y holds nan at index \(4, 0\)"),
    "inf": (lambda: linear().fit(np.where(X[9, 1] == X, np.inf, X), Y), r"x holds inf at index \(9, 1\)"),
    "validation nan": (
        lambda: linear().fit(X, Y, validation_data=(nan_at((3, 1)), Y)),
        r"validation_data: x holds nan at index \(3, 1\)",
    ),
    "validation features": (
        lambda: linear().fit(X, Y, validation_data=(X[:, :2], Y)),
        r"validation_data: input '.*' expects shape \(samples, 3\)",
    ),
    "class too large": (
        lambda: classifier().fit(X, np.where(np.arange(50) == 8, 4, CLASSES)),
        "y holds the class 4 at index 8; the model has 4 classes, numbered from 0 to 3",
    ),
    "negative class": (lambda: classifier().fit(X, CLASSES - 1), "y holds the class -1"),
    "not one-hot": (
        lambda: classifier("categorical_crossentropy").fit(X, CLASSES[:, None] % 2),
        "look like class numbers: use sparse_categorical_crossentropy",
    ),
    "no probability": (
        lambda: linear(loss="binary_crossentropy").fit(X, np.full((50, 1), 2.0)),
        "y holds 2.0 at index 0; binary_crossentropy expects targets between 0 and 1",
    ),
    "empty": (lambda: linear().fit(X[:0], Y[:0]), "x is empty"),
    "lengths": (lambda: linear().fit(X, Y[:-1]), "x has 50 samples, y has 49"),
    "weights' length": (lambda: linear().fit(X, Y, sample_weight=np.ones(3)), "sample_weight has 3"),
    "strings": (lambda: linear().fit(X.astype(str), Y), r"the input holds texts such as .*expected numbers"),
    "objects": (lambda: linear().fit(np.array([{}] * 50), Y), "x holds objects"),
    "ragged": (lambda: linear().fit([[1, 2], [3]], Y[:2]), "x: sequences of different lengths"),
    "no targets": (lambda: linear().fit(X), "y is missing"),
    "optimizer": (lambda: linear(optimizer="adamm"), "unknown optimizer 'adamm'; did you mean"),
    "loss": (lambda: linear(loss="meansquared"), "unknown loss 'meansquared'"),
    "metric": (lambda: linear(metrics=["acurracy"]), "unknown metric 'acurracy'; did you mean 'accuracy'"),
    "split leaves nothing": (lambda: linear().fit(X[:2], Y[:2], validation_split=0.9), "leaves nothing for training"),
    "split of a source": (lambda: linear().fit(endless(), validation_split=0.2), "validation_split needs arrays"),
    "split range": (
        lambda: linear().fit(X, Y, validation_split=1.5),
        r"validation_split must be a number in \(0, 1\), got 1.5",
    ),
    "batch size": (lambda: linear().fit(X, Y, batch_size=0), "batch_size must be an integer >= 1, got 0"),
    "batch size of a source": (lambda: linear().fit(endless(), batch_size=3), "batch_size is for arrays"),
    "y beside a source": (lambda: linear().fit(endless(), Y), "y cannot be given beside it"),
    "epochs": (lambda: linear().fit(X, Y, epochs=-1), "epochs must be an integer >= 0, got -1"),
    "verbose": (lambda: linear().fit(X, Y, verbose=7), "verbose must be"),
    "nan in a batch": (lambda: linear().fit(iter([(nan_at((1, 1)), Y)]), verbose=0), "x holds nan"),
    "empty source": (lambda: linear().fit(iter([]), verbose=0), "it gave no batch"),
    "shape of targets": (
        lambda: linear().fit(X, X, verbose=0),
        r"targets have shape \(50, 3\), the predictions \(any, 1\); they must match: the last layer needs 3 units",
    ),
    "number of targets": (lambda: two_outputs().fit(X, [Y], verbose=0), "the model has 2 outputs, got 1"),
    "name of an output": (lambda: two_outputs().fit(X, {"a": Y, "c": Y}, verbose=0), "there is no output 'c'"),
    "callback": (lambda: linear().fit(X, Y, callbacks=[print]), "expected Callback objects"),
    "class weights of two": (
        lambda: two_outputs().fit(X, [Y, X[:, :2]], class_weight={0: 1.0}, verbose=0),
        "class_weight needs a model with one output",
    ),
    "no loss": (lambda: linear(loss=None).fit(X, Y, verbose=0), "there is no loss to train on"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_refused_in_one_line(case):
    act, message = BAD[case]
    with pytest.raises((ValueError, TypeError), match=message) as caught:
        act()
    assert "\n" not in str(caught.value)


def test_refused_data_change_nothing():
    model = linear()
    model.fit(X, Y, verbose=0)
    weights, state = model.get_weights(), model.optimizer.state()
    for arguments in ((nan_at((0, 0)), Y), (X, Y[:3]), (X[:, :2], Y)):
        with pytest.raises(ValueError, match=r"\S"):
            model.fit(*arguments, verbose=0)
    for a, b in zip(weights, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert state.keys() == model.optimizer.state().keys()


def test_other_kinds_of_arrays_are_taken():
    reference = linear()
    weights = reference.get_weights()
    expected = reference.train_on_batch(X, Y)
    for x in (X.astype("float64"), X.astype(">f4"), np.asfortranarray(X), X.tolist(), np.repeat(X, 2, 0)[::2]):
        model = linear()
        model.set_weights(weights)
        assert model.train_on_batch(x, Y) == pytest.approx(expected, rel=1e-6)


def test_saved_training_goes_on_bit_equal(tmp_path):
    from recurra.saving import load_model

    model = linear(optimizer=optimizers.Adam(0.05), metrics=["mae"])
    model.fit(X, Y, epochs=2, shuffle=False, verbose=0)
    model.save(tmp_path / "model.safetensors", include_optimizer=True)
    again = load_model(tmp_path / "model.safetensors")
    first = model.fit(X, Y, epochs=3, shuffle=False, verbose=0)
    second = again.fit(X, Y, epochs=3, shuffle=False, verbose=0)
    assert first.history == second.history
    for a, b in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_to_categorical():
    np.testing.assert_array_equal(utils.to_categorical([0, 2]), [[1, 0, 0], [0, 0, 1]])
    assert utils.to_categorical(np.zeros((4, 5, 1)), 3).shape == (4, 5, 3)
    with pytest.raises(ValueError, match="class numbers from 0 to 1, got 2"):
        utils.to_categorical([0, 2], 2)
