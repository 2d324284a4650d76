"""Recurrent layers, their cells, and wrappers around them."""

from recurra.layers.recurrent.bidirectional import Bidirectional
from recurra.layers.recurrent.connections import Highway, Residual, Stack
from recurra.layers.recurrent.dropout import DropoutRNNCell
from recurra.layers.recurrent.gru import GRU, GRUCell
from recurra.layers.recurrent.lstm import LSTM, LSTMCell
from recurra.layers.recurrent.rnn import RNN
from recurra.layers.recurrent.simple_rnn import SimpleRNN, SimpleRNNCell
from recurra.layers.recurrent.stacked import StackedRNNCells
from recurra.layers.recurrent.time_distributed import TimeDistributed

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "Bidirectional",
    "DropoutRNNCell",
    "GRUCell",
    "Highway",
    "LSTMCell",
    "Residual",
    "SimpleRNN",
    "SimpleRNNCell",
    "Stack",
    "StackedRNNCells",
    "TimeDistributed",
]
