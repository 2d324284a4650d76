"""ETTh1 by the protocol of the published tables: seven columns as seven series of one model, forecast for all steps.

    python -m bench.etth1 --model segrnn --horizon 96 [--lookback 96] [--seed 0] [--json FILE] [--verbose 2]

8,640 hours for training, 2,880 for validation, 2,880 for the test, whose 2,881 - H windows all count and may reach back
over the border. Columns are standardised by the training part, and errors are those of standardised values (Zeng et
al., 2022; Lin et al., 2023). The file is looked for in the folder that RECURRA_DATA names.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from recurra.forecasting import Forecaster, models

TRAINING, VALIDATION, TEST = 8640, 2880, 2880

#: MSE and MAE by model and lookback, by horizon: from the tables of the repository of SegRNN (lss-1138/SegRNN).
PUBLISHED: dict[tuple[str, int], dict[int, tuple[float, float]]] = {
    ("segrnn", 96): {96: (0.368, 0.395), 192: (0.408, 0.419), 336: (0.444, 0.440), 720: (0.446, 0.457)},
    ("dlinear", 96): {96: (0.386, 0.400), 192: (0.437, 0.432), 336: (0.481, 0.459), 720: (0.519, 0.516)},
    ("patchtst", 96): {96: (0.414, 0.419), 192: (0.460, 0.445), 336: (0.501, 0.466), 720: (0.500, 0.488)},
    ("segrnn", 720): {96: (0.351, 0.392), 192: (0.392, 0.414), 336: (0.423, 0.433), 720: (0.466, 0.472)},
    ("dlinear", 720): {96: (0.381, 0.407), 192: (0.419, 0.430), 336: (0.454, 0.456), 720: (0.499, 0.512)},
    ("patchtst", 720): {96: (0.375, 0.404), 192: (0.418, 0.430), 336: (0.462, 0.460), 720: (0.495, 0.497)},
}

# Batches of windows of all series together: 256 and 32 windows of seven columns.
MODELS: dict[str, Callable[[], Any]] = {
    "naive": models.Naive,
    "seasonalnaive": models.SeasonalNaive,
    "segrnn": lambda: models.SegRNN(
        512, 24, dropout=0.5, series_embedding=True, batch_size=7 * 256, decay=0.8, patience=10, steps_per_epoch=None
    ),
    "segrnn-128": lambda: models.SegRNN(
        128, 24, dropout=0.5, series_embedding=True, batch_size=7 * 256, decay=0.8, patience=10, steps_per_epoch=None
    ),
    "dlinear": lambda: models.DLinear(
        learning_rate=0.001, batch_size=7 * 32, epochs=30, decay=0.8, patience=5, steps_per_epoch=None
    ),
    "nlinear": lambda: models.NLinear(
        learning_rate=0.001, batch_size=7 * 32, epochs=30, decay=0.8, patience=5, steps_per_epoch=None
    ),
}


def table(path: Path) -> dict[str, Any]:
    """The columns of the file as series of a long table, as far as the protocol reaches."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        names = file.readline().strip().split(",")[1:]
        rows = [line.strip().split(",") for line in file][: TRAINING + VALIDATION + TEST]
    stamps = np.array([row[0] for row in rows], dtype="datetime64[s]")
    values = np.array([row[1:] for row in rows], dtype=np.float64)
    return {
        "unique_id": np.repeat(names, len(rows)),
        "ds": np.tile(stamps, len(names)),
        "y": values.T.ravel(),
    }


def run(model: str, lookback: int, horizon: int, seed: int, verbose: Any, path: Path) -> dict[str, Any]:
    """Trains and tests one model."""
    long = table(path)
    forecaster = Forecaster(
        MODELS[model](), freq="h", horizon=horizon, input_size=lookback, loss="mse", seed=seed, verbose=verbose
    )
    name = forecaster.models[0].name
    began = time.perf_counter()
    found = forecaster.cross_validation(
        long, n_windows=TEST + 1 - horizon, step_size=1, refit=False, val_size=VALIDATION
    )
    seconds = time.perf_counter() - began
    scale = {}
    for series in np.unique(long["unique_id"]):
        scale[series] = float(long["y"][long["unique_id"] == series][:TRAINING].std())
    ids, place = np.unique(found["unique_id"], return_inverse=True)
    errors = (found[name] - found["y"]) / np.array([scale[one] for one in ids])[place]
    published = PUBLISHED.get((model, lookback), {}).get(horizon)
    return {
        "model": model,
        "settings": repr(forecaster.models[0]),
        "lookback": lookback,
        "horizon": horizon,
        "seed": seed,
        "mse": float(np.mean(errors**2)),
        "mae": float(np.mean(np.abs(errors))),
        "windows": len(errors) // horizon,
        "published_mse": published[0] if published else None,
        "published_mae": published[1] if published else None,
        "seconds": seconds,
        "threads": os.environ.get("OMP_NUM_THREADS"),
        "processor": platform.processor() or platform.machine(),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", choices=sorted(MODELS), default="segrnn")
    parser.add_argument("--horizon", type=int, default=96)
    parser.add_argument("--lookback", type=int, default=96)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="file for the result")
    parser.add_argument("--verbose", type=int, default=2)
    options = parser.parse_args()
    path = Path(os.environ.get("RECURRA_DATA", ".")) / "ETTh1.csv.gz"
    result = run(options.model, options.lookback, options.horizon, options.seed, options.verbose, path)
    text = json.dumps(result, indent=1)
    if options.json:
        options.json.write_text(text + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
