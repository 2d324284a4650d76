"""Writes what the benchmarks measured into the documentation.

    python -m bench.document [--results bench/results] [--check]

Replaces the parts of README.md and of pages of docs/ that stand between

    <!-- figures: NAME -->
    <!-- end of figures -->

by what the files of the results folder say, and draws the pictures anew. A part whose file is missing is left as it is.
With --check nothing is written, and the exit status says whether a part would change. The files come from

    python -m bench.run --results bench/results                         bench.json
    python -m bench.breakdown --json bench/results/breakdown.json
    python -m bench.variants --json bench/results/variants.json
    python -m bench.attention --json bench/results/attention.json
    python -m bench.errors --json bench/results/errors.json
    python -m bench.language --json bench/results/language.json
    python -m bench.neighbours --json bench/results/neighbours.json
    python -m bench.sweep sizes --json bench/results/sizes.json         and likewise lengths and long
    python -m bench.cost_model --json bench/results/cost_model.json     needs bench.json and sizes.json
    recurra train TASK --model MODEL --seed SEED --json bench/results/tasks/TASK-MODEL-SEED.json
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from bench import (
    RESULTS,
    ROOT,
    attention_cases,
    beside_torch,
    breakdown,
    cost_model,
    errors,
    language_cases,
    neighbours,
    sweep,
    variants,
)
from bench.reports import pictures, tables, tasks

PAGES = ("docs/performance.md", "docs/language-models.md", "docs/tasks.md", "docs/tcn.md", "README.md")
# Part -> the file of results, or the folder of such files, and what makes text of it.
PARTS: dict[str, tuple[str, Callable[[Any], str]]] = {
    "summary": ("bench.json", tables.summary),
    "timings": ("bench.json", tables.timings),
    "footprints": ("bench.json", tables.footprints),
    "breakdown": ("breakdown.json", breakdown.markdown),
    "variants": ("variants.json", variants.markdown),
    "attention": ("attention.json", partial(beside_torch.markdown, attention_cases)),
    "errors": ("errors.json", errors.markdown),
    "language": ("language.json", partial(beside_torch.markdown, language_cases)),
    "neighbours": ("neighbours.json", neighbours.markdown),
    "sizes": ("sizes.json", sweep.slower),
    "lengths": ("lengths.json", sweep.lengths_markdown),
    "long": ("long.json", sweep.long_markdown),
    "constants": ("cost_model.json", cost_model.constants_markdown),
    "predictions": ("cost_model.json", cost_model.predictions_markdown),
    "cores": ("cost_model.json", cost_model.cores_markdown),
    "tasks_paper": ("tasks", tasks.paper),
    "tasks_others": ("tasks", tasks.others),
}
PICTURES: dict[str, tuple[str, Callable[[Any, Path], None]]] = {
    "benchmark.png": ("bench.json", pictures.plot),
    "roofline.png": ("bench.json", pictures.roofline),
    "tasks.png": ("tasks", tasks.curves),
    "sizes.png": ("sizes.json", lambda outcome, file: sweep.plot(outcome["results"], file)),
}
PART = re.compile(r"(<!-- figures: (\w+) -->\n).*?(<!-- end of figures -->)", re.DOTALL)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a part would change")
    options = parser.parse_args()

    def outcome(name: str) -> Any:
        file = options.results / name
        if file.is_dir():
            return [json.loads(one.read_text(encoding="utf-8")) for one in sorted(file.glob("*.json"))]
        return json.loads(file.read_text()) if file.exists() else None

    def part(match: re.Match[str]) -> str:
        name, make = PARTS[match[2]]
        found = outcome(name)
        return match[0] if found is None else f"{match[1]}\n{make(found)}\n{match[3]}"

    for document in (ROOT / page for page in PAGES):
        before = document.read_text(encoding="utf-8")
        after = PART.sub(part, before)
        if options.check and after != before:
            raise SystemExit(f"{document} does not say what the results say; run python -m bench.document")
        document.write_text(after, encoding="utf-8")
    if options.check:
        return
    for picture, (name, draw) in PICTURES.items():
        found = outcome(name)
        if found is not None:
            draw(found, ROOT / "docs" / picture)


if __name__ == "__main__":
    main()
