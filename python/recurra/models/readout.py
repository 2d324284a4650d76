"""A readout fitted in closed form: ridge regression on what the layers below the last one put out."""

from __future__ import annotations

from typing import Any

import numpy as np

from recurra.checks import number, whole_number
from recurra.layers import Dense
from recurra.layers.masks import mask_of
from recurra.models.data.feed import feed_of
from recurra.models.data.reader import Reader
from recurra.models.sequential import Sequential
from recurra.tensor import Tensor, no_grad


def fit_readout(
    model: Sequential,
    x: Any,
    y: Any = None,
    *,
    alpha: float = 1e-6,
    washout: int = 0,
    batch_size: int | None = None,
    sample_weight: Any = None,
    steps: int | None = None,
    lengths: Any = None,
) -> float:
    """Fits the last layer of a model, a linear `Dense`, in closed form in one pass over the data.

        W = argmin Σ (f W + b - y)² + alpha ‖W‖²,  f the input of the last layer

    The bias is not penalised. The normal equations are summed up in float64 batch by batch, so that memory does not
    grow with the data. Layers below stay as they are; those that are stateful go on from batch to batch.

    Args:
        model: A Sequential model whose last layer is a `Dense` without activation, such as `EchoState`, `Dense`.
        x: Inputs, or a source of batches (x, y), as `fit` takes them.
        y: Targets (B, T, O), or (B, O) where the layer below gives no sequences.
        alpha: The penalty, at least 0; default 1e-6.
        washout: Steps at the beginning of each sequence that are left out, while the first state fades; default 0. In a
            stateful model they are left out of the first batch only.
        batch_size: Sequences in a batch, default 32.
        sample_weight: Weights of sequences (B,) or of steps (B, T).
        steps: Batches to take from a source; by default all of them.
        lengths: How many steps of each sequence count, (B,). Steps that are masked do not count either.

    Returns:
        The mean squared error over what was fitted.

    Raises:
        TypeError, ValueError: The model has another last layer, data do not fit, nothing is left to fit, or the
            equations have no single solution.

    Example:
        >>> t = np.arange(400.0)
        >>> x, y = np.sin(0.2 * t)[None, :, None], np.sin(0.2 * t + 1)[None, :, None]
        >>> layers = recurra.layers
        >>> model = recurra.Sequential([layers.EchoState(30, return_sequences=True, seed=1), layers.Dense(1)])
        >>> error = recurra.models.fit_readout(model, x, y, washout=50)
        >>> bool(error < 1e-4)
        True

    Source: Lukoševičius, A Practical Guide to Applying Echo State Networks, 2012.
    """
    alpha, washout = number(alpha, "fit_readout", "alpha", least=0), whole_number(washout, "fit_readout", "washout", 0)
    dense = _readout_of(model)
    reader = Reader(model, builds=True, open_time=True)
    feed = feed_of(reader, "fit_readout", x, y, sample_weight, batch_size, steps, lengths)
    carries = any(getattr(layer, "stateful", False) for layer in model.layers)
    sums = _Sums()
    for batch, (inputs, targets, weights) in enumerate(feed.epoch()):
        if targets is None:
            raise ValueError("fit_readout: the data have no targets; give y, or batches (x, y)")
        f = _features(model, inputs)
        sums.add(*_rows(f, targets, weights, dense.units, 0 if carries and batch else washout))
    kernel, bias, error = sums.solution(alpha, dense.use_bias)
    dense.set_weights([kernel, bias] if dense.use_bias else [kernel])
    return error


def _readout_of(model: Any) -> Dense:
    """The last layer of a model, which is to be fitted."""
    if not isinstance(model, Sequential):
        raise TypeError(f"fit_readout: expected a Sequential model, got {type(model).__name__}")
    last = model.layers[-1] if model.layers else None
    if not isinstance(last, Dense) or getattr(last.activation, "__name__", "") != "linear" or len(model.layers) < 2:
        what = "none" if last is None else f"{type(last).__name__} '{last.name}'"
        raise ValueError(
            f"fit_readout: the last layer must be a Dense without activation, behind other layers, got {what}"
        )
    return last


def _features(model: Sequential, inputs: Any) -> Tensor:
    """What the last layer reads, with its mask."""
    features = inputs if isinstance(inputs, Tensor) else Tensor(inputs)
    with no_grad():
        for layer in model.layers[:-1]:
            features = layer(features)
    return features


def _rows(
    features: Tensor, targets: Any, weights: Any, units: int, washout: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Inputs (N, U) and targets (N, O) of a readout, and weights (N,), of what counts."""
    f, y, mask = features.numpy().astype(np.float64), np.asarray(targets, dtype=np.float64), mask_of(features)
    if y.ndim == f.ndim - 1 and units == 1:
        y = y[..., None]
    if y.shape != (*f.shape[:-1], units):
        raise ValueError(
            f"fit_readout: expected targets of shape {(*f.shape[:-1], units)} for these inputs, got {y.shape}"
        )
    if washout and f.ndim < 3:
        raise ValueError("fit_readout: washout leaves out steps, but the layer below the last one gives no sequences")
    counts = np.ones(f.shape[:-1]) if weights is None else np.asarray(weights, dtype=np.float64)
    counts = np.broadcast_to(counts.reshape(counts.shape + (1,) * (f.ndim - 1 - counts.ndim)), f.shape[:-1]).copy()
    if mask is not None:
        counts *= mask.numpy()
    if f.ndim == 3:
        counts[:, :washout] = 0
    there = counts.ravel() > 0
    return f.reshape(-1, f.shape[-1])[there], y.reshape(-1, units)[there], counts.ravel()[there]


class _Sums:
    """The normal equations of a linear regression with an intercept, in float64."""

    def __init__(self) -> None:
        self.products: Any = 0.0  # of [f, 1] and [f, 1, y]
        self.squares = self.weight = 0.0

    def add(self, f: np.ndarray, y: np.ndarray, weights: np.ndarray) -> None:
        wide = np.concatenate([f, np.ones((len(f), 1))], axis=1)
        self.products = self.products + (wide * weights[:, None]).T @ np.concatenate([wide, y], axis=1)
        self.squares += float((weights[:, None] * y**2).sum())
        self.weight += float(weights.sum())

    def solution(self, alpha: float, use_bias: bool) -> tuple[np.ndarray, np.ndarray, float]:
        """Kernel (U, O), bias (O,), and the mean squared error."""
        if self.weight == 0:
            raise ValueError("fit_readout: nothing is left to fit; washout, masks and weights leave out every step")
        units = len(self.products) - 1
        rows = units + 1 if use_bias else units
        left, right = self.products[:rows, :rows].copy(), self.products[:rows, units + 1 :]
        left[np.arange(units), np.arange(units)] += alpha
        if alpha == 0 and np.linalg.matrix_rank(left, hermitian=True) < rows:
            raise ValueError("fit_readout: the equations have no single solution; give an alpha above 0, or more data")
        both = np.linalg.solve(left, right)
        fitted = self.products[:rows, :rows]
        total = self.squares - 2 * float((both * right).sum()) + float((both * (fitted @ both)).sum())
        bias = both[units] if use_bias else np.zeros(right.shape[1])
        return both[:units], bias, max(0.0, total) / (self.weight * right.shape[1])
