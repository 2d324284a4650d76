"""The cases of pondering_cases.py by PyTorch: loops around its cells."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.functional import l1_loss, logsigmoid

from bench.cases import Case
from bench.pondering_cases import BETA, COST, EPSILON, MOST, PRIOR, weights_of


class Network(nn.Module):
    """A cell, a halting unit and a linear unit, from the weights that recurra starts from."""

    def __init__(self, case: Case) -> None:
        super().__init__()
        kind, units, *_ = case.layers[0]
        given = {name: torch.from_numpy(array) for name, array in weights_of(case).items()}
        inputs = given["kernel"].shape[0]
        self.lstm, self.units = kind == "act_lstm", units
        self.cell: nn.RNNCell | nn.LSTMCell = nn.LSTMCell(inputs, units) if self.lstm else nn.RNNCell(inputs, units)
        self.halt, self.answer = nn.Linear(units, 1), nn.Linear(units, 1)
        with torch.no_grad():
            self.cell.weight_ih.copy_(given["kernel"].T)
            self.cell.weight_hh.copy_(given["recurrent_kernel"].T)
            self.cell.bias_ih.copy_(given["bias"])
            self.cell.bias_hh.zero_()
            self.halt.weight.copy_(given["halting_kernel"].T)
            self.halt.bias.copy_(given["halting_bias"])
            self.answer.weight.copy_(given["dense_kernel"].T)
            self.answer.bias.copy_(given["dense_bias"])

    def first_state(self, batch: int) -> Any:
        zeros = torch.zeros(batch, self.units)
        return (zeros, zeros) if self.lstm else zeros

    def stepped(self, x: torch.Tensor, first: bool, state: Any) -> tuple[torch.Tensor, Any]:
        flag = torch.full((x.shape[0], 1), float(first))
        new = self.cell(torch.cat([x, flag], -1), state)
        return (new[0] if self.lstm else new), new


class Repeated(Network):
    def __init__(self, case: Case) -> None:
        super().__init__(case)
        self.times = case.layers[0][2]

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | float]:
        state = self.first_state(x.shape[0])
        for step in x.unbind(1):
            for n in range(self.times):
                output, state = self.stepped(step, n == 0, state)
        return self.answer(output), 0.0


class Adaptive(Network):
    """Graves, 2016: all rows go on until the last one has halted."""

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | float]:
        batch = x.shape[0]
        state, outputs, cost = self.first_state(batch), [], torch.zeros(())
        for step in x.unbind(1):
            total, going = torch.zeros(batch, 1), torch.ones(batch, 1)
            mean_output: Any = 0.0
            mean_state: Any = (0.0, 0.0) if self.lstm else 0.0
            for n in range(1, MOST + 1):
                output, state = self.stepped(step, n == 1, state)
                h = torch.sigmoid(self.halt(output))
                last = going if n == MOST else going * (total + h >= 1 - EPSILON)
                p = last * (1 - total) + (going - last) * h
                cost = cost + going.sum() + (last * (1 - total)).sum()
                total = total + (going - last) * h
                mean_output = mean_output + p * output
                if self.lstm:
                    mean_state = tuple(mean + p * one for mean, one in zip(mean_state, state, strict=True))
                else:
                    mean_state = mean_state + p * state
                going = going - last
                if not bool(going.any()):
                    break
            state = mean_state
            outputs.append(mean_output)
        answers = self.answer(outputs[0]) if len(outputs) == 1 else self.answer(torch.stack(outputs, 1))
        return answers, COST * cost / batch


class Pondering(Network):
    """Banino et al., 2021: the answers of all steps, and the probabilities of halting at each."""

    def __init__(self, case: Case) -> None:
        super().__init__(case)
        self.steps = case.layers[0][2]
        geometric = PRIOR * (1 - PRIOR) ** np.arange(self.steps)
        geometric[-1] = (1 - PRIOR) ** (self.steps - 1)
        self.prior = torch.from_numpy(np.log(geometric).astype("f"))

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        state, outputs = self.first_state(x.shape[0]), []
        for _ in range(self.steps):
            state = self.cell(x[:, 0], state)
            outputs.append(state)
        whole = torch.stack(outputs, 1)
        logits = self.halt(whole)[..., 0]
        goes_on = logsigmoid(-logits)
        log_p = torch.cumsum(goes_on, 1) - goes_on
        log_p = log_p + torch.cat([logsigmoid(logits[:, :-1]), torch.zeros(x.shape[0], 1)], 1)
        return self.answer(whole)[..., 0], log_p


def prepare(case: Case, mode: str, x: np.ndarray, y: np.ndarray) -> Callable[[], object]:
    kinds = {"repeat": Repeated, "act": Adaptive, "act_lstm": Adaptive, "pondernet": Pondering}
    kind = case.layers[0][0]
    model = kinds[kind](case)
    inputs, target = torch.from_numpy(x), torch.from_numpy(y)
    if case.time > 1:
        target = target[:, None].expand(-1, case.time, -1)

    def answered() -> torch.Tensor:
        answers, beside = model(inputs)
        if kind != "pondernet":
            return answers
        return answers.gather(1, beside.argmax(1, keepdim=True))

    def loss() -> torch.Tensor:
        answers, beside = model(inputs)
        if kind != "pondernet":
            return l1_loss(answers, target) + beside
        p = beside.exp()
        divergence = (p * (beside - model.prior)).sum(1)
        return ((p * (answers - target).abs()).sum(1) + BETA * divergence).mean()

    if mode == "infer":

        def infer() -> np.ndarray:
            with torch.inference_mode():
                return answered().numpy()

        return infer
    optimizer = torch.optim.RMSprop(model.parameters(), lr=1e-3)

    def train() -> None:
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()

    return train
