"""Loss of the last step against loss of every step
================================================

A recurrent network that is asked once per sequence learns slowly.

Both networks are the same GRU over five days of hourly weather; both are judged by their last forecast. One is trained
by the loss of the last step alone, the other by the losses of all steps, of which each is a forecast of its own: 120
targets a sequence instead of one, at no cost but a wider last product. It pays because every hour has a target that can
be told from the hours before; where only the end can be judged (the class of a picture read row by row), it does not.

On real data::

    RECURRA_DATA=/folder/with/weather python examples/per_step_loss.py
"""

import argparse

import numpy as np
import weather

import recurra
from recurra import layers, plotting
from recurra.models import Sequential

HOURS = 120


def network(features, every_step, units):
    recurra.random.set_seed(1)  # the same weights to start from
    model = Sequential(
        [
            layers.Input((None, features)),
            layers.GRU(units, return_sequences=every_step),
            layers.TimeDistributed(layers.Dense(1)) if every_step else layers.Dense(1),
        ]
    )
    model.compile(optimizer=recurra.optimizers.Adam(0.001), loss="mae")
    return model


def errors_while_training(data, every_step, updates, units, batch_size, looks):
    """Mean absolute error of the last forecast, in degrees, after some of the updates."""
    model, rng = network(data.features, every_step, units), np.random.default_rng(1)
    held_out = data.rows("validation", HOURS, 1000, np.random.default_rng(2))
    x, y = data.windows(held_out, HOURS), data.targets(held_out)[:, 0]
    errors = []
    for update in range(1, updates + 1):
        rows = data.rows("training", HOURS, batch_size, rng)
        targets = data.targets(rows, HOURS) if every_step else data.targets(rows)[:, 0]
        model.train_on_batch(data.windows(rows, HOURS), targets)
        if update in looks:
            forecast = model.predict(x, batch_size=500, verbose=0)
            last = forecast[:, -1] if every_step else forecast
            errors.append(float(np.abs(last - y).mean()) * data.degrees)
    return errors, data.common_sense(held_out)


def main(updates=1000, units=32, batch_size=32, rows=None, plot="per_step_loss.png"):
    data = weather.load(rows)
    looks = sorted({round(updates * share / 20) for share in range(1, 21)})
    last, baseline = errors_while_training(data, False, updates, units, batch_size, looks)
    every, _ = errors_while_training(data, True, updates, units, batch_size, looks)
    print(f"weather: {data.source}, {len(data.hours)} hours")
    print(f"mean absolute error of forecasts of the change in 24 hours, °C; nothing changes: {baseline:.2f}")
    print(f"{'updates':>8}{'last step':>12}{'every step':>12}")
    for update, a, b in zip(looks, last, every, strict=True):
        print(f"{update:>8}{a:>12.2f}{b:>12.2f}")
    reached = next((update for update, error in zip(looks, every, strict=True) if error <= last[-1]), None)
    print(
        "the loss of every step has not come as far as that of the last one"
        if reached is None
        else f"the loss of every step is after {reached} updates where that of the last step is after {updates}"
    )
    if plot:
        figure, (axis,) = plotting.new_figure()
        axis.plot(looks, last, "o-", label="loss of the last step", color=plotting.MUTED)
        axis.plot(looks, every, "o-", label="loss of every step", color=plotting.MODEL)
        axis.axhline(baseline, linestyle="--", label="nothing changes", color=plotting.RULE)
        axis.set(xlabel="updates", ylabel="error of the last forecast, °C")
        axis.legend(frameon=False)
        print(f"plot: {plotting.save(figure, plot)}")
    return {"updates": looks, "last": last, "every": every, "baseline": baseline}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--updates", type=int, default=1000)
    parser.add_argument("--units", type=int, default=32)
    parser.add_argument("--plot", default="per_step_loss.png")
    parser.add_argument("--quick", action="store_true", help="a few updates of a small network")
    options = parser.parse_args()
    quick = {"updates": 40, "units": 8, "rows": 12_000} if options.quick else {}
    main(**{"updates": options.updates, "units": options.units, **quick}, plot=options.plot)
