"""Data made up at known parameters: scattered, censored and computed as the likelihood reads it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from near_optimum import NEAR_OPTIMUM
from numpy.typing import NDArray
from scipy.stats import binomtest, norm

from qsp_lib.calibration.candidates import CANDIDATES
from qsp_lib.calibration.joint_fit import CourseResiduals
from qsp_lib.calibration.made_up_data import MadeUpSets, measured
from qsp_lib.common.errors import InputError
from qsp_lib.evidence.observations import Observation, ceilings, load_observations
from qsp_lib.inference.fitting import Problem
from qsp_lib.inference.rank_calibration import Gaussian

Array = NDArray[np.float64]
ROWS = {o.id: o for o in load_observations("v2")}
CEILINGS = ceilings("v2")
POINT, PEAK, LIMIT = "BO001", "TO007", "tgn1412-TNF-peak-from-120h"


def test_every_observation_of_tgn1412_that_was_published_has_the_assays_ceiling() -> None:
    assert {4500.0} == set(CEILINGS.values())
    published = {key for key in ROWS if key.startswith("TO")}
    assert set(CEILINGS) == published
    above = {key for key, o in ROWS.items() if o.censored_above_pg_mL is not None}
    assert above and above < published
    assert ceilings("v1").keys() == published


def made(observation: Observation, log10_level: float, n: int = 400) -> list[Observation]:
    return [measured([observation], np.array([log10_level]), CEILINGS, (1, i))[0] for i in range(n)]


def test_a_level_scatters_about_what_is_predicted_with_its_sigma() -> None:
    found = made(ROWS[POINT], 2.0)
    z = (np.log10([o.value_pg_mL for o in found]) - 2.0) / ROWS[POINT].sigma_log10
    assert z.mean() == pytest.approx(0.0, abs=0.2) and z.std() == pytest.approx(1.0, abs=0.15)
    assert not any(o.is_censored for o in found)


@pytest.mark.parametrize("apart", [-0.3, 0.0, 0.5])
def test_limits_censor_as_often_as_the_likelihood_says(apart: float) -> None:
    limited, read = ROWS[LIMIT], ROWS[PEAK]
    within = made(limited, np.log10(limited.value_pg_mL) + apart * limited.sigma_log10)
    below = sum(o.at_most for o in within)
    assert binomtest(below, len(within), norm.cdf(-apart)).pvalue > 1e-3
    for o in within:  # the limit itself, or a number above it
        assert (o == limited) if o.at_most else (o.value_pg_mL > limited.value_pg_mL)
    high = made(read, np.log10(4500.0) + apart * read.sigma_log10)
    above = sum(o.censored_above_pg_mL is not None for o in high)
    assert binomtest(above, len(high), norm.cdf(apart)).pvalue > 1e-3
    assert all(o.is_censored or o.value_pg_mL <= 4500.0 for o in high)


@dataclass(frozen=True)
class AsTold(CourseResiduals):
    """Predicts its parameters: log10 of each level is one of them."""

    def predictions(self, theta: Array) -> tuple[Array, NDArray[np.bool_]]:
        theta = np.atleast_2d(theta)
        return theta, theta[:, 0] < 5.0


def as_told(rows: Sequence[str] = (POINT, PEAK, LIMIT)) -> AsTold:
    fit: Any = CANDIDATES["gated"].problem().residuals
    return AsTold(tuple(rows), tuple(ROWS[row] for row in rows), fit.network)


def log_likelihood(fit: CourseResiduals, theta: Array) -> float:
    """With the constants that depend on what is censored."""
    return float(-0.5 * (fit(theta)[0] ** 2).sum() + fit.log_likelihood_constant)


def test_the_likelihood_of_what_is_made_up_is_a_density() -> None:
    """The mean of p(y|b)/p(y|a) over data y made at a is 1 for every b, limits included."""
    fit = as_told()
    here = np.array([2.0, np.log10(4500.0) - 0.1, np.log10(ROWS[LIMIT].value_pg_mL)])
    sigma = np.array([o.sigma_log10 for o in fit.observations])
    for step in (0.5, -0.5):
        there = here + step * sigma
        ratios = []
        for i in range(3000):
            seen = measured(fit.observations, here, CEILINGS, (2, i))
            data = replace(fit, observations=seen)
            ratios.append(np.exp(log_likelihood(data, there) - log_likelihood(data, here)))
        error = np.std(ratios) / np.sqrt(len(ratios))
        assert np.mean(ratios) == pytest.approx(1.0, abs=4 * error)
        assert error < 0.05


def sets_of(fit: CourseResiduals, mean: Array, sd: float = 0.4, bound: float = 8.0) -> MadeUpSets:
    d = len(mean)
    problem = Problem(fit.names, fit, np.full(d, -bound), np.full(d, bound), mean, np.ones(d))
    return MadeUpSets(problem, Gaussian(mean, sd**2 * np.eye(d)), CEILINGS)


def test_a_data_set_is_that_of_its_seed_and_is_drawn_within_the_bounds() -> None:
    makes = sets_of(as_told(), np.array([2.0, 3.6, 0.4]))
    one, again, other = makes((1, 2)), makes((1, 2)), makes((1, 3))
    assert np.array_equal(one.truth, again.truth)
    assert np.array_equal(one.problem.residuals(one.truth), again.problem.residuals(one.truth))
    assert not np.array_equal(one.truth, other.truth)
    # truths that the bounds, or what can be computed, cut off are drawn again
    cut = sets_of(as_told(), np.array([4.9, 3.6, 0.4]), bound=5.3)
    truths = np.array([cut((4, i)).truth for i in range(60)])
    assert truths[:, 0].max() < 5.0 and truths[:, 0].max() > 4.9
    with pytest.raises(InputError, match="none of 64 draws of the prior lies within"):
        sets_of(as_told(), np.array([7.0, 3.6, 0.4]), sd=0.01)((1, 2))


def test_data_of_the_model_scatter_about_the_model() -> None:
    problem = CANDIDATES["gated"].problem(1e-6)
    here = np.log10([NEAR_OPTIMUM[name] for name in problem.names])
    makes = MadeUpSets(problem, Gaussian(here, 1e-12 * np.eye(len(here))), CEILINGS, 1e-6)
    found = makes((1, 2))
    assert found.truth == pytest.approx(here, abs=1e-4)
    fit: Any = found.problem.residuals.data  # type: ignore[attr-defined]
    assert [o.id for o in fit.observations] == [
        o.id
        for o in problem.residuals.observations  # type: ignore[attr-defined]
    ]
    z = fit(found.truth)[0]
    measured_ones = np.array([not o.is_censored for o in fit.observations])
    assert found.censored == (~measured_ones).sum() > 0
    assert 0.5 < z[measured_ones].std() < 1.5
