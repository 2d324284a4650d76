"""JAX's side: `lax.scan` over time, the whole training step under one `jit`."""

from __future__ import annotations

import os
from collections.abc import Callable

os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax
import jax.numpy as jnp
import numpy as np

from bench.cases import GATES, Case, Unsupported, last_recurrent


def version() -> str:
    return f"jax {jax.__version__}"


def set_threads(threads: int) -> None:
    # XLA takes its threads from the processors it may run on.
    os.sched_setaffinity(0, set(sorted(os.sched_getaffinity(0))[:threads]))


def _gru(h, sums, R, b):
    xz, xr, xn = jnp.split(sums, 3, -1)
    hz, hr, hn = jnp.split(h @ R + b, 3, -1)
    z, r = jax.nn.sigmoid(xz + hz), jax.nn.sigmoid(xr + hr)
    return z * h + (1 - z) * jnp.tanh(xn + r * hn)


def _run(kind, parameters, x):
    W, R, b, b2 = parameters
    units = R.shape[0]
    sums = jnp.swapaxes(x @ W + b, 0, 1)
    zeros = jnp.zeros((x.shape[0], units))
    if kind == "gru":
        step = lambda h, s: (lambda n: (n, n))(_gru(h, s, R, b2))
        return jnp.swapaxes(jax.lax.scan(step, zeros, sums)[1], 0, 1)
    if kind == "rnn":
        step = lambda h, s: (lambda n: (n, n))(jnp.tanh(s + h @ R))
        return jnp.swapaxes(jax.lax.scan(step, zeros, sums)[1], 0, 1)

    step = lambda state, s: (lambda n: (n, n[0]))(_lstm(*state, s, R))
    return jnp.swapaxes(jax.lax.scan(step, (zeros, zeros), sums)[1], 0, 1)


def _lstm(h, c, sums, R):
    i, f, g, o = jnp.split(sums + h @ R, 4, -1)
    c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
    return jax.nn.sigmoid(o) * jnp.tanh(c), c


def prepare(case: Case, mode: str, x: np.ndarray, y: np.ndarray) -> Callable[[], object]:
    rng = np.random.default_rng(1)
    random = lambda *shape: jnp.asarray(rng.standard_normal(shape).astype(np.float32) * 0.1)
    parameters, width = [], case.features
    for kind, *arguments in case.layers:
        if kind == "embedding":
            parameters.append((random(*arguments),))
            width = arguments[1]
        elif kind in ("gru", "lstm", "rnn") and len(arguments) == 1:
            units, gates = arguments[0], GATES[kind]
            parameters.append(
                (
                    random(width, gates * units),
                    random(units, gates * units),
                    random(gates * units),
                    random(gates * units),
                )
            )
            width = units
        else:
            raise Unsupported("only plain recurrent stacks are written out for JAX")
    parameters.append((random(width, 1), random(1)))

    def forward(p, inputs):
        for index, (layer, weights) in enumerate(zip(case.layers, p, strict=False)):
            if layer[0] == "embedding":
                inputs = weights[0][inputs]
            else:
                inputs = _run(layer[0], weights, inputs)
                if last_recurrent(case.layers, index):
                    inputs = inputs[:, -1]
        return inputs @ p[-1][0] + p[-1][1]

    inputs, target = jnp.asarray(x), jnp.asarray(y)
    if mode == "step":
        return stepped(case, parameters, inputs[:, 0])
    if mode == "infer":
        compiled = jax.jit(forward)
        return lambda: compiled(parameters, inputs).block_until_ready()

    @jax.jit
    def train(p, v):
        gradients = jax.grad(lambda q: jnp.abs(forward(q, inputs) - target).mean())(p)
        v = jax.tree.map(lambda a, g: 0.9 * a + 0.1 * g * g, v, gradients)
        p = jax.tree.map(lambda a, g, s: a - 1e-3 * g / jnp.sqrt(s + 1e-7), p, gradients, v)
        return p, v

    state = [parameters, jax.tree.map(jnp.zeros_like, parameters)]

    def step() -> None:
        state[:] = train(*state)
        jax.block_until_ready(state)

    return step


def stepped(case: Case, parameters: list, x: jax.Array) -> Callable[[], object]:
    """One time step and the head under one `jit`."""
    ((kind, units),) = case.layers

    @jax.jit
    def step(p, x, state):
        (W, R, b, b2), (V, c) = p
        state = _lstm(*state, x @ W + b, R) if kind == "lstm" else (_gru(*state, x @ W + b, R, b2),)
        return state[0] @ V + c, state

    states = [(jnp.zeros((case.batch, units)),) * (2 if kind == "lstm" else 1)]

    def call() -> None:
        output, states[0] = step(parameters, x, states[0])
        output.block_until_ready()

    return call
