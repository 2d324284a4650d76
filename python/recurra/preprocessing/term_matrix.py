"""Bag of words: how often each term occurs in each document, as sparse matrices."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from recurra._extras import require

from .normalization import Analyzer

__all__ = ["document_term_matrix", "term_document_matrix"]


def document_term_matrix(
    texts: Iterable[str],
    analyzer: Callable[[str], Sequence[str]] | None = None,
    *,
    weighting: str = "count",
    min_documents: float = 1,
    max_documents: float = 1.0,
    max_terms: int | None = None,
    vocabulary: Sequence[str] | None = None,
) -> tuple[Any, list[str]]:
    """One row a document, one column a term (needs scikit-learn: the extra `sklearn`).

    Args:
        texts: D documents, any iterable; read once.
        analyzer: Makes the terms of a document; None: `Analyzer()`, lower-case words without punctuation and numbers.
        weighting: 'count'; 'binary' (1 where a term occurs); 'tf_idf': c · (ln((1 + D) / (1 + d)) + 1) for a term c
            times in the document and in d documents, each row then scaled to length 1.
        min_documents, max_documents: Leave out terms of fewer or more documents: whole numbers count documents,
            fractions are parts of D.
        max_terms: Keep the terms that occur most often; None: all.
        vocabulary: These terms and no others, in this order.

    Returns:
        A scipy.sparse CSR matrix (D, terms), and the terms in the order of the columns (sorted, unless given).

    Raises:
        ImportError: Scikit-learn is missing.
        ValueError: No term is left, or there is no such weighting.

    Example:
        >>> matrix, terms = recurra.preprocessing.text.document_term_matrix(["a good film", "a bad film"])
        >>> terms
        ['a', 'bad', 'film', 'good']
        >>> matrix.toarray().tolist()
        [[1, 0, 1, 1], [1, 1, 1, 0]]
    """
    sklearn = require("sklearn.feature_extraction.text", extra="sklearn", purpose="document_term_matrix")
    if weighting not in ("count", "binary", "tf_idf"):
        raise ValueError(f"document_term_matrix: weighting must be 'count', 'binary' or 'tf_idf', got {weighting!r}")
    if isinstance(texts, str):
        raise TypeError("document_term_matrix: texts must be a collection of texts, got one text; write [text]")
    vectorizer = (sklearn.TfidfVectorizer if weighting == "tf_idf" else sklearn.CountVectorizer)(
        analyzer=analyzer or Analyzer(),
        min_df=min_documents,
        max_df=max_documents,
        max_features=max_terms,
        vocabulary=vocabulary,
        binary=weighting == "binary",
    )
    matrix = vectorizer.fit_transform(texts)
    return matrix, vectorizer.get_feature_names_out().tolist()


def term_document_matrix(
    texts: Iterable[str], analyzer: Callable[[str], Sequence[str]] | None = None, **options: Any
) -> tuple[Any, list[str]]:
    """One row a term, one column a document: the transpose of `document_term_matrix`, with the same arguments.

    Example:
        >>> matrix, terms = recurra.preprocessing.text.term_document_matrix(["a good film", "a bad film"])
        >>> matrix.shape
        (4, 2)
    """
    matrix, terms = document_term_matrix(texts, analyzer, **options)
    return matrix.T.tocsr(), terms
