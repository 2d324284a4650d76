"""Moving window against recurrence
================================

What to do with histories of any length.

A window of fixed width makes a sequence fit for an ordinary network: one layer of weights for each hour of the window,
and another network for another width. A recurrent network has one set of weights for histories of all lengths. Here one
GRU, trained on histories of random lengths in the same batch (`lengths=`), is compared with a network for each width.

On real data::

    RECURRA_DATA=/folder/with/weather python examples/window_against_recurrence.py
"""

import argparse

import numpy as np
import weather

import recurra
from recurra import layers, plotting
from recurra.models import Sequential

WIDTHS = (1, 6, 24, 72, 120)


def window_network(features, hours, units):
    return Sequential(
        [
            layers.Input((hours, features)),
            layers.Flatten(),
            layers.Dense(units, activation="relu"),
            layers.Dense(1),
        ]
    )


def recurrent_network(features, units):
    return Sequential([layers.Input((None, features)), layers.GRU(units), layers.Dense(1)])


def histories(data, rows, lengths, longest):
    """The last hours before `rows`, as many as `lengths` says, each at the beginning of its row."""
    x = np.zeros((len(rows), longest, data.features), "float32")
    for row, (end, length) in enumerate(zip(rows, lengths, strict=True)):
        x[row, :length] = data.hours[end + 1 - length : end + 1]
    return x


def main(updates=4000, units=32, batch_size=64, widths=WIDTHS, rows=None, plot="window_against_recurrence.png"):
    data, longest = weather.load(rows), max(widths)
    held_out = data.rows("validation", longest, 1000, np.random.default_rng(2))
    truth, baseline = data.targets(held_out)[:, 0], data.common_sense(held_out)

    def error(model, x, **options):
        forecast = model.predict(x, batch_size=500, verbose=0, **options)
        return float(np.abs(forecast - truth).mean()) * data.degrees

    def training_rows(rng):
        return data.rows("training", longest, batch_size, rng)

    windows, counts = [], []
    for width in widths:
        recurra.random.set_seed(1)
        model, rng = window_network(data.features, width, units), np.random.default_rng(1)
        model.compile(optimizer=recurra.optimizers.Adam(0.001), loss="mae")
        for _ in range(updates):
            drawn = training_rows(rng)
            model.train_on_batch(data.windows(drawn, width), data.targets(drawn)[:, 0])
        windows.append(error(model, data.windows(held_out, width)))
        counts.append(model.count_params())

    recurra.random.set_seed(1)
    model, rng = recurrent_network(data.features, units), np.random.default_rng(1)
    model.compile(optimizer=recurra.optimizers.Adam(0.001), loss="mae")
    for _ in range(updates):
        drawn, lengths = training_rows(rng), rng.choice(widths, batch_size)
        x = histories(data, drawn, lengths, longest)
        model.train_on_batch(x, data.targets(drawn)[:, 0], lengths=lengths)
    recurrent = [error(model, data.windows(held_out, width)) for width in widths]
    mixed = rng.choice(widths, len(held_out))
    together = error(model, histories(data, held_out, mixed, longest), lengths=mixed)

    print(f"weather: {data.source}, {len(data.hours)} hours; {updates} updates each")
    print(f"mean absolute error of forecasts of the change in 24 hours, °C; nothing changes: {baseline:.2f}")
    print(f"{'history':>8}{'window':>10}{'parameters':>12}{'recurrent':>12}{'parameters':>12}")
    for width, a, count, b in zip(widths, windows, counts, recurrent, strict=True):
        print(f"{f'{width} h':>8}{a:>10.2f}{count:>12,}{b:>12.2f}{model.count_params():>12,}")
    print(f"recurrent, histories of all lengths in one batch: {together:.2f}")
    if plot:
        figure, (axis,) = plotting.new_figure()
        axis.plot(widths, windows, "o-", color=plotting.MUTED, label="a window network for each width")
        axis.plot(widths, recurrent, "o-", color=plotting.MODEL, label="one recurrent network")
        axis.axhline(baseline, linestyle="--", color=plotting.RULE, label="nothing changes")
        axis.set(xlabel="hours of history", ylabel="error, °C")
        axis.legend(frameon=False)
        print(f"plot: {plotting.save(figure, plot)}")
    return {"window": windows, "recurrent": recurrent, "mixed": together, "baseline": baseline, "parameters": counts}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--updates", type=int, default=4000)
    parser.add_argument("--units", type=int, default=32)
    parser.add_argument("--plot", default="window_against_recurrence.png")
    parser.add_argument("--quick", action="store_true", help="a few updates of small networks")
    options = parser.parse_args()
    quick = {"updates": 40, "units": 8, "widths": (1, 6, 24), "rows": 12_000} if options.quick else {}
    main(**{"updates": options.updates, "units": options.units, **quick}, plot=options.plot)
