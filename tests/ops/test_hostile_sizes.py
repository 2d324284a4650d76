"""Sizes, offsets and counts that 64 bits do not hold are refused; each case wrote or read outside its memory once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import recurra
from recurra import _engine, ops

LARGEST = 2**63 - 1
x3 = np.ones((1, 5, 1), "float32")
x4 = np.ones((1, 5, 5, 1), "float32")
vector = np.arange(3.0)

REFUSED: dict[str, Callable[[], Any]] = {
    "pad": lambda: ops.pad(vector, [(LARGEST, LARGEST)]),
    "pad, one side": lambda: ops.pad(vector, [(LARGEST - 1, 0)]),
    "pad, several axes": lambda: ops.pad(np.ones((2, 2)), [(2**32, 2**31), (2**32, 0)]),
    "pad, edge": lambda: ops.pad(vector, [(LARGEST, LARGEST)], mode="edge"),
    "pad, reflect": lambda: ops.pad(vector, [(2**62, 2**62)], mode="reflect"),
    "conv, dilation": lambda: ops.conv(x3, np.ones((5, 1, 1), "f"), dilation_rate=2**62),
    "conv, dilation, same": lambda: ops.conv(x3, np.ones((3, 1, 1), "f"), dilation_rate=LARGEST, padding="same"),
    "conv2d, dilation": lambda: ops.conv(x4, np.ones((3, 3, 1, 1), "f"), dilation_rate=LARGEST, padding="same"),
    "conv2d, dilation, valid": lambda: ops.conv(x4, np.ones((5, 1, 1, 1), "f"), dilation_rate=(2**62, 1)),
    "conv, causal": lambda: _engine.conv1d(
        _engine.operand(x3), _engine.operand(np.ones((5, 1, 1), "f")), None, 1, 2**62, 1, "causal"
    ),
    "depthwise, dilation": lambda: ops.depthwise_conv(x3, np.ones((5, 1, 1), "f"), dilation_rate=2**62),
    "separable, dilation": lambda: ops.separable_conv(
        x3, np.ones((5, 1, 1), "f"), np.ones((1, 1, 1), "f"), dilation_rate=2**62
    ),
    "conv_transpose, dilation": lambda: ops.conv_transpose(x3, np.ones((5, 1, 1), "f"), dilation_rate=2**62),
    "conv_transpose, strides": lambda: ops.conv_transpose(x3, np.ones((5, 1, 1), "f"), strides=2**62),
    "conv_transpose, position": lambda: _engine.conv1d_transpose(
        _engine.operand(x3), _engine.operand(np.ones((5, 1, 1), "f")), 3, None, 2**62, 1, 0
    ),
    "conv_transpose, front": lambda: _engine.conv1d_transpose(
        _engine.operand(x3), _engine.operand(np.ones((5, 1, 1), "f")), 3, None, 1, 1, LARGEST
    ),
    "strides beyond 64 bits": lambda: ops.conv(x3, np.ones((1, 1, 1), "f"), strides=2**63),
    "reshape": lambda: ops.reshape(np.arange(16.0), (2**60 + 1, 16)),
    "reshape, empty": lambda: ops.reshape(np.zeros(0), (2**32, 2**32)),
    "reshape, empty, strides": lambda: ops.reshape(np.zeros(0), (0, 2**62, 2**62)),
    "reshape, left over": lambda: ops.reshape(np.zeros(16), (2**32, 2**32, -1)),
    "repeat": lambda: ops.repeat(np.ones(4), 2**62, axis=0),
    "repeat, counts": lambda: ops.repeat(np.arange(4.0), [2**62] * 4, axis=0),
    "repeat, count beyond 64 bits": lambda: ops.repeat(np.arange(4.0), 2**70, axis=0),
    "tile": lambda: ops.tile(np.ones((2, 2)), (2**62, 2)),
    "tile, product": lambda: ops.tile(np.ones((2, 2)), (2**40, 2**40)),
    "broadcast_to": lambda: ops.broadcast_to(np.ones(1), (2**40, 2**40)),
    "full": lambda: ops.full((2**40, 2**40), 1.0),
    "zeros": lambda: ops.zeros((2**40, 2**40, 0)),
    "one_hot": lambda: ops.one_hot(np.zeros((4, 4), "int32"), 2**61),
    "eye": lambda: ops.eye(2**33),
    "random.uniform": lambda: recurra.random.uniform((2**40, 2**40)),
    "random.truncated_normal": lambda: recurra.random.truncated_normal((2**40, 2**40)),
    "random.dropout_mask": lambda: recurra.random.dropout_mask((2**40, 2**40), 0.5),
    "concatenate": lambda: ops.concatenate([np.zeros((0, 2**59)), np.zeros((0, 2**59))] * 8, axis=1),
    "bincount": lambda: ops.bincount(np.array([LARGEST])),
    "bincount, negative": lambda: ops.bincount(np.array([-1])),
    "bincount, minlength": lambda: ops.bincount(np.array([1]), minlength=2**62),
    "scatter": lambda: ops.scatter(np.array([[0, 0]]), np.ones(1), (2**33, 2**33)),
    "segment_sum": lambda: ops.segment_sum(np.ones((2, 2)), np.array([0, 1]), num_segments=2**62),
    "split": lambda: ops.split(np.zeros(0), 2**64),
    "windows, stride": lambda: _engine.WindowLoader(
        recurra.Tensor(np.ones((8, 2))), None, first=0, stride=2**62, length=5
    ),
    "windows, first": lambda: _engine.WindowLoader(
        recurra.Tensor(np.ones((8, 2))), None, first=-(2**63), stride=1, length=2
    ),
    "windows, delay": lambda: _engine.WindowLoader(
        recurra.Tensor(np.ones((8, 2))), recurra.Tensor(np.ones(8)), first=0, stride=1, length=2, delay=LARGEST
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_size_is_refused(case: str) -> None:
    with pytest.raises(
        ValueError, match=r"64 bits|too large|too many|at most|from 0 to|does not divide|outside|longer"
    ):
        REFUSED[case]()


def test_strides_beyond_the_input_see_the_first_window() -> None:
    x = np.arange(5.0).reshape(1, 5, 1)
    kernel = np.ones((3, 1, 1))
    for stride in (5, 2**31, LARGEST):
        # 'same' pads one step on both sides for a single output.
        assert ops.conv(x, kernel, strides=stride, padding="same").shape == (1, 1, 1)
        assert ops.conv(x, kernel, strides=stride).numpy().item() == 3.0
        assert ops.max_pool(x, 2, strides=stride).numpy().item() == 1.0
        assert ops.average_pool(x, 2, strides=stride).numpy().item() == 0.5
        assert ops.max_pool(x, 1, strides=stride, padding="same").shape == (1, 1, 1)
        assert ops.depthwise_conv(x, kernel, strides=stride).numpy().item() == 3.0
    image = np.arange(25.0).reshape(1, 5, 5, 1)
    assert ops.max_pool(image, 2, strides=LARGEST, padding="same").shape == (1, 1, 1, 1)
    assert ops.conv(image, np.ones((2, 2, 1, 1)), strides=LARGEST).numpy().item() == 12.0


def test_same_padding_of_a_large_stride_is_the_one_of_the_whole_input() -> None:
    x, kernel = np.arange(5.0).reshape(1, 5, 1), np.ones((3, 1, 1))
    expected = ops.conv(x, kernel, strides=5, padding="same").numpy()
    np.testing.assert_array_equal(ops.conv(x, kernel, strides=LARGEST, padding="same").numpy(), expected)


@pytest.mark.parametrize("step", [2**62, LARGEST, -LARGEST, -(2**62)])
def test_slices_with_any_step(step: int) -> None:
    x = np.arange(12.0).reshape(3, 4)
    tensor = recurra.Tensor(x)
    for key in (np.s_[::step], np.s_[:, ::step], np.s_[1::step, 2:], np.s_[3::step], np.s_[0:0:step]):
        np.testing.assert_array_equal(tensor[key].numpy(), x[key])


def test_roll_by_any_number() -> None:
    x = np.arange(5.0)
    for shift in (-(2**63), 2**63 - 1, 2**70, -(2**70)):
        np.testing.assert_array_equal(ops.roll(x, shift).numpy(), np.roll(x, shift % 5))


EMPTY: dict[str, Callable[[], Any]] = {
    "conv_transpose": lambda: ops.conv_transpose(np.ones((0, 5, 1), "f"), np.ones((3, 1, 1), "f"), strides=2**31),
    "conv_transpose, no outputs": lambda: ops.conv_transpose(
        np.ones((1, 5, 1), "f"), np.ones((3, 0, 1), "f"), strides=2**31
    ),
    "depthwise": lambda: ops.depthwise_conv(np.ones((1, 2**40, 0), "f"), np.ones((1, 0, 1), "f")),
    "max_pool": lambda: ops.max_pool(np.ones((1, 2**30, 0), "f"), 2),
    "average_pool": lambda: ops.average_pool(np.ones((1, 2**40, 0), "f"), 2),
    "diff": lambda: ops.diff(vector, n=2**40),
    "cumsum": lambda: ops.cumsum(np.ones((2**40, 0)), axis=0),
    "cumprod": lambda: ops.cumprod(np.ones((2**40, 0)), axis=1),
    "argmax": lambda: ops.argmax(np.ones((2**40, 3, 0)), axis=1),
    "take_along_axis": lambda: ops.take_along_axis(np.ones((2**40, 0)), np.zeros((2**40, 0), "int32"), axis=0),
}


@pytest.mark.parametrize("case", EMPTY)
def test_what_holds_no_element_takes_no_time(case: str) -> None:
    assert EMPTY[case]().size == 0


def test_strides_larger_than_the_kernel_leave_the_bias() -> None:
    x, kernel, bias = np.full((1, 2, 1), 2.0), np.full((2, 1, 1), 3.0), np.array([0.5])
    y = _engine.conv1d_transpose(
        _engine.operand(x), _engine.operand(kernel), 10, _engine.operand(bias), stride=5, dilation=1, before=0
    )
    np.testing.assert_array_equal(y.numpy().ravel(), [6.5, 6.5, 0.5, 0.5, 0.5, 6.5, 6.5, 0.5, 0.5, 0.5])
