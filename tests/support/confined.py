"""Runs a function in a child process with limits on its memory and time: crashes, hangs and huge allocations are seen
from outside, and end nothing but the child."""

from __future__ import annotations

import os
import pickle
import resource
import signal
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass
class Outcome:
    """How a confined call ended."""

    value: Any = None
    error: BaseException | None = None  # what the function raised
    trace: str = ""
    signal: int = 0  # that killed the child; SIGXCPU and SIGKILL for a hang
    grown: int = 0  # bytes of resident memory beside those at the start

    @property
    def words(self) -> str:
        if self.signal:
            return f"killed by {signal.Signals(self.signal).name}"
        return "fine" if self.error is None else f"{type(self.error).__name__}: {self.error}"


def confined(function: Callable[[], Any], seconds: int = 10, megabytes: int = 1024) -> Outcome:
    """The outcome of `function()` in a forked child, which may use so much processor time and further memory."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        _run(function, write, seconds, megabytes)  # does not return
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        message = pipe.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return Outcome(signal=os.WTERMSIG(status))
    value, error, trace, grown = pickle.loads(message)
    return Outcome(value, error, trace, 0, grown)


def _run(function: Callable[[], Any], pipe: int, seconds: int, megabytes: int) -> None:
    value: Any = None
    error: BaseException | None = None
    trace = ""
    try:
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        limit = _address_space() + (megabytes << 20)
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        value = function()
    except BaseException as raised:
        error, trace = raised, traceback.format_exc()
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) << 10
    with os.fdopen(pipe, "wb") as out:
        out.write(_message(value, error, trace, grown))
    os._exit(0)


def _message(value: Any, error: BaseException | None, trace: str, grown: int) -> bytes:
    try:
        return pickle.dumps((value, error, trace, grown))
    except Exception as unfit:  # an error with a constructor of its own; what matters is in the trace
        return pickle.dumps((None, (error and RuntimeError(f"{type(error).__name__}: {error}")) or unfit, trace, grown))


def _address_space() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[0]) * resource.getpagesize()
