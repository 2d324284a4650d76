"""Many to many, unequal lengths
=============================

The last five steps answer questions about the sequence before them.

The network reads twenty numbers; in its last five steps it must say the largest, the smallest, the mean, the first and
the last of the first fifteen. Slicing the last steps off with a Lambda keeps the rest of the sequence without a target.
"""

import argparse

import numpy as np

import recurra
from recurra import layers
from recurra.models import Sequential

READ, ANSWERS = 15, 5


def questions(count, rng):
    numbers = rng.uniform(-1, 1, (count, READ))
    x = np.zeros((count, READ + ANSWERS, 2))
    x[:, :READ, 0] = numbers
    x[:, READ:, 1] = np.linspace(0.2, 1, ANSWERS)  # which answer is wanted now
    answers = [numbers.max(1), numbers.min(1), numbers.mean(1), numbers[:, 0], numbers[:, -1]]
    return x.astype("float32"), np.stack(answers, axis=1)[..., None].astype("float32")


def main(epochs=30, samples=5000, verbose=2):
    recurra.random.set_seed(1)
    rng = np.random.default_rng(1)
    x_train, y_train = questions(samples, rng)
    x_test, y_test = questions(1000, rng)

    model = Sequential(
        [
            layers.Input((READ + ANSWERS, 2)),
            layers.LSTM(48, return_sequences=True),
            layers.Lambda(lambda states: states[:, -ANSWERS:, :]),
            layers.TimeDistributed(layers.Dense(1)),
        ]
    )
    model.compile(optimizer=recurra.optimizers.Adam(0.005), loss="mse")
    model.fit(x_train, y_train, epochs=epochs, batch_size=64, verbose=verbose)
    error = float(np.mean((model.predict(x_test, verbose=0) - y_test) ** 2))
    baseline = float(np.mean((y_train.mean(axis=0) - y_test) ** 2))
    print(f"mean squared error {error:.4f}; of the mean answers {baseline:.4f}")
    return {"error": error, "baseline": baseline, "output_shape": model.output_shape}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=30)
    main(parser.parse_args().epochs)
