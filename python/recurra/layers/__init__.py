"""Layers with Keras's names, arguments and defaults."""

from recurra.layers.activation import ELU, LeakyReLU, ReLU, Softmax
from recurra.layers.base import Layer
from recurra.layers.core import Activation, Dense, Dropout, Flatten, Identity, Lambda
from recurra.layers.input import Input, InputLayer
from recurra.layers.input_spec import InputSpec
from recurra.layers.operation import Operation
from recurra.layers.recurrent import (
    GRU,
    LSTM,
    RNN,
    Bidirectional,
    DropoutRNNCell,
    GRUCell,
    LSTMCell,
    SimpleRNN,
    SimpleRNNCell,
    StackedRNNCells,
    TimeDistributed,
)
from recurra.layers.text_vectorization import TextVectorization

__all__ = [
    "ELU",
    "GRU",
    "LSTM",
    "RNN",
    "Activation",
    "Bidirectional",
    "Dense",
    "Dropout",
    "DropoutRNNCell",
    "Flatten",
    "GRUCell",
    "Identity",
    "Input",
    "InputLayer",
    "InputSpec",
    "LSTMCell",
    "Lambda",
    "Layer",
    "LeakyReLU",
    "Operation",
    "ReLU",
    "SimpleRNN",
    "SimpleRNNCell",
    "Softmax",
    "StackedRNNCells",
    "TextVectorization",
    "TimeDistributed",
]
