"""DeepAR: a recurrent network gives the distribution of each step from the step before; forecasts are sampled paths.

Source: Salinas et al., DeepAR: Probabilistic Forecasting with Autoregressive Recurrent Networks, 2017.
"""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra import Input, Model, Sequential, checks, layers
from recurra.forecasting.heads import Gaussian, Head
from recurra.forecasting.models.base import NetworkModel, Trained
from recurra.forecasting.store import Batch, Rows, Sizes, Store
from recurra.tensor import no_grad

_LEAST_SCALE = 1e-2
_WINDOWS_AT_ONCE = 64


class Paths(Head):
    """Sampled paths in the place of parameters: (B, H, paths)."""

    def quantile(self, parameters: NDArray[np.float64], q: float) -> NDArray[np.float64]:
        return np.asarray(np.quantile(parameters, q, axis=-1))


class DeepAR(NetworkModel):
    """Stacked LSTMs, trained to give the distribution of the next value; a forecast draws one step after the other.

    Quantiles and medians are those of the paths, so that errors of one step carry over to the next. Covariates that are
    known in the future and those of the series are read; those known in the past only are not. With a loss of one value
    the distribution is "gaussian".

    Args:
        units: Width of each layer, default 40.
        depth: Layers, default 2.
        dropout: Between the layers; default 0.1.
        paths: Sampled for each forecast, default 100.
        window_scaling: "standard" (default), "last", "mean" or "none"; counts: "mean".
        learning_rate, decay, batch_size, epochs, steps_per_epoch, patience, alias: See `NetworkModel`.

    Example:
        >>> recurra.forecasting.models.DeepAR(units=20, paths=200)
        DeepAR(units=20, paths=200)
    """

    default_scaling = "standard"

    def __init__(
        self, units: int = 40, depth: int = 2, dropout: float = 0.1, paths: int = 100, **training: Any
    ) -> None:
        super().__init__(**training)
        self.units = checks.whole_number(units, "DeepAR", "units")
        self.depth = checks.whole_number(depth, "DeepAR", "depth")
        self.dropout = checks.number(dropout, "DeepAR", "dropout", 0, below=1)
        self.paths = checks.whole_number(paths, "DeepAR", "paths", 2)
        checks.one_of(self.window_scaling, "DeepAR", "window_scaling", ("auto", "standard", "last", "mean", "none"))
        self._counts = False
        self._observed = False

    def build(self, sizes: Sizes, head: Head) -> Model:
        features = 1 + sizes.future + sizes.static
        core: list[Any] = [Input((None, features))]
        for level in range(self.depth):
            core.append(layers.LSTM(self.units, return_sequences=True))
            if level + 1 < self.depth:
                core.append(layers.Dropout(self.dropout))
        chain = Sequential([*core, layers.Dense(head.outputs)], name="core")
        inputs = {
            "steps": Input((sizes.lookback + sizes.horizon - 1, features), name="steps"),
            "shift": Input((1, 1), name="shift"),
            "scale": Input((1, 1), name="scale"),
        }
        return Model(inputs, head.restored(chain(inputs["steps"]), inputs["shift"], inputs["scale"]))

    def train(
        self,
        sizes: Sizes,
        head: Head,
        store: Store,
        training: Rows,
        validation: Rows,
        seed: int,
        verbose: Any,
        deadline: float | None = None,
    ) -> Trained:
        if not head.probabilistic:
            head = Gaussian()
        if not hasattr(head, "log_density"):
            raise ValueError(
                f"{self.name} samples from a distribution; give loss='gaussian', 'student-t', 'mixture' or "
                "'negative-binomial'; quantiles are read from its paths"
            )
        self._scaling(head)
        made = copy(self)  # what it learns of the data is no setting
        made._counts, made._observed = head.support == "counts", store.observed
        trained = NetworkModel.train(made, sizes, head, store, training, validation, seed, verbose, deadline)
        return replace(trained, head=Paths(), likelihood=head, seed=seed)

    def _window_scale(self, y: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Shift and scale (B, 1, 1) of windows (B, L, 1)."""
        zero = np.zeros_like(y[:, :1])
        scaling = self.window_scaling
        scaling = scaling if scaling != "auto" else "mean" if self._counts else "standard"
        if scaling == "mean":
            return zero, np.abs(y).mean(axis=1, keepdims=True) + _LEAST_SCALE
        if scaling == "standard":
            return y.mean(axis=1, keepdims=True), y.std(axis=1, keepdims=True) + _LEAST_SCALE
        return (y[:, -1:] if scaling == "last" else zero), zero + 1

    def _steps(self, batch: Batch, shift: NDArray[Any], scale: NDArray[Any]) -> NDArray[Any]:
        """What the network reads at steps 1 to L + H - 1: the value before, and the covariates of the step itself."""
        values = np.concatenate([batch.y, batch.target[..., None]], axis=1)
        future = batch.future.shape[-1]
        known = np.concatenate([batch.past[..., batch.past.shape[-1] - future :], batch.future], axis=1)[:, 1:]
        static = np.repeat(batch.static[:, None], known.shape[1], axis=1)
        return np.concatenate([(values[:, :-1] - shift) / scale, known, static], axis=-1)

    def arrange(self, batch: Batch) -> Any:
        shift, scale = self._window_scale(batch.y)
        x = {"steps": self._steps(batch, shift, scale), "shift": shift, "scale": scale}
        target = np.concatenate([batch.y[:, 1:, 0], batch.target], axis=1)
        if batch.weight is None and not self._observed:
            return x, target
        ahead = np.ones_like(batch.target) if batch.weight is None else batch.weight
        behind = batch.past[:, 1:, 0] if self._observed else np.ones_like(batch.y[:, 1:, 0])
        return x, target, np.concatenate([behind, ahead], axis=1)

    def parameters(self, trained: Trained, store: Store, newest: Rows) -> NDArray[np.float64]:
        random = np.random.default_rng(trained.seed)
        parts = [newest[i : i + _WINDOWS_AT_ONCE] for i in range(0, len(newest), _WINDOWS_AT_ONCE)]
        with no_grad():
            return np.concatenate([self._sampled(trained, batch, random) for batch in store.batches(parts)])

    def _sampled(self, trained: Trained, batch: Batch, random: np.random.Generator) -> NDArray[np.float64]:
        """Paths (B, H, paths) that go on from the windows of a batch."""
        shift, scale = self._window_scale(batch.y)
        steps = self._steps(batch, shift, scale)
        windows, lookback = len(steps), batch.y.shape[1]
        chain, head = trained.network.get_layer("core"), trained.likelihood
        stream = chain.streaming(batch_size=windows)
        raw = stream.process(np.ascontiguousarray(steps[:, :lookback]))[:, -1]
        each = chain.streaming(batch_size=windows * self.paths)
        each.state = {
            name: [np.repeat(state, self.paths, axis=0) for state in states] for name, states in stream.state.items()
        }
        raw, steps, shift, scale = (np.repeat(values, self.paths, axis=0) for values in (raw, steps, shift, scale))
        drawn: list[NDArray[np.float64]] = []
        for step in range(lookback - 1, steps.shape[1]):
            if step >= lookback:
                x = steps[:, step].copy()
                x[:, 0] = (drawn[-1] - shift[:, 0, 0]) / scale[:, 0, 0]
                raw = each.step(x)
            parameters = head.restored(raw[:, None], shift, scale).numpy().astype(np.float64)
            drawn.append(head.sample(parameters, random)[:, 0])
        paths = np.stack(drawn, axis=-1).reshape(windows, self.paths, -1)
        return np.asarray(paths.transpose(0, 2, 1))
