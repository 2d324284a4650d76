"""Transformers as step functions: what they generate is what the whole pass says, in batches of any prompts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import recurra
from recurra import layers, ops
from recurra.generation import generate, step_of

V, CONTEXT = 7, 12


def sequential() -> Any:
    return recurra.Sequential(
        [
            recurra.Input((None,), dtype="int32"),
            layers.TokenAndPositionEmbedding(V, CONTEXT, 8),
            layers.Dropout(0.1),
            layers.TransformerDecoder(16, 2, normalize_first=True),
            layers.TransformerDecoder(16, 4, normalize_first=True),
            layers.LayerNormalization(),
            layers.Dense(V),
        ]
    )


def tied() -> Any:
    tokens = recurra.Input((CONTEXT,), dtype="int32")
    embedding = layers.TokenAndPositionEmbedding(V, CONTEXT, 8)
    x = layers.TransformerDecoder(16, 2)(embedding(tokens))
    return recurra.Model(tokens, embedding.token_embedding(x, reverse=True))


def waves() -> Any:
    tokens = recurra.Input((None,), dtype="int32")
    x = layers.Embedding(V, 8)(tokens)
    x = layers.TransformerDecoder(16, 2)(x + layers.SinePositionEncoding()(x))
    return recurra.Model(tokens, layers.Dense(V)(x))


def with_weights(model: Any, seed: int = 0) -> Any:
    rng = np.random.default_rng(seed)
    model.set_weights([0.6 * rng.standard_normal(weight.shape) for weight in model.weights])
    return model


def whole(model: Any, tokens: list[int]) -> np.ndarray:
    """Logits behind each of the tokens, by one pass over all of them."""
    filled = tokens + [0] * (CONTEXT - len(tokens))  # causal: what follows has no influence
    return model.predict(np.array([filled]), verbose=0)[0, : len(tokens)].astype("float64")


@pytest.mark.parametrize("make", [sequential, tied, waves])
@pytest.mark.parametrize("options", [{}, {"num_beams": 3}, {"do_sample": True, "seed": 4}])
def test_generation_agrees_with_the_whole_pass(make: Any, options: dict[str, Any]) -> None:
    model = with_weights(make())
    step, states = step_of(model, context=None if make is not waves else CONTEXT)
    prompts = [[1, 2], [3], [4, 5, 6, 2, 1], [6, 6]]
    found = generate(step, states(4), prompts, max_new_tokens=7, length_penalty=0.0, **options)
    for prompt, answer, score in zip(prompts, found.sequences.tolist(), found.scores, strict=True):
        logits = whole(model, prompt + answer)[len(prompt) - 1 : -1]
        likely = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
        np.testing.assert_allclose(score, sum(likely[n, token] for n, token in enumerate(answer)), atol=1e-4)
        if not options:
            assert answer == likely.argmax(-1).tolist()
    alone = [generate(step, states(1), [prompt], max_new_tokens=7).lists()[0] for prompt in prompts]
    assert options or found.lists() == alone


def test_each_token_is_read_once() -> None:
    model, steps = with_weights(sequential()), []
    step, states = step_of(model)

    def counted(tokens: np.ndarray, carried: Any) -> Any:
        steps.append(len(tokens))
        return step(tokens, carried)

    generate(counted, states(2), [[1, 2, 3], [4]], max_new_tokens=4)
    assert steps == [2, 1, 1, 2, 2, 2]


def test_states_may_serve_again() -> None:
    step, states = step_of(with_weights(sequential()))
    first = states(1)
    found = [generate(step, first, [[1, 2]], max_new_tokens=5).lists() for _ in range(2)]
    assert found[0] == found[1]


def test_probabilities_serve_as_well() -> None:
    model = with_weights(sequential())
    soft = recurra.Sequential([*model.layers, layers.Softmax()])
    soft(np.array([[1]]))
    found = [
        generate(step, states(2), [[1], [2, 3]], max_new_tokens=5).lists()
        for step, states in (step_of(model), step_of(soft, outputs="probabilities"))
    ]
    assert found[0] == found[1]
    step, states = step_of(soft, outputs="probabilities")
    with pytest.raises(ValueError, match="has 12 positions"):
        generate(step, states(1), [[1] * 13])


@pytest.mark.parametrize(
    ("prompts", "new", "message"),
    [
        ([[1], [2] * 13], 1, "the prompt of row 1 has 13 tokens, but the model has 12 positions; shorten it"),
        (
            [[1] * 9],
            5,
            "prompt of row 0, 9 tokens, and max_new_tokens=5 take 13 positions, but the model has 12; lower "
            "max_new_tokens to 4",
        ),
    ],
)
def test_what_goes_beyond_the_positions_is_refused(prompts: list[list[int]], new: int, message: str) -> None:
    step, states = step_of(with_weights(sequential()))
    with pytest.raises(ValueError, match=message):
        generate(step, states(len(prompts)), prompts, max_new_tokens=new)


def test_the_last_position_may_be_used() -> None:
    step, states = step_of(with_weights(sequential()))
    assert generate(step, states(1), [[1] * 12], max_new_tokens=1).sequences.shape == (1, 1)
    carried = states(1)
    for _ in range(12):
        _, carried = step(np.array([1]), carried)
    with pytest.raises(ValueError, match="the model has 12 positions, and a row goes beyond them"):
        step(np.array([1]), carried)


def chain(*inside: Any) -> Any:
    return recurra.Sequential(
        [recurra.Input((5,), dtype="int32"), layers.TokenAndPositionEmbedding(V, CONTEXT, 8), *inside]
    )


def attending() -> Any:
    tokens = recurra.Input((None,), dtype="int32")
    x = layers.Embedding(V, 8)(tokens)
    return recurra.Model(tokens, layers.TransformerDecoder(16, 2)(x, x))


def averaging() -> Any:
    tokens = recurra.Input((None,), dtype="int32")
    x = layers.TransformerDecoder(16, 2)(layers.TokenAndPositionEmbedding(V, CONTEXT, 8)(tokens))
    return recurra.Model(tokens, ops.cumsum(x, axis=1))


@pytest.mark.parametrize(
    ("make", "options", "message"),
    [
        (waves, {}, "has no table of positions; give context="),
        (sequential, {"context": 13}, "context=13 goes beyond the 12 positions"),
        (sequential, {"context": 0}, "context must be an integer >= 1"),
        (lambda: chain(layers.TransformerDecoder(8, 2), layers.GRU(4)), {}, "'gru.*looks at other steps"),
        (lambda: chain(layers.TransformerDecoder(8, 2), layers.LayerNormalization(axis=1)), {}, "looks at other steps"),
        (averaging, {}, "'cumsum.*looks at other steps"),
        (attending, {"context": 9}, "attends to an encoder"),
        (lambda: recurra.Sequential([layers.TransformerDecoder(8, 2)]), {"context": 9}, "is not built yet"),
        (
            lambda: recurra.Sequential([recurra.Input((None, 3)), layers.GRU(2)]),
            {"context": 9},
            "context is for models",
        ),
    ],
)
def test_models_that_do_not_fit(make: Any, options: dict[str, Any], message: str) -> None:
    model = make()
    with pytest.raises(ValueError, match=message):
        step_of(model, **options)[1](1)
