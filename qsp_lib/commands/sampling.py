"""``qsp-crs sample`` and ``qsp-crs develop``: what is made once and kept, since it is chaotic."""

from __future__ import annotations

import argparse

from .. import common, protocol
from .common import DONE, Commands, add_long_run, command


def add(commands: Commands[argparse.ArgumentParser]) -> None:
    """Declare ``sample``."""
    sample = command(
        commands,
        "sample",
        _sample,
        "make the posterior sample of the current lock record, and keep it",
        description="Run two ensembles of walkers on the posterior of the current lock record, see "
        "that they are long enough, and keep draws of them for chapters 03 and 08. Takes about "
        "half an hour on two cores. No two machines make the same chain: a new sample has other "
        "digits and the same distribution.",
        examples=("sample", "sample --checkpoint half-done", "sample --again"),
    )
    add_long_run(sample)
    sample.add_argument("--again", action="store_true", help="replace the sample that is kept")
    develop = command(
        commands,
        "develop",
        _develop,
        "fit, sample, integrate and judge the candidate structures of version 2, and keep it",
        description="For each structure: the optimum from 16 starts, a posterior sample, the "
        "evidence by nested sampling, errors on courses left out, and the open facts it meets. "
        "About half an hour a structure on two cores; a structure that is kept is not made again.",
        examples=("develop", "develop gated --checkpoint half-done", "develop gated --again"),
    )
    develop.add_argument(
        "structures", nargs="*", metavar="STRUCTURE", help="names; default all that are not kept"
    )
    add_long_run(develop)
    develop.add_argument("--again", action="store_true", help="replace what is kept of them")


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


def _develop(options: argparse.Namespace) -> int:
    with common.pool(options.workers) as executor:
        protocol.develop_missing(
            options.structures,
            protocol.today(),
            executor,
            folder=options.checkpoint,
            again=options.again,
            say=lambda line: print(line, flush=True),
        )
    return DONE
