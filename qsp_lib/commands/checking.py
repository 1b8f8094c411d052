"""``qsp-crs check``: whether this checkout is whole."""

from __future__ import annotations

import argparse

from .. import chapters
from .common import DONE, REFUSED, Commands, command, print_json, print_lines


def add(commands: Commands[argparse.ArgumentParser]) -> None:
    """Declare ``check``."""
    command(
        commands,
        "check",
        _check,
        "check tables, lock, ledger, chapters and environment",
        description="Check the evidence tables, the drug files, every lock record, the ledger, "
        "the committed chapters, and the installed versions against constraints.txt. Exit code 1 "
        "if anything is wrong.",
        examples=("check", "check --json"),
        reads=True,
    )


def _check(options: argparse.Namespace) -> int:

    checks = chapters.check_all()
    if options.json:
        print_json(
            [{"name": c.name, "ok": c.ok, "problem": c.problem, "detail": c.detail} for c in checks]
        )
    else:
        for check in checks:
            verdict = "ok    " if check.ok else "FAILED"
            print_lines([f"{verdict}  {check.name}: {check.problem or check.detail}"])
    return DONE if all(check.ok for check in checks) else REFUSED
