"""What every test file may use."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import recurra
from recurra import config


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="run the tests marked slow too")


def pytest_report_header() -> str:
    report = config.show_config("dicts")
    assert report is not None
    return f"recurra {recurra.__version__}, SIMD level {report['simd']['level']}, {report['threads']} threads"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--slow"):
        return
    for item in items:
        if "slow" in item.keywords:
            item.add_marker(pytest.mark.skip(reason="slow; run with --slow"))


@pytest.fixture(autouse=True)
def _seeded() -> None:
    """Every test starts from the same random numbers."""
    np.random.seed(0)  # noqa: NPY002
    recurra.random.set_seed(0)


@pytest.fixture
def threads_restored() -> Iterator[None]:
    """The number of threads is afterwards what it was before."""
    before = config.num_threads()
    yield
    config.set_num_threads(before)


@pytest.fixture
def rng() -> np.random.Generator:
    """A NumPy generator of the test's own."""
    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of real data that RECURRA_DATA names; the test is skipped without one."""
    names = os.environ.get("RECURRA_DATA")
    if not names:
        pytest.skip("needs real data: RECURRA_DATA is not set")
    for name in names.split(os.pathsep):
        if Path(name).is_dir():
            return Path(name)
    pytest.skip(f"needs real data: RECURRA_DATA={names} names no folder")
