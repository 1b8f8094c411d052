"""Interval ends: what is near them is fitted well, a lower valley moves all, bounds that matter."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import brentq, minimize_scalar

from qsp_lib.inference import profiles
from qsp_lib.inference.fitting import STEP, Problem
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
X, A = ProfiledQuantity.of("x"), ProfiledQuantity.of("a")


def free(names: tuple[str, ...], residuals: Any, bound: float = 8.0) -> Problem:
    """A problem without priors."""
    d = len(names)
    return Problem(
        names, residuals, np.full(d, -bound), np.full(d, bound), np.zeros(d), np.full(d, np.inf)
    )


# ---------------------------------------------------------------- well fitted


def stiffening(theta: Array) -> Array:
    """The root of the rise is ``x + x^3``: no straight line between far points."""
    return theta + theta**3


@pytest.mark.parametrize(("low", "high"), [(-3.0, 3.0), (-2.5, 6.0), (-7.0, 2.0)])
def test_an_end_is_closed_in_on_where_the_root_is_no_straight_line(low: float, high: float) -> None:
    ask = Request(free(("x",), stiffening), X, np.array([0.0]), low, high, 3)
    result = profile(ask)
    end = brentq(lambda x: x + x**3 - np.sqrt(THRESHOLD), 0, 3)
    assert (result.low, result.high) == pytest.approx((-end, end), abs=1e-4)


def slow(theta: Array, constant: float) -> Array:
    """The companion follows ``x`` only a fifth of the way with every step of a fit.

    Gauss and Newton's curvature along ``y`` is 5, the true one 1: the last residual is far from 0.
    """
    x, y = theta.T
    parts = [x, np.sqrt(5) * (y - 0.3 * x), 4.0 - y**2 / 2, np.full_like(x, constant)]
    return np.stack(parts, axis=1)


def lowest_of_slow(x: float) -> float:
    cost = minimize_scalar(
        lambda y: 0.5 * float((slow(np.array([[x, y]]), 0.0) ** 2).sum()),
        bounds=(0.0, 6.0) if x > 0 else (-6.0, 0.0),
        method="bounded",
        options={"xatol": 1e-10},
    )
    return float(cost.fun)


@pytest.mark.parametrize("constant", [0.0, 100.0, 30000.0])
def test_an_end_does_not_depend_on_a_constant_in_the_cost(constant: float) -> None:
    # x = 2 and more: one valley
    problem = Problem(
        ("x", "y"),
        lambda theta: slow(theta, constant) * np.array([2.0, 1.0, 1.0, 1.0]),
        np.array([0.5, 0.0]),
        np.array([8.0, 6.0]),
        np.zeros(2),
        np.full(2, np.inf),
    )
    lowest = lowest_of_slow(0.5) + 1.5 * 0.25
    end = brentq(
        lambda x: 2 * (lowest_of_slow(x) + 1.5 * x**2 - lowest) - THRESHOLD, 0.5, 6.0, xtol=1e-9
    )
    start = np.array([0.5, 1.5])
    result = profile(Request(problem, X, start, 0.5, 6.0, 12))
    assert result.lower_end is End.STOPPED
    assert result.high == pytest.approx(end, abs=1e-3)


def test_what_closes_in_on_an_end_is_repaired_like_the_grid(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # the companion lies behind: fits of values off the grid stop before they begin, the first time
    def residuals(theta: Array) -> Array:
        x, y = theta.T
        return np.stack([x, 3.0 * (y - x)], axis=1)

    grid = set(np.linspace(-4.0, 4.0, 17).tolist())
    refit, seen = profiles._refit, set()

    def lazy(request: Request, value: float, starts: Any, *rest: Any) -> tuple[Array, float]:
        point, cost = refit(request, value, starts, *rest)
        if value not in grid and value not in seen:
            seen.add(value)
            point = point - np.array([0.0, 0.15])
            cost = float(request.problem.cost(point)[0])
        return point, cost

    monkeypatch.setattr(profiles, "_refit", lazy)
    ask = Request(free(("x", "y"), residuals), X, np.zeros(2), -4.0, 4.0, 17)
    result = profile(ask)
    end = np.sqrt(THRESHOLD)
    assert seen
    assert (result.low, result.high) == pytest.approx((-end, end), abs=1e-4)


# ---------------------------------------------------------------- a lower valley


def two_wells(theta: Array) -> Array:
    """The companion sits at -1 or at 1; ``x`` follows it, and the well at 1 is the lower."""
    x, y = theta.T
    return np.stack([4.0 * (y**2 - 1.0), (x - 0.7 * y) / 0.3, 1.2 * (y - 1.0)], axis=1)


SHALLOW, DEEP = np.array([-0.655, -0.935]), np.array([0.7, 1.0])


def check_deep(result: Profile) -> None:
    assert result.cost == pytest.approx(0.0, abs=1e-9)
    assert result.optimum == pytest.approx(0.7, abs=1e-6)
    assert result.rise.min() == pytest.approx(0.0, abs=1e-9)
    y = np.linspace(-2.0, 2.0, 40_001)

    def rise(x: float) -> float:
        return 2 * float(
            free(("x", "y"), two_wells).cost(np.column_stack([np.full_like(y, x), y])).min()
        )

    assert result.verdict is Identifiability.IDENTIFIABLE
    assert rise(result.low) == pytest.approx(THRESHOLD, abs=5e-3)
    assert rise(result.high) == pytest.approx(THRESHOLD, abs=5e-3)


def test_a_lower_valley_among_the_others_moves_the_optimum_itself() -> None:
    problem = free(("x", "y"), two_wells)
    from_below = Request(
        problem,
        X,
        SHALLOW,
        -3.05,
        3.0,
        23,
        others=(DEEP + np.array([0.3, 0.1]),),
    )
    check_deep(profile(from_below))
    # the same as from the lower one, and on any number of workers
    best, other = profile_all([Request(problem, X, DEEP, -3.05, 3.0, 23), from_below])
    assert (other.low, other.high) == pytest.approx((best.low, best.high), abs=1e-3)
    # the rise at every value counts from there
    shared, at, there = np.intersect1d(best.values, other.values, return_indices=True)
    assert shared.size >= 23
    assert other.rise[there] == pytest.approx(best.rise[at], abs=1e-2)


def test_so_does_one_that_the_profile_falls_into() -> None:
    check_deep(profile(Request(free(("x", "y"), two_wells), X, SHALLOW, -3.05, 3.0)))


def behind_a_ridge(theta: Array) -> Array:
    """The companion sits at -1 or at 1 whatever ``x`` is, and the well at 1 is the lower."""
    x, y = theta.T
    return np.stack([x / 0.5, 4.0 * (y**2 - 1.0), 1.2 * (y - 1.0)], axis=1)


def test_a_valley_behind_a_ridge_is_found_from_one_of_the_others_and_not_without() -> None:
    problem = free(("x", "y"), behind_a_ridge)
    far = Request(problem, X, np.array([0.0, -0.955]), -2.0, 2.0, 15)
    alone = profile(far)
    assert alone.theta[:, 1].max() < -0.9 and alone.cost > 2.0
    found = profile(replace(far, others=(np.array([0.3, 1.2]),)))
    assert found.cost == pytest.approx(0.0, abs=1e-9)
    assert found.theta[:, 1] == pytest.approx(np.ones(len(found.values)), abs=1e-3)
    half = 0.5 * np.sqrt(THRESHOLD)
    assert (found.low, found.high) == pytest.approx((-half, half), abs=1e-3)


@pytest.mark.parametrize("from_value", [0.6, 2.0])
def test_a_sweep_that_a_guess_led_astray_goes_on_from_where_it_came(
    monkeypatch: pytest.MonkeyPatch, from_value: float
) -> None:
    # a guess beyond some value ends in another valley, which is higher by 1.5 in the root
    refit = profiles._refit

    def misled(request: Request, value: float, starts: Any, *rest: Any) -> tuple[Array, float]:
        point, cost = refit(request, value, starts, *rest)
        if len(starts) == 1 or value < from_value:
            return point, cost
        return point + np.array([0.0, 9.0]), (np.sqrt(2 * cost) + 1.5) ** 2 / 2

    monkeypatch.setattr(profiles, "_refit", misled)
    problem = free(("x", "y"), lambda theta: np.stack([theta[:, 0], theta[:, 1]], axis=1))
    swept = profiles._sweep(Request(problem, X, np.zeros(2), -3.0, 3.0, 25), 1)
    assert swept.costs == pytest.approx(swept.values**2 / 2, abs=1e-6)
    assert swept.theta[:, 1] == pytest.approx(np.zeros(len(swept.values)), abs=1e-3)


def test_an_optimum_that_is_the_lowest_stays_as_it_is_given() -> None:
    problem = free(("x", "y"), two_wells)
    result = profile(Request(problem, X, DEEP, -3.0, 3.0, others=(SHALLOW,)))
    assert result.optimum == float(DEEP[0])


# ---------------------------------------------------------------- bounds that matter


def pressed(gain: float, side: int) -> Problem:
    """The companion is pressed against a bound: one more range would gain about ``gain``."""

    def residuals(theta: Array) -> Array:
        x, y = theta.T
        slope = gain / 2 / 16.0
        return np.stack([x / 0.1, 1.0 + slope * (8.0 - side * y)], axis=1)

    return free(("x", "y"), residuals)


@pytest.mark.parametrize("side", [-1, 1])
@pytest.mark.parametrize(("share", "end"), [(0.9, End.CROSSED), (1.1, End.STOPPED)])
def test_a_bound_makes_an_end_if_one_more_range_would_gain_the_threshold(
    share: float, end: End, side: int
) -> None:
    best = np.array([0.0, side * 8.0])
    result = profile(Request(pressed(share * THRESHOLD, side), X, best, -1.0, 1.0, 11))
    assert (result.lower_end, result.upper_end) == (end, end)
    assert (result.low, result.high) == pytest.approx((-0.196, 0.196), abs=1e-3)


@pytest.mark.parametrize("side", [-1, 1])
@pytest.mark.parametrize(
    ("share", "end"), [(0.0, End.CROSSED), (0.9, End.CROSSED), (1.1, End.STOPPED)]
)
def test_a_bound_makes_an_end_of_a_ratio_if_both_its_parts_would_gain_by_going_on(
    share: float, end: End, side: int
) -> None:
    # x - y is sharp, and y is pressed against its bound: x would follow it
    pulled = pressed(share * THRESHOLD, side).residuals

    def residuals(theta: Array) -> Array:
        x, y = theta.T
        return pulled(np.stack([x - y, y], axis=1))

    problem = replace(
        free(("x", "y"), residuals), lower=np.array([-20.0, -8.0]), upper=np.array([20.0, 8.0])
    )
    best = np.full(2, side * 8.0)
    ratio = ProfiledQuantity.log_ratio("x/y", "x", "y")
    result = profile(Request(problem, ratio, best, -1.0, 1.0, 11))
    assert (result.lower_end, result.upper_end) == (end, end)
    assert (result.low, result.high) == pytest.approx((-0.196, 0.196), abs=1e-3)


def test_the_slope_at_a_bound_is_from_within_and_costs_two_points_a_parameter_there() -> None:
    asked: list[Array] = []

    def residuals(theta: Array) -> Array:
        asked.append(theta)
        return theta - 9.0

    request = Request(free(tuple("abcdef"), residuals), A, np.zeros(6), -1.0, 1.0)
    inside = np.full(6, 0.5)
    assert not profiles._held_by_a_bound(request, inside)
    assert asked == []
    at_bound = np.array([0.5, 8.0, 0.5, 0.5, -8.0, 0.5])
    assert profiles._held_by_a_bound(request, at_bound)
    (points,) = asked
    assert len(points) == 1 + 2 * 2
    assert np.ptp(points, axis=0) == pytest.approx(STEP * np.array([0, 1, 0, 0, 1, 0]))
    assert np.all(np.abs(points) <= 8.0)
