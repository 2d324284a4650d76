"""A temporal convolutional network in plain NumPy, step by step as its equations stand."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray


def normalized_kernel(direction: Array, scale: Array) -> Array:
    """g·v / ‖v‖, a column for each output."""
    columns = direction.reshape(-1, direction.shape[-1])
    return direction * (scale / np.sqrt((columns**2).sum(axis=0)))


def convolution(x: Array, kernel: Array, bias: Array, dilation: int, padding: str) -> Array:
    """A dilated convolution of one sequence (T, C), as long as its input."""
    taps = len(kernel)
    span = (taps - 1) * dilation
    before = span if padding == "causal" else span // 2
    y = np.tile(bias, (len(x), 1)).astype(x.dtype)
    for t in range(len(x)):
        for k in range(taps):
            source = t + k * dilation - before
            if 0 <= source < len(x):
                y[t] += x[source] @ kernel[k]
    return y


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def layer_normalized(x: Array, gamma: Array, beta: Array, epsilon: float) -> Array:
    centred = x - x.mean(axis=-1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + epsilon) * gamma + beta


def batch_normalized(x: Array, layer: Any) -> Array:
    """With the moving statistics."""
    mean, variance, gamma, beta = (
        one.numpy() for one in (layer.moving_mean, layer.moving_variance, layer.gamma, layer.beta)
    )
    return (x - mean) / np.sqrt(variance + layer.epsilon) * gamma + beta


def block(x: Array, layer: Any, activation: Any) -> tuple[Array, Array]:
    """Output and branch of a `TemporalBlock` for one sequence, outside of training."""
    h = x
    for convolve, normalize in zip(layer.convolutions, layer.normalizations, strict=True):
        if layer.normalization == "weight":
            inner, kernel = (
                convolve.layer,
                normalized_kernel(convolve.layer.kernel.numpy(), convolve.kernel_scale.numpy()),
            )
        else:
            inner, kernel = convolve, convolve.kernel.numpy()
        h = convolution(h, kernel, inner.bias.numpy(), layer.dilation_rate, layer.padding)
        if layer.normalization == "layer":
            h = layer_normalized(h, normalize.gamma.numpy(), normalize.beta.numpy(), normalize.epsilon)
        elif layer.normalization == "batch":
            h = batch_normalized(h, normalize)
        h = h[:, : layer.filters] * sigmoid(h[:, layer.filters :]) if layer.use_gate else activation(h)
    around = x
    if layer.residual is not None:
        around = x @ layer.residual.kernel.numpy()[0] + layer.residual.bias.numpy()
    return activation(around + h), h


def network(x: Array, layer: Any, activation: Any) -> Array:
    """All steps of a `TCN` for one sequence (T, C), outside of training."""
    branches = []
    for one in layer.blocks:
        x, branch = block(x, one, activation)
        branches.append(branch)
    return sum(branches[1:], start=branches[0]) if layer.use_skip_connections else x
