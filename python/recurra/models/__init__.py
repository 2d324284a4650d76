"""Models: Sequential, functional, and by subclassing."""

from typing import TYPE_CHECKING

from recurra.checks import attribute_hints
from recurra.models.language_model import LanguageModel
from recurra.models.model import Model
from recurra.models.ponder_model import PonderModel
from recurra.models.programmer import NeuralProgrammer
from recurra.models.readout import fit_readout
from recurra.models.saving import clone_model, load_model, model_from_json, save_model
from recurra.models.seq2seq import Seq2Seq
from recurra.models.sequential import Sequential
from recurra.models.vocabulary import Vocabulary

__all__ = [
    "LanguageModel",
    "Model",
    "NeuralProgrammer",
    "PonderModel",
    "Seq2Seq",
    "Sequential",
    "Vocabulary",
    "clone_model",
    "fit_readout",
    "load_model",
    "model_from_json",
    "save_model",
]

if not TYPE_CHECKING:
    __getattr__ = attribute_hints(__name__)
