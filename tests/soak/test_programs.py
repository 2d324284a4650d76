"""Programs of many kinds, each a process of its own, that must end well: threads, forks, odd settings, exits."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import recurra
from tests.support.places import ROOT

SLOW = pytest.mark.slow
PACKAGE = Path(recurra.__file__).parent

PREFIX = """
import numpy as np, recurra, sys, os, threading, time
from recurra import Input, Sequential, layers
def network(units=8):
    model = Sequential([Input((6, 3)), layers.LSTM(units), layers.Dense(1)])
    model.compile("adam", "mse")
    return model
x, y = np.ones((16, 6, 3), "float32"), np.ones((16, 1), "float32")
"""


def run(code: str, *options: str, prefix: bool = True, **environment: str) -> subprocess.CompletedProcess[str]:
    text = (PREFIX if prefix else "") + textwrap.dedent(code)
    own = {**os.environ, "PYTHONPATH": os.pathsep.join([str(PACKAGE.parent), str(ROOT)]), **environment}
    return subprocess.run(
        [sys.executable, *options, "-c", text], env=own, capture_output=True, text=True, timeout=300, cwd=ROOT
    )


def ends_well(done: subprocess.CompletedProcess[str], out: str | None = None) -> None:
    assert done.returncode == 0, f"{done.returncode}: {done.stderr[-2000:]}"
    if out is not None:
        assert done.stdout.strip() == out


EXITS = {
    "live objects": "model = network(); model.fit(x, y, verbose=0); t = model(x); s = model.streaming(); v = t.numpy()",
    "a cycle with tensors": "a = [recurra.Tensor(x)]; a.append(a); m = network(); m.me = [m]; m.fit(x, y, verbose=0)",
    "a global stream": "import builtins; builtins.kept = network().streaming(4); kept.step(x[:4, 0])",
    "an open graph": "w = recurra.Variable(np.ones((3, 3))); z = w\nfor _ in range(2000): z = z * 1.0 + 0.0",
    "an error": "m = network(); m.fit(x, y, verbose=0); sys.exit(0)",
    "exit handlers": "import atexit; m = network(); atexit.register(lambda: m.predict(x, verbose=0))",
    "a finished thread": "t = threading.Thread(target=lambda: network().fit(x, y, verbose=0)); t.start(); t.join()",
    "os._exit in a child": """
m = network(); m.fit(x, y, verbose=0)
if os.fork() == 0:
    m.predict(x, verbose=0)
    os._exit(0)
assert os.wait()[1] == 0
""",
}


@pytest.mark.parametrize("name", EXITS)
def test_the_interpreter_exits(name):
    ends_well(run(EXITS[name], "-X", "dev"))


DAEMONS = {
    "predict": "m = network(32); act = lambda: m.predict(x, verbose=0)",
    "fit": "m = network(32); act = lambda: m.fit(x, y, verbose=0)",
    "ops": "t = recurra.Tensor(np.ones((400, 400), 'f')); act = lambda: recurra.ops.matmul(t, t)",
    "stream": "m = network(32); act = lambda: m.streaming(16).process(x)",
}


@pytest.mark.parametrize("rounds", [1, pytest.param(8, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", DAEMONS)
def test_the_interpreter_exits_under_daemon_threads(name, rounds):
    code = f"""
    {DAEMONS[name]}
    def loop():
        while True:
            act()
    for _ in range(2):
        threading.Thread(target=loop, daemon=True).start()
    time.sleep(0.3)
    """
    for _ in range(rounds):
        ends_well(run(code))


def test_every_module_is_imported_without_a_warning():
    code = """
    import importlib, pkgutil, recurra
    count = 0
    for found in pkgutil.walk_packages(recurra.__path__, "recurra."):
        if "_engine_" in found.name or found.name.endswith("__main__"):
            continue
        importlib.import_module(found.name)
        count += 1
    assert count > 100
    """
    ends_well(run(code, "-X", "dev", "-W", "error", prefix=False))


HASH = """
recurra.random.set_seed(1)
m = network(24)
m.fit(x, y, epochs=2, verbose=0)
import hashlib
print(hashlib.sha256(b"".join(w.tobytes() for w in m.get_weights())).hexdigest())
"""
SETTINGS = [
    {"OMP_NUM_THREADS": "1"},
    {"OMP_NUM_THREADS": "3"},
    {"OMP_NUM_THREADS": "64"},
    {"OMP_NUM_THREADS": "0"},
    {"OMP_NUM_THREADS": "many"},
    {"OMP_NUM_THREADS": "2,2"},
    {"OMP_DYNAMIC": "true"},
    {"OMP_SCHEDULE": "dynamic,1"},
    {"OMP_WAIT_POLICY": "active"},
    {"OMP_PROC_BIND": "spread", "OMP_PLACES": "threads"},
    {"OMP_THREAD_LIMIT": "1"},
    {"OMP_MAX_ACTIVE_LEVELS": "0"},
    {"OMP_STACKSIZE": "64k"},
    {"LC_ALL": "tr_TR.UTF-8"},
    {"LC_ALL": "C", "PYTHONUTF8": "0"},
    {"PYTHONMALLOC": "debug"},
    {"PYTHONHASHSEED": "7"},
]


@pytest.mark.slow
def test_odd_settings_change_no_bit():
    found = {}
    for setting in SETTINGS:
        done = run(HASH, **setting)
        ends_well(done)
        found[str(setting)] = done.stdout.split()[-1]
    assert len(set(found.values())) == 1, found


FORKS = {
    "fork after training": """
    m = network(); m.fit(x, y, verbose=0); expected = m.predict(x, verbose=0)
    for _ in range(8):
        child = os.fork()
        if child == 0:
            same = np.array_equal(m.predict(x, verbose=0), expected)
            m.fit(x, y, verbose=0)
            os._exit(0 if same else 1)
        assert os.waitpid(child, 0)[1] == 0
    """,
    "fork beside a busy thread": """
    m, other = network(), network()
    stop = threading.Event()
    def busy():
        while not stop.is_set():
            other.predict(x, verbose=0)
    thread = threading.Thread(target=busy); thread.start()
    for _ in range(8):
        child = os.fork()
        if child == 0:
            m.predict(x, verbose=0); os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
    stop.set(); thread.join()
    """,
    "pools": """
    import multiprocessing as mp
    m = network(); expected = m.predict(x, verbose=0)
    with mp.get_context("fork").Pool(2) as pool:
        for found in pool.map(lambda_free, [m] * 6):
            assert np.array_equal(found, expected)
    """,
}


@pytest.mark.parametrize("name", FORKS)
def test_forks(name):
    helper = "def lambda_free(model):\n    return model.predict(x, verbose=0)\n"
    ends_well(run(helper + textwrap.dedent(FORKS[name]), "-W", "ignore::DeprecationWarning"))


@pytest.mark.parametrize("backend", ["threading", *(pytest.param(b, marks=SLOW) for b in ("loky", "multiprocessing"))])
def test_joblib(backend):
    pytest.importorskip("joblib")
    code = f"""
    import joblib
    from tests.soak.test_programs import predicted
    m = network(); expected = m.predict(x, verbose=0)
    found = joblib.Parallel(n_jobs=2, backend={backend!r})(joblib.delayed(predicted)(m, x) for _ in range(6))
    assert all(np.array_equal(one, expected) for one in found)
    """
    ends_well(run(code))


def predicted(model, x):
    return model.predict(x, verbose=0)


THREADS = {
    "one model, many readers": """
    m = network(16); expected = m.predict(x, verbose=0)
    def work(): return all(np.array_equal(m.predict(x, verbose=0), expected) for _ in range(ROUNDS))
    """,
    "a training each": """
    recurra.random.set_seed(0); first = network()
    weights = first.get_weights()
    def work():
        own = network(); own.set_weights(weights)
        own.fit(x, y, epochs=ROUNDS, shuffle=False, verbose=0)
        return own.get_weights()[0].tobytes()
    """,
    "models made and dropped": """
    def work(): return all(network(4 + n % 3).predict(x, verbose=0).shape == (16, 1) for n in range(ROUNDS))
    """,
    "a stream each": """
    m = network(16); expected = m.streaming(16).process(x)
    def work(): return all(np.array_equal(m.streaming(16).process(x), expected) for _ in range(ROUNDS))
    """,
    "files": """
    import tempfile
    from recurra import saving
    folder = tempfile.mkdtemp(); m = network(); path = folder + "/m.safetensors"; m.save(path)
    def work():
        for _ in range(ROUNDS // 4 + 1):
            m.save(path); saving.load_model(path)
        return os.listdir(folder) == ["m.safetensors"] or len(os.listdir(folder)) < 9
    """,
}


@pytest.mark.parametrize("rounds", [10, pytest.param(300, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", THREADS)
def test_threads(name, rounds):
    code = (
        f"ROUNDS = {rounds}\n"
        + textwrap.dedent(THREADS[name])
        + textwrap.dedent(
            """
            from concurrent.futures import ThreadPoolExecutor
            with ThreadPoolExecutor(6) as pool:
                found = [done.result() for done in [pool.submit(work) for _ in range(12)]]
            assert len(set(found)) == 1 and found[0], found
            """
        )
    )
    ends_well(run(code, OMP_NUM_THREADS="2"))
