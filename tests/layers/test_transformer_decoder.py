"""The decoder block: its parts, causality, caches step by step, masks, errors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import recurra
from recurra import layers
from recurra.gradient_check import check_gradients

HEADS, SIZE = 2, 3
RNG = np.random.default_rng(0)
X, MEMORY = RNG.standard_normal((3, 7, HEADS * SIZE)), RNG.standard_normal((3, 5, 4))


def decoder(*inputs: Any, dtype: str = "float64", **options: Any) -> Any:
    layer = layers.TransformerDecoder(8, HEADS, dtype=dtype, **options)
    layer(*inputs)
    rng = np.random.default_rng(1)
    layer.set_weights([0.6 * rng.standard_normal(weight.shape) for weight in layer.weights])
    return layer


def normalized(x: np.ndarray, gamma: np.ndarray, beta: np.ndarray) -> np.ndarray:
    centred = x - x.mean(axis=-1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-5) * gamma + beta


def attended(query: np.ndarray, memory: np.ndarray, weights: list[np.ndarray], seen: np.ndarray) -> np.ndarray:
    wq, bq, wk, bk, wv, bv, wo, bo = weights
    q = np.einsum("btf,fnd->btnd", query, wq) + bq
    k, v = (np.einsum("bsf,fnd->bsnd", memory, w) + b for w, b in ((wk, bk), (wv, bv)))
    scores = np.einsum("btnd,bsnd->bnts", q, k) / np.sqrt(SIZE)
    scores = np.where(seen, scores, -np.inf)
    shares = np.exp(scores - scores.max(-1, keepdims=True))
    shares /= shares.sum(-1, keepdims=True)
    return np.einsum("bnts,bsnd,ndf->btf", shares, v, wo) + bo


@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("cross", [False, True])
def test_against_its_parts(first: bool, cross: bool) -> None:
    inputs = (X, MEMORY) if cross else (X,)
    layer = decoder(*inputs, normalize_first=first)
    weights = iter(layer.get_weights())
    take = lambda n: [next(weights) for _ in range(n)]  # noqa: E731
    shown = np.arange(5) < np.array([5, 3, 1])[:, None]
    causal = np.tril(np.ones((7, 7), bool))
    own, norm = take(8), take(2)

    def joined(x: np.ndarray, branch: Any, norm: list[np.ndarray]) -> np.ndarray:
        return x + branch(normalized(x, *norm)) if first else normalized(x + branch(x), *norm)

    x = joined(X, lambda y: attended(y, y, own, causal), norm)
    if cross:
        other, norm = take(8), take(2)
        x = joined(x, lambda y: attended(y, MEMORY, other, shown[:, None, None]), norm)
    norm, (w1, b1, w2, b2) = take(2), take(4)
    expected = joined(x, lambda y: np.maximum(y @ w1 + b1, 0) @ w2 + b2, norm)
    options = {"encoder_padding_mask": shown} if cross else {}
    np.testing.assert_allclose(layer(*inputs, **options).numpy(), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("first", [False, True])
def test_gradients(first: bool) -> None:
    layer = decoder(X, MEMORY, normalize_first=first, activation="gelu")
    shown = np.arange(5) < np.array([5, 3, 1])[:, None]
    # A bias of the keys shifts all scores of a query alike: its gradient is zero but for rounding.
    weights = [weight for weight in layer.trainable_variables if weight.name != "key_bias"]
    assert len(weights) == len(layer.weights) - 2
    check_gradients(lambda *tensors: layer(*tensors[:2], encoder_padding_mask=shown), X, MEMORY, *weights, samples=15)


def empty(steps: int, dtype: str = "float64") -> np.ndarray:
    return np.zeros((3, 2, steps, HEADS, SIZE), dtype)


@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("pieces", [[1] * 7, [4, 1, 2]])
def test_cached_steps_are_the_whole_pass(first: bool, pieces: list[int]) -> None:
    for dtype, tolerance in (("float64", 1e-14), ("float32", 3e-6)):
        layer = decoder(X, MEMORY, dtype=dtype, normalize_first=first)
        whole = layer(X, MEMORY).numpy()
        cache, cross, begin, cross_index = empty(9, dtype), empty(5, dtype), 0, 0
        for piece in pieces:
            found, cache, cross = layer(
                X[:, begin : begin + piece],
                MEMORY if cross_index is not None else None,
                self_attention_cache=cache,
                self_attention_cache_update_index=begin,
                cross_attention_cache=cross,
                cross_attention_cache_update_index=cross_index,
            )
            np.testing.assert_allclose(found.numpy(), whole[:, begin : begin + piece], rtol=0, atol=tolerance)
            begin, cross_index = begin + piece, None
        assert not cache.numpy()[:, :, 7:].any()


@pytest.mark.parametrize("kind", [np.array, recurra.Tensor])
def test_each_row_may_stand_at_a_step_of_its_own(kind: Any) -> None:
    layer = decoder(X)
    whole = layer(X).numpy()
    at = np.array([2, 0, 4])
    _, full = layer(X, self_attention_cache=empty(7), self_attention_cache_update_index=0)
    cache = np.where((np.arange(7) < at[:, None])[:, None, :, None, None], full.numpy(), 0.0)
    steps = np.stack([X[row, t : t + 2] for row, t in enumerate(at)])
    found, after = layer(steps, self_attention_cache=cache, self_attention_cache_update_index=kind(at))
    for row, t in enumerate(at):
        np.testing.assert_allclose(found.numpy()[row], whole[row, t : t + 2], rtol=0, atol=1e-13)
        np.testing.assert_allclose(after.numpy()[row, :, : t + 2], full.numpy()[row, :, : t + 2], rtol=0, atol=1e-14)
        assert not after.numpy()[row, :, t + 2 :].any()


def test_steps_see_no_later_ones_unless_they_may() -> None:
    layer, changed = decoder(X), X.copy()
    changed[:, 4:] += 1.0
    np.testing.assert_array_equal(layer(changed).numpy()[:, :4], layer(X).numpy()[:, :4])
    free = [layer(x, use_causal_mask=False).numpy()[:, :4] for x in (X, changed)]
    assert (np.abs(free[0] - free[1]) > 1e-6).all(axis=-1).any()
    cached = layer(X, self_attention_cache=empty(7), self_attention_cache_update_index=0, use_causal_mask=False)[0]
    np.testing.assert_allclose(cached.numpy()[:, :4], free[0], rtol=0, atol=1e-13)


def test_masks_of_the_past_and_of_pairs() -> None:
    layer = decoder(X)
    padding = np.ones((3, 7), bool)
    padding[1, 2] = False
    whole = layer(X, decoder_padding_mask=padding).numpy()
    changed = X.copy()
    changed[1, 2] += 5.0
    kept = np.arange(7) != 2
    np.testing.assert_array_equal(layer(changed, decoder_padding_mask=padding).numpy()[1, kept], whole[1, kept])
    pairs = np.broadcast_to(padding[:, None], (3, 7, 7))
    np.testing.assert_allclose(layer(X, decoder_attention_mask=pairs).numpy(), whole, rtol=0, atol=1e-14)
    cache = empty(7)
    for t in range(7):
        found, cache = layer(
            X[:, t : t + 1],
            decoder_padding_mask=padding,
            self_attention_cache=cache,
            self_attention_cache_update_index=t,
        )
        np.testing.assert_allclose(found.numpy()[:, 0], whole[:, t], rtol=0, atol=1e-13)


def test_masks_come_with_the_tensors() -> None:
    layer = decoder(X, MEMORY, dtype="float32")
    x, memory = X.astype("float32"), MEMORY.astype("float32")
    x[:, 5:], memory[:, 3:] = 9.0, 9.0
    mask = layers.Masking(9.0)
    found = layer(mask(x), mask(memory)).numpy()
    np.testing.assert_allclose(found[:, :5], layer(x[:, :5], memory[:, :3]).numpy(), rtol=0, atol=2e-6)


def test_in_a_model_that_is_trained_and_saved(tmp_path: Path) -> None:
    source, target = recurra.Input((None, 4)), recurra.Input((None, 6))
    decoded = layers.TransformerDecoder(8, 2, dropout=0.1)(target, layers.TransformerEncoder(8, 2)(source))
    model = recurra.Model([source, target], layers.Dense(2)(decoded))
    model.compile("adam", "mse")
    inputs = [MEMORY.astype("float32"), X.astype("float32")]
    model.fit(inputs, np.ones((3, 7, 2), "float32"), epochs=2, verbose=0)
    model.save(tmp_path / "model.safetensors")
    again = recurra.models.load_model(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(again.predict(inputs, verbose=0), model.predict(inputs, verbose=0))


def test_positions_of_each_row() -> None:
    x, start = np.zeros((3, 2, 6), "float32"), np.array([4, 0, 2])
    for layer in (layers.PositionEmbedding(8), layers.SinePositionEncoding()):
        found = layer(x, start_index=start).numpy()
        for row, t in enumerate(start):
            np.testing.assert_array_equal(found[row], layer(x, start_index=int(t)).numpy()[row])
        with pytest.raises(ValueError, match="start_index must be an integer, or 3 of them"):
            layer(x, start_index=start[:2])
    with pytest.raises(ValueError, match="positions 0 to 8, but there are 8"):
        layers.PositionEmbedding(8)(x, start_index=np.array([0, 7, 1]))


@pytest.mark.parametrize(
    ("cross", "arguments", "message"),
    [
        (False, {"self_attention_cache": empty(7)}, "needs self_attention_cache_update_index"),
        (False, {"self_attention_cache_update_index": 0}, "is for a cache; give self_attention_cache"),
        (
            False,
            {"self_attention_cache": empty(7)[:, :1], "self_attention_cache_update_index": 0},
            r"must have the shape \(3, 2, steps, 2, 3\), got \(3, 1, 7, 2, 3\)",
        ),
        (
            False,
            {"self_attention_cache": empty(7), "self_attention_cache_update_index": 2},
            "steps 2 to 8 do not fit into a cache of 7 steps; make a longer cache",
        ),
        (False, {"self_attention_cache": empty(7), "self_attention_cache_update_index": -1}, "integer >= 0"),
        (False, {"self_attention_cache": empty(7), "self_attention_cache_update_index": np.array([1])}, "or 3 of them"),
        (False, {"cross_attention_cache": empty(5)}, "is for a layer that is called with encoder_sequence"),
        (False, {"encoder_sequence": MEMORY}, "give it in every call or in none"),
        (True, {"encoder_sequence": None}, "attends to an encoder; give encoder_sequence"),
        (True, {"self_attention_cache": empty(7), "self_attention_cache_update_index": 0}, "together, or neither"),
    ],
)
def test_calls_that_do_not_fit(cross: bool, arguments: dict[str, Any], message: str) -> None:
    layer = decoder(X, MEMORY) if cross else decoder(X)
    given = {"encoder_sequence": MEMORY, **arguments} if cross else arguments
    with pytest.raises(ValueError, match=message):
        layer(X, **given)


def test_heads_that_do_not_divide() -> None:
    with pytest.raises(ValueError, match="the 6 features of the input are no multiple of num_heads=4"):
        layers.TransformerDecoder(8, 4)(X)
