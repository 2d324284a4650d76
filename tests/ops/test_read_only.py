"""Memory that is read-only stays as it is: memory maps, constants of Python, arrays with the flag."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import recurra
from recurra import ops


def frozen(values: list[float]) -> np.ndarray:
    array = np.array(values, "float32")
    array.flags.writeable = False
    return array


def test_views_of_read_only_memory_are_read_only() -> None:
    tensor = recurra.Tensor(frozen([1.0, 2.0]))
    for view in (tensor.numpy(), np.asarray(tensor), ops.convert_to_numpy(tensor), tensor.detach().numpy()):
        assert not view.flags.writeable
        with pytest.raises(ValueError, match="read-only"):
            view[0] = 5.0
        with pytest.raises(ValueError, match="WRITEABLE"):
            view.flags.writeable = True
    assert not ops.reshape(tensor, (2, 1)).numpy().flags.writeable


def test_assignment_is_refused() -> None:
    tensor = recurra.Tensor(frozen([1.0, 2.0]))
    with pytest.raises(ValueError, match=r"read-only.*clone"):
        tensor.assign(recurra.Tensor([3.0, 4.0]))
    assert tensor.numpy().tolist() == [1.0, 2.0]


def test_memory_maps(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.arange(4, dtype="float32"))
    tensor = recurra.Tensor(np.load(tmp_path / "x.npy", mmap_mode="r"))
    assert not tensor.numpy().flags.writeable
    with pytest.raises(ValueError, match="read-only"):
        tensor.assign(recurra.Tensor(np.zeros(4, "float32")))
    changeable = recurra.Tensor(np.load(tmp_path / "x.npy", mmap_mode="c"))
    changeable.assign(recurra.Tensor(np.zeros(4, "float32")))
    assert changeable.numpy().flags.writeable
    assert changeable.numpy().tolist() == [0.0] * 4


def test_constants_of_python() -> None:
    constant = b"\0" * 16
    tensor = recurra.Tensor(np.frombuffer(constant, "float32"))
    with pytest.raises(ValueError, match="read-only"):
        tensor.numpy()[0] = 1.0
    assert constant == b"\0" * 16


def test_copies_can_be_written_to() -> None:
    source = frozen([1.0, 2.0])
    clone = recurra.Tensor(source).clone()
    clone.assign(recurra.Tensor([3.0, 4.0]))
    variable = recurra.Variable(source)
    variable.assign([5.0, 6.0])
    variable.numpy()[0] = 7.0
    assert clone.numpy().tolist() == [3.0, 4.0]
    assert variable.numpy().tolist() == [7.0, 6.0]
    assert source.tolist() == [1.0, 2.0]


def test_a_gradient_that_is_read_only_is_copied_before_it_is_added_to() -> None:
    given = frozen([1.0, 1.0])
    variable = recurra.Variable([1.0, 2.0])
    variable.grad = recurra.Tensor(given)
    ops.sum(variable * 2.0).backward()
    assert variable.grad is not None
    assert variable.grad.numpy().tolist() == [3.0, 3.0]
    assert given.tolist() == [1.0, 1.0]


def test_training_leaves_read_only_data_and_weights_alone() -> None:
    x, y = frozen([1.0, 2.0, 3.0]).reshape(3, 1), frozen([2.0, 4.0, 6.0]).reshape(3, 1)
    weights = [frozen([0.5]).reshape(1, 1), frozen([0.0])]
    model = recurra.Sequential([recurra.Input((1,)), recurra.layers.Dense(1)])
    model.set_weights(weights)
    model.compile(optimizer="sgd", loss="mse")
    model.fit(x, y, epochs=1, verbose=0)
    assert weights[0].item() == 0.5
    assert x.ravel().tolist() == [1.0, 2.0, 3.0]
    assert model.get_weights()[0].item() != 0.5
