"""Neural programmer: its operations against NumPy, gradients, padding, files, threads, programs as text, bad input."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import recurra
from recurra import layers, ops
from recurra.gradient_check import check_gradients
from recurra.models import NeuralProgrammer
from recurra.models.programmer import operations, text
from recurra.models.programmer.operations import OPERATIONS, Choices
from recurra.tensor import Tensor

COLUMNS = ["width", "height"]
WORDS = ["sum", "count", "print", "greater", "lesser", "and"]
QUESTIONS = [
    "greater 0.5 width sum height",
    "count",
    ["lesser", -0.25, "height", "and", "greater", -1, "width", "print", "width"],
    "3 sum width",
]
ANSWERS: list[Any] = [4.5, 3, [(0, "width"), (2, 1)], -2.0]


def tables(seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.standard_normal((rows, 2)).round(3) for rows in (5, 3, 4, 1)]


def made(**options: Any) -> NeuralProgrammer:
    recurra.random.set_seed(1)
    return NeuralProgrammer(**{"columns": COLUMNS, "vocabulary": WORDS, "units": 6, **options})


def soft_choices(rng: np.random.Generator, *shape: int) -> np.ndarray:
    powers = np.exp(rng.standard_normal(shape))
    return powers / powers.sum(axis=-1, keepdims=True)


def by_hand(alpha: Any, columns: Any, beta: Any, table: Any, numbers: Any) -> tuple[list[float], list[Any], Any]:
    """One question after the equations, row by row, without padding."""
    height, width = table.shape
    scalars, selections, lookup = {-2: 0.0, -1: 0.0, 0: 0.0}, {-1: np.ones(height), 0: np.ones(height)}, None
    for t, (a, c) in enumerate(zip(alpha, columns, strict=True), 1):
        of = dict(zip(OPERATIONS, a, strict=True))
        last, before = selections[t - 1], selections[t - 2]
        sums = sum(last[i] * c[j] * table[i, j] for i in range(height) for j in range(width))
        scalars[t] = of["sum"] * sums + of["count"] * last.sum() + of["difference"] * (scalars[t - 3] - scalars[t - 1])
        r = np.zeros(height)
        for i in range(height):
            for j in range(width):
                r[i] += (
                    of["greater"] * c[j] * sum(b * (table[i, j] > n) for b, n in zip(beta[:, 0], numbers, strict=True))
                )
                r[i] += (
                    of["lesser"] * c[j] * sum(b * (table[i, j] < n) for b, n in zip(beta[:, 1], numbers, strict=True))
                )
            r[i] += of["and"] * min(last[i], before[i]) + of["or"] * max(last[i], before[i]) + of["reset"]
            r[i] += (of["assign"] + of["sum"] + of["count"] + of["difference"]) * last[i]
        selections[t] = r
        lookup = of["assign"] * last[:, None] * c
    steps = range(1, len(alpha) + 1)
    return [scalars[t] for t in steps], [selections[t] for t in steps], lookup


def drawn(batch: int = 3, steps: int = 5, height: int = 7) -> tuple[Choices, list[np.ndarray], list[int]]:
    rng = np.random.default_rng(4)
    choices = Choices(
        soft_choices(rng, batch, steps, 9),
        soft_choices(rng, batch, steps, 2),
        np.swapaxes(soft_choices(rng, batch, 2, 3), 1, 2),
    )
    table, heights = rng.standard_normal((batch, height, 2)), [height, 4, 1]
    rows = (np.arange(height) < np.array(heights)[:, None]).astype(float)
    return choices, [table * rows[:, :, None], rows, rng.standard_normal((batch, 3)), np.ones((batch, 3))], heights


def test_operations_are_those_of_the_equations() -> None:
    choices, arrays, heights = drawn()
    found = operations.run(Choices(*map(Tensor, choices)), *map(Tensor, arrays))
    table, _, numbers, _ = arrays
    for b, height in enumerate(heights):
        scalars, selections, lookup = by_hand(*(one[b] for one in choices), table[b, :height], numbers[b])
        np.testing.assert_allclose([one.numpy()[b] for one in found.scalars], scalars, atol=1e-12)
        for own, true in zip(found.selections, selections, strict=True):
            np.testing.assert_allclose(own.numpy()[b, :height], true, atol=1e-12)
            assert not own.numpy()[b, height:].any()
        np.testing.assert_allclose(found.lookup.numpy()[b, :height], lookup, atol=1e-12)
        assert not found.lookup.numpy()[b, height:].any()


PROGRAMS: dict[str, tuple[list[str], Callable[[np.ndarray], Any]]] = {
    "sum": (["reset", "reset", "reset", "sum"], lambda x: x[:, 0].sum()),
    "count": (["sum", "difference", "greater", "count"], lambda x: (x[:, 0] > 0.2).sum()),
    "and": (["greater", "lesser", "and", "sum"], lambda x: x[(x[:, 0] > 0.2) & (x[:, 0] < 0.9), 0].sum()),
    "or": (["lesser", "greater", "or", "count"], lambda x: ((x[:, 0] < 0.9) | (x[:, 0] > 0.2)).sum()),
    "difference": (["sum", "reset", "count", "difference"], lambda x: x[:, 0].sum() - len(x)),
    "assign": (["greater", "assign", "assign", "assign"], lambda x: x[:, 0] > 0.2),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_hard_choices_compute_exactly(name: str) -> None:
    steps, answer = PROGRAMS[name]
    table = np.random.default_rng(2).standard_normal((9, 2))
    chosen = np.eye(9)[[OPERATIONS.index(step) for step in steps]][None]
    first = np.tile(np.array([1.0, 0.0]), (1, 4, 1))
    choices = Choices(Tensor(chosen), Tensor(first), Tensor(np.eye(2)[None]))  # greater 0.2, lesser 0.9
    numbers, ones = Tensor(np.array([[0.2, 0.9]])), Tensor(np.ones((1, 9)))
    found = operations.run(choices, Tensor(table[None]), ones, numbers, Tensor(np.ones((1, 2))))
    if name == "assign":
        np.testing.assert_array_equal(found.lookup.numpy()[0, :, 0] > 0.5, answer(table))
        assert not found.lookup.numpy()[0, :, 1].any()
    else:
        np.testing.assert_allclose(found.scalars[-1].numpy()[0], answer(table), atol=1e-12)


def test_gradients_of_the_operations() -> None:
    choices, arrays, _ = drawn()

    def function(alpha: Any, columns: Any, beta: Any, table: Any) -> Any:
        found = operations.run(Choices(alpha, columns, beta), table, *map(Tensor, arrays[1:]))
        parts = [ops.reshape(one, (3, -1)) for one in (*found.scalars, *found.selections, found.lookup)]
        return ops.concatenate(parts, axis=1)

    check_gradients(function, *choices, arrays[0], samples=40, step=1e-5, tolerance=1e-6)


@pytest.mark.parametrize("reader", [None, "gru"])
def test_gradients_of_the_loss(reader: str | None) -> None:
    own = None if reader is None else layers.GRU(6, return_sequences=True, dtype="float64")
    model = made(reader=own, dtype="float64", entropy=0.3)
    x, y = model.taught((QUESTIONS, tables()), ANSWERS)
    model(x, training=True)

    def function(*variables: Any) -> Any:
        return model.compute_loss(x, y, model(x, training=True))

    check_gradients(function, *model.trainable_variables, samples=12, step=1e-4)


def test_padding_has_no_influence() -> None:
    model = made()
    model.compile()
    x, y = model.taught((QUESTIONS, tables()), ANSWERS)
    whole, losses = model(x, training=True), []
    for i, (question, table, answer) in enumerate(zip(QUESTIONS, tables(), ANSWERS, strict=True)):
        own, target = model.taught(([question], [table]), [answer])
        scalar, lookup, chosen = (one.numpy()[0] for one in model(own, training=True))
        np.testing.assert_allclose(whole[0].numpy()[i], scalar, atol=2e-6)
        np.testing.assert_allclose(whole[1].numpy()[i, : len(table)], lookup, atol=2e-6)
        np.testing.assert_allclose(whole[2].numpy()[i], chosen, atol=2e-6)
        losses.append(model.compute_loss(own, target, model(own, training=True)).item())
    np.testing.assert_allclose(model.compute_loss(x, y, whole).item(), np.mean(losses), rtol=1e-5)


def test_the_loss_by_hand() -> None:
    model = made(delta=0.5, lookup_weight=3.0)
    x, y = model.taught((["sum", "print", "sum"], tables()[:3]), [4.0, [(2, "height")], -1.0])
    scalar, lookup = np.array([3.8, 9.0, 5.0]), np.full((3, 5, 2), 0.25)
    given = [Tensor(one.astype("float32")) for one in (scalar, lookup, np.full((3, 4, 9), 1 / 9))]
    sizes = [np.sqrt((table**2).mean()) + abs(answer) for table, answer in zip(tables()[:3], (4, 0, -1), strict=True)]
    first, last = 0.2 / sizes[0], 6 / sizes[2]
    huber = [first**2, last - 0.25]
    selection = 3 * -(np.log(0.25) + 5 * np.log(0.75)) / 6
    expected = (huber[0] + huber[1] + selection) / 3
    np.testing.assert_allclose(model.compute_loss(x, y, given).item(), expected, rtol=1e-5)
    model.entropy = 0.1
    np.testing.assert_allclose(model.compute_loss(x, y, given).item(), expected - 0.1 * np.log(9), rtol=1e-5)
    np.testing.assert_allclose(model.compute_loss(x, y, given, training=False).item(), expected, rtol=1e-5)


def test_trains_is_saved_and_goes_on(tmp_path: Path) -> None:
    x = QUESTIONS * 6, tables() * 6
    answers = ANSWERS * 6
    model = made(vocabulary=None, units=16)
    model.compile(recurra.optimizers.Adam(0.01, gradient_noise=0.01, gradient_noise_seed=1))
    losses = model.fit(x, answers, epochs=6, batch_size=8, verbose=0, validation_split=0.25).history
    assert losses["loss"][-1] < losses["loss"][0]
    assert set(losses) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    assert model.vocabulary == ["and", "count", "greater", "lesser", "print", "sum"]
    model.save(tmp_path / "model.safetensors")
    again = recurra.models.load_model(tmp_path / "model.safetensors")
    assert isinstance(again, NeuralProgrammer)
    assert again.predict(x, verbose=0) == model.predict(x, verbose=0)
    assert again.program(QUESTIONS[0]) == model.program(QUESTIONS[0])
    before = again.evaluate(x, answers, verbose=0, return_dict=True)
    assert before == model.evaluate(x, answers, verbose=0, return_dict=True)
    again.fit(x, answers, epochs=1, verbose=0, validation_data=(x, answers))


def test_learns_small_programs() -> None:
    rng = np.random.default_rng(0)
    kinds = ["sum a", "sum b", "count", "print b"]
    questions = [kinds[number] for number in rng.integers(0, 4, 600)]
    drawn = [rng.uniform(-1, 1, (rng.integers(2, 9), 2)) for _ in questions]
    answer: dict[str, Callable[[np.ndarray], Any]] = {
        "sum a": lambda t: float(t[:, 0].sum()),
        "sum b": lambda t: float(t[:, 1].sum()),
        "count": len,
        "print b": lambda t: [(row, "b") for row in range(len(t))],
    }
    answers = [answer[question](table) for question, table in zip(questions, drawn, strict=True)]
    recurra.random.set_seed(0)
    model = NeuralProgrammer(["a", "b"], units=32, steps=2)
    model.compile(recurra.optimizers.Adam(0.003))
    x = questions, drawn
    figures = model.fit(x, answers, epochs=12, batch_size=20, verbose=0, validation_split=0.2).history
    assert figures["val_accuracy"][-1] == 1.0
    found = model.predict(x, verbose=0)
    assert found[:50] == [pytest.approx(one, abs=1e-4) if isinstance(one, float) else one for one in answers[:50]]
    assert model.program("sum b").splitlines()[-1] == "2 sum(b)"
    assert model.program("count", drawn[0]).splitlines()[-1] == f"2 count → {len(drawn[0])}"


def test_programs_as_text() -> None:
    steps = np.array([OPERATIONS.index(name) for name in ("greater", "lesser", "and", "assign", "sum", "reset")])
    columns = np.array([0, 1, 0, 1, 0, 1])
    lines = text.described(steps, columns, [17.5, None], COLUMNS)
    assert lines == [
        "greater(width, 17.5)", "lesser(height, no number)", "and", "assign(height)", "sum(width)", "reset",
    ]  # fmt: skip
    shown = text.with_results(lines[-2:], steps[-2:], [2.25, 0.0], [3, 4], 4)
    assert text.numbered(shown) == "1 sum(width) → 2.25\n2 reset → 4 of 4 rows"


def test_the_program_is_what_predict_does() -> None:
    for seed in range(6):
        model = made(units=8)
        model([*model.taught((QUESTIONS, tables()), ANSWERS)[0]])
        rng = np.random.default_rng(seed)
        model.set_weights([rng.standard_normal(weight.shape) for weight in model.get_weights()])
        for question, table, answer in zip(
            QUESTIONS, tables(), model.predict((QUESTIONS, tables()), verbose=0), strict=True
        ):
            last = model.program(question, table).splitlines()[-1]
            if last.startswith(("4 sum", "4 count", "4 difference")):
                assert last.rpartition(" ")[2] == f"{answer:g}"
            else:
                assert answer == ([(row, COLUMNS[column]) for row, column in _taken(model, question, table)] or answer)
        assert "no number" not in model.program(QUESTIONS[0])


def _taken(model: NeuralProgrammer, question: Any, table: np.ndarray) -> list[list[int]]:
    x, _ = model.taught(([question], [table]), [0.0])
    return np.argwhere(model(x)[1].numpy()[0] > 0.5).tolist()


def test_frames_dictionaries_and_lists_are_tables() -> None:
    model = made()
    array = np.array([[1.0, 4.0], [2.0, 5.0]])
    whole = model.program("greater 1.5 width sum height", array)
    for table in (array.tolist(), {"height": [4, 5], "other": ["a", "b"], "width": [1, 2]}):
        assert model.program("greater 1.5 width sum height", table) == whole
    pandas = pytest.importorskip("pandas")
    assert model.program("greater 1.5 width sum height", pandas.DataFrame({"height": [4, 5], "width": [1, 2]})) == whole


def test_same_bits_for_any_number_of_threads() -> None:
    found, before = [], recurra.num_threads()
    rng = np.random.default_rng(0)
    x = QUESTIONS * 20, [rng.standard_normal((60, 2)) for _ in range(80)]
    try:
        for threads in (1, 2, 3):
            recurra.set_num_threads(threads)
            model = made(units=40)
            model.compile(recurra.optimizers.Adam(0.01, gradient_noise=0.01, gradient_noise_seed=3))
            model.fit(x, ANSWERS * 20, 40, epochs=2, verbose=0)
            found.append(b"".join(weight.tobytes() for weight in model.get_weights()))
    finally:
        recurra.set_num_threads(before)
    assert found[0] == found[1] == found[2]


def ask(question: Any = "sum width", table: Any = ((1.0, 2.0),)) -> Callable[[NeuralProgrammer], Any]:
    return lambda model: model.predict(([question], [table]))


def teach(answer: Any) -> Callable[[NeuralProgrammer], Any]:
    return lambda model: model.fit((["sum width"], [[[1.0, 2.0]]]), [answer])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (ask("sum widht"), r"question 0 has 'widht', .*a column \(width, height\).* did you mean 'width'"),
        (ask("sum zzz"), "question 0 has 'zzz', .*use words of the vocabulary"),
        (ask(""), "question 0 has no words; write it as words and numbers"),
        (ask(17), "question 0 must be a string or a list of words and numbers, got 17"),
        (ask(["sum", None]), "question 0 has None, which is neither a word nor a finite number"),
        (ask("sum 1e999"), "question 0 has the number 1e999, which no float holds"),
        (ask(table=[]), "table 0 has no rows; give it one at least"),
        (ask(table=np.zeros((0, 2))), "table 0 has no rows"),
        (ask(table=np.zeros((3, 4))), r"table 0 has 4 columns, expected \(rows, 2\) with the columns width, height"),
        (ask(table=[1.0, 2.0]), r"table 0 has an array of shape \(2,\), expected \(rows, 2\)"),
        (ask(table={"width": [1]}), "table 0 has no column 'height'; it has width"),
        (ask(table={"width": [1], "height": [1, 2]}), "table 0 has columns of different lengths"),
        (ask(table=[[1.0, np.nan]]), "table 0 holds nan in row 0, column 'height'; fill such values first"),
        (ask(table=[["a", "b"]]), "table 0 holds texts such as 'a'"),
        (teach("x"), "answer 0 must be a finite number or a list of .row, column., got 'x'"),
        (teach([(1, "width")]), r"answer 0 selects \(1, 0\) of a table of 1 rows and 2 columns; count from 0"),
        (teach([(0, "depth")]), r"answer 0 must select \(row, column\) with a column of width, height, got"),
        (lambda m: m.predict("sum width"), r"expected \(questions, tables\), got 'sum width'"),
        (lambda m: m.predict((["sum"], [])), "as many tables as questions are needed, got 0 and 1"),
        (lambda m: m.predict(("sum", [[[1, 2]]])), "questions must be a list with one for each question"),
        (lambda m: m.fit((["sum"], [[[1, 2]]]), [1, 2]), "as many answers as questions are needed, got 2 for 1"),
        (lambda m: m(np.zeros((2, 2), "float32")), "expected arrays .tokens, numbers, places, table, rows."),
        (lambda m: made(vocabulary=None).predict((["sum"], [[[1, 2]]])), "there is no vocabulary yet"),
        (lambda m: made(columns=[]), "columns has no name; a table needs one column at least"),
        (lambda m: made(columns=["a", "a"]), "columns has 'a' twice"),
        (lambda m: made(columns=["a b"]), "columns must be single words that are no numbers, got 'a b'"),
        (lambda m: made(columns=["7"]), "columns must be single words that are no numbers, got '7'"),
        (lambda m: made(vocabulary="sum"), "vocabulary must be a list of words, got 'sum'"),
        (lambda m: made(steps=0), "steps must be an integer >= 1, got 0"),
        (lambda m: made(delta=0), "delta must be a number > 0, got 0"),
        (lambda m: made(lookup_weight=-1), "lookup_weight must be a number >= 0, got -1"),
        (lambda m: made(entropy=-1), "entropy must be a number >= 0, got -1"),
        (lambda m: made(reader=layers.GRU(6)).predict((["sum"], [[[1, 2]]])), "the reader must return sequences"),
        (lambda m: m.compile("adam", loss="mse"), "loss is settled by the model"),
    ],
)  # fmt: skip
def test_errors(call: Callable[[NeuralProgrammer], Any], message: str) -> None:
    model = made()
    model.compile()
    with pytest.raises((ValueError, TypeError), match=message) as caught:
        call(model)
    assert "\n" not in str(caught.value)
