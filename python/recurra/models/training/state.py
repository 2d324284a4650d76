"""What a training can be taken up from: the settings of `compile`, the optimizer's state, figures in mid-epoch."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from recurra import losses, metrics, optimizers, serialization
from recurra.losses import FunctionLoss, Loss
from recurra.metrics import Metric
from recurra.models.training.compilation import Compilation
from recurra.tree import map_structure

if TYPE_CHECKING:
    from recurra.tensor import Variable


class TrainingState(Compilation):
    """The part of a model that describes its training, and restores it."""

    def get_compile_config(self) -> dict[str, Any]:
        """What `compile` was given, as names and descriptions; empty if it was not called or cannot be described."""
        if not self.compiled:
            return {}
        described = {name: map_structure(_described, value) for name, value in self._compile_arguments.items()}
        try:
            return {
                "optimizer": optimizers.serialize(self.optimizer),
                **{name: serialization.plain(value) for name, value in described.items()},
            }
        except TypeError as error:
            warnings.warn(f"the settings of compile are not stored: {error}; compile again after loading", stacklevel=3)
            return {}

    def compile_from_config(self, config: Mapping[str, Any]) -> None:
        """Compiles as `get_compile_config` says; builds the optimizer if the model has weights."""
        config = serialization.restored(config)
        self.compile(
            optimizers.deserialize(config["optimizer"]),
            loss=_recalled(config.get("loss"), losses.deserialize),
            loss_weights=config.get("loss_weights"),
            metrics=_recalled(config.get("metrics"), metrics.deserialize),
            weighted_metrics=_recalled(config.get("weighted_metrics"), metrics.deserialize),
        )
        if self.built:
            self.optimizer.build(self.trainable_variables)

    def _trainer_state(self) -> dict[str, np.ndarray]:
        """The optimizer's state, empty before the first step."""
        if self.optimizer is None or not self.optimizer.built:
            return {}
        return {f"optimizer/{name}": array for name, array in self.optimizer.state().items()}

    def _set_trainer_state(self, state: Mapping[str, np.ndarray], trained: list[Variable] | None = None) -> None:
        """Puts back what `_trainer_state` gave; `trained` are the optimizer's variables, those of the model if None."""
        own = {name.removeprefix("optimizer/"): array for name, array in state.items()}
        if own:
            self.optimizer.build(self.trainable_variables if trained is None else trained)
            self.optimizer.set_state(own)

    def _figures_state(self) -> dict[str, Any]:
        """The sums of loss and metrics in the middle of an epoch."""
        loss, compiled = self._require_compiled("fit")
        return {
            "loss": self._loss_mean.state(),
            "losses": [mean.state() for mean in loss.means],
            "metrics": [metric.state() for _, metric, _ in compiled.parts],
            "layers": [[place, name, mean.state()] for (place, name), mean in self._layer_means.items()],
        }

    def _layer_mean(self, place: int, name: str) -> Metric:
        """The mean of what the layer at a place of the model reports under a name."""
        key = (place, name)
        if key not in self._layer_means:
            self._layer_means[key] = metrics.Mean(name)
        return self._layer_means[key]

    def _restore_figures(self, kind: str) -> None:
        """Puts back a part of what `_figures_state` gave, if an interrupted epoch is taken up."""
        if self.run.figures is None:
            return
        loss, compiled = self._require_compiled("fit")
        parts: dict[str, list[Metric]] = {
            "loss": [self._loss_mean],
            "losses": [*loss.means],
            "metrics": [metric for _, metric, _ in compiled.parts],
        }
        own = parts.get(kind, [])
        try:
            states = self.run.figures[kind]
            if kind == "layers":
                own = [self._layer_mean(place, name) for place, name, _ in states]
                states = [values for _, _, values in states]
            for metric, state in zip(own, [states] if kind == "loss" else states, strict=bool(own)):
                metric.set_state(state)
        except (LookupError, TypeError, ValueError) as error:
            raise ValueError(
                f"the backup's figures of the interrupted epoch do not fit ({error}); delete it to start again"
            ) from error


def _described(item: Any) -> Any:
    """A loss or metric for a configuration: functions of the package by their name."""
    if isinstance(item, type) and issubclass(item, (Loss, Metric)):
        return item.__name__
    if isinstance(item, FunctionLoss) and type(item) is FunctionLoss and not item.arguments:
        item = item.function
    for name, function in losses.FUNCTIONS.items():
        if function is item:
            return name
    return item


def _recalled(value: Any, make: Callable[[Mapping[str, Any]], Any]) -> Any:
    """The structure with descriptions of objects made into objects."""
    if isinstance(value, Mapping):
        if "class_name" in value:
            return make(value)
        return {name: _recalled(item, make) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_recalled(item, make) for item in value]
    return value
