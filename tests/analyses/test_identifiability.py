"""What the profiles of the joint fit rest on, and the kept run: whole, dated, of one lock only."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cases import quick
from numpy.typing import NDArray

from qsp_lib.analyses import identifiability, kept_profiles
from qsp_lib.analyses.identifiability import (
    CLAIMED,
    DECADES,
    PAIR,
    RATIO,
    SETTINGS,
    Picture,
    make_requests,
    problem_for,
    quantity,
    verdict_table,
)
from qsp_lib.analyses.kept_profiles import (
    KeptProfiles,
    kept_path,
    read_kept,
    write_kept,
)
from qsp_lib.analyses.second_profiler import Coordinates, cross_check
from qsp_lib.calibration.candidates import FITTED
from qsp_lib.calibration.joint_fit import make_problem
from qsp_lib.common.errors import InputError, LockError
from qsp_lib.inference.fitting import Fit, Problem
from qsp_lib.inference.profiles import THRESHOLD, End, Identifiability, Profile, profile
from qsp_lib.model.equations import NETWORK
from qsp_lib.model.priors import network_table
from qsp_lib.protocol.lock import (
    Record,
    current_record,
    lock_path,
    locked_point,
    read_record,
    signed,
)

Array = NDArray[np.float64]


@pytest.fixture(scope="module")
def lock() -> Record:
    return current_record()


@pytest.fixture(scope="module")
def first() -> Record:
    """Lock v1, whose kept run is what the reader is tried on."""
    return read_record(lock_path("v1"), against_code=False)


@pytest.fixture(scope="module")
def whole() -> Problem:
    """The fit of the current inputs, with all its priors."""
    return make_problem(FITTED)


@pytest.fixture(scope="module")
def kept(lock: Record) -> KeptProfiles:
    return read_kept(lock)


def made_up(name: str, low: float = -1.0, high: float = 1.0, ends: tuple[End, End] | None = None):
    """A parabola with its interval from ``low`` to ``high``."""
    values = np.linspace(-3.0, 3.0, 43)
    middle, half = (low + high) / 2, (high - low) / 2
    rise = THRESHOLD * ((values - middle) / half) ** 2
    return Profile(
        name,
        values,
        rise,
        np.zeros((43, 2)),
        1.5,
        middle,
        low,
        high,
        *(ends or (End.CROSSED, End.CROSSED)),
    )


# ---------------------------------------------------------------- which priors are dropped


def dropped(problem: Problem) -> set[str]:
    return {name for name, sd in zip(problem.names, problem.prior_sd, strict=True) if np.isinf(sd)}


@pytest.mark.parametrize("name", ["k_IFN", "K_M", "k_IL6_T", "k_IL6_M", *CLAIMED])
def test_the_prior_of_the_profiled_and_of_the_pair_is_dropped_and_no_other(
    name: str, whole: Problem
) -> None:
    problem = problem_for(name)
    own = set() if name == RATIO else {network_table()[name].estimate}
    assert dropped(problem) == {*PAIR, *own}
    kept_sd = [sd for n, sd in zip(problem.names, problem.prior_sd, strict=True) if np.isfinite(sd)]
    before = dict(zip(whole.names, whole.prior_sd, strict=True))
    assert kept_sd == [before[n] for n in problem.names if n not in dropped(problem)]


def test_with_every_prior_kept_the_problem_is_the_joint_fit(whole: Problem) -> None:
    problem = problem_for(RATIO, "kept")
    assert problem.names == whole.names
    for what in ("lower", "upper", "prior_mean", "prior_sd"):
        assert np.array_equal(getattr(problem, what), getattr(whole, what))


def test_all_four_il6_rates_can_lose_their_priors() -> None:
    four = {network_table()[name].estimate for name in (*PAIR, "k_IL6_T", "k_IL6_M")}
    assert len(four) == 4
    assert dropped(problem_for(RATIO, "all_il6")) == four


def test_a_rate_that_is_fitted_as_a_ratio_is_profiled_itself(lock: Record) -> None:
    """T cells' IL-6 since version 2: its prior is of its share of the macrophages'."""
    row, problem = network_table()["k_IL6_T"], problem_for("k_IL6_T")
    assert row.relative_to == "k_IL6_M" and "k_IL6_T" not in problem.names
    at = quantity("k_IL6_T").row(problem.names) @ locked_point(lock, problem)
    assert 10.0**at == pytest.approx(lock.network.k_IL6_T)
    # without its prior the ratio reaches the rate's own bounds, the other at its prior median
    i = problem.names.index(row.estimate)
    ends = 10.0 ** np.array([problem.lower[i], problem.upper[i]])
    other = network_table()["k_IL6_M"].prior.median
    assert ends * other == pytest.approx([row.lower, row.upper])
    assert problem.lower[problem.names.index("k_IL6_M")] == pytest.approx(np.log10(other) - 3.0)


def test_a_parameter_without_a_prior_ranges_over_its_validity_bounds() -> None:
    problem, row = problem_for("K_S"), network_table()["K_S"]
    i = problem.names.index("K_S")
    assert problem.lower[i] == pytest.approx(np.log10(row.lower))
    assert problem.upper[i] == pytest.approx(np.log10(row.upper))


@pytest.mark.parametrize("name", ["n_M", "n_S"])
def test_a_hill_exponent_is_freed_for_its_own_profile_between_1_and_4(name: str) -> None:
    problem = problem_for(name)
    i = problem.names.index(name)
    assert 10.0 ** problem.lower[i] == pytest.approx(1.0)
    assert 10.0 ** problem.upper[i] == pytest.approx(4.0)
    assert dropped(problem) == {*PAIR, name}
    other = {"n_M": "n_S", "n_S": "n_M"}[name]
    assert other not in problem.names and other not in problem_for("K_M").names
    with pytest.raises(InputError, match="has no prior to keep"):
        problem_for(name, "kept")


def test_freeing_a_hill_exponent_at_2_changes_no_residual(lock: Record) -> None:
    problem, without = problem_for("n_M"), problem_for("k_fb")
    theta = locked_point(lock, problem)
    assert 10.0 ** theta[-1] == pytest.approx(2.0)
    residuals = problem.residuals(theta[None])[0]
    assert residuals == pytest.approx(without.residuals(theta[None, :-1])[0], abs=1e-12)
    theta[-1] = np.log10(3.0)
    assert np.abs(problem.residuals(theta[None])[0] - residuals).max() > 0.01


def test_the_locked_point_has_the_locked_cost(lock: Record) -> None:
    problem = problem_for(RATIO, "kept")
    cost = float(problem.cost(locked_point(lock, problem))[0])
    assert cost == pytest.approx(lock.cost, rel=1e-6)


def test_what_is_not_in_the_network_is_refused() -> None:
    with pytest.raises(InputError, match="no profile of 'k_exh'"):
        quantity("k_exh")
    with pytest.raises(InputError, match="no setting 'none'"):
        problem_for("k_fb", "none")


# ---------------------------------------------------------------- one real profile


@pytest.fixture(scope="module")
def short(lock: Record, kept: KeptProfiles) -> Profile:
    """The ratio with every prior kept, from few points: the quickest of the real ones.

    What lies beyond the kept ends is not searched again.
    """
    (request,) = make_requests(lock, [RATIO], "kept", n_points=17)
    assert request.best == pytest.approx(locked_point(lock, request.problem))
    assert request.span == pytest.approx((request.at_best - DECADES, request.at_best + DECADES))
    many = kept.profiles["kept"][RATIO]
    return profile(replace(request, low=many.low - 0.02, high=many.high + 0.02))


@pytest.mark.thorough
def test_few_points_give_the_interval_that_many_gave(short: Profile, kept: KeptProfiles) -> None:
    many = kept.profiles["kept"][RATIO]
    assert short.verdict is many.verdict is Identifiability.IDENTIFIABLE
    assert short.low == pytest.approx(many.low, abs=0.01)
    assert short.high == pytest.approx(many.high, abs=0.01)
    assert short.cost == pytest.approx(many.cost, abs=1e-4)


@pytest.mark.thorough
def test_the_profile_lies_on_or_below_every_other_point_with_that_ratio(
    short: Profile, lock: Record
) -> None:
    problem = problem_for(RATIO, "kept")
    row = quantity(RATIO).row(problem.names)
    k_fb = problem.names.index("k_fb")
    for value, theta, rise in zip(
        short.values[::4], short.theta[::4], short.rise[::4], strict=True
    ):
        assert row @ theta == pytest.approx(value)
        assert 2 * (problem.cost(theta)[0] - short.cost) == pytest.approx(rise, abs=1e-6)
        moved = locked_point(lock, problem)
        moved[k_fb] += value - row @ moved
        assert problem.cost(moved)[0] >= problem.cost(theta)[0] - 1e-6


@pytest.mark.thorough
def test_an_independent_optimiser_finds_the_same_rise(short: Profile) -> None:
    check = cross_check(problem_for(RATIO, "kept"), short, n_steps=1)
    ends = check.iloc[[0, 1]]
    assert list(ends["value"]) == pytest.approx([short.low, short.high])
    assert ends["rise"].to_numpy() == pytest.approx(THRESHOLD, abs=0.02)
    assert ends["minuit_rise"].min() > THRESHOLD - 0.02
    assert ends["minuit_rise"].max() < THRESHOLD + 0.2


# ---------------------------------------------------------------- the published picture


@pytest.mark.parametrize(
    ("k_fb", "d_il6", "ratio", "agrees", "opposite"),
    [
        ("BOUNDED_BELOW", "BOUNDED_ABOVE", "IDENTIFIABLE", True, True),
        ("BOUNDED_BELOW", "BOUNDED_BELOW", "IDENTIFIABLE", True, False),
        ("BOUNDED_ABOVE", "IDENTIFIABLE", "IDENTIFIABLE", False, False),
        ("BOUNDED_ABOVE", "BOUNDED_BELOW", "FLAT", False, True),
        ("FLAT", "FLAT", "IDENTIFIABLE", False, False),
        ("IDENTIFIABLE", "IDENTIFIABLE", "IDENTIFIABLE", False, False),
        ("STOPPED", "BOUNDED_BELOW", "IDENTIFIABLE", False, False),
    ],
)
def test_the_published_picture_is_two_one_sided_profiles_and_a_known_ratio(
    k_fb: str, d_il6: str, ratio: str, agrees: bool, opposite: bool
) -> None:
    picture = Picture(Identifiability[k_fb], Identifiability[d_il6], Identifiability[ratio])
    assert picture.agrees is agrees
    assert picture.opposite_sides is opposite


def test_the_table_gives_values_out_of_log10_and_says_how_each_side_ends() -> None:
    profiles = {
        "k_fb": made_up("k_fb", -1.0, 2.0, (End.OPEN, End.CROSSED)),
        RATIO: made_up(RATIO, 0.0, 1.0, (End.CROSSED, End.STOPPED)),
    }
    table = verdict_table(profiles).set_index("quantity")
    assert list(table.index) == ["k_fb", "k_fb/d_IL6"]
    assert table.loc["k_fb", "verdict"] == "bounded above only"
    assert table.loc["k_fb", "low"] == pytest.approx(0.1)
    assert table.loc["k_fb", "high"] == pytest.approx(100.0)
    assert table.loc["k_fb", "decades"] == pytest.approx(3.0)
    assert list(table.loc["k_fb", ["low_is", "high_is"]]) == ["open", "end"]
    assert list(table.loc["k_fb/d_IL6", ["low_is", "high_is"]]) == ["end", "bound"]


@pytest.mark.parametrize("name", quick(["k_fb", RATIO], few=["k_fb"]))
def test_minuit_is_given_the_cost_and_its_slope_with_the_quantity_as_a_coordinate(
    name: str, lock: Record
) -> None:
    problem = problem_for(name, "kept")
    wanted = quantity(name)
    row, solved = wanted.row(problem.names), problem.names.index("k_fb")
    at = Coordinates(problem, row, solved)
    locked = locked_point(lock, problem)
    x = locked + 0.05 * np.cos(np.arange(locked.size))
    assert row @ at.theta(x) == pytest.approx(x[solved])
    assert np.array_equal(np.delete(at.theta(x), solved), np.delete(x, solved))
    assert at.twice_cost(x) == pytest.approx(2 * problem.cost(at.theta(x))[0])
    step = 1e-4 * np.eye(x.size)
    slope = [(at.twice_cost(x + s) - at.twice_cost(x - s)) / 2e-4 for s in step]
    assert at.gradient(x) == pytest.approx(slope, rel=0.01, abs=0.02 * np.abs(slope).max())


# ---------------------------------------------------------------- the kept run


def test_the_kept_run_is_of_the_current_lock_and_dated(lock: Record, kept: KeptProfiles) -> None:
    assert dict(kept.lock) == dict(lock.summary)
    assert kept.made >= lock.date
    assert kept.checked_with.startswith("iminuit ")


def test_the_kept_run_holds_all_17_and_the_claimed_three_in_every_setting(
    kept: KeptProfiles,
) -> None:
    assert tuple(kept.profiles["pair"]) == (*NETWORK, RATIO)
    assert set(kept.profiles) == set(SETTINGS)
    for setting in ("kept", "all_il6"):
        assert set(kept.profiles[setting]) == set(CLAIMED)


def test_every_kept_profile_is_what_it_says(lock: Record, kept: KeptProfiles) -> None:
    for setting, profiles in kept.profiles.items():
        for name, made in profiles.items():
            assert len(made.values) >= 41
            assert np.all(np.diff(made.values) > 0)
            assert made.rise.min() >= 0
            if name not in ("n_M", "n_S"):
                problem = problem_for(name, setting)
                at = quantity(name).row(problem.names) @ locked_point(lock, problem)
                ends = np.array([at - DECADES, at + DECADES])
                if name in problem.names:
                    i = problem.names.index(name)
                    ends = ends.clip(problem.lower[i], problem.upper[i])
                assert made.values[[0, -1]] == pytest.approx(ends, abs=1e-5)
            for end, value in ((made.lower_end, made.low), (made.upper_end, made.high)):
                if end is End.CROSSED:
                    assert made.rise_at(value) == pytest.approx(THRESHOLD, abs=0.02)
            if made.lower_end is End.OPEN:
                assert made.rise[0] < THRESHOLD and made.low == made.values[0]
            if made.upper_end is End.OPEN:
                assert made.rise[-1] < THRESHOLD and made.high == made.values[-1]


def test_no_kept_profile_undercuts_its_optimum(kept: KeptProfiles) -> None:
    """Profiles of one problem share one lowest cost."""
    for setting, profiles in kept.profiles.items():
        costs = [profiles[name].cost for name in CLAIMED]
        assert costs == pytest.approx([costs[0]] * 3, abs=2e-3), setting


def test_the_independent_check_agrees_nearly_everywhere(kept: KeptProfiles) -> None:
    assert set(kept.check["quantity"]) == set(CLAIMED)
    difference = kept.check["minuit_rise"] - kept.check["rise"]
    assert (difference.abs() < 0.05).mean() > 0.8
    # where they differ it is not ours that missed the minimum
    assert difference.min() > -0.1


def test_a_run_survives_being_written_and_read(
    lock: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = {
        "pair": {
            "k_fb": made_up("k_fb", ends=(End.OPEN, End.CROSSED)),
            **{name: made_up(name) for name in ("d_IL6", RATIO)},
            "K_M": made_up("K_M"),
        }
    }
    paths = np.linspace(0.0, 1.0, 86).reshape(43, 2)
    made["pair"] = {name: replace(one, theta=paths) for name, one in made["pair"].items()}
    optima = {"pair": [np.array([0.25, -1.5])]}
    row = {"quantity": "k_fb", "value": 1.0, "rise": 3.84, "minuit_rise": 3.85}
    monkeypatch.setattr(kept_profiles, "full_run", lambda *given: (made, optima))
    monkeypatch.setattr(kept_profiles, "cross_check", lambda *given: pd.DataFrame([row]))
    path = write_kept(lock, "2026-02-03", directory=tmp_path / "new")
    assert path == kept_path(lock, tmp_path / "new")
    again = read_kept(lock, tmp_path / "new")
    assert again.made == "2026-02-03"
    assert set(again.profiles["pair"]) == {"k_fb", "d_IL6", RATIO, "K_M"}
    for name, profile_ in again.profiles["pair"].items():
        before = made["pair"][name]
        assert profile_.verdict is before.verdict
        assert profile_.values == pytest.approx(before.values, rel=1e-6)
        assert profile_.rise == pytest.approx(before.rise, rel=1e-6)
        assert (profile_.low, profile_.high) == pytest.approx((before.low, before.high))
        # where the others went is kept of the claimed profiles alone
        assert profile_.theta.shape == ((43, 2) if name in CLAIMED else (43, 0))
        assert profile_.theta == pytest.approx(before.theta[:, : profile_.theta.shape[1]], abs=1e-6)
    assert again.optima["pair"][0].tolist() == [0.25, -1.5]
    assert again.check.to_dict("records") == [row] * 3


def test_a_run_of_another_lock_is_refused(first: Record, tmp_path: Path) -> None:
    text = kept_path(first).read_text(encoding="utf-8")
    content = json.loads(text)
    content["lock"]["digest"] = "0" * 64
    kept_path(first, tmp_path).write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(LockError, match="was edited"):
        read_kept(first, tmp_path)
    kept_path(first, tmp_path).write_text(signed(content), encoding="utf-8")
    with pytest.raises(LockError, match="was made from a lock with digest 000000000000"):
        read_kept(first, tmp_path)


def test_a_missing_or_broken_run_says_what_to_do(first: Record, tmp_path: Path) -> None:
    with pytest.raises(LockError, match="are kept; make it with 'python -m qsp_lib profiles'"):
        read_kept(first, tmp_path)
    content = json.loads(kept_path(first).read_text(encoding="utf-8"))
    del content["optima"]
    for text in ("{", "[]", json.dumps(content)):
        kept_path(first, tmp_path).write_text(text, encoding="utf-8")
        with pytest.raises(LockError, match="cannot be read"):
            read_kept(first, tmp_path)


def test_optima_of_one_cost_are_one(lock: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    def fits(problem: Problem, starts: Array, executor: object) -> tuple[Fit, ...]:
        assert starts[0] == pytest.approx(locked_point(lock, problem))
        costs = (12.0, 12.005, 12.8, 12.81, 14.0, 15.0, 16.0)
        one = Fit(starts[0], 0.0, np.eye(1), starts[0], 1, True)
        return tuple(replace(one, theta=starts[0] + c, cost=c) for c in costs)

    monkeypatch.setattr(identifiability, "fit", fits)
    found = identifiability.local_optima(lock, "pair")
    locked = locked_point(lock, problem_for("k_fb"))
    assert [float((theta - locked)[0]) for theta in found] == pytest.approx([12.0, 12.8, 14.0])
    assert len(identifiability.local_optima(lock, "kept")) == 1
