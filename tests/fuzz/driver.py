"""Tries numbers of a target in child processes, so that a crash, a hang or a huge allocation is seen and survived."""

from __future__ import annotations

import faulthandler
import mmap
import os
import resource
import signal
import struct
import time
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tests.fuzz.targets import ForeignImport, Target, WrongResult

_BATCH = 200  # numbers a child tries


@dataclass
class Failure:
    """One input that went wrong."""

    target: str
    number: int
    kind: str  # "crash", "hang", "allocation", "exception", "import", "result"
    words: str

    def __str__(self) -> str:
        return f"{self.target} {self.number}: {self.kind}: {self.words}"


@dataclass
class Report:
    """What was tried, and what became of it."""

    tried: int = 0
    words: Counter[str] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)


def fuzz(target: Target, numbers: Iterable[int], until: float = float("inf")) -> Report:
    """Tries numbers of a target one after another, until the clock (time.monotonic) says `until`."""
    report = Report()
    target.prepare()
    for batch in _batches(numbers):
        while batch:
            done = _tried_in_child(target, batch, report)
            batch = batch[done:]
        if time.monotonic() >= until:
            break
    return report


def _batches(numbers: Iterable[int]) -> Iterator[list[int]]:
    batch: list[int] = []
    for number in numbers:
        batch.append(number)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _tried_in_child(target: Target, batch: list[int], report: Report) -> int:
    """Tries the batch in a child up to the first input that ends it; returns how many were tried."""
    shared = mmap.mmap(-1, 1 << 20)
    child = os.fork()
    if child == 0:
        _child(target, batch, shared)
    _, status = os.waitpid(child, 0)
    count, length = struct.unpack_from("qq", shared)
    lines = shared[16 : 16 + length].decode(errors="replace").splitlines()
    for line in lines:
        number, kind, words = line.split("\t", 2)
        if kind == "fine":
            report.words[words] += 1
        else:
            report.failures.append(Failure(target.name, int(number), kind, words))
    report.tried += min(count + 1, len(batch))
    if os.WIFSIGNALED(status):
        killer = signal.Signals(os.WTERMSIG(status)).name
        kind = "hang" if killer in ("SIGPROF", "SIGKILL") else "crash"
        report.failures.append(Failure(target.name, batch[count], kind, f"killed by {killer}"))
        return int(count) + 1
    return len(batch)


def _child(target: Target, batch: list[int], shared: mmap.mmap) -> None:
    faulthandler.disable()  # the parent says what happened
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with open("/proc/self/statm") as file:
        used = int(file.read().split()[0]) * resource.getpagesize()
    limit = used + (target.megabytes << 20)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    os.fsync = lambda _: None  # files of this process need not reach the disk
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    end = 16
    for place, number in enumerate(batch):
        struct.pack_into("qq", shared, 0, place, end - 16)
        signal.setitimer(signal.ITIMER_PROF, target.seconds)  # processor time, so that neighbours make no hangs
        kind, words = _attempted(target, number)
        signal.setitimer(signal.ITIMER_PROF, 0)
        line = f"{number}\t{kind}\t{' '.join(words.split())[:300]}\n".encode()
        if end + len(line) < len(shared):
            shared[end : end + len(line)] = line
            end += len(line)
        struct.pack_into("qq", shared, 0, place, end - 16)
    os._exit(0)


def _attempted(target: Target, number: int) -> tuple[str, str]:
    try:
        return "fine", target.try_one(number)
    except MemoryError as error:
        return "allocation", f"MemoryError {error}"
    except ForeignImport as error:
        return "import", str(error)
    except WrongResult as error:
        return "result", str(error)
    except BaseException as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        return "exception", f"{type(error).__name__}: {error} ({os.path.basename(place.filename)}:{place.lineno})"
