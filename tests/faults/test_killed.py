"""A process that is killed while it writes leaves the old file or the new one, and nothing that stays."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from recurra import saving
from tests.faults import program
from tests.support.places import ROOT


def started(*arguments: object) -> subprocess.Popen[str]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "tests.faults.program", *map(str, arguments)]
    child = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    return child


def killed(child: subprocess.Popen[str], seconds: float) -> None:
    time.sleep(seconds)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert child.stdout is not None
    child.stdout.close()


def check_whole(path: Path) -> None:
    """The file holds one model whose weights are all the number that tells its kind."""
    model = saving.load_model(path)
    units = model.layers[0].units
    for weight in model.get_weights():
        np.testing.assert_array_equal(weight, units // 40)
    assert model.optimizer.iterations == 1


def kill_while_saving(folder: Path, rounds: int) -> None:
    path, rng = folder / "m.safetensors", random.Random(0)
    for _ in range(rounds):
        killed(started("save", path), rng.uniform(0, 0.05))
        if path.exists():
            check_whole(path)
    left = [each for each in folder.iterdir() if each != path]
    for each in left:
        os.utime(each, (0, 0))
    program.network().save(path)
    assert list(folder.iterdir()) == [path]


def test_kill_while_saving(tmp_path):
    kill_while_saving(tmp_path, 2)


@pytest.mark.slow
def test_kill_while_saving_often(tmp_path):
    kill_while_saving(tmp_path, 60)


def kill_while_backing_up(folder: Path, rounds: int, epochs: int) -> None:
    rng = random.Random(1)
    expected = program.train_with_backup(folder / "undisturbed", epochs)
    for _ in range(rounds):
        child = started("backup", folder / "killed", epochs)
        time.sleep(rng.uniform(0, 0.15))
        if child.poll() is None:
            killed(child, 0)
    child = started("backup", folder / "killed", epochs)
    out, _ = child.communicate()
    assert [float(word) for word in out.split()[1:]] == expected
    assert list((folder / "killed").glob("*.safetensors")) == []


def test_kill_while_backing_up(tmp_path):
    kill_while_backing_up(tmp_path, 2, 12)


@pytest.mark.slow
def test_kill_while_backing_up_often(tmp_path):
    kill_while_backing_up(tmp_path, 40, 60)


@pytest.mark.parametrize("rounds", [2, pytest.param(40, marks=pytest.mark.slow)])
def test_kill_while_checkpoints_and_figures_are_written(rounds, tmp_path):
    rng = random.Random(2)
    for _ in range(rounds):
        killed(started("files", tmp_path), rng.uniform(0.01, 0.1))
        if (tmp_path / "m.safetensors").exists():
            assert np.isfinite(saving.load_model(tmp_path / "m.safetensors").predict(program.X, verbose=0)).all()
        if (tmp_path / "figures.csv").exists():
            rows = (tmp_path / "figures.csv").read_text().splitlines()
            assert all(len(row.split(",")) == 3 for row in rows)
