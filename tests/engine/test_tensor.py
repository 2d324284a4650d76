"""Tensor, Variable, no_grad, and the borders to NumPy and DLPack."""

from __future__ import annotations

import gc
import threading
from typing import Any

import numpy as np
import pytest

from recurra import Tensor, Variable, no_grad, ops
from recurra.tensor import convert_to_numpy, convert_to_tensor, from_dlpack, is_tensor


def leaf(values: Any) -> Tensor:
    tensor = Tensor(np.asarray(values, "float64"))
    tensor.requires_grad = True
    return tensor


OPERATORS = ["__add__", "__sub__", "__mul__", "__truediv__", "__floordiv__", "__mod__", "__pow__", "__matmul__"]
REFLECTED = ["__radd__", "__rsub__", "__rmul__", "__rtruediv__", "__rfloordiv__", "__rmod__", "__rpow__"]


@pytest.mark.parametrize("name", OPERATORS + REFLECTED + ["__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__"])
def test_operators_are_numpys(name: str) -> None:
    a, b = np.array([1.5, 2.0, -3.0]), np.array([2.0, 2.0, 0.5])
    a = np.abs(a) if "pow" in name else a
    for other in (b, Tensor(b), *([] if name == "__matmul__" else [2.0, 2])):
        plain = other.numpy() if isinstance(other, Tensor) else other
        result = getattr(Tensor(a), name)(other)
        assert isinstance(result, Tensor)
        np.testing.assert_allclose(result.numpy(), getattr(a, name)(plain), rtol=1e-14)


def test_unary_operators() -> None:
    x = np.array([1.5, -2.0])
    assert np.array_equal((-Tensor(x)).numpy(), -x)
    assert np.array_equal(abs(Tensor(x)).numpy(), abs(x))
    assert np.array_equal((+Tensor(x)).numpy(), x)
    flags = np.array([True, False])
    assert np.array_equal((~Tensor(flags)).numpy(), ~flags)
    for result, expected in [
        (Tensor(flags) & True, flags),
        (Tensor(flags) | [True, True], [True, True]),
        (Tensor(flags) ^ flags, [False, False]),
    ]:
        assert np.array_equal(result.numpy(), expected)


def test_an_array_on_the_left_gives_a_tensor_with_a_gradient() -> None:
    x = leaf([1, 2, 3])
    array = np.array([2.0, 3.0, 4.0])
    for result, gradient in [(array * x, array), (array - x, [-1, -1, -1]), (np.float64(3) * x, [3, 3, 3])]:
        assert isinstance(result, Tensor)
        x.grad = None
        ops.sum(result).backward()
        assert np.array_equal(x.grad, gradient)
    assert isinstance(array < x, Tensor)
    assert isinstance(np.ones((2, 3)) @ x, Tensor)


def test_numpy_functions_see_the_elements() -> None:
    x = Tensor([1.0, 4.0])
    assert isinstance(np.sqrt(x), np.ndarray)
    assert np.array_equal(np.sqrt(x), [1, 2])
    assert np.add.reduce(x) == 5
    array = np.ones(2, "float32")
    array += x
    assert np.array_equal(array, [2, 5])
    assert np.asarray(x, "float64").dtype == "float64"
    assert np.allclose(x, [1, 4])


def test_an_operator_leaves_strangers_their_turn() -> None:
    class Stranger:
        __array_priority__ = 2000

        def __array__(self, *_: Any, **__: Any) -> Any:
            raise TypeError("no values")

        def __radd__(self, other: Any) -> str:
            return "mine"

    assert Tensor([1.0]) + Stranger() == "mine"
    with pytest.raises(TypeError):
        Tensor([1.0]) + object()


def test_a_fitting_array_is_borrowed_and_views_share() -> None:
    array = np.arange(6, dtype="float32").reshape(2, 3)
    tensor = Tensor(array)
    array[0, 0] = 9
    assert tensor.numpy()[0, 0] == 9
    assert np.shares_memory(tensor.numpy(), array)
    view = tensor.numpy()
    del tensor, array
    gc.collect()
    assert view[0, 0] == 9
    columns = np.arange(6.0).reshape(2, 3)[:, ::2]
    assert np.array_equal(Tensor(columns).numpy(), columns)


def test_dlpack_shares_memory_both_ways() -> None:
    for dtype in ("float32", "float64", "int32", "int64", "bool"):
        tensor = Tensor(np.ones((2, 3), dtype))
        array = np.from_dlpack(tensor)
        assert np.shares_memory(array, tensor.numpy())
        back = from_dlpack(np.ones((2, 3), dtype))
        assert (back.dtype, back.shape) == (dtype, (2, 3))
    assert tensor.__dlpack_device__() == (1, 0)


def test_conversion() -> None:
    assert convert_to_tensor([1, 2]).dtype == "int32"
    assert convert_to_tensor([1, 2.5]).dtype == "float32"
    assert convert_to_tensor(True).dtype == "bool"
    assert convert_to_tensor(np.ones(2, "float16")).dtype == "float32"
    assert convert_to_tensor(np.ones(2)).dtype == "float64"
    assert convert_to_tensor([1, 2], dtype="float64").dtype == "float64"
    tensor = Tensor([1.0])
    assert convert_to_tensor(tensor) is tensor
    assert is_tensor(tensor)
    assert not is_tensor(np.ones(1))
    assert np.array_equal(convert_to_numpy([1, 2]), [1, 2])
    with pytest.raises(ValueError, match="rows of different lengths"):
        convert_to_tensor([[1, 2], [3]])


def test_scalars() -> None:
    assert float(Tensor(2.5)) == 2.5
    assert int(Tensor([3])) == 3
    assert [10, 20, 30][Tensor(1)] == 20
    assert bool(Tensor(0.0)) is False
    assert Tensor(2**40, "int64").item() == 2**40
    with pytest.raises(ValueError, match="ambiguous"):
        bool(Tensor([1.0, 2.0]))
    with pytest.raises(TypeError, match="whole number"):
        [1, 2][Tensor(1.0)]
    with pytest.raises(ValueError, match="one element"):
        float(Tensor([1.0, 2.0]))


def test_sequences() -> None:
    tensor = Tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    assert len(tensor) == 3
    assert [row.numpy().tolist() for row in tensor] == [[1, 2], [3, 4], [5, 6]]
    *_, third = tensor
    assert third.shape == (2,)
    with pytest.raises(TypeError):
        len(Tensor(1.0))
    with pytest.raises(TypeError):
        iter(Tensor(1.0))


def test_methods() -> None:
    x = np.arange(6.0).reshape(2, 3)
    t = Tensor(x)
    assert np.array_equal(t.T.numpy(), x.T)
    assert t.reshape(3, 2).shape == t.reshape((3, 2)).shape == t.reshape([3, -1]).shape == (3, 2)
    assert t.transpose(1, 0).shape == t.transpose((1, 0)).shape == t.transpose().shape == (3, 2)
    assert t.astype("float32").dtype == "float32"
    for name in ("sum", "mean", "max", "min"):
        assert np.array_equal(getattr(t, name)(axis=1, keepdims=True).numpy(), getattr(x, name)(axis=1, keepdims=True))
    assert np.array_equal((t > 2).any(axis=0).numpy(), (x > 2).any(axis=0))
    assert np.array_equal((t > 2).all(axis=0).numpy(), (x > 2).all(axis=0))
    assert repr(Tensor([1.0, 2.0])) == "Tensor([1., 2.], shape=(2,), dtype=float32)"
    assert "requires_grad=True" in repr(leaf([1]))
    assert len({t, t, Tensor(x)}) == 2


def test_backward_adds_up_and_needs_a_graph() -> None:
    x = leaf([1, 2])
    for expected in ([2, 4], [4, 8]):
        ops.sum(x * x).backward()
        assert np.array_equal(x.grad, expected)
    y = x * x
    with pytest.raises(ValueError, match="not a scalar"):
        y.backward()
    y.backward(Tensor(np.array([1.0, 0.0])))
    assert np.array_equal(x.grad, [6, 8])
    with pytest.raises(ValueError, match="freed by an earlier backward"):
        y.backward(Tensor(np.array([1.0, 0.0])))
    with pytest.raises(ValueError, match="requires a gradient"):
        ops.sum(x.detach()).backward()


def test_a_deep_graph_is_no_recursion() -> None:
    x = leaf([1.0])
    y = x
    for _ in range(50_000):
        y = y + 1
    ops.sum(y).backward()
    assert np.array_equal(x.grad, [1])
    y = x
    for _ in range(50_000):
        y = y + 1
    del y  # a graph that nobody went back through


def test_shared_results_and_slices_in_a_loop() -> None:
    x = leaf(np.arange(12.0).reshape(4, 3))
    total = sum((ops.sum(x[t] * (t + 1)) for t in range(4)), start=ops.sum(x[1:3]))
    total.backward()
    assert np.array_equal(x.grad, np.array([[1], [3], [4], [4]]) * np.ones((4, 3)))


def test_no_grad() -> None:
    x = leaf([1, 2])
    with no_grad():
        assert not (x * 2).requires_grad
        with no_grad():
            pass
        assert not (x * 2).requires_grad
        seen = []
        thread = threading.Thread(target=lambda: seen.append((x * 2).requires_grad))
        thread.start()
        thread.join()
        assert seen == [True]

    @no_grad()
    def double(t: Tensor) -> Tensor:
        return t * 2

    assert not double(x).requires_grad
    assert (x * 2).requires_grad
    with pytest.raises(RuntimeError), no_grad():
        raise RuntimeError
    assert (x * 2).requires_grad


def test_variable() -> None:
    array = np.ones((2, 2))
    v = Variable(array, name="kernel")
    array[:] = 7
    assert v.numpy()[0, 0] == 1
    assert (v.name, v.path, v.trainable, v.requires_grad, v.dtype) == ("kernel", "kernel", True, True, "float64")
    assert isinstance(v, Tensor)
    assert v.value is v
    assert Variable([1, 2], dtype="float32").dtype == "float32"
    assert Variable(v).numpy() is not v.numpy()
    v.assign(3 * np.ones((2, 2), "float32"))
    v.assign_add(1.0)
    v.assign_sub(np.array([1.0, 2.0]))
    assert np.array_equal(v.numpy(), [[3, 2], [3, 2]])
    with pytest.raises(ValueError, match=r"kernel: expected a value of shape \(2, 2\), got \(3,\)"):
        v.assign(np.ones(3))
    assert np.array_equal(v.numpy(), [[3, 2], [3, 2]])
    v.trainable = False
    assert not v.requires_grad
    assert not (v * 2).requires_grad
    with pytest.raises(ValueError, match="floating-point"):
        Variable([1, 2])
    assert not Variable([1, 2], trainable=False).requires_grad
    assert "path=kernel" in repr(v)


def test_memory_of_a_loop_does_not_grow() -> None:
    from recurra import _engine

    v = Variable(np.ones((64, 64), "float32"))

    def step() -> None:
        v.grad = None
        ops.mean(ops.tanh(v @ v) * 2 + v[3:4]).backward()

    def forward_only() -> None:
        for function in (ops.exp, ops.tanh, ops.silu, ops.softmax, ops.logsumexp, ops.max, ops.cumprod, ops.std):
            function(v / 3)
        ops.dense(v, v, v[0])

    for _ in range(3):
        step()
        forward_only()
    before = _engine.memory_statistics()
    for _ in range(50):
        step()
        forward_only()
    after = _engine.memory_statistics()
    assert after["requests"] == before["requests"]
    assert after["in_use"] == before["in_use"]
