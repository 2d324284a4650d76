"""Sequences written backwards
===========================

A decoder that attends learns where to look: to reverse a sequence it walks through its memory from the end.

The encoder is a bidirectional GRU, the decoder a GRU cell with Bahdanau's attention in front of it. The task and its
sizes are those of the toy problem of IBM's pytorch-seq2seq: 10,000 sequences of 1 to 10 digits. Sequences of the test
do not occur in the training.
"""

import argparse
import time

import numpy as np

import recurra
from recurra import layers, plotting
from recurra.models import Seq2Seq

START, END = 11, 12  # digits are the tokens 1, …, 10


def sequences(count, rng, known=()):
    """Different sequences of 1 to 10 digits, none of which is known."""
    found = {}
    while len(found) < count:
        one = tuple(rng.integers(1, 11, rng.integers(1, 11)).tolist())
        if one not in known:
            found[one] = None
    return [list(one) for one in found]


def main(count=10_000, epochs=4, seed=0, batch_size=64, units=64, plot="reverse_digits.png", verbose=2):
    recurra.random.set_seed(seed)
    rng = np.random.default_rng(seed)
    source = sequences(count, rng)
    held_out = sequences(1000, rng, set(map(tuple, source)))
    target, answers = ([one[::-1] for one in part] for part in (source, held_out))

    encoder = layers.Bidirectional(layers.GRU(units, return_sequences=True, return_state=True))
    model = Seq2Seq(encoder, layers.GRUCell(2 * units), 11, 13, start=START, end=END, embedding_dim=32)
    model.compile(recurra.optimizers.Adam(0.002, clipnorm=5.0))
    began = time.perf_counter()
    history = model.fit(source, target, batch_size, epochs, verbose, validation_data=(held_out, answers)).history
    seconds = time.perf_counter() - began

    began = time.perf_counter()
    written = model.generate(held_out, max_new_tokens=12).lists()
    writing = time.perf_counter() - began
    right = float(np.mean([one == answer for one, answer in zip(written, answers, strict=True)]))
    steps = epochs * -(-count // batch_size)
    print(f"whole answers that are right: {right:.2%} of {len(answers)} sequences that the model has not seen")
    print(f"training: {seconds:.1f} s, {steps / seconds:.0f} steps a second with batches of {batch_size}")
    print(f"writing: {len(answers) / writing:.0f} answers a second")

    longest = max(range(len(held_out)), key=lambda row: len(held_out[row]))
    digits = [token - 1 for token in held_out[longest]]
    alignments = model.align([held_out[longest]], [answers[longest]])[0]
    axis = plotting.attention(alignments, digits, [*digits[::-1], "end"], title="Where the decoder looks")
    plotting.save(axis.figure, plot)
    print(f"plot: {plot}")
    return {"right": right, "history": history["val_sequence_accuracy"], "seconds": seconds, "alignments": alignments}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a minute's work in seconds, with worse answers")
    parser.add_argument("--epochs", type=int, default=4, help="how often all sequences are seen (default 4)")
    parser.add_argument("--seed", type=int, default=0, help="of weights and sequences (default 0)")
    parser.add_argument("--plot", default="reverse_digits.png", help="picture to write (default reverse_digits.png)")
    given = parser.parse_args()
    size = {"count": 300, "epochs": 1, "units": 8} if given.quick else {"epochs": given.epochs}
    main(seed=given.seed, plot=given.plot, **size)
