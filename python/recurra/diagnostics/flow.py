"""`gradient_flow`: how the gradient vanishes or explodes on its way back through time.

The engine runs whole sequences and shows no step between. So the recurrent layers run step by step while the model is
looked at, with the states of every step on the tape. Weights, gradients and states of the model stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np

from recurra.checks import whole_number
from recurra.diagnostics.gates import saturation
from recurra.diagnostics.norms import jacobian_norms, spectral_radii
from recurra.diagnostics.recorder import Use, cells_of, recording
from recurra.diagnostics.report import FlowReport, LayerFlow
from recurra.layers.recurrent.rnn import RNN
from recurra.models.data.reader import Reader
from recurra.tree import flatten


def gradient_flow(
    model: Any,
    x: Any,
    y: Any,
    sample_weight: Any = None,
    *,
    lengths: Any = None,
    samples: int = 4,
    plot: Any = None,
) -> FlowReport:
    """Measure how the gradient vanishes or explodes on its way back through the recurrent layers of a model.

    For every recurrent layer, also inside `Bidirectional`, stacked, or around a cell of your own, and for each of its
    states h: ‖∂L/∂h_t‖ and ‖∂h_T/∂h_t‖ over the time steps t, the share of saturated gate values, and the spectral
    radius of the recurrent matrices. The model runs as in inference, without dropout, and is left as it was. Stateful
    layers start from the states they carry if these are of as many sequences as x has.

    Args:
        model: Compiled, with recurrent layers.
        x: One batch of inputs, as `fit` takes them; a few dozen sequences are enough.
        y: The targets of the batch.
        sample_weight: Weights of the samples, or None.
        lengths: Number of real steps of each sequence, or None where all steps count.
        samples: Number of sequences over which the norm of ∂h_T/∂h_t is averaged; default 4. Each costs as much as U
            sequences forward and backward, U the width of the state.
        plot: File for a picture, see `FlowReport.plot`; None draws none.

    Returns:
        A `FlowReport`: print it, or index it by the name of a layer.

    Raises:
        ValueError: The model has no recurrent layers or is not compiled, or samples is below 1.

    Example:
        >>> model = recurra.Sequential([recurra.Input((None, 2)), recurra.layers.GRU(3, name="gru")])
        >>> model.compile("sgd", "mse")
        >>> report = recurra.diagnostics.gradient_flow(model, np.ones((4, 6, 2)), np.ones((4, 3)))
        >>> report["gru"].loss_gradient["h"].shape
        (6,)

    Source: Bengio, Simard and Frasconi, "Learning long-term dependencies with gradient descent is difficult", 1994;
    Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural networks", 2013.
    """
    samples = whole_number(samples, "gradient_flow", "samples")
    loss, uses = _record(model, x, y, sample_weight, lengths)
    with _without_gradients(model):
        found = tuple(_flow_of(layer, name, use, samples) for name, layer, use in uses)
    report = FlowReport(loss, found)
    if plot is not None:
        report.plot(plot)
    return report


def _record(model: Any, x: Any, y: Any, sample_weight: Any, lengths: Any) -> tuple[float, list[tuple[str, RNN, Use]]]:
    """The loss, and a record of each call of each recurrent layer."""
    inputs, targets, weights = Reader(model).batch(x, y, sample_weight, lengths)
    model._require_compiled("gradient_flow")
    if not model.built:
        model(inputs, training=False)
    layers = list(_recurrent_layers(model, ""))
    if not layers:
        raise ValueError(f"gradient_flow: model '{model.name}' has no recurrent layers")
    with ExitStack() as stack:
        stack.enter_context(_without_gradients(model))
        stack.enter_context(_loss_means_restored(model))
        recorders = [(name, layer, stack.enter_context(recording(layer))) for name, layer in layers]
        loss = model.compute_loss(inputs, targets, model(inputs, training=False), weights, training=False)
        loss.backward()
    uses = []
    for name, layer, recorder in recorders:
        for number, use in enumerate(recorder.uses):
            uses.append((name if number == 0 else f"{name}, use {number + 1}", layer, use))
    return loss.item(), uses


def _recurrent_layers(holder: Any, prefix: str) -> Iterator[tuple[str, RNN]]:
    for child in holder._children():
        if isinstance(child, RNN):
            yield prefix + child.name, child
        else:
            yield from _recurrent_layers(child, f"{prefix}{child.name}/")


@contextmanager
def _without_gradients(model: Any) -> Iterator[None]:
    """Within it the weights require no gradient, so that gradients stored on them are not changed."""
    trained = [variable for variable in model.weights if variable.requires_grad]
    for variable in trained:
        variable.requires_grad = False
    try:
        yield
    finally:
        for variable in trained:
            variable.requires_grad = True


@contextmanager
def _loss_means_restored(model: Any) -> Iterator[None]:
    """Within it the mean losses of several outputs may change; afterwards they are as before."""
    means = model._compiled_loss.means
    states = [mean.state() for mean in means]
    try:
        yield
    finally:
        for mean, state in zip(means, states, strict=True):
            mean.set_state(state)


def _flow_of(layer: RNN, name: str, use: Use, samples: int) -> LayerFlow:
    forward = slice(None, None, -1 if layer.go_backwards else 1)
    loss_gradient, jacobian = {}, {}
    for number, state in enumerate(_state_names(layer)):
        steps, own = use.place(number)
        norms = [np.linalg.norm(step.gradient(own)) for step in steps]
        loss_gradient[state] = np.array(norms[forward], np.float64)
        jacobian[state] = jacobian_norms(layer, use, number, samples)[forward]
    shares: dict[str, tuple[float, float]] = {}
    radii: dict[str, float] = {}
    for prefix, cell, counts in zip(_prefixes(layer), cells_of(layer), use.gate_counts, strict=True):
        shares |= {prefix + gate: share for gate, share in saturation(cell, counts).items()}
        radii |= {prefix + block: radius for block, radius in spectral_radii(cell).items()}
    return LayerFlow(name, layer.go_backwards, loss_gradient, jacobian, shares, radii)


def _prefixes(layer: RNN) -> list[str]:
    """What names of states and gates begin with: the number of the cell where there are several."""
    count = len(cells_of(layer))
    return [""] if count == 1 else [f"{i + 1}." for i in range(count)]


def _state_names(layer: RNN) -> list[str]:
    names = []
    for prefix, cell in zip(_prefixes(layer), cells_of(layer), strict=True):
        count = len(flatten(cell.state_size))
        second = "c" if any(cls.__name__ == "LSTMCell" for cls in type(cell).__mro__) else "state 2"
        names += [prefix + name for name in ("h", second, *(f"state {i}" for i in range(3, count + 1)))[:count]]
    return names
