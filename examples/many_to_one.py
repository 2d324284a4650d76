"""Many to one: the adding problem
===============================

Two numbers of a sequence are marked; the network returns their sum.

Source: S. Hochreiter, J. Schmidhuber, Long Short-Term Memory, Neural Computation 9(8), 1997.
"""

import argparse

import numpy as np

import recurra
from recurra import layers
from recurra.models import Sequential

STEPS = 20


def marked_numbers(count, rng):
    numbers = rng.uniform(0, 1, (count, STEPS))
    marks = np.zeros((count, STEPS))
    first = rng.integers(0, STEPS // 2, count)
    second = rng.integers(STEPS // 2, STEPS, count)
    marks[np.arange(count), first] = marks[np.arange(count), second] = 1
    return np.stack([numbers, marks], axis=-1).astype("float32"), (numbers * marks).sum(axis=1).astype("float32")


def main(epochs=30, samples=5000, verbose=2):
    recurra.random.set_seed(1)
    rng = np.random.default_rng(1)
    x_train, y_train = marked_numbers(samples, rng)
    x_test, y_test = marked_numbers(1000, rng)

    model = Sequential([layers.Input((STEPS, 2)), layers.LSTM(32), layers.Dense(1)])
    model.compile(optimizer=recurra.optimizers.Adam(0.01), loss="mse")
    model.fit(x_train, y_train, epochs=epochs, batch_size=64, verbose=verbose)
    error = float(np.mean((model.predict(x_test, verbose=0)[:, 0] - y_test) ** 2))
    baseline = float(np.mean((1.0 - y_test) ** 2))
    print(f"mean squared error {error:.4f}; of always saying 1 {baseline:.4f}")
    return {"error": error, "baseline": baseline, "output_shape": model.output_shape}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=30)
    main(parser.parse_args().epochs)
