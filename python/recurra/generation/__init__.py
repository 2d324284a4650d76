"""Generating sequences token by token: greedily, by sampling, or by beam search, with states that are carried along."""

from typing import TYPE_CHECKING

from recurra.checks import attribute_hints
from recurra.generation.generate import generate
from recurra.generation.model_step import step_of
from recurra.generation.result import Generated

__all__ = ["Generated", "generate", "step_of"]

if not TYPE_CHECKING:
    __getattr__ = attribute_hints(__name__)
