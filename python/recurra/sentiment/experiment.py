"""One experiment with reviews: a network learns on most of the training reviews and is watched on the rest of them.

The weights kept are those of the epoch with the best validation accuracy; the test reviews are classified with them.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.checks import unknown_name, whole_number
from recurra.datasets import imdb
from recurra.datasets.imdb_archive import word_ranks
from recurra.sentiment.documents import document
from recurra.sentiment.networks import NETWORKS
from recurra.sentiment.reviews import inputs

START, UNKNOWN, FIRST = 1, 2, 3  # start_char, oov_char and index_from of imdb.load_data


@dataclass(frozen=True)
class Settings:
    """What an experiment does.

    Attributes:
        model: A name in NETWORKS.
        max_words: Size of the vocabulary (default 10,000).
        maxlen: Words of a review that are read, its last ones (default 500).
        sentence_words: Words in a row of a model that reads sentences; a longer sentence goes on in the next one
            (default 40).
        units: U in the networks' summaries (default 32).
        epochs, batch_size: Length of the training (default 10, batches of 128).
        learning_rate: Of RMSprop; None: the network's.
        validation_split: Share of the training reviews that is only watched (default 0.2).
        reviews: Use only so many training and test reviews; None: all.
        bucket: Batches of reviews of like lengths, no longer than the longest in them (default False).

    Example:
        >>> recurra.sentiment.Settings(model="lstm").rate
        0.001
    """

    model: str = "lstm"
    max_words: int = 10000
    maxlen: int = 500
    sentence_words: int = 40
    units: int = 32
    epochs: int = 10
    batch_size: int = 128
    learning_rate: float | None = None
    validation_split: float = 0.2
    reviews: int | None = None
    bucket: bool = False

    def __post_init__(self) -> None:
        if self.model not in NETWORKS:
            raise unknown_name("model", self.model, NETWORKS)
        whole_number(self.max_words, "reviews", "max_words", least=FIRST + 2)
        for name in ("maxlen", "sentence_words", "units", "epochs", "batch_size"):
            whole_number(getattr(self, name), "reviews", name)
        network = NETWORKS[self.model]
        if self.maxlen < network.shortest:
            raise ValueError(f"maxlen must be at least {network.shortest} for '{self.model}', got {self.maxlen}")
        if self.bucket and (network.bag or network.shortest > 1):
            raise ValueError(f"bucket is for recurrent networks, not for '{self.model}'")
        if self.model == "transformer" and self.units % 2:
            raise ValueError(f"units must be even for the 2 heads of 'transformer', got {self.units}")
        if not 0 < self.validation_split < 1:
            raise ValueError(f"validation_split must be between 0 and 1, got {self.validation_split}")
        if self.reviews is not None and self.reviews < 10:
            raise ValueError(f"reviews must be at least 10, got {self.reviews}")

    @property
    def rate(self) -> float:
        """The learning rate that is used."""
        return NETWORKS[self.model].learning_rate if self.learning_rate is None else self.learning_rate


@dataclass(frozen=True)
class Run:
    """One training.

    Attributes:
        seed: Of the weights and the order of the reviews.
        history: "loss", "acc", "val_loss", "val_acc" of every epoch.
        best_epoch: The epoch whose weights are kept, from 1.
        accuracy: Share of right answers on "validation" and "test" with these weights.
        confusion: Counts on the test reviews: [truth][answer], 0 negative, 1 positive.
        probabilities: That each test review is positive.
        seconds: The training took, validation included.
        model: The trained model.

    Example:
        >>> run = recurra.sentiment.Run(0, {}, 3, {"validation": 0.9, "test": 0.8}, [[4, 1], [1, 4]], np.zeros(10))
        >>> run.accuracy["test"]
        0.8
    """

    seed: int
    history: dict[str, list[float]]
    best_epoch: int
    accuracy: dict[str, float]
    confusion: list[list[int]]
    probabilities: NDArray[np.float64] = field(repr=False)
    seconds: float = 0.0
    model: Any = field(default=None, repr=False)


def confusion(truth: NDArray[np.int64], probabilities: NDArray[np.float64]) -> list[list[int]]:
    """Counts by truth and answer: [[negative called negative, called positive], [positive called …, …]]."""
    answers = (probabilities > 0.5).astype(np.int64)
    counts: list[list[int]] = np.bincount(2 * truth + answers, minlength=4).reshape(2, 2).tolist()
    return counts


def most_wrong(truth: NDArray[np.int64], probabilities: NDArray[np.float64], count: int) -> list[int]:
    """The reviews classified wrongly with the most confidence, the worst first; fewer if fewer are wrong."""
    error = np.abs(truth - probabilities)
    order = np.argsort(-error, kind="stable")[:count]
    return [int(i) for i in order if error[i] > 0.5]


def _load_words(settings: Settings, path: str) -> Any:
    return imdb.load_data(path, num_words=settings.max_words)


def _load_documents(settings: Settings, path: str) -> Any:
    """The reviews as `document` gives them, in the order of `_load_words`."""
    if path.endswith(".npz") and Path(path).exists():
        raise ValueError(f"'{settings.model}' reads sentences, which {path} does not have; give the archive aclImdb")
    found = imdb.load_reviews() if path == "imdb.npz" else imdb.load_reviews(path)
    index = imdb.get_word_index()
    ranks = {word.encode(): rank for word, rank in index.items() if rank + FIRST < settings.max_words}

    def numbers(text: str) -> list[int]:
        known: list[int] = (word_ranks(text.encode(), ranks, unknown=UNKNOWN - FIRST) + FIRST).tolist()
        return known

    parts = []
    for texts, labels in found:
        kept = len(texts) if settings.reviews is None else settings.reviews
        rows = (document(text, numbers, settings.sentence_words, settings.maxlen) for text in texts[:kept])
        parts.append((np.fromiter(rows, dtype=object, count=min(kept, len(texts))), labels[:kept]))
    return parts


class Experiment:
    """Reviews and settings of one experiment.

    Args:
        settings: What to do.
        path: As `imdb.load_data` takes it; for a model that reads sentences as `imdb.load_reviews` does.

    Raises:
        DatasetNotFoundError, ValueError: As `imdb.load_data`; or the model reads sentences, and the file has none.

    Example:
        >>> ids, offsets, labels = np.tile([5, 7], 10), np.arange(0, 21, 2), np.tile([0, 1], 5)
        >>> arrays = {"ids": ids, "offsets": offsets, "labels": labels}
        >>> parts = {f"{part}_{name}": array for part in ("train", "test") for name, array in arrays.items()}
        >>> np.savez("tiny.npz", **parts)
        >>> settings = recurra.sentiment.Settings("lstm", max_words=12, maxlen=4, units=2, epochs=1)
        >>> experiment = recurra.sentiment.Experiment(settings, "tiny.npz")
        >>> run = experiment.train(verbose=0)
        >>> sorted(run.accuracy)
        ['test', 'validation']
    """

    def __init__(self, settings: Settings, path: str = "imdb.npz") -> None:
        self.settings = settings
        load = _load_documents if NETWORKS[settings.model].sentences else _load_words
        (x, y), (x_test, y_test) = load(settings, path)
        x, y, x_test, y_test = (part[: settings.reviews] for part in (x, y, x_test, y_test))
        at = int(len(x) * (1 - settings.validation_split))
        self.parts: dict[str, tuple[NDArray[Any], NDArray[np.int64]]] = {
            "training": (x[:at], y[:at]),
            "validation": (x[at:], y[at:]),
            "test": (x_test, y_test),
        }
        for name, (_, labels) in self.parts.items():
            if not len(labels):
                raise ValueError(f"the {name} part has no reviews; use more reviews or another validation_split")

    def baseline(self) -> dict[str, float]:
        """Accuracy of always giving the more frequent answer of the training part."""
        answer = int(self.parts["training"][1].mean() >= 0.5)
        return {part: float((self.parts[part][1] == answer).mean()) for part in ("validation", "test")}

    def inputs(self, part: str, labels: bool = True, shuffle: bool = False) -> Any:
        """A part as `fit` takes it: an array, or a source that brings the labels unless told not to."""
        s = self.settings
        x, y = self.parts[part]
        return inputs(
            x,
            y if labels else None,
            bag=NETWORKS[s.model].bag,
            words=s.max_words,
            maxlen=s.maxlen,
            batch_size=s.batch_size,
            shuffle=shuffle,
            bucket=s.bucket and shuffle,
            sentences=NETWORKS[s.model].sentences,
            padding=NETWORKS[s.model].padding,
        )

    def train(self, seed: int = 0, verbose: int | str = "auto", callbacks: Sequence[Any] = ()) -> Run:
        """Trains the network of the settings and classifies the test reviews.

        Args:
            seed: Of the weights and the order of the reviews.
            verbose, callbacks: As `fit` takes them.
        """
        from recurra import optimizers, random
        from recurra.callbacks import EarlyStopping

        s = self.settings
        random.set_seed(seed)
        model = NETWORKS[s.model].build(s.max_words, s.units, s.maxlen)
        model.compile(optimizers.RMSprop(s.rate), loss="binary_crossentropy", metrics=["acc"])
        keeper = EarlyStopping("val_acc", patience=s.epochs, mode="max", restore_best_weights=True)
        training, validation = self.inputs("training", shuffle=True), self.inputs("validation")
        is_array = isinstance(training, np.ndarray)
        watched = (validation, self.parts["validation"][1]) if isinstance(validation, np.ndarray) else validation
        began = time.perf_counter()
        history = model.fit(
            training,
            self.parts["training"][1] if is_array else None,
            batch_size=s.batch_size if is_array else None,
            epochs=s.epochs,
            validation_data=watched,
            verbose=verbose,
            callbacks=[keeper, *callbacks],
        ).history
        seconds = time.perf_counter() - began
        history = {name: [float(value) for value in values] for name, values in history.items()}
        best = int(np.argmax(history["val_acc"]))
        probabilities = {part: self.probabilities(model, part) for part in ("validation", "test")}
        accuracy = {part: float(((p > 0.5) == self.parts[part][1]).mean()) for part, p in probabilities.items()}
        counts = confusion(self.parts["test"][1], probabilities["test"])
        return Run(seed, history, best + 1, accuracy, counts, probabilities["test"], seconds, model)

    def probabilities(self, model: Any, part: str) -> NDArray[np.float64]:
        """How probable a model finds it that each review of a part is positive."""
        predicted = model.predict(self.inputs(part, labels=False), verbose=0)
        return np.asarray(predicted, dtype=np.float64).reshape(-1)

    def save(self, run: Run, path: str | Path) -> None:
        """Writes a trained model with the words that `SentimentClassifier` needs."""
        from recurra.saving import save_model

        s = self.settings
        ranked = sorted(imdb.get_word_index().items(), key=lambda item: item[1])
        words = " ".join(word for word, rank in ranked if rank + FIRST < s.max_words)
        network = NETWORKS[s.model]
        form = {"bag": network.bag, "sentences": network.sentences, "padding": network.padding}
        about = {"words": words, **form, "accuracy": run.accuracy, **asdict(s)}
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        save_model(run.model, path, metadata={"sentiment": about})
