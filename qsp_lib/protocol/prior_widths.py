"""The locked structure's posterior under wider and narrower priors, sampled anew and kept.

Weights carry a kept sample to narrower priors and not to wider ones: the largest of them then
stand for all others (:mod:`qsp_lib.inference.reweighting`). So each of the two widths has a chain
of its own. Priors that no fit moves are widened alike when draws are made.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..calibration import CANDIDATES, LOCKED
from ..common import InputError, LockError, write_text_atomic
from ..inference import Chain, Gaussian, Problem, with_prior_sds
from ..model import RTOL, Draws
from .developing import (
    DEVELOPMENT,
    LOCKED_PLAN,
    SEED,
    Development,
    about_sample,
    development_inputs,
    read_development,
)
from .ensembles import Plan, diagnostics, kept_draws, on_record, require_long, run_ensembles
from .kept_beside import keep_beside, read_beside
from .kept_sample import KeptSample
from .record import Record
from .sample_table import LOG_POSTERIOR, read_table, table_text

Array = NDArray[np.float64]
PRIOR_WIDTHS: Mapping[str, float] = MappingProxyType({"narrower": 0.67, "wider": 1.5})
"""What the standard deviations of all priors are multiplied by, for every verdict."""
WIDTHS_PLAN = replace(LOCKED_PLAN, ensembles=1, steps=7_000, draws=1_000, least_times=15.0)
"""Of each width: half as long as the locked posterior's ensembles, and one of them."""
MAKE = "qsp-crs prior-widths"
_PACKAGES = ("emcee", "numpy", "pydiffsol", "scipy")


def width_of(name: str) -> float:
    """What a named width multiplies standard deviations by.

    Raises:
        InputError: no such name.
    """
    if name not in PRIOR_WIDTHS:
        raise InputError(f"no width {name!r} of the priors; expected {' or '.join(PRIOR_WIDTHS)}.")
    return PRIOR_WIDTHS[name]


def problem_under(name: str) -> Problem:
    """The locked structure's fit with all its priors of a named width.

    Medians and bounds stay, so that a prior of 1.5 decades ends at twice its standard deviation.

    Raises:
        InputError: no such name.
    """
    return with_prior_sds(CANDIDATES[LOCKED].problem(RTOL), width_of(name))


# ---------------------------------------------------------------- making


def keep_prior_widths(
    date: str,
    executor: Executor | None = None,
    *,
    plan: Plan = WIDTHS_PLAN,
    directory: Path = DEVELOPMENT,
    folder: Path | None = None,
    again: bool = False,
    say: Callable[[str], None] = lambda line: None,
) -> list[Path]:
    """Sample the posterior under each width that nothing is kept of, and keep draws of it.

    Args:
        date: ISO date of the run.
        executor: where the chains run, a width a task.
        plan: how each posterior is sampled.
        directory: where the development is, and where to keep the draws.
        folder: where finished legs of the chains are kept, so that a stopped run goes on.
        again: whether what is kept is made anew.
        say: called with one line of progress at a time.

    Returns:
        The file of each width that was made.

    Raises:
        LockError: all is kept already, or nothing is kept of the locked structure, or it was
            developed from other inputs than there are.
        InputError: chains too short for their autocorrelation.
    """
    paths = {name: width_paths(name, directory)[1] for name in PRIOR_WIDTHS}
    missing = [name for name, path in paths.items() if again or not path.exists()]
    if not missing:
        files = " and ".join(path.name for path in paths.values())
        raise LockError(f"{files} are there already; --again makes them anew.")
    developed = _current_development(directory)
    task = partial(_chains, Gaussian.of_sample(developed.points), plan, folder)
    run = executor.map if executor is not None else map
    for name, chains in zip(missing, run(task, missing), strict=True):
        found = diagnostics(chains, developed.names)
        say(f"{name}: {found['autocorrelation_times']:g} autocorrelation times")
        require_long(found, plan)
        text = table_text(developed.names, *kept_draws(chains, plan, SEED))
        table, about = width_paths(name, directory)
        write_text_atomic(table, text)
        content = {
            "structure": LOCKED,
            "development": developed.content["digest"],
            "width": width_of(name),
            "estimated": list(developed.names),
            "sample": about_sample(on_record(plan, SEED), found, text),
            "made": date,
            "packages": {one: version(one) for one in _PACKAGES}
            | {"python": platform.python_version()},
        }
        keep_beside(about, content)
        say(f"wrote {about.name}")
    return [paths[name] for name in missing]


def _current_development(directory: Path) -> Development:
    """What is kept of the locked structure, if it was developed from what is here now."""
    developed, now = read_development(LOCKED, directory), development_inputs()
    if changed := sorted(k for k in now if developed.content["inputs"].get(k) != now[k]):
        raise LockError(
            f"structure {LOCKED!r} was developed with another {changed[0]}; develop it again."
        )
    return developed


def _chains(start: Gaussian, plan: Plan, folder: Path | None, name: str) -> list[Chain]:
    """Chains under a named width, begun where the posterior under the declared priors lies."""
    label = f"{LOCKED}-{name}"
    return run_ensembles(
        problem_under(name), start.mean, start.covariance, SEED, plan, None, folder, label, label
    )


# ---------------------------------------------------------------- reading


def width_paths(name: str, directory: Path = DEVELOPMENT) -> tuple[Path, Path]:
    """Where what is kept of a width lies: the draws, and how they were made."""
    return directory / f"sample-v2-{name}-priors.csv", directory / f"{name}-priors-v2.json"


def read_prior_width(record: Record, name: str, directory: Path = DEVELOPMENT) -> KeptSample:
    """The kept sample of the posterior that a record's would be under priors of another width.

    Args:
        record: its structure and data are the sample's.
        name: one of `PRIOR_WIDTHS`.

    Raises:
        InputError: no such name.
        LockError: a file that is missing or was edited, or a sample of another development than
            the record's, of another structure or of another width.
    """
    width = width_of(name)
    table, about = width_paths(name, directory)
    content = read_beside(about, MAKE)
    of_record = record.content.get("development", {}).get(LOCKED, {}).get("digest")
    expected = {"structure": LOCKED, "width": width, "development": of_record}
    for what, known in expected.items():
        if content.get(what) != known:
            raise LockError(
                f"{about.name} is of {what} {_shown(content.get(what))}, and what belongs to lock "
                f"{record.version} is of {what} {_shown(known)}; restore it, or make it with "
                f"'{MAKE} --again'."
            )
    names, of_sample = record.posterior[0], content["sample"]
    columns = (*names, LOG_POSTERIOR)
    values = read_table(table, of_sample["sha256"], columns)
    points, log_posterior = values[:, :-1].copy(), values[:, -1].copy()
    return KeptSample(names, points, log_posterior, of_sample["sha256"], of_sample)


def _shown(value: Any) -> str:
    return value[:12] if isinstance(value, str) else str(value)


def draws_under(
    record: Record, name: str, n_draws: int, directory: Path = DEVELOPMENT
) -> dict[str, Draws]:
    """Joint draws for every drug under other prior widths, as a record's own are.

    Declared priors, which no data move, are drawn with the same width: draw i lies as many of its
    standard deviations from the median as the record's own draw i.

    Args:
        record: the lock record.
        name: one of `PRIOR_WIDTHS`.
        n_draws: how many, 1 to as many as are kept.

    Raises:
        InputError: no such name, or more draws than are kept.
        LockError: see :func:`read_prior_width`.
    """
    points = read_prior_width(record, name, directory).first(n_draws)
    return record.draws_at(points, width=width_of(name))
