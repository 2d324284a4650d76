"""Pictures of trainings and forecasts: axes, labels, and where they can be written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="needs matplotlib")

from recurra import plotting


@pytest.mark.parametrize("epochs", [1, 2, 3, 7, 60])
def test_epochs_are_whole_numbers(epochs) -> None:
    axis = plotting.plot_losses([{"loss": [0.5] * epochs, "val_loss": [0.6] * epochs}])
    ticks = axis.get_xticks()
    assert all(tick == round(tick) for tick in ticks)
    assert any(1 <= tick <= epochs for tick in ticks)


def test_reviews_are_drawn_over_whole_epochs(tmp_path, monkeypatch) -> None:
    from recurra.cli import train_imdb
    from recurra.sentiment import Run

    drawn = []
    monkeypatch.setattr(plotting, "save", lambda figure, path: drawn.append(figure) or path)
    history = {name: [0.5, 0.4] for name in ("loss", "acc", "val_loss", "val_acc")}
    train_imdb._draw([Run(0, history, 1, {}, [], np.zeros(1))], "lstm", "x.png")
    for axis in drawn[0].axes:
        assert axis.get_xlabel() == "epoch"
        assert all(tick == round(tick) for tick in axis.get_xticks())


def test_the_forecast_goes_on_after_the_data() -> None:
    when = np.datetime64("2024-01-01") + np.arange(4)
    future = (when[-1] + np.arange(1, 3), [5.0, 6.0])
    axis = plotting.plot_forecast(
        when,
        [1, 2, 3, 4],
        [1, 2, 3, 5],
        [1, 1, 2, 3],
        future=future,
        naive_name="seasonal naive (week)",
        name="load",
        unit="",
    )
    lines = {line.get_label(): line for line in axis.get_lines()}
    assert list(lines) == ["seasonal naive (week), error 0.75", "actual", "forecast, error 0.25", "after the data"]
    np.testing.assert_array_equal(lines["after the data"].get_ydata(), [5, 6])
    assert axis.get_xlim()[1] == axis.convert_xunits(future[0][-1])


def test_kinds_of_files() -> None:
    plotting.check_path("a/b.SVG")
    for name in ("x", "x.doc", "png"):
        with pytest.raises(ValueError, match=r"must end in \.png, \.pdf or \.svg"):
            plotting.check_path(name)


def test_attention_has_the_tokens_on_both_axes() -> None:
    weights = np.linspace(0, 1, 20).reshape(4, 5)
    axis = plotting.attention(weights, [3, 1, 4], ["a", "b"])
    np.testing.assert_array_equal(axis.images[0].get_array(), weights[:2, :3])
    assert [label.get_text() for label in axis.get_xticklabels()] == ["3", "1", "4"]
    assert [label.get_text() for label in axis.get_yticklabels()] == ["a", "b"]
    with pytest.raises(ValueError, match=r"of at least \(2, 6\) for these tokens, got shape \(4, 5\)"):
        plotting.attention(weights, "sixsix", "ab")
    with pytest.raises(ValueError, match="take one sequence of a batch"):
        plotting.attention(weights[None], "abc", "ab")


def test_addresses_are_drawn_by_step_and_slot(tmp_path: Path) -> None:
    weights = np.eye(4)[[0, 1, 1]]  # three steps, four slots
    axis = plotting.addresses(weights, title="read")
    image = axis.get_images()[0].get_array()
    np.testing.assert_array_equal(image, weights.T)
    assert axis.get_title() == "read"
    assert plotting.save(axis.figure, tmp_path / "addresses.png").stat().st_size > 0
    with pytest.raises(ValueError, match="take one head of one sequence"):
        plotting.addresses(weights[None])


def test_pondering_as_a_line_and_as_a_heat_map() -> None:
    axis = plotting.ponder([1, 3, 2], "abc")
    assert axis.lines[0].get_ydata().tolist() == [1, 3, 2]
    axis = plotting.ponder([[1, 3, 0], [2, 2, 2]])
    shown = axis.images[0].get_array()
    assert shown.mask.sum() == 1
    assert shown.max() == 3
    with pytest.raises(ValueError, match=r"steps must be \(time,\) or \(batch, time\), got shape \(1, 1, 2\)"):
        plotting.ponder([[[1, 2]]])
    with pytest.raises(ValueError, match="expected 2 tokens, one a step, got 3"):
        plotting.ponder([1, 2], "abc")
