"""The cases of attention_cases.py by PyTorch: its fused attention, its encoder layer, and a loop around its GRUCell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.functional import l1_loss, scaled_dot_product_attention

from bench import attention_cases
from bench.cases import Case


class Encoder(nn.Module):
    def __init__(self, case: Case, weights: list[torch.Tensor]) -> None:
        super().__init__()
        _, heads, inner = case.layers[0]
        width = case.features
        self.block = nn.TransformerEncoderLayer(width, heads, inner, dropout=0.0, batch_first=True)
        self.head = nn.Linear(width, 1)
        *projections, wo, bo, g1, b1, g2, b2, w1, c1, w2, c2, wh, bh = weights
        own, block = self.block.self_attn, self.block
        pairs = [
            (own.in_proj_weight, torch.cat([w.reshape(width, width).T for w in projections[::2]])),
            (own.in_proj_bias, torch.cat([b.reshape(width) for b in projections[1::2]])),
            (own.out_proj.weight, wo.reshape(width, width).T),
            (own.out_proj.bias, bo),
            (block.norm1.weight, g1),
            (block.norm1.bias, b1),
            (block.norm2.weight, g2),
            (block.norm2.bias, b2),
            (block.linear1.weight, w1.T),
            (block.linear1.bias, c1),
            (block.linear2.weight, w2.T),
            (block.linear2.bias, c2),
            (self.head.weight, wh.T),
            (self.head.bias, bh),
        ]
        _copy(pairs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.block(x).mean(1))


class Attending(nn.Module):
    """Additive attention before a GRU cell (Bahdanau et al., 2015)."""

    def __init__(self, case: Case, weights: list[torch.Tensor]) -> None:
        super().__init__()
        width = case.features
        self.cell, self.head = nn.GRUCell(2 * width, width), nn.Linear(width, 1)
        self.query, self.memory = nn.Linear(width, width, bias=False), nn.Linear(width, width, bias=False)
        self.vector = nn.Parameter(torch.zeros(width))
        kernel, recurrent, bias, query, memory, vector, wh, bh = weights

        def gates(w: torch.Tensor) -> torch.Tensor:  # Keras has z, r, h; torch r, z, h with the complement's z
            z, r, h = w.split(width, dim=-1)
            return torch.cat([r, z, h], dim=-1)

        _copy(
            [
                (self.cell.weight_ih, gates(kernel).T),
                (self.cell.weight_hh, gates(recurrent).T),
                (self.cell.bias_ih, gates(bias[0])),
                (self.cell.bias_hh, gates(bias[1])),
                (self.query.weight, query.T),
                (self.memory.weight, memory.T),
                (self.vector, vector),
                (self.head.weight, wh.T),
                (self.head.bias, bh),
            ]
        )

    def forward(self, given: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
        read, memory = given
        keys, state, states = self.memory(memory), torch.zeros(read.shape[0], read.shape[2]), []
        for x in read.unbind(1):
            scores = torch.tanh(self.query(state)[:, None] + keys) @ self.vector
            context = (torch.softmax(scores, -1)[:, None] @ memory)[:, 0]
            state = self.cell(torch.cat([x, context], -1), state)
            states.append(state)
        return self.head(torch.stack(states, 1))


def _copy(pairs: list[tuple[torch.Tensor, torch.Tensor]]) -> None:
    with torch.no_grad():
        for to, value in pairs:
            to.copy_(value)


def prepare(case: Case, mode: str, x: np.ndarray, y: np.ndarray) -> Callable[[], object]:
    kind = case.layers[0][0]
    if kind == "attention":
        return _attention(case, mode, x)
    weights = [torch.from_numpy(one) for one in attention_cases.weights_of(case)]
    inputs: Any = torch.from_numpy(x)
    if kind == "transformer":
        model: nn.Module = Encoder(case, weights)
    else:
        model = Attending(case, weights)
        inputs, y = (torch.from_numpy(attention_cases.fed(case)), inputs), np.repeat(y[:, None], case.layers[0][1], 1)
    if mode == "infer":
        model.eval()

        def infer() -> np.ndarray:
            with torch.inference_mode():
                return model(inputs).numpy()

        return infer
    target, optimizer = torch.from_numpy(y), torch.optim.RMSprop(model.parameters(), lr=1e-3)

    def train() -> None:
        optimizer.zero_grad()
        l1_loss(model(inputs), target).backward()
        optimizer.step()

    return train


def _attention(case: Case, mode: str, x: np.ndarray) -> Callable[[], object]:
    given = torch.from_numpy(attention_cases.output_gradient(case))
    gradient = given.transpose(1, 2).contiguous()  # (batch, heads, time, size), torch's own order
    heads = torch.from_numpy(x).reshape(given.shape).transpose(1, 2).contiguous()
    q, k, v = (heads.clone().requires_grad_(mode == "train") for _ in range(3))
    if mode == "infer":

        def infer() -> np.ndarray:
            with torch.inference_mode():
                return scaled_dot_product_attention(q, k, v).transpose(1, 2).numpy()

        return infer

    def train() -> None:
        for one in (q, k, v):
            one.grad = None
        scaled_dot_product_attention(q, k, v).backward(gradient)

    return train
