"""Chapters that run as tests see none of the user's settings; the longest files start first."""

from __future__ import annotations

import os

import pytest

from qsp_lib.chapters import prepare_kernels

os.environ.update(prepare_kernels())

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
    items.sort(key=lambda item: order.get(item.path.name, len(LONGEST)))
