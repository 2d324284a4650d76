"""Recurrent layers as plainly as NumPy can say them: what the engine is compared with.

One function a cell: `step(x, states, weights, options, drop)` takes one time step x (B, F) and the states [(B, U), ...]
and returns (output, new states); `drop` scales the state in front of the recurrent product. `run` owns time, direction,
masks and dropout for all of them. Gate orders are Keras's: LSTM i, f, c, o; GRU z, r, h.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import erf, sqrt
from typing import Any

import numpy as np

Array = np.ndarray
Step = Callable[[Array, list[Array], list[Array], Mapping[str, Any], Array], tuple[Array, list[Array]]]


def sigmoid(a: Array) -> Array:
    return np.where(a >= 0, 1 / (1 + np.exp(-np.abs(a))), np.exp(-np.abs(a)) / (1 + np.exp(-np.abs(a))))


def softplus(a: Array) -> Array:
    return np.maximum(a, 0) + np.log1p(np.exp(-np.abs(a)))


def elu(a: Array) -> Array:
    return np.where(a > 0, a, np.expm1(np.minimum(a, 0)))


ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "linear": lambda a: a,
    "relu": lambda a: np.maximum(a, 0),
    "leaky_relu": lambda a: np.where(a > 0, a, 0.2 * a),
    "elu": elu,
    "selu": lambda a: 1.0507009873554805 * np.where(a > 0, a, 1.6732632423543772 * np.expm1(np.minimum(a, 0))),
    "gelu": lambda a: 0.5 * a * (1 + np.vectorize(erf)(a / sqrt(2))),
    "softplus": softplus,
    "softsign": lambda a: a / (1 + np.abs(a)),
    "tanh": np.tanh,
    "sigmoid": sigmoid,
    "hard_sigmoid": lambda a: np.clip(a / 6 + 0.5, 0, 1),
    "silu": lambda a: a * sigmoid(a),
    "exponential": np.exp,
}


def activation(options: Mapping[str, Any], name: str, default: str) -> Callable[[Array], Array]:
    return ACTIVATIONS[options.get(name, default) or "linear"]


def simple_rnn(
    x: Array, states: list[Array], weights: list[Array], options: Mapping[str, Any], drop: Array
) -> tuple[Array, list[Array]]:
    """h' = f(x W + b + h R)."""
    kernel, recurrent, *bias = weights
    (h,) = states
    total = x @ kernel + (h * drop) @ recurrent + (bias[0] if bias else 0)
    h = activation(options, "activation", "tanh")(total)
    return h, [h]


def lstm(
    x: Array, states: list[Array], weights: list[Array], options: Mapping[str, Any], drop: Array
) -> tuple[Array, list[Array]]:
    """i, f, g, o from x W + h R + b; c' = f c + i g; h' = o act(c')."""
    kernel, recurrent, *bias = weights
    h, c = states
    f, s = activation(options, "activation", "tanh"), activation(options, "recurrent_activation", "sigmoid")
    i, forget, g, o = np.split(x @ kernel + (h * drop) @ recurrent + (bias[0] if bias else 0), 4, axis=1)
    c = s(forget) * c + s(i) * f(g)
    h = s(o) * f(c)
    return h, [h, c]


def gru(
    x: Array, states: list[Array], weights: list[Array], options: Mapping[str, Any], drop: Array
) -> tuple[Array, list[Array]]:
    """h' = z h + (1 - z) g; the reset gate scales the product h R_h (reset after) or its operand h (reset before)."""
    kernel, recurrent, *bias = weights
    (h,) = states
    units = h.shape[1]
    f, s = activation(options, "activation", "tanh"), activation(options, "recurrent_activation", "sigmoid")
    after = options.get("reset_after", True)
    input_bias, state_bias = (
        (bias[0] if after else (bias[0], np.zeros(3 * units))) if bias else np.zeros((2, 3 * units))
    )
    xz, xr, xh = np.split(x @ kernel + input_bias, 3, axis=1)
    dropped = h * drop
    hz, hr = np.split(dropped @ recurrent[:, : 2 * units] + state_bias[: 2 * units], 2, axis=1)
    z, r = s(xz + hz), s(xr + hr)
    recurrent_h = recurrent[:, 2 * units :]
    hh = r * (dropped @ recurrent_h + state_bias[2 * units :]) if after else (r * dropped) @ recurrent_h
    h = z * h + (1 - z) * f(xh + hh)
    return h, [h]


CELLS: dict[str, Step] = {"SimpleRNN": simple_rnn, "LSTM": lstm, "GRU": gru}
STATES = {"SimpleRNN": 1, "LSTM": 2, "GRU": 1}
GATES = {"SimpleRNN": 1, "LSTM": 4, "GRU": 3}


def run(
    layer: str,
    x: Array,
    weights: list[Array],
    options: Mapping[str, Any],
    states: list[Array] | None = None,
    mask: Array | None = None,
    input_drop: Array | None = None,
    recurrent_drop: Array | None = None,
) -> tuple[Array, Array, list[Array]]:
    """All outputs (B, T, U) in the order of processing, the last output (B, U), and the final states.

    A masked step keeps the states and repeats the output before it (zeros before the first), or gives zeros with
    zero_output_for_mask.
    """
    step = CELLS[layer]
    batch, time, _ = x.shape
    units = weights[1].shape[0]
    if states is None:
        states = [np.zeros((batch, units), x.dtype) for _ in range(STATES[layer])]
    mask = np.ones((batch, time), bool) if mask is None else mask
    x = x if input_drop is None else x * input_drop[:, None, :]
    drop = np.ones((batch, units), x.dtype) if recurrent_drop is None else recurrent_drop
    output = np.zeros((batch, units), x.dtype)
    outputs = []
    for t in reversed(range(time)) if options.get("go_backwards") else range(time):
        keep = mask[:, t, None]
        # A masked step may hold anything, NaN included; it is not even looked at.
        new_output, new_states = step(np.where(keep, x[:, t], 0), states, weights, options, drop)
        states = [np.where(keep, new, old) for new, old in zip(new_states, states, strict=True)]
        held = np.zeros_like(output) if options.get("zero_output_for_mask") else output
        output = np.where(keep, new_output, held)
        outputs.append(output)
    return np.stack(outputs, axis=1) if time else np.zeros((batch, 0, units), x.dtype), output, states


def run_bidirectional(
    layer: str,
    x: Array,
    weights: list[Array],
    options: Mapping[str, Any],
    merge_mode: str | None,
    states: list[Array] | None = None,
    mask: Array | None = None,
) -> tuple[list[Array], list[Array]]:
    """Outputs (one, or two without a merge) and final states of a layer and its mirror image."""
    sequences = bool(options.get("return_sequences"))
    options = {**options, "zero_output_for_mask": sequences}
    sides = []
    for side in range(2):
        own = weights[: len(weights) // 2] if side == 0 else weights[len(weights) // 2 :]
        start = None if states is None else (states[: len(states) // 2] if side == 0 else states[len(states) // 2 :])
        outputs, last, final = run(layer, x, own, {**options, "go_backwards": side == 1}, start, mask)
        sides.append((outputs[:, ::-1] if side == 1 else outputs, last, final))
    (forward, forward_last, forward_states), (backward, backward_last, backward_states) = sides
    a, b = (forward, backward) if sequences else (forward_last, backward_last)
    merged = {
        "concat": lambda: [np.concatenate([a, b], axis=-1)],
        "sum": lambda: [a + b],
        "ave": lambda: [(a + b) / 2],
        "mul": lambda: [a * b],
        None: lambda: [a, b],
    }[merge_mode]()
    return merged, forward_states + backward_states
