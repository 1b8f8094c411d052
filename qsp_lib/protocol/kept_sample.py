"""The kept sample of a lock record's posterior: made once by a command, read by the chapters.

A table of draws (``sample-v1.csv``, log10 values, and the log posterior up to a constant) lies
beside a record of how they were made (``sample-v1.json``), which holds a hash of what the table
means: its columns and its numbers as parsed. Line endings, quotes or zeros at the end of a number
change nothing; a number, a row left out or two in another order do.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..calibration import FITTED, make_problem
from ..common import (
    InputError,
    LockError,
    canonical_json,
    forbid_opening,
    write_text_atomic,
)
from ..inference import (
    Chain,
    Comparison,
    Problem,
    compare,
    run_chain,
)
from .ensembles import Plan, diagnostics, kept_draws, on_record, require_long, run_ensembles
from .record import Record, digest_of
from .sample_table import LOG_POSTERIOR, SAMPLES, parse_table, read_table, table_text

Array = NDArray[np.float64]
_MAKE = "make it with 'qsp-crs sample'"
_RESTORE = "restore it, or make it anew with 'qsp-crs sample --again'"
_PACKAGES = ("emcee", "numpy", "pydiffsol", "scipy")


PLAN = Plan()


@dataclass(frozen=True)
class KeptSample:
    """Draws of a lock record's posterior, in random order: the first n are a sample too.

    Attributes:
        names: the d estimated quantities.
        points: their log10, ``(n, d)``, read-only.
        log_posterior: at each point up to a constant, ``(n,)``, read-only.
        sha256: hash of what the table means.
        made: what is on record of it: date, lock, sampler, solver, diagnostics, packages.
    """

    names: tuple[str, ...]
    points: Array
    log_posterior: Array
    sha256: str
    made: Mapping[str, Any]

    def __post_init__(self) -> None:
        for values in (self.points, self.log_posterior):
            values.flags.writeable = False

    def __len__(self) -> int:
        return len(self.points)

    @property
    def rows_on_record(self) -> int:
        """How many draws there are, as it is on record."""
        return int(self.made["table"]["rows"] if "table" in self.made else self.made["rows"])

    @property
    def acceptance(self) -> float:
        """Mean share of the moves that were accepted."""
        shares = self.made["diagnostics"]["acceptance"]
        return float(sum(shares) / len(shares))

    @property
    def effective_size(self) -> float:
        """Independent draws that the chains are worth, for the quantity that they serve worst."""
        return float(min(self.made["diagnostics"]["effective_size"].values()))

    def first(self, n_draws: int) -> Array:
        """The first draws ``(n_draws, d)``, for :meth:`qsp_lib.protocol.Record.draws_at`.

        Raises:
            InputError: more than there are, or none.
        """
        if not 1 <= n_draws <= len(self):
            raise InputError(f"{n_draws} draws of the kept sample; expected 1 to {len(self)}.")
        return self.points[:n_draws]


# ---------------------------------------------------------------- making


def locked_problem(record: Record) -> Problem:
    """The joint fit that a record was made from, integrated as the record says.

    Raises:
        LockError: it estimates other quantities, or cannot be integrated so.
    """
    solver = record.solver
    problem = make_problem(
        FITTED,
        record.network.feedback,
        rtol=solver.rtol,
        inputs=record.inputs,
        t_cells=record.network.t_cells,
    )
    residuals: Any = problem.residuals
    if problem.names != record.posterior[0]:
        raise LockError(f"the joint fit estimates other quantities than lock {record.version}.")
    if solver.engine != "diffsol" or not np.isclose(residuals.atol, solver.atol):
        raise LockError(
            f"lock {record.version} was made with {asdict(solver)}; the joint fit integrates with "
            f"diffsol and an absolute tolerance of {residuals.atol:g} at this relative one."
        )
    return problem


def sample_posterior(
    record: Record,
    plan: Plan = PLAN,
    executor: Executor | None = None,
    folder: Path | None = None,
) -> list[Chain]:
    """Chains of a record's posterior, burn-in removed, started from Laplace's approximation.

    Args:
        folder: where finished legs are kept, so that a stopped run goes on.
    """
    _, mean, covariance = record.posterior
    return run_ensembles(
        locked_problem(record), mean, covariance, record.seed, plan, executor, folder, record.digest
    )


def write_kept_sample(
    record: Record,
    date: str,
    executor: Executor | None = None,
    *,
    plan: Plan = PLAN,
    directory: Path = SAMPLES,
    again: bool = False,
    folder: Path | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> Path:
    """Make the sample of a record's posterior, and keep it.

    Args:
        date: ISO date of the run.
        directory: where to keep it; made if need be.
        again: whether a sample that is there already may be replaced.
        folder: where finished legs are kept, so that a stopped run goes on.
        say: called with one line of progress at a time.

    Returns:
        The table's path.

    Raises:
        LockError: there is a sample of this record already.
        InputError: chains too short for their autocorrelation.
    """
    if record.sample is not None:
        raise LockError(
            f"the sample of lock {record.version} is part of it and is never made again; a new one "
            "is a new version."
        )
    table, about = sample_paths(record, directory)
    if not again and (table.exists() or about.exists()):
        raise LockError(
            f"{table.name} is there already, and a sample that results rest on is not replaced by "
            "chance; --again makes it anew."
        )
    directory.mkdir(parents=True, exist_ok=True)  # first: the run takes long
    say(f"{plan.ensembles} ensembles of {plan.walkers} walkers, {plan.steps} steps each")
    chains = sample_posterior(record, plan, executor, folder)
    names = record.posterior[0]
    found = diagnostics(chains, names)
    say(f"chains of {found['autocorrelation_times']:g} autocorrelation times")
    require_long(found, plan)
    text = table_text(names, *kept_draws(chains, plan, record.seed))
    columns, rows, sha256 = parse_table(text)
    content = {
        "made": date,
        "lock": dict(record.summary),
        "table": {
            "file": table.name,
            "rows": len(rows),
            "columns": list(columns),
            "unit": f"log10 of the unit in network_parameters.csv; {LOG_POSTERIOR}: natural log, "
            "up to a constant",
            "sha256": sha256,
        },
        "sampler": on_record(plan, record.seed)
        | {"start": "draws of Laplace's approximation at the lock"},
        "solver": asdict(record.solver),
        "diagnostics": found,
        "packages": {name: version(name) for name in _PACKAGES}
        | {"python": platform.python_version()},
    }  # fmt: skip
    write_text_atomic(table, text)
    write_text_atomic(about, canonical_json(content | {"digest": digest_of(content)}))
    return table


def continued(
    record: Record,
    sample: KeptSample,
    problem: Problem | None = None,
    n_walkers: int = 128,
    n_steps: int = 25,
    seed: int = 1,
) -> Comparison:
    """Whether a short chain from the sample's first draws stays distributed as the others are.

    Under the posterior of which the sample is one, the walkers' last states are independent draws
    of it as well, whatever the last bits of the machine make of their paths. They are compared in
    each parameter, and in the log posterior that the record's own problem gives them.

    Args:
        problem: what the chain runs on; the record's own joint fit by default.
        n_walkers: how many of the draws walk, at least ``2 d``; the others stay for comparison.
    """
    reference = locked_problem(record)
    with forbid_opening():
        chain = run_chain(problem or reference, sample.first(n_walkers), n_steps, (seed,))
        ends = np.column_stack([chain.points[-1], -reference.cost(chain.points[-1])])
    kept = np.column_stack([sample.points, sample.log_posterior])[n_walkers:]
    return compare(kept, ends, (*sample.names, LOG_POSTERIOR))


# ---------------------------------------------------------------- the two files


def sample_paths(record: Record, directory: Path = SAMPLES) -> tuple[Path, ...]:
    """Where the table of a record's sample is kept, and the record of how it was made.

    A record that names its sample is itself what says how it was made.
    """
    if record.sample is not None:
        return (directory / record.sample["file"],)
    return tuple(directory / f"sample-{record.version}.{end}" for end in ("csv", "json"))


def read_kept_sample(record: Record, directory: Path = SAMPLES) -> KeptSample:
    """The sample that was made from this record.

    Raises:
        LockError: a file that is missing or cannot be read, was edited or cut, or belongs to
            another record; each names the file and the hash.
    """
    if record.sample is not None:
        return _locked_sample(record, directory)
    table, about = sample_paths(record, directory)
    made = _read_about(record, about)
    expected = made["table"]["sha256"]
    try:
        columns, values, found = parse_table(table.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise LockError(
            f"{table.name} is missing; {about.name} describes a table of hash {expected[:12]}. "
            f"Restore it, or make it anew with 'qsp-crs sample --again'."
        ) from None
    except ValueError as problem:  # text that is not UTF-8 is one as well
        raise LockError(
            f"{table.name} is not the table of hash {expected[:12]} that {about.name} describes "
            f"({problem}); {_RESTORE}."
        ) from None
    if found != expected:
        raise LockError(
            f"{table.name} was edited: its numbers give hash {found[:12]}, {about.name} says "
            f"{expected[:12]}; {_RESTORE}."
        )
    names = record.posterior[0]
    if columns != (*names, LOG_POSTERIOR):
        raise LockError(
            f"{table.name} (hash {found[:12]}) holds other quantities than lock {record.version} "
            f"estimates; {_RESTORE}."
        )
    return KeptSample(
        names, values[:, :-1].copy(), values[:, -1].copy(), found, MappingProxyType(made)
    )


def _locked_sample(record: Record, directory: Path) -> KeptSample:
    """The sample that is part of a record, whose hash the record holds."""
    assert record.sample is not None
    about, names = record.sample, record.posterior[0]
    values = read_table(directory / about["file"], about["sha256"], tuple(about["columns"]))
    points, log_posterior = values[:, : len(names)].copy(), values[:, -1].copy()
    return KeptSample(names, points, log_posterior, about["sha256"], about)


def _read_about(record: Record, about: Path) -> dict[str, Any]:
    """The record of how a sample was made, once it is known to be whole and of this lock."""
    try:
        made = json.loads(about.read_text(encoding="utf-8"))
        stated, lock, _ = made["digest"], made["lock"]["digest"], made["table"]["sha256"]
    except FileNotFoundError:
        raise LockError(
            f"{about.name} is missing: no sample of lock {record.version} "
            f"({record.digest[:12]}) is kept; {_MAKE}."
        ) from None
    except (KeyError, TypeError, ValueError) as problem:
        raise LockError(
            f"{about.name} cannot be read ({problem!r}), so no sample of lock {record.version} "
            f"({record.digest[:12]}) is known; {_RESTORE}."
        ) from None
    if digest_of(made) != stated:
        raise LockError(
            f"{about.name} was edited: its content gives hash {digest_of(made)[:12]}, it says "
            f"{str(stated)[:12]}; {_RESTORE}."
        )
    if lock != record.digest:
        raise LockError(
            f"{about.name} was made from a lock with digest {str(lock)[:12]}, not from lock "
            f"{record.version} ({record.digest[:12]}); {_RESTORE}."
        )
    return made
