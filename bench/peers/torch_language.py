"""The cases of language_cases.py by PyTorch: torch.nn.LSTM, and a loop over its single steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

from bench import language_cases
from bench.cases import Case


class Words(nn.Module):
    """Tokens (B, T) and states -> logits (B, T, vocabulary) and states."""

    def __init__(self, case: Case) -> None:
        super().__init__()
        _, vocabulary, units, depth = case.layers[0]
        self.embedding = nn.Embedding(vocabulary, units)
        self.lstm = nn.LSTM(units, units, depth, batch_first=True)
        self.logits = nn.Linear(units, vocabulary)
        table, *rest = (torch.from_numpy(one) for one in language_cases.weights_of(case))
        with torch.no_grad():
            self.embedding.weight.copy_(table)
            for number in range(depth):
                kernel, recurrent, bias = rest[3 * number : 3 * number + 3]
                getattr(self.lstm, f"weight_ih_l{number}").copy_(kernel.T)
                getattr(self.lstm, f"weight_hh_l{number}").copy_(recurrent.T)
                getattr(self.lstm, f"bias_ih_l{number}").copy_(bias)
                getattr(self.lstm, f"bias_hh_l{number}").zero_()
            self.logits.weight.copy_(rest[-2].T)
            self.logits.bias.copy_(rest[-1])
        for number in range(depth):  # one bias, as recurra has
            getattr(self.lstm, f"bias_hh_l{number}").requires_grad_(False)

    def forward(self, tokens: torch.Tensor, states: Any = None) -> tuple[torch.Tensor, Any]:
        outputs, states = self.lstm(self.embedding(tokens), states)
        return self.logits(outputs), states


def prepare(case: Case, mode: str, x: np.ndarray, _: np.ndarray) -> Callable[[], object]:
    model = Words(case)
    if case.layers[0][0] == "write":
        first = torch.from_numpy(x[:, :1]).long()

        def write() -> np.ndarray:
            tokens, states, written = first, None, []
            with torch.inference_mode():
                for _ in range(case.time):
                    scores, states = model(tokens, states)
                    tokens = scores[:, -1].argmax(dim=-1, keepdim=True)
                    written.append(tokens)
                return torch.cat(written, 1).numpy()

        return write
    inputs, truth = (torch.from_numpy(part).long() for part in (x, language_cases.targets(case, x)))
    trained = [one for one in model.parameters() if one.requires_grad]
    optimizer, states = torch.optim.SGD(trained, lr=language_cases.RATE), None

    def train() -> float:
        nonlocal states
        optimizer.zero_grad()
        scores, after = model(inputs, states)
        loss = nn.functional.cross_entropy(scores.flatten(0, 1), truth.flatten())
        loss.backward()
        nn.utils.clip_grad_norm_(trained, language_cases.NORM)
        optimizer.step()
        states = tuple(one.detach() for one in after)
        return loss.item()

    return train if mode == "train" else lambda: [train() for _ in range(3)]
