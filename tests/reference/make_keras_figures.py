"""Writes keras_figures.json: Keras's losses and metrics on the data of tests/support/figure_cases.py.

Run it where keras is installed: `KERAS_BACKEND=jax python -m tests.reference.make_keras_figures`. The tests only read
the file.
"""

from __future__ import annotations

import json

import keras

from tests.support.figure_cases import LOSS_CASES, METRIC_CASES, loss_figures, metric_figures
from tests.support.places import REFERENCE


def main() -> None:
    stored = {
        "keras": keras.__version__,
        "losses": {case: loss_figures(keras, case) for case in LOSS_CASES},
        "metrics": {case: metric_figures(keras, case).tolist() for case in METRIC_CASES},
    }
    (REFERENCE / "keras_figures.json").write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
