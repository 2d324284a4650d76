"""One to many: drawing a wave
===========================

From one number, a frequency, the network draws a wave of 40 steps.

RepeatVector shows the number to the LSTM at every step; the LSTM keeps count of where in the wave it is.
"""

import argparse

import numpy as np

import recurra
from recurra import layers
from recurra.models import Sequential

STEPS = 40


def waves(count, rng):
    frequency = rng.uniform(0.5, 2.0, (count, 1)).astype("float32")
    time = np.linspace(0, 2 * np.pi, STEPS, dtype="float32")
    return frequency, np.sin(frequency * time)[..., None]


def main(epochs=40, samples=2000, verbose=2):
    recurra.random.set_seed(1)
    rng = np.random.default_rng(1)
    x_train, y_train = waves(samples, rng)
    x_test, y_test = waves(500, rng)

    model = Sequential(
        [
            layers.Input((1,)),
            layers.RepeatVector(STEPS),
            layers.LSTM(32, return_sequences=True),
            layers.TimeDistributed(layers.Dense(1)),
        ]
    )
    model.compile(optimizer=recurra.optimizers.Adam(0.01), loss="mse")
    model.fit(x_train, y_train, epochs=epochs, batch_size=64, verbose=verbose)
    error = float(np.mean((model.predict(x_test, verbose=0) - y_test) ** 2))
    baseline = float(np.mean((y_train.mean(axis=0) - y_test) ** 2))
    print(f"mean squared error on new frequencies {error:.4f}; of the mean wave {baseline:.4f}")
    return {"error": error, "baseline": baseline, "output_shape": model.output_shape}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=40)
    main(parser.parse_args().epochs)
