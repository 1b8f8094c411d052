"""Maximum a posteriori fits of any residual function, from many starts.

Nothing here knows the model. A :class:`Problem` is a residual function of a
parameter vector with bounds; a Gaussian prior enters as residuals of its own, so
the cost is ``0.5 * sum(residuals**2)``, the negative log posterior up to a
constant, and its Gauss-Newton Hessian is ``J^T J``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace

import numpy as np
import scipy  # its parts are loaded when they are used: a simulation waits for none of them
from numpy.typing import NDArray

from ..common import InputError

Array = NDArray[np.float64]
STEP = 1e-4
"""Central-difference step in log10 parameters: what rounding adds to a slope, and what the step
leaves out of it, are both about 1e-7 if residuals hold to 1e-11."""
DESCENT_STEP = 1e-5
"""Forward-difference step in log10 parameters; good to 1e-5, enough for a slope to descend by."""


@dataclass(frozen=True)
class Problem:
    """A least-squares problem.

    Attributes:
        names: the d parameters.
        residuals: maps parameter sets ``(N, d)`` to residuals ``(N, m)``, rows
            independent; a set that cannot be evaluated gives a row of ``FAILED``.
        lower, upper: bounds ``(d,)``.
        prior_mean, prior_sd: Gaussian prior ``(d,)``; sd ``inf`` for none.

    Raises:
        InputError: bounds that cross or are not finite, or lengths that disagree.
    """

    names: tuple[str, ...]
    residuals: Callable[[Array], Array]
    lower: Array
    upper: Array
    prior_mean: Array
    prior_sd: Array

    def __post_init__(self) -> None:
        d = len(self.names)
        for what in ("lower", "upper", "prior_mean", "prior_sd"):
            if np.shape(getattr(self, what)) != (d,):
                raise InputError(f"{what} must hold {d} numbers, one for each of {self.names}.")
        open_ended = ~(np.isfinite(self.lower) & np.isfinite(self.upper))
        if np.any(open_ended):
            k = int(np.flatnonzero(open_ended)[0])
            raise InputError(
                f"{self.names[k]} may range from {self.lower[k]:g} to {self.upper[k]:g}; expected "
                "finite bounds. Give wide ones if there are none: a fit and a profile need a range."
            )
        if not np.all(self.lower < self.upper) or not np.all(self.prior_sd > 0):
            raise InputError("lower bounds must lie below upper ones, and prior sd above 0.")

    @property
    def dimension(self) -> int:
        """Number of parameters d."""
        return len(self.names)

    def all_residuals(self, theta: Array) -> Array:
        """Data and prior residuals of sets ``(N, d)``: ``(N, m + d)``."""
        theta = np.atleast_2d(theta)
        return np.hstack([self.residuals(theta), (theta - self.prior_mean) / self.prior_sd])

    def cost(self, theta: Array) -> Array:
        """Penalised cost of sets ``(N, d)``: ``(N,)``."""
        return 0.5 * (self.all_residuals(theta) ** 2).sum(axis=1)

    def forward_jacobian(self, theta: Array) -> Array:
        """One-sided Jacobian at one point, at half the cost: good enough to descend by.

        A step that would leave the bounds, beyond which there may be nothing to evaluate, is taken
        backward.
        """
        step = np.where(theta + DESCENT_STEP > self.upper, -DESCENT_STEP, DESCENT_STEP)
        values = self.all_residuals(theta + np.vstack([np.zeros(self.dimension), np.diag(step)]))
        return ((values[1:] - values[0]) / step[:, None]).T

    def steps(self, theta: Array) -> tuple[Array, Array]:
        """How far a central difference at a point steps ahead and behind, ``(d,)`` each.

        No step leaves the bounds, beyond which there may be nothing to evaluate: at a bound the
        difference is one-sided.
        """
        return np.clip(self.upper - theta, 0.0, STEP), np.clip(theta - self.lower, 0.0, STEP)

    def jacobian(self, theta: Array) -> Array:
        """Central-difference Jacobian of all residuals at one point: ``(m + d, d)``."""
        ahead, behind = self.steps(theta)
        both = self.all_residuals(np.vstack([theta + np.diag(ahead), theta - np.diag(behind)]))
        n = self.dimension
        slopes: Array = (both[:n] - both[n:]) / (ahead + behind)[:, None]
        return slopes.T


_AT_BOUND = 1e-6
"""A parameter this close to its bound, as a share of the range, is at it."""
_POLISH = 1e-10
"""Relative change of a point at which its polish ends."""
_SAME = 1e-9
"""Costs that differ by less than this share are the same cost."""
FLAT = 1e-7
"""Residuals that change by this share of what their parts do: less than differences can tell."""
_PART = 0.05
"""Least weight of a parameter that is named as part of a direction."""
FAILED = 1e3
"""Residual of a parameter set that could not be evaluated: a wall, not a number to fit."""


def _square(slopes: Array) -> Array:
    """Gauss-Newton Hessian ``(d, d)`` of residuals with these slopes ``(m, d)``."""
    return slopes.T @ slopes


@dataclass(frozen=True)
class Fit:
    """One local optimum: point ``(d,)``, penalised cost, Jacobian, and how it ended."""

    theta: Array
    cost: float
    jacobian: Array
    start: Array
    evaluations: int
    converged: bool

    @property
    def hessian(self) -> Array:
        """Gauss-Newton Hessian of the cost, ``(d, d)``."""
        return _square(self.jacobian)

    @property
    def covariance(self) -> Array:
        """Laplace covariance of the posterior, ``(d, d)``.

        Raises:
            InputError: a direction along which the cost is flat: it has no finite variance.
        """
        self.require_curved()
        return np.asarray(np.linalg.inv(self.hessian), dtype=np.float64)

    def require_curved(self) -> None:
        """Raise unless the cost rises along every direction.

        Raises:
            InputError: the parameters, counted from 1, that make up the flattest direction.
        """
        lengths = np.linalg.norm(self.jacobian, axis=0)
        along = self.jacobian / np.where(lengths > 0, lengths, 1.0)
        _, sizes, directions = np.linalg.svd(along, full_matrices=True)
        smallest = sizes[-1] if sizes.size == lengths.size else 0.0
        if not np.isfinite(lengths).all() or smallest <= FLAT:
            parts = np.flatnonzero(np.abs(directions[-1]) > _PART) + 1
            raise InputError(
                f"the cost is flat at this optimum along a combination of parameters "
                f"{', '.join(map(str, parts))} of {lengths.size}, so the posterior has no finite "
                "covariance. Give one of them a prior, or hold it fixed."
            )


def starting_points(problem: Problem, n_starts: int, seed: int, width: float = 1.0) -> Array:
    """Sobol points of the prior, ``(n_starts, d)``, clipped to within the bounds.

    Args:
        n_starts: how many; the first is the prior mean itself.
        seed: of the Sobol scrambling.
        width: multiplies the prior's standard deviation.

    Raises:
        InputError: fewer than one start.
    """
    if n_starts < 1:
        raise InputError(f"{n_starts} starts; expected 1 or more.")
    spread = np.where(np.isfinite(problem.prior_sd), problem.prior_sd, 1.0) * width
    sampler = scipy.stats.qmc.Sobol(problem.dimension, seed=np.random.default_rng(seed))
    unit = sampler.random_base2(int(np.ceil(np.log2(max(n_starts, 2)))))[:n_starts]
    points = problem.prior_mean + spread * scipy.stats.norm.ppf(unit.clip(1e-6, 1 - 1e-6))
    points[0] = problem.prior_mean
    margin = 1e-6 * (problem.upper - problem.lower)
    return points.clip(problem.lower + margin, problem.upper - margin)


def fit_from(problem: Problem, start: Array, max_evaluations: int = 200) -> Fit:
    """Local fit from one starting point."""
    solution = scipy.optimize.least_squares(
        lambda theta: problem.all_residuals(theta)[0],
        start,
        jac=problem.forward_jacobian,
        bounds=(problem.lower, problem.upper),
        xtol=1e-9,
        ftol=1e-10,
        gtol=1e-8,
        max_nfev=max_evaluations,
    )
    return Fit(
        solution.x,
        float(solution.cost),
        problem.jacobian(solution.x),
        start,
        int(solution.nfev),
        bool(solution.status > 0),
    )


def polished(problem: Problem, result: Fit) -> Fit:
    """The optimum itself, where a fit ends within its search tolerance of it.

    A search ends where the cost no longer falls, some 1e-5 decades from the optimum, and where in
    that neighbourhood hangs on the last bits. The zero of the gradient does not: it is found from
    there, starting with the Gauss-Newton Hessian. A parameter at its bound stays there.

    Returns:
        The polished fit, or the one given if that cannot be improved.

    Source of the method: Powell 1970, the hybrid method of MINPACK, as in ``scipy.optimize.root``.
    """
    margin = _AT_BOUND * (problem.upper - problem.lower)
    free = (result.theta > problem.lower + margin) & (result.theta < problem.upper - margin)
    if not free.any():
        return result

    def whole(moved: Array) -> Array:
        theta = result.theta.copy()
        theta[free] = moved
        return theta

    def slopes(moved: Array) -> Array:
        return problem.jacobian(whole(moved))[:, free]

    found = scipy.optimize.root(
        lambda moved: slopes(moved).T @ problem.all_residuals(whole(moved))[0],
        result.theta[free],
        jac=lambda moved: _square(slopes(moved)),
        method="hybr",
        options={"xtol": _POLISH},
    )
    theta = whole(found.x)
    if np.any((theta < problem.lower) | (theta > problem.upper)):
        return result
    cost = float(problem.cost(theta)[0])
    if not cost <= result.cost * (1 + _SAME):
        return result
    evaluations = result.evaluations + int(found.nfev)
    return replace(
        result, theta=theta, cost=cost, jacobian=problem.jacobian(theta), evaluations=evaluations
    )


def fit(
    problem: Problem,
    starts: Array,
    executor: Executor | None = None,
    max_evaluations: int = 200,
) -> tuple[Fit, ...]:
    """Local fits from every start, best first.

    The order of starts decides nothing: equal costs keep the order of the starts,
    so the result is the same on any number of workers. The best is :func:`polished`.
    """
    run = executor.map if executor is not None else map
    n = len(starts)
    fits = list(run(fit_from, [problem] * n, list(starts), [max_evaluations] * n))
    best, *others = sorted(fits, key=lambda result: result.cost)
    return polished(problem, best), *others


def share_at_best(fits: Sequence[Fit], within: float = 0.01) -> float:
    """Share of the starts that end at the best cost.

    Args:
        fits: best first.
        within: how far above it counts as there: this share of the best cost, or of 1 (a cost
            is a log posterior) where the best is less than that.
    """
    best = fits[0].cost
    highest = best + within * max(best, 1.0)
    return float(np.mean([result.cost <= highest for result in fits]))


def log_evidence(result: Fit, prior_sd: Array, log_likelihood_constant: float) -> float:
    """Laplace approximation of the log marginal likelihood at an optimum.

    Args:
        result: the optimum.
        prior_sd: ``(d,)``, finite.
        log_likelihood_constant: the terms of the log likelihood that do not depend
            on the parameters, such as ``-sum(log(sigma * sqrt(2 pi)))``.

    Raises:
        InputError: a prior that is not finite, or a direction along which the cost is flat.

    Source: Kass and Raftery 1995, doi 10.1080/01621459.1995.10476572, section 4.1.
    """
    if not np.all(np.isfinite(prior_sd)):
        raise InputError("the evidence needs a proper prior: each standard deviation finite.")
    result.require_curved()
    d = result.theta.size
    log_prior_constant = -np.log(prior_sd * np.sqrt(2 * np.pi)).sum()
    _, log_det = np.linalg.slogdet(result.hessian)
    return float(
        -result.cost
        + log_likelihood_constant
        + log_prior_constant
        + 0.5 * d * np.log(2 * np.pi)
        - 0.5 * log_det
    )
