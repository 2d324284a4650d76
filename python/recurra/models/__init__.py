"""Models: Sequential, functional, and by subclassing."""

from recurra.models.model import Model
from recurra.models.saving import clone_model, load_model, model_from_json, save_model
from recurra.models.sequential import Sequential

__all__ = ["Model", "Sequential", "clone_model", "load_model", "model_from_json", "save_model"]
