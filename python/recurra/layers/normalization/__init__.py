"""Normalisation layers."""

from recurra.layers.normalization.batch import BatchNormalization
from recurra.layers.normalization.groups import GroupNormalization
from recurra.layers.normalization.rows import LayerNormalization, RMSNormalization
from recurra.layers.normalization.unit import UnitNormalization
from recurra.layers.normalization.weight import WeightNormalization

__all__ = [
    "BatchNormalization",
    "GroupNormalization",
    "LayerNormalization",
    "RMSNormalization",
    "UnitNormalization",
    "WeightNormalization",
]
