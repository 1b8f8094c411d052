"""The evidence by nested sampling, against integrals that are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from qsp_lib.common.errors import InputError
from qsp_lib.inference.evidence import nested_run, together
from qsp_lib.inference.fitting import Problem

pytestmark = pytest.mark.thorough
D = 4


def linear(slopes: np.ndarray, data: np.ndarray) -> Problem:
    """Linear residuals under a Gaussian prior, cut off so far out that it does not matter."""
    sd = np.array([0.5, 1.0, 0.3, 2.0])
    mean = np.array([0.1, -0.2, 0.0, 0.5])
    return Problem(
        tuple("abcd"),
        lambda theta: np.atleast_2d(theta) @ slopes.T - data,
        mean - 8 * sd,
        mean + 8 * sd,
        mean,
        sd,
    )


@pytest.fixture(scope="module")
def problem() -> Problem:
    rng = np.random.default_rng(3)
    return linear(rng.normal(size=(7, D)), rng.normal(size=7))


def test_the_evidence_of_a_linear_problem_is_its_closed_form(problem: Problem) -> None:
    """The data are Gaussian with mean A m and covariance A S A' + 1; the constant is left out."""
    slopes = problem.residuals(np.vstack([np.eye(D), np.zeros(D)]))
    A = (slopes[:-1] - slopes[-1]).T
    misfit = A @ problem.prior_mean + slopes[-1]
    covariance = A @ np.diag(problem.prior_sd**2) @ A.T + np.eye(len(misfit))
    exact = -0.5 * (misfit @ np.linalg.solve(covariance, misfit) + np.linalg.slogdet(covariance)[1])
    runs = [nested_run(problem, seed, n_live=30, n_effective=1000) for seed in (1, 2)]
    value, error = together(runs)
    assert abs(value - exact) < 4 * error < 0.4
    assert all(run.effective_size > 500 for run in runs)
    # the error that each tells is of as many points as its sample is worth
    for run in runs:
        assert run.error == pytest.approx(1 / np.sqrt(run.effective_size), rel=0.05)
    # its points are a sample of the posterior, whose mean and spread are known as well
    precision = A.T @ A + np.diag(problem.prior_sd**-2.0)
    mean = problem.prior_mean - np.linalg.solve(precision, A.T @ misfit)
    sd = np.sqrt(np.diag(np.linalg.inv(precision)))
    for i in range(D):
        low, median, high = runs[0].quantiles(runs[0].points[:, i], (0.05, 0.5, 0.95))
        assert median == pytest.approx(mean[i], abs=0.15 * sd[i])
        assert high - low == pytest.approx(2 * 1.645 * sd[i], rel=0.12)


def test_a_constant_of_the_likelihood_is_added_and_every_set_that_is_evaluated_counts(
    problem: Problem,
) -> None:
    asked: list[int] = []

    def residuals(theta: np.ndarray) -> np.ndarray:
        asked.append(len(theta))
        return problem.residuals(theta)

    one = nested_run(replace(problem, residuals=residuals), 5, n_live=30, n_effective=100)
    other = nested_run(problem, 5, 7.0, n_live=30, n_effective=100)
    assert other.log_evidence - one.log_evidence == pytest.approx(7.0, abs=1e-9)
    assert one.calls == sum(asked)
    # points that were drawn while the likelihood was still being explored are no part of it
    assert len(one.points) == len(one.log_weights) < 0.8 * one.calls


def test_a_parameter_without_a_prior_is_refused(problem: Problem) -> None:
    open_ended = Problem(
        problem.names,
        problem.residuals,
        problem.lower,
        problem.upper,
        problem.prior_mean,
        np.array([0.5, np.inf, 0.3, 2.0]),
    )
    with pytest.raises(InputError, match="b has no prior"):
        nested_run(open_ended, 1)
    with pytest.raises(InputError, match="no nested run"):
        together([])
