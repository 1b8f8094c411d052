"""A kept sample under other priors: weights, what they are worth, and how the evidence changes.

Draws of a posterior stand for that under other priors if each is weighted by the ratio of the new
prior to the old, since the likelihood is the same. The mean of that ratio is the ratio of the
evidences. Narrower priors have bounded ratios. Wider ones have not: along a direction of which
the data say nothing, a prior s times as wide gives weights whose tail index is ``1 - 1/s**2``, so
that their variance is infinite from s = 1.41 on, and Kish's effective size of a finite sample says
too much. The tail index is therefore told besides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy  # its parts are loaded when they are used
from numpy.typing import NDArray

from ..common import InputError
from .fitting import Problem
from .weighting import kish_size, weighted_quantiles

Array = NDArray[np.float64]

RELIABLE_BELOW = 0.7
"""Tail index of weights above which no mean of a sample of any usual size is to be trusted."""
_TAIL_SHARE, _TAIL_ROOTS, _TAIL_LEAST = 0.2, 3.0, 5


@dataclass(frozen=True)
class Reweighted:
    """A sample of n draws with weights.

    Attributes:
        log_weights: natural log of the weights, which sum to 1, ``(n,)``.
        log_evidence_ratio: natural log of the evidence under the new priors over that under the
            old ones.

    Raises:
        InputError: no draws, or weights that are not finite or do not sum to 1.
    """

    log_weights: Array
    log_evidence_ratio: float = 0.0

    def __post_init__(self) -> None:
        weights = np.asarray(self.log_weights)
        if weights.ndim != 1 or not weights.size or not np.all(weights < np.inf):
            raise InputError(
                f"log weights of shape {weights.shape}; expected one number a draw, none infinite."
            )
        if not abs(total := float(scipy.special.logsumexp(weights))) < 1e-9:
            raise InputError(f"weights sum to {np.exp(total):g}; expected 1.")

    @classmethod
    def by(cls, log_ratio: Array) -> Reweighted:
        """Weights in proportion to ``exp(log_ratio)`` ``(n,)``, of draws that had equal ones."""
        total = float(scipy.special.logsumexp(log_ratio))
        if not np.isfinite(total):
            raise InputError("no draw is possible under the new priors; expected one or more.")
        return cls(np.asarray(log_ratio - total), total - float(np.log(len(log_ratio))))

    @property
    def weights(self) -> Array:
        """Weights that sum to 1, ``(n,)``."""
        return np.exp(self.log_weights)

    @property
    def effective_size(self) -> float:
        """Kish's effective size: how many independent draws of equal weight say as much."""
        return kish_size(self.log_weights)

    @property
    def log_evidence_error(self) -> float:
        """Standard error of ``log_evidence_ratio``, if the n draws are independent."""
        return float(np.sqrt(max(0.0, 1 / self.effective_size - 1 / len(self.log_weights))))

    @property
    def tail_index(self) -> float:
        """Index of the generalised Pareto distribution of the largest weights; below 0 if bounded.

        From 0.5 on the variance of the weights is infinite, from 1 on their mean. Minus infinity
        if the largest weights are all the same.

        Source: Vehtari et al. 2024, J Mach Learn Res 25(72), 1-58.
        """
        n = len(self.log_weights)
        size = int(max(_TAIL_LEAST, min(_TAIL_SHARE * n, _TAIL_ROOTS * np.sqrt(n))))
        if n <= size:
            raise InputError(f"{n} weights have no tail; expected more than {size}.")
        largest = np.exp(np.sort(self.log_weights)[-size - 1 :] - self.log_weights.max())
        above = largest[1:] - largest[0]
        if not above[-1] > 0:
            return -np.inf
        return float(scipy.stats.genpareto.fit(above[above > 0] / above.mean(), floc=0.0)[0])

    @property
    def is_reliable(self) -> bool:
        """Whether means of it can be trusted."""
        return self.tail_index < RELIABLE_BELOW

    def mean(self, values: Array) -> float:
        """Weighted mean of ``values`` ``(n,)``, one of each draw; of truth values, a share."""
        return float(self.weights @ np.asarray(values, dtype=float))

    def quantiles(self, values: Array, levels: Sequence[float]) -> Array:
        """Weighted quantiles of ``values`` ``(n,)``, one of each draw."""
        return weighted_quantiles(values, self.log_weights, levels)


def log_prior(problem: Problem, theta: Array) -> Array:
    """Log density ``(N,)`` of a problem's priors, Gaussians cut off at its bounds.

    A quantity without a prior adds nothing.

    Args:
        theta: points ``(N, d)``.
    """
    theta = np.atleast_2d(theta)
    mean, sd = problem.prior_mean, problem.prior_sd
    proper = np.isfinite(sd)
    mean, sd = mean[proper], sd[proper]
    low, high = ((bound[proper] - mean) / sd for bound in (problem.lower, problem.upper))
    density = scipy.stats.truncnorm.logpdf(theta[:, proper], low, high, mean, sd).sum(axis=1)
    inside = np.all((theta >= problem.lower) & (theta <= problem.upper), axis=1)
    return np.where(inside, density, -np.inf)


def with_prior_sds(problem: Problem, sds: Mapping[str, float] | float) -> Problem:
    """The problem with other widths of its priors.

    Args:
        sds: standard deviations by name; or one number that multiplies every one.

    Raises:
        InputError: a name that is not estimated, or a width that is not above 0.
    """
    if not isinstance(sds, Mapping):
        wider = dict(zip(problem.names, problem.prior_sd * sds, strict=True))
        return with_prior_sds(problem, wider)
    if unknown := sorted(set(sds) - set(problem.names)):
        raise InputError(f"{unknown[0]} is not estimated; expected some of {problem.names}.")
    sd = [sds.get(name, old) for name, old in zip(problem.names, problem.prior_sd, strict=True)]
    return replace(problem, prior_sd=np.array(sd, dtype=float))


def reweighted(problem: Problem, other: Problem, points: Array) -> Reweighted:
    """A sample of one problem's posterior, for a problem that differs in its priors alone.

    Args:
        problem: whose posterior was sampled.
        other: the same with other priors or tighter bounds.
        points: the sample ``(n, d)``, each draw of the same weight.

    Raises:
        InputError: problems of other quantities, a draw outside the first problem's bounds, or no
            draw within the other's.
    """
    if problem.names != other.names:
        raise InputError(
            f"a sample of {problem.names} cannot be weighted for {other.names}; expected the same "
            "quantities in the same order."
        )
    old = log_prior(problem, points)
    if not np.all(np.isfinite(old)):
        outside = int(np.flatnonzero(~np.isfinite(old))[0])
        raise InputError(
            f"draw {outside + 1} lies outside the bounds of the problem that it is said to be of; "
            "expected draws of its posterior."
        )
    return Reweighted.by(log_prior(other, points) - old)


def model_weights(log_evidences: Mapping[str, float]) -> dict[str, float]:
    """Posterior probability of each model, all equally probable before; they sum to 1.

    Raises:
        InputError: no model.
    """
    if not log_evidences:
        raise InputError("no model was given; expected the log evidence of one or more.")
    values = np.array(list(log_evidences.values()))
    shares = np.exp(values - scipy.special.logsumexp(values))
    return dict(zip(log_evidences, map(float, shares), strict=True))


def mixture(parts: Sequence[tuple[Reweighted, float]]) -> Reweighted:
    """Samples of several models as one, in order, each with its model's weight.

    Args:
        parts: each sample and the weight of its model; these sum to 1.

    Raises:
        InputError: weights of models that do not sum to 1, or are below 0.
    """
    shares = np.array([share for _, share in parts])
    if not (np.all(shares >= 0) and abs(shares.sum() - 1) < 1e-9):
        raise InputError(f"weights of models {shares.tolist()}; expected 0 or more, 1 in all.")
    with np.errstate(divide="ignore"):  # a model of weight 0 has draws of weight 0
        logs = np.log(shares)
    return Reweighted(
        np.concatenate([part.log_weights + log for (part, _), log in zip(parts, logs, strict=True)])
    )
