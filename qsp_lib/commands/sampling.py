"""``qsp-crs sample``: the posterior sample that chapters 03 and 08 read."""

from __future__ import annotations

import argparse

from .. import common, protocol
from .common import DONE, Commands, command, folder


def add(commands: Commands[argparse.ArgumentParser]) -> None:
    """Declare ``sample``."""
    sample = command(
        commands,
        "sample",
        _sample,
        "make the posterior sample of the newest lock record, and keep it",
        description="Run two ensembles of walkers on the posterior of the newest lock record, see "
        "that they are long enough, and keep draws of them for chapters 03 and 08. Takes about "
        "half an hour on two cores. No two machines make the same chain: a new sample has other "
        "digits and the same distribution.",
        examples=("sample", "sample --checkpoint half-done", "sample --again"),
    )
    sample.add_argument("--workers", type=int, default=2, help="processes (default 2)")
    sample.add_argument(
        "--checkpoint",
        type=folder,
        metavar="FOLDER",
        help="keep finished steps there, and go on from those that are there",
    )
    sample.add_argument("--again", action="store_true", help="replace the sample that is kept")


def _sample(options: argparse.Namespace) -> int:
    with common.pool(options.workers) as executor:
        path = protocol.write_kept_sample(
            protocol.current_record(),
            protocol.today(),
            executor,
            again=options.again,
            folder=options.checkpoint,
            say=lambda line: print(line, flush=True),
        )
    print(f"wrote {path.name}; run chapters 03 and 08 again")
    return DONE
