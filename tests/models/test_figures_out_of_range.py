"""Figures of numbers outside of the usual range: logits, NaN, huge, constant and empty data are right or refused."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest

from recurra import Input, Sequential, layers, losses, metrics
from tests.support.figure_cases import REQUIRED

rng = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def _no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def area(y, p):
    """The chance that a positive is ranked above a negative; equal ones count half."""
    positive, negative = p[y == 1][:, None], p[y == 0][None]
    return float((positive > negative).mean() + (positive == negative).mean() / 2)


@pytest.mark.parametrize("scale", [1.0, 30.0, 1e5])
@pytest.mark.parametrize("shift", [-20.0, 0.0, 20.0])
def test_auc_orders_predictions_of_any_range(scale, shift):
    y = rng.integers(0, 2, size=400)
    logits = scale * (rng.normal(size=400) + y) + shift * scale
    metric = metrics.AUC()
    for part in np.split(np.arange(400), 4):
        metric.update_state(y[part], logits[part])
    assert metric.result() == pytest.approx(area(y, logits), abs=2e-3)


def test_auc_of_a_perfect_order():
    assert metrics.AUC()([0, 0, 1, 1], np.array([-3.0, -1.0, 2.0, 4.0])) == pytest.approx(1.0)
    assert metrics.AUC(curve="PR")([0, 0, 1, 1], np.array([-3.0, -1.0, 2.0, 4.0])) == pytest.approx(1.0)
    assert metrics.AUC(from_logits=True)([0, 1], np.array([-1e4, 1e4])) == pytest.approx(1.0)
    assert metrics.AUC()([0, 1], np.array([-np.inf, np.inf])) == pytest.approx(1.0)


@pytest.mark.parametrize("curve", ["ROC", "PR"])
def test_auc_of_logits_by_hand(curve):
    scores = pytest.importorskip("sklearn.metrics")
    y, logits = rng.integers(0, 2, size=5000), np.round(rng.normal(size=5000) * 3, 3) * 1e4
    metric = metrics.AUC(curve=curve)
    for part in np.split(np.arange(5000), 50):
        metric.update_state(y[part], logits[part])
    expected = (scores.roc_auc_score if curve == "ROC" else scores.average_precision_score)(y, logits)
    assert metric.result() == pytest.approx(expected, abs=1e-3)
    again = metrics.AUC(curve=curve)
    again.set_state(metric.state())
    assert again.result() == metric.result()


def test_auc_of_more_values_than_are_told_apart():
    y = rng.integers(0, 2, size=40_000)
    logits = rng.normal(size=40_000) * 5 - 30 + y
    assert metrics.AUC()(y, logits) == pytest.approx(area(y, logits), abs=1e-4)


def test_auc_asked_for_by_name_beside_logits():
    model = Sequential([Input((1,)), layers.Dense(1)])
    model.set_weights([np.ones((1, 1)), np.zeros(1)])
    model.compile("sgd", losses.BinaryCrossentropy(from_logits=True), metrics=["auc"])
    x = np.array([[-3.0], [-1.0], [2.0], [4.0]])
    assert model.evaluate(x, np.array([0, 0, 1, 1]), verbose=0)[1] == pytest.approx(1.0)


def test_nan_is_above_no_threshold():
    p = np.array([0.9, 0.8, np.nan, np.nan])
    y = [1, 1, 0, 1]
    assert metrics.FalsePositives()(y, p) == 0.0
    assert metrics.TruePositives()(y, p) == 2.0
    assert metrics.FalseNegatives()(y, p) == 1.0
    assert metrics.Precision()(y, p) == 1.0
    assert metrics.Recall()(y, p) == pytest.approx(2 / 3)


def test_a_prediction_at_the_threshold_is_not_above_it():
    for dtype in ("float32", "float64"):
        p = np.array([0.2, 0.3, 0.7], dtype)
        assert metrics.TruePositives(thresholds=[0.2])([1, 1, 1], p) == 2.0
        assert metrics.BinaryAccuracy(threshold=0.2)([0, 1, 1], p) == 1.0


def test_decisions_about_logits_warn_once():
    metric = metrics.Precision()
    with pytest.warns(UserWarning, match="precision: predictions such as -3 lie outside"):
        metric.update_state([0, 1], [-3.0, 2.0])
    metric.update_state([0, 1], [-3.0, 2.0])
    metrics.Precision(thresholds=0.0).update_state([0, 1], [-3.0, 2.0])
    with pytest.warns(UserWarning, match="binary_accuracy: predictions such as -3"):
        metrics.BinaryAccuracy().update_state([0, 1], [-3.0, 2.0])


@pytest.mark.parametrize("shift", [0.0, 1e3, 1e8, -1e10])
@pytest.mark.parametrize("size", [1, 3, 50])
def test_r2_far_from_zero(shift, size):
    scores = pytest.importorskip("sklearn.metrics")
    y = shift + rng.normal(size=(50, 2)) * [1.0, 30.0]
    p = y + rng.normal(size=(50, 2))
    weight = rng.uniform(0.5, 2.0, size=50)
    for given in (None, weight):
        for ours, theirs in (
            ("uniform_average",) * 2,
            (None, "raw_values"),
            ("variance_weighted_average", "variance_weighted"),
        ):
            metric = metrics.R2Score(ours)
            for start in range(0, 50, size):
                part = slice(start, start + size)
                metric.update_state(y[part], p[part], None if given is None else given[part])
            expected = scores.r2_score(y, p, sample_weight=given, multioutput=theirs)
            np.testing.assert_allclose(metric.result(), expected, rtol=1e-6, atol=1e-5)


def test_r2_of_the_report():
    y = 1e8 + np.array([0.0, 1, 2, 3])
    assert metrics.R2Score()(y, y + np.array([0.5, -0.5, 0.5, -0.5])) == pytest.approx(0.8)


@pytest.mark.parametrize("aggregation", ["uniform_average", "variance_weighted_average"])
@pytest.mark.parametrize("constant", [0.3, 0.1, 1e8 + 0.1, 0.0])
def test_r2_of_constant_targets_is_zero(aggregation, constant):
    metric = metrics.R2Score(aggregation)
    for count in (7, 2, 1):
        metric.update_state(np.full(count, constant), np.full(count, constant + 0.1))
    assert metric.result() == 0.0


@pytest.mark.parametrize("aggregation", ["uniform_average", "variance_weighted_average"])
def test_r2_of_weights_that_are_all_zero_is_zero(aggregation):
    assert metrics.R2Score(aggregation)([1.0, 2.0], [1.0, 3.0], [0.0, 0.0]) == 0.0
    both = metrics.R2Score(aggregation)
    both.update_state([[1.0, 1.0], [2.0, 3.0]], [[1.0, 1.0], [2.0, 2.0]], [[1.0, 0.0], [1.0, 0.0]])
    assert np.isfinite(both.result())


def test_top_k_takes_k_of_equal_predictions():
    y, p = np.array([[0, 0, 1, 0]]), np.array([[0.25, 0.25, 0.25, 0.25]])
    assert metrics.Precision(top_k=2)(y, p) == 0.0
    assert metrics.Precision(top_k=3)(y, p) == pytest.approx(1 / 3)
    assert metrics.Recall(top_k=3)(y, p) == 1.0


def test_top_k_with_weights():
    # Keras keeps the k largest of each row and then weighs the decisions.
    y, p, weight = rng.integers(0, 2, size=(20, 4)), rng.uniform(size=(20, 4)), rng.uniform(size=20)
    chosen = np.argsort(np.argsort(-p, axis=1), axis=1) < 2
    tp, fp, fn = ((hits * weight[:, None]).sum() for hits in (chosen & (y == 1), chosen & (y == 0), ~chosen & (y == 1)))
    assert metrics.Precision(top_k=2)(y, p, weight) == pytest.approx(tp / (tp + fp))
    assert metrics.Recall(top_k=2)(y, p, weight) == pytest.approx(tp / (tp + fn))
    assert metrics.Precision(top_k=2)(y, p, weight[:, None]) == pytest.approx(tp / (tp + fp))
    one, hits = chosen[:, 1], chosen[:, 1] & (y[:, 1] == 1)
    expected = (hits * weight).sum() / (one * weight).sum()
    assert metrics.Precision(top_k=2, class_id=1)(y, p, weight) == pytest.approx(expected)


@pytest.mark.parametrize("argument", ["top_k", "class_id"])
def test_classes_that_the_predictions_do_not_have(argument):
    with pytest.raises(ValueError, match=rf"precision: {argument}=4 asks for more classes"):
        metrics.Precision(**{argument: 4})(np.zeros((2, 3)), np.zeros((2, 3)))


def test_figures_of_nothing():
    for name, cls in metrics.CLASSES.items():
        if name != "MeanMetricWrapper":
            assert not np.any(cls(**REQUIRED.get(name, {})).result())
    mean = metrics.Mean()
    mean.update_state(np.zeros((0, 3)))
    mean.update_state(np.zeros((2, 0)))
    mean.update_state(np.zeros((0, 3)), np.zeros(0))
    assert mean.result() == 0.0
    assert mean(np.array([np.nan, 3.0]), [0.0, 1.0]) == 3.0
    assert metrics.MeanSquaredError()(np.zeros((0, 1)), np.zeros((0, 1))) == 0.0


def test_losses_at_the_edge():
    zero, one = np.zeros((1, 2)), np.ones((1, 2))
    assert losses.CosineSimilarity()(zero, one).item() == 0.0
    assert metrics.CosineSimilarity()(one, zero) == 0.0
    assert losses.LogCosh()(zero, one * 1e30).item() == pytest.approx(1e30, rel=1e-6)
    assert losses.LogCosh()(zero, one * -1e30).item() == pytest.approx(1e30, rel=1e-6)
    assert losses.KLDivergence()(zero, one).item() == pytest.approx(-2 * 1e-7 * math.log(1e7), rel=1e-4)
    assert np.isfinite(losses.KLDivergence()(one, zero).item())
    assert losses.MeanAbsolutePercentageError()(zero, one).item() == pytest.approx(1e9, rel=1e-5)
    assert losses.MeanSquaredLogarithmicError()(-one, -one).item() == 0.0
    assert np.isfinite(losses.Poisson()(one, zero).item())
    assert losses.Hinge()([[0.0], [1.0]], [[-1.0], [1.0]]).item() == 0.0
    assert losses.Hinge()([[-1.0], [1.0]], [[-1.0], [1.0]]).item() == 0.0


def test_perplexity_does_not_overflow():
    metric = metrics.Perplexity(from_logits=True)
    assert metric([[1]], [[[2000.0, -2000.0]]]) == math.inf
    assert math.isnan(metrics.Perplexity()([[1]], [[[np.nan, np.nan]]]))


def test_class_numbers_are_whole():
    with pytest.raises(ValueError, match=r"targets must be class numbers, got 0\.5"):
        losses.SparseCategoricalCrossentropy()([0.5, 1.0], np.full((2, 2), 0.5))
    assert losses.SparseCategoricalCrossentropy()([0.0, 1.0], np.full((2, 2), 0.5)).item() == pytest.approx(np.log(2))


def test_f_scores_without_positives():
    y, p = np.array([[1, 0, 0], [1, 0, 0]]), np.array([[0.9, 0.0, 0.1], [0.2, 0.7, 0.1]])
    np.testing.assert_allclose(metrics.F1Score()(y, p), [2 / 3, 0.0, 0.0], atol=1e-6)
    assert metrics.F1Score("weighted")(np.zeros((2, 3)), p) == 0.0
