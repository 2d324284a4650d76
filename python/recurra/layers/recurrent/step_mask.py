"""Which time steps of a batch count: masks and lengths as one boolean tensor (B, T)."""

from __future__ import annotations

from typing import Any

import numpy as np

from recurra import ops
from recurra.tensor import Tensor


def step_mask(mask: Any, lengths: Any, batch: int, time: int) -> Tensor | None:
    """The mask of a call, checked.

    Args:
        mask: (B, T), true where a step counts; or None.
        lengths: (B,) integers from 0 to T, the number of steps that count at the beginning; or None.
        batch: Number of sequences B.
        time: Number of steps T.

    Returns:
        The mask as a boolean tensor (B, T), or None where all steps count.

    Raises:
        ValueError: Both are given, or the shape or a length does not fit.
    """
    if lengths is not None:
        if mask is not None:
            raise ValueError("got both mask and lengths; give one of them")
        return _mask_of_lengths(np.asarray(lengths), batch, time)
    if mask is None:
        return None
    mask = mask if isinstance(mask, Tensor) else Tensor(np.asarray(mask))
    if mask.shape != (batch, time):
        raise ValueError(f"expected a mask of shape {(batch, time)}, got {mask.shape}")
    return mask if mask.dtype == "bool" else ops.not_equal(mask, 0)


def _mask_of_lengths(lengths: Any, batch: int, time: int) -> Tensor:
    if lengths.shape != (batch,) or lengths.dtype.kind not in "iu":
        raise ValueError(
            f"expected lengths as {batch} integers, one a sequence; got shape {lengths.shape} of dtype {lengths.dtype}"
        )
    if lengths.size and (lengths.min() < 0 or lengths.max() > time):
        raise ValueError(f"lengths must be from 0 to {time}, got {lengths.min()} to {lengths.max()}")
    return Tensor(np.arange(time) < lengths[:, None])
