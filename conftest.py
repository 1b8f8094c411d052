"""Chapters that run as tests see none of the user's settings; the longest files start first."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator

import pytest

from qsp_lib.chapters import prepare_kernels
from qsp_lib.common import MOST_WORKERS

os.environ.update(prepare_kernels())
# thousands of tests are collected and live until the end: looking through them again and again for
# garbage takes a fifth of collecting them
gc.set_threshold(100_000, 20, 20)

LONGEST = (
    "test_second_profiler.py",
    "test_boehm.py",
    "07_identifiability.ipynb",
    "test_stopping.py",
    "06_robustness.ipynb",
    "03_blind_prediction.ipynb",
    "test_cli_protocol.py",
    "test_tampering.py",
    "test_site.py",
)
"""Files that take long: begun last, one of them would keep a single process busy at the end."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    order = {name: place for place, name in enumerate(LONGEST)}
    gc.freeze()
    items.sort(key=lambda item: order.get(item.path.name, len(LONGEST)))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """A chapter starts no workers: as many test processes as there are processors run already."""
    if item.path.suffix != ".ipynb":
        return (yield)
    os.environ[MOST_WORKERS] = "1"
    try:
        return (yield)
    finally:
        del os.environ[MOST_WORKERS]
