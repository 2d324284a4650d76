"""Keras's side, on TensorFlow: compiled `train_on_batch` and `predict_on_batch`."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import keras
import numpy as np
import tensorflow as tf

from bench.cases import Case, Unsupported
from bench.peers.keras_network import network
from bench.peers.keras_training import Network
from bench.trainings import Training


def version() -> str:
    return f"keras {keras.__version__} (tensorflow {tf.__version__})"


def set_threads(threads: int) -> None:
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)


OPTIONS = {"activation", "dropout", "recurrent_dropout", "reset_after", "return_sequences"}  # those asked for anywhere


def recurrent(layers: Any, name: str, units: int, options: dict[str, Any]) -> Any:
    if not hasattr(layers, name) or not set(options) <= OPTIONS:
        raise Unsupported(f"Keras has no {name} with {', '.join(options)}")
    return getattr(layers, name)(units, **options)


def prepare(
    case: Case, mode: str, x: np.ndarray, y: np.ndarray, weights: list[np.ndarray] | None = None
) -> Callable[[], object]:
    if mode == "step":
        return stepped(case, tf.constant(x))
    model = network(keras, case, recurrent)
    if weights is not None:
        model.set_weights(weights)
    inputs, target = tf.constant(x), tf.constant(y)
    if mode == "train":
        return lambda: model.train_on_batch(inputs, target)
    return lambda: model.predict_on_batch(inputs)


def stepped(case: Case, inputs: tf.Tensor) -> Callable[[], object]:
    """Calls a stateful model, compiled whole, on one time step."""
    model = keras.Sequential([keras.layers.Input(batch_shape=inputs.shape)])
    for kind, units in case.layers:
        model.add({"gru": keras.layers.GRU, "lstm": keras.layers.LSTM}[kind](units, stateful=True))
    model.add(keras.layers.Dense(1))
    call = tf.function(model, jit_compile=True)
    return lambda: call(inputs).numpy()


def trained_network(training: Training, weights: list[np.ndarray], seed: int) -> Network:
    keras.utils.set_random_seed(seed)
    return Network(keras, training, weights)
