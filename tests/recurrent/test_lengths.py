"""Sequences of different lengths in one batch are, to the bit, what each of them is alone."""

from __future__ import annotations

import numpy as np
import pytest

from recurra import Input, Model, Sequential, Tensor, layers, ops
from recurra.layers.masks import attach_mask, mask_of
from recurra.preprocessing.sequence import pad_sequences

F, U = 3, 5
LENGTHS = np.array([4, 9, 1, 7, 9, 2, 8])
LAYERS = {
    "simple_rnn": lambda **o: layers.SimpleRNN(U, **o),
    "lstm": lambda **o: layers.LSTM(U, **o),
    "gru": lambda **o: layers.GRU(U, **o),
    "gru_reset_before": lambda **o: layers.GRU(U, reset_after=False, **o),
    "backwards": lambda **o: layers.GRU(U, go_backwards=True, **o),
    "bidirectional": lambda **o: layers.Bidirectional(layers.LSTM(U, **o)),
    "stacked": lambda dtype=None, **o: layers.RNN(
        [layers.GRUCell(U, dtype=dtype), layers.LSTMCell(U, dtype=dtype)], dtype=dtype, **o
    ),
    "wide": lambda **o: layers.LSTM(37, **o),
}


def sequences(rng, lengths=LENGTHS, shape=(F,)):
    return [rng.normal(size=(n, *shape)).astype("float32") for n in lengths]


def padded(parts, value=9.0):
    return pad_sequences(parts, dtype="float32", padding="post", value=value)


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("whole", [False, True])
def test_a_layer_sees_each_sequence_alone(name, whole, rng):
    layer = LAYERS[name](return_sequences=whole)
    parts = sequences(rng)
    x = Tensor(padded(parts, np.nan))
    x.requires_grad = True
    out = layer(x, lengths=LENGTHS)
    weight = rng.normal(size=out.shape).astype("float32")
    # Outputs stand in the order of processing: a layer that reads backwards gives those of the padding first.
    steps = [slice(9 - n, None) if name == "backwards" else slice(n) for n in LENGTHS]
    if whole:
        for row, own in enumerate(steps):
            kept = np.zeros(9, bool)
            kept[own] = True
            weight[row, ~kept] = 0
    ops.sum(out * weight).backward()
    for row, (part, own) in enumerate(zip(parts, steps, strict=True)):
        alone = Tensor(part[None])
        alone.requires_grad = True
        result = layer(alone)
        at = (row, own) if whole else row
        np.testing.assert_array_equal(out.numpy()[at], result.numpy()[0])
        ops.sum(result * weight[at][None]).backward()
        np.testing.assert_array_equal(x.grad.numpy()[row, : len(part)], alone.grad.numpy()[0])
        assert not x.grad.numpy()[row, len(part) :].any()


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("whole", [False, True])
def test_predict(name, whole, rng):
    model = Sequential([Input((None, F)), LAYERS[name](return_sequences=True), LAYERS[name](return_sequences=whole)])
    parts = sequences(rng)
    got = model.predict(padded(parts), lengths=LENGTHS, batch_size=3, verbose=0)
    for row, part in enumerate(parts):
        own = model.predict(part[None], verbose=0)[0]
        np.testing.assert_array_equal(got[row, : len(part)] if whole else got[row], own)
    np.testing.assert_array_equal(model.predict_on_batch(padded(parts[:2]), LENGTHS[:2])[1], got[1])


def words_model():
    model = Sequential([Input((None,)), layers.Embedding(20, 4), layers.GRU(U, return_sequences=True)])
    model.add(layers.TimeDistributed(layers.Dense(1)))
    model.compile("sgd", "mse", metrics=["mae"])
    return model


def test_evaluate_leaves_padding_out(rng):
    words = [rng.integers(0, 20, n) for n in LENGTHS]
    targets = sequences(rng, shape=(1,))
    model = words_model()
    x = pad_sequences(words, padding="post", value=3)
    loss, error = model.evaluate(x, padded(targets), lengths=LENGTHS, verbose=0)
    each = [model.predict(w[None], verbose=0)[0] - t for w, t in zip(words, targets, strict=True)]
    errors = np.concatenate(each)
    assert loss == pytest.approx((errors**2).mean(), rel=1e-6)
    assert error == pytest.approx(np.abs(errors).mean(), rel=1e-6)
    assert model.test_on_batch(x, padded(targets), lengths=LENGTHS)[0] == pytest.approx(loss, rel=1e-6)


@pytest.mark.parametrize("name", LAYERS)
def test_fit_is_that_of_a_mask(name, rng):
    """Padding of another value trains to the same bits; the gradient is that of the sequences alone."""
    parts, targets = sequences(rng), rng.normal(size=(len(LENGTHS), 1))

    def model():
        made = Sequential([Input((None, F)), LAYERS[name](dtype="float64"), layers.Dense(1, dtype="float64")])
        made.compile("sgd", "mse")
        return made

    first, second, alone = model(), model(), model()
    for one in (second, alone):
        one.set_weights(first.get_weights())
    start = first.get_weights()
    options = {"lengths": LENGTHS, "batch_size": len(LENGTHS), "shuffle": False, "verbose": 0}
    first.fit(padded(parts), targets, **options)
    second.fit(padded(parts, -3.0), targets, **options)
    changes = [np.zeros_like(w) for w in start]
    for part, target in zip(parts, targets, strict=True):
        alone.set_weights(start)
        alone.train_on_batch(part[None], target[None])
        changes = [sum_ + new - old for sum_, new, old in zip(changes, alone.get_weights(), start, strict=True)]
    for a, b, old, change in zip(first.get_weights(), second.get_weights(), start, changes, strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_allclose(a, old + change / len(parts), rtol=1e-11, atol=1e-13)


def test_lengths_are_shuffled_and_split_with_their_rows(rng):
    rows, seen = 40, []
    lengths = rng.integers(1, 10, rows)
    x = np.where(np.arange(9) < lengths[:, None], lengths[:, None], -1.0)[..., None].astype("float32")

    class Look(Sequential):
        def call(self, inputs, mask=None):
            if mask is not None and inputs.shape[0] > 1:
                seen.append((inputs.numpy()[..., 0] > 0, mask.numpy()))
            return super().call(inputs, mask)

    model = Look([Input((None, 1)), layers.GRU(2)])
    model.compile("sgd", "mse")
    y = np.zeros((rows, 2))
    validation = {"validation_data": (x[:8], y[:8]), "validation_lengths": lengths[:8]}
    for more in ({"validation_split": 0.25}, validation):
        seen.clear()
        model.fit(x, y, lengths=lengths, batch_size=10, verbose=0, **more)
        assert len(seen) == (4 if "validation_split" in more else 5)
        for valid, mask in seen:
            np.testing.assert_array_equal(valid, mask)


def test_several_inputs(rng):
    long, short = Input((None, F), name="long"), Input((None, F), name="short")
    joined = layers.Concatenate()([layers.LSTM(U)(long), layers.GRU(U)(short)])
    model = Model([long, short], joined)
    parts, others = sequences(rng), sequences(rng, LENGTHS[::-1])
    x = [padded(parts), padded(others)]
    both = model.predict(x, lengths=[LENGTHS, LENGTHS[::-1]], verbose=0)
    named = {"short": LENGTHS[::-1], "long": LENGTHS}
    np.testing.assert_array_equal(model.predict({"long": x[0], "short": x[1]}, lengths=named, verbose=0), both)
    for row in range(len(LENGTHS)):
        np.testing.assert_array_equal(both[row], model.predict([parts[row][None], others[row][None]], verbose=0)[0])
    half = model.predict(x, lengths=[LENGTHS, None], verbose=0)
    np.testing.assert_array_equal(half[0], model.predict([parts[0][None], x[1][:1]], verbose=0)[0])


def test_sources_give_lengths_as_a_fourth_part(rng):
    parts, targets = sequences(rng), rng.normal(size=(len(LENGTHS), U)).astype("float32")
    first, second = recurrent(), recurrent()
    second.set_weights(first.get_weights())
    x = padded(parts)

    class Source:
        def __iter__(self):
            for rows in (slice(4), slice(4, None)):
                yield x[rows], targets[rows], None, LENGTHS[rows]

    options = {"batch_size": 4, "shuffle": False, "lengths": LENGTHS, "verbose": 0}
    expected = first.fit(x, targets, epochs=2, **options).history
    assert second.fit(Source(), epochs=2, verbose=0).history == expected
    np.testing.assert_array_equal(second.predict(Source(), verbose=0), first.predict(x, lengths=LENGTHS, verbose=0))
    loss = first.evaluate(x, targets, lengths=LENGTHS, batch_size=4, verbose=0)
    assert second.evaluate(Source(), verbose=0) == loss
    with pytest.raises(ValueError, match="expected lengths as 4 integers"):
        second.fit(iter([(x[:4], targets[:4], None, LENGTHS[:3])]), steps_per_epoch=1, verbose=0)
    with pytest.raises(ValueError, match=r"or \(x, y, sample_weight, lengths\), got 5 parts"):
        second.fit(iter([(x, targets, None, LENGTHS, 1)]), steps_per_epoch=1, verbose=0)


def test_masks_of_lengths_and_of_zeros_both_apply():
    layer = layers.Embedding(5, 2, mask_zero=True)
    ids = Tensor(np.array([[1, 0, 2, 3], [4, 4, 0, 0]]))
    masked = Sequential([Input((None,)), layer, layers.GRU(2, return_sequences=True)])
    attach_mask(ids, Tensor(np.arange(4)[None] < np.array([[3], [1]])))
    got = mask_of(layer(ids))
    assert got.numpy().tolist() == [[True, False, True, False], [True, False, False, False]]
    assert masked.predict(ids.numpy(), lengths=[3, 1], verbose=0).shape == (2, 4, 2)


def test_a_cast_keeps_the_mask(rng):
    model = Model(one := Input((None, F), dtype="float64"), layers.GRU(U, dtype="float64")(one))
    parts = sequences(rng)
    got = model.predict(padded(parts), lengths=LENGTHS, verbose=0)
    np.testing.assert_array_equal(got[0], model.predict(parts[0][None], verbose=0)[0])


X = np.zeros((4, 6, F), "float32")


def recurrent():
    model = Sequential([Input((None, F)), layers.GRU(U)])
    model.compile("sgd", "mse")
    return model


BAD = {
    "too long": (
        lambda: recurrent().predict(X, lengths=[1, 7, 2, 3]),
        "lengths: lengths must be from 0 to 6, got 1 to 7",
    ),
    "negative": (lambda: recurrent().predict(X, lengths=[1, -1, 2, 3]), "got -1 to 3"),
    "too few": (lambda: recurrent().fit(X, X[:, 0], lengths=[1, 2]), "expected lengths as 4 integers"),
    "not whole": (lambda: recurrent().evaluate(X, X[:, 0], lengths=[1.0, 2, 2, 2]), "of dtype float64"),
    "no time": (
        lambda: Sequential([Input((1,)), layers.Dense(1)]).predict(np.zeros(4), lengths=[1, 1, 1, 1]),
        r"the input has no time steps, its shape is \(4,\)",
    ),
    "beside a source": (
        lambda: recurrent().predict(iter([X]), lengths=[1] * 4),
        "x is a source of batches, so lengths",
    ),
    "structure": (lambda: recurrent().predict(X, lengths={"x": [1] * 4}), "x has 1 inputs; give lengths in the same"),
    "unknown input": (
        lambda: recurrent().predict({"a": X}, lengths={"b": [1] * 4}),
        "lengths: there is no input 'b'; the inputs are 'a'",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_lengths(case):
    attempt, words = BAD[case]
    with pytest.raises(ValueError, match=words):
        attempt()
