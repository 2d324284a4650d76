"""The table of a model, character by character, and as HTML."""

from __future__ import annotations

import re

import numpy as np
import pytest

from recurra import Input, Model, Sequential, ops
from recurra.layers import Dense, Dropout, naming


@pytest.fixture(autouse=True)
def _fresh_names(monkeypatch):
    naming.reset_names()
    monkeypatch.setenv("COLUMNS", "80")


def text_of(model, **options):
    lines = []
    model.summary(print_fn=lines.append, **options)
    assert len(lines) == 1
    return lines[0]


def test_sequential():
    model = Sequential(
        [Input((3,)), Dense(4), Dropout(0.5), Dense(2000, name="a_name_that_is_too_long_for_its_column")]
    )
    assert (
        text_of(model)
        == """\
Model: "sequential"
┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━┓
┃ Layer (type)                    ┃ Output Shape           ┃       Param # ┃
┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━┩
│ dense (Dense)                   │ (None, 4)              │            16 │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ dropout (Dropout)               │ (None, 4)              │             0 │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ a_name_that_is_too_long_for_it… │ (None, 2000)           │        10,000 │
│ (Dense)                         │                        │               │
└─────────────────────────────────┴────────────────────────┴───────────────┘
 Total params: 10,016 (39.12 KB)
 Trainable params: 10,016 (39.12 KB)
 Non-trainable params: 0 (0.00 B)"""
    )


def test_unbuilt():
    text = text_of(Sequential([Dense(4), Dense(2)]))
    assert text.count("│ ?                      │   0 (unbuilt) │") == 2
    assert " Total params: 0 (0.00 B)" in text


def branching():
    i = Input((5, 3), name="x")
    shared = Dense(4)
    a = shared(i)
    b = shared(a[:, :, :3])
    inner = Sequential([Dense(2), Dense(3)], name="inner")
    model = Model(i, [inner(ops.concatenate([a, b], axis=-1)), a * 2.0])
    shared.trainable = False
    return model


def test_branching_model_says_what_is_connected():
    assert (
        text_of(branching())
        == """\
Model: "functional"
┏━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━┓
┃ Layer (type)        ┃ Output Shape      ┃    Param # ┃ Connected to      ┃
┡━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━┩
│ x (InputLayer)      │ (None, 5, 3)      │          0 │ -                 │
├─────────────────────┼───────────────────┼────────────┼───────────────────┤
│ dense (Dense)       │ (None, 5, 4)      │         16 │ x[0][0],          │
│                     │                   │            │ get_item[0][0]    │
├─────────────────────┼───────────────────┼────────────┼───────────────────┤
│ get_item (GetItem)  │ (None, 5, 3)      │          0 │ dense[0][0]       │
├─────────────────────┼───────────────────┼────────────┼───────────────────┤
│ concatenate         │ (None, 5, 8)      │          0 │ dense[0][0],      │
│ (Concatenate)       │                   │            │ dense[1][0]       │
├─────────────────────┼───────────────────┼────────────┼───────────────────┤
│ inner (Sequential)  │ (None, 5, 3)      │         27 │ concatenate[0][0] │
├─────────────────────┼───────────────────┼────────────┼───────────────────┤
│ multiply (Multiply) │ (None, 5, 4)      │          0 │ dense[0][0]       │
└─────────────────────┴───────────────────┴────────────┴───────────────────┘
 Total params: 43 (172.00 B)
 Trainable params: 27 (108.00 B)
 Non-trainable params: 16 (64.00 B)"""
    )


def test_nested_and_trainable():
    text = text_of(branching(), expand_nested=True, show_trainable=True)
    assert "┃ Trai… ┃" in text
    assert re.search(r"│ inner +│ \(None, 5, 3\) +│ +27 │ concatenate\[0… │ +Y +│", text)
    assert re.search(r"│    └ dense_1 +│ \(None, 5, 2\) +│ +18 │ - +│ +Y +│", text)
    assert re.search(r"│ dense \(Dense\) +│ \(None, 5, 4\) +│ +16 │ x\[0\]\[0\], +│ +N +│", text)
    assert len({len(line) for line in text.splitlines()[1:-3]}) == 1


@pytest.mark.parametrize("length", [50, 60, 88, 100, 133])
def test_line_length(length):
    for model in (branching(), Sequential([Input((3,)), Dense(4)])):
        lines = text_of(model, line_length=length).splitlines()
        assert {len(line) for line in lines[1:-3]} == {length}


def test_positions_range_and_errors():
    model = Sequential([Input((3,)), Dense(4, name="first"), Dense(4, name="second"), Dense(4, name="third")])
    rows = text_of(model, line_length=60, positions=[0.2, 0.5, 1.0]).splitlines()
    assert [len(part) for part in rows[1].strip("┏┓").split("┳")] == [11, 16, 29]
    assert text_of(model, line_length=60, positions=[12, 30, 60]).splitlines() == rows
    ranged = text_of(model, layer_range=("second", "third"))
    assert "first" not in ranged
    assert "second" in ranged
    assert "third" in ranged
    for options, words in [
        ({"layer_range": ("second", "fourth")}, "no layers match"),
        ({"layer_range": ("second",)}, "must be two names"),
        ({"line_length": 10}, "too short for 3 columns"),
        ({"positions": [0.5, 1.0]}, "expected 3 positions, got 2"),
    ]:
        with pytest.raises(ValueError, match=words):
            model.summary(**options)


def test_prints_by_default(capsys):
    Sequential([Input((3,)), Dense(4)]).summary()
    assert capsys.readouterr().out.startswith('Model: "sequential"\n┏')


def test_subclass():
    class Own(Model):
        def __init__(self):
            super().__init__()
            self.a = Dense(4)
            self.b = Dense(2)

        def call(self, x):
            return self.b(self.a(x))

    model = Own()
    assert "0 (unbuilt)" in text_of(model)
    model(np.zeros((7, 3), "float32"))
    text = text_of(model)
    assert "│ (7, 4) " in text
    assert "│ (7, 2) " in text
    assert " Total params: 26 (104.00 B)" in text


def test_sizes_have_units():
    assert "(1.25 MB)" in text_of(Sequential([Input((328_319,)), Dense(1)]))
    assert "(2.50 MB)" in text_of(Sequential([Input((328_319,), dtype="float64"), Dense(1, dtype="float64")]))


def test_html():
    html = branching()._repr_html_()
    assert html.count("<tr>") == 9
    assert '<td style="text-align:right">16</td>' in html
    assert "Trainable params: 27 (108.00 B)" in html
    evil = Sequential([Input((3,)), Dense(4, name="<b>")])
    assert "<b>" not in evil._repr_html_().replace("<p><b>", "").replace("</b></p>", "")
