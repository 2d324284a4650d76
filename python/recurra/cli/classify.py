"""`recurra classify`: is a text positive?"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from itertools import islice

SUMMARY = "say of texts whether they are positive, with a model that 'recurra train imdb' saved"
BATCH = 1024


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL", help="a file written with --save")
    parser.add_argument("texts", metavar="TEXT", nargs="*", help="texts to judge")
    parser.add_argument("--file", metavar="FILE", help="a file with one text a line")
    parser.add_argument("--encoding", default="utf-8", help="of the file (default %(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object a text")


def run(options: argparse.Namespace) -> int:
    from recurra.sentiment import SentimentClassifier

    if not options.texts and options.file is None:
        raise ValueError("there is no text to judge: give one after the model, or --file FILE")
    classifier = SentimentClassifier(options.model)
    texts = _texts(options)
    while batch := list(islice(texts, BATCH)):
        for text, probability in zip(batch, classifier.probabilities(batch), strict=True):
            answer = "positive" if probability > 0.5 else "negative"
            if options.json:
                print(
                    json.dumps({"text": text, "answer": answer, "probability": float(probability)}, ensure_ascii=False)
                )
            else:
                print(f"{answer}  {probability:6.1%} positive  {text if len(text) <= 80 else text[:79] + '…'}")
    return 0


def _texts(options: argparse.Namespace) -> Iterator[str]:
    from recurra.preprocessing.reading import read_lines

    yield from options.texts
    if options.file is not None:
        yield from read_lines(options.file, options.encoding)
