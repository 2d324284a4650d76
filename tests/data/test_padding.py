"""Sequences of different lengths as one array."""

import itertools

import numpy as np
import pytest

from recurra.preprocessing.sequence import pad_sequences


def padded_slowly(sequences, maxlen, dtype, padding, truncating, value, step_shape=()):
    out = np.full((len(sequences), maxlen, *step_shape), value, dtype=dtype)
    for row, sequence in zip(out, sequences, strict=True):
        kept = list(sequence)
        while len(kept) > maxlen:
            kept.pop(0 if truncating == "pre" else -1)
        for i, step in enumerate(kept):
            row[i + (maxlen - len(kept) if padding == "pre" else 0)] = step
    return out


@pytest.mark.parametrize("dtype", ["int32", "int64", "float32", "float64", "uint8", "int16"])
@pytest.mark.parametrize(("padding", "truncating"), list(itertools.product(["pre", "post"], repeat=2)))
def test_lists_and_arrays_follow_the_definition(dtype, padding, truncating):
    rng = np.random.default_rng(3)
    arrays = [rng.integers(1, 100, n) for n in (0, 1, 5, 17, 4, 0, 31)]
    lists = [row.tolist() for row in arrays]
    objects = np.array([*lists, None], dtype=object)[:-1]
    for maxlen in (0, 1, 4, 31, 40):
        expected = padded_slowly(arrays, maxlen, dtype, padding, truncating, 7)
        for sequences in (arrays, lists, objects, [row.astype(dtype) for row in arrays], [tuple(row) for row in lists]):
            result = pad_sequences(sequences, maxlen, dtype, padding, truncating, 7)
            assert result.dtype == dtype
            np.testing.assert_array_equal(result, expected)


def test_defaults_are_those_of_keras():
    result = pad_sequences([[1], [2, 3], [4, 5, 6]])
    assert result.dtype == np.int32
    assert result.tolist() == [[0, 0, 1], [0, 2, 3], [4, 5, 6]]
    assert pad_sequences([[1, 2, 3]], maxlen=2).tolist() == [[2, 3]]


def test_steps_with_a_shape_of_their_own():
    rng = np.random.default_rng(4)
    sequences = [rng.normal(size=(n, 2, 3)) for n in (3, 1, 0, 6)]
    for source in (sequences, [row.tolist() for row in sequences], [row[:, ::-1, :] for row in sequences]):
        expected = padded_slowly(source, 4, "float32", "post", "pre", -1.5, (2, 3))
        np.testing.assert_array_equal(pad_sequences(source, 4, "float32", "post", "pre", -1.5), expected)


def test_strided_and_big_endian_rows():
    row = np.arange(10, dtype=">i4")[::2]
    assert pad_sequences([row], 6).tolist() == [[0, 0, 2, 4, 6, 8]]


def test_enough_rows_to_run_in_parallel():
    rng = np.random.default_rng(5)
    sequences = [rng.integers(0, 9, n) for n in rng.integers(0, 300, 4000)]
    result = pad_sequences(sequences, 200)
    np.testing.assert_array_equal(result, padded_slowly(sequences, 200, "int32", "pre", "pre", 0))


def test_nothing_at_all():
    assert pad_sequences([]).shape == (0, 0)
    assert pad_sequences([], maxlen=3).shape == (0, 3)
    assert pad_sequences([[], []]).shape == (2, 0)
    assert pad_sequences([[], []], maxlen=2, value=9).tolist() == [[9, 9], [9, 9]]


def test_text_tokens():
    sequences = [["a"], ["bc", "d", "e"]]
    assert pad_sequences(sequences, 2, object, value="-").tolist() == [["-", "a"], ["d", "e"]]
    assert pad_sequences(sequences, 2, "U2", "post", "post", "-").tolist() == [["a", "-"], ["bc", "d"]]
    with pytest.raises(ValueError, match="use dtype=object"):
        pad_sequences(sequences, value="-")


def test_fractions_are_cut_as_numpy_cuts_them():
    assert pad_sequences([[1.9, -1.9]]).tolist() == [[1, -1]]
    assert pad_sequences([[1.5], [2]], dtype="float32").tolist() == [[1.5], [2.0]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sequences": [[1], 2]}, r"sequences\[1\] is not a sequence: 2"),
        ({"sequences": (row for row in [[1]])}, "make a list of a generator"),
        ({"sequences": [[1, 2**31]]}, "2147483648 does not fit into the dtype int32"),
        ({"sequences": [[-(2**70)]], "dtype": "int64"}, "does not fit into the dtype int64"),
        ({"sequences": [[[1, 2]], [[1, 2, 3]]]}, r"a step of sequence 1 has shape \(3,\)"),
        ({"sequences": [[[1, 2]], [1, 2]]}, "a step of sequence 1"),
        ({"sequences": [[300]], "dtype": "int8"}, "pad_sequences: a step does not fit into the dtype int8"),
        ({"sequences": [["word"]]}, "pad_sequences: a step does not fit into the dtype int32: .*word"),
        ({"sequences": [[1, None]]}, "pad_sequences: a step does not fit into the dtype int32"),
        ({"sequences": [[1]], "padding": "left"}, "padding must be 'pre' or 'post'"),
        ({"sequences": [[1]], "truncating": None}, "truncating must be 'pre' or 'post'"),
        ({"sequences": [[1]], "maxlen": -1}, "maxlen must not be negative"),
    ],
)
def test_bad_input_is_explained(arguments, message):
    with pytest.raises(ValueError, match=message):
        pad_sequences(**arguments)
