"""Logits become the distribution that the next token is drawn from; the conventions are those of Hugging Face.

They are applied in this order: repetition penalty, temperature, top-k, top-p.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np


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


def keep_top_k(scores: np.ndarray, k: int) -> np.ndarray:
    """Scores (rows, V) with −inf wherever k others are larger; ties with the last one stay.

    Source: Fan et al., Hierarchical Neural Story Generation, 2018.
    """
    least = np.partition(scores, -k, axis=-1)[:, -k, None]
    return np.asarray(np.where(scores < least, -np.inf, scores))


def keep_top_p(scores: np.ndarray, p: float) -> np.ndarray:
    """Scores (rows, V) with −inf outside of the smallest set of likely tokens whose probabilities add up to p.

    Source: Holtzman et al., The Curious Case of Neural Text Degeneration, 2020.
    """
    order = np.argsort(-scores, axis=-1, kind="stable")
    likely = np.exp(log_softmax(np.take_along_axis(scores, order, -1)))
    kept_in_order = np.cumsum(likely, axis=-1) - likely < p
    kept_in_order[:, 0] = True
    kept = np.zeros(scores.shape, bool)
    np.put_along_axis(kept, order, kept_in_order, -1)
    return np.asarray(np.where(kept, scores, -np.inf))


def draw(scores: np.ndarray, places: np.ndarray) -> np.ndarray:
    """The tokens (rows,) at these places, in [0, 1), of the cumulative distributions of scores (rows, V)."""
    cumulative = np.cumsum(np.exp(scores - scores.max(axis=-1, keepdims=True)), axis=-1)
    chosen = (cumulative <= places[:, None] * cumulative[:, -1:]).sum(axis=-1)
    last = scores.shape[1] - 1 - np.isfinite(scores)[:, ::-1].argmax(axis=-1)  # rounding must not go past it
    return np.asarray(np.minimum(chosen, last))
