"""What of a model is not trained, as plain values for its file, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from recurra.layers.weights import WeightHolder

if TYPE_CHECKING:
    from recurra.models.model import Model


def frozen_parts(model: Model) -> dict[str, list[Any]]:
    """The places of frozen layers among all layers, and the paths of weights that are not trained; empty if none are.

    The weights include those that their layers never train, such as moving averages.
    """
    layers = [place for place, layer in enumerate(model._flatten_layers()) if not layer._trainable]
    weights = [path for path, variable in model._named_weights().items() if not variable.trainable]
    return {"layers": layers, "weights": weights} if layers or weights else {}


def freeze_parts(model: Model, frozen: Mapping[str, Any]) -> None:
    """Freezes what `frozen_parts` listed, and nothing else.

    Raises:
        ValueError: The model has no such layer or weight; nothing is changed.
    """
    layers, named = model._flatten_layers(), model._named_weights()
    places, paths = frozen["layers"], frozen["weights"]
    if any(type(place) is not int or not 0 <= place < len(layers) for place in places) or set(paths) - named.keys():
        raise ValueError("it names layers or weights that the model does not have")
    for place, layer in enumerate(layers):
        own = layer._own_weights()
        by_nature = [variable for variable in own if variable.trainable or any(variable is v for v in layer._frozen)]
        layer._trainable = place not in places
        layer._frozen = [] if layer._trainable else by_nature
    for path, variable in named.items():
        if variable.trainable != (path not in paths):
            variable.trainable = not variable.trainable
    WeightHolder.changes += 1
