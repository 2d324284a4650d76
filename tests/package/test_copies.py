"""`copy`, `deepcopy` and `pickle` of everything public: copies say the same and go their own way."""

from __future__ import annotations

import copy
import dataclasses
import importlib
import inspect
import multiprocessing
import pickle

import numpy as np
import pytest

import recurra
from recurra import Input, Model, Sequential, Tensor, Variable, callbacks, layers, losses, metrics, ops, optimizers
from tests.support import cases, recurrent_layers
from tests.support.figure_cases import REQUIRED
from tests.support.layer_cases import CASES
from tests.support.small_models import TwoHeads, diamond

WAYS = {
    "deepcopy": copy.deepcopy,
    "pickle": lambda item: pickle.loads(pickle.dumps(item)),
    "old pickle": lambda item: pickle.loads(pickle.dumps(item, protocol=2)),
}
X = np.random.default_rng(0).normal(size=(8, 5, 3)).astype("float32")
Y = np.random.default_rng(1).normal(size=(8, 1)).astype("float32")


@pytest.fixture(params=WAYS, ids=list(WAYS))
def copied(request):
    return WAYS[request.param]


def same_weights(one, other):
    assert len(one.weights) == len(other.weights)
    for a, b in zip(one.weights, other.weights, strict=True):
        assert a is not b
        assert (a.name, a.trainable, a.dtype) == (b.name, b.trainable, b.dtype)
        np.testing.assert_array_equal(a, b)


def same_numbers(one, other):
    for a, b in zip(recurra.tree.flatten(one), recurra.tree.flatten(other), strict=True):
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b))


# ---- tensors


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64", "bool"])
@pytest.mark.parametrize("shape", [(), (0, 3), (2, 3)])
def test_tensors(dtype, shape, copied):
    tensor = Tensor(np.ones(shape, dtype))
    again = copied(tensor)
    assert type(again) is Tensor
    assert again.dtype == dtype
    assert again.shape == shape
    same_numbers(again, tensor)
    again.assign(Tensor(np.zeros(shape, dtype)))
    np.testing.assert_array_equal(tensor.numpy(), np.ones(shape, dtype))
    same_numbers(copy.copy(tensor), tensor)


def test_copies_of_tensors_are_outside_the_graph(copied):
    leaf = Tensor(np.ones(3))
    leaf.requires_grad = True
    squared = leaf * leaf
    assert copied(leaf).requires_grad
    assert not copied(squared).requires_grad


def test_variables(copied):
    first = Variable(np.arange(3.0), name="a", regularizer=recurra.regularizers.L2(0.1), constraint=None)
    fixed = Variable(np.arange(3), name="b", trainable=False)
    first.note = "kept"
    one, two, again = copied([first, fixed, first])
    assert one is again
    assert (one.name, one.path, one.trainable, one.requires_grad, one.note) == ("a", "a", True, True, "kept")
    assert one.regularizer.get_config() == first.regularizer.get_config()
    assert (two.trainable, two.requires_grad, two.dtype) == (False, False, "int64")
    one.assign(np.zeros(3))
    np.testing.assert_array_equal(first.numpy(), np.arange(3.0))


# ---- layers


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_layers(case, copied):
    layer = case.make()
    unbuilt = copied(layer)
    assert unbuilt.get_config() == layer.get_config()
    inputs = case.inputs()
    arguments = inputs[0] if len(inputs) == 1 else inputs
    layer(arguments)
    again = copied(layer)
    same_weights(layer, again)
    recurra.random.set_seed(1)
    expected = layer(arguments)
    recurra.random.set_seed(1)
    same_numbers(again(arguments), expected)


@pytest.mark.parametrize("case", cases.SINGLE[:12] + cases.BIDIRECTIONAL[:3] + cases.STACKED + cases.VARIANTS[::6])
def test_recurrent_layers(case, copied):
    inputs = dataclasses.replace(case.inputs(), drops={})  # the layer draws its own
    layer = recurrent_layers.make(case, inputs)
    layer.build(tuple(np.shape(inputs.x)))
    again = copied(layer)
    same_weights(layer, again)
    recurra.random.set_seed(1)
    expected = layer(inputs.x)
    recurra.random.set_seed(1)
    same_numbers(again(inputs.x), expected)
    if again.weights:
        before = layer.get_weights()
        again.set_weights([np.zeros_like(weight) for weight in before])
        same_numbers(layer.get_weights(), before)


# ---- models


def sequential():
    return Sequential([Input((5, 3)), layers.Bidirectional(layers.GRU(4)), layers.Dropout(0.3), layers.Dense(1)])


def lazy():
    return Sequential(
        [layers.Conv1D(2, 2, activation="relu"), layers.LSTM(3), layers.BatchNormalization(), layers.Dense(1)]
    )


def shared():
    entrance = Input((5, 3))
    inner = Sequential([Input((5, 3)), layers.GRU(2, return_sequences=True), layers.Dense(3)], name="inner")
    twice = ops.tanh(inner(inner(entrance)) + entrance * 0.5)
    return Model(entrance, layers.Dense(1)(layers.GlobalAveragePooling1D()(twice)))


def cut():
    """A graph cut open at the output of another model's layer."""
    entrance = Input((5, 3))
    middle = layers.Dense(3)(entrance)
    out = layers.GlobalMaxPooling1D()(layers.Dense(1)(middle))
    Model(entrance, out)
    return Model(middle, out)


def subclassed():
    class_ = Nested()
    class_(X)
    return class_


class Nested(Model):
    def __init__(self, **options):
        super().__init__(**options)
        self.parts = {"first": layers.GRU(3), "rest": [layers.Dense(2), layers.Dense(1)]}

    def call(self, x):
        x = self.parts["first"](x)
        for layer in self.parts["rest"]:
            x = layer(x)
        return x


def penalised():
    return Sequential(
        [
            Input((5, 3)),
            layers.LSTM(3, kernel_regularizer="l2", activity_regularizer="l1", kernel_constraint="max_norm"),
            layers.Dense(1, bias_constraint=recurra.constraints.NonNeg()),
        ]
    )


MAKERS = [sequential, lazy, shared, cut, subclassed, penalised]


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("trained", [False, True], ids=["new", "trained"])
def test_models_predict_the_same_bits_and_are_trained_apart(make, trained, copied):
    model = make()
    model.compile(optimizers.Adam(0.01, use_ema=True), "mse", metrics=["mae", metrics.R2Score()])
    if trained:
        stop = callbacks.EarlyStopping("loss", patience=5)
        model.fit(X, Y, epochs=2, batch_size=4, verbose=0, callbacks=[stop, callbacks.ReduceLROnPlateau("loss")])
    else:
        model.predict(X, verbose=0)
    again = copied(model)
    same_weights(model, again)
    same_numbers(again.predict(X, verbose=0), model.predict(X, verbose=0))
    assert [layer.name for layer in again.layers] == [layer.name for layer in model.layers]
    before = model.get_weights()
    recurra.random.set_seed(7)
    history = again.fit(X, Y, epochs=2, batch_size=4, verbose=0).history
    same_numbers(model.get_weights(), before)
    recurra.random.set_seed(7)
    assert model.fit(X, Y, epochs=2, batch_size=4, verbose=0).history == history
    same_weights(model, again)
    if trained:
        assert model.history.history == again.history.history
        assert again.history.model is again


@pytest.mark.parametrize("make", [diamond, lambda: TwoHeads(4), shared, cut, sequential])
def test_copies_of_models_can_be_taken_apart(make, copied):
    model = make()
    if not model.built:
        model(X[:, 0])
    again = copied(model)
    assert again.to_json() == model.to_json()
    again.summary(print_fn=lambda _: None)
    if again.inputs:
        part = Model(again.inputs, again.layers[-1].output)
        assert part.count_params() <= model.count_params()
    if isinstance(again, Sequential):
        again.pop()
        again.add(layers.Dense(5, name="other"))
        assert again.output_shape == (None, 5)
        assert model.output_shape == (None, 1)


def test_a_layer_used_in_two_models_stays_shared(copied):
    layer = layers.Dense(3)
    models = [Sequential([Input((3,)), layer]), Sequential([Input((3,)), layer, layers.Dense(1)])]
    one, two = copied(models)
    assert one.layers[0] is two.layers[0]
    assert one.weights[0] is two.weights[0]
    assert one.layers[0] is not layer


def test_deep_models_are_copied_without_deep_recursion(copied):
    deep = Sequential([Input((2,)), *(layers.Dense(2) for _ in range(300))])
    value = entrance = Input((2,))
    for _ in range(300):
        value = layers.Dense(2)(value)
    for model in (deep, Model(entrance, value)):
        again = copied(model)
        same_numbers(again(X[:, 0, :2]), model(X[:, 0, :2]))


def test_stateful_models_carry_their_states_along(copied):
    model = Sequential([Input((5, 3), batch_size=8), layers.GRU(2, stateful=True), layers.Dense(1)])
    model.predict(X, batch_size=8, verbose=0)
    again = copied(model)
    same_numbers(again.predict(X, batch_size=8, verbose=0), model.predict(X, batch_size=8, verbose=0))


def test_what_is_frozen_stays_frozen(copied):
    model = sequential()
    model.layers[0].trainable = False
    model.weights[-1].trainable = False
    again = copied(model)
    assert [v.trainable for v in again.weights] == [v.trainable for v in model.weights]
    again.trainable = True
    assert len(again.trainable_weights) == len(model.weights) - 1


def test_shallow_copies_share_their_weights():
    model = sequential()
    again = copy.copy(model)
    assert again is not model
    assert again.weights[0] is model.weights[0]
    same_numbers(again.predict(X, verbose=0), model.predict(X, verbose=0))


# ---- everything else that is public


def seen_a_model(callback):
    model = sequential()
    model.scheduled_sampling = 0.0  # of Seq2Seq, which ScheduledSampling changes
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0, epochs=2, validation_data=(X, Y), callbacks=[callback])
    return callback


EXAMPLES = {
    "Constant": [0.5],
    "CosineDecay": [0.1, 10],
    "CosineDecayRestarts": [0.1, 10],
    "ExponentialDecay": [0.1, 10, 0.5],
    "InverseTimeDecay": [0.1, 10, 0.5],
    "PiecewiseConstantDecay": [[1, 2], [0.1, 0.2, 0.3]],
    "PolynomialDecay": [0.1, 10],
    "ScheduledSampling": ["linear", None, 0.01],
    "FunctionLoss": [losses.mean_squared_error],
    "MeanMetricWrapper": [losses.mean_squared_error],
    "LearningRateScheduler": [len],
    "ModelCheckpoint": ["unused.safetensors"],
    "CSVLogger": ["/dev/null"],
    "BackupAndRestore": ["unused"],
    **{name: list(arguments.values()) for name, arguments in REQUIRED.items()},
}
ABSTRACT = {"Initializer", "Regularizer", "Constraint", "Loss", "Metric", "Optimizer", "LearningRateSchedule"}
MODULES = ["initializers", "regularizers", "constraints", "losses", "metrics", "optimizers", "optimizers.schedules"]


def public_classes(name):
    module = importlib.import_module(f"recurra.{name}")
    return [
        value
        for key, value in vars(module).items()
        if inspect.isclass(value)
        and not key.startswith("_")
        and key == value.__name__
        and value.__module__.startswith(f"recurra.{name.partition('.')[0]}")
        and key not in ABSTRACT
    ]


@pytest.mark.parametrize("kind", [kind for name in MODULES for kind in public_classes(name)])
def test_objects_with_a_configuration(kind, copied):
    item = kind(*EXAMPLES.get(kind.__name__, []))
    for again in (copied(item), copy.copy(item)):
        assert type(again) is kind
        assert str(again.get_config()) == str(item.get_config())


@pytest.mark.parametrize("kind", public_classes("metrics"))
def test_metrics_that_have_seen_figures(kind, copied):
    metric = kind(*EXAMPLES.get(kind.__name__, []))
    one_hot = np.eye(4, dtype="float32")
    arguments = (one_hot[0],) if kind.__name__ in ("Mean", "Sum") else (one_hot, one_hot * 0.8 + 0.05)
    if kind.__name__.startswith("Sparse") or kind.__name__ in ("BitsPerCharacter", "Perplexity"):
        arguments = (np.arange(4), arguments[1])
    if kind.__name__ == "SequenceAccuracy":
        arguments = (np.array([[0, 1], [2, 2]]), one_hot[[[0, 1], [2, 3]]])
    metric.update_state(*arguments)
    again = copied(metric)
    same_numbers(again.result(), metric.result())
    again.update_state(*arguments)
    metric.update_state(*arguments)
    same_numbers(again.result(), metric.result())


@pytest.mark.parametrize("kind", public_classes("optimizers"))
def test_optimizers_that_have_taken_steps(kind, copied):
    variables = [Variable(np.ones(3, "f"), name="a"), Variable(np.ones((2, 2), "f"), name="b")]
    optimizer = kind(0.1)
    gradients = [np.full(3, 0.5, "f"), np.full((2, 2), -0.5, "f")]
    optimizer.apply(gradients, variables)
    own, again = copied([variables, optimizer])
    for _ in range(2):
        optimizer.apply(gradients, variables)
        again.apply(gradients, own)
    for one, other in zip(variables, own, strict=True):
        np.testing.assert_array_equal(one, other)
    same_numbers(again.variables, optimizer.variables)


@pytest.mark.parametrize("kind", [kind for kind in public_classes("callbacks") if kind.__name__ != "CallbackList"])
def test_callbacks_that_have_seen_a_model(kind, copied, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    arguments = [lambda epoch: 0.1] if kind is callbacks.LearningRateScheduler else EXAMPLES.get(kind.__name__, [])
    callback = seen_a_model(kind(*arguments))
    if kind is callbacks.LearningRateScheduler:
        callback.schedule = len  # an anonymous function has no name to be pickled by
    again = copied(callback)
    assert type(again) is kind
    same_weights(callback.model, again.model)
    if kind is callbacks.History:
        assert again.history == callback.history


def test_generators_of_random_numbers(copied):
    generator = recurra.random.SeedGenerator(3)
    generator.next()
    again = copied(generator)
    assert again.next() == generator.next()


def test_sources_of_data(copied):
    from recurra.datasets import WindowSource

    source = WindowSource(X.reshape(-1, 3), lookback=4, delay=1, batch_size=3)
    again = copied(source)
    for one, other, _ in zip(source, again, range(3), strict=False):
        same_numbers(one, other)


def test_streams_are_copied_and_pickling_them_is_refused():
    model = Sequential([Input((None, 3)), layers.GRU(2)])
    stream = model.streaming(8)
    stream.step(X[:, 0])
    again = copy.deepcopy({"stream": stream})["stream"]
    same_numbers(again.step(X[:, 1]), stream.step(X[:, 1]))
    with pytest.raises(TypeError, match=r"stream cannot be pickled: .* recurra\.streaming\.load_stream"):
        pickle.dumps(stream)


# ---- other programs that copy


def _predicted(model):
    return model.predict(X, verbose=0)


def test_a_fresh_process_unpickles_and_predicts():
    model = sequential()
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        same_numbers(pool.apply(_predicted, (model,)), _predicted(model))


def test_joblib_with_loky():
    joblib = pytest.importorskip("joblib")
    model = sequential()
    found = joblib.Parallel(n_jobs=1, backend="loky")(joblib.delayed(_predicted)(model) for _ in range(2))
    found += joblib.Parallel(n_jobs=2, backend="loky")(joblib.delayed(_predicted)(model) for _ in range(2))
    for one in found:
        same_numbers(one, _predicted(model))


def test_clone_of_scikit_learn():
    base = pytest.importorskip("sklearn.base")
    model = sequential()
    again = base.clone(model, safe=False)
    same_weights(model, again)
    same_numbers(again.predict(X, verbose=0), model.predict(X, verbose=0))


def test_a_pickle_names_no_simd_level():
    """It is read by processors of another level as well."""
    for item in (sequential(), layers.RMSNormalization(), Tensor(np.ones(1)), optimizers.Adam()):
        assert b"_engine" not in pickle.dumps(item)
