"""Exposure: every form in closed form, by both engines."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from helpers import made_up
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import lambertw

from qsp_lib.common.errors import InputError
from qsp_lib.model.concentration_table import ConcentrationTable
from qsp_lib.model.dosing import Bolus, Infusion, Regimen
from qsp_lib.model.engines import ENGINES
from qsp_lib.model.parameters import DrugInputs, NetworkParameters
from qsp_lib.model.simulation import simulate, simulate_exposure
from qsp_lib.model.trajectory import Trajectory
from qsp_lib.protocol.lock import current_record

TIMES = (6.0, 24.0, 72.0, 168.0, 336.0)
ONE: dict[str, Any] = dict(V2=1.0, Q=0.0)
SUBCUTANEOUS = made_up(V1=4.13, CL=0.449 / 24, k_a=0.133 / 24, F=0.718, **ONE)
FALLING = made_up(V1=5.49, CL=0.584 / 24, CL_0=1.08 / 24, k_CL=np.log(2) / (16.3 * 24), **ONE)
SATURABLE = made_up(V1=3.0, CL=0.0, Vmax=20.0, Km=50.0, **ONE)


def levels(run: Trajectory, times: tuple[float, ...]) -> list[float]:
    return [float(np.interp(t, run.times, run["C"])) for t in times]


def expose(drug: Any, dose: Any, times: tuple[float, ...] = TIMES, **options: Any) -> Trajectory:
    given: dict[str, Any] = dict(horizon_h=max(times), rtol=1e-9, atol=1e-9) | options
    return simulate_exposure(drug, Regimen.of(dose), times=times, **given)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_dose_under_the_skin_is_absorbed_and_cleared(engine: str) -> None:
    dose = Bolus(0.0, 100_000.0, "SC")
    run = expose(SUBCUTANEOUS, dose, engine=engine)
    published = [560.847, 2049.031, 4828.130, 6953.925, 5989.766]
    assert levels(run, TIMES) == pytest.approx(published, rel=1e-5)
    peak = simulate_exposure(SUBCUTANEOUS, Regimen.of(dose), horizon_h=400.0).peak("C")
    assert float(peak.value) == pytest.approx(7049.976, rel=1e-5)
    assert float(peak.time_h) == pytest.approx(199.252, abs=0.01)


@settings(max_examples=25, deadline=None)
@given(log10_rate=st.floats(-2, 5.5), log10_ratio=st.floats(0.2, 3))
def test_the_peak_of_an_absorbed_dose_is_batemans_however_fast_the_rates(
    log10_rate: float, log10_ratio: float
) -> None:
    k, k_a = 10 ** (log10_rate - log10_ratio), 10**log10_rate
    for fast, slow in ((k_a, k), (k, k_a)):  # absorption the faster, and flip-flop
        drug = made_up(**ONE | dict(V1=4.0, CL=4.0 * slow, k_a=fast))
        horizon_h = max(24.0, 5 / slow)
        run = simulate_exposure(drug, Regimen.of(Bolus(0.0, 1000.0, "SC")), horizon_h=horizon_h)
        at = np.log(fast / slow) / (fast - slow)
        expected = 250.0 * fast / (fast - slow) * (np.exp(-slow * at) - np.exp(-fast * at))
        assert float(run.peak("C").value) == pytest.approx(expected, rel=2e-3)
        assert float(run.peak("C").time_h) == pytest.approx(at, rel=0.1)


@pytest.mark.parametrize("per_h", [1.0, 15.0, 300.0, 1e5])
def test_an_infusion_never_passes_its_plateau_however_fast_the_clearance(per_h: float) -> None:
    drug = made_up(**ONE | dict(V1=4.0, CL=4.0 * per_h))
    run = simulate_exposure(drug, Regimen.of(Infusion(0.0, 6.0, 600.0)), horizon_h=24.0)
    highest = 25.0 / per_h * -np.expm1(-6.0 * per_h)
    assert float(run.peak("C").value) == pytest.approx(highest, rel=1e-3)
    assert float(run.area("A_c")) == pytest.approx(600.0 / per_h, rel=1e-3)


def test_absorption_as_fast_as_elimination_is_the_limit_of_both() -> None:
    k = 0.05
    run = expose(made_up(V1=2.0, CL=2.0 * k, k_a=k, **ONE), Bolus(0.0, 1000.0, "SC"))
    expected = [500.0 * k * t * np.exp(-k * t) for t in TIMES]
    assert levels(run, TIMES) == pytest.approx(expected, rel=1e-5)


def test_a_lag_shifts_the_course_and_beyond_the_horizon_nothing_is_absorbed() -> None:
    dose = Bolus(0.0, 100_000.0, "SC")
    late = made_up(**{**vars(SUBCUTANEOUS), "lag_h": 12.0})
    shifted = expose(late, dose, tuple(t + 12.0 for t in TIMES))
    assert levels(shifted, tuple(t + 12.0 for t in TIMES)) == pytest.approx(
        levels(expose(SUBCUTANEOUS, dose), TIMES), rel=1e-6
    )
    assert float(shifted["C"][shifted.times < 12.0].max()) == 0.0
    never = expose(made_up(**{**vars(SUBCUTANEOUS), "lag_h": 500.0}), dose)
    assert np.all(never["C"] == 0.0)


def test_doses_by_both_routes_add_up() -> None:
    by_vein, under_skin = Bolus(0.0, 500.0), Bolus(10.0, 4000.0, "SC")
    both, one, other = (
        simulate_exposure(SUBCUTANEOUS, Regimen.of(*doses), times=TIMES[:3])
        for doses in ((by_vein, under_skin), (by_vein,), (under_skin,))
    )
    assert float(both.at("A_c", 72.0)) == pytest.approx(
        float(one.at("A_c", 72.0)) + float(other.at("A_c", 72.0)), rel=1e-5
    )


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("first_h", [0.0, 50.0])
def test_clearance_falls_from_the_first_dose_on(engine: str, first_h: float) -> None:
    times = tuple(t + first_h for t in TIMES)
    run = expose(FALLING, Bolus(first_h, 1000.0), times, engine=engine)
    published = [173.4287, 149.9047, 102.6412, 50.0599, 15.8384]
    assert levels(run, times) == pytest.approx(published, rel=1e-5)
    k, fall = FALLING.CL / 5.49, (FALLING.CL_0 - FALLING.CL) / 5.49 / FALLING.k_CL
    closed = [1000 / 5.49 * np.exp(-k * t - fall * (1 - np.exp(-FALLING.k_CL * t))) for t in TIMES]
    assert levels(run, times) == pytest.approx(closed, rel=1e-6)


@pytest.mark.parametrize("engine", ENGINES)
def test_saturable_elimination_alone_is_lamberts_function(engine: str) -> None:
    run = expose(SATURABLE, Bolus(0.0, 1000.0), TIMES[:3], engine=engine)
    assert levels(run, TIMES[:3]) == pytest.approx([298.8015, 199.1001, 13.5332], rel=1e-5)
    C0, Km, rate = 1000.0 / 3.0, 50.0, 20.0 / 3.0
    closed = [Km * float(lambertw(C0 / Km * np.exp((C0 - rate * t) / Km)).real) for t in TIMES[:3]]
    assert levels(run, TIMES[:3]) == pytest.approx(closed, rel=1e-5)


def test_the_exposure_alone_keeps_the_rules_of_any_simulation() -> None:
    for tolerances in ({"rtol": float("nan")}, {"rtol": 2.0}, {"atol": 0.0}):
        with pytest.raises(InputError, match="expected 0 < rtol < 1 and atol > 0"):
            simulate_exposure(SUBCUTANEOUS, Regimen.of(Bolus(0.0, 1.0)), **tolerances)
    unlocked = current_record().drug("blinatumomab").unlocked()
    run = simulate_exposure(unlocked, Regimen.of(Bolus(0.0, 1.0)), horizon_h=1.0)
    assert run.mark == unlocked.mark != ""


# ---------------------------------------------------------------- a table


ROWS: dict[str, Any] = dict(times_h=(2.0, 10.0, 20.0), ng_per_mL=(100.0, 200.0, 50.0))


def tabulated(**changes: Any) -> Trajectory:
    drug = made_up(table=ConcentrationTable(**(ROWS | changes)))
    return simulate_exposure(drug, Regimen(), horizon_h=40.0 if "ends" in changes else 20.0)


def test_a_table_is_zero_before_its_first_row_and_straight_between_rows() -> None:
    run = tabulated()
    at = [float(run.at("C", t)) for t in (1.0, 2.0, 6.0, 10.0, 15.0, 20.0)]
    assert at == pytest.approx([0.0, 100.0, 150.0, 200.0, 125.0, 50.0], abs=1e-6)
    assert {2.0, 10.0} <= set(run.times)
    assert float(run.peak("C").value) == pytest.approx(200.0)


def test_a_table_may_be_straight_in_the_logarithm() -> None:
    run = tabulated(interpolation="log-linear")
    at = [float(run.at("C", t)) for t in (6.0, 10.0, 15.0)]
    assert at == pytest.approx([np.sqrt(100 * 200), 200.0, 100.0], rel=1e-5)


@pytest.mark.parametrize(("ends", "after"), [(0.0, 0.0), (10.0, 25.0)])
def test_a_table_may_say_how_it_ends(ends: float, after: float) -> None:
    run = tabulated(ends=ends)
    assert float(run.at("C", 30.0)) == pytest.approx(after, rel=1e-5, abs=1e-9)
    # what it says until then is what it says without
    assert [float(run.at("C", t)) for t in (6.0, 10.0, 15.0)] == pytest.approx([150, 200, 125])


@pytest.mark.parametrize("engine", ENGINES)
def test_a_table_begins_with_the_first_dose(engine: str) -> None:
    drug = made_up(table=ConcentrationTable(**ROWS))
    run = simulate_exposure(
        drug, Regimen.of(Bolus(7.0, 1.0), Bolus(9.0, 1.0)), horizon_h=27.0, engine=engine
    )
    at = [float(run.at("C", t)) for t in (8.0, 9.0, 13.0, 17.0, 22.0, 27.0)]
    assert at == pytest.approx([0.0, 100.0, 150.0, 200.0, 125.0, 50.0], abs=1e-6)
    with pytest.raises(InputError, match="ends at 27 h, before the horizon of 28 h"):
        simulate_exposure(drug, Regimen.of(Bolus(7.0, 1.0)), horizon_h=28.0)


def test_a_table_engages_as_the_compartments_that_it_was_made_from() -> None:
    network, regimen = NetworkParameters.prior_medians(), Regimen.of(Bolus(0.0, 5000.0))
    direct = simulate(made_up(), network, regimen, horizon_h=48.0)
    rows = ConcentrationTable(tuple(direct.times.tolist()), tuple(direct["C"].tolist()))
    run = simulate(made_up(table=rows), network, regimen, horizon_h=48.0)
    assert float(run.peak("S").value) == pytest.approx(float(direct.peak("S").value), rel=1e-3)
    assert float(run.mean_engagement()) == pytest.approx(float(direct.mean_engagement()), rel=1e-3)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"times_h": (2.0, 20.0, 10.0)}, "row 3 of the concentration table is at 10 h, after one"),
        ({"times_h": (2.0, 2.0, 10.0)}, "expected times that increase"),
        ({"times_h": (-2.0, 2.0, 10.0)}, "begins at -2 h"),
        ({"ng_per_mL": (1.0, -2.0, 3.0)}, "holds -2 ng/mL; expected 0 or more"),
        ({"ng_per_mL": (1.0, np.nan, 3.0)}, "finite numbers in every row"),
        ({"times_h": (2.0,), "ng_per_mL": (1.0,)}, "has 1 times and 1 concentrations"),
        ({"ng_per_mL": (1.0, 2.0)}, "has 3 times and 2 concentrations"),
        ({"ng_per_mL": (1.0, 0.0, 3.0), "interpolation": "log-linear"}, "has no logarithm"),
        ({"interpolation": "cubic"}, "expected 'linear' or 'log-linear'"),
        ({"ends": -1.0}, "ends with a half-life of -1.0 h"),
    ],
)
def test_a_table_that_cannot_be_meant_is_refused(changes: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        ConcentrationTable(**(ROWS | changes))


def test_a_table_that_ends_before_the_horizon_is_refused() -> None:
    drug = made_up(table=ConcentrationTable(**ROWS))
    with pytest.raises(InputError, match="ends at 20 h, before the horizon of 21 h"):
        simulate_exposure(drug, Regimen(), horizon_h=21.0)
    with pytest.raises(InputError, match="ends at 20 h"):
        simulate(drug, NetworkParameters.prior_medians(), Regimen(), horizon_h=21.0)


@pytest.mark.parametrize("factor", [0.5, 2.0, [1.0, 0.5]])
def test_a_table_of_concentrations_is_of_its_own_doses_and_of_no_multiple(factor: Any) -> None:
    drug = made_up(table=ConcentrationTable(**ROWS))
    options: dict[str, Any] = dict(horizon_h=9.0)
    with pytest.raises(InputError, match="dose_factor would not multiply it"):
        simulate(drug, NetworkParameters.prior_medians(), Regimen(), dose_factor=factor, **options)
    simulate(drug, NetworkParameters.prior_medians(), Regimen(), dose_factor=[1.0], **options)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"k_a": 0.1, "F": 1.2}, "F is 1.2; expected more than 0, and at most 1"),
        ({"F": 0.5}, "expected k_a with them"),
        ({"lag_h": 1.0}, "expected k_a with them"),
        ({"k_a": 0.1, "lag_h": -1.0}, "lag_h is -1.0; expected 0 or more"),
        ({"CL_0": 0.1}, "CL_0, k_CL are expected together"),
        ({"Km": 5.0}, "Vmax, Km are expected together"),
        ({"k_a": 0.0}, "k_a is 0.0; expected a finite number above 0"),
        ({"k_a": 0.1, "table": ConcentrationTable(**ROWS)}, "expected compartments or a table"),
    ],
)
def test_forms_of_exposure_that_do_not_go_together_are_refused(changes: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        made_up(**changes)


def test_a_dose_by_a_route_the_drug_does_not_have_is_refused() -> None:
    with pytest.raises(InputError, match="is given SC and has no k_a"):
        simulate_exposure(made_up(), Regimen.of(Bolus(0.0, 1.0, "SC")))
    with pytest.raises(InputError, match="given by mouth"):
        simulate_exposure(SUBCUTANEOUS, Regimen.of(Bolus(0.0, 1.0, "oral")))


def test_a_dose_keeps_its_route_when_it_is_moved_or_multiplied() -> None:
    given = Regimen.of(Bolus(1.0, 2.0, "SC"), Infusion(0.0, 1.0, 5.0))
    moved = given.shifted(3.0).scaled(2.0)
    assert moved.by("SC").doses == (Bolus(4.0, 4.0, "SC"),)
    assert moved.by("IV").doses == (Infusion(3.0, 1.0, 10.0),)


def test_a_drug_is_written_and_read_again_with_what_it_gives_and_no_more() -> None:
    tabled = made_up(table=ConcentrationTable(**ROWS, ends=5.0))
    for drug in (made_up(), SUBCUTANEOUS, FALLING, SATURABLE, tabled):
        written = json.loads(json.dumps(drug.plain()))
        assert DrugInputs.from_plain(written) == drug
    later = {"k_a", "F", "lag_h", "CL_0", "k_CL", "Vmax", "Km", "table", "K_B", "B_0"}
    assert not later & set(made_up().plain())
    assert later & set(SUBCUTANEOUS.plain()) == {"k_a", "F"}
