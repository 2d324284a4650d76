"""Makes keras_reviews.npz: a hundred steps of Keras on the networks of review_networks.py.

Run with an interpreter that has keras and torch:  python -m tests.reference.make_keras_reviews

Keras computes with torch here because on TensorFlow it keeps the gradients of a repeated word apart and squares each by
itself, where its other backends square their sum.
"""

from __future__ import annotations

import os

os.environ["KERAS_BACKEND"] = "torch"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import keras
import torch

from tests.support import packing
from tests.support.places import REFERENCE
from tests.support.review_networks import NETWORKS, OPTIMIZERS, train

if __name__ == "__main__":
    groups = {}
    for network in NETWORKS:
        for optimizer in OPTIMIZERS:
            losses, weights = train(keras, network, optimizer)
            groups[f"{network} {optimizer}"] = {"losses": losses, **{f"weight{i}": w for i, w in enumerate(weights)}}
    packing.write(REFERENCE / "keras_reviews.npz", groups, {"keras": keras.__version__, "torch": torch.__version__})
