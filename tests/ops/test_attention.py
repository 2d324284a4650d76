"""ops.dot_product_attention against plain NumPy, its gradients against central differences, and what masks promise."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import recurra
from recurra import ops
from recurra.gradient_check import check_gradients

# name: (batch, queries, keys, heads, key heads, key size, value size), options
CASES: dict[str, tuple[tuple[int, ...], dict[str, Any]]] = {
    "plain": ((2, 5, 7, 3, 3, 4, 4), {}),
    "one of each": ((1, 1, 1, 1, 1, 1, 1), {}),
    "sizes off the vector width": ((2, 33, 129, 2, 2, 17, 5), {}),
    "several tiles of keys": ((1, 40, 300, 2, 2, 8, 8), {}),
    "many heads": ((5, 9, 11, 8, 8, 4, 6), {}),
    "grouped heads": ((2, 6, 9, 6, 2, 4, 3), {}),
    "one key head": ((2, 6, 9, 4, 1, 4, 4), {}),
    "causal": ((2, 9, 9, 2, 2, 4, 4), {"is_causal": True}),
    "causal over tiles": ((1, 150, 150, 1, 1, 4, 4), {"is_causal": True}),
    "causal with a cache": ((2, 3, 10, 2, 2, 4, 4), {"is_causal": True, "causal_offset": 7}),
    "window": ((2, 12, 12, 2, 2, 4, 4), {"window": (2, 3)}),
    "window back": ((2, 140, 140, 1, 1, 4, 4), {"is_causal": True, "window": (5, None)}),
    "scale": ((2, 5, 7, 3, 3, 4, 4), {"scale": 0.3}),
    "soft cap": ((2, 5, 7, 3, 3, 4, 4), {"scale": 2.0, "attn_logits_soft_cap": 1.5}),
    "mask": ((3, 5, 7, 2, 2, 4, 4), {"mask": (3, 1, 5, 7)}),
    "mask of keys": ((3, 5, 7, 2, 2, 4, 4), {"mask": (3, 1, 1, 7)}),
    "mask of heads": ((3, 5, 7, 2, 2, 4, 4), {"mask": (3, 2, 5, 7)}),
    "mask without batch": ((3, 5, 7, 2, 2, 4, 4), {"mask": (5, 7)}),
    "mask and causal": ((3, 7, 7, 2, 2, 4, 4), {"mask": (3, 1, 1, 7), "is_causal": True}),
    "bias": ((2, 5, 7, 2, 2, 4, 4), {"bias": (2, 2, 5, 7)}),
    "bias of heads": ((2, 5, 7, 2, 2, 4, 4), {"bias": (2, 5, 7)}),
    "bias, cap, groups": ((2, 5, 7, 4, 2, 4, 4), {"bias": (1, 4, 1, 7), "attn_logits_soft_cap": 2.0}),
}
IDS = list(CASES)


def arrays(name: str, dtype: Any) -> tuple[list[np.ndarray], dict[str, Any]]:
    """query, key, value, and the arguments with arrays in place of shapes."""
    (B, T, S, N, G, D, E), options = CASES[name]
    rng = np.random.default_rng([*name.encode()])
    tensors = [rng.standard_normal(shape).astype(dtype) for shape in ((B, T, N, D), (B, S, G, D), (B, S, G, E))]
    arguments = dict(options)
    if "mask" in arguments:
        arguments["mask"] = rng.random(arguments["mask"]) < 0.6
    if "bias" in arguments:
        arguments["bias"] = rng.standard_normal(arguments["bias"]).astype(dtype)
    return tensors, arguments


def probabilities(q: np.ndarray, k: np.ndarray, arguments: dict[str, Any]) -> np.ndarray:
    """(B, N, T, S), in float64."""
    T, N, S, G = q.shape[1], q.shape[2], k.shape[1], k.shape[2]
    k = np.repeat(k, N // G, axis=2)
    scale = arguments.get("scale", 1 / np.sqrt(q.shape[-1]))
    s = np.einsum("btnd,bsnd->bnts", q, k) * scale
    if cap := arguments.get("attn_logits_soft_cap"):
        s = cap * np.tanh(s / cap)
    s = s + arguments.get("bias", 0)
    seen = np.broadcast_to(arguments.get("mask", True), s.shape).copy()
    position = np.arange(T)[:, None] + arguments.get("causal_offset", 0)
    left, right = arguments.get("window", (None, None))
    if arguments.get("is_causal"):
        right = 0
    if left is not None:
        seen &= np.arange(S) >= position - left
    if right is not None:
        seen &= np.arange(S) <= position + right
    p = np.where(seen, np.exp(s - s.max(axis=-1, keepdims=True)), 0)
    total = p.sum(axis=-1, keepdims=True)
    return np.divide(p, total, out=np.zeros_like(p), where=total > 0)


def reference(tensors: list[np.ndarray], arguments: dict[str, Any]) -> np.ndarray:
    q, k, v = (x.astype(np.float64) for x in tensors)
    v = np.repeat(v, q.shape[2] // v.shape[2], axis=2)
    return np.einsum("bnts,bsne->btne", probabilities(q, k, arguments), v)


@pytest.mark.parametrize("name", IDS)
@pytest.mark.parametrize(("dtype", "bound"), [("float32", 2e-6), ("float64", 1e-13)])
def test_forward(name: str, dtype: str, bound: float) -> None:
    tensors, arguments = arrays(name, dtype)
    out = ops.dot_product_attention(*tensors, **arguments).numpy()
    assert out.dtype == dtype
    np.testing.assert_allclose(out, reference(tensors, arguments), rtol=0, atol=bound)


@pytest.mark.parametrize("name", [name for name in IDS if np.prod(CASES[name][0][:4]) < 3000])
def test_gradients(name: str) -> None:
    tensors, arguments = arrays(name, "float64")
    if "bias" in arguments:
        tensors.append(arguments.pop("bias"))
    check_gradients(lambda q, k, v, *bias: ops.dot_product_attention(q, k, v, *bias, **arguments), *tensors)


@pytest.mark.parametrize("name", ["sizes off the vector width", "several tiles of keys", "window back", "many heads"])
def test_gradients_of_large_cases_equal_those_of_small_ops(name: str) -> None:
    tensors, arguments = arrays(name, "float64")

    def gradients(f: Any) -> list[np.ndarray]:
        inputs = [recurra.Variable(x) for x in tensors]
        out = f(*inputs)
        out.backward(np.cos(np.arange(out.size, dtype=np.float64)).reshape(out.shape))
        return [x.grad.numpy() for x in inputs]

    def composed(q: Any, k: Any, v: Any) -> Any:
        keep = probabilities(*tensors[:2], arguments) > 0
        s = ops.einsum("btnd,bsnd->bnts", q, k) * (1 / np.sqrt(q.shape[-1]))
        p = ops.softmax(ops.where(keep, s, -1e300), axis=-1)
        return ops.einsum("bnts,bsne->btne", p, v)

    for own, other in zip(
        gradients(lambda *x: ops.dot_product_attention(*x, **arguments)), gradients(composed), strict=True
    ):
        np.testing.assert_allclose(own, other, rtol=0, atol=1e-12)


def test_a_query_that_sees_nothing_gives_zeros_and_no_gradient() -> None:
    tensors, _ = arrays("plain", "float32")
    mask = np.ones((2, 1, 5, 7), bool)
    mask[0, :, 2] = False
    q, k, v = (recurra.Variable(x) for x in tensors)
    out = ops.dot_product_attention(q, k, v, mask=mask)
    assert not out.numpy()[0, 2].any()
    ops.sum(out * out).backward()
    assert not q.grad.numpy()[0, 2].any()
    assert all(np.isfinite(x.grad.numpy()).all() for x in (q, k, v))


def test_masked_keys_have_no_influence_even_as_nan() -> None:
    (q, k, v), _ = arrays("plain", "float32")
    mask = np.ones((2, 1, 1, 7), bool)
    mask[:, :, :, 5:] = False
    short = ops.dot_product_attention(q, k[:, :5], v[:, :5]).numpy()
    k[:, 5:], v[:, 5:] = 1e30, 1e30
    np.testing.assert_allclose(ops.dot_product_attention(q, k, v, mask=mask).numpy(), short, rtol=0, atol=1e-6)


def test_large_scores_do_not_overflow() -> None:
    (q, k, v), _ = arrays("plain", "float32")
    out = ops.dot_product_attention(q * 1e4, k * 1e4, v).numpy()
    assert np.isfinite(out).all()


@pytest.mark.parametrize("name", ["several tiles of keys", "many heads", "causal over tiles"])
def test_same_bits_for_any_number_of_threads(name: str) -> None:
    tensors, arguments = arrays(name, "float32")
    tensors = [np.tile(x, (4, 1, 1, 1)) for x in tensors]
    before = recurra.num_threads()
    found = []
    try:
        for threads in (1, 2, 3, 5):
            recurra.set_num_threads(threads)
            inputs = [recurra.Variable(x) for x in tensors]
            out = ops.dot_product_attention(*inputs, **arguments)
            ops.sum(out * out).backward()
            found.append([out.numpy().tobytes(), *(x.grad.numpy().tobytes() for x in inputs)])
    finally:
        recurra.set_num_threads(before)
    assert all(each == found[0] for each in found[1:])


def test_dropout_is_the_same_forward_and_backward() -> None:
    tensors, _ = arrays("several tiles of keys", "float64")
    options: dict[str, Any] = {"dropout": 0.4, "stream": (3, 4)}
    ones = np.ones_like(tensors[2])
    total = ops.dot_product_attention(*tensors[:2], ones, **options).numpy()
    assert abs(total.mean() - 1) < 0.05
    assert total.std() > 0.01
    small = [x[:, :6] for x in tensors]
    check_gradients(lambda *x: ops.dot_product_attention(*x, **options), *small)


@pytest.mark.parametrize(
    ("shapes", "arguments", "message"),
    [
        (((2, 3, 4), (2, 3, 4), (2, 3, 4)), {}, "query must have the axes"),
        (((2, 3, 5, 4), (2, 3, 2, 4), (2, 3, 2, 4)), {}, "5 heads must be a multiple of the key's 2"),
        (((2, 3, 2, 4), (2, 3, 2, 5), (2, 3, 2, 5)), {}, "heads of one size, got 4 and 5"),
        (((2, 3, 2, 4), (2, 3, 2, 4), (2, 4, 2, 4)), {}, "same steps and heads"),
        (((2, 3, 2, 4), (1, 3, 2, 4), (1, 3, 2, 4)), {}, "one batch size"),
        (((2, 3, 2, 4),) * 3, {"mask": np.ones((2, 3), bool)}, "mask of shape"),
        (((2, 3, 2, 4),) * 3, {"dropout": 1.0, "stream": (0, 0)}, "dropout"),
        (((2, 3, 2, 4),) * 3, {"dropout": 0.5}, "stream"),
        (((2, 3, 2, 4),) * 3, {"window": (-1, 0)}, "window"),
    ],
)
def test_what_does_not_fit_is_refused(shapes: Any, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ops.dot_product_attention(*(np.zeros(shape, "float32") for shape in shapes), **arguments)


def test_in_a_graph() -> None:
    x = recurra.Input((5, 2, 4))
    model = recurra.Model(x, ops.dot_product_attention(x, x, x, is_causal=True))
    value = np.random.default_rng(0).standard_normal((3, 5, 2, 4)).astype("float32")
    expected = ops.dot_product_attention(value, value, value, is_causal=True).numpy()
    np.testing.assert_array_equal(model.predict(value, verbose=0), expected)
