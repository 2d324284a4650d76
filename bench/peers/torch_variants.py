"""Forms of recurrent layers in PyTorch: its own modules where it has the form, `torch.jit.script`ed loops else.

Weights are recurra's, in Keras's layout. What does not depend on the state is computed for all steps in front of the
loop, and random masks are drawn for all steps at once. A loop takes sums (T, B, ·) = x W + b, the recurrent weights and
more, and returns the last output.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.cases import Case, Unsupported
from bench.peers.torch_machine import machine

EPSILON = 1e-3  # added to variances, as recurra does


def normal(a: Tensor, gain: Tensor) -> Tensor:
    return functional.layer_norm(a, a.shape[-1:], gain, None, EPSILON)


@torch.jit.script
def rnn_skip(sums: Tensor, recurrent: Tensor, skip: int) -> Tensor:
    units = recurrent.shape[1]
    h = sums.new_zeros(sums.shape[1], units)
    past = [h]
    for s in sums.unbind(0):
        earlier = past[len(past) - skip] if len(past) >= skip else torch.zeros_like(h)
        h = torch.tanh(torch.addmm(s, torch.cat([h, earlier], 1), recurrent))
        past.append(h)
    return h


@torch.jit.script
def rnn_normalised(sums: Tensor, recurrent: Tensor, gain: Tensor) -> Tensor:
    h = sums.new_zeros(sums.shape[1], recurrent.shape[1])
    for s in sums.unbind(0):
        h = torch.tanh(s + torch.layer_norm(h @ recurrent, gain.shape, gain, None, 1e-3))
    return h


@torch.jit.script
def gated_rnn(sums: Tensor, recurrent: Tensor) -> Tensor:
    h = sums.new_zeros(sums.shape[1], recurrent.shape[0])
    for s in sums.unbind(0):
        gate, candidate = torch.addmm(s, h, recurrent).chunk(2, 1)
        h = torch.lerp(h, torch.tanh(candidate), torch.sigmoid(gate))
    return h


@torch.jit.script
def mgu(sums: Tensor, recurrent: Tensor) -> Tensor:
    of_gate, of_candidate = recurrent.chunk(2, 1)
    gates, candidates = sums.chunk(2, 2)
    h = sums.new_zeros(sums.shape[1], recurrent.shape[0])
    for gate, candidate in zip(gates.unbind(0), candidates.unbind(0)):
        f = torch.sigmoid(torch.addmm(gate, h, of_gate))
        h = torch.lerp(h, torch.tanh(torch.addmm(candidate, f * h, of_candidate)), f)
    return h


@torch.jit.script
def jordan(sums: Tensor, recurrent: Tensor, out: Tensor, out_bias: Tensor) -> Tensor:
    y = sums.new_zeros(sums.shape[1], recurrent.shape[0])
    for s in sums.unbind(0):
        y = torch.addmm(out_bias, torch.tanh(torch.addmm(s, y, recurrent)), out)
    return y


@torch.jit.script
def ind_rnn(sums: Tensor, recurrent: Tensor) -> Tensor:
    h = sums.new_zeros(sums.shape[1], recurrent.shape[0])
    for s in sums.unbind(0):
        h = torch.relu(torch.addcmul(s, recurrent, h))
    return h


@torch.jit.script
def scan(a: Tensor, b: Tensor) -> Tensor:
    """h' = a h + b; a and b (T, B, U)."""
    h = torch.zeros_like(b[0])
    for factor, term in zip(a.unbind(0), b.unbind(0)):
        h = torch.addcmul(term, factor, h)
    return h


@torch.jit.script
def complex_scan(re: Tensor, im: Tensor, b: Tensor) -> Tensor:
    """The last state of h' = a h + b in complex numbers, real and imaginary parts side by side; b (T, B, 2N)."""
    first, second = b.chunk(2, 2)
    x = torch.zeros_like(first[0])
    y = torch.zeros_like(x)
    for u, v in zip(first.unbind(0), second.unbind(0)):
        x, y = u + re * x - im * y, v + re * y + im * x
    return torch.cat([x, y], 1)


@torch.jit.script
def slstm(sums: Tensor, recurrent: Tensor) -> Tensor:
    h = sums.new_zeros(sums.shape[1], recurrent.shape[0])
    c = torch.zeros_like(h)
    n = torch.zeros_like(h)
    m = torch.full_like(h, -float("inf"))
    for s in sums.unbind(0):
        i, f, g, o = torch.addmm(s, h, recurrent).chunk(4, 1)
        kept = m + torch.nn.functional.logsigmoid(f)
        m = torch.maximum(kept, i)
        i, f = torch.exp(i - m), torch.exp(kept - m)
        c = torch.addcmul(f * c, i, torch.tanh(g))
        n = torch.addcmul(i, f, n)
        h = torch.sigmoid(o) * c / n
    return h


@torch.jit.script
def sru(candidates: Tensor, gates: Tensor, passing: Tensor, memory: Tensor) -> Tensor:
    of_f, of_r = memory.unbind(0)
    c = torch.zeros_like(candidates[0])
    h = torch.zeros_like(c)
    for u, s, p in zip(candidates.unbind(0), gates.unbind(0), passing.unbind(0)):
        f, r = s.chunk(2, 1)
        of_c = torch.sigmoid(torch.addcmul(r, c, of_r))
        c = torch.lerp(u, c, torch.sigmoid(torch.addcmul(f, c, of_f)))
        h = torch.lerp(p, c, of_c)
    return h


@torch.jit.script
def co_rnn(sums: Tensor, recurrent: Tensor) -> Tensor:
    y = sums.new_zeros(sums.shape[1], recurrent.shape[0])
    z = torch.zeros_like(y)
    stacked = torch.cat(recurrent.chunk(2, 1), 0)
    for s in sums.unbind(0):
        drive = torch.tanh(torch.addmm(s, torch.cat([y, z], 1), stacked))
        z = z + 0.042 * (drive - 2.7 * y - 4.7 * z)
        y = y + 0.042 * z
    return y


@torch.jit.script
def echo_state(sums: Tensor, recurrent: Tensor, leak: float) -> Tensor:
    h = sums.new_zeros(sums.shape[1], recurrent.shape[0])
    for s in sums.unbind(0):
        h = torch.lerp(h, torch.tanh(torch.addmm(s, h, recurrent)), leak)
    return h


@torch.jit.script
def gru_decay(sums: Tensor, decays: Tensor, recurrent: Tensor) -> Tensor:
    units = recurrent.shape[0]
    of_gates, of_candidate = recurrent.split([2 * units, units], 1)
    h = sums.new_zeros(sums.shape[1], units)
    for s, decay in zip(sums.unbind(0), decays.unbind(0)):
        y = decay * h
        gates, candidate = s.split([2 * units, units], 1)
        z, r = torch.sigmoid(torch.addmm(gates, y, of_gates)).chunk(2, 1)
        h = torch.lerp(torch.tanh(torch.addmm(candidate, r * y, of_candidate)), y, z)
    return h


@torch.jit.script
def last_observed(values: Tensor, observed: Tensor) -> Tensor:
    last = torch.zeros_like(values[0])
    out = []
    for value, there in zip(values.unbind(0), observed.unbind(0)):
        last = torch.where(there, value, last)
        out.append(last)
    return torch.stack(out)


@torch.jit.script
def lstm_step(sums: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
    i, f, g, o = sums.chunk(4, 1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c


@torch.jit.script
def lstm_dropout(sums: Tensor, recurrent: Tensor, drops: Tensor) -> Tensor:
    h = torch.zeros_like(drops[0])
    c = torch.zeros_like(h)
    for s, drop in zip(sums.unbind(0), drops.unbind(0)):
        h, c = lstm_step(torch.addmm(s, h * drop, recurrent), c)
    return h


@torch.jit.script
def lstm_zoneout(sums: Tensor, recurrent: Tensor, stays_h: Tensor, stays_c: Tensor) -> Tensor:
    h = torch.zeros_like(stays_h[0])
    c = torch.zeros_like(h)
    for s, stay_h, stay_c in zip(sums.unbind(0), stays_h.unbind(0), stays_c.unbind(0)):
        new_h, new_c = lstm_step(torch.addmm(s, h, recurrent), c)
        h, c = torch.lerp(new_h, h, stay_h), torch.lerp(new_c, c, stay_c)
    return h


@torch.jit.script
def lstm_peephole(sums: Tensor, recurrent: Tensor, peephole: Tensor) -> Tensor:
    of_i, of_f, of_o = peephole.unbind(0)
    h = sums.new_zeros(sums.shape[1], recurrent.shape[0])
    c = torch.zeros_like(h)
    for s in sums.unbind(0):
        i, f, g, o = torch.addmm(s, h, recurrent).chunk(4, 1)
        c = torch.sigmoid(torch.addcmul(f, c, of_f)) * c + torch.sigmoid(torch.addcmul(i, c, of_i)) * torch.tanh(g)
        h = torch.sigmoid(torch.addcmul(o, c, of_o)) * torch.tanh(c)
    return h


@torch.jit.script
def lstm_full_peephole(sums: Tensor, recurrent: Tensor) -> Tensor:
    units = recurrent.shape[0]
    of_h, of_before, of_after = recurrent.split([4 * units, 2 * units, units], 1)
    h = sums.new_zeros(sums.shape[1], units)
    c = torch.zeros_like(h)
    for s in sums.unbind(0):
        gates, g, o = torch.addmm(s, h, of_h).split([2 * units, units, units], 1)
        i, f = torch.sigmoid(torch.addmm(gates, c, of_before)).chunk(2, 1)
        c = f * c + i * torch.tanh(g)
        h = torch.sigmoid(torch.addmm(o, c, of_after)) * torch.tanh(c)
    return h


@torch.jit.script
def lstm_coupled(sums: Tensor, recurrent: Tensor) -> Tensor:
    h = sums.new_zeros(sums.shape[1], recurrent.shape[0])
    c = torch.zeros_like(h)
    for s in sums.unbind(0):
        i, g, o = torch.addmm(s, h, recurrent).chunk(3, 1)
        c = torch.lerp(c, torch.tanh(g), torch.sigmoid(i))
        h = torch.sigmoid(o) * torch.tanh(c)
    return h


@torch.jit.script
def lstm_no_forget_gate(sums: Tensor, recurrent: Tensor) -> Tensor:
    h = sums.new_zeros(sums.shape[1], recurrent.shape[0])
    c = torch.zeros_like(h)
    for s in sums.unbind(0):
        i, g, o = torch.addmm(s, h, recurrent).chunk(3, 1)
        c = torch.addcmul(c, torch.sigmoid(i), torch.tanh(g))
        h = torch.sigmoid(o) * torch.tanh(c)
    return h


@torch.jit.script
def lstm_clipped(sums: Tensor, recurrent: Tensor, bound: float) -> Tensor:
    h = sums.new_zeros(sums.shape[1], recurrent.shape[0])
    c = torch.zeros_like(h)
    for s in sums.unbind(0):
        i, f, g, o = torch.addmm(s, h, recurrent).chunk(4, 1)
        c = torch.clamp(torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g), -bound, bound)
        h = torch.sigmoid(o) * torch.tanh(c)
    return h


@torch.jit.script
def lstm_skip(sums: Tensor, recurrent: Tensor, skip: int) -> Tensor:
    h = sums.new_zeros(sums.shape[1], sums.shape[2] // 4)
    c = torch.zeros_like(h)
    past = [h]
    for s in sums.unbind(0):
        earlier = past[len(past) - skip] if len(past) >= skip else torch.zeros_like(h)
        h, c = lstm_step(torch.addmm(s, torch.cat([h, earlier], 1), recurrent), c)
        past.append(h)
    return h


@torch.jit.script
def lstm_normalised(sums: Tensor, recurrent: Tensor, gain: Tensor, cell_gain: Tensor, cell_shift: Tensor) -> Tensor:
    h = sums.new_zeros(sums.shape[1], recurrent.shape[0])
    c = torch.zeros_like(h)
    for s in sums.unbind(0):
        i, f, g, o = (s + torch.layer_norm(h @ recurrent, gain.shape, gain, None, 1e-3)).chunk(4, 1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(torch.layer_norm(c, cell_gain.shape, cell_gain, cell_shift, 1e-3))
    return h


@torch.jit.script
def gru_step(sums: Tensor, recurrent: Tensor, h: Tensor) -> Tensor:
    xz, xr, xh = sums.chunk(3, 1)
    hz, hr, hh = recurrent.chunk(3, 1)
    return torch.lerp(torch.tanh(torch.addcmul(xh, torch.sigmoid(xr + hr), hh)), h, torch.sigmoid(xz + hz))


@torch.jit.script
def gru_dropout(sums: Tensor, recurrent: Tensor, bias: Tensor, drops: Tensor) -> Tensor:
    h = torch.zeros_like(drops[0])
    for s, drop in zip(sums.unbind(0), drops.unbind(0)):
        h = gru_step(s, torch.addmm(bias, h * drop, recurrent), h)
    return h


@torch.jit.script
def gru_zoneout(sums: Tensor, recurrent: Tensor, bias: Tensor, stays: Tensor) -> Tensor:
    h = torch.zeros_like(stays[0])
    for s, stay in zip(sums.unbind(0), stays.unbind(0)):
        h = torch.lerp(gru_step(s, torch.addmm(bias, h, recurrent), h), h, stay)
    return h


@torch.jit.script
def gru_noise(sums: Tensor, recurrent: Tensor, bias: Tensor, drop: Tensor, stays: Tensor) -> Tensor:
    h = torch.zeros_like(drop)
    for s, stay in zip(sums.unbind(0), stays.unbind(0)):
        h = torch.lerp(gru_step(s, torch.addmm(bias, h * drop, recurrent), h), h, stay)
    return h


@torch.jit.script
def gru_reset_before(sums: Tensor, recurrent: Tensor) -> Tensor:
    units = recurrent.shape[0]
    of_gates, of_candidate = recurrent.split([2 * units, units], 1)
    h = sums.new_zeros(sums.shape[1], units)
    for s in sums.unbind(0):
        gates, candidate = s.split([2 * units, units], 1)
        z, r = torch.sigmoid(torch.addmm(gates, h, of_gates)).chunk(2, 1)
        h = torch.lerp(torch.tanh(torch.addmm(candidate, r * h, of_candidate)), h, z)
    return h


@torch.jit.script
def gru_normalised(sums: Tensor, recurrent: Tensor, bias: Tensor, gain: Tensor) -> Tensor:
    h = sums.new_zeros(sums.shape[1], recurrent.shape[0])
    for s in sums.unbind(0):
        h = gru_step(s, torch.layer_norm(h @ recurrent, gain.shape, gain, bias, 1e-3), h)
    return h


class VariantNetwork(nn.Module):
    """A layer of variants.py from its weights, and one linear unit behind it: (B, T, F) -> (B, 1)."""

    def __init__(self, case: Case, weights: list[np.ndarray]) -> None:
        super().__init__()
        ((kind, units, options),) = case.layers
        self.units, self.options = units, options
        key = (kind, *sorted(options), *(value for value in options.values() if isinstance(value, str)))
        if key not in FORMS:
            raise Unsupported("not written out for PyTorch")
        *own, head, head_bias = [torch.from_numpy(weight) for weight in weights]
        self.form = FORMS[key]
        self.module: Any = None
        if self.form in (plain, dropped_matrix, normalised_matrix):
            self.module = _module(kind, case.features, units, options.get("projection", 0), own)
            own = own[3:] if self.form is normalised_matrix else []
        self.own = nn.ParameterList(nn.Parameter(weight) for weight in own)
        self.head = nn.Linear(head.shape[0], 1)
        with torch.no_grad():
            self.head.weight.copy_(head.T)
            self.head.bias.copy_(head_bias)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.form(self, x.transpose(0, 1).contiguous(), *self.own))

    def drop(self, name: str, *shape: int) -> Tensor:
        """Scales of dropout at the rate that the option `name` has: 0 or 1 / (1 - rate)."""
        return functional.dropout(torch.ones(shape), self.options[name], self.training)

    def stay(self, *shape: int) -> Tensor:
        """Shares of a state that zoneout keeps."""
        rate = self.options["zoneout"]
        return torch.empty(shape).bernoulli_(rate) if self.training else torch.full(shape, rate)


def _module(kind: str, features: int, units: int, projection: int, weights: list[Tensor]) -> nn.Module:
    """A module of torch.nn with these weights."""
    if kind == "LSTM":
        module: Any = nn.LSTM(features, units, proj_size=projection)
    else:
        module = {"SimpleRNN": nn.RNN, "GRU": nn.GRU}[kind](features, units)
    kernel, recurrent, bias, *rest = weights
    if kind == "GRU":  # blocks z, r, h against r, z, n
        kernel, recurrent, bias = (
            torch.cat([a[..., units : 2 * units], a[..., :units], a[..., 2 * units :]], -1)
            for a in (kernel, recurrent, bias)
        )
    input_bias, state_bias = bias if bias.ndim == 2 else (bias, torch.zeros_like(bias))
    with torch.no_grad():
        for parameter, value in (
            (module.weight_ih_l0, kernel.T),
            (module.weight_hh_l0, recurrent.T),
            (module.bias_ih_l0, input_bias),
            (module.bias_hh_l0, state_bias),
        ):
            parameter.copy_(value)
        if projection:
            module.weight_hr_l0.copy_(rest[0].T)
    return module


def _last(state: Any) -> Tensor:
    return state[0][0] if isinstance(state, tuple) else state[0]


def plain(net: VariantNetwork, x: Tensor) -> Tensor:
    return _last(net.module(x)[1])


def normalised_matrix(net: VariantNetwork, x: Tensor, scale: Tensor) -> Tensor:
    matrix = torch._weight_norm(net.module.weight_hh_l0, scale[:, None], 0)
    return _last(torch.func.functional_call(net.module, {"weight_hh_l0": matrix}, (x,))[1])


def dropped_matrix(net: VariantNetwork, x: Tensor) -> Tensor:
    matrix = functional.dropout(net.module.weight_hh_l0, net.options["recurrent_dropconnect"], net.training)
    return _last(torch.func.functional_call(net.module, {"weight_hh_l0": matrix}, (x,))[1])


def loop(function: Any) -> Callable[..., Tensor]:
    """A form that hands its weights on to a loop."""

    def form(net: VariantNetwork, x: Tensor, kernel: Tensor, recurrent: Tensor, bias: Tensor, *more: Any) -> Tensor:
        return function(x @ kernel + bias, recurrent, *more)

    return form


def skipping(function: Any) -> Callable[..., Tensor]:
    return lambda net, x, W, R, b: function(x @ W + b, R, net.options["skip"])


def min_gru(net: VariantNetwork, x: Tensor, kernel: Tensor, bias: Tensor) -> Tensor:
    gate, candidate = (x @ kernel + bias).chunk(2, 2)
    z = torch.sigmoid(gate)
    return scan(1 - z, z * candidate)


def min_lstm(net: VariantNetwork, x: Tensor, kernel: Tensor, bias: Tensor) -> Tensor:
    i, f, candidate = (x @ kernel + bias).chunk(3, 2)
    z = torch.sigmoid(functional.softplus(-f) - functional.softplus(-i))
    return scan(1 - z, z * candidate)


def qrnn(net: VariantNetwork, x: Tensor, kernel: Tensor, bias: Tensor) -> Tensor:
    before = torch.cat([torch.zeros_like(x[:1]), x[:-1]])
    z, f, o = (torch.cat([before, x], 2) @ kernel + bias).chunk(3, 2)
    f = torch.sigmoid(f)
    return torch.sigmoid(o[-1]) * scan(f, (1 - f) * torch.tanh(z))


def simple_recurrent_unit(net: VariantNetwork, x: Tensor, kernel: Tensor, memory: Tensor, bias: Tensor) -> Tensor:
    units = net.units
    candidates, gates, passing = (x @ kernel).split([units, 2 * units, units], 2)
    return sru(candidates, gates + bias, passing, memory)


def lru(net: VariantNetwork, x: Tensor, kernel: Tensor, polar: Tensor, out: Tensor, skip: Tensor) -> Tensor:
    size, angle = torch.exp(-torch.exp(polar[0])), torch.exp(polar[1])
    b = torch.sqrt(1 - size * size).repeat(2) * (x @ kernel)
    return complex_scan(size * torch.cos(angle), size * torch.sin(angle), b) @ out + x[-1] @ skip


def leaky(net: VariantNetwork, x: Tensor, kernel: Tensor, recurrent: Tensor, bias: Tensor) -> Tensor:
    return echo_state(x @ kernel.detach() + bias.detach(), recurrent.detach(), net.options["leak"])


def grud(
    net: VariantNetwork, x: Tensor, kernel: Tensor, masks: Tensor, recurrent: Tensor, bias: Tensor, *more: Tensor
) -> Tensor:
    decay_kernel, decay_bias, input_decay, input_decay_bias, mean = more
    values, observed, times = x.chunk(3, 2)
    there, mean = observed != 0, mean.detach()
    share = torch.exp(-torch.relu(times * input_decay + input_decay_bias))
    values = torch.where(there, values, mean + share * last_observed(values - mean, there))
    sums = values @ kernel + there.to(x.dtype) @ masks + bias
    return gru_decay(sums, torch.exp(-torch.relu(times @ decay_kernel + decay_bias)), recurrent)


def linear_rnn(net: VariantNetwork, x: Tensor, kernel: Tensor, nu: Tensor, bias: Tensor) -> Tensor:
    a = torch.exp(-torch.exp(nu))
    b = torch.sqrt(1 - a * a) * (x @ kernel + bias)
    return scan(a.expand_as(b), b)


def lstm_recurrent_dropout(net: VariantNetwork, x: Tensor, W: Tensor, R: Tensor, b: Tensor) -> Tensor:
    drop = net.drop("recurrent_dropout", x.shape[1], net.units)
    return lstm_dropout(x @ W + b, R, drop.expand(len(x), *drop.shape))


def lstm_dropout_per_step(net: VariantNetwork, x: Tensor, W: Tensor, R: Tensor, b: Tensor) -> Tensor:
    return lstm_dropout(x @ W + b, R, net.drop("recurrent_dropout", *x.shape[:2], net.units))


def lstm_with_zoneout(net: VariantNetwork, x: Tensor, W: Tensor, R: Tensor, b: Tensor) -> Tensor:
    shape = (*x.shape[:2], net.units)
    return lstm_zoneout(x @ W + b, R, net.stay(*shape), net.stay(*shape))


def lstm_with_clipping(net: VariantNetwork, x: Tensor, W: Tensor, R: Tensor, b: Tensor) -> Tensor:
    return lstm_clipped(x @ W + b, R, net.options["cell_clip"])


def gru_recurrent_dropout(net: VariantNetwork, x: Tensor, W: Tensor, R: Tensor, b: Tensor) -> Tensor:
    drop = net.drop("recurrent_dropout", x.shape[1], net.units)
    return gru_dropout(x @ W + b[0], R, b[1], drop.expand(len(x), *drop.shape))


def gru_with_zoneout(net: VariantNetwork, x: Tensor, W: Tensor, R: Tensor, b: Tensor) -> Tensor:
    return gru_zoneout(x @ W + b[0], R, b[1], net.stay(*x.shape[:2], net.units))


def gru_all_noise(net: VariantNetwork, x: Tensor, W: Tensor, R: Tensor, b: Tensor) -> Tensor:
    x = x * net.drop("dropout", *x.shape[1:])
    drop = net.drop("recurrent_dropout", x.shape[1], net.units)
    return gru_noise(x @ W + b[0], R, b[1], drop, net.stay(*x.shape[:2], net.units))


def rnn_layer_norm(net: VariantNetwork, x: Tensor, W: Tensor, R: Tensor, b: Tensor, g: Tensor, gain: Tensor) -> Tensor:
    return rnn_normalised(normal(x @ W, g) + b, R, gain)


def lstm_layer_norm(
    net: VariantNetwork, x: Tensor, W: Tensor, R: Tensor, b: Tensor, g: Tensor, gain: Tensor, *cell: Tensor
) -> Tensor:
    return lstm_normalised(normal(x @ W, g) + b, R, gain, *cell)


def gru_layer_norm(net: VariantNetwork, x: Tensor, W: Tensor, R: Tensor, b: Tensor, g: Tensor, gain: Tensor) -> Tensor:
    return gru_normalised(normal(x @ W, g) + b[0], R, b[1], gain)


# Layer, its options in alphabetical order, and those of their values that are words.
FORMS: dict[tuple[str, ...], Callable[..., Tensor]] = {
    ("SimpleRNN",): plain,
    ("SimpleRNN", "skip"): skipping(rnn_skip),
    ("SimpleRNN", "normalization", "layer"): rnn_layer_norm,
    ("GatedRNN",): loop(gated_rnn),
    ("MGU",): loop(mgu),
    ("Jordan",): loop(jordan),
    ("IndRNN",): loop(ind_rnn),
    ("MinGRU",): min_gru,
    ("LinearRNN",): linear_rnn,
    ("MinLSTM",): min_lstm,
    ("LRU",): lru,
    ("SLSTM",): loop(slstm),
    ("QRNN",): qrnn,
    ("SRU",): simple_recurrent_unit,
    ("CoRNN",): loop(co_rnn),
    ("EchoState", "leak"): leaky,
    ("GRUD",): grud,
    ("LSTM",): plain,
    ("LSTM", "recurrent_dropout"): lstm_recurrent_dropout,
    ("LSTM", "dropout_per_step", "recurrent_dropout"): lstm_dropout_per_step,
    ("LSTM", "zoneout"): lstm_with_zoneout,
    ("LSTM", "peephole", "diagonal"): loop(lstm_peephole),
    ("LSTM", "peephole", "full"): loop(lstm_full_peephole),
    ("LSTM", "coupled"): loop(lstm_coupled),
    ("LSTM", "forget_gate"): loop(lstm_no_forget_gate),
    ("LSTM", "cell_clip"): lstm_with_clipping,
    ("LSTM", "projection"): plain,
    ("LSTM", "skip"): skipping(lstm_skip),
    ("LSTM", "normalization", "layer"): lstm_layer_norm,
    ("LSTM", "weight_normalization"): normalised_matrix,
    ("LSTM", "recurrent_dropconnect"): dropped_matrix,
    ("GRU",): plain,
    ("GRU", "reset_after"): loop(gru_reset_before),
    ("GRU", "zoneout"): gru_with_zoneout,
    ("GRU", "recurrent_dropout"): gru_recurrent_dropout,
    ("GRU", "dropout", "recurrent_dropout", "zoneout"): gru_all_noise,
    ("GRU", "normalization", "layer"): gru_layer_norm,
    ("NTM",): machine,
}
