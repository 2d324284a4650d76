"""The examination that every layer has to pass; call `examine` with a function that makes the layer.

It checks: output shape against `compute_output_shape` and what the caller expects, number of parameters, names of
weights, configuration through JSON and back, weights out and in, a model file bit by bit, the same result from a
functional model, a batch of one, and, in float64, the gradients of every input and trainable weight against central
differences

    dL/dw ≈ (L(w + h) − L(w − h)) / 2h,   L = Σ c·y with a random cotangent c,

with max |analytic − numeric| / max(|analytic|, |numeric|, 1e-2) ≤ 1e-7.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from recurra import Input, Model, Tensor, ops, random, serialization
from recurra.layers import Layer
from recurra.saving import load_model
from recurra.tree import flatten, map_shapes

Shape = tuple[int, ...]
STEP = 1e-5
TOLERANCE = 1e-7


def examine(
    make: Callable[..., Layer],
    input_shape: Any,
    *,
    output_shape: Any = None,
    parameters: int | None = None,
    weight_names: Sequence[str] | None = None,
    input_dtype: str = "float32",
    inputs: Callable[[Shape, np.random.Generator], np.ndarray] | None = None,
    weights: Callable[[Shape, np.random.Generator], np.ndarray] | None = None,
    training: bool | None = None,
    gradients: bool = True,
    tmp_path: Path | None = None,
) -> None:
    """Examines one layer with one set of options.

    Arguments:
        make: makes the layer; called as make(dtype=…), several times. Seeds of random layers must be fixed.
        input_shape: with the batch; a list for several inputs.
        output_shape: expected, with the batch; a list for several outputs. Not compared if None.
        parameters, weight_names: expected number of parameters and names of weights. Not compared if None.
        input_dtype: `int32` for layers that look things up; their inputs get no gradient.
        inputs: makes an input array; standard normal numbers (integers 0…4) by default.
        weights: makes the values of a weight; uniform in ±1 by default, all different.
        training: passed to the layer if not None; random numbers are drawn anew from the same seed each time.
        gradients: whether to check gradients.
        tmp_path: where to save a model; not saved if None.
    """
    rng = np.random.default_rng(17)
    arrays = map_shapes(lambda shape: _input(shape, input_dtype, inputs, rng), input_shape)
    layer = make(dtype="float32")
    result = _call(layer, arrays, training)
    _randomize(layer, weights, rng)
    result = _call(layer, arrays, training)
    _check_shapes(layer, arrays, result, input_shape, output_shape)
    if parameters is not None:
        assert layer.count_params() == parameters == sum(array.size for array in layer.get_weights())
    if weight_names is not None:
        assert [weight.name for weight in layer.weights] == list(weight_names)
    assert len({id(weight) for weight in layer.weights}) == len(layer.weights)
    for weight in layer.weights:
        assert weight.dtype in ("float32", "int32", "int64", "bool")
    _check_configuration(layer, arrays, result, training)
    _check_weights_in_and_out(layer)
    _check_model(layer, arrays, tmp_path)
    one = [array[:1] for array in arrays] if isinstance(arrays, list) else arrays[:1]
    assert all(out.shape[0] == 1 for out in flatten(_call(layer, one, training)))
    if gradients:
        _check_gradients(make(dtype="float64"), arrays, weights, rng, training)


def _input(shape: Shape, dtype: str, make: Any, rng: np.random.Generator) -> np.ndarray:
    if make is not None:
        return np.asarray(make(shape, rng), dtype)
    return rng.integers(0, 5, shape).astype(dtype) if dtype.startswith("int") else rng.normal(size=shape).astype(dtype)


def _call(layer: Layer, arrays: Any, training: bool | None) -> Any:
    random.set_seed(5)
    return layer(arrays) if training is None else layer(arrays, training=training)


def _randomize(layer: Layer, make: Any, rng: np.random.Generator) -> None:
    new = []
    for array in layer.get_weights():
        drawn = rng.uniform(-1, 1, array.shape) if make is None else make(array.shape, rng)
        new.append(np.asarray(drawn, array.dtype) if array.dtype.kind == "f" else array)
    layer.set_weights(new)


def _numbers(result: Any) -> list[np.ndarray]:
    return [np.array(output) for output in flatten(result)]


def _same(first: Any, second: Any) -> None:
    for one, other in zip(_numbers(first), _numbers(second), strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)


def _check_shapes(layer: Layer, arrays: Any, result: Any, input_shape: Any, expected: Any) -> None:
    got = [tuple(output.shape) for output in flatten(result)]
    if expected is not None:
        assert got == (list(expected) if isinstance(expected, list) else [expected])
    assert all(output.dtype != "float64" for output in flatten(result))
    open_batch = map_shapes(lambda shape: (None, *shape[1:]), input_shape)
    inferred: list[Shape] = []
    map_shapes(inferred.append, layer.compute_output_shape(open_batch))
    for shape, exact in zip(inferred, got, strict=True):
        assert len(shape) == len(exact)
        assert all(extent in (None, real) for extent, real in zip(shape, exact, strict=True))
        assert None not in shape[1:]


def _check_configuration(layer: Layer, arrays: Any, result: Any, training: bool | None) -> None:
    described = json.loads(json.dumps(serialization.serialize(layer)))
    twin = serialization.deserialize(described, Layer)
    assert type(twin) is type(layer)
    assert twin.name == layer.name
    assert serialization.serialize(twin) == serialization.serialize(layer)
    _call(twin, arrays, training)
    assert [weight.name for weight in twin.weights] == [weight.name for weight in layer.weights]
    twin.set_weights(layer.get_weights())
    for state in (layer, twin):
        state.reset_states()
    _same(_call(twin, arrays, training), _call(layer, arrays, training))


def _check_weights_in_and_out(layer: Layer) -> None:
    before = layer.get_weights()
    layer.set_weights([array + 1 if array.dtype.kind == "f" else array for array in before])
    for array, changed in zip(before, layer.get_weights(), strict=True):
        if array.dtype.kind == "f":
            np.testing.assert_array_equal(changed, array + 1)
    layer.set_weights(before)


def _check_model(layer: Layer, arrays: Any, tmp_path: Path | None) -> None:
    given = arrays if isinstance(arrays, list) else [arrays]
    sources = [Input(batch_shape=array.shape, dtype=array.dtype.name) for array in given]
    model = Model(sources, layer(sources if isinstance(arrays, list) else sources[0]))
    layer.reset_states()
    alone = _call(layer, arrays, None)
    layer.reset_states()
    _same(alone, _call(model, given, None))
    if tmp_path is None:
        return
    path = tmp_path / "examined.safetensors"
    model.save(path)
    loaded = load_model(path)
    for array, again in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(array, again)
    for either in (model, loaded):
        either.reset_states()
    _same(_call(loaded, given, None), _call(model, given, None))


def _check_gradients(layer: Layer, arrays: Any, weights: Any, rng: np.random.Generator, training: bool | None) -> None:
    given = arrays if isinstance(arrays, list) else [arrays]
    exact = [array.astype("float64") if array.dtype.kind == "f" else array for array in given]
    _call(layer, exact if isinstance(arrays, list) else exact[0], training)
    _randomize(layer, weights, rng)
    start = layer.get_weights()
    shapes = [
        output.shape for output in flatten(_call(layer, exact if isinstance(arrays, list) else exact[0], training))
    ]
    cotangents = [rng.normal(size=shape) for shape in shapes]

    def loss() -> Tensor:
        layer.set_weights(start_now)
        layer.reset_states()
        tensors = [Tensor(array) for array in exact]
        for tensor, array in zip(tensors, exact, strict=True):
            tensor.requires_grad = array.dtype.kind == "f"
        outputs = flatten(_call(layer, tensors if isinstance(arrays, list) else tensors[0], training))
        total = sum((ops.sum(output * Tensor(c)) for output, c in zip(outputs, cotangents, strict=True)), start=0.0)
        leaves.clear()
        leaves.extend(tensors)
        return total

    leaves: list[Tensor] = []
    start_now = [array.copy() for array in start]
    loss().backward()
    checks = [(array, leaf.grad) for array, leaf in zip(exact, leaves, strict=True) if array.dtype.kind == "f"]
    trainable = {id(weight) for weight in layer.trainable_weights}
    checks += [
        (array, weight.grad) for array, weight in zip(start_now, layer.weights, strict=True) if id(weight) in trainable
    ]
    analytic = [(array, np.zeros(array.shape) if grad is None else np.array(grad)) for array, grad in checks]
    for array, gradient in analytic:
        numeric = np.empty(array.shape)
        for place in np.ndindex(array.shape):
            middle = array[place]
            array[place] = middle + STEP
            above = loss().item()
            array[place] = middle - STEP
            below = loss().item()
            array[place] = middle
            numeric[place] = (above - below) / (2 * STEP)
        scale = max(np.abs(numeric).max(initial=0), np.abs(gradient).max(initial=0), 1e-2)
        assert np.abs(gradient - numeric).max(initial=0) / scale <= TOLERANCE
