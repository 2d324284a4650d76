"""Recurrent layers, their cells, and wrappers around them."""

from recurra.layers.recurrent.bidirectional import Bidirectional
from recurra.layers.recurrent.connections import Highway, Residual, Stack
from recurra.layers.recurrent.dropout import DropoutRNNCell
from recurra.layers.recurrent.gated_rnn import GatedRNN, GatedRNNCell
from recurra.layers.recurrent.gru import GRU, GRUCell
from recurra.layers.recurrent.ind_rnn import IndRNN, IndRNNCell
from recurra.layers.recurrent.jordan import Jordan, JordanCell
from recurra.layers.recurrent.linear_rnn import LinearRNN, LinearRNNCell
from recurra.layers.recurrent.lstm import LSTM, LSTMCell
from recurra.layers.recurrent.mgu import MGU, MGUCell
from recurra.layers.recurrent.min_gru import MinGRU, MinGRUCell
from recurra.layers.recurrent.rnn import RNN
from recurra.layers.recurrent.simple_rnn import SimpleRNN, SimpleRNNCell
from recurra.layers.recurrent.stacked import StackedRNNCells
from recurra.layers.recurrent.time_distributed import TimeDistributed

__all__ = [
    "GRU",
    "LSTM",
    "MGU",
    "RNN",
    "Bidirectional",
    "DropoutRNNCell",
    "GRUCell",
    "GatedRNN",
    "GatedRNNCell",
    "Highway",
    "IndRNN",
    "IndRNNCell",
    "Jordan",
    "JordanCell",
    "LSTMCell",
    "LinearRNN",
    "LinearRNNCell",
    "MGUCell",
    "MinGRU",
    "MinGRUCell",
    "Residual",
    "SimpleRNN",
    "SimpleRNNCell",
    "Stack",
    "StackedRNNCells",
    "TimeDistributed",
]
