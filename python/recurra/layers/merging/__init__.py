"""Layers that make one tensor of several, and the same as functions."""

from recurra.layers.merging.concatenate import Concatenate
from recurra.layers.merging.dot import Dot
from recurra.layers.merging.elementwise import Add, Average, Maximum, Minimum, Multiply, Subtract
from recurra.layers.merging.functions import add, average, concatenate, dot, maximum, minimum, multiply, subtract

__all__ = [
    "Add",
    "Average",
    "Concatenate",
    "Dot",
    "Maximum",
    "Minimum",
    "Multiply",
    "Subtract",
    "add",
    "average",
    "concatenate",
    "dot",
    "maximum",
    "minimum",
    "multiply",
    "subtract",
]
