"""``qsp-crs check``: whether this checkout is whole."""

from __future__ import annotations

import argparse

from .. import chapters, export
from .common import DONE, REFUSED, Commands, add_quick, command, print_json, print_lines


def add(commands: Commands[argparse.ArgumentParser]) -> None:
    """Declare ``check``."""
    check = command(
        commands,
        "check",
        _check,
        "check tables, lock, ledger, chapters and environment",
        description="Check the evidence tables, the drug files, every lock record, the ledger, "
        "the committed chapters, their results, the exports, and the installed versions against "
        "constraints.txt. Exit code 1 if anything is wrong.",
        examples=("check", "check --json"),
        reads=True,
    )
    add_quick(check)


def _check(options: argparse.Namespace) -> int:
    checks = (
        *chapters.check_all(recompute=not options.quick),
        chapters.check_of("exports", export.findings()),
    )
    if options.json:
        print_json(
            [{"name": c.name, "ok": c.ok, "problem": c.problem, "detail": c.detail} for c in checks]
        )
    else:
        for check in checks:
            verdict = "ok    " if check.ok else "FAILED"
            print_lines([f"{verdict}  {check.name}: {check.problem or check.detail}"])
    return DONE if all(check.ok for check in checks) else REFUSED
