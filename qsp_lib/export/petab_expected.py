"""What the objective of the PEtab problems is to be, from our own: ``petab/expected.json``.

The file goes with the problems, so that whoever reads them can check what they have read.
``interop/petab_objective.py`` does, with other people's tools. It holds points in log10 and the
parts of the objective at each: the locked point, and draws of its posterior.

A likelihood in PEtab is a density of the level, the fit's residuals are of its log10; and PEtab
cuts a prior off at the bounds. Both add constants, which are in the numbers here.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from ..calibration import FITTED, CourseResiduals, make_problem
from ..common import canonical_json, rounded
from ..evidence import Observation
from ..inference import Problem
from ..protocol import Record, locked_point

Array = NDArray[np.float64]
N_DRAWS = 4
AGREEMENT = 1e-6
"""How closely another tool has to come, relatively."""
_RTOL = 1e-9
"""Of the integration: tighter than what another tool is held to."""
_PLACES, _DIGITS = 6, 9


@dataclass(frozen=True)
class Objective:
    """The parts of the objective at one point.

    Attributes:
        misfit: half the sum of squared residuals, each in units of its sigma.
        data: negative log likelihood.
        priors: negative log density of the priors, on the scale of the fit (log10).
    """

    misfit: float
    data: float
    priors: float


def expressible(observation: Observation) -> bool:
    """Whether PEtab has words for it: a level that was measured, at a time."""
    return observation.time_h is not None and not observation.is_censored


def observations_of(problem: Problem) -> tuple[Observation, ...]:
    """The observations of the joint fit."""
    residuals = problem.residuals
    assert isinstance(residuals, CourseResiduals)
    return residuals.observations


def kept_of(problem: Problem) -> tuple[Observation, ...]:
    """Those of them that PEtab can express."""
    return tuple(o for o in observations_of(problem) if expressible(o))


def objective(problem: Problem, theta: Array) -> Objective:
    """Our objective at a point ``(d,)`` in log10, of what PEtab can express.

    Without the peaks every level is integrated to, which the fit interpolates: at the lock
    that is a ten-millionth of the misfit.
    """
    residuals = problem.residuals
    assert isinstance(residuals, CourseResiduals)
    kept = kept_of(problem)
    problem = replace(problem, residuals=replace(residuals, observations=kept))
    squares = problem.all_residuals(theta[None])[0] ** 2
    misfit = 0.5 * float(squares[: len(kept)].sum())
    width = np.array([o.sigma_log10 * o.value_pg_mL for o in kept]) * math.log(10)
    inside = np.diff(
        norm.cdf([problem.lower, problem.upper], problem.prior_mean, problem.prior_sd), axis=0
    )[0]
    priors = 0.5 * float(squares[len(kept) :].sum())
    return Objective(
        misfit,
        misfit + float(np.log(width * math.sqrt(2 * math.pi)).sum()),
        priors + float(np.log(problem.prior_sd * math.sqrt(2 * math.pi) * inside).sum()),
    )


def points(record: Record, problem: Problem) -> dict[str, Array]:
    """Where to compare: the lock, and draws of its posterior within the bounds, in log10.

    The draws are rounded, so that they are the same on every machine.
    """
    draws = record.points(N_DRAWS)
    draws = draws.clip(problem.lower, problem.upper).round(_PLACES)
    named = {f"draw {i}": draw for i, draw in enumerate(draws, 1)}
    return {f"lock {record.version}": locked_point(record, problem)} | named


def expected(record: Record) -> str:
    """The text of ``expected.json``."""
    problem = make_problem(FITTED, rtol=_RTOL)
    content = {
        "lock": dict(record.summary),
        "relative_tolerance": AGREEMENT,
        "points": [
            {
                "name": name,
                "log10_parameters": {
                    parameter.replace(".", "_"): float(value)
                    for parameter, value in zip(problem.names, theta, strict=True)
                },
                **rounded(asdict(objective(problem, theta)), _DIGITS),
            }
            for name, theta in points(record, problem).items()
        ],
    }
    return canonical_json(content)
