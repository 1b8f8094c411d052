"""Chains of walkers: what they sample, what they are worth, and whether two samples agree."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import scipy
from numpy.typing import NDArray

from qsp_lib.common.errors import InputError
from qsp_lib.inference import chains
from qsp_lib.inference.chains import (
    LEG,
    MOVES,
    Chain,
    beside_laplace,
    compare,
    draw,
    pooled,
    run_chain,
    split_r_hat,
)
from qsp_lib.inference.fitting import Problem, fit_from

Array = NDArray[np.float64]
BY_CHANCE = 1e-4
"""A test on a chain may fail by chance this often on a machine whose last bits differ."""
FOR_SURE = 1e-8


def standard_gaussian(d: int, bound: float = 40.0) -> Problem:
    """Independent standard normals."""
    return Problem(
        tuple(f"x{i}" for i in range(d)), lambda theta: theta,
        np.full(d, -bound), np.full(d, bound), np.zeros(d), np.full(d, np.inf),
    )  # fmt: skip


def normals(n: int, d: int, seed: int) -> Array:
    return np.random.default_rng(seed).standard_normal((n, d))


def autoregressive(n_times: int, n_walkers: int, memory: float, seed: int, thin: int = 1) -> Chain:
    """Walkers that each forget at a known pace: its autocorrelation at lag k is ``memory**k``."""
    noise = normals(n_times, n_walkers, seed) * np.sqrt(1 - memory**2)
    noise[0] /= np.sqrt(1 - memory**2)
    steps = scipy.signal.lfilter([1.0], [1.0, -memory], noise, axis=0)
    return Chain(steps[..., None], -(steps**2) / 2, np.ones_like(steps), thin)


class Memory:
    """A store that keeps what it is given."""

    def __init__(self) -> None:
        self.legs: list[tuple[int, int, Array]] = []

    def finished(self) -> Iterator[tuple[int, int, Array]]:
        return iter(list(self.legs))

    def add(self, start: int, stop: int, values: Array) -> None:
        self.legs.append((start, stop, values))


def radius_after(steps: int, seed: int) -> float:
    """P value of the radius of 20 standard normals that walked for some steps.

    A sampler that is right leaves independent draws what they are.
    """
    d = 20
    end = run_chain(standard_gaussian(d), normals(300, d, seed), steps, (seed,)).points[-1]
    return float(scipy.stats.kstest((end**2).sum(axis=1), scipy.stats.chi2(d).cdf).pvalue)


def test_the_moves_leave_a_gaussian_of_many_dimensions_as_it_is() -> None:
    assert radius_after(steps=100, seed=1) > BY_CHANCE


def test_the_snooker_move_that_is_left_out_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """As of emcee 3.1.6; once this fails, the move may have been put right there."""
    monkeypatch.setattr(chains, "MOVES", (("DEMove", 0.5), ("DESnookerMove", 0.5)))
    assert radius_after(steps=60, seed=1) < FOR_SURE


def test_a_chain_finds_a_gaussian_from_elsewhere() -> None:
    chain = run_chain(standard_gaussian(3), 5 + normals(32, 3, 2), 1200, (2,)).after(300)
    points, log_density = pooled([chain])
    assert points.mean(axis=0) == pytest.approx(np.zeros(3), abs=0.15)
    assert points.std(axis=0) == pytest.approx(np.ones(3), abs=0.1)
    assert log_density == pytest.approx(-0.5 * (points**2).sum(axis=1))
    assert 0.1 < chain.acceptance < 0.9


def test_a_chain_stays_within_the_bounds() -> None:
    start = normals(16, 2, 3).clip(-0.69, 0.69)
    chain = run_chain(standard_gaussian(2, bound=0.7), start, 100, (3,))
    assert np.all(np.abs(chain.points) < 0.7)
    assert np.abs(chain.points).max() > 0.65


def test_a_chain_repeats_with_its_seed_whatever_others_draw() -> None:
    start = normals(16, 2, 4)
    runs = []
    for seed in (5, 5, 6):
        np.random.random()  # noqa: NPY002
        runs.append(run_chain(standard_gaussian(2), start, 20, (1, seed)).points)
    assert np.array_equal(runs[0], runs[1])
    assert not np.array_equal(runs[0], runs[2])


def test_a_chain_that_goes_on_is_the_chain_that_never_stopped() -> None:
    problem, start, steps = standard_gaussian(2), normals(8, 2, 5), 2 * LEG + 100
    whole, half = Memory(), Memory()
    chain = run_chain(problem, start, steps, (1,), thin=20, store=whole)
    half.legs = whole.legs[:1]
    again = run_chain(problem, start, steps, (1,), thin=20, store=half)
    assert [leg[:2] for leg in half.legs] == [(0, 25), (25, 50), (50, 55)]
    for name in ("points", "log_density", "accepted"):
        assert np.array_equal(getattr(chain, name), getattr(again, name))
    assert chain.steps == steps


@pytest.mark.thorough
def test_a_chain_with_a_missing_leg_runs_it_and_those_after_it_again() -> None:
    problem, start, steps = standard_gaussian(2), normals(8, 2, 3), 3 * LEG
    store = Memory()
    whole = run_chain(problem, start, steps, (1,), thin=20, store=store)
    del store.legs[1]
    again = run_chain(problem, start, steps, (1,), thin=20, store=store)
    assert again.steps == steps
    assert np.array_equal(again.points, whole.points)


def test_thinning_leaves_states_out_and_counts_all_proposals() -> None:
    problem, start = standard_gaussian(2), normals(8, 2, 6)
    every, tenth = (run_chain(problem, start, 200, (1,), thin=thin) for thin in (1, 10))
    assert np.array_equal(every.points[9::10], tenth.points)
    assert np.array_equal(every.log_density[9::10], tenth.log_density)
    assert every.acceptance == pytest.approx(tenth.acceptance)
    assert 0 < every.acceptance < 1


@pytest.mark.parametrize(
    ("steps", "thin", "said"),
    [(0, 1, "0 steps"), (10, 3, "every 3 kept"), (14, 7, "divisor of 500"), (10, 0, "every 0")],
)
def test_step_counts_that_do_not_fit_are_refused(steps: int, thin: int, said: str) -> None:
    with pytest.raises(InputError, match=said):
        run_chain(standard_gaussian(2), normals(8, 2, 1), steps, (1,), thin)


def test_walkers_that_cannot_start_are_refused() -> None:
    problem = standard_gaussian(2, bound=1.0)
    for start in (np.zeros((3, 2)), np.zeros((8, 3)), np.zeros(8)):
        with pytest.raises(InputError, match="expected 4 or more of 2 numbers"):
            run_chain(problem, start, 10, (1,))
    with pytest.raises(InputError, match="outside the bounds; clip them"):
        run_chain(problem, np.full((8, 2), 1.0), 10, (1,))


@pytest.mark.parametrize("burn_in", [100, -10, 15])
def test_a_burn_in_that_does_not_fit_is_refused(burn_in: int) -> None:
    chain = autoregressive(10, 4, 0.5, seed=1, thin=10)
    with pytest.raises(InputError, match=f"burn-in of {burn_in} in 100 steps"):
        chain.after(burn_in)


def test_the_autocorrelation_time_is_the_known_one_in_steps() -> None:
    # sum over lags of memory**|k| is (1 + memory) / (1 - memory)
    chain = autoregressive(20_000, 8, 0.8, seed=7)
    assert chain.autocorrelation_times() == pytest.approx([9.0], rel=0.1)
    assert chain.effective_sizes() == pytest.approx([20_000 * 8 / 9], rel=0.1)
    thinned = Chain(chain.points, chain.log_density, chain.accepted, thin=10)
    assert thinned.autocorrelation_times() == pytest.approx([90.0], rel=0.1)
    assert thinned.effective_sizes() == pytest.approx(chain.effective_sizes())
    assert chain.after(5_000).steps == 15_000


def test_a_walker_that_never_moves_makes_the_autocorrelation_time_infinite() -> None:
    chain = autoregressive(200, 4, 0.5, seed=7)
    points = np.concatenate([chain.points, chain.points], axis=2)
    points[:, 1, 0] = 3.0
    stuck = Chain(points, chain.log_density, chain.accepted, 1)
    assert stuck.autocorrelation_times()[0] == np.inf
    assert stuck.autocorrelation_times()[1] == pytest.approx(chain.autocorrelation_times()[0])
    assert stuck.effective_sizes()[0] == 0


def test_r_hat_is_one_where_paths_mix_and_large_where_they_do_not() -> None:
    mixed = autoregressive(4000, 8, 0.5, seed=8)
    assert split_r_hat([mixed, autoregressive(4000, 8, 0.5, seed=9)]) == pytest.approx(
        [1], abs=0.005
    )
    apart = Chain(mixed.points + 1, mixed.log_density, mixed.accepted, 1)
    # two groups of equal size one sd apart: between-path variance 1/4, to within 1 in 31
    assert split_r_hat([mixed, apart]) == pytest.approx([np.sqrt(1.25)], rel=0.02)
    # each half drifts by 1, which adds 1/12 to its variance, and the two halves lie 1 apart
    drift = np.linspace(0, 2, 4000)[:, None, None]
    drifting = Chain(mixed.points + drift, mixed.log_density, mixed.accepted, 1)
    assert split_r_hat([drifting]) == pytest.approx([np.sqrt(1 + 0.25 / (1 + 1 / 12))], rel=0.02)


def test_r_hat_of_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="no chain was given"):
        split_r_hat([])
    with pytest.raises(InputError, match="a chain of 3 times; expected 4"):
        split_r_hat([autoregressive(3, 2, 0.5, seed=1)])


def test_draws_are_without_replacement_and_in_random_order() -> None:
    assert sorted(draw(100, 100, seed=1)) == list(range(100))
    few = draw(10_000, 500, seed=1)
    assert len(set(few)) == 500
    assert abs(few[:250].mean() - few[250:].mean()) < 5 * 10_000 / np.sqrt(12 * 125)
    assert np.any(np.diff(few) < 0)
    for n in (0, 101):
        with pytest.raises(InputError, match=f"{n} draws of 100 points"):
            draw(100, n, seed=1)


def test_samples_of_one_distribution_agree_and_others_do_not() -> None:
    one, other = normals(2000, 3, 10), normals(500, 3, 11)
    assert compare(one, other, "abc").p_value > BY_CHANCE
    moved = compare(one, other + [0, 0.5, 0], "abc")
    assert moved.p_value < FOR_SURE
    assert moved.largest == "b"
    narrow = compare(one, other * [1, 1, 0.5], "abc")
    assert narrow.p_value < FOR_SURE
    assert narrow.largest == "c"


def test_the_chance_of_a_comparison_counts_all_quantities() -> None:
    table = compare(normals(50, 4, 12), normals(50, 4, 13), "abcd").table
    assert compare(normals(50, 4, 12), normals(50, 4, 13), "abcd").p_value == pytest.approx(
        min(1, 4 * table["p_value"].min())
    )
    # by hand: cumulative distributions 1/2 apart at most
    assert compare(np.array([[1.0], [2.0]]), np.array([[2.5], [1.5]]), "a").table[
        "distance"
    ].tolist() == [0.5]


def test_samples_that_do_not_fit_together_are_refused() -> None:
    for one, other in ((np.zeros((3, 2)), np.zeros((3, 1))), (np.zeros((0, 1)), np.zeros((3, 1)))):
        with pytest.raises(InputError, match="expected rows of 1 quantities each"):
            compare(one, other, "a")


def test_a_sample_stands_beside_laplace_along_the_directions_of_the_hessian() -> None:
    sd = np.array([0.1, 2.0, 0.5])
    problem = Problem(
        ("a", "b", "c"), lambda theta: theta / sd,
        np.full(3, -9.0), np.full(3, 9.0), np.zeros(3), np.full(3, np.inf),
    )  # fmt: skip
    best = fit_from(problem, np.ones(3))
    points = best.theta + normals(4000, 3, 14) * sd * [1, 1, 3] + [0.1, 0, 0]
    table = beside_laplace(points, problem.names, best)
    assert table["main_parameter"].tolist() == ["a", "c", "b"]
    assert table["direction"].tolist() == [1, 2, 3]
    assert table["laplace_sd"].tolist() == pytest.approx([0.1, 0.5, 2.0], rel=1e-4)
    assert table["sd_ratio"].tolist() == pytest.approx([1, 3, 1], rel=0.06)
    assert table["mean_shift"].tolist() == pytest.approx([1, 0, 0], abs=0.2)
    assert table["eigenvalue"].to_numpy() ** -0.5 == pytest.approx(table["laplace_sd"].to_numpy())


def test_the_shares_of_the_moves_are_whole() -> None:
    assert sum(share for _, share in MOVES) == pytest.approx(1)
