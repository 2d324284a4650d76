"""What the command says to mistakes and to odd files: words and the option that helps, never a traceback."""

from __future__ import annotations

import json
import sys
from io import BytesIO, TextIOWrapper
from pathlib import Path

import numpy as np
import pytest

from recurra.cli import main
from recurra.cli.info import shortened

QUICK = ["--epochs", "1", "--steps", "2", "--units", "4", "--model", "dense"]


@pytest.fixture(autouse=True)
def private_folder(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("RECURRA_DATA", raising=False)
    monkeypatch.chdir(tmp_path)


def daily(path: Path, rows: int = 300, header: str = "date,sales,visitors,promo") -> Path:
    days = np.datetime64("2023-01-01") + np.arange(rows)
    noise = np.random.default_rng(0).normal(size=rows)
    lines = [f"{day},{100 + 20 * (i % 7) + noise[i]:.1f},{50 - i % 5},yes" for i, day in enumerate(days)]
    path.write_text("\n".join([header, *lines]) + "\n")
    return path


def test_forecast_says_what_follows_the_data(tmp_path, capsys) -> None:
    daily(tmp_path / "shop.csv")
    assert main(["forecast", "shop.csv", "--target", "sales", *QUICK]) == 0
    out = capsys.readouterr().out
    assert "300 rows, one every 24 h, 2023-01-01 to 2023-10-27\n" in out
    assert "sales 7 d after the newest row, from 2 columns over 23 d, a sample every 24 h" in out
    assert "1 epoch of 2 batches of" in out
    assert "training windows: few for a network" in out
    assert "own unit" in out
    assert "\n  2023-10-28  " in out
    assert "\n  2023-11-03  " in out
    lines = (tmp_path / "shop.forecast.csv").read_text().splitlines()
    assert lines[0] == "time,forecast of sales,sales"
    assert [line.split(",")[0] for line in lines[1:]] == [f"2023-{day}" for day in
        ("10-28", "10-29", "10-30", "10-31", "11-01", "11-02", "11-03")]  # fmt: skip
    assert main(["forecast", "shop.csv", "--target", "sales", *QUICK, "--json", "--out", "x/f.csv"]) == 0
    results = json.loads(capsys.readouterr().out)
    assert [each["at"] for each in results["forecast"]][::6] == ["2023-10-28", "2023-11-03"]
    assert set(results["best_baseline"].values()) <= set(results["baselines"])
    assert results["baseline"]["test"] == min(errors["test"] for errors in results["baselines"].values())
    assert results["runs"][0]["best_epoch"] == 1
    assert (tmp_path / "x" / "f.csv").is_file()


def test_naive_forecast_of_the_future(tmp_path, capsys) -> None:
    daily(tmp_path / "shop.csv")
    assert main(["forecast", "shop.csv", "--target", "sales", "--model", "naive", "--horizon", "3"]) == 0
    sales = [float(line.split(",")[1]) for line in (tmp_path / "shop.csv").read_text().splitlines()[1:]]
    future = [float(line.split(",")[1]) for line in (tmp_path / "shop.forecast.csv").read_text().splitlines()[1:]]
    assert future == sales[-7:-4]
    assert "seasonal naive (week)" in capsys.readouterr().out


def test_delay_is_an_older_way_to_state_the_horizon(tmp_path, capsys) -> None:
    daily(tmp_path / "shop.csv")
    start = ["forecast", "shop.csv", "--target", "sales", *QUICK, "--json", "--lookback", "12", "--step", "2"]
    runs = []
    for horizon in (["--horizon", "7"], ["--delay", "5"]):
        assert main([*start, *horizon]) == 0
        runs.append(json.loads(capsys.readouterr().out))
    assert runs[0]["settings"] == runs[1]["settings"]
    assert runs[0]["mean"] == runs[1]["mean"]
    assert main([*start, "--delay", "5", "--horizon", "5"]) == 1
    assert "give --horizon or --delay, not both" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nope.csv", "--target", "x"], "there is no file 'nope.csv'"),
        (["folder", "--target", "x"], "'folder' is a folder; name a file in it"),
        (["shop.csv"], "say which column to forecast (--target COLUMN). Columns of numbers: sales, visitors"),
        (["shop.csv", "--target", "promo"], "column 'promo' holds text ('yes', line 2)"),
        (
            ["shop.csv", "--target", "Sales"],
            "there is no column 'Sales'; did you mean 'sales'? Columns: sales, visitors",
        ),
        (["shop.csv", "--target", "sales", "--delimiter", "ab"], "the delimiter must be one character"),
        (["shop.csv", "--target", "sales", "--decimal", "x"], "the decimal sign must be '.' or ','"),
        (["shop.csv", "--target", "sales", "--horizon", "0"], "horizon must be an integer >= 1, got 0"),
        (
            ["shop.csv", "--target", "sales", "--horizon", "2mo"],
            "one row every 24 h a span is given in s, min, h, d, w",
        ),
        (
            ["shop.csv", "--target", "sales", "--lookback", "60"],
            "shorten them (--lookback, --horizon) or change the split",
        ),
        (["shop.csv", "--target", "sales", "--patience", "-1"], "patience must be an integer >= 0, got -1"),
        (["shop.csv", "--target", "sales", "--units", "1" + "0" * 30], "units must be an integer from 1 to 1000000"),
        (["shop.csv", "--target", "sales", "--split", "nan/1/1"], "three positive shares"),
        (["shop.csv", "--target", "sales", "--model", "naive", "--save", "x"], "'naive' has no model to save"),
        (
            ["shop.csv", "--target", "sales", "--date-column", "promo"],
            "'yes' in column 'promo' is not a known form of dates",
        ),
        (["double.csv", "--target", "sales"], "the name 'sales' is there twice; rename it"),
    ],
)
def test_mistakes_in_one_line(tmp_path, capsys, arguments, message) -> None:
    daily(tmp_path / "shop.csv")
    daily(tmp_path / "double.csv", header="date,sales,sales,promo")
    (tmp_path / "folder").mkdir()
    assert main(["forecast", *arguments, *(["--epochs", "0"] if "--model" not in arguments else [])]) == 1
    error = capsys.readouterr().err
    assert error.startswith("recurra: ")
    assert message in error
    assert error.count("\n") == 1
    assert "Errno" not in error


def test_the_only_column_needs_no_name(tmp_path, capsys) -> None:
    (tmp_path / "one.csv").write_text("n\n" + "\n".join(str(i % 11) for i in range(300)))
    assert main(["forecast", "one.csv", "--model", "naive"]) == 0
    out = capsys.readouterr().out
    assert "there are no dates: rows are taken as evenly spaced" in out
    assert "row 300" in out


def test_results_are_checked_before_the_training(tmp_path, capsys, monkeypatch) -> None:
    daily(tmp_path / "shop.csv")
    start = ["forecast", "shop.csv", "--target", "sales", *QUICK]
    (tmp_path / "file").write_text("")
    for arguments in (["--plot", "x.doc"], ["--save", "file/model"], ["--plot", "file/x.png"]):
        if "--plot" in arguments:
            pytest.importorskip("matplotlib", reason="needs matplotlib")
        assert main([*start, *arguments]) == 1
        assert "Epoch" not in capsys.readouterr().out
    monkeypatch.setitem(sys.modules, "matplotlib.backend_bases", None)
    assert main([*start, "--plot", "x.png"]) == 1
    streams = capsys.readouterr()
    assert "plotting needs matplotlib; install it with: pip install 'recurra[plot]'" in streams.err
    assert "Epoch" not in streams.out


def test_predict_on_the_training_file_scores_new_rows_only(tmp_path, capsys) -> None:
    daily(tmp_path / "shop.csv")
    assert main(["forecast", "shop.csv", "--target", "sales", *QUICK, "--save", "m"]) == 0
    capsys.readouterr()
    assert main(["predict", "m", "shop.csv"]) == 0
    out = capsys.readouterr().out
    assert "240 of 300 rows were used to train the model or to choose its epoch" in out
    assert "mean absolute error of 60 forecasts of new rows: " in out
    assert "latest: sales will be" in out
    assert " at 2023-11-03 (7 d after 2023-10-27)" in out
    (tmp_path / "old.csv").write_text("\n".join((tmp_path / "shop.csv").read_text().splitlines()[:200]))
    assert main(["predict", "m", "old.csv"]) == 0
    assert (
        "no forecast can be scored: no row of this file is both new to the model and known" in capsys.readouterr().out
    )


def test_info_shortens_long_values(tmp_path, capsys) -> None:
    assert shortened({"a": "x" * 121, "b": list(range(20)), "c": [["y" * 500]], "d": 1.5, "e": "x" * 120}) == {
        "a": "x" * 120 + "… (121 characters)",
        "b": [*range(12), "… (20 values)"],
        "c": [["y" * 120 + "… (500 characters)"]],
        "d": 1.5,
        "e": "x" * 120,
    }
    daily(tmp_path / "shop.csv")
    assert main(["forecast", "shop.csv", "--target", "sales", *QUICK, "--save", "m"]) == 0
    capsys.readouterr()
    assert main(["info", "m"]) == 0
    short = capsys.readouterr().out
    assert "… (64 values)" in short
    assert main(["info", "m", "--all"]) == 0
    assert len(capsys.readouterr().out) > len(short)


def test_data_lists_addresses_and_what_is_here(tmp_path, capsys, monkeypatch) -> None:
    assert main(["data"]) == 0
    out = capsys.readouterr().out
    for words in (
        "beijing_pm25_2010_2014.csv, 2.0 MB",
        "https://",
        "sha256 892e9559",
        "not on this machine",
        "RECURRA_DATA",
    ):
        assert words in out
    (tmp_path / "ETTh1.csv.gz").write_bytes(b"")
    monkeypatch.setenv("RECURRA_DATA", str(tmp_path))
    assert main(["data", "electricity", "--json"]) == 0
    (file,) = json.loads(capsys.readouterr().out)
    assert (file["name"], file["found"]) == ("ETTh1.csv", str(tmp_path / "ETTh1.csv.gz"))
    assert main(["data", "juggling"]) == 1
    assert "no data set is called juggling" in capsys.readouterr().err


@pytest.mark.parametrize("words", [[], ["train"], ["demo"]])
def test_no_command_prints_the_help(capsys, words) -> None:
    assert main(words) == 2
    assert "positional arguments" in capsys.readouterr().err


def test_texts_from_standard_input(monkeypatch) -> None:
    from recurra.preprocessing.reading import read_lines

    monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO("one\r\nzwei ü\n".encode())))
    assert list(read_lines("-")) == ["one", "zwei ü"]
