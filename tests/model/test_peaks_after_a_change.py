"""Peaks and severity where a dose bends the course within seconds, against a very dense course."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from cases import quick
from helpers import TWO_COMPARTMENTS, made_up, made_up_bispecific, rescue_inputs
from numpy.typing import NDArray

from qsp_lib.analyses.rescue import Course, benefit, simulate_course
from qsp_lib.model import severity
from qsp_lib.model.dosing import Bolus, Infusion, Regimen
from qsp_lib.model.draws import Draws
from qsp_lib.model.engines import solve_scipy
from qsp_lib.model.equations import STATES
from qsp_lib.model.parameters import NetworkParameters
from qsp_lib.model.schedule import Schedule, make_schedule, report_times
from qsp_lib.model.simulation import Rescue, simulate
from qsp_lib.model.trajectory import Trajectory
from qsp_lib.protocol.lock import current_record

Array = NDArray[np.float64]
BRISK = Regimen.of(Infusion(0.0, 0.075, 7200.0), label="short infusion")
HORIZON_H = 24.0


def dense(run: Trajectory) -> Trajectory:
    """The same by DOP853 at 1e-10, every 36 s and, after each change, every quarter second."""
    old = run.task.schedule
    near = [s.start_h + np.arange(0.0, 0.05, 0.25 / 3600) for s in old.segments]
    times = np.unique(np.concatenate([*near, np.arange(0.0, old.times[-1], 0.01), old.times]))
    ends = np.searchsorted(times, [*(s.start_h for s in old.segments), old.times[-1]])
    segments = tuple(
        segment._replace(first=int(first), last=int(last))
        for segment, first, last in zip(old.segments, ends[:-1], ends[1:], strict=True)
    )
    task = replace(run.task, schedule=Schedule(times, segments), rtol=1e-10, atol=1e-10)
    states, outcomes = solve_scipy(task, method="DOP853")
    return replace(run, task=task, states=states, outcomes=tuple(outcomes))


@pytest.mark.parametrize("mg", quick([72.0, 576.0, 2880.0], few=[576.0]))
@pytest.mark.parametrize("start", quick([0.5, 1.0, 2.0, 6.0], few=[0.5, 6.0]))
def test_a_peak_cut_off_by_tocilizumab_is_that_of_a_dense_course(
    network: NetworkParameters, start: float, mg: float
) -> None:
    given = Rescue(rescue_inputs(), Regimen.of(Infusion(start, 1.0, 1000 * mg)))
    run = simulate(made_up(), network, BRISK, rescue=given, horizon_h=HORIZON_H)
    exact = dense(run)
    assert float(severity.index(run)) == pytest.approx(float(severity.index(exact)), abs=2e-6)
    for name in ("S", "IL6"):
        course = exact[name]
        assert float(run.peak(name).value) == pytest.approx(course.max(), rel=5e-6)
        near_top = exact.times[course > course.max() * (1 - 2e-6)]
        assert near_top[0] - 1e-3 <= float(run.peak(name).time_h) <= near_top[-1] + 1e-3
    for name in ("S", "IL6", "T_c"):
        assert float(run.area(name)) == pytest.approx(float(exact.area(name)), rel=1e-5)


@pytest.mark.parametrize("times", [(6.0,), (6.0, 9.0)])
def test_so_is_one_cut_off_by_boluses(network: NetworkParameters, times: tuple[float, ...]) -> None:
    given = Rescue(rescue_inputs(), Regimen.of(*(Bolus(time, 400_000.0) for time in times)))
    run = simulate(made_up(), network, BRISK, rescue=given, horizon_h=HORIZON_H)
    exact = dense(run)
    assert float(run.peak("S").value) == pytest.approx(exact["S"].max(), rel=5e-6)
    # a bolus cuts at once: the highest value is the one at the dose
    assert float(run.peak("S").value) == pytest.approx(float(run.at("S", times[0])), rel=1e-9)
    assert float(run.peak("S").time_h) == pytest.approx(times[0], abs=1e-9)


@pytest.mark.parametrize("drug", [made_up(), made_up_bispecific()], ids=lambda d: d.mechanism)
@pytest.mark.parametrize(
    "regimen",
    [
        Regimen.of(Bolus(0.0, 50.0), Bolus(6.0, 5000.0)),
        Regimen.of(Infusion(0.0, 6.0, 5000.0), Infusion(8.0, 0.05, 5000.0)),
    ],
    ids=["boluses", "infusions"],
)
def test_a_change_of_the_drugs_own_dosing_needs_no_finer_times(
    network: NetworkParameters, drug: Any, regimen: Regimen
) -> None:
    run = simulate(drug, network, regimen, horizon_h=HORIZON_H)
    exact = dense(run)
    for name in ("A_c", "A", "IFN", "TNF", "M", "IL6", "S"):
        value = float(run.peak(name).value)
        assert value == pytest.approx(exact[STATES[STATES.index(name)]].max(), rel=1e-5)


@pytest.mark.parametrize("rate", quick(["CL", "Q"], few=["Q"]))
def test_rates_within_seconds_are_followed_by_finer_times(
    network: NetworkParameters, rate: str
) -> None:
    """Two hundred per hour, in draws four times as much: no state is seen higher than it is."""
    fast = made_up(**{rate: 200.0 * TWO_COMPARTMENTS["V1"]})
    draws = Draws({rate: getattr(fast, rate) * np.array([1.0, 4.0])})
    regimen = Regimen.of(Bolus(0.0, 50.0), Infusion(1.0, 1.0, 5000.0))
    run = simulate(fast, network, regimen, draws=draws, horizon_h=3.0)
    exact = dense(run)
    for name in ("A_c", "A_p", "A", "IL6"):
        highest = exact[name].max(axis=1)
        assert run.peak(name).value == pytest.approx(highest, rel=3e-4, abs=1e-9)


@pytest.mark.parametrize("tocilizumab_h", quick([0.75, 1.0, 2.0], few=[1.0]))
def test_severity_of_the_locked_rescue_is_that_of_a_dense_course(tocilizumab_h: float) -> None:
    record = current_record()
    treated = simulate_course(record, tocilizumab_h, horizon_h=HORIZON_H)
    untreated = simulate_course(record, None, horizon_h=HORIZON_H)
    exact, exact_untreated = (
        Course(dense(course.trajectory), course.dose_h, course.horizon_h)
        for course in (treated, untreated)
    )
    assert float(treated.index()) == pytest.approx(float(exact.index()), abs=2e-6)
    assert float(benefit(treated, untreated)) == pytest.approx(
        float(benefit(exact, exact_untreated)), abs=2e-6
    )


def test_report_times_are_finer_only_where_tocilizumab_begins() -> None:
    drug, given = Regimen.of(Bolus(0.0, 1.0), Bolus(10.0, 1.0)), Regimen.of(Infusion(5.0, 1.0, 1.0))
    times = make_schedule([drug, given], 24.0, sudden=given).times
    firsts = {at: times[times > at][0] - at for at in (0.0, 5.0, 6.0, 10.0)}
    assert firsts == pytest.approx({0.0: 0.02, 5.0: 1e-4, 6.0: 0.02, 10.0: 0.02})
    after = np.diff(times[(times >= 5.0) & (times <= 5.5)])
    assert np.all(after[1:] / after[:-1] <= 1.25 + 1e-9)
    # without it, and with none of it, they are the usual ones
    usual = report_times((0.0, 10.0), 24.0)
    assert np.array_equal(make_schedule([drug], 24.0).times, usual)
    nothing = given.scaled(0.0)
    none = make_schedule([drug, nothing], 24.0, sudden=nothing).times
    assert np.array_equal(none, report_times((0.0, 5.0, 6.0, 10.0), 24.0))


@pytest.mark.parametrize("drug", [made_up(h=2.0), made_up_bispecific()], ids=lambda d: d.mechanism)
def test_mean_engagement_is_the_integral_of_a_dense_course(
    network: NetworkParameters, drug: Any
) -> None:
    regimen = Regimen.of(Infusion(0.0, 0.1, 3000.0), Bolus(6.0, 500.0))
    run = simulate(drug, network, regimen, horizon_h=HORIZON_H)
    exact = dense(run)
    C, B = exact["C"], exact["B"]
    if drug.mechanism == "monoclonal":
        engaged = C**2 / (C**2 + drug.EC50**2)
    else:
        engaged = C / (C + drug.EC50) * drug.K_hook / (drug.K_hook + C) * B
    at = np.searchsorted(exact.times, [0.0, 6.0, HORIZON_H])
    # the value at 6 h is the one after the bolus: the trapezoid before it has to end just below
    before = np.trapezoid(engaged[: at[1]], exact.times[: at[1]])
    before += engaged[at[1] - 1] * (6.0 - exact.times[at[1] - 1])
    after = np.trapezoid(engaged[at[1] :], exact.times[at[1] :])
    assert float(run.mean_engagement()) == pytest.approx((before + after) / HORIZON_H, rel=2e-5)
    assert float(run.mean_engagement(6.0)) == pytest.approx(after / 18.0, rel=2e-5)


def test_mean_engagement_is_of_the_whole_run_unless_a_part_is_asked_for(
    network: NetworkParameters,
) -> None:
    run = simulate(made_up(), network, Regimen.of(Bolus(0.0, 3000.0)), horizon_h=12.0)
    first, rest = (float(run.mean_engagement(a, b)) for a, b in ((0.0, 1.0), (1.0, 12.0)))
    # most is engaged at first, and the mean of the whole counts every hour once
    assert first > 1.1 * rest
    assert float(run.mean_engagement()) == pytest.approx((first + 11 * rest) / 12, rel=1e-9)


def test_mean_engagement_of_nothing_and_of_plenty(network: NetworkParameters) -> None:
    assert float(simulate(made_up(), network, Regimen()).mean_engagement()) == 0.0
    still = made_up(CL=0.0, Q=0.0)
    for amount, share in ((300.0 * still.V1, 0.5), (900.0 * still.V1, 0.75)):
        run = simulate(still, network, Regimen.of(Bolus(0.0, amount)), horizon_h=HORIZON_H)
        assert float(run.mean_engagement(1.1, 7.3)) == pytest.approx(share, rel=1e-6)
    batch = simulate(still, network, Regimen.of(Bolus(0.0, 300.0 * still.V1)), dose_factor=[1, 3])
    assert batch.mean_engagement() == pytest.approx([0.5, 0.75], rel=1e-6)
