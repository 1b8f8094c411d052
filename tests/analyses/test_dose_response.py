"""Shapes of curves whose shape is known, doses that cannot be, and the trial that can disagree."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from helpers import made_up, made_up_bispecific
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from qsp_lib.analyses import dose_response, low_dose_trial
from qsp_lib.analyses.dose_response import (
    DRUGS,
    Curve,
    Shape,
    check_doses,
    doses,
    ensembles,
    hook_curves,
    jumps,
    reading,
    shape_of,
)
from qsp_lib.analyses.low_dose_trial import (
    clinical_ug_per_kg,
    stays_healthy,
    trial_curve,
    trial_doses,
    trial_over_draws,
    trial_table,
    verdict,
)
from qsp_lib.common.errors import InputError, LockError
from qsp_lib.common.workers import pool
from qsp_lib.drugs.reading import load_drug
from qsp_lib.evidence.tables import load_tables
from qsp_lib.model import severity
from qsp_lib.model.dosing import Bolus, Infusion, Regimen
from qsp_lib.model.engines import Outcome
from qsp_lib.model.parameters import NetworkParameters
from qsp_lib.model.simulation import simulate
from qsp_lib.protocol.lock import Record, current_record

Array = NDArray[np.float64]
WIDE = doses(81)


@pytest.fixture(scope="module")
def lock() -> Record:
    return current_record()


def hill(d: Array, half: float, n: float = 1.0) -> Array:
    return d**n / (half**n + d**n)


# ---------------------------------------------------------------- the rule, on closed forms


@pytest.mark.parametrize(
    ("signal", "shape"),
    [
        (hill(WIDE, 1e-2), Shape.SATURATING),
        (hill(WIDE, 1e-2, 3.0), Shape.SWITCH),
        (hill(WIDE, 1e-2) * 10 / (10 + WIDE), Shape.BELL),
        (hill(WIDE, 10.0), Shape.GRADED),
        (WIDE**0.3, Shape.GRADED),
        # a bell comes before a switch, a switch before a plateau
        (hill(WIDE, 1e-2, 3.0) * 10 / (10 + WIDE), Shape.BELL),
        (hill(WIDE, 1e-3, 3.0), Shape.SWITCH),
    ],
)
def test_curves_of_known_shape_are_read_as_such(signal: Array, shape: Shape) -> None:
    assert shape_of(WIDE, signal).shape is shape


@pytest.mark.parametrize("n", [0.7, 1.0, 2.0, 4.0])
def test_the_steepest_slope_of_a_hill_curve_is_the_analytic_one(n: float) -> None:
    # the log-log slope is n (1 - share), and counts from a share of 5 % on
    found = shape_of(doses(161), hill(doses(161), 1e-2, n))
    highest = hill(doses(161), 1e-2, n).max()
    assert found.steepest == pytest.approx(n * (1 - 0.05 * highest), rel=0.01)


def test_the_numbers_of_a_reading_are_what_they_say() -> None:
    signal = hill(WIDE, 1e-2) * 100 / (100 + WIDE)
    found = shape_of(WIDE, signal)
    assert found.fall == pytest.approx(1 - signal[-1] / signal.max())
    at = [s for d, s in zip(WIDE, signal, strict=True) if np.isclose(d, [1.0, 10.0]).any()]
    assert found.plateau == pytest.approx(abs(at[1] - at[0]) / max(at), rel=1e-6)
    assert found.wide_enough


@pytest.mark.parametrize(("fall", "shape"), [(0.21, Shape.BELL), (0.19, Shape.SATURATING)])
def test_a_bell_has_to_lose_a_fifth(fall: float, shape: Shape) -> None:
    signal = hill(WIDE, 1e-3) * (1 - fall * hill(WIDE, 1e3, 4.0) / hill(np.array([1e4]), 1e3, 4.0))
    assert shape_of(WIDE, signal).shape is shape


def test_a_range_that_misses_the_steep_part_is_not_wide_enough() -> None:
    narrow = WIDE[WIDE >= 1e-2 * (1 - 1e-9)]
    whole, found = (shape_of(d, hill(d, 1e-2, 4.0)) for d in (WIDE, narrow))
    assert whole.wide_enough and not found.wide_enough
    # of 4 (1 - share) only the half above a share of one half is seen
    assert whole.steepest == pytest.approx(3.8, rel=0.01)
    assert found.steepest == pytest.approx(2.0, rel=0.1)
    assert shape_of(narrow, hill(narrow, 1e-2, 2.5)).shape is Shape.SATURATING


@given(st.floats(1e-6, 1e6), st.permutations(list(range(25))))
def test_neither_the_unit_nor_the_order_of_the_doses_matters(unit: float, order: list[int]) -> None:
    d = doses(25, 1e-4, 1e2)
    signal = hill(d, 0.02, 2.0)
    one, other = shape_of(d, signal), shape_of(d[order], unit * signal[order])
    assert one.shape is other.shape
    assert other.steepest == pytest.approx(one.steepest, rel=1e-9)
    assert other.plateau == pytest.approx(one.plateau, rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("n", [41, 61, 121, 241])
def test_the_reading_hardly_depends_on_how_many_doses_there_are(n: int) -> None:
    found = shape_of(doses(n), hill(doses(n), 3e-3, 2.0))
    assert found.steepest == pytest.approx(1.9, rel=0.01)


# ---------------------------------------------------------------- doses that cannot be


def test_doses_are_evenly_spaced_in_log_with_exact_ends() -> None:
    made = doses(9, 1e-4, 1e4)
    assert made == pytest.approx(10.0 ** np.arange(-4, 5))
    assert np.log10(WIDE[-1] / WIDE[0]) >= 8
    assert len(WIDE) >= 60


@pytest.mark.parametrize(
    ("given_doses", "message"),
    [
        ([1.0, -2.0, 3.0], "a dose of -2 times the clinical one; expected finite, above 0"),
        ([0.0, 1.0], "a dose of 0 times"),
        ([1.0, np.nan], "a dose of nan"),
        ([1.0, np.inf], "a dose of inf"),
        ([1.0, 10.0, 1.0], "the dose 1 is given twice; expected each dose once"),
        ([1.0], "1 doses were given; expected a list of 2 or more"),
        ([], "0 doses were given"),
        (3.0, "1 doses were given; expected a list"),
    ],
)
def test_doses_that_cannot_be_are_refused(given_doses: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        check_doses(given_doses)


def test_ranges_and_curves_that_the_rule_cannot_read_are_refused() -> None:
    with pytest.raises(InputError, match="1 doses; expected 2 or more"):
        doses(1)
    with pytest.raises(InputError, match="expected increasing numbers above 0"):
        doses(10, 1.0, 0.1)
    with pytest.raises(InputError, match="compares 1 with 10, so expected both within"):
        shape_of(doses(20, 1e-4, 5.0), doses(20, 1e-4, 5.0))
    with pytest.raises(InputError, match="20 doses and 19 signals"):
        shape_of(doses(20), np.ones(19))
    with pytest.raises(InputError, match="has no log-log slope"):
        shape_of(WIDE, np.where(WIDE < 1e-5, 0.0, 1.0))


# ---------------------------------------------------------------- curves from the model


REGIMEN = Regimen.of(Infusion(0.0, 0.5, 5000.0), Bolus(24.0, 1000.0), label="made up")


def test_a_curve_is_the_single_runs_side_by_side(network: NetworkParameters) -> None:
    drug, factors = made_up(), [0.01, 1.0, 30.0]
    curve = dose_response.dose_response(drug, network, REGIMEN, factors)
    for i, factor in enumerate(factors):
        run = simulate(drug, network, REGIMEN, dose_factor=factor)
        assert curve.signal[i] == pytest.approx(float(run.peak("S").value), rel=1e-9)
        assert curve.il6[i] == pytest.approx(float(run.peak("IL6").value), rel=1e-9)
        assert curve.tnf[i] == pytest.approx(float(run.peak("TNF").value), rel=1e-9)
        assert curve.ifn[i] == pytest.approx(float(run.peak("IFN").value), rel=1e-9)
        assert curve.index[i] == pytest.approx(float(severity.index(run)), rel=1e-9)
    assert curve.failures == 0 and curve.mark == ""


def test_exposure_is_proportional_to_the_dose_and_doses_come_in_order(
    network: NetworkParameters,
) -> None:
    curve = dose_response.dose_response(made_up(), network, REGIMEN, [10.0, 0.1, 1.0])
    assert curve.factor.tolist() == [0.1, 1.0, 10.0]
    assert curve.exposure / curve.factor == pytest.approx(curve.exposure[1], rel=1e-5)


def test_at_the_lowest_doses_the_signal_is_proportional_to_the_dose(
    network: NetworkParameters,
) -> None:
    curve = dose_response.dose_response(made_up(), network, REGIMEN, [1e-7, 1e-6])
    assert curve.signal[1] / curve.signal[0] == pytest.approx(10.0, rel=0.02)


def test_only_a_hook_effect_makes_a_bell(network: NetworkParameters) -> None:
    # held at its level, as by a pump; a bolus would wane through the optimum afterwards
    factors, pump = doses(41, 1e-4, 1e4), Regimen.of(Infusion(0.0, 168.0, 5000.0))
    with_hook, without = (
        dose_response.dose_response(made_up_bispecific(K_hook=k), network, pump, factors)
        for k in (4000.0, np.inf)
    )
    assert shape_of(factors, with_hook.signal).shape is Shape.BELL
    assert shape_of(factors, without.signal).fall < 0.05


def test_a_failed_dose_is_counted_and_left_out(
    network: NetworkParameters, monkeypatch: pytest.MonkeyPatch
) -> None:
    def second_fails(*args: Any, **kwargs: Any) -> Any:
        run = simulate(*args, **kwargs)
        outcomes = list(run.outcomes)
        outcomes[1] = Outcome.SOLVER_FAILED
        return replace(run, outcomes=tuple(outcomes))

    monkeypatch.setattr(dose_response, "simulate", second_fails)
    curve = dose_response.dose_response(made_up(), network, REGIMEN, doses(12, 1e-3, 1e2))
    assert curve.failures == 1
    assert np.isnan(curve.signal[1]) and np.isnan(curve.index[1])
    assert np.isfinite(curve.signal[[0, 2]]).all()
    factor, signal = curve.within(1e-3, 1e2)
    assert factor.size == signal.size == 11
    assert reading(curve, 1e-3, 1e2).shape in Shape
    assert not stays_healthy(curve, 99.0)["all"][1]


# ---------------------------------------------------------------- from the lock


def at_lock(lock: Record, name: str, factors: list[float]) -> Curve:
    run = lock.run(name, dose_factor=factors)
    return dose_response.read_off(lock.drug(name), run)


def locked_index(lock: Record, name: str) -> float:
    """Severity of the clinical regimen at the locked point; what is on record is a median."""
    return float(severity.index(lock.run(name)))


def test_the_clinical_dose_is_on_the_curve(lock: Record) -> None:
    made = {name: at_lock(lock, name, [0.1, 1.0, 10.0]) for name in DRUGS}
    for name, curve in made.items():
        assert curve.index[1] == pytest.approx(locked_index(lock, name), rel=1e-6)
    assert {curve.mark for curve in made.values()} == {""}


def test_other_hook_effects_need_an_unlocked_copy_and_carry_its_mark(lock: Record) -> None:
    with pytest.raises(LockError, match="K_hook is locked"):
        lock.drug("blinatumomab").replace(K_hook=540.0)
    made = hook_curves(lock, [540.0, 54000.0], doses(31))
    assert {curve.mark for curve in made.values()} == {f"unlocked copy of lock {lock.version}"}
    # the weaker the hook, the less is lost at the high end
    falls = [reading(curve).fall for curve in made.values()]
    assert falls[0] > falls[1]


@pytest.mark.thorough
def test_draws_give_the_same_on_any_number_of_workers_and_in_any_pieces(
    lock: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    draws, factors = lock.draws(5), doses(6, 1e-4, 1e2)
    alone = ensembles(lock, draws, factors)
    with pool(2) as executor:
        monkeypatch.setattr(dose_response, "_CHUNK", 12)
        together = ensembles(lock, draws, factors, executor)
    for name in DRUGS:
        assert np.array_equal(alone[name].signal, together[name].signal)
        assert alone[name].readings == together[name].readings
        assert sum(alone[name].shares().values()) == pytest.approx(1.0)
        assert alone[name].signal.shape == alone[name].index.shape == (5, 6)


def test_a_draw_is_the_same_run_as_by_itself(lock: Record) -> None:
    draws, factors = lock.draws(2), doses(4, 1e-3, 1e2)
    made = ensembles(lock, draws, factors)["tgn1412"]
    regimen = load_drug("tgn1412").regimens["clinical"]
    run = simulate(
        lock.drug("tgn1412"),
        lock.network,
        regimen,
        draws=draws["tgn1412"],
        dose_factor=np.full(2, factors[1]),
    )
    assert made.signal[:, 1] == pytest.approx(run.peak("S").value, rel=1e-9)
    assert made.index[:, 1] == pytest.approx(severity.index(run), rel=1e-9)


def test_a_draw_with_a_failed_dose_has_no_shape_and_counts_against(lock: Record) -> None:
    made = ensembles(lock, lock.draws(2), doses(4, 1e-3, 1e2))["okt3"]
    one_failed = replace(made, readings=(made.readings[0], None))
    assert one_failed.failures == 1
    assert sum(one_failed.shares().values()) == pytest.approx(0.5)
    assert one_failed.share_wide_enough() <= 0.5


def test_jumps_are_counted_among_the_steep_draws_only(lock: Record) -> None:
    draws = lock.draws(3)
    made = ensembles(lock, draws, doses(13, 1e-5, 1e2))["tgn1412"]
    flat = replace(made, readings=tuple(replace(r, steepest=2.0) for r in made.readings if r))
    assert set(jumps(lock, "tgn1412", draws["tgn1412"], flat).values()) == {0}
    steep = replace(made, readings=tuple(replace(r, steepest=11.0) for r in made.readings if r))
    counts = jumps(lock, "tgn1412", draws["tgn1412"], steep)
    assert counts["jump"] == 3
    assert max(counts["without_feedback"], counts["without_macrophage_tnf"]) <= 3


# ---------------------------------------------------------------- the low-dose trial


def test_the_trial_is_the_one_in_the_evidence() -> None:
    row = load_tables().row("PK035")
    made = trial_doses(5)
    assert made[[0, -1]] == pytest.approx([row.low, row.high])
    assert row.unit == "ug/kg"
    for name in low_dose_trial.TRIAL_OUTCOMES:
        assert load_tables().row(name).drug.startswith("TAB08")


def test_the_trials_doses_are_shares_of_the_2006_one(lock: Record) -> None:
    assert clinical_ug_per_kg(lock) == pytest.approx(100.0)
    curve = trial_curve(lock, [0.1, 100.0])
    assert curve.factor == pytest.approx([1e-3, 1.0])
    assert curve.index[1] == pytest.approx(locked_index(lock, "tgn1412"), rel=1e-6)
    table = trial_table(curve, [0.1, 100.0], lock.boundaries.grade_1)
    base = severity.baselines()
    assert table["IL6"].to_numpy() == pytest.approx(base["IL6"] + curve.il6)
    assert (
        table["no_release"].tolist()
        == stays_healthy(curve, lock.boundaries.grade_1)["all"].tolist()
    )


def levels(tnf: float, ifn: float, index: float) -> Curve:
    """One dose with these rises above baseline (pg/mL) and this severity index."""
    values = [np.array([v]) for v in (1.0, 1.0, 1.0, 1.0, tnf, ifn, index)]
    return Curve("x", *values, np.array([True]))


@pytest.mark.parametrize(
    ("tnf", "ifn", "index", "quiet"),
    [
        (0.1, 0.1, 0.1, (True, True, True)),
        (10.0, 0.1, 0.1, (False, True, True)),
        (0.1, 10.0, 0.1, (True, False, True)),
        (0.1, 0.1, 0.7, (True, True, False)),
        (np.nan, np.nan, np.nan, (False, False, False)),
    ],
)
def test_no_release_is_healthy_tnf_and_ifn_and_no_grade(
    tnf: float, ifn: float, index: float, quiet: tuple[bool, bool, bool]
) -> None:
    found = stays_healthy(levels(tnf, ifn, index), 0.7)
    assert tuple(bool(found[key][0]) for key in ("TNF", "IFN", "grade_0")) == quiet
    assert bool(found["all"][0]) == all(quiet)


def test_one_dose_over_draws(lock: Record) -> None:
    draws = lock.draws(3)["tgn1412"]
    made = trial_over_draws(lock, draws, 0.1)
    assert made.index.shape == (3,)
    regimen = load_drug("tgn1412").regimens["clinical"]
    run = simulate(
        lock.drug("tgn1412"), lock.network, regimen, draws=draws, dose_factor=np.full(3, 1e-3)
    )
    assert made.index == pytest.approx(severity.index(run), rel=1e-9)
    with pytest.raises(InputError, match="a dose of -1 ug/kg"):
        trial_over_draws(lock, draws, -1.0)


def test_a_verdict_counts_the_doses() -> None:
    assert verdict([True, True]) == "agrees"
    assert verdict([False, False]) == "differs"
    assert verdict([True, False, False]) == "agrees at 1 of 3 doses"
