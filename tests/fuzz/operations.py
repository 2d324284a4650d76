"""Every function of recurra.ops with odd arguments: results must not depend on how an array lies in memory, and where
NumPy has the function, they are NumPy's."""

from __future__ import annotations

import inspect
import random
from functools import cache
from typing import Any
from zlib import crc32

import numpy as np

from recurra import Tensor, ops
from recurra.tree import flatten, map_structure
from tests.fuzz.targets import Target, WrongResult

_DTYPES = [
    "float32",
    "float64",
    "float32",
    "int32",
    "int64",
    "bool",
    "uint8",
    "int8",
    "float16",
    ">f4",
    ">i8",
    "uint64",
]
_EXTENTS = [0, 1, 1, 2, 3, 3, 5, 17]
_WHOLE = [0, 1, -1, 2, 3, 5, -4, 2**31, -(2**31), 2**62, -(2**63), 2**63, 2**64]
_WORDS = [
    "same",
    "valid",
    "causal",
    "reflect",
    "constant",
    "linear",
    "relu",
    "float32",
    "int32",
    "fro",
    "nuc",
    "x",
    "ij,jk->ik",
]

#: Functions that draw random numbers, loop at a user's word or leave results undefined.
_LEFT_OUT = {
    "fori_loop",
    "while_loop",
    "scan",
    "associative_scan",
    "map",
    "vectorized_map",
    "empty",
    "custom_gradient",
    "attribute_hints",
}

#: Functions of one array that are NumPy's, to a relative error.
_LIKE_NUMPY = [
    *("abs", "negative", "square", "sign", "exp", "expm1", "log1p", "sin", "cos", "tanh", "arctan", "sinh", "floor"),
    *("ceil", "isnan", "isfinite", "isinf", "sum", "mean", "max", "min", "prod", "cumsum", "argmax", "argmin", "ravel"),
    *("transpose", "var", "std", "any", "all", "zeros_like", "ones_like", "sort", "argsort", "median", "flip"),
]


@cache
def _functions() -> list[str]:
    names = getattr(ops, "__all__", None) or [name for name in dir(ops) if not name.startswith("_")]
    found = [name for name in sorted(names) if name not in _LEFT_OUT and callable(getattr(ops, name))]
    return [name for name in found if not inspect.isclass(getattr(ops, name))]


def _array(rng: random.Random, shape: list[int] | None = None) -> np.ndarray:
    if shape is None:
        shape = [rng.choice(_EXTENTS) for _ in range(rng.choice([0, 1, 1, 2, 2, 3, 4]))]
    dtype = np.dtype(rng.choice(_DTYPES))
    numbers = np.random.default_rng(rng.randrange(2**32))
    values = numbers.normal(size=shape) * rng.choice([1, 1, 1, 3, 1e6])
    if dtype.kind == "u":
        values = np.abs(values) % 200
    if dtype.kind == "i":
        values = values % 100
    array = np.asarray(values).astype(dtype)
    if dtype.kind == "f" and array.size and rng.randrange(12) == 0:
        array.reshape(-1)[rng.randrange(array.size)] = rng.choice([np.nan, np.inf, -np.inf])
    return array


def _odd(rng: random.Random, array: np.ndarray) -> np.ndarray:
    """The same elements in another layout."""
    kind = rng.randrange(5)
    if kind == 0 and array.ndim:
        array = np.asfortranarray(array)
    elif kind == 1 and array.ndim:
        array = np.repeat(array, 2, axis=-1)[..., ::2]
    elif kind == 2 and array.ndim:
        array = np.ascontiguousarray(array[::-1])[::-1]
    elif kind == 3:
        shifted = np.frombuffer(b"\0" + array.tobytes(), np.uint8)[1:]
        array = shifted.view(array.dtype).reshape(array.shape)
    else:
        array = array.copy()
        array.flags.writeable = False
    return array


def _argument(rng: random.Random, name: str, shape: list[int]) -> Any:
    kind = rng.randrange(12)
    if kind < 5:
        return _array(rng, None if rng.randrange(3) else list(shape))
    if kind == 5:
        return rng.choice(_WHOLE)
    if kind == 6:
        return tuple(rng.choice(_WHOLE if rng.randrange(4) == 0 else _EXTENTS) for _ in range(rng.randrange(4)))
    if kind == 7:
        return rng.choice([None, True, False, 0.5, -1.5, float("nan"), float("inf")])
    if kind == 8:
        return rng.choice(_WORDS)
    if kind == 9:
        return [_array(rng, list(shape)) for _ in range(rng.randrange(1, 4))]
    return rng.randrange(-3, 4)


def _call(rng: random.Random) -> tuple[str, list[Any], dict[str, Any]]:
    draw = rng.random()
    # A new function takes few numbers away from the others, so that kept numbers stay what they were.
    name = max(_functions(), key=lambda one: crc32(f"{one} {draw}".encode()))
    function = getattr(ops, name)
    shape = [rng.choice(_EXTENTS) for _ in range(rng.choice([1, 2, 2, 3]))]
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    args, kwargs = [], {}
    for number, parameter in enumerate(parameters):
        if parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
            continue
        optional = parameter.default is not parameter.empty
        if optional and rng.randrange(3):
            continue
        value = _array(rng, list(shape)) if number == 0 and rng.randrange(6) else _argument(rng, parameter.name, shape)
        if parameter.kind is parameter.KEYWORD_ONLY or optional:
            kwargs[parameter.name] = value
        else:
            args.append(value)
    return name, args, kwargs


def _same(one: Any, other: Any) -> bool:
    def held(value: Any) -> Any:
        return value.numpy() if isinstance(value, Tensor) else value

    first, second = (flatten(map_structure(held, value)) for value in (one, other))
    return len(first) == len(second) and all(
        np.array_equal(np.asarray(a), np.asarray(b), equal_nan=np.asarray(a).dtype.kind == "f")
        for a, b in zip(first, second, strict=True)
    )


def _attempt(rng: random.Random) -> str:
    name, args, kwargs = _call(rng)
    function = getattr(ops, name)
    with np.errstate(all="ignore"):
        try:
            result = function(*args, **kwargs)
        except IndexError as error:
            if "index out of range" in str(error):  # of a list inside, not of the user's
                raise
            return "refused"

        def odd(leaf: Any) -> Any:
            return _odd(rng, leaf) if isinstance(leaf, np.ndarray) else leaf

        try:
            twin = function(*map_structure(odd, args), **map_structure(odd, kwargs))
        except MemoryError:
            return "refused"  # the first result is still there
        except Exception as error:
            raise WrongResult(f"{name}: another layout raises {type(error).__name__}: {error}") from error
    if not _same(result, twin):
        raise WrongResult(f"{name}: another layout gives another result")
    return "accepted"


def _against_numpy(rng: random.Random) -> str:
    name = rng.choice([name for name in _LIKE_NUMPY if hasattr(ops, name)])
    array = _array(rng)
    if array.dtype.kind != "f" or array.dtype.itemsize < 4:
        array = array.astype("float64")
    array = array.astype(array.dtype.newbyteorder("="))
    axes = {"axis": rng.randrange(-array.ndim, array.ndim)} if array.ndim and rng.randrange(2) else {}
    if name in ("sum", "mean", "max", "min", "prod", "argmax", "argmin", "var", "std", "any", "all", "median"):
        options: dict[str, Any] = {**axes, **({"keepdims": True} if rng.randrange(2) else {})}
    else:
        options = axes if name in ("cumsum", "sort", "argsort", "flip") else {}
    with np.errstate(all="ignore"):
        try:
            expected = getattr(np, name)(array.astype("float64"), **options)
        except (ValueError, IndexError):
            expected = None
        try:
            found = np.asarray(getattr(ops, name)(array, **options))
        except (ValueError, IndexError):
            if expected is None or not array.size or not array.ndim:  # what NumPy makes nan of is refused here
                return "refused"
            raise
    if expected is None:
        return "accepted"
    if name == "prod" and array.size > 100:
        return "accepted"  # the order decides what overflows on the way
    if name == "argsort" or (name in ("argmax", "argmin") and np.isnan(array).any()):
        return "accepted"  # ties and nan have no fixed order
    if found.shape != np.shape(expected):
        raise WrongResult(f"{name}{array.shape} {options}: shape {found.shape}, NumPy has {np.shape(expected)}")
    relative = 1e-3 if array.dtype.itemsize == 4 else 1e-9
    scale = np.nanmax(np.abs(array[np.isfinite(array)]), initial=1.0) * max(array.size, 1)
    absolute = relative * scale if name in ("sum", "mean", "cumsum", "var", "std") else relative
    with np.errstate(all="ignore"):
        limit, expected = np.finfo(array.dtype).max, np.asarray(expected, "float64")
        expected = np.where(np.abs(expected) > limit, np.sign(expected) * np.inf, expected)
    if name in ("var", "std"):
        absolute = relative * scale * scale
    if not np.allclose(found.astype("float64"), expected, relative, absolute, equal_nan=True):
        raise WrongResult(f"{name}{array.shape} {array.dtype} {options}: another value than NumPy's")
    return "accepted"


TARGETS = [
    Target("ops", _attempt, (ValueError, TypeError, MemoryError), megabytes=400),
    Target("ops like NumPy", _against_numpy, ()),
]
