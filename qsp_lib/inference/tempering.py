"""Posterior samples of a few numbers jointly with a member of a fixed set, by tempering.

Nothing here knows the model. The prior is standard normal in d coordinates, and uniform over the
members of a set: draws of something else that is uncertain, whose density nobody can write down,
and of which there is this sample alone. Particles begin as draws of that prior. The likelihood
is let in by and by: each time as much of it as halves the effective number of particles, which
are then drawn again by their weights and moved.

Two moves alternate. One walks in the coordinates and keeps the member; the other proposes a
member too, half of the time any of them and half of the time one that other particles have.

Source: Del Moral, Doucet and Jasra 2006, doi 10.1111/j.1467-9868.2006.00553.x (sequential Monte
Carlo samplers); proposals learned from the particles as in Chopin 2002,
doi 10.1093/biomet/89.3.539.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..common import InputError
from .posterior import cholesky_factor, plus_product
from .weighting import kish, resampled

Array = NDArray[np.float64]
Members = NDArray[np.int_]
LogLikelihood = Callable[[Array, Members], Array]
# of coordinates (N, d) and members (N,): (N,), -inf where nothing can be said

KEPT_SHARE = 0.5
"""Effective share of the particles that a step of temper leaves."""
ROUNDS, LAST_ROUNDS = 2, 6
"""How often each of the two moves is made after a step, and after the last one."""
_WALK = 2.38
_NEAR = 0.5
_FEWEST = 1e-6
_STEPS = 200


@dataclass(frozen=True)
class Tempered:
    """Equally likely draws of a posterior, in random order.

    Attributes:
        points: coordinates ``(N, d)``.
        members: of the set ``(N,)``.
        log_likelihood: ``(N,)``.
        temper: share of the likelihood that was let in by each step, rising to 1.
        moved: share of the walking moves accepted at the end.
        exchanged: share of the moves to another member accepted at the end.
    """

    points: Array
    members: Members
    log_likelihood: Array
    temper: tuple[float, ...]
    moved: float
    exchanged: float

    @property
    def effective_members(self) -> float:
        """Among how many members, taken as equally likely, the draws are spread."""
        return kish(np.bincount(self.members).astype(float))


def tempered(
    log_likelihood: LogLikelihood,
    dimension: int,
    n_members: int,
    n_particles: int,
    seed: int,
    progress: Callable[[float], None] | None = None,
) -> Tempered:
    """Draws of the posterior of ``d`` coordinates and a member.

    Args:
        log_likelihood: of many sets at a time; -inf for one that cannot be evaluated.
        dimension: d, 1 or more.
        n_members: of the set, 1 or more; each as likely as any other before the data.
        n_particles: how many draws.
        seed: of everything.
        progress: called after each step with how much of the likelihood has been let in.

    Raises:
        InputError: fewer than 8 particles, or a likelihood of none of them that is not 0.
    """
    if dimension < 1 or n_members < 1 or n_particles < 8:
        raise InputError(
            f"{n_particles} particles of {dimension} coordinates and {n_members} members; expected "
            "8, 1 and 1 or more."
        )
    generator = np.random.default_rng(seed)
    points = generator.standard_normal((n_particles, dimension))
    # every member as often as any other, as far as that goes
    rounds = -(-n_particles // n_members)
    members = np.concatenate([generator.permutation(n_members) for _ in range(rounds)])
    members = members[:n_particles]
    found = log_likelihood(points, members)
    if not np.isfinite(found).any():
        raise InputError("the likelihood is 0 for every draw of the prior; nothing can be learned.")
    steps, moved, exchanged = [0.0], 0.0, 0.0
    while steps[-1] < 1.0:
        if len(steps) > _STEPS:
            raise InputError(
                f"after {_STEPS} steps no more than {steps[-1]:.2g} of the likelihood has been let "
                "in; expected data that the prior can come near to."
            )
        steps.append(_next(found, steps[-1]))
        weights = _weights(found, steps[-1] - steps[-2])
        which = resampled(weights, weights.size, generator)
        state = points[which], members[which], found[which]
        mover = _Mover(log_likelihood, n_members, steps[-1], generator, state[0], state[1])
        for _ in range(ROUNDS if steps[-1] < 1.0 else LAST_ROUNDS):
            state, moved = mover.walk(*state)
            if n_members > 1:
                state, exchanged = mover.exchange(*state)
        points, members, found = state
        if progress is not None:
            progress(steps[-1])
    order = generator.permutation(n_particles)
    return Tempered(points[order], members[order], found[order], tuple(steps[1:]), moved, exchanged)


State = tuple[Array, Members, Array]


class _Mover:
    """The two moves at one temper, with steps learned from the particles as they stand."""

    def __init__(
        self,
        log_likelihood: LogLikelihood,
        n_members: int,
        temper: float,
        generator: np.random.Generator,
        points: Array,
        members: Members,
    ) -> None:
        self.log_likelihood, self.temper, self.generator = log_likelihood, temper, generator
        n, d = points.shape
        self.factor = (
            _WALK / np.sqrt(d) * cholesky_factor(_covariance(points) + _FEWEST * np.eye(d))
        )
        counts = np.bincount(members, minlength=n_members)
        self.shares = 0.5 / n_members + 0.5 * counts / n

    def walk(self, points: Array, members: Members, found: Array) -> tuple[State, float]:
        """Steps in the coordinates alone, of every particle."""
        # of several lengths, so that some are right whatever the posterior's shape
        length = self.generator.choice([0.3, 1.0], len(points))[:, None]
        there = points + length * self._steps(points.shape)
        return self._decide((points, members, found), there, members, np.zeros(len(points)))

    def exchange(self, points: Array, members: Members, found: Array) -> tuple[State, float]:
        """Steps to any member, and near in the coordinates."""
        n = len(points)
        others = self.generator.choice(self.shares.size, n, p=self.shares)
        there = points + _NEAR * self._steps(points.shape)
        back = np.log(self.shares[members]) - np.log(self.shares[others])
        return self._decide((points, members, found), there, others, back)

    def _steps(self, shape: tuple[int, ...]) -> Array:
        return plus_product(np.zeros(shape), self.generator.standard_normal(shape), self.factor)

    def _decide(
        self, here: State, points: Array, members: Members, back: Array
    ) -> tuple[State, float]:
        found = self.log_likelihood(points, members)
        prior = -0.5 * (np.sum(points**2, axis=1) - np.sum(here[0] ** 2, axis=1))
        odds = prior + self.temper * (found - here[2]) + back
        taken = np.log(self.generator.random(len(points))) < odds
        state = (
            np.where(taken[:, None], points, here[0]),
            np.where(taken, members, here[1]),
            np.where(taken, found, here[2]),
        )
        return state, float(taken.mean())


def _covariance(points: Array) -> Array:
    """Of points ``(n, d)``, ``(d, d)``: as of ``np.cov``, which leaves its last bits to BLAS."""
    n, d = points.shape
    off = (points - points.mean(axis=0)).T
    return plus_product(np.zeros((d, d)), off, off) / (n - 1)


def _weights(found: Array, step: float) -> Array:
    with np.errstate(invalid="ignore"):
        weights = np.exp(step * (found - found.max()))
    return weights / weights.sum()


def _next(found: Array, temper: float) -> float:
    """The temper that leaves `KEPT_SHARE` of the particles that count, or 1."""
    counting = float(np.mean(np.isfinite(found)))

    def left(step: float) -> float:
        return kish(_weights(found, step)) / found.size

    low, high = 0.0, 1.0 - temper
    if left(high) >= KEPT_SHARE * counting:
        return 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if left(middle) >= KEPT_SHARE * counting else (low, middle)
    return temper + low
