"""What can be found out before the first update: rows of stateful models, the shapes of validation data.

Everything that does not fit is refused while the model is as it was. What only shows when the model runs (an own metric
that refuses the targets) ends the first step, which then leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from recurra.layers.recurrent.rnn import stateful_layers
from recurra.models.data.arrays import take
from recurra.models.data.sources import ArrayBatches
from recurra.models.inputs import arranged, fitted_shape
from recurra.models.training.compiled import CompiledLoss, CompiledMetrics
from recurra.tensor import Tensor
from recurra.tree import flatten, map_shapes

if TYPE_CHECKING:
    from recurra.models.training.steps import Steps


def check_rows(model: Steps, source: Any, what: str = "") -> None:
    """Checks that all batches of a stateful model have the same number of rows.

    Args:
        model: The model.
        source: Where batches come from; only arrays can be looked at beforehand.
        what: Put in front of the complaint, for example "validation_data: ".

    Raises:
        ValueError: The last batch would be smaller than the others.
    """
    if not isinstance(source, ArrayBatches) or not stateful_layers(model):
        return
    samples, rows = source.samples, source.batch_size
    if samples > rows and samples % rows:
        raise ValueError(
            f"model '{model.name}': {what}a stateful layer continues every row of a batch in the next batch, so "
            f"{samples} samples need a batch_size that divides them (or is {samples}: one batch), got {rows}"
        )


def check_validation(model: Steps, source: Any, held_out: Any, apart: bool = False) -> None:
    """Checks validation data against the training data, so that no epoch is lost to them.

    Args:
        model: The model.
        source: Where the training's batches come from.
        held_out: Where those of the validation come from.
        apart: Whether the validation starts from states of its own.

    Raises:
        ValueError, TypeError: Rows, targets or weights do not fit.
    """
    check_rows(model, held_out, "validation_data: ")
    if not isinstance(source, ArrayBatches) or not isinstance(held_out, ArrayBatches):
        return
    if stateful_layers(model) and not apart:
        rows = [min(one.samples, one.batch_size) for one in (source, held_out)]
        if rows[0] != rows[1]:
            raise ValueError(
                f"model '{model.name}': validation_data: a stateful layer goes on from the training's states, so its "
                f"batches need the same number of rows, got {rows[1]} beside {rows[0]}; give "
                f"validation_batch_size={rows[0]}, and a number of samples that it divides"
            )
    parts = ((one.y, one.sample_weight) for one in (source, held_out))
    trained, validated = ([None if a is None else a.shape[1:] for a in flatten(part)] for part in parts)
    if trained != validated and model.outputs and not model._has_own("test"):
        try:
            _rehearse(model, held_out)
        except (ValueError, TypeError) as error:
            raise type(error)(f"validation_data: {error}") from None


def _rehearse(model: Steps, source: ArrayBatches) -> None:
    """Takes loss and metrics of the first batch, with zeros for the outputs, in objects that are thrown away."""
    rows = slice(0, min(source.samples, source.batch_size))
    x, y, weight = (take(part, rows) for part in (source.x, source.y, source.sample_weight))
    inputs = arranged(x, model._input_keys, f"model '{model.name}'")
    given = [fitted_shape(one.shape, tensor.shape) for one, tensor in zip(inputs, model.inputs, strict=True)]
    shapes = model.compute_output_shape(given[0] if len(given) == 1 else given)
    y_pred = map_shapes(lambda shape: Tensor(np.zeros(shape, model._float_type())), shapes)
    kept = model._compiled_loss, model._compiled_metrics
    try:
        renew(model)
        model.compute_loss(x, y, y_pred, weight, training=False)
        model._update_metrics(y, y_pred, weight)
    finally:
        model.reset_metrics()
        model._compiled_loss, model._compiled_metrics = kept


def renew(model: Steps) -> None:
    """Forgets what losses and metrics have settled by the first batch."""
    loss, metrics = model._require_compiled("fit")
    model._compiled_loss = CompiledLoss(loss.given, loss.given_weights)
    model._compiled_metrics = CompiledMetrics(metrics.given, metrics.given_weighted)


@contextmanager
def nothing_changed_on_failure(model: Steps) -> Iterator[None]:
    """Within it an error leaves the model as it was: moving statistics, states, and what the first batch settles."""
    # Weights that are frozen, perhaps a large table, are changed by nothing.
    frozen = {id(one) for layer in model._flatten_layers() for one in layer._frozen}
    moving = [one for one in model.weights if not one.trainable and id(one) not in frozen]
    others = [(one, np.array(one.numpy())) for one in moving]
    states = [(layer, layer.states, layer._carries) for layer in stateful_layers(model)]
    loss, metrics = model._require_compiled("fit")
    settled = bool(loss.parts), metrics.built
    try:
        yield
    except Exception:
        for variable, value in others:
            variable.assign(value)
        for layer, own, carries in states:
            layer.states, layer._carries = own, carries
        if settled != (True, True):
            renew(model)
        model.reset_metrics()
        raise
