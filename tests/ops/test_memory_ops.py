"""Ops of heads on a memory against plain NumPy, their gradients against central differences, and what they refuse."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import recurra
from recurra import ops
from recurra.gradient_check import check_gradients
from tests.support import reference_memory

# name: batch, heads, width, slots, shifts
SIZES: dict[str, tuple[int, int, int, int, int]] = {
    "plain": (2, 3, 5, 11, 3),
    "one of each": (1, 1, 1, 1, 1),
    "no shift": (2, 1, 3, 6, 1),
    "window as wide as the memory": (2, 2, 3, 5, 5),
    "whole vectors": (3, 2, 4, 16, 3),
    "blocks, vectors and a rest": (2, 2, 9, 43, 5),
}
NAMES = ["memory", "key", "strength", "gate", "shift", "sharpening", "previous_weights"]


def operands(name: str, dtype: str = "float64") -> dict[str, np.ndarray]:
    B, H, M, N, S = SIZES[name]
    rng = np.random.default_rng([*name.encode()])
    drawn = {
        "memory": rng.standard_normal((B, M, N)),
        "key": rng.standard_normal((B, H, M)),
        "strength": 3 * rng.random((B, H)),
        "gate": rng.random((B, H)),
        "shift": reference_memory.softmax(rng.standard_normal((B, H, S))),
        "sharpening": 1 + 2 * rng.random((B, H)),
        "previous_weights": reference_memory.softmax(rng.standard_normal((B, H, N))),
        "weights": reference_memory.softmax(rng.standard_normal((B, H, N))),
        "erase": rng.random((B, H, M)),
        "add": rng.standard_normal((B, H, M)),
    }
    return {key: value.astype(dtype) for key, value in drawn.items()}


def raw_parameters(name: str, reads: int, dtype: str = "float64") -> np.ndarray:
    B, H, M, _, S = SIZES[name]
    rng = np.random.default_rng([7, *name.encode()])
    return rng.standard_normal((B, H * (M + S + 3) + (H - reads) * 2 * M)).astype(dtype)


def close(found: Any, expected: np.ndarray, dtype: str) -> None:
    assert found.dtype == dtype
    np.testing.assert_allclose(found.numpy(), expected, rtol=0, atol=3e-6 if dtype == "float32" else 1e-13)


@pytest.mark.parametrize("name", SIZES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_values(name: str, dtype: str) -> None:
    x = operands(name)
    given = {key: value.astype(dtype) for key, value in x.items()}
    expected = reference_memory.address(*(x[key] for key in NAMES))
    close(ops.memory_addressing(*(given[key] for key in NAMES)), expected, dtype)
    close(ops.memory_read(given["memory"], given["weights"]), reference_memory.read(x["memory"], x["weights"]), dtype)
    write = ["memory", "weights", "erase", "add"]
    close(ops.memory_write(*(given[key] for key in write)), reference_memory.write(*(x[key] for key in write)), dtype)


@pytest.mark.parametrize("name", SIZES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_step_is_addressing_reading_and_writing(name: str, dtype: str) -> None:
    x = operands(name)
    heads, shifts = SIZES[name][1], SIZES[name][4]
    for reads in range(heads + 1):
        raw = raw_parameters(name, reads)
        expected = reference_memory.step(x["memory"], raw, x["previous_weights"], reads, shifts // 2)
        given = [array.astype(dtype) for array in (x["memory"], raw, x["previous_weights"])]
        for found, one in zip(ops.memory_step(*given, reads, shifts // 2), expected, strict=True):
            close(found, one, dtype)


@pytest.mark.parametrize("name", SIZES)
def test_gradients(name: str) -> None:
    x = operands(name)
    check_gradients(ops.memory_addressing, *(x[key] for key in NAMES))
    check_gradients(ops.memory_read, x["memory"], x["weights"])
    check_gradients(ops.memory_write, x["memory"], x["weights"], x["erase"], x["add"])


@pytest.mark.parametrize("output", [0, 1, 2, None])
@pytest.mark.parametrize("name", SIZES)
def test_gradients_of_a_step(name: str, output: int | None) -> None:
    x = operands(name)
    heads, shifts = SIZES[name][1], SIZES[name][4]
    reads = max(1, heads - 1)

    def step(*inputs: Any) -> Any:
        results = ops.memory_step(*inputs, reads, shifts // 2)
        return ops.concatenate([ops.reshape(one, (-1,)) for one in results]) if output is None else results[output]

    check_gradients(step, x["memory"], raw_parameters(name, reads), x["previous_weights"], step=4e-4)


def test_empty_slots_and_weights_of_zero_are_finite() -> None:
    """A memory and keys of zeros have no direction, and 0^γ no logarithm."""
    x = operands("plain", "float32")
    x["memory"][:], x["key"][:] = 0, 0
    x["previous_weights"][:] = np.eye(11, dtype="float32")[0]
    x["gate"][:] = 0
    x["shift"][:] = [0, 1, 0]
    x["sharpening"][:] = 50
    leaves = {key: recurra.Variable(x[key]) for key in NAMES}
    weights = ops.memory_addressing(**leaves)
    np.testing.assert_allclose(weights.numpy(), x["previous_weights"], atol=1e-6)
    ops.sum(weights * np.arange(11, dtype="float32")).backward()
    for key in NAMES:
        assert np.isfinite(leaves[key].grad.numpy()).all(), key


def test_large_strength_and_sharpening_do_not_overflow() -> None:
    x = operands("plain", "float32")
    x["strength"][:], x["sharpening"][:] = 1e6, 1e4
    weights = ops.memory_addressing(*(x[key] for key in NAMES)).numpy()
    assert np.isfinite(weights).all()
    np.testing.assert_allclose(weights.sum(-1), 1, atol=1e-5)


def test_a_shift_moves_weights_forth_and_around_the_end() -> None:
    x = operands("plain")
    x["gate"][:], x["sharpening"][:], x["shift"][:] = 0, 1, [0, 0, 1]
    found = ops.memory_addressing(*(x[key] for key in NAMES)).numpy()
    np.testing.assert_allclose(found, np.roll(x["previous_weights"], 1, axis=-1), atol=1e-10)


def test_same_bits_for_any_number_of_threads() -> None:
    rng = np.random.default_rng(0)
    memory = rng.standard_normal((40, 20, 128)).astype("float32")
    parameters = rng.standard_normal((40, 2 * 26 + 40)).astype("float32")
    weights = reference_memory.softmax(rng.standard_normal((40, 2, 128))).astype("float32")
    before, found = recurra.num_threads(), []
    try:
        for threads in (1, 2, 3):
            recurra.set_num_threads(threads)
            leaves = [recurra.Variable(one) for one in (memory, parameters, weights)]
            results = ops.memory_step(*leaves, 1, 1)
            again = ops.memory_step(results[2], leaves[1], results[1], 1, 1)
            ops.sum(again[0] * results[0]).backward()
            arrays = [*results, *again, *(leaf.grad for leaf in leaves)]
            found.append([one.numpy().tobytes() for one in arrays])
    finally:
        recurra.set_num_threads(before)
    assert found[1] == found[0]
    assert found[2] == found[0]


def test_in_a_graph() -> None:
    memory, weights = recurra.Input((4, 9)), recurra.Input((2, 9))
    model = recurra.Model([memory, weights], ops.memory_read(memory, weights))
    rng = np.random.default_rng(0)
    values = [rng.standard_normal((3, *shape)).astype("float32") for shape in ((4, 9), (2, 9))]
    np.testing.assert_array_equal(model.predict(values, verbose=0), ops.memory_read(*values).numpy())


WRONG: list[tuple[str, dict[str, tuple[int, ...]], str]] = [
    ("memory", {"memory": (2, 55)}, "memory"),
    ("empty memory", {"memory": (2, 5, 0), "previous_weights": (2, 3, 0)}, "at least one slot"),
    ("batch of the weights", {"previous_weights": (1, 3, 11)}, r"previous_weights \(2, heads, 11\)"),
    ("slots of the weights", {"previous_weights": (2, 3, 10)}, r"previous_weights \(2, heads, 11\)"),
    ("width of the key", {"key": (2, 3, 4)}, r"key of shape \(2, 3, 5\), got \(2, 3, 4\)"),
    ("heads of the strength", {"strength": (2, 2)}, r"strength of shape \(2, 3\)"),
    ("gate", {"gate": (2, 3, 1)}, r"gate of shape \(2, 3\)"),
    ("sharpening", {"sharpening": (3, 2)}, r"sharpening of shape \(2, 3\)"),
    ("even number of shifts", {"shift": (2, 3, 4)}, "odd number of shifts, got 4"),
    ("wide window", {"shift": (2, 3, 13)}, "at most the 11 slots of the memory, got 13"),
]


@pytest.mark.parametrize(("shapes", "message"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
def test_what_addressing_refuses(shapes: dict[str, tuple[int, ...]], message: str) -> None:
    x = operands("plain") | {name: np.zeros(shape) for name, shape in shapes.items()}
    with pytest.raises(ValueError, match=message) as raised:
        ops.memory_addressing(*(x[key] for key in NAMES))
    assert "\n" not in str(raised.value)


def test_what_the_others_refuse() -> None:
    x = operands("plain")
    raw = raw_parameters("plain", 2)
    with pytest.raises(ValueError, match=r"memory_read: expected weights \(2, heads, 11\)"):
        ops.memory_read(x["memory"], x["weights"][:, :, :5])
    with pytest.raises(ValueError, match=r"memory_write: expected erase of shape \(2, 3, 5\)"):
        ops.memory_write(x["memory"], x["weights"], x["erase"][:, :1], x["add"])
    with pytest.raises(ValueError, match="one head"):
        ops.memory_write(x["memory"], x["weights"][:, :0], x["erase"][:, :0], x["add"][:, :0])
    with pytest.raises(ValueError, match=r"parameters of shape \(2, 43\), got \(2, 42\)"):
        ops.memory_step(x["memory"], raw[:, 1:], x["previous_weights"], 2)
    with pytest.raises(ValueError, match="shift_range of at most 5"):
        ops.memory_step(x["memory"], raw, x["previous_weights"], 2, 6)
    with pytest.raises(ValueError, match="read_heads of at most the 3 heads"):
        ops.memory_step(x["memory"], raw, x["previous_weights"], 4)
    with pytest.raises(ValueError, match="float32"):
        ops.memory_read(x["memory"], x["weights"].astype("float32"))
