"""Development in the open: each candidate structure fitted, sampled, integrated, and judged.

One structure is one piece of work: its optimum from several starts, its posterior as a sample,
its evidence by nested sampling, its error on courses left out, and the open facts it meets. What
comes out is kept as data, one file a structure, since neither a chain nor a nested run is the same
on another processor; the chapters and the lock read it and run none of it.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..calibration import (
    CANDIDATES,
    FACTS,
    INPUTS,
    LOCKED,
    MET_FROM,
    CandidateModel,
    CourseResiduals,
    calibrate,
    course_errors,
    facts,
    left_out_errors,
    open_quantities,
    root_mean_square,
)
from ..common import InputError, LockError, write_text_atomic
from ..evidence import DECLARED
from ..inference import (
    NestedRun,
    Problem,
    kish,
    share_at_best,
    systematic,
    together,
)
from ..model import ATOL, RTOL, equations_digest
from .ensembles import Plan, diagnostics, kept_draws, on_record, require_long, run_ensembles
from .inputs import input_digests
from .kept_beside import keep_beside, read_beside
from .nested_runs import NestedTask
from .places import PACKAGED
from .sample_table import LOG_POSTERIOR, parse_table, table_text

Array = NDArray[np.float64]
DEVELOPMENT = PACKAGED.development
SEED = 20060313
N_STARTS = 16
WITHOUT_DECLARED_SEEDS, SEEDS = (11,), (1, 2)
"""Seeds of the nested runs, without and with the rows that are declared assumptions."""
LEVELS = (0.05, 0.5, 0.95)
_PACKAGES = ("emcee", "nautilus-sampler", "numpy", "pydiffsol", "scipy")


LOCKED_PLAN = Plan(walkers=48, steps=14_500, burn_in=1_000)
"""Of the posterior that is locked."""
PLANS: Mapping[str, Plan | None] = MappingProxyType(
    dict.fromkeys(CANDIDATES) | {LOCKED: LOCKED_PLAN}
)
"""How each candidate structure is sampled: the one to be locked by ensembles. Of the others the
sample is what the nested runs, which they need for their evidence, leave behind."""
NESTED_DRAWS = 1_000
"""Draws of the nested runs that are kept of a structure without ensembles."""


def develop(
    candidate: CandidateModel,
    plan: Plan | None,
    executor: Executor | None = None,
    folder: Path | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> tuple[dict[str, Any], str]:
    """Everything about one structure: what is kept of it, and its sample as a table.

    Args:
        plan: of its ensembles; None for a sample of the nested runs alone.
        folder: where finished legs of the chains and finished nested runs are kept.
        say: called with one line of progress at a time.
    """
    run = executor.map if executor is not None else map
    fits = calibrate(candidate.problem(), N_STARTS, SEED, executor)
    best = fits[0]
    say(f"{candidate.name}: optimum at a cost of {best.cost:.3f}")
    problem = candidate.problem(RTOL)
    name, names = candidate.name, problem.names
    asked = [(s, False) for s in SEEDS] + [(s, True) for s in WITHOUT_DECLARED_SEEDS]
    tasks = [NestedTask(candidate, s, published_only, folder) for s, published_only in asked]
    runs = []
    for made in run(NestedTask.run, tasks):
        runs.append(made)
        say(f"{name}: nested run {len(runs)} of {len(tasks)}, {made.calls:,} sets")
    with_all, published = runs[: len(SEEDS)], runs[len(SEEDS) :]
    say(f"{name}: ln evidence {together(with_all)[0]:.2f}")
    if plan is None:
        live_points = tasks[0].live_points
        drawn, sampler, worth = _nested_draws(problem, with_all, live_points)
    else:
        chains = run_ensembles(
            problem, best.theta, best.covariance, SEED, plan, executor, folder, name, name
        )
        worth = diagnostics(chains, names)
        say(f"{name}: {worth['autocorrelation_times']:g} autocorrelation times")
        require_long(worth, plan)
        drawn, sampler = kept_draws(chains, plan, SEED), on_record(plan, SEED)
    text = table_text(names, *drawn)
    # as they are kept, so that what is computed from them now can be computed from the file
    points = parse_table(text)[1][:, :-1]
    parts = np.array_split(points, 8)
    pieces = list(run(open_quantities, [problem] * len(parts), parts))
    quantities = {name: np.concatenate([p[name] for p in pieces]) for name in pieces[0]}
    at_best = open_quantities(problem, best.theta)
    holds_at_best = facts(at_best)
    fit: CourseResiduals = problem.residuals  # type: ignore[assignment]
    table = fit.table(best.theta)
    published_rows = table[table["use"] != DECLARED]
    shares = {fact: float(np.mean(holds)) for fact, holds in facts(quantities).items()}
    content = {
        "structure": asdict(candidate),
        "equations_sha256": equations_digest(candidate.feedback, candidate.t_cells),
        "estimated": list(names),
        "optimum": {
            "theta_log10": best.theta.tolist(),
            "covariance_log10": best.covariance.tolist(),
            "cost": best.cost,
            "starts": len(fits),
            "share_of_starts": share_at_best(fits),
            "rms_log10": {
                drug: root_mean_square(published_rows[published_rows["drug"] == drug], "residual")
                for drug in fit.drugs
            },
        },
        "evidence": _evidence(with_all),
        "evidence_published_rows": _evidence(published),
        "facts": {
            fact: {
                "at_optimum": bool(holds_at_best[fact][0]),
                "share": share,
                "met": share >= MET_FROM,
            }
            for fact, share in shares.items()
        },
        "quantities": {
            quantity: {
                "at_optimum": float(at_best[quantity][0]),
                "quantiles": np.quantile(values, LEVELS).tolist(),
            }
            for quantity, values in quantities.items()
        },
        "second_sampler": _second_sampler(problem, with_all),
        "left_out": left_out_errors(candidate, best, executor).to_dict("records"),
        "predictive": course_errors(problem, points[:1000]).to_dict("records"),
        "sample": about_sample(sampler, worth, text),
    }
    return content, text


def _evidence(runs: Sequence[NestedRun]) -> dict[str, Any]:
    value, error = together(runs)
    return {
        "log_evidence": value,
        "error": error,
        "runs": [
            {"log_evidence": r.log_evidence, "error": r.error, "effective_size": r.effective_size,
             "calls": r.calls}
            for r in runs
        ],
    }  # fmt: skip


def _second_sampler(problem: Problem, runs: Sequence[NestedRun]) -> dict[str, Any]:
    """Quantiles of the open quantities by each nested run's weighted points."""
    result = []
    for one in runs:
        which = np.argsort(-one.log_weights, kind="stable")[:6_000]
        kept = NestedRun(
            one.log_evidence, one.error, one.points[which], one.log_weights[which], one.calls
        )
        values = open_quantities(problem, kept.points)
        result.append({name: kept.quantiles(v, LEVELS).tolist() for name, v in values.items()})
    return {"sampler": "nautilus", "quantiles": result}


def _nested_draws(
    problem: Problem, runs: Sequence[NestedRun], live_points: int
) -> tuple[tuple[Array, Array], dict[str, Any], dict[str, Any]]:
    """Draws of several nested runs together, how they were made, and what they are worth.

    Every run counts the same; a point is drawn as often as its weight says, up to one time.
    """
    points = np.concatenate([one.points for one in runs])
    weights = np.concatenate([np.exp(one.log_weights) / len(runs) for one in runs])
    which = systematic(weights, NESTED_DRAWS, SEED)
    sampler = {"sampler": "nautilus", "live_points": live_points, "seeds": list(SEEDS)}
    worth = {
        "effective_size": kish(weights),
        "distinct_draws": len(np.unique(which)),
    }
    drawn = points[which], -problem.cost(points[which])
    return drawn, sampler | {"draws": NESTED_DRAWS, "seed": SEED}, worth


def about_sample(sampler: Mapping[str, Any], worth: Mapping[str, Any], text: str) -> dict[str, Any]:
    """What is put on record of a sample that is kept beside.

    Args:
        sampler: how it was made.
        worth: its diagnostics.
        text: the draws as a table.
    """
    columns, rows, sha256 = parse_table(text)
    return {
        "rows": len(rows),
        "columns": list(columns),
        "unit": f"log10 of each quantity's unit; {LOG_POSTERIOR}: natural log, up to a constant",
        "sha256": sha256,
        "sampler": dict(sampler),
        "solver": {"engine": "diffsol", "rtol": RTOL, "atol": ATOL},
        "diagnostics": dict(worth),
    }


# ---------------------------------------------------------------- keeping


def development_paths(name: str, directory: Path = DEVELOPMENT) -> tuple[Path, Path]:
    """Where what is kept of a structure lies: the sample, and everything else."""
    return directory / f"sample-v2-{name}.csv", directory / f"development-v2-{name}.json"


def develop_missing(
    names: Sequence[str],
    date: str,
    executor: Executor | None = None,
    *,
    directory: Path = DEVELOPMENT,
    folder: Path | None = None,
    again: bool = False,
    say: Callable[[str], None] = lambda line: None,
) -> list[Path]:
    """Develop some structures and keep what comes out of each, as soon as it does.

    Args:
        names: of the structures; if none are named, all that nothing is kept of.
        date: ISO date of the run.
        directory: where to keep it; made if need be.
        folder: where finished legs of the chains are kept, so that a stopped run goes on.
        again: whether what is kept may be replaced; if none are named, all of it is.
        say: called with one line of progress at a time.

    Returns:
        The file of each, in the order in which they were made.

    Raises:
        LockError: one that is named is kept already.
        InputError: no such structure, a library that is not installed, or chains that are too
            short.
    """
    if unknown := [name for name in names if name not in CANDIDATES]:
        raise InputError(f"no structure {unknown[0]!r}; expected one of {', '.join(CANDIDATES)}.")
    kept = [] if again else [n for n in CANDIDATES if development_paths(n, directory)[1].exists()]
    if there := [name for name in names if name in kept]:
        file = development_paths(there[0], directory)[1].name
        raise LockError(f"{file} is there already; --again makes it anew.")
    if not (wanted := names or [name for name in CANDIDATES if name not in kept]):
        return []
    packages = _packages()  # before a run of hours, which one that is not there would end
    directory.mkdir(parents=True, exist_ok=True)
    written = []
    for name in wanted:
        content, text = develop(CANDIDATES[name], PLANS[name], executor, folder, say)
        content |= {"made": date, "inputs": development_inputs(), "packages": packages}
        table, about = development_paths(name, directory)
        write_text_atomic(table, text)
        written.append(keep_beside(about, content))
        say(f"wrote {about.name}")
    return written


def _packages() -> dict[str, str]:
    """Versions of what a development is computed with.

    Raises:
        InputError: one that is not installed.
    """
    try:
        found = {name: version(name) for name in _PACKAGES}
    except PackageNotFoundError as problem:
        raise InputError(
            f"{problem.name} is not installed; a development needs the extra 'evidence' of this "
            "package, which 'make setup' installs."
        ) from None
    return found | {"python": platform.python_version()}


def development_inputs() -> dict[str, str]:
    """Digest of each input that a development rests on."""
    of_drugs = ("v2/drugs/blinatumomab.toml", "v2/drugs/tgn1412.toml")
    wanted = ("v2/observations.csv", "v2/network_parameters.csv", "range_kinds.csv", *of_drugs)
    return {
        name: value
        for name, value in input_digests(INPUTS).items()
        if name in wanted or name.startswith("evidence/")
    }


@dataclass(frozen=True)
class Development:
    """What is kept of one structure.

    Attributes:
        content: as :func:`develop` gives it, read-only.
        points, log_posterior: its sample, ``(n, d)`` and ``(n,)``, read-only.
    """

    content: Mapping[str, Any]
    points: Array
    log_posterior: Array

    @property
    def names(self) -> tuple[str, ...]:
        """The estimated quantities."""
        return tuple(self.content["estimated"])

    @property
    def facts_met(self) -> int:
        """How many of the open facts its sample meets."""
        return sum(fact["met"] for fact in self.content["facts"].values())


def read_development(name: str, directory: Path = DEVELOPMENT) -> Development:
    """What is kept of a structure.

    Raises:
        LockError: a file that is missing or was edited, or a sample cut short or reordered.
    """
    table, about = development_paths(name, directory)
    make = f"qsp-crs develop {name} --again"
    again = f"restore it, or make it with '{make}'"
    content = read_beside(about, make)
    try:
        columns, values, sha256 = parse_table(table.read_text(encoding="utf-8"))
    except OSError:
        raise LockError(f"{table.name} is missing; {again}.") from None
    except ValueError as problem:
        raise LockError(f"{table.name} cannot be read ({problem!r}); {again}.") from None
    if sha256 != content["sample"]["sha256"] or list(columns) != content["sample"]["columns"]:
        raise LockError(
            f"{table.name} was edited: its numbers give hash {sha256[:12]}, {about.name} says "
            f"{content['sample']['sha256'][:12]}; {again}."
        )
    points, log_posterior = values[:, :-1].copy(), values[:, -1].copy()
    points.setflags(write=False)
    log_posterior.setflags(write=False)
    return Development(content, points, log_posterior)


def chosen_t_cells(developed: Mapping[str, Development], names: Sequence[str]) -> str:
    """The T-cell part by the rule: it meets most facts, then has the highest evidence.

    Args:
        developed: by name.
        names: of the candidates, all under the same feedback.

    Returns:
        The name of one of them.
    """
    if unknown := set(developed[names[0]].content["facts"]) - set(FACTS):
        raise InputError(f"a fact {sorted(unknown)[0]!r} is not one of {list(FACTS)}.")
    return max(
        names,
        key=lambda n: (
            developed[n].facts_met,
            developed[n].content["evidence"]["log_evidence"],
        ),
    )
