"""Profiles whose answer is known: linear problems, products, saturation, two valleys."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.known_answers.closed_forms import LinearGaussian
from qsp_lib.common.errors import InputError
from qsp_lib.common.workers import pool
from qsp_lib.inference.fitting import Problem, fit_from
from qsp_lib.inference.profiles import (
    THRESHOLD,
    End,
    Identifiability,
    Profile,
    ProfiledQuantity,
    Request,
    profile,
    profile_all,
)

Array = NDArray[np.float64]
RNG = np.random.default_rng(11)
EXACT = LinearGaussian(
    RNG.normal(size=(12, 3)),
    RNG.normal(size=12),
    0.3,
    np.array([0.5, -1.0, 0.2]),
    np.array([1.0, np.inf, 0.4]),
)
COVARIANCE, OPTIMUM = EXACT.covariance, EXACT.mean


def linear(bound: float = 20.0) -> Problem:
    return EXACT.problem(("a", "b", "c"), bound)


def free(names: tuple[str, ...], residuals, bound: float = 8.0) -> Problem:
    """A problem without priors."""
    d = len(names)
    return Problem(
        names, residuals, np.full(d, -bound), np.full(d, bound), np.zeros(d), np.full(d, np.inf)
    )


def request(
    problem: Problem, quantity: ProfiledQuantity, span: float = 3.0, n: int = 41
) -> Request:
    """Three decades to either side of the optimum found from 0."""
    best = fit_from(problem, np.zeros(problem.dimension)).theta
    at = float(quantity.row(problem.names) @ best)
    return Request(problem, quantity, best, at - span, at + span, n)


# ---------------------------------------------------------------- linear problems


@pytest.mark.parametrize("k", [0, 1, 2])
def test_the_interval_of_a_linear_problem_is_exact(k: int) -> None:
    result = profile(request(linear(), ProfiledQuantity.of("abc"[k])))
    half = np.sqrt(THRESHOLD * COVARIANCE[k, k])
    assert result.verdict is Identifiability.IDENTIFIABLE
    assert result.optimum == pytest.approx(OPTIMUM[k], abs=1e-4)
    assert result.low == pytest.approx(OPTIMUM[k] - half, abs=1e-3)
    assert result.high == pytest.approx(OPTIMUM[k] + half, abs=1e-3)


def test_the_profile_of_a_linear_problem_is_a_parabola() -> None:
    result = profile(request(linear(), ProfiledQuantity.of("b")))
    expected = (result.values - OPTIMUM[1]) ** 2 / COVARIANCE[1, 1]
    assert result.rise == pytest.approx(expected, rel=1e-3, abs=1e-3)
    assert len(result.values) >= 41
    assert np.all(np.diff(result.values) > 0)


def test_the_other_parameters_follow_as_they_must() -> None:
    result = profile(request(linear(), ProfiledQuantity.of("b")))
    slope = COVARIANCE[:, 1] / COVARIANCE[1, 1]
    expected = OPTIMUM + np.outer(result.values - OPTIMUM[1], slope)
    assert result.theta == pytest.approx(expected, abs=2e-3)


@pytest.mark.parametrize(
    ("weights", "name"),
    [
        ((("a", 1.0), ("b", -1.0)), "a difference"),
        ((("c", 2.0), ("a", 0.5), ("b", 1.0)), "any combination"),
    ],
)
def test_the_interval_of_a_combination_is_exact(
    weights: tuple[tuple[str, float], ...], name: str
) -> None:
    quantity = ProfiledQuantity(name, weights)
    result = profile(request(linear(), quantity))
    row = quantity.row(("a", "b", "c"))
    half = np.sqrt(THRESHOLD * (row @ COVARIANCE @ row))
    assert result.low == pytest.approx(row @ OPTIMUM - half, abs=1e-3)
    assert result.high == pytest.approx(row @ OPTIMUM + half, abs=1e-3)
    assert result.theta @ row == pytest.approx(result.values, abs=1e-9)


def test_which_parameter_gives_way_does_not_matter() -> None:
    one = profile(request(linear(), ProfiledQuantity("x", (("a", 1.0), ("b", -1.0)))))
    other = profile(request(linear(), ProfiledQuantity("x", (("b", -1.0), ("a", 1.0)))))
    assert (one.low, one.high) == pytest.approx((other.low, other.high), abs=1e-3)


def test_a_problem_of_one_parameter_needs_no_fit() -> None:
    problem = free(("x",), lambda theta: (theta - 0.3) / 0.1)
    result = profile(request(problem, ProfiledQuantity.of("x"), span=1.0))
    half = 0.1 * np.sqrt(THRESHOLD)
    assert (result.low, result.high) == pytest.approx((0.3 - half, 0.3 + half), abs=1e-3)


# ---------------------------------------------------------------- products and ratios


X = np.array([0.5, 1.0, 2.0, 4.0])


def product_residuals(theta: Array) -> Array:
    """``y = a b x`` in log10, each point read with sd 0.1, from a = 10, b = 0.5."""
    log_a, log_b = theta.T
    return (log_a + log_b - np.log10(5.0))[:, None] / 0.1 + 0 * X


def test_a_product_is_flat_in_its_factors_and_sharp_in_itself() -> None:
    problem = free(("a", "b"), product_residuals)
    for name in ("a", "b"):
        result = profile(request(problem, ProfiledQuantity.of(name)))
        assert result.verdict is Identifiability.FLAT
        assert result.rise.max() < 1e-3
    result = profile(request(problem, ProfiledQuantity("a b", (("a", 1.0), ("b", 1.0)))))
    half = np.sqrt(THRESHOLD / X.size) * 0.1
    assert result.verdict is Identifiability.IDENTIFIABLE
    assert result.low == pytest.approx(np.log10(5.0) - half, abs=1e-3)
    assert result.high == pytest.approx(np.log10(5.0) + half, abs=1e-3)


def test_a_ratio_is_known_when_its_parts_are_not() -> None:
    problem = free(("a", "b"), lambda theta: (theta[:, :1] - theta[:, 1:] - 1.5) / 0.2)
    assert profile(request(problem, ProfiledQuantity.of("b"))).verdict is Identifiability.FLAT
    result = profile(request(problem, ProfiledQuantity.log_ratio("a/b", "a", "b")))
    half = 0.2 * np.sqrt(THRESHOLD)
    assert (result.low, result.high) == pytest.approx((1.5 - half, 1.5 + half), abs=1e-3)


# ---------------------------------------------------------------- one side, bounds, plateaus


def saturated(theta: Array) -> Array:
    """All points of ``y = x/(x + K)`` were seen at 1: K is small, and nobody knows how small."""
    k = 10.0 ** theta[:, :1]
    return (X / (X + k) - 1.0) / 0.05


def saturation_crossing() -> float:
    """Where ``2 * cost`` of :func:`saturated` reaches the threshold, by bisection."""
    low, high = -8.0, 2.0
    for _ in range(80):
        middle = (low + high) / 2
        below = (saturated(np.array([[middle]])) ** 2).sum() < THRESHOLD
        low, high = (middle, high) if below else (low, middle)
    return low


def test_saturation_bounds_a_constant_on_one_side() -> None:
    above = Request(free(("K",), saturated), ProfiledQuantity.of("K"), np.array([-4.0]), -6.0, 0.5)
    result = profile(above)
    assert result.verdict is Identifiability.BOUNDED_ABOVE
    assert (result.lower_end, result.upper_end) == (End.OPEN, End.CROSSED)
    assert result.high == pytest.approx(saturation_crossing(), abs=2e-3)
    assert result.low == -6.0
    # the same seen in a mirror
    mirrored = free(("K",), lambda theta: saturated(-theta))
    result = profile(Request(mirrored, ProfiledQuantity.of("K"), np.array([4.0]), -0.5, 6.0))
    assert result.verdict is Identifiability.BOUNDED_BELOW
    assert result.low == pytest.approx(-saturation_crossing(), abs=2e-3)


def test_an_optimum_on_a_plateau_outside_the_range_is_followed_to_the_near_end() -> None:
    ask = Request(free(("K",), saturated), ProfiledQuantity.of("K"), np.array([-7.0]), -3.0, 0.5)
    result = profile(ask)
    assert result.verdict is Identifiability.BOUNDED_ABOVE
    assert result.values[0] == -3.0
    assert result.optimum == -7.0
    assert result.cost == pytest.approx(float(ask.problem.cost(np.array([-7.0]))[0]))
    assert result.high == pytest.approx(saturation_crossing(), abs=2e-3)


@pytest.mark.parametrize("optimum", [3.2, -3.2])
def test_a_range_that_lies_above_the_threshold_is_refused(optimum: float) -> None:
    problem = free(("x", "y"), lambda theta: (theta - np.array([optimum, 0.5])) / 0.05)
    ask = Request(problem, ProfiledQuantity.of("x"), np.array([optimum, 0.5]), -3.0, 3.0)
    # the nearest end is 4 standard deviations away: a rise of 16
    words = (
        r"x: the whole range from -3 to 3 lies above the threshold \(the least rise in it is 16, "
        rf"the threshold 3.84\).* the optimum is at {optimum}"
    )
    with pytest.raises(InputError, match=words):
        profile(ask)
    # a range whose near end lies within the interval is left open there
    nearer = profile(replace(ask, low=min(-3.0, optimum + 0.05), high=max(3.0, optimum - 0.05)))
    assert End.OPEN in (nearer.lower_end, nearer.upper_end)
    assert End.CROSSED in (nearer.lower_end, nearer.upper_end)


def test_a_profile_that_meets_its_own_bound_first_says_so() -> None:
    half = np.sqrt(THRESHOLD * COVARIANCE[1, 1])
    upper = OPTIMUM[1] + 0.4 * half
    problem = replace(linear(), upper=np.array([20.0, upper, 20.0]))
    result = profile(request(problem, ProfiledQuantity.of("b")))
    assert result.verdict is Identifiability.STOPPED
    assert (result.lower_end, result.upper_end) == (End.CROSSED, End.STOPPED)
    assert result.high == pytest.approx(upper)
    assert result.low == pytest.approx(OPTIMUM[1] - half, abs=1e-3)


def test_an_end_that_a_companions_bound_made_is_not_called_identifiable() -> None:
    problem = replace(free(("a", "b"), product_residuals), lower=np.array([-8.0, -1.0]))
    result = profile(request(problem, ProfiledQuantity.of("a")))
    assert result.lower_end is End.OPEN
    assert result.upper_end is End.STOPPED
    assert result.verdict is Identifiability.STOPPED


def test_a_companion_that_rests_at_a_bound_for_no_reason_does_no_harm() -> None:
    def residuals(theta: Array) -> Array:
        x, idle = theta.T
        return np.stack([(x - 0.2) / 0.1, 1e-4 * (idle + 8.0)], axis=1)

    result = profile(
        Request(
            free(("x", "idle"), residuals),
            ProfiledQuantity.of("x"),
            np.array([0.2, -8.0]),
            -1.0,
            1.0,
        )
    )
    assert result.verdict is Identifiability.IDENTIFIABLE


# ---------------------------------------------------------------- two valleys


def two_valleys(theta: Array) -> Array:
    """The companion sits in one of two wells; with ``x`` the first gets shallow and vanishes."""
    x, y = theta.T
    return np.stack([1.2 * (y**2 - 1.0), 1.2 * (y - np.tanh(x - 1.0)), 0.4 * x], axis=1)


def test_the_profile_changes_valleys_where_it_has_to() -> None:
    problem = free(("x", "y"), two_valleys)
    best = fit_from(problem, np.array([0.0, -1.0])).theta
    result = profile(Request(problem, ProfiledQuantity.of("x"), best, -3.0, 4.0, 41))
    y = np.linspace(-2.0, 2.0, 4001)
    lowest = [problem.cost(np.column_stack([np.full_like(y, x), y])).min() for x in result.values]
    assert result.rise == pytest.approx(2 * (np.array(lowest) - result.cost), abs=2e-2)
    # the companion did move from one well to the other
    assert result.theta[0, 1] < -0.5 and result.theta[-1, 1] > 0.5


def test_a_better_optimum_that_turns_up_on_the_way_counts() -> None:
    def residuals(theta: Array) -> Array:
        x, y = theta.T
        well = np.where(x > 1.0, 0.0, 2.0)
        return np.stack([well, (x - 1.5) / 2.0, y - x], axis=1)

    ask = Request(
        free(("x", "y"), residuals), ProfiledQuantity.of("x"), np.array([0.9, 0.9]), -2.0, 4.0
    )
    result = profile(ask)
    assert result.optimum == pytest.approx(1.5, abs=0.1)
    assert result.rise.min() == pytest.approx(0.0, abs=1e-9)
    assert result.cost < float(ask.problem.cost(ask.best)[0]) - 1.0


# ---------------------------------------------------------------- workers, words, refusals


@pytest.mark.thorough
def test_profiles_are_the_same_on_any_number_of_workers() -> None:
    asked = [request(linear(), ProfiledQuantity.of(name), n=9) for name in ("a", "b", "c")]
    alone = profile_all(asked)
    with ThreadPoolExecutor(3) as threads, pool(2) as processes:
        for executor in (threads, processes):
            for one, other in zip(alone, profile_all(asked, executor), strict=True):
                assert one.name == other.name
                assert np.array_equal(one.values, other.values)
                assert np.array_equal(one.rise, other.rise)
                assert np.array_equal(one.theta, other.theta)
    assert profile_all([]) == ()


@pytest.mark.parametrize(
    ("lower", "upper", "verdict"),
    [
        (End.CROSSED, End.CROSSED, Identifiability.IDENTIFIABLE),
        (End.CROSSED, End.OPEN, Identifiability.BOUNDED_BELOW),
        (End.OPEN, End.CROSSED, Identifiability.BOUNDED_ABOVE),
        (End.OPEN, End.OPEN, Identifiability.FLAT),
        (End.STOPPED, End.CROSSED, Identifiability.STOPPED),
        (End.OPEN, End.STOPPED, Identifiability.STOPPED),
        (End.STOPPED, End.STOPPED, Identifiability.STOPPED),
    ],
)
def test_a_verdict_is_read_off_both_sides(lower: End, upper: End, verdict: Identifiability) -> None:
    assert Identifiability.of(lower, upper) is verdict
    assert verdict.one_sided == (
        verdict in (Identifiability.BOUNDED_BELOW, Identifiability.BOUNDED_ABOVE)
    )


def test_the_rise_between_fits_is_interpolated_as_a_parabola() -> None:
    values = np.array([-2.0, -1.0, 0.0, 1.0])
    made = Profile(
        "x", values, values**2, np.zeros((4, 1)), 0.0, 0.0, -1.9, 1.0, End.CROSSED, End.OPEN
    )
    assert made.rise_at(-1.5) == pytest.approx(2.25)
    assert made.rise_at(0.5) == pytest.approx(0.25)
    with pytest.raises(InputError, match="profiled from -2 to 1, not at 3"):
        made.rise_at(3.0)


def test_what_cannot_be_profiled_is_refused() -> None:
    problem, best = linear(), OPTIMUM
    with pytest.raises(InputError, match="no parameter 'z' to profile"):
        profile(Request(problem, ProfiledQuantity.of("z"), best, -1.0, 1.0))
    with pytest.raises(InputError, match="2 points for a profile; expected 3 or more"):
        Request(problem, ProfiledQuantity.of("a"), best, -1.0, 1.0, 2)
    with pytest.raises(InputError, match="optimum must hold 3 numbers"):
        Request(problem, ProfiledQuantity.of("a"), best[:2], -1.0, 1.0)
    with pytest.raises(InputError, match="outside the bounds"):
        Request(problem, ProfiledQuantity.of("a"), best + 100, -1.0, 1.0)
    words = "a: nothing to search between 30 and 40 within the bounds -20 to 20"
    with pytest.raises(InputError, match=words):
        Request(problem, ProfiledQuantity.of("a"), best, 30.0, 40.0)
    for weights in ((), (("a", 0.0),), (("a", np.inf),)):
        with pytest.raises(InputError, match="expected numbers other than 0"):
            ProfiledQuantity("x", weights)
