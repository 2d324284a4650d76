"""Addition of numbers as text
===========================

A recurrent network learns to add numbers of up to three digits that it reads and writes digit by digit.

The network is that of Keras's example ``addition_rnn``: an LSTM reads the question, its output is repeated, another
LSTM writes the answer. Questions are read backwards, so that the digits that are added first are the ones it has just
seen. Questions of the test do not occur in the training, with their numbers in either order.
"""

import argparse
import time

import numpy as np

import recurra
from recurra import layers
from recurra.optimizers.schedules import CosineDecay

SIGNS = " +0123456789"
DIGITS = 3


def questions(count, rng):
    """Texts such as " 12+345" and their answers, no pair of numbers twice."""
    texts, answers, seen = [], [], set()
    while len(texts) < count:
        a, b = (int(rng.integers(0, 10 ** rng.integers(1, DIGITS + 1))) for _ in range(2))
        if (min(a, b), max(a, b)) not in seen:
            seen.add((min(a, b), max(a, b)))
            texts.append(f"{a}+{b}".ljust(2 * DIGITS + 1))
            answers.append(str(a + b).ljust(DIGITS + 1))
    return texts, answers


def numbered(texts):
    return np.array([[SIGNS.index(sign) for sign in text] for text in texts])


def main(count=50_000, epochs=30, seed=0, batch_size=32, units=128, verbose=2):
    recurra.random.set_seed(seed)
    texts, answers = questions(count, np.random.default_rng(seed))
    x = np.eye(len(SIGNS), dtype="float32")[numbered(texts)[:, ::-1]]
    y = numbered(answers)
    training = count - count // 10
    model = recurra.Sequential(
        [
            recurra.Input((2 * DIGITS + 1, len(SIGNS))),
            layers.LSTM(units),
            layers.RepeatVector(DIGITS + 1),
            layers.LSTM(units, return_sequences=True),
            layers.Dense(len(SIGNS), activation="softmax"),
        ]
    )
    steps = epochs * -(-training // batch_size)
    model.compile(
        recurra.optimizers.Adam(CosineDecay(2e-3, steps)),
        "sparse_categorical_crossentropy",
        metrics=["accuracy", recurra.metrics.SequenceAccuracy()],
    )
    began = time.perf_counter()
    model.fit(x[:training], y[:training], batch_size, epochs, verbose, validation_data=(x[training:], y[training:]))
    seconds = time.perf_counter() - began
    said = model.predict(x[training:], batch_size=500, verbose=0).argmax(-1)
    right = (said == y[training:]).all(axis=1)
    print(f"{model.count_params():,} parameters")
    for row in range(3):
        written = "".join(SIGNS[sign] for sign in said[row])
        print(f"{texts[training + row].strip():>7} = {written.strip()}{'' if right[row] else '  (wrong)'}")
    print(f"whole answers that are right: {right.mean():.2%} of {len(right)} that the model has not seen")
    print(f"training: {seconds:.1f} s, {steps / seconds:.0f} steps a second with batches of {batch_size}")
    return {"right": float(right.mean()), "seconds": seconds, "parameters": model.count_params()}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="minutes of work in seconds, with worse answers")
    parser.add_argument("--epochs", type=int, default=30, help="how often all questions are seen (default 30)")
    parser.add_argument("--seed", type=int, default=0, help="of weights and questions (default 0)")
    given = parser.parse_args()
    size = {"count": 500, "epochs": 1, "units": 16} if given.quick else {"epochs": given.epochs}
    main(seed=given.seed, **size)
