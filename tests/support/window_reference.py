"""Convolution and pooling as plain sums over taps, in NumPy."""

from __future__ import annotations

import numpy as np


def window(length: int, size: int, stride: int, dilation: int, padding: str) -> tuple[int, int]:
    """(padding in front, number of outputs) of a window over `length` steps."""
    span = (size - 1) * dilation + 1
    if padding == "valid":
        return 0, (length - span) // stride + 1
    outputs = -(-length // stride)
    if padding == "causal":
        return span - 1, outputs
    return max((outputs - 1) * stride + span - length, 0) // 2, outputs


def conv2d_reference(
    x: np.ndarray,
    kernel: np.ndarray,
    strides: tuple[int, int],
    dilations: tuple[int, int],
    groups: int,
    padding: str,
) -> np.ndarray:
    """y[b, i, j, o] = sum over taps and channels of x * kernel, zeros outside."""
    batch, height, width, _ = x.shape
    rows, columns, depth, filters = kernel.shape
    top, out_height = window(height, rows, strides[0], dilations[0], padding)
    left, out_width = window(width, columns, strides[1], dilations[1], padding)
    y = np.zeros((batch, out_height, out_width, filters), x.dtype)
    for o in range(filters):
        first = o // (filters // groups) * depth
        for i in range(out_height):
            for j in range(out_width):
                for k in range(rows):
                    for m in range(columns):
                        a = i * strides[0] + k * dilations[0] - top
                        b = j * strides[1] + m * dilations[1] - left
                        if 0 <= a < height and 0 <= b < width:
                            y[:, i, j, o] += x[:, a, b, first : first + depth] @ kernel[k, m, :, o]
    return y


def transpose_reference(
    x: np.ndarray, kernel: np.ndarray, stride: int, dilation: int, before: int, output: int
) -> np.ndarray:
    """Every input step lays its filters down at its place in the output."""
    batch, time, _ = x.shape
    taps, filters, _ = kernel.shape
    y = np.zeros((batch, output, filters), x.dtype)
    for t in range(time):
        for k in range(taps):
            place = t * stride + k * dilation - before
            if 0 <= place < output:
                y[:, place] += x[:, t] @ kernel[k].T
    return y


def pool2d_reference(
    x: np.ndarray, size: tuple[int, int], strides: tuple[int, int], padding: str, kind: str
) -> np.ndarray:
    """Maximum or mean over the part of every window that lies inside the image."""
    batch, height, width, channels = x.shape
    top, out_height = window(height, size[0], strides[0], 1, padding)
    left, out_width = window(width, size[1], strides[1], 1, padding)
    y = np.zeros((batch, out_height, out_width, channels), x.dtype)
    for i in range(out_height):
        for j in range(out_width):
            a, b = i * strides[0] - top, j * strides[1] - left
            part = x[:, max(a, 0) : a + size[0], max(b, 0) : b + size[1]]
            y[:, i, j] = part.max((1, 2)) if kind == "max" else part.mean((1, 2))
    return y
