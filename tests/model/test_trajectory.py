"""Peaks, areas and values between report times, and results of sets that failed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from cases import quick
from helpers import (
    HOPELESS,
    ONE_COMPARTMENT,
    REGIMENS,
    give_up_on_hopeless,
    made_up,
    made_up_bispecific,
    rescue_inputs,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.known_answers.closed_forms import central_amount, dispositions
from qsp_lib.common.errors import InputError, IntegrationError
from qsp_lib.model import severity
from qsp_lib.model.dosing import Bolus, Infusion, Regimen
from qsp_lib.model.draws import Draws
from qsp_lib.model.engines import Outcome, solve_scipy
from qsp_lib.model.equations import STATES
from qsp_lib.model.parameters import NetworkParameters
from qsp_lib.model.simulation import Rescue, simulate
from qsp_lib.model.trajectory import Trajectory

TIGHT: dict[str, Any] = dict(rtol=1e-9, atol=1e-10)
CYTOKINES = ("IFN", "TNF", "IL6", "S")
COARSE = np.arange(0.0, 96.01, 0.25)
SHORT = REGIMENS["infusion"]


def run_coarse(network: NetworkParameters, **options: Any) -> Trajectory:
    return simulate(made_up(), network, SHORT, horizon_h=96.0, **(TIGHT | options))


@pytest.fixture(scope="module")
def coarse(network: NetworkParameters) -> Trajectory:
    return run_coarse(network, times=COARSE)


# ---------------------------------------------------------------- peaks


@pytest.mark.parametrize("regimen", quick(["bolus train", "infusion", "step-up"], few=["step-up"]))
@pytest.mark.parametrize("drug", [made_up(), made_up_bispecific()], ids=lambda d: d.mechanism)
def test_a_peak_on_a_quarter_hour_grid_is_that_of_the_reference(
    network: NetworkParameters, drug: Any, regimen: str
) -> None:
    options: dict[str, Any] = dict(horizon_h=60.0)
    run = simulate(drug, network, REGIMENS[regimen], times=np.arange(0, 60.01, 0.25), **options)
    dense = simulate(drug, network, REGIMENS[regimen], times=np.arange(0, 60.001, 0.01), **options)
    reference, _ = solve_scipy(replace(dense.task, rtol=1e-10, atol=1e-10), method="DOP853")
    for name in ("A", "IFN", "TNF", "M", "IL6", "S"):
        course = reference[STATES.index(name), 0]
        peak = run.peak(name)
        assert float(peak.value) == pytest.approx(course.max(), rel=1e-5)
        # the time of a flat top is less certain than its height
        near_top = dense.times[course > course.max() * (1 - 1e-5)]
        assert near_top[0] - 0.02 <= float(peak.time_h) <= near_top[-1] + 0.02


def test_a_peak_does_not_depend_on_the_report_times(
    network: NetworkParameters, coarse: Trajectory
) -> None:
    for times in (None, np.arange(0.1, 96.0, 0.37), np.arange(0.0, 96.0, 1.0)):
        other = run_coarse(network, times=times)
        for name in CYTOKINES:
            assert float(other.peak(name).value) == pytest.approx(
                float(coarse.peak(name).value), rel=2e-4 if times is not None else 1e-5
            )
            assert float(other.peak(name).time_h) == pytest.approx(
                float(coarse.peak(name).time_h), abs=0.05
            )


def test_the_interpolant_beats_the_grid_it_stands_on(coarse: Trajectory) -> None:
    for name in CYTOKINES:
        assert coarse.peak(name).value > coarse[name].max()


def test_a_peak_lies_where_production_meets_removal(
    network: NetworkParameters, coarse: Trajectory
) -> None:
    time = float(coarse.peak("IFN").time_h)
    made = network.k_IFN * coarse.at("A", time)
    assert made == pytest.approx(network.d_IFN * coarse.at("IFN", time), rel=1e-4)


@settings(max_examples=25)
@given(st.floats(0, 95), st.floats(0.001, 90))
def test_a_peak_within_a_window_is_the_highest_value_there(start: float, length: float) -> None:
    run = _shared_run()
    end = min(start + length, 96.0)
    inside = np.linspace(start, end, 30)
    for name in ("IFN", "S"):
        highest = max(float(run.at(name, t)) for t in inside)
        peak = run.peak(name, start, end)
        assert start - 1e-9 <= float(peak.time_h) <= end + 1e-9
        assert float(peak.value) >= highest - 1e-6
        assert float(run.at(name, float(peak.time_h))) == pytest.approx(float(peak.value), abs=1e-6)


_CACHE: list[Trajectory] = []


def _shared_run() -> Trajectory:
    if not _CACHE:
        _CACHE.append(run_coarse(NetworkParameters.prior_medians(), times=COARSE))
    return _CACHE[0]


def test_from_a_time_between_report_times_on_a_falling_course_starts_at_its_highest(
    coarse: Trajectory,
) -> None:
    for start in (60.0, 60.1, 60.2):
        peak = coarse.peak("S", start)
        assert float(peak.time_h) == pytest.approx(start)
        assert float(peak.value) == pytest.approx(float(coarse.at("S", start)))


def test_up_to_a_time_between_report_times_on_a_rising_course_ends_at_its_highest(
    coarse: Trajectory,
) -> None:
    peak = coarse.peak("IL6", 0.0, 3.1)
    assert float(peak.time_h) == pytest.approx(3.1)
    assert float(peak.value) == pytest.approx(float(coarse.at("IL6", 3.1)))


def test_the_highest_point_may_lie_at_the_cut_end_of_a_window_far_from_its_highest_report_time(
    network: NetworkParameters,
) -> None:
    # exposure falls from 100, and rises to about 60 under an infusion: seen from 1 h on, the
    # highest report time is the last, and the highest value is at 1 h
    drug = made_up(**ONE_COMPARTMENT)
    regimen = Regimen.of(Bolus(0.0, 300.0), Infusion(8.0, 12.0, 38.0 * 12))
    run = simulate(drug, network, regimen, horizon_h=20.0, times=np.arange(0, 20.1, 4.0), **TIGHT)
    peak = run.peak("C", 1.0)
    assert float(peak.time_h) == pytest.approx(1.0)
    assert float(peak.value) == pytest.approx(100 * np.exp(-0.2), rel=5e-3)
    assert run["C"][1:].max() < 65


def test_a_window_of_one_instant_holds_the_value_there(coarse: Trajectory) -> None:
    for time in (0.0, 12.25, 12.3, 96.0):
        peak = coarse.peak("IL6", time, time)
        assert float(peak.value) == pytest.approx(float(coarse.at("IL6", time)))
        assert float(peak.time_h) == pytest.approx(time)


def test_a_window_outside_the_simulation_is_refused(coarse: Trajectory) -> None:
    with pytest.raises(InputError, match="between 97 and inf h; .* from 0 to 96 h"):
        coarse.peak("S", 97.0)
    with pytest.raises(InputError, match="between 20 and 10 h"):
        coarse.peak("S", 20.0, 10.0)


def test_the_peak_exposure_of_repeated_boluses_is_just_after_the_last(
    network: NetworkParameters,
) -> None:
    drug = made_up(**ONE_COMPARTMENT)
    regimen = Regimen.of(Bolus(0.0, 300.0), Bolus(5.0, 300.0), Bolus(10.0, 300.0))
    run = simulate(drug, network, regimen, horizon_h=24.0, times=np.arange(0, 24.1, 3.0), **TIGHT)
    peak = run.peak("C")
    left = np.exp(-0.2 * 5.0)
    assert float(peak.value) == pytest.approx(100 * (1 + left + left**2), rel=1e-6)
    assert float(peak.time_h) == 10.0


def test_a_bolus_is_not_smeared_over_the_interval_before_it(network: NetworkParameters) -> None:
    # the last report time before the second bolus is 3 h earlier
    drug = made_up(**ONE_COMPARTMENT)
    regimen = Regimen.of(Bolus(0.0, 300.0), Bolus(6.0, 9000.0))
    run = simulate(drug, network, regimen, horizon_h=12.0, times=np.arange(0, 12.1, 3.0), **TIGHT)
    assert float(run.at("A_c", 5.0)) == pytest.approx(300 * np.exp(-1.0), rel=1e-3)
    assert float(run.peak("C", 0.0, 5.999).value) == pytest.approx(100.0)


def test_an_infusion_peaks_as_it_ends(network: NetworkParameters) -> None:
    drug = made_up(**ONE_COMPARTMENT)
    run = simulate(drug, network, Regimen.of(Infusion(1.0, 4.0, 400.0)), horizon_h=24.0, **TIGHT)
    assert float(run.peak("C").time_h) == 5.0
    level = 100 / 0.6 * (1 - np.exp(-0.2 * 4))
    assert float(run.peak("C").value) == pytest.approx(level, rel=1e-6)


def test_severity_under_a_rescue_is_within_a_thousandth_of_a_fine_grids(
    network: NetworkParameters,
) -> None:
    # tocilizumab cuts the signal within minutes: the sharpest corner there is
    for start in (2.0, 6.0):
        rescue = Rescue(rescue_inputs(), Regimen.of(Infusion(start, 1.0, 576_000.0)))
        usual = simulate(made_up(), network, SHORT, rescue=rescue, horizon_h=48.0)
        fine = simulate(
            made_up(),
            network,
            SHORT,
            rescue=rescue,
            horizon_h=48.0,
            times=np.arange(0, 48.0005, 0.002),
        )
        assert float(severity.index(usual)) == pytest.approx(float(severity.index(fine)), abs=1e-3)


# ---------------------------------------------------------------- values between report times


@pytest.mark.parametrize("keep", [[0, 1], [True], [[True, False]], ["yes", "no"]])
def test_sets_are_selected_by_one_true_or_false_each(network: NetworkParameters, keep: Any) -> None:
    draws = Draws({"k_fb": np.array([500.0, 1000.0])})
    run = simulate(made_up(), network, REGIMENS["bolus train"], draws=draws, horizon_h=12.0)
    assert len(run.select(np.array([False, True]))) == 1
    with pytest.raises(InputError, match="expected one true or false for each of the 2 sets"):
        run.select(keep)


def test_a_value_between_report_times_is_that_of_a_run_that_reports_there(
    network: NetworkParameters, coarse: Trajectory
) -> None:
    times = np.array([2.2, 3.1, 13.37, 50.01, 95.9])
    exact = run_coarse(network, times=times)
    for name in (*CYTOKINES, "A", "M"):
        for time in times:
            assert coarse.at(name, time) == pytest.approx(exact.at(name, time), rel=1e-4)


def test_a_value_at_a_report_time_is_the_reported_one(coarse: Trajectory) -> None:
    for k in (0, 7, 100, len(COARSE) - 1):
        time = coarse.times[k]
        assert coarse.at("IL6", time) == coarse["IL6"][k]


def test_times_outside_the_simulation_have_no_value(coarse: Trajectory) -> None:
    for time in (-0.1, 96.5, np.nan):
        with pytest.raises(InputError, match=f"time {time:g} h is outside .* 0 to 96 h"):
            coarse.at("IL6", time)


def test_courses_at_many_times_are_the_values_at_each_of_them(
    network: NetworkParameters, coarse: Trajectory
) -> None:
    times = np.array([0.0, 0.1, 2.0, 13.37, 48.0, 95.9, 96.0])
    along = coarse.along(["C", "A_c", "IL6"], times)
    assert list(along) == ["C", "A_c", "IL6"]
    for name in ("A_c", "IL6"):
        expected = [float(coarse.at(name, time)) for time in times]
        assert along[name][0] == pytest.approx(expected, rel=1e-12)
    # a concentration is the amount in the volume it is spread over
    assert along["C"][0] == pytest.approx(along["A_c"][0] / 3.2, rel=1e-12)
    batch = run_coarse(network, times=COARSE, dose_factor=[1.0, 2.0])
    both = batch.along(["C"], times)["C"]
    assert both[1] == pytest.approx(2 * both[0], rel=1e-6, abs=1e-9)


def test_courses_outside_the_simulation_are_refused(coarse: Trajectory) -> None:
    for times in ([-0.1, 3.0], [3.0, 96.5]):
        with pytest.raises(
            InputError, match=f"times from {times[0]:g} to {times[1]:g} h .* from 0 to 96 h"
        ):
            coarse.along(["IL6"], np.array(times))


# ---------------------------------------------------------------- areas


def test_the_area_of_exposure_is_the_integral_of_its_exponentials(
    network: NetworkParameters,
) -> None:
    drug = made_up()
    run = simulate(drug, network, Regimen.of(Bolus(0.0, 1000.0)), horizon_h=72.0, **TIGHT)
    for start, end in ((0.0, 72.0), (0.0, 1.234), (3.21, 50.7), (10.001, 10.002)):
        exact = sum(
            weight * 1000.0 / rate * (np.exp(-rate * start) - np.exp(-rate * end))
            for weight, rate in dispositions(drug)
        )
        assert float(run.area("A_c", start, end)) == pytest.approx(exact, rel=1e-6)


def test_an_area_across_doses_holds_what_every_dose_adds(network: NetworkParameters) -> None:
    drug = made_up(**ONE_COMPARTMENT)
    regimen = Regimen.of(Bolus(0.0, 500.0), Infusion(4.0, 3.0, 900.0), Bolus(10.0, 200.0))
    run = simulate(drug, network, regimen, horizon_h=200.0, **TIGHT)
    assert float(run.area("A_c")) == pytest.approx(1600.0 / 0.2, rel=1e-6)
    fine = np.linspace(3.0, 11.0, 80_001)
    exact = np.trapezoid(central_amount(drug, regimen, fine), fine)
    assert float(run.area("A_c", 3.0, 11.0)) == pytest.approx(exact, rel=1e-5)


def test_areas_of_adjoining_windows_add_up(coarse: Trajectory) -> None:
    whole = coarse.area("S", 1.1, 60.6)
    parts = coarse.area("S", 1.1, 17.3) + coarse.area("S", 17.3, 60.6)
    assert whole == pytest.approx(float(parts), rel=1e-12)


def test_an_area_runs_forward_within_the_simulation(coarse: Trajectory) -> None:
    for start, end in ((10.0, 10.0), (20.0, 10.0), (-1.0, 10.0), (0.0, 97.0)):
        with pytest.raises(InputError, match=f"area from {start:g} to {end:g} h; .* 0 to 96 h"):
            coarse.area("S", start, end)


# ---------------------------------------------------------------- names, tables, shares


def test_every_quantity_has_a_unit_and_an_unknown_one_is_refused(coarse: Trajectory) -> None:
    named = {"C", "C_p", "E", "sigma", "H_M", "H_S", "feedback_share"}
    assert set(coarse.names) == {*coarse.task.structure.states, *named}
    assert all(np.all(np.isfinite(coarse[name])) for name in coarse.names)
    with pytest.raises(InputError, match="no quantity 'IL-6'; expected one of .*'IL6'"):
        coarse["IL-6"]
    for ask in (coarse.peak, coarse.area):
        with pytest.raises(InputError, match="no state 'rho'; expected one of"):
            ask("rho")


def test_exposure_is_the_amount_over_the_central_volume(coarse: Trajectory) -> None:
    assert coarse["C"] == pytest.approx(coarse["A_c"] / 3.2, rel=1e-14)


def test_without_tocilizumab_its_levels_are_zero_at_every_time(coarse: Trajectory) -> None:
    for name in ("T_c", "T_p", "C_tcz", "rho"):
        assert coarse[name].tolist() == [0.0] * len(coarse.times)


def test_the_feedback_share_is_its_part_of_il6_production(
    network: NetworkParameters, coarse: Trajectory
) -> None:
    p = network
    t_cells, loop = p.k_IL6_T * coarse["A"], p.k_IL6_M * coarse["M"]
    signal = coarse["S"] ** 2 / (p.K_S**2 + coarse["S"] ** 2)
    feedback = p.k_fb * coarse["M"] * signal
    expected = feedback[1:] / (t_cells + loop + feedback)[1:]
    assert coarse["feedback_share"][1:] == pytest.approx(expected, rel=1e-9)
    assert coarse["feedback_share"][0] == 0.0
    without = simulate(made_up(), network.replace(feedback="none"), SHORT)
    assert np.all(without["feedback_share"] == 0.0)


def test_a_table_names_its_units(coarse: Trajectory) -> None:
    frame = coarse.to_frame(("C", "IL6", "rho"))
    assert list(frame.columns) == ["time (h)", "C (ng/mL)", "IL6 (pg/mL)", "rho (1)"]
    assert frame["IL6 (pg/mL)"].tolist() == coarse["IL6"].tolist()


def test_a_table_of_a_batch_is_refused(network: NetworkParameters) -> None:
    batch = simulate(made_up(), network, SHORT, dose_factor=[1.0, 2.0])
    with pytest.raises(InputError, match="a table shows one set; this batch has 2"):
        batch.to_frame()


def test_a_batch_gives_each_sets_own_peak_area_and_value(network: NetworkParameters) -> None:
    factors = [0.1, 1.0, 5.0]
    batch = simulate(made_up(), network, REGIMENS["overlapping"], dose_factor=factors)
    for i, factor in enumerate(factors):
        alone = simulate(made_up(), network, REGIMENS["overlapping"], dose_factor=factor)
        for name in ("A_c", "IL6"):
            assert batch.peak(name).value[i] == alone.peak(name).value
            assert batch.peak(name).time_h[i] == alone.peak(name).time_h
            assert batch.peak(name, 5.05, 20.3).value[i] == alone.peak(name, 5.05, 20.3).value
            assert batch.area(name, 3.0, 30.0)[i] == pytest.approx(alone.area(name, 3.0, 30.0))
            assert batch.at(name, 9.99)[i] == alone.at(name, 9.99)


# ---------------------------------------------------------------- sets that failed


@pytest.fixture(scope="module")
def partly_failed(network: NetworkParameters) -> Trajectory:
    draws = Draws({"k_fb": np.array([3000.0, HOPELESS, 1000.0, HOPELESS])})
    with pytest.MonkeyPatch.context() as monkeypatch:
        give_up_on_hopeless(monkeypatch)
        return simulate(made_up(), network, SHORT, draws=draws)


def test_reading_a_batch_with_failures_says_how_many_and_why(partly_failed: Trajectory) -> None:
    message = r"Made-up drug, short infusion: 2 of 4 integrations did not complete \(the solver"
    for ask in (
        lambda: partly_failed["IL6"],
        lambda: partly_failed.peak("IL6"),
        lambda: partly_failed.at("IL6", 3.0),
        lambda: partly_failed.area("IL6"),
    ):
        with pytest.raises(IntegrationError, match=message):
            ask()


def test_the_completed_sets_can_be_selected_and_read(
    network: NetworkParameters, partly_failed: Trajectory
) -> None:
    kept = partly_failed.select(partly_failed.completed)
    assert (len(partly_failed), len(kept)) == (4, 2)
    assert kept.outcomes == (Outcome.COMPLETED, Outcome.COMPLETED)
    alone = simulate(made_up(), network.replace(k_fb=1000.0), SHORT)
    assert kept.peak("IL6").value[1] == alone.peak("IL6").value
    assert np.array_equal(kept["S"][1], alone["S"])
    assert kept.label == partly_failed.label


def test_a_selected_set_keeps_its_own_dose(network: NetworkParameters) -> None:
    batch = simulate(made_up(), network, REGIMENS["bolus train"], dose_factor=[1.0, 10.0])
    alone = simulate(made_up(), network, REGIMENS["bolus train"], dose_factor=10.0)
    kept = batch.select(np.array([False, True]))
    assert kept.area("A_c", 20.0, 30.0)[0] == pytest.approx(alone.area("A_c", 20.0, 30.0))
    assert kept.peak("C", 20.0, 23.95).value[0] == alone.peak("C", 20.0, 23.95).value


def test_selecting_every_set_copies_nothing(network: NetworkParameters) -> None:
    one = run_coarse(network)
    every = one.select(np.array([True]))
    assert every.batch and every.states is one.states
    assert every.peak("IL6").value.shape == (1,) and one.peak("IL6").value.shape == ()


def test_a_mark_goes_with_every_selection(network: NetworkParameters) -> None:
    run = replace(run_coarse(network), mark="unlocked copy of lock v1")
    assert run.select(np.array([True])).mark == "unlocked copy of lock v1"
