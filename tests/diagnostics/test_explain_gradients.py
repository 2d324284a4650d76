"""`recurra explain-gradients`: the task, the figures and what is said about them."""

from __future__ import annotations

import json

import numpy as np
import pytest

from recurra.cli import main
from recurra.cli.explain_gradients import _verdict
from recurra.diagnostics import latching


def test_sequences_show_their_class_first_and_then_nothing():
    x, classes = latching.sequences(2000, 9, np.random.default_rng(0))
    assert x.shape == (2000, 9, 1)
    assert set(classes.ravel()) == {0.0, 1.0}
    means = [x[classes[:, 0] == k, :, 0].mean(axis=0) for k in (0, 1)]
    np.testing.assert_allclose(means[0], [-1] * 3 + [0] * 6, atol=0.03)
    np.testing.assert_allclose(means[1], [1] * 3 + [0] * 6, atol=0.03)
    assert x[:, 3:].std() == pytest.approx(latching.NOISE, rel=0.03)


def test_gradients_vanish_explode_and_last():
    curves = {key: latching.gradient_over_time(network, 40) for key, network in latching.NETWORKS.items()}
    for curve in curves.values():
        assert curve.shape == (40,)
        assert curve[-1] == pytest.approx(1)
    far = {key: curve[0] for key, curve in curves.items()}
    assert 0 < far["small"] < 1e-15
    assert far["large"] > 10
    assert far["lstm"] < 0.1  # σ(1) = 0.73 a step: a forget bias of one is not enough for this many steps
    assert far["gru"] < 1e-4
    for key in ("open_lstm", "open_gru"):
        assert 0.9 < far[key] ** (1 / 39) < 1.1


def test_a_plain_network_latches_for_few_steps_a_gated_one_for_many():
    networks, options = latching.NETWORKS, {"updates": 300}
    assert latching.success(networks["small"], 5, range(2), **options) == 1
    assert latching.success(networks["small"], 20, range(2), **options) == 0
    assert latching.success(networks["open_gru"], 20, range(2), **options) == 1


def test_command(tmp_path, capsys):
    pytest.importorskip("matplotlib")
    plot = tmp_path / "g.png"
    command = ["explain-gradients", "--lengths", "6", "3", "--seeds", "1", "--updates", "2", "--steps", "12"]
    assert main([*command, "--units", "6", "--plot", str(plot)]) == 0
    out = capsys.readouterr().out
    assert plot.stat().st_size > 1000
    assert "in networks of 6 units" in out
    assert "steps back                       1        10        11    a step" in out
    assert "T=3    T=6" in out
    for network in latching.NETWORKS.values():
        assert f"\n{network.name}  " in out
        assert f"\n{network.name}: learned by " in out
    assert f"plot: {plot}" in out
    assert main([*command, "--plot", "", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["lengths"] == [3, 6]
    assert set(figures["success"]) == set(figures["gradient"]) == set(latching.NETWORKS)
    assert len(figures["gradient"]["gru"]) == 12


def test_verdicts():
    assert _verdict("A", [3, 9], [1.0, 0.5]) == "A: learned by most at every length, up to T = 9"
    assert _verdict("A", [3, 9, 20], [1.0, 0.4, 0.1]) == "A: learned by fewer than half from T = 9 on, by 10% at T = 20"


@pytest.mark.parametrize(("option", "least"), [("--steps", 2), ("--lengths", 3), ("--seeds", 1), ("--units", 1)])
def test_numbers_too_small(option, least, capsys):
    assert main(["explain-gradients", option, str(least - 1)]) == 1
    assert f"{option} must be at least {least}, got {least - 1}" in capsys.readouterr().err
