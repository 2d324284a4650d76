"""Axes and counts: NumPy's integers wherever Python's are taken, and errors in words for everything else."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from recurra import ops

x = np.arange(24.0).reshape(2, 3, 4)
square = np.arange(9.0).reshape(3, 3)
single = x[:, :1]

WITH_AXIS: dict[str, Callable[[Any], Any]] = {
    "argmax": lambda a: ops.argmax(x, a),
    "argsort": lambda a: ops.argsort(x, a),
    "average": lambda a: ops.average(x, a),
    "average, weights": lambda a: ops.average(x, a, np.ones(3)),
    "categorical_crossentropy": lambda a: ops.categorical_crossentropy(x + 1, x + 1, axis=a),
    "concatenate": lambda a: ops.concatenate([x, x], a),
    "cumsum": lambda a: ops.cumsum(x, a),
    "diff": lambda a: ops.diff(x, axis=a),
    "expand_dims": lambda a: ops.expand_dims(x, a),
    "flip": lambda a: ops.flip(x, a),
    "glu": lambda a: ops.glu(np.ones((2, 4, 4)), axis=a),
    "layer_normalization": lambda a: ops.layer_normalization(x, axis=a),
    "log_softmax": lambda a: ops.log_softmax(x, a),
    "logsumexp": lambda a: ops.logsumexp(x, a),
    "max": lambda a: ops.max(x, a),
    "mean": lambda a: ops.mean(x, a),
    "median": lambda a: ops.median(x, a),
    "moveaxis": lambda a: ops.moveaxis(x, a, 0),
    "normalize": lambda a: ops.normalize(x, a),
    "one_hot": lambda a: ops.one_hot(np.zeros((2, 2), "int32"), 3, axis=a),
    "quantile": lambda a: ops.quantile(x, 0.3, a),
    "repeat": lambda a: ops.repeat(x, 2, a),
    "roll": lambda a: ops.roll(x, 1, a),
    "softmax": lambda a: ops.softmax(x, a),
    "sort": lambda a: ops.sort(x, a),
    "sparse_categorical_crossentropy": lambda a: ops.sparse_categorical_crossentropy(
        np.zeros((2, 4), "int32"), x + 1, axis=a
    ),
    "split": lambda a: ops.split(np.ones((2, 2, 2)), 2, a),
    "squeeze": lambda a: ops.squeeze(single, a),
    "stack": lambda a: ops.stack([x, x], a),
    "sum": lambda a: ops.sum(x, a),
    "swapaxes": lambda a: ops.swapaxes(x, a, 0),
    "take": lambda a: ops.take(x, [0], a),
    "take_along_axis": lambda a: ops.take_along_axis(x, np.zeros((2, 3, 4), "int32"), a),
    "tensordot": lambda a: ops.tensordot(x, np.ones((3, 3)), ([a], [0])),
    "trace": lambda a: ops.trace(np.ones((3, 3, 3)), axis1=a, axis2=0),
    "diagonal": lambda a: ops.diagonal(np.ones((3, 3, 3)), axis1=a, axis2=0),
    "transpose": lambda a: ops.transpose(x, (a, 0, 2)),
    "unstack": lambda a: ops.unstack(x, axis=a),
}


@pytest.mark.parametrize("name", WITH_AXIS)
def test_numpy_integers_are_axes(name: str) -> None:
    expected = WITH_AXIS[name](1)
    for axis in (np.int64(1), np.int32(1), np.uint8(1)):
        found = WITH_AXIS[name](axis)
        for one, other in zip(*(each if isinstance(each, list) else [each] for each in (found, expected)), strict=True):
            np.testing.assert_array_equal(one.numpy(), other.numpy())


@pytest.mark.parametrize("name", WITH_AXIS)
@pytest.mark.parametrize("axis", [7, -8, 2**70, -(2**70), "a", 1.5, True, object(), b"x", [1, "b"]])
def test_no_axis_is_refused_in_words(name: str, axis: Any) -> None:
    with pytest.raises((TypeError, ValueError)) as caught:
        WITH_AXIS[name](axis)
    assert "Unable to cast" not in str(caught.value)
    assert "incompatible function arguments" not in str(caught.value)
    assert name.split(",")[0].split("_")[-1][:4] in str(caught.value) or "axis" in str(caught.value)


@pytest.mark.parametrize("name", WITH_AXIS)
def test_scalars_have_no_axis(name: str) -> None:
    function = getattr(ops, name.split(",")[0])
    if "axis" not in inspect.signature(function).parameters or name in ("concatenate", "stack", "one_hot"):
        return
    scalars = [np.float32(2.0)] * (2 if "crossentropy" in name or name in ("take", "take_along_axis") else 1)
    extra = {"split": [2], "repeat": [2], "roll": [1], "quantile": [0.5], "squeeze": []}.get(name, [])
    with pytest.raises((TypeError, ValueError)):
        function(*scalars, *extra, axis=1)


def test_counts_of_numpy() -> None:
    two = np.int64(2)
    assert ops.repeat(x, two, axis=0).shape == (4, 3, 4)
    assert ops.split(x, two, axis=0)[1].shape == (1, 3, 4)
    assert ops.roll(x, two, axis=0).shape == x.shape
    assert ops.tensordot(square, square, axes=np.int64(1)).shape == (3, 3)
    assert ops.tile(x, two).shape == (2, 3, 8)
    assert ops.reshape(x, np.array([4, 6])).shape == (4, 6)
    assert ops.reshape(x, (np.int64(4), -1)).shape == (4, 6)
    assert ops.full(np.int64(3), 1.0).shape == (3,)
    assert ops.one_hot(np.array([1]), two).shape == (1, 2)
    assert ops.diff(x, two).shape == (2, 3, 2)
    assert ops.eye(two).shape == (2, 2)
    assert ops.top_k(x, two)[0].shape == (2, 3, 2)


def test_flip_along_no_axis_changes_nothing() -> None:
    np.testing.assert_array_equal(ops.flip(x, axis=()).numpy(), x)
    np.testing.assert_array_equal(ops.flip(x).numpy(), np.flip(x))


@pytest.mark.parametrize(
    "values",
    [[1.0, np.nan, 3.0], [-np.inf], [np.inf, np.inf], [1.0, np.inf], [-np.inf, 2.0, np.inf], [np.nan, np.nan], [5.0]],
)
@pytest.mark.parametrize("q", [0.0, 0.25, 0.5, 1.0])
def test_quantiles_of_nan_and_infinity(values: list[float], q: float) -> None:
    given, line = np.array(values), np.sort(values)
    place = q * (len(values) - 1)
    below, above, share = line[int(np.floor(place))], line[int(np.ceil(place))], place % 1
    spoilt = np.isnan(given).any()
    expected = {
        "linear": below if share == 0 else (1 - share) * below + share * above,
        "lower": below,
        "higher": above,
    }
    for method, number in expected.items():
        found = ops.quantile(given, q, method=method).numpy()
        np.testing.assert_array_equal(found, np.nan if spoilt else number)
    with np.errstate(invalid="ignore"):
        np.testing.assert_array_equal(ops.median(given).numpy(), np.median(given))


def test_nan_spoils_its_own_row_only() -> None:
    rows = np.array([[1.0, np.nan, 3.0], [4.0, 5.0, 9.0]])
    np.testing.assert_array_equal(ops.median(rows, axis=1).numpy(), [np.nan, 5.0])
    np.testing.assert_array_equal(ops.median(rows, axis=0, keepdims=True).numpy(), [[2.5, np.nan, 6.0]])
