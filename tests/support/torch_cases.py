"""Modules of torch.nn whose outputs are stored: class, arguments, shapes of the inputs."""

from __future__ import annotations

from typing import Any, NamedTuple


class TorchCase(NamedTuple):
    kind: str
    arguments: dict[str, Any]
    shapes: tuple[tuple[int, ...], ...]  # as torch takes them; for an Embedding of its numbers

    @property
    def name(self) -> str:
        settings = (f"{name}={value}" for name, value in self.arguments.items())
        return f"{self.kind}({', '.join(settings)})"


_ROWS = ((3, 6, 5),)  # batch, time, features


def _recurrent(kind: str, **options: Any) -> TorchCase:
    return TorchCase(kind, {"input_size": 5, "hidden_size": 4, "batch_first": True, **options}, _ROWS)


def _convolution(**options: Any) -> TorchCase:
    return TorchCase("Conv1d", {"in_channels": 4, "out_channels": 6, "kernel_size": 3, **options}, ((2, 4, 9),))


def _attention(*shapes: tuple[int, ...], **options: Any) -> TorchCase:
    return TorchCase("MultiheadAttention", {"embed_dim": 6, "num_heads": 2, "batch_first": True, **options}, shapes)


CASES = [
    *(
        _recurrent(kind, **options)
        for kind in ("RNN", "LSTM", "GRU")
        for options in (
            {},
            {"bias": False},
            {"num_layers": 3},
            {"bidirectional": True},
            {"num_layers": 2, "bidirectional": True, "dropout": 0.25},
        )
    ),
    _recurrent("RNN", nonlinearity="relu", num_layers=2),
    _recurrent("LSTM", proj_size=3),
    _recurrent("LSTM", proj_size=2, num_layers=2, bidirectional=True),
    _convolution(),
    _convolution(padding=2, groups=2, dilation=2),
    _convolution(padding=1, stride=2, bias=False),
    _convolution(padding="same", kernel_size=4),
    TorchCase("Linear", {"in_features": 5, "out_features": 3}, _ROWS),
    TorchCase("Linear", {"in_features": 5, "out_features": 3, "bias": False}, _ROWS),
    TorchCase("Embedding", {"num_embeddings": 7, "embedding_dim": 3}, ((3, 6),)),
    TorchCase("LayerNorm", {"normalized_shape": 5}, _ROWS),
    TorchCase("LayerNorm", {"normalized_shape": (6, 5), "bias": False, "eps": 0.01}, _ROWS),
    TorchCase("LayerNorm", {"normalized_shape": 5, "elementwise_affine": False}, _ROWS),
    TorchCase("BatchNorm1d", {"num_features": 4}, ((2, 4, 9),)),
    TorchCase("BatchNorm1d", {"num_features": 5, "affine": False, "eps": 0.01, "momentum": 0.3}, ((3, 5),)),
    _attention((2, 7, 6), (2, 5, 6), (2, 5, 6)),
    _attention((2, 7, 6), (2, 5, 6), (2, 5, 6), bias=False, dropout=0.5),
    _attention((2, 7, 6), (2, 5, 3), (2, 5, 4), kdim=3, vdim=4),
]
