"""Recurrent layers, their cells, and wrappers around them."""

from recurra.layers.recurrent.bidirectional import Bidirectional
from recurra.layers.recurrent.co_rnn import CoRNN, CoRNNCell
from recurra.layers.recurrent.connections import Highway, Residual, Stack
from recurra.layers.recurrent.dropout import DropoutRNNCell
from recurra.layers.recurrent.echo_state import EchoState, EchoStateCell
from recurra.layers.recurrent.gated_rnn import GatedRNN, GatedRNNCell
from recurra.layers.recurrent.gru import GRU, GRUCell
from recurra.layers.recurrent.grud import GRUD, GRUDCell
from recurra.layers.recurrent.ind_rnn import IndRNN, IndRNNCell
from recurra.layers.recurrent.jordan import Jordan, JordanCell
from recurra.layers.recurrent.linear_rnn import LinearRNN, LinearRNNCell
from recurra.layers.recurrent.lru import LRU, LRUCell
from recurra.layers.recurrent.lstm import LSTM, LSTMCell
from recurra.layers.recurrent.mgu import MGU, MGUCell
from recurra.layers.recurrent.min_gru import MinGRU, MinGRUCell
from recurra.layers.recurrent.min_lstm import MinLSTM, MinLSTMCell
from recurra.layers.recurrent.qrnn import QRNN, QRNNCell
from recurra.layers.recurrent.rnn import RNN
from recurra.layers.recurrent.simple_rnn import SimpleRNN, SimpleRNNCell
from recurra.layers.recurrent.slstm import SLSTM, SLSTMCell
from recurra.layers.recurrent.sru import SRU, SRUCell
from recurra.layers.recurrent.stacked import StackedRNNCells
from recurra.layers.recurrent.time_distributed import TimeDistributed

__all__ = [
    "GRU",
    "GRUD",
    "LRU",
    "LSTM",
    "MGU",
    "QRNN",
    "RNN",
    "SLSTM",
    "SRU",
    "Bidirectional",
    "CoRNN",
    "CoRNNCell",
    "DropoutRNNCell",
    "EchoState",
    "EchoStateCell",
    "GRUCell",
    "GRUDCell",
    "GatedRNN",
    "GatedRNNCell",
    "Highway",
    "IndRNN",
    "IndRNNCell",
    "Jordan",
    "JordanCell",
    "LRUCell",
    "LSTMCell",
    "LinearRNN",
    "LinearRNNCell",
    "MGUCell",
    "MinGRU",
    "MinGRUCell",
    "MinLSTM",
    "MinLSTMCell",
    "QRNNCell",
    "Residual",
    "SLSTMCell",
    "SRUCell",
    "SimpleRNN",
    "SimpleRNNCell",
    "Stack",
    "StackedRNNCells",
    "TimeDistributed",
]
