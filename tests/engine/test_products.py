"""Matrix products of every shape that is computed in a way of its own, forward and backward, against NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from recurra import _engine, config, ops

SHAPES = [
    # rows, depth, columns
    (1, 5, 3),
    (3, 40, 1),
    (64, 7, 9),  # the right side is packed once
    (200, 33, 17),
    (130, 64, 256),
    (130, 64, 257),  # more columns: both sides are packed
    (1500, 20, 33),  # the kernel's gradient is summed over the rows
    (1100, 3, 8),
    (2600, 13, 40),
    (70, 9000, 8),  # too deep to pack once
    (1024, 300, 250),  # the kernel's gradient is too large to be summed in pieces
]


def made(shape: tuple[int, int, int], dtype: str) -> list[np.ndarray]:
    rows, depth, columns = shape
    rng = np.random.default_rng(rows + depth)
    sizes = [(rows, depth), (depth, columns), (columns,)]
    return [rng.standard_normal(size).astype(dtype) for size in sizes]


def run(function: Any, arrays: list[np.ndarray], cotangent: np.ndarray, before: float = 0.0) -> list[np.ndarray]:
    """The product and the gradients of its operands, added to `before`."""
    tensors = [_engine.Tensor(array) for array in arrays]
    for tensor in tensors:
        tensor.requires_grad = True
        tensor.grad = _engine.Tensor(np.full(tensor.shape, before, arrays[0].dtype))
    y = function(*tensors)
    y.backward(_engine.Tensor(cotangent))
    return [np.array(y.numpy()), *(np.array(tensor.grad.numpy()) for tensor in tensors)]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_products_and_their_gradients(shape: tuple[int, int, int], dtype: str) -> None:
    x, kernel, bias = made(shape, dtype)
    cotangent = np.random.default_rng(1).standard_normal((shape[0], shape[2])).astype(dtype)
    expected = [x @ kernel + bias, cotangent @ kernel.T + 2, x.T @ cotangent + 2, cotangent.sum(0) + 2]
    # A product of n terms is off by a few roundings of sqrt(n) terms.
    roundings = {"float32": 6e-8, "float64": 1.1e-16}[dtype] * 20 * np.sqrt(max(shape))
    dense = run(ops.dense, [x, kernel, bias], cotangent, before=2)
    matmul = run(ops.matmul, [x, kernel], cotangent, before=2)
    for ours, reference in [*zip(dense, expected, strict=True), *zip(matmul[1:], expected[1:3], strict=True)]:
        np.testing.assert_allclose(ours, reference, rtol=0, atol=roundings * max(1, np.abs(reference).max()))
    np.testing.assert_allclose(matmul[0], x @ kernel, rtol=0, atol=roundings * max(1, np.abs(matmul[0]).max()))


@pytest.mark.usefixtures("threads_restored")
@pytest.mark.parametrize("shape", [(200, 330, 60), (2600, 130, 40), (1024, 300, 250)], ids=str)
def test_any_number_of_threads_gives_the_same_bits(shape: tuple[int, int, int]) -> None:
    arrays = made(shape, "float32")
    cotangent = np.cos(np.arange(shape[0] * shape[2], dtype=np.float32)).reshape(shape[0], shape[2])
    config.set_num_threads(1)
    one = run(ops.dense, arrays, cotangent)
    for count in (2, 3, 4, 7):
        config.set_num_threads(count)
        assert all(map(np.array_equal, run(ops.dense, arrays, cotangent), one))
