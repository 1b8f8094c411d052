"""The claimed verdicts once more, by an optimiser that shares only the cost with ours.

:mod:`qsp_lib.inference.profiles` fits by SciPy's trust-region least squares, keeps what it finds
and searches for valleys behind ridges. Here MINUIT's variable-metric method does everything: it
finds its own optimum, walks out from there until the rise crosses the threshold or the range ends,
walks back to catch what it missed, and closes in on each crossing. It starts from the locked fit
and searches the range around it, as our profiles do. No point of our profiles goes in, so a verdict
that agrees is a second verdict on the profile, though not on the fit that both start from.

Source: James and Roos 1975, doi 10.1016/0010-4655(75)90039-9, by iminuit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..common import forbid_opening, late, rounded, write_text_atomic
from ..inference import THRESHOLD, End, Identifiability, Problem, Profile
from ..protocol import KEPT, Record, kept_file, locked_point, read_made_from, signed
from .identifiability import CLAIMED, DECADES, SETTINGS, problem_for, quantity

Array = NDArray[np.float64]
STEPS_PER_DECADE = 2
_CLOSE = 0.02
"""A crossing is found when the rise is this close to the threshold."""
_NARROW = 2e-3
"""... or when it is known within this (decades)."""
_SECANTS = 6
"""After so many the bracket is halved."""
_OFF_LIMIT = 0.02
"""MINUIT's limits have no slope at their ends: each fit starts this share of the range inside."""
_MOST_CALLS = 3000
_DIGITS = 5


@dataclass
class _Walker:
    """MINUIT on one problem with one quantity in the place of its first parameter.

    ``best`` holds the lowest cost found at each value of the quantity, and where.
    """

    at: Coordinates
    best: dict[float, tuple[float, Array]] = field(default_factory=dict)

    def fit(self, start: Array, value: float | None) -> Array:
        """MIGRAD from coordinates ``(d,)``, the quantity held at ``value``, or free if None."""

        lower, upper, solved = self.at.problem.lower, self.at.problem.upper, self.at.solved
        margin = _OFF_LIMIT * (upper - lower)
        inside = start.clip(lower + margin, upper - margin)
        if value is not None:
            inside[solved] = value
        minuit = late.iminuit.Minuit(self.at.twice_cost, inside, grad=self.at.gradient)
        minuit.errordef, minuit.strategy, minuit.tol = late.iminuit.Minuit.LEAST_SQUARES, 0, 0.1
        minuit.limits = list(zip(lower, upper, strict=True))
        minuit.errors = np.full(inside.size, 0.1)
        if value is not None:
            minuit.limits[solved] = (None, None)
            minuit.fixed[solved] = True
        minuit.migrad(ncall=_MOST_CALLS)
        found = np.array(minuit.values)
        key = float(found[solved]) if value is None else value
        if key not in self.best or minuit.fval < self.best[key][0]:
            self.best[key] = float(minuit.fval), found
        return self.best[key][1]

    def cost_at(self, value: float) -> float:
        """Twice the lowest cost found at a value."""
        return self.best[value][0]


def second_profile(
    problem: Problem, name: str, start: Array, steps_per_decade: int = STEPS_PER_DECADE
) -> Profile:
    """The profile of one claimed quantity by MINUIT alone, as far as its verdict needs it.

    Args:
        problem: the fit, priors dropped as :func:`.identifiability.problem_for` does.
        name: ``k_fb``, ``d_IL6`` or ``r``.
        start: the locked point ``(d,)``; it also says where the range is, three decades to
            either side, within the bounds of a parameter.
        steps_per_decade: how dense the walk is.
    """
    wanted = quantity(name)
    row = wanted.row(problem.names)
    solved = problem.names.index(wanted.weights[0][0])
    plain = np.eye(row.size)[solved]
    alone = _Walker(Coordinates(problem, plain, solved))
    optimum = alone.fit(np.array(start, dtype=float), None)
    walker = _Walker(Coordinates(problem, row, solved))
    x = np.array(optimum)
    x[solved] = row @ optimum
    centre = float(row @ start)
    low, high = centre - DECADES, centre + DECADES
    if len(wanted.weights) == 1:
        low, high = max(low, problem.lower[solved]), min(high, problem.upper[solved])
    first = float(np.clip(x[solved], low, high))
    begun = walker.fit(x, first)
    for end in (low, high):
        _walk(walker, first, begun, end, steps_per_decade)
    # only now is the lowest cost known, from which both crossings count
    ends = [_end(walker, end) for end in (low, high)]
    values = np.array(sorted(walker.best))
    costs = np.array([walker.cost_at(value) for value in values])
    at = float(values[int(np.argmin(costs))])
    return Profile(
        name,
        values,
        costs - costs.min(),
        np.empty((values.size, 0)),
        float(costs.min()) / 2,
        at,
        ends[0][0],
        ends[1][0],
        ends[0][1],
        ends[1][1],
    )


def _walk(walker: _Walker, first: float, begun: Array, end: float, steps_per_decade: int) -> None:
    """Out to the first value past the threshold or to the end of the range, and back again."""
    if abs(end - first) < 1e-9:
        return
    n_steps = max(int(np.ceil(abs(end - first) * steps_per_decade)), 1)
    grid = [float(value) for value in np.linspace(first, end, n_steps + 1)]
    visited, x = [first], begun
    for value in grid[1:]:
        x = walker.fit(x, value)
        visited.append(value)
        if _rise(walker, value) > THRESHOLD:
            break
    for value in visited[-2:0:-1]:
        x = walker.fit(x, value)


def _end(walker: _Walker, end: float) -> tuple[float, End]:
    """The crossing nearest to the lowest cost on its side towards ``end``; ``end`` if none is."""
    lowest = min(walker.best, key=walker.cost_at)
    side = np.sign(end - lowest)
    outward = sorted((v for v in walker.best if side * (v - lowest) >= 0), key=lambda v: side * v)
    for below, above in pairwise(outward):
        if side and _rise(walker, above) > THRESHOLD:
            return _crossing(walker, below, above), End.CROSSED
    return end, End.OPEN


def _crossing(walker: _Walker, below: float, above: float) -> float:
    """Close in on the value where the rise is the threshold; its root is nearly straight."""
    tries = 0
    while abs(above - below) > _NARROW:
        roots = [np.sqrt(max(_rise(walker, value), 0.0)) for value in (below, above)]
        share = (np.sqrt(THRESHOLD) - roots[0]) / (roots[1] - roots[0])
        share = np.clip(share, 0.05, 0.95) if tries < _SECANTS else 0.5
        tries += 1
        value = float(below + share * (above - below))
        walker.fit(walker.best[below][1], value)
        walker.fit(walker.best[above][1], value)
        rise = _rise(walker, value)
        if abs(rise - THRESHOLD) < _CLOSE:
            return value
        below, above = (value, above) if rise < THRESHOLD else (below, value)
    return (below + above) / 2


def _rise(walker: _Walker, value: float) -> float:
    return walker.cost_at(value) - min(cost for cost, _ in walker.best.values())


# ---------------------------------------------------------------- the kept verdicts


def kept_path(record: Record, directory: Path = KEPT) -> Path:
    """Where the verdicts found from a record are kept."""
    return kept_file("second verdicts", record, directory)


def write_verdicts(
    record: Record,
    executor: Executor | None = None,
    directory: Path = KEPT,
    settings: Sequence[str] = tuple(SETTINGS),
    say: Callable[[str], None] = lambda line: None,
) -> Path:
    """Find the verdicts on the claimed quantities in every setting, and keep them.

    Takes minutes. It rests on the lock record and the observations alone.

    Args:
        directory: where to keep them; made if need be.
        settings: which priors are dropped, as in :data:`qsp_lib.analyses.identifiability.SETTINGS`.
        say: called with one line of progress at a time.
    """
    directory.mkdir(parents=True, exist_ok=True)  # first: what follows takes minutes
    jobs = [(setting, name) for setting in settings for name in CLAIMED]
    problems = [problem_for(name, setting) for setting, name in jobs]
    starts = [locked_point(record, problem) for problem in problems]
    run = executor.map if executor is not None else map
    found: dict[str, dict[str, Any]] = {setting: {} for setting in settings}
    with forbid_opening():
        made = run(second_profile, problems, [name for _, name in jobs], starts)
        for (setting, name), profile in zip(jobs, made, strict=True):
            say(f"{name} ({setting}): {profile.verdict.value}")
            found[setting][name] = _plain(profile)
    content = {
        "lock": dict(record.summary),
        "with": f"iminuit {version('iminuit')}",
        "threshold": THRESHOLD,
        "verdicts": found,
    }
    return write_text_atomic(kept_path(record, directory), signed(content))


def _plain(profile: Profile) -> dict[str, Any]:
    content: dict[str, Any] = rounded(
        {
            "verdict": profile.verdict.value,
            "low": profile.low,
            "low_is": profile.lower_end.value,
            "high": profile.high,
            "high_is": profile.upper_end.value,
            "cost": profile.cost,
            "values": profile.values.tolist(),
            "rise": profile.rise.tolist(),
        },
        _DIGITS,
    )
    return content


@dataclass(frozen=True)
class SecondVerdict:
    """One verdict of the second profiler.

    Attributes:
        verdict: in the words of :class:`qsp_lib.inference.profiles.Identifiability`.
        low, high: ends of its interval, or of the range where a side is open (log10).
        cost: the lowest penalised cost it found.
    """

    verdict: Identifiability
    low: float
    high: float
    lower_end: End
    upper_end: End
    cost: float


@dataclass(frozen=True)
class SecondVerdicts:
    """Every kept verdict, by setting and quantity, and who found them."""

    found_with: str
    verdicts: Mapping[str, Mapping[str, SecondVerdict]]


def read_verdicts(record: Record, directory: Path = KEPT) -> SecondVerdicts:
    """The verdicts that were found from this record.

    Raises:
        LockError: none are kept, they were edited, or found from another record.
    """
    return read_made_from(
        record,
        kept_path(record, directory),
        _verdicts,
        "second verdicts",
        "make them with 'qsp-crs profiles --second'",
    )


def _verdicts(content: Mapping[str, Any]) -> SecondVerdicts:
    """The verdicts from the content of their file."""
    return SecondVerdicts(
        content["with"],
        {
            setting: {
                name: SecondVerdict(
                    Identifiability(one["verdict"]),
                    one["low"],
                    one["high"],
                    End(one["low_is"]),
                    End(one["high_is"]),
                    one["cost"],
                )
                for name, one in found.items()
            }
            for setting, found in content["verdicts"].items()
        },
    )


@dataclass(frozen=True)
class Coordinates:
    """A problem as MINUIT is given it: a quantity stands in the place of one parameter.

    Attributes:
        problem: the fit.
        row: weights of the quantity over the parameters, ``(d,)``.
        solved: which parameter it stands for; that one follows from the others.
    """

    problem: Problem
    row: Array
    solved: int

    @property
    def others(self) -> Array:
        """Weights of the quantity over the parameters that stay, ``(d,)``."""
        return np.where(np.arange(self.row.size) == self.solved, 0.0, self.row)

    def theta(self, x: Array) -> Array:
        """Parameters ``(d,)`` from coordinates ``(d,)``."""
        theta = np.array(x, dtype=float)
        theta[self.solved] = (x[self.solved] - self.others @ theta) / self.row[self.solved]
        return theta

    def twice_cost(self, x: Array) -> float:
        """What MINUIT lowers."""
        return float(2 * self.problem.cost(self.theta(x))[0])

    def gradient(self, x: Array) -> Array:
        """Its slope in the coordinates, ``(d,)``."""
        theta = self.theta(x)
        slope = 2 * self.problem.jacobian(theta).T @ self.problem.all_residuals(theta)[0]
        along = slope - self.others / self.row[self.solved] * slope[self.solved]
        along[self.solved] = slope[self.solved] / self.row[self.solved]
        return along


def cross_check(problem: Problem, profile: Profile, n_steps: int = 6) -> pd.DataFrame:
    """The same profile by another optimiser: MINUIT's variable-metric method.

    From the optimum it walks to either end of the interval (or of the range, if the profile
    is open there) in ``n_steps`` steps, each continued from the one before by MINUIT alone;
    the costs it finds are set beside ours.

    Returns:
        A table with ``quantity``, ``value`` (log10), ``rise`` (ours, interpolated) and
        ``minuit_rise``, both above the lowest cost that either found.

    Source: James and Roos 1975, doi 10.1016/0010-4655(75)90039-9, by iminuit.
    """

    wanted = quantity(profile.name)
    solved = problem.names.index(wanted.weights[0][0])
    coordinates = Coordinates(problem, wanted.row(problem.names), solved)
    lowest = int(np.argmin(profile.rise))
    rows = []
    for end in (profile.low, profile.high):
        start = profile.theta[lowest].copy()
        start[solved] = profile.values[lowest]
        if abs(end - start[solved]) < 1e-9:
            continue  # the optimum is at the end of the range: there is no side to walk
        margin = 1e-6 * (problem.upper - problem.lower)
        inside = start.clip(problem.lower + margin, problem.upper - margin)
        inside[solved] = start[solved]
        # the walk may not begin at our own solution: only its first point is ours
        for value in np.linspace(profile.values[lowest], end, n_steps + 1)[1:]:
            minuit = late.iminuit.Minuit(
                coordinates.twice_cost, inside, grad=coordinates.gradient, name=problem.names
            )
            minuit.errordef, minuit.strategy, minuit.tol = late.iminuit.Minuit.LEAST_SQUARES, 0, 0.1
            minuit.limits = [
                (None, None) if i == solved else (low, high)
                for i, (low, high) in enumerate(zip(problem.lower, problem.upper, strict=True))
            ]
            minuit.errors = np.full(problem.dimension, 0.1)
            minuit.values[solved] = float(value)
            minuit.fixed[solved] = True
            minuit.migrad(ncall=4000)
            inside = np.array(minuit.values)
            rows.append(
                {
                    "quantity": profile.name,
                    "value": float(value),
                    "rise": profile.rise_at(float(value)),
                    "minuit_rise": float(minuit.fval) - 2 * profile.cost,
                }
            )
    return pd.DataFrame(rows)
