"""The gradient's way back through time.

A layer hides its inner steps: the engine runs whole sequences. So the recurrent layers of the model are made to run
step by step while the model is looked at, each step from the states of the one before, which then are tensors on the
tape with gradients of their own. In the end nothing of the model is changed: neither weights, gradients, nor states.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from recurra import ops
from recurra.diagnostics.report import OPEN, SHUT, FlowReport, LayerFlow
from recurra.layers.masks import attach_mask
from recurra.layers.recurrent.cell import BuiltInCell
from recurra.layers.recurrent.rnn import RNN
from recurra.layers.recurrent.stacked import StackedRNNCells
from recurra.layers.recurrent.steps import step_mask
from recurra.models.data.sources import checked_batch
from recurra.tensor import Tensor
from recurra.tree import flatten, pack_as

#: Names of the blocks of a cell's matrices, by the number of them.
_BLOCKS: dict[str, dict[int, tuple[str, ...]]] = {
    "LSTMCell": {4: ("i", "f", "c", "o"), 3: ("i", "c", "o")},
    "GRUCell": {3: ("z", "r", "h")},
}
#: Rows that are run at once for a Jacobian.
_ROWS = 512


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
    """Measures how the gradient vanishes or explodes on its way back through the recurrent layers of a model.

    For every recurrent layer, also inside `Bidirectional`, stacked, or around a cell of your own, and for each of its
    states h: ‖∂L/∂h_t‖, ‖∂h_T/∂h_t‖ over the time steps t; how many gate values are saturated; the spectral radius of
    the recurrent matrices. The model runs as in inference, without dropout, and is left as it was. Stateful layers
    start from the states they carry, if these are of as many sequences as x has.

    Arguments:
        model: compiled, with recurrent layers.
        x, y, sample_weight, lengths: one batch, as `fit` takes them; a few dozen sequences are enough.
        samples: of how many sequences ∂h_T/∂h_t is worked out; its norm is the mean over them. Each costs as much as U
            sequences forward and backward, U the width of the state.
        plot: file for a picture, see `FlowReport.plot`; None draws none.

    Returns: a report; `print` it, index it by the name of a layer.

    Raises: ValueError for a model without recurrent layers or not compiled, and for samples below 1.

    Source: Bengio, Simard and Frasconi, "Learning long-term dependencies with gradient descent is difficult", 1994;
    Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural networks", 2013.
    """
    if not isinstance(samples, int) or samples < 1:
        raise ValueError(f"gradient_flow: samples must be a whole number of at least 1, got {samples!r}")
    loss, watched = _watch(model, x, y, sample_weight, lengths)
    with _without_gradients(model):
        found = tuple(_flow_of(layer, name, use, samples) for name, layer, use in watched)
    report = FlowReport(loss, found)
    if plot is not None:
        report.plot(plot)
    return report


def _watch(model: Any, x: Any, y: Any, sample_weight: Any, lengths: Any) -> tuple[float, list[tuple[str, RNN, _Use]]]:
    """The loss, and what happened in each recurrent layer, at each time it was used."""
    inputs, targets, weights = checked_batch(x, y, sample_weight, lengths)
    model._require_compiled("gradient_flow")
    if not model.built:
        model(inputs, training=False)
    layers = list(_recurrent_layers(model, ""))
    if not layers:
        raise ValueError(f"gradient_flow: model '{model.name}' has no recurrent layers")
    with ExitStack() as stack:
        stack.enter_context(_without_gradients(model))
        stack.enter_context(_figures_kept(model))
        watches = [(name, layer, stack.enter_context(_stepping(layer))) for name, layer in layers]
        loss = model.compute_loss(inputs, targets, model(inputs, training=False), weights, training=False)
        loss.backward()
    uses = []
    for name, layer, watch in watches:
        for number, use in enumerate(watch.uses):
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
    """Within it the weights take no part in backward, so that gradients somebody else keeps on them stay."""
    trained = [variable for variable in model.weights if variable.requires_grad]
    for variable in trained:
        variable.requires_grad = False
    try:
        yield
    finally:
        for variable in trained:
            variable.requires_grad = True


@contextmanager
def _figures_kept(model: Any) -> Iterator[None]:
    """Within it the mean losses of several outputs may be added to; afterwards they are as before."""
    means = model._compiled_loss.means
    states = [mean.state() for mean in means]
    try:
        yield
    finally:
        for mean, state in zip(means, states, strict=True):
            mean.set_state(state)


# ---- running step by step


class _Step:
    """The states of a time step: as computed, and as carried on, which in masked rows are those of the step before."""

    def __init__(self, computed: list[Tensor], carried: list[Tensor], kept: Tensor | None) -> None:
        self.computed, self.carried, self.kept = computed, carried, kept
        for state in (*computed, *carried):
            state.retain_grad()

    def gradient(self, number: int) -> np.ndarray:
        """What arrived at a state: in masked rows at the one carried on, else at the one that the output came from."""
        computed, carried = (_gradient(states[number]) for states in (self.computed, self.carried))
        return computed if self.kept is None else np.where(self.kept.numpy(), computed, carried)


@dataclass
class _Use:
    """One run of a layer over a batch: what it started from, and its states after each step."""

    x: Tensor
    keep: Tensor | None
    start: list[Tensor]
    steps: list[_Step] = field(default_factory=list)
    gates: list[_Gates] = field(default_factory=list)


@contextmanager
def _stepping(layer: RNN) -> Iterator[_Stepper]:
    stepper = _Stepper(layer)
    layer.call = stepper  # type: ignore[method-assign]
    try:
        yield stepper
    finally:
        del layer.call


class _Stepper:
    """Stands in for the `call` of a recurrent layer: the same results, with every state on the tape."""

    def __init__(self, layer: RNN) -> None:
        self.layer = layer
        self.uses: list[_Use] = []

    def __call__(
        self,
        sequences: Tensor,
        initial_state: Any = None,
        mask: Any = None,
        training: bool = False,
        lengths: Any = None,
    ) -> Any:
        layer = self.layer
        keep = step_mask(mask, lengths, *sequences.shape[:2])
        batch = sequences.shape[0]
        given = initial_state
        if given is None and layer.stateful and layer._carries and flatten(layer.states)[0].shape[0] == batch:
            given = layer.states
        if given is None:
            given = layer.get_initial_state(batch)
        use = _Use(sequences.detach(), keep, [state.detach() for state in flatten(given)])
        outputs, use.steps, use.gates = _unrolled(layer, sequences, keep, flatten(given))
        self.uses.append(use)
        output = ops.stack(outputs, axis=1) if layer.return_sequences else outputs[-1]
        if lengths is not None and layer.return_sequences:
            attach_mask(output, layer._order(keep))
        if not layer.return_state:
            return output
        return (output, *pack_as(layer.get_initial_state(batch), use.steps[-1].carried))


def _unrolled(
    layer: RNN, x: Tensor, keep: Tensor | None, start: list[Tensor]
) -> tuple[list[Tensor], list[_Step], list[_Gates]]:
    """The outputs and the states of all steps, both in the order of processing, and the gates of the cells."""
    # Zeros that require a gradient put everything computed from them on the tape, whatever the cell makes of it.
    states = [state + _zeros(state.shape, state.dtype) for state in start]
    if x.dtype.startswith("float"):
        x = x + _zeros((1,), x.dtype)
    outputs: list[Tensor] = []
    steps: list[_Step] = []
    order = range(x.shape[1])[:: -1 if layer.go_backwards else 1]
    with ExitStack() as stack:
        gates = [stack.enter_context(_watched(cell)) for cell in _cells(layer)]
        run = stack.enter_context(_single_steps(layer))
        for t in order:
            inputs, kept = x[:, t : t + 1], None if keep is None else keep[:, t : t + 1]
            if kept is not None:
                spread = ops.reshape(kept, (-1, *[1] * (x.ndim - 1)))
                inputs = ops.where(spread, inputs, ops.zeros_like(inputs))
            for watch in gates:
                watch.begin(None if kept is None else kept.numpy()[:, 0])
            output, new = run(inputs, states)
            # Where a cell runs in the engine all the same, output and state are two tensors; make them one.
            twin = new[_output_state(layer)]
            if twin.shape == output.shape and np.array_equal(twin.numpy(), output.numpy(), equal_nan=True):
                output = twin
            carried = new
            if kept is not None:
                carried = [ops.where(kept, one, old) for one, old in zip(new, states, strict=True)]
                hold = outputs and not layer.zero_output_for_mask
                output = ops.where(kept, output, outputs[-1] if hold else ops.zeros_like(output))
            steps.append(_Step(new, carried, kept))
            outputs.append(output)
            states = carried
    return outputs, steps, gates


def _zeros(shape: Any, dtype: str) -> Tensor:
    leaf = ops.zeros(shape, dtype=dtype)
    leaf.requires_grad = True
    return leaf


@contextmanager
def _single_steps(layer: RNN) -> Iterator[Callable[[Tensor, list[Tensor]], tuple[Tensor, list[Tensor]]]]:
    """A function that runs one time step of the layer: (input (B, 1, ...), states) to (output (B, O), new states)."""
    settings = {"return_sequences": False, "return_state": True, "go_backwards": False, "stateful": False}
    before = {name: getattr(layer, name) for name in settings}

    def run(inputs: Tensor, states: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        output, *new = type(layer).call(layer, inputs, initial_state=states)
        return output, flatten(new)

    for name, value in settings.items():
        setattr(layer, name, value)
    try:
        yield run
    finally:
        for name, value in before.items():
            setattr(layer, name, value)


# ---- gates


class _Gates:
    """Counts saturated values of a cell's gates; stands in for its `recurrent_activation`."""

    def __init__(self, cell: Any) -> None:
        self.cell = cell
        self.function = getattr(cell, "recurrent_activation", None)
        self.counts: list[np.ndarray] = []  # for each gate: values that are shut, that are open, all of them
        self._keep: np.ndarray | None = None
        self._next = 0

    def begin(self, keep: np.ndarray | None) -> None:
        """Another time step, of which these sequences (B,) count."""
        self._keep, self._next = keep, 0

    def __call__(self, x: Tensor) -> Tensor:
        assert self.function is not None
        gates: Tensor = self.function(x)
        units = getattr(self.cell, "units", gates.shape[-1])
        values = gates.numpy() if self._keep is None else gates.numpy()[self._keep]
        for gate in np.split(values, max(1, values.shape[-1] // units), axis=-1):
            if self._next == len(self.counts):
                self.counts.append(np.zeros(3, np.int64))
            self.counts[self._next] += [(gate < SHUT).sum(), (gate > OPEN).sum(), gate.size]
            self._next += 1
        return gates

    def shares(self, prefix: str) -> dict[str, tuple[float, float]]:
        """By gate: the shares that are shut and open."""
        named = sorted(
            zip(_gate_names(self.cell, len(self.counts)), self.counts, strict=True), key=lambda pair: pair[0]
        )
        return {
            prefix + name: (float(shut / max(count, 1)), float(opened / max(count, 1)))
            for (_, name), (shut, opened, count) in named
        }


@contextmanager
def _watched(cell: Any) -> Iterator[_Gates]:
    """Counts the gates of a cell that has any, and makes a built-in cell run by its `call`.

    There output and state are one tensor with one gradient, which the engine returns as two.
    """
    watch = _Gates(cell)
    before: dict[str, Any] = {}
    if isinstance(cell, BuiltInCell):
        before = {name: getattr(cell, name) for name in cell.activation_arguments}
        for name, function in before.items():
            setattr(cell, name, partial(function))  # the same function, but none that the engine knows
    if callable(watch.function):
        before["recurrent_activation"] = watch.function
        cell.recurrent_activation = watch
    try:
        yield watch
    finally:
        for name, function in before.items():
            setattr(cell, name, function)


def _block_names(cell: Any, count: int) -> tuple[str, ...] | None:
    """The names of so many blocks of a cell's matrices, or of those of what it is derived from."""
    for cls in type(cell).__mro__:
        names = _BLOCKS.get(cls.__name__, {}).get(count)
        if names is not None:
            return names
    return None


def _gate_names(cell: Any, count: int) -> list[tuple[int, str]]:
    """For each of the gates in the order in which `call` computes them: where it stands among all gates, its name.

    A gate is the one into whose block of the kernel goes the gradient of what its activation is taken of.
    """
    unknown = [(i, f"gate {i + 1}") for i in range(count)]
    kernel, units = getattr(cell, "kernel", None), getattr(cell, "units", 0)
    if not isinstance(kernel, Tensor) or kernel.ndim != 2 or not units or kernel.shape[1] % units:
        return unknown
    names = _block_names(cell, kernel.shape[1] // units)
    if names is None:
        return unknown
    found = []
    for gate in range(count):
        probe = Tensor(kernel.numpy().copy())
        probe.requires_grad = True
        seen: list[Tensor] = []
        own = cell.recurrent_activation
        cell.kernel, cell.recurrent_activation = probe, _Listening(own, seen)
        try:
            step = ops.ones((1, kernel.shape[0]), dtype=kernel.dtype)
            cell.call(step, flatten(cell.get_initial_state(batch_size=1)))
        finally:
            cell.kernel, cell.recurrent_activation = kernel, own
        if len(seen) != count:
            return unknown
        ops.sum(seen[gate]).backward()
        blocks = np.abs(_gradient(probe)).reshape(kernel.shape[0], -1, units).sum(axis=(0, 2))
        found.append((int(blocks.argmax()), names[int(blocks.argmax())]))
    return found if len(set(found)) == count else unknown


class _Listening:
    """A function that keeps what it is given."""

    def __init__(self, function: Callable[[Tensor], Tensor], seen: list[Tensor]) -> None:
        self.function, self.seen = function, seen

    def __call__(self, x: Tensor) -> Tensor:
        self.seen.append(x)
        return self.function(x)


# ---- numbers


def _flow_of(layer: RNN, name: str, use: _Use, samples: int) -> LayerFlow:
    names = _state_names(layer)
    forward = slice(None, None, -1 if layer.go_backwards else 1)
    loss_gradient, jacobian = {}, {}
    for number, state in enumerate(names):
        norms = [np.linalg.norm(step.gradient(number)) for step in use.steps]
        loss_gradient[state] = np.array(norms[forward], np.float64)
        jacobian[state] = _jacobian_norms(layer, use, number, samples)[forward]
    saturation: dict[str, tuple[float, float]] = {}
    radius: dict[str, float] = {}
    for prefix, cell, gates in zip(_prefixes(layer), _cells(layer), use.gates, strict=True):
        saturation |= gates.shares(prefix)
        radius |= _spectral_radii(cell, prefix)
    return LayerFlow(name, layer.go_backwards, loss_gradient, jacobian, saturation, radius)


def _gradient(state: Tensor) -> np.ndarray:
    return np.zeros(state.shape, state.dtype) if state.grad is None else state.grad.numpy()


def _jacobian_norms(layer: RNN, use: _Use, number: int, samples: int) -> np.ndarray:
    """‖∂s_T/∂s_t‖₂ of a state s in the order of processing, mean of some sequences.

    The rows of the Jacobians come from one backward pass over copies of the sequences, a copy for each element of s_T.
    """
    batch = min(samples, use.x.shape[0])
    units = use.start[number].shape[-1]
    parts = []
    for first in range(0, units, max(1, _ROWS // batch)):
        wanted = np.eye(units, dtype=use.start[number].dtype)[first : first + max(1, _ROWS // batch)]
        copies = len(wanted)

        def repeated(tensor: Tensor, copies: int = copies) -> Tensor:
            return Tensor(np.repeat(tensor.numpy()[:batch], copies, axis=0))

        keep = None if use.keep is None else repeated(use.keep)
        _, steps, _ = _unrolled(layer, repeated(use.x), keep, [repeated(state) for state in use.start])
        steps[-1].carried[number].backward(Tensor(np.tile(wanted, (batch, 1))))
        parts.append([step.gradient(number).reshape(batch, copies, units) for step in steps])
    rows = (np.concatenate(step, axis=1) for step in zip(*parts, strict=True))
    return np.array([np.linalg.norm(jacobian, 2, axis=(1, 2)).mean() for jacobian in rows], np.float64)


def _spectral_radii(cell: Any, prefix: str) -> dict[str, float]:
    """By block of the recurrent matrix, the largest magnitude of an eigenvalue; nothing for a cell without one."""
    kernel = getattr(cell, "recurrent_kernel", None)
    if not isinstance(kernel, Tensor):
        return {}
    matrix = np.asarray(kernel.numpy(), np.float64)
    if matrix.ndim != 2 or not matrix.size or matrix.shape[1] % matrix.shape[0]:
        return {}
    blocks = np.split(matrix, matrix.shape[1] // matrix.shape[0], axis=1)
    one = ["h"] if len(blocks) == 1 else [f"block {i + 1}" for i in range(len(blocks))]
    names = _block_names(cell, len(blocks)) or one
    return {prefix + name: _largest_eigenvalue(block) for name, block in zip(names, blocks, strict=True)}


def _largest_eigenvalue(matrix: np.ndarray) -> float:
    return float(np.abs(np.linalg.eigvals(matrix)).max()) if np.isfinite(matrix).all() else float("nan")


# ---- parts of a layer


def _cells(layer: RNN) -> list[Any]:
    """The cells of a layer, from the input upwards."""
    return list(layer.cell.cells) if isinstance(layer.cell, StackedRNNCells) else [layer.cell]


def _prefixes(layer: RNN) -> list[str]:
    """What names of states and gates begin with: the number of the cell where there are several."""
    count = len(_cells(layer))
    return [""] if count == 1 else [f"{i + 1}." for i in range(count)]


def _state_names(layer: RNN) -> list[str]:
    names = []
    for prefix, cell in zip(_prefixes(layer), _cells(layer), strict=True):
        count = len(flatten(cell.state_size))
        second = "c" if any(cls.__name__ == "LSTMCell" for cls in type(cell).__mro__) else "state 2"
        names += [prefix + name for name in ("h", second, *(f"state {i}" for i in range(3, count + 1)))[:count]]
    return names


def _output_state(layer: RNN) -> int:
    """Where the state that may be the output stands among all states: the first one of the last cell."""
    return len(_state_names(layer)) - len(flatten(_cells(layer)[-1].state_size))
