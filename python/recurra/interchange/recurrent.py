"""torch.nn.RNN, LSTM and GRU: stacks of layers, in one direction or both.

torch's gates stand in the order i, f, g, o and r, z, n; its matrices are the transposes of ours, and it has two biases,
which are added where both enter the same sum.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np

from recurra import layers
from recurra.activations import relu, tanh
from recurra.interchange.kind import Kind, Settings, built, check_nothing_lost, of_rank, refused
from recurra.interchange.torch_module import Array
from recurra.models import Sequential

_FIRST = "weight_ih_l"
_REVERSE = "_reverse"


class RecurrentKind(Kind):
    """What RNN, LSTM and GRU share."""

    gates: ClassVar[int]
    projects: ClassVar[bool] = False
    layer_class: ClassVar[type[layers.Layer]]
    defaults: ClassVar[Settings] = {"dropout": 0.0, "batch_first": False}
    sizes_told = ("input_size", "hidden_size", "num_layers", "bias", "bidirectional", "proj_size")

    def sizes(self, state: Mapping[str, Array]) -> dict[str, Any]:
        inputs, outputs = of_rank(state, f"{_FIRST}0", 2)[1], of_rank(state, "weight_hh_l0", 2)[1]
        projected = "weight_hr_l0" in state
        if projected and not self.projects:
            raise ValueError("weight_hr_l0 is a projection, which only an LSTM has")
        numbers = [name for name in state if name.startswith(_FIRST) and name[len(_FIRST) :].isdecimal()]
        return {
            "input_size": inputs,
            "hidden_size": of_rank(state, "weight_hr_l0", 2)[1] if projected else outputs,
            "num_layers": len(numbers),
            "bias": "bias_ih_l0" in state or "bias_hh_l0" in state,
            "bidirectional": f"{_FIRST}0{_REVERSE}" in state,
            "proj_size": outputs if projected else 0,
        }

    def shapes(self, settings: Settings) -> dict[str, tuple[int, ...]]:
        units, projection = settings["hidden_size"], settings["proj_size"]
        rows, outputs = self.gates * units, projection or units
        found: dict[str, tuple[int, ...]] = {}
        for level, end in _ends(settings):
            directions = 2 if settings["bidirectional"] else 1
            found[f"weight_ih{end}"] = (rows, outputs * directions if level else settings["input_size"])
            found[f"weight_hh{end}"] = (rows, outputs)
            if settings["bias"]:
                found[f"bias_ih{end}"] = found[f"bias_hh{end}"] = (rows,)
            if projection:
                found[f"weight_hr{end}"] = (projection, units)
        return found

    def layer(self, settings: Settings, state: Mapping[str, Array], dtype: str) -> layers.Layer:
        weights: list[list[Array]] = [[] for _ in range(settings["num_layers"])]
        for number, end in _ends(settings):
            weights[number] += self.to_ours(*(state.get(f"{name}{end}") for name in _WEIGHTS))
        features = settings["input_size"]
        levels: list[Any] = []
        for own in weights:
            level: Any = self.layer_class(**self.options(settings), return_sequences=True, dtype=dtype)
            if settings["bidirectional"]:
                level = layers.Bidirectional(level, dtype=dtype)
            level.build((None, None, features))
            level.set_weights(own)
            levels.append(level)
            features = (settings["proj_size"] or settings["hidden_size"]) * (2 if settings["bidirectional"] else 1)
        if len(levels) == 1:
            single: layers.Layer = levels[0]  # between whose layers nothing can be dropped
            return single
        chain: list[Any] = [layers.Input((None, settings["input_size"]), dtype=dtype)]
        for one in levels:
            if len(chain) > 1 and settings["dropout"]:
                chain.append(layers.Dropout(settings["dropout"], dtype=dtype))
            chain.append(one)
        return Sequential(chain)

    def options(self, settings: Settings) -> dict[str, Any]:
        """Arguments of our layer that torch can hold."""
        return {"units": settings["hidden_size"], "use_bias": settings["bias"]}

    def settings_of(self, layer: Any) -> dict[str, Any]:
        """Settings of one layer in one direction that its weights do not tell alone."""
        return {"hidden_size": layer.units, "bias": layer.use_bias, "proj_size": 0}

    def module(self, layer: Any, training: bool) -> tuple[dict[str, Any], dict[str, Array]] | None:
        levels, rates = _levels(layer)
        sides = [_sides(level) for level in levels]
        if not sides or any(type(side) is not self.layer_class for pair in sides for side in pair):
            return None
        first = self.settings_of(sides[0][0])
        state: dict[str, Array] = {}
        for number, (level, pair) in enumerate(zip(levels, sides, strict=True)):
            if len(pair) != len(sides[0]) or any(self.settings_of(side) != first for side in pair):
                raise refused(level, f"the layers of one torch.nn.{self.name} share their options; convert each alone")
            if number < len(levels) - 1 and not pair[0].return_sequences:
                raise refused(level, "return_sequences=False hides the steps from the next layer, which torch cannot")
            if len(pair) == 2 and level.merge_mode != "concat":
                raise refused(level, f"merge_mode={level.merge_mode!r} would be lost; torch only concatenates")
            for side, end in zip(pair, ("", _REVERSE), strict=False):
                plain = self.layer_class(**self.options(first), go_backwards=bool(end))
                check_nothing_lost(side, plain, self.name, training)
                cell = built(side).cell
                projection = getattr(cell, "projection_kernel", None)
                ours = [cell.kernel, cell.recurrent_kernel, cell.bias, projection]
                theirs = self.to_torch(*(None if weight is None else weight.numpy() for weight in ours))
                state |= {
                    f"{name}_l{number}{end}": weight
                    for name, weight in zip(_WEIGHTS, theirs, strict=True)
                    if weight is not None
                }
        settings: dict[str, Any] = {"input_size": sides[0][0].cell.kernel.shape[0], **first, "num_layers": len(levels)}
        settings |= {"batch_first": True, "bidirectional": len(sides[0]) == 2, "dropout": _rate(layer, rates, training)}
        if not settings["proj_size"]:
            del settings["proj_size"]
        return settings, state

    def to_ours(self, kernel: Any, recurrent: Any, bias: Any, recurrent_bias: Any, projection: Any) -> list[Array]:
        """The weights of one layer in one direction in our order; what is missing is None."""
        kernel, recurrent = self._reordered(kernel.T), self._reordered(recurrent.T)
        found = [kernel, recurrent]
        if bias is not None:
            found.append(self.one_bias(bias, recurrent_bias))
        return found if projection is None else [*found, projection.T]

    def to_torch(self, kernel: Any, recurrent: Any, bias: Any, projection: Any) -> list[Array | None]:
        """weight_ih, weight_hh, bias_ih, bias_hh, weight_hr, from our weights; what is missing is None."""
        biases = (None, None) if bias is None else self.two_biases(bias)
        last = None if projection is None else projection.T
        return [self._reordered(kernel).T, self._reordered(recurrent).T, *biases, last]

    def one_bias(self, of_input: Array, recurrent: Array) -> Array:
        return of_input + recurrent

    def two_biases(self, bias: Array) -> tuple[Array, Array]:
        return bias, np.zeros_like(bias)

    def _reordered(self, gates: Array) -> Array:
        """Columns in the other program's order of gates, both ways."""
        return gates


class RNNKind(RecurrentKind):
    """RNN, with tanh or relu."""

    name = "RNN"
    gates = 1
    layer_class = layers.SimpleRNN
    defaults: ClassVar[Settings] = {**RecurrentKind.defaults, "nonlinearity": "tanh"}

    def options(self, settings: Settings) -> dict[str, Any]:
        if settings["nonlinearity"] not in ("tanh", "relu"):
            raise ValueError(f"nonlinearity must be 'tanh' or 'relu', got {settings['nonlinearity']!r}")
        return {**super().options(settings), "activation": settings["nonlinearity"]}

    def settings_of(self, layer: Any) -> dict[str, Any]:
        if layer.activation not in (tanh, relu):
            raise refused(layer, "its activation would be lost; torch.nn.RNN has tanh and relu")
        return {**super().settings_of(layer), "nonlinearity": "relu" if layer.activation is relu else "tanh"}


class LSTMKind(RecurrentKind):
    """LSTM, also with a projection."""

    name = "LSTM"
    gates = 4
    projects = True
    layer_class = layers.LSTM

    def options(self, settings: Settings) -> dict[str, Any]:
        return {**super().options(settings), "projection": settings["proj_size"] or None}

    def settings_of(self, layer: Any) -> dict[str, Any]:
        return {**super().settings_of(layer), "proj_size": layer.projection or 0}

    def module(self, layer: Any, training: bool) -> tuple[dict[str, Any], dict[str, Array]] | None:
        found = super().module(layer, training)
        if found is not None and found[0].get("proj_size", 0) >= found[0]["hidden_size"]:
            size = found[0]["proj_size"]
            raise refused(layer, f"projection={size} must be less than units in torch.nn.LSTM")
        return found


class GRUKind(RecurrentKind):
    """GRU, the form with reset_after; its two biases stay apart."""

    name = "GRU"
    gates = 3
    layer_class = layers.GRU

    def one_bias(self, of_input: Array, recurrent: Array) -> Array:
        return self._reordered(np.stack([of_input, recurrent]))

    def two_biases(self, bias: Array) -> tuple[Array, Array]:
        of_input, recurrent = self._reordered(bias)
        return of_input, recurrent

    def _reordered(self, gates: Array) -> Array:
        first, second, candidate = np.split(gates, 3, axis=-1)
        return np.concatenate([second, first, candidate], axis=-1)


_WEIGHTS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")


def _ends(settings: Settings) -> Iterator[tuple[int, str]]:
    """The number of every layer and the ending of its names, for both directions, in torch's order."""
    for level in range(settings["num_layers"]):
        for direction in ("", _REVERSE) if settings["bidirectional"] else ("",):
            yield level, f"_l{level}{direction}"


def _levels(layer: Any) -> tuple[list[Any], list[float]]:
    """The recurrent layers of a stack, and the rates of the dropout in front of each; none if it is something else."""
    if isinstance(layer, layers.Stack) and layer.connection is None:
        return list(built(layer).copies), [0.0] * layer.depth
    if not isinstance(layer, Sequential):
        return [layer], [0.0]
    levels: list[Any] = []
    rates: list[float] = []
    rate = 0.0
    for one in layer.layers:
        if type(one) is layers.Dropout and not rate and levels and one.noise_shape is None:
            rate = one.rate
        elif hasattr(one, "return_sequences"):
            levels.append(one)
            rates.append(rate)
            rate = 0.0
        else:
            return [], []
    return ([], []) if rate else (levels, rates)


def _sides(level: Any) -> tuple[Any, ...]:
    """The layers of both directions, or the one there is."""
    return (level.forward_layer, level.backward_layer) if type(level) is layers.Bidirectional else (level,)


def _rate(layer: Any, rates: list[float], training: bool) -> float:
    """The one rate of the dropout between layers; 0 where nothing is to be trained."""
    between = set(rates[1:]) if training else set()
    if len(between) > 1:
        raise refused(layer, f"different dropouts between layers, {sorted(between)}, would be lost")
    return between.pop() if between else 0.0
