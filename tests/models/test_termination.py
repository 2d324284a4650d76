"""TerminateOnNaN: what it says, where it stops, what it leaves."""

from __future__ import annotations

import numpy as np
import pytest

from recurra import Input, Layer, Model, Sequential, Tensor, layers, ops
from recurra.callbacks import Callback, TerminateOnNaN
from recurra.optimizers import SGD

B, T, F, U = 4, 6, 2, 3
rng = np.random.default_rng(0)
X = rng.normal(size=(3 * B, T, F)).astype("float32")
Y = rng.normal(size=(3 * B, T, 1)).astype("float32")


class Spoiler(Layer):
    """Hands its input on; from the call `after` on, NaN at one time step, forward or in the gradient alone."""

    def __init__(self, after, backward=False, **options):
        super().__init__(**options)
        self.after, self.backward, self.calls = after, backward, 0

    def call(self, inputs):
        if not ops.is_tensor(inputs):
            return inputs
        self.calls += inputs.shape[0] == B
        if self.calls < self.after:
            return inputs
        if self.backward:
            return inputs + 0.0 * ops.sqrt(ops.abs(inputs) * 0.0)  # √ has an infinite slope at 0, and 0 · ∞ is NaN
        spoilt = np.zeros(inputs.shape, inputs.dtype)
        spoilt[1, 4 % inputs.shape[1]] = np.nan
        return inputs + Tensor(spoilt)

    def compute_output_shape(self, input_shape):
        return input_shape


def model_of(*inner):
    model = Sequential([Input((None, F)), *inner, layers.Dense(1, name="head")])
    model.compile(SGD(0.1), "mse")
    return model


def recurrent(name="memory", **options):
    return layers.GRU(U, return_sequences=True, name=name, **options)


def fit(model, callback, **options):
    snapshots = []

    class Look(TerminateOnNaN):
        def _lets_pass(self, loss, x):
            snapshots.append(model.get_weights())
            return super()._lets_pass(loss, x)

    callback.__class__ = Look
    model.fit(X, Y, **{"batch_size": B, "epochs": 2, "shuffle": False, "verbose": 0, **options}, callbacks=[callback])
    return snapshots


def test_loss_names_the_first_layer_and_step_and_keeps_the_weights(capsys):
    model = model_of(recurrent("below"), Spoiler(5, name="spoiler"), recurrent("above"))
    callback = TerminateOnNaN()
    snapshots = fit(model, callback)
    expected = (
        "Epoch 2, batch 1: the loss is nan; layer 'spoiler' is the first with an output that is not finite, at time "
        "step 4; the weights are those before this step"
    )
    assert callback.reason == expected
    assert capsys.readouterr().out == f"{expected}. Training stops.\n"
    assert model.optimizer.iterations == 4
    assert len(model.history.epoch) == 2
    for before, after in zip(snapshots[-1], model.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)
    assert all("call" not in vars(layer) for layer in model.layers)


def test_gradient_names_the_layer_where_it_turned_bad():
    model = model_of(recurrent("below"), recurrent("middle"), Spoiler(2, backward=True), recurrent("above"))
    callback = TerminateOnNaN()
    snapshots = fit(model, callback)
    assert callback.reason.startswith("Epoch 1, batch 1: the loss is ")
    assert "but the gradient of layer 'middle' is not finite" in callback.reason
    for before, after in zip(snapshots[-1], model.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)


def test_exploding_gradient():
    model = model_of(recurrent())
    model.layers[-1].set_weights([np.full((U, 1), 1e4), np.zeros(1)])
    callback = TerminateOnNaN(max_gradient_norm=100.0)
    fit(model, callback)
    assert "Epoch 1, batch 0: the norm of the gradient is " in callback.reason
    assert ", above 100; the largest part is " in callback.reason
    assert "in layer 'memory'" in callback.reason
    assert model.optimizer.iterations == 0
    calm = TerminateOnNaN(max_gradient_norm=1e9)
    fit(model_of(recurrent()), calm)
    assert calm.reason is None


def test_loss_alone():
    model = model_of(recurrent())
    model.compile("sgd", lambda y, p: ops.sum(p, axis=-1) * np.float32("nan"))
    callback = TerminateOnNaN()
    fit(model, callback)
    assert "the outputs of all layers are finite, so it comes from the loss or a penalty" in callback.reason


def test_inner_layers_are_named():
    model = model_of(layers.Bidirectional(recurrent("gru"), name="both"))
    both = model.layers[0]
    weights = both.get_weights()
    weights[4][0, 0] = np.nan  # of the backward layer
    both.set_weights(weights)
    callback = TerminateOnNaN()
    fit(model, callback)
    assert "layer 'backward_gru' is the first with an output that is not finite, at time step 0" in callback.reason


@pytest.mark.parametrize("truncate", [None, (2, 3)])
def test_carried_states(truncate, capsys):
    model = model_of(Spoiler(2), recurrent(stateful=True))
    callback = TerminateOnNaN()
    fit(model, callback, batch_size=B, truncate=truncate)
    if truncate is None:
        assert "batch 1: the loss is nan; layer 'memory' carries a state that is not finite" in callback.reason
    else:
        assert callback.reason.startswith("Epoch 1, batch 0: the loss is nan")
    assert model.optimizer.iterations == (1 if truncate is None else 0)
    assert capsys.readouterr().out.count("Training stops") == 1


def test_own_train_step_is_stopped_by_its_loss():
    class Own(Model):
        def __init__(self):
            super().__init__()
            self.head = layers.Dense(1)

        def call(self, inputs):
            return self.head(inputs)

        def train_step(self, data):
            return {"loss": float("inf")}

    model = Own()
    model.compile("sgd", "mse")
    callback = TerminateOnNaN()
    model.fit(X, Y, batch_size=B, epochs=3, verbose=0, callbacks=[callback])
    assert callback.reason == "Epoch 1, batch 0: the loss is inf"


def test_norm_out_of_range():
    with pytest.raises(ValueError, match="max_gradient_norm must be greater than 0, got 0"):
        TerminateOnNaN(0)


def test_error_in_place_of_a_quiet_stop():
    model = model_of(Spoiler(2, name="spoiler"))
    ends = []

    class End(Callback):
        def on_train_end(self, logs=None):
            ends.append(1)

    with pytest.raises(RuntimeError, match=r"^Epoch 1, batch 1: the loss is nan; layer 'spoiler' is the first"):
        model.fit(X, Y, batch_size=B, shuffle=False, verbose=0, callbacks=[End(), TerminateOnNaN(raise_error=True)])
    assert not ends
    with pytest.raises(ValueError, match="raise_error must be True or False"):
        TerminateOnNaN(raise_error="yes")
