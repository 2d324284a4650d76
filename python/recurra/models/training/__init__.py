"""Training of models: compile, fit, evaluate, predict."""

from recurra.models.training.trainer import Trainer

__all__ = ["Trainer"]
