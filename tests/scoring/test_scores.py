"""Scores beside their closed forms, their limits, and a library of scores."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scoringrules
from scipy.integrate import quad
from scipy.stats import kstest, norm

from qsp_lib.common.errors import InputError
from qsp_lib.evidence import median_above
from qsp_lib.scoring.clusters import cluster_means, difference_interval, skill, skill_interval
from qsp_lib.scoring.floor import AssayFloor
from qsp_lib.scoring.mixture import Mixture, observation_sd
from qsp_lib.scoring.scores import (
    interval,
    of_level,
    of_limit,
    ranked_probability_score,
    weighted_interval_score,
)

DRAWS = np.random.default_rng(7).normal(2.0, 0.6, 301) + np.where(np.arange(301) % 3, 0, 1.5)


@pytest.fixture(scope="module")
def several() -> Mixture:
    return Mixture(DRAWS, 0.3)


# ---------------------------------------------------------------- the observation model


def test_the_width_is_the_standard_error_of_a_median_and_the_spread_of_studies() -> None:
    assert observation_sd(8, 0.85, 0.0) == pytest.approx(0.85 * math.sqrt(math.pi / 16))
    assert observation_sd(8, 0.0, 0.3) == pytest.approx(0.3)
    assert observation_sd(8, 0.85, 0.3) == pytest.approx(
        math.hypot(observation_sd(8, 0.85, 0.0), 0.3)
    )


def test_medians_of_people_spread_as_the_observation_model_says() -> None:
    medians = np.median(np.random.default_rng(1).normal(0, 0.85, size=(4000, 101)), axis=1)
    assert medians.std() == pytest.approx(observation_sd(101, 0.85, 0.0), rel=0.04)


@pytest.mark.parametrize("given", [(0, 0.85, 0.3), (5, -1.0, 0.3), (5, 0.85, -0.1)])
def test_no_people_and_negative_spreads_are_refused(given: tuple[int, float, float]) -> None:
    with pytest.raises(InputError, match="expected n of 1 or more and spreads of 0 or more"):
        observation_sd(*given)


@pytest.mark.parametrize(
    ("draws", "sd"), [([], 0.3), ([1.0, np.nan], 0.3), ([[1.0]], 0.3), ([1.0], 0.0)]
)
def test_no_distribution_is_made_of_no_draws_or_no_width(draws: list[float], sd: float) -> None:
    with pytest.raises(InputError, match="expected"):
        Mixture(np.array(draws), sd)


# ---------------------------------------------------------------- one draw: a normal


@pytest.mark.parametrize("y", [-1.0, 0.0, 0.3, 4.0])
def test_of_one_draw_everything_is_that_of_a_normal(y: float) -> None:
    one, known = Mixture(np.array([0.3]), 0.7), norm(0.3, 0.7)
    z = (y - 0.3) / 0.7
    gaussian = 0.7 * (z * (2 * norm.cdf(z) - 1) + 2 * norm.pdf(z) - 1 / math.sqrt(math.pi))
    assert one.crps(y) == pytest.approx(gaussian, abs=1e-14)
    assert one.cdf(y) == pytest.approx(known.cdf(y), abs=1e-15)
    assert one.log_density(y) == pytest.approx(known.logpdf(y), abs=1e-13)
    assert one.log_cdf(y) == pytest.approx(known.logcdf(y), abs=1e-13)
    assert one.quantile(0.95) == pytest.approx(known.ppf(0.95), abs=1e-9)


def test_as_the_width_goes_to_nothing_the_score_is_the_distance() -> None:
    assert Mixture(np.array([2.0]), 1e-9).crps(3.5) == pytest.approx(1.5, abs=1e-8)


def test_far_below_all_draws_the_logarithms_stay_finite(several: Mixture) -> None:
    assert -1e7 < several.log_cdf(-1000.0) < several.log_cdf(-999.0) < -1e6
    assert math.isfinite(several.log_density(-1000.0))


# ---------------------------------------------------------------- many draws


@pytest.mark.parametrize("y", [0.0, 2.0, 3.1, 6.0])
def test_the_ranked_score_is_the_area_between_distribution_and_step(
    several: Mixture, y: float
) -> None:
    below, _ = quad(lambda x: several.cdf(x) ** 2, -4, y, limit=400, epsabs=1e-10)
    above, _ = quad(lambda x: (1 - several.cdf(x)) ** 2, y, 10, limit=400, epsabs=1e-10)
    assert several.crps(y) == pytest.approx(below + above, abs=1e-8)


@pytest.mark.parametrize("y", [0.0, 2.0, 3.1, 6.0])
def test_scores_are_those_of_a_library(several: Mixture, y: float) -> None:
    size = DRAWS.size
    theirs = scoringrules.logs_mixnorm(y, DRAWS, np.full(size, several.sd))
    assert -several.log_density(y) == pytest.approx(float(theirs), rel=1e-12)
    one = Mixture(DRAWS[:1], 0.4)
    assert one.crps(y) == pytest.approx(
        float(scoringrules.crps_normal(y, DRAWS[0], 0.4)), rel=1e-12
    )
    assert -one.log_density(y) == pytest.approx(
        float(scoringrules.logs_normal(y, DRAWS[0], 0.4)), rel=1e-12
    )
    narrow = Mixture(DRAWS, 1e-7)
    ensemble = scoringrules.crps_ensemble(y, DRAWS, estimator="nrg")
    assert narrow.crps(y) == pytest.approx(float(ensemble), abs=1e-6)
    large = np.random.default_rng(3).choice(DRAWS, 40_000) + 0.3 * np.random.default_rng(
        4
    ).standard_normal(40_000)
    sampled = scoringrules.crps_ensemble(y, large, estimator="qd")
    assert several.crps(y) == pytest.approx(float(sampled), abs=0.02)


def test_the_order_of_the_draws_changes_nothing(several: Mixture) -> None:
    assert Mixture(DRAWS[::-1], 0.3).crps(1.0) == pytest.approx(several.crps(1.0), rel=1e-13)


@pytest.mark.parametrize("size", [255, 256, 257, 301])
def test_the_batches_of_draws_change_nothing(size: int) -> None:
    draws = DRAWS[:size]
    pairs = scoringrules.crps_ensemble(0.5, draws, estimator="nrg")
    assert Mixture(draws, 1e-8).crps(0.5) == pytest.approx(float(pairs), abs=1e-7)


@pytest.mark.parametrize("share", [0.001, 0.05, 0.5, 0.75, 0.999])
def test_a_quantile_is_where_the_distribution_has_its_share(several: Mixture, share: float) -> None:
    assert several.cdf(several.quantile(share)) == pytest.approx(share, abs=1e-10)


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, math.nan])
def test_a_quantile_lies_strictly_between_nothing_and_all(several: Mixture, share: float) -> None:
    with pytest.raises(InputError, match="expected between 0 and 1"):
        several.quantile(share)


def test_what_is_drawn_from_the_forecast_has_a_uniform_pit_and_is_covered(several: Mixture) -> None:
    draw = np.random.default_rng(11)
    values = draw.choice(DRAWS, 2000) + several.sd * draw.standard_normal(2000)
    pit = np.array([several.cdf(y) for y in values])
    assert kstest(pit, "uniform").pvalue > 0.01
    for share in (0.5, 0.9):
        low, high = interval(several, share)
        assert np.mean((low <= values) & (values <= high)) == pytest.approx(share, abs=0.03)


def test_the_forecast_that_is_true_scores_best(several: Mixture) -> None:
    draw = np.random.default_rng(12)
    values = draw.choice(DRAWS, 150) + several.sd * draw.standard_normal(150)
    others = (Mixture(DRAWS + 0.8, 0.3), Mixture(DRAWS, 1.2), Mixture(DRAWS[:1], 0.3))
    names = ("crps", "log_score", "interval_score")

    def means(forecast: Mixture) -> np.ndarray:
        outcomes = [of_level(forecast, y) for y in values]
        return np.array([[getattr(o, name) for name in names] for o in outcomes]).mean(axis=0)

    own = means(several)
    for other in others:
        assert (own < means(other)).all()


def test_an_interval_has_two_ends() -> None:
    standard = Mixture(np.array([0.0]), 1.0)  # intervals of +-0.67 and +-1.64
    found = [of_level(standard, y).inside for y in (-2.0, -1.0, 0.0, 1.0, 2.0)]
    in_none, in_wide, in_both = (False, False), (False, True), (True, True)
    assert found == [in_none, in_wide, in_both, in_wide, in_none]


def test_below_a_limit_there_is_a_log_score_alone(several: Mixture) -> None:
    outcome = of_limit(several, 1.0)
    assert outcome.log_score == pytest.approx(-math.log(several.cdf(1.0)))
    assert (outcome.crps, outcome.pit, outcome.interval_score, outcome.inside) == (None,) * 4


# ---------------------------------------------------------------- intervals and classes


@pytest.mark.parametrize("y", [-3.0, 0.2, 1.0, 9.0])
def test_the_interval_score_is_that_of_a_library(y: float) -> None:
    intervals = {0.5: (0.0, 1.0), 0.9: (-1.0, 2.5)}
    # version 0.10.0 takes the median itself where its own formula has the distance from it
    theirs = scoringrules.weighted_interval_score(
        y, abs(y - 0.4), np.array([0.0, -1.0]), np.array([1.0, 2.5]), np.array([0.5, 0.1])
    )
    assert weighted_interval_score(y, 0.4, intervals) == pytest.approx(float(theirs), rel=1e-12)


def test_with_many_intervals_the_interval_score_nears_the_ranked_score(several: Mixture) -> None:
    shares = np.linspace(0.01, 0.99, 50)
    intervals = {float(share): interval(several, float(share)) for share in shares}
    score = weighted_interval_score(2.2, several.quantile(0.5), intervals)
    assert score == pytest.approx(several.crps(2.2), rel=0.02)


@pytest.mark.parametrize("outcome", [0, 1, 2, 3])
def test_the_ranked_probability_score_is_that_of_a_library(outcome: int) -> None:
    shares = [0.1, 0.2, 0.3, 0.4]
    theirs = scoringrules.rps_score(outcome + 1, np.array(shares))
    assert ranked_probability_score(shares, outcome) == pytest.approx(float(theirs), rel=1e-12)


def test_a_place_far_off_costs_more_than_one_near_by() -> None:
    sure = [0.0, 1.0, 0.0, 0.0]
    assert [ranked_probability_score(sure, i) for i in range(4)] == [1.0, 0.0, 1.0, 2.0]


@pytest.mark.parametrize(
    ("shares", "outcome"), [([0.5, 0.4], 0), ([1.5, -0.5], 0), ([0.5, 0.5], 2), ([0.5, 0.5], -1)]
)
def test_shares_and_classes_that_are_none_are_refused(shares: list[float], outcome: int) -> None:
    with pytest.raises(InputError, match="expected"):
        ranked_probability_score(shares, outcome)


# ---------------------------------------------------------------- the floor of the assay


def test_the_spread_of_people_changes_with_time() -> None:
    floor = AssayFloor(10.0, ((24.0, 0.9), (31.0, 0.6)))
    assert [floor.spread_at(t) for t in (0, 24, 27.5, 31, 500)] == [0.9, 0.9, 0.75, 0.6, 0.6]
    early, late = (float(floor.median_above(1.3, t)) for t in (12.0, 48.0))
    assert early == pytest.approx(float(median_above(1.3, 0.9, 1.0)))
    assert late == pytest.approx(float(median_above(1.3, 0.6, 1.0)))


@pytest.mark.parametrize("spread", [(), ((24.0, 0.9), (24.0, 0.6)), ((0.0, 0.0),)])
def test_a_floor_without_a_spread_is_refused(spread: tuple[tuple[float, float], ...]) -> None:
    with pytest.raises(InputError, match="rising hours and positive spreads"):
        AssayFloor(10.0, spread)


# ---------------------------------------------------------------- clusters


def test_rows_of_one_cluster_count_as_one() -> None:
    means = cluster_means(["a", "b", "a", "a"], [1.0, 5.0, 2.0, 3.0])
    assert means.tolist() == [2.0, 5.0]


def test_skill_is_none_for_the_reference_and_all_for_no_error() -> None:
    reference = np.array([0.2, 0.4, 0.9])
    assert skill(reference, reference) == 0.0
    assert skill(np.zeros(3), reference) == 1.0
    assert skill(2 * reference, reference) == -1.0


def test_intervals_come_from_resampled_clusters_and_a_seed() -> None:
    scores, reference = np.array([0.1, 0.2, 0.9, 0.4, 0.3]), np.array([0.3, 0.3, 0.5, 0.6, 0.9])
    low, high = skill_interval(scores, reference, 4000, 1, 0.9)
    assert low < skill(scores, reference) < high
    assert (low, high) == skill_interval(scores, reference, 4000, 1, 0.9)
    assert (low, high) != skill_interval(scores, reference, 4000, 2, 0.9)
    # clusters are resampled in pairs: a forecast that is always half as wrong has no interval
    assert skill_interval(reference / 2, reference, 100, 1, 0.9) == pytest.approx((0.5, 0.5))
    assert difference_interval(np.full(4, 0.7), 100, 1, 0.9) == pytest.approx((0.7, 0.7))


def test_the_interval_of_a_mean_has_the_width_that_theory_gives() -> None:
    values = np.random.default_rng(5).normal(size=200)
    low, high = difference_interval(values, 4000, 1, 0.9)
    assert high - low == pytest.approx(2 * 1.645 * values.std() / math.sqrt(200), rel=0.05)
