"""Dates as people write them, to ISO
==================================

A decoder that attends reads dates in some twenty layouts and writes them as 2026-11-27.

Where it looks shows what it has understood: at the year for the first four digits, at the name of the month for the
next two, at the day for the last two, wherever these stand. Days of the test do not occur in the training, in any
layout.
"""

import argparse
import datetime
import time

import numpy as np

import recurra
from recurra import layers, plotting
from recurra.models import Seq2Seq

MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
LAYOUTS = (
    "{day} {month} {year}", "{day2} {month} {year}", "{day}{th} {month} {year}", "{day}{th} of {month} {year}",
    "{month} {day}, {year}", "{month} {day}{th}, {year}", "{month} {day} {year}", "{weekday}, {month} {day}, {year}",
    "{weekday} {day} {month} {year}", "{weekday}, {day} {month} {year}", "{weekday}, the {day}{th} of {month} {year}",
    "{day} {mon} {year}", "{mon} {day}, {year}", "{mon} {day} {year}", "{day}-{mon}-{year}", "{day2} {mon} {year2}",
    "{wd} {day} {mon} {year}", "{year} {month} {day}", "{year}/{month2}/{day2}", "{year}{month2}{day2}",
    "{day}.{number}.{year}", "{day2}.{month2}.{year}", "{number}/{day}/{year2}",
)  # fmt: skip
SIGNS = "\0 ,./-0123456789abcdefghijklmnopqrstuvwxyz"  # the first one is padding
DIGITS = "\0-0123456789<>"
START, END = DIGITS.index("<"), DIGITS.index(">")


def written(day, layout):
    """A day in a layout, in lower case."""
    month, weekday = MONTHS[day.month - 1], WEEKDAYS[day.weekday()]
    ordinal = "th" if 10 < day.day < 14 else {1: "st", 2: "nd", 3: "rd"}.get(day.day % 10, "th")
    return layout.format(
        day=day.day, day2=f"{day.day:02}", th=ordinal, month=month, mon=month[:3], month2=f"{day.month:02}",
        number=day.month, weekday=weekday, wd=weekday[:3], year=day.year, year2=f"{day.year % 100:02}",
    )  # fmt: skip


def pairs(count, rng, known=()):
    """Texts, their dates in ISO, and the days that occur, none of which is known.

    Years of two digits are those from 1970 to 2069, and so are all the others.
    """
    first, last = datetime.date(1970, 1, 1).toordinal(), datetime.date(2069, 12, 31).toordinal()
    texts, dates, days = [], [], set()
    while len(texts) < count:
        number = int(rng.integers(first, last + 1))
        if number not in known:
            day = datetime.date.fromordinal(number)
            texts.append(written(day, LAYOUTS[rng.integers(len(LAYOUTS))]))
            dates.append(day.isoformat())
            days.add(number)
    return texts, dates, days


def tokens(texts, signs):
    return [[signs.index(sign) for sign in text] for text in texts]


def main(count=10_000, epochs=6, seed=0, batch_size=64, units=64, plot="dates.png", verbose=2):
    recurra.random.set_seed(seed)
    rng = np.random.default_rng(seed)
    texts, dates, days = pairs(count, rng)
    new_texts, new_dates, _ = pairs(1000, rng, days)
    held_out = tokens(new_texts, SIGNS), tokens(new_dates, DIGITS)

    encoder = layers.Bidirectional(layers.GRU(units, return_sequences=True, return_state=True))
    model = Seq2Seq(encoder, layers.GRUCell(2 * units), len(SIGNS), len(DIGITS), START, END, embedding_dim=32)
    steps = epochs * -(-count // batch_size)
    rate = recurra.optimizers.schedules.CosineDecay(0.004, steps)
    model.compile(recurra.optimizers.Adam(rate, clipnorm=5.0))
    began = time.perf_counter()
    model.fit(tokens(texts, SIGNS), tokens(dates, DIGITS), batch_size, epochs, verbose, validation_data=held_out)
    seconds = time.perf_counter() - began

    answers = ["".join(DIGITS[token] for token in row) for row in model.generate(held_out[0], 12).lists()]
    right = float(np.mean([answer == date for answer, date in zip(answers, new_dates, strict=True)]))
    for row in range(4):
        print(f"{new_texts[row]:>36}  {answers[row]}{'' if answers[row] == new_dates[row] else '  (wrong)'}")
    print(f"whole answers that are right: {right:.2%} of {len(answers)} dates whose days the model has not seen")
    print(f"training: {seconds:.1f} s, {steps / seconds:.0f} steps a second with batches of {batch_size}")

    longest = max(range(len(new_texts)), key=lambda row: len(new_texts[row]))
    alignments = model.align(held_out[0][longest : longest + 1], held_out[1][longest : longest + 1])[0]
    axis = plotting.attention(alignments, new_texts[longest], [*new_dates[longest], "end"], title="Where it looks")
    plotting.save(axis.figure, plot)
    print(f"plot: {plot}")
    return {"right": right, "seconds": seconds, "alignments": alignments}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="minutes of work in seconds, with worse answers")
    parser.add_argument("--epochs", type=int, default=6, help="how often all dates are seen (default 6)")
    parser.add_argument("--seed", type=int, default=0, help="of weights and dates (default 0)")
    parser.add_argument("--plot", default="dates.png", help="picture to write (default dates.png)")
    given = parser.parse_args()
    size = {"count": 300, "epochs": 1, "units": 8} if given.quick else {"epochs": given.epochs}
    main(seed=given.seed, plot=given.plot, **size)
