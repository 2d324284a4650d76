"""Loops over batches: what does not change between batches is settled once, what does change is settled anew."""

import numpy as np
import pytest

import recurra
from recurra import agreement, layers, losses, metrics
from recurra.layers.masks import attach_mask


def settled():
    """How many agreements of shapes have been worked out."""
    return agreement._shapes_in_batch.cache_info().misses


@pytest.fixture
def model():
    model = recurra.Sequential([recurra.Input((None, 3)), layers.GRU(4), layers.Dense(1)])
    model.compile("sgd", "mse", metrics=["mae", "mse"], weighted_metrics=["mae"])
    return model


def data(samples, steps=5):
    draw = np.random.default_rng(samples)
    return draw.normal(size=(samples, steps, 3)).astype("float32"), draw.normal(size=samples).astype("float32")


def test_a_steady_loop_settles_the_shapes_of_losses_and_metrics_once(model):
    agreement._shapes_in_batch.cache_clear()
    x, y = data(12)
    model.train_on_batch(x[:4], y[:4])
    first = settled()
    assert 0 < first <= 4
    model.fit(x, y, batch_size=4, epochs=3, verbose=0)
    model.evaluate(x, y, batch_size=4, verbose=0)
    model.train_on_batch(x[4:8], y[4:8])
    assert settled() == first


@pytest.mark.parametrize("change", ["rows", "rank of the targets", "weights"])
def test_another_signature_is_settled_anew(model, change):
    x, y = data(4)
    model.train_on_batch(x, y[:, None])
    agreement._shapes_in_batch.cache_clear()
    weight = None
    if change == "rows":
        x, y = data(3)
    elif change == "weights":
        weight = np.array([1, 0, 2, 1], "float32")
    figures = model.test_on_batch(x, y, weight, return_dict=True)
    assert settled() > 0
    error = np.abs(model.predict_on_batch(x)[:, 0] - y.ravel())
    weights = np.ones(len(error)) if weight is None else weight
    assert figures["mae"] == pytest.approx(error.mean(), rel=1e-5)
    assert figures["loss"] == pytest.approx((error**2 * weights).mean(), rel=1e-5)
    assert figures["weighted_mae"] == pytest.approx((error * weights).sum() / weights.sum(), rel=1e-5)


@pytest.mark.parametrize("make", [losses.MeanSquaredError, metrics.MeanSquaredError])
def test_a_mask_that_appears_later_is_honoured_and_one_that_goes_away_forgotten(make):
    measure = make()
    y, values = np.zeros((2, 3), "float32"), np.array([[1, 2, 3], [4, 5, 6]], "float32")
    mask = np.array([[True, False, True], [False, False, True]])

    def figure(masked):
        y_pred = recurra.Tensor(values)
        if masked:
            attach_mask(y_pred, recurra.Tensor(mask))
        if isinstance(measure, metrics.Metric):
            measure.reset_state()
        return float(np.asarray(measure(y, y_pred)))

    everywhere, where_it_counts = np.mean(values**2), np.mean(values[mask] ** 2)
    for masked in (False, True, False, True):
        assert figure(masked) == pytest.approx(where_it_counts if masked else everywhere, rel=1e-6)


@pytest.mark.parametrize("dtype", ["int64", "float64", "bool"])
def test_targets_of_another_dtype_are_cast_in_mid_loop(dtype):
    loss, y_pred = losses.MeanAbsoluteError(), recurra.Tensor(np.full((3, 1), 0.5, "float32"))
    for kind in ("float32", dtype, "float32"):
        assert loss(np.array([[0], [1], [1]], kind), y_pred).item() == pytest.approx(0.5)


def test_targets_of_constants_stay_a_matter_of_their_elements():
    """A function of the user's may get targets that it does not look at; others of that shape are refused."""
    loss = losses.FunctionLoss(lambda y_true, y_pred: recurra.ops.mean(y_pred, axis=-1))
    y_pred = recurra.Tensor(np.ones((4, 5, 1), "float32"))
    assert loss(np.zeros(4, "float32"), y_pred).item() == 1.0
    with pytest.raises(ValueError, match="targets have shape"):
        loss(np.arange(4, dtype="float32"), y_pred)
    assert loss(np.zeros(4, "float32"), y_pred).item() == 1.0


def two_inputs():
    a, b = recurra.Input((3,)), recurra.Input((3,))
    return recurra.Model([a, b], layers.Add()([a, b]))


def test_inputs_of_another_shape_are_checked_in_mid_loop():
    model = two_inputs()
    one = np.ones((2, 3), "float32")
    for _ in range(2):
        np.testing.assert_array_equal(model.predict_on_batch([one, one]), 2 * one)
        with pytest.raises(ValueError, match="expects shape"):
            model([one, one[:, :2]])
        np.testing.assert_array_equal(model([one[:1], one[:1]]).numpy(), 2 * one[:1])
    adding = layers.Add()
    for _ in range(2):
        assert adding([one, one]).shape == (2, 3)
        with pytest.raises(ValueError, match="cannot combine"):
            adding([one, one[:, :2]])
        assert adding([one, one[:, :1]]).shape == (2, 3)


def test_a_steady_model_checks_its_inputs_once(monkeypatch):
    from recurra.models import functional

    looked = []
    check = functional.fitted
    monkeypatch.setattr(functional, "fitted", lambda value, *rest: looked.append(value.shape) or check(value, *rest))
    model, one = two_inputs(), np.ones((2, 3), "float32")
    for _ in range(5):
        model.predict_on_batch([one, one])
    assert len(looked) == 2
    model.predict_on_batch([one[:1], one[:1]])
    assert looked[2:] == [(1, 3), (1, 3)]


def test_a_steady_loop_asks_no_layer_for_an_attribute_that_it_lacks(model, monkeypatch):
    """Such a question makes the layer compose a message, which costs more than many a layer."""
    x, y = data(4)
    model.train_on_batch(x, y)
    asked = []
    lacking = recurra.Layer.__getattr__
    monkeypatch.setattr(recurra.Layer, "__getattr__", lambda self, name: asked.append(name) or lacking(self, name))
    model.train_on_batch(x, y)
    model.test_on_batch(x, y)
    model.predict_on_batch(x)
    assert not asked
