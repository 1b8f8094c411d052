"""Profile likelihoods: how far one quantity can move before the fit must get worse.

The quantity is a parameter, or a linear combination of parameters (in log10: a ratio
or a product). It is held at one value after another while every other parameter is
fitted again; twice the rise of the penalised cost is compared with the chi-square
quantile of one degree of freedom. Nothing here knows the model: it profiles any
:class:`qsp_lib.inference.fitting.Problem`.

Source: Raue et al. 2009, doi 10.1093/bioinformatics/btp358.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares
from scipy.special import chdtri

from ..common import InputError
from .fitting import Problem, fit_from

Array = NDArray[np.float64]
CONFIDENCE = 0.95
THRESHOLD = float(chdtri(1, 1 - CONFIDENCE))
"""3.84, of chi-square: the rise at which a value leaves the confidence interval."""
N_POINTS = 41
_JUMP = 0.2
"""A root of the rise this far above what its neighbours suggest is fitted again: on the way out,
above their straight line; between two, above their mean."""
_GAIN = 1e-3
"""A rise lower by less than this is the same rise."""
_NEAR_BOUND = 1e-3
"""A parameter this close to its bound, as a share of the range, is at it."""
_CLOSE = 2e-3
"""A root of the rise this close to that of the threshold ends the search."""
_ROUNDS = 3
_STEPS = 12
"""Most steps of the search for an interval's end."""
_TOLERANCE, _ROUGH, _FINE = 1e-5, 1e-3, 1e-7
"""Relative tolerance of a fit, of one that only looks whether another valley is lower, and of
one that an interval's end is read from."""
_HIGH = 500.0
"""Above this cost a fit's tolerance is that of this cost: a constant in it stops no fit early."""
_WORTH_A_FIT = 0.1
"""A rough fit that ends within this of the cost known is carried through."""
_TRIALS = 7
"""Values along a profile at which the fit is tried from other optima."""


@dataclass(frozen=True)
class ProfiledQuantity:
    """What is profiled: ``sum(weight * parameter)``.

    The first parameter is the one that gives way: it follows from the value of the
    quantity, and all the others are fitted again.

    Raises:
        InputError: no parameter, or a weight of 0.
    """

    name: str
    weights: tuple[tuple[str, float], ...]

    def __post_init__(self) -> None:
        weights = [weight for _, weight in self.weights]
        if not weights or not all(np.isfinite(weights)) or 0.0 in weights:
            raise InputError(f"{self.name} has weights {weights}; expected numbers other than 0.")

    @classmethod
    def of(cls, parameter: str) -> ProfiledQuantity:
        """One parameter."""
        return cls(parameter, ((parameter, 1.0),))

    @classmethod
    def log_ratio(cls, name: str, over: str, under: str) -> ProfiledQuantity:
        """``log10(over/under)`` of two parameters in log10; ``under`` is fitted again."""
        return cls(name, ((over, 1.0), (under, -1.0)))

    def row(self, names: Sequence[str]) -> Array:
        """Weights in the order of ``names``, ``(d,)``.

        Raises:
            InputError: a parameter that the problem does not have.
        """
        row = np.zeros(len(names))
        for parameter, weight in self.weights:
            if parameter not in names:
                raise InputError(f"no parameter {parameter!r} to profile; expected one of {names}.")
            row[list(names).index(parameter)] = weight
        return row


class End(Enum):
    """How one side of a profile ends."""

    CROSSED = "crosses the threshold"
    OPEN = "stays below the threshold to the end of the range"
    STOPPED = "stopped at a bound"


class Identifiability(Enum):
    """What a profile says of its quantity, in plain words."""

    IDENTIFIABLE = "identifiable"
    BOUNDED_BELOW = "bounded below only"
    BOUNDED_ABOVE = "bounded above only"
    FLAT = "flat"
    STOPPED = "stopped at a bound"

    @property
    def one_sided(self) -> bool:
        """Whether the profile has an end on one side only."""
        return self in (Identifiability.BOUNDED_BELOW, Identifiability.BOUNDED_ABOVE)

    @classmethod
    def of(cls, lower: End, upper: End) -> Identifiability:
        """The verdict on a quantity whose profile ends so on either side."""
        if End.STOPPED in (lower, upper):
            return cls.STOPPED
        return {
            (End.CROSSED, End.CROSSED): cls.IDENTIFIABLE,
            (End.CROSSED, End.OPEN): cls.BOUNDED_BELOW,
            (End.OPEN, End.CROSSED): cls.BOUNDED_ABOVE,
            (End.OPEN, End.OPEN): cls.FLAT,
        }[lower, upper]


@dataclass(frozen=True)
class Profile:
    """The profile of one quantity.

    Attributes:
        name: the quantity.
        values: ``(n,)``, increasing, the optimum among them.
        rise: ``(n,)``, twice the rise of the penalised cost above the lowest found.
        theta: ``(n, d)``, all parameters, fitted again at each value.
        cost: the lowest penalised cost.
        optimum: the value at that cost.
        low, high: ends of the confidence interval; where a side does not cross the
            threshold, the end of what was searched.
        lower_end, upper_end: how each side ends.
    """

    name: str
    values: Array
    rise: Array
    theta: Array
    cost: float
    optimum: float
    low: float
    high: float
    lower_end: End
    upper_end: End

    @property
    def verdict(self) -> Identifiability:
        """What its two ends say of the quantity."""
        return Identifiability.of(self.lower_end, self.upper_end)

    def rise_at(self, value: float) -> float:
        """The rise between the fitted values, by interpolation.

        Raises:
            InputError: a value outside what was searched.
        """
        if not self.values[0] <= value <= self.values[-1]:
            raise InputError(
                f"{self.name} was profiled from {self.values[0]:g} to {self.values[-1]:g}, not at "
                f"{value:g}."
            )
        return float(np.interp(value, self.values, _signed_root(self)) ** 2)


def _signed_root(profile: Profile) -> Array:
    """Root of the rise, negative below the optimum: nearly a straight line near it."""
    return np.sign(profile.values - profile.optimum) * np.sqrt(profile.rise)


@dataclass(frozen=True)
class Request:
    """One profile to make.

    Attributes:
        problem: the fit.
        quantity: what to profile.
        best: ``(d,)``, an optimum of the problem; if a lower one turns up, that counts.
        low, high: the range to search, cut to the bounds of a parameter that is profiled
            itself. An optimum outside it (on a plateau, say) is followed to the near end; a
            range that lies wholly above the threshold is refused when it has been searched.
        n_points: values over that range, evenly spaced; those that find the interval's
            ends, and the optimum, come on top.
        others: other local optima ``(d,)``; the fit is tried from each of them here and
            there along the profile, so that a valley behind a ridge is found.

    Raises:
        InputError: fewer than 3 points, an optimum of the wrong length or outside the
            bounds, or an empty range.
    """

    problem: Problem
    quantity: ProfiledQuantity
    best: Array
    low: float
    high: float
    n_points: int = N_POINTS
    others: tuple[Array, ...] = ()

    def __post_init__(self) -> None:
        if self.n_points < 3:
            raise InputError(f"{self.n_points} points for a profile; expected 3 or more.")
        if np.shape(self.best) != (self.problem.dimension,):
            raise InputError(f"the optimum must hold {self.problem.dimension} numbers.")
        if np.any(self.best < self.problem.lower) or np.any(self.best > self.problem.upper):
            raise InputError("the optimum lies outside the bounds of the problem.")
        low, high = self.span
        if not low < high:
            raise InputError(
                f"{self.quantity.name}: nothing to search between {self.low:g} and {self.high:g} "
                f"within the bounds {self.bounds[0]:g} to {self.bounds[1]:g}."
            )

    @property
    def row(self) -> Array:
        """Weights of the profiled quantity over the problem's parameters, ``(d,)``."""
        return self.quantity.row(self.problem.names)

    @property
    def at_best(self) -> float:
        """The quantity at the optimum."""
        return float(self.row @ self.best)

    @property
    def bounds(self) -> tuple[float, float]:
        """Bounds of the quantity itself; a combination has none of its own."""
        if len(self.quantity.weights) > 1:
            return -np.inf, np.inf
        k = int(np.flatnonzero(self.row)[0])
        ends = self.row[k] * np.array([self.problem.lower[k], self.problem.upper[k]])
        return float(ends.min()), float(ends.max())

    @property
    def span(self) -> tuple[float, float]:
        """The range to search, within the bounds."""
        return max(self.low, self.bounds[0]), min(self.high, self.bounds[1])

    def outward(self, direction: int) -> Array:
        """Values to visit from the start down (-1) or up (+1)."""
        grid = np.linspace(*self.span, self.n_points)
        beyond = grid[direction * (grid - self.start) > 1e-9]
        return beyond[::direction]

    @property
    def start(self) -> float:
        """Where the profile starts: at the optimum, or at the end of the range nearest to it."""
        return float(np.clip(self.at_best, *self.span))


@dataclass(frozen=True)
class _Held:
    """Residuals of the parameters that stay free while a quantity is held at a value."""

    problem: Problem
    row: Array
    solved: int
    value: float

    def full(self, free: Array) -> Array:
        """All parameters ``(N, d)`` from the free ones ``(N, d - 1)``."""
        theta = np.insert(free, self.solved, 0.0, axis=1)
        theta[:, self.solved] = (self.value - theta @ self.row) / self.row[self.solved]
        return theta

    def __call__(self, free: Array) -> Array:
        theta = self.full(free)
        k = self.solved
        prior = (theta[:, k] - self.problem.prior_mean[k]) / self.problem.prior_sd[k]
        return np.hstack([self.problem.residuals(theta), prior[:, None]])

    def free_problem(self) -> Problem:
        """The fit of the free parameters."""
        p, k = self.problem, self.solved
        rest = [np.delete(a, k) for a in (p.lower, p.upper, p.prior_mean, p.prior_sd)]
        return Problem(p.names[:k] + p.names[k + 1 :], self, *rest)


def _refit(
    request: Request, value: float, starts: Sequence[Array], tolerance: float = _TOLERANCE
) -> tuple[Array, float]:
    """Fit everything but the quantity, from the best of some points ``(d,)``; point and cost."""
    row = request.row
    solved = request.problem.names.index(request.quantity.weights[0][0])
    held = _Held(request.problem, row, solved, value)
    free = held.free_problem()
    margin = 1e-9 * (free.upper - free.lower)
    points = np.delete(np.array(starts), solved, axis=1)
    points = points.clip(free.lower + margin, free.upper - margin)
    costs = free.cost(points)
    start, begun = points[int(np.argmin(costs))], float(costs.min())
    if free.dimension == 0:
        return held.full(start[None])[0], begun
    # differences of costs are known no better than the largest of them
    smallest = max(tolerance * _HIGH / max(begun, _HIGH), 1e-14)
    solution = least_squares(
        lambda theta: free.all_residuals(theta)[0],
        start,
        jac=free.forward_jacobian,
        bounds=(free.lower, free.upper),
        xtol=tolerance,
        ftol=smallest,
        gtol=1e-6,
        max_nfev=60,
    )
    return held.full(solution.x[None])[0], float(solution.cost)


@dataclass(frozen=True)
class _Points:
    """Fits along a profile: value ``(n,)``, all parameters ``(n, d)`` and cost ``(n,)``."""

    values: Array
    theta: Array
    costs: Array


def _sweep(request: Request, direction: int) -> _Points:
    """Fits from the optimum outward, each continued from the ones before; the start comes first."""
    best = np.asarray(request.best, dtype=float)
    lowest = float(request.problem.cost(best)[0])
    start = best, lowest
    if request.start != request.at_best:
        start = _refit(request, request.start, [best])
    values, theta, costs = [request.start], [start[0]], [start[1]]
    for value in request.outward(direction):
        starts = [theta[-1]]
        roots = _roots(np.array(costs[-2:]), lowest)
        expected = roots[-1]
        if len(values) > 1:
            ahead = (value - values[-1]) / (values[-1] - values[-2])
            starts.append(theta[-1] + ahead * (theta[-1] - theta[-2]))
            expected += ahead * max(roots[1] - roots[0], 0.0)
        point, cost = _refit(request, value, starts)
        if len(values) > 1 and _roots(cost, lowest) > expected + _JUMP:
            for other in (theta[-1], best):
                again = _refit(request, value, [other])
                point, cost = again if again[1] < cost else (point, cost)
        values.append(float(value))
        theta.append(point)
        costs.append(cost)
    return _Points(np.array(values), np.array(theta), np.array(costs))


def _joined(down: _Points, up: _Points) -> _Points:
    """Both sweeps as one, values increasing, the start once."""
    parts = zip((down.values, down.theta, down.costs), (up.values, up.theta, up.costs), strict=True)
    return _Points(*(np.concatenate([one[:0:-1], other]) for one, other in parts))


def _finish(request: Request, points: _Points) -> Profile:
    """Repair what did not follow, close in on the interval's ends, and read the profile off."""
    tried: set[_Trial] = set()
    points = _repair(request, _try_others(request, points), tried)
    for _ in range(_ROUNDS):
        lower = _lower_optimum(request, points)
        if lower is None:
            break
        request = replace(request, best=lower, others=(request.best, *request.others))
        again = _joined(_sweep(request, -1), _sweep(request, 1))
        points = _repair(request, _lower_of(points, again), tried)
    if np.all(_excess(request, points.costs) >= 0):
        least = 2 * (float(points.costs.min()) - _lowest(request, points.costs))
        low, high = request.span
        raise InputError(
            f"{request.quantity.name}: the whole range from {low:g} to {high:g} lies above the "
            f"threshold (the least rise in it is {least:.3g}, the threshold {THRESHOLD:.3g}), so "
            f"the interval is outside; the optimum is at {request.at_best:g}. Ask for a range "
            "that holds it."
        )
    for _ in range(_ROUNDS):
        for direction in (-1, 1):
            points = _find_end(request, points, direction)
        # what closed in on an end is held to the same standard as the grid
        repaired = _repair(request, points, tried)
        settled = np.array_equal(repaired.costs, points.costs)
        points = repaired
        if settled:
            break
    return _read_off(request, points)


def _lower_optimum(request: Request, points: _Points) -> Array | None:
    """The optimum of a valley that turned out lower than the given one, or None."""
    k = int(np.argmin(points.costs))
    if points.costs[k] > float(request.problem.cost(request.best)[0]) - _GAIN:
        return None
    p = request.problem
    margin = 1e-9 * (p.upper - p.lower)
    found = fit_from(p, points.theta[k].clip(p.lower + margin, p.upper - margin))
    return found.theta if found.cost <= points.costs[k] else points.theta[k]


def _lower_of(one: _Points, other: _Points) -> _Points:
    """Both sets of fits as one, values increasing; at a value in both, the lower fit."""
    values = np.concatenate([one.values, other.values])
    theta = np.concatenate([one.theta, other.theta])
    costs = np.concatenate([one.costs, other.costs])
    order = np.lexsort((costs, values.round(9)))
    first = np.append(True, np.diff(values[order].round(9)) > 0)
    keep = order[first]
    return _Points(values[keep], theta[keep], costs[keep])


def _try_others(request: Request, points: _Points) -> _Points:
    """Fit from the other optima at a few values, the ends among them; keep what is lower."""
    theta, costs = points.theta.copy(), points.costs.copy()
    if request.others:
        for k in np.unique(np.linspace(0, len(costs) - 1, _TRIALS).round().astype(int)):
            for other in request.others:
                rough = _refit(request, points.values[k], [other], _ROUGH)
                if rough[1] < costs[k] + _WORTH_A_FIT:
                    again = _refit(request, points.values[k], [rough[0]])
                    if again[1] < costs[k]:
                        theta[k], costs[k] = again
    return replace(points, theta=theta, costs=costs)


_Trial = tuple[float, bytes]
"""A fit that was tried: the value at which, and the point that it began at."""


def _repair(request: Request, points: _Points, tried: set[_Trial]) -> _Points:
    """Fit again from a neighbour wherever that leads lower, until it no longer does.

    A fit is the same each time it is tried, and what is known at its value only becomes lower: one
    that is among ``tried``, to which those tried here are added, is not tried again.
    """
    theta, costs, last = points.theta.copy(), points.costs.copy(), len(points.costs) - 1
    for _ in range(_ROUNDS):
        before = costs.copy()
        lowest = _lowest(request, costs)
        middle = int(np.argmin(costs))
        for k in [*reversed(range(last + 1)), *range(last + 1)]:
            around = [i for i in (k - 1, k + 1) if 0 <= i <= last]
            roots = _roots(costs, lowest)
            stands_out = len(around) == 2 and roots[k] > roots[around].mean() + _JUMP
            moved = [_moved(request, theta[i], points.values[k]) for i in around]
            leads_lower = request.problem.cost(np.array(moved)) < costs[k] - _GAIN
            for i, lower in zip(around, leads_lower, strict=True):
                # a profile that falls on the way out was in the wrong valley before
                falls_outward = abs(i - middle) > abs(k - middle) and costs[i] < costs[k] - _GAIN
                trial = float(points.values[k]), theta[i].tobytes()
                if (stands_out or lower or falls_outward) and trial not in tried:
                    tried.add(trial)
                    again = _refit(request, points.values[k], [theta[i]])
                    if again[1] < costs[k]:
                        theta[k], costs[k] = again
        if 2 * np.max(before - costs) < _GAIN:
            break
    return replace(points, theta=theta, costs=costs)


def _lowest(request: Request, costs: Array) -> float:
    """Lowest cost known: of the fits along the profile and of the optimum that was given."""
    return float(min(costs.min(), request.problem.cost(request.best)[0]))


def _roots(costs: Array | float, lowest: float) -> Array:
    """Root of twice the rise of costs: a straight line where the cost is a parabola."""
    return np.sqrt(np.maximum(2 * (np.asarray(costs) - lowest), 0.0))


def _moved(request: Request, theta: Array, value: float) -> Array:
    """A point with the quantity put at another value, all else as it is."""
    row = request.row
    k = request.problem.names.index(request.quantity.weights[0][0])
    moved = theta.copy()
    moved[k] += (value - row @ theta) / row[k]
    return moved


def _find_end(request: Request, points: _Points, direction: int) -> _Points:
    """Add fits that close in on the outermost crossing of the threshold on one side.

    The two fits on either side of it are carried on to the finer tolerance first.
    """
    values, theta, costs = list(points.values), list(points.theta), list(points.costs)
    fine: set[float] = set()
    for _ in range(_STEPS):
        excess = _excess(request, np.array(costs))
        inside = np.flatnonzero(excess < 0)[::direction]
        k = int(inside[-1])
        beyond = k + direction
        if not 0 <= beyond < len(values):
            break
        rough = [i for i in (k, beyond) if values[i] not in fine]
        for i in rough:
            again = _refit(request, values[i], [theta[k], theta[beyond]], _FINE)
            if again[1] < costs[i]:
                theta[i], costs[i] = again
            fine.add(values[i])
        if rough:
            continue
        if min(abs(excess[k]), abs(excess[beyond])) < _CLOSE:
            break
        # keep clear of both fits, so that the bracket shrinks from either side
        share = min(max(excess[k] / (excess[k] - excess[beyond]), 0.1), 0.9)
        value = float(values[k] + share * (values[beyond] - values[k]))
        between = theta[k] + share * (theta[beyond] - theta[k])
        point, cost = _refit(request, value, [between, theta[k], theta[beyond]], _FINE)
        at = max(k, beyond)
        values.insert(at, value)
        theta.insert(at, point)
        costs.insert(at, cost)
        fine.add(value)
    return _Points(np.array(values), np.array(theta), np.array(costs))


def _excess(request: Request, costs: Array) -> Array:
    """Root of the rise above that of the threshold: nearly straight across the crossing."""
    return _roots(costs, _lowest(request, costs)) - np.sqrt(THRESHOLD)


def _read_off(request: Request, points: _Points) -> Profile:
    values, theta, costs = points.values, points.theta, points.costs
    lowest = _lowest(request, costs)
    given = float(request.problem.cost(request.best)[0])
    optimum = request.at_best if given <= costs.min() else float(values[np.argmin(costs)])
    excess = _excess(request, costs)
    inside = np.flatnonzero(excess < 0)
    ends = []
    for edge, step, limit in (
        (int(inside[0]), -1, request.bounds[0]),
        (int(inside[-1]), 1, request.bounds[1]),
    ):
        beyond = edge + step
        if 0 <= beyond < len(values):
            share = excess[edge] / (excess[edge] - excess[beyond])
            value = values[edge] + share * (values[beyond] - values[edge])
            held = any(_held_by_a_bound(request, theta[k]) for k in (edge, beyond))
            end = End.STOPPED if held else End.CROSSED
        else:
            value = values[edge]
            end = End.STOPPED if abs(value - limit) < 1e-9 else End.OPEN
        ends.append((float(value), end))
    return Profile(
        request.quantity.name,
        values,
        2 * (costs - lowest),
        theta,
        lowest,
        optimum,
        ends[0][0],
        ends[1][0],
        ends[0][1],
        ends[1][1],
    )


def _held_by_a_bound(request: Request, theta: Array) -> bool:
    """Whether a parameter other than the one that gives way is held by its bound, and that matters.

    On a plateau a parameter may lie at its bound and be at home there; the bound makes
    the interval's end only if the cost would go on falling beyond it, so fast that one more
    range of the parameter would gain the threshold. The quantity stays what it is meanwhile.
    """
    p, row = request.problem, request.row
    span = p.upper - p.lower
    solved = p.names.index(request.quantity.weights[0][0])
    others = np.arange(theta.size) != solved
    at_lower = others & (theta < p.lower + _NEAR_BOUND * span)
    at_upper = others & (theta > p.upper - _NEAR_BOUND * span)
    if not np.any(at_lower | at_upper):
        return False
    # the slope along the few that are there, and along no other; no step leaves their bounds
    there = np.flatnonzero(at_lower | at_upper)
    ahead, behind = (steps[there] for steps in p.steps(theta))
    along = np.eye(theta.size)[there]
    along[:, solved] = -row[there] / row[solved]
    here, *both = p.all_residuals(
        np.vstack([theta, theta + ahead[:, None] * along, theta - behind[:, None] * along])
    )
    forward, backward = both[: there.size], both[there.size :]
    slope = (np.array(forward) - np.array(backward)) @ here / (ahead + behind)
    gain = 2 * np.where(at_lower[there], slope, -slope) * span[there]
    return bool(np.any(gain > THRESHOLD))


def profile(request: Request, executor: Executor | None = None) -> Profile:
    """One profile; see :func:`profile_all`.

    Raises:
        InputError: as there.
    """
    return profile_all([request], executor)[0]


def profile_all(
    requests: Sequence[Request], executor: Executor | None = None
) -> tuple[Profile, ...]:
    """Profiles in the order asked for; each quantity and direction is a job of its own.

    A job depends on its request alone, so the result is the same on any number of workers.
    Fits are local and follow the valley they are in; where it ends, the lower one is
    followed back. A valley behind a ridge is found only from one of ``others``; one that is
    lower than the optimum given moves the optimum, and the profile is followed from there.

    Raises:
        InputError: a range that lies wholly above the threshold: no end of the interval is in it.
    """
    requests = list(requests)
    run = executor.map if executor is not None else map
    jobs = [(request, direction) for request in requests for direction in (-1, 1)]
    sweeps = list(run(_sweep, *zip(*jobs, strict=True))) if jobs else []
    joined = [_joined(down, up) for down, up in zip(sweeps[::2], sweeps[1::2], strict=True)]
    return tuple(run(_finish, requests, joined))
