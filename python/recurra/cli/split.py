"""The option --split: shares of training, validation and test."""

from __future__ import annotations


def split_from_text(text: str, rows: int) -> tuple[int, int]:
    """Rows of the first two parts from `60/20/20`; ValueError if that is not what was written."""
    from recurra.forecasting import split_rows

    try:
        shares = [float(part) for part in text.split("/")]
    except ValueError:
        raise ValueError(f"--split: expected three shares such as 60/20/20, got '{text}'") from None
    return split_rows(rows, shares)
