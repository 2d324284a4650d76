"""A training by PyTorch: eager modules of torch.nn, channels in the order that its convolutions prefer.

Weights come and go in Keras's layout. The last layer gives logits; the losses of torch take them so.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import nn

from bench.trainings import Training

Array = np.ndarray[Any, Any]


class Layers(nn.Module):
    """The network of an experiment: (B, ...) -> logits (B, outputs)."""

    def __init__(self, training: Training) -> None:
        super().__init__()
        self.names = [name for name, _, _ in training.layers]
        self.relu = [options.get("activation") == "relu" for _, _, options in training.layers]
        self.parts = nn.ModuleList()
        shape = training.input_shape
        for name, arguments, _ in training.layers:
            part, shape = _part(name, arguments, shape)
            self.parts.append(part)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for name, relu, part in zip(self.names, self.relu, self.parts, strict=True):
            if name == "LSTM":
                x = part(x.transpose(1, 2))[1][0][0]
            elif name == "GlobalMaxPooling1D":
                x = x.amax(2)
            elif name == "Flatten":
                x = x.permute(0, 2, 3, 1).flatten(1)
            else:
                x = part(x)
            if name == "Embedding":
                x = x.transpose(1, 2)
            x = torch.relu(x) if relu else x
        return x


def _part(name: str, arguments: tuple[Any, ...], shape: tuple[int, ...]) -> tuple[nn.Module, tuple[int, ...]]:
    """A module and the shape of one example behind it, channels last."""
    if name == "Embedding":
        return nn.Embedding(*arguments), (*shape, arguments[1])
    if name == "LSTM":
        return nn.LSTM(shape[-1], arguments[0], batch_first=True), (arguments[0],)
    if name == "Conv1D":
        filters, taps = arguments
        return nn.Conv1d(shape[-1], filters, taps), (shape[0] - taps + 1, filters)
    if name == "Conv2D":
        filters, (rows, columns) = arguments
        return nn.Conv2d(shape[-1], filters, (rows, columns)), (shape[0] - rows + 1, shape[1] - columns + 1, filters)
    if name == "MaxPooling1D":
        return nn.MaxPool1d(arguments[0]), (shape[0] // arguments[0], shape[1])
    if name == "MaxPooling2D":
        return nn.MaxPool2d(arguments[0]), (*(n // k for n, k in zip(shape, arguments[0], strict=False)), shape[-1])
    if name == "GlobalMaxPooling1D":
        return nn.Identity(), (shape[-1],)
    if name == "Flatten":
        return nn.Identity(), (int(np.prod(shape)),)
    if name == "Dropout":
        return nn.Dropout(arguments[0]), shape
    if name == "Dense":
        return nn.Linear(shape[-1], arguments[0]), (*shape[:-1], arguments[0])
    raise ValueError(f"no torch module is known for {name}")


class TrainedNetwork:
    """What sides/training.py asks for."""

    def __init__(self, training: Training, weights: list[Array]) -> None:
        self.batch_size = training.batch_size
        self.words = training.input_dtype == "int32"
        self.image = len(training.input_shape) == 3
        self.binary = training.loss == "binary_crossentropy"
        self.model = Layers(training)
        if self.image:
            self.model = self.model.to(memory_format=torch.channels_last)
        self.set_weights(weights)
        parameters, options = self.model.parameters(), training.options
        if training.optimizer == "RMSprop":  # alpha and eps as Keras's
            self.optimizer: Any = torch.optim.RMSprop(parameters, options["learning_rate"], alpha=0.9, eps=1e-7)
        else:
            self.optimizer = torch.optim.SGD(parameters, options["learning_rate"], momentum=options["momentum"])

    def _batches(self, x: Array, y: Array) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        inputs, targets = torch.from_numpy(x), torch.from_numpy(y)
        for begin in range(0, len(x), self.batch_size):
            rows = inputs[begin : begin + self.batch_size]
            if self.image:
                rows = rows.permute(0, 3, 1, 2)
            yield rows if self.words else rows.float(), targets[begin : begin + self.batch_size].float()

    def _loss(self, logits: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        if self.binary:
            return nn.functional.binary_cross_entropy_with_logits(logits[:, 0], y)
        return nn.functional.cross_entropy(logits, y)

    def _right(self, logits: torch.Tensor, y: torch.Tensor) -> int:
        if self.binary:
            return int(((logits[:, 0] > 0) == (y > 0.5)).sum())
        return int((logits.argmax(1) == y.argmax(1)).sum())

    def epoch(self, x: Array, y: Array) -> tuple[float, float]:
        """Trains on the batches of (x, y) in their order; loss and accuracy on the way."""
        self.model.train()
        total, right = 0.0, 0
        for rows, truth in self._batches(x, y):
            self.optimizer.zero_grad()
            logits = self.model(rows)
            loss = self._loss(logits, truth)
            loss.backward()
            self.optimizer.step()
            total += loss.item() * len(truth)
            right += self._right(logits.detach(), truth)
        return total / len(y), right / len(y)

    @torch.inference_mode()
    def judge(self, x: Array, y: Array) -> tuple[float, float]:
        """Loss and accuracy, without dropout."""
        self.model.eval()
        total, right = 0.0, 0
        for rows, truth in self._batches(x, y):
            logits = self.model(rows)
            total += float(self._loss(logits, truth)) * len(truth)
            right += self._right(logits, truth)
        return total / len(y), right / len(y)

    def _views(self) -> Iterator[tuple[nn.Parameter, tuple[int, ...] | None]]:
        """Every parameter with the axes of its Keras layout; None for the second bias, which Keras has not."""
        for part in self.model.parts:
            for name, parameter in part.named_parameters():
                if name == "bias_hh_l0":
                    yield parameter, None
                elif parameter.ndim == 1 or isinstance(part, nn.Embedding):
                    yield parameter, tuple(range(parameter.ndim))
                else:
                    yield parameter, (*range(2, parameter.ndim), 1, 0)

    def get_weights(self) -> list[Array]:
        return [p.detach().permute(axes).numpy().copy() for p, axes in self._views() if axes is not None]

    @torch.no_grad()
    def set_weights(self, weights: list[Array]) -> None:
        values = iter(weights)
        for parameter, axes in self._views():
            if axes is None:  # one bias, as Keras: the other is not trained
                parameter.requires_grad_(False).zero_()
            else:
                value = torch.from_numpy(np.ascontiguousarray(next(values)))
                parameter.copy_(value.permute(tuple(np.argsort(axes).tolist())))
