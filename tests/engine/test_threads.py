"""Threads: any number gives the same bits, a fork does not hang, nobody's floating-point mode changes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator

import numpy as np
import pytest

from recurra import _engine, config

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork()")

MANY = (500, 1000)  # elements enough that a loop over them goes parallel


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    before = config.num_threads()
    yield
    config.set_num_threads(before)


def parallel_op(seed: int = 1) -> np.ndarray:
    return _engine.random_normal(MANY, seed, 0).numpy()


def test_any_number_of_threads_gives_the_same_bits() -> None:
    config.set_num_threads(1)
    one = parallel_op()
    for count in (2, 3, 4, 7):
        config.set_num_threads(count)
        assert np.array_equal(parallel_op(), one)


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_forked_child_computes_without_hanging() -> None:
    config.set_num_threads(2)
    expected = parallel_op()
    child = os.fork()
    if child == 0:
        signal.alarm(20)  # a child that hangs dies, and the parent sees it
        same = np.array_equal(parallel_op(), expected) and config.num_threads() == 1
        os._exit(0 if same else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert config.num_threads() == 2
    assert np.array_equal(parallel_op(), expected)


def test_python_threads_compute_at_the_same_time() -> None:
    expected = [parallel_op(seed) for seed in range(4)]
    results: dict[int, np.ndarray] = {}
    workers = [threading.Thread(target=lambda s=s: results.update({s: parallel_op(s)})) for s in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for seed in range(4):
        assert np.array_equal(results[seed], expected[seed])


def test_denormals_survive_outside_the_engine() -> None:
    tiny = np.full(1000, 1e-310)
    for count in (1, 2):
        config.set_num_threads(count)
        parallel_op()
        assert np.all(tiny * 2 > 0)


def test_environment_bounds_the_default() -> None:
    code = "from recurra import config; print(config.num_threads())"
    for count in (1, 2):
        environment = {**os.environ, "OMP_NUM_THREADS": str(count)}
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
        assert int(done.stdout) <= count, done.stderr
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert int(done.stdout) == 1, done.stderr


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs sched_setaffinity()")
def test_affinity_bounds_the_default() -> None:
    code = (
        "import os; os.sched_setaffinity(0, [min(os.sched_getaffinity(0))]);"
        "from recurra import config; print(config.num_threads())"
    )
    environment = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert int(done.stdout) == 1, done.stderr
