"""``qsp-crs sample``, ``develop``, ``prior-widths`` and others: long runs, kept."""

from __future__ import annotations

import argparse

from .. import common, protocol
from .common import DONE, Commands, add_long_run, command, tell


def add(commands: Commands[argparse.ArgumentParser]) -> None:
    """Declare what samples and fits for long, and keeps it."""
    sample = command(
        commands,
        "sample",
        _sample,
        "make the sample of lock v1's posterior, and keep it beside the lock",
        description="Lock v1 takes its posterior as Gaussian, and a sample that shows how far that "
        "is from it is kept beside; later locks are made with theirs. Run two ensembles of walkers "
        "on that posterior, see that they are long enough, and keep draws of them. Takes about "
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
    refit = command(
        commands,
        "sensitivities",
        _sensitivities,
        "fit version 2 again with one declared thing changed at a time, and keep what moves",
        description="What is made of the low-dose trial (its limit, dose, infusion, weight), the "
        "rows from 120 h on, a steroid in TGN1412's volunteers or before blinatumomab, and the "
        "share of targets at half engagement: for each, the optimum from the locked one and three "
        "more starts, how close it is, and the open facts there. About ten minutes on two cores.",
        examples=("sensitivities", "sensitivities --again"),
    )
    refit.add_argument("--workers", type=int, default=2, help="processes (default 2)")
    refit.add_argument("--again", action="store_true", help="replace what is kept")
    widths = command(
        commands,
        "prior-widths",
        _prior_widths,
        "sample version 2 again with all priors narrower and wider, and keep draws",
        description="Run one ensemble of walkers on the posterior of the locked structure with "
        "the standard deviations of all priors multiplied by 0.67, and one by 1.5, and keep 1,000 "
        "draws of each for the last sections of chapters 03, 04, 05 and 08. About 16 minutes on "
        "two cores; a width that is kept is not made again.",
        examples=("prior-widths", "prior-widths --checkpoint half-done", "prior-widths --again"),
    )
    add_long_run(widths)
    widths.add_argument("--again", action="store_true", help="replace what is kept")
    check = command(
        commands,
        "calibration-check",
        _calibration_check,
        "simulation-based calibration of version 2: does its sampler find parameters it knows?",
        description="Draw parameters from the kept posterior widened twofold, make data at them, "
        "limits included, sample the posterior of these data a tenth as long as the kept one, and "
        "test whether the ranks of the true values are uniform, by Holm over all quantities. Each "
        "data set is kept when it is finished, so that the same call goes on after a stop, and one "
        "for more sets makes only those missing. Takes some ten minutes a data set and process.",
        examples=("calibration-check", "calibration-check --sets 20", "calibration-check --again"),
    )
    check.add_argument(
        "--sets",
        type=int,
        default=100,
        metavar="N",
        help="data sets there are to be, kept ones included (default 100)",
    )
    check.add_argument("--workers", type=int, default=2, help="processes (default 2)")
    check.add_argument("--again", action="store_true", help="throw away what is kept, begin anew")


def _sample(options: argparse.Namespace) -> int:
    with common.pool(options.workers) as executor:
        path = protocol.write_kept_sample(
            protocol.record_of("v1"),
            protocol.today(),
            executor,
            again=options.again,
            folder=options.checkpoint,
            say=tell,
        )
    print(f"wrote {path.name}")
    return DONE


def _develop(options: argparse.Namespace) -> int:
    with common.pool(options.workers) as executor:
        protocol.develop_missing(
            options.structures,
            protocol.today(),
            executor,
            folder=options.checkpoint,
            again=options.again,
            say=tell,
        )
    return DONE


def _sensitivities(options: argparse.Namespace) -> int:
    with common.pool(options.workers) as executor:
        path = protocol.keep_sensitivities(
            protocol.today(),
            executor,
            again=options.again,
            say=tell,
        )
    print(f"wrote {path.name}")
    return DONE


def _prior_widths(options: argparse.Namespace) -> int:
    with common.pool(options.workers) as executor:
        protocol.keep_prior_widths(
            protocol.today(),
            executor,
            folder=options.checkpoint,
            again=options.again,
            say=tell,
        )
    print("run chapters 03, 04, 05 and 08 again")
    return DONE


def _calibration_check(options: argparse.Namespace) -> int:
    with common.pool(options.workers) as executor:
        path = protocol.check_calibration(
            protocol.today(),
            executor,
            sets=options.sets,
            again=options.again,
            say=tell,
        )
    found = protocol.read_calibration_check()
    least, sets = found["smallest_holm"], len(found["sets"])
    told = "are uniform as far as they tell" if found["passes"] else "are not uniform"
    print(f"wrote {path.name}: ranks of {sets} data sets {told} (smallest P by Holm {least:.2g})")
    return DONE
