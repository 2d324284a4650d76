"""Norms of Jacobians over time, and spectral radii of recurrent matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from recurra.diagnostics.gates import block_names
from recurra.diagnostics.recorder import Recorder, Use
from recurra.layers.recurrent.rnn import RNN
from recurra.tensor import Tensor
from recurra.tree import pack_as

#: Rows that are run at once for a Jacobian.
_ROWS = 512


def jacobian_norms(layer: RNN, use: Use, number: int, samples: int) -> np.ndarray:
    """‖∂s_T/∂s_t‖₂ of a state s in the order of processing, as the mean over some sequences.

    The rows of the Jacobians come from one backward pass over copies of the sequences, a copy for each element of s_T.
    """
    batch = min(samples, use.x.shape[0])
    units = use.start[number].shape[-1]
    at_once = max(1, _ROWS // batch)
    parts = []
    for first in range(0, units, at_once):
        wanted = np.eye(units, dtype=use.start[number].dtype)[first : first + at_once]
        steps, own = _run_again(layer, use, batch, len(wanted)).place(number)
        steps[-1].carried[own].backward(Tensor(np.tile(wanted, (batch, 1))))
        parts.append([step.gradient(own).reshape(batch, len(wanted), units) for step in steps])
    rows = (np.concatenate(step, axis=1) for step in zip(*parts, strict=True))
    return np.array([np.linalg.norm(jacobian, 2, axis=(1, 2)).mean() for jacobian in rows], np.float64)


def _run_again(layer: RNN, use: Use, batch: int, copies: int) -> Use:
    """The same run of the layer's cells over `copies` of each of the first `batch` sequences."""

    def repeated(tensor: Tensor) -> Tensor:
        return Tensor(np.repeat(tensor.numpy()[:batch], copies, axis=0))

    states = pack_as(layer.get_initial_state(1), [repeated(state) for state in use.start])
    mask = None if use.mask is None else repeated(use.mask)
    recorder = Recorder([])
    with layer.observed(recorder):
        layer._run(repeated(use.x), states, mask, False)
    return recorder.uses[0]


def spectral_radii(cell: Any) -> dict[str, float]:
    """By block of the recurrent matrix, the largest magnitude of an eigenvalue; nothing for a cell without one."""
    kernel = getattr(cell, "recurrent_kernel", None)
    if not isinstance(kernel, Tensor):
        return {}
    matrix = np.asarray(kernel.numpy(), np.float64)
    if matrix.ndim != 2 or not matrix.size or matrix.shape[1] % matrix.shape[0]:
        return {}
    blocks = np.split(matrix, matrix.shape[1] // matrix.shape[0], axis=1)
    default = ["h"] if len(blocks) == 1 else [f"block {i + 1}" for i in range(len(blocks))]
    names = block_names(cell, len(blocks)) or default
    return {name: _largest_eigenvalue(block) for name, block in zip(names, blocks, strict=True)}


def _largest_eigenvalue(matrix: np.ndarray) -> float:
    return float(np.abs(np.linalg.eigvals(matrix)).max()) if np.isfinite(matrix).all() else float("nan")
