"""Generating: against all sequences of a tiny vocabulary, against a plain beam search, seeds, batches, errors."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import recurra
from recurra import layers, ops
from recurra.generation import generate, step_of
from recurra.generation.scores import (
    ban_repeated_ngrams,
    draw_without_replacement,
    keep_top_k,
    keep_top_p,
    log_softmax,
    penalize_repetition,
)

V, END = 5, 0


class Markov:
    """Logits that depend on the last two tokens, and, by the row's own state, on the prompt; counts its calls."""

    def __init__(self, seed: int = 0, vocabulary: int = V, sharpness: float = 1.5) -> None:
        self.table = np.random.default_rng(seed).standard_normal((vocabulary, vocabulary, vocabulary)) * sharpness
        self.rows: list[int] = []

    def __call__(self, tokens: np.ndarray, states: Any) -> Any:
        self.rows.append(len(tokens))
        return self.table[states["last"], tokens], {"last": np.asarray(tokens)}

    def start(self, rows: int) -> dict[str, np.ndarray]:
        return {"last": np.zeros(rows, int)}

    def likely(self, tokens: list[int]) -> np.ndarray:
        """Log probabilities behind these tokens."""
        before = tokens[-2] if len(tokens) > 1 else 0
        return log_softmax(self.table[before, tokens[-1]])

    def total(self, prompt: list[int], answer: list[int]) -> float:
        return sum(float(self.likely([*prompt, *answer[:n]])[token]) for n, token in enumerate(answer))


def every_answer(length: int, end: int = END) -> Iterator[list[int]]:
    """All sequences that end with the end mark, or have this length."""
    others = [token for token in range(V) if token != end]
    for size in range(length):
        yield from ([*head, end] for head in itertools.product(others, repeat=size))
    yield from map(list, itertools.product(others, repeat=length))


def plain_beam_search(model: Markov, prompt: list[int], beams: int, length: int, alpha: float, early: Any) -> Any:
    """The same search as plainly as Python can say it: [(score, tokens)], best first."""
    live, finished = [(0.0, [])], []
    for size in range(1, length + 1):
        found = [
            (total + float(model.likely([*prompt, *tokens])[token]), [*tokens, token])
            for total, tokens in live
            for token in range(V)
        ]
        found = sorted(found, key=lambda one: -one[0])[: 2 * beams]
        finished += [(total / size**alpha, tokens) for total, tokens in found[:beams] if tokens[-1] == END]
        finished = sorted(finished, key=lambda one: -one[0])[:beams]
        live = [one for one in found if one[1][-1] != END][:beams]
        if len(finished) == beams:
            reach = length if early == "never" and alpha > 0 else size
            if early is True or finished[-1][0] >= found[0][0] / reach**alpha:
                return finished
    finished += [(total / length**alpha, tokens) for total, tokens in live]
    return sorted(finished, key=lambda one: -one[0])[:beams]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("alpha", [0.0, 1.0, 2.5])
def test_as_many_beams_as_tokens_find_the_best_of_all_answers(seed: int, alpha: float) -> None:
    model = Markov(seed)
    ranked = sorted(
        ((model.total([1], answer) / len(answer) ** alpha, answer) for answer in every_answer(2)), reverse=True
    )
    found = generate(
        model, model.start(1), [[1]], end=END, max_new_tokens=2, num_beams=V, num_return_sequences=3,
        length_penalty=alpha, early_stopping="never",
    )  # fmt: skip
    rows = [row[:length].tolist() for row, length in zip(found.sequences, found.lengths, strict=True)]
    assert rows == [answer for _, answer in ranked[:3]]
    np.testing.assert_allclose(found.scores, [value for value, _ in ranked[:3]], rtol=1e-12)


@pytest.mark.parametrize("early", [True, False, "never"])
@pytest.mark.parametrize("alpha", [0.0, 0.7, 1.0])
@pytest.mark.parametrize("beams", [2, 3, 5])
def test_beam_search_as_plainly_as_python_says_it(beams: int, alpha: float, early: Any) -> None:
    for seed in range(12):
        model = Markov(seed, sharpness=2.5)
        prompts = [[1], [2, 3], [4, 1, 2]]
        found = generate(
            model, model.start(3), prompts, end=END, max_new_tokens=6, num_beams=beams, num_return_sequences=beams,
            length_penalty=alpha, early_stopping=early,
        )  # fmt: skip
        expected = [one for row in prompts for one in plain_beam_search(model, row, beams, 6, alpha, early)]
        rows = [row[:length].tolist() for row, length in zip(found.sequences, found.lengths, strict=True)]
        assert rows == [tokens for _, tokens in expected]
        np.testing.assert_allclose(found.scores, [value for value, _ in expected], rtol=1e-12)


def test_early_stopping_makes_a_difference() -> None:
    differ = 0
    for seed in range(12):
        model = Markov(seed, sharpness=2.5)
        options = {"end": END, "max_new_tokens": 6, "num_beams": 3, "num_return_sequences": 3}
        found = [
            generate(model, model.start(1), [[1]], early_stopping=early, **options).scores[0]
            for early in (True, "never")
        ]
        assert found[1] >= found[0]
        differ += found[1] > found[0]
    assert differ > 0


@pytest.mark.parametrize("kind", [np.array, recurra.Tensor, lambda rows: [np.array(row) for row in rows]])
def test_prompts_may_be_arrays(kind: Any) -> None:
    model, rows = Markov(3), [[2, 3], [4, 1]]
    assert generate(model, model.start(2), kind(rows)).lists() == generate(model, model.start(2), rows).lists()


def test_greedy_takes_the_likeliest_token_and_adds_up_its_log_probability() -> None:
    model = Markov(3)
    prompts = [[1], [2, 3, 1], [4, 4]]
    found = generate(model, model.start(3), prompts, end=END, max_new_tokens=7, pad=9)
    for prompt, row, length, score in zip(prompts, found.sequences, found.lengths, found.scores, strict=True):
        expected: list[int] = []
        while len(expected) < 7 and END not in expected:
            expected.append(int(model.likely([*prompt, *expected]).argmax()))
        assert row[:length].tolist() == expected
        assert (row[length:] == 9).all()
        np.testing.assert_allclose(score, model.total(prompt, expected), rtol=1e-12)
    assert found.lists() == [
        [int(token) for token in row[:n] if token != END] for row, n in zip(found.sequences, found.lengths, strict=True)
    ]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"num_beams": 3, "num_return_sequences": 2},
        {"repetition_penalty": 1.7},
        {"num_beams": 3, "repetition_penalty": 1.7},
    ],
)
def test_a_batch_gives_what_its_rows_give_alone(options: dict[str, Any]) -> None:
    model = Markov(5)
    prompts = [[1], [2, 3, 1], [4, 4], [3], [1, 2, 3, 4]]
    many = generate(model, model.start(5), prompts, end=END, max_new_tokens=8, **options).lists()
    alone = [
        one
        for row in prompts
        for one in generate(model, model.start(1), [row], end=END, max_new_tokens=8, **options).lists()
    ]
    assert many == alone


def test_nothing_is_computed_twice_and_rows_that_have_ended_are_left_out() -> None:
    model = Markov(3)
    found = generate(model, model.start(3), [[1], [2, 3, 1], [4, 4]], end=END, max_new_tokens=7)
    prompts = [3, 2, 1]  # rows that have a first, second and third token
    assert model.rows[:3] == prompts
    longest = int(found.lengths.max())
    expected = [int((found.lengths > n).sum()) for n in range(1, longest)]
    assert model.rows[3:] == expected


def test_samples_follow_the_distribution_and_the_seed() -> None:
    model = Markov(7)
    options = {"do_sample": True, "max_new_tokens": 1, "num_return_sequences": 4000}
    found = generate(model, model.start(1), [[2]], seed=1, **options)
    share = np.bincount(found.sequences[:, 0], minlength=V) / 4000
    np.testing.assert_allclose(share, np.exp(model.likely([2])), atol=0.03)
    again = generate(model, model.start(1), [[2]], seed=1, **options)
    np.testing.assert_array_equal(again.sequences, found.sequences)
    other = generate(model, model.start(1), [[2]], seed=2, **options)
    assert (other.sequences != found.sequences).any()
    recurra.random.set_seed(4)
    first = generate(model, model.start(1), [[2]], **options)
    second = generate(model, model.start(1), [[2]], **options)
    recurra.random.set_seed(4)
    np.testing.assert_array_equal(generate(model, model.start(1), [[2]], **options).sequences, first.sequences)
    assert (first.sequences != second.sequences).any()


def test_a_row_draws_the_same_numbers_in_any_batch() -> None:
    model = Markov(7)
    options = {"do_sample": True, "max_new_tokens": 9, "seed": 3, "end": END}
    alone = generate(model, model.start(1), [[2]], **options).lists()[0]
    assert generate(model, model.start(3), [[2], [1, 1], [3]], **options).lists()[0] == alone


def test_temperature_top_k_and_top_p_narrow_the_choice() -> None:
    model = Markov(7)
    options = {"do_sample": True, "max_new_tokens": 6, "seed": 3}
    greedy = generate(model, model.start(1), [[2]], max_new_tokens=6).lists()
    for narrow in ({"temperature": 1e-6}, {"top_k": 1}, {"top_p": 1e-9}):
        assert generate(model, model.start(1), [[2]], **options, **narrow).lists() == greedy
    wide = {"do_sample": True, "max_new_tokens": 1, "num_return_sequences": 2000, "seed": 0}
    order = np.argsort(-model.likely([2]))
    for narrow, kept in (({"top_k": 2}, order[:2]), ({"top_k": 99}, order)):
        found = generate(model, model.start(1), [[2]], **wide, **narrow)
        assert set(found.sequences[:, 0].tolist()) == set(kept.tolist())
    hot = generate(model, model.start(1), [[2]], temperature=50.0, **wide)
    np.testing.assert_allclose(np.bincount(hot.sequences[:, 0], minlength=V) / 2000, 0.2, atol=0.04)


def test_scores_by_hand() -> None:
    likely = np.log(np.array([[0.1, 0.4, 0.2, 0.3]]))
    assert np.isfinite(keep_top_k(likely, 2)).tolist() == [[False, True, False, True]]
    for p, kept in ((0.39, [1]), (0.41, [1, 3]), (0.69, [1, 3]), (0.71, [1, 2, 3]), (1e-9, [1]), (0.95, [0, 1, 2, 3])):
        assert np.flatnonzero(np.isfinite(keep_top_p(likely, p))[0]).tolist() == kept
    found = penalize_repetition(np.array([[2.0, -2.0, 4.0]]), [[0, 1, 1]], 2.0)
    assert found.tolist() == [[1.0, -4.0, 4.0]]


def allowed(tokens: list[int], n: int) -> list[int]:
    """The tokens that make no n tokens in a row which were there before."""
    before = {tuple(tokens[i : i + n]) for i in range(len(tokens) + 1 - n)}
    return [token for token in range(V) if tuple([*tokens, token][-n:]) not in before]


@pytest.mark.parametrize("n", [1, 2, 3])
def test_no_ngram_occurs_twice(n: int) -> None:
    for seed in range(4):
        model, prompt = Markov(seed), [1, 2, 1]
        room = 2 if n == 1 else 6
        found = generate(model, model.start(1), [prompt], max_new_tokens=room, no_repeat_ngram_size=n).lists()[0]
        answer: list[int] = []
        for _ in range(room):
            likely = model.likely([*prompt, *answer])
            answer.append(max(allowed([*prompt, *answer], n), key=lambda token: likely[token]))
        assert found == answer
        options = {"end": END, "max_new_tokens": 2, "num_beams": V, "early_stopping": "never", "length_penalty": 0.0}
        best = generate(model, model.start(1), [prompt], no_repeat_ngram_size=n, **options)
        every = [
            one
            for one in every_answer(2)
            if all(token in allowed([*prompt, *one[:i]], n) for i, token in enumerate(one))
        ]
        expected = max(every, key=lambda one: model.total(prompt, one))
        assert best.lists()[0] == [token for token in expected if token != END]


def test_ngrams_are_those_of_prompt_and_answer() -> None:
    found = ban_repeated_ngrams(np.zeros((3, 4)), [[1, 2, 1], [1, 2, 3, 1, 2], [3]], 2)
    assert np.isinf(found).tolist() == [[False, False, True, False], [False, False, False, True], [False] * 4]


def samples_without_replacement(weights: list[float], count: int) -> dict[tuple[int, ...], float]:
    """Probabilities of the sets of `count` places that are drawn one after the other by their weights."""
    found: dict[tuple[int, ...], float] = {}
    for order in itertools.permutations(range(len(weights)), count):
        left, probability = sum(weights), 1.0
        for place in order:
            probability *= weights[place] / left
            left -= weights[place]
        key = tuple(sorted(order))
        found[key] = found.get(key, 0.0) + probability
    return found


def test_beam_sampling_draws_as_its_definition_says() -> None:
    """Two steps of two beams over three tokens: the shares of the best sequences against all that can be drawn."""
    model, rows, temperature = Markov(1, vocabulary=3), 3000, 0.8
    likely = lambda tokens: model.likely(tokens) / temperature  # noqa: E731
    begun = likely([2])
    beams = np.argsort(-begun)[:2]  # four places for three tokens: all are drawn, the two best go on
    totals = [(float(begun[one] + likely([2, one])[token]), (int(one), token)) for one in beams for token in range(3)]
    expected: dict[tuple[int, int], float] = {}
    for drawn, share in samples_without_replacement([np.exp(total) for total, _ in totals], 4).items():
        best = max(totals[place] for place in drawn)[1]
        expected[best] = expected.get(best, 0.0) + share
    found = generate(
        model, model.start(rows), [[2]] * rows, max_new_tokens=2, num_beams=2, do_sample=True, temperature=temperature,
        seed=3,
    )  # fmt: skip
    counts = dict.fromkeys(expected, 0)
    for answer, score in zip(map(tuple, found.sequences.tolist()), found.scores, strict=True):
        counts[answer] += 1
        np.testing.assert_allclose(score, {tokens: total for total, tokens in totals}[answer] / 2, rtol=1e-12)
    assert len(expected) > 1
    for answer, share in expected.items():
        assert counts[answer] / rows == pytest.approx(share, abs=0.03)


def test_beam_sampling_at_no_temperature_is_beam_search() -> None:
    for seed in range(6):
        model = Markov(seed, sharpness=2.5)
        options = {"end": END, "max_new_tokens": 6, "num_beams": 3, "num_return_sequences": 3}
        cold = generate(model, model.start(2), [[1], [2, 3]], do_sample=True, temperature=1e-7, seed=1, **options)
        plain = generate(model, model.start(2), [[1], [2, 3]], **options)
        assert cold.lists() == plain.lists()


def test_beam_samples_follow_the_seed_and_keep_two_tokens() -> None:
    model = Markov(7)
    options = {"do_sample": True, "num_beams": 2, "max_new_tokens": 9}
    first, again, other = (
        generate(model, model.start(3), [[2], [1, 1], [3]], seed=seed, **options).lists() for seed in (1, 1, 2)
    )
    assert first == again != other
    assert generate(model, model.start(1), [[2]], seed=1, **options).lists()[0] == first[0]
    narrow = generate(model, model.start(1), [[2]], seed=1, top_k=1, num_return_sequences=2, **options)
    assert len(set(map(tuple, narrow.lists()))) == 2


def test_samples_without_replacement() -> None:
    weights = [0.5, 0.3, 0.15, 0.05]
    scores, rng = np.array([*np.log(weights), -np.inf]), np.random.default_rng(0)
    counts: dict[tuple[int, ...], int] = {}
    for _ in range(4000):
        drawn = draw_without_replacement(scores, rng.random(5), 2)
        assert list(drawn) == sorted(drawn)  # the likeliest first
        counts[tuple(drawn.tolist())] = counts.get(tuple(drawn.tolist()), 0) + 1
    for places, share in samples_without_replacement(weights, 2).items():
        assert counts.get(places, 0) / 4000 == pytest.approx(share, abs=0.025)
    assert draw_without_replacement(scores, rng.random(5), 9).tolist() == [0, 1, 2, 3]


def test_the_callback_sees_tokens_as_they_come() -> None:
    model, seen = Markov(3), []
    found = generate(
        model, model.start(3), [[1], [2, 3, 1], [4, 4]], end=END, max_new_tokens=7, pad=9, callback=seen.append
    )
    np.testing.assert_array_equal(np.stack(seen, 1), found.sequences)


def language_model() -> Any:
    recurra.random.set_seed(0)
    model = recurra.Sequential(
        [
            recurra.Input((None,), dtype="int32"),
            layers.Embedding(9, 4),
            layers.LSTM(6, return_sequences=True),
            layers.GRU(5, return_sequences=True),
            layers.Dense(9),
        ]
    )
    model.set_weights([w * 4 for w in model.get_weights()])
    return model


@pytest.mark.parametrize("options", [{}, {"num_beams": 3}, {"do_sample": True, "seed": 5}])
def test_a_language_model_is_read_once_and_agrees_with_predict(options: dict[str, Any]) -> None:
    model = language_model()
    step, states = step_of(model)
    prompts = [[1, 2], [3], [4, 5, 6]]
    found = generate(step, states(3), prompts, max_new_tokens=6, length_penalty=0.0, **options)
    for prompt, answer, score in zip(prompts, found.sequences.tolist(), found.scores, strict=True):
        whole = log_softmax(model.predict(np.array([prompt + answer]), verbose=0)[0].astype("float64"))
        total = sum(whole[len(prompt) - 1 + n, token] for n, token in enumerate(answer))
        np.testing.assert_allclose(score, total, atol=1e-4)
        if not options:
            assert answer == whole[len(prompt) - 1 : -1].argmax(-1).tolist()


def test_probabilities_serve_as_well() -> None:
    model = language_model()
    soft = recurra.Sequential([*model.layers, layers.Softmax()])
    soft(np.array([[1]]))
    found = [
        generate(step, states(2), [[1], [2, 3]], max_new_tokens=5).lists()
        for step, states in (step_of(model), step_of(soft, outputs="probabilities"))
    ]
    assert found[0] == found[1]


def test_states_may_be_tensors_in_any_structure() -> None:
    table = Markov(2).table

    def step(tokens: np.ndarray, states: Any) -> Any:
        last, (count, none) = states
        logits = ops.convert_to_tensor(table[last.numpy().astype(int)[:, 0], tokens])
        return logits, (ops.convert_to_tensor(tokens[:, None].astype("float32")), (count + 1, none))

    model = Markov(2)
    start = (ops.zeros((2, 1)), (ops.zeros((2,)), None))
    for options in ({}, {"num_beams": 3}):
        found = generate(step, start, [[1], [2, 3]], end=END, **options).lists()
        assert found == generate(model, model.start(2), [[1], [2, 3]], end=END, **options).lists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"do_sample": True, "temperature": 0.0}, r"generate: temperature must be a number > 0, got 0.0"),
        ({"do_sample": True, "temperature": -1.0}, "temperature must be"),
        ({"temperature": 0.5}, "temperature is for sampling; add do_sample=True"),
        ({"top_k": 3}, "top_k is for sampling"),
        ({"do_sample": True, "top_k": 0}, "top_k must be an integer >= 1"),
        ({"do_sample": True, "top_p": 0.0}, r"top_p must be a number in \(0, 1\]"),
        ({"do_sample": True, "top_p": 1.5}, "top_p must be"),
        ({"repetition_penalty": 0.0}, "repetition_penalty must be"),
        ({"num_beams": 6}, "num_beams must be at most the size of the vocabulary, 5, got 6"),
        ({"num_beams": 0}, "num_beams must be"),
        (
            {"num_beams": 2, "do_sample": True, "num_return_sequences": 3},
            "needs as many beams, num_beams=3, or do_sample=True without beams",
        ),
        ({"no_repeat_ngram_size": -1}, "no_repeat_ngram_size must be an integer >= 0"),
        (
            {"no_repeat_ngram_size": 1, "prompts": [[1], [2, 3]]},
            "no_repeat_ngram_size=1 leaves no token behind the 3 new ones of row 1",
        ),
        ({"num_beams": 2, "num_return_sequences": 3}, "needs as many beams, num_beams=3"),
        ({"num_return_sequences": 3}, "needs as many beams"),
        ({"num_beams": 2, "callback": print}, "callback sees tokens as they come"),
        ({"num_beams": 2, "early_stopping": "always"}, "early_stopping must be"),
        ({"max_new_tokens": 0}, "max_new_tokens must be"),
        ({"end": 5}, "end=5 is no token of a vocabulary of 5"),
        ({"end": -1}, "end must be"),
        ({"prompts": [[]]}, "the prompt of row 0 is empty; begin it with a start mark"),
        ({"prompts": []}, "prompts must be one list of tokens for each row"),
        ({"prompts": [1, 2]}, "row 0 is 1"),
        ({"prompts": [[1.5]]}, "integers from 0 on; row 0"),
        ({"prompts": [[-1]]}, "integers from 0 on; row 0"),
        (
            {"num_beams": 4, "num_return_sequences": 4, "max_new_tokens": 1, "step": "narrow"},
            "only 2 different sequences exist within max_new_tokens=1",
        ),
        ({"step": "nan"}, "NaN"),
        ({"step": "flat"}, r"logits of shape \(rows, vocabulary\) for 1 rows, got \(5,\)"),
        ({"step": "alone"}, r"step must return \(logits, states\), got ndarray"),
    ],
)
def test_errors(options: dict[str, Any], message: str) -> None:
    steps: dict[str, Any] = {
        "nan": lambda tokens, states: (np.full((len(tokens), V), np.nan), states),
        "flat": lambda tokens, states: (np.zeros(V), states),
        "alone": lambda tokens, states: np.zeros((len(tokens), V)),
        "narrow": lambda tokens, states: (np.log(np.eye(V)[[1]] + np.eye(V)[[2]] + 0.0), states),
    }
    options = dict(options)
    model = Markov()
    step, prompts = steps.get(options.pop("step", ""), model), options.pop("prompts", [[1]])
    with np.errstate(divide="ignore"), pytest.raises(ValueError, match=message):
        generate(step, model.start(len(prompts)), prompts, **options)


def test_misspelt_arguments_are_answered() -> None:
    model = Markov()
    with pytest.raises(TypeError, match="generate has no argument 'num_beam'; did you mean 'num_beams'"):
        generate(model, model.start(1), [[1]], num_beam=3)
