"""Metrics against plain NumPy, over several batches, with weights and masks."""

from __future__ import annotations

import numpy as np
import pytest

from recurra import Tensor, losses, metrics
from recurra.layers.masks import attach_mask
from tests.support.figure_cases import REQUIRED

rng = np.random.default_rng(0)
LABELS = rng.integers(0, 4, size=50)
SCORES = rng.normal(size=(50, 4))
BITS = rng.integers(0, 2, size=(50, 1))
CHANCES = rng.uniform(size=(50, 1))
WEIGHTS = rng.uniform(size=50)
REAL = rng.normal(size=(50, 3)), rng.normal(size=(50, 3))


def collect(metric, y, p, weight=None, size=17):
    """The result after batches of uneven sizes, which must not matter."""
    for start in range(0, len(y), size):
        part = slice(start, start + size)
        metric.update_state(y[part], p[part], None if weight is None else weight[part])
    return metric.result()


def softmax(z):
    e = np.exp(z - z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def top_k(k):
    return np.array([label in np.argsort(-row)[:k] for label, row in zip(LABELS, SCORES, strict=True)])


ONE_HOT = np.eye(4)[LABELS]

#: metric, targets, predictions, value of each sample
MEANS = {
    "binary accuracy": (metrics.BinaryAccuracy(), BITS, CHANCES, ((CHANCES > 0.5) == BITS)[:, 0]),
    "binary accuracy 0.3": (metrics.BinaryAccuracy(threshold=0.3), BITS, CHANCES, ((CHANCES > 0.3) == BITS)[:, 0]),
    "flat binary targets": (metrics.BinaryAccuracy(), BITS[:, 0], CHANCES, ((CHANCES > 0.5) == BITS)[:, 0]),
    "categorical accuracy": (metrics.CategoricalAccuracy(), ONE_HOT, SCORES, SCORES.argmax(1) == LABELS),
    "sparse accuracy": (metrics.SparseCategoricalAccuracy(), LABELS, SCORES, SCORES.argmax(1) == LABELS),
    "sparse accuracy column": (
        metrics.SparseCategoricalAccuracy(),
        LABELS[:, None],
        SCORES,
        SCORES.argmax(1) == LABELS,
    ),
    "top 2": (metrics.TopKCategoricalAccuracy(k=2), ONE_HOT, SCORES, top_k(2)),
    "sparse top 3": (metrics.SparseTopKCategoricalAccuracy(k=3), LABELS, SCORES, top_k(3)),
    "accuracy": (metrics.Accuracy(), LABELS, SCORES.argmax(1), SCORES.argmax(1) == LABELS),
    "mae": (metrics.MeanAbsoluteError(), *REAL, np.abs(REAL[0] - REAL[1]).mean(1)),
    "mse": (metrics.MeanSquaredError(), *REAL, ((REAL[0] - REAL[1]) ** 2).mean(1)),
    "cosine": (
        metrics.CosineSimilarity(),
        *REAL,
        (REAL[0] * REAL[1]).sum(1) / np.linalg.norm(REAL[0], axis=1) / np.linalg.norm(REAL[1], axis=1),
    ),
    "sparse crossentropy": (
        metrics.SparseCategoricalCrossentropy(from_logits=True),
        LABELS,
        SCORES,
        -np.log(softmax(SCORES)[np.arange(50), LABELS]),
    ),
}


@pytest.mark.parametrize("case", MEANS)
@pytest.mark.parametrize("weight", [None, WEIGHTS], ids=["plain", "weighted"])
def test_mean_over_samples(case, weight):
    metric, y, p, values = MEANS[case]
    metric.reset_state()
    expected = np.average(values, weights=weight)
    assert collect(metric, y, p, weight) == pytest.approx(expected, rel=1e-6)
    state = metric.state()
    metric.reset_state()
    assert metric.result() == 0.0
    metric.set_state(state)
    assert metric.result() == pytest.approx(expected, rel=1e-6)


def test_mean_and_sum():
    mean = metrics.Mean()
    mean.update_state([1.0, 3.0])
    mean.update_state(5.0)
    mean.update_state([7.0, 9.0], sample_weight=[0.5, 0.0])
    assert mean.result() == pytest.approx((1 + 3 + 5 + 3.5) / 3.5)
    total = metrics.Sum()
    total.update_state([[1.0, 2.0], [3.0, 4.0]], sample_weight=[1, 10])
    assert total.result() == 73.0


def test_values_of_time_steps_are_averaged_by_sample():
    y, p = np.zeros((2, 3, 1)), np.arange(6.0).reshape(2, 3, 1)
    metric = metrics.MeanAbsoluteError()
    metric.update_state(y, p, np.array([1.0, 3.0]))
    assert metric.result() == pytest.approx((1 * 1 + 4 * 3) / 4)


def test_mask_leaves_padding_out():
    p = Tensor(np.array([[[0.9, 0.1], [0.2, 0.8]], [[0.3, 0.7], [0.6, 0.4]]], "float32"))
    attach_mask(p, Tensor(np.array([[True, True], [True, False]])))
    y = np.array([[0, 0], [1, 1]])
    metric = metrics.SparseCategoricalAccuracy()
    metric.update_state(y, p)
    assert metric.result() == pytest.approx(2 / 3)


def test_root_mean_squared_error_is_the_root_over_everything():
    metric = metrics.RootMeanSquaredError()
    assert collect(metric, *REAL) == pytest.approx(np.sqrt(((REAL[0] - REAL[1]) ** 2).mean()))
    metric.reset_state()
    expected = np.average(((REAL[0] - REAL[1]) ** 2).mean(1), weights=WEIGHTS)
    assert collect(metric, *REAL, WEIGHTS) == pytest.approx(np.sqrt(expected))


def test_perplexity():
    labels = LABELS.reshape(10, 5)
    chances = softmax(SCORES).reshape(10, 5, 4)
    values = -np.log(np.take_along_axis(chances, labels[..., None], -1)[..., 0])
    metric = metrics.Perplexity()
    assert collect(metric, labels, chances, size=3) == pytest.approx(np.exp(values.mean()), rel=1e-6)
    metric = metrics.Perplexity(mask_token_id=0)
    assert collect(metric, labels, chances, size=3) == pytest.approx(np.exp(values[labels != 0].mean()), rel=1e-6)
    metric = metrics.Perplexity(from_logits=True)
    assert collect(metric, LABELS, SCORES) == pytest.approx(np.exp(values.mean()), rel=1e-6)


def test_bits_per_character():
    labels = LABELS.reshape(10, 5)
    values = -np.log2(np.take_along_axis(softmax(SCORES).reshape(10, 5, 4), labels[..., None], -1)[..., 0])
    metric = metrics.BitsPerCharacter(from_logits=True)
    assert collect(metric, LABELS, SCORES) == pytest.approx(values.mean(), rel=1e-6)
    metric = metrics.BitsPerCharacter(from_logits=True, mask_token_id=0)
    assert collect(metric, labels, SCORES.reshape(10, 5, 4), size=3) == pytest.approx(values[labels != 0].mean())
    assert metrics.get("bpc").result() == 0.0


def counts(threshold, weight):
    chosen, true = CHANCES[:, 0] > threshold, BITS[:, 0] == 1
    return {
        "true_positives": weight[chosen & true].sum(),
        "false_positives": weight[chosen & ~true].sum(),
        "true_negatives": weight[~chosen & ~true].sum(),
        "false_negatives": weight[~chosen & true].sum(),
    }


@pytest.mark.parametrize("weight", [None, WEIGHTS], ids=["plain", "weighted"])
def test_decisions(weight):
    w = np.ones(50) if weight is None else weight
    thresholds = [0.7, 0.2, 0.5]
    expected = [counts(threshold, w) for threshold in thresholds]
    for cls in (metrics.TruePositives, metrics.FalsePositives, metrics.TrueNegatives, metrics.FalseNegatives):
        got = collect(cls(thresholds=thresholds), BITS, CHANCES, weight)
        np.testing.assert_allclose(got, [c[cls().name] for c in expected])
    precision = [c["true_positives"] / (c["true_positives"] + c["false_positives"]) for c in expected]
    recall = [c["true_positives"] / (c["true_positives"] + c["false_negatives"]) for c in expected]
    np.testing.assert_allclose(collect(metrics.Precision(thresholds), BITS, CHANCES, weight), precision)
    np.testing.assert_allclose(collect(metrics.Recall(thresholds), BITS, CHANCES, weight), recall)
    assert collect(metrics.Precision(), BITS, CHANCES, weight) == pytest.approx(precision[2])


def test_precision_of_nothing_is_zero():
    metric = metrics.Precision()
    assert metric.result() == 0.0
    metric.update_state(np.array([1, 1]), np.array([0.1, 0.2]))
    assert metric.result() == 0.0


def test_precision_of_the_top_k_and_of_one_class():
    chances = softmax(SCORES)
    top = np.argsort(-chances, 1)[:, :2]
    hits = sum(label in row for label, row in zip(LABELS, top, strict=True))
    assert collect(metrics.Precision(top_k=2), ONE_HOT, chances) == pytest.approx(hits / 100)
    assert collect(metrics.Recall(top_k=2), ONE_HOT, chances) == pytest.approx(hits / 50)
    chosen = chances[:, 1] > 0.3
    expected = (chosen & (LABELS == 1)).sum() / chosen.sum()
    assert collect(metrics.Precision(0.3, class_id=1), ONE_HOT, chances) == pytest.approx(expected)


def test_area_under_roc_is_the_chance_of_the_right_order():
    positive, negative = CHANCES[BITS == 1], CHANCES[BITS == 0]
    order = (positive[:, None] > negative[None]).mean()
    exact = metrics.AUC(thresholds=sorted(float(c) for c in CHANCES[:, 0]))
    assert collect(exact, BITS, CHANCES) == pytest.approx(order, abs=1e-9)
    assert collect(metrics.AUC(), BITS, CHANCES) == pytest.approx(order, abs=0.02)
    logits = np.log(CHANCES / (1 - CHANCES))
    assert collect(metrics.AUC(from_logits=True), BITS, logits) == pytest.approx(collect(metrics.AUC(), BITS, CHANCES))


def test_areas_bound_each_other():
    areas = {
        (curve, method): collect(metrics.AUC(curve=curve, summation_method=method), BITS, CHANCES)
        for curve in ("ROC", "PR")
        for method in ("minoring", "interpolation", "majoring")
    }
    for curve in ("ROC", "PR"):
        assert areas[curve, "minoring"] < areas[curve, "interpolation"] < areas[curve, "majoring"]


def test_pr_area_by_hand():
    # True positives 2, 1, 0 of 4, 1, 0 predicted positive; between them linear in it (Davis and Goadrich, 2006).
    metric = metrics.AUC(num_thresholds=3, curve="PR")
    metric.update_state(np.array([0, 0, 1, 1]), np.array([0.0, 0.5, 0.3, 0.9]))
    assert metric.result() == pytest.approx((1 + 2 / 3 * np.log(4)) / 6 + 1 / 2)


def test_f_scores():
    chosen = np.eye(4)[SCORES.argmax(1)]
    tp, fp, fn = (chosen * ONE_HOT).sum(0), (chosen * (1 - ONE_HOT)).sum(0), ((1 - chosen) * ONE_HOT).sum(0)

    def score(tp, fp, fn, beta):
        return (1 + beta**2) * tp / ((1 + beta**2) * tp + beta**2 * fn + fp)

    np.testing.assert_allclose(collect(metrics.F1Score(), ONE_HOT, SCORES), score(tp, fp, fn, 1), atol=1e-6)
    assert collect(metrics.F1Score("macro"), ONE_HOT, SCORES) == pytest.approx(score(tp, fp, fn, 1).mean(), abs=1e-6)
    micro = score(tp.sum(), fp.sum(), fn.sum(), 2.0)
    assert collect(metrics.FBetaScore("micro", 2.0), ONE_HOT, SCORES) == pytest.approx(micro, abs=1e-6)
    weighted = np.average(score(tp, fp, fn, 1), weights=ONE_HOT.sum(0))
    assert collect(metrics.F1Score("weighted"), ONE_HOT, SCORES) == pytest.approx(weighted, abs=1e-6)


def test_r2_score():
    y, p = REAL
    p = y + 0.3 * p
    each = 1 - ((y - p) ** 2).sum(0) / ((y - y.mean(0)) ** 2).sum(0)
    assert collect(metrics.R2Score(), y, p) == pytest.approx(each.mean())
    np.testing.assert_allclose(collect(metrics.R2Score(None), y, p), each)
    adjusted = 1 - (1 - each.mean()) * 49 / (50 - 5 - 1)
    assert collect(metrics.R2Score(num_regressors=5), y, p) == pytest.approx(adjusted)
    spread = np.average(each, weights=((y - y.mean(0)) ** 2).sum(0))
    assert collect(metrics.R2Score("variance_weighted_average"), y, p) == pytest.approx(spread)


def test_confusion_matrix():
    matrix = metrics.confusion_matrix([0, 1, 1, 2], [0, 2, 1, 2])
    np.testing.assert_array_equal(matrix, [[1, 0, 0], [0, 1, 1], [0, 0, 1]])
    assert metrics.confusion_matrix([0], [1], num_classes=4, weights=[2.5])[0, 1] == 2.5


@pytest.mark.parametrize("name", [*metrics.NAMES, *metrics.CLASSES])
def test_every_name_is_known_and_is_stored(name):
    cls = metrics.NAMES.get(name) or metrics.CLASSES[name]
    if cls is metrics.MeanMetricWrapper:
        return
    required = REQUIRED.get(cls.__name__)
    if required is not None:
        with pytest.raises(TypeError, match=next(iter(required))):
            metrics.get(name)
    metric = metrics.get(name) if required is None else cls(**required)
    again = metrics.deserialize(metrics.serialize(metric))
    assert type(again) is type(metric)
    assert again.get_config() == metric.get_config()


def test_ignored_class_counts_in_the_metric_as_in_the_loss():
    y, p = np.array([0, 1, 2, 1]), np.array([[0.5, 0.25, 0.25]] * 4)
    expected = -(np.log(0.5) + np.log(0.25)) / 2
    assert metrics.SparseCategoricalCrossentropy(ignore_class=1)(y, p) == pytest.approx(expected)
    assert losses.SparseCategoricalCrossentropy(ignore_class=1)(y, p).item() == pytest.approx(expected)


def test_classes_that_do_not_occur_and_numbers_that_are_no_class():
    metric = metrics.MeanIoU(3)
    assert metric([0, 0, 1], [0, 1, 1]) == 0.5  # class 2 does not occur
    metric.update_state([0, 5, -1], [7, 0, 0])
    assert metric.result() == 0.5
    weighted = metrics.IoU(2, [1])([1, 1, 0], [1, 0, 0], [0.5, 1.5, 1.0])
    assert weighted == pytest.approx(0.25)
    assert metrics.IoU(2, [0], ignore_class=1)([0, 1, 1], [0, 0, 1]) == 1.0


def test_best_figure_beside_another():
    y, p = [0, 0, 0, 1, 1], [0.0, 0.3, 0.8, 0.3, 0.8]
    assert metrics.SensitivityAtSpecificity(0.0)(y, p) == 1.0
    assert metrics.SensitivityAtSpecificity(1.0)(y, p) == 0.0
    assert metrics.SpecificityAtSensitivity(1.0)(y, p) == pytest.approx(1 / 3)
    assert metrics.PrecisionAtRecall(1.0)(y, p) == pytest.approx(0.5)
    assert metrics.RecallAtPrecision(0.6)(y, p) == 0.0
    with pytest.raises(ValueError, match="specificity must be a number"):
        metrics.SensitivityAtSpecificity(1.5)


def test_correlations_of_constant_vectors():
    y, p = np.array([[1.0, 1.0, 1.0], [0.0, 1.0, 2.0]]), np.array([[0.0, 1.0, 2.0], [0.0, 1.0, 2.0]])
    assert metrics.PearsonCorrelation()(y, p) == pytest.approx(0.5)
    assert metrics.ConcordanceCorrelation()(y, p) == pytest.approx(0.5, rel=1e-6)


@pytest.mark.parametrize(("name", "expected"), [("Precision", 8 / 13), ("Recall", 8 / 10)])
def test_weights_of_single_elements_beside_the_top_ones(name, expected):
    metric = getattr(metrics, name)(top_k=2)
    metric.update_state([[0, 1, 1, 0]], [[0.2, 0.1, 0.5, 0.0]], sample_weight=[[1.0, 2.0, 4.0, 3.0]])
    metric.update_state([[0, 1, 1, 0]], [[0.2, 0.1, 0.5, 0.0]], sample_weight=[[4.0, 0.0, 4.0, 3.0]])
    assert metric.result() == pytest.approx(expected)
    of_class = getattr(metrics, name)(class_id=1)
    assert of_class([[0, 1], [1, 0]], [[0.2, 0.9], [0.1, 0.8]], [[1.0, 2.0], [1.0, 2.0]]) in (0.5, 1.0)


def test_function_as_metric():
    def largest_error(y_true, y_pred):
        return np.abs(np.asarray(y_true) - np.asarray(y_pred)).max(-1)

    metric = metrics.get(largest_error)
    assert metric.name == "largest_error"
    assert collect(metric, *REAL) == pytest.approx(np.abs(REAL[0] - REAL[1]).max(1).mean())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: metrics.get("acuracy"), "unknown metric 'acuracy'; did you mean 'accuracy'"),
        (lambda: metrics.AUC(curve="roc"), "curve must be 'ROC' or 'PR', got 'roc'"),
        (lambda: metrics.AUC(summation_method="mean"), "summation_method must be"),
        (lambda: metrics.AUC(num_thresholds=1), "num_thresholds must be at least 2"),
        (lambda: metrics.Precision(thresholds=2), "thresholds must be between 0 and 1"),
        (lambda: metrics.BinaryAccuracy(threshold=1.5), "threshold must be between 0 and 1"),
        (lambda: metrics.F1Score(average="mean"), "average must be"),
        (lambda: metrics.F1Score().update_state(np.zeros(3), np.zeros(3)), r"one shape \(batch, classes\)"),
        (lambda: metrics.R2Score("mean"), "class_aggregation must be"),
        (lambda: metrics.confusion_matrix([0, 3], [0, 1], num_classes=3), "whole numbers from 0 to 2, got 3"),
    ],
)
def test_bad_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()
