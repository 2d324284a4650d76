"""What a file keeps beside weights: the optimizer, what is frozen, functions and classes of one's own."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import recurra
from recurra import Input, Model, Sequential, layers, losses, metrics, ops, optimizers, saving
from tests.support.small_models import TwoHeads, diamond

X = np.random.default_rng(1).normal(size=(12, 3)).astype("float32")
Y = np.random.default_rng(2).normal(size=(12, 1)).astype("float32")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


def linear(**options):
    return Sequential([Input((3,)), layers.Dense(1, **options)])


def gap(y_true, y_pred):
    return ops.mean(ops.abs(y_true - y_pred), axis=-1)


def bent(x):
    return ops.maximum(x, 0.1 * x)


class Gap(losses.Loss):
    def call(self, y_true, y_pred):
        return gap(y_true, y_pred)


class Largest(metrics.Metric):
    def reset_state(self):
        self.largest = 0.0

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.largest = max(self.largest, float(np.max(np.abs(np.asarray(y_true) - np.asarray(y_pred)))))

    def result(self):
        return self.largest


class Steady(optimizers.SGD):
    pass


def test_the_optimizer_is_kept_by_default(path):
    model = linear()
    model.compile("adam", "mse")
    model.fit(X, Y, epochs=2, verbose=0)
    model.save(path)
    loaded = saving.load_model(path)
    assert loaded.optimizer.iterations == model.optimizer.iterations > 0
    histories = [one.fit(X, Y, epochs=2, shuffle=False, verbose=0).history for one in (model, loaded)]
    assert histories[0] == histories[1]
    model.save(path, include_optimizer=False)
    assert saving.load_model(path).optimizer.iterations == 0


@pytest.mark.parametrize(
    ("options", "known"),
    [
        ({"loss": gap}, {"gap": gap}),
        ({"loss": "mse", "metrics": [gap]}, {"gap": gap}),
        ({"loss": losses.FunctionLoss(gap) if hasattr(losses, "FunctionLoss") else gap}, {"gap": gap}),
        ({"loss": Gap()}, {"Gap": Gap}),
        ({"loss": "mse", "metrics": [Largest(name="top")]}, {"Largest": Largest}),
        ({"loss": "mse", "optimizer": Steady(0.1)}, {"Steady": Steady}),
    ],
)
def test_own_losses_metrics_and_optimizers_come_back(options, known, path):
    model = linear()
    model.compile(**{"optimizer": "adam", **options})
    model.fit(X, Y, epochs=1, verbose=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.save(path)
        loaded = saving.load_model(path, custom_objects=known)
    assert loaded.compiled
    assert loaded.optimizer.iterations == model.optimizer.iterations > 0
    assert loaded.evaluate(X, Y, verbose=0, return_dict=True) == model.evaluate(X, Y, verbose=0, return_dict=True)
    with saving.custom_object_scope(known):
        assert saving.load_model(path).compiled


def test_a_model_comes_back_without_compile_where_its_loss_is_not_known(path):
    model = linear()
    model.compile("adam", gap)
    model.fit(X, Y, verbose=0)
    model.save(path)
    with pytest.warns(UserWarning, match=r"not compiled: .*unknown function 'gap': pass custom_objects=\{'gap': …\}"):
        loaded = saving.load_model(path)
    assert not loaded.compiled
    np.testing.assert_array_equal(loaded.predict(X, verbose=0), model.predict(X, verbose=0))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not saving.load_model(path, compile=False).compiled


def test_a_loss_without_a_name_is_not_stored_and_a_warning_says_so(path):
    model = linear()
    model.compile("adam", lambda a, b: ops.mean((a - b) ** 2, axis=-1))
    with pytest.warns(UserWarning, match=r"compile are not stored: .*define it with def"):
        model.save(path)
    assert not saving.load_model(path).compiled


@pytest.mark.parametrize(
    "make",
    [
        lambda: layers.Dense(2, activation=bent),
        lambda: layers.Activation(bent),
        lambda: layers.Conv1D(2, 1, activation=bent),
        lambda: layers.GRU(2, activation=bent),
        lambda: layers.Bidirectional(layers.LSTM(2, activation=bent)),
        lambda: layers.Lambda(bent),
    ],
)
def test_own_activations_come_back(make, path):
    model = Sequential([Input((4, 3)), make()])
    model.save(path)
    x = np.random.default_rng(0).normal(size=(2, 4, 3)).astype("float32")
    loaded = saving.load_model(path, custom_objects={"bent": bent})
    np.testing.assert_array_equal(loaded.predict(x, verbose=0), model.predict(x, verbose=0))
    with pytest.raises(ValueError, match=r"unknown function 'bent': pass custom_objects=\{'bent'"):
        saving.load_model(path)


def flags(model):
    return [layer._trainable for layer in model._flatten_layers()], [v.trainable for v in model.weights]


def sequential():
    return Sequential([Input((3,)), layers.Dense(4), layers.BatchNormalization(), Sequential([layers.Dense(2)])])


def freeze_first(model):
    model.layers[1].trainable = False


def freeze_all_but_the_last(model):
    model.trainable = False
    model.layers[-1].trainable = True


def freeze_a_variable(model):
    model.weights[0].trainable = False


def freeze_all(model):
    model.trainable = False


def freeze_nothing(model):
    pass


@pytest.mark.parametrize("make", [sequential, diamond, lambda: TwoHeads(4)], ids=["sequential", "graph", "subclass"])
@pytest.mark.parametrize(
    "freeze", [freeze_first, freeze_all_but_the_last, freeze_a_variable, freeze_all, freeze_nothing]
)
def test_what_is_frozen_comes_back(make, freeze, path):
    model = make()
    model(X)
    freeze(model)
    model.save(path)
    loaded = saving.load_model(path)
    assert flags(loaded) == flags(model)
    assert len(loaded.trainable_weights) == len(model.trainable_weights)
    for one in (model, loaded):
        one.trainable = True
    assert len(loaded.trainable_weights) == len(model.trainable_weights)


def test_training_of_a_frozen_model_goes_on(path):
    model = sequential()
    model.layers[0].trainable = False
    model.compile("adam", "mse")
    y = np.ones((12, 2), "f")
    model.fit(X, y, verbose=0)
    model.save(path)
    loaded = saving.load_model(path)
    frozen = loaded.layers[0].get_weights()[0]
    assert loaded.fit(X, y, shuffle=False, verbose=0).history == model.fit(X, y, shuffle=False, verbose=0).history
    np.testing.assert_array_equal(loaded.layers[0].get_weights()[0], frozen)


@pytest.mark.parametrize("frozen", ['{"layers": [99], "weights": []}', '{"layers": [], "weights": ["x"]}', "3", "[]"])
def test_damaged_lists_of_frozen_parts_are_refused(frozen, path):
    from recurra import safetensors

    linear().save(path)
    arrays, words = safetensors.read(path)
    words = {**words, "frozen": frozen}
    words.pop("checksum")
    safetensors.write(path, arrays, {**words, "checksum": safetensors.checksum(arrays, words)})
    with pytest.raises(ValueError, match="the stored frozen cannot be restored"):
        saving.load_model(path)


def test_models_of_own_classes_keep_functions_given_to_them(path):
    class Bent(Model):
        def __init__(self, function, **options):
            super().__init__(**options)
            self.function = function
            self.dense = layers.Dense(2)

        def call(self, x):
            return self.function(self.dense(x))

        def get_config(self):
            return {"function": self.function}

    model = Bent(bent)
    expected = model.predict(X, verbose=0)
    model.save(path)
    loaded = saving.load_model(path, custom_objects={"Bent": Bent, "bent": bent})
    np.testing.assert_array_equal(loaded.predict(X, verbose=0), expected)


def test_copies_within_the_process_keep_anonymous_functions_and_own_classes():
    class Own(layers.Layer):
        def call(self, x):
            return 2 * x

    twice = Sequential(
        [Input((4, 3)), layers.Dense(3, activation=lambda x: 3 * x), layers.Lambda(lambda x: x - 1), Own()]
    )
    clone = models_clone(twice)
    clone.set_weights(twice.get_weights())
    x = np.ones((2, 4, 3), "f")
    np.testing.assert_array_equal(clone.predict(x, verbose=0), twice.predict(x, verbose=0))
    both = layers.Bidirectional(layers.GRU(2, activation=lambda x: ops.tanh(x) / 2))
    assert both.forward_layer.cell.activation is both.backward_layer.cell.activation
    assert layers.Stack(layers.GRU(3, activation=bent), 2)(x).shape == (2, 3)


def models_clone(model):
    from recurra.models import clone_model

    return clone_model(model)


def test_own_random_numbers_of_layers_go_on(path):
    model = Sequential([Input((4, 3)), layers.LSTM(3, dropout=0.2, recurrent_dropout=0.3), layers.Dropout(0.2, seed=3)])
    model.compile("adam", "mse")
    x, y = np.ones((8, 4, 3), "f"), np.ones((8, 3), "f")
    model.fit(x, y, verbose=0)
    model.save(path)
    before = recurra.random.get_state()
    loaded = saving.load_model(path)
    assert recurra.random.get_state() == before
    histories = []
    for one in (model, loaded):
        recurra.random.set_state(before)
        histories.append(one.fit(x, y, epochs=3, verbose=0).history)
    assert histories[0] == histories[1]
    for one, other in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_layers_frozen_after_a_training(path):
    model = sequential()
    model.compile("adam", "mse")
    y = np.ones((12, 2), "f")
    model.fit(X, y, verbose=0)
    model.layers[0].trainable = False
    model.save(path)
    loaded = saving.load_model(path)
    assert flags(loaded) == flags(model)
    for one in (model, loaded):
        recurra.random.set_seed(2)
        one.fit(X, y, verbose=0)
    for one, other in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
