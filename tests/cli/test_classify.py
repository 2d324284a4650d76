"""`recurra classify` on texts with and without words that the model knows, and from standard input."""

from __future__ import annotations

import json
import sys
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest

from recurra.cli import main
from recurra.saving import save_model
from recurra.sentiment.networks import NETWORKS


@pytest.fixture
def model(tmp_path: Path) -> str:
    about = {"words": "good bad", "bag": False, "max_words": 6, "maxlen": 4}
    save_model(NETWORKS["lstm"].build(6, 2, 4), tmp_path / "m", metadata={"sentiment": about})
    return str(tmp_path / "m")


def test_a_text_without_a_known_word_gets_no_answer(model, capsys) -> None:
    texts = ["good", "", "xyzzy qqqq", "nicht gut"]
    assert main(["classify", model, *texts]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "% positive  good" in lines[0]
    assert lines[1:] == [
        "no word of this text is known",
        "no word of this text is known  xyzzy qqqq",
        "no word of this text is known  nicht gut",
    ]
    assert main(["classify", model, *texts, "--json"]) == 0
    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [answer["known_words"] for answer in answers] == [1, 0, 0, 0]
    assert [answer["answer"] for answer in answers[1:]] == [None, None, None]


def test_standard_input(model, capsys, monkeypatch) -> None:
    monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(b"so bad\ngood\n")))
    assert main(["classify", model, "--file", "-"]) == 0
    out = capsys.readouterr().out
    assert out.count("\n") == 2
    assert "positive  so bad\n" in out


def test_what_is_no_archive_of_reviews_is_said_in_one_line(tmp_path, capsys) -> None:
    (tmp_path / "my.csv").write_text("text,label\ngreat,1\n")
    assert main(["train", "imdb", "--data", str(tmp_path / "my.csv")]) == 1
    error = capsys.readouterr().err
    assert "it is neither a tar archive of reviews nor an .npz archive" in error
    assert error.count("\n") == 1
