"""Writes keras_figures.json: Keras's losses and metrics on the data of tests/support/figure_cases.py.

Run it where keras is installed: `KERAS_BACKEND=jax python -m tests.reference.make_keras_figures`. Cases that the file
has are kept, so that another backend can add new ones: of equal predictions backends choose different top ones. The
tests only read the file.
"""

from __future__ import annotations

import json

import keras

from tests.support.figure_cases import LOSS_CASES, METRIC_CASES, loss_figures, metric_figures
from tests.support.places import REFERENCE


def main() -> None:
    file = REFERENCE / "keras_figures.json"
    known = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {"losses": {}, "metrics": {}}
    losses, metrics = known["losses"], known["metrics"]
    stored = {
        "keras": keras.__version__,
        "losses": {case: losses.get(case) or loss_figures(keras, case) for case in LOSS_CASES},
        "metrics": {case: metrics.get(case) or metric_figures(keras, case).tolist() for case in METRIC_CASES},
    }
    file.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
