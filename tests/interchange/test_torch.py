"""Layers from modules of PyTorch and back: stored values of PyTorch, its equations in NumPy, exact round trips."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import recurra
from recurra import layers
from recurra.interchange import TorchModule, from_torch, to_torch
from tests.interchange import torch_equations
from tests.support import packing
from tests.support.places import REFERENCE
from tests.support.torch_cases import CASES, TorchCase

STORED = packing.read(REFERENCE / "torch_modules.npz")
CHANNELS_FIRST = ("Conv1d", "BatchNorm1d")
each_case = pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])


def state_of(case: TorchCase) -> dict[str, np.ndarray]:
    return {name[7:]: value for name, value in STORED[case.name].items() if name.startswith("weight:")}


WITH_WEIGHTS = [case for case in CASES if state_of(case)]


def moved(case: TorchCase, x: np.ndarray) -> np.ndarray:
    return x.swapaxes(1, 2) if case.kind in CHANNELS_FIRST and x.ndim == 3 else x


def check_output(case: TorchCase, layer: Any) -> None:
    stored = STORED[case.name]
    inputs = [moved(case, stored[f"input{i}"]) for i in range(len(case.shapes))]
    if case.kind == "MultiheadAttention":
        query, key, value = inputs
        output = layer(query, value, key)
    else:
        output = layer(*inputs)
    np.testing.assert_allclose(output.numpy(), moved(case, stored["output"]), rtol=1e-5, atol=1e-6)


@each_case
def test_computes_what_torch_computes(case: TorchCase) -> None:
    check_output(case, from_torch(TorchModule(case.kind, case.arguments, state_of(case))))


@pytest.mark.parametrize("case", WITH_WEIGHTS, ids=[case.name for case in WITH_WEIGHTS])
def test_shapes_tell_the_class_and_the_sizes(case: TorchCase) -> None:
    told = ("padding", "stride", "dilation", "groups", "eps", "num_heads", "nonlinearity")
    settings = {name: value for name, value in case.arguments.items() if name in told}
    alone = [weight.ndim for weight in state_of(case).values()] == [2]
    prefixed = {f"net.part.{name}": value for name, value in state_of(case).items()} | {"net.other.weight": None}
    layer = from_torch(prefixed, prefix="net.part.", kind=case.kind if alone else None, **settings)
    check_output(case, layer)


@each_case
def test_goes_back_exactly(case: TorchCase) -> None:
    before = state_of(case)
    module = to_torch(from_torch(TorchModule(case.kind, case.arguments, before)))
    assert module.kind == case.kind
    given = {
        name: (value,) if case.kind == "LayerNorm" and value == 5 else value for name, value in case.arguments.items()
    }
    assert {name: module.arguments[name] for name in given} == given
    assert list(module.state_dict) == list(before)
    for name, value in module.state_dict.items():
        expected = before[name]
        if case.kind in ("RNN", "LSTM") and name.startswith("bias"):  # two that are added
            other = before[name.replace("bias_ih", "bias_hh")]
            expected = expected + other if name.startswith("bias_ih") else np.zeros_like(expected)
        np.testing.assert_array_equal(value, expected, err_msg=name)
        assert value.flags.c_contiguous
        assert value.dtype == np.float32
    again = to_torch(from_torch(module))
    assert again.arguments == module.arguments
    for name, value in module.state_dict.items():
        np.testing.assert_array_equal(again.state_dict[name], value)


def state_of_two_layers(rng: np.random.Generator, kind: str, projection: int, directions: int) -> dict[str, np.ndarray]:
    """In float64, from 4 features to 5 units or the projection's."""
    outputs, rows, state = projection or 5, 5 * {"RNN": 1, "LSTM": 4, "GRU": 3}[kind], {}
    for number, width in enumerate((4, outputs * directions)):
        for end in (f"_l{number}", f"_l{number}_reverse")[:directions]:
            state[f"weight_ih{end}"] = rng.standard_normal((rows, width))
            state[f"weight_hh{end}"] = rng.standard_normal((rows, outputs))
            state[f"bias_ih{end}"], state[f"bias_hh{end}"] = rng.standard_normal((2, rows))
            if projection:
                state[f"weight_hr{end}"] = rng.standard_normal((projection, 5))
    return state


@pytest.mark.parametrize("directions", [1, 2])
@pytest.mark.parametrize(("kind", "projection"), [("RNN", 0), ("LSTM", 0), ("LSTM", 3), ("GRU", 0)])
def test_follows_the_equations_in_float64(kind: str, projection: int, directions: int) -> None:
    rng = np.random.default_rng(1)
    state = state_of_two_layers(rng, kind, projection, directions)
    x = rng.standard_normal((3, 7, 4))
    layer = from_torch(state)
    output = layer(x).numpy()
    assert output.dtype == np.float64
    np.testing.assert_allclose(output, torch_equations.run(kind, x, state, 2, directions), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("directions", [1, 2])
def test_lengths_stand_for_packed_sequences(directions: int) -> None:
    rng = np.random.default_rng(3)
    state, x, lengths = state_of_two_layers(rng, "GRU", 0, directions), rng.standard_normal((3, 7, 4)), [7, 2, 5]
    outputs = from_torch(state).predict(x, lengths=lengths, verbose=0)
    for row, length in enumerate(lengths):
        alone = torch_equations.run("GRU", x[row : row + 1, :length], state, 2, directions)
        np.testing.assert_allclose(outputs[row, :length], alone[0], rtol=1e-12, atol=1e-13)


ROUND_TRIPS = {
    "relu": layers.SimpleRNN(3, activation="relu"),
    "forget bias": layers.LSTM(3, forget_bias=2.0, return_state=True),
    "projection": layers.LSTM(4, projection=2, use_bias=False),
    "bidirectional": layers.Bidirectional(layers.GRU(3)),
    "stack": layers.Stack(layers.Bidirectional(layers.LSTM(3, return_sequences=True)), 3),
    "chain": recurra.Sequential(
        [layers.GRU(3, return_sequences=True), layers.Dropout(0.3), layers.GRU(3, return_sequences=True)]
    ),
    "one layer": recurra.Sequential([layers.Dense(3)]),
    "same": layers.Conv1D(4, 3, padding="same", dilation_rate=2),
    "zeros around": recurra.Sequential([layers.ZeroPadding1D(2), layers.Conv1D(4, 5, strides=2)]),
    "float64": layers.Dense(3, dtype="float64"),
}


@pytest.mark.parametrize("name", ROUND_TRIPS)
def test_layers_come_back(name: str) -> None:
    layer, rng = ROUND_TRIPS[name], np.random.default_rng(2)
    layer.build((None, None, 4))
    layer.set_weights([rng.standard_normal(weight.shape) for weight in layer.weights])
    again = from_torch(to_torch(layer))
    for ours, theirs in zip(layer.get_weights(), again.get_weights(), strict=True):
        assert ours.dtype == theirs.dtype
        np.testing.assert_array_equal(ours, theirs)


def test_dropout_stands_between_layers_only() -> None:
    case = TorchCase("GRU", {"num_layers": 3, "dropout": 0.4}, ())
    state = state_of(next(case for case in CASES if case.kind == "GRU" and case.arguments.get("num_layers") == 3))
    model = from_torch(TorchModule(case.kind, case.arguments, state))
    assert [type(layer).__name__ for layer in model.layers] == ["GRU", "Dropout", "GRU", "Dropout", "GRU"]
    assert {layer.rate for layer in model.layers if isinstance(layer, layers.Dropout)} == {0.4}
    assert to_torch(model, training=False).arguments["dropout"] == 0


def test_a_converted_model_can_be_saved(tmp_path: Path) -> None:
    case = next(case for case in CASES if "dropout" in case.arguments and case.kind == "LSTM")
    model = from_torch(TorchModule(case.kind, case.arguments, state_of(case)))
    model.save(tmp_path / "model.safetensors")
    check_output(case, recurra.models.load_model(tmp_path / "model.safetensors"))


def test_normalisations_take_any_number_of_axes() -> None:
    x = np.random.default_rng(0).standard_normal((2, 3, 4, 5)).astype("float32")
    for state in (
        {"weight": np.ones(5, "float32"), "bias": np.zeros(5, "float32")},
        {"running_mean": np.zeros(5, "float32"), "running_var": np.ones(5, "float32")},
    ):
        layer = from_torch(state)
        for inputs in (x, x[0], x[0, 0]):
            assert layer(inputs).shape == inputs.shape


def test_shares_no_memory() -> None:
    state = {"weight": np.ones((2, 3), "float32"), "bias": np.zeros(2, "float32")}
    layer = from_torch(state)
    module = to_torch(layer)
    state["weight"][:] = module.state_dict["weight"][:] = module.state_dict["bias"][:] = 7
    np.testing.assert_array_equal(layer.get_weights()[0], np.ones((3, 2)))
    np.testing.assert_array_equal(layer.get_weights()[1], np.zeros(2))
