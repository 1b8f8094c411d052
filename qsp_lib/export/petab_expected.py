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

from ..calibration import FIT_RTOL, FITTED, CourseResiduals, make_problem
from ..common import canonical_json, rounded
from ..evidence import Observation
from ..inference import Problem
from ..protocol import Record, locked_point
from . import sbml

Array = NDArray[np.float64]
N_DRAWS = 4
AGREEMENT = 1e-6
"""How closely another tool has to come, relatively."""
_RTOL = 1e-9
"""Of the integration: tighter than what another tool is held to."""
_PLACES, _DIGITS = 6, 9


def parameter_id(name: str) -> str:
    """The identifier of an estimated quantity: ``tgn1412.k_act`` is ``tgn1412_k_act``."""
    return sbml.ratio_id(name).replace(".", "_")


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
    """Whether PEtab has words for it: a level that was measured, at a time, of whomever."""
    return not unsaid(observation)


def unsaid(observation: Observation) -> str:
    """What PEtab has no words for in an observation; empty if it has them."""
    if observation.time_h is None:
        return "highest level, whenever it comes"
    floor = observation.assay_floor_pg_mL
    if floor is not None:
        return f"median of the values above the assay's floor, {floor:g} pg/mL"
    if observation.is_censored:
        limit = observation.censored_above_pg_mL
        return (
            "an upper bound alone is known"
            if limit is None
            else f"above what the assay reads, {limit:g} pg/mL"
        )
    return ""


def make_whole() -> Problem:
    """The joint fit, of which the problems express a part."""
    return make_problem(FITTED)


def make_expressed(rtol: float = FIT_RTOL) -> Problem:
    """The joint fit of those drugs of which PEtab can express a level, without the others."""
    seen = {o.drug for o in observations_of(make_whole()) if expressible(o)}
    return make_problem([drug for drug in FITTED if drug in seen], rtol=rtol)


def observations_of(problem: Problem) -> tuple[Observation, ...]:
    """The observations of a fit."""
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
    of = [record.posterior[0].index(name) for name in problem.names]
    draws = record.points(N_DRAWS)[:, of]
    draws = draws.clip(problem.lower, problem.upper).round(_PLACES)
    named = {f"draw {i}": draw for i, draw in enumerate(draws, 1)}
    return {f"lock {record.version}": locked_point(record, problem)} | named


def expected(record: Record) -> str:
    """The text of ``expected.json``."""
    problem = make_expressed(_RTOL)
    content = {
        "lock": dict(record.summary),
        "relative_tolerance": AGREEMENT,
        "points": [
            {
                "name": name,
                "log10_parameters": {
                    parameter_id(parameter): float(value)
                    for parameter, value in zip(problem.names, theta, strict=True)
                },
                **rounded(asdict(objective(problem, theta)), _DIGITS),
            }
            for name, theta in points(record, problem).items()
        ],
    }
    return canonical_json(content)
