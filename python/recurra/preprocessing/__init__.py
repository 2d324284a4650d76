"""From raw text and ragged sequences to what a model reads."""

from __future__ import annotations

from . import sequence, text

__all__ = ["sequence", "text"]
