"""The evidence for a model: the integral of its likelihood over its priors, by nested sampling.

Nested sampling goes through the prior from the outside in, so that it needs no start and makes
no use of an optimum: its weighted points are a second sample of the posterior, beside that of
the ensemble of walkers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy  # its parts are loaded when they are used
from numpy.typing import NDArray

from ..common import InputError, late
from .fitting import Problem
from .weighting import kish_size, weighted_quantiles

Array = NDArray[np.float64]

LIVE_POINTS = 600
BATCH = 128
"""Points that are evaluated together; a constant, since what is drawn depends on it."""
EFFECTIVE = 1_000
"""Effective size at which a run ends."""


@dataclass(frozen=True)
class NestedRun:
    """One nested run.

    Attributes:
        log_evidence: natural log of the evidence, with the constant of the likelihood.
        error: its standard error as the run itself tells it.
        points: weighted sample of the posterior, ``(n, d)`` in the problem's own coordinates.
        log_weights: natural log of their weights, which sum to 1, ``(n,)``.
        calls: parameter sets that were evaluated.
    """

    log_evidence: float
    error: float
    points: Array
    log_weights: Array
    calls: int

    @property
    def effective_size(self) -> float:
        """Kish's effective size of the weighted sample."""
        return kish_size(self.log_weights)

    def quantiles(self, values: Array, levels: Sequence[float]) -> Array:
        """Weighted quantiles of ``values`` ``(n,)``, one of each point."""
        return weighted_quantiles(values, self.log_weights, levels)


def nested_run(
    problem: Problem,
    seed: int,
    log_likelihood_constant: float = 0.0,
    n_live: int = LIVE_POINTS,
    n_effective: float = EFFECTIVE,
) -> NestedRun:
    """Integrate a problem's likelihood over its Gaussian priors, cut off at its bounds.

    Args:
        problem: every parameter needs a prior of finite width.
        seed: of the run; runs of two seeds tell how far one is to be trusted.
        log_likelihood_constant: what is added to the log likelihood ``-0.5 sum(residuals**2)``.
        n_live, n_effective: live points, and the effective size at which the run ends.

    Raises:
        InputError: a parameter without a prior, over which there is nothing to integrate.

    Source: Lange 2023, doi 10.1093/mnras/stad2441 (importance nested sampling), as implemented
    in nautilus.
    """
    if not np.all(np.isfinite(problem.prior_sd)):
        without = problem.names[int(np.argmin(np.isfinite(problem.prior_sd)))]
        raise InputError(f"{without} has no prior; an evidence needs one for each parameter.")
    calls = 0

    def from_unit(unit: Array) -> Array:
        return _prior_quantiles(problem, unit)

    def log_likelihood(points: Array) -> Array:
        nonlocal calls
        points = np.atleast_2d(points)
        calls += len(points)
        residuals = problem.residuals(points)
        return np.asarray(log_likelihood_constant - 0.5 * (residuals**2).sum(axis=1))

    sampler = late.nautilus.Sampler(
        from_unit,
        log_likelihood,
        problem.dimension,
        n_live=n_live,
        n_networks=1,
        n_batch=BATCH,
        vectorized=True,
        pass_dict=False,
        pool=None,
        seed=seed,
    )
    sampler.run(n_eff=n_effective, discard_exploration=True, verbose=False)
    points, log_weights, _ = sampler.posterior()
    log_weights = log_weights - scipy.special.logsumexp(log_weights)
    error = 1.0 / np.sqrt(float(sampler.n_eff))
    return NestedRun(float(sampler.log_z), error, points, log_weights, calls)


def together(runs: Sequence[NestedRun]) -> tuple[float, float]:
    """Log evidence of several runs: their mean, and its error.

    The error is the larger of the runs' own and half the difference between them; of a single
    run, its own.

    Raises:
        InputError: no run.
    """
    if not runs:
        raise InputError("no nested run was given; expected one or more, of different seeds.")
    values = [run.log_evidence for run in runs]
    return float(np.mean(values)), max(0.5 * float(np.ptp(values)), max(r.error for r in runs))


def _prior_quantiles(problem: Problem, unit: Array) -> Array:
    """Points ``(n, d)`` of the prior at cumulative probabilities."""
    low = scipy.stats.norm.cdf((problem.lower - problem.prior_mean) / problem.prior_sd)
    high = scipy.stats.norm.cdf((problem.upper - problem.prior_mean) / problem.prior_sd)
    normal = scipy.special.ndtri(low + (high - low) * np.asarray(unit))
    points = problem.prior_mean + problem.prior_sd * normal
    return np.asarray(np.clip(points, problem.lower, problem.upper), dtype=float)
