"""Why plain recurrent networks forget: the gradient over time, and the task of latching one bit.

A sequence of one feature begins with three steps around +1 or −1, its class, and goes on with noise around 0; the class
is asked for at the end, so the network has to hold one bit for T − 3 steps. Bengio, Simard and Frasconi trained small
plain networks on such tasks by gradient descent, and found that they hardly ever learned them for T of 10 to 20.

Source: "Learning long-term dependencies with gradient descent is difficult", 1994; gates that begin open: Gers et al.,
"Learning to forget", 2000; Tallec and Ollivier, "Can recurrent neural networks warp time?", 2018.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from recurra import initializers, layers, optimizers, random
from recurra.diagnostics.flow import gradient_flow
from recurra.models import Sequential

#: Number of first steps that show the class; standard deviation of the noise.
SHOWN, NOISE = 3, 0.2
#: A network has learned the task when it is right this often; guessing is right half of the time.
LEARNED = 0.95
#: Bias of a gate that begins open: σ(4) = 0.98.
OPEN_BIAS = 4.0


@dataclass(frozen=True)
class Network:
    """A recurrent layer and how it is initialised.

    Attributes:
        name: For tables and pictures.
        make: Makes the layer from its units and options.
        state: The state whose gradient is shown; default "h".
    """

    name: str
    make: Callable[..., Any]
    state: str = "h"


def _small(units: int, **options: Any) -> Any:
    weights = initializers.RandomUniform(-2 / units, 2 / units)
    return layers.SimpleRNN(units, kernel_initializer=weights, recurrent_initializer=weights, **options)


def _large(units: int, **options: Any) -> Any:
    return layers.SimpleRNN(units, recurrent_initializer=initializers.RandomNormal(stddev=2 / units**0.5), **options)


def _open_lstm(units: int, **options: Any) -> Any:
    def bias(shape: Any, dtype: Any = None) -> np.ndarray:
        values = np.zeros(shape, dtype)
        values[units : 2 * units] = OPEN_BIAS
        return values

    return layers.LSTM(units, unit_forget_bias=False, bias_initializer=bias, **options)


def _open_gru(units: int, **options: Any) -> Any:
    def bias(shape: Any, dtype: Any = None) -> np.ndarray:
        values = np.zeros(shape, dtype)
        values[0, :units] = OPEN_BIAS
        return values

    return layers.GRU(units, bias_initializer=bias, **options)


NETWORKS: Mapping[str, Network] = {
    "small": Network("plain, small weights", _small),
    "orthogonal": Network("plain, orthogonal", layers.SimpleRNN),
    "large": Network("plain, large weights", _large),
    "lstm": Network("LSTM", layers.LSTM, "c"),
    "gru": Network("GRU", layers.GRU),
    "open_lstm": Network("LSTM, gates open", _open_lstm, "c"),
    "open_gru": Network("GRU, gates open", _open_gru),
}


def sequences(count: int, steps: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw sequences of the task.

    Args:
        count: Number of sequences.
        steps: Length of each, at least SHOWN.
        rng: Source of the random numbers.

    Returns:
        The sequences (count, steps, 1) and their classes (count, 1), 0 or 1.

    Example:
        >>> from recurra.diagnostics import latching
        >>> x, classes = latching.sequences(4, 10, np.random.default_rng(0))
        >>> x.shape, classes.shape
        ((4, 10, 1), (4, 1))
    """
    classes = rng.integers(0, 2, (count, 1))
    x = rng.normal(0, NOISE, (count, steps, 1))
    x[:, :SHOWN] += (2 * classes - 1)[:, :, None]
    return x.astype(np.float32), classes.astype(np.float32)


def _model(network: Network, units: int, rate: float, **options: Any) -> Any:
    recurrent = network.make(units, **options)
    model = Sequential([layers.Input((None, 1)), recurrent, layers.Dense(1, activation="sigmoid", **options)])
    model.compile(optimizers.SGD(rate), "binary_crossentropy")
    return model


def gradient_over_time(network: Network, steps: int, units: int = 32, seed: int = 0) -> np.ndarray:
    """Measure the gradient of an untrained network over time.

    Args:
        network: One of `NETWORKS`.
        steps: Number of time steps T.
        units: Width of the layer; default 32.
        seed: Of weights and sequences; default 0.

    Returns:
        ‖∂h_T/∂h_t‖ (T,) for t = 1 … T; of an LSTM ‖∂c_T/∂c_t‖.

    Example:
        >>> from recurra.diagnostics import latching
        >>> curve = latching.gradient_over_time(latching.NETWORKS["small"], steps=10, units=4)
        >>> bool(curve[0] < curve[-1])
        True
    """
    random.set_seed(seed)
    x, y = sequences(8, steps, np.random.default_rng(seed))
    return gradient_flow(_model(network, units, 0.1, dtype="float64"), x, y).layers[0].jacobian[network.state]


def learns(network: Network, steps: int, seed: int, *, units: int = 8, updates: int = 400, rate: float = 0.3) -> bool:
    """Whether gradient descent makes the network latch the bit.

    Args:
        network: One of `NETWORKS`.
        steps: Number of time steps.
        seed: Of weights and sequences.
        units: Width of the layer; default 8.
        updates: Steps of gradient descent, on 32 new sequences each; default 400.
        rate: Learning rate; default 0.3.

    Returns:
        Whether it is right for 95 % of 500 new sequences.
    """
    random.set_seed(seed)
    rng = np.random.default_rng(seed)
    model = _model(network, units, rate)
    for _ in range(updates):
        model.train_on_batch(*sequences(32, steps, rng))
    x, classes = sequences(500, steps, rng)
    right = (model.predict(x, batch_size=500, verbose=0) > 0.5) == classes
    return float(right.mean()) >= LEARNED


def success(network: Network, steps: int, seeds: Iterable[int], **options: Any) -> float:
    """The share of trainings in which a network learns the task.

    Args:
        network: One of `NETWORKS`.
        steps: Number of time steps.
        seeds: One for each training.
        **options: Those of `learns`.

    Returns:
        A number in [0, 1].
    """
    return float(np.mean([learns(network, steps, seed, **options) for seed in seeds]))
