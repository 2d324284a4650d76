"""Weight normalisation: the columns of a kernel as a length and a direction."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, ClassVar

from recurra import loading, ops
from recurra.layers.base import Layer
from recurra.layers.convolution import Conv1DTranspose, DepthwiseConv1D
from recurra.layers.documentation import documented
from recurra.layers.weights import FLOATS
from recurra.tensor import Tensor, Variable, no_grad

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from recurra.layers.options import LayerOptions

# Added to squared lengths: without effect on any but those of columns of zeros, which it keeps finite.
_LEAST_SQUARE = 1e-30


@documented
class WeightNormalization(Layer):
    """A layer whose kernel is trained as the lengths and the directions of its columns.

        kernel = g·v / ‖v‖

    A column is what leads to one output: the kernel's numbers at one index of its last axis (in `Conv1DTranspose` and
    `DepthwiseConv1D` at one filter or channel). g starts as ‖v‖, so that at first the layer computes what it computes
    without the wrapper.

    Weights: kernel_scale, which is g, in front of those of the layer, whose kernel is v. Penalties and constraints of
    the layer's kernel act on v.

    Args:
        layer: A layer with a weight `kernel`, such as Dense or Conv1D.
        {layer arguments}

    Input shape:
        That of the layer; a mask reaches it.

    Output shape:
        That of the layer.

    Raises:
        ValueError: The argument is not a layer, or at the build it has no kernel or one with a column of zeros.

    Example:
        >>> layer = recurra.layers.WeightNormalization(recurra.layers.Dense(4))
        >>> layer(np.ones((2, 3), "float32")).shape
        (2, 4)
        >>> [weight.name for weight in layer.weights]
        ['kernel_scale', 'kernel', 'bias']

    Source: Salimans & Kingma, Weight Normalization: A Simple Reparameterization to Accelerate Training of Deep Neural
    Networks, 2016.
    """

    config_arguments: ClassVar[tuple[str, ...]] = ("layer",)
    layer_arguments: ClassVar[tuple[str, ...]] = ("layer",)
    kernel_scale: Variable

    def __init__(self, layer: Layer, **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        if not isinstance(layer, Layer):
            raise ValueError(f"WeightNormalization: expected a layer, got {type(layer).__name__}")
        self.layer: Any = layer

    def build(self, input_shape: Any) -> None:
        if not self.layer.built:
            self.layer.build(input_shape)
        kernel = self._direction()
        with no_grad():
            lengths = _lengths(kernel, _axes(self.layer)).numpy()
        if loading.active() is None and lengths.size and lengths.min() <= _LEAST_SQUARE**0.5:
            raise ValueError(
                "a column of the kernel holds only zeros and has no direction; give the layer another "
                "kernel_initializer, such as 'glorot_uniform'"
            )
        self.kernel_scale = self.add_weight(lengths.shape, initializer=lengths, dtype=kernel.dtype, name="kernel_scale")

    def call(self, inputs: Any, mask: Any = None, training: bool = False) -> Any:
        options: dict[str, Any] = {"training": training} if self.layer._signature.takes_training else {}
        if mask is not None and self.layer._signature.mask_arguments:
            options["mask"] = mask
        # A copy computes, so that the layer has its own kernel all the time, also for other threads and after errors.
        normalized = copy.copy(self.layer)
        normalized.kernel = self.normalized_kernel()
        outputs = normalized(inputs, **options)
        vars(self.layer).update({key: value for key, value in vars(normalized).items() if key != "kernel"})
        return outputs

    def normalized_kernel(self) -> Tensor:
        """The kernel that the layer computes with, g·v / ‖v‖.

        Returns:
            A tensor of the kernel's shape, through which gradients reach g and v.

        Raises:
            ValueError: The layer is not built.
        """
        if not self.built:
            raise ValueError(f"{self._title} has no kernel yet: call it or build(input_shape)")
        kernel = self._direction()
        return kernel * (self.kernel_scale / _lengths(kernel, _axes(self.layer)))

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The mask that the layer gives its output."""
        return self.layer.compute_mask(inputs, mask) if self.layer.supports_masking else None

    def compute_output_shape(self, input_shape: Any) -> Any:
        return self.layer.compute_output_shape(input_shape)

    def _direction(self) -> Variable:
        kernel = vars(self.layer).get("kernel")
        if isinstance(kernel, Variable) and kernel.ndim >= 2 and kernel.dtype in FLOATS:
            return kernel
        hint = ""
        if hasattr(self.layer, "cell") or hasattr(self.layer, "recurrent_kernel"):
            hint = "; recurrent layers take weight_normalization=True, for their recurrent kernel"
        raise ValueError(
            f"expected a layer with a weight 'kernel', such as Dense or Conv1D, got {type(self.layer).__name__}{hint}"
        )


def _axes(layer: Layer) -> tuple[int, ...]:
    """The axes over which the lengths of a layer's kernel are taken."""
    if isinstance(layer, Conv1DTranspose):
        return (0, 2)
    if isinstance(layer, DepthwiseConv1D):
        return (0,)
    return tuple(range(vars(layer)["kernel"].ndim - 1))


def _lengths(kernel: Tensor, axes: tuple[int, ...]) -> Tensor:
    """Lengths of the columns, in a shape that broadcasts to the kernel's."""
    keep = axes[-1] == kernel.ndim - 1
    return ops.sqrt(ops.sum(kernel * kernel, axis=axes, keepdims=keep) + _LEAST_SQUARE)
