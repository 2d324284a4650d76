"""Ctrl-C ends a command with one line and the shell's status for it."""

from __future__ import annotations

import pytest

from recurra import cli


@pytest.mark.parametrize(
    ("words", "line"),
    [((), "recurra: stopped"), (("fit was interrupted in epoch 2",), "recurra: fit was interrupted in epoch 2")],
)
def test_interrupt(
    words: tuple[str, ...], line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(options: object) -> int:
        raise KeyboardInterrupt(*words)

    from recurra.cli import info

    monkeypatch.setattr(info, "run", interrupted)
    assert cli.main(["info", "any.safetensors"]) == 130
    said = capsys.readouterr()
    assert said.err.strip() == line
    assert said.out == ""
