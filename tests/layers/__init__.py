"""Layers other than recurrent ones, and initializers."""
