"""PyTorch's side: eager modules of torch.nn, `inference_mode` for inference."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from bench.cases import Case, Unsupported, last_recurrent
from bench.peers.torch_training import TrainedNetwork
from bench.peers.torch_variants import VariantNetwork
from bench.trainings import Training


def version() -> str:
    return f"torch {torch.__version__}"


def set_threads(threads: int) -> None:
    torch.set_num_threads(threads)


class Network(nn.Module):
    def __init__(self, case: Case) -> None:
        super().__init__()
        self.case = case
        self.steps = nn.ModuleList()
        width = case.features
        for kind, *arguments in case.layers:
            if kind == "embedding":
                self.steps.append(nn.Embedding(*arguments))
                width = arguments[1]
            elif kind == "conv":
                self.steps.append(nn.Conv1d(width, *arguments))
                width = arguments[0]
            elif kind == "pool":
                self.steps.append(nn.MaxPool1d(*arguments))
            elif kind == "globalmax":
                self.steps.append(nn.Identity())
            elif kind == "dense":
                self.steps.append(nn.Linear(width, *arguments))
                width = arguments[0]
            elif kind == "batchnorm":
                self.steps.append(nn.BatchNorm1d(width))
            else:
                if len(arguments) > 1:
                    raise Unsupported("torch.nn has no recurrent dropout and no relu GRU")
                cell = {"gru": nn.GRU, "bigru": nn.GRU, "lstm": nn.LSTM, "rnn": nn.RNN}[kind]
                both = kind == "bigru"
                self.steps.append(cell(width, arguments[0], batch_first=True, bidirectional=both))
                width = arguments[0] * (2 if both else 1)
        self.head = nn.Linear(width, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for index, (layer, step) in enumerate(zip(self.case.layers, self.steps, strict=True)):
            kind = layer[0]
            if kind == "conv":
                x = torch.relu(step(x.transpose(1, 2))).transpose(1, 2)
            elif kind == "pool":
                x = step(x.transpose(1, 2)).transpose(1, 2)
            elif kind == "globalmax":
                x = x.amax(1)
            elif kind == "dense":
                x = torch.relu(step(x))
            elif kind == "batchnorm":
                x = step(x.transpose(1, 2)).transpose(1, 2)
            elif kind == "embedding":
                x = step(x)
            else:
                sequence, state = step(x)
                if not last_recurrent(self.case.layers, index):
                    x = sequence
                else:
                    last = state[0] if isinstance(state, tuple) else state
                    x = last.transpose(0, 1).flatten(1)
        return self.head(x)


def prepare(
    case: Case, mode: str, x: np.ndarray, y: np.ndarray, weights: list[np.ndarray] | None = None
) -> Callable[[], object]:
    if mode == "step":
        return stepped(case, torch.from_numpy(x[:, 0]))
    model = Network(case) if weights is None else VariantNetwork(case, weights)
    inputs = torch.from_numpy(x if case.features else x.astype(np.int64))
    if mode == "infer":
        model.eval()

        def infer() -> torch.Tensor:
            with torch.inference_mode():
                return model(inputs)

        return infer
    target = torch.from_numpy(y)
    optimizer = torch.optim.RMSprop(model.parameters(), lr=1e-3)

    def train() -> None:
        optimizer.zero_grad()
        nn.functional.l1_loss(model(inputs), target).backward()
        optimizer.step()

    return train


class LSTMStep(nn.Module):
    """One time step of an LSTM and the head; the state is the model's."""

    def __init__(self, features: int, units: int) -> None:
        super().__init__()
        self.cell, self.head = nn.LSTMCell(features, units), nn.Linear(units, 1)

    def forward(self, x: torch.Tensor, state: list[torch.Tensor]) -> tuple[torch.Tensor, list[torch.Tensor]]:
        h, c = self.cell(x, (state[0], state[1]))
        return self.head(h), [h, c]


class GRUStep(nn.Module):
    """The same of a GRU."""

    def __init__(self, features: int, units: int) -> None:
        super().__init__()
        self.cell, self.head = nn.GRUCell(features, units), nn.Linear(units, 1)

    def forward(self, x: torch.Tensor, state: list[torch.Tensor]) -> tuple[torch.Tensor, list[torch.Tensor]]:
        h = self.cell(x, state[0])
        return self.head(h), [h]


def stepped(case: Case, x: torch.Tensor) -> Callable[[], object]:
    """A cell, scripted and frozen, called on one time step; of torch's ways the fastest."""
    ((kind, units),) = case.layers
    step = {"lstm": LSTMStep, "gru": GRUStep}[kind](case.features, units).eval()
    step = torch.jit.freeze(torch.jit.script(step))
    state = [torch.zeros(case.batch, units)] * (2 if kind == "lstm" else 1)

    def call() -> torch.Tensor:
        with torch.inference_mode():
            output, state[:] = step(x, state)
            return output

    return call


def trained_network(training: Training, weights: list[np.ndarray], seed: int) -> TrainedNetwork:
    torch.manual_seed(seed)
    return TrainedNetwork(training, weights)
