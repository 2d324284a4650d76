"""Data for the listings: real where this machine has them, else made up in the same form."""

from __future__ import annotations

import numpy as np

from recurra.datasets import imdb, jena_climate, mnist
from recurra.preprocessing.sequence import pad_sequences


def reviews(max_words: int, maxlen: int, count: int | None = None):
    """(x, y): word numbers (count, maxlen) and labels of the first training reviews; made up where IMDB is absent."""
    try:
        (x, y), _ = imdb.load_data(num_words=max_words)
    except FileNotFoundError as error:
        print(f"made-up reviews: {error}")
        rng = np.random.default_rng(0)
        y = rng.integers(0, 2, count or 2000)
        x = [rng.integers(4, max_words // 2, 60) + label * (rng.random(60) < 0.3) * (max_words // 2 - 4) for label in y]
    return pad_sequences(list(x[:count]), maxlen=maxlen), np.asarray(y[:count])


def weather():
    """(rows, 14) measurements every 10 minutes, temperature in column 1; made up where the station's file is absent."""
    try:
        return jena_climate.load_data().values
    except FileNotFoundError as error:
        print(f"made-up weather: {error}")
        return jena_climate.synthetic().values


def digits(count: int | None = None):
    """((x, y), (x, y)): images in [0, 1] (count, 28, 28, 1) and digits; made up where MNIST is absent."""
    try:
        train, test = mnist.load_data()
    except FileNotFoundError as error:
        print(f"made-up digits: {error}")
        rng = np.random.default_rng(0)
        labels = rng.integers(0, 10, 3000)
        images = rng.integers(0, 60, (3000, 28, 28))
        for image, label in zip(images, labels, strict=True):
            image[2 * label + 2 : 2 * label + 6, 4:24] += 180
        train, test = (images[:2500], labels[:2500]), (images[2500:], labels[2500:])
    return tuple((x[:count, ..., None].astype("float32") / 255, y[:count]) for x, y in (train, test))
