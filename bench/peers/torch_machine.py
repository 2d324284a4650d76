"""The Neural Turing Machine with an LSTM as controller in PyTorch: a `torch.jit.script`ed loop.

One read and one write head, 128 slots of 20 numbers, shifts by one. All heads are taken together, and what does not
depend on the state is computed in front of the loop. Weights are recurra's.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

WIDTH = 20


@torch.jit.script
def steps(
    sums: Tensor, of_read: Tensor, recurrent: Tensor, head_kernel: Tensor, head_bias: Tensor, reads: Tensor, w: Tensor
) -> Tensor:
    """The last output [h; r]. `sums` (T, B, 4 U); `reads` (1, 20) and `w` (2, 128) start all sequences."""
    batch, units = sums.shape[1], recurrent.shape[0]
    h = sums.new_zeros(batch, units)
    c = torch.zeros_like(h)
    memory = torch.full([batch, 128, 20], 1e-6)
    read = reads.expand(batch, 20)
    w = w.expand(batch, 2, 128)
    of_both = torch.cat([recurrent, of_read], 0)
    for s in sums.unbind(0):
        i, f, g, o = torch.addmm(s, torch.cat([h, read], 1), of_both).chunk(4, 1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
        own, vectors = torch.addmm(head_bias, h, head_kernel).clamp(-20.0, 20.0).split([2 * 26, 2 * 20], 1)
        key, strength, gate, shift, sharpening = own.view(batch, 2, 26).split([20, 1, 1, 3, 1], 2)
        cosine = torch.bmm(
            functional.normalize(torch.tanh(key), dim=2, eps=1e-8),
            functional.normalize(memory, dim=2, eps=1e-8).transpose(1, 2),
        )
        content = torch.softmax(functional.softplus(strength) * cosine, 2)
        mixed = torch.lerp(w, content, torch.sigmoid(gate))
        back, stay, forth = torch.softmax(shift, 2).unbind(2)
        shifted = (
            back.unsqueeze(2) * torch.roll(mixed, -1, 2)
            + stay.unsqueeze(2) * mixed
            + forth.unsqueeze(2) * torch.roll(mixed, 1, 2)
        )
        w = torch.softmax((1 + functional.softplus(sharpening)) * torch.log(shifted + 1e-12), 2)
        read = torch.bmm(w[:, :1], memory).squeeze(1)
        erase, add = vectors.chunk(2, 1)
        written = w[:, 1:].transpose(1, 2)
        kept = memory - memory * (written * torch.sigmoid(erase).unsqueeze(1))
        memory = torch.addcmul(kept, written, torch.tanh(add).unsqueeze(1))
    return torch.cat([h, read], 1).clamp(-20.0, 20.0)


def machine(
    net: Any,
    x: Tensor,
    head_kernel: Tensor,
    head_bias: Tensor,
    reads: Tensor,
    weights: Tensor,
    kernel: Tensor,
    recurrent: Tensor,
    bias: Tensor,
) -> Tensor:
    """A form of torch_variants.py: the last output of sequences (T, B, F)."""
    of_input, of_read = kernel.split([x.shape[2], WIDTH], 0)
    start = torch.tanh(reads), torch.softmax(weights, 1)
    return steps(x @ of_input + bias, of_read, recurrent, head_kernel, head_bias, *start)
