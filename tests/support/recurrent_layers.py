"""Layers of recurra made from the rows of cases.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from recurra import Tensor, layers
from recurra.tree import flatten
from tests.support.cases import Case, Inputs

Array = np.ndarray
LAYER_OPTIONS = ("return_sequences", "return_state", "go_backwards", "zero_output_for_mask", "checkpoint")


def make(case: Case, inputs: Inputs, **changes: Any) -> Any:
    """The row's layer with the row's weights, of the dtype of its input."""
    arguments = {**case.arguments, **changes}
    options = {name: arguments.pop(name) for name in LAYER_OPTIONS if name in arguments}
    dtype = inputs.x.dtype.name
    if case.depth > 1:
        cell = getattr(layers, f"{case.layer}Cell")
        layer = layers.RNN(
            [cell(case.units, dtype=dtype, **arguments) for _ in range(case.depth)], dtype=dtype, **options
        )
    else:
        layer = getattr(layers, case.layer)(case.units, dtype=dtype, **arguments, **options)
    if case.wrapper is not None:
        layer = layers.Bidirectional(layer, dtype=dtype, **case.wrapper)
    layer.build((None, None, case.shape[2]))
    layer.set_weights(inputs.weights)
    for weight in layer.non_trainable_weights:
        if "variance" in weight.name:
            weight.assign(np.abs(weight.numpy()))
    if inputs.drops:
        put_dropout(layer.cell, inputs)
    return layer


def put_dropout(cell: Any, inputs: Inputs) -> None:
    """Lets the cell find the row's noise where it would draw its own."""
    noise = {name: Tensor(drop) for name, drop in inputs.drops.items()}
    cell.get_dropout_mask = lambda _: noise.get("input")
    cell.get_recurrent_dropout_mask = lambda _: noise.get("recurrent")
    cell.get_zoneout_mask = lambda number, _: noise.get(f"zoneout{number}")


def outputs_of(layer: Any, inputs: Inputs, x: Any = None, states: Any = None) -> list[Tensor]:
    """Everything the layer returns, flat; `x` and `states` instead of the row's where given."""
    return flatten(
        layer(
            Tensor(inputs.x) if x is None else x,
            initial_state=inputs.states if states is None else states,
            mask=inputs.mask,
            training=bool(inputs.drops) or any("moving" in weight.name for weight in layer.weights),
        )
    )


def gradients_of(layer: Any, inputs: Inputs, cotangents: list[Array]) -> tuple[list[Array], list[Array]]:
    """Outputs, and the gradients of sum(outputs * cotangents) for the input, the initial states and the weights."""
    x = Tensor(inputs.x)
    states = None if inputs.states is None else [Tensor(state) for state in inputs.states]
    sources = [x, *(states or [])]
    for source in sources:
        source.requires_grad = True
    outputs = outputs_of(layer, inputs, x, states)
    loss = sum(((output * cotangent).sum() for output, cotangent in zip(outputs, cotangents, strict=True)), Tensor(0.0))
    for weight in layer.trainable_weights:
        weight.grad = None
    loss.backward()
    wanted = [*sources, *layer.trainable_weights]
    gradients = [np.zeros(one.shape) if one.grad is None else one.grad.numpy().copy() for one in wanted]
    return [output.numpy() for output in outputs], gradients
