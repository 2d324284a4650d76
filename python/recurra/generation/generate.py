"""`generate`: one function for greedy search, sampling and beam search."""

from __future__ import annotations

from typing import Any

import numpy as np

from recurra import checks
from recurra.generation.beam import Beams, beam_search
from recurra.generation.result import Generated
from recurra.generation.scores import Repetition, Sampling
from recurra.generation.search import Callback, search
from recurra.generation.stepping import Step, Stepper, check_room, checked_prompts, read_prompts, take_rows

_WHO = "generate"


@checks.answers_unknown_keywords
def generate(
    step: Step,
    states: Any,
    prompts: Any,
    *,
    end: int | None = None,
    max_new_tokens: int = 20,
    do_sample: bool = False,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float = 1.0,
    repetition_penalty: float = 1.0,
    no_repeat_ngram_size: int = 0,
    num_beams: int = 1,
    length_penalty: float = 1.0,
    early_stopping: bool | str = False,
    num_return_sequences: int = 1,
    seed: int | None = None,
    pad: int = 0,
    callback: Callback | None = None,
) -> Generated:
    """Tokens that follow prompts, one at a time; nothing that was computed is computed again.

    Names and conventions are those of Hugging Face's `generate`, but `top_k` is off by default. Without `do_sample` and
    beams the search is greedy: the likeliest token is taken. With both, each step draws the continuations of the beams
    (beam sampling) instead of taking the likeliest ones.

    Args:
        step: Function of (tokens, states), integers (rows,) and the states, that returns (logits, states): the logits
            (rows, vocabulary) of the next token, and the new states. Tensors and arrays among the states have the rows
            as their first axis; they may stand in lists, tuples and dictionaries. The number of rows changes. With an
            attribute `context`, longer prompts and answers are refused.
        states: Those in front of the prompts.
        prompts: One list of tokens for each row, of any lengths, or an array; often just a start mark.
        end: The token that ends a sequence; default none.
        max_new_tokens: Most tokens behind the prompt, the end mark included; default 20.
        do_sample: Whether tokens are drawn at random; default False.
        temperature: > 0; logits are divided by it before a token is drawn. Default 1.
        top_k: Only the k likeliest tokens are drawn from; default all.
        top_p: In (0, 1]; only the smallest set of likely tokens whose probabilities add up to it is drawn from.
            Default 1.
        repetition_penalty: > 0; logits (in beam search log probabilities) of tokens that a row has are divided by it,
            negative ones multiplied. Default 1.
        no_repeat_ngram_size: n: no n tokens in a row occur twice in a row's prompt and answer. Default 0, off.
        num_beams: Sequences that are followed at the same time for each prompt; default 1.
        length_penalty: α: finished sequences of a beam search are compared by Σ log p / length ** α. Default 1.
        early_stopping: When a beam search ends: True as soon as `num_beams` sequences are finished, False (default)
            when the best one that goes on, at its present length, is no better than the finished ones, "never" when it
            could be at no length.
        num_return_sequences: How many sequences are returned for each prompt: the best of the beams, or as many
            samples. Default 1.
        seed: Integer that sampling starts from; default the global generator. Each row has numbers of its own.
        pad: What stands behind the end mark; default 0.
        callback: Called after each step with the new tokens (rows,), `pad` in rows that have ended; not in beam search.

    Returns:
        Sequences, their lengths and scores.

    Raises:
        ValueError: An argument is out of range or does not fit another one, or `step` returns something else.

    Example:
        >>> def step(tokens, states):  # the next token is one more
        ...     return np.eye(6)[(tokens + 1) % 6] * 5.0, states
        >>> recurra.generation.generate(step, None, [[1], [0, 3]], end=5).lists()
        [[2, 3, 4], [4]]
    """
    end = None if end is None else checks.whole_number(end, _WHO, "end", least=0)
    stepper = Stepper(step, end)
    room = checks.whole_number(max_new_tokens, _WHO, "max_new_tokens")
    beams = checks.whole_number(num_beams, _WHO, "num_beams")
    returned = checks.whole_number(num_return_sequences, _WHO, "num_return_sequences")
    repetition = Repetition(
        checks.number(repetition_penalty, _WHO, "repetition_penalty", above=0),
        checks.whole_number(no_repeat_ngram_size, _WHO, "no_repeat_ngram_size", least=0),
    )
    padding = checks.whole_number(pad, _WHO, "pad", least=0)
    how = Sampling(
        checks.boolean(do_sample, _WHO, "do_sample"),
        checks.number(temperature, _WHO, "temperature", above=0),
        None if top_k is None else checks.whole_number(top_k, _WHO, "top_k"),
        checks.number(top_p, _WHO, "top_p", above=0, most=1),
        checks.seed(seed, _WHO),
    )
    alpha = checks.number(length_penalty, _WHO, "length_penalty")
    early = checks.one_of(early_stopping, _WHO, "early_stopping", (True, False, "never"))
    _check_together(how, beams, returned, callback)
    rows = checked_prompts(prompts)
    check_room(step, rows, room)
    logits, states = read_prompts(stepper, rows, states)
    if beams > 1:
        return beam_search(
            stepper, logits, states, rows, Beams(beams, alpha, early, returned, repetition, how, room, padding)
        )
    if returned > 1:
        each = np.repeat(np.arange(len(rows)), returned)
        logits, states, rows = logits[each], take_rows(states, each), [rows[row] for row in each]
    return search(stepper, logits, states, rows, how, repetition, room, padding, callback)


def _check_together(how: Sampling, beams: int, returned: int, callback: Callback | None) -> None:
    if not how.do_sample:
        given = {"temperature": how.temperature != 1, "top_k": how.top_k is not None, "top_p": how.top_p != 1}
        for name, is_given in given.items():
            if is_given:
                raise ValueError(f"{_WHO}: {name} is for sampling; add do_sample=True")
    if returned > beams and not (how.do_sample and beams == 1):
        raise ValueError(
            f"{_WHO}: num_return_sequences={returned} needs as many beams, num_beams={returned}, or do_sample=True "
            "without beams"
        )
    if callback is not None and beams > 1:
        raise ValueError(
            f"{_WHO}: callback sees tokens as they come, which a beam search does not know; use num_beams=1"
        )
