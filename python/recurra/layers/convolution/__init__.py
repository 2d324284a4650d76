"""Convolution layers."""

from recurra.layers.convolution.conv1d import Conv1D
from recurra.layers.convolution.conv2d import Conv2D
from recurra.layers.convolution.depthwise import DepthwiseConv1D
from recurra.layers.convolution.separable import SeparableConv1D
from recurra.layers.convolution.transpose import Conv1DTranspose

__all__ = ["Conv1D", "Conv1DTranspose", "Conv2D", "DepthwiseConv1D", "SeparableConv1D"]
