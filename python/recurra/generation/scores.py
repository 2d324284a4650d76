"""Logits become the distribution that the next token is drawn from; the conventions are those of Hugging Face.

They are applied in this order: repetition penalty, repeated n-grams, temperature, top-k, top-p.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np


class Repetition(NamedTuple):
    """What becomes of tokens that a row has; `generate` documents the arguments.

    Attributes:
        penalty: repetition_penalty.
        ngram: no_repeat_ngram_size, 0 for none.
    """

    penalty: float
    ngram: int

    def __call__(self, scores: np.ndarray, seen: Iterable[Sequence[int]]) -> np.ndarray:
        """Scores (rows, V) of the next token, changed by the tokens of each row, prompt included."""
        if self.penalty == 1.0 and not self.ngram:
            return scores
        rows = list(seen)
        return ban_repeated_ngrams(penalize_repetition(scores, rows, self.penalty), rows, self.ngram)


class Sampling(NamedTuple):
    """How the next token is chosen; `generate` documents the arguments of the same names."""

    do_sample: bool
    temperature: float
    top_k: int | None
    top_p: float
    seed: int | None

    def narrowed(self, scores: np.ndarray, least: int = 1) -> np.ndarray:
        """Scores (rows, V) divided by the temperature, −inf outside of top-k and top-p; `least` tokens stay."""
        kept = scores / self.temperature
        if self.top_k is not None:
            kept = keep_top_k(kept, min(max(self.top_k, least), kept.shape[1]))
        return keep_top_p(kept, self.top_p, least) if self.top_p < 1 else kept


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Log probabilities along the last axis."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))


def penalize_repetition(scores: np.ndarray, seen: Iterable[Sequence[int]], penalty: float) -> np.ndarray:
    """Scores (rows, V) where those of tokens seen in a row are divided by the penalty, negative ones multiplied by it.

    Source: Keskar et al., CTRL: A Conditional Transformer Language Model for Controllable Generation, 2019.
    """
    if penalty == 1.0:
        return scores
    changed: np.ndarray = scores.copy()
    for row, tokens in zip(changed, seen, strict=True):
        places = np.unique(np.asarray(tokens, np.int64))
        found = row[places]
        row[places] = np.where(found < 0, found * penalty, found / penalty)
    return changed


def ban_repeated_ngrams(scores: np.ndarray, seen: Iterable[Sequence[int]], n: int) -> np.ndarray:
    """Scores (rows, V) with −inf for tokens that would make n tokens in a row which the row has already.

    Source: Paulus et al., A Deep Reinforced Model for Abstractive Summarization, 2018.
    """
    if not n:
        return scores
    changed: np.ndarray = scores.copy()
    for row, tokens in zip(changed, seen, strict=True):
        tokens = list(tokens)
        last = tokens[len(tokens) + 1 - n :]
        if len(tokens) >= n:
            row[[tokens[i + n - 1] for i in range(len(tokens) + 1 - n) if tokens[i : i + n - 1] == last]] = -np.inf
    return changed


def keep_top_k(scores: np.ndarray, k: int) -> np.ndarray:
    """Scores (rows, V) with −inf wherever k others are larger; ties with the last one stay.

    Source: Fan et al., Hierarchical Neural Story Generation, 2018.
    """
    least = np.partition(scores, -k, axis=-1)[:, -k, None]
    return np.asarray(np.where(scores < least, -np.inf, scores))


def keep_top_p(scores: np.ndarray, p: float, least: int = 1) -> np.ndarray:
    """Scores (rows, V) with −inf outside of the smallest set of likely tokens whose probabilities add up to p.

    At least `least` tokens are kept.

    Source: Holtzman et al., The Curious Case of Neural Text Degeneration, 2020.
    """
    order = np.argsort(-scores, axis=-1, kind="stable")
    likely = np.exp(log_softmax(np.take_along_axis(scores, order, -1)))
    kept_in_order = np.cumsum(likely, axis=-1) - likely < p
    kept_in_order[:, :least] = True
    kept = np.zeros(scores.shape, bool)
    np.put_along_axis(kept, order, kept_in_order, -1)
    return np.asarray(np.where(kept, scores, -np.inf))


def draw(scores: np.ndarray, places: np.ndarray) -> np.ndarray:
    """The tokens (rows,) at these places, in [0, 1), of the cumulative distributions of scores (rows, V)."""
    cumulative = np.cumsum(np.exp(scores - scores.max(axis=-1, keepdims=True)), axis=-1)
    chosen = (cumulative <= places[:, None] * cumulative[:, -1:]).sum(axis=-1)
    last = scores.shape[1] - 1 - np.isfinite(scores)[:, ::-1].argmax(axis=-1)  # rounding must not go past it
    return np.asarray(np.minimum(chosen, last))


def draw_without_replacement(scores: np.ndarray, places: np.ndarray, count: int) -> np.ndarray:
    """Indices of `count` different entries of scores (N,), drawn one after the other by their exponentials.

    The largest of scores − log(−log u), u uniform in (0, 1), are such a sample; Kool et al., 2019. Fewer are drawn
    where fewer are possible; the highest scores come first.

    Args:
        scores: Logarithms of weights; −inf is never drawn.
        places: u, (N,).
        count: How many.
    """
    with np.errstate(divide="ignore"):
        keys = scores - np.log(-np.log(np.maximum(places, 1e-300)))
    drawn = np.argsort(-keys, kind="stable")[: min(count, int(np.isfinite(scores).sum()))]
    return np.asarray(drawn[np.argsort(-scores[drawn], kind="stable")])
