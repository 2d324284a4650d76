"""Makes keras_reviews.npz: a hundred steps of Keras on the networks of review_networks.py.

Run with an interpreter that has keras and torch:  python tests/reference/make_keras_reviews.py

Keras computes with torch here because on TensorFlow it keeps the gradients of a repeated word apart and squares each by
itself, where its other backends square their sum.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ["KERAS_BACKEND"] = "torch"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import keras
import torch

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import packing  # noqa: E402

from review_networks import NETWORKS, OPTIMIZERS, train  # noqa: E402

if __name__ == "__main__":
    groups = {}
    for network in NETWORKS:
        for optimizer in OPTIMIZERS:
            losses, weights = train(keras, network, optimizer)
            groups[f"{network} {optimizer}"] = {"losses": losses, **{f"weight{i}": w for i, w in enumerate(weights)}}
    packing.write(HERE / "keras_reviews.npz", groups, {"keras": keras.__version__, "torch": torch.__version__})
