"""A model that answers questions about tables by programs: reading, operations, the network, programs as text."""

from recurra.models.programmer.model import NeuralProgrammer

__all__ = ["NeuralProgrammer"]
