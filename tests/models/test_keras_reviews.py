"""100 training steps on small networks of reviews follow Keras (see reference/make_keras_reviews.py)."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest

import recurra
from tests.support import packing
from tests.support.places import REFERENCE
from tests.support.review_networks import NETWORKS, OPTIMIZERS, train


@lru_cache
def stored() -> dict[str, dict[str, np.ndarray]]:
    return packing.read(REFERENCE / "keras_reviews.npz")


@pytest.mark.filterwarnings("ignore:.*from_logits=True")
@pytest.mark.parametrize("optimizer", sorted(OPTIMIZERS))
@pytest.mark.parametrize("network", sorted(NETWORKS))
def test_hundred_steps_follow_keras(network: str, optimizer: str) -> None:
    expected = stored()[f"{network} {optimizer}"]
    losses, weights = train(recurra, network, optimizer)
    np.testing.assert_allclose(losses, expected["losses"], rtol=0, atol=1e-4)
    assert expected["losses"][-1] < expected["losses"][0] - 0.05
    for i, weight in enumerate(weights):
        np.testing.assert_allclose(weight, expected[f"weight{i}"], rtol=0, atol=1e-4)
