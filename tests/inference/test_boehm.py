"""The ten profile ends of a public problem (``boehm/README.md``), and the two at a bound."""

from __future__ import annotations

import boehm_problem as published
import numpy as np
import pytest

from qsp_lib.inference.fitting import Problem, fit_from
from qsp_lib.inference.profiles import End, Profile, ProfiledQuantity, Request, profile

pytestmark = pytest.mark.thorough
ACCURACY = 1e-3
"""In decades; the reference is printed to 1e-4."""


@pytest.fixture(scope="module")
def problem() -> Problem:
    return published.boehm()


@pytest.fixture(scope="module")
def best(problem: Problem) -> np.ndarray:
    edge = published.BOUND - 1e-6
    return fit_from(problem, published.OPTIMUM.clip(-edge, edge)).theta


def check(made: Profile, low: float | None, high: float | None) -> None:
    for found, end, expected, bound in (
        (made.low, made.lower_end, low, -published.BOUND),
        (made.high, made.upper_end, high, published.BOUND),
    ):
        if expected is None:
            assert end is End.STOPPED
            assert found == pytest.approx(bound, abs=1e-9)
        else:
            assert end is End.CROSSED
            assert found == pytest.approx(expected, abs=ACCURACY)


def test_the_fit_is_the_published_one(problem: Problem, best: np.ndarray) -> None:
    cost = float(problem.cost(best)[0])
    assert published.likelihood(cost) == pytest.approx(published.COST, abs=1e-3)
    assert best == pytest.approx(published.OPTIMUM, abs=2e-3)


def test_every_measurement_is_read() -> None:
    times, values = published.measurements()
    assert values.shape == (3, 16)
    assert (times[0], times[-1]) == (0.0, 240.0)
    assert np.all((values > 0) & (values < 100))


@pytest.mark.parametrize("name", published.RATES)
def test_the_ends_of_the_whole_range_are_the_published_ones(
    problem: Problem, best: np.ndarray, name: str
) -> None:
    ask = Request(problem, ProfiledQuantity.of(name), best, -published.BOUND, published.BOUND, 15)
    check(profile(ask), *published.ENDS[name])


def test_the_end_behind_a_slow_valley_does_not_depend_on_the_range(
    problem: Problem, best: np.ndarray
) -> None:
    at = float(best[published.NAMES.index("k_exp_homo")])
    ask = Request(problem, ProfiledQuantity.of("k_exp_homo"), best, at - 1, at + 1)
    check(profile(ask), *published.ENDS["k_exp_homo"])
