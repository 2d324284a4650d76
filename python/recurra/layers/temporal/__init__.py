"""Temporal convolutional networks."""

from recurra.layers.temporal.block import TemporalBlock
from recurra.layers.temporal.network import TCN

__all__ = ["TCN", "TemporalBlock"]
