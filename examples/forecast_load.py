"""Forecasting a load a day ahead
==============================

From two days of an hourly load and the temperature: what will the load be in 24 hours?

`WindowSource` draws the windows from the series; the forecast is compared with the load of the day before at the same
hour, which any forecast has to beat. The series is made up: days, weeks, cold weather, and noise.
"""

import argparse

import numpy as np

import recurra
from recurra import callbacks, layers, plotting
from recurra.datasets import WindowSource

LOOKBACK, HORIZON = 48, 24


def made_up(days=240):
    """(hours, 2): load in MW and temperature in degrees."""
    rng = np.random.default_rng(0)
    hour = np.arange(24 * days)
    weather = np.convolve(rng.normal(size=hour.size + 71), np.ones(72) / 72**0.5, "valid")
    temperature = 10 - 8 * np.cos(hour * 2 * np.pi / (24 * 365)) + 4 * np.sin(hour * 2 * np.pi / 24 - 2) + 3 * weather
    workday = (hour // 24 % 7 < 5).astype(float)
    daily = np.maximum(0, np.sin((hour % 24 - 6) * np.pi / 14))
    load = 40 + 12 * daily * (0.6 + 0.4 * workday) + 0.7 * np.maximum(0, 18 - temperature) + rng.normal(size=hour.size)
    return np.stack([load, temperature], axis=1)


def main(epochs=15, steps=60, plot="forecast_load.png", verbose=2):
    recurra.random.set_seed(0)
    series = made_up()
    split = len(series) * 3 // 4
    mean, scale = series[:split].mean(axis=0), series[:split].std(axis=0)
    data = (series - mean) / scale

    windows = {"lookback": LOOKBACK, "horizon": HORIZON, "target": 0}
    training = WindowSource(data, max_index=split - HORIZON, shuffle=True, seed=0, **windows)
    validation = WindowSource(data, min_index=split, every_row_once=True, **windows)
    model = recurra.Sequential([recurra.Input((None, 2)), layers.GRU(32), layers.Dense(1)])
    model.compile(optimizer=recurra.optimizers.Adam(0.003), loss="mae")
    early = callbacks.EarlyStopping(patience=4, restore_best_weights=True)
    model.fit(
        training, steps_per_epoch=steps, epochs=epochs, validation_data=validation, callbacks=[early], verbose=verbose
    )

    forecast = model.predict(validation, verbose=0)[:, 0] * scale[0] + mean[0]
    actual = series[-len(forecast) :, 0]
    naive = series[-len(forecast) - HORIZON : -HORIZON, 0]
    error, baseline = (float(np.abs(guess - actual).mean()) for guess in (forecast, naive))
    print(f"mean absolute error of the GRU {error:.2f} MW, of the day before {baseline:.2f} MW")

    days = np.arange(len(forecast)) / 24
    figure, (axis,) = plotting.new_figure()
    shown = slice(0, 24 * 14)
    plotting.plot_forecast(
        days[shown],
        actual[shown],
        forecast[shown],
        naive[shown],
        name="load",
        unit="MW",
        naive_name="the day before",
        axis=axis,
    )
    axis.set_xlabel("day")
    plotting.save(figure, plot)
    print(f"plot: {plot}")
    return {"error": error, "baseline": baseline}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--plot", default="forecast_load.png")
    options = parser.parse_args()
    main(options.epochs, plot=options.plot)
