"""Products and cross-entropies over many classes: blocks of columns, vectors of exponentials, the same bits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import recurra
from recurra import ops
from recurra.tensor import Tensor

WIDE = 4123  # several blocks of columns, and a rest that fills no vector


def drawn(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


@pytest.mark.parametrize("rows", [1, 9, 200])
@pytest.mark.parametrize("transposed", [False, True])
def test_dense_of_many_units(rows: int, transposed: bool) -> None:
    x, kernel, bias = drawn(rows, 23), drawn(23, WIDE, seed=1), drawn(WIDE, seed=2)
    given = kernel.T.copy() if transposed else kernel
    tensors = [Tensor(x), Tensor(given), Tensor(bias)]
    for tensor in tensors:
        tensor.requires_grad = True
    y = ops.dense(*tensors, transpose_kernel=transposed)
    np.testing.assert_allclose(y.numpy(), x.astype("float64") @ kernel + bias, atol=2e-5)
    dy = drawn(rows, WIDE, seed=3)
    y.backward(Tensor(dy))
    dx, dk, db = (np.asarray(tensor.grad.numpy(), "float64") for tensor in tensors)
    np.testing.assert_allclose(dx, dy.astype("float64") @ kernel.T, atol=2e-3)
    np.testing.assert_allclose(dk.T if transposed else dk, x.T.astype("float64") @ dy, atol=1e-4)
    np.testing.assert_allclose(db, dy.sum(0), atol=1e-4)


def test_a_row_has_the_bits_that_it_has_in_a_batch() -> None:
    x, kernel = drawn(150, 23), drawn(23, WIDE, seed=1)
    whole = ops.dense(x, kernel).numpy()
    for row in (0, 97, 149):
        np.testing.assert_array_equal(ops.dense(x[row : row + 1], kernel).numpy()[0], whole[row])


def test_matmul_of_many_columns_has_the_same_bits_on_any_number_of_threads() -> None:
    a, b = drawn(140, 37), drawn(37, WIDE, seed=1)
    before = recurra.num_threads()
    found: list[Any] = []
    try:
        for threads in (1, 2):
            recurra.set_num_threads(threads)
            found.append(ops.matmul(a, b).numpy().copy())
    finally:
        recurra.set_num_threads(before)
    np.testing.assert_array_equal(*found)
    np.testing.assert_allclose(found[0], a.astype("float64") @ b, atol=5e-5)


@pytest.mark.parametrize("classes", [1, 3, 16, 1003])
def test_crossentropy_of_logits(classes: int) -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(11, classes)).astype("float32") * 20
    target = rng.integers(0, classes, 11)
    exact = logits.astype("float64")
    shift = exact.max(1, keepdims=True) + np.log(np.exp(exact - exact.max(1, keepdims=True)).sum(1, keepdims=True))
    z = Tensor(logits)
    z.requires_grad = True
    losses = ops.sparse_categorical_crossentropy(target, z, from_logits=True)
    np.testing.assert_allclose(losses.numpy(), (shift[:, 0] - exact[np.arange(11), target]), atol=1e-4, rtol=1e-6)
    weight = rng.normal(size=11).astype("float32")
    losses.backward(Tensor(weight))
    expected = np.exp(exact - shift)
    expected[np.arange(11), target] -= 1
    np.testing.assert_allclose(z.grad.numpy(), expected * weight[:, None], atol=2e-6)
    one_hot = np.eye(classes, dtype="float32")[target]
    np.testing.assert_allclose(
        ops.categorical_crossentropy(one_hot, logits, from_logits=True).numpy(), losses.numpy(), atol=1e-4, rtol=1e-6
    )
