"""Keras's side, on TensorFlow: compiled `train_on_batch` and `predict_on_batch`."""

from __future__ import annotations

import os
from collections.abc import Callable

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from cases import Case, last_recurrent


class Unsupported(Exception):
    """A case that this side cannot do."""


def version() -> str:
    return f"keras {keras.__version__} (tensorflow {tf.__version__})"


def set_threads(threads: int) -> None:
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)


def prepare(case: Case, mode: str, x: np.ndarray, y: np.ndarray) -> Callable[[], object]:
    model = keras.Sequential([layers.Input((case.time, case.features) if case.features else (case.time,))])
    for index, (kind, *arguments) in enumerate(case.layers):
        sequences = not last_recurrent(case.layers, index)
        if kind == "embedding":
            model.add(layers.Embedding(*arguments))
        elif kind == "conv":
            model.add(layers.Conv1D(*arguments, activation="relu"))
        elif kind == "pool":
            model.add(layers.MaxPooling1D(*arguments))
        elif kind == "globalmax":
            model.add(layers.GlobalMaxPooling1D())
        elif kind == "bigru":
            model.add(layers.Bidirectional(layers.GRU(arguments[0], return_sequences=sequences)))
        else:
            cell = {"gru": layers.GRU, "lstm": layers.LSTM, "rnn": layers.SimpleRNN}[kind]
            options = arguments[1] if len(arguments) > 1 else {}
            model.add(cell(arguments[0], return_sequences=sequences, **options))
    model.add(layers.Dense(1))
    model.compile(optimizer="rmsprop", loss="mae")
    inputs, target = tf.constant(x), tf.constant(y)
    if mode == "train":
        return lambda: model.train_on_batch(inputs, target)
    return lambda: model.predict_on_batch(inputs)
