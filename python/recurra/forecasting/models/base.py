"""What the models of the forecaster have in common: inputs, the scale of a window, covariates, training."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from recurra import Input, Model, checks, layers, ops, optimizers
from recurra.callbacks import Callback, EarlyStopping, LearningRateScheduler
from recurra.configurable import Configurable
from recurra.forecasting.heads import Head
from recurra.forecasting.store import Batch, Rows, Sizes, Store, Windows, thinned

WINDOW_SCALINGS = ("none", "last", "standard", "robust", "mean", "revin")
_LEAST_SCALE = 1e-2
_LEAST_VARIANCE = 1e-5
_PREDICTED_AT_ONCE = 1024
_STEADY_EPOCHS = 3


@dataclass
class Trained:
    """A model that was trained.

    Attributes:
        model: Its settings.
        sizes: What it gets and gives.
        head: What its outputs mean.
        network: The network, None for one without weights.
        history: "loss" and "val_loss" of every epoch.
        best_epoch: The epoch whose weights were kept, from 1.
        seconds: The training took.
        likelihood: Of DeepAR: the distribution that its paths are drawn from.
        seed: Of DeepAR: that of the paths.
    """

    model: ForecastModel
    sizes: Sizes
    head: Head
    network: Any = field(default=None, repr=False)
    history: dict[str, list[float]] = field(default_factory=dict, repr=False)
    best_epoch: int = 0
    seconds: float = 0.0
    likelihood: Any = None
    seed: int = 0

    def parameters(self, store: Store, newest: Rows) -> NDArray[np.float64]:
        """(windows, H, P): what the model says of the windows with these newest rows, on the scale of the series."""
        return self.model.parameters(self, store, newest)


class ForecastModel(Configurable):
    """Base of the models: settings, and how they are trained and asked.

    Args:
        alias: Name of the columns of the forecast; default the name of the class.

    Example:
        >>> isinstance(recurra.forecasting.models.Naive(), recurra.forecasting.models.ForecastModel)
        True
    """

    #: Whether there is nothing to train.
    naive: ClassVar[bool] = False

    def __init__(self, alias: str | None = None) -> None:
        self.alias = alias

    @property
    def name(self) -> str:
        """Name of its columns."""
        return self.alias or type(self).__name__

    def lookback(self, wanted: int, season: int) -> int:
        """The steps of its windows, where the forecaster wants so many."""
        return wanted

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
        """The model trained on windows, by their newest rows; `deadline`, of `time.monotonic`, ends it after a pass."""
        raise TypeError(f"{type(self).__name__} does not define train(...)")

    def parameters(self, trained: Trained, store: Store, newest: Rows) -> NDArray[np.float64]:
        """See `Trained.parameters`."""
        raise TypeError(f"{type(self).__name__} does not define parameters(...)")


class NetworkModel(ForecastModel):
    """Base of the models that are networks: a subclass defines `forecast`.

    Args:
        window_scaling: What is taken out of a window, and put back into its forecast: "last" (the last value is
            subtracted), "standard" (mean and standard deviation), "robust" (median and quartiles), "mean" (divided by
            the mean of |y|), "revin" ("standard", with a factor and an offset for each series that training finds; Kim
            et al., 2022), "none". Default "auto": what suits the model.
        learning_rate: Of Adam, default 1e-3.
        decay: Factor of the learning rate after each epoch, from the fourth on; default 0.9.
        batch_size: Windows in a step, default 128.
        epochs: The most passes, default 30.
        steps_per_epoch: Steps of a pass, for which windows are drawn in random order; default 50. The validation part
            is then judged by at most as many windows, evenly chosen. None: every window once.
        patience: Passes without a smaller error on the validation part after which training ends; default 5. The best
            pass is kept.
        alias: Name of the columns of the forecast; default the name of the class.

    Raises:
        ValueError: A setting is out of range.

    Example:
        >>> class Mean(recurra.forecasting.models.NetworkModel):
        ...     def forecast(self, y, inputs, sizes):
        ...         means = recurra.layers.AveragePooling1D(sizes.lookback)(y)
        ...         return recurra.forecasting.models.steps_of(recurra.layers.Flatten()(means), sizes)
        >>> table = {"unique_id": ["a"] * 40, "ds": np.arange(40), "y": np.arange(40) % 2}
        >>> forecaster = recurra.forecasting.Forecaster(Mean(epochs=2), freq=1, horizon=4, input_size=6)
        >>> len(forecaster.fit(table).predict()["Mean"])
        4
    """

    #: What "auto" is.
    default_scaling: ClassVar[str] = "last"
    #: Whether `forecast` reads the past covariates; else their effect is added.
    reads_covariates: ClassVar[bool] = False
    #: Whether something is learned for each series, so that others cannot be forecast.
    knows_series: ClassVar[bool] = False

    def __init__(
        self,
        *,
        window_scaling: str = "auto",
        learning_rate: float = 1e-3,
        decay: float = 0.9,
        batch_size: int = 128,
        epochs: int = 30,
        steps_per_epoch: int | None = 50,
        patience: int = 5,
        alias: str | None = None,
    ) -> None:
        super().__init__(alias)
        owner = type(self).__name__
        self.window_scaling = checks.one_of(window_scaling, owner, "window_scaling", ("auto", *WINDOW_SCALINGS))
        self.learning_rate = checks.positive_number(learning_rate, owner, "learning_rate")
        self.decay = checks.number(decay, owner, "decay", above=0, most=1)
        self.batch_size = checks.whole_number(batch_size, owner, "batch_size")
        self.epochs = checks.whole_number(epochs, owner, "epochs")
        self.steps_per_epoch = (
            None if steps_per_epoch is None else checks.whole_number(steps_per_epoch, owner, "steps_per_epoch")
        )
        self.patience = checks.whole_number(patience, owner, "patience")

    @property
    def _reads_series(self) -> bool:
        return self.knows_series or self.window_scaling == "revin"

    def _scaling(self, head: Head) -> str:
        """What `window_scaling` means, for targets of this kind."""
        if head.support == "real":
            return self.default_scaling if self.window_scaling == "auto" else self.window_scaling
        if self.window_scaling not in ("auto", "mean", "none"):
            raise ValueError(
                f"{self.name}: window_scaling='{self.window_scaling}' makes counts negative; with a loss of counts "
                "give 'mean' or 'none'"
            )
        return "mean" if self.window_scaling == "auto" else self.window_scaling

    def forecast(self, y: Any, inputs: dict[str, Any], sizes: Sizes) -> Any:
        """The network: (B, H, outputs) from the scaled window y (B, L, 1).

        Args:
            y: The window.
            inputs: "past" (B, L, past), "future" (B, H, future), "static" (B, static), "series" (B,), where there are.
            sizes: Of all of them.
        """
        raise TypeError(f"{type(self).__name__} does not define forecast(y, inputs, sizes)")

    def build(self, sizes: Sizes, head: Head) -> Model:
        """The network with its inputs, scaling and head."""
        inputs = {"y": Input((sizes.lookback, 1), name="y")}
        for name, shape in (
            ("past", (sizes.lookback, sizes.past)),
            ("future", (sizes.horizon, sizes.future)),
            ("static", (sizes.static,)),
        ):
            if shape[-1]:
                inputs[name] = Input(shape, name=name)
        if self._reads_series:
            inputs["series"] = Input((), dtype="int32", name="series")
        y, shift, scale = scaled_window(inputs["y"], self._scaling(head), inputs.get("series"), sizes.series)
        raw = self.forecast(y, inputs, sizes)
        for effect in self._effects(inputs, sizes):
            raw = raw + effect
        return Model(inputs, head.restored(raw, shift, scale))

    def _effects(self, inputs: dict[str, Any], sizes: Sizes) -> list[Any]:
        """What covariates add to each step of the forecast."""
        effects = []
        known = [inputs["future"]] if "future" in inputs else []
        if "static" in inputs:
            known.append(layers.RepeatVector(sizes.horizon)(inputs["static"]))
        if known:
            x = known[0] if len(known) == 1 else layers.Concatenate()(known)
            x = layers.Dense(32, activation="relu")(x)
            effects.append(layers.Dense(sizes.outputs)(x))
        if "past" in inputs and not self.reads_covariates:
            effects.append(steps_of(layers.Flatten()(inputs["past"]), sizes))
        return effects

    def arrange(self, batch: Batch) -> Any:
        """A batch as `fit` takes it."""
        x = {"y": batch.y, "past": batch.past, "future": batch.future, "static": batch.static, "series": batch.series}
        x = {name: values for name, values in x.items() if values.ndim == 1 or values.shape[-1]}
        if not self._reads_series:
            del x["series"]
        return (x, batch.target) if batch.weight is None else (x, batch.target, batch.weight)

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
        from recurra import random

        random.set_seed(seed)
        network = self.build(sizes, head)
        network.compile(optimizer=optimizers.Adam(self.learning_rate), loss=head.loss)
        watching: list[Any] = []
        if deadline is not None:
            watching.append(_StopAt(deadline))
        if self.decay < 1:
            watching.append(LearningRateScheduler(self._rate))
        keeper = EarlyStopping("val_loss", patience=self.patience, mode="min", restore_best_weights=True)
        if len(validation):
            watching.append(keeper)
        if self.steps_per_epoch is not None:
            validation = thinned(validation, self.steps_per_epoch * self.batch_size)
        began = time.perf_counter()
        history = network.fit(
            Windows(store, training, self.batch_size, self.arrange, self.steps_per_epoch, seed),
            epochs=self.epochs,
            validation_data=Windows(store, validation, _PREDICTED_AT_ONCE, self.arrange) if len(validation) else None,
            callbacks=watching,
            verbose=verbose,
        ).history
        plain = {name: [float(value) for value in values] for name, values in history.items()}
        losses = plain["val_loss" if len(validation) else "loss"]
        if not np.isfinite(losses).any():
            raise ValueError(
                f"{self.name}: the loss is not finite after one epoch; lower learning_rate={self.learning_rate:g}"
            )
        best = int(np.nanargmin(losses)) + 1 if len(validation) else len(losses)
        return Trained(self, sizes, head, network, plain, best, time.perf_counter() - began)

    def _rate(self, epoch: int, rate: float) -> float:
        return float(self.learning_rate * self.decay ** max(0, epoch - _STEADY_EPOCHS))

    def parameters(self, trained: Trained, store: Store, newest: Rows) -> NDArray[np.float64]:
        parts = [newest[i : i + _PREDICTED_AT_ONCE] for i in range(0, len(newest), _PREDICTED_AT_ONCE)]
        found = [trained.network.predict_on_batch(self.arrange(batch)[0]) for batch in store.batches(parts)]
        return np.concatenate(found).astype(np.float64)


class _StopAt(Callback):
    """Ends the training after the first pass that is over too late."""

    def __init__(self, deadline: float) -> None:
        super().__init__()
        self.deadline = deadline

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if time.monotonic() > self.deadline:
            self.model.stop_training = True


def scaled_window(y: Any, scaling: str, series: Any, count: int) -> tuple[Any, Any, Any]:
    """The window on a scale of its own, and the shift and scale (B, 1, 1) that bring forecasts back."""
    zero, one = ops.zeros_like(y[:, :1]), ops.ones_like(y[:, :1])
    if scaling == "none":
        return y, zero, one
    if scaling == "last":
        shift = y[:, -1:]
        return y - shift, shift, one
    if scaling == "mean":
        scale = ops.mean(ops.abs(y), axis=1, keepdims=True) + _LEAST_SCALE
        return y / scale, zero, scale
    if scaling == "robust":
        shift = ops.median(y, axis=1, keepdims=True)
        spread = ops.quantile(y, 0.75, axis=1, keepdims=True) - ops.quantile(y, 0.25, axis=1, keepdims=True)
        scale = spread / 1.349 + _LEAST_SCALE
        return (y - shift) / scale, shift, scale
    shift = ops.mean(y, axis=1, keepdims=True)
    scale = ops.sqrt(ops.var(y, axis=1, keepdims=True) + _LEAST_VARIANCE)
    scaled = (y - shift) / scale
    if scaling == "standard":
        return scaled, shift, scale
    factor = ops.exp(ops.expand_dims(layers.Embedding(count, 1, embeddings_initializer="zeros")(series), 1))
    offset = ops.expand_dims(layers.Embedding(count, 1, embeddings_initializer="zeros")(series), 1)
    return scaled * factor + offset, shift - offset * scale / factor, scale / factor


def steps_of(context: Any, sizes: Sizes) -> Any:
    """(B, H, outputs) by one dense layer of a context (B, units).

    Example:
        >>> from recurra.forecasting.store import Sizes
        >>> recurra.forecasting.models.steps_of(recurra.Input((8,)), Sizes(lookback=24, horizon=6)).shape
        (None, 6, 1)
    """
    return layers.Reshape((sizes.horizon, sizes.outputs))(layers.Dense(sizes.horizon * sizes.outputs)(context))


def sequence_of(y: Any, inputs: dict[str, Any], sizes: Sizes) -> Any:
    """The window with its covariates, (B, L, features), for models that read it step by step."""
    parts = [y, *([inputs["past"]] if "past" in inputs else [])]
    if "static" in inputs:
        parts.append(layers.RepeatVector(sizes.lookback)(inputs["static"]))
    return parts[0] if len(parts) == 1 else layers.Concatenate()(parts)
