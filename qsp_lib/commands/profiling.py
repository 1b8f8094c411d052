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
        examples=("profiles", "profiles --workers 4"),
    )
    profiles.add_argument("--workers", type=int, default=2, help="processes (default 2)")


def _profiles(options: argparse.Namespace) -> int:
    from ..identifiability import write_kept
    from ..ledger import today
    from ..lock import current_record
    from ..workers import pool

    with pool(options.workers) as executor:
        path = write_kept(
            current_record(), today(), executor, say=lambda line: print(line, flush=True)
        )
    print(f"wrote {path.name}; run chapter 07 again")
    return DONE
