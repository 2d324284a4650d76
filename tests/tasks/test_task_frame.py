"""The frame of tasks: settings, runs, their files, what is refused, and runs that are killed and go on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

import recurra
from recurra import tasks
from recurra.cli import main
from recurra.tasks import Data, DrawnBatches, Metric, Pieces, Settings, Task, catalogue, setting

TINY = {"steps": 6, "count": 64, "held_out": 16, "units": 4, "filters": 4, "levels": 2, "kernel_size": 2, "epochs": 3}


@dataclass(frozen=True)
class DrawnSettings(Settings):
    """Settings of a task counted in steps."""

    steps: int = setting(4, "steps of an epoch")
    noise: float = setting(0.1, "added", least=0)
    sign: str = setting("plus", "of the answer", choices=("plus", "minus"))
    bias: bool = setting(True, "whether there is one")
    clip: float = setting(None, "of the gradient", kind=float, above=0)


class Drawn(Task):
    """Sums of numbers that are drawn anew in each epoch."""

    settings_class = DrawnSettings
    models: ClassVar = {"dense": {}, "wide": {"noise": 0.5}}
    metric = Metric("loss", "mean squared error")

    def data(self, settings, seed):
        def draw(rng):
            x = rng.normal(size=(settings.batch_size, 3)).astype("float32")
            return x, x.sum(1, keepdims=True)

        held_out = draw(np.random.default_rng(seed))
        return Data(DrawnBatches(draw, settings.steps, seed), held_out, held_out)

    def model(self, name, settings, data):
        model = recurra.Sequential(
            [recurra.Input((3,)), recurra.layers.Dense(4), recurra.layers.Dropout(0.2), recurra.layers.Dense(1)]
        )
        model.compile("adam", "mse")
        return model


@pytest.fixture
def drawn() -> Task:
    return Drawn("drawn", "sums")


class TestSettings:
    def test_defaults_and_changes_by_model(self, drawn):
        assert drawn.settings() == DrawnSettings()
        assert drawn.settings("wide").noise == 0.5
        assert drawn.settings("wide", noise=0.2, clip=1).clip == 1.0

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"steps": 0}, "settings: steps must be an integer >= 1, got 0"),
            ({"epochs": -1}, "settings: epochs must be an integer >= 0, got -1"),
            ({"noise": "much"}, "settings: noise must be a number >= 0, got 'much'"),
            ({"sign": "both"}, "settings: sign must be one of 'plus', 'minus', got 'both'"),
            ({"bias": "no"}, "settings: bias must be True or False, got 'no'"),
            ({"clip": 0.0}, "settings: clip must be a number > 0, got 0.0"),
        ],
    )
    def test_values_that_are_not_allowed(self, drawn, changes, message):
        with pytest.raises(ValueError, match=r"^settings: ") as caught:
            drawn.settings(**changes)
        assert str(caught.value) == message

    def test_unknown_names(self, drawn):
        with pytest.raises(TypeError, match="the task drawn has no argument 'step'; did you mean 'steps'"):
            drawn.settings(step=3)
        with pytest.raises(ValueError, match="unknown model of the task drawn 'widest'; did you mean 'wide'"):
            drawn.settings("widest")
        with pytest.raises(ValueError, match="unknown task 'ading'; did you mean 'adding'"):
            tasks.run("ading")


def test_batches_are_a_function_of_seed_epoch_and_number():
    source = DrawnBatches(lambda rng: rng.random(3), 2, seed=5)
    seen = {}
    for source.epoch in (0, 1):
        for i in range(2):
            seen[source.epoch, i] = source[i]
    again = DrawnBatches(lambda rng: rng.random(3), 2, seed=5)
    again.epoch = 1
    assert (again[1] == seen[1, 1]).all()
    assert len({tuple(values) for values in seen.values()}) == 4


def test_pieces_of_a_batch_come_with_lengths():
    pieces = [np.arange(n, dtype="float32")[:, None] + 1 for n in (3, 5, 4)]
    x, y, weights, lengths = Pieces(pieces, batch_size=2)[0]
    assert weights is None
    assert lengths.tolist() == [2, 4]
    assert x[..., 0].tolist() == [[1, 2, 0, 0], [1, 2, 3, 4]]
    assert y[..., 0].tolist() == [[2, 3, 0, 0], [2, 3, 4, 5]]
    with pytest.raises(ValueError, match="piece 1 has 1 steps, at least 2 are needed"):
        Pieces([np.ones((4, 2)), np.ones((1, 2))])


def test_rate_is_divided_when_the_figure_is_worse_than_all_of_the_last(monkeypatch):
    anneal = tasks.AnnealWhenWorse("val_loss", factor=2.0, window=2, after=1)
    model = recurra.Sequential([recurra.Input((1,)), recurra.layers.Dense(1)])
    model.compile(recurra.optimizers.SGD(0.8), "mse")
    anneal.set_model(model)
    anneal.on_train_begin()
    rates = []
    for epoch, figure in enumerate([5.0, 6.0, 5.5, 6.0, 6.5]):  # worse than both before: 6.0 after 5.0, and 6.5
        anneal.on_epoch_end(epoch, {"val_loss": figure})
        rates.append(model.optimizer.learning_rate)
    assert np.allclose(rates, [0.8, 0.4, 0.4, 0.4, 0.2])


class TestRun:
    def test_result(self, drawn, tmp_path):
        result = tasks.run(drawn, epochs=3, seed=2, json=tmp_path / "out" / "r.json", verbose=0)
        told = json.loads((tmp_path / "out" / "r.json").read_text())
        assert told["settings"]["epochs"] == told["epochs"] == 3
        assert told["history"] == result.history
        assert told["figures"] == result.figures
        assert list(result.history) == ["loss", "val_loss"]
        assert result.best_epoch == 1 + int(np.argmin(result.history["val_loss"]))
        assert result.figures["loss"] == min(result.history["val_loss"])  # tested on the same batch
        assert result.parameters == 21
        assert result.about["command"] == "recurra train drawn --model dense --seed 2 --epochs 3"
        assert result.about["threads"] == recurra.num_threads()
        assert (result.published, result.goal) == ({}, None)
        assert result.seconds > 0
        assert result.steps_per_second > 0

    def test_last_weights_where_the_task_does_not_keep_the_best(self, drawn, monkeypatch):
        monkeypatch.setattr(Drawn, "keep_best", False)
        monkeypatch.setattr(Drawn, "metric", Metric("loss", "the larger the better", lower_is_better=False))
        result = tasks.run(drawn, epochs=3, verbose=0)
        assert result.figures["loss"] == result.history["val_loss"][-1]
        assert result.best_epoch == 1 + int(np.argmax(result.history["val_loss"]))

    def test_saved_model_and_picture(self, tmp_path, monkeypatch):
        pytest.importorskip("matplotlib")
        result = tasks.run("adding", **TINY, verbose=0, save=tmp_path / "m.safetensors", plot=tmp_path / "p.png")
        loaded = recurra.saving.load_model(tmp_path / "m.safetensors")
        for one, other in zip(loaded.get_weights(), result.network.get_weights(), strict=True):
            assert np.array_equal(one, other)
        about = recurra.saving.load_metadata(tmp_path / "m.safetensors")["task"]
        assert (about["task"], about["figures"]) == ("adding", result.figures)
        assert (tmp_path / "p.png").stat().st_size > 5000

    def test_files_are_checked_before_the_training(self, drawn, tmp_path):
        pytest.importorskip("matplotlib")
        with pytest.raises(ValueError, match=r"must end in \.png"):
            tasks.run(drawn, plot=tmp_path / "p.xyz")
        with pytest.raises(ValueError, match=r"m\.h5"):
            tasks.run(drawn, save=tmp_path / "m.h5")

    def test_a_figure_that_is_nan_ends_the_run(self, drawn, monkeypatch, tmp_path):
        monkeypatch.setattr(Drawn, "evaluate", lambda *_: {"loss": float("nan")})
        result = tasks.run(drawn, epochs=5, verbose=0, json=tmp_path / "r.json")
        assert (result.epochs, result.best_epoch) == (1, 0)
        assert json.loads((tmp_path / "r.json").read_text())["figures"] == {"loss": None}

    def test_progress_says_what_is_left(self, drawn, capsys):
        tasks.run(drawn, epochs=2, verbose=2)
        first, second = capsys.readouterr().out.splitlines()
        assert first.startswith("Epoch 1/2 · 0:00 left for all epochs · 4 steps")
        assert second.startswith("Epoch 2/2 · 4 steps")
        assert "val_loss" in second


def same(one, other) -> bool:
    weights = zip(one.network.get_weights(), other.network.get_weights(), strict=True)
    return (one.history, one.figures, one.best_epoch) == (other.history, other.figures, other.best_epoch) and all(
        np.array_equal(a, b) for a, b in weights
    )


class TestResume:
    @pytest.mark.parametrize("name", ["dense", "wide"])
    def test_after_an_error_in_mid_epoch(self, drawn, name, tmp_path, monkeypatch):
        whole = tasks.run(drawn, name, epochs=4, verbose=0)
        usual = Drawn.evaluate
        calls = []

        def failing(self, *arguments):
            calls.append(1)
            if len(calls) == 3:
                raise OSError("no power")
            return usual(self, *arguments)

        monkeypatch.setattr(Drawn, "evaluate", failing)
        with pytest.raises(OSError, match="no power"):
            tasks.run(drawn, name, epochs=4, verbose=0, resume=tmp_path)
        monkeypatch.setattr(Drawn, "evaluate", usual)
        assert same(tasks.run(drawn, name, epochs=4, verbose=0, resume=tmp_path), whole)
        assert same(tasks.run(drawn, name, epochs=4, verbose=0, resume=tmp_path), whole)  # nothing is left to do

    def test_stopped_by_the_clock_and_taken_up(self, tmp_path):
        options = {**TINY, "dropout": 0.3, "verbose": 0}
        whole = tasks.run("adding", "gru", **options)
        part = tasks.run("adding", "gru", **options, minutes=1e-9, resume=tmp_path)
        assert part.epochs == 1
        rest = tasks.run("adding", "gru", **options, resume=tmp_path)
        assert rest.epochs == 3
        assert same(rest, whole)

    def test_killed_process(self, tmp_path):
        """SIGKILL in the middle of an epoch; the same command then ends with the bits of a run that was left alone."""
        command = [sys.executable, "-m", "recurra", "train", "adding", "--model", "lstm", "--seed", "3", "--units", "8"]
        command += ["--steps", "40", "--count", "2000", "--held-out", "64", "--epochs", "5", "--dropout", "0.2"]
        environment = {**os.environ, "PYTHONPATH": str(Path(recurra.__file__).parents[1]), "OMP_NUM_THREADS": "1"}

        def start(folder: str) -> subprocess.Popen[bytes]:
            files = ["--resume", str(tmp_path / folder), "--save", str(tmp_path / f"{folder}.safetensors")]
            files += ["--json", str(tmp_path / f"{folder}.json")]
            return subprocess.Popen([*command, *files], env=environment, stdout=subprocess.DEVNULL)

        alone = start("alone")
        assert alone.wait() == 0
        victim = start("killed")
        backup = tmp_path / "killed" / "training.safetensors"
        while not backup.exists() and victim.poll() is None:
            time.sleep(0.002)
        victim.send_signal(signal.SIGKILL)
        assert victim.wait() == -signal.SIGKILL
        assert start("killed").wait() == 0
        ours, theirs = (json.loads((tmp_path / f"{name}.json").read_text()) for name in ("alone", "killed"))
        for key in ("history", "figures", "best_epoch", "epochs"):
            assert ours[key] == theirs[key]
        models = [recurra.saving.load_model(tmp_path / f"{name}.safetensors") for name in ("alone", "killed")]
        for one, other in zip(*(model.get_weights() for model in models), strict=True):
            assert np.array_equal(one, other)

    @pytest.mark.parametrize(
        ("other", "message"),
        [
            ({"batch_size": 16}, "holds a run with batch_size=32, this one has batch_size=16"),
            ({"seed": 1}, "holds a run with seed=0, this one has seed=1"),
            ({"model": "wide"}, "holds a run with model='dense', this one has model='wide'"),
            ({"epochs": 2}, "holds a run with epochs=1, this one has epochs=2"),
        ],
    )
    def test_a_folder_of_another_run_is_refused(self, drawn, tmp_path, other, message):
        tasks.run(drawn, epochs=1, verbose=0, resume=tmp_path)
        before = (tmp_path / "training.safetensors").read_bytes()
        with pytest.raises(ValueError, match="use the same settings, or another folder") as caught:
            tasks.run(drawn, **{"epochs": 1, **other}, verbose=0, resume=tmp_path)
        assert message in str(caught.value)
        assert "\n" not in str(caught.value)
        assert (tmp_path / "training.safetensors").read_bytes() == before

    def test_a_folder_of_another_task_is_refused(self, drawn, tmp_path):
        tasks.run(drawn, epochs=1, verbose=0, resume=tmp_path)
        with pytest.raises(ValueError, match="holds a run with task='drawn', this one has task='adding'"):
            tasks.run("adding", **TINY, verbose=0, resume=tmp_path)

    @pytest.mark.parametrize("content", [b"{", b"[1]", b"\xff"])
    def test_a_damaged_folder(self, drawn, tmp_path, content):
        (tmp_path / "run.json").write_bytes(content)
        with pytest.raises(ValueError, match=r"is damaged .*delete the folder to start again"):
            tasks.run(drawn, verbose=0, resume=tmp_path)


class TestCommand:
    def test_help_does_without_the_engine(self):
        code = (
            "import sys; from recurra.cli import main\n"
            "for words in (['train', '--help'], ['train', 'adding', '--help']):\n"
            "    try: main(words)\n"
            "    except SystemExit: pass\n"
            "print(sorted(name for name in sys.modules if name.startswith('recurra.') and 'engine' in name))"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout.splitlines()[-1] == "[]"
        for name, entry in tasks.TASKS.items():
            assert name in done.stdout
            assert " ".join(entry.summary.split()) in " ".join(done.stdout.split())
        assert "lstm: 5" not in done.stdout
        assert "--learning-rate FLOAT" in done.stdout

    def test_every_setting_is_an_option(self, capsys):
        for name in tasks.TASKS:
            with pytest.raises(SystemExit) as ended:
                main(["train", name, "--help"])
            assert ended.value.code == 0
            shown = capsys.readouterr().out
            task = tasks.get(name)
            for one in task.settings_class.__dataclass_fields__.values():
                option = one.name.upper() if one.name in task.positional else f"--{one.name.replace('_', '-')}"
                assert f"{option} " in shown or f"{option}," in shown
            for model in task.models:
                assert model in shown

    def test_run_from_the_command_line(self, tmp_path, capsys):
        words = [f"--{name.replace('_', '-')}={value}" for name, value in TINY.items()]
        assert main(["train", "adding", "--model", "rnn", *words, "--json", str(tmp_path / "r.json")]) == 0
        out = capsys.readouterr().out
        told = json.loads((tmp_path / "r.json").read_text())
        assert f"mean squared error: {told['figures']['loss']:.4g} with rnn, 33 parameters, seed 0" in out
        assert "published: 0.177 (Bai, Kolter & Koltun, 2018, Table 1)" in out
        assert f"results: {tmp_path / 'r.json'}" in out
        assert told["about"]["command"].startswith("recurra train adding --model rnn --seed 0 --epochs 3 --filters 4")

    def test_none_where_a_setting_may_have_no_value(self, tmp_path):
        words = [f"--{name.replace('_', '-')}={value}" for name, value in {**TINY, "epochs": 0}.items()]
        file = tmp_path / "r.json"
        assert main(["train", "adding", "--model", "gru", *words, "--clip", "none", "--json", str(file)]) == 0
        told = json.loads(file.read_text())
        assert told["settings"]["clip"] is None
        assert "--clip none" in told["about"]["command"]
        with pytest.raises(SystemExit):
            main(["train", "adding", "--steps", "none"])

    def test_every_bound_of_gradients_may_be_left_out(self):
        clipped = [name for name in catalogue.TASKS if hasattr(tasks.get(name).settings_class, "clip")]
        assert {"jsb", "copy", "ptb-words", "dates"} <= set(clipped)
        for name in clipped:
            assert tasks.get(name).settings(clip=None).clip is None

    @pytest.mark.parametrize(
        ("words", "message"),
        [
            (["--model", "lstn"], "unknown model of the task adding 'lstn'; did you mean 'lstm'?"),
            (["--clip", "-1"], "settings: clip must be a number > 0, got -1.0"),
            (["--minutes", "0"], "run: minutes must be greater than 0, got 0.0"),
            (["--seed", "-1"], "run: seed must be an integer >= 0, got -1"),
        ],
    )
    def test_bad_input_is_one_line(self, words, message, capsys):
        assert main(["train", "adding", *words]) == 1
        assert capsys.readouterr().err == f"recurra: {message}\n"

    def test_a_short_view_is_one_line(self):
        """Seen from outside of pytest, which takes warnings for itself."""
        command = [
            sys.executable,
            "-m",
            "recurra",
            "train",
            "adding",
            "--steps",
            "50",
            "--levels",
            "2",
            "--epochs",
            "0",
        ]
        environment = {**os.environ, "PYTHONPATH": str(Path(recurra.__file__).parents[1])}
        done = subprocess.run(
            [*command, "--count", "8", "--held-out", "4"], env=environment, check=True, capture_output=True, text=True
        )
        (line,) = done.stderr.splitlines()
        assert line.startswith("warning: ")
        assert "the last 43 steps" in line
        assert "the sequences have 50" in line
