"""The state of a running training, in and out of named arrays and a JSON value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from recurra import random
from recurra.layers.recurrent.rnn import RNN, stateful_layers
from recurra.tensor import Tensor
from recurra.tree import flatten, pack_as

# What damaged contents make their readers raise.
_MISFITS = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


def pack(value: Any, name: str, arrays: dict[str, np.ndarray]) -> Any:
    """The value for JSON, its arrays filed in `arrays` under names that begin with `name`."""
    if isinstance(value, np.ndarray):
        arrays[name] = value
        return {"__array__": name}
    if isinstance(value, (list, tuple)):
        items = [pack(item, f"{name}/{i}", arrays) for i, item in enumerate(value)]
        return {"__tuple__": items} if isinstance(value, tuple) else items
    if isinstance(value, Mapping):
        return {str(key): pack(item, f"{name}/{key}", arrays) for key, item in value.items()}
    return value.item() if isinstance(value, np.generic) else value


def unpack(value: Any, arrays: Mapping[str, np.ndarray]) -> Any:
    """The value that `pack` took apart."""
    if isinstance(value, list):
        return [unpack(item, arrays) for item in value]
    if not isinstance(value, Mapping):
        return value
    if set(value) == {"__array__"}:
        return arrays[value["__array__"]]
    if set(value) == {"__tuple__"}:
        return tuple(unpack(item, arrays) for item in value["__tuple__"])
    return {key: unpack(item, arrays) for key, item in value.items()}


def generators_of(model: Any) -> list[random.SeedGenerator]:
    """The generators of random numbers that layers keep for themselves."""
    return [
        value
        for layer in model._flatten_layers()
        for value in vars(layer).values()
        if isinstance(value, random.SeedGenerator)
    ]


def _carried(layer: RNN) -> list[np.ndarray] | None:
    """The states that the next batch starts from; None if it starts anew."""
    if layer.states is None or not layer._carries:
        return None
    return [np.array(state.numpy()) for state in flatten(layer.states)]


def _carry(layer: RNN, states: list[np.ndarray] | None) -> None:
    layer._carries = states is not None
    layer.states = None if states is None else pack_as(layer.state_size, [Tensor(state) for state in states])


def progress(model: Any, epoch_done: bool) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """All that the rest of the training depends on."""
    run = model.run
    feed = run.feed
    between_passes = epoch_done and feed.steps is None and not feed.once
    state = {
        "model": model.name,
        "epoch": run.epoch + 1 if epoch_done else run.epoch,
        "step": 0 if epoch_done else run.step,
        "samples": 0 if epoch_done else run.samples,
        "weights": [np.array(weight) for weight in model.get_weights()],
        "trainer": model._trainer_state(),
        "figures": {} if epoch_done else model._figures_state(),
        "random": random.get_state(),
        "states": [_carried(layer) for layer in stateful_layers(model)],
        "generators": [generator.get_state() for generator in generators_of(model)],
        "pass_start": random.get_state() if between_passes else feed.pass_start,
        "drawn": 0 if between_passes else feed.drawn,
        "callbacks": [callback.state() for callback in run.callbacks.callbacks],
    }
    arrays: dict[str, np.ndarray] = {}
    return arrays, pack(state, "state", arrays)


def resume(model: Any, arrays: Mapping[str, np.ndarray], packed: Any) -> None:
    """Puts back what `progress` gave; the training goes on from there.

    Raises:
        ValueError: The weights or the callbacks do not fit, or the contents are damaged; the model, the callbacks and
            the random numbers are as they were.
    """
    run = model.run
    callbacks = run.callbacks.callbacks
    before = [np.array(weight) for weight in model.get_weights()], [each.state() for each in callbacks]
    numbers = random.get_state()
    try:
        _put_back(model, unpack(packed, arrays))
    except _MISFITS as error:
        model.set_weights(before[0])
        for callback, own in zip(callbacks, before[1], strict=True):
            callback.set_state(own)
        random.set_state(numbers)
        if isinstance(error, ValueError):
            raise
        reason = f"{type(error).__name__} {error}"
        raise ValueError(f"the backup is damaged ({reason}); delete it to start again") from error


def _put_back(model: Any, state: Any) -> None:
    run = model.run
    for name in ("epoch", "step", "samples", "drawn"):
        if type(state[name]) is not int or state[name] < 0:
            raise ValueError(f"the backup is damaged ({name} is {state[name]!r:.40}); delete it to start again")
    shapes = [weight.shape for weight in model.get_weights()]
    if [weight.shape for weight in state["weights"]] != shapes:
        raise ValueError(f"the backup is of another model ('{state['model']}'): its weights have other shapes")
    if len(state["callbacks"]) != len(run.callbacks.callbacks):
        raise ValueError("the backup is of a training with other callbacks; delete it to start again")
    model._set_trainer_state(state["trainer"])
    model.set_weights(state["weights"])
    for callback, own in zip(run.callbacks.callbacks, state["callbacks"], strict=True):
        callback.set_state(own)
    run.feed.wind_to(state["pass_start"], state["drawn"])
    random.set_state(state["random"])
    for generator, own in zip(generators_of(model), state["generators"], strict=True):
        generator.set_state(own)
    for layer, carried in zip(stateful_layers(model), state["states"], strict=True):
        _carry(layer, carried)
    run.epoch = state["epoch"]
    if state["step"]:
        run.resumed = state["step"], state["samples"], state["figures"]
