"""The echo state network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from recurra import checks, initializers, ops, random
from recurra.checks import number
from recurra.layers.documentation import documented
from recurra.layers.recurrent.cell import BuiltInCell
from recurra.layers.recurrent.cell_layer import CellLayer, RecurrentOptions
from recurra.layers.recurrent.cell_options import CellOptions
from recurra.tensor import Tensor, Variable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from typing_extensions import Unpack


@documented
class EchoStateCell(BuiltInCell):
    """One step of an echo state network, whose weights are random and stay so.

        h' = (1 - a) h + a act(x W + h R + b)

    Each unit reads connectivity U units, at least one; R is scaled so that its largest absolute eigenvalue is
    spectral_radius. The weights are not trainable: kernel (F, U), recurrent_kernel (U, U), bias (U).

    Args:
        units: Width U of the state and of the output, at least 1.
        connectivity: Share of the units that a unit reads, in (0, 1]; default 0.1.
        spectral_radius: Largest absolute eigenvalue of R, at least 0; below 1 the past fades; default 0.9.
        leak: Share a of the new value in the state, in (0, 1]; small for slow signals; default 1.
        activation: act, by name or as a function; default "tanh".
        use_bias: Whether there is a bias; default True.
        kernel_initializer: Values of W, by name or as an object; default `RandomUniform(-1, 1)`, for inputs of size 1.
        recurrent_initializer: Values of R before they are thinned and scaled; default `RandomUniform(-1, 1)`.
        seed: Seed of the random weights and masks, an integer; None draws one from the global generator.
        {weight arguments}
        {cell arguments}
        {layer arguments}

    {cell shapes}

    Example:
        >>> cell = recurra.layers.EchoStateCell(50, spectral_radius=0.8, seed=1)
        >>> cell.build((None, 3))
        >>> recurrent = cell.recurrent_kernel.numpy()
        >>> round(float(np.abs(np.linalg.eigvals(recurrent)).max()), 3), int((recurrent != 0).sum())
        (0.8, 250)

    Sources: Jaeger, The "Echo State" Approach to Analysing and Training Recurrent Neural Networks, 2001;
    Lukoševičius, A Practical Guide to Applying Echo State Networks, 2012.
    """

    engine_name = "leaky_rnn"
    gates = 1
    refused = (
        "normalization",
        "weight_normalization",
        "recurrent_dropconnect",
        *(f"{weight}_{kind}" for weight in ("kernel", "recurrent", "bias") for kind in ("regularizer", "constraint")),
    )
    plain_arguments: ClassVar[Sequence[str]] = (
        *BuiltInCell.plain_arguments,
        "connectivity",
        "spectral_radius",
        "leak",
    )

    def __init__(
        self,
        units: int,
        connectivity: float = 0.1,
        spectral_radius: float = 0.9,
        leak: float = 1.0,
        activation: Any = "tanh",
        use_bias: bool = True,
        **options: Unpack[CellOptions],
    ) -> None:
        seed = checks.seed(options.get("seed"), "EchoState")
        kernel_seed, recurrent_seed = (None, None) if seed is None else (seed, seed + 1)
        options.setdefault("kernel_initializer", initializers.RandomUniform(-1.0, 1.0, kernel_seed))
        options.setdefault("recurrent_initializer", initializers.RandomUniform(-1.0, 1.0, recurrent_seed))
        super().__init__(units, activation, use_bias, **options)
        self.connectivity = number(connectivity, "EchoState", "connectivity", above=0, most=1)
        self.spectral_radius = number(spectral_radius, "EchoState", "spectral_radius", least=0)
        self.leak = number(leak, "EchoState", "leak", above=0, most=1)

    def _add(self, name: str, shape: tuple[int, ...]) -> Variable:
        kind = name.removesuffix("_kernel")
        first = self._reservoir if name == "recurrent_kernel" else getattr(self, f"{kind}_initializer")
        return self.add_weight(shape=shape, name=name, initializer=first, trainable=False)

    def _reservoir(self, shape: tuple[int, ...], dtype: Any = None) -> np.ndarray:
        """A matrix in which every unit reads the same number of units, of the wanted spectral radius."""
        matrix = np.array(self.recurrent_initializer(shape, dtype="float64"))
        read = max(1, round(self.connectivity * self.units))
        keys = random.uniform(shape, dtype="float64", seed=self.seed_generator).numpy()
        matrix *= np.argsort(np.argsort(keys, axis=0), axis=0) < read
        # The states of earlier steps that `skip` names enter by square matrices below this one.
        square = matrix[: self.units]
        radius = np.abs(np.linalg.eigvals(square)).max()
        return matrix * (self.spectral_radius / radius) if radius > 0 else matrix

    def engine_weights(self, training: bool) -> list[Any]:
        leaks = ops.full((1, self.units), self.leak, dtype=self.compute_dtype)
        return [self.kernel, self.recurrent_kernel, self.bias, leaks]

    def call(self, inputs: Tensor, states: Any, training: bool = False) -> tuple[Tensor, list[Tensor]]:
        (h,) = states if isinstance(states, (list, tuple)) else (states,)
        x, dropped = self.dropped(inputs, h, training)
        total = self.input_sums(x) + self.recurrent_sums(dropped, training)
        if self.bias is not None:
            total = total + self.bias
        states = self.zoned([h + self.leak * (self.activation(total) - h)], [h], training)
        return states[0], states


@documented
class EchoState(CellLayer):
    """Echo state network layer: a recurrent layer of random weights that stay as they are.

        h_t = (1 - a) h_{t-1} + a act(x_t W + h_{t-1} R + b)

    Only what reads the states is trained: a `Dense` layer behind it, by `fit`, or in closed form by
    `recurra.models.fit_readout`. Weights are those of `EchoStateCell`.

    Args:
        units: Width U of the state and of the output, at least 1.
        connectivity: Share of the units that a unit reads, in (0, 1]; default 0.1.
        spectral_radius: Largest absolute eigenvalue of R, at least 0; below 1 the past fades; default 0.9.
        leak: Share a of the new value in the state, in (0, 1]; small for slow signals; default 1.
        activation: act, by name or as a function; default "tanh".
        use_bias: Whether there is a bias; default True.
        kernel_initializer: Values of W, by name or as an object; default `RandomUniform(-1, 1)`, for inputs of size 1.
        recurrent_initializer: Values of R before they are thinned and scaled; default `RandomUniform(-1, 1)`.
        seed: Seed of the random weights and masks, an integer; None draws one from the global generator.
        {weight arguments}
        {cell arguments}
        {recurrence arguments}
        {layer arguments}

    {recurrent shapes}

    Example:
        >>> layer = recurra.layers.EchoState(20, return_sequences=True)
        >>> layer(np.ones((2, 5, 3), "float32")).shape, layer.trainable_weights
        ((2, 5, 20), [])

    Sources: Jaeger, The "Echo State" Approach to Analysing and Training Recurrent Neural Networks, 2001;
    Lukoševičius, A Practical Guide to Applying Echo State Networks, 2012.
    """

    cell_class = EchoStateCell

    if TYPE_CHECKING:
        connectivity: float
        spectral_radius: float
        leak: float

        def __init__(
            self,
            units: int,
            connectivity: float = 0.1,
            spectral_radius: float = 0.9,
            leak: float = 1.0,
            activation: Any = "tanh",
            use_bias: bool = True,
            **options: Unpack[RecurrentOptions],
        ) -> None: ...
