"""Every op of one table: value against NumPy, gradients against differences, the same in float32, empty inputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from recurra import ops
from recurra.gradient_check import check_gradients
from recurra.tensor import Tensor

Array = np.ndarray[Any, Any]


@dataclass
class Case:
    """One row: op, reference in plain NumPy, shapes of the inputs, range their elements are drawn from."""

    name: str
    op: Callable[..., Any]
    reference: Callable[..., Any]
    shapes: list[tuple[int, ...]]
    low: float = -2.0
    high: float = 2.0
    kinks: tuple[float, ...] = field(default=())
    """Places where the op is not smooth: inputs keep away from them."""
    apart: bool = False
    """For ops that compare elements: no two of them are close to each other."""
    float32_error: float = 2e-6

    def inputs(self, rng: np.random.Generator, shapes: list[tuple[int, ...]] | None = None) -> list[Array]:
        arrays = []
        for shape in self.shapes if shapes is None else shapes:
            x = rng.uniform(self.low, self.high, size=shape)
            if self.apart:
                x = rng.permutation(np.linspace(self.low, self.high, x.size)).reshape(shape)
            for kink in self.kinks:
                x = np.where(np.abs(x - kink) < 0.01, kink + 0.02, x)
            arrays.append(np.asarray(x))
        return arrays


def unary(name: str, reference: Callable[..., Any], low: float = -2.0, high: float = 2.0, **more: Any) -> Case:
    return Case(name, getattr(ops, name), reference, [(3, 7)], low, high, **more)


def binary(
    name: str,
    reference: Callable[..., Any],
    a: tuple[int, ...],
    b: tuple[int, ...],
    low: float = -2.0,
    high: float = 2.0,
) -> Case:
    return Case(f"{name}-{a}-{b}", getattr(ops, name), reference, [a, b], low, high)


def np_softmax(x: Array, axis: int | tuple[int, ...] = -1) -> Array:
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def np_sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def np_erf(x: Array) -> Array:
    from math import erf

    return np.vectorize(erf, otypes=[float])(x)


def np_softplus(x: Array) -> Array:
    return np.log1p(np.exp(x))


def np_sparsemax(x: Array) -> Array:
    """The limit τ found by halving: the sum of max(x - τ, 0) falls from at least 1 to 0."""
    low, high = x.max(-1, keepdims=True) - 1, x.max(-1, keepdims=True)
    for _ in range(80):
        middle = (low + high) / 2
        above = np.maximum(x - middle, 0).sum(-1, keepdims=True) > 1
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return np.maximum(x - low, 0)


UNARY = [
    unary("negative", np.negative),
    unary("absolute", np.abs, kinks=(0,)),
    unary("square", np.square),
    unary("sqrt", np.sqrt, 0.2, 3),
    unary("rsqrt", lambda x: 1 / np.sqrt(x), 0.2, 3),
    unary("reciprocal", lambda x: 1 / x, 0.3, 3),
    unary("exp", np.exp),
    unary("exp2", np.exp2),
    unary("expm1", np.expm1),
    unary("log", np.log, 0.2, 5),
    unary("log2", np.log2, 0.2, 5),
    unary("log10", np.log10, 0.2, 5),
    unary("log1p", np.log1p, -0.7, 4),
    unary("sin", np.sin),
    unary("cos", np.cos),
    unary("tan", np.tan, -1, 1),
    unary("arcsin", np.arcsin, -0.9, 0.9),
    unary("arccos", np.arccos, -0.9, 0.9),
    unary("arctan", np.arctan),
    unary("sinh", np.sinh),
    unary("cosh", np.cosh),
    unary("arcsinh", np.arcsinh),
    unary("arccosh", np.arccosh, 1.2, 4),
    unary("arctanh", np.arctanh, -0.8, 0.8),
    unary("erf", np_erf),
    unary("sign", np.sign, kinks=(0,)),
    unary("floor", np.floor, kinks=(-2, -1, 0, 1, 2)),
    unary("ceil", np.ceil, kinks=(-2, -1, 0, 1, 2)),
    unary("trunc", np.trunc, kinks=(-2, -1, 0, 1, 2)),
    unary("round", np.round, kinks=(-1.5, -0.5, 0.5, 1.5)),
    Case("round-2", lambda x: ops.round(x, 2), lambda x: np.round(x, 2), [(3, 1)], 0.011, 0.0125),
    Case("clip", lambda x: ops.clip(x, -0.5, 1.25), lambda x: np.clip(x, -0.5, 1.25), [(3, 7)], kinks=(-0.5, 1.25)),
    unary("relu", lambda x: np.maximum(x, 0), kinks=(0,)),
    unary("relu6", lambda x: np.clip(x, 0, 6), -3, 9, kinks=(0, 6)),
    unary("leaky_relu", lambda x: np.where(x > 0, x, 0.2 * x), kinks=(0,)),
    Case(
        "relu-options",
        lambda x: ops.relu(x, negative_slope=0.1, max_value=1.5, threshold=0.5),
        lambda x: np.where(x >= 1.5, 1.5, np.where(x >= 0.5, x, 0.1 * (x - 0.5))),
        [(4, 9)],
        kinks=(0.5, 1.5),
    ),
    unary("elu", lambda x: np.where(x > 0, x, np.expm1(x)), kinks=(0,)),
    Case("elu-alpha", lambda x: ops.elu(x, 0.3), lambda x: np.where(x > 0, x, 0.3 * np.expm1(x)), [(9,)], kinks=(0,)),
    unary("selu", lambda x: 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(x)), kinks=(0,)),
    Case("celu", lambda x: ops.celu(x, 1.7), lambda x: np.where(x > 0, x, 1.7 * np.expm1(x / 1.7)), [(9,)], kinks=(0,)),
    Case(
        "gelu-tanh",
        ops.gelu,
        lambda x: 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))),
        [(3, 7)],
        -4,
        4,
    ),
    Case("gelu", lambda x: ops.gelu(x, False), lambda x: x * 0.5 * (1 + np_erf(x / np.sqrt(2))), [(3, 7)], -4, 4),
    unary("softplus", np_softplus, -6, 6),
    unary("softsign", lambda x: x / (1 + np.abs(x)), kinks=(0,)),
    unary("tanh", np.tanh, -4, 4),
    unary("sigmoid", np_sigmoid, -6, 6),
    unary("hard_sigmoid", lambda x: np.clip(x / 6 + 0.5, 0, 1), -5, 5, kinks=(-3, 3)),
    unary("hard_tanh", lambda x: np.clip(x, -1, 1), kinks=(-1, 1)),
    unary("silu", lambda x: x * np_sigmoid(x), -6, 6),
    unary("hard_silu", lambda x: x * np.clip(x / 6 + 0.5, 0, 1), -5, 5, kinks=(-3, 3)),
    unary("mish", lambda x: x * np.tanh(np_softplus(x)), -6, 6),
    unary("log_sigmoid", lambda x: np.log(np_sigmoid(x)), -6, 6),
    unary("tanh_shrink", lambda x: x - np.tanh(x), float32_error=1e-5),
    unary("hard_shrink", lambda x: np.where(np.abs(x) > 0.5, x, 0), kinks=(-0.5, 0.5)),
    unary("soft_shrink", lambda x: np.sign(x) * np.maximum(np.abs(x) - 0.5, 0), kinks=(-0.5, 0.5)),
    unary("sparse_plus", lambda x: np.where(x <= -1, 0, np.where(x < 1, (x + 1) ** 2 / 4, x)), kinks=(-1, 1)),
    unary("sparse_sigmoid", lambda x: np.clip((x + 1) / 2, 0, 1), kinks=(-1, 1)),
    unary("squareplus", lambda x: (x + np.sqrt(x * x + 4)) / 2),
    Case("squareplus-b", lambda x: ops.squareplus(x, 0.5), lambda x: (x + np.sqrt(x * x + 0.5)) / 2, [(3, 7)]),
    Case("threshold", lambda x: ops.threshold(x, 0.3, -7), lambda x: np.where(x > 0.3, x, -7), [(9,)], kinks=(0.3,)),
    Case("glu", lambda x: ops.glu(x), lambda x: x[..., :4] * np_sigmoid(x[..., 4:]), [(2, 8)]),
]

SHAPE_PAIRS = [
    ((3, 7), (3, 7)),
    ((2, 3, 5), (5,)),
    ((2, 3, 1), (1, 3, 4)),
    ((3, 1), (1, 4)),
    ((), (4,)),
    ((1,), (1, 1)),
]
BINARY = [
    binary(name, reference, a, b, low, high)
    for name, reference, low, high in [
        ("add", np.add, -2, 2),
        ("subtract", np.subtract, -2, 2),
        ("multiply", np.multiply, -2, 2),
        ("divide", np.divide, 0.4, 2),
        ("divide_no_nan", np.divide, 0.4, 2),
        ("power", np.power, 0.3, 2.5),
        ("maximum", np.maximum, -2, 2),
        ("minimum", np.minimum, -2, 2),
        ("arctan2", np.arctan2, 0.3, 2),
        ("logaddexp", np.logaddexp, -3, 3),
    ]
    for a, b in SHAPE_PAIRS
] + [
    Case("mod", lambda a, b: ops.mod(a + 3, b + 1.2), lambda a, b: np.mod(a + 3, b + 1.2), [(9,), (9,)], 1.05, 1.3),
    Case("mod-negative", lambda a, b: ops.mod(a, -b - 1), lambda a, b: np.mod(a, -b - 1), [(9,), (9,)], 1.05, 1.9),
    Case(
        "where",
        lambda a, b: ops.where(np.array([True, False, True]), a, b),
        lambda a, b: np.where([True, False, True], a, b),
        [(2, 3), (2, 1)],
    ),
]


def reduction(
    name: str, reference: Callable[..., Any], low: float = -2.0, high: float = 2.0, apart: bool = False
) -> list[Case]:
    rows: list[tuple[tuple[int, ...], Any, bool]] = [
        ((5,), None, False),
        ((3, 7), 1, False),
        ((3, 7), 0, True),
        ((2, 3, 4), (0, 2), False),
        ((2, 3, 4), [1, -1], True),
        ((2, 3, 4, 5), (0, 2), True),
        ((1, 1), None, True),
        ((2, 3, 4), 1, False),
    ]

    def make(shape: tuple[int, ...], axis: Any, keepdims: bool) -> Case:
        np_axis = tuple(axis) if isinstance(axis, list) else axis
        return Case(
            f"{name}-{shape}-{axis}-{keepdims}",
            lambda x: getattr(ops, name)(x, axis=axis, keepdims=keepdims),
            lambda x: reference(x, axis=np_axis, keepdims=keepdims),
            [shape],
            low,
            high,
            apart=apart,
        )

    return [make(*row) for row in rows]


def np_logsumexp(x: Array, axis: Any, keepdims: bool) -> Array:
    return np.log(np.exp(x).sum(axis=axis, keepdims=keepdims))


REDUCTIONS = [
    *reduction("sum", np.sum),
    *reduction("mean", np.mean),
    *reduction("var", np.var),
    *[case for case in reduction("std", np.std) if "(1, 1)" not in case.name],
    *reduction("prod", np.prod, 0.5, 1.5),
    *reduction("max", np.max, apart=True),
    *reduction("min", np.min, apart=True),
    *reduction("logsumexp", np_logsumexp),
    Case("cumsum", lambda x: ops.cumsum(x, axis=1), lambda x: np.cumsum(x, axis=1), [(2, 5, 3)]),
    Case("cumsum-all", ops.cumsum, np.cumsum, [(2, 5)]),
    Case("cumprod", lambda x: ops.cumprod(x, axis=0), lambda x: np.cumprod(x, axis=0), [(4, 3)]),
    Case("norm", lambda x: ops.norm(x, axis=-1), lambda x: np.linalg.norm(x, axis=-1), [(3, 5)]),
    Case("norm-1", lambda x: ops.norm(x, 1, axis=0), lambda x: np.linalg.norm(x, 1, axis=0), [(4,)], kinks=(0,)),
    Case("norm-3", lambda x: ops.norm(x, 3), lambda x: np.linalg.norm(x, 3), [(4,)], kinks=(0,)),
    Case("normalize", ops.normalize, lambda x: x / np.linalg.norm(x, axis=-1, keepdims=True), [(3, 5)]),
    Case("average", lambda x, w: ops.average(x, 1, w), lambda x, w: np.average(x, 1, w), [(3, 4), (4,)], 0.5, 2),
    Case("median", lambda x: ops.median(x, axis=1), lambda x: np.median(x, axis=1), [(3, 6)], apart=True),
    Case(
        "quantile",
        lambda x: ops.quantile(x, 0.3, axis=(0, 2)),
        lambda x: np.quantile(x, 0.3, axis=(0, 2)),
        [(3, 2, 4)],
        apart=True,
    ),
    Case("softmax", ops.softmax, np_softmax, [(3, 7)]),
    Case("softmax-1", lambda x: ops.softmax(x, axis=1), lambda x: np_softmax(x, 1), [(2, 3, 4)]),
    Case("sparsemax", ops.sparsemax, np_sparsemax, [(4, 5)]),
    Case(
        "sparsemax-axis",
        lambda x: ops.sparsemax(x, 1),
        lambda x: np_sparsemax(x.swapaxes(1, 2)).swapaxes(1, 2),
        [(2, 5, 3)],
    ),
    Case("softmax-02", lambda x: ops.softmax(x, axis=(0, 2)), lambda x: np_softmax(x, (0, 2)), [(2, 3, 4)]),
    Case("log_softmax", ops.log_softmax, lambda x: np.log(np_softmax(x)), [(3, 7)]),
    Case("log_softmax-0", lambda x: ops.log_softmax(x, axis=0), lambda x: np.log(np_softmax(x, 0)), [(3, 7)]),
]

LAYOUT = [
    Case("reshape", lambda x: ops.reshape(x, (4, -1)), lambda x: x.reshape(4, -1), [(2, 6)]),
    Case("ravel", ops.ravel, np.ravel, [(2, 3)]),
    Case("transpose", ops.transpose, np.transpose, [(3, 5)]),
    Case("transpose-021", lambda x: ops.transpose(x, (0, 2, 1)), lambda x: x.transpose(0, 2, 1), [(2, 19, 33)]),
    Case("transpose-3102", lambda x: ops.transpose(x, (3, 1, 0, 2)), lambda x: x.transpose(3, 1, 0, 2), [(2, 3, 4, 5)]),
    Case("swapaxes", lambda x: ops.swapaxes(x, 0, -1), lambda x: x.swapaxes(0, -1), [(2, 3, 4)]),
    Case(
        "moveaxis", lambda x: ops.moveaxis(x, (0, 1), (-1, 0)), lambda x: np.moveaxis(x, (0, 1), (-1, 0)), [(2, 3, 4)]
    ),
    Case("expand_dims", lambda x: ops.expand_dims(x, (0, -1)), lambda x: np.expand_dims(x, (0, -1)), [(2, 3)]),
    Case("squeeze", lambda x: ops.squeeze(x, axis=1), lambda x: np.squeeze(x, axis=1), [(2, 1, 3)]),
    Case("broadcast_to", lambda x: ops.broadcast_to(x, (4, 2, 3)), lambda x: np.broadcast_to(x, (4, 2, 3)), [(2, 1)]),
    Case("flip", lambda x: ops.flip(x, axis=(0, -1)), lambda x: np.flip(x, axis=(0, -1)), [(3, 2, 4)]),
    Case(
        "concatenate",
        lambda *xs: ops.concatenate(xs, axis=1),
        lambda *xs: np.concatenate(xs, 1),
        [(2, 3), (2, 1), (2, 4)],
    ),
    Case("concatenate-0", lambda *xs: ops.concatenate(xs), lambda *xs: np.concatenate(xs), [(2, 3), (4, 3)]),
    Case("stack", lambda *xs: ops.stack(xs, axis=-1), lambda *xs: np.stack(xs, -1), [(2, 3), (2, 3)]),
    Case("hstack", lambda *xs: ops.hstack(xs), lambda *xs: np.hstack(xs), [(2, 3), (2, 1)]),
    Case("vstack", lambda *xs: ops.vstack(xs), lambda *xs: np.vstack(xs), [(3,), (3,)]),
    Case("split", lambda x: ops.split(x, 3, axis=1)[1], lambda x: np.split(x, 3, axis=1)[1], [(2, 6)]),
    Case("split-at", lambda x: ops.split(x, [1, 4])[1], lambda x: np.split(x, [1, 4])[1], [(5, 2)]),
    Case("unstack", lambda x: ops.unstack(x, axis=1)[2], lambda x: x[:, 2], [(2, 3)]),
    Case("repeat", lambda x: ops.repeat(x, 3, axis=1), lambda x: np.repeat(x, 3, axis=1), [(2, 3)]),
    Case(
        "repeat-each", lambda x: ops.repeat(x, [2, 0, 1], axis=1), lambda x: np.repeat(x, [2, 0, 1], axis=1), [(2, 3)]
    ),
    Case("tile", lambda x: ops.tile(x, (2, 1, 3)), lambda x: np.tile(x, (2, 1, 3)), [(2, 3)]),
    Case("roll", lambda x: ops.roll(x, (1, -2), (0, 1)), lambda x: np.roll(x, (1, -2), (0, 1)), [(3, 5)]),
    Case("roll-all", lambda x: ops.roll(x, 4), lambda x: np.roll(x, 4), [(3, 5)]),
    Case("pad", lambda x: ops.pad(x, ((1, 2), (0, 3))), lambda x: np.pad(x, ((1, 2), (0, 3))), [(2, 3)]),
    Case("pad-edge", lambda x: ops.pad(x, 2, "edge"), lambda x: np.pad(x, 2, "edge"), [(2, 3)]),
    Case("pad-reflect", lambda x: ops.pad(x, (2, 4), "reflect"), lambda x: np.pad(x, (2, 4), "reflect"), [(2, 3)]),
    Case("pad-symmetric", lambda x: ops.pad(x, 5, "symmetric"), lambda x: np.pad(x, 5, "symmetric"), [(2, 3)]),
    Case("tril", lambda x: ops.tril(x, 1), lambda x: np.tril(x, 1), [(2, 4, 3)]),
    Case("triu", lambda x: ops.triu(x, -1), lambda x: np.triu(x, -1), [(4, 5)]),
    Case("diagonal", lambda x: ops.diagonal(x, 1), lambda x: np.diagonal(x, 1), [(3, 5)]),
    Case("diagonal-12", lambda x: ops.diagonal(x, -1, 1, 2), lambda x: np.diagonal(x, -1, 1, 2), [(2, 4, 3)]),
    Case("diag", lambda x: ops.diag(x, -2), lambda x: np.diag(x, -2), [(3,)]),
    Case("trace", ops.trace, np.trace, [(4, 3)]),
    Case("diff", lambda x: ops.diff(x, 2, axis=0), lambda x: np.diff(x, 2, axis=0), [(5, 2)]),
    Case(
        "take",
        lambda x: ops.take(x, [[0, 2], [-1, 0]], axis=1),
        lambda x: np.take(x, [[0, 2], [-1, 0]], axis=1),
        [(2, 3, 2)],
    ),
    Case("take-all", lambda x: ops.take(x, [3, 0, 3]), lambda x: np.take(x, [3, 0, 3]), [(2, 3)]),
    Case(
        "take_along_axis",
        lambda x: ops.take_along_axis(x, np.array([[2, 0, 2, -1]]), axis=1),
        lambda x: np.take_along_axis(x, np.array([[2, 0, 2, -1]]), axis=1),
        [(3, 3)],
    ),
    Case("sort", ops.sort, np.sort, [(3, 6)], apart=True),
    Case("top_k", lambda x: ops.top_k(x, 2)[0], lambda x: np.sort(x)[..., :-3:-1], [(3, 6)], apart=True),
    Case("copy", ops.copy, np.copy, [(3,)]),
]


def put(x: Array, at: tuple[Any, ...], values: Array) -> Array:
    out = x.copy()
    out[at] = values
    return out


def segment_sums(x: Array) -> Array:
    out = np.zeros((3, *x.shape[1:]))
    np.add.at(out, [0, 2, 0, 2], x)
    return out


PRODUCTS = [
    *[
        binary("matmul", np.matmul, a, b)
        for a, b in [
            ((3, 4), (4, 5)),
            ((1, 1), (1, 1)),
            ((4,), (4,)),
            ((4,), (4, 3)),
            ((3, 4), (4,)),
            ((2, 3, 4), (4, 5)),
            ((2, 3, 4), (2, 4, 5)),
            ((3, 4), (2, 4, 5)),
            ((2, 1, 3, 4), (5, 4, 2)),
            ((2, 3, 4), (1, 4, 5)),
            ((2, 3, 4), (4,)),
            ((4,), (2, 4, 3)),
        ]
    ],
    binary("dot", np.dot, (2, 3, 4), (5, 4, 2)),
    binary("vdot", np.vdot, (2, 3), (2, 3)),
    binary("inner", np.inner, (2, 3), (4, 3)),
    binary("outer", np.outer, (3,), (4,)),
    Case(
        "tensordot",
        lambda a, b: ops.tensordot(a, b, ([0, 2], [1, 0])),
        lambda a, b: np.tensordot(a, b, ([0, 2], [1, 0])),
        [(2, 3, 4), (4, 2, 5)],
    ),
    *[
        Case(
            f"einsum {subscripts}",
            lambda *xs, subscripts=subscripts: ops.einsum(subscripts, *xs),
            lambda *xs, subscripts=subscripts: np.einsum(subscripts, *xs),
            shapes,
        )
        for subscripts, shapes in [
            ("ij,jk->ik", [(2, 3), (3, 4)]),
            ("bij,bkj->bik", [(2, 3, 4), (2, 5, 4)]),
            ("ij,jk", [(2, 3), (3, 4)]),
            ("...ij,...jk->...ik", [(2, 1, 3, 4), (5, 4, 2)]),
            ("bqhd,bkhd->bhqk", [(2, 3, 2, 4), (2, 5, 2, 4)]),
            ("i,i->", [(4,), (4,)]),
            ("ii->i", [(4, 4)]),
            ("ii", [(4, 4)]),
            ("ij->ji", [(2, 3)]),
            ("ijk->j", [(2, 3, 4)]),
            ("a,b,c->cab", [(2,), (3,), (4,)]),
            ("ij,jk,kl->il", [(2, 3), (3, 4), (4, 2)]),
            ("i,j->ji", [(2,), (3,)]),
        ]
    ],
    Case("dense", ops.dense, lambda x, w, b: x @ w + b, [(2, 3, 4), (4, 5), (5,)]),
    *[
        Case(
            f"dense-{name}",
            lambda x, w, b, name=name: ops.dense(x, w, b, name),
            lambda x, w, b, f=f: f(x @ w + b),
            [(5, 3), (3, 7), (7,)],
        )
        for name, f in [
            ("tanh", np.tanh),
            ("softplus", np_softplus),
            ("exponential", np.exp),
            ("silu", lambda z: z * np_sigmoid(z)),
            ("gelu", lambda z: z * 0.5 * (1 + np_erf(z / np.sqrt(2)))),
            ("leaky_relu", lambda z: np.where(z > 0, z, 0.2 * z)),
        ]
    ],
    Case(
        "dense-transposed",
        lambda x, w, b: ops.dense(x, w, b, "tanh", transpose_kernel=True),
        lambda x, w, b: np.tanh(x @ w.T + b),
        [(2, 3, 4), (5, 4), (5,)],
    ),
    Case("dense-vector", ops.dense, lambda x, w: x @ w, [(4,), (4, 5)]),
    Case("dense-one", ops.dense, lambda x, w, b: x @ w + b, [(1, 3), (3, 1), (1,)]),
    Case(
        "embedding", lambda t: ops.embedding([[0, 2, 2], [1, 0, -1]], t), lambda t: t[[[0, 2, 2], [1, 0, -1]]], [(4, 3)]
    ),
    Case("segment_sum", lambda x: ops.segment_sum(x, [0, 2, 0, 2], 3), segment_sums, [(4, 2)]),
    Case(
        "scatter",
        lambda v: ops.scatter([[0, 1], [2, 0], [0, 1]], v, (3, 2, 2)),
        lambda v: put(put(np.zeros((3, 2, 2)), (0, 1), v[0] + v[2]), (2, 0), v[1]),
        [(3, 2)],
    ),
    Case(
        "scatter_update",
        lambda x, v: ops.scatter_update(x, [[0], [2], [0]], v),
        lambda x, v: put(put(x, (0,), v[2]), (2,), v[1]),
        [(4, 2), (3, 2)],
    ),
    Case(
        "slice_update",
        lambda x, v: ops.slice_update(x, (1, 0), v),
        lambda x, v: put(x, (slice(1, 3), slice(0, 2)), v),
        [(4, 3), (2, 2)],
    ),
    Case("slice", lambda x: ops.slice(x, (1, 0), (2, 2)), lambda x: x[1:3, :2], [(4, 3)]),
]


def np_binary(t: Array, p: Array) -> Array:
    return -(t * np.log(p) + (1 - t) * np.log(1 - p))


LOSSES = [
    Case("mean_absolute_error", ops.mean_absolute_error, lambda t, o: np.abs(t - o).mean(-1), [(3, 5), (3, 5)]),
    Case("mean_squared_error", ops.mean_squared_error, lambda t, o: np.square(t - o).mean(-1), [(2, 3, 5), (2, 3, 5)]),
    Case("binary_crossentropy", ops.binary_crossentropy, np_binary, [(3, 5), (3, 5)], 0.05, 0.95),
    Case(
        "binary_crossentropy-logits",
        lambda t, z: ops.binary_crossentropy(t, z, from_logits=True),
        lambda t, z: np_binary(t, np_sigmoid(z)),
        [(3, 5), (3, 5)],
        -3,
        3,
    ),
    Case(
        "categorical_crossentropy",
        ops.categorical_crossentropy,
        lambda t, o: -(t * np.log(o / o.sum(-1, keepdims=True))).sum(-1),
        [(3, 5), (3, 5)],
        0.05,
        0.95,
    ),
    Case(
        "categorical_crossentropy-logits",
        lambda t, z: ops.categorical_crossentropy(t, z, from_logits=True, axis=1),
        lambda t, z: -(t * np.log(np_softmax(z, 1))).sum(1),
        [(3, 5, 2), (3, 5, 2)],
    ),
    Case(
        "sparse_categorical_crossentropy",
        lambda o: ops.sparse_categorical_crossentropy([1, 4, 0], o),
        lambda o: -np.log((o / o.sum(-1, keepdims=True))[np.arange(3), [1, 4, 0]]),
        [(3, 5)],
        0.05,
        0.95,
    ),
    Case(
        "sparse_categorical_crossentropy-logits",
        lambda z: ops.sparse_categorical_crossentropy([[1], [4], [0]], z, from_logits=True),
        lambda z: -np.log(np_softmax(z)[np.arange(3), [1, 4, 0]]),
        [(3, 5)],
    ),
]

CASES = [*UNARY, *BINARY, *REDUCTIONS, *LAYOUT, *PRODUCTS, *LOSSES]
table = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


@table
def test_value_is_numpys(case: Case, rng: np.random.Generator) -> None:
    arrays = case.inputs(rng)
    result = case.op(*arrays)
    expected = np.asarray(case.reference(*arrays))
    assert result.dtype == "float64"
    assert result.shape == expected.shape
    np.testing.assert_allclose(result.numpy(), expected, rtol=1e-12, atol=1e-13)


@table
def test_gradient_is_the_difference_quotients(case: Case, rng: np.random.Generator) -> None:
    check_gradients(case.op, *case.inputs(rng))


@table
def test_float32_follows_float64(case: Case, rng: np.random.Generator) -> None:
    arrays = [array.astype("float32") for array in case.inputs(rng)]
    expected = np.asarray(case.reference(*[array.astype("float64") for array in arrays]))
    tensors = [Tensor(array) for array in arrays]
    doubles = [Tensor(array.astype("float64")) for array in arrays]
    for tensor in tensors + doubles:
        tensor.requires_grad = True
    result = case.op(*tensors)
    assert result.dtype == "float32"
    np.testing.assert_allclose(result.numpy(), expected, rtol=case.float32_error, atol=case.float32_error)
    ops.sum(result).backward()
    ops.sum(case.op(*doubles)).backward()
    for tensor, double in zip(tensors, doubles, strict=True):
        np.testing.assert_allclose(tensor.grad, double.grad, rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("case", UNARY, ids=lambda case: case.name)
@pytest.mark.parametrize("shape", [(0,), (2, 0), (1,), (33,), (20001,)], ids=str)
def test_any_length_of_a_unary_op(case: Case, shape: tuple[int, ...], rng: np.random.Generator) -> None:
    if case.name == "glu":
        shape = (*shape, 8)
    (x,) = case.inputs(rng, [shape])
    tensor = Tensor(x)
    tensor.requires_grad = True
    result = case.op(tensor)
    np.testing.assert_allclose(result.numpy(), case.reference(x), rtol=1e-12, atol=1e-13)
    ops.sum(result).backward()
    assert tensor.grad is not None
    assert tensor.grad.shape == shape


@pytest.mark.parametrize("name", ["add", "subtract", "multiply", "divide", "power", "maximum", "minimum", "logaddexp"])
@pytest.mark.parametrize(
    ("a", "b"), [((0,), (0,)), ((0, 3), (3,)), ((2, 0), (1, 1)), ((300, 70), (70,)), ((70, 1), (1, 301))]
)
def test_any_length_of_a_binary_op(name: str, a: tuple[int, ...], b: tuple[int, ...], rng: np.random.Generator) -> None:
    x, y = rng.uniform(0.5, 2, a), rng.uniform(0.5, 2, b)
    left, right = Tensor(x), Tensor(y)
    left.requires_grad = right.requires_grad = True
    result = getattr(ops, name)(left, right)
    np.testing.assert_allclose(result.numpy(), getattr(np, name)(x, y), rtol=1e-12)
    ops.sum(result).backward()
    for tensor, shape in ((left, a), (right, b)):
        assert tensor.grad is not None
        assert tensor.grad.shape == shape
