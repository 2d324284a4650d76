"""Temporal convolutional networks: residual blocks of dilated convolutions with a view that grows block by block."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import numpy as np

from recurra import ops
from recurra.checks import MOST_STEPS, boolean, is_whole_number, whole_number
from recurra.layers.documentation import documented
from recurra.layers.input_spec import InputSpec
from recurra.layers.masks import attach_mask
from recurra.layers.recurrent.step_mask import step_mask
from recurra.layers.temporal.block import CONVOLUTIONS, BlockOptions, TemporalBlock, ends_of, hidden_steps_zeroed
from recurra.tensor import Tensor

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from recurra.layers.options import LayerOptions

Self = TypeVar("Self", bound="TCN")

_MOST_LEVELS = 1000
_DEEPEST_DOUBLING = int(math.log2(MOST_STEPS)) + 1


@documented
class TCN(BlockOptions):
    """Temporal convolutional network: `TemporalBlock`s on top of each other, each with a larger dilation.

    An output sees the last 1 + 2 (kernel_size − 1) Σ dilations steps, the `receptive_field`; what lies before has no
    influence. The defaults are the network of the paper: levels n stand for the dilations 1, 2, 4, … 2ⁿ⁻¹.

    Args:
        filters: Number of channels of every block, or a list with one number for each.
        kernel_size: Steps that a kernel covers; default 3.
        levels: Number of blocks; default None, which is the number of dilations or of filters where one is a list.
        dilations: Steps between the taps of the kernels, a list with one number for each block; default None, which
            doubles them from block to block, 1, 2, 4, …
        dropout: Rate in [0, 1) at which outputs of the convolutions are dropped in training; default 0.0.
        activation: Activation behind each convolution and each sum, by name or as a function; default "relu".
        normalization: "weight" normalises the kernels (see `WeightNormalization`), "layer" and "batch" the outputs of
            the convolutions in front of the activation; None for neither; default "weight".
        return_sequences: Whether the output holds all steps or the last one that counts; default False.
        padding: "causal" (no output sees later inputs) or "same" (windows reach as far back as ahead); default
            "causal".
        use_skip_connections: Whether the output is the sum of what the convolutions of all blocks give, without the
            paths around them, instead of the output of the last block; default False.
        spatial_dropout: Whether dropout takes whole channels, the same ones in all steps of a sequence; default False.
        use_gate: Whether the convolutions have twice the channels, of which one half gates the other, a·σ(b), in the
            place of the activation; default False.
        kernel_initializer: Initial values of the kernels, by name or as an object; default None, uniform in ±1/√n for
            n numbers that lead to an output.
        bias_initializer: Initial values of the biases, by name or as an object; default "zeros".
        residual_initializer: Initial values of the kernels of size 1 around the convolutions, by name or as an object;
            default None, normal with standard deviation 0.01.
        return_state: Whether the last inputs of all convolutions follow the output: as `initial_state` of another call
            they continue the sequences; default False.
        seed: Seed of the dropout, an integer; default None, which draws from the global generator.
        {layer arguments}

    Call arguments:
        sequences: (batch, time, channels).
        initial_state: What an earlier call returned with return_state, for sequences that go on; zeros by default.
        mask: Bool (batch, time), true where a step counts. The others are zeros in front of every convolution and in
            the output: their values have no influence on any value or gradient.
        training: Whether dropout is active.
        lengths: Integers (batch,), instead of a mask: the number of steps that count at the beginning of each sequence.

    Input shape:
        (batch, time, channels).

    Output shape:
        (batch, filters), or (batch, time, filters) with return_sequences; with return_state followed by two states a
        block, (batch, (kernel_size − 1)·dilation, channels).

    Raises:
        ValueError: An argument is out of range or does not fit the others, or at the call inputs, states, masks or
            lengths do not fit.

    Example:
        >>> layer = recurra.layers.TCN(8, kernel_size=3, levels=4, return_sequences=True)
        >>> layer.receptive_field
        61
        >>> layer(np.ones((2, 20, 3), "float32")).shape
        (2, 20, 8)

    Source: Bai, Kolter & Koltun, An Empirical Evaluation of Generic Convolutional and Recurrent Networks for Sequence
    Modeling, 2018.
    """

    config_arguments: ClassVar[tuple[str, ...]] = (
        "filters",
        "levels",
        "dilations",
        "return_sequences",
        "use_skip_connections",
        "return_state",
        *BlockOptions.shared_arguments,
    )

    def __init__(
        self,
        filters: int | Sequence[int],
        kernel_size: int = 3,
        levels: int | None = None,
        dilations: Sequence[int] | None = None,
        dropout: float = 0.0,
        activation: Any = "relu",
        normalization: str | None = "weight",
        return_sequences: bool = False,
        padding: str = "causal",
        use_skip_connections: bool = False,
        spatial_dropout: bool = False,
        use_gate: bool = False,
        kernel_initializer: Any = None,
        bias_initializer: Any = "zeros",
        residual_initializer: Any = None,
        return_state: bool = False,
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
        self.return_sequences = boolean(return_sequences, "TCN", "return_sequences")
        self.use_skip_connections = boolean(use_skip_connections, "TCN", "use_skip_connections")
        self.return_state = boolean(return_state, "TCN", "return_state")
        self.filters = _filters(filters)
        self.dilations = _dilations(dilations, levels, self.filters)
        self.levels = len(self.dilations)
        self._check_agreement()
        self.blocks: list[TemporalBlock] = []

    def _check_agreement(self) -> None:
        if isinstance(self.filters, list) and len(self.filters) != self.levels:
            raise ValueError(
                f"TCN: filters has {len(self.filters)} numbers for {self.levels} levels; give one number for each "
                "level, or a single one for all"
            )
        if self.kernel_size == 1 and max(self.dilations) > 1:
            raise ValueError(
                f"TCN: kernel_size=1 sees one step whatever the dilations, got dilations={self.dilations}; "
                "give kernel_size=2 or more"
            )
        if self.receptive_field > MOST_STEPS:
            raise ValueError(
                f"TCN: kernel_size={self.kernel_size} and dilations={self.dilations} make a receptive field of "
                f"{self.receptive_field} steps, at most {MOST_STEPS} are possible; give fewer levels"
            )
        if self.use_skip_connections and len(set(self.widths)) > 1:
            raise ValueError(
                f"TCN: use_skip_connections=True adds the outputs of all levels, got filters={self.filters}; "
                "give all levels the same number"
            )
        if self.return_state and self.padding != "causal":
            raise ValueError("TCN: return_state=True needs padding='causal': later steps change outputs of 'same'")
        if self.return_state and self.kernel_size == 1:
            raise ValueError("TCN: return_state=True needs kernel_size=2 or more: kernel_size=1 reads no past steps")

    @classmethod
    def for_receptive_field(
        cls: type[Self], steps: int, kernel_size: int = 3, *, filters: int | Sequence[int], **options: Any
    ) -> Self:
        """Make the network with the fewest levels whose outputs see at least so many steps.

        Args:
            steps: Steps that the last output has to see, for example those of the sequences.
            kernel_size: Steps that a kernel covers; default 3.
            filters: Number of channels of every block, or a list with one number for each.
            **options: Other arguments of `TCN`.

        Returns:
            The network, not yet built.

        Raises:
            ValueError: An argument is out of range, or levels or dilations are given too.

        Example:
            >>> layer = recurra.layers.TCN.for_receptive_field(600, kernel_size=8, filters=24)
            >>> layer.levels, layer.receptive_field
            (6, 883)
        """
        for name in ("levels", "dilations"):
            if options.get(name) is not None:
                raise ValueError(f"TCN.for_receptive_field: {name} follows from steps; leave it out, or call TCN")
        steps = whole_number(steps, "TCN.for_receptive_field", "steps", most=MOST_STEPS)
        size = whole_number(kernel_size, "TCN.for_receptive_field", "kernel_size", most=MOST_STEPS)
        if size == 1 and steps > 1:
            raise ValueError(
                f"TCN.for_receptive_field: kernel_size=1 sees one step, not {steps}; give kernel_size=2 or more"
            )
        levels = 1
        while receptive_field(size, doubled(levels)) < steps:
            levels += 1
        return cls(filters, size, levels=levels, **options)

    @property
    def receptive_field(self) -> int:
        """Steps of the input that an output sees, its own among them: 1 + 2 (kernel_size − 1) Σ dilations."""
        return receptive_field(self.kernel_size, self.dilations)

    @property
    def widths(self) -> list[int]:
        """Channels of each block."""
        return self.filters if isinstance(self.filters, list) else [self.filters] * self.levels

    def build(self, input_shape: Any) -> None:
        blocks = []
        shape = tuple(input_shape)
        for number, (width, dilation) in enumerate(zip(self.widths, self.dilations, strict=True)):
            options = {name: getattr(self, name) for name in BlockOptions.shared_arguments}
            if self.seed is not None:
                options["seed"] = (self.seed + number) % 2**64
            block = TemporalBlock(width, dilation_rate=dilation, name=f"level_{number}", dtype=self._dtype, **options)
            block.build(shape)
            blocks.append(block)
            shape = (*shape[:2], width)
        self.blocks = blocks
        self.input_spec = InputSpec(ndim=3, axes={-1: input_shape[-1]})
        time = input_shape[1]
        if time is not None and self.receptive_field < time:
            warnings.warn(
                f"{self._title}: an output sees the last {self.receptive_field} steps, but the sequences have {time}; "
                "where the steps before them matter, give more levels or a larger kernel_size, or use "
                f"TCN.for_receptive_field({time}, …)",
                stacklevel=7,  # the line that calls the layer
            )

    def call(
        self,
        sequences: Tensor,
        initial_state: Any = None,
        mask: Any = None,
        training: bool = False,
        lengths: Any = None,
    ) -> Any:
        if sequences.shape[1] == 0:
            raise ValueError(f"expected at least one time step, got an input of shape {sequences.shape}")
        steps = step_mask(mask, lengths, *sequences.shape[:2])
        past = None if initial_state is None else self._checked_state(initial_state, sequences)
        outputs, final = self._run(sequences, steps, training, past)
        outputs = hidden_steps_zeroed(outputs, steps)
        if not self.return_sequences:
            outputs = _last(outputs, steps)
        elif lengths is not None:
            attach_mask(outputs, steps)
        return (outputs, *final) if self.return_state else outputs

    def _run(
        self, x: Tensor, mask: Tensor | None, training: bool, past: list[Tensor] | None
    ) -> tuple[Tensor, list[Tensor]]:
        final: list[Tensor] = []
        total: Tensor | None = None
        for number, block in enumerate(self.blocks):
            own = None if past is None else past[number * CONVOLUTIONS : (number + 1) * CONVOLUTIONS]
            result = block.run(x, mask, training, own, self.return_state)
            x = result.outputs
            final += result.past
            if self.use_skip_connections:
                total = result.branch if total is None else total + result.branch
        return (x if total is None else total), final

    def _checked_state(self, given: Any, x: Tensor) -> list[Tensor]:
        if self.padding != "causal":
            raise ValueError("initial_state needs padding='causal'")
        wanted = [(x.shape[0], *shape[1:]) for shape in self._state_shapes(x.shape[0], x.shape[2])]
        states = list(given) if isinstance(given, (list, tuple)) else [given]
        if len(states) != len(wanted):
            raise ValueError(f"expected {len(wanted)} initial states, two for each level, got {len(states)}")
        for number, (state, shape) in enumerate(zip(states, wanted, strict=True)):
            got = None if state is None else tuple(state.shape)
            if got != shape:
                raise ValueError(f"expected an initial state {number} of shape {shape}, got {got}")
        return [self._convert(state) for state in states]

    def _state_shapes(self, batch: int | None, channels: int) -> list[tuple[int | None, int, int]]:
        shapes = []
        for width, dilation in zip(self.widths, self.dilations, strict=True):
            steps = (self.kernel_size - 1) * dilation
            shapes += [(batch, steps, channels), (batch, steps, width)]
            channels = width
        return shapes

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The mask of the output: with return_sequences that of the input."""
        own = mask if self.return_sequences else None
        return [own] + [None] * (CONVOLUTIONS * self.levels) if self.return_state else own

    def compute_output_shape(self, input_shape: Any, initial_state_shape: Any = None) -> Any:
        batch, time, channels = input_shape
        width = self.widths[-1]
        output = (batch, time, width) if self.return_sequences else (batch, width)
        return (output, *self._state_shapes(batch, channels)) if self.return_state else output


def doubled(levels: int) -> list[int]:
    """The dilations 1, 2, 4, … of so many levels."""
    return [2**level for level in range(levels)]


def receptive_field(kernel_size: int, dilations: Sequence[int]) -> int:
    """Steps of the input that an output of blocks with these dilations sees, its own among them."""
    return 1 + CONVOLUTIONS * (kernel_size - 1) * sum(dilations)


def _filters(given: Any) -> int | list[int]:
    if is_whole_number(given):
        return whole_number(given, "TCN", "filters")
    if isinstance(given, (list, tuple)) and given and all(is_whole_number(one) and one >= 1 for one in given):
        return [int(one) for one in given]
    raise ValueError(f"TCN: filters must be an integer >= 1, or a list with one for each level, got {given!r}")


def _dilations(given: Any, levels: Any, filters: int | list[int]) -> list[int]:
    """The dilation of each level."""
    count = None if levels is None else whole_number(levels, "TCN", "levels", most=_MOST_LEVELS)
    if given is None:
        if count is None and not isinstance(filters, list):
            raise ValueError(
                "TCN: the number of levels is not known; give levels, a list of dilations or of filters, or use "
                "TCN.for_receptive_field(steps, …)"
            )
        count = count if count is not None or not isinstance(filters, list) else len(filters)
        assert count is not None
        if count > _DEEPEST_DOUBLING:
            raise ValueError(
                f"TCN: levels must be from 1 to {_DEEPEST_DOUBLING} where dilations double, got {count}; "
                "give dilations as a list, such as [1, 2, 4, 8] * 8"
            )
        return doubled(count)
    fits = isinstance(given, (list, tuple, np.ndarray)) and 0 < len(given) <= _MOST_LEVELS
    if not fits or not all(is_whole_number(one) and 1 <= one <= MOST_STEPS for one in given):
        raise ValueError(f"TCN: dilations must be a list of integers from 1 to {MOST_STEPS}, got {given!r}")
    if count is not None and count != len(given):
        raise ValueError(
            f"TCN: dilations has {len(given)} numbers for levels={count}; give one for each level, or leave levels out"
        )
    return [int(one) for one in given]


def _last(outputs: Tensor, mask: Tensor | None) -> Tensor:
    """The outputs of the last step that counts; those of masked steps are zeros."""
    if mask is None:
        return outputs[:, -1]
    places = np.maximum(ends_of(mask) - 1, 0)
    return ops.squeeze(ops.take_along_axis(outputs, Tensor(places[:, None, None]), axis=1), 1)
