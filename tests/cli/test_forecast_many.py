"""`recurra forecast --models`: wide and long files, intervals, errors of the past, the report."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest

from recurra.cli import main
from recurra.forecasting import ladder, models


@pytest.fixture(autouse=True)
def private_folder(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(ladder, "LADDER", (models.SeasonalNaive, models.Naive, lambda: models.NLinear(epochs=2)))


def write(path: str, names: list[str], rows: list[list[object]]) -> str:
    with Path(path).open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([names, *rows])
    return path


def days(count: int) -> list[str]:
    return [str(np.datetime64("2024-01-01") + day) for day in range(count)]


def waves(count: int, level: float) -> list[float]:
    noise = np.random.default_rng(0).normal(size=count)
    return (level * (5 + np.sin(np.arange(count) * 2 * np.pi / 7)) + noise).round(3).tolist()


@pytest.fixture
def wide() -> str:
    rows = [list(row) for row in zip(days(90), waves(90, 10), waves(90, 200), strict=True)]
    return write("wide.csv", ["day", "north", "south"], rows)


@pytest.fixture
def long() -> str:
    rows = [["Bonn", day, value] for day, value in zip(days(60), waves(60, 10), strict=True)]
    rows += [["Ulm, old", day, value] for day, value in zip(days(40), waves(40, 3), strict=True)]
    return write("long.csv", ["shop", "day", "sales"], rows[::-1])


def read(path: str) -> list[dict[str, str]]:
    with Path(path).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_column_is_a_series(wide, capsys) -> None:
    asked = ["--models", "auto", "--horizon", "7d", "--level", "80,95", "--cv", "2", "--report", "out/report.html"]
    assert main(["forecast", wide, *asked]) == 0
    out = capsys.readouterr().out
    assert "wide.csv: 2 series of 90 rows, 2024-01-01 to 2024-03-30" in out
    assert re.search(r"(won: MASE|was not beaten: MASE) \d\.\d{3}", out)
    assert re.search(
        r"errors of the past, from 2 cutoffs\nmodel +MAE +MASE +inside 80 % +inside 95 %\nSeasonalNaive", out
    )
    rows = read("wide.forecast.csv")
    assert [row["unique_id"] for row in rows] == ["north"] * 7 + ["south"] * 7
    assert rows[0]["ds"] == "2024-03-31"
    assert all(float(row["SeasonalNaive-lo-80"]) < float(row["SeasonalNaive-hi-80"]) for row in rows)
    page = Path("out/report.html").read_text(encoding="utf-8")
    for heading in ("Data", "Models tried", "Errors of the past", "Mean absolute error by step", "Forecasts", "north"):
        assert f">{heading}</h" in page
    assert page.count("<svg") == page.count("</svg>") == 3
    assert not re.search(r"nan|(src|href)=", page)


def test_one_column_names_the_series(long, capsys) -> None:
    assert main(["forecast", long, "--models", "Naive,SeasonalNaive", "--id", "shop", "--horizon", "2", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["forecast"]["unique_id"] == ["Bonn", "Bonn", "Ulm, old", "Ulm, old"]
    rows = read("long.forecast.csv")
    assert [row["ds"] for row in rows] == ["2024-03-01", "2024-03-02", "2024-02-10", "2024-02-11"]
    assert float(rows[0]["Naive"]) == waves(60, 10)[-1]
    assert float(rows[3]["SeasonalNaive"]) == waves(40, 3)[-6]


def test_a_target_with_covariates_and_rows_without_dates(capsys) -> None:
    rows = [[value, other] for value, other in zip(waves(80, 5), waves(80, 1), strict=True)]
    path = write("plain.csv", ["load", "wind"], rows)
    asked = ["--target", "load", "--features", "wind", "--models", "NLinear", "--horizon", "3", "--lookback", "9"]
    assert main(["forecast", path, *asked]) == 0
    assert "1 series of 80 rows, 0 to 79" in capsys.readouterr().out
    assert [row["ds"] for row in read("plain.forecast.csv")] == ["80", "81", "82"]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--level", "80"], "--level needs --models, such as --models auto"),
        (["--cv", "2"], "--cv needs --models"),
        (["--models", "Naiv"], "unknown model 'Naiv'; did you mean 'Naive'?"),
        (["--models", "Naive", "--level", "0.8"], "a level must be a number in [1, 100), got 0.8"),
        (["--models", "Naive", "--level", "a"], "--level: 'a' is no number; give percentages such as 80,95"),
        (["--models", "Naive", "--save", "m"], "--save goes with --model, not with --models"),
        (["--models", "Naive", "--missing", "forward"], "with --models give interpolate or skip"),
        (["--models", "Naive", "--id", "shop"], "there is no column 'shop'"),
        (["--models", "Naive", "--horizon", "50", "--cv", "3"], "lower n_windows or step_size"),
    ],
)
def test_options_that_are_refused(wide, capsys, more: list[str], message: str) -> None:
    assert main(["forecast", wide, "--target", "north", *more]) == 1
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1
    assert not Path("wide.forecast.csv").exists()
