"""Normalisation layers."""

from recurra.layers.normalization.batch import BatchNormalization
from recurra.layers.normalization.rows import LayerNormalization, RMSNormalization

__all__ = ["BatchNormalization", "LayerNormalization", "RMSNormalization"]
