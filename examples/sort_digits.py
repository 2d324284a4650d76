"""Sorting as a translation
========================

An attending decoder learns to sort from examples of sorted lists.

The task is that of minGPT's demo: six digits of three kinds. Of the 729 lists there are, a quarter is held out;
training and test draw from their parts at random, as the demo does.
"""

import argparse
import itertools
import time

import numpy as np

import recurra
from recurra import layers
from recurra.models import Seq2Seq

LENGTH, KINDS = 6, 3
START, END = KINDS + 1, KINDS + 2  # digits are the tokens 1, 2, 3


def parts(rng):
    """All lists in random order: those of the training, and a quarter that is held out."""
    lists = np.array(list(itertools.product(range(1, KINDS + 1), repeat=LENGTH)), "int32")
    rng.shuffle(lists)
    return lists[len(lists) // 4 :], lists[: len(lists) // 4]


def main(updates=600, seed=0, batch_size=64, units=32, tests=5000, verbose=2):
    recurra.random.set_seed(seed)
    rng = np.random.default_rng(seed)
    known, new = parts(rng)
    encoder = layers.Bidirectional(layers.GRU(units, return_sequences=True, return_state=True))
    model = Seq2Seq(encoder, layers.GRUCell(2 * units), KINDS + 1, KINDS + 3, START, END, embedding_dim=16)
    model.compile(recurra.optimizers.Adam(recurra.optimizers.schedules.CosineDecay(0.005, updates), clipnorm=5.0))
    drawn = known[rng.integers(len(known), size=updates * batch_size)]
    began = time.perf_counter()
    model.fit(drawn, np.sort(drawn, axis=1), batch_size, verbose=verbose)
    seconds = time.perf_counter() - began
    shares = {}
    for name, part in (("training", known), ("held-out lists", new)):
        asked = part[rng.integers(len(part), size=tests)]
        answers = model.generate(asked, max_new_tokens=LENGTH + 1).lists()
        shares[name] = float(np.mean([row == sorted(one) for row, one in zip(answers, asked.tolist(), strict=True)]))
        print(f"{name}: {shares[name]:.2%} of {tests} answers are right")
    print(f"training: {seconds:.1f} s, {updates / seconds:.0f} steps a second with batches of {batch_size}")
    return {"shares": shares, "seconds": seconds}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--updates", type=int, default=600, help="steps of the training (default 600)")
    parser.add_argument("--seed", type=int, default=0, help="of weights and lists (default 0)")
    given = parser.parse_args()
    main(given.updates, given.seed)
