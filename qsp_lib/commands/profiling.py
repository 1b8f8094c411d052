"""``qsp-crs profiles``: the full run of profile likelihoods that chapter 07 keeps."""

from __future__ import annotations

import argparse

from .common import DONE, Commands, command


def add(commands: Commands[argparse.ArgumentParser]) -> None:
    """Declare ``profiles``."""
    profiles = command(
        commands,
        "profiles",
        _profiles,
        "make all profile likelihoods from the newest lock record, and keep them",
        description="Profile all 17 network parameters and the ratio k_fb/d_IL6, check three of "
        "them with an independent profiler, and keep the result for chapter 07. Takes minutes.",
        examples=("profiles", "profiles --workers 4", "profiles --second"),
    )
    profiles.add_argument("--workers", type=int, default=2, help="processes (default 2)")
    profiles.add_argument(
        "--second",
        action="store_true",
        help="repeat the claimed verdicts with MINUIT alone instead, and keep those",
    )


def _profiles(options: argparse.Namespace) -> int:
    from ..analyses.kept_profiles import write_kept
    from ..analyses.second_profiler import write_verdicts
    from ..common.workers import pool
    from ..protocol.ledger import today
    from ..protocol.lock import current_record

    def say(line: str) -> None:
        print(line, flush=True)

    with pool(options.workers) as executor:
        if options.second:
            path = write_verdicts(current_record(), executor, say=say)
        else:
            path = write_kept(current_record(), today(), executor, say=say)
    print(f"wrote {path.name}" + ("" if options.second else "; run chapter 07 again"))
    return DONE
