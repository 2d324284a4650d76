"""`recurra classify`: is a text positive?"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from itertools import islice

BATCH = 1024


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options of the command."""
    parser.add_argument("model", metavar="MODEL", help="a file written with --save")
    parser.add_argument("texts", metavar="TEXT", nargs="*", help="texts to classify")
    parser.add_argument("--file", metavar="FILE", help="a file with one text per line; - reads standard input")
    parser.add_argument("--encoding", default="utf-8", help="of the file (default %(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object per text")


def run(options: argparse.Namespace) -> int:
    """Runs the command; returns the exit status."""
    from recurra.sentiment import SentimentClassifier

    if not options.texts and options.file is None:
        raise ValueError("there is no text to classify: give one after the model, or --file FILE")
    classifier = SentimentClassifier(options.model)
    texts = _texts(options)
    while batch := list(islice(texts, BATCH)):
        for text, probability in zip(batch, classifier.probabilities(batch), strict=True):
            known = classifier.known_words(text)
            # Without a word the model knows, its output is that of an empty review.
            answer = ("positive" if probability > 0.5 else "negative") if known else None
            if options.json:
                about = {"text": text, "answer": answer, "probability": float(probability), "known_words": known}
                print(json.dumps(about, ensure_ascii=False))
            else:
                shown = text if len(text) <= 80 else text[:79] + "…"
                said = f"{answer}  {probability:6.1%} positive" if answer else "no word of this text is known"
                print(f"{said}  {shown}".rstrip())
    return 0


def _texts(options: argparse.Namespace) -> Iterator[str]:
    from recurra.preprocessing.reading import read_lines

    yield from options.texts
    if options.file is not None:
        yield from read_lines(options.file, options.encoding)
