"""The command: tries new inputs for a while, and reports what went wrong by kind."""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import time
import warnings
from collections import Counter
from pathlib import Path

from tests.fuzz.driver import fuzz
from tests.fuzz.targets import all_targets

SEEDS = Path(__file__).parent / "seeds" / "found.json"


def main() -> int:
    targets = all_targets()
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="for all targets together")
    parser.add_argument("--seed", type=int, default=0, help="where the numbers of inputs begin: seed × 10^7")
    parser.add_argument("--target", action="append", choices=targets, help="only these")
    parser.add_argument("--number", type=int, help="try one number, in this process")
    parser.add_argument("--keep", action="store_true", help="add what fails to the seeds that the tests replay")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    chosen = options.target or list(targets)
    if options.number is not None:
        for name in chosen:
            print(name, targets[name].try_one(options.number))
        return 0
    failures = []
    print(f"{'target':<18}{'tried':>9}{'accepted':>10}{'refused':>9}  failures")
    for name in chosen:
        until = time.monotonic() + options.seconds / len(chosen)
        report = fuzz(targets[name], itertools.count(options.seed * 10**7), until)
        failures += report.failures
        refused = report.words["refused"]
        kinds = ", ".join(f"{count} {kind}" for kind, count in Counter(f.kind for f in report.failures).items())
        print(
            f"{name:<18}{report.tried:>9}{sum(report.words.values()) - refused:>10}{refused:>9}  {kinds or 0}",
            flush=True,
        )
    for failure in failures:
        print(failure)
    if options.keep and failures:
        kept = json.loads(SEEDS.read_text())
        for failure in failures:
            kept[failure.target] = sorted({*kept.get(failure.target, []), failure.number})
        SEEDS.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
