"""The segments of constant dosing that an engine integrates, and the report times."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qsp_lib.common.errors import InputError
from qsp_lib.model.dosing import Bolus, Infusion, Regimen
from qsp_lib.model.schedule import make_schedule, report_times

doses = st.one_of(
    st.builds(Bolus, st.floats(0, 90), st.floats(0, 1e4)),
    st.builds(Infusion, st.floats(0, 90), st.floats(1e-12, 60), st.floats(0, 1e4)),
)
regimens = st.lists(doses, max_size=5).map(lambda made: Regimen.of(*made))


@given(regimens, regimens)
def test_segments_tile_the_horizon_and_carry_every_dose_of_both_regimens(
    drug: Regimen, rescue: Regimen
) -> None:
    schedule = make_schedule([drug, rescue], 200.0)
    segments, times = schedule.segments, schedule.times
    assert segments[0].start_h == 0.0
    assert segments[-1].end_h == 200.0
    for before, after in zip(segments[:-1], segments[1:], strict=True):
        assert before.end_h == after.start_h
        assert before.last == after.first
    for segment in segments:
        assert times[segment.first] == segment.start_h
        assert times[segment.last] == segment.end_h
    drug_ug = sum(s.bolus + s.rate * (s.end_h - s.start_h) for s in segments)
    rescue_ug = sum(s.boluses[1] + s.rates[1] * (s.end_h - s.start_h) for s in segments)
    assert drug_ug == pytest.approx(drug.total_ug, rel=1e-6, abs=1e-4)
    assert rescue_ug == pytest.approx(rescue.total_ug, rel=1e-6, abs=1e-4)


@given(regimens)
def test_report_times_increase_by_at_most_half_an_hour_from_zero_to_the_horizon(
    regimen: Regimen,
) -> None:
    times = make_schedule([regimen], 150.0).times
    steps = np.diff(times)
    assert (times[0], times[-1]) == (0.0, 150.0)
    assert np.all(steps > 0)
    assert steps.max() <= 0.5 + 1e-9


def test_report_times_are_densest_just_after_each_change_of_dosing() -> None:
    times = report_times((0.0, 24.0), 48.0)
    after = times[(times >= 24.0)][:3] - 24.0
    assert after == pytest.approx([0.0, 0.02, 0.02 * 2.12])
    assert 24.0 in times


def test_steps_grow_by_a_fixed_share_to_half_an_hour() -> None:
    steps = np.diff(report_times((0.0,), 168.0))[:-1]
    assert steps[0] == pytest.approx(0.02)
    assert steps[1:28] / steps[:27] == pytest.approx(1.12)
    assert steps[29:] == pytest.approx(0.5)


def test_after_a_sudden_change_they_begin_with_a_third_of_a_second() -> None:
    usual, sudden = report_times((0.0, 24.0), 48.0), report_times((0.0, 24.0), 48.0, {24.0})
    assert np.array_equal(sudden[sudden <= 24.0], usual[usual <= 24.0])
    steps = np.diff(sudden[sudden >= 24.0])
    assert steps[0] == pytest.approx(1e-4)
    assert steps[1:24] / steps[:23] == pytest.approx(1.25)
    # the last of them is the first that is not much shorter than the usual first one
    assert steps[23] < 0.02 < 1.25 * steps[23]
    assert steps[24:28] == pytest.approx(0.02 * 1.12 ** np.arange(4))


@pytest.mark.parametrize("per_h", [30.0, 300.0, 1e5])
def test_they_begin_within_the_time_of_a_fast_rate_after_every_change(per_h: float) -> None:
    usual = report_times((0.0, 24.0), 48.0)
    assert np.array_equal(report_times((0.0, 24.0), 48.0, fastest_per_h=20.0), usual)
    times = report_times((0.0, 24.0), 48.0, {24.0}, fastest_per_h=per_h)
    for start in (0.0, 24.0):
        steps = np.diff(times[times >= start])[:60]
        assert steps[0] == pytest.approx(0.1 / per_h if start == 0 else min(0.1 / per_h, 1e-4))
        assert np.all(steps[1:] < 1.3 * steps[:-1])


def test_a_horizon_and_times_of_less_than_an_hour_are_simulated() -> None:
    schedule = make_schedule([Regimen()], 0.5, np.array([0.25, 0.5]))
    assert schedule.times == pytest.approx([0.0, 0.25, 0.5])


def test_changes_that_a_rounding_error_separates_are_one_and_the_last_of_them_holds() -> None:
    later = 6.0 + 1e-12
    regimen = Regimen.of(Infusion(0.0, 6.0, 60.0), Infusion(later, 4.0, 8.0), Bolus(later, 3.0))
    first, second, rest = make_schedule([regimen], 12.0).segments
    assert (first.rate, second.start_h, second.rate, second.bolus) == (10.0, 6.0, 2.0, 3.0)
    assert rest.rate == 0.0


def test_every_change_of_dosing_is_added_to_the_report_times_asked_for() -> None:
    regimen = Regimen.of(Bolus(0.0, 1.0), Infusion(3.3, 2.0, 1.0))
    schedule = make_schedule([regimen, Regimen.of(Bolus(7.7, 1.0))], 12.0, np.array([1.0, 6.0]))
    assert schedule.times == pytest.approx([0.0, 1.0, 3.3, 5.3, 6.0, 7.7, 12.0])


def test_an_infusion_that_ends_as_a_dose_begins_leaves_no_segment_between() -> None:
    # 0.1 + 0.2 is 0.30000000000000004: the same time as 0.3 to anyone but a computer
    for second in (Bolus(0.3, 50.0), Infusion(0.3, 0.5, 50.0)):
        schedule = make_schedule([Regimen.of(Infusion(0.1, 0.2, 10.0), second)], 5.0)
        starts = [segment.start_h for segment in schedule.segments]
        assert starts[:3] == [0.0, 0.1, 0.3]
        opened = schedule.segments[2]
        assert opened.bolus + opened.rate * 0.5 == pytest.approx(50.0)
        assert all(segment.first < segment.last for segment in schedule.segments)


def test_boluses_that_a_rounding_error_separates_are_given_together() -> None:
    regimen = Regimen.of(Bolus(0.3, 1.0), Bolus(0.1 + 0.2, 2.0))
    assert [s.bolus for s in make_schedule([regimen], 1.0).segments] == [0.0, 3.0]


@pytest.mark.parametrize("end_h", [0.1 + 0.2, 0.3 - 1e-14, 0.3 + 1e-10])
def test_a_change_that_a_rounding_error_separates_from_the_horizon_is_left_out(
    end_h: float,
) -> None:
    infusion = Regimen.of(Infusion(0.0, end_h, 10.0))
    for horizon_h in (0.3, 0.1 + 0.2):
        (only,) = make_schedule([infusion], horizon_h).segments
        assert (only.start_h, only.end_h) == (0.0, horizon_h)
        assert only.rate * horizon_h == pytest.approx(10.0)


def test_an_infusion_too_short_to_be_integrated_is_a_bolus() -> None:
    for duration_h in (1e-10, 1e-13, 1e-20):
        for start_h in (0.0, 5.0):
            regimen = Regimen.of(Infusion(start_h, duration_h, 7000.0))
            segments = make_schedule([regimen, regimen], 10.0).segments
            assert [s.boluses for s in segments if s.start_h == start_h] == [(7000.0, 7000.0)]
            assert not any(rate for s in segments for rate in s.rates)


@pytest.mark.parametrize(
    ("horizon", "times", "message"),
    [
        (10.0, [0.0, 2.0, 2.0], "must increase within 0 to 10 h"),
        (10.0, [3.0, 1.0], "must increase within 0 to 10 h; got 3 to 1 h"),
        (10.0, [2.0, 5.0, 11.0], "must increase within 0 to 10 h; got 2 to 11 h"),
        (10.0, [0.0, 11.0], "must increase within 0 to 10 h; got 0 to 11 h"),
        (10.0, [-1.0, 5.0], "must increase within 0 to 10 h; got -1 to 5 h"),
        (10.0, [], "non-empty list of finite hours"),
        (10.0, [0.0, np.nan], "non-empty list of finite hours"),
        (10.0, [[0.0, 1.0]], "non-empty list of finite hours"),
        (0.0, None, r"horizon is 0\.0 h; expected a finite number above 0"),
        (np.inf, None, "horizon is inf h"),
    ],
)
def test_bad_report_times_and_horizons_are_refused(
    horizon: float, times: Any, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        make_schedule([Regimen()], horizon, None if times is None else np.array(times))
