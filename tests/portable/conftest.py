"""What was tried is said at the end, and what had no effect on this machine."""

from __future__ import annotations

from typing import Any

TRIED, NOT_TRIED = "tried", "not tried"


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """List both, whichever process the tests ran in."""
    reports = [r for kind in ("passed", "failed") for r in terminalreporter.stats.get(kind, [])]
    noted = [pair for report in reports for pair in getattr(report, "user_properties", [])]
    for what in (TRIED, NOT_TRIED):
        names = dict.fromkeys(name for kind, name in noted if kind == what)
        if names:
            terminalreporter.write_line(f"other machines, {what}: {', '.join(names)}")
