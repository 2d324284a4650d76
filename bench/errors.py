"""How exact the recurrent layers are: the errors that the tests assert on, for each form of a layer.

    python -m bench.errors [--only NAME] [--json FILE] [--markdown FILE]

Goes through the rows of tests/support/cases.py as test_recurrent_gradients.py and test_recurrent_reference.py of
tests/recurrent/ do, and prints the largest error over the rows of a form (what stands before the first hyphen of a
row's name):

    gradient   of float64 gradients against central differences, over the largest number of that gradient
    float64    of outputs against plain NumPy, over the largest output or 1
    float32    the same in float32, and what that is of the bound that the test computes from the shape
"""

from __future__ import annotations

import argparse
import inspect
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from bench.reports.results import write_json
from recurra import _engine
from recurra.gradient_check import check_gradients


def errors(case: Any) -> dict[str, float]:
    """The errors of one row; raises for gradients that the test would not accept."""
    from tests.recurrent import test_recurrent_gradients as gradients
    from tests.recurrent import test_recurrent_reference as reference

    def largest(dtype: Any) -> float:
        compared = reference.compared(case, dtype)
        return max(float(np.abs(ours - theirs).max(initial=0)) / scale for ours, theirs, scale in compared)

    single = largest(np.float32)
    return {
        "gradient": gradients.check_all(case),
        "float64": largest(np.float64),
        "float32": single,
        "of_bound": single / reference.float32_bound(case),
    }


def markdown(outcome: dict[str, Any]) -> str:
    tolerances = outcome["tolerances"]
    out = [
        "| form | layer | rows | gradient | float64 | float32 | of its bound |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    for row in outcome["results"]:
        figures = " | ".join(f"{row[kind]:.1e}" for kind in ("gradient", "float64", "float32"))
        out.append(f"| {row['form']} | {row['layer']} | {row['rows']} | {figures} | {row['of_bound']:.1%} |")
    limits = f"{tolerances['gradient']:.0e} | {tolerances['float64']:.0e} | | 100 % |"
    out.append(f"| allowed | | | {limits}")
    return "\n".join(out) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="forms whose name has this in it")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--markdown", type=Path)
    options = parser.parse_args()
    from tests.recurrent import test_recurrent_reference as reference
    from tests.support.cases import KERAS, VARIANTS

    forms: dict[str, list[Any]] = {}
    for case in KERAS + VARIANTS:
        form = case.name.split("-")[0]
        if options.only in form:
            forms.setdefault(form, []).append(case)
    results = []
    for form, cases in forms.items():
        found = [errors(case) for case in cases]
        largest = {kind: max(one[kind] for one in found) for kind in found[0]}
        results.append({"form": form, "layer": cases[0].layer, "rows": len(cases), **largest})
        print(f"{form}: {results[-1]}", file=sys.stderr, flush=True)
    of_gradients = inspect.signature(check_gradients).parameters["tolerance"].default
    outcome = {
        "date": time.strftime("%Y-%m-%d"),
        "simd_level": _engine.simd_level,
        "tolerances": {"gradient": of_gradients, "float64": reference.TOLERANCE},
        "results": results,
    }
    if options.json:
        write_json(outcome, options.json)
    text = markdown(outcome)
    if options.markdown:
        options.markdown.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
