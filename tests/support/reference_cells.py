"""Recurrent layers as plainly as NumPy can say them: what the engine is compared with.

One function a cell: `step(x, states, weights, options, seen)` takes one time step x (B, F) and the states [(B, U), ...]
and returns (output, new states); `seen` is the first state as the recurrent product reads it, (B, U), with dropout and
earlier states beside it. `run` owns time, direction, masks, dropout, zoneout and skips for all of them. Gate orders are
Keras's: LSTM i, f, c, o; GRU z, r, h.
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


def normal(a: Array, gain: Array, options: Mapping[str, Any]) -> Array:
    """Rows ("layer") or columns ("batch") of mean 0 and variance 1, times a gain."""
    axis = {"layer": 1, "batch": 0}[options["normalization"]]
    return gain * (a - a.mean(axis, keepdims=True)) / np.sqrt(a.var(axis, keepdims=True) + 1e-3)


def unpacked(
    weights: list[Array], options: Mapping[str, Any]
) -> tuple[Array, Array, list[Array], Callable[[Array], Array], Callable[..., Array]]:
    """Kernel, recurrent kernel (normalised), the other weights, and what is done with x W and with h R."""
    kernel, recurrent, *rest = weights
    if options.get("normalization") == "batch":
        rest = rest[:-2]  # moving statistics: training does not look at them
    biases = 1 if options.get("use_bias", True) else 0
    bias, rest = rest[:biases], rest[biases:]
    gains = [rest.pop(0), rest.pop(0)] if options.get("normalization") else None
    if options.get("weight_normalization"):
        recurrent = recurrent / np.linalg.norm(recurrent, axis=0) * rest.pop(0)

    def of_input(a: Array) -> Array:
        return normal(a, gains[0], options) if gains else a

    def of_state(a: Array, columns: slice = slice(None)) -> Array:
        return normal(a, gains[1][columns], options) if gains else a

    return kernel, recurrent, [*bias, *rest], of_input, of_state


def simple_rnn(
    x: Array, states: list[Array], weights: list[Array], options: Mapping[str, Any], seen: Array
) -> tuple[Array, list[Array]]:
    """h' = f(x W + b + h R)."""
    kernel, recurrent, bias, of_input, of_state = unpacked(weights, options)
    total = of_input(x @ kernel) + of_state(seen @ recurrent) + (bias[0] if bias else 0)
    h = activation(options, "activation", "tanh")(total)
    return h, [h]


def lstm(
    x: Array, states: list[Array], weights: list[Array], options: Mapping[str, Any], seen: Array
) -> tuple[Array, list[Array]]:
    """i, f, g, o from x W + h R + b (and peepholes); c' = f c + i g; h' = o act(c')."""
    kernel, recurrent, rest, of_input, of_state = unpacked(weights, options)
    bias = rest.pop(0) if options.get("use_bias", True) else 0
    _, c = states
    units = c.shape[1]
    f, s = activation(options, "activation", "tanh"), activation(options, "recurrent_activation", "sigmoid")
    count = lstm_gates(options)
    total = of_input(x @ kernel) + of_state(seen @ recurrent[:, : count * units]) + bias
    gates = np.split(total, count, axis=1)
    names = ["i", "f", "g", "o"] if count == 4 else ["i", "g", "o"]
    sums = dict(zip(names, gates, strict=True))
    seeing_gates = [name for name in names if name != "g"]

    def seeing(name: str, state: Array) -> Array:
        if options.get("peephole") == "diagonal":
            return state * rest[0][seeing_gates.index(name)]
        if options.get("peephole") == "full":
            return state @ np.split(recurrent[:, 4 * units :], 3, axis=1)[seeing_gates.index(name)]
        return np.zeros_like(state)

    i = s(sums["i"] + seeing("i", c))
    forget = s(sums["f"] + seeing("f", c)) if count == 4 else 1 - i if options.get("coupled") else 1
    c = forget * c + i * f(sums["g"])
    if options.get("cell_clip"):
        c = np.clip(c, -options["cell_clip"], options["cell_clip"])
    out = normal(c, rest[0], options) + rest[1] if options.get("normalization") else c
    h = s(sums["o"] + seeing("o", c)) * f(out)
    h = h @ rest[-1] if options.get("projection") else h
    return h, [h, c]


def gru(
    x: Array, states: list[Array], weights: list[Array], options: Mapping[str, Any], seen: Array
) -> tuple[Array, list[Array]]:
    """h' = z h + (1 - z) g; the reset gate scales the product h R_h (reset after) or its operand h (reset before)."""
    kernel, recurrent, bias, of_input, of_state = unpacked(weights, options)
    (h,) = states
    units = h.shape[1]
    f, s = activation(options, "activation", "tanh"), activation(options, "recurrent_activation", "sigmoid")
    after = options.get("reset_after", True)
    input_bias, state_bias = (
        (bias[0] if after else (bias[0], np.zeros(3 * units))) if bias else np.zeros((2, 3 * units))
    )
    xz, xr, xh = np.split(of_input(x @ kernel) + input_bias, 3, axis=1)
    gates, candidate = slice(2 * units), slice(2 * units, None)
    if after:
        sums = of_state(seen @ recurrent)
        hz, hr = np.split(sums[:, gates] + state_bias[gates], 2, axis=1)
        z, r = s(xz + hz), s(xr + hr)
        hh = r * (sums[:, candidate] + state_bias[candidate])
    else:
        hz, hr = np.split(of_state(seen @ recurrent[:, gates], gates), 2, axis=1)
        z, r = s(xz + hz), s(xr + hr)
        hh = of_state((r * seen) @ recurrent[:, candidate], candidate)
    h = z * h + (1 - z) * f(xh + hh)
    return h, [h]


def gated_rnn(
    x: Array, states: list[Array], weights: list[Array], options: Mapping[str, Any], seen: Array
) -> tuple[Array, list[Array]]:
    """h' = (1 - g) h + g n."""
    kernel, recurrent, bias, *_ = unpacked(weights, options)
    (h,) = states
    f, s = activation(options, "activation", "tanh"), activation(options, "recurrent_activation", "sigmoid")
    gate, candidate = np.split(x @ kernel + seen @ recurrent + (bias[0] if bias else 0), 2, axis=1)
    h = (1 - s(gate)) * h + s(gate) * f(candidate)
    return h, [h]


def mgu(
    x: Array, states: list[Array], weights: list[Array], options: Mapping[str, Any], seen: Array
) -> tuple[Array, list[Array]]:
    """g = s(..); n = f(x W_n + (g h) R_n + b_n); h' = (1 - g) h + g n."""
    kernel, recurrent, bias, *_ = unpacked(weights, options)
    (h,) = states
    units = h.shape[1]
    f, s = activation(options, "activation", "tanh"), activation(options, "recurrent_activation", "sigmoid")
    gate, candidate = np.split(x @ kernel + (bias[0] if bias else 0), 2, axis=1)
    g = s(gate + seen @ recurrent[:, :units])
    h = (1 - g) * h + g * f(candidate + (g * seen) @ recurrent[:, units:])
    return h, [h]


def jordan(
    x: Array, states: list[Array], weights: list[Array], options: Mapping[str, Any], seen: Array
) -> tuple[Array, list[Array]]:
    """h = f(x W + y R + b); y' = g(h V + c)."""
    kernel, recurrent, rest, *_ = unpacked(weights, options)
    bias, out, out_bias = rest if options.get("use_bias", True) else (0, rest[0], 0)
    h = activation(options, "activation", "tanh")(x @ kernel + seen @ recurrent + bias)
    y = activation(options, "output_activation", "linear")(h @ out + out_bias)
    return y, [y]


def ind_rnn(
    x: Array, states: list[Array], weights: list[Array], options: Mapping[str, Any], seen: Array
) -> tuple[Array, list[Array]]:
    """h' = f(x W + u h + b)."""
    kernel, recurrent, *bias = weights
    h = activation(options, "activation", "relu")(x @ kernel + recurrent * seen + (bias[0] if bias else 0))
    return h, [h]


def min_gru(
    x: Array, states: list[Array], weights: list[Array], options: Mapping[str, Any], seen: Array
) -> tuple[Array, list[Array]]:
    """h' = (1 - z) h + z g, both of x alone."""
    kernel, *bias = weights
    f, s = activation(options, "activation", "linear"), activation(options, "recurrent_activation", "sigmoid")
    gate, candidate = np.split(x @ kernel + (bias[0] if bias else 0), 2, axis=1)
    h = (1 - s(gate)) * seen + s(gate) * f(candidate)
    return h, [h]


def co_rnn(
    x: Array, states: list[Array], weights: list[Array], options: Mapping[str, Any], seen: Array
) -> tuple[Array, list[Array]]:
    """z' = z + d (act(x W + y R + z S + b) - g y - e z); y' = y + d z'."""
    kernel, recurrent, *bias = weights
    y, z = states
    step = options.get("time_step", 0.042)
    total = x @ kernel + seen @ recurrent[:, : y.shape[1]] + z @ recurrent[:, y.shape[1] :] + (bias[0] if bias else 0)
    drive = activation(options, "activation", "tanh")(total)
    z = z + step * (drive - options.get("frequency", 2.7) * y - options.get("damping", 4.7) * z)
    y = y + step * z
    return y, [y, z]


def echo_state(
    x: Array, states: list[Array], weights: list[Array], options: Mapping[str, Any], seen: Array
) -> tuple[Array, list[Array]]:
    """h' = (1 - a) h + a f(x W + h R + b)."""
    made, _ = simple_rnn(x, states, weights, options, seen)
    leak = options.get("leak", 1.0)
    h = (1 - leak) * states[0] + leak * made
    return h, [h]


def min_lstm(
    x: Array, states: list[Array], weights: list[Array], options: Mapping[str, Any], seen: Array
) -> tuple[Array, list[Array]]:
    """h' = f / (f + i) h + i / (f + i) g, all of x alone."""
    kernel, *bias = weights
    i, f, candidate = np.split(x @ kernel + (bias[0] if bias else 0), 3, axis=1)
    i, f = sigmoid(i), sigmoid(f)
    h = (f * seen + i * activation(options, "activation", "linear")(candidate)) / (f + i)
    return h, [h]


def slstm(
    x: Array, states: list[Array], weights: list[Array], options: Mapping[str, Any], seen: Array
) -> tuple[Array, list[Array]]:
    """Exponential gates, a normaliser n and a stabiliser m; a state with n = 0 starts afresh."""
    kernel, recurrent, rest, *_ = unpacked(weights, options)
    _, c, n, m = states
    i, f, g, o = np.split(x @ kernel + seen @ recurrent + (rest[0] if rest else 0), 4, axis=1)
    kept = np.where(n == 0, -np.inf, m - softplus(-f))
    m = np.maximum(kept, i)
    f, i = np.exp(kept - m), np.exp(i - m)
    c = f * c + i * activation(options, "activation", "tanh")(g)
    n = f * n + i
    h = activation(options, "recurrent_activation", "sigmoid")(o) * c / n
    return h, [h, c, n, m]


def sru(
    x: Array, states: list[Array], weights: list[Array], options: Mapping[str, Any], seen: Array
) -> tuple[Array, list[Array]]:
    """c' = f c + (1 - f) u; h' = r act(c') + (1 - r) p, p = x or its product."""
    kernel, v, *bias = weights
    c = states[1]
    f, s = activation(options, "activation", "linear"), activation(options, "recurrent_activation", "sigmoid")
    u, forget, reset, *passing = np.split(x @ kernel, kernel.shape[1] // c.shape[1], axis=1)
    b = np.split(bias[0], 2) if bias else (0, 0)
    forget, reset = s(forget + v[0] * c + b[0]), s(reset + v[1] * c + b[1])
    c = forget * c + (1 - forget) * u
    h = reset * f(c) + (1 - reset) * (passing[0] if passing else x)
    return h, [h, c]


def qrnn(
    x: Array, states: list[Array], weights: list[Array], options: Mapping[str, Any], seen: Array
) -> tuple[Array, list[Array]]:
    """z, f, o, i of a window; c' = f c + (1 - f) z or f c + i z; h' = o c', or c' itself."""
    kernel, *bias = weights
    pooling, window = options.get("pooling", "fo"), options.get("window", 2)
    f, s = activation(options, "activation", "tanh"), activation(options, "recurrent_activation", "sigmoid")
    kept: list[Array] = []
    if window > 1:
        *states, past = states
        x = np.concatenate([past, x], axis=1)
        kept = [x[:, x.shape[1] // window :]]
    z, *gates = np.split(x @ kernel + (bias[0] if bias else 0), 1 + len(pooling), axis=1)
    z, gates = f(z), [s(gate) for gate in gates]
    c = gates[0] * states[-1] + (gates[2] if pooling == "ifo" else 1 - gates[0]) * z
    return (gates[1] * c, [gates[1] * c, c, *kept]) if len(gates) > 1 else (c, [c, *kept])


def lru(
    x: Array, states: list[Array], weights: list[Array], options: Mapping[str, Any], seen: Array
) -> tuple[Array, list[Array]]:
    """s' = l s + g (x B) in complex numbers; h' = Re(s' C) + x D + b."""
    kernel, polar, out, passing, *bias = weights
    number = polar.shape[1]
    size = np.exp(-np.exp(polar[0]))
    factor = size * np.exp(1j * np.exp(polar[1]))
    s = states[0][:, :number] + 1j * states[0][:, number:]
    s = factor * s + np.sqrt(1 - size**2) * (x @ (kernel[:, :number] + 1j * kernel[:, number:]))
    h = (s @ (out[:number] - 1j * out[number:])).real + x @ passing + (bias[0] if bias else 0)
    return h, [np.concatenate([s.real, s.imag], axis=1)]


def linear_rnn(
    x: Array, states: list[Array], weights: list[Array], options: Mapping[str, Any], seen: Array
) -> tuple[Array, list[Array]]:
    """h' = a h + sqrt(1 - a^2) (x W + b), a = exp(-exp(nu))."""
    kernel, nu, *bias = weights
    a = np.exp(-np.exp(nu))
    h = a * seen + np.sqrt(1 - a**2) * (x @ kernel + (bias[0] if bias else 0))
    return h, [h]


def lstm_gates(options: Mapping[str, Any]) -> int:
    return 3 if options.get("coupled") or not options.get("forget_gate", True) else 4


CELLS: dict[str, Step] = {
    "SimpleRNN": simple_rnn,
    "LSTM": lstm,
    "GRU": gru,
    "GatedRNN": gated_rnn,
    "Jordan": jordan,
    "MGU": mgu,
    "IndRNN": ind_rnn,
    "MinGRU": min_gru,
    "LinearRNN": linear_rnn,
    "CoRNN": co_rnn,
    "EchoState": echo_state,
    "LRU": lru,
    "MinLSTM": min_lstm,
    "QRNN": qrnn,
    "SLSTM": slstm,
    "SRU": sru,
}
LINEAR = {"MinGRU", "MinLSTM", "LinearRNN", "LRU"}  # those that are linear in their state
STATES = {"CoRNN": 2, "LSTM": 2, "QRNN": 2, "SLSTM": 4, "SRU": 2}  # one where a cell is not named
GATES = {"GRU": 3, "GatedRNN": 2, "MGU": 2, "MinGRU": 2, "MinLSTM": 3, "SLSTM": 4}  # the same
# Options of every cell that these refuse, beside recurrent matrices where they have none.
REFUSED = {
    "LRU": {"zoneout", "recurrent_dropout"},
    "QRNN": {"recurrent_dropout"},
    "SLSTM": {"zoneout"},
    "SRU": {"recurrent_dropout"},
}


def state_widths(layer: str, features: int, units: int, options: Mapping[str, Any]) -> list[int]:
    """Widths of a layer's states; the first state is the output, but for an LRU's."""
    if layer == "LRU":
        return [2 * (options.get("state_units") or units)]
    if layer == "QRNN":
        past = (options.get("window", 2) - 1) * features
        return [units] * (1 if options.get("pooling") == "f" else 2) + ([past] if past else [])
    return [output_width(layer, units, options), *[units] * (STATES.get(layer, 1) - 1)]


def zoned_states(layer: str, options: Mapping[str, Any]) -> int:
    """How many states zoneout acts on: all but the past inputs of a QRNN's window."""
    return 1 if layer == "QRNN" and options.get("pooling") == "f" else STATES.get(layer, 1)


def output_width(layer: str, units: int, options: Mapping[str, Any]) -> int:
    return options.get("projection") or options.get("output_units") or units


def skips_of(options: Mapping[str, Any]) -> tuple[int, ...]:
    skip = options.get("skip") or ()
    return (skip,) if isinstance(skip, int) else tuple(skip)


def weight_shapes(layer: str, features: int, units: int, options: Mapping[str, Any]) -> list[tuple[int, ...]]:
    """Shapes of the weights of one layer, in their order."""
    if layer == "SRU":
        biases = [(2 * units,)] if options.get("use_bias", True) else []
        return [(features, (3 if features == units else 4) * units), (2, units), *biases]
    gates = lstm_gates(options) if layer == "LSTM" else GATES.get(layer, 1)
    recurrent: dict[str, list[tuple[int, ...]]] = {
        "IndRNN": [(units,)],
        "LinearRNN": [(units,)],
        "MinGRU": [],
        "MinLSTM": [],
    }
    if layer == "QRNN":
        columns = (1 + len(options.get("pooling", "fo"))) * units
        shapes = [(options.get("window", 2) * features, columns)]
        return [*shapes, (columns,)] if options.get("use_bias", True) else shapes
    if layer == "LRU":
        twice = state_widths(layer, features, units, options)[0]
        shapes = [(features, twice), (2, twice // 2), (twice, units), (features, units)]
        return [*shapes, (units,)] if options.get("use_bias", False) else shapes
    width = output_width(layer, units, options)
    depth = (1 + len(skips_of(options))) * width
    shapes = [(features, gates * units), *recurrent.get(layer, [(depth, gates * units)])]
    if layer == "CoRNN":
        shapes[1] = (units, 2 * units)
    if options.get("peephole") == "full":
        shapes[1] = (units, 7 * units)
    if options.get("use_bias", True):
        two = layer == "GRU" and options.get("reset_after", True)
        shapes.append((2, gates * units) if two else (gates * units,))
    if options.get("normalization"):
        shapes += [(gates * units,), (gates * units,)]
    if options.get("weight_normalization"):
        shapes.append((shapes[1][1],))
    if options.get("normalization") and layer == "LSTM":
        shapes += [(units,), (units,)]
    if options.get("peephole") == "diagonal":
        shapes.append((gates - 1, units))
    if options.get("projection"):
        shapes.append((units, width))
    if options.get("normalization") == "batch":
        blocks = 2 * gates + (layer == "LSTM")
        shapes += [(options.get("normalization_steps", 100), blocks * units)] * 2
    if layer == "Jordan":
        shapes += [(units, width), (width,)][: 2 if options.get("use_bias", True) else 1]
    return shapes


def run(
    layer: str,
    units: int,
    x: Array,
    weights: list[Array],
    options: Mapping[str, Any],
    states: list[Array] | None = None,
    mask: Array | None = None,
    noise: Mapping[str, Array] | None = None,
) -> tuple[Array, Array, list[Array]]:
    """All outputs (B, T, U) in the order of processing, the last output (B, U), and the final states.

    noise: "input" (B, F) and "recurrent" (B, U), scales of dropout, (B, T, F) and (B, T, U) where they are drawn for
    each step; "zoneout0", "zoneout1" (B, T, U), the share of a state that stays. Without them its rates count.
    A masked step keeps the states and repeats the output before it (zeros before the first), or gives zeros with
    zero_output_for_mask.
    """
    step, noise = CELLS[layer], noise or {}
    batch, time, features = x.shape
    if states is None:
        states = [np.zeros((batch, width), x.dtype) for width in state_widths(layer, features, units, options)]
    mask = np.ones((batch, time), bool) if mask is None else mask
    if "input" in noise:
        x = x * noise["input"].reshape(batch, -1, x.shape[2])
    rates = options.get("zoneout", 0)
    rates = list(rates) if isinstance(rates, tuple) else [rates] * zoned_states(layer, options)
    rates += [0] * (len(states) - len(rates))
    output, past = np.zeros((batch, output_width(layer, units, options)), x.dtype), [states[0]]
    outputs = []
    for t in reversed(range(time)) if options.get("go_backwards") else range(time):
        keep = mask[:, t, None]
        drop = noise.get("recurrent", np.ones_like(states[0]))
        drop = drop[:, t] if drop.ndim == 3 else drop
        earlier = [past[-k] if k <= len(past) else np.zeros_like(past[0]) for k in skips_of(options)]
        # A masked step may hold anything, NaN included; it is not even looked at.
        seen, rows = np.concatenate([state * drop for state in [states[0], *earlier]], axis=1), keep[:, 0]
        new_states, new_output = [state.copy() for state in states], output.copy()
        if rows.any():
            new_output[rows], made = step(x[rows, t], [state[rows] for state in states], weights, options, seen[rows])
            for new, of_rows in zip(new_states, made, strict=True):
                new[rows] = of_rows
        shares = [noise[f"zoneout{n}"][:, t] if f"zoneout{n}" in noise else rate for n, rate in enumerate(rates)]
        new_states = [
            share * old + (1 - share) * new for share, old, new in zip(shares, states, new_states, strict=True)
        ]
        states = [np.where(keep, new, old) for new, old in zip(new_states, states, strict=True)]
        past.append(states[0])
        held = np.zeros_like(output) if options.get("zero_output_for_mask") else output
        output = np.where(keep, new_output if layer == "LRU" else new_states[0], held)
        outputs.append(output)
    return np.stack(outputs, axis=1) if time else np.zeros((batch, 0, output.shape[1]), x.dtype), output, states


def run_bidirectional(
    layer: str,
    units: int,
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
        outputs, last, final = run(layer, units, x, own, {**options, "go_backwards": side == 1}, start, mask)
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
