"""Recurrent layers with a memory beside their state."""

from recurra.layers.memory.addresses import Addresses
from recurra.layers.memory.ntm import NTM
from recurra.layers.memory.ntm_cell import NTMCell

__all__ = ["NTM", "Addresses", "NTMCell"]
