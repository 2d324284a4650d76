"""Models: Sequential, functional, and by subclassing."""

from recurra.models.model import Model
from recurra.models.sequential import Sequential

__all__ = ["Model", "Sequential"]
