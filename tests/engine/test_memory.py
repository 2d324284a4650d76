"""Memory: a steady loop asks the system for nothing, and the process does not grow."""

from __future__ import annotations

import gc
import sys
import weakref

import numpy as np
import pytest

from recurra import _engine


def resident() -> int:
    """Bytes of this process in memory."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * 4096


def requests() -> int:
    return int(_engine.memory_statistics()["requests"])


def test_tensor_borrows_the_array() -> None:
    array = np.arange(12, dtype=np.float32).reshape(3, 4)
    tensor = _engine.Tensor(array)
    array[1, 2] = 50
    assert tensor.numpy()[1, 2] == 50
    assert np.shares_memory(tensor.numpy(), array)


def test_array_keeps_the_tensor_alive() -> None:
    array = _engine.random_uniform((1000,), 1, 0).numpy()
    copy = array.copy()
    gc.collect()
    _engine.random_uniform((1000,), 2, 0)  # would take the buffer, were it free
    assert np.array_equal(array, copy)


def test_tensor_keeps_the_array_alive_no_longer_than_needed() -> None:
    class Watched(np.ndarray):
        pass

    array = np.zeros(5, np.float32).view(Watched)
    watch = weakref.ref(array)
    tensor = _engine.Tensor(array)
    del array
    assert watch() is not None
    del tensor
    gc.collect()
    assert watch() is None


def test_buffers_are_reused() -> None:
    for _ in range(3):
        _engine.random_uniform((257, 3), 1, 0)
    before = requests()
    for _ in range(100):
        _engine.random_uniform((257, 3), 1, 0)
    assert requests() == before


def test_use_returns_to_where_it_was() -> None:
    before = _engine.memory_statistics()["in_use"]
    tensors = [_engine.random_uniform((1000,), 1, i) for i in range(10)]
    assert _engine.memory_statistics()["in_use"] >= before + 40_000
    del tensors
    assert _engine.memory_statistics()["in_use"] == before
    _engine.trim_memory()
    assert _engine.memory_statistics()["cached"] == 0


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_resident_size_stays_flat() -> None:
    def work(steps: int) -> None:
        for step in range(steps):
            _engine.Tensor(np.ones((64, 64), np.float32)).clone().numpy()
            _engine.random_normal((64, 65), 1, step)

    work(500)
    gc.collect()
    before = resident()
    work(10_000)
    gc.collect()
    assert resident() - before < 2**20
