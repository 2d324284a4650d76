"""Sequences written backwards
===========================

A decoder that attends learns where to look: to reverse a sequence it walks through its memory from the end.

The task is ``recurra train reverse``, in ``recurra/tasks/reverse.py``: 10,000 sequences of 1 to 10 digits. This program
trains the model and draws where it looks while it writes digits of your choice backwards.
"""

import argparse

from recurra import plotting, tasks


def main(digits="3141592653", seed=0, plot="reverse_digits.png", verbose=2, **settings):
    result = tasks.run("reverse", seed=seed, verbose=verbose, **settings)
    model, right = result.network, result.figures["sequence_accuracy"]
    print(f"whole answers that are right: {right:.2%} of sequences that the model has not seen")
    print(f"training: {result.seconds:.1f} s, {result.steps_per_second:.0f} steps a second")

    source = [int(digit) + 1 for digit in digits]  # 0 is padding
    answer = model.generate([source], max_new_tokens=12).lists()[0]
    print(f"{digits} backwards: {''.join(str(token - 1) for token in answer)}")

    backwards = source[::-1]
    alignments = model.align([source], [backwards])[0]
    axis = plotting.attention(alignments, list(digits), [*digits[::-1], "end"], title="Where the decoder looks")
    plotting.save(axis.figure, plot)
    print(f"plot: {plot}")
    return {"right": right, "alignments": alignments}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("digits", nargs="?", default="3141592653", help="up to ten of them (default %(default)s)")
    parser.add_argument("--epochs", type=int, default=4, help="how often all sequences are seen (default 4)")
    parser.add_argument("--seed", type=int, default=0, help="of weights and sequences (default 0)")
    parser.add_argument("--plot", default="reverse_digits.png", help="picture to write (default reverse_digits.png)")
    given = parser.parse_args()
    main(given.digits, given.seed, given.plot, epochs=given.epochs)
