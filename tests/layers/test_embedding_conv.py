"""An embedding in front of a convolution: computed from the table, equal to the convolution of the rows looked up."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import recurra
from recurra import _engine, config, layers, ops

CASES = [
    # batch, time, vocabulary, features, filters, taps, stride, dilation, padding, activation
    (8, 60, 50, 40, 32, 5, 1, 1, "valid", "relu"),
    (12, 71, 60, 33, 19, 4, 1, 1, "same", "tanh"),
    (6, 64, 90, 48, 70, 3, 2, 1, "same", "silu"),
    (4, 90, 30, 40, 16, 6, 1, 3, "causal", "linear"),
    (41, 64, 40, 32, 9, 7, 3, 1, "valid", "sigmoid"),
]


def arrays(case: tuple[Any, ...], dtype: str) -> tuple[np.ndarray, list[np.ndarray]]:
    batch, time, vocabulary, features, filters, taps = case[:6]
    rng = np.random.default_rng(sum(case[:6]))
    # Some words occur often, some once, some never.
    words = np.minimum(rng.zipf(1.3, (batch, time)), vocabulary) - 1
    shapes = [(vocabulary, features), (taps, features, filters), (filters,)]
    return words.astype(np.int32), [rng.standard_normal(shape).astype(dtype) for shape in shapes]


def leaves(given: list[np.ndarray]) -> list[Any]:
    tensors = [_engine.Tensor(array).clone() for array in given]
    for tensor in tensors:
        tensor.requires_grad = True
    return tensors


def convolved(case: tuple[Any, ...], dtype: str, from_table: bool) -> list[np.ndarray]:
    """Outputs and gradients of table, kernel and bias."""
    words, given = arrays(case, dtype)
    table, kernel, bias = leaves(given)
    rows = ops.embedding(words, table)
    if not from_table:
        rows.numpy()
    y = _engine.conv1d(rows, kernel, bias, case[6], case[7], 1, case[8], case[9])
    y.backward(_engine.Tensor(np.cos(np.arange(y.size)).reshape(y.shape).astype(dtype)))
    assert rows.is_pending == from_table
    return [np.array(y.numpy()), *(np.array(tensor.grad.numpy()) for tensor in (table, kernel, bias))]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_equals_the_convolution_of_the_rows(case: tuple[Any, ...], dtype: str) -> None:
    tolerance = {"float32": 1e-5, "float64": 1e-13}[dtype]
    for ours, reference in zip(convolved(case, dtype, True), convolved(case, dtype, False), strict=True):
        np.testing.assert_allclose(ours, reference, atol=tolerance * np.abs(reference).max())


@pytest.mark.usefixtures("threads_restored")
def test_any_number_of_threads_gives_the_same_bits() -> None:
    case = (32, 200, 900, 64, 32, 7, 1, 1, "valid", "relu")
    config.set_num_threads(1)
    one = convolved(case, "float32", True)
    for count in (2, 3, 4, 7):
        config.set_num_threads(count)
        for ours, reference in zip(convolved(case, "float32", True), one, strict=True):
            assert np.array_equal(ours, reference)


def test_branches_and_readers_of_one_embedding_add_up() -> None:
    case = CASES[0]
    words, (given_table, given_kernel, _) = arrays(case, "float64")
    other_kernel = np.random.default_rng(3).standard_normal((3, *given_kernel.shape[1:]))
    gradients = []
    for from_table in (True, False):
        table, first, second = leaves([given_table, given_kernel, other_kernel])
        rows = ops.embedding(words, table)
        if not from_table:
            rows.numpy()
        outputs = [_engine.conv1d(rows, kernel) for kernel in (first, second)]
        assert rows.is_pending == from_table
        total = ops.sum(outputs[0] * outputs[0]) + ops.sum(outputs[1]) + ops.sum(rows * rows)
        total.backward()
        gradients.append([np.array(tensor.grad.numpy()) for tensor in (table, first, second)])
    for ours, reference in zip(*gradients, strict=True):
        np.testing.assert_allclose(ours, reference, rtol=1e-10, atol=1e-10 * np.abs(reference).max())


def test_gradient_of_the_rows_can_be_had() -> None:
    case = CASES[0]
    words, given = arrays(case, "float64")
    found = []
    for from_table in (True, False):
        table, kernel, bias = leaves(given)
        rows = ops.embedding(words, table)
        if not from_table:
            rows.numpy()
        y = _engine.conv1d(rows, kernel, bias)
        rows.retain_grad()
        ops.sum(y * y).backward()
        found.append([np.array(rows.grad.numpy()), np.array(table.grad.numpy())])
    for ours, reference in zip(*found, strict=True):
        np.testing.assert_allclose(ours, reference, atol=1e-11 * np.abs(reference).max())


def change_by_assign(table: Any, _: Any) -> None:
    table.assign(np.zeros(table.shape))


def change_by_view(table: Any, _: Any) -> None:
    table.numpy()[...] = 0


def change_by_optimizer(table: Any, optimizer: Any) -> None:
    optimizer.apply([np.array(table)])


def change_by_dlpack(table: Any, _: Any) -> None:
    np.from_dlpack(table.numpy())[...] = 0


@pytest.mark.parametrize("change", [change_by_assign, change_by_view, change_by_optimizer, change_by_dlpack])
def test_rows_are_those_of_the_moment_of_the_lookup(change: Any) -> None:
    rng = np.random.default_rng(0)
    table = recurra.Variable(rng.standard_normal((7, 3)))
    optimizer = recurra.optimizers.SGD(1.0)
    optimizer.build([table])
    words = np.array([[1, 5, 6], [0, 1, 1]])
    expected = np.array(table.numpy())[words]
    rows = ops.embedding(words, table)
    assert rows.is_pending
    words[...] = 0  # an array given as indices may be used again
    change(table, optimizer)
    assert not table.numpy().any()
    np.testing.assert_array_equal(rows.numpy(), expected)


def test_a_table_that_others_can_write_to_is_read_at_once() -> None:
    table = recurra.Variable(np.ones((4, 2), np.float32))
    view = table.numpy()
    rows = ops.embedding([0, 3], table)
    view[...] = 5
    assert rows.numpy().tolist() == [[1, 1], [1, 1]]
    del view
    assert ops.embedding([0, 3], table).is_pending
    borrowed = _engine.Tensor(np.ones((4, 2), np.float32))
    assert not ops.embedding([0, 3], borrowed).is_pending


def test_a_table_changed_before_the_way_back_gives_the_gradients_of_the_rows_used() -> None:
    case = CASES[0]
    words, given = arrays(case, "float64")
    gradients = []
    for from_table in (True, False):
        table, kernel = (recurra.Variable(array) for array in given[:2])
        rows = ops.embedding(words, table)
        if not from_table:
            rows.numpy()
        y = _engine.conv1d(rows, kernel)
        table.assign(np.zeros(table.shape))
        ops.sum(y * y).backward()
        assert kernel.grad is not None
        gradients.append(np.array(kernel.grad.numpy()))
    np.testing.assert_allclose(gradients[0], gradients[1], rtol=1e-10)


class Subclassed(recurra.models.Model):
    def __init__(self) -> None:
        super().__init__()
        self.embedding = layers.Embedding(50, 40)
        self.convolution = layers.Conv1D(32, 5, activation="relu")
        self.seen: list[bool] = []

    def call(self, inputs: Any) -> Any:
        rows = self.embedding(inputs)
        y = self.convolution(rows)
        self.seen.append(rows.is_pending)
        return y


def test_models_use_the_table() -> None:
    model = Subclassed()
    words = np.random.default_rng(0).integers(0, 50, (16, 60))
    y = model(words)
    assert model.seen == [True]
    rows = np.array(model.embedding.embeddings.numpy())[words]
    np.testing.assert_allclose(y.numpy(), model.convolution(rows).numpy(), atol=1e-6)


@pytest.mark.usefixtures("threads_restored")
def test_a_steady_training_loop_allocates_nothing() -> None:
    config.set_num_threads(1)  # with more, how many blocks are under way at once is a matter of time
    model = recurra.models.Sequential(
        [layers.Embedding(300, 64), layers.Conv1D(32, 5, activation="relu"), layers.GlobalMaxPooling1D()]
    )
    model.compile("rmsprop", "mse")
    rng = np.random.default_rng(0)
    words, targets = rng.integers(0, 300, (32, 80)), rng.standard_normal((32, 32)).astype(np.float32)
    for _ in range(3):
        model.train_on_batch(words, targets)
    before = _engine.memory_statistics()["requests"]
    for _ in range(10):
        model.train_on_batch(words, targets)
    assert _engine.memory_statistics()["requests"] == before
