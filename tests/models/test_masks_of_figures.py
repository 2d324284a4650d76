"""Padding counts in no loss and in no metric, however a batch is padded; a loss equals the metric of its name."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recurra import Input, Model, Sequential, Tensor, layers, losses, metrics, ops
from recurra.agreement import CLASS_NUMBERS, ELEMENTS, ONE_HOT, VECTORS
from recurra.layers.masks import attach_mask
from tests.support.figure_cases import REQUIRED

CLASSES = 3

#: Metrics that are no figure of targets and predictions by themselves.
BASES = {"Mean", "Sum", "MeanMetricWrapper"}

#: Arguments with which a metric looks at more of what it can do.
ARGUMENTS = {
    "Precision": [{}, {"top_k": 1}, {"class_id": 1}, {"thresholds": [0.2, 0.7]}],
    "Recall": [{}, {"top_k": 2}],
    "AUC": [{}, {"curve": "PR"}, {"from_logits": True}],
    "F1Score": [{}, {"average": "macro"}, {"average": "micro", "threshold": 0.5}],
    "FBetaScore": [{"beta": 2.0, "average": "weighted"}],
    "R2Score": [{}, {"class_aggregation": None}, {"class_aggregation": "variance_weighted_average"}],
    "BitsPerCharacter": [{}, {"mask_token_id": 1}],
    "Perplexity": [{}, {"mask_token_id": 1}],
    "SparseCategoricalCrossentropy": [{}, {"ignore_class": 1}],
    "RecallAtPrecision": [{"precision": 0.4}, {"precision": 0.4, "class_id": 1}],
    "IoU": [
        {"num_classes": 2, "target_class_ids": [0, 1]},
        {"num_classes": 3, "target_class_ids": [0], "sparse_y_pred": False, "ignore_class": 1},
    ],
}

METRICS = [
    (name, arguments)
    for name in sorted(set(metrics.CLASSES) - BASES)
    for arguments in ARGUMENTS.get(name, [REQUIRED.get(name, {})])
]
LOSSES = sorted(losses.CLASSES)


def kind_of(made):
    return made.target_kind


def data_of(kind, steps, rng):
    """Targets and predictions of one sequence."""
    p = rng.uniform(0.05, 0.95, size=(steps, CLASSES))
    labels = rng.integers(0, CLASSES, size=steps)
    if kind == CLASS_NUMBERS:
        return labels, p
    if kind == ONE_HOT:
        return np.eye(CLASSES)[labels], p
    if kind == VECTORS:
        return rng.uniform(0.05, 0.95, size=(steps, CLASSES)), p
    assert kind == ELEMENTS
    return rng.integers(0, 2, size=(steps, CLASSES)).astype(float), p


def padded(sequences, length, rng):
    """A batch of sequences, behind whose ends anything stands."""
    y = np.stack([np.concatenate([s[0], junk(s[0], length, rng)]) for s in sequences])
    p = np.stack([np.concatenate([s[1], junk(s[1], length, rng)]) for s in sequences])
    mask = np.arange(length) < np.array([[len(s[0])] for s in sequences])
    predictions = Tensor(p)
    attach_mask(predictions, Tensor(mask))
    return y, predictions


def junk(of, length, rng):
    shape = (length - len(of), *of.shape[1:])
    return rng.integers(-9, 9, size=shape) if of.dtype.kind == "i" else np.where(rng.random(shape) < 0.3, np.nan, 99.0)


def value(made, *batch):
    result = made(*batch)
    return np.asarray(result.numpy() if isinstance(result, Tensor) else result, dtype=float)


lengths_of_batches = st.lists(st.lists(st.integers(1, 5), min_size=1, max_size=3), min_size=1, max_size=3)


@pytest.mark.parametrize(("name", "arguments"), METRICS, ids=str)
@settings(max_examples=12, deadline=None)
@given(batches=lengths_of_batches, more=st.integers(0, 4), seed=st.integers(0, 99), weighted=st.booleans())
def test_padding_of_batches_changes_no_metric(name, arguments, batches, more, seed, weighted):
    rng = np.random.default_rng(seed)
    made = metrics.CLASSES[name](**arguments)
    alone, shuffled = metrics.CLASSES[name](**arguments), metrics.CLASSES[name](**arguments)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for batch in batches:
            sequences = [data_of(kind_of(made), steps, rng) for steps in batch]
            weights = rng.uniform(0.5, 2.0, size=len(batch)) if weighted else None
            made.update_state(*padded(sequences, max(batch), rng), weights)
            shuffled.update_state(*padded(sequences, max(batch) + more, rng), weights)
            for i, (y, p) in enumerate(sequences):  # each by itself: nothing is padded
                alone.update_state(y[None], p[None], None if weights is None else weights[i : i + 1])
        result = alone.result()
        np.testing.assert_allclose(made.result(), result, rtol=1e-6, atol=1e-9)
        np.testing.assert_allclose(shuffled.result(), result, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", "mean_with_sample_weight"])
@pytest.mark.parametrize("name", LOSSES)
@settings(max_examples=8, deadline=None)
@given(batch=st.lists(st.integers(1, 5), min_size=1, max_size=4), more=st.integers(0, 4), seed=st.integers(0, 99))
def test_padding_of_a_batch_changes_no_loss(name, reduction, batch, more, seed):
    rng = np.random.default_rng(seed)
    made = losses.CLASSES[name](reduction=reduction)
    sequences = [data_of(kind_of(made), steps, rng) for steps in batch]
    each = losses.CLASSES[name](reduction="none")
    alone = np.concatenate([value(each, y, p) for y, p in sequences])
    expected = alone.sum() if reduction == "sum" else alone.mean()
    for length in (max(batch), max(batch) + more):
        np.testing.assert_allclose(value(made, *padded(sequences, length, rng)), expected, rtol=1e-9, atol=1e-12)


def test_no_loss_and_no_metric_is_left_out():
    public = {name for name in dir(metrics) if isinstance(getattr(metrics, name), type)}
    figures = {name for name in public if issubclass(getattr(metrics, name), metrics.Metric)} - {"Metric"}
    assert figures == {name for name, _ in METRICS} | BASES
    public = {name for name in dir(losses) if isinstance(getattr(losses, name), type)}
    assert {name for name in public if issubclass(getattr(losses, name), losses.Loss)} == {
        *LOSSES,
        "Loss",
        "FunctionLoss",
    }


# ---- a loss equals the metric of its name, over batches of any size and padding


def sequence_model(units=CLASSES, activation="sigmoid"):
    model = Sequential([Input((None, CLASSES)), layers.Dense(units, activation=activation)])
    model.set_weights([np.random.default_rng(0).normal(size=(CLASSES, units)), np.zeros(units)])
    return model


def metric_of_loss(name):
    other = {"LogCosh": "LogCoshError"}.get(name, name)
    if other in metrics.CLASSES:
        return metrics.CLASSES[other]()
    return metrics.get({"Huber": losses.huber}.get(name) or losses.FUNCTIONS[losses.CLASSES[name]().name])


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("batch_size", [2, 3, 7])
def test_a_loss_equals_the_metric_of_its_name(name, batch_size):
    rng = np.random.default_rng(1)
    made = losses.CLASSES[name]()
    steps = [5, 1, 3, 2, 4, 1, 2]
    sequences = [data_of(kind_of(made), n, rng) for n in steps]
    model = sequence_model(activation="softmax" if kind_of(made) in (ONE_HOT, CLASS_NUMBERS) else "sigmoid")
    model.compile("sgd", made, metrics=[metric_of_loss(name)])
    expected = []
    for length in (5, 8):
        y, x = padded(sequences, length, np.random.default_rng(2))
        y = np.where(np.isfinite(y), y, 0) if y.dtype.kind == "f" else np.where(y >= 0, y, 0) % CLASSES
        x = Tensor(np.nan_to_num(x.numpy()))
        loss, metric = model.evaluate(x.numpy(), np.clip(y, 0, 1 if y.dtype.kind == "f" else 9), lengths=steps,
                                      batch_size=batch_size, verbose=0)  # fmt: skip
        assert metric == pytest.approx(-loss if name == "CosineSimilarity" else loss, rel=1e-5)
        expected.append(loss)
    assert expected[0] == pytest.approx(expected[1], rel=1e-5)
    alone = model.evaluate(x.numpy(), np.clip(y, 0, 1 if y.dtype.kind == "f" else 9), lengths=steps,
                           batch_size=1, verbose=0)  # fmt: skip
    assert alone[0] == pytest.approx(loss, rel=1e-5)


# ---- the reports


def identity(*shape, masking=False):
    model = Sequential([Input(shape), *([layers.Masking(-9.0)] if masking else []), layers.Dense(1)])
    model.set_weights([np.ones((1, 1)), np.zeros(1)])
    return model


@pytest.mark.filterwarnings("ignore:.* lie outside")
@pytest.mark.parametrize("masking", [False, True])
def test_metrics_leave_out_padding_in_evaluate(masking):
    named = [metrics.RootMeanSquaredError(name="rmse"), metrics.Precision(name="p"), metrics.FalsePositives(name="fp")]
    weighted = [metrics.Recall(name="r"), metrics.R2Score(name="r2"), metrics.AUC(name="auc")]
    model = identity(None, 1, masking=masking)
    model.compile("sgd", "mse", metrics=named, weighted_metrics=weighted)
    junk = -9.0 if masking else 9.0
    x, y = np.array([[[2.0], [0.4], [junk], [junk]]]), np.array([[[1.0], [0.0], [7.0], [0.0]]])
    kwargs = {} if masking else {"lengths": [2]}
    figures = model.evaluate(x, y, verbose=0, return_dict=True, **kwargs)
    mse = (1.0 + 0.16) / 2
    expected = {"loss": mse, "rmse": math.sqrt(mse), "p": 1, "fp": 0, "r": 1, "r2": 1 - 1.16 / 0.5, "auc": 1}
    assert figures == pytest.approx(expected, rel=1e-5, abs=1e-7)


class Counted(metrics.Metric):
    """A metric class of a user's, who knows nothing of masks."""

    _sums = ("errors", "count")

    def update_state(self, y_true, y_pred, sample_weight=None):
        errors = np.abs(np.asarray(y_true) - y_pred.numpy())[..., 0]
        weight = np.ones(errors.shape) if sample_weight is None else np.asarray(sample_weight)
        self.errors += (errors * weight).sum()
        self.count += weight.sum()

    def result(self):
        return self.errors / self.count


class Unweighted(metrics.Metric):
    _sums = ("count",)

    def update_state(self, y_true, y_pred):
        self.count += len(y_true)

    def result(self):
        return self.count


def own(y_true, y_pred):
    return ops.mean(ops.abs(y_true - y_pred), axis=-1)


def test_metrics_and_functions_of_users_leave_out_padding():
    x, y = np.array([[[2.0], [9.0], [9.0]], [[1.0], [1.0], [9.0]]]), np.zeros((2, 3, 1))
    for form in (y, y[..., 0]):
        model = identity(None, 1)
        model.compile("sgd", own, metrics=[own, Counted()])
        assert model.evaluate(x, form, lengths=[1, 2], verbose=0) == pytest.approx([4 / 3] * 3, rel=1e-6)


def test_a_metric_that_cannot_leave_out_padding_says_so():
    model = identity(None, 1)
    model.compile("sgd", "mse", metrics=[Unweighted()])
    x = np.ones((2, 3, 1))
    assert model.evaluate(x, x, verbose=0)[1] == 2
    with pytest.raises(ValueError, match=r"define Unweighted\.update_state") as caught:
        model.fit(x, x, lengths=[1, 2], verbose=0)
    assert "sample_weight=None" in str(caught.value)


def test_masks_of_several_outputs_stay_apart():
    a, b = Input((None, 1)), Input((2, 1))
    model = Model([a, b], [layers.Dense(1, name="long")(a), layers.Dense(1, name="short")(b)])
    model.set_weights([np.ones((1, 1)), np.zeros(1)] * 2)
    model.compile("sgd", "mse", metrics={"long": ["rmse"], "short": ["rmse"]})
    x = [np.array([[[1.0], [9.0], [9.0]]]), np.array([[[2.0], [2.0]]])]
    figures = model.evaluate(x, [np.zeros((1, 3, 1)), np.zeros((1, 2, 1))], lengths=[[1], None], verbose=0)
    assert figures == pytest.approx([5.0, 1.0, 4.0, 1.0, 2.0], rel=1e-6)


@pytest.mark.parametrize("making", ["lengths", "Embedding"])
def test_targets_in_the_padding_may_be_anything(making):
    labels = np.array([[0, 1, 2, -1], [1, 9, -1, -1]])
    if making == "lengths":
        first, x, kwargs = Input((None, 2)), np.ones((2, 4, 2)), {"lengths": [3, 1]}
        layer = layers.GRU(3, return_sequences=True)
    else:
        first, x, kwargs = Input((None,), dtype="int32"), np.array([[1, 2, 3, 0], [4, 0, 0, 0]]), {}
        layer = layers.Embedding(5, 3, mask_zero=True)
    model = Sequential([first, layer, layers.Dense(3, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy", "perplexity"])
    within = np.where([[True, True, True, False], [True, False, False, False]], labels, 0)
    assert model.evaluate(x, labels, verbose=0, **kwargs) == model.evaluate(x, within, verbose=0, **kwargs)
    model.fit(x, labels, verbose=0, **kwargs)
    with pytest.raises(ValueError, match="9"):
        model.fit(x, np.full((2, 4), 9), verbose=0, **kwargs)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("junk", [np.nan, np.inf, 0.0])
def test_predictions_in_the_padding_may_be_anything(name, junk):
    rng = np.random.default_rng(3)
    made = losses.CLASSES[name]()
    y, p = data_of(kind_of(made), 4, rng)
    predictions = Tensor(np.where(np.arange(4)[:, None] < 2, p, junk)[None])
    predictions.requires_grad = True
    attach_mask(predictions, Tensor(np.array([[True, True, False, False]])))
    loss = made(y[None], predictions)
    assert loss.item() == pytest.approx(made(y[None, :2], p[None, :2]).item(), rel=1e-9)
    loss.backward()
    gradient = predictions.grad.numpy()[0]
    assert np.isfinite(gradient).all()
    assert not gradient[2:].any()
