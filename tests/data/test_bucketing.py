"""Batches of sequences of like lengths."""

import numpy as np
import pytest

import recurra
from recurra.preprocessing.sequence import BucketedSequences, pad_sequences


@pytest.fixture
def ragged():
    rng = np.random.default_rng(0)
    sequences = [rng.integers(1, 50, n).tolist() for n in rng.integers(0, 40, 203)]
    return sequences, np.arange(203)


def test_every_sequence_comes_once_with_its_target(ragged):
    sequences, targets = ragged
    source = BucketedSequences(sequences, targets, batch_size=16, pool=3)
    batches = list(source)
    assert len(source) == len(batches) == 13
    assert sorted(np.concatenate([y for _, y in batches])) == list(range(203))
    for x, y in batches:
        expected = pad_sequences([sequences[i] for i in y], max(*(len(sequences[i]) for i in y), 1))
        assert x.dtype == np.int32
        np.testing.assert_array_equal(x, expected)


def test_there_is_less_padding_than_in_one_array(ragged):
    sequences, _ = ragged
    words = sum(map(len, sequences))
    padding = sum(x.size for x in BucketedSequences(sequences, batch_size=16)) - words
    assert padding < 0.3 * (pad_sequences(sequences).size - words)


def test_passes_differ_and_a_seed_settles_them(ragged):
    sequences, targets = ragged
    source = BucketedSequences(sequences, targets, batch_size=16)
    recurra.random.set_seed(3)
    passes = [np.concatenate([y for _, y in source]).tolist() for _ in range(2)]
    recurra.random.set_seed(3)
    assert np.concatenate([y for _, y in source]).tolist() == passes[0]
    assert passes[0] != passes[1]


def test_without_shuffling_the_order_stays(ragged):
    sequences, targets = ragged
    source = BucketedSequences(sequences, targets, batch_size=50, shuffle=False)
    assert np.concatenate([y for _, y in source]).tolist() == list(range(203))
    assert [len(y) for _, y in source] == [50, 50, 50, 50, 3]


def test_long_sequences_are_cut_as_asked():
    sequences = [[1, 2, 3, 4], [5]]
    (x,) = BucketedSequences(
        sequences, maxlen=3, dtype="float32", padding="post", truncating="post", value=-1, shuffle=False
    )
    assert x.dtype == np.float32
    assert x.tolist() == [[1, 2, 3], [5, -1, -1]]


def test_only_empty_sequences_become_one_step_of_padding():
    assert next(iter(BucketedSequences([[], []], shuffle=False))).tolist() == [[0], [0]]


def test_a_model_trains_on_it(ragged):
    sequences, _ = ragged
    targets = np.array([len(sequence) > 20 for sequence in sequences], dtype="float32")
    recurra.random.set_seed(0)
    layers = recurra.layers
    model = recurra.Sequential(
        [layers.Embedding(50, 4, mask_zero=True), layers.GRU(4), layers.Dense(1, activation="sigmoid")]
    )
    model.compile(recurra.optimizers.Adam(0.05), "binary_crossentropy")
    losses = model.fit(BucketedSequences(sequences, targets, 16), epochs=10, verbose=0).history["loss"]
    assert losses[-1] < 0.7 * losses[0]
    in_order = BucketedSequences(sequences, batch_size=16, shuffle=False)
    whole = model.predict(pad_sequences(sequences), verbose=0)
    np.testing.assert_allclose(model.predict(in_order, verbose=0), whole, atol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([],), "there are no sequences"),
        (([[1], [2]], [1]), "2 sequences but 1 targets"),
        (([[1]], None, 0), "must be positive"),
        (([[1], 2],), r"sequences\[1\] is not a sequence"),
    ],
)
def test_bad_input(arguments, message):
    with pytest.raises(ValueError, match=message):
        BucketedSequences(*arguments)
    with pytest.raises(ValueError, match="padding must be"):
        BucketedSequences([[1]], padding="left")


def test_numbers_beyond_the_vocabulary_are_refused():
    embedding = recurra.layers.Embedding(10, 2)
    for numbers in ([[3, 10]], [[-1, 3]]):
        with pytest.raises(ValueError, match=r"10|-1"):
            embedding(np.array(numbers))
