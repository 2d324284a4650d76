"""From raw text, ragged sequences and values that are missing to what a model reads."""

from __future__ import annotations

from recurra.preprocessing import sequence, text
from recurra.preprocessing.missing import mark_missing

__all__ = ["mark_missing", "sequence", "text"]
