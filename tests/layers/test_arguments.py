"""Numeric arguments of layers, cells, initializers, regularizers and constraints: what passes, and what is refused.

The table says how each object is made; the arguments are found in the signatures, so a new one is examined as well.
"""

from __future__ import annotations

import inspect
import json
import math
from typing import Any

import numpy as np
import pytest

from recurra import constraints, initializers, layers, regularizers, serialization
from tests.support.layer_cases import CASES

# What an object needs to be made, by class name: the first row of the table of layers, and what that does not have.
NEEDS: dict[str, dict[str, Any]] = {case.layer: case.arguments for case in reversed(CASES)} | {
    "Activation": {"activation": "relu"},
    "AdaptiveComputation": {"cell": layers.GRUCell(2)},
    "AdaptiveSoftmax": {"classes": 9, "cutoffs": [2, 5]},
    "AlphaDropout": {"rate": 0.5},
    "AttentionRNN": {"cell": layers.GRUCell(2), "attention_units": 3, "attention_layer_size": 4},
    "Bidirectional": {"layer": layers.GRU(2)},
    "Conv1DTranspose": {"filters": 2, "kernel_size": 3, "strides": 2, "output_padding": 1},
    "Conv2D": {"filters": 2, "kernel_size": 3},
    "Dense": {"units": 2},
    "Dropout": {"rate": 0.5},
    "GaussianDropout": {"rate": 0.5},
    "GaussianNoise": {"stddev": 0.5},
    "GroupedQueryAttention": {"head_dim": 4, "num_query_heads": 4, "num_key_value_heads": 2},
    "HierarchicalAttentionEncoder": {
        "word_encoder": layers.GRU(2, return_sequences=True),
        "sentence_encoder": layers.GRU(2, return_sequences=True),
        "attention_units": 3,
    },
    "Highway": {"layer": layers.Dense(2)},
    "InputLayer": {"shape": 3},
    "Lambda": {"function": abs},
    "MultiHeadAttention": {"num_heads": 2, "key_dim": 4, "value_dim": 3, "sliding_window": 2, "output_shape": 5},
    "NTM": {"controller": layers.GRUCell(2), "memory_size": 5},
    "Operation": {"function": "tanh"},
    "PReLU": {"shared_axes": 1},
    "PonderNet": {"cell": layers.GRUCell(2), "halting_bias": 0.5},
    "RNN": {"cell": layers.GRUCell(2)},
    "ReLU": {"max_value": 2.0},
    "Repeat": {"cell": layers.GRUCell(2)},
    "Reshape": {"target_shape": 3},
    "Residual": {"layer": layers.Dense(2)},
    "SpatialDropout1D": {"rate": 0.5},
    "Stack": {"layer": layers.GRU(2), "depth": 2},
    "StackedRNNCells": {"cells": [layers.GRUCell(2)]},
    "TimeDistributed": {"layer": layers.Dense(2)},
    "WeightNormalization": {"layer": layers.Dense(2)},
    "TextVectorization": {"max_tokens": 10, "ngrams": 2, "output_sequence_length": 5},
    **{name: {"units": 2} for name in ("GRU", "GatedRNN", "IndRNN", "LinearRNN", "MGU", "MinGRU", "SimpleRNN")},
    **{name: {"units": 2} for name in ("CoRNN", "EchoState", "GRUD", "MinLSTM", "QRNN", "SLSTM", "SRU")},
    "LRU": {"units": 2, "state_units": 3},
    "Jordan": {"units": 2, "output_units": 3},
    "LSTM": {"units": 2, "projection": 3, "cell_clip": 1.5, "forget_bias": 0.5},
}
NEEDS |= {f"{name}Cell": NEEDS[name] for name in NEEDS if f"{name}Cell" in layers.__all__}
# Values for arguments that are None by default; seeds are everywhere.
VALUES = {"seed": 3, "skip": 2, "strides": 2, "gate_bias": -1.0}
# Bases and mixins.
BASES = {"Layer", "DropoutRNNCell", "Initializer", "RandomInitializer", "Regularizer", "Constraint"}
# Not numbers, though their default is one.
CHOICES = {"implementation", "time_major", "unroll"}
# Negative numbers mean something.
SIGNED = {
    "axis", "axes", "sequence_axis", "feature_axis",
    "shared_axes", "forget_bias", "gate_bias", "mask_value", "start", "stop", "step", "mean", "minval",
    "maxval", "value", "gain", "target_shape", "memory_initializer", "halting_bias",
}  # fmt: skip
# Arguments whose absurd values cost nothing: an axis is compared with the rank, and weights are bounded when made.
UNBOUNDED = {"axis", "axes", "shared_axes", "start", "stop", "step", "units", "filters", "input_dim", "output_dim",
    "output_units", "state_units", "projection", "groups", "depth_multiplier", "skip", "max_tokens",
    "sequence_axis", "feature_axis", "num_heads", "num_query_heads", "num_key_value_heads", "head_dim", "key_dim",
    "value_dim", "sliding_window", "output_shape", "sequence_length", "vocabulary_size", "embedding_dim",
    "intermediate_dim", "attention_units", "attention_layer_size", "classes", "memory_size", "memory_dim",
    "read_heads", "write_heads",
}  # fmt: skip


def classes() -> dict[str, Any]:
    found = {name: getattr(layers, name) for name in layers.__all__}
    for module in (initializers, regularizers, constraints):
        found |= {f"{module.__name__}.{name}": value for name, value in vars(module).items() if name[0].isupper()}
    kinds = (layers.Layer, initializers.Initializer, regularizers.Regularizer, constraints.Constraint)
    return {
        name: value
        for name, value in found.items()
        if inspect.isclass(value) and issubclass(value, kinds) and value.__name__ not in BASES
    }


CLASSES = classes()


def numbers_of(cls: Any) -> dict[str, Any]:
    """The numeric arguments of a class, with a value that passes."""
    found = {}
    for name, parameter in inspect.signature(cls).parameters.items():
        value = NEEDS.get(cls.__name__, {}).get(name, parameter.default)
        value = VALUES.get(name, value) if value in (None, inspect.Parameter.empty) else value
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if number and name not in CHOICES and name not in getattr(getattr(cls, "cell_class", cls), "refused", ()):
            found[name] = value
    if cls is initializers.Constant:
        del found["value"]  # which may be an array, a truth value or infinite as well
    return found


ROWS = [(name, argument) for name, cls in CLASSES.items() for argument in numbers_of(cls)]


def make(name: str, **changes: Any) -> Any:
    cls = CLASSES[name]
    arguments = {**NEEDS.get(cls.__name__, {}), **changes}
    if "forget_bias" not in changes and cls.__name__.startswith("LSTM") and "skip" in changes:
        arguments.pop("projection")
    return cls(**arguments)


def config_of(made: Any) -> Any:
    described = serialization.plain({**made.get_config(), "name": None})
    json.dumps(described, allow_nan=False)
    return described


def refuses(name: str, argument: str, value: Any) -> str:
    with pytest.raises((ValueError, TypeError)) as raised:
        make(name, **{argument: value})
    return str(raised.value)


def test_the_table_covers_what_it_should() -> None:
    assert len(CLASSES) > 100
    assert len(ROWS) > 150
    for wanted in [
        ("Dropout", "rate"),
        ("LSTM", "dropout"),
        ("LSTM", "cell_clip"),
        ("GRU", "units"),
        ("Stack", "depth"),
        ("Softmax", "axis"),
        ("Conv1D", "dilation_rate"),
        ("recurra.regularizers.L2", "l2"),
        ("recurra.constraints.MaxNorm", "max_value"),
        ("recurra.initializers.RandomNormal", "stddev"),
    ]:
        assert wanted in ROWS


@pytest.mark.parametrize(("name", "argument"), ROWS)
def test_numpy_scalars_pass_and_are_stored_as_plain_numbers(name: str, argument: str) -> None:
    value = numbers_of(CLASSES[name])[argument]
    kinds = [np.int64, np.int32, np.uint8] if isinstance(value, int) else [np.float32, np.float64]
    for kind in kinds:
        if kind is np.uint8 and value < 0:
            continue
        given = kind(value)
        expected = config_of(make(name, **{argument: given.item()}))
        assert config_of(make(name, **{argument: given})) == expected


@pytest.mark.parametrize(("name", "argument"), ROWS)
def test_what_is_no_number_is_refused_in_words(name: str, argument: str) -> None:
    value = numbers_of(CLASSES[name])[argument]
    for wrong in (str(value), True, np.True_, math.nan, [[value]], 1j):
        message = refuses(name, argument, wrong)
        assert argument in message


@pytest.mark.parametrize(("name", "argument"), [row for row in ROWS if row[1] not in SIGNED])
def test_negative_numbers_are_refused(name: str, argument: str) -> None:
    value = numbers_of(CLASSES[name])[argument]
    assert argument in refuses(name, argument, -3 if isinstance(value, int) else -3.0)


@pytest.mark.parametrize(
    ("name", "argument"), [row for row in ROWS if row[1] not in UNBOUNDED and row != ("ReLU", "max_value")]
)
def test_absurd_numbers_are_refused(name: str, argument: str) -> None:
    value = numbers_of(CLASSES[name])[argument]
    if isinstance(value, int):
        assert argument in refuses(name, argument, 2**70)
    else:
        assert argument in refuses(name, argument, math.inf)


@pytest.mark.parametrize("argument", ["units", "filters", "input_dim"])
def test_weights_beyond_any_memory_are_refused_before_they_are_made(argument: str) -> None:
    makers = {
        "units": layers.LSTM,
        "filters": lambda n: layers.Conv1D(n, 3),
        "input_dim": lambda n: layers.Embedding(n, 4),
    }
    layer = makers[argument](2**50)
    with pytest.raises(ValueError, match=r"the weight '\w+' would have .* numbers"):
        layer.build((None, 5) if argument == "input_dim" else (None, 5, 3))


@pytest.mark.parametrize("flag", ["False", 2, None, 0.0, []])
def test_truth_values_are_not_guessed(flag: Any) -> None:
    for name, argument in [("Dense", "use_bias"), ("GRU", "return_sequences"), ("GRU", "reset_after"),
                           ("BatchNormalization", "center"), ("Embedding", "mask_zero")]:  # fmt: skip
        assert f"{argument} must be True or False" in refuses(name, argument, flag)
    assert layers.Dense(2, use_bias=np.False_).get_config()["use_bias"] is False
    assert layers.Dense(2, use_bias=0).get_config()["use_bias"] is False


@pytest.mark.parametrize(
    ("name", "argument", "value"),
    [
        ("Conv2D", "kernel_size", (3, "3")),
        ("Conv2D", "strides", (1, True)),
        ("ZeroPadding1D", "padding", (1, 2**63 - 1)),
        ("Cropping1D", "cropping", (1, -1)),
        ("Reshape", "target_shape", ("3",)),
        ("Permute", "dims", ("1",)),
        ("LayerNormalization", "axis", [1, "2"]),
        ("Softmax", "axis", [1.0]),
        ("Dropout", "noise_shape", (None, "1")),
        ("Dropout", "noise_shape", (0,)),
        ("AlphaDropout", "noise_shape", 3),
        ("LSTM", "zoneout", (0.1, "0.1")),
        ("LSTM", "zoneout", (0.1,)),
        ("GRU", "skip", (2, 2)),
        ("TextVectorization", "ngrams", (1, "2")),
    ],
)
def test_lists_of_numbers(name: str, argument: str, value: Any) -> None:
    assert argument in refuses(name, argument, value)


def test_noise_shapes_must_fit_the_input() -> None:
    x = np.ones((2, 3, 4), "float32")
    with pytest.raises(
        ValueError, match=r"noise_shape \(None, 1\) does not fit an input of shape \(2, 3, 4\); give one"
    ):
        layers.Dropout(0.5, noise_shape=(None, 1))(x, training=True)
    with pytest.raises(ValueError, match=r"noise_shape \(2, 2, 4\) does not fit"):
        layers.AlphaDropout(0.5, noise_shape=(2, 2, 4))(x, training=True)


def test_constants_are_numbers_or_arrays_of_them() -> None:
    for value in (np.float32(0.5), 0.5, [0.5, 0.5], np.int64(1)):
        json.dumps(serialization.plain(initializers.Constant(value).get_config()))
    for value in ("0.5", None, object()):
        with pytest.raises(ValueError, match="Constant: value must be a number or an array of numbers"):
            initializers.Constant(value)


def test_an_unbounded_relu_is_stored_as_one_without_a_bound() -> None:
    assert layers.ReLU(max_value=math.inf).get_config()["max_value"] is None


def test_shapes_of_weights_are_integers() -> None:
    layer = layers.Layer()
    assert layer.add_weight(np.int64(3)).shape == (3,)
    assert layer.add_weight((np.int32(2), 3)).shape == (2, 3)
    for shape in ((2.0, 3), ("2",), (True, 3)):
        with pytest.raises(ValueError, match="the weight 'w' needs a shape of integers"):
            layer.add_weight(shape, name="w")
    assert layers.Dense(2, trainable=np.True_).trainable is True


# Arguments that are not stored: first weights, which a file holds, and what is taken for Keras's sake.
NOT_STORED = {
    "weights", "input_length", "use_cudnn", "implementation", "time_major", "synchronized", "sparse", "ragged",
    "tensor", "input_tensor", "optional", "shape", "batch_size", "activity_regularizer", "flash_attention",
}  # fmt: skip


@pytest.mark.parametrize("name", [name for name, cls in CLASSES.items() if issubclass(cls, layers.Layer)])
def test_configurations_hold_every_argument(name: str) -> None:
    cls = CLASSES[name]
    parameters = inspect.signature(cls).parameters.values()
    arguments = {one.name for one in parameters if one.kind is not one.VAR_KEYWORD} - NOT_STORED
    assert set(cls.config_arguments) <= arguments
    if name == "Lambda":
        return  # its function is one of Python's, which no configuration holds
    described = make(name).get_config()
    assert arguments - ({"trainable"} if name == "InputLayer" else set()) <= set(described)
    assert config_of(cls.from_config(described)) == config_of(make(name))


def test_a_layer_of_the_users_own_stores_scalars_of_numpy_as_plain_numbers() -> None:
    class Own(layers.Layer):
        def __init__(self, size: int, rates: Any = (), **options: Any) -> None:
            super().__init__(**options)

    config = Own(np.int64(3), rates=[np.float32(0.5), np.bool_(True)]).get_config()
    assert (config["size"], config["rates"]) == (3, [0.5, True])
    json.dumps(config)


def test_shapes_of_absurd_inputs_are_not_found_by_running() -> None:
    with pytest.raises(ValueError, match=r"an input of shape \(None, 1099511627776\) is too large"):
        layers.Slice(-2)(layers.Input((2**40,)))
