"""Fits at their edges: a perfect fit, no bounds, a flat direction, and which parameters moved."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from qsp_lib.common.errors import InputError
from qsp_lib.inference.fitting import Fit, Problem, fit, fit_from, log_evidence, share_at_best
from qsp_lib.inference.posterior import information, laplace_draws
from qsp_lib.inference.rejection_sampling import sobol

Array = NDArray[np.float64]


def problem(residuals: Any, d: int = 2, **changes: Any) -> Problem:
    ends: dict[str, Any] = dict(
        lower=np.full(d, -5.0), upper=np.full(d, 5.0), prior_mean=np.zeros(d),
        prior_sd=np.full(d, np.inf),
    )  # fmt: skip
    return Problem(tuple("abcde"[:d]), residuals, **(ends | changes))


def at_cost(cost: float) -> Fit:
    return Fit(np.zeros(1), cost, np.eye(1), np.zeros(1), 1, True)


# ---------------------------------------------------------------- shares


def test_perfect_fits_are_all_at_the_best_however_small_what_is_left() -> None:
    fits = [at_cost(cost) for cost in (0.0, 1e-25, 3e-24, 2e-9, 0.5)]
    assert share_at_best(fits) == pytest.approx(0.8)
    starts = np.random.default_rng(2).uniform(-4, 4, size=(12, 2))
    made = fit(problem(lambda theta: theta @ np.array([[2.0, 0.3], [0.1, 1.0]]) - 0.7), starts)
    assert made[0].cost < 1e-12
    assert share_at_best(made) == 1.0


@pytest.mark.parametrize(
    ("costs", "share"),
    [
        ((100.0, 100.9, 101.1, 200.0), 0.5),
        ((1.0, 1.009, 1.011, 2.0), 0.5),
        ((0.2, 0.209, 0.211, 0.3), 0.5),
        ((0.0, 0.009, 0.011, 1.0), 0.5),
    ],
)
def test_within_a_hundredth_of_the_best_or_of_one(costs: tuple[float, ...], share: float) -> None:
    assert share_at_best([at_cost(cost) for cost in costs]) == share


# ---------------------------------------------------------------- bounds


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"upper": np.array([5.0, np.inf])}, "b may range from -5 to inf; expected finite bounds"),
        ({"lower": np.array([-np.inf, -5.0])}, "a may range from -inf to 5; expected finite"),
        ({"lower": np.array([-5.0, np.nan])}, "b may range from nan to 5; expected finite"),
    ],
)
def test_bounds_that_are_not_finite_are_refused(change: dict[str, Array], words: str) -> None:
    with pytest.raises(InputError, match=words):
        problem(lambda theta: theta, **change)


# ---------------------------------------------------------------- flat directions


def only_the_sum(theta: Array) -> Array:
    return theta @ np.array([[1.0, 2.0, 1.5], [1.0, 2.0, 1.5], [0.0, 0.0, 0.0]]) - 1.0


def test_a_flat_direction_has_no_covariance_and_its_parameters_are_named() -> None:
    flat = fit_from(problem(only_the_sum, 3, prior_sd=np.array([np.inf, np.inf, 1.0])), np.zeros(3))
    words = "cost is flat at this optimum along a combination of parameters 1, 2 of 3"
    with pytest.raises(InputError, match=words):
        _ = flat.covariance
    with pytest.raises(InputError, match=words):
        log_evidence(flat, np.ones(3), 0.0)
    with pytest.raises(InputError, match=words):
        information(problem(only_the_sum, 3), flat)


def test_a_parameter_that_nothing_depends_on_is_flat() -> None:
    idle = fit_from(problem(lambda theta: theta[:, :1] - 0.4), np.array([0.1, 0.2]))
    with pytest.raises(InputError, match="parameters 2 of 2, so the posterior has no finite"):
        _ = idle.covariance


def test_units_make_no_direction_flat() -> None:
    scale = np.array([1e-6, 1e6])
    stretched = fit_from(problem(lambda theta: (theta - 0.3) * scale), np.zeros(2))
    assert np.diag(stretched.covariance) == pytest.approx(scale**-2, rel=1e-6)
    # nor does a correlation, however strong, that differences can still tell from 1
    near = np.array([[1.0, 1.0], [1.0, 1.001]])
    close = fit_from(problem(lambda theta: theta @ near.T), np.array([0.2, 0.1]))
    expected = np.linalg.inv(near.T @ near)
    assert close.covariance == pytest.approx(expected, rel=1e-4)


def test_fewer_residuals_than_parameters_are_flat() -> None:
    flat = Fit(np.zeros(3), 0.0, np.array([[1.0, 0.0, 2.0]]), np.zeros(3), 1, True)
    with pytest.raises(InputError, match="of 3, so the posterior has no finite covariance"):
        flat.require_curved()


def test_the_evidence_needs_a_proper_prior() -> None:
    with pytest.raises(InputError, match="needs a proper prior"):
        log_evidence(at_cost(1.0), np.array([np.inf]), 0.0)


@pytest.mark.parametrize(
    ("covariance", "words"),
    [
        ([[1.0, 1.0], [1.0, 1.0 - 1e-12]], "not positive definite"),
        ([[1.0, 0.0], [0.0, np.inf]], "not finite"),
        ([[1.0, 0.0], [0.0, np.nan]], "not finite"),
        ([[-1.0, 0.0], [0.0, 1.0]], "not positive definite"),
    ],
)
def test_no_draws_follow_from_a_covariance_that_is_none(covariance: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        laplace_draws(np.zeros(2), np.array(covariance), 4, seed=1)


# ---------------------------------------------------------------- what the data moved


@pytest.mark.parametrize(
    ("ratio", "shift_in_sd", "moved"),
    [(0.69, 0.0, True), (0.71, 0.0, False), (0.71, 0.98, False), (0.71, 1.02, True),
     (0.71, -0.98, False), (0.71, -1.02, True)],
)  # fmt: skip
def test_moved_is_narrower_than_seven_tenths_of_the_prior_or_off_by_its_sd(
    ratio: float, shift_in_sd: float, moved: bool
) -> None:
    # one datum of sd s and a prior of sd p: the posterior's variance is 1/(1/s^2 + 1/p^2), and
    # its mean lies 1 - ratio^2 of the way from the prior to the datum
    prior_sd = 0.4
    posterior_sd = ratio * prior_sd
    s = (posterior_sd**-2 - prior_sd**-2) ** -0.5
    datum = 0.3 + shift_in_sd * prior_sd / (1 - ratio**2)
    p = problem(
        lambda theta: (theta - datum) / s, 1,
        prior_mean=np.array([0.3]), prior_sd=np.array([prior_sd]),
    )  # fmt: skip
    row = information(p, fit_from(p, np.array([0.3]))).iloc[0]
    assert row["sd_ratio"] == pytest.approx(ratio, rel=1e-6)
    assert row["shift"] == pytest.approx(shift_in_sd * prior_sd, abs=1e-6)
    assert bool(row["moved"]) is moved


# ---------------------------------------------------------------- Sobol points


@pytest.mark.parametrize("dimension", [1, 3, 17])
def test_sobol_points_are_the_middles_of_their_cells(dimension: int) -> None:
    points = sobol(256, dimension, seed=5)
    cells = points * 2**30
    assert np.array_equal(cells - np.floor(cells), np.full_like(cells, 0.5))
    assert points.min() > 0 and points.max() < 1
    # each coordinate meets every 256th once
    assert np.array_equal(
        np.sort(np.floor(points * 256), axis=0), np.tile(np.arange(256.0)[:, None], dimension)
    )


def test_a_problem_keeps_its_other_refusals() -> None:
    p = problem(lambda theta: theta)
    with pytest.raises(InputError, match="lower bounds must lie below upper ones"):
        replace(p, lower=np.array([5.0, -5.0]))
