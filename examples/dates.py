"""Dates as people write them, to ISO
==================================

A decoder that attends reads dates in some twenty layouts and writes them as 2026-11-27.

Where it looks shows what it has understood: at the year for the first four digits, at the name of the month for the
next two, at the day for the last two, wherever these stand. The task is ``recurra train dates``, in
``recurra/tasks/dates.py``.
"""

import argparse

from recurra import plotting, tasks
from recurra.tasks.dates import DIGITS, SIGNS, tokens


def main(date="friday, the 27th of november 2026", seed=0, plot="dates.png", verbose=2, **settings):
    result = tasks.run("dates", seed=seed, verbose=verbose, **settings)
    model, right = result.network, result.figures["sequence_accuracy"]
    print(f"whole answers that are right: {right:.2%} of dates whose days the model has not seen")
    print(f"training: {result.seconds:.1f} s, {result.steps_per_second:.0f} steps a second")

    source = tokens([date], SIGNS)
    answer = model.generate(source, max_new_tokens=12).lists()[0]
    written = "".join(DIGITS[token] for token in answer)
    print(f"{date}: {written}")

    alignments = model.align(source, [answer])[0]
    axis = plotting.attention(alignments, date, [*written, "end"], title="Where it looks")
    plotting.save(axis.figure, plot)
    print(f"plot: {plot}")
    return {"right": right, "written": written, "alignments": alignments}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("date", nargs="?", default="friday, the 27th of november 2026", help="(default %(default)s)")
    parser.add_argument("--epochs", type=int, default=6, help="how often all dates are seen (default 6)")
    parser.add_argument("--seed", type=int, default=0, help="of weights and dates (default 0)")
    parser.add_argument("--plot", default="dates.png", help="picture to write (default dates.png)")
    given = parser.parse_args()
    main(given.date, given.seed, given.plot, epochs=given.epochs)
