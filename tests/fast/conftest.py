"""These tests need heyoka, which the others do without: where they are not asked for, they are not
read either."""

from __future__ import annotations

import pytest


def pytest_ignore_collect(config: pytest.Config) -> bool | None:
    return True if "not fast" in config.getoption("markexpr") else None
