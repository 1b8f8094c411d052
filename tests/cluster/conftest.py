"""These tests need dask, which the others do without: where they are not asked for, they are not
read either."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from benchmarks.own_cluster import OwnCluster, own_cluster


def pytest_ignore_collect(config: pytest.Config) -> bool | None:
    return True if "not cluster" in config.getoption("markexpr") else None


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Callable[[int], OwnCluster]]:
    """Starts a scheduler and so many workers as commands of their own, and ends them."""
    (tmp_path / "dask").mkdir()
    with ExitStack() as stack:
        yield lambda workers: stack.enter_context(own_cluster(tmp_path / "dask", workers))
