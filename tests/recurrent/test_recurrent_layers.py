"""Recurrent layers as layers: configuration, weights, graphs, wrappers, and what they refuse."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from recurra import Tensor, layers, models, ops
from recurra.layers.masks import mask_of
from recurra.tree import flatten

Array = np.ndarray
FULL: dict[str, Any] = {
    "units": 5,
    "activation": "relu",
    "use_bias": True,
    "kernel_initializer": "he_normal",
    "recurrent_initializer": "glorot_normal",
    "bias_initializer": "ones",
    "kernel_regularizer": "l2",
    "recurrent_regularizer": "l1",
    "bias_regularizer": "l2",
    "activity_regularizer": "l2",
    "kernel_constraint": "max_norm",
    "recurrent_constraint": "unit_norm",
    "bias_constraint": "non_neg",
    "dropout": 0.1,
    "recurrent_dropout": 0.2,
    "dropout_per_step": True,
    "zoneout": 0.3,
    "normalization_steps": 7,
    "normalization_momentum": 0.5,
    "skip": None,
    "normalization": None,
    "weight_normalization": False,
    "recurrent_dropconnect": 0.0,
    "seed": 7,
    "return_sequences": True,
    "return_state": True,
    "go_backwards": True,
    "stateful": True,
    "unroll": True,
    "zero_output_for_mask": True,
    "name": "mine",
    "dtype": "float64",
}
GATED = {**FULL, "recurrent_activation": "hard_sigmoid"}
ARGUMENTS = {
    "SimpleRNN": FULL,
    "LSTM": {
        **GATED,
        "unit_forget_bias": False,
        "forget_bias": None,
        "peephole": None,
        "coupled": True,
        "forget_gate": True,
        "cell_clip": 0.5,
        "projection": None,
    },
    "GRU": {**GATED, "reset_after": False},
    "GatedRNN": GATED,
    "Jordan": {**FULL, "output_units": 5, "output_activation": "relu"},
    "IndRNN": {**FULL, "recurrent_initializer": "random_uniform"},
    "MGU": GATED,
    "MinGRU": GATED,
    "LinearRNN": {**{k: v for k, v in FULL.items() if k != "activation"}, "recurrent_initializer": "random_decay"},
}
NO_GATE = {name: value for name, value in FULL.items() if name != "activation"}
ARGUMENTS |= {
    "CoRNN": {**FULL, "time_step": 0.1, "frequency": 2.0, "damping": 3.0},
    "MinLSTM": FULL,
    "SLSTM": {**GATED, "forget_bias": 0.5},
    "SRU": GATED,
    "LRU": {**NO_GATE, "state_units": 6, "recurrent_initializer": "random_ring"},
    "QRNN": {**GATED, "window": 1, "pooling": "ifo"},
}
# What a cell that has not all of them refuses.
NOT_FOR = {
    "LRU": ("recurrent_dropout", "zoneout"),
    "QRNN": ("recurrent_dropout",),
    "SLSTM": ("zoneout",),
    "SRU": ("recurrent_dropout",),
}
ARGUMENTS = {
    name: {option: value for option, value in options.items() if option not in NOT_FOR.get(name, ())}
    for name, options in ARGUMENTS.items()
}
WEIGHTS = {
    "Jordan": ["kernel", "recurrent_kernel", "bias", "output_kernel", "output_bias"],
    "LRU": ["kernel", "recurrent_kernel", "output_kernel", "skip_kernel", "bias"],
    "MinGRU": ["kernel", "bias"],
    "MinLSTM": ["kernel", "bias"],
    "QRNN": ["kernel", "bias"],
}
X = np.random.default_rng(0).standard_normal((3, 6, 4)).astype(np.float32)


@pytest.mark.parametrize("name", ARGUMENTS)
class TestConfiguration:
    def test_every_argument_survives(self, name: str) -> None:
        layer = getattr(layers, name)(**ARGUMENTS[name])
        config = layer.get_config()
        again = type(layer).from_config(config)
        assert again.get_config() == config
        for argument, value in ARGUMENTS[name].items():
            assert argument in config
            if isinstance(value, (int, float, str)) and "izer" not in argument and "constraint" not in argument:
                assert config[argument] == value
        assert set(config) - set(ARGUMENTS[name]) - set(NOT_FOR.get(name, ())) == {"trainable", "checkpoint"}
        assert layer.units == 5
        assert layer.dropout == 0.1

    def test_equal_weights_give_equal_outputs(self, name: str) -> None:
        arguments = {**ARGUMENTS[name], "stateful": False}
        layer = getattr(layers, name)(**arguments)
        outputs = flatten(layer(X))
        again = type(layer).from_config(layer.get_config())
        again.build(X.shape)
        again.set_weights(layer.get_weights())
        for one, other in zip(outputs, flatten(again(X)), strict=True):
            np.testing.assert_array_equal(one.numpy(), other.numpy())

    def test_regularizers_and_constraints_reach_the_weights(self, name: str) -> None:
        layer = getattr(layers, name)(**ARGUMENTS[name])
        layer.build(X.shape)
        for weight in layer.weights:
            assert weight.regularizer is not None
            assert weight.constraint is not None
        names = WEIGHTS.get(name, ["kernel", "recurrent_kernel", "bias"])
        assert [weight.name for weight in layer.weights] == names
        outputs = layer(X)
        assert len(layer.losses) == len(outputs) + len(names)

    def test_cell_alone_takes_one_step(self, name: str) -> None:
        cell = getattr(layers, f"{name}Cell")(5, **({"window": 1} if name == "QRNN" else {}))
        state = cell.get_initial_state(batch_size=3)
        output, new = cell(X[:, 0], state)
        assert output.shape == (3, 5)
        assert len(new) == len(state)
        again = type(cell).from_config(cell.get_config())
        assert again.get_config() == cell.get_config()
        layer = layers.RNN(cell)
        np.testing.assert_allclose(layer(X[:, :1]).numpy(), output.numpy(), atol=1e-6)

    def test_in_a_graph(self, name: str) -> None:
        inputs = layers.Input((None, 4))
        own = {"window": 1} if name == "QRNN" else {}
        layer = getattr(layers, name)(5, return_sequences=True, return_state=True, **own)
        start = [layers.Input((size,)) for size in layer.state_size]
        outputs = layer(inputs, initial_state=start)
        assert outputs[0].shape == (None, None, 5)
        assert [state.shape[1] for state in outputs[1:]] == layer.state_size
        model = models.Model([inputs, *start], outputs)
        states = [np.random.default_rng(0).random((3, size)).astype(np.float32) for size in layer.state_size]
        direct = layer(X, initial_state=states)
        for one, other in zip(model([X, *states]), direct, strict=True):
            np.testing.assert_array_equal(one.numpy(), other.numpy())


def test_first_weights() -> None:
    lstm, gru = layers.LSTM(6), layers.GRU(6)
    lstm.build((None, None, 3))
    gru.build((None, None, 3))
    np.testing.assert_array_equal(lstm.get_weights()[2], [0] * 6 + [1] * 6 + [0] * 12)
    assert [w.shape for w in gru.get_weights()] == [(3, 18), (6, 18), (2, 18)]
    recurrent = lstm.get_weights()[1]
    np.testing.assert_allclose(recurrent @ recurrent.T, np.eye(6), atol=1e-5)
    assert np.abs(lstm.get_weights()[0]).max() <= np.sqrt(6 / 27)
    assert lstm.count_params() == (6 + 3 + 1) * 6 * 4


def test_trainable_reaches_the_cell() -> None:
    layer = layers.GRU(4, trainable=False)
    layer.build(X.shape)
    assert layer.trainable_weights == []
    assert len(layer.non_trainable_weights) == 3


@pytest.mark.parametrize("states", [{}, {"return_state": True}])
@pytest.mark.parametrize("sequences", [False, True])
@pytest.mark.parametrize("mode", ["concat", "sum", "ave", "mul", None])
def test_bidirectional_in_a_graph_and_by_configuration(mode: Any, sequences: bool, states: dict[str, bool]) -> None:
    layer = layers.Bidirectional(layers.LSTM(5, return_sequences=sequences, **states), merge_mode=mode)
    inputs = layers.Input((None, 4))
    outputs = layer(inputs)
    model = models.Model(inputs, outputs)
    eager = flatten(layer(X))
    symbolic = flatten(outputs)
    assert [one.shape[-1] for one in eager] == [one.shape[-1] for one in symbolic]
    assert [one.ndim for one in eager] == [len(one.shape) for one in symbolic]
    for one, other in zip(eager, flatten(model(X)), strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())
    again = layers.Bidirectional.from_config(layer.get_config())
    again.build(X.shape)
    again.set_weights(layer.get_weights())
    for one, other in zip(eager, flatten(again(X)), strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())
    assert again.get_config() == layer.get_config()


def test_bidirectional_with_a_backward_layer_of_its_own() -> None:
    backward = layers.GRU(3, go_backwards=True)
    layer = layers.Bidirectional(layers.LSTM(5), backward_layer=backward)
    assert layer(X).shape == (3, 8)
    assert layer.compute_output_shape((None, None, 4)) == (None, 8)
    assert layer.backward_layer is backward


def test_bidirectional_first_weights() -> None:
    first = layers.Bidirectional(layers.GRU(3))
    first.build(X.shape)
    second = layers.Bidirectional(layers.GRU(3), weights=first.get_weights())
    np.testing.assert_array_equal(first(X).numpy(), second(X).numpy())


def test_bidirectional_stateful() -> None:
    layer = layers.Bidirectional(layers.GRU(3, stateful=True))
    fresh = layer(X).numpy()
    assert not np.array_equal(layer(X).numpy(), fresh)
    layer.reset_states()
    np.testing.assert_array_equal(layer(X).numpy(), fresh)
    layer.reset_states(rows=[1])
    mixed = layer(X).numpy()
    np.testing.assert_array_equal(mixed[1], fresh[1])
    assert not np.array_equal(mixed[0], fresh[0])


def test_masks_travel_through_a_model() -> None:
    mask = np.array([[1, 1, 1, 1, 0, 0], [1, 1, 0, 0, 0, 0], [1] * 6], bool)
    first, second = layers.GRU(5, return_sequences=True), layers.Bidirectional(layers.LSTM(4, return_sequences=True))
    hidden = first(X, mask=mask)
    np.testing.assert_array_equal(mask_of(hidden).numpy(), mask)
    outputs = second(hidden)
    np.testing.assert_array_equal(mask_of(outputs).numpy(), mask)
    assert not outputs.numpy()[~mask].any()
    np.testing.assert_array_equal(outputs.numpy(), second(first(X), mask=mask).numpy())
    by_length = first(X, lengths=[4, 2, 6])
    np.testing.assert_array_equal(mask_of(by_length).numpy(), mask)
    assert mask_of(layers.GRU(5)(X, mask=mask)) is None
    backwards = layers.GRU(5, return_sequences=True, go_backwards=True)(X, mask=mask)
    np.testing.assert_array_equal(mask_of(backwards).numpy(), mask[:, ::-1])


class TestTimeDistributed:
    def test_is_the_layer_on_every_step(self) -> None:
        dense = layers.Dense(2)
        outputs = layers.TimeDistributed(dense)(X)
        np.testing.assert_allclose(outputs.numpy(), X @ dense.get_weights()[0] + dense.get_weights()[1], atol=1e-6)

    def test_of_a_recurrent_layer_with_masks(self) -> None:
        x = np.random.default_rng(1).standard_normal((2, 3, 5, 4)).astype(np.float32)
        mask = np.random.default_rng(2).random((2, 3, 5)) < 0.5
        gru = layers.GRU(6)
        outputs = layers.TimeDistributed(gru)(x, mask=mask)
        for row in range(2):
            np.testing.assert_allclose(outputs.numpy()[row], gru(x[row], mask=mask[row]).numpy(), rtol=0, atol=1e-6)

    def test_graph_shapes_and_configuration(self) -> None:
        layer = layers.TimeDistributed(layers.LSTM(3))
        inputs = layers.Input((None, 5, 4))
        assert layer(inputs).shape == (None, None, 3)
        assert layers.TimeDistributed.from_config(layer.get_config()).get_config() == layer.get_config()
        assert len(layer.weights) == 3

    def test_gradient_reaches_the_layer(self) -> None:
        layer = layers.TimeDistributed(layers.Dense(2))
        layer(X).sum().backward()
        assert layer.layer.kernel.grad.shape == (4, 2)


def plain(**options: Any) -> Any:
    return layers.GRU(5, name="mine", **options)


REFUSED: list[tuple[str, Any, str]] = [
    ("rank", lambda: plain()(X[:, 0]), "layer 'mine' .GRU.*3 axes"),
    ("features", lambda: (lambda layer: (layer(X), layer(X[:, :, :2])))(plain()), "layer 'mine' .GRU.*4 features"),
    ("unknown features", lambda: plain()(layers.Input((None, None))), "features"),
    ("no steps", lambda: plain()(X[:, :0]), "layer 'mine'.*at least one time step"),
    ("units", lambda: layers.GRU(0), "GRU: units must be an integer >= 1, got 0"),
    ("units of no number", lambda: layers.LSTM("many"), "LSTM: units must be an integer >= 1, got 'many'"),
    ("activation", lambda: layers.LSTM(3, activation="tanhh"), "tanhh"),
    ("recurrent activation", lambda: layers.LSTM(3, recurrent_activation="sigmoidal"), "sigmoidal"),
    ("dropout", lambda: layers.SimpleRNN(3, dropout=1.0), r"SimpleRNN: dropout must be a number in \[0, 1\), got 1.0"),
    ("recurrent dropout", lambda: plain(recurrent_dropout=-0.1), r"GRU: recurrent_dropout must be a number"),
    ("unknown argument", lambda: plain(return_sequence=True), "GRU has no argument 'return_sequence'"),
    ("use_cudnn", lambda: plain(use_cudnn="yes"), "GRU: use_cudnn"),
    (
        "state count",
        lambda: layers.LSTM(5, name="mine")(X, initial_state=[X[:, 0]]),
        "layer 'mine'.*2 initial states, got 1",
    ),
    (
        "state shape",
        lambda: plain()(X, initial_state=np.zeros((3, 4), np.float32)),
        r"layer 'mine'.*\(3, 5\), got \(3, 4\)",
    ),
    ("state rows", lambda: plain()(X, initial_state=np.zeros((2, 5), np.float32)), r"\(3, 5\), got \(2, 5\)"),
    (
        "mask shape",
        lambda: plain()(X, mask=np.ones((3, 5), bool)),
        r"layer 'mine'.*mask of shape \(3, 6\), got \(3, 5\)",
    ),
    ("lengths too long", lambda: plain()(X, lengths=[1, 7, 2]), "layer 'mine'.*lengths must be from 0 to 6"),
    ("lengths of no integers", lambda: plain()(X, lengths=[1.5, 2, 2]), "lengths as 3 integers"),
    ("lengths and mask", lambda: plain()(X, lengths=[1, 2, 2], mask=np.ones((3, 6), bool)), "both mask and lengths"),
    (
        "stateful batch",
        lambda: (lambda layer: (layer(X), layer(X[:2])))(plain(stateful=True)),
        "3 sequences, got a batch of 2",
    ),
    ("row to reset", lambda: (lambda layer: (layer(X), layer.reset_states(rows=[3])))(plain(stateful=True)), "below 3"),
    ("no cell", lambda: layers.RNN(4), "call"),
    ("cell without state_size", lambda: layers.RNN(layers.Dense(3)), "RNN: a cell needs a state_size"),
    ("no cells", lambda: layers.StackedRNNCells([]), "at least one cell"),
    ("checkpoint", lambda: layers.RNN(OneStateTooFew(), checkpoint=True), "checkpoint needs a built-in cell"),
    ("states returned", lambda: layers.RNN(OneStateTooFew())(X), "2 states but returned 1"),
    ("merge mode", lambda: layers.Bidirectional(plain(), merge_mode="add"), "merge_mode must be one of"),
    ("not recurrent", lambda: layers.Bidirectional(layers.Dense(3)), "Bidirectional: expected a recurrent layer"),
    ("both forwards", lambda: layers.Bidirectional(plain(), backward_layer=layers.GRU(5)), "opposite directions"),
    (
        "unlike",
        lambda: layers.Bidirectional(plain(), backward_layer=layers.GRU(5, go_backwards=True, return_sequences=True)),
        "return_sequences must be the same",
    ),
    ("states of both", lambda: layers.Bidirectional(plain())(X, initial_state=[X[:, 0]]), "2 initial states"),
    ("no layer", lambda: layers.TimeDistributed(3), "TimeDistributed: expected a layer"),
    ("no time axis", lambda: layers.TimeDistributed(layers.Dense(2))(X[:, 0]), "at least 3 axes"),
]


class OneStateTooFew:
    state_size = (4, 4)

    def call(self, inputs: Any, states: Any) -> Any:
        return states[0], states[:1]


@pytest.mark.parametrize(("action", "message"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_refused_with_the_reason(action: Any, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        action()


def test_a_refused_call_leaves_the_state_as_it_was() -> None:
    layer = plain(stateful=True)
    layer(X)
    before = layer.states[0].numpy().copy()
    with pytest.raises(ValueError, match="mask"):
        layer(X, mask=np.ones((3, 5), bool))
    np.testing.assert_array_equal(layer.states[0].numpy(), before)


def test_gradients_do_not_cross_batches_of_a_stateful_layer() -> None:
    layer = plain(stateful=True)
    first = layer(X)
    ops.sum(first).backward()
    for weight in layer.weights:
        weight.grad = None
    carried = [state.numpy().copy() for state in layer.states]
    ops.sum(layer(X)).backward()
    gradients = [weight.grad.numpy().copy() for weight in layer.weights]
    same = layers.GRU(5)
    same.build(X.shape)
    same.set_weights(layer.get_weights())
    ops.sum(same(X, initial_state=[Tensor(state) for state in carried])).backward()
    for one, other in zip(gradients, same.weights, strict=True):
        np.testing.assert_array_equal(one, other.grad.numpy())
