"""One residual block of a temporal convolutional network: two dilated convolutions and a path around them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np

from recurra import activations, checks, initializers, ops, random
from recurra.checks import MOST_STEPS, boolean, number, one_of, whole_number
from recurra.layers.base import Layer
from recurra.layers.convolution import Conv1D
from recurra.layers.documentation import documented
from recurra.layers.input_spec import InputSpec
from recurra.layers.masks import attach_mask
from recurra.layers.normalization import BatchNormalization, LayerNormalization, WeightNormalization
from recurra.layers.recurrent.step_mask import step_mask
from recurra.tensor import Tensor

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from recurra.layers.options import LayerOptions

CONVOLUTIONS = 2  # of a block


class BlockResult(NamedTuple):
    """What a block computes for a batch of sequences."""

    outputs: Tensor
    branch: Tensor  # of the convolutions alone, without the path around them
    past: list[Tensor]  # the last inputs of each convolution, which the steps after these need


class BlockOptions(Layer):
    """The arguments that `TemporalBlock` and `TCN` share, checked."""

    _computes_with_floats = True

    #: Names of these arguments; each is an attribute.
    shared_arguments: ClassVar[tuple[str, ...]] = (
        "kernel_size",
        "dropout",
        "activation",
        "normalization",
        "padding",
        "spatial_dropout",
        "use_gate",
        "kernel_initializer",
        "bias_initializer",
        "residual_initializer",
        "seed",
    )

    def __init__(
        self,
        kernel_size: int,
        dropout: float,
        activation: Any,
        normalization: str | None,
        padding: str,
        spatial_dropout: bool,
        use_gate: bool,
        kernel_initializer: Any,
        bias_initializer: Any,
        residual_initializer: Any,
        seed: int | None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        owner = type(self).__name__
        self.kernel_size = whole_number(kernel_size, owner, "kernel_size", most=MOST_STEPS)
        self.dropout = number(dropout, owner, "dropout", 0, below=1)
        self.activation = activations.get(activation)
        self.normalization = one_of(normalization, owner, "normalization", ("weight", "layer", "batch", None))
        self.padding = one_of(padding, owner, "padding", ("causal", "same"))
        self.spatial_dropout = boolean(spatial_dropout, owner, "spatial_dropout")
        self.use_gate = boolean(use_gate, owner, "use_gate")
        if kernel_initializer is None:  # uniform in ±1/√(fan in)
            kernel_initializer = initializers.VarianceScaling(1 / 3, "fan_in", "uniform")
        if residual_initializer is None:
            residual_initializer = initializers.RandomNormal(stddev=0.01)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.residual_initializer = initializers.get(residual_initializer)
        self.seed = checks.seed(seed, owner)
        self.input_spec = InputSpec(ndim=3)


@documented
class TemporalBlock(BlockOptions):
    """Two dilated convolutions over time with a path around them, the block of a `TCN`.

        h = dropout(f(conv(x)))
        y = f(dropout(f(conv(h))) + x)

    The convolutions have as many steps as their input. Where x has another number of channels than y, a convolution of
    kernel size 1 brings it to that of y.

    Weights, with n for filters (2n with use_gate) and C channels of what a convolution reads: for each of the two
    kernel_scale (n), only with normalization "weight", kernel (kernel_size, C, n) and bias (n); then those of the
    normalisations; then of the convolution around, if there is one, kernel (1, C, filters) and bias (filters).

    Args:
        filters: Number of output channels.
        kernel_size: Steps that a kernel covers; default 3.
        dilation_rate: Steps from one tap of a kernel to the next; default 1.
        dropout: Rate in [0, 1) at which outputs of the convolutions are dropped in training; default 0.0.
        activation: f, by name or as a function; default "relu".
        normalization: "weight" normalises the kernels (see `WeightNormalization`), "layer" and "batch" the outputs of
            the convolutions in front of f; None for neither; default "weight".
        padding: "causal" (no output sees later inputs) or "same" (windows reach as far back as ahead); default
            "causal".
        spatial_dropout: Whether dropout takes whole channels, the same ones in all steps of a sequence; default False.
        use_gate: Whether the convolutions have twice the channels, of which one half gates the other, a·σ(b), in the
            place of f; default False.
        kernel_initializer: Initial values of the kernels, by name or as an object; default None, uniform in ±1/√n for
            n numbers that lead to an output.
        bias_initializer: Initial values of the biases, by name or as an object; default "zeros".
        residual_initializer: Initial values of the kernel of size 1 around the convolutions, by name or as an object;
            default None, normal with standard deviation 0.01.
        seed: Seed of the dropout, an integer; default None, which draws from the global generator.
        {layer arguments}

    Call arguments:
        inputs: (batch, time, channels).
        mask: Bool (batch, time), true where a step counts. The others are zeros in front of every convolution and in
            the output: their values have no influence on any value or gradient.
        training: Whether dropout is active.
        lengths: Integers (batch,), instead of a mask: the number of steps that count at the beginning of each sequence.

    Input shape:
        (batch, time, channels).

    Output shape:
        (batch, time, filters).

    Raises:
        ValueError: An argument is out of range, or at the call inputs, masks or lengths do not fit.

    Example:
        >>> layer = recurra.layers.TemporalBlock(4, kernel_size=3, dilation_rate=2)
        >>> layer(np.ones((2, 10, 3), "float32")).shape
        (2, 10, 4)

    Source: Bai, Kolter & Koltun, An Empirical Evaluation of Generic Convolutional and Recurrent Networks for Sequence
    Modeling, 2018.
    """

    config_arguments: ClassVar[tuple[str, ...]] = ("filters", "dilation_rate", *BlockOptions.shared_arguments)

    def __init__(
        self,
        filters: int,
        kernel_size: int = 3,
        dilation_rate: int = 1,
        dropout: float = 0.0,
        activation: Any = "relu",
        normalization: str | None = "weight",
        padding: str = "causal",
        spatial_dropout: bool = False,
        use_gate: bool = False,
        kernel_initializer: Any = None,
        bias_initializer: Any = "zeros",
        residual_initializer: Any = None,
        seed: int | None = None,
        **kwargs: Unpack[LayerOptions],
    ) -> None:
        super().__init__(
            kernel_size,
            dropout,
            activation,
            normalization,
            padding,
            spatial_dropout,
            use_gate,
            kernel_initializer,
            bias_initializer,
            residual_initializer,
            seed,
            **kwargs,
        )
        owner = type(self).__name__
        self.filters = whole_number(filters, owner, "filters")
        self.dilation_rate = whole_number(dilation_rate, owner, "dilation_rate", most=MOST_STEPS)
        self.seed_generator = None if self.seed is None else random.SeedGenerator(self.seed)
        self.convolutions: list[Any] = []
        self.normalizations: list[Any] = []
        self.residual: Conv1D | None = None

    @property
    def receptive_field(self) -> int:
        """Steps of the input that an output sees, its own among them."""
        return 1 + CONVOLUTIONS * self.past_steps

    @property
    def past_steps(self) -> int:
        """Steps in front of its own that a causal convolution sees."""
        return (self.kernel_size - 1) * self.dilation_rate

    def build(self, input_shape: Any) -> None:
        channels = input_shape[-1]
        if channels is None:
            raise ValueError(f"the number of channels (axis -1) must be known, got shape {tuple(input_shape)}")
        convolutions = [self._convolution(number) for number in range(CONVOLUTIONS)]
        normalizations = [self._normalization(number) for number in range(CONVOLUTIONS)]
        residual = None
        if channels != self.filters:
            residual = Conv1D(
                self.filters,
                1,
                kernel_initializer=self.residual_initializer,
                bias_initializer=self.bias_initializer,
                name="residual",
                dtype=self._dtype,
            )
            residual.build((None, None, channels))
        for width, convolution in zip((channels, self.filters), convolutions, strict=True):
            convolution.build((None, None, width))
        for normalization in normalizations:
            if normalization is not None:
                normalization.build((None, None, self._width))
        self.convolutions, self.normalizations, self.residual = convolutions, normalizations, residual
        self.input_spec = InputSpec(ndim=3, axes={-1: channels})

    @property
    def _width(self) -> int:
        """Channels of a convolution."""
        return 2 * self.filters if self.use_gate else self.filters

    def _convolution(self, number: int) -> Layer:
        fused = self.normalization in ("weight", None) and not self.use_gate
        convolution = Conv1D(
            self._width,
            self.kernel_size,
            padding=self.padding,
            dilation_rate=self.dilation_rate,
            activation=self.activation if fused else None,
            kernel_initializer=self.kernel_initializer,
            bias_initializer=self.bias_initializer,
            name=f"convolution_{number}",
            dtype=self._dtype,
        )
        if self.normalization != "weight":
            return convolution
        return WeightNormalization(convolution, name=f"normalized_{number}", dtype=self._dtype)

    def _normalization(self, number: int) -> Layer | None:
        if self.normalization not in ("layer", "batch"):
            return None
        kind = LayerNormalization if self.normalization == "layer" else BatchNormalization
        return kind(name=f"normalization_{number}", dtype=self._dtype)

    def call(self, inputs: Tensor, mask: Any = None, training: bool = False, lengths: Any = None) -> Tensor:
        steps = step_mask(mask, lengths, *inputs.shape[:2])
        outputs = hidden_steps_zeroed(self.run(inputs, steps, training).outputs, steps)
        if lengths is not None:
            attach_mask(outputs, steps)
        return outputs

    def run(
        self,
        x: Tensor,
        mask: Tensor | None,
        training: bool,
        past: list[Tensor] | None = None,
        returns_past: bool = False,
    ) -> BlockResult:
        """What the block computes for a batch of sequences, whose outputs of masked steps mean nothing.

        Args:
            x: The sequences (batch, time, channels).
            mask: Bool (batch, time), or None where all steps count.
            training: Whether dropout is active.
            past: Inputs of the convolutions in front of these steps, (batch, past_steps, channels of the convolution)
                each; default None, which is zeros.
            returns_past: Whether the same is wanted for the steps that follow; default False.

        Returns:
            The outputs, the output of the convolutions alone, and the last inputs of the convolutions, an empty list
            where they are not wanted.
        """
        x = hidden_steps_zeroed(x, mask)
        branch, last = x, []
        for place, convolution in enumerate(self.convolutions):
            branch = hidden_steps_zeroed(branch, mask)
            if past is None and not returns_past:
                branch = convolution(branch)
            else:
                before = self._before(branch) if past is None else past[place]
                whole = ops.concatenate([before, branch], axis=1)
                branch = convolution(whole)[:, self.past_steps :]
                if returns_past:
                    last.append(_ends(whole, mask, self.past_steps))
            branch = self._finished(branch, self.normalizations[place], mask, training)
        around = x if self.residual is None else self.residual(x)
        return BlockResult(self.activation(around + branch), branch, last)

    def _before(self, x: Tensor) -> Tensor:
        return ops.zeros((x.shape[0], self.past_steps, x.shape[2]), dtype=x.dtype)

    def _finished(self, x: Tensor, normalization: Any, mask: Tensor | None, training: bool) -> Tensor:
        """The output of a convolution normalised, through gate or activation, and with dropout."""
        if normalization is not None:
            options = {"mask": mask, "training": training} if self.normalization == "batch" else {}
            x = normalization(x, **options)
        if self.use_gate:
            x = x[:, :, : self.filters] * ops.sigmoid(x[:, :, self.filters :])
        elif normalization is not None:
            x = self.activation(x)
        if not training or self.dropout == 0:
            return x
        shape = (x.shape[0], 1, x.shape[2]) if self.spatial_dropout else None
        return random.dropout(x, self.dropout, noise_shape=shape, seed=self.seed_generator)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The mask of the input."""
        return mask

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (*input_shape[:2], self.filters)


def hidden_steps_zeroed(x: Tensor, mask: Tensor | None) -> Tensor:
    """The sequences (batch, time, channels) with zeros in masked steps, through which no gradient goes."""
    return x if mask is None else ops.where(ops.expand_dims(mask, -1), x, ops.zeros_like(x))


def ends_of(mask: Tensor) -> np.ndarray:
    """For each sequence the number of steps up to the last one that counts, 0 where none does."""
    counts = mask.numpy()
    return np.where(counts.any(axis=1), counts.shape[1] - counts[:, ::-1].argmax(axis=1), 0)


def _ends(whole: Tensor, mask: Tensor | None, steps: int) -> Tensor:
    """The last `steps` steps up to the end of each sequence; `whole` has as many in front of the masked ones."""
    if mask is None:
        return whole[:, whole.shape[1] - steps :]
    places = ends_of(mask)[:, None] + np.arange(steps)
    return ops.take_along_axis(whole, Tensor(places[:, :, None]), axis=1)
