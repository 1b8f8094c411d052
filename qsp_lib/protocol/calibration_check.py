"""Simulation-based calibration of the locked structure: is its posterior what it says it is?

Parameters are drawn from the kept posterior widened twofold (a Gaussian in log10 of its mean and
twice its standard deviations, correlations kept, cut off at the fit's bounds), data are made at
them as the observation model says, limits included, and the posterior of these data under that
same Gaussian is sampled as the kept one was, a tenth as long. Ranks of the true values are then
uniform if model, likelihood and sampler fit together. What is finished is kept after every data
set, so that a stopped run goes on and a short one can be made longer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..calibration import (
    CANDIDATES,
    INPUTS,
    LOCKED,
    MadeUpSet,
    MadeUpSets,
    starts_near,
)
from ..common import InputError, LockError, forbid_opening
from ..evidence import ceilings
from ..inference import LEVEL, Gaussian, between, fit, rank_of, split_r_hat, uniformity
from ..model import RTOL
from .developing import DEVELOPMENT, LOCKED_PLAN, development_inputs, read_development
from .ensembles import Plan, kept_draws, on_record, run_ensembles
from .kept_beside import finished_part, keep_beside, read_beside

Array = NDArray[np.float64]
SEED = 20180618
SETS = 100
WIDENED = 2.0
STARTS = 3
"""Where each fit starts: the prior's mean, and draws of it. Never the truth, which a chain that
does not move would then seem to find."""
CHECK_PLAN = replace(LOCKED_PLAN, ensembles=1, steps=1_450, burn_in=500, draws=99, least_times=0.0)
"""One ensemble, a tenth as long as each of the locked posterior's two. More than a tenth of their
burn-in is thrown away: burning in takes a few autocorrelation times however few steps follow.
Whether two ensembles agree is asked of the kept sample; here the ranks say it. 99 draws make 100
ranks."""
LOG_POSTERIOR = "log posterior"
"""The quantity that hangs on the data; a sampler that ignores them passes without it."""
MAKE = "qsp-crs calibration-check"


class DataSets(Protocol):
    """What makes data sets; :class:`qsp_lib.calibration.MadeUpSets` is one."""

    @property
    def prior(self) -> Gaussian:
        """What parameters are drawn from."""

    @property
    def names(self) -> tuple[str, ...]:
        """The estimated quantities."""

    def __call__(self, seed: Sequence[int]) -> MadeUpSet:
        """The data set of a seed."""


def ranks_of_set(data_sets: DataSets, plan: Plan, number: int, seed: int = SEED) -> dict[str, Any]:
    """One data set: made, sampled, and the ranks of what it was made with.

    Args:
        data_sets: what makes it.
        plan: how its posterior is sampled.
        number: of the data set; its seeds are this and ``seed`` alone.

    Returns:
        Plain JSON values; ``ranks`` of every estimated quantity, then of the log posterior.
    """
    of_chains, of_starts, of_draws = (
        int(word) for word in np.random.SeedSequence((seed, number)).generate_state(3)
    )
    with forbid_opening():
        made = data_sets((seed, number))
        problem = made.problem
        others = list(data_sets.prior.draws(STARTS - 1, of_starts))
        best = fit(made.precise, starts_near(problem, data_sets.prior.mean, others))[0]
        chains = run_ensembles(problem, best.theta, best.covariance, of_chains, plan)
        at_truth = -problem.cost(made.truth)
    points, log_density = kept_draws(chains, plan, of_draws)
    truth = np.append(made.truth, at_truth)
    ranks = rank_of(truth, np.column_stack([points, log_density]))
    longest = max(float(chain.autocorrelation_times().max()) for chain in chains)
    return {
        "set": number,
        "truth_log10": made.truth.round(8).tolist(),
        "censored": made.censored,
        "ranks": ranks.tolist(),
        "acceptance": [round(chain.acceptance, 4) for chain in chains],
        "autocorrelation_steps": _finite(longest),
        "largest_split_r_hat": _finite(float(split_r_hat(chains).max())),
    }


def _finite(value: float) -> float | None:
    """A number as JSON can hold it, to four digits; nothing of a walker that never moved."""
    return float(f"{value:.4g}") if np.isfinite(value) else None


def rank_scores(
    sets: Sequence[Mapping[str, Any]], draws: int = CHECK_PLAN.draws, seed: int = SEED
) -> Array:
    """Ranks of finished data sets as numbers from 0 to 1, ``(sets, quantities)``; see
    :func:`qsp_lib.inference.between`."""
    return np.array([between(np.array(s["ranks"]), draws, (seed, s["set"], 1)) for s in sets])


def verdict(
    sets: Sequence[Mapping[str, Any]], names: Sequence[str], draws: int, seed: int = SEED
) -> dict[str, Any]:
    """Whether the ranks of finished data sets are uniform.

    Args:
        sets: as :func:`ranks_of_set` gives them.
        names: of the estimated quantities.
        draws: how many draws the ranks are among.

    Returns:
        Plain JSON values: one row a quantity, ``smallest_holm`` and whether the ranks ``pass``;
        nothing is tested of a single set.
    """
    if len(sets) < 2:
        return {"uniformity": [], "smallest_holm": None, "passes": None}
    table = uniformity(rank_scores(sets, draws, seed), [*names, LOG_POSTERIOR], seed)
    smallest = float(table["holm"].min())
    return {
        "uniformity": table.to_dict("records"),
        "smallest_holm": smallest,
        "passes": smallest >= LEVEL,
    }


def wide_data_sets(directory: Path = DEVELOPMENT) -> tuple[MadeUpSets, str]:
    """Data sets of the locked structure, and the hash of the kept sample that they are about.

    Raises:
        LockError: nothing is kept of the structure, or it was edited.
    """
    kept = read_development(LOCKED, directory)
    problem = CANDIDATES[LOCKED].problem()
    if problem.names != kept.names:
        raise LockError(
            f"the kept sample of {LOCKED} is of {kept.names}, and its fit estimates "
            f"{problem.names}; develop it anew."
        )
    prior = Gaussian.of_sample(kept.points, WIDENED)
    return MadeUpSets(problem, prior, ceilings(INPUTS), RTOL), kept.content["sample"]["sha256"]


def calibration_path(directory: Path = DEVELOPMENT) -> Path:
    """Where what is finished of the check is kept."""
    return directory / f"calibration-v2-{LOCKED}.json"


def check_calibration(
    date: str,
    executor: Executor | None = None,
    *,
    sets: int = SETS,
    directory: Path = DEVELOPMENT,
    plan: Plan = CHECK_PLAN,
    data_sets: tuple[MadeUpSets, str] | None = None,
    again: bool = False,
    say: Callable[[str], None] = lambda line: None,
) -> Path:
    """Make, sample and rank data sets until there are so many, and keep each when it is finished.

    Args:
        date: ISO date of the run.
        executor: where they run, a data set a task.
        sets: how many there are to be, those included that are kept already.
        directory: where they are kept.
        plan: how each posterior is sampled.
        data_sets: what makes them, and the hash of the sample that they are about; by default
            :func:`wide_data_sets`.
        again: whether what is kept is thrown away first.
        say: called with one line of progress at a time.

    Returns:
        The file.

    Raises:
        InputError: fewer than two sets.
        LockError: what is kept was made otherwise, or was edited.
    """
    if sets < 2:
        raise InputError(f"{sets} data sets; expected 2 or more, and {SETS} for a verdict.")
    makes, sample = wide_data_sets(directory) if data_sets is None else data_sets
    path = calibration_path(directory)
    about = {
        "structure": LOCKED,
        "quantities": [*makes.names, LOG_POSTERIOR],
        "sample_sha256": sample,
        "widened": WIDENED,
        "prior_mean_log10": makes.prior.mean.tolist(),
        "prior_covariance_log10": makes.prior.covariance.tolist(),
        "sampler": on_record(plan, SEED),
        "starts": STARTS,
        "inputs": development_inputs(),
    }
    before = {} if again else finished_part(path, about, f"{MAKE} --again")
    finished = {one["set"]: one for one in before.get("sets", ())}
    missing = [number for number in range(sets) if number not in finished]
    run = executor.map if executor is not None else map
    n = len(missing)
    jobs: tuple[list[DataSets], list[Plan], list[int]] = ([makes] * n, [plan] * n, missing)
    for found in run(ranks_of_set, *jobs):
        finished[found["set"]] = found
        kept = [finished[number] for number in sorted(finished)]
        judged = verdict(kept, makes.names, plan.draws)
        keep_beside(path, about | judged | {"made": date, "sets": kept})
        say(f"data set {found['set'] + 1}: {len(kept)} of {sets} finished")
    return path


def read_calibration_check(directory: Path = DEVELOPMENT) -> Mapping[str, Any]:
    """What is kept of the check, as :func:`check_calibration` wrote it.

    Raises:
        LockError: the file is missing, cannot be read, or was edited.
    """
    return read_beside(calibration_path(directory), MAKE)
