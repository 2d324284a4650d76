"""What `compile` settles: optimizer, losses and metrics, and the figures that they collect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recurra import optimizers
from recurra.checks import answers_unknown_keywords
from recurra.metrics import Mean, Metric
from recurra.models.names import unused_name
from recurra.models.training.compiled import CompiledLoss, CompiledMetrics, check_names, flat_identifiers
from recurra.models.training.run import Run

if TYPE_CHECKING:
    from recurra.callbacks import History
    from recurra.tensor import Tensor, Variable


class Compilation:
    """The part of a model that knows how it is trained."""

    # What a model brings.
    name: str
    built: bool
    if TYPE_CHECKING:

        @property
        def layers(self) -> list[Any]: ...
        @property
        def losses(self) -> list[Tensor]: ...
        @property
        def weights(self) -> list[Variable]: ...
        @property
        def trainable_variables(self) -> list[Variable]: ...
        @property
        def inputs(self) -> list[Any]: ...
        @property
        def outputs(self) -> list[Any]: ...

        _call_token: object | None

        def _flatten_layers(self) -> list[Any]: ...
        @property
        def input_names(self) -> list[str]: ...
        @property
        def _input_keys(self) -> list[str]: ...
        @property
        def output_names(self) -> list[str]: ...
        def __call__(self, *args: Any, **kwargs: Any) -> Any: ...
        def build(self, input_shape: Any) -> None: ...
        def compute_output_shape(self, input_shape: Any) -> Any: ...
        def reset_states(self) -> None: ...

    def __init__(self) -> None:
        self.optimizer: Any = None
        self.stop_training = False
        self.history: History | None = None
        self.run = Run()
        self._compiled_loss: CompiledLoss | None = None
        self._compiled_metrics: CompiledMetrics | None = None
        self._compile_arguments: dict[str, Any] = {}
        self._loss_mean = Mean("loss")
        # Of what layers add by `add_metric`: by the layer's place in the model, and name.
        self._layer_means: dict[tuple[int, str], Mean] = {}
        self._own_figures: dict[str, Any] | None = None  # of an overridden compute_metrics
        self._float_type_at: tuple[int, str] | None = None

    @answers_unknown_keywords
    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: bool | str = "auto",
        auto_scale_loss: bool = True,
    ) -> None:
        """Settles how the model is trained.

        Args:
            optimizer: Name or Optimizer; default "rmsprop".
            loss: Name, Loss or function of (y_true, y_pred); for several outputs a list, or a dictionary by name of the
                output.
            loss_weights: Factor of each output's loss, as a list or dictionary; default 1 each.
            metrics: List of names, Metrics and functions; for several outputs a list of such lists, or a dictionary.
            weighted_metrics: The same, but taking sample weights and class weights.
            run_eagerly: Accepted for Keras's sake, without effect, as are `steps_per_execution`, `jit_compile` and
                `auto_scale_loss`.
            steps_per_execution: Without effect.
            jit_compile: Without effect.
            auto_scale_loss: Without effect.

        Raises:
            ValueError: An unknown name; the message says which are close to it.

        Example:
            >>> model = recurra.Sequential([recurra.layers.GRU(4), recurra.layers.Dense(1, activation="sigmoid")])
            >>> model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
        """
        new_optimizer = optimizers.get(optimizer)
        check_names(loss, [*flat_identifiers(metrics), *flat_identifiers(weighted_metrics)])
        self.optimizer = new_optimizer
        self._compile_arguments = {
            "loss": loss,
            "loss_weights": loss_weights,
            "metrics": metrics,
            "weighted_metrics": weighted_metrics,
        }
        self._compiled_loss = CompiledLoss(loss, loss_weights)
        self._compiled_metrics = CompiledMetrics(metrics, weighted_metrics)
        self._loss_mean.reset_state()
        self._layer_means = {}
        self.stop_training = False
        self.run = Run()

    @property
    def compiled(self) -> bool:
        """Whether `compile` was called."""
        return self._compiled_loss is not None

    @property
    def loss(self) -> Any:
        """The loss that `compile` was given."""
        return self._compile_arguments.get("loss")

    @property
    def metrics(self) -> list[Metric]:
        """The mean loss, the metrics, and the means of what layers report."""
        out: list[Metric] = [self._loss_mean]
        if self._compiled_loss is not None:
            out += self._compiled_loss.means
        if self._compiled_metrics is not None and self._compiled_metrics.parts:
            out += [metric for _, metric, _ in self._compiled_metrics.parts]
        return [*out, *self._layer_means.values()]

    @property
    def metrics_names(self) -> list[str]:
        """The names of what `evaluate` returns."""
        names = ["loss"] if self._compiled_loss is None else self._compiled_loss.names
        names = names + ([] if self._compiled_metrics is None else self._compiled_metrics.figure_names)
        for mean in self._layer_means.values():
            names.append(unused_name(mean.name, names))
        return names

    def _direction_of(self, figure: str) -> str | None:
        """Whether a figure is better when it is smaller ("min") or larger ("max").

        "" if it comes from a metric that does not say, None if it comes from no metric that is known (yet).
        """
        compiled = self._compiled_metrics
        known = None if compiled is None else compiled.metric_of(figure)
        own = [known] if known is not None else [metric for metric in self.metrics if metric.name == figure]
        for metric in own:
            if metric.direction in ("min", "max"):
                return metric.direction
        if figure == "loss" or figure.endswith("_loss"):
            return "min"
        if known is not None:
            return ""
        if compiled is not None and not compiled.built:
            return compiled.expected_direction(figure)
        return None

    def reset_metrics(self) -> None:
        """Forgets the figures collected."""
        for metric in self.metrics:
            metric.reset_state()

    def get_metrics_result(self) -> dict[str, Any]:
        """The figures so far, by name: the mean loss, the metrics, what layers report."""
        out: dict[str, Any] = {"loss": self._loss_mean.result()}
        if self._compiled_loss is not None and self._compiled_loss.means:
            out |= {mean.name: mean.result() for mean in self._compiled_loss.means}
        if self._compiled_metrics is not None and self._compiled_metrics.parts:
            out |= self._compiled_metrics.results()
        for mean in self._layer_means.values():
            out[unused_name(mean.name, out)] = mean.result()
        return out

    def _require_compiled(self, what: str) -> tuple[CompiledLoss, CompiledMetrics]:
        if self._compiled_loss is None or self._compiled_metrics is None:
            raise ValueError(f"model '{self.name}': call compile(optimizer, loss) before {what}")
        return self._compiled_loss, self._compiled_metrics
