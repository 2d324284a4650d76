"""Every model: any loss, covariates of all kinds, short series; and what each is meant to do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from recurra.forecasting import Forecaster, models
from recurra.forecasting.heads import Point
from recurra.forecasting.store import Sizes
from tests.forecasting.tables import long_table

SMALL: dict[str, Any] = {"epochs": 1, "steps_per_epoch": 2, "batch_size": 8}
SETTINGS: dict[str, dict[str, Any]] = {
    "GRU": {"units": 4, "depth": 2, "dropout": 0.1},
    "LSTM": {"units": 4},
    "SegRNN": {"units": 4, "segment_length": 3},
    "TCN": {"filters": 4},
    "NBEATS": {"units": 8, "blocks": 2},
    "TSMixer": {"units": 4, "hidden": 8},
    "PatchTST": {"patch_length": 4, "stride": 2, "units": 8, "heads": 2, "hidden": 8, "depth": 1},
    "DeepAR": {"units": 4, "paths": 20},
}
NETWORKS = [name for name, model in models.MODELS.items() if not model.naive]


def small(name: str) -> Any:
    model = models.MODELS[name]
    return model(**SETTINGS.get(model.__name__, {}), **SMALL)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("loss", ["mse", "quantiles", "gaussian"])
def test_covariates_of_all_kinds(name: str, loss: str) -> None:
    table = long_table({"a": 40, "b": 30, "c": 6}, covariate=True) | {"temperature": np.arange(76.0)}
    table["y"][5] = np.nan
    static = {"unique_id": ["a", "b", "c"], "size": [1.0, 2.0, 3.0]}
    model = small(name)
    if name == "deepar" and loss == "quantiles":
        pytest.skip("it samples from a distribution")
    made = Forecaster(
        model, freq="h", horizon=4, input_size=9, loss=loss, futr_exog_list=["promo"], missing="mask"
    ).fit(table, static_df=static)
    sizes = made.fitted.trained[0].sizes
    assert (sizes.past, sizes.future, sizes.static, sizes.series) == (3, 1, 1, 3)
    stamps = np.tile(table["ds"].max() + np.arange(1, 5), 3)
    futr = {"unique_id": np.repeat(["a", "b", "c"], 4), "ds": stamps, "promo": np.ones(12)}
    found = made.predict(futr_df=futr, level=[80])
    values = [found[f"{model.name}{end}"] for end in ("-lo-80", "", "-hi-80")]
    assert np.isfinite(values).all()
    assert np.all(values[0] <= values[1])
    assert np.all(values[1] <= values[2])


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize(("lookback", "horizon"), [(1, 1), (2, 7), (13, 1)])
def test_any_sizes(name: str, lookback: int, horizon: int) -> None:
    table = long_table({"a": 40})
    made = Forecaster(small(name), freq="h", horizon=horizon, input_size=lookback).fit(table)
    assert len(made.predict()[made.models[0].name]) == horizon


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_are_models_that_can_be_saved(name: str, tmp_path: Any) -> None:
    import recurra

    network = small(name).build(Sizes(12, 4, 2, 1, 1, 3), Point())
    rng = np.random.default_rng(0)
    x = {
        "steps": rng.normal(size=(5, 15, 3)), "shift": np.zeros((5, 1, 1)), "scale": np.ones((5, 1, 1)),
        "y": rng.normal(size=(5, 12, 1)), "past": rng.normal(size=(5, 12, 2)),
        "future": rng.normal(size=(5, 4, 1)), "static": rng.normal(size=(5, 1)),
    }  # fmt: skip
    x = {key: values for key, values in x.items() if key in network.input_names}
    network.save(tmp_path / "model.safetensors")
    again = recurra.saving.load_model(tmp_path / "model.safetensors")
    assert np.array_equal(network.predict(x, verbose=0), again.predict(x, verbose=0))


def test_dlinear_is_linear_in_trend_and_rest() -> None:
    network = models.DLinear(3).build(Sizes(6, 2), Point())
    y = np.random.default_rng(0).normal(size=(4, 6, 1)).astype("float32")
    padded = np.concatenate([y[:, :1], y, y[:, -1:]], axis=1)[..., 0]
    trend = np.stack([padded[:, i : i + 3].mean(axis=1) for i in range(6)], axis=1)
    kernel, bias, rest, offset = network.get_weights()
    expected = trend @ kernel + bias + (y[..., 0] - trend) @ rest + offset
    np.testing.assert_allclose(network.predict(y, verbose=0)[..., 0], expected, atol=1e-5)


def test_segrnn_takes_a_segment_at_a_step() -> None:
    """The newest whole segments are read; the segments of the forecast follow from the last state alone."""
    network = models.SegRNN(4, 3, dropout=0.0).build(Sizes(10, 5), Point())
    y = np.random.default_rng(0).normal(size=(2, 10, 1)).astype("float32")
    found = network.predict(y, verbose=0)
    assert found.shape == (2, 5, 1)
    oldest = y.copy()
    oldest[:, 0] += 1
    assert np.array_equal(network.predict(oldest, verbose=0), found)


def test_deepar_draws_paths_step_by_step() -> None:
    """Of a random walk the interval widens with the root of the horizon; the same seed draws the same paths."""
    rng = np.random.default_rng(0)
    walk = {"unique_id": np.repeat(["a"], 1500), "ds": np.arange(1500), "y": np.cumsum(rng.normal(size=1500))}
    model = models.DeepAR(16, 1, 0.0, paths=400, window_scaling="last", epochs=12, learning_rate=0.01, batch_size=64)
    made = Forecaster(model, freq=1, horizon=9, input_size=12).fit(walk)
    found = made.predict(level=[68])
    width = (found["DeepAR-hi-68"] - found["DeepAR-lo-68"]) / 2
    assert 0.6 < width[0] < 1.6
    assert 2.0 < width[8] / width[0] < 4.5
    assert np.array_equal(made.predict(level=[68])["DeepAR-hi-68"], found["DeepAR-hi-68"])
    with pytest.raises(ValueError, match="DeepAR samples from a distribution; give loss='gaussian'"):
        Forecaster(model, freq=1, horizon=2, loss="quantiles").fit(walk)


def test_names_of_models() -> None:
    assert type(models.get("seasonal_naive")) is models.SeasonalNaive
    assert type(models.get("SegRNN")) is models.SegRNN
    assert type(models.get(models.GRU)) is models.GRU
    with pytest.raises(TypeError, match="expected a name or a model, got int"):
        models.get(3)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: models.NLinear(learning_rate=0), "learning_rate must be greater than 0"),
        (lambda: models.NLinear(window_scaling="first"), "window_scaling must be one of"),
        (lambda: models.DLinear(4), "kernel_size must be odd, got 4"),
        (lambda: models.SegRNN(3), "units must be even, got 3"),
        (lambda: models.PatchTST(units=10, heads=4), "units must be a multiple of heads=4, got 10"),
        (lambda: models.DeepAR(window_scaling="revin"), "window_scaling must be one of"),
        (lambda: models.TCN(kernel_size=1), "kernel_size must be an integer >= 2"),
        (lambda: models.GRU(dropout=1.0), "dropout must be a number in"),
    ],
)
def test_settings_that_are_refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
