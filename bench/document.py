"""Writes what the benchmarks measured into the documentation.

    python bench/document.py [--results bench/results] [--check]

Replaces the parts of docs/performance.md and README.md that stand between

    <!-- figures: NAME -->
    <!-- end of figures -->

by what the files of the results folder say, and draws the pictures anew. A part whose file is missing is left as it is.
With --check nothing is written, and the exit status says whether a part would change. The files come from

    python bench/run.py --results bench/results                           bench.json
    python bench/breakdown.py --json bench/results/breakdown.json
    python bench/variants.py --json bench/results/variants.json
    python bench/errors.py --json bench/results/errors.json
    python bench/sweep.py sizes --json bench/results/sizes.json           and likewise lengths and long
    python bench/model.py --json bench/results/model.json                 needs bench.json and sizes.json
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import breakdown
import errors
import model
import report
import sweep
import variants

ROOT = HERE.parent
# Part -> the file of results, and what makes text of it.
PARTS: dict[str, tuple[str, Callable[[dict[str, Any]], str]]] = {
    "summary": ("bench.json", report.summary),
    "timings": ("bench.json", report.timings),
    "footprints": ("bench.json", report.footprints),
    "breakdown": ("breakdown.json", breakdown.markdown),
    "variants": ("variants.json", variants.markdown),
    "errors": ("errors.json", errors.markdown),
    "sizes": ("sizes.json", sweep.slower),
    "lengths": ("lengths.json", sweep.lengths_markdown),
    "long": ("long.json", sweep.long_markdown),
    "constants": ("model.json", model.constants_markdown),
    "predictions": ("model.json", model.predictions_markdown),
    "cores": ("model.json", model.cores_markdown),
}
PICTURES: dict[str, tuple[str, Callable[[dict[str, Any], Path], None]]] = {
    "benchmark.png": ("bench.json", report.plot),
    "roofline.png": ("bench.json", report.roofline),
    "sizes.png": ("sizes.json", lambda outcome, file: sweep.plot(outcome["results"], file)),
}
PART = re.compile(r"(<!-- figures: (\w+) -->\n).*?(<!-- end of figures -->)", re.DOTALL)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=Path, default=HERE / "results")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a part would change")
    options = parser.parse_args()

    def outcome(name: str) -> dict[str, Any] | None:
        file = options.results / name
        return json.loads(file.read_text()) if file.exists() else None

    def part(match: re.Match[str]) -> str:
        name, make = PARTS[match[2]]
        found = outcome(name)
        return match[0] if found is None else f"{match[1]}\n{make(found)}\n{match[3]}"

    for document in (ROOT / "docs" / "performance.md", ROOT / "README.md"):
        before = document.read_text(encoding="utf-8")
        after = PART.sub(part, before)
        if options.check and after != before:
            raise SystemExit(f"{document} does not say what the results say; call bench/document.py")
        document.write_text(after, encoding="utf-8")
    if options.check:
        return
    for picture, (name, draw) in PICTURES.items():
        found = outcome(name)
        if found is not None:
            draw(found, ROOT / "docs" / picture)


if __name__ == "__main__":
    main()
