"""GRU against LSTM
================

Parameters, time of a training step and error, at equal numbers of units.

A GRU has three gates where an LSTM has four, so three quarters of the weights and of the products. The times are
medians of steps that the two networks take in turns, so that both meet the same state of the machine.

On real data::

    RECURRA_DATA=/folder/with/weather python examples/gru_against_lstm.py
"""

import argparse
import time

import numpy as np
import weather

import recurra
from recurra import layers, plotting
from recurra.models import Sequential

HOURS = 120
KINDS = {"GRU": layers.GRU, "LSTM": layers.LSTM}


def network(kind, features, units):
    recurra.random.set_seed(1)
    model = Sequential([layers.Input((HOURS, features)), KINDS[kind](units), layers.Dense(1)])
    model.compile(optimizer=recurra.optimizers.Adam(0.001), loss="mae")
    return model


def main(updates=1000, sizes=(16, 32, 64), batch_size=64, rows=None, plot="gru_against_lstm.png"):
    data = weather.load(rows)
    held_out = data.rows("validation", HOURS, 1000, np.random.default_rng(2))
    x, y = data.windows(held_out, HOURS), data.targets(held_out)[:, 0]
    results = {kind: {"parameters": [], "milliseconds": [], "error": []} for kind in KINDS}
    for units in sizes:
        models = {kind: network(kind, data.features, units) for kind in KINDS}
        seconds = {kind: [] for kind in KINDS}
        rng = np.random.default_rng(1)
        for _ in range(updates):
            drawn = data.rows("training", HOURS, batch_size, rng)
            batch = data.windows(drawn, HOURS), data.targets(drawn)[:, 0]
            for kind, model in models.items():
                start = time.perf_counter()
                model.train_on_batch(*batch)
                seconds[kind].append(time.perf_counter() - start)
        for kind, model in models.items():
            error = np.abs(model.predict(x, batch_size=500, verbose=0) - y).mean() * data.degrees
            results[kind]["parameters"].append(model.layers[0].count_params())
            results[kind]["milliseconds"].append(1000 * float(np.median(seconds[kind])))
            results[kind]["error"].append(float(error))

    baseline = data.common_sense(held_out)
    print(f"weather: {data.source}, {len(data.hours)} hours; {updates} updates with batches of {batch_size}")
    print(f"mean absolute error of forecasts of the change in 24 hours, °C; nothing changes: {baseline:.2f}")
    columns = f"{'parameters':>12}{'ms a step':>11}{'error':>8}"
    print(f"{'units':<7}{'':<6}{columns}")
    for i, units in enumerate(sizes):
        for kind, figures in results.items():
            row = f"{figures['parameters'][i]:>12,}{figures['milliseconds'][i]:>11.2f}{figures['error'][i]:>8.2f}"
            print(f"{units:<7}{kind:<6}{row}")
        shares = [results["GRU"][name][i] / results["LSTM"][name][i] for name in results["GRU"]]
        print(f"{'':<7}{'ratio':<6}{shares[0]:>12.2f}{shares[1]:>11.2f}{shares[2]:>8.2f}")
    if plot:
        figure, axes = plotting.new_figure(3, height=2.4)
        labels = {"parameters": "parameters", "milliseconds": "ms a training step", "error": "error, °C"}
        for axis, (name, words) in zip(axes, labels.items(), strict=True):
            for kind, color in (("GRU", plotting.MODEL), ("LSTM", plotting.MUTED)):
                axis.plot(sizes, results[kind][name], "o-", color=color, label=kind)
            axis.set(xlabel="units", ylabel=words)
        axes[0].legend(frameon=False)
        print(f"plot: {plotting.save(figure, plot)}")
    return results


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--updates", type=int, default=1000)
    parser.add_argument("--plot", default="gru_against_lstm.png")
    parser.add_argument("--quick", action="store_true", help="a few updates of small networks")
    options = parser.parse_args()
    quick = {"updates": 20, "sizes": (4, 8), "rows": 12_000} if options.quick else {}
    main(**{"updates": options.updates, **quick}, plot=options.plot)
