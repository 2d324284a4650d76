"""Forms and options of recurrent cells: a cell's own step against the engine, first weights, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from recurra import Tensor, Variable, initializers, layers, ops
from recurra.gradient_check import check_gradients
from tests.support.cases import KERAS, SMALL, VARIANTS, Case, by_name
from tests.support.recurrent_layers import make, outputs_of

Array = np.ndarray
X = np.random.default_rng(0).standard_normal((3, 6, 4)).astype(np.float32)
STEPWISE = [
    case
    for case in VARIANTS + KERAS
    if case.depth == 1 and case.wrapper is None and case.arguments.get("normalization") != "batch"
]


def stepwise(case: Case, inputs: Any) -> Any:
    """The row's layer around a cell whose `call` counts as the user's own, so that it is called step by step."""
    layer = make(case, inputs)
    own = type(layer.cell)

    def call(self: Any, inputs: Any, states: Any, training: bool = False) -> Any:
        return own.call(self, inputs, states, training)

    layer.cell.__class__ = type(own.__name__, (own,), {"call": call})
    order = range(case.shape[1])[:: -1 if case.arguments.get("go_backwards") else 1]
    steps: dict[str, Any] = {name: iter(order) for name in inputs.drops}

    def drawn(name: str) -> Tensor | None:
        if name not in inputs.drops:
            return None
        noise = inputs.drops[name]
        return Tensor(noise[:, next(steps[name])] if noise.ndim == 3 else noise)

    layer.cell.get_dropout_mask = lambda _: drawn("input")
    layer.cell.get_recurrent_dropout_mask = lambda _: drawn("recurrent")
    layer.cell.get_zoneout_mask = lambda number, _: drawn(f"zoneout{number}")
    return layer


@pytest.mark.parametrize("case", STEPWISE, ids=by_name)
def test_the_cell_step_by_step_is_the_layer(case: Case) -> None:
    inputs = case.inputs()
    layer = stepwise(case, inputs)
    for ours, theirs in zip(outputs_of(layer, inputs), case.reference(inputs), strict=True):
        scale = max(1.0, np.abs(theirs).max(initial=0))
        np.testing.assert_allclose(ours.numpy(), theirs, rtol=0, atol=1e-12 * scale)


class TestZoneout:
    @pytest.mark.parametrize("name", ["SimpleRNN", "LSTM", "GRU", "MinGRU"])
    def test_mixes_by_its_rate_outside_of_training(self, name: str) -> None:
        rate = 0.3
        case = Case(f"zoneout {name}", name, 5, SMALL, {"zoneout": rate, "return_sequences": True})
        inputs = case.inputs()
        inputs.drops = {}
        (ours,) = outputs_of(make(case, inputs), inputs)
        (theirs,) = case.reference(inputs)
        np.testing.assert_allclose(ours.numpy(), theirs, rtol=0, atol=1e-12)
        plain = make(Case("plain", name, 5, SMALL, {"return_sequences": True}), inputs)
        assert not np.allclose(ours.numpy(), plain(inputs.x).numpy())

    @pytest.mark.parametrize("name", ["SimpleRNN", "LSTM", "GRU", "MinGRU"])
    def test_units_keep_their_value_in_training(self, name: str) -> None:
        layer = getattr(layers, name)(40, zoneout=0.25, return_sequences=True, seed=3)
        outputs = layer(np.random.default_rng(1).standard_normal((20, 30, 4)).astype(np.float32), training=True).numpy()
        kept = outputs[:, 1:] == outputs[:, :-1]
        assert abs(kept.mean() - 0.25) < 0.02
        assert kept.mean(axis=(1, 2)).min() > 0.1
        assert kept.mean(axis=(0, 1)).max() < 0.5

    def test_one_rate_a_state(self) -> None:
        layer = layers.LSTM(64, zoneout=(0.0, 0.5), return_sequences=True, return_state=True, seed=3)
        _, h, c = layer(X, training=True)
        _, h_before, c_before = layer(X[:, :-1], training=True)
        assert not (h.numpy() == h_before.numpy()).any()
        assert layers.LSTM.from_config(layer.get_config()).zoneout == (0.0, 0.5)
        assert c.shape == c_before.shape


class TestDropoutPerStep:
    @pytest.mark.parametrize("name", ["SimpleRNN", "LSTM", "GRU", "IndRNN", "MinGRU"])
    def test_each_step_drops_its_own_features(self, name: str) -> None:
        model = getattr(layers, name)(6, activation="tanh", dropout=0.5, dropout_per_step=True, seed=1)
        inputs = Tensor(np.random.default_rng(0).standard_normal((8, 7, 5)).astype(np.float32))
        inputs.requires_grad = True
        model(inputs, training=True).sum().backward()
        dropped = inputs.grad.numpy() == 0
        assert 0.3 < dropped.mean() < 0.7
        assert (dropped != dropped[:, :1]).any()

    @pytest.mark.parametrize("per_step", [False, True])
    def test_a_cell_called_step_by_step_draws_for_each(self, per_step: bool) -> None:
        options = {"dropout": 0.5, "recurrent_dropout": 0.5, "dropout_per_step": per_step}
        cell = layers.SimpleRNNCell(40, **options)
        step, state = Tensor(np.ones((3, 40), np.float32)), Tensor(np.ones((3, 40), np.float32))
        for draw in (lambda: cell.get_dropout_mask(step), lambda: cell.get_recurrent_dropout_mask(state)):
            assert np.array_equal(draw().numpy(), draw().numpy()) != per_step

    def test_each_step_drops_its_own_units(self) -> None:
        # With these weights a step hands on what recurrent dropout leaves of the state, doubled or zero.
        layer = layers.SimpleRNN(
            200, activation=None, use_bias=False, recurrent_dropout=0.5, dropout_per_step=True, return_sequences=True
        )
        layer.build((1, 4, 1))
        layer.set_weights([np.zeros((1, 200), np.float32), np.eye(200, dtype=np.float32)])
        start = np.ones((1, 200), np.float32)
        alive = layer(np.zeros((1, 4, 1), np.float32), initial_state=start, training=True).numpy()[0] > 0
        assert [0.35 < alive[t].sum() / alive[t - 1].sum() < 0.65 for t in range(1, 4)] == [True] * 3


class TestDropConnect:
    @pytest.mark.parametrize("name", ["SimpleRNN", "LSTM", "GRU", "GatedRNN", "Jordan"])
    def test_drops_numbers_of_the_recurrent_kernel(self, name: str) -> None:
        layer = getattr(layers, name)(7, recurrent_dropconnect=0.4, return_sequences=True, seed=5)
        plain = getattr(layers, name)(7, return_sequences=True)
        layer.build(X.shape)
        plain.build(X.shape)
        plain.set_weights(layer.get_weights())
        np.testing.assert_array_equal(layer(X).numpy(), plain(X).numpy())
        dropped = layer(X, training=True)
        dropped.sum().backward()
        gone = layer.cell.recurrent_kernel.grad.numpy() == 0
        assert 0.2 < gone.mean() < 0.6
        weights = plain.get_weights()
        weights[1] = np.where(gone, 0, weights[1] / np.float32(0.6)).astype(np.float32)
        plain.set_weights(weights)
        np.testing.assert_allclose(plain(X).numpy(), dropped.numpy(), atol=1e-6)
        assert not np.array_equal(layer(X, training=True).numpy(), dropped.numpy())


BATCHED = [("SimpleRNN", {}), ("LSTM", {}), ("GRU", {}), ("GRU", {"reset_after": False})]


@pytest.mark.parametrize(("name", "options"), BATCHED, ids=str)
class TestBatchNormalization:
    def make(self, name: str, options: dict[str, Any], **more: Any) -> Any:
        arguments = {"normalization": "batch", "normalization_momentum": 0.0, "return_sequences": True}
        initializers = {"kernel_initializer": "glorot_uniform", "seed": 3}
        return getattr(layers, name)(5, **{**arguments, **initializers, **options, **more})

    def test_averages_of_the_batch_give_what_training_gave(self, name: str, options: dict[str, Any]) -> None:
        layer = self.make(name, options)
        trained = layer(X, training=True).numpy()
        np.testing.assert_allclose(layer(X).numpy(), trained, atol=1e-5)
        # Each sequence by itself now, and a frozen layer goes by the averages too.
        np.testing.assert_array_equal(layer(X[1:2]).numpy(), layer(X).numpy()[1:2])
        layer.trainable = False
        np.testing.assert_allclose(layer(2 * X, training=True).numpy(), layer(2 * X).numpy())

    def test_later_steps_share_the_last_average(self, name: str, options: dict[str, Any]) -> None:
        whole, short = (self.make(name, options, normalization_steps=steps) for steps in (6, 3))
        for layer in (whole, short):
            layer.build(X.shape)
        short.set_weights([w[:3] if w.shape[0] == 6 else w for w in whole.get_weights()])
        for layer in (whole, short):
            layer(X, training=True)
        mean, variance = (w.numpy() for w in whole.non_trainable_weights)
        shared_mean, shared_variance = (w.numpy() for w in short.non_trainable_weights)
        np.testing.assert_array_equal(shared_mean[:2], mean[:2])
        np.testing.assert_allclose(shared_mean[2], mean[2:].mean(axis=0), atol=1e-6)
        np.testing.assert_allclose(shared_variance[2], variance[2:].mean(axis=0) + mean[2:].var(axis=0), atol=1e-6)

    @pytest.mark.parametrize("backwards", [False, True])
    def test_steps_that_nobody_sees_leave_the_averages(
        self, name: str, options: dict[str, Any], backwards: bool
    ) -> None:
        layer = self.make(name, options, go_backwards=backwards, normalization_steps=6, normalization_momentum=0.5)
        mask = np.ones(X.shape[:2], bool)
        mask[:, 4] = False
        layer(X, mask=mask, training=True)
        hidden = 1 if backwards else 4
        changed = (layer.non_trainable_weights[1].numpy() != 1).any(axis=1)
        assert changed.tolist() == [step != hidden for step in range(6)]

    def test_training_moves_the_averages_by_the_momentum(self, name: str, options: dict[str, Any]) -> None:
        last, slow = self.make(name, options), self.make(name, options, normalization_momentum=0.75)
        for layer in (last, slow):
            layer.build(X.shape)
        slow.set_weights(last.get_weights())
        for layer in (last, slow):
            layer(X, training=True)
        for moved, current, start in zip(slow.non_trainable_weights, last.non_trainable_weights, (0, 1), strict=True):
            wanted = 0.75 * start + 0.25 * current.numpy()[:6]
            np.testing.assert_allclose(moved.numpy()[:6], wanted, atol=1e-6)


class TestFirstWeights:
    @pytest.mark.parametrize("name", ["SimpleRNN", "LSTM", "GRU"])
    def test_weight_normalization_changes_nothing_at_first(self, name: str) -> None:
        layer = getattr(layers, name)(5, weight_normalization=True)
        plain = getattr(layers, name)(5)
        layer.build(X.shape)
        plain.build(X.shape)
        plain.set_weights(layer.get_weights()[:3])
        np.testing.assert_allclose(layer(X).numpy(), plain(X).numpy(), atol=1e-6)

    def test_forget_bias(self) -> None:
        layer = layers.LSTM(3, forget_bias=2.5)
        layer.build(X.shape)
        np.testing.assert_array_equal(layer.get_weights()[2], [0] * 3 + [2.5] * 3 + [0] * 6)

    @pytest.mark.parametrize("options", [{"coupled": True}, {"forget_gate": False}])
    def test_no_forget_gate_has_no_bias(self, options: dict[str, Any]) -> None:
        layer = layers.LSTM(3, **options)
        layer.build(X.shape)
        np.testing.assert_array_equal(layer.get_weights()[2], np.zeros(9))

    def test_decays_lie_between_the_two(self) -> None:
        layer = layers.LinearRNN(500, recurrent_initializer=initializers.RandomDecay(0.6, 0.8))
        layer.build(X.shape)
        decays = np.exp(-np.exp(layer.get_weights()[1]))
        assert 0.6 <= decays.min() < 0.62
        assert 0.78 < decays.max() <= 0.8

    def test_independent_units(self) -> None:
        layer = layers.IndRNN(500)
        layer.build(X.shape)
        assert 0 <= layer.get_weights()[1].min() < 0.05
        assert 0.95 < layer.get_weights()[1].max() < 1


def test_a_clipped_cell_state_stays_within_its_bound() -> None:
    _, _, c = layers.LSTM(30, cell_clip=0.05, return_state=True, bias_initializer="ones")(X)
    assert np.abs(c.numpy()).max() == np.float32(0.05)


REFUSED: list[tuple[str, Any, str]] = [
    ("projected", lambda: layers.LSTM(3, projection=2, coupled=True), "projection needs a forget gate of its own"),
    ("no width", lambda: layers.LSTM(3, projection=0), "LSTM: projection must be an integer >= 1, got 0"),
    ("no output", lambda: layers.Jordan(3, output_units=0), "Jordan: output_units must be an integer >= 1, got 0"),
    ("Jordan projected", lambda: layers.Jordan(3, projection=2), "Jordan has no argument 'projection'"),
    (
        "normalization",
        lambda: layers.GRU(3, normalization="rows"),
        "normalization must be one of None, 'layer', 'batch', got",
    ),
    ("no steps", lambda: layers.GRU(3, normalization="batch", normalization_steps=0), "normalization_steps must be an"),
    ("momentum", lambda: layers.GRU(3, normalization_momentum=2), "normalization_momentum must be a number in"),
    ("batch of one", lambda: layers.GRU(3, normalization="batch")(X[:1], training=True), "at least 2 sequences"),
    (
        "batch by steps",
        lambda: layers.GRUCell(3, normalization="batch")(X[:, 0], [np.zeros((3, 3))]),
        "whole sequences",
    ),
    (
        "batch and own function",
        lambda: layers.GRU(3, activation=lambda x: x, normalization="batch")(X),
        "activations that the engine does not know",
    ),
    ("normal gate", lambda: layers.GatedRNN(3, normalization="layer"), "GatedRNN has no normalization"),
    (
        "normal form",
        lambda: layers.LSTM(3, normalization="layer", coupled=True),
        "normalization needs a forget gate",
    ),
    ("normal vector", lambda: layers.IndRNN(3, weight_normalization=True), "IndRNN has no weight_normalization"),
    ("no matrix", lambda: layers.MinGRU(3, recurrent_dropconnect=0.1), "MinGRU has no recurrent_dropconnect"),
    ("dropconnect", lambda: layers.GRU(3, recurrent_dropconnect=1), "GRU: recurrent_dropconnect must be a number"),
    ("skip", lambda: layers.GRU(3, skip=1), "GRU: skip must be an integer >= 2, got 1"),
    ("skip twice", lambda: layers.GRU(3, skip=(2, 2)), "GRU: skip must name every number of steps once"),
    ("skip too far", lambda: layers.GRU(3, skip=6)(X), "more than 6 time steps, since skip .* got 6"),
    ("skip and carry", lambda: layers.GRU(3, skip=2, stateful=True), "skip reads the states of several steps ago"),
    ("skip before", lambda: layers.GRU(3, skip=2, reset_after=False), "GRU: skip needs reset_after=True"),
    ("skip full", lambda: layers.LSTM(3, skip=2, peephole="full"), "skip does not go with peephole='full'"),
    ("skip alone", lambda: layers.IndRNN(3, skip=2), "IndRNN has no skip; leave it out"),
    ("skip linear", lambda: layers.MinGRU(3, skip=2), "MinGRU has no skip; leave it out"),
    ("zoneout", lambda: layers.GRU(3, zoneout=1.0), r"GRU: zoneout must be a number in \[0, 1\), got 1.0"),
    ("zoneouts", lambda: layers.LSTM(3, zoneout=(0.1,)), "LSTM: zoneout must be one rate, or one for each of 2 states"),
    ("peephole", lambda: layers.LSTM(3, peephole="half"), "LSTM: peephole must be one of .* got 'half'"),
    (
        "coupled",
        lambda: layers.LSTM(3, coupled=True, forget_gate=False),
        "coupled=True .* needs forget_gate=True",
    ),
    ("full", lambda: layers.LSTM(3, peephole="full", coupled=True), "peephole='full' needs a forget gate of its own"),
    ("full 1997", lambda: layers.LSTM(3, peephole="full", forget_gate=False), "peephole='full' needs a forget gate"),
    ("clip", lambda: layers.LSTM(3, cell_clip=0), "LSTM: cell_clip must be a number > 0, got 0"),
    ("forget bias", lambda: layers.LSTM(3, forget_bias=1, coupled=True), "forget_bias needs a bias and a forget gate"),
    ("no bias", lambda: layers.LSTM(3, forget_bias=1, use_bias=False), "forget_bias needs a bias"),
    ("decays", lambda: initializers.RandomDecay(0.9, 0.5), "RandomDecay: expected 0 < minval < maxval < 1"),
    ("ring", lambda: initializers.RandomRing(0.9, 0.5), "RandomRing: expected 0 <= minval < maxval <= 1"),
    ("ring's shape", lambda: initializers.RandomRing()((3, 4)), r"RandomRing: expected a shape \(2, N\)"),
    ("scale of states", lambda: layers.SLSTM(3, zoneout=0.1), "SLSTM has no zoneout; leave it out"),
    ("complex zoneout", lambda: layers.LRU(3, zoneout=0.1), "LRU has no zoneout; leave it out"),
    ("unread state", lambda: layers.SRU(3, recurrent_dropout=0.1), "SRU has no recurrent_dropout; leave it out"),
    ("pooling", lambda: layers.QRNN(3, pooling="of"), "QRNN: pooling must be one of .* got 'of'"),
    ("window", lambda: layers.QRNN(3, window=0), "QRNN: window must be an integer from 1 to 4096, got 0"),
    ("leak", lambda: layers.EchoState(3, leak=0), r"EchoState: leak must be a number in \(0, 1\], got 0"),
    ("connectivity", lambda: layers.EchoState(3, connectivity=1.5), "EchoState: connectivity must be a number in"),
    ("fixed weight", lambda: layers.EchoState(3, kernel_regularizer="l2"), "EchoState has no kernel_regularizer"),
    ("fixed", lambda: layers.EchoState(3, weight_normalization=True), "EchoState has no weight_normalization"),
    ("checkpoint", lambda: layers.MinGRU(3, checkpoint=True), "MinGRU: checkpoint needs a built-in cell that is not"),
]


@pytest.mark.parametrize(("action", "message"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_refused_with_the_reason(action: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        action()


def scanned(a: Array, b: Array, h0: Array | None) -> Array:
    h = np.zeros(b[:, 0].shape) if h0 is None else h0
    out = []
    for t in range(b.shape[1]):
        h = (a if a.ndim == 1 else a[:, t]) * h + b[:, t]
        out.append(h)
    return np.stack(out, axis=1)


@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 7, 5), (9, 4, 3), (2, 700, 3), (1, 5000, 2)], ids=str)
@pytest.mark.parametrize("constant", [False, True])
@pytest.mark.parametrize("start", [False, True])
class TestLinearScan:
    def tensors(self, shape: tuple[int, int, int], constant: bool, start: bool) -> list[Array]:
        rng = np.random.default_rng(5)
        a = rng.uniform(0.5, 1.0, shape[2] if constant else shape)
        arrays = [a, rng.standard_normal(shape)]
        return [*arrays, rng.standard_normal((shape[0], shape[2]))] if start else arrays

    def test_is_the_recurrence(self, shape: tuple[int, int, int], constant: bool, start: bool) -> None:
        a, b, *h0 = self.tensors(shape, constant, start)
        wanted = scanned(a, b, h0[0] if start else None)
        np.testing.assert_allclose(ops.linear_scan(a, b, *h0).numpy(), wanted, rtol=0, atol=1e-12)
        in_training = ops.linear_scan(Variable(a), b, *h0).numpy()  # which goes through blocks of time at once
        np.testing.assert_allclose(in_training, wanted, rtol=0, atol=1e-12)

    def test_gradients(self, shape: tuple[int, int, int], constant: bool, start: bool) -> None:
        check_gradients(ops.linear_scan, *self.tensors(shape, constant, start), samples=30)


def test_linear_scan_refuses_shapes_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match=r"linear_scan: expected a of shape \(2, 3, 4\) or \(4,\)"):
        ops.linear_scan(np.zeros((2, 3, 5)), np.zeros((2, 3, 4)))
    with pytest.raises(ValueError, match="linear_scan: expected h0 of shape"):
        ops.linear_scan(np.zeros(4), np.zeros((2, 3, 4)), np.zeros((3, 4)))
