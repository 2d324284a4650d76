"""recurra beside every installed peer: training and inference of the cases, in interleaved rounds.

    python bench/run.py [--cases jena_gru32,…] [--peers torch,keras,jax,onnxruntime] [--threads 1,2] [--rounds 5]
                        [--json FILE] [--plot FILE] [--markdown FILE]

Every side runs in a process of its own (bench/side.py) and, but for recurra, in an environment of its own under
.bench/, which this program makes with pip unless it is there. In each round every side is timed once on the same case
before the next round begins, so that a change of the machine's speed meets all of them. The table gives medians over
rounds, ratios to the fastest peer, and the fraction of the multiply-add peak measured in the same run.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import report

from cases import BY_NAME, CASES

REQUIREMENTS = {
    "torch": ["numpy", "torch==2.13.0"],
    "keras": ["keras==3.15.*", "tensorflow==2.21.*"],
    "jax": ["jax", "jaxlib"],
    "onnxruntime": ["onnxruntime", "onnx"],
}


def environment(peer: str) -> Path:
    """The interpreter of a peer's own environment, made when missing."""
    root = Path(".bench") / peer
    interpreter = root / "bin" / "python"
    if not (root / "ready").exists():
        print(f"making {root}: {' '.join(REQUIREMENTS[peer])}", file=sys.stderr, flush=True)
        venv.create(root, with_pip=True, clear=True)
        subprocess.run([interpreter, "-m", "pip", "install", "-qq", *REQUIREMENTS[peer]], check=True)
        (root / "ready").touch()
    return interpreter


class Side:
    """A program of this folder that a side runs in a process of its own, and that answers lines of JSON."""

    def __init__(self, peer: str, threads: int, program: str = "side.py", *arguments: str) -> None:
        interpreter = Path(sys.executable) if peer == "recurra" else environment(peer)
        env = {**os.environ, "OMP_NUM_THREADS": str(threads)}
        self.log = Path(".bench") / f"{peer}.log"
        self.log.parent.mkdir(exist_ok=True)
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [interpreter, HERE / program, f"{peer}_side", str(threads), *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=env,
            )
        self.version = self._answer()["version"]

    def _answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith("{"):
                return json.loads(line)
        raise RuntimeError(f"a benchmark process ended; its last words are in {self.log}")

    def ask(self, order: dict[str, Any]) -> dict[str, Any]:
        """The answer to one line."""
        assert self.process.stdin is not None
        print(json.dumps(order), file=self.process.stdin, flush=True)
        return self._answer()

    def time(self, case: str, mode: str, repeats: int) -> list[float] | None:
        """Milliseconds of each repeat; None where the side cannot do the case."""
        return self.ask({"case": case, "mode": mode, "repeats": repeats}).get("ms")

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


Timer = Callable[[int], list[float] | None]


def rounds_of(timers: dict[str, Timer], rounds: int, budget: float = 150) -> dict[str, list[float]]:
    """Median milliseconds of each timer in each round, the timers called in turns.

    A timer takes a number of repeats and returns the milliseconds of each; None leaves it out. The repeats of one round
    take about `budget` milliseconds, twenty at most.
    """
    samples: dict[str, list[float]] = {}
    repeats: dict[str, int] = {}
    for name, timer in timers.items():
        first = timer(1)
        if first is not None:
            repeats[name], samples[name] = max(1, min(20, int(budget / first[0]))), []
    for _ in range(rounds):
        for name, times in samples.items():
            taken = timers[name](repeats[name])
            assert taken is not None
            times.append(statistics.median(taken))
    return samples


def spread(samples: dict[str, list[float]]) -> dict[str, dict[str, float]]:
    """Median, minimum and maximum over rounds."""
    return {name: {"median": statistics.median(t), "min": min(t), "max": max(t)} for name, t in samples.items()}


def measure(
    case: str, mode: str, sides: dict[str, Side], rounds: int, budget: float = 150
) -> dict[str, dict[str, float]]:
    """Median, minimum and maximum milliseconds of each side, over interleaved rounds."""
    timers: dict[str, Timer] = {
        peer: lambda repeats, side=side: side.time(case, mode, repeats) for peer, side in sides.items()
    }
    return spread(rounds_of(timers, rounds, budget))


def cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def machine() -> dict[str, Any]:
    return {"cpu": report.cpu_name(), "cores": cores(), "system": platform.platform()}


def write_json(outcome: dict[str, Any], file: Path) -> None:
    """An outcome as JSON, a line each result; microseconds are as fine as a time is kept."""
    results = [json.dumps(_rounded(result)) for result in outcome["results"]]
    head = {**outcome, "results": []}
    text = json.dumps(head, indent=1).replace('"results": []', '"results": [\n  ' + ",\n  ".join(results) + "\n ]")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text + "\n")


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(one) for key, one in value.items()}
    return round(value, 4) if isinstance(value, float) else value


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", default=",".join(case.name for case in CASES))
    parser.add_argument("--peers", default=",".join(REQUIREMENTS))
    parser.add_argument("--threads", default="", help="comma-separated; default 1 and all")
    parser.add_argument("--modes", default="train,infer")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--markdown", type=Path)
    parser.add_argument("--plot", type=Path)
    options = parser.parse_args()
    threads = [int(n) for n in options.threads.split(",") if n] or sorted({1, cores()})
    peers = [p for p in options.peers.split(",") if p]
    for name in options.cases.split(","):
        if name not in BY_NAME:
            parser.error(f"unknown case '{name}'; known: {', '.join(BY_NAME)}")
    for peer in peers:
        if peer not in REQUIREMENTS:
            parser.error(f"unknown peer '{peer}'; known: {', '.join(REQUIREMENTS)}")

    import recurra
    from recurra import _engine

    results: list[dict[str, Any]] = []
    versions: dict[str, str] = {}
    peaks: dict[int, float] = {}
    for count in threads:
        recurra.set_num_threads(count)
        peaks[count] = _engine.fma_peak(0.5)
        sides = {peer: Side(peer, count) for peer in ["recurra", *peers]}
        versions.update({peer: side.version for peer, side in sides.items()})
        try:
            for name in options.cases.split(","):
                for mode in options.modes.split(","):
                    times = measure(name, mode, sides, options.rounds)
                    row = {"case": name, "mode": mode, "threads": count, "times": times}
                    results.append(row)
                    print(report.line(row, peaks[count]), file=sys.stderr, flush=True)
        finally:
            for side in sides.values():
                side.close()
    outcome = {
        "machine": machine(),
        "simd_level": _engine.simd_level,
        "peak_gflops": {str(count): peak / 1e9 for count, peak in peaks.items()},
        "versions": versions,
        "rounds": options.rounds,
        "date": time.strftime("%Y-%m-%d"),
        "results": results,
    }
    if options.json:
        write_json(outcome, options.json)
    text = report.markdown(outcome)
    if options.markdown:
        options.markdown.write_text(text)
    if options.plot:
        report.plot(outcome, options.plot)
    print(text)


if __name__ == "__main__":
    main()
