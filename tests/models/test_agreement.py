"""Targets, predictions, weights and classes of a batch meet in agreeing shapes, whatever N, T and the last axis are."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from recurra import Input, Model, Sequential, Tensor, agreement, layers, losses, metrics, ops, optimizers
from recurra.agreement import ANY, CLASS_NUMBERS, ELEMENTS, ONE_HOT

# (N, T): also as many samples as steps, single samples and single steps, where a wrong broadcast would go unseen.
SIZES = [(4, 4), (3, 5), (1, 4), (4, 1), (1, 1)]
ELEMENTWISE = [name for name, function in losses.FUNCTIONS.items() if function.target_kind == ELEMENTS]


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).uniform(0.1, 0.9, size=shape)


def written(values, *more):
    """The same numbers with and without a last axis of extent 1."""
    return [values, values[..., None], *more]


def pairs(n, t):
    """Targets and predictions that are the same numbers in every pair of ways to write them."""
    for shape in ((n,), (n, t)):
        y, p = numbers(*shape), numbers(*shape, seed=1)
        yield from itertools.product(written(y), written(p))


def own_function(y_true, y_pred):
    return ops.mean(ops.abs(y_true - y_pred), axis=-1)


class OwnLoss(losses.Loss):
    def call(self, y_true, y_pred):
        return own_function(y_true, y_pred)


class OwnMetric(metrics.Metric):
    _sums = ("total", "count")

    def update_state(self, y_true, y_pred, sample_weight=None):
        errors = np.abs(np.asarray(y_true) - np.asarray(y_pred.numpy()))
        assert errors.size == np.asarray(y_pred.numpy()).size
        self.total += errors.sum()
        self.count += errors.size

    def result(self):
        return self.total / self.count


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_losses_and_metrics_of_numbers_in_every_shape(name, size):
    for y, p in pairs(*size):
        flat = losses.FUNCTIONS[name](y.reshape(-1, 1), p.reshape(-1, 1)).numpy()
        for value in (losses.FunctionLoss(losses.FUNCTIONS[name]), metrics.MeanMetricWrapper(losses.FUNCTIONS[name])):
            got = value(y, Tensor(p))
            assert float(got.numpy() if isinstance(got, Tensor) else got) == pytest.approx(flat.mean(), rel=1e-9)


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize(
    "make",
    [losses.MeanAbsoluteError, OwnLoss, lambda: losses.FunctionLoss(own_function), lambda: metrics.get(own_function)],
    ids=["built-in", "class", "function", "metric"],
)
def test_weights_in_every_shape(make, size):
    n, t = size
    for y, p in pairs(n, t):
        if p.ndim == 1 and make is not losses.MeanAbsoluteError:
            continue  # a function of the user's gives one number for predictions (N,)
        errors = np.abs(y - p.reshape(y.shape)).reshape(n, -1)
        weighers = [numbers(n, seed=2)] + [numbers(n, t, seed=2)] * (p.shape[:2] == size)
        if p.shape == size and t > 1 and make is not losses.MeanAbsoluteError:
            weighers.pop()  # it gives one value for each row of (N, T)
        for weights in weighers:
            whole = np.broadcast_to(weights.reshape(n, -1), errors.shape)
            for weight in written(weights):
                value = make()(y, Tensor(p), weight)
                if isinstance(value, float):
                    assert value == pytest.approx((errors * whole).sum() / whole.sum(), rel=1e-9)
                else:
                    assert value.item() == pytest.approx((errors * whole).mean(), rel=1e-9)


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("classes", [2, 4])
def test_class_numbers_in_every_shape(size, classes):
    for shape in ((size[0],), size):
        p = numbers(*shape, classes)
        p /= p.sum(-1, keepdims=True)
        labels = np.random.default_rng(1).integers(0, classes, size=shape)
        expected = -np.log(np.take_along_axis(p, labels[..., None], -1)).mean()
        right = (p.argmax(-1) == labels).mean()
        for y in written(labels):
            assert losses.SparseCategoricalCrossentropy()(y, p).item() == pytest.approx(expected)
            assert metrics.SparseCategoricalAccuracy()(y, p) == pytest.approx(right)
        one_hot = np.eye(classes)[labels]
        assert losses.CategoricalCrossentropy()(one_hot, p).item() == pytest.approx(expected)
        assert metrics.CategoricalAccuracy()(one_hot, p) == pytest.approx(right)


@pytest.mark.parametrize(
    ("loss", "target", "prediction", "mend"),
    [
        ("mse", (4,), (4, 3), "the last layer needs 1 unit"),
        ("mse", (4, 3), (4, 1), "the last layer needs 3 units"),
        ("mse", (4,), (4, 4, 1), "return_sequences=False"),
        ("mse", (4, 1), (4, 4, 1), "return_sequences=False"),
        ("mse", (4, 4, 1), (4, 1), "return_sequences=True"),
        ("categorical_crossentropy", (4,), (4, 3), "sparse_categorical_crossentropy"),
        ("categorical_crossentropy", (4, 5), (4, 5, 3), r"utils.to_categorical\(y, 3\)"),
        ("categorical_crossentropy", (4, 2), (4, 3), "give the last layer 2 units"),
        ("sparse_categorical_crossentropy", (4, 3), (4, 3), "one-hot: use categorical_crossentropy"),
        ("sparse_categorical_crossentropy", (4, 5, 3), (4, 5, 3), "one-hot: use categorical_crossentropy"),
        ("sparse_categorical_crossentropy", (4,), (4, 4, 3), "return_sequences=False"),
    ],
)
def test_other_shapes_are_refused_with_the_mend(loss, target, prediction, mend):
    own = losses.get(loss)
    with pytest.raises(ValueError, match=mend):
        own(np.zeros(target), np.zeros(prediction))
    metric = "categorical_accuracy" if loss.startswith("categorical") else "sparse_categorical_accuracy"
    with pytest.raises(ValueError, match=mend):
        metrics.get("rmse" if loss == "mse" else metric)(np.zeros(target), np.zeros(prediction))


def test_shapes_that_cannot_be_meant_are_refused_for_own_functions():
    with pytest.raises(ValueError, match=r"own_function: .*return_sequences=False"):
        losses.FunctionLoss(own_function)(np.arange(4.0), np.zeros((4, 4, 1)))
    assert agreement.agreed_shapes((4,), (4, 4), ANY, "own") == ((4,), (4, 4))  # class numbers of an own loss
    assert agreement.agreed_shapes((4, 3), (4, 1), ANY, "own") == ((4, 3), (4, 1))


def test_targets_that_an_own_loss_does_not_look_at():
    model = Sequential([Input((3, 1)), layers.Dense(1)])
    model.compile("sgd", lambda y_true, y_pred: ops.mean(ops.square(y_pred), axis=-1))
    model.fit(np.ones((4, 3, 1)), np.zeros(4), verbose=0)
    with pytest.raises(ValueError, match="return_sequences=False"):
        model.fit(np.ones((4, 3, 1)), np.arange(4.0), verbose=0)


@pytest.mark.parametrize("kind", [ELEMENTS, ONE_HOT, CLASS_NUMBERS])
def test_agreement_is_the_same_for_open_extents(kind):
    for target, prediction in itertools.product([(4,), (4, 1), (4, 3), (4, 3, 1)], repeat=2):
        opened = [(None, *shape[1:]) for shape in (target, prediction)]
        outcomes = []
        for shapes in ((target, prediction), opened):
            try:
                agreed = agreement.agreed_shapes(*shapes, kind, "loss")
                outcomes.append([shape[1:] for shape in agreed])
            except ValueError as error:
                outcomes.append(str(error).replace("any", "4"))
        assert outcomes[0] == outcomes[1]


def test_weights_of_other_values_are_refused():
    with pytest.raises(ValueError, match=r"sample_weight has shape \(4, 4\), the values have shape \(4,\)"):
        losses.CategoricalCrossentropy()(np.eye(4), np.eye(4), np.ones((4, 4)))
    with pytest.raises(ValueError, match=r"give one weight for each sample \(N,\)"):
        losses.MeanSquaredError()(np.ones((4, 2, 1)), np.ones((4, 2, 1)), np.ones(2))
    one_number = losses.FunctionLoss(lambda y, p: ops.mean(y - p))
    with pytest.raises(ValueError, match="return one value for each sample"):
        one_number(np.ones((4, 1)), np.ones((4, 1)), np.ones(4))
    assert one_number(np.ones((4, 1)), np.zeros((4, 1))).item() == 1.0


def identity(*shape, **options):
    model = Sequential([Input(shape), layers.Dense(1, **options)])
    model.set_weights([np.ones((1, 1)), np.zeros(1)])
    return model


@pytest.mark.parametrize(
    "loss", ["mae", own_function, OwnLoss(), losses.MeanAbsoluteError()], ids=["name", "function", "class", "object"]
)
@pytest.mark.parametrize("shape", [(3,), (3, 1), (3, 3), (3, 3, 1)], ids=str)
def test_a_model_with_every_loss_and_metric(loss, shape):
    # 3 samples of 3 steps: a broadcast would go unseen.
    x = np.arange(float(np.prod(shape[:2]) if len(shape) > 1 and shape[1] == 3 else 3)) ** 2
    x = x.reshape(3, 3, 1) if x.size == 9 else x.reshape(3, 1)
    model = identity(*x.shape[1:])
    model.compile("sgd", loss, metrics=["mae", own_function, OwnMetric()], weighted_metrics=["mse"])
    figures = model.evaluate(x, x.reshape(shape) + 1, sample_weight=np.array([1.0, 1.0, 1.0]), verbose=0)
    assert figures == pytest.approx([1.0] * 5, rel=1e-5)


def test_own_loss_of_flat_targets_has_the_right_gradient():
    x = np.array([[0.0], [1.0], [5.0]])
    model = identity(1)
    model.compile("sgd", loss=lambda y, p: ops.mean((y - p) ** 2, axis=-1))
    assert model.evaluate(x, x[:, 0], verbose=0) == 0.0
    before = model.get_weights()
    model.train_on_batch(x, x[:, 0])
    np.testing.assert_array_equal(model.get_weights()[0], before[0])


def test_every_output_agrees_on_its_own():
    x = Input((3, 1))
    model = Model(x, [layers.Dense(1, name="a")(x), layers.Flatten(name="b")(x)])
    model.set_weights([np.ones((1, 1)), np.zeros(1)])
    model.compile("sgd", loss={"a": own_function, "b": "mse"}, metrics={"a": ["rmse", OwnMetric()], "b": ["mae"]})
    data = np.arange(9.0).reshape(3, 3, 1) ** 2
    figures = model.evaluate(data, {"a": data[..., 0] + 1, "b": data[..., 0]}, verbose=0, return_dict=True)
    assert figures == pytest.approx(
        {"loss": 1, "a_loss": 1, "b_loss": 0, "a_rmse": 1, "a_ownmetric": 1, "b_mae": 0}, abs=1e-6
    )


# ---- class weights

WEIGHTS = {0: 1.0, 1: 9.0}


def of_classes(units, shape, activation):
    model = Sequential([Input(shape), layers.Dense(units, activation=activation)])
    model.set_weights([np.zeros((1, units)), np.zeros(units)])
    return model


@pytest.mark.parametrize("size", [(3, 2), (2, 2), (3, 1)], ids=str)
@pytest.mark.parametrize("form", ["numbers", "column", "one-hot"])
@pytest.mark.parametrize("steps", [False, True])
def test_class_weights_in_every_shape(size, form, steps):
    n, t = size
    labels = np.random.default_rng(0).integers(0, 2, size=size if steps else n)
    y = {"numbers": labels, "column": labels[..., None], "one-hot": np.eye(2)[labels]}[form]
    model = of_classes(2, (t, 1) if steps else (1,), "softmax")
    loss = "categorical_crossentropy" if form == "one-hot" else "sparse_categorical_crossentropy"
    model.compile(optimizers.SGD(0.0), loss, weighted_metrics=[loss])
    x = np.ones((n, t, 1) if steps else (n, 1))
    expected = np.array([1.0, 9.0])[labels]
    got = model.train_on_batch(x, y, class_weight=WEIGHTS)
    assert got == pytest.approx([np.log(2) * expected.mean(), np.log(2)], rel=1e-5)
    history = model.fit(x, y, class_weight=WEIGHTS, batch_size=2, verbose=0)
    assert history.history["loss"][0] == pytest.approx(np.log(2) * expected.mean(), rel=1e-5)
    # Beside the weights of samples, which have no axis of time.
    own = np.arange(1.0, n + 1)
    whole = expected * own.reshape((n,) + (1,) * (expected.ndim - 1))
    got = model.train_on_batch(x, y, sample_weight=own, class_weight=WEIGHTS)
    assert got[0] == pytest.approx(np.log(2) * whole.mean(), rel=1e-5)


@pytest.mark.parametrize("shape", [(3,), (3, 1), (3, 3), (3, 3, 1)], ids=str)
def test_class_weights_of_one_unit(shape):
    labels = np.array([1, 0, 1] if len(shape) == 1 or shape[1] == 1 else [[1, 0, 0]] * 3).reshape(shape)
    steps = len(shape) > 1 and shape[1] == 3
    model = of_classes(1, (3, 1) if steps else (1,), "sigmoid")
    model.compile(optimizers.SGD(0.0), "binary_crossentropy")
    got = model.train_on_batch(np.ones((3, 3, 1) if steps else (3, 1)), labels, class_weight=WEIGHTS)
    assert got == pytest.approx(np.log(2) * np.where(labels == 1, 9.0, 1.0).mean(), rel=1e-5)


class Subclassed(Model):
    def __init__(self):
        super().__init__()
        self.last = layers.Dense(2, activation="softmax", kernel_initializer="zeros")

    def call(self, x):
        return self.last(x)


def test_class_weights_of_a_model_that_learns_its_shape_from_the_data():
    model = Subclassed()
    model.compile(optimizers.SGD(0.0), "sparse_categorical_crossentropy")
    got = model.train_on_batch(np.ones((2, 2, 1)), np.array([[1, 0]] * 2), class_weight=WEIGHTS)
    assert got == pytest.approx(5 * np.log(2), rel=1e-5)


@pytest.mark.parametrize(
    ("class_weight", "y", "error", "message"),
    [
        ({"0": 1.0}, [0, 1], TypeError, r"keys must be class numbers, got '0'; make them numbers by \{int\(key\)"),
        ({0.5: 1.0}, [0, 1], TypeError, "keys must be class numbers, got 0.5"),
        ({0: 1.0, 2: 3.0}, [0, 1], ValueError, "a weight for class 2; the classes are numbered from 0 to 1"),
        ({0: "1"}, [0, 1], ValueError, "weights must be numbers of at least 0, got '1' for class 0"),
        ({0: -1.0}, [0, 1], ValueError, "weights must be numbers of at least 0, got -1.0"),
        ({0: 1.0}, [[1, 1], [0, 1]], ValueError, "a row of y has several classes"),
        ([1.0, 2.0], [0, 1], TypeError, "expected a dictionary"),
    ],
)
def test_bad_class_weights_change_nothing(class_weight, y, error, message):
    model = of_classes(2, (1,), "softmax")
    loss = "binary_crossentropy" if np.ndim(y) == 2 else "sparse_categorical_crossentropy"
    model.compile("sgd", loss)
    with pytest.raises(error, match=message):
        model.fit(np.ones((2, 1)), np.array(y), class_weight=class_weight, verbose=0)
    assert not model.get_weights()[0].any()
    assert model.optimizer.iterations == 0


def test_class_weights_of_a_regression_are_refused():
    model = identity(1)
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match=r"class_weight: y holds 1\.5, which is no class number"):
        model.fit(np.ones((2, 1)), np.array([0.0, 1.5]), class_weight={0: 1.0}, verbose=0)


def test_numpy_numbers_are_class_weights():
    model = of_classes(2, (1,), "softmax")
    model.compile(optimizers.SGD(0.0), "sparse_categorical_crossentropy")
    got = model.train_on_batch(np.ones((2, 1)), np.array([0, 1]), class_weight={np.int64(1): np.float32(9.0)})
    assert got == pytest.approx(5 * np.log(2), rel=1e-5)


def test_a_metric_that_refuses_the_targets_does_so_before_the_update():
    model = identity(1)
    model.compile(optimizers.SGD(0.1), "mse", metrics=[metrics.SparseCategoricalAccuracy()])
    with pytest.raises(ValueError, match="sparse_categorical_accuracy: the targets have shape"):
        model.fit(np.ones((4, 1)), np.zeros((4, 1, 1)), verbose=0)
    np.testing.assert_array_equal(model.get_weights()[0], [[1.0]])


def test_errors_name_the_output():
    x = Input((1,))
    model = Model(x, {"p": layers.Dense(1)(x), "q": layers.Dense(3, activation="softmax")(x)})
    model.compile("sgd", {"p": "mse", "q": "sparse_categorical_crossentropy"})
    with pytest.raises(ValueError, match=r"output 'q': sparse_categorical_crossentropy: .* look one-hot"):
        model.train_on_batch(np.ones((4, 1)), {"p": np.ones(4), "q": np.eye(3)[[0, 1, 2, 0]]})
