"""The docstrings of layers and of what they are made with list every argument, with shapes and in one order."""

from __future__ import annotations

import inspect
import re
from typing import Any

import pytest

from recurra import Model, constraints, initializers, layers, regularizers
from recurra.layers.documentation import documented

SECTIONS = ["Args:", "Input shape:", "Output shape:", "Returns:", "Raises:", "Example:"]
NO_LAYERS = {"Layer", "DropoutRNNCell", "InputSpec", "Input"}


def documented_objects() -> dict[str, Any]:
    found = {name: getattr(layers, name) for name in layers.__all__}
    for module in (initializers, regularizers, constraints):
        names = {name for name, value in vars(module).items() if inspect.isclass(value) and name[0].isupper()}
        found |= {f"{module.__name__}.{name}": getattr(module, name) for name in names if hasattr(module, name)}
    return {name: value for name, value in sorted(found.items()) if re.match(r"recurra\.[a-z]", value.__module__)}


OBJECTS = documented_objects()


def arguments_in(text: str) -> list[str]:
    """The names that the section `Args:` describes."""
    section = re.search(r"^Args:\n((?:    .*\n|\n)*)", text + "\n", flags=re.MULTILINE)
    return re.findall(r"^    \*{0,2}(\w+): \S", section[1], flags=re.MULTILINE) if section else []


@pytest.mark.parametrize("name", OBJECTS)
def test_every_argument_is_described(name: str) -> None:
    item = OBJECTS[name]
    cell = getattr(item, "cell_class", item)
    refused = (*getattr(cell, "refused", ()), *(getattr(cell, "refused_in_layers", ()) if cell is not item else ()))
    wanted = [
        parameter.name
        for parameter in inspect.signature(item).parameters.values()
        if parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)
        and parameter.name not in refused
        and parameter.name.rpartition("_")[0] not in refused
    ]
    described = arguments_in(inspect.getdoc(item) or "")
    assert set(wanted) <= set(described)
    assert not set(refused) & set(described)
    assert len(set(described)) == len(described)


@pytest.mark.parametrize("name", OBJECTS)
def test_sections_stand_in_order(name: str) -> None:
    text = inspect.getdoc(OBJECTS[name]) or ""
    places = [text.index(f"\n{section}\n") for section in SECTIONS if f"\n{section}\n" in text]
    assert places == sorted(places)
    assert "Arguments:" not in text
    assert not re.search(r"^ *\{[a-z ]+\}$", text, flags=re.MULTILINE), "a passage is not filled in"
    assert max(map(len, text.splitlines())) <= 120
    if inspect.isclass(OBJECTS[name]) and issubclass(OBJECTS[name], layers.Layer) and name not in NO_LAYERS:
        assert "\nInput shape:\n" in text
        assert "\nOutput shape:\n" in text


def test_passages_follow_the_signature() -> None:
    @documented
    class Small(layers.GRUCell):
        """A cell.

        Args:
            units: Width.
            dropout: Written out here.
            {weight arguments}
            {cell arguments}
        """

        refused = ("skip", "normalization")

    text = inspect.getdoc(Small) or ""
    assert "recurrent_initializer: Initial values of the recurrent kernel, by name or as an object; default" in text
    assert "zoneout: Rate in [0, 1)" in text
    assert text.count("dropout: Written out here.") == 1
    assert "\n    dropout: Rate" not in text
    assert "skip:" not in text
    assert "normalization_steps:" not in text


def test_help_shows_the_signature_of_a_layer_and_its_cell() -> None:
    gru = inspect.signature(layers.GRU).parameters
    assert list(gru)[:5] == ["units", "activation", "recurrent_activation", "use_bias", "reset_after"]
    assert gru["recurrent_initializer"].default == "orthogonal"
    assert gru["return_sequences"].kind is inspect.Parameter.KEYWORD_ONLY
    assert "recurrent_activation" not in inspect.signature(layers.SimpleRNN).parameters
    assert list(inspect.signature(layers.Dense).parameters)[:3] == ["units", "activation", "use_bias"]
    assert str(inspect.signature(Model)).startswith("(*args: 'Any', inputs: 'Any' = None")
    assert "args" in inspect.signature(layers.GRU(3)).parameters  # of a layer that is called
    with pytest.raises(TypeError, match=r"^LSTM: missing a required argument: 'units'$"):
        layers.LSTM()
    with pytest.raises(TypeError, match=r"^LSTM: too many positional arguments$"):
        layers.LSTM(3, "tanh", "sigmoid", True, 5)


def test_a_layer_of_the_users_own_keeps_its_signature() -> None:
    class Own(layers.GRU):
        def __init__(self, units: int, extra: float = 1.0, **options: Any) -> None:
            super().__init__(units, **options)
            self.extra = extra

    assert list(inspect.signature(Own).parameters)[:2] == ["units", "extra"]
    layer = Own(3, extra=2.0, return_sequences=True)
    assert (layer.units, layer.extra, layer.return_sequences) == (3, 2.0, True)
    with pytest.raises(ValueError, match="Own has no argument 'return_sequence'; did you mean 'return_sequences'"):
        Own(3, return_sequence=True)
