"""Rejection ABC on problems with known answers, its intervals, and what it refuses."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
import scipy
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import norm

from benchmarks.known_answers.inference import OBSERVED, PRIOR, SIGMA, WITHIN, ExactMean, NoisyMean
from qsp_lib.common.errors import InputError
from qsp_lib.inference.rejection_sampling import (
    Band,
    LogUniform,
    Sample,
    Uniform,
    rejection,
    sample_of,
    share,
    sobol,
    wilson,
)

Array = NDArray[np.float64]

(A, B), M, EPS = PRIOR, OBSERVED, WITHIN
"""A uniform prior on the mean from A to B, an observed mean M, accepted within EPS."""


@dataclass(frozen=True)
class Fails:
    """Fails on the upper half of its range."""

    quantities: tuple[str, ...] = ("x", "y")

    def __call__(self, points: Array) -> Array:
        values = np.stack([points[:, 0], -points[:, 0]], axis=1)
        values[points[:, 0] > 0.5, 1] = np.nan
        return values


NEAR_M = (Band("near the observed mean", "mean", M - EPS, M + EPS),)


def test_without_noise_the_accepted_share_and_variance_are_exact() -> None:
    # accepted exactly where |mean - M| < EPS: a share 2 EPS/(B - A), a uniform of variance EPS^2/3
    n = 4096
    found = rejection(Uniform(("mean",), (A,), (B,)), ExactMean(), NEAR_M, n, 1, workers=1)
    # one Sobol point in each nth of the range, so a count is off by no more than the two ends
    assert abs(found.share.held - n * 2 * EPS / (B - A)) <= 2
    accepted = found.accepted_points[:, 0]
    assert np.abs(accepted - M).max() < EPS
    assert accepted.mean() == pytest.approx(M, abs=2e-3)
    assert accepted.var() == pytest.approx(EPS**2 / 3, rel=5e-3)


def test_with_noise_the_variances_add() -> None:
    # Under a flat prior whose ends are far away, the simulated mean s is accepted with
    # probability 2 EPS/(B - A) whatever the noise, and is uniform within EPS of M; given s the
    # mean is normal around s. So the accepted means have mean M and variance SIGMA^2 + EPS^2/3.
    # The ends are 9 SIGMA away: what they change is below 1e-18.
    found = rejection(
        Uniform(("mean", "noise"), (A, 0.0), (B, 1.0)),
        NoisyMean(SIGMA),
        NEAR_M,
        2**15,
        2,
        workers=1,
        chunk=2**13,
    )
    assert found.share.value == pytest.approx(2 * EPS / (B - A), rel=0.01)
    accepted = found.accepted_points[:, 0]
    assert accepted.mean() == pytest.approx(M, abs=0.01)
    assert accepted.var() == pytest.approx(SIGMA**2 + EPS**2 / 3, rel=0.02)


def test_a_narrow_tolerance_finds_the_posterior() -> None:
    # EPS -> 0: the accepted means follow the posterior, normal around M with sd SIGMA
    found = rejection(
        Uniform(("mean", "noise"), (A, 0.0), (B, 1.0)),
        NoisyMean(SIGMA),
        (Band("near", "mean", M - 0.05, M + 0.05),),
        2**15,
        3,
        workers=1,
        chunk=2**13,
    )
    z = np.sort((found.accepted_points[:, 0] - M) / np.sqrt(SIGMA**2 + 0.05**2 / 3))
    steps = (np.arange(len(z)) + 0.5) / len(z)
    # 1.63/sqrt(n): the 1 % point of Kolmogorov and Smirnov's distance
    assert np.abs(norm.cdf(z) - steps).max() < 1.63 / np.sqrt(len(z))


@pytest.mark.parametrize(
    ("held", "total", "low", "high"),
    [
        (0, 10, 0.0, 0.2775),
        (10, 10, 0.7225, 1.0),
        (5, 10, 0.2366, 0.7634),
        (1, 29, 0.0061, 0.1718),
        (692, 5000, 0.1291, 0.1482),
    ],
)
def test_wilson_interval_of_known_cases(held: int, total: int, low: float, high: float) -> None:
    # 0 of 10 ends at z^2/(n + z^2); 1 of 29 is Newcombe's example (doi:10.1002/(SICI)1097-0258
    # (19980430)17:8<857::AID-SIM777>3.0.CO;2-E)
    found = wilson(held, total)
    assert found[:2] == (held, total)
    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)
    assert found.value == held / total


@given(st.integers(1, 400), st.data(), st.floats(0.5, 0.999))
def test_wilson_ends_are_z_standard_errors_away(
    total: int, data: st.DataObject, confidence: float
) -> None:
    held = data.draw(st.integers(0, total))
    found, z = wilson(held, total, confidence), norm.ppf(0.5 + confidence / 2)
    for end in (found.low, found.high):
        distance = abs(held / total - end)
        assert distance == pytest.approx(z * np.sqrt(end * (1 - end) / total), abs=1e-7)
    assert 0 <= found.low <= found.value <= found.high <= 1


def test_sobol_points_fill_every_stratum_once_and_begin_alike() -> None:
    points = sobol(256, 5, seed=3)
    assert np.all((points > 0) & (points < 1))
    cells = np.sort((points * 256).astype(int), axis=0)
    assert np.array_equal(cells, np.tile(np.arange(256)[:, None], 5))
    assert np.array_equal(sobol(100, 5, seed=3), points[:100])
    assert not np.any(sobol(256, 5, seed=4) == points)


def test_a_point_on_the_corner_of_the_cube_is_moved_into_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Corner:
        def __init__(self, dimension: int, seed: object) -> None:
            self.dimension = dimension

        def random_base2(self, m: int) -> Array:
            return np.zeros((2**m, self.dimension))

    monkeypatch.setattr(scipy.stats.qmc, "Sobol", Corner)
    assert np.array_equal(sobol(3, 2, seed=1), np.full((3, 2), 2.0**-31))


def test_one_draw_of_one_coordinate_is_a_draw() -> None:
    assert sobol(1, 1, seed=3).shape == (1, 1)


def test_log_uniform_draws_are_centred_and_stay_within() -> None:
    space = LogUniform.around({"a": 10.0, "n": 2.0}, 5.0, within={"n": (1.0, 4.0)})
    assert space.names == ("a", "n")
    ends = space.quantile(np.array([[0.0, 0.0], [0.5, 0.5], [1.0, 1.0]]))
    assert ends == pytest.approx(np.array([[2.0, 1.0], [10.0, 2.0], [50.0, 4.0]]))
    logs = np.log(space.quantile(sobol(1024, 2, 1)))
    assert logs[:, 0].mean() == pytest.approx(np.log(10.0), abs=1e-3)
    assert logs[:, 0].var() == pytest.approx((2 * np.log(5.0)) ** 2 / 12, rel=1e-3)


def test_a_failed_draw_is_rejected_and_counted() -> None:
    criteria = (Band("x above 0.25", "x", low=0.25), Band("y known", "y"))
    found = rejection(Uniform(("x",), (0.0,), (1.0,)), Fails(), criteria, 64, 1, workers=1)
    assert found.failed == 32
    assert found.share.held == 16
    assert np.array_equal(found.accepted, (found.points[:, 0] > 0.25) & found.completed)
    assert not found.passes[:, ~found.completed].any()


def test_quantities_can_be_derived() -> None:
    found = rejection(
        Uniform(("x",), (0.0,), (1.0,)),
        ExactMean(),
        (Band("square", "squared", 0.25, 1.0),),
        64,
        1,
        lambda known: {"squared": known["mean"] ** 2},
        workers=1,
    )
    assert np.array_equal(found.accepted, found.points[:, 0] > 0.5)


@pytest.fixture(scope="module")
def square() -> Sample:
    """Uniform on the unit square, held to the strip around its falling diagonal."""
    unit = sobol(4096, 2, seed=1)
    values = np.stack([unit.sum(axis=1), unit[:, 0]], axis=1)
    return sample_of(
        ("x", "y"),
        unit,
        unit,
        ("sum", "x"),
        values,
        (Band("diagonal", "sum", 0.9, 1.1), Band("left", "x", high=0.5)),
    )


def test_acceptance_by_criterion_is_the_area_of_each(square: Sample) -> None:
    # the strip |x + y - 1| < 0.1 has area 1 - 0.9^2; half of it is left of 0.5
    table = square.by_criterion().set_index("criterion")
    assert table["alone"].to_dict() == pytest.approx({"diagonal": 0.19, "left": 0.5}, abs=3e-3)
    assert table["so_far"].to_dict() == pytest.approx({"diagonal": 0.19, "left": 0.095}, abs=3e-3)
    assert table["all_others"].to_dict() == pytest.approx({"diagonal": 0.5, "left": 0.19}, abs=3e-3)
    assert (table["low"] < table["alone"]).all() and (table["alone"] < table["high"]).all()


def test_acceptance_on_a_sum_correlates_the_terms(square: Sample) -> None:
    strip = square.with_criteria(square.criteria[:1])
    correlations = strip.correlations()
    assert correlations.loc["x", "x"] == pytest.approx(1.0)
    # y = 1 - x + e, with x almost uniform and e uniform in +-0.1: correlation near -1/sqrt(1.04)
    assert correlations.loc["x", "y"] == pytest.approx(-1 / np.sqrt(1.04), abs=0.01)


def test_moved_says_where_the_accepted_lie(square: Sample) -> None:
    moved = square.with_criteria(square.criteria[1:]).moved().set_index("name")
    # x is uniform on the left half, so half the range lies beyond it; y is as drawn
    assert moved.loc["x", ["median", "low", "high", "distance"]].tolist() == pytest.approx(
        [0.25, 0.025, 0.475, 0.5], abs=2e-3
    )
    assert moved.loc["y", "median"] == pytest.approx(0.5, abs=2e-3)
    assert moved.loc["y", "distance"] < 5e-3


def test_a_single_accepted_draw_says_where_it_lies_and_correlates_nothing(square: Sample) -> None:
    highest = np.sort(square.points.sum(axis=1))[-2:].mean()
    one = square.with_criteria([Band("the highest", "sum", highest, 2.0)])
    assert one.share.held == 1
    moved = one.moved().set_index("name")
    (point,) = one.accepted_points
    for name, at in zip(("x", "y"), point, strict=True):
        assert moved.loc[name, ["low", "median", "high"]].tolist() == pytest.approx([at] * 3)
        # the draw has all of its distribution function where the range has its share
        assert moved.loc[name, "distance"] == pytest.approx(max(at, 1 - at))
    with pytest.raises(InputError, match="1 of 4096 draws were accepted; expected"):
        one.correlations()


def test_the_first_draws_are_as_they_were_among_all(square: Sample) -> None:
    few = square.first(64)
    assert len(few) == 64 and np.array_equal(few.accepted, square.accepted[:64])
    assert np.array_equal(few.points, square.points[:64])
    assert square.first(len(square)).share == square.share
    for n in (0, 4097):
        with pytest.raises(InputError, match=f"the first {n} draws; expected 1 to 4096"):
            square.first(n)


def test_convergence_looks_at_the_first_draws(square: Sample) -> None:
    table = square.convergence([64, 1024, 4096])
    assert table["share"].iloc[0] == square.accepted[:64].mean()
    assert table["share"].iloc[-1] == square.share.value
    widths = table["high"] - table["low"]
    assert widths.is_monotonic_decreasing
    assert widths.iloc[1] / widths.iloc[2] == pytest.approx(2.0, rel=0.05)


@pytest.mark.thorough
def test_a_sample_does_not_depend_on_workers_or_chunks() -> None:
    samples = [
        rejection(
            Uniform(("mean", "noise"), (A, 0.0), (B, 1.0)),
            NoisyMean(SIGMA),
            NEAR_M,
            50,
            2,
            workers=workers,
            chunk=chunk,
        )
        for workers, chunk in ((1, 50), (1, 1), (2, 7))
    ]
    for other in samples[1:]:
        assert np.array_equal(samples[0].quantities["mean"], other.quantities["mean"])
        assert np.array_equal(samples[0].accepted, other.accepted)


@pytest.mark.parametrize("n", [0, -5])
def test_zero_draws_are_refused(n: int) -> None:
    with pytest.raises(InputError, match="draws of 1 coordinates; expected 1 or more"):
        rejection(Uniform(("mean",), (A,), (B,)), ExactMean(), NEAR_M, n, 1)


@pytest.mark.parametrize("width", [-1.0, 0.0, 0.5, 1.0, np.inf, np.nan])
def test_a_width_of_nothing_is_refused(width: float) -> None:
    with pytest.raises(InputError, match="expected a finite factor above 1"):
        LogUniform.around({"a": 1.0}, width)


@pytest.mark.parametrize(("low", "high"), [(1.0, 1.0), (2.0, 1.0), (np.nan, 1.0), (0.0, np.nan)])
def test_an_empty_band_is_refused(low: float, high: float) -> None:
    with pytest.raises(InputError, match="so it is empty"):
        Band("b", "x", low, high)


@pytest.mark.parametrize(("value", "factor"), [(1.0, 1.0), (1.0, 0.5), (0.0, 2.0), (-1.0, 2.0)])
def test_a_factor_band_of_nothing_is_refused(value: float, factor: float) -> None:
    with pytest.raises(InputError, match="is empty; expected a factor above 1"):
        Band.within_factor("b", "x", value, factor)


def test_ranges_that_are_none_are_refused() -> None:
    with pytest.raises(InputError, match="range of a is 1 to 1"):
        Uniform(("a",), (1.0,), (1.0,))
    with pytest.raises(InputError, match="2 names with 1 lower"):
        Uniform(("a", "b"), (1.0,), (2.0,))
    with pytest.raises(InputError, match="begins at 0; expected above 0"):
        LogUniform(("a",), (0.0,), (2.0,))


def test_shares_of_nothing_are_refused() -> None:
    given: dict[str, Any]
    for given in (
        {"count": 0, "total": 0},
        {"count": 3, "total": 2},
        {"count": -1, "total": 2},
        {"count": 1, "total": 2, "confidence": 1.0},
    ):
        with pytest.raises(InputError, match="expected 1 draw or more"):
            wilson(**given)
    assert share(np.array([True, False])).value == 0.5


def test_criteria_that_do_not_fit_are_refused(square: Sample) -> None:
    with pytest.raises(InputError, match="no criteria; expected at least one"):
        square.with_criteria([])
    with pytest.raises(InputError, match="about 'z', which the simulator does not give"):
        square.with_criteria([Band("c", "z")])
    with pytest.raises(InputError, match="gave 1 numbers a draw; expected 2: mean, other"):
        rejection(
            Uniform(("mean",), (A,), (B,)), ExactMean(("mean", "other")), NEAR_M, 8, 1, workers=1
        )


def test_nothing_accepted_says_so(square: Sample) -> None:
    none = square.with_criteria([Band("never", "sum", 3.0, 4.0)])
    assert none.share[:3] == (0, 4096, 0.0)
    for ask in (none.moved, none.correlations):
        with pytest.raises(InputError, match="0 of 4096 draws were accepted; expected"):
            ask()
    with pytest.raises(InputError, match="the first 5000 draws; expected 1 to 4096"):
        square.convergence([5000])


def test_a_sample_is_not_changed_by_asking_again(square: Sample) -> None:
    before = square.accepted.copy()
    wider = square.with_criteria([Band("diagonal", "sum", 0.0, 2.0)])
    assert wider.accepted.all()
    assert np.array_equal(square.accepted, before)
    assert replace(square).share == square.share
