"""Many to many, equal lengths
===========================

At every step: is the number of ones so far even or odd?
"""

import argparse

import numpy as np

import recurra
from recurra import layers
from recurra.models import Sequential

STEPS = 16


def parities(count, rng):
    bits = rng.integers(0, 2, (count, STEPS, 1))
    return bits.astype("float32"), (np.cumsum(bits, axis=1) % 2).astype("float32")


def main(epochs=30, samples=4000, verbose=2):
    recurra.random.set_seed(1)
    rng = np.random.default_rng(1)
    x_train, y_train = parities(samples, rng)
    x_test, y_test = parities(1000, rng)

    model = Sequential(
        [
            layers.Input((None, 1)),
            layers.LSTM(16, return_sequences=True),
            layers.TimeDistributed(layers.Dense(1, activation="sigmoid")),
        ]
    )
    model.compile(optimizer=recurra.optimizers.Adam(0.01), loss="binary_crossentropy", metrics=["accuracy"])
    model.fit(x_train, y_train, epochs=epochs, batch_size=64, verbose=verbose)
    accuracy = float(np.mean((model.predict(x_test, verbose=0) > 0.5) == (y_test > 0.5)))
    print(f"accuracy over all steps {accuracy:.4f}; of guessing 0.5")
    return {"accuracy": accuracy, "baseline": 0.5, "output_shape": model.output_shape}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=30)
    main(parser.parse_args().epochs)
