"""Layers that compute more than one step of a cell for one input."""

from recurra.layers.pondering.adaptive import AdaptiveComputation
from recurra.layers.pondering.ponder_net import PonderNet
from recurra.layers.pondering.repeat import Repeat

__all__ = ["AdaptiveComputation", "PonderNet", "Repeat"]
