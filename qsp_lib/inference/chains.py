"""Markov chains of an ensemble of walkers, what they are worth, and whether two samples agree.

Nothing here knows the model. A chain is chaotic: one last bit that differs makes another
chain, as good as the first. So no two chains are compared digit by digit; they are compared as
samples, by :func:`compare`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import scipy  # its parts are loaded when they are used
from numpy.typing import NDArray

from ..common import InputError, late
from .fitting import Fit, Problem
from .posterior import eigen_directions

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]

MOVES = (("DEMove", 0.7), ("StretchMove", 0.3))
"""Moves of emcee and their shares. Its DESnookerMove is not among them: as of 3.1.6 its steps and
its acceptance are not those of its source, and a Gaussian in 20 dimensions comes out 10 % too
narrow with a share of 0.2."""
LEG = 500
"""Steps that share a seed, and after which what there is can be kept."""


class Store(Protocol):
    """Where finished legs of a chain are kept; :class:`qsp_lib.inference.Checkpoint` is one."""

    def finished(self) -> Iterator[tuple[int, int, Array]]:
        """First row, row after the last, and content of what there is, in order."""

    def add(self, start: int, stop: int, values: Array) -> None:
        """Keep rows ``start`` up to, not including, ``stop``."""


@dataclass(frozen=True)
class Chain:
    """States of W walkers at T times, ``thin`` steps apart.

    Attributes:
        points: ``(T, W, d)``.
        log_density: log posterior up to a constant, ``(T, W)``.
        accepted: share of the proposals accepted since the time before, ``(T, W)``.
        thin: steps between two times.
    """

    points: Array
    log_density: Array
    accepted: Array
    thin: int

    @property
    def steps(self) -> int:
        """Steps that the times cover."""
        return len(self.points) * self.thin

    @property
    def acceptance(self) -> float:
        """Mean share of proposals accepted."""
        return float(self.accepted.mean())

    def after(self, burn_in: int) -> Chain:
        """The chain without its first ``burn_in`` steps.

        Raises:
            InputError: a burn-in that leaves nothing, or that falls between two times.
        """
        if not 0 <= burn_in < self.steps or burn_in % self.thin:
            raise InputError(
                f"burn-in of {burn_in} in {self.steps} steps; expected fewer, and a multiple of "
                f"{self.thin}."
            )
        first = burn_in // self.thin
        return Chain(
            self.points[first:], self.log_density[first:], self.accepted[first:], self.thin
        )

    def autocorrelation_times(self) -> Array:
        """Integrated autocorrelation time of each parameter, in steps, ``(d,)``.

        It is too short for a chain of fewer than some 50 of them, and infinite if a walker never
        moved.

        Source: Goodman and Weare 2010, doi 10.2140/camcos.2010.5.65, as in emcee.
        """
        moved = np.all(np.ptp(self.points, axis=0) > 0, axis=0)
        times = np.full(self.points.shape[2], np.inf)
        if moved.any():
            times[moved] = self.thin * late.emcee.autocorr.integrated_time(
                self.points[..., moved], tol=0
            )
        return times

    def effective_sizes(self) -> Array:
        """How many independent draws would know each mean as well, ``(d,)``."""
        return self.steps * self.points.shape[1] / self.autocorrelation_times()


def run_chain(
    problem: Problem,
    start: Array,
    n_steps: int,
    seed: Sequence[int],
    thin: int = 1,
    store: Store | None = None,
) -> Chain:
    """Sample a posterior from where the walkers ``(W, d)`` start.

    Every :data:`LEG` steps have a seed of their own, so that a chain that goes on from a store
    after a stop is the chain that never stopped.

    Args:
        problem: its posterior density is ``exp(-cost)`` within the bounds.
        start: at least ``2 d`` points within the bounds, not in one plane.
        n_steps: a multiple of ``thin``.
        seed: whole numbers of 0 or more.
        thin: every how many steps the states are kept; a divisor of :data:`LEG`.
        store: what is in it is not run again, and what is run is added.

    Raises:
        InputError: step counts that do not fit, or walkers that are too few or out of bounds.

    Source: Goodman and Weare 2010, doi 10.2140/camcos.2010.5.65 (stretch move), and Nelson et
    al. 2014, doi 10.1088/0067-0049/210/1/11 (differential evolution), as implemented in emcee.
    """
    start = np.asarray(start, dtype=float)
    if n_steps < 1 or thin < 1 or n_steps % thin or LEG % thin:
        raise InputError(
            f"{n_steps} steps, every {thin} kept; expected a multiple of the latter, and a divisor "
            f"of {LEG}."
        )
    if start.ndim != 2 or start.shape[1] != problem.dimension or len(start) < 2 * start.shape[1]:
        raise InputError(
            f"walkers of shape {start.shape}; expected {2 * problem.dimension} or more of "
            f"{problem.dimension} numbers."
        )
    if not np.all((start > problem.lower) & (start < problem.upper)):
        raise InputError("walkers start outside the bounds; clip them to within.")
    rows: list[Array] = []
    state, done = start, 0
    for begin, stop, values in store.finished() if store is not None else ():
        if begin * thin != done:
            break  # a leg is missing: those after it are run again
        rows.append(values.reshape(-1, len(start), problem.dimension + 2))
        state, done = rows[-1][-1, :, :-2], stop * thin
    for first in range(done, n_steps, LEG):
        last = min(first + LEG, n_steps)
        values = _leg(problem, state, last - first, (*seed, first), thin)
        if store is not None:
            store.add(first // thin, last // thin, values.reshape(len(values), -1))
        rows.append(values)
        state = values[-1, :, :-2]
    whole = np.concatenate(rows)
    return Chain(whole[..., :-2], whole[..., -2], whole[..., -1], thin)


def _leg(problem: Problem, start: Array, n_steps: int, seed: Sequence[int], thin: int) -> Array:
    """States, log density and share accepted ``(n_steps / thin, W, d + 2)`` of some steps."""

    def log_density(theta: Array) -> Array:
        inside = np.all((theta > problem.lower) & (theta < problem.upper), axis=1)
        values = np.full(len(theta), -np.inf)
        if inside.any():
            values[inside] = -problem.cost(theta[inside])
        return values

    sampler = late.emcee.EnsembleSampler(
        len(start), problem.dimension, log_density, vectorize=True,
        moves=[(getattr(late.emcee.moves, name)(), share) for name, share in MOVES],
    )  # fmt: skip
    generator = np.random.RandomState(np.random.MT19937(np.random.SeedSequence(tuple(seed))))
    begin = late.emcee.State(start, random_state=generator.get_state())
    sampler.run_mcmc(begin, n_steps, progress=False)
    points = sampler.get_chain()
    # emcee counts what it accepts over the whole run only; a walker moves when it accepts
    moved = np.any(np.diff(np.concatenate([start[None], points]), axis=0) != 0, axis=2)
    accepted = moved.reshape(-1, thin, len(start)).mean(axis=1)
    kept = slice(thin - 1, None, thin)
    return np.concatenate(
        [points[kept], sampler.get_log_prob()[kept, :, None], accepted[..., None]], axis=2
    )


def split_r_hat(chains: Iterable[Chain]) -> Array:
    """Gelman and Rubin's R-hat over the halves of every walker's path, ``(d,)``; 1 is best.

    Raises:
        InputError: no chain, or one of fewer than four times.

    Source: Vehtari et al. 2021, doi 10.1214/20-BA1221, equations 1 to 4.
    """
    halves: list[Array] = []
    for chain in chains:
        n = len(chain.points) // 2
        if n < 2:
            raise InputError(f"a chain of {len(chain.points)} times; expected 4 or more.")
        halves += [chain.points[:n], chain.points[-n:]]
    if not halves:
        raise InputError("no chain was given; expected one or more.")
    n = min(len(half) for half in halves)
    paths = np.concatenate([half[:n] for half in halves], axis=1)  # (n, paths, d)
    within = paths.var(axis=0, ddof=1).mean(axis=0)
    between = n * paths.mean(axis=0).var(axis=0, ddof=1)
    return np.sqrt(((n - 1) / n * within + between / n) / within)


def pooled(chains: Iterable[Chain]) -> tuple[Array, Array]:
    """All points ``(n, d)`` of some chains and their log density ``(n,)``."""
    several = list(chains)
    points = np.concatenate([c.points.reshape(-1, c.points.shape[2]) for c in several])
    return points, np.concatenate([c.log_density.ravel() for c in several])


def draw(n: int, n_draws: int, seed: int) -> NDArray[np.int_]:
    """Which of ``n`` points to take: without replacement and in random order.

    The first few draws are a random sample as well.

    Raises:
        InputError: more draws than points, or none.
    """
    if not 1 <= n_draws <= n:
        raise InputError(f"{n_draws} draws of {n} points; expected 1 to {n}.")
    return np.random.default_rng(seed).choice(n, n_draws, replace=False)


@dataclass(frozen=True)
class Comparison:
    """Whether two samples are of one distribution, judged quantity by quantity.

    Attributes:
        table: one row a quantity, with ``distance``, the largest difference between the two
            cumulative distributions, and ``p_value`` of one this large among independent draws.
    """

    table: pd.DataFrame

    @property
    def p_value(self) -> float:
        """Chance that any quantity differs this much where none does (Bonferroni's bound)."""
        return float(min(1.0, len(self.table) * self.table["p_value"].min()))

    @property
    def largest(self) -> str:
        """The quantity that differs most."""
        return str(self.table.loc[self.table["p_value"].idxmin(), "quantity"])


def compare(one: Array, other: Array, names: Sequence[str]) -> Comparison:
    """Kolmogorov and Smirnov's two-sample test of each of d quantities.

    The final states of an ensemble that started from independent draws of its own posterior are
    independent draws of it again, however few the steps; states of one walker at different
    times are not.

    Args:
        one, other: ``(n, d)`` and ``(m, d)``, rows independent.
        names: of the d quantities.

    Raises:
        InputError: shapes that do not fit together, or no rows.
    """
    shapes = np.shape(one), np.shape(other)
    if any(len(s) != 2 or s[0] < 1 or s[1] != len(names) for s in shapes):
        raise InputError(
            f"samples of shapes {shapes[0]} and {shapes[1]}; expected rows of {len(names)} "
            "quantities each."
        )
    tests = [scipy.stats.ks_2samp(a, b) for a, b in zip(one.T, other.T, strict=True)]
    return Comparison(
        late.pandas.DataFrame(
            {
                "quantity": list(names),
                "distance": [float(test.statistic) for test in tests],
                "p_value": [float(test.pvalue) for test in tests],
            }
        )
    )


def beside_laplace(points: Array, names: Sequence[str], best: Fit) -> pd.DataFrame:
    """A sample ``(n, d)`` beside Laplace's approximation, along the Hessian's directions.

    Returns:
        One row a direction, stiffest first: ``direction``, ``main_parameter``, ``eigenvalue``,
        the standard deviations ``laplace_sd`` and ``sampled_sd``, their ratio ``sd_ratio``,
        and ``mean_shift``, the shift of the mean in Laplace standard deviations.
    """
    eigenvalues, directions = eigen_directions(best)
    along = (points - best.theta) @ directions
    laplace_sd = 1 / np.sqrt(eigenvalues)
    return late.pandas.DataFrame(
        {
            "direction": np.arange(1, len(eigenvalues) + 1),
            "main_parameter": [names[i] for i in np.argmax(np.abs(directions), axis=0)],
            "eigenvalue": eigenvalues,
            "laplace_sd": laplace_sd,
            "sampled_sd": along.std(axis=0),
            "sd_ratio": along.std(axis=0) / laplace_sd,
            "mean_shift": along.mean(axis=0) / laplace_sd,
        }
    )
