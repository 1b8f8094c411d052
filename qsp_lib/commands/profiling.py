"""``qsp-crs profiles``: the full run of profile likelihoods that chapter 07 keeps."""

from __future__ import annotations

import argparse

from .. import analyses, common, protocol
from .common import DONE, Commands, add_long_run, command, tell


def add(commands: Commands[argparse.ArgumentParser]) -> None:
    """Declare ``profiles``."""
    profiles = command(
        commands,
        "profiles",
        _profiles,
        "make all profile likelihoods from the current lock record, and keep them",
        description="Profile all 17 network parameters and the ratio k_fb/d_IL6, check three of "
        "them with an independent profiler, and keep the result for chapter 07. Takes half an hour "
        "on two cores.",
        examples=("profiles", "profiles --checkpoint half-done", "profiles --second"),
    )
    add_long_run(profiles)
    profiles.add_argument(
        "--second",
        action="store_true",
        help="repeat the claimed verdicts with MINUIT alone instead, and keep those",
    )


def _profiles(options: argparse.Namespace) -> int:
    if options.second and options.checkpoint is not None:
        raise common.InputError(
            f"--second was given with --checkpoint {options.checkpoint}; what it repeats takes "
            "minutes and keeps nothing half-done. Leave --checkpoint out."
        )
    with common.pool(options.workers) as executor:
        if options.second:
            path = analyses.write_verdicts(protocol.current_record(), executor, say=tell)
        else:
            path = analyses.write_kept(
                protocol.current_record(),
                protocol.today(),
                executor,
                say=tell,
                folder=options.checkpoint,
            )
    print(f"wrote {path.name}" + ("" if options.second else "; run chapter 07 again"))
    return DONE
