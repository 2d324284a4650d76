"""What the conversions between torch's modules and recurra's layers have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from recurra.interchange.torch_module import Array
from recurra.layers import Layer

Settings = Mapping[str, Any]

# Options that torch need not hold: names, first values, what the call returns, how memory is used, and layouts.
_FREE = frozenset(
    {
        "name",
        "dtype",
        "trainable",
        "seed",
        "batch_input_shape",
        "return_sequences",
        "return_state",
        "zero_output_for_mask",
        "unroll",
        "checkpoint",
        "unit_forget_bias",
        "forget_bias",
        "normalization_steps",
        "normalization_momentum",
        "data_format",
    }
)
# Options without effect outside of training.
_IN_TRAINING = frozenset({"dropout", "recurrent_dropout", "dropout_per_step", "recurrent_dropconnect", "momentum"})


class Kind(ABC):
    """One class of torch.nn beside the layers that compute the same."""

    #: Name of the class in torch.nn.
    name: ClassVar[str]
    #: Settings that the shapes of the weights do not tell, with torch's defaults.
    defaults: ClassVar[Settings] = {}
    #: Settings that the shapes tell.
    sizes_told: ClassVar[tuple[str, ...]]
    #: Settings that act in training only and that recurra has not, with the values that ask for nothing.
    in_training: ClassVar[Settings] = {}
    #: Settings that change what is computed and that recurra has not, with the values that ask for nothing.
    unknown_here: ClassVar[Settings] = {}

    @abstractmethod
    def sizes(self, state: Mapping[str, Array]) -> dict[str, Any]:
        """The settings that the shapes tell. May raise KeyError for a missing weight, ValueError for a wrong rank."""

    @abstractmethod
    def shapes(self, settings: Settings) -> dict[str, tuple[int, ...]]:
        """Names and shapes of all weights."""

    @abstractmethod
    def layer(self, settings: Settings, state: Mapping[str, Array], dtype: str) -> Layer:
        """The layer, or a Sequential, with its weights."""

    @abstractmethod
    def module(self, layer: Any, training: bool) -> tuple[dict[str, Any], dict[str, Array]] | None:
        """Arguments and state dict of a built layer; None where it is not of this kind. Raises ValueError."""


def of_rank(state: Mapping[str, Array], name: str, rank: int) -> tuple[int, ...]:
    """The shape of a weight. Raises KeyError or ValueError."""
    shape: tuple[int, ...] = state[name].shape
    if len(shape) != rank:
        raise ValueError(f"{name} must have {rank} axes, got shape {shape}")
    return shape


def check_nothing_lost(layer: Layer, plain: Layer, kind: str, training: bool, free: tuple[str, ...] = ()) -> None:
    """Compares a layer with one of the same class that has only those options which torch can hold.

    Raises:
        ValueError: An option differs, which would be lost.
    """
    ours, theirs = layer.get_config(), plain.get_config()
    for option, value in ours.items():
        if option in _FREE or option in free or option.endswith("_initializer") or value == theirs.get(option):
            continue
        acts_in_training = option in _IN_TRAINING or option.endswith(("_regularizer", "_constraint"))
        if acts_in_training and not training:
            continue
        mend = "; training=False leaves out what acts in training only" if acts_in_training else ""
        raise ValueError(f"{_title(layer)}: {option}={_shown(value)} would be lost in torch.nn.{kind}{mend}")


def _title(layer: Layer) -> str:
    return f"layer '{layer.name}' ({type(layer).__name__})"


def _shown(value: Any) -> str:
    return str(value["class_name"]) if isinstance(value, dict) and "class_name" in value else repr(value)


def built(layer: Any) -> Any:
    """The layer. Raises ValueError if it has no weights yet."""
    if not layer.built:
        raise ValueError(f"{_title(layer)} is not built yet: call it first, or build it")
    return layer


def refused(layer: Layer, reason: str) -> ValueError:
    """An error that names the layer."""
    return ValueError(f"{_title(layer)}: {reason}")
