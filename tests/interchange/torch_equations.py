"""The equations of torch.nn.RNN, LSTM and GRU as its documentation gives them, in plain NumPy."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

Array = np.ndarray
Step = Callable[[Array, Array, tuple[Array, ...]], tuple[Array, ...]]


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def rnn(ih: Array, hh: Array, states: tuple[Array, ...]) -> tuple[Array, ...]:
    return (np.tanh(ih + hh),)


def lstm(ih: Array, hh: Array, states: tuple[Array, ...]) -> tuple[Array, ...]:
    i, f, g, o = np.split(ih + hh, 4, axis=1)
    c = sigmoid(f) * states[1] + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def gru(ih: Array, hh: Array, states: tuple[Array, ...]) -> tuple[Array, ...]:
    (r, z, n), (hr, hz, hn) = np.split(ih, 3, axis=1), np.split(hh, 3, axis=1)
    z = sigmoid(z + hz)
    n = np.tanh(n + sigmoid(r + hr) * hn)
    return ((1 - z) * n + z * states[0],)


STEPS: dict[str, Step] = {"RNN": rnn, "LSTM": lstm, "GRU": gru}


def run(kind: str, x: Array, state: Mapping[str, Array], layers: int, directions: int) -> Array:
    """The outputs of all steps, x as (batch, time, features)."""
    for layer in range(layers):
        sides = []
        for end in (f"_l{layer}", f"_l{layer}_reverse")[:directions]:
            w, r, b, c = (state[f"{name}{end}"] for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
            project = state.get(f"weight_hr{end}", np.eye(w.shape[0] // {"RNN": 1, "LSTM": 4, "GRU": 3}[kind]))
            h, cell = np.zeros((len(x), r.shape[1])), np.zeros((len(x), project.shape[1]))
            outputs = np.empty((*x.shape[:2], r.shape[1]))
            steps = range(x.shape[1])
            for t in reversed(steps) if "reverse" in end else steps:
                new, *rest = STEPS[kind](x[:, t] @ w.T + b, h @ r.T + c, (h, cell))
                h, cell = new @ project.T, rest[0] if rest else cell
                outputs[:, t] = h
            sides.append(outputs)
        x = np.concatenate(sides, axis=2)
    return x
