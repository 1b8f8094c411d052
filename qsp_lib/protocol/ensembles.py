"""Ensembles of walkers on a posterior: how they are run, what they are worth, and what is kept.

Ensembles start apart, from draws of Laplace's approximation at the optimum, and never meet: two
say whether they agree.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..common import InputError, forbid_opening
from ..inference import (
    MOVES,
    Chain,
    Checkpoint,
    Problem,
    compare,
    draw,
    identify,
    laplace_draws,
    pooled,
    run_chain,
    split_r_hat,
)

Array = NDArray[np.float64]
_MARGIN = 1e-6
"""How far within the bounds an ensemble starts."""


@dataclass(frozen=True)
class Plan:
    """How a posterior is sampled.

    Attributes:
        ensembles: chains that start apart and never meet; two say whether they agree.
        walkers, steps, burn_in, thin: of each of them.
        draws: how many of the pooled points are kept, without replacement.
        least_times: autocorrelation times that each chain is to be long, burn-in removed.
    """

    ensembles: int = 2
    walkers: int = 64
    steps: int = 25_000
    burn_in: int = 2_500
    thin: int = 10
    draws: int = 4_000
    least_times: float = 50.0


def run_ensembles(
    problem: Problem,
    mean: Array,
    covariance: Array,
    seed: int,
    plan: Plan,
    executor: Executor | None = None,
    folder: Path | None = None,
    what: str = "",
    name: str = "ensemble",
) -> list[Chain]:
    """Chains of a posterior, burn-in removed.

    Args:
        problem: whose posterior it is.
        mean, covariance: of Laplace's approximation ``(d,)``, ``(d, d)``, where they start.
        seed: of all of them; each has its own of it.
        folder: where finished legs are kept, so that a stopped run goes on.
        what: says what is sampled, so that no checkpoint of another posterior is gone on from.
        name: of the folders of the checkpoints.
    """
    n = plan.ensembles
    seeds = [(seed, i) for i in range(n)]
    low, high = problem.lower + _MARGIN, problem.upper - _MARGIN
    starts = [laplace_draws(mean, covariance, plan.walkers, sum(s)).clip(low, high) for s in seeds]
    folders = [None if folder is None else folder / f"{name}-{i}" for i in range(n)]
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    run = executor.map if executor is not None else map
    chains = run(_ensemble, [problem] * n, starts, seeds, [plan] * n, folders, [what] * n)
    return [chain.after(plan.burn_in) for chain in chains]


def _ensemble(
    problem: Problem,
    start: Array,
    seed: tuple[int, int],
    plan: Plan,
    folder: Path | None,
    what: str,
) -> Chain:
    """One chain, kept leg by leg in a folder if there is one."""
    store = None
    if folder is not None:
        asked = partial(run_chain, problem, start, seed=list(seed), thin=plan.thin)
        times = np.arange(plan.thin, plan.steps + 1, plan.thin, dtype=float)
        store = Checkpoint.open(folder, identify(asked, times, what))
    with forbid_opening():
        return run_chain(problem, start, plan.steps, seed, plan.thin, store)


def diagnostics(chains: Sequence[Chain], names: Sequence[str]) -> dict[str, Any]:
    """What the chains are worth, as plain numbers; by name where it differs by parameter."""

    def by_name(values: Array, digits: int) -> dict[str, float]:
        return {n: float(f"{v:.{digits}g}") for n, v in zip(names, values, strict=True)}

    points, _ = pooled(chains)
    times = np.stack([chain.autocorrelation_times() for chain in chains])
    result = {
        "acceptance": [round(chain.acceptance, 4) for chain in chains],
        "autocorrelation_steps": by_name(times.max(axis=0), 4),
        "autocorrelation_times": round(float(chains[0].steps / times.max()), 1),
        "effective_size": by_name(np.sum([chain.effective_sizes() for chain in chains], axis=0), 5),
        "split_r_hat": by_name(split_r_hat(chains), 6),
        "mean": by_name(points.mean(axis=0), 7),
        "sd": by_name(points.std(axis=0), 7),
    }
    if len(chains) > 1:
        first, second = (pooled([chain])[0] for chain in chains[:2])
        apart = compare(first, second, names).table
        result["largest_distance_of_ensembles"] = round(float(apart["distance"].max()), 5)
    return result


def require_long(found: Mapping[str, Any], plan: Plan) -> None:
    """Refuse chains too short for their autocorrelation.

    Args:
        found: their :func:`diagnostics`.

    Raises:
        InputError: how long they are, and how long they have to be.
    """
    if found["autocorrelation_times"] < plan.least_times:
        raise InputError(
            f"the chains are {found['autocorrelation_times']:g} autocorrelation times long; a kept "
            f"sample needs {plan.least_times:g}. Run more than {plan.steps} steps."
        )


def kept_draws(chains: Sequence[Chain], plan: Plan, seed: int) -> tuple[Array, Array]:
    """Draws of all chains without replacement, ``(n, d)``, and their log density, ``(n,)``."""
    points, log_density = pooled(chains)
    which = draw(len(points), plan.draws, seed)
    return points[which], log_density[which]


def ensemble_of(sampler: Mapping[str, Any]) -> NDArray[np.int_]:
    """Which ensemble each kept draw is of, ``(draws,)``, by what is on record of the sampler."""
    of_each = sampler["walkers"] * ((sampler["steps"] - sampler["burn_in"]) // sampler["thin"])
    which = draw(sampler["ensembles"] * of_each, sampler["draws"], sampler["seed"])
    return which // of_each


def on_record(plan: Plan, seed: int) -> dict[str, Any]:
    """What is put on record of how a sample was made."""
    return asdict(plan) | {"moves": [list(move) for move in MOVES], "seed": seed}
