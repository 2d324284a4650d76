"""Every activation, wherever it can be reached, is accurate relative to its value, in the tails too."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import recurra
from recurra import _engine, activations, layers

# Between the kinks, which are whole numbers.
GRID = np.arange(-20, 20, 0.125) + 0.0625
ALPHA, SCALE = 1.6732632423543772848, 1.0507009873554804934


def _each(f: Callable[[float], float]) -> Callable[[np.ndarray], np.ndarray]:
    return lambda x: np.array([f(v) for v in x])


def _sigmoid(x: np.ndarray) -> np.ndarray:
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, e) / (1 + e)


def _softplus(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


_normal = _each(lambda v: 0.5 * math.erfc(-v / math.sqrt(2)))


def _mish_slope(x: np.ndarray) -> np.ndarray:
    t = np.tanh(_softplus(x))
    return t + x / np.cosh(_softplus(x)) ** 2 * _sigmoid(x)


def _between(x: np.ndarray, low: float, high: float, slope: float = 1.0) -> np.ndarray:
    return np.where((x > low) & (x < high), slope, 0.0)


# Values and slopes, as they are defined, without cancellation.
REFERENCE: dict[str, tuple[Callable[[np.ndarray], np.ndarray], Callable[[np.ndarray], np.ndarray]]] = {
    "linear": (lambda x: x, np.ones_like),
    "relu": (lambda x: np.maximum(x, 0), lambda x: _between(x, 0, np.inf)),
    "relu6": (lambda x: np.clip(x, 0, 6), lambda x: _between(x, 0, 6)),
    "leaky_relu": (lambda x: np.where(x > 0, x, 0.2 * x), lambda x: np.where(x > 0, 1, 0.2)),
    "elu": (lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))), lambda x: np.exp(np.minimum(x, 0))),
    "selu": (
        lambda x: SCALE * np.where(x > 0, x, ALPHA * np.expm1(np.minimum(x, 0))),
        lambda x: SCALE * np.where(x > 0, 1, ALPHA * np.exp(np.minimum(x, 0))),
    ),
    "softplus": (_softplus, _sigmoid),
    "softsign": (lambda x: x / (1 + np.abs(x)), lambda x: 1 / (1 + np.abs(x)) ** 2),
    "tanh": (np.tanh, lambda x: 1 / np.cosh(x) ** 2),
    "sigmoid": (_sigmoid, lambda x: _sigmoid(x) * _sigmoid(-x)),
    "hard_sigmoid": (lambda x: np.clip(x + 3, 0, 6) / 6, lambda x: _between(x, -3, 3, 1 / 6)),
    "hard_tanh": (lambda x: np.clip(x, -1, 1), lambda x: _between(x, -1, 1)),
    "exponential": (np.exp, np.exp),
    "silu": (lambda x: x * _sigmoid(x), lambda x: _sigmoid(x) * (1 + x * _sigmoid(-x))),
    "hard_silu": (
        lambda x: x * np.clip(x + 3, 0, 6) / 6,
        lambda x: np.where(x > 3, 1, np.where(x < -3, 0, x / 3 + 0.5)),
    ),
    "gelu": (
        lambda x: x * _normal(x),
        lambda x: _normal(x) + x * np.exp(-x * x / 2) / math.sqrt(2 * math.pi),
    ),
    "mish": (lambda x: x * np.tanh(_softplus(x)), _mish_slope),
}
# Their slopes are found from the value y as 1 - y^2 and y (1 - y): exact relative to one.
SLOPE_OF_VALUE = ("tanh", "sigmoid")

Result = tuple[np.ndarray, np.ndarray | None]


def _tensor(value: np.ndarray, gradient: bool = False) -> Any:
    tensor = _engine.Tensor(value)
    tensor.requires_grad = gradient
    return tensor


def _value_and_slope(f: Callable[[Any], Any], x: np.ndarray) -> Result:
    argument = _tensor(x, gradient=True)
    y = f(argument)
    y.backward(_tensor(np.ones(y.shape, x.dtype)))
    assert argument.grad is not None
    return y.numpy().ravel(), argument.grad.numpy().ravel()


def by_function(name: str, x: np.ndarray) -> Result:
    return _value_and_slope(activations.get(name), x)


def by_dense(name: str, x: np.ndarray) -> Result:
    layer = layers.Dense(x.size, activation=name, kernel_initializer="identity", dtype=x.dtype.name)
    return _value_and_slope(layer, x[None])


def by_convolution(name: str, x: np.ndarray) -> Result:
    layer = layers.Conv1D(x.size, 1, activation=name, dtype=x.dtype.name)
    layer.build((None, None, x.size))
    layer.set_weights([np.eye(x.size, dtype=x.dtype)[None], np.zeros(x.size, x.dtype)])
    return _value_and_slope(layer, x[None, None])


def _one_step(
    cell: str, x: np.ndarray, blocks: int, block: int, states: list[float], bias_rows: int = 1, **functions: str
) -> Result:
    """A step whose only gate that sees x is `block`; recurrent weights are zero."""
    units = x.size
    kernel = np.zeros((units, blocks, units), x.dtype)
    kernel[:, block] = np.eye(units)
    weights = [
        _tensor(kernel.reshape(units, -1)),
        _tensor(np.zeros((units, blocks * units), x.dtype)),
        _tensor(np.zeros((bias_rows, blocks * units), x.dtype)),
    ]
    layer = _engine.RecurrentLayer(cell, **functions)
    initial = [_tensor(np.full((1, units), value, x.dtype)) for value in states]
    return _value_and_slope(lambda given: layer.run(given, weights, initial)[0], x[None, None])


def by_activation_of_cell(name: str, x: np.ndarray) -> Result:
    return _one_step("simple_rnn", x, 1, 0, [0], activation=name)


def by_recurrent_activation_of_lstm(name: str, x: np.ndarray) -> Result:
    # h = o c with c = 1 + i g, where g is linear and sees nothing.
    return _one_step("lstm_no_forget", x, 3, 2, [0, 1], activation="linear", recurrent_activation=name)


def by_recurrent_activation_of_gru(name: str, x: np.ndarray) -> Result:
    # h = z h' + (1 - z) n with h' = 1 and n = 0.
    return _one_step("gru", x, 3, 0, [1], bias_rows=2, activation="linear", recurrent_activation=name)


def _streamed(layer: Any, x: np.ndarray, *weights: np.ndarray) -> Result:
    model = recurra.Sequential([recurra.Input((None, x.size), dtype=x.dtype.name), layer])
    if weights:
        model.set_weights(list(weights))
    return np.asarray(model.streaming().step(x[None])).ravel(), None


def by_stream(name: str, x: np.ndarray) -> Result:
    return _streamed(layers.Activation(name, dtype=x.dtype.name), x)


def by_cell_of_stream(name: str, x: np.ndarray) -> Result:
    zeros = np.zeros((x.size, x.size), x.dtype)
    layer = layers.SimpleRNN(x.size, activation=name, return_sequences=True, dtype=x.dtype.name)
    return _streamed(layer, x, np.eye(x.size, dtype=x.dtype), zeros, zeros[0])


def _assert_close(got: np.ndarray, x: np.ndarray, want: np.ndarray, dtype: type, floor: float, what: str) -> None:
    """`want` is of float64, at the same arguments; the error may be some units of the last place, and what the
    rounding of the argument alone makes of the value."""
    limits = np.finfo(dtype)
    with np.errstate(divide="ignore", invalid="ignore"):
        conditions = np.abs(x * np.gradient(np.log(np.abs(want)), x))
    # Near a root what counts is the size of the terms that cancel there: that of the neighbouring values.
    size = np.abs(np.pad(want, 1, mode="edge"))
    scale = np.maximum(np.maximum(size[:-2], size[2:]), np.maximum(size[1:-1], floor))
    allowed = limits.eps * (16 + 4 * np.nan_to_num(conditions, posinf=0, neginf=0)) * scale
    tiny = 1e3 * float(limits.tiny)  # results below become zero
    wrong = (np.abs(got - want) > allowed) & (np.maximum(np.abs(got), np.abs(want)) > tiny)
    assert not wrong.any(), (
        f"{what}: at {x[wrong][:5]} got {got[wrong][:5]}, expected {want[wrong][:5]} ({wrong.sum()} of {x.size})"
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "place",
    [
        by_function,
        by_dense,
        by_convolution,
        by_activation_of_cell,
        by_recurrent_activation_of_lstm,
        by_recurrent_activation_of_gru,
        by_stream,
        by_cell_of_stream,
    ],
)
def test_activations_are_accurate_relative_to_their_values(place: Callable[..., Result], dtype: type) -> None:
    x = GRID.astype(dtype)
    exact = x.astype(np.float64)
    for name, (value, slope) in REFERENCE.items():
        got, got_slope = place(name, x)
        what = f"{place.__name__}, {name}, {dtype.__name__}"
        _assert_close(got.astype(np.float64), exact, value(exact), dtype, 0, what)
        if got_slope is not None:
            floor = 1 if name in SLOPE_OF_VALUE else 0
            _assert_close(got_slope.astype(np.float64), exact, slope(exact), dtype, floor, f"slope, {what}")


def test_the_table_names_every_activation_of_the_engine() -> None:
    aliases = {"swish", "hard_swish"}
    assert set(_engine.activation_names()) - aliases == set(REFERENCE)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gelu_by_tanh_does_not_cancel(dtype: type) -> None:
    x = np.arange(-7, 7, 0.125).astype(dtype)
    exact = x.astype(np.float64)
    inner = np.sqrt(2 / np.pi) * (exact + 0.044715 * exact**3)
    y = _engine.gelu(_engine.Tensor(x), True).numpy().astype(np.float64)
    _assert_close(y, exact, exact * _sigmoid(2 * inner), dtype, 0, "gelu by tanh")
