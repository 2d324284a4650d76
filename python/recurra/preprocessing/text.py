"""Text preprocessing: what turns files and strings into tokens, numbers and matrices."""

from __future__ import annotations

from .normalization import Analyzer, Normalizer, ngrams
from .reading import decode, read_documents, read_lines
from .sentences import split_sentences
from .term_matrix import document_term_matrix, term_document_matrix
from .tokenizer import Tokenizer, hashing_trick, one_hot, text_to_word_sequence, tokenizer_from_json

__all__ = [
    "Analyzer",
    "Normalizer",
    "Tokenizer",
    "decode",
    "document_term_matrix",
    "hashing_trick",
    "ngrams",
    "one_hot",
    "read_documents",
    "read_lines",
    "split_sentences",
    "term_document_matrix",
    "text_to_word_sequence",
    "tokenizer_from_json",
]
