"""Layers with Keras's names, arguments and defaults."""

from recurra.layers.activation import ELU, LeakyReLU, ReLU, Softmax
from recurra.layers.base import Layer
from recurra.layers.core import Activation, Dense, Dropout, Flatten, Identity, Lambda
from recurra.layers.input import Input, InputLayer
from recurra.layers.input_spec import InputSpec
from recurra.layers.operation import Operation
from recurra.layers.text_vectorization import TextVectorization

__all__ = [
    "ELU",
    "Activation",
    "Dense",
    "Dropout",
    "Flatten",
    "Identity",
    "Input",
    "InputLayer",
    "InputSpec",
    "Lambda",
    "Layer",
    "LeakyReLU",
    "Operation",
    "ReLU",
    "Softmax",
    "TextVectorization",
]
