"""Posterior draws, directions, and the sampler that checks them."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from qsp_lib.common.errors import InputError
from qsp_lib.inference.fitting import Problem, fit_from
from qsp_lib.inference.posterior import (
    cholesky_factor,
    data_spectrum,
    eigen_directions,
    information,
    laplace_draws,
    sampled_information,
    standard_normals,
)

Array = NDArray[np.float64]
MEAN = np.array([1.0, -2.0, 0.5])
COVARIANCE = np.array([[1.0, 0.6, 0.0], [0.6, 0.5, 0.1], [0.0, 0.1, 0.2]])
N = 4000


def gaussian(mean: Array, covariance: Array, bound: float = 40.0) -> Problem:
    """A posterior that is exactly Gaussian: residuals ``L^T (theta - mean)``, no prior."""
    root = np.linalg.cholesky(np.linalg.inv(covariance))
    d = mean.size
    return Problem(
        tuple("abcdefg"[:d]),
        lambda theta: (theta - mean) @ root,
        np.full(d, -bound),
        np.full(d, bound),
        np.zeros(d),
        np.full(d, np.inf),
    )


def test_laplace_draws_have_the_mean_and_covariance_asked_for() -> None:
    draws = laplace_draws(MEAN, COVARIANCE, N, seed=4)
    spread = np.sqrt(np.diag(COVARIANCE))
    assert np.all(np.abs(draws.mean(axis=0) - MEAN) < 4 * spread / np.sqrt(N))
    error = np.abs(np.cov(draws.T) - COVARIANCE) / np.outer(spread, spread)
    assert error.max() < 4 * np.sqrt(2 / N)


def test_laplace_draws_have_the_quantiles_of_a_gaussian() -> None:
    draws = laplace_draws(MEAN, COVARIANCE, N, seed=5)
    below = (draws < MEAN + 1.6448536 * np.sqrt(np.diag(COVARIANCE))).mean(axis=0)
    assert below == pytest.approx(0.95, abs=0.015)


@pytest.mark.parametrize("width", [3, 17])
def test_a_draw_has_the_same_bits_however_many_are_made(width: int) -> None:
    mean, covariance = MEAN, COVARIANCE
    if width > 3:
        root = np.random.default_rng(1).normal(size=(width, width))
        mean, covariance = root[0], root @ root.T
    many = laplace_draws(mean, covariance, 100, seed=7)
    for n in range(1, 41):
        assert np.array_equal(laplace_draws(mean, covariance, n, seed=7), many[:n])


def test_the_factor_is_the_lower_triangle_whose_square_is_the_covariance() -> None:
    root = np.random.default_rng(1).normal(size=(17, 17))
    for covariance in (COVARIANCE, root @ root.T):
        factor = cholesky_factor(covariance)
        assert np.array_equal(factor, np.tril(factor))
        assert factor @ factor.T == pytest.approx(covariance, rel=1e-12, abs=1e-12)
        assert factor == pytest.approx(np.linalg.cholesky(covariance), rel=1e-9, abs=1e-12)
    # exact where every step is: 4 = 2^2, 6 = 2 3, 10 = 3^2 + 1
    assert cholesky_factor(np.array([[4.0, 6.0], [6.0, 10.0]])).tolist() == [[2.0, 0.0], [3.0, 1.0]]


@pytest.mark.parametrize(
    ("covariance", "message"),
    [
        (np.array([[1.0, 2.0], [2.0, 1.0]]), "not positive definite: -3 is left .* quantity 1"),
        (np.zeros((2, 2)), "not positive definite: 0 is left"),
        (np.full((2, 2), np.nan), "not positive definite: nan is left"),
        (np.ones((2, 3)), r"shape \(2, 3\); expected a square one"),
        (np.ones(2), r"shape \(2,\); expected a square one"),
    ],
)
def test_what_is_no_covariance_is_refused(covariance: Array, message: str) -> None:
    with pytest.raises(InputError, match=message):
        cholesky_factor(covariance)


def test_draws_depend_on_the_seed_alone() -> None:
    assert np.array_equal(standard_normals(5, 3, 1), standard_normals(5, 3, 1))
    assert not np.any(standard_normals(5, 3, 1) == standard_normals(5, 3, 2))


def test_no_draws_at_all_are_refused() -> None:
    with pytest.raises(InputError, match="0 draws; expected 1 or more"):
        laplace_draws(MEAN, COVARIANCE, 0, seed=1)


def test_directions_come_stiffest_first_and_diagonalise_the_hessian() -> None:
    best = fit_from(gaussian(MEAN, COVARIANCE), np.zeros(3))
    values, directions = eigen_directions(best)
    assert np.all(np.diff(values) < 0)
    assert directions.T @ best.hessian @ directions == pytest.approx(np.diag(values), abs=1e-6)
    assert directions.T @ directions == pytest.approx(np.eye(3), abs=1e-12)
    largest = directions[np.argmax(np.abs(directions), axis=0), np.arange(3)]
    assert np.all(largest > 0)


def test_information_says_which_parameters_the_data_moved() -> None:
    # the data tell of a (sharply) and of b (far from its prior), and nothing of c
    problem = Problem(
        ("a", "b", "c"),
        lambda t: np.stack([(t[:, 0] - 0.1) / 0.1, (t[:, 1] - 4.0) / 1.0, 0 * t[:, 2]], axis=1),
        np.full(3, -9.0),
        np.full(3, 9.0),
        np.zeros(3),
        np.ones(3),
    )
    frame = information(problem, fit_from(problem, np.zeros(3))).set_index("parameter")
    assert frame["moved"].tolist() == [True, True, False]
    assert frame["posterior_sd"].tolist() == pytest.approx([1 / np.sqrt(101), np.sqrt(0.5), 1.0])
    assert frame["sd_ratio"]["c"] == pytest.approx(1.0)
    assert frame["shift"]["b"] == pytest.approx(2.0)
    assert frame["posterior_median"]["b"] == pytest.approx(100.0)
    assert frame["prior_median"].tolist() == [1.0, 1.0, 1.0]


def test_moved_is_narrower_than_seven_tenths_or_shifted_by_more_than_one_prior_sd() -> None:
    # data of weight w at t leave a unit prior the width 1/sqrt(1 + w^2), shifted by t w^2/(1 + w^2)
    width = np.array([0.69, 0.71, 0.9, 0.9])
    shift = np.array([0.0, 0.0, 0.99, -1.01])
    weight = np.sqrt(1 / width**2 - 1)
    at = shift * (1 + weight**2) / weight**2
    problem = Problem(
        ("narrower", "wider", "nearer", "farther"),
        lambda theta: (theta - at) * weight,
        np.full(4, -20.0),
        np.full(4, 20.0),
        np.zeros(4),
        np.ones(4),
    )
    frame = information(problem, fit_from(problem, np.zeros(4))).set_index("parameter")
    assert frame["sd_ratio"].tolist() == pytest.approx(width)
    assert frame["shift"].tolist() == pytest.approx(shift, abs=1e-6)
    assert frame["moved"].to_dict() == {
        "narrower": True,
        "wider": False,
        "nearer": False,
        "farther": True,
    }


def test_the_data_spectrum_is_in_units_of_the_prior() -> None:
    sd = np.array([2.0, 0.5])
    slopes = np.array([[3.0, 0.0], [0.0, 1.0]])
    problem = Problem(
        ("a", "b"), lambda t: t @ slopes.T, np.full(2, -9.0), np.full(2, 9.0), np.zeros(2), sd
    )
    spectrum = data_spectrum(problem, fit_from(problem, np.ones(2)))
    assert spectrum == pytest.approx([36.0, 0.25], rel=1e-6)


def test_a_sample_of_laplaces_posterior_tells_of_the_prior_what_laplace_tells() -> None:
    root = np.linalg.cholesky(np.linalg.inv(COVARIANCE))
    problem = Problem(
        ("a", "b", "c"),
        lambda theta: (theta - MEAN) @ root,
        np.full(3, -40.0),
        np.full(3, 40.0),
        np.zeros(3),
        np.array([2.0, 1.0, 1.0]),
    )
    best = fit_from(problem, np.zeros(3))
    by_laplace = information(problem, best).set_index("parameter")
    points = laplace_draws(best.theta, best.covariance, N, seed=6)
    sampled = sampled_information(problem, points).set_index("parameter")
    for column in ("shift", "posterior_sd", "sd_ratio"):
        assert sampled[column].to_numpy() == pytest.approx(by_laplace[column], abs=0.06)
    assert sampled["moved"].tolist() == by_laplace["moved"].tolist()
    assert (sampled["prior_median"] == 1.0).all()
