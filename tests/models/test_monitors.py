"""Callbacks that watch a figure ask its metric which direction is better; names of figures are unique."""

from __future__ import annotations

import csv
import functools
import warnings

import numpy as np
import pytest

from recurra import Input, Model, Sequential, callbacks, layers, losses, metrics, ops, optimizers
from recurra.callbacks.improvement import Monitor
from tests.support.pretended_figures import Figures

X = np.linspace(0, 1, 8).reshape(8, 1)
Y = (X > 0.4).astype(float)


def model_with(*named, loss="binary_crossentropy", weighted=None):
    model = Sequential([Input((1,)), layers.Dense(1, activation="sigmoid", kernel_initializer="zeros")])
    model.compile(optimizers.SGD(0.1), loss, metrics=list(named), weighted_metrics=weighted)
    return model


def own(y_true, y_pred):
    return ops.mean(ops.abs(y_true - y_pred), axis=-1)


def risen(y_true, y_pred):
    return own(y_true, y_pred)


risen.direction = "max"


class OwnMetric(metrics.Metric):
    direction = "max"

    def update_state(self, y_true, y_pred, sample_weight=None):
        pass

    def result(self):
        return {"first": 1.0, "second": 2.0}


MAX = [
    *(f"val_{name}" for name in ("auc", "auc_1", "AUC", "f1", "r2", "binary_accuracy_1", "acc", "weighted_recall")),
    *("score_precision", "true_negatives_2", "top_k_categorical_accuracy", "cosine_similarity"),
]
MIN = [
    *(f"val_{name}" for name in ("loss", "a_loss", "rmse", "mae_1", "perplexity", "false_positives")),
    *("score_mean_squared_error", "huber", "kld", "logcosh"),
]


@pytest.mark.parametrize("name", MAX)
def test_names_of_the_package_that_rise(name):
    assert Monitor(name, "auto", 0, "").rising


@pytest.mark.parametrize("name", MIN)
def test_names_of_the_package_that_fall(name):
    assert Monitor(name, "auto", 0, "")._direction == "min"


def test_every_metric_of_the_package_has_a_direction():
    without = {name for name, cls in metrics.CLASSES.items() if cls.direction is None}
    assert without == {"Mean", "Sum", "MeanMetricWrapper"}
    assert {function.direction for function in losses.FUNCTIONS.values()} == {"min"}


@pytest.mark.parametrize(
    ("metric", "name"),
    [
        (metrics.Recall(name="recall_at_half"), "recall_at_half"),
        (metrics.AUC(name="score"), "score"),
        (risen, "risen"),
        (OwnMetric(), "second"),
    ],
)
@pytest.mark.parametrize("built", [False, True])
def test_the_metric_of_a_figure_is_asked(metric, name, built):
    if name == "second" and not built:
        return  # the names of its figures are known after the first batch
    model = model_with(metric)
    if built:
        model.evaluate(X, Y, verbose=0)
    rising = [0.5, 0.6, 0.7, 0.8, 0.8, 0.8]
    stop = callbacks.EarlyStopping(f"val_{name}", patience=1, restore_best_weights=True)
    history = model.fit(X, Y, epochs=6, verbose=0, callbacks=[Figures(**{f"val_{name}": rising}), stop])
    assert len(history.epoch) == 5
    assert (stop.best_epoch, stop.best) == (3, 0.8)


def test_suffixed_figures_of_one_metric():
    model = model_with("AUC", metrics.AUC(name="AUC"))
    stop = callbacks.EarlyStopping("AUC_1", patience=1)
    model.fit(X, Y, epochs=5, verbose=0, callbacks=[Figures(AUC_1=[0.5, 0.6, 0.7, 0.8, 0.7]), stop])
    assert stop.best == 0.8


def test_checkpoint_and_plateau_ask_as_well(tmp_path):
    model = model_with("auc")
    keep = callbacks.ModelCheckpoint(
        tmp_path / "{epoch}.safetensors", "auc", save_best_only=True, save_weights_only=True
    )
    reduce = callbacks.ReduceLROnPlateau("auc", patience=1)
    history = model.fit(X, Y, epochs=4, verbose=0, callbacks=[Figures(auc=[0.5, 0.6, 0.4, 0.8]), keep, reduce])
    assert sorted(file.stem for file in tmp_path.iterdir()) == ["1", "2", "4"]
    assert history.history["learning_rate"] == pytest.approx([0.1, 0.1, 0.1, 0.01])


@pytest.mark.parametrize(
    "make",
    [callbacks.EarlyStopping, callbacks.ReduceLROnPlateau, lambda name: checkpoint(name)],
    ids=["EarlyStopping", "ReduceLROnPlateau", "ModelCheckpoint"],
)
@pytest.mark.parametrize("figure", ["own", "no_metric_at_all"])
def test_an_unknown_direction_is_asked_for_before_anything_is_trained(make, figure):
    model = model_with(own)
    before = model.get_weights()
    with pytest.raises(ValueError, match=rf"'{figure}' is better is not known; give mode='max' or mode='min'"):
        model.fit(X, Y, verbose=0, callbacks=[make(figure)])
    np.testing.assert_array_equal(model.get_weights()[0], before[0])
    model.fit(X, Y, verbose=0, callbacks=[callbacks.EarlyStopping("own", mode="min")])


def checkpoint(name):
    return callbacks.ModelCheckpoint("never-written.safetensors", name, save_best_only=True)


def test_figures_of_an_own_training_step_are_asked_of_the_models_metrics():
    class Own(Sequential):
        score = metrics.AUC(name="score")

        @property
        def metrics(self):
            return [self.score]

        def train_step(self, data):
            return {"score": 0.1, "recon_loss": 2.0}

    for figure, direction in (("score", "max"), ("recon_loss", "min")):
        model = Own([Input((1,)), layers.Dense(1)])
        model.compile("sgd", "mse")
        stop = callbacks.EarlyStopping(figure, patience=3)
        model.fit(X, Y, verbose=0, callbacks=[stop])
        assert stop._monitor._direction == direction


def test_missing_validation_says_the_mend():
    with pytest.warns(UserWarning, match=r"there is no 'val_loss' .* give fit validation_data=\(x, y\)"):
        model_with().fit(X, Y, verbose=0, callbacks=[callbacks.EarlyStopping()])


def test_epochs_that_are_not_validated_are_no_reason_to_warn():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        stop = callbacks.EarlyStopping(patience=1)
        model_with().fit(X, Y, epochs=4, validation_data=(X, Y), validation_freq=2, verbose=0, callbacks=[stop])
    assert stop.best is not None


def test_a_second_training_starts_anew():
    stop = callbacks.EarlyStopping("loss", patience=1, restore_best_weights=True)
    model = model_with()
    for figures in ([1.0, 2.0, 3.0], [5.0, 4.0, 3.0]):
        history = model.fit(X, Y, epochs=3, verbose=0, callbacks=[Figures(loss=figures), stop])
    assert len(history.epoch) == 3
    assert stop.best == 3.0


def test_nan_is_no_improvement():
    stop = callbacks.EarlyStopping("loss", patience=2)
    nan = float("nan")
    history = model_with().fit(X, Y, epochs=5, verbose=0, callbacks=[Figures(loss=[nan, nan, nan, 1.0, 1.0]), stop])
    assert len(history.epoch) == 2
    assert stop.best is None


# ---- names of figures


def test_outputs_of_a_shared_layer_have_names_of_their_own():
    a, b, score = Input((1,)), Input((1,)), layers.Dense(1, name="score")
    model = Model([a, b], [score(a), score(b)])
    model.set_weights([np.ones((1, 1)), np.zeros(1)])
    model.compile("sgd", loss=["mse", "mae"], metrics=[["mae"], ["mae"]])
    x, y = [np.full((2, 1), 3.0)] * 2, [np.zeros((2, 1))] * 2
    figures = model.evaluate(x, y, verbose=0)
    assert figures == pytest.approx([12.0, 9.0, 3.0, 3.0, 3.0])
    assert model.metrics_names == ["loss", "score_loss", "score_1_loss", "score_mae", "score_1_mae"]
    history = model.fit(x, y, verbose=0).history
    assert list(history) == model.metrics_names
    by_name = model.evaluate(x, {"score": y[0], "score_1": y[1]}, verbose=0, return_dict=True)
    assert list(by_name) == model.metrics_names


def test_a_metric_named_loss_replaces_nothing():
    model = model_with(metrics.MeanAbsoluteError(name="loss"), loss="mse")
    figures = model.evaluate(X, Y, verbose=0)
    assert len(figures) == 2
    assert model.metrics_names == ["loss", "loss_1"]
    assert figures == pytest.approx([0.25, 0.5], rel=1e-5)
    x = Input((1,))
    several = Model(x, [layers.Dense(1, name="a")(x), layers.Dense(1, name="b")(x)])
    several.compile("sgd", "mse", metrics={"a": [metrics.MeanAbsoluteError(name="loss")]})
    several.evaluate(X, [Y, Y], verbose=0)
    assert several.metrics_names == ["loss", "a_loss", "b_loss", "a_loss_1"]


class Pair(OwnMetric):
    def result(self):
        return {"first": 1.0, "mae": 2.0}


def test_metrics_with_several_figures_keep_evaluate_beside_its_names():
    model = model_with(Pair(), "mae", loss="mse")
    figures = model.evaluate(X, Y, verbose=0)
    assert model.metrics_names == ["loss", "first", "mae_1", "mae"]
    assert figures == pytest.approx([0.25, 1.0, 2.0, 0.5], rel=1e-5)
    assert list(model.fit(X, Y, verbose=0).history) == model.metrics_names


def test_one_metric_object_is_for_one_place():
    metric = metrics.MeanAbsoluteError()
    model = model_with(metric, weighted=[metric])
    with pytest.raises(ValueError, match="'mean_absolute_error' is given twice; make one for each place"):
        model.fit(X, Y, verbose=0)


# ---- rates


def test_an_error_in_a_schedule_is_the_users_own():
    def rate(epoch, lr=None):
        return lr * "2" if lr is not None else 0.5

    with pytest.raises(TypeError, match="can't multiply sequence"):
        model_with().fit(X, Y, verbose=0, callbacks=[callbacks.LearningRateScheduler(rate)])


@pytest.mark.parametrize(
    ("schedule", "rate"),
    [
        (lambda epoch: 0.25, 0.25),
        (lambda epoch, rate: rate / 2, 0.05),
        (lambda *arguments: arguments[1] / 2, 0.05),
        (functools.partial(lambda factor, epoch, rate: factor * rate, 3.0), 0.3),
        (lambda epoch, *, factor=4.0: factor, 4.0),
        (lambda epoch: np.float32(0.25), 0.25),
        (optimizers.schedules.PiecewiseConstantDecay([1], [0.5, 0.1]), 0.5),
    ],
)
def test_schedules_take_what_their_signature_says(schedule, rate):
    model = model_with()
    model.fit(X, Y, verbose=0, callbacks=[callbacks.LearningRateScheduler(schedule)])
    assert model.optimizer.learning_rate == pytest.approx(rate)


@pytest.mark.parametrize(
    "make", [lambda: callbacks.LearningRateScheduler(lambda epoch: 0.1), lambda: callbacks.ReduceLROnPlateau("loss")]
)
def test_a_rate_that_follows_a_schedule_is_refused_before_anything_is_trained(make):
    model = model_with()
    model.compile(optimizers.SGD(optimizers.schedules.ExponentialDecay(0.1, 10, 0.5)), "mse")
    before = model.get_weights()
    with pytest.raises(TypeError, match=r"follows ExponentialDecay\(.*\) and cannot be set; compile the model with"):
        model.fit(X, Y, verbose=0, callbacks=[make()])
    np.testing.assert_array_equal(model.get_weights()[0], before[0])


def test_csv_logger_writes_nan(tmp_path):
    path = tmp_path / "log.csv"
    nan = Figures(loss=[1.0, float("nan"), float("inf")])
    model_with().fit(X, Y, epochs=3, verbose=0, callbacks=[nan, callbacks.CSVLogger(path)])
    with path.open(newline="") as file:
        assert [row["loss"] for row in csv.DictReader(file)] == ["1.0", "nan", "inf"]


def test_numpy_scalars_are_arguments(tmp_path):
    two, half = np.int64(2), np.float32(0.5)
    callbacks.EarlyStopping("loss", min_delta=half, patience=two, baseline=half, start_from_epoch=two)
    callbacks.ReduceLROnPlateau("loss", factor=half, patience=two, min_delta=half, cooldown=two, min_lr=half)
    callbacks.ModelCheckpoint(tmp_path / "a.safetensors", save_freq=two, initial_value_threshold=half)
    callbacks.BackupAndRestore(tmp_path, save_freq=two)
    callbacks.TerminateOnNaN(max_gradient_norm=half)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: callbacks.EarlyStopping(patiance=1),
            "EarlyStopping has no argument 'patiance'; did you mean 'patience",
        ),
        (lambda: callbacks.ModelCheckpoint("x", save_best=True), "did you mean 'save_best_only'"),
        (lambda: callbacks.LambdaCallback(on_epoch=print), "did you mean 'on_epoch_end'"),
    ],
)
def test_misspelled_arguments(make, message):
    with pytest.raises(TypeError, match=message):
        make()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: callbacks.EarlyStopping(patience="3"), "EarlyStopping: patience must be a number >= 0, got '3'"),
        (lambda: callbacks.EarlyStopping(mode="up"), "mode must be one of 'auto', 'min', 'max', got 'up'"),
        (lambda: callbacks.ReduceLROnPlateau(factor=2), "factor must be between 0 and 1"),
    ],
)
def test_bad_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_reprs():
    assert repr(callbacks.EarlyStopping("val_auc", patience=3)) == "EarlyStopping(monitor='val_auc', patience=3)"


@pytest.mark.parametrize("argument", ["loss", "metrics", "weighted_metrics", "loss_weights"])
def test_names_of_the_only_output_are_checked(argument):
    model = Sequential([Input((1,)), layers.Dense(1, name="last")])
    what = {"loss": "mse", "loss_weights": 1.0}.get(argument, ["mae"])
    model.compile("sgd", **{"loss": "mse", argument: {"wrong": what}})
    before = model.get_weights()
    with pytest.raises(ValueError, match=f"{argument}: there is no output 'wrong'; the output is 'last'"):
        model.fit(X, Y, verbose=0)
    np.testing.assert_array_equal(model.get_weights()[0], before[0])
    model.compile("sgd", **{"loss": "mse", argument: {"last": what}})
    model.fit(X, Y, verbose=0)


def test_a_class_is_no_callback():
    with pytest.raises(TypeError, match=r"EarlyStopping is a class; give an object, EarlyStopping\(\.\.\.\)"):
        model_with().fit(X, Y, verbose=0, callbacks=[callbacks.EarlyStopping])


def test_a_figure_of_several_numbers_is_not_watched():
    model = model_with(metrics.Precision(thresholds=[0.2, 0.8]))
    with pytest.raises(ValueError, match="'precision' has 2 values, one number is needed"):
        model.fit(X, Y, verbose=0, callbacks=[callbacks.EarlyStopping("precision")])


def test_crossentropy_as_a_metric_follows_the_shapes():
    model = model_with("crossentropy")
    loss, same = model.evaluate(X, Y, verbose=0)
    assert same == pytest.approx(loss, rel=1e-6)
    model.fit(X, Y, epochs=2, verbose=0, callbacks=[callbacks.EarlyStopping("crossentropy")])


def test_figures_of_an_own_training_step_may_be_arrays():
    class Own(Sequential):
        def train_step(self, data):
            return {"loss": np.float32(2.0), "per_class": np.array([1.0, 2.0])}

    model = Own([Input((1,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    history = model.fit(X, Y, epochs=2, verbose=0).history
    assert history["loss"] == [2.0, 2.0]
    np.testing.assert_array_equal(history["per_class"], [[1.0, 2.0]] * 2)


@pytest.mark.parametrize("metric", ["mean", metrics.Sum()])
def test_a_mean_of_values_is_no_metric_of_a_model(metric):
    with pytest.raises(ValueError, match="collects single values, not targets and predictions"):
        model_with(metric)


def test_a_misspelled_figure_is_answered_with_the_close_one():
    model = model_with("accuracy")
    model.evaluate(X, Y, verbose=0)
    with pytest.raises(ValueError, match=r"'val_acuracy' is better is not known; .* \(did you mean 'accuracy'\?\)"):
        model.fit(X, Y, verbose=0, callbacks=[callbacks.EarlyStopping("val_acuracy")])
