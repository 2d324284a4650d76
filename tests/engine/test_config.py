from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

import recurra
from recurra import config


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    floatx, epsilon, threads = config.floatx(), config.epsilon(), config.num_threads()
    yield
    config.set_floatx(floatx)
    config.set_epsilon(epsilon)
    config.set_num_threads(threads)


def test_floatx() -> None:
    assert config.floatx() == "float32"
    config.set_floatx("float64")
    assert config.floatx() == "float64"
    for wrong in ("float16", "int32", None):
        with pytest.raises(ValueError, match="expected 'float32' or 'float64'"):
            config.set_floatx(wrong)  # type: ignore[arg-type]
    assert config.floatx() == "float64"


def test_epsilon() -> None:
    assert config.epsilon() == 1e-7
    config.set_epsilon(1e-5)
    assert config.epsilon() == 1e-5
    for wrong in (0, -1e-7, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="expected a positive number"):
            config.set_epsilon(wrong)
    assert config.epsilon() == 1e-5


def test_num_threads() -> None:
    for count in (3, 1, np.int64(2)):
        config.set_num_threads(count)  # type: ignore[arg-type]
        assert config.num_threads() == count
    with pytest.raises(ValueError, match="at least 1 thread, got 0"):
        config.set_num_threads(0)
    for wrong in (2.0, "2", True, None):
        with pytest.raises(TypeError, match="set_num_threads: expected an integer"):
            config.set_num_threads(wrong)  # type: ignore[arg-type]
    assert config.num_threads() == 2


def test_show_config_prints(capsys: pytest.CaptureFixture[str]) -> None:
    assert config.show_config() is None
    printed = capsys.readouterr().out
    report = config.show_config("dicts")
    assert report is not None
    for value in (recurra.__version__, np.__version__, report["simd"]["level"], report["compiler"], "peak"):
        assert value in printed


def test_show_config_returns() -> None:
    config.set_num_threads(3)
    report = config.show_config("dicts")
    assert report is not None
    assert report["threads"] == 3
    assert report["simd"]["level"] in report["simd"]["installed"]
    assert report["memory"]["peak"] >= report["memory"]["in_use"] >= 0
    with pytest.raises(ValueError, match="expected mode 'stdout' or 'dicts', got 'json'"):
        config.show_config("json")  # type: ignore[arg-type]
