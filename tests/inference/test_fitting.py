"""Fits on problems whose answer is known: linear residuals with Gaussian priors."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.known_answers.closed_forms import LinearGaussian
from qsp_lib.common.errors import InputError
from qsp_lib.inference.fitting import (
    Fit,
    Problem,
    fit,
    fit_from,
    log_evidence,
    polished,
    share_at_best,
    starting_points,
)

Array = NDArray[np.float64]
RNG = np.random.default_rng(3)
NAMES = ("a", "b", "c", "d")
EXACT = LinearGaussian(
    RNG.normal(size=(12, 4)),
    RNG.normal(size=12) * 2,
    0.3,
    np.array([0.5, -1.0, 0.0, 2.0]),
    np.array([1.0, 0.5, 2.0, 0.1]),
)
DESIGN, DATA, SIGMA, MEAN, SD = (
    EXACT.design,
    EXACT.data,
    EXACT.sigma,
    EXACT.prior_mean,
    EXACT.prior_sd,
)
OPTIMUM = EXACT.mean


def linear(bound: float = 50.0) -> Problem:
    """A problem in which everything follows by hand."""
    return EXACT.problem(NAMES, bound)


def curved() -> Problem:
    """Residuals with products and exponentials, and their Jacobian by hand below."""

    def residuals(theta: Array) -> Array:
        x, y = theta.T
        return np.stack([np.exp(x) - 2.0, x * y**2, np.sin(3 * y) + x], axis=1)

    return Problem(
        ("x", "y"), residuals, np.full(2, -3.0), np.full(2, 3.0), np.zeros(2), np.array([2.0, 0.5])
    )


def curved_jacobian(x: float, y: float) -> Array:
    data = [[np.exp(x), 0.0], [y**2, 2 * x * y], [1.0, 3 * np.cos(3 * y)]]
    return np.array([*data, [1 / 2.0, 0.0], [0.0, 1 / 0.5]])


def test_the_optimum_of_a_linear_problem_is_the_posterior_mean() -> None:
    result = fit_from(linear(), MEAN)
    assert result.converged
    assert result.theta == pytest.approx(OPTIMUM, abs=1e-6)


def test_the_laplace_covariance_of_a_linear_problem_is_the_posterior_covariance() -> None:
    assert fit_from(linear(), MEAN).covariance == pytest.approx(EXACT.covariance, rel=1e-6)


def test_the_laplace_evidence_of_a_linear_problem_is_the_marginal_likelihood() -> None:
    constant = -12 * np.log(SIGMA * np.sqrt(2 * np.pi))
    evidence = log_evidence(fit_from(linear(), MEAN), SD, constant)
    assert evidence == pytest.approx(EXACT.log_evidence, abs=1e-5)


def test_the_cost_is_the_negative_log_posterior_up_to_a_constant() -> None:
    problem = linear()
    points = RNG.normal(size=(5, 4))
    misfit = ((points @ DESIGN.T - DATA) ** 2).sum(axis=1) / SIGMA**2
    expected = 0.5 * (misfit + (((points - MEAN) / SD) ** 2).sum(axis=1))
    assert problem.cost(points) == pytest.approx(expected, rel=1e-12)
    assert problem.all_residuals(points).shape == (5, 12 + 4)


def test_slopes_at_a_bound_are_from_within() -> None:
    """Nothing is evaluated outside of the bounds, where there may be nothing to evaluate."""
    problem, asked = curved(), []

    def residuals(theta: Array) -> Array:
        asked.append(theta)
        return problem.residuals(theta)

    corner = np.array([problem.upper[0], problem.lower[1]])
    watched = replace(problem, residuals=residuals)
    expected = curved_jacobian(*corner)
    assert watched.jacobian(corner) == pytest.approx(expected, rel=1e-3)
    assert watched.forward_jacobian(corner) == pytest.approx(expected, rel=1e-3)
    every = np.vstack(asked)
    assert np.all((every >= problem.lower) & (every <= problem.upper))


def test_the_jacobian_is_the_analytic_one() -> None:
    problem = curved()
    for point in ([0.3, -0.7], [-1.0, 1.2]):
        expected = curved_jacobian(*point)
        assert problem.jacobian(np.array(point)) == pytest.approx(expected, rel=1e-7, abs=1e-7)
        assert problem.forward_jacobian(np.array(point)) == pytest.approx(
            expected, rel=1e-3, abs=1e-3
        )


def test_a_fit_keeps_to_its_bounds() -> None:
    result = fit_from(linear(bound=0.2), np.zeros(4))
    assert np.all(np.abs(result.theta) <= 0.2)
    beyond = np.abs(OPTIMUM) > 0.2
    assert beyond.any()
    assert result.cost > fit_from(linear(), MEAN).cost


def test_a_fit_that_runs_out_of_evaluations_is_not_called_converged() -> None:
    result = fit_from(curved(), np.array([-2.5, 2.5]), max_evaluations=1)
    assert not result.converged
    assert fit_from(curved(), np.array([-2.5, 2.5])).converged


def test_a_polished_fit_is_where_the_gradient_is_zero_whatever_it_was_started_from() -> None:
    problem = curved()
    found = []
    for start in ([0.4, 0.1], [0.6, 0.2], [0.9, 0.05]):
        rough = fit_from(problem, np.array(start))
        end = polished(problem, rough)
        assert end.cost <= rough.cost * (1 + 1e-12)
        found.append(end.theta)
        slope = curved_jacobian(*end.theta).T @ problem.all_residuals(end.theta)[0]
        assert np.abs(slope).max() < 1e-7
    assert np.ptp(found, axis=0).max() < 1e-9


def test_noise_of_1e_11_moves_a_polished_fit_by_less_than_1e_6() -> None:
    signs = np.sign(np.random.default_rng(2).normal(size=(5, 3)))
    calm = curved()

    def disturbed(theta: Array) -> Array:
        return calm.residuals(theta) * (1 + 1e-11 * signs[: len(theta)])

    start = np.array([0.6, 0.2])
    found = [
        polished(problem, fit_from(problem, start)).theta
        for problem in (calm, replace(calm, residuals=disturbed))
    ]
    assert 0 < np.abs(found[1] - found[0]).max() < 1e-6


def test_a_parameter_at_its_bound_stays_there_when_a_fit_is_polished() -> None:
    problem = linear(bound=0.2)
    rough = fit_from(problem, np.zeros(4))
    end = polished(problem, rough)
    held = np.abs(rough.theta) > 0.2 - 1e-7
    assert held.any() and not held.all()
    assert np.array_equal(end.theta[held], rough.theta[held])
    slope = problem.jacobian(end.theta).T @ problem.all_residuals(end.theta)[0]
    assert np.abs(slope[~held]).max() < 1e-6


def test_a_polish_that_leads_out_of_the_bounds_leaves_the_fit_as_it_was() -> None:
    # the zero of the gradient is at OPTIMUM, outside; a fit stopped on the way is inside
    problem = linear(bound=0.2)
    stopped = fit_from(problem, np.full(4, 0.05), max_evaluations=1)
    assert np.all(np.abs(stopped.theta) < 0.19)
    assert polished(problem, stopped) is stopped


def test_a_parameter_without_a_prior_is_fitted_by_the_data_alone() -> None:
    free = Problem(
        NAMES, linear().residuals, np.full(4, -50.0), np.full(4, 50.0), MEAN, np.full(4, np.inf)
    )
    least_squares = np.linalg.lstsq(DESIGN, DATA, rcond=None)[0]
    assert fit_from(free, MEAN).theta == pytest.approx(least_squares, abs=1e-6)


def test_starting_points_lie_within_the_bounds_and_begin_at_the_prior_mean() -> None:
    problem = linear(bound=2.5)
    points = starting_points(problem, 32, seed=1, width=5.0)
    assert points.shape == (32, 4)
    assert np.all((points > problem.lower) & (points < problem.upper))
    assert points[0] == pytest.approx(MEAN)
    assert len(np.unique(points, axis=0)) == 32


def test_starting_points_follow_the_prior() -> None:
    points = starting_points(linear(), 1024, seed=1)[1:]
    assert points.mean(axis=0) == pytest.approx(MEAN, abs=0.02)
    assert points.std(axis=0) == pytest.approx(SD, rel=0.03)


def test_starting_points_depend_on_the_seed_alone() -> None:
    one, again = (starting_points(linear(), 16, seed=8) for _ in range(2))
    other = starting_points(linear(), 16, seed=9)
    assert np.array_equal(one, again)
    assert not np.any(np.all(one[1:] == other[1:], axis=1))
    # and asking for fewer gives the first of them
    assert np.array_equal(starting_points(linear(), 5, seed=8), one[:5])


def test_fewer_than_one_start_is_refused() -> None:
    with pytest.raises(InputError, match="0 starts; expected 1 or more"):
        starting_points(linear(), 0, seed=1)


def test_fits_come_best_first_and_the_same_on_any_number_of_workers() -> None:
    problem = curved()
    starts = starting_points(problem, 8, seed=2)
    alone = fit(problem, starts)
    with ThreadPoolExecutor(3) as executor:
        together = fit(problem, starts, executor)
    costs = [result.cost for result in alone]
    assert costs == sorted(costs)
    assert [result.theta.tolist() for result in together] == [r.theta.tolist() for r in alone]


def made_with(cost: float) -> Fit:
    return Fit(np.zeros(1), cost, np.eye(1), np.zeros(1), 1, True)


def test_the_share_at_best_counts_costs_within_one_percent() -> None:
    fits = [made_with(cost) for cost in (10.0, 10.05, 10.099, 10.2, 50.0)]
    assert share_at_best(fits) == pytest.approx(3 / 5)
    assert share_at_best(fits, within=0.03) == pytest.approx(4 / 5)
    assert share_at_best(fits[:1]) == 1.0


@pytest.mark.parametrize(
    ("lower", "upper", "mean", "sd", "message"),
    [
        ([0.0], [1.0, 1.0], [0.5, 0.5], [1.0, 1.0], "lower must hold 2 numbers"),
        ([0.0, 0.0], [1.0, 1.0], [0.5], [1.0, 1.0], "prior_mean must hold 2 numbers"),
        ([0.0, 2.0], [1.0, 1.0], [0.5, 0.5], [1.0, 1.0], "lower bounds must lie below upper"),
        ([0.0, 0.0], [1.0, 1.0], [0.5, 0.5], [1.0, 0.0], "prior sd above 0"),
    ],
)
def test_a_problem_that_does_not_hang_together_is_refused(
    lower: list[float], upper: list[float], mean: list[float], sd: list[float], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        Problem(("x", "y"), lambda t: t, *(np.array(v) for v in (lower, upper, mean, sd)))
