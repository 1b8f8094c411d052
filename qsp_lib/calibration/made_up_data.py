"""Data as the observation model says they come, at parameters that are known.

What is observed is made as the likelihood reads it: a level scatters about what the model says, in
log10 and with the observation's own sigma; above what the assay reads only that is known; and a
level that was at most a limit is so where it lies below the limit, and a number where it does not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ..common import InputError
from ..evidence import Observation
from ..inference import Gaussian, Problem, under
from .joint_fit import FIT_RTOL, CourseResiduals

Array = NDArray[np.float64]
_TRIES = 64
"""Draws of the prior among which one has to lie within the bounds and be computable."""


def measured(
    observations: Sequence[Observation],
    predicted: Array,
    ceilings: Mapping[str, float],
    seed: Sequence[int],
) -> tuple[Observation, ...]:
    """Observations made up where a model predicts these levels.

    Args:
        observations: what was observed, when, with which sigma and limits.
        predicted: log10 of the levels ``(m,)``, as :meth:`.CourseResiduals.predictions` gives them.
        ceilings: the highest level that the assay reads (pg/mL), by id of the observation.
        seed: of the scatter.
    """
    noise = np.random.default_rng(np.random.SeedSequence(tuple(seed)))
    sigma = np.array([o.sigma_log10 for o in observations])
    levels = 10.0 ** (predicted + sigma * noise.standard_normal(len(observations)))
    made = []
    for o, level in zip(observations, map(float, levels), strict=True):
        ceiling = ceilings.get(o.id, np.inf)
        if o.at_most:
            seen = o if level <= o.value_pg_mL else replace(o, value_pg_mL=level, at_most=False)
        elif level > ceiling:
            seen = replace(o, value_pg_mL=level, censored_above_pg_mL=ceiling)
        else:
            seen = replace(o, value_pg_mL=level, censored_above_pg_mL=None)
        made.append(seen)
    return tuple(made)


@dataclass(frozen=True)
class MadeUpSet:
    """One data set whose parameters are known, and the fit to it.

    Attributes:
        truth: ``(d,)`` in log10.
        precise: the fit, integrated closely enough for finite differences.
        problem: the same as it is sampled.
        censored: how many of its observations are bounds.
    """

    truth: Array
    precise: Problem
    problem: Problem
    censored: int = 0


@dataclass(frozen=True)
class MadeUpSets:
    """Data sets at parameters drawn from a prior, each to be fitted under that same prior.

    Attributes:
        problem: the fit whose observations are made up; its own priors are not used, its bounds
            are: outside of them no parameters are drawn and none are sampled.
        prior: what parameters are drawn from.
        ceilings: the highest level that the assay reads (pg/mL), by id of the observation.
        rtol: of the integration when the posterior is sampled.
    """

    problem: Problem
    prior: Gaussian
    ceilings: Mapping[str, float] = field(default_factory=dict)
    rtol: float = FIT_RTOL

    @property
    def names(self) -> tuple[str, ...]:
        """The estimated quantities."""
        return self.problem.names

    def __call__(self, seed: Sequence[int]) -> MadeUpSet:
        """The data set of a seed.

        Raises:
            InputError: none of some draws of the prior lies within the bounds and completes.
        """
        precise: CourseResiduals = self.problem.residuals  # type: ignore[assignment]
        fit = replace(precise, rtol=self.rtol, atol=1e-2 * self.rtol)
        of_truth, of_noise = np.random.SeedSequence(tuple(seed)).generate_state(2)
        truth, predicted = next(self._possible(fit, int(of_truth)), (None, None))
        if truth is None or predicted is None:
            raise InputError(
                f"none of {_TRIES} draws of the prior lies within the bounds of the fit and can be "
                "integrated; expected a prior that mostly does."
            )
        observations = measured(fit.observations, predicted, self.ceilings, [int(of_noise)])
        exact, sampled = (
            under(self.problem, self.prior, replace(one, observations=observations))
            for one in (precise, fit)
        )
        return MadeUpSet(truth, exact, sampled, sum(o.is_censored for o in observations))

    def _possible(self, fit: CourseResiduals, seed: int) -> Iterator[tuple[Array, Array]]:
        """Draws of the prior that can be, in order, each with what is predicted there."""
        for theta in self.prior.draws(_TRIES, seed):
            if np.all((theta > self.problem.lower) & (theta < self.problem.upper)):
                predicted, completed = fit.predictions(theta)
                if completed[0]:
                    yield theta, predicted[0]
