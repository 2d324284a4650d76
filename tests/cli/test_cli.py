"""The command line, run in this process on small tables."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

import recurra
from recurra.cli import main
from recurra.cli.forecast_report import verdict
from recurra.cli.table_options import names
from recurra.datasets import jena_climate

QUICK = ["--epochs", "2", "--steps", "30", "--batch-size", "32", "--units", "8", "--learning-rate", "0.005"]


@pytest.fixture(autouse=True)
def private_folders(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("RECURRA_DATA", raising=False)
    monkeypatch.setattr(jena_climate, "URL", "http://127.0.0.1:9/jena.zip")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def waves(tmp_path) -> Path:
    path = tmp_path / "waves.csv"
    hours = np.arange(700)
    noise = np.random.default_rng(4).normal(size=700) * 0.05
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(["time", "s", "T (degC)", "word", "pm, fine"])
        for hour in hours:
            when = np.datetime64("2020-01-01T00", "h") + hour
            s, t = np.sin(hour * 2 * np.pi / 20), 5 + 3 * np.cos(hour * 2 * np.pi / 20) + noise[hour]
            out.writerow(
                [str(when).replace("T", " ") + ":00", f"{s:.4f}", f"{t:.4f}", "x", "" if hour == 7 else hour % 5]
            )
    return path


def forecast(waves: Path, *more: str, model: str = "dense") -> list[str]:
    spans = ["--lookback", "12h", "--step", "2h", "--horizon", "5h"]
    return ["forecast", str(waves), "--target", "T (degC)", "--drop", '"pm, fine"', "--model", model, *spans, *more]


def test_forecast_save_predict(waves, tmp_path, capsys) -> None:
    assert main(forecast(waves, *QUICK, "--save", "m/model.safetensors", "--seeds", "2")) == 0
    out = capsys.readouterr().out
    assert "waves.csv: 700 rows, one every 1 h, 2020-01-01 00:00 to 2020-01-30 03:00" in out
    assert "text columns are ignored: word" in out
    assert "T (degC) 5 h after the newest row, from 2 columns over 12 h, a sample every 2 h (6 x 2)" in out
    for line in (
        "naive (last value)",
        "seasonal naive (day)",
        "seasonal naive (week)",
        "dense, seed 0",
        "dense, seed 1",
        "mean",
        "spread",
    ):
        assert f"\n{line}  " in out
    assert "dense beats every naive forecast: its error is" in out
    assert "°C" in out

    assert main(["predict", "m/model.safetensors", str(waves)]) == 0
    out = capsys.readouterr().out
    assert "560 of 700 rows were used to train the model or to choose its epoch" in out
    assert "mean absolute error of 140 forecasts of new rows: " in out
    assert "latest: T (degC) will be" in out
    assert "at 2020-01-30 08:00 (5 h after 2020-01-30 03:00)" in out
    with (tmp_path / "waves.forecast.csv").open(encoding="utf-8") as file:
        assert len(list(csv.reader(file))) == 1 + 700 - 12 + 2

    assert main(["info", "m/model.safetensors"]) == 0
    out = capsys.readouterr().out
    assert "dense" in out
    assert '"lookback": 12' in out


def test_json_is_all_of_stdout(waves, capsys) -> None:
    assert main(forecast(waves, *QUICK, "--json", "--predict-change")) == 0
    streams = capsys.readouterr()
    results = json.loads(streams.out)
    assert "naive (last value)" in streams.err
    assert results["settings"]["predict_change"] is True
    assert results["settings"]["lookback"] == 12
    assert results["columns"] == ["s", "T (degC)"]
    assert results["beats_baseline"] == {"validation": True, "test": True}
    assert results["mean"]["test"] == results["runs"][0]["test"] < results["baseline"]["test"]
    assert len(results["runs"][0]["history"]["loss"]) == 2


def test_naive_needs_no_training(waves, capsys) -> None:
    assert main(forecast(waves, model="naive")) == 0
    out = capsys.readouterr().out
    assert "naive (last value)" in out
    assert "seed" not in out
    assert main(forecast(waves, "--save", "x", model="naive")) == 1
    assert "'naive' has no model to save" in capsys.readouterr().err


def test_a_model_that_loses_is_told_to_lose(waves, capsys) -> None:
    assert main(forecast(waves, "--epochs", "0", "--horizon", "18h")) == 0
    assert "dense DOES NOT BEAT the best naive forecast on the validation and test split" in capsys.readouterr().out


def test_verdicts() -> None:
    rule = {"validation": 0.5, "test": 0.4}
    names = {"validation": "naive (last value)", "test": "seasonal naive (week)"}
    won = verdict("gru", names, rule, {"validation": 0.4, "test": 0.3}, False)
    assert won == (
        "gru beats every naive forecast: its error is 20.0 % smaller on the validation split than that of "
        "naive (last value) and 25.0 % smaller on the test split than that of seasonal naive (week)."
    )
    mixed = verdict("gru", names, rule, {"validation": 0.4, "test": 0.4}, False)
    assert "DOES NOT BEAT the best naive forecast on the test split" in mixed
    assert "--predict-change" in mixed
    assert "--predict-change" not in verdict("gru", names, rule, rule, True)


def test_plot(waves, tmp_path, capsys) -> None:
    pytest.importorskip("matplotlib", reason="needs matplotlib")
    assert main(forecast(waves, *QUICK, "--plot", "p/plot.png")) == 0
    assert (tmp_path / "p" / "plot.png").read_bytes().startswith(b"\x89PNG")
    assert main(forecast(waves, "--plot", "p/naive.svg", model="naive")) == 0
    drawing = (tmp_path / "p" / "naive.svg").read_text()
    assert drawing.startswith("<?xml")


@pytest.mark.parametrize("command", ["demo", "train"])
def test_jena_without_data_is_announced_as_synthetic(command, tmp_path, capsys, monkeypatch) -> None:
    made = jena_climate.synthetic
    monkeypatch.setattr(jena_climate, "synthetic", lambda: made(9000))
    more = ["--save", "out/jena.safetensors"] if command == "train" else []
    assert main([command, "jena", "--epochs", "1", "--steps", "3", "--units", "4", *more]) == 0
    streams = capsys.readouterr()
    assert "No measured weather: 'jena_climate_2009_2016.csv' is not on this machine" in streams.err
    assert "SYNTHETIC DATA" in streams.out
    assert "°C" in streams.out
    assert (tmp_path / "out" / "jena.safetensors").is_file()
    assert (tmp_path / "out" / "jena.png").is_file() == (command == "demo" and has_matplotlib())


def has_matplotlib() -> bool:
    from importlib.util import find_spec

    return find_spec("matplotlib") is not None


def test_conv_gru_samples_the_window_twice_as_finely(capsys, monkeypatch) -> None:
    made = jena_climate.synthetic
    monkeypatch.setattr(jena_climate, "synthetic", lambda: made(9000))
    start = ["train", "jena", "--synthetic", "--epochs", "0", "--units", "4", "--model", "conv-gru"]
    assert main(start) == 0
    assert "a sample every 30 min (240 x 14)" in capsys.readouterr().out
    assert main([*start, "--step", "1h"]) == 0
    assert "a sample every 1 h (120 x 14)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (["--target", "T"], "did you mean 'T (degC)'"),
        (["--drop", ""], "column 'pm, fine' is missing 1 of 700 values"),
        (["--lookback", "90min"], "--lookback: '90min' is 1.500 rows"),
        (["--step", "5"], "lookback must be a multiple of step 5 rows, got 12"),
        (["--lookback", "400"], "the validation split has rows 420 to 560 of 700"),
        (["--split", "80/20"], "three positive shares"),
        (["--split", "a/b/c"], "--split: expected three shares"),
        (["--seeds", "0"], "--seeds must be at least 1"),
        (["--threads", "0"], "at least 1 thread"),
        (["--features", "word"], "column 'word' holds text"),
    ],
)
def test_bad_input_is_one_line_and_status_1(waves, capsys, change, message) -> None:
    assert main(forecast(waves, "--epochs", "0", *change)) == 1
    error = capsys.readouterr().err
    assert message in error
    assert error.startswith("recurra: ")
    assert error.count("\n") == 1


def test_files_that_are_not_there(waves, capsys) -> None:
    assert main(["forecast", "none.csv", "--target", "x"]) == 1
    assert "none.csv" in capsys.readouterr().err
    assert main(["predict", "none.safetensors", str(waves)]) == 1
    assert "there is no model file none.safetensors" in capsys.readouterr().err
    assert main(["train", "jena", "--data", "none.csv", "--model", "naive"]) == 1
    assert "none.csv" in capsys.readouterr().err


def test_info_version_and_usage(capsys) -> None:
    assert main(["info"]) == 0
    assert "simd" in capsys.readouterr().out.lower()
    for arguments, status in ((["--version"], 0), (["--help"], 0), (["train", "--help"], 0), (["juggle"], 2)):
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert ended.value.code == status
    for words in ([], ["train"], ["demo"]):
        assert main(words) == 2
        assert "show this help message" in capsys.readouterr().err
    for command in (["forecast"], ["predict"], ["info"], ["train", "jena"], ["demo", "jena"]):
        with pytest.raises(SystemExit) as ended:
            main([*command, "--help"])
        assert ended.value.code == 0


def test_names_in_an_option() -> None:
    assert names('a, b,"c, d",') == ["a", "b", "c, d"]


class TestBench:
    def test_runs_the_program_of_the_source_above(self, tmp_path, monkeypatch) -> None:
        (tmp_path / "bench").mkdir()
        (tmp_path / "python" / "recurra").mkdir(parents=True)
        (tmp_path / "deep" / "er").mkdir(parents=True)
        said = tmp_path / "said.json"
        (tmp_path / "bench" / "__init__.py").touch()
        (tmp_path / "bench" / "run.py").write_text(
            "import json, pathlib, sys, recurra\n"
            f"pathlib.Path({str(said)!r}).write_text(json.dumps([recurra.__file__, *sys.argv[1:]]))\n"
            "sys.exit(3)\n"
        )
        monkeypatch.chdir(tmp_path / "deep" / "er")
        assert main(["bench", "--peers", "torch,jax", "--threads", "1", "--complete"]) == 3
        package = str(Path(recurra.__file__))
        results = str(tmp_path / "deep" / "er" / "out" / "bench")
        expected = [package, "--peers", "torch,jax", "--threads", "1", "--results", results, "--complete"]
        assert json.loads(said.read_text()) == expected

    def test_says_that_it_needs_the_source(self, tmp_path, capsys) -> None:
        assert main(["bench", "--source", str(tmp_path / "none")]) == 1
        message = capsys.readouterr().err
        assert "which comes with recurra's source and not with the package" in message
        assert "none is not such a folder" in message
