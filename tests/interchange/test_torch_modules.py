"""Modules and tensors of PyTorch by their attributes alone, and what cannot be converted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import recurra
from recurra import layers
from recurra.interchange import TorchModule, from_torch, to_torch
from tests.interchange.test_torch import state_of
from tests.support.torch_cases import CASES


class FakeTensor:
    """What is read of a tensor; `bfloat16` pretends a type that NumPy has not."""

    def __init__(self, array: np.ndarray, dtype: str = "torch.float32") -> None:
        self.array, self.dtype = array, dtype

    def detach(self) -> FakeTensor:
        return self

    def cpu(self) -> FakeTensor:
        return self

    def float(self) -> FakeTensor:
        return FakeTensor(self.array)

    def numpy(self) -> np.ndarray:
        if self.dtype == "torch.bfloat16":
            raise TypeError("Got unsupported ScalarType BFloat16")
        return self.array


def fake(kind: str, state: dict[str, np.ndarray], dtype: str = "torch.float32", **attributes: Any) -> Any:
    """A module with this class's name, these attributes and this state dict."""
    tensors = {name: FakeTensor(value, dtype) for name, value in state.items()}
    return type(kind, (), {**attributes, "state_dict": lambda self: tensors})()


def arrays(**shapes: tuple[int, ...]) -> dict[str, np.ndarray]:
    return {name: np.ones(shape, "float32") for name, shape in shapes.items()}


LSTM = arrays(weight_ih_l0=(12, 4), weight_hh_l0=(12, 3), bias_ih_l0=(12,), bias_hh_l0=(12,))
RECURRENT = {"input_size": 4, "hidden_size": 3, "num_layers": 1, "bias": True, "dropout": 0.0, "proj_size": 0}
GRU = {name: value[:9] for name, value in LSTM.items()}
TABLE = arrays(weight=(5, 3))
CONVOLUTION = arrays(weight=(6, 2, 3), bias=(6,))
NORMS = arrays(running_mean=(4,), running_var=(4,))
ATTENTION = {**arrays(in_proj_weight=(18, 6), in_proj_bias=(18,)), "out_proj.weight": np.ones((6, 6), "float32")}
ATTENTION["out_proj.bias"] = np.ones(6, "float32")


@pytest.mark.parametrize("dtype", ["torch.float32", "torch.bfloat16"])
def test_a_module_tells_its_settings(dtype: str) -> None:
    module = fake("LSTM", LSTM, dtype, **RECURRENT, bidirectional=False, batch_first=False)
    layer = from_torch(module)
    assert isinstance(layer, layers.LSTM)
    assert layer.units == 3
    assert layer.return_sequences
    attributes = {"in_channels": 4, "out_channels": 6, "kernel_size": (3,), "stride": (1,), "padding": (2,)}
    more = {"dilation": (2,), "groups": 2, "padding_mode": "zeros", "bias": FakeTensor(CONVOLUTION["bias"])}
    model = from_torch(fake("Conv1d", CONVOLUTION, **attributes, **more))
    assert model.layers[0].padding == (2, 2)
    assert model.layers[1].dilation_rate == (2,)
    attention = fake("MultiheadAttention", ATTENTION, num_heads=3, dropout=0.1, in_proj_bias=FakeTensor(np.ones(18)))
    assert from_torch(attention).num_heads == 3
    assert from_torch(
        fake("RNN", {name: value[:3] for name, value in LSTM.items()}, nonlinearity="relu")
    ).activation is (recurra.activations.relu)
    counted = {**NORMS, "num_batches_tracked": np.array(3)}
    assert from_torch(fake("BatchNorm1d", counted, eps=0.5, momentum=0.25, affine=False)).momentum == 0.75


def test_settings_of_training_can_be_left_out() -> None:
    module = fake("Embedding", TABLE, padding_idx=0, max_norm=None, scale_grad_by_freq=False, sparse=False)
    with pytest.raises(ValueError, match="padding_idx=0 would be lost; training=False leaves out"):
        from_torch(module)
    assert from_torch(module, training=False).input_dim == 5
    layer = layers.LSTM(3, dropout=0.2, kernel_regularizer="l2")
    layer.build((None, None, 4))
    with pytest.raises(ValueError, match=r"dropout=0\.2 would be lost in torch\.nn\.LSTM; training=False"):
        to_torch(layer)
    assert to_torch(layer, training=False).arguments["hidden_size"] == 3


REFUSED: dict[str, tuple[Any, dict[str, Any], str]] = {
    "no module": (7, {}, "expected a module or state dict of PyTorch, got int"),
    "our layer": (layers.Dense(2), {}, "expected a module or state dict of PyTorch, got Dense"),
    "class": (fake("Transformer", {}), {}, "cannot convert a Transformer, known are RNN, LSTM"),
    "container": (
        fake("Net", {}, named_children=lambda self: [("lstm", 0), ("head", 0)]),
        {},
        "convert its modules one by one: lstm, head",
    ),
    "prefix": ({"lstm.weight_ih_l0": LSTM["weight_ih_l0"]}, {}, "choose a module by prefix: 'lstm.'"),
    "nothing": ({}, {}, "cannot tell the class of a module with no weights"),
    "table or matrix": (TABLE, {}, "Embedding, a Linear or a LayerNorm; give kind"),
    "name": ({3: TABLE["weight"]}, {}, "expected names of weights as text, got 3"),
    "entry": ({"weight": "text"}, {}, "weight must be an array or tensor of floating numbers, got str"),
    "integers": ({"weight": np.ones((2, 3), int)}, {}, "floating numbers, got int64"),
    "setting": (LSTM, {"dropot": 0.5}, "has no argument 'dropot'; did you mean 'dropout'"),
    "setting beside a module": (fake("LSTM", LSTM), {"dropout": 0.5}, "dropout is read from the module"),
    "missing": ({name: LSTM[name] for name in list(LSTM)[:3]}, {}, "LSTM: bias_hh_l0 is missing; there are"),
    "missing layer": ({**LSTM, **arrays(weight_ih_l2=(12, 3))}, {}, "LSTM: weight_ih_l1 is missing"),
    "left over": ({**LSTM, **arrays(bias_xx=(12,))}, {}, "LSTM: bias_xx is left over and would be lost"),
    "rank": ({**LSTM, **arrays(weight_ih_l0=(12,))}, {}, "LSTM: weight_ih_l0 must have 2 axes, got shape (12,)"),
    "shape": ({**LSTM, **arrays(bias_hh_l0=(11,))}, {}, "bias_hh_l0 must have shape (12,) to fit the other"),
    "gates": ({**LSTM, **arrays(weight_ih_l0=(13, 4))}, {}, "13 rows and 3 units is no RNN, GRU or LSTM"),
    "gates of the kind": (LSTM, {"kind": "GRU"}, "GRU: weight_ih_l0 must have shape (9, 4)"),
    "size": (fake("LSTM", LSTM, **{**RECURRENT, "hidden_size": 5}), {}, "hidden_size=5 contradicts the weights"),
    "projected GRU": ({**GRU, **arrays(weight_hr_l0=(3, 3))}, {"kind": "GRU"}, "projection, which only an LSTM has"),
    "nonlinearity": ({name: value[:3] for name, value in LSTM.items()}, {"nonlinearity": "elu"}, "'tanh' or 'relu'"),
    "max_norm": (TABLE, {"kind": "Embedding", "max_norm": 1.0}, "Embedding: max_norm=1.0 would be lost"),
    "padding mode": (CONVOLUTION, {"padding_mode": "circular"}, "Conv1d: padding_mode='circular' would be lost"),
    "stride and dilation": (CONVOLUTION, {"stride": 2, "dilation": 2}, "strides > 1 cannot be combined"),
    "same with stride": (CONVOLUTION, {"stride": 2, "padding": "same"}, "padding='same' needs stride=1"),
    "groups": (CONVOLUTION, {"groups": 4}, "groups=4 must divide the number of filters"),
    "groups as text": (CONVOLUTION, {"groups": "2"}, "groups must be an integer"),
    "channels": (CONVOLUTION, {"in_channels": 3}, "in_channels=3 contradicts weight (6, 2, 3) with groups=1"),
    "statistics": (NORMS, {"track_running_stats": False}, "track_running_stats=False would be lost"),
    "momentum": (NORMS, {"momentum": None}, "momentum=None, the mean of all batches, would be lost"),
    "momentum as text": (NORMS, {"momentum": "0.1"}, "momentum must be a number"),
    "heads": (ATTENTION, {}, "do not tell the number of heads; give num_heads"),
    "heads that do not divide": (ATTENTION, {"num_heads": 4}, "num_heads must divide embed_dim=6, got 4"),
    "zero attention": (ATTENTION, {"num_heads": 2, "add_zero_attn": True}, "add_zero_attn=True would be lost"),
    "bias of keys": (
        fake("MultiheadAttention", ATTENTION, num_heads=2, in_proj_bias=0, bias_k=np.ones((1, 1, 6))),
        {},
        "MultiheadAttention: bias_k would be lost; recurra's layer has nothing like it",
    ),
    "no shape": (TorchModule("LayerNorm", {"elementwise_affine": False}), {}, "normalized_shape is missing"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_from_torch_refuses(name: str) -> None:
    source, options, words = REFUSED[name]
    with pytest.raises((ValueError, TypeError)) as caught:
        from_torch(source, **options)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def sequential(*parts: Any) -> Any:
    return recurra.Sequential(list(parts))


LOST = {
    "activation": (layers.LSTM(3, activation="relu"), "activation='relu' would be lost in torch.nn.LSTM"),
    "gate": (layers.GRU(3, recurrent_activation="hard_sigmoid"), "recurrent_activation='hard_sigmoid' would be lost"),
    "reset": (layers.GRU(3, reset_after=False), "reset_after=False would be lost in torch.nn.GRU"),
    "peephole": (layers.LSTM(3, peephole="diagonal"), "peephole='diagonal' would be lost"),
    "zoneout": (layers.LSTM(3, zoneout=0.1), "zoneout=0.1 would be lost in torch.nn.LSTM"),
    "normalization": (layers.GRU(3, normalization="layer"), "normalization='layer' would be lost"),
    "backwards": (layers.GRU(3, go_backwards=True), "go_backwards=True would be lost"),
    "softsign": (layers.SimpleRNN(3, activation="softsign"), "torch.nn.RNN has tanh and relu"),
    "wide projection": (layers.LSTM(3, projection=3), "projection=3 must be less than units"),
    "merge": (layers.Bidirectional(layers.GRU(3), merge_mode="sum"), "merge_mode='sum' would be lost"),
    "mask": (layers.Embedding(5, 3, mask_zero=True), "mask_zero=True would be lost in torch.nn.Embedding"),
    "dense": (layers.Dense(3, activation="relu"), "its activation would be lost in torch.nn.Linear"),
    "causal": (layers.Conv1D(3, 2, padding="causal"), "padding='causal' would be lost"),
    "strided same": (layers.Conv1D(3, 2, strides=2, padding="same"), "strides=2 would be lost"),
    "one side": (sequential(layers.ZeroPadding1D((1, 2)), layers.Conv1D(3, 2)), "pads both sides alike"),
    "axis": (layers.LayerNormalization(axis=1), "axis=1 would be lost"),
    "root mean square": (layers.LayerNormalization(rms_scaling=True), "rms_scaling=True would be lost"),
    "beta alone": (layers.LayerNormalization(scale=False), "scale=False would be lost"),
    "gamma alone": (layers.BatchNormalization(center=False), "both of gamma and beta or none"),
    "head size": (layers.MultiHeadAttention(2, 5), "heads of another size"),
    "window": (layers.MultiHeadAttention(2, 2, sliding_window=2), "sliding_window=2 would be lost"),
    "other layer": (layers.MinGRU(3), "no single module of torch.nn computes it"),
    "model": (sequential(layers.GRU(3), layers.Dense(2)), "of a model convert each layer"),
    "unequal": (sequential(layers.GRU(3, return_sequences=True), layers.GRU(2)), "share their options"),
    "dropouts": (
        sequential(
            layers.GRU(3, return_sequences=True),
            layers.Dropout(0.1),
            layers.GRU(3, return_sequences=True),
            layers.Dropout(0.2),
            layers.GRU(3),
        ),
        "different dropouts between layers, [0.1, 0.2], would be lost",
    ),
}


@pytest.mark.parametrize("name", LOST)
def test_to_torch_refuses(name: str) -> None:
    layer, words = LOST[name]
    shape = (None, 6, 4)
    layer.build(*[shape] * (2 if isinstance(layer, layers.MultiHeadAttention) else 1))
    with pytest.raises(ValueError, match=r"^layer '") as caught:
        to_torch(layer)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_to_torch_needs_a_built_layer() -> None:
    with pytest.raises(ValueError, match="is not built yet: call it first"):
        to_torch(layers.LSTM(3))
    with pytest.raises(TypeError, match="expected a layer or model of recurra, got int"):
        to_torch(3)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damaged_state_dicts_are_refused_in_one_line(data: st.DataObject) -> None:
    """Any weight missing, added, or of another shape: an error of one line, or a layer of what is there."""
    case = data.draw(st.sampled_from([case for case in CASES if state_of(case)]))
    state = state_of(case)
    name = data.draw(st.sampled_from(sorted(state)))
    shape = tuple(data.draw(st.lists(st.integers(0, 24), max_size=4)))
    change = data.draw(st.sampled_from(["missing", "added", "shape"]))
    if change == "missing":
        del state[name]
    else:
        state[name if change == "shape" else f"{name}_reverse"] = np.zeros(shape, "float32")
    kind = data.draw(st.sampled_from([None, case.kind]))
    message = ""
    try:
        layer = from_torch(state, kind=kind)
    except (ValueError, TypeError) as error:
        message = str(error)
    else:
        assert sum(weight.size for weight in layer.get_weights()) <= sum(one.size for one in state.values())
    assert "\n" not in message
