"""Ranks of the truth: uniform where the answer is known, and told where they are not."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
from numpy.typing import NDArray

from qsp_lib.common.errors import InputError
from qsp_lib.inference.fitting import Problem
from qsp_lib.inference.rank_calibration import (
    LEVEL,
    Gaussian,
    anderson_darling,
    between,
    holm,
    rank_of,
    under,
    uniformity,
)

Array = NDArray[np.float64]
L = 99


SIGMA = 0.2


def scores_of_a_mean(n: int, believed: float = SIGMA, seed: int = 1) -> Array:
    """Ranks of x ~ N(0, 1), measured with sd SIGMA, among draws of its posterior for another sd.

    The posterior of x given y is N(y t, t s**2) with t = 1/(1 + s**2).
    """
    generator = np.random.default_rng(seed)
    scores = []
    for number in range(n):
        truth = generator.standard_normal()
        y = truth + SIGMA * generator.standard_normal()
        shrink = 1 / (1 + believed**2)
        draws = y * shrink + np.sqrt(shrink) * believed * generator.standard_normal((L, 1))
        ranks = rank_of(np.array([truth]), draws)
        scores.append(between(ranks, L, (seed, number)))
    return np.array(scores)


def test_ranks_of_the_right_posterior_are_uniform() -> None:
    row = uniformity(scores_of_a_mean(400), ["x"]).iloc[0]
    assert row["p_value"] > 0.01
    assert row["mean"] == pytest.approx(0.5, abs=0.05)
    assert row["spread"] == pytest.approx(1.0, abs=0.1)


def test_the_spread_is_one_where_scores_lie_evenly_and_none_where_all_are_alike() -> None:
    even = (np.arange(500) + 0.5) / 500
    table = uniformity(np.column_stack([even, 0.25 + even / 2, np.full(500, 0.5)]), list("abc"))
    assert table["spread"].to_numpy() == pytest.approx([1.0, 0.5, 0.0], abs=2e-3)
    assert table["mean"].to_numpy() == pytest.approx([0.5, 0.5, 0.5], abs=1e-9)


@pytest.mark.parametrize(("believed", "too_narrow"), [(0.08, True), (0.6, False)])
def test_a_wrong_sigma_is_noticed(believed: float, too_narrow: bool) -> None:
    row = uniformity(scores_of_a_mean(100, believed), ["x"]).iloc[0]
    assert row["p_value"] < 0.01
    assert bool(row["spread"] > 1) is too_narrow


def test_one_quantity_that_misses_is_found_among_many() -> None:
    good = np.random.default_rng(2).random((100, 20))
    bad = scores_of_a_mean(100, believed=0.05)
    table = uniformity(np.hstack([good, bad]), [*(f"x{i}" for i in range(20)), "bad"])
    assert table.loc[table["holm"] < LEVEL, "quantity"].tolist() == ["bad"]


def test_the_chance_of_any_false_alarm_is_the_level() -> None:
    generator = np.random.default_rng(3)
    names = [f"x{i}" for i in range(5)]
    alarms = [uniformity(generator.random((30, 5)), names)["holm"].min() < LEVEL for _ in range(60)]
    assert scipy.stats.binomtest(sum(alarms), 40, LEVEL).pvalue > 0.001


def test_a_rank_counts_the_draws_below_and_stands_for_its_share() -> None:
    draws = np.array([[0.0, 5.0], [1.0, 6.0], [2.0, 7.0]])
    ranks = rank_of(np.array([1.5, 4.0]), draws)
    assert ranks.tolist() == [2, 0]
    scores = between(ranks, 3, (1,))
    assert 0.5 < scores[0] < 0.75 and 0 < scores[1] < 0.25
    assert np.array_equal(scores, between(ranks, 3, (1,)))
    assert not np.array_equal(scores, between(ranks, 3, (2,)))


def test_the_statistic_is_scipys() -> None:
    values = np.random.default_rng(4).random((40, 1))
    told = scipy.stats.goodness_of_fit(
        scipy.stats.uniform, values[:, 0], known_params={"loc": 0, "scale": 1}, statistic="ad",
        n_mc_samples=9,
    )  # fmt: skip
    assert anderson_darling(values) == pytest.approx([told.statistic])


def test_holm_steps_down() -> None:
    assert holm(np.array([0.01, 0.04, 0.03, 0.5])) == pytest.approx([0.04, 0.09, 0.09, 0.5])
    assert holm(np.array([0.6, 0.9])) == pytest.approx([1.0, 1.0])


def test_a_widened_gaussian_keeps_mean_and_correlation() -> None:
    points = np.random.default_rng(5).multivariate_normal([1, 2], [[1, 0.6], [0.6, 2]], 5000)
    once, twice = Gaussian.of_sample(points), Gaussian.of_sample(points, 2.0)
    assert np.array_equal(once.mean, twice.mean)
    assert twice.covariance == pytest.approx(4 * once.covariance, rel=1e-6)
    assert once.covariance == pytest.approx(np.cov(points.T), abs=1e-7)
    drawn = twice.draws(4000, 1)
    assert np.cov(drawn.T) == pytest.approx(twice.covariance, rel=0.1)
    # what is of it is standard normal in its residuals
    assert np.cov(twice.residuals(drawn).T) == pytest.approx(np.eye(2), abs=0.06)
    assert np.array_equal(twice.draws(7, 1), drawn[:7])


def test_a_problem_under_a_gaussian_has_its_density() -> None:
    prior = Gaussian(np.array([0.3, -0.2]), np.array([[1.0, 0.7], [0.7, 2.0]]))
    own = Problem(
        ("a", "b"), lambda t: t, np.full(2, -9.0), np.full(2, 9.0), np.zeros(2), np.ones(2)
    )
    problem = under(own, prior, lambda theta: theta[:, :1] - 1.0)
    theta = np.array([[0.5, 1.0], [2.0, -1.0]])
    told = scipy.stats.multivariate_normal(prior.mean, prior.covariance)
    log_density = told.logpdf(theta) - 0.5 * (theta[:, 0] - 1.0) ** 2
    assert np.diff(-problem.cost(theta)) == pytest.approx(np.diff(log_density))


def test_what_cannot_be_judged_is_refused() -> None:
    with pytest.raises(InputError, match="expected two data sets or more"):
        uniformity(np.array([[0.5]]), ["x"])
    with pytest.raises(InputError, match="one score a quantity"):
        uniformity(np.full((3, 2), 0.5), ["x"])
    with pytest.raises(InputError, match="not between 0 and 1"):
        uniformity(np.array([[0.5], [1.0]]), ["x"])
    with pytest.raises(InputError, match="not positive definite"):
        Gaussian(np.zeros(2), np.ones((2, 2)))
    with pytest.raises(InputError, match=r"expected \(d,\) and \(d, d\)"):
        Gaussian(np.zeros(2), np.eye(3))
