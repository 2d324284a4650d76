"""The engine and the life of the interpreter: threads at exit, interpreters besides the main one."""

from __future__ import annotations

import subprocess
import sys

import pytest

LOOPS = {
    "op": "ops.matmul(x, x)",
    "op of new arrays": "ops.tanh(np.ones((300, 300), 'float32')).numpy()",
    "model": "model.predict(sequences, verbose=0)",
    "call": "model(sequences)",
    "training": "model.train_on_batch(sequences, targets)",
}

PROGRAM = """
import threading, time, numpy as np, recurra
from recurra import layers, ops
x = np.ones((300, 300), "float32")
sequences, targets = np.ones((64, 20, 8), "float32"), np.zeros((64, 1), "float32")
model = recurra.Sequential([recurra.Input((20, 8)), layers.LSTM(32), layers.Dense(1)])
model.compile("sgd", "mse")
started = threading.Barrier({threads} + 1)
def work():
    {loop}
    started.wait()
    while True:
        {loop}
for _ in range({threads}):
    threading.Thread(target=work, daemon=True).start()
started.wait()
time.sleep(0.02)
"""


@pytest.mark.parametrize("loop", LOOPS)
def test_daemon_threads_in_the_engine_do_not_abort_the_process_at_exit(loop: str) -> None:
    threads = 1 if loop == "training" else 3
    program = PROGRAM.format(loop=LOOPS[loop], threads=threads)
    for _ in range(2):
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
        assert (done.returncode, done.stderr) == (0, "")


def test_import_in_a_subinterpreter_is_refused() -> None:
    interpreters = "_interpreters" if sys.version_info >= (3, 13) else "_xxsubinterpreters"
    pytest.importorskip(interpreters)
    attempt = (
        "try:\n    import recurra._engine\nexcept ImportError as error:\n"
        "    print('refused:', error)\nelse:\n    print('imported')"
    )
    program = f"import {interpreters} as i\nhere = i.create()\ni.run_string(here, {attempt!r})"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert "refused:" in done.stdout, done
    assert "main interpreter" in done.stdout
