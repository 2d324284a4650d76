"""Arguments of losses and metrics: NumPy scalars, misspelled names, configurations and reprs from the signature."""

from __future__ import annotations

import json

import numpy as np
import pytest

from recurra import losses, metrics, serialization

HALF, TWO = np.float32(0.5), np.int64(2)

MADE = [
    losses.Huber(delta=HALF),
    losses.CosineSimilarity(axis=np.int64(-1)),
    losses.BinaryCrossentropy(from_logits=True, label_smoothing=HALF),
    losses.CategoricalCrossentropy(label_smoothing=HALF, reduction="sum", name="own"),
    losses.SparseCategoricalCrossentropy(ignore_class=TWO),
    losses.BinaryFocalCrossentropy(alpha=HALF, gamma=HALF),
    losses.CategoricalFocalCrossentropy(alpha=np.array([0.25, 0.5, 0.75]), gamma=TWO),
    losses.CategoricalGeneralizedCrossEntropy(q=HALF),
    metrics.SensitivityAtSpecificity(HALF, num_thresholds=TWO),
    metrics.IoU(TWO, [np.int64(0), 1]),
    metrics.OneHotMeanIoU(np.int64(3)),
    metrics.BinaryAccuracy(threshold=HALF),
    metrics.TopKCategoricalAccuracy(k=TWO),
    metrics.SparseTopKCategoricalAccuracy(k=TWO),
    metrics.CosineSimilarity(axis=np.int64(-1)),
    metrics.Precision(thresholds=HALF, top_k=TWO, class_id=np.int64(0)),
    metrics.Recall(thresholds=np.array([0.25, 0.75])),
    metrics.TruePositives(thresholds=(0.25, HALF)),
    metrics.AUC(num_thresholds=np.int64(9), curve="PR"),
    metrics.AUC(thresholds=np.array([0.25, 0.75])),
    metrics.FBetaScore(beta=HALF, threshold=HALF),
    metrics.R2Score(num_regressors=np.int64(1)),
    metrics.BitsPerCharacter(mask_token_id=TWO),
    metrics.Perplexity(mask_token_id=TWO),
    metrics.BinaryCrossentropy(label_smoothing=HALF),
]


@pytest.mark.parametrize("made", MADE, ids=lambda made: type(made).__name__)
def test_config_comes_back_through_json(made):
    kind = losses if isinstance(made, losses.Loss) else metrics
    described = json.loads(json.dumps(kind.serialize(made)))
    again = kind.deserialize(described)
    assert type(again) is type(made)
    assert serialization.plain(again.get_config()) == serialization.plain(made.get_config())
    y, p = np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 0.0]]), np.array([[0.2, 0.3, 0.7], [0.6, 0.1, 0.9]])
    if made.target_kind == "class numbers":
        y = np.array([2, 1])
    first, second = (np.asarray(each(y, p)).tolist() for each in (made, again))
    assert first == second


def test_reprs_show_what_is_not_default():
    assert repr(losses.MeanSquaredError()) == "MeanSquaredError()"
    assert repr(losses.Huber(2.0, name="own")) == "Huber(delta=2.0, name='own')"
    assert repr(metrics.Precision(top_k=3)) == "Precision(top_k=3)"
    assert repr(metrics.AUC(curve="PR", name="area")) == "AUC(curve='PR', name='area')"

    def own(y_true, y_pred):
        return y_pred

    assert repr(metrics.get(own)) == "MeanMetricWrapper(fn=own, name='own')"
    assert repr(losses.FunctionLoss(own, factor=2)) == "FunctionLoss(function=own, name='own', factor=2)"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: losses.Huber(detla=1.0), "Huber has no argument 'detla'; did you mean 'delta'"),
        (lambda: losses.BinaryCrossentropy(logits=True), "did you mean 'from_logits'"),
        (lambda: metrics.AUC(num_threshold=3), "AUC has no argument 'num_threshold'; did you mean 'num_thresholds'"),
        (lambda: metrics.Precision(threshold=0.5), "did you mean 'thresholds'"),
        (lambda: metrics.R2Score(aggregation=None), "did you mean 'class_aggregation'"),
    ],
)
def test_misspelled_arguments(make, message):
    with pytest.raises(TypeError, match=message):
        make()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: losses.Huber(delta="1"), "Huber: delta must be a number, got '1'"),
        (
            lambda: losses.BinaryCrossentropy(label_smoothing="0.1"),
            "label_smoothing must be between 0 and 1, got '0.1'",
        ),
        (lambda: metrics.TopKCategoricalAccuracy(k=0), "k must be an integer >= 1, got 0"),
        (lambda: metrics.Precision(top_k=1.5), "Precision: top_k must be an integer >= 1, got 1.5"),
        (lambda: metrics.FBetaScore(beta=0), "beta must be greater than 0"),
        (lambda: metrics.FBetaScore(threshold="0.5"), "threshold must be a number, got '0.5'"),
        (lambda: metrics.R2Score(num_regressors=1.5), "num_regressors must be an integer >= 0, got 1.5"),
        (lambda: metrics.AUC(thresholds=[0.5, 2.0]), "thresholds must be between 0 and 1"),
        (lambda: metrics.confusion_matrix([0, 1], [0, 1], weights=[1.0]), "got 1 weights for 2 labels"),
    ],
)
def test_bad_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()
