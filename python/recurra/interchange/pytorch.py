"""Layers from modules of PyTorch and back, without PyTorch: modules and tensors are known by their attributes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from recurra.checks import boolean, close_names, unknown_argument
from recurra.interchange.attention import MultiheadAttentionKind
from recurra.interchange.feed_forward import Conv1dKind, EmbeddingKind, LinearKind
from recurra.interchange.kind import Kind, refused
from recurra.interchange.normalization import BatchNorm1dKind, LayerNormKind
from recurra.interchange.recurrent import GRUKind, LSTMKind, RNNKind
from recurra.interchange.torch_module import Array, TorchModule, arrays_of
from recurra.layers import Layer
from recurra.models import Sequential

_KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        RNNKind(),
        LSTMKind(),
        GRUKind(),
        Conv1dKind(),
        EmbeddingKind(),
        LinearKind(),
        LayerNormKind(),
        BatchNorm1dKind(),
        MultiheadAttentionKind(),
    )
}
_KNOWN = ", ".join(_KINDS)
_RECURRENT = {1: "RNN", 3: "GRU", 4: "LSTM"}  # by the number of gates


def from_torch(
    source: Any, *, prefix: str = "", kind: str | None = None, training: bool = True, **settings: Any
) -> Layer:
    """Makes the layer that computes what a module of PyTorch computes, with its weights.

    PyTorch itself is not needed: a module is known by its class's name, its attributes and its `state_dict()`, a tensor
    by `detach()` and `numpy()`. Whatever `batch_first` is and although torch's convolutions and batch normalisations
    take channels in front, the layer takes (batch, time, features). It computes in float64 if a weight has that type,
    otherwise in float32.

    Of a state dict alone the shapes tell the class, sizes, layers and directions. Other settings are torch's defaults,
    unless they are given by torch's names.

    Args:
        source: A module of torch.nn (RNN, LSTM, GRU, Conv1d, Embedding, Linear, LayerNorm, BatchNorm1d,
            MultiheadAttention), a state dict of tensors or arrays, or a `TorchModule`.
        prefix: What the names of the module's weights begin with in a state dict of several modules, for example
            "encoder."; default "".
        kind: Name of the class in torch.nn, where a state dict does not tell it: a matrix alone may be an Embedding, a
            Linear or a LayerNorm; default None.
        training: Whether the layer is to be trained on. False takes modules with settings that act in training only and
            that recurra has not, such as `padding_idx`; default True.
        settings: Settings of a state dict's module by torch's names: `nonlinearity`, `dropout`, `stride`, `padding`,
            `dilation`, `groups`, `eps`, `momentum`, `num_heads`; also sizes, which are then compared.

    Returns:
        A layer, or a Sequential: for several recurrent layers, with Dropout in between, and for a Conv1d with a number
        of zeros on both sides. Recurrent layers return sequences.

    Raises:
        TypeError: The source is something else, or an entry is no array of floating numbers.
        ValueError: Weights are missing, left over, or contradict each other or the settings; the class is not known; or
            a setting would be lost.

    Example:
        >>> state = {
        ...     "weight_ih_l0": np.ones((12, 3), "float32"),
        ...     "weight_hh_l0": np.ones((12, 4), "float32"),
        ...     "bias_ih_l0": np.zeros(12, "float32"),
        ...     "bias_hh_l0": np.zeros(12, "float32"),
        ... }
        >>> layer = recurra.interchange.from_torch(state)
        >>> type(layer).__name__, layer(np.ones((2, 5, 3), "float32")).shape
        ('GRU', (2, 5, 4))
    """
    training = boolean(training, "from_torch", "training")
    found, owner, given, state = _read(source, prefix, kind, settings)
    _check_settings(found, owner, given, training)
    try:
        sizes = found.sizes(state)
        wanted = {name: value for name, value in given.items() if name in found.sizes_told}
        for name, value in wanted.items():
            if name in sizes and value != sizes[name]:
                raise ValueError(f"{name}={value} contradicts the weights, whose shapes tell {name}={sizes[name]}")
        whole = {**found.defaults, **given, **sizes}
        _check_shapes(found.shapes(whole), state)
        dtype = "float64" if any(array.dtype.itemsize > 4 for array in state.values()) else "float32"
        return found.layer(whole, state, dtype)
    except KeyError as error:
        raise ValueError(f"{owner}: {error.args[0]} is missing; there are {_listed(state) or 'no weights'}") from None
    except ValueError as error:
        raise ValueError(f"{owner}: {error}") from None


def to_torch(layer: Any, *, training: bool = True) -> TorchModule:
    """Describes the module of PyTorch that computes what a layer computes, with its weights.

    An LSTM's and a SimpleRNN's bias becomes `bias_ih`, with zeros as `bias_hh`. A module has no return_sequences and no
    return_state, it returns both. Recurrent layers and attention have batch_first; a Conv1d and a BatchNorm1d take
    channels in front of the time.

    Args:
        layer: A built SimpleRNN, LSTM or GRU, also in Bidirectional, a Stack or a Sequential of them with Dropout in
            between; a Conv1D, also behind ZeroPadding1D in a Sequential; a Dense, Embedding, LayerNormalization,
            BatchNormalization or MultiHeadAttention.
        training: Whether the module is to be trained on. False leaves out what acts in training only: dropout,
            regularizers, constraints; default True.

    Raises:
        ValueError: The layer is not built, of another class, or an option would be lost.

    Example:
        >>> layer = recurra.layers.Dense(2)
        >>> layer.build((None, 3))
        >>> module = recurra.interchange.to_torch(layer)
        >>> module.kind, module.state_dict["weight"].shape
        ('Linear', (2, 3))
        >>> recurra.interchange.from_torch(module).units
        2
    """
    training = boolean(training, "to_torch", "training")
    if not isinstance(layer, Layer):
        raise TypeError(f"to_torch: expected a layer or model of recurra, got {type(layer).__name__}")
    if isinstance(layer, Sequential) and len(layer.layers) == 1:
        layer = layer.layers[0]
    for kind in _KINDS.values():
        found = kind.module(layer, training)
        if found is not None:
            arguments, state = found
            return TorchModule(kind.name, arguments, {name: np.array(one, order="C") for name, one in state.items()})
    raise refused(
        layer, f"no single module of torch.nn computes it; of a model convert each layer (known are {_KNOWN})"
    )


def _read(
    source: Any, prefix: str, kind: str | None, settings: Mapping[str, Any]
) -> tuple[Kind, str, dict[str, Any], dict[str, Array]]:
    """The kind of the module, its name for messages, its settings and its arrays."""
    asked = kind
    if isinstance(source, TorchModule):
        kind, known, state = source.kind, dict(source.arguments), source.state_dict
    elif isinstance(source, Mapping):
        known, state = dict(settings), source
    elif callable(getattr(source, "state_dict", None)) and not isinstance(source, Layer):
        kind, known, state = type(source).__name__, {}, source.state_dict()
    else:
        raise TypeError(f"from_torch: expected a module or state dict of PyTorch, got {type(source).__name__}")
    if not isinstance(source, Mapping) and (settings or asked is not None):
        given = next(iter(settings), "kind")
        raise ValueError(f"from_torch: {given} is read from the module; give its state dict to change it")
    arrays = {} if kind is not None and kind not in _KINDS else arrays_of(state, prefix, "from_torch")
    name = _kind_of(arrays, list(state), prefix) if kind is None else kind
    if name not in _KINDS:
        children = ", ".join(one for one, _ in source.named_children()) if hasattr(source, "named_children") else ""
        mend = f"; convert its modules one by one: {children}" if children else "; give a state dict and kind"
        raise ValueError(f"from_torch: cannot convert a {name}, known are {_KNOWN}{mend}")
    found = _KINDS[name]
    if not isinstance(source, (TorchModule, Mapping)):
        known = _attributes(source, found)
    known = {setting: _plain(setting, value) for setting, value in known.items()}
    return found, f"'{prefix}' ({name})" if prefix else name, known, arrays


def _attributes(module: Any, kind: Kind) -> dict[str, Any]:
    """The settings of a module, which stand in its attributes."""
    names = (*kind.defaults, *kind.sizes_told, *kind.in_training, *kind.unknown_here)
    found = {name: getattr(module, name) for name in names if hasattr(module, name)}
    if "bias" in found and not isinstance(found["bias"], bool):  # the weight of that name
        found["bias"] = found["bias"] is not None
    if kind.name == "MultiheadAttention":  # which holds no argument of that name
        found["bias"] = module.in_proj_bias is not None
    return found


def _plain(setting: str, value: Any) -> Any:
    """A setting in the one form that it has here: torch takes numbers and tuples of one."""
    if setting == "normalized_shape":
        return tuple(value) if isinstance(value, (list, tuple)) else (value,)
    return value[0] if isinstance(value, (list, tuple)) and len(value) == 1 else value


def _check_settings(kind: Kind, owner: str, given: dict[str, Any], training: bool) -> None:
    known = (*kind.defaults, *kind.sizes_told, *kind.in_training, *kind.unknown_here)
    nothing = {**kind.in_training, **kind.unknown_here}
    for name, value in given.items():
        if name not in known:
            raise unknown_argument(f"from_torch: {owner}", name, known)
        tensor = hasattr(value, "shape")
        if name not in nothing or (not tensor and value == nothing[name]):
            continue
        lost = f"{owner}: {name}{'' if tensor else f'={value!r}'} would be lost"
        if name in kind.unknown_here:
            raise ValueError(f"{lost}; recurra's layer has nothing like it")
        if training:
            raise ValueError(f"{lost}; training=False leaves out what acts in training only")


def _check_shapes(expected: Mapping[str, tuple[int, ...]], state: Mapping[str, Array]) -> None:
    for name, shape in expected.items():
        if state[name].shape != shape:
            raise ValueError(f"{name} must have shape {shape} to fit the other weights, got {state[name].shape}")
    left = [name for name in state if name not in expected]
    if left:
        close = close_names(left[0], expected)
        hint = f"; did you mean {close[0]}?" if close and close[0] not in state else ""
        raise ValueError(f"{left[0]} is left over and would be lost{hint}")


def _kind_of(state: Mapping[str, Array], names: list[str], prefix: str) -> str:
    """The class of a module, from the names and shapes of its weights. Raises ValueError where they do not tell."""
    if "weight_ih_l0" in state and "weight_hh_l0" in state:
        rows, units = (*state["weight_ih_l0"].shape, 0)[0], (*state["weight_hh_l0"].shape, 0, 0)[1]
        gates = rows / units if units else 0
        if "weight_hr_l0" in state or gates == 4:
            return "LSTM"
        if gates in _RECURRENT:
            return _RECURRENT[int(gates)]
        raise ValueError(f"from_torch: weight_ih_l0 with {rows} rows and {units} units is no RNN, GRU or LSTM")
    if "out_proj.weight" in state:
        return "MultiheadAttention"
    if "running_mean" in state:
        return "BatchNorm1d"
    if "weight" in state:
        weight, bias = state["weight"].shape, state["bias"].shape if "bias" in state else None
        if len(weight) == 3 and bias != weight:
            return "Conv1d"
        if len(weight) == 1 or bias == weight:
            return "LayerNorm"
        if len(weight) == 2 and bias is not None:
            return "Linear"
        if len(weight) == 2:
            raise ValueError("from_torch: a matrix alone may be an Embedding, a Linear or a LayerNorm; give kind")
    begin = sorted({name[len(prefix) :].partition(".")[0] for name in names if "." in name and name.startswith(prefix)})
    mend = f"; choose a module by prefix: {', '.join(repr(f'{prefix}{one}.') for one in begin)}" if begin else ""
    raise ValueError(f"from_torch: cannot tell the class of a module with {_listed(state) or 'no weights'}{mend}")


def _listed(names: Mapping[str, Any], most: int = 6) -> str:
    shown = list(names)
    return ", ".join(shown[:most]) + (", …" if len(shown) > most else "")
