"""Temporal convolutional networks: against NumPy, gradients, masks, causality, states, sizes, and what is refused."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import recurra
from recurra import Tensor, layers, random
from recurra.gradient_check import check_gradients
from recurra.layers.masks import mask_of
from tests.support import reference_tcn
from tests.support.layer_examination import examine

Array = np.ndarray
OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {"filters": 4, "levels": 3},
    "widths": {"filters": [3, 5, 5], "kernel_size": 2},
    "even kernel": {"filters": 4, "levels": 2, "kernel_size": 4},
    "dilations": {"filters": 4, "dilations": [1, 3, 2]},
    "same": {"filters": 4, "levels": 3, "padding": "same"},
    "same with an even kernel": {"filters": 4, "levels": 2, "kernel_size": 4, "padding": "same"},
    "layer": {"filters": 4, "levels": 2, "normalization": "layer"},
    "batch": {"filters": 4, "levels": 2, "normalization": "batch"},
    "none": {"filters": 4, "levels": 2, "normalization": None},
    "skips": {"filters": 4, "levels": 3, "use_skip_connections": True},
    "gate": {"filters": 4, "levels": 2, "use_gate": True},
    "gate and layer": {"filters": 4, "levels": 2, "use_gate": True, "normalization": "layer"},
    "one step": {"filters": 4, "levels": 1, "kernel_size": 1},
}
BEHIND_A_STEP = [name for name in OPTIONS if OPTIONS[name].get("padding") != "same"]


def made(name: str, channels: int = 3, **changes: Any) -> Any:
    """A built network of float64 with distinct numbers in all weights."""
    options = {"activation": "tanh", "return_sequences": True, "dtype": "float64", **OPTIONS[name], **changes}
    layer = layers.TCN(**options)
    layer.build((None, None, channels))
    rng = np.random.default_rng(3)
    for weight in layer.weights:
        values = rng.normal(size=weight.shape) * 0.5
        weight.assign(np.abs(values) + 0.3 if "variance" in weight.name else values)
    return layer


# ---- values


@pytest.mark.parametrize("time", [1, 2, 5, 23])
@pytest.mark.parametrize("name", OPTIONS)
def test_a_network_computes_its_equations(name: str, time: int, rng: np.random.Generator) -> None:
    layer = made(name)
    x = rng.normal(size=(2, time, 3))
    expected = np.stack([reference_tcn.network(row, layer, np.tanh) for row in x])
    np.testing.assert_allclose(layer(x).numpy(), expected, rtol=1e-11, atol=1e-12)
    last = made(name, return_sequences=False)
    np.testing.assert_allclose(last(x).numpy(), expected[:, -1], rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("options", [{}, {"normalization": "layer"}, {"use_gate": True}, {"padding": "same"}])
def test_a_block_computes_its_equations(options: dict[str, Any], rng: np.random.Generator) -> None:
    for channels in (3, 4):
        layer = layers.TemporalBlock(4, 2, dilation_rate=3, dtype="float64", **options)
        x = rng.normal(size=(2, 9, channels))
        expected = [reference_tcn.block(row, built(layer, x), lambda v: np.maximum(v, 0))[0] for row in x]
        np.testing.assert_allclose(layer(x).numpy(), expected, rtol=1e-11, atol=1e-12)


def built(layer: Any, x: Array) -> Any:
    layer(x)
    return layer


def test_activations_of_your_own_are_used(rng: np.random.Generator) -> None:
    layer = made("plain", activation=lambda v: v * v)
    x = rng.normal(size=(1, 6, 3))
    np.testing.assert_allclose(layer(x).numpy()[0], reference_tcn.network(x[0], layer, np.square), rtol=1e-10)


@pytest.mark.parametrize("name", OPTIONS)
def test_gradients(name: str, rng: np.random.Generator) -> None:
    layer = made(name)
    check_gradients(lambda x, *_: layer(x), rng.normal(size=(2, 6, 3)), *layer.trainable_variables)


def test_gradients_of_batch_statistics_and_masks(rng: np.random.Generator) -> None:
    layer = made("batch", return_sequences=False)
    x = rng.normal(size=(3, 5, 3))
    check_gradients(lambda x, *_: layer(x, training=True, lengths=[5, 2, 3]), x, *layer.trainable_variables)


@pytest.mark.parametrize("name", ["plain", "widths", "same", "layer", "skips", "gate"])
def test_networks_pass_the_examination(name: str, tmp_path: Path) -> None:
    options = {"activation": "tanh", **OPTIONS[name]}
    width = options["filters"] if isinstance(options["filters"], int) else options["filters"][-1]
    examine(lambda dtype: layers.TCN(**options, dtype=dtype), (2, 6, 3), output_shape=(2, width), tmp_path=tmp_path)
    examine(
        lambda dtype: layers.TCN(**options, return_sequences=True, dropout=0.3, seed=4, dtype=dtype),
        (2, 6, 3),
        output_shape=(2, 6, width),
        gradients=False,
    )


@pytest.mark.parametrize("name", BEHIND_A_STEP)
def test_later_inputs_change_no_earlier_output(name: str, rng: np.random.Generator) -> None:
    layer = made(name)
    x = rng.normal(size=(2, 12, 3))
    before = layer(x).numpy()
    x[:, 7:] = np.nan
    np.testing.assert_array_equal(layer(x).numpy()[:, :7], before[:, :7])


def test_outputs_see_the_receptive_field_and_no_step_more(rng: np.random.Generator) -> None:
    for kernel_size, dilations in [(3, [1, 2, 4]), (2, [1, 2]), (4, [1, 3]), (1, [1])]:
        layer = layers.TCN(4, kernel_size, dilations=dilations, activation="tanh", dtype="float64")
        field = layer.receptive_field
        assert field == 1 + 2 * (kernel_size - 1) * sum(dilations)
        x = Tensor(rng.normal(size=(1, field + 3, 3)))
        x.requires_grad = True
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            layer(x).sum().backward()
        seen = np.abs(x.grad.numpy()).max(axis=(0, 2)) > 0
        assert seen.tolist() == [False] * 3 + [True] * field


# ---- masks


@pytest.mark.parametrize("name", OPTIONS)
def test_masked_steps_are_as_if_they_were_not_there(name: str, rng: np.random.Generator) -> None:
    lengths = [7, 3, 1, 5]
    x = rng.normal(size=(4, 7, 3))
    for row, length in enumerate(lengths):
        x[row, length:] = np.nan
    whole, last = made(name), made(name, return_sequences=False)
    outputs = whole(x, lengths=lengths)
    np.testing.assert_array_equal(mask_of(outputs).numpy(), np.arange(7) < np.array(lengths)[:, None])
    end = last(x, lengths=lengths)
    assert mask_of(end) is None
    for row, length in enumerate(lengths):
        alone = whole(x[row : row + 1, :length]).numpy()[0]
        np.testing.assert_array_equal(outputs.numpy()[row, :length], alone)
        np.testing.assert_array_equal(outputs.numpy()[row, length:], 0)
        np.testing.assert_array_equal(end.numpy()[row], alone[-1])


@pytest.mark.parametrize("name", BEHIND_A_STEP)
def test_padding_in_front_is_as_if_it_was_not_there(name: str, rng: np.random.Generator) -> None:
    layer = made(name)
    x = rng.normal(size=(1, 9, 3))
    x[:, :4] = np.nan
    outputs = layer(x, mask=np.arange(9)[None] >= 4).numpy()
    np.testing.assert_array_equal(outputs[:, 4:], layer(x[:, 4:]).numpy())


@pytest.mark.parametrize("name", OPTIONS)
def test_no_gradient_comes_from_masked_steps(name: str, rng: np.random.Generator) -> None:
    layer, short = made(name), made(name)
    x, cotangent = rng.normal(size=(1, 6, 3)), rng.normal(size=(1, 6, 4 if name != "widths" else 5))
    padded = x.copy()
    padded[:, 4:] = np.nan
    padded = Tensor(padded)
    padded.requires_grad = True
    layer(padded, lengths=[4]).backward(Tensor(cotangent))
    real = Tensor(x[:, :4])
    real.requires_grad = True
    short(real).backward(Tensor(cotangent[:, :4]))
    np.testing.assert_allclose(padded.grad.numpy()[:, :4], real.grad.numpy(), rtol=1e-12, atol=1e-14)
    np.testing.assert_array_equal(padded.grad.numpy()[:, 4:], 0)
    for one, other in zip(layer.trainable_weights, short.trainable_weights, strict=True):
        if one.grad is not None or other.grad is not None:
            np.testing.assert_allclose(one.grad.numpy(), other.grad.numpy(), rtol=1e-10, atol=1e-13)


def test_batch_statistics_count_real_steps_only(rng: np.random.Generator) -> None:
    x = rng.normal(size=(2, 4, 3))
    layer, short = made("batch"), made("batch")
    padded = np.concatenate([x, np.full((2, 3, 3), np.nan)], axis=1)
    layer(padded, lengths=[4, 4], training=True)
    short(x, training=True)
    for one, other in zip(layer.non_trainable_weights, short.non_trainable_weights, strict=True):
        np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=1e-7)  # masked sums are divided by count + 1e-7


def test_sequences_without_a_step_give_zeros(rng: np.random.Generator) -> None:
    layer = made("plain", return_sequences=False)
    np.testing.assert_array_equal(layer(rng.normal(size=(2, 5, 3)), lengths=[0, 5]).numpy()[0], 0)


def test_masks_of_tensors_are_found_and_handed_on() -> None:
    model = recurra.Sequential(
        [
            recurra.Input((None,), dtype="int32"),
            layers.Embedding(9, 4, mask_zero=True),
            layers.TemporalBlock(5),
            layers.TCN(6, levels=2, return_sequences=True),
            layers.TCN(6, levels=2),
        ]
    )
    words = np.array([[3, 1, 4, 0, 0], [2, 6, 5, 3, 8]], "int32")
    whole = model(words).numpy()
    np.testing.assert_array_equal(model(words[:1, :3]).numpy()[0], whole[0])


# ---- noise


def test_dropout_acts_in_training_only(rng: np.random.Generator) -> None:
    x = rng.normal(size=(2, 8, 3))
    layer, silent = made("plain", dropout=0.5), made("plain")
    np.testing.assert_array_equal(layer(x).numpy(), silent(x).numpy())
    assert not np.array_equal(layer(x, training=True).numpy(), silent(x).numpy())
    one, other = made("plain", dropout=0.5, seed=5), made("plain", dropout=0.5, seed=5)
    np.testing.assert_array_equal(one(x, training=True).numpy(), other(x, training=True).numpy())
    assert not np.array_equal(one(x, training=True).numpy(), other(x, training=False).numpy())


@pytest.mark.parametrize("spatial", [False, True])
def test_dropped_numbers_and_dropped_channels(spatial: bool, rng: np.random.Generator) -> None:
    layer = layers.TemporalBlock(40, 1, activation="linear", dropout=0.5, spatial_dropout=spatial, seed=1)
    x = rng.normal(size=(3, 30, 2)).astype("float32")
    branch = layer.run(Tensor(x), None, False).branch if built(layer, x) else None
    assert branch is not None
    dropped = layer.run(Tensor(x), None, True).branch.numpy() == 0
    assert 0.3 < dropped.mean() < 0.7
    assert (dropped == dropped[:, :1]).all() == spatial


# ---- states


@pytest.mark.parametrize("name", [name for name in BEHIND_A_STEP if name != "one step"])
def test_a_sequence_goes_on_with_the_state_of_its_beginning(name: str, rng: np.random.Generator) -> None:
    layer = made(name, return_state=True)
    x = rng.normal(size=(2, 15, 3))
    whole, *final = layer(x)
    assert [state.shape for state in final] == list(layer.compute_output_shape((2, 15, 3))[1:])
    state, outputs = None, []
    for block in (x[:, :4], x[:, 4:5], x[:, 5:]):
        output, *state = layer(block, initial_state=state)
        outputs.append(output.numpy())
    np.testing.assert_array_equal(np.concatenate(outputs, axis=1), whole.numpy())
    for one, other in zip(state, final, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())
    np.testing.assert_array_equal(made(name)(x).numpy(), whole.numpy())


def test_states_are_those_of_the_last_real_step(rng: np.random.Generator) -> None:
    layer = made("plain", return_state=True)
    x = rng.normal(size=(3, 9, 3))
    _, *final = layer(x, lengths=[9, 4, 0])
    for row, length in enumerate([9, 4]):
        _, *alone = layer(x[row : row + 1, :length])
        for one, other in zip(final, alone, strict=True):
            np.testing.assert_array_equal(one.numpy()[row], other.numpy()[0])
    assert all(not state.numpy()[2].any() for state in final)


def test_gradients_through_states(rng: np.random.Generator) -> None:
    layer = made("plain", return_state=True)

    def both(x: Tensor, *_: Any) -> Tensor:
        _, *state = layer(x[:, :3])
        return layer(x[:, 3:], initial_state=state)[0]

    check_gradients(both, rng.normal(size=(1, 6, 3)), *layer.trainable_variables)


def test_states_in_a_graph() -> None:
    source = recurra.Input((7, 3))
    output, *state = layers.TCN(4, levels=2, return_state=True)(source)
    assert output.shape == (None, 4)
    assert [one.shape for one in state] == [(None, 2, 3), (None, 2, 4), (None, 4, 4), (None, 4, 4)]


# ---- sizes


@pytest.mark.parametrize(
    ("kernel_size", "levels", "hidden", "channels", "parameters", "field"),
    [
        (7, 8, 25, 1, 66_650, 3061),  # sequential MNIST: 66K with the output layer
        (8, 8, 24, 2, 70_344, 3571),  # adding problem, T = 600: 70K
        (8, 8, 10, 1, 12_420, 3571),  # copy memory, T = 1000
        (3, 2, 150, 88, 256_650, 13),  # JSB Chorales
        (3, 4, 600, 600, 8_649_600, 61),  # Penn Treebank, words
        (3, 3, 450, 100, 3_223_350, 29),  # Penn Treebank, characters
    ],
)
def test_the_networks_of_the_paper(
    kernel_size: int, levels: int, hidden: int, channels: int, parameters: int, field: int
) -> None:
    layer = layers.TCN(hidden, kernel_size, levels)
    layer.build((None, None, channels))
    first = kernel_size * channels * hidden + (channels != hidden) * (channels + 1) * hidden
    others = (2 * levels - 1) * kernel_size * hidden**2
    assert first + others + 2 * levels * 2 * hidden == parameters  # a length and a bias for each channel
    assert layer.count_params() == parameters
    assert layer.receptive_field == field


def test_first_values_are_those_of_the_reference() -> None:
    random.set_seed(0)
    layer = layers.TCN(200, 3, levels=2)
    layer.build((None, None, 50))
    first, second = (block.convolutions[0].layer.kernel.numpy() for block in layer.blocks)
    for kernel, bound in ((first, 150**-0.5), (second, 600**-0.5)):
        assert 0.99 * bound < np.abs(kernel).max() <= bound
        assert kernel.std() == pytest.approx(bound / 3**0.5, rel=0.02)
    assert layer.blocks[0].residual is not None
    assert layer.blocks[0].residual.kernel.numpy().std() == pytest.approx(0.01, rel=0.05)
    assert layer.blocks[1].residual is None


@pytest.mark.parametrize("steps", [1, 2, 3, 5, 6, 100, 784, 1020])
@pytest.mark.parametrize("kernel_size", [2, 3, 8])
def test_networks_for_a_number_of_steps(steps: int, kernel_size: int) -> None:
    layer = layers.TCN.for_receptive_field(steps, kernel_size, filters=5, dropout=0.1)
    assert (layer.filters, layer.dropout, layer.kernel_size) == (5, 0.1, kernel_size)
    assert layer.receptive_field >= steps
    if layer.levels > 1:
        assert layers.TCN(5, kernel_size, layer.levels - 1).receptive_field < steps


def test_configurations_go_round() -> None:
    layer = layers.TCN([3, 4], kernel_size=2, dropout=0.1, normalization=None, use_gate=True, seed=3)
    config = layer.get_config()
    assert (config["levels"], config["dilations"], config["filters"]) == (2, [1, 2], [3, 4])
    again = layers.TCN.from_config(config)
    assert again.get_config() == config
    described = repr(layers.TCN(4, levels=np.int64(3)))
    assert "filters=4" in described


# ---- words


def test_a_short_view_is_told() -> None:
    with pytest.warns(
        UserWarning, match=r"'t' \(TCN\): an output sees the last 13 steps, but the sequences have 100"
    ) as told:
        layers.TCN(4, levels=2, name="t")(recurra.Input((100, 3)))
    assert [one.filename for one in told] == [__file__]
    with pytest.warns(UserWarning, match="the last 13 steps, but the sequences have 20") as told:
        layers.TCN(4, levels=2)(np.zeros((1, 20, 3)))
    assert [one.filename for one in told] == [__file__]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        layers.TCN(4, levels=2)(recurra.Input((None, 3)))
        layers.TCN(4, levels=2)(recurra.Input((13, 3)))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"filters": 4}, r"TCN: the number of levels is not known; give levels, .* TCN.for_receptive_field"),
        ({"filters": []}, r"TCN: filters must be an integer >= 1, or a list with one for each level, got \[\]"),
        ({"filters": [4, 0]}, "filters must be an integer >= 1"),
        ({"filters": [4, 5, 6], "levels": 2}, "filters has 3 numbers for 2 levels; give one number for each level"),
        ({"filters": 4, "dilations": []}, "dilations must be a list of integers from 1"),
        ({"filters": 4, "dilations": [1, 2.0]}, r"dilations must be a list of integers .* got \[1, 2.0\]"),
        ({"filters": 4, "dilations": [1, 2], "levels": 3}, "dilations has 2 numbers for levels=3; .* leave levels out"),
        ({"filters": 4, "levels": 40}, "levels must be from 1 to 25 where dilations double, got 40; give dilations"),
        ({"filters": 4, "levels": 2, "kernel_size": 1}, "kernel_size=1 sees one step .* give kernel_size=2 or more"),
        ({"filters": 4, "levels": 24, "kernel_size": 9}, "receptive field of 268435441 steps.*give fewer levels"),
        ({"filters": [4, 5], "use_skip_connections": True}, r"adds the outputs of all levels, got filters=\[4, 5\]"),
        ({"filters": 4, "levels": 2, "padding": "valid"}, "padding must be one of 'causal', 'same', got 'valid'"),
        ({"filters": 4, "levels": 2, "padding": "same", "return_state": True}, "return_state=True needs padding"),
        ({"filters": 4, "levels": 1, "kernel_size": 1, "return_state": True}, "return_state=True needs kernel_size=2"),
        ({"filters": 4, "levels": 2, "normalization": "group"}, "normalization must be one of 'weight', 'layer'"),
        ({"filters": 4, "levels": 2, "dropout": 1.0}, r"dropout must be a number in \[0, 1\), got 1.0"),
    ],
)
def test_what_does_not_fit_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        layers.TCN(**arguments)


def test_what_does_not_fit_a_receptive_field_is_refused() -> None:
    with pytest.raises(ValueError, match="levels follows from steps; leave it out"):
        layers.TCN.for_receptive_field(9, filters=4, levels=3)
    with pytest.raises(ValueError, match="kernel_size=1 sees one step, not 9; give kernel_size=2 or more"):
        layers.TCN.for_receptive_field(9, 1, filters=4)
    with pytest.raises(ValueError, match="steps must be an integer from 1"):
        layers.TCN.for_receptive_field(0, filters=4)


def test_what_does_not_fit_a_call_is_refused() -> None:
    layer = made("plain", return_state=True)
    x = np.ones((2, 5, 3))
    _, *state = layer(x)
    with pytest.raises(ValueError, match="expected 6 initial states, two for each level, got 5"):
        layer(x, initial_state=state[1:])
    with pytest.raises(ValueError, match=r"initial state 0 of shape \(2, 2, 3\), got \(1, 2, 3\)"):
        layer(x, initial_state=[state[0][:1], *state[1:]])
    with pytest.raises(ValueError, match=r"expected a mask of shape \(2, 5\), got \(2, 4\)"):
        layer(x, mask=np.ones((2, 4), bool))
    with pytest.raises(ValueError, match="at least one time step"):
        layer(x[:, :0])
    with pytest.raises(ValueError, match="needs padding='causal'"):
        made("same")(x, initial_state=state)
    with pytest.raises(ValueError, match="the number of channels"):
        layers.TCN(4, levels=1)(recurra.Input((5, None)))


# ---- training


def adding(count: int, steps: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Sequences of numbers of which two are marked; the target is the sum of these."""
    x = np.zeros((count, steps, 2), np.float32)
    x[..., 0] = rng.random((count, steps))
    marks = np.stack([rng.choice(steps, 2, replace=False) for _ in range(count)])
    rows = np.arange(count)[:, None]
    x[rows, marks, 1] = 1
    return x, x[rows, marks, 0].sum(axis=1, keepdims=True)


def copying(count: int, wait: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Ten digits, a wait and ten marks; the target is zeros, and the digits in the place of the marks."""
    digits = rng.integers(1, 9, (count, 10))
    x, y = np.zeros((count, wait + 20), np.int32), np.zeros((count, wait + 20), np.int32)
    x[:, :10], x[:, -11:], y[:, -10:] = digits, 9, digits
    return x[..., None].astype(np.float32), y


@pytest.mark.slow
def test_the_adding_problem_is_learned(rng: np.random.Generator) -> None:
    x, y = adding(6400, 50, rng)
    model = recurra.Sequential(
        [recurra.Input((50, 2)), layers.TCN.for_receptive_field(50, 6, filters=24), layers.Dense(1)]
    )
    model.compile(recurra.optimizers.Adam(4e-3), "mse")
    model.fit(x, y, batch_size=32, epochs=3, verbose=0)
    error = model.evaluate(*adding(1000, 50, rng), verbose=0)
    print(f"adding, T = 50, 600 steps of training: mean squared error {error:.2e}; guessing the mean gives 1.67e-01")
    assert error < 0.02


@pytest.mark.slow
def test_copying_is_learned(rng: np.random.Generator) -> None:
    x, y = copying(9600, 20, rng)
    model = recurra.Sequential(
        [
            recurra.Input((40, 1)),
            layers.TCN.for_receptive_field(40, 8, filters=20, return_sequences=True),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(recurra.optimizers.Adam(4e-3, clipnorm=1.0), "sparse_categorical_crossentropy")
    model.fit(x, y, batch_size=32, epochs=2, verbose=0)
    x, y = copying(500, 20, rng)
    right = (model.predict(x, verbose=0).argmax(axis=-1) == y)[:, -10:].mean()
    print(f"copying over 20 steps, 600 steps of training: {right:.3f} of the last ten right; guessing gives 0.125")
    assert right > 0.95
