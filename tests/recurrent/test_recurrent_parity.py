"""Recurrent layers against stored values of Keras and torch; see reference/ for how they were made."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from recurra import layers, models, optimizers
from tests.support import cases, packing
from tests.support.places import REFERENCE
from tests.support.recurrent_layers import gradients_of, make

Array = np.ndarray
BY_NAME = {case.name: case for case in cases.RECURRENT}


@cache
def stored(library: str) -> dict[str, dict[str, Array]]:
    return packing.read(REFERENCE / f"{library}_recurrent.npz")


def rows() -> list[tuple[str, str]]:
    return [(library, name) for library in ("keras", "torch") for name in stored(library) if name in BY_NAME]


def numbered(group: dict[str, Array], name: str) -> list[Array]:
    count = sum(key.rstrip("0123456789") == name for key in group)
    return [group[f"{name}{i}"] for i in range(count)]


def inputs_of(group: dict[str, Array]) -> cases.Inputs:
    return cases.Inputs(
        group["x"],
        numbered(group, "weight"),
        numbered(group, "state") or None,
        group["mask"].astype(bool) if "mask" in group else None,
        {name: group[f"drop_{name}"] for name in ("input", "recurrent") if f"drop_{name}" in group},
    )


def assert_close(ours: Array, theirs: Array, tolerance: float) -> None:
    assert ours.shape == theirs.shape
    scale = max(1.0, np.abs(theirs).max(initial=0))
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=tolerance * scale)


@pytest.mark.parametrize(("library", "name"), rows())
def test_values_and_gradients(library: str, name: str) -> None:
    case, group = BY_NAME[name], stored(library)[name]
    inputs = inputs_of(group)
    outputs, gradients = gradients_of(make(case, inputs), inputs, numbered(group, "cotangent"))
    # The stored outputs are rounded as well, by up to the tolerance; the exact ones stand between them and ours.
    for ours, exact in zip(outputs, case.reference(inputs.float64()), strict=True):
        assert_close(ours, exact, 1e-6)
    for ours, theirs in zip(gradients, numbered(group, "gradient"), strict=True):
        assert_close(ours, theirs, 1e-5)


@pytest.mark.parametrize("library", ["keras", "torch"])
def test_the_plain_reference_agrees_as_well(library: str) -> None:
    for name, group in stored(library).items():
        if name in BY_NAME:
            wanted = BY_NAME[name].reference(inputs_of(group).float64())
            for ours, theirs in zip(wanted, numbered(group, "output"), strict=True):
                assert_close(ours, theirs, 1e-6)


def test_every_small_row_is_stored() -> None:
    assert {case.name for case in cases.KERAS} <= set(stored("keras"))
    assert len(stored("torch")) >= 40


@pytest.mark.parametrize("layer", ["SimpleRNN", "LSTM", "GRU"])
def test_hundred_steps_of_rmsprop_follow_keras(layer: str) -> None:
    group = stored("keras")[f"trained {layer}"]
    model = models.Sequential([layers.Input(group["x"].shape[1:]), getattr(layers, layer)(8), layers.Dense(1)])
    model.set_weights(numbered(group, "before"))
    model.compile(optimizer=optimizers.RMSprop(1e-3), loss="mse")
    losses = []
    for _ in range(100):
        model.reset_metrics()
        losses.append(model.train_on_batch(group["x"], group["y"]))
    assert_close(np.asarray(losses), group["losses"], 1e-4)
    for ours, theirs in zip(model.get_weights(), numbered(group, "after"), strict=True):
        assert_close(ours, theirs, 1e-4)
