"""Adding two marked numbers with convolutions
===========================================

Sequences of random numbers, two of which are marked, anywhere: what is the sum of these two?

A temporal convolutional network whose last output sees the whole sequence learns it. Then the trained network runs step
by step, on numbers that come one at a time, and gives the same bits as for the whole sequence.

The problem is that of Hochreiter & Schmidhuber (1997), in the form of Bai, Kolter & Koltun (2018).
"""

import argparse

import numpy as np

import recurra
from recurra import layers, plotting


def adding(count, steps, rng):
    """Inputs (count, steps, 2), numbers and marks, and the sums of the two marked numbers, (count, 1)."""
    x = np.zeros((count, steps, 2), "float32")
    x[:, :, 0] = rng.random((count, steps))
    rows = np.arange(count)[:, None]
    marked = np.stack([rng.choice(steps, 2, replace=False) for _ in range(count)])
    x[rows, marked, 1] = 1
    return x, x[rows, marked, 0].sum(axis=1, keepdims=True)


def main(steps=60, epochs=6, count=6400, filters=24, plot="temporal_convolution.png", verbose=2):
    recurra.random.set_seed(0)
    rng = np.random.default_rng(0)
    x, y = adding(count, steps, rng)
    validation = adding(1000, steps, rng)

    network = layers.TCN.for_receptive_field(steps, kernel_size=6, filters=filters)
    print(f"{network.levels} levels, dilations {network.dilations}: an output sees {network.receptive_field} steps")
    model = recurra.Sequential([recurra.Input((steps, 2)), network, layers.Dense(1)])
    model.compile(optimizer=recurra.optimizers.Adam(4e-3), loss="mse")
    history = model.fit(x, y, batch_size=32, epochs=epochs, validation_data=validation, verbose=verbose).history
    error, guessing = history["val_loss"][-1], float(validation[1].var())
    print(f"mean squared error {error:.5f}; always guessing the mean gives {guessing:.5f}")

    stream = model.streaming()
    for number in validation[0][0]:
        answer = stream.step(number)
    whole = model.predict(validation[0][:1], verbose=0)[0]
    print(f"step by step {answer[0]:.6f}, the whole sequence at once {whole[0]:.6f}, the sum {validation[1][0, 0]:.6f}")

    figure, (axis,) = plotting.new_figure()
    axis.semilogy(range(1, epochs + 1), history["val_loss"], label="network")
    axis.axhline(guessing, linestyle="--", color="gray", label="guessing the mean")
    axis.set_xlabel("epoch")
    axis.set_ylabel("mean squared error")
    axis.legend()
    plotting.save(figure, plot)
    print(f"plot: {plot}")
    return {"error": error, "guessing": guessing, "same": bool((answer == whole).all())}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=60, help="of the sequences")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--plot", default="temporal_convolution.png")
    options = parser.parse_args()
    main(options.steps, options.epochs, plot=options.plot)
