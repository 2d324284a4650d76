"""Weights and settings of layers from other programs, and back."""

from recurra.interchange.pytorch import from_torch, to_torch
from recurra.interchange.torch_module import TorchModule

__all__ = ["TorchModule", "from_torch", "to_torch"]
