"""Tocilizumab rescue: its courses, occupancy, benefit and rebound."""

from __future__ import annotations

import pytest

from qsp_lib.analyses import rescue
from qsp_lib.common.errors import InputError
from qsp_lib.protocol.lock import Record, current_record, lock_path, read_record


@pytest.fixture(scope="module")
def locked() -> Record:
    return current_record()


@pytest.fixture(scope="module")
def untreated(locked: Record) -> rescue.Course:
    return rescue.simulate_course(locked, None)


def test_prophylaxis_is_on_the_clock_of_the_drug(locked: Record, untreated: rescue.Course) -> None:
    early = rescue.simulate_course(locked, -24.0)
    assert early.dose_h == 24.0
    assert early.trajectory.times[-1] == pytest.approx(168.0 + 24.0)
    # upstream nothing changes, so the activated T cells follow the drug's clock
    assert early.at("A", 6.0) == pytest.approx(float(untreated.at("A", 6.0)), rel=1e-5)


def test_before_tocilizumab_the_two_courses_are_one(
    locked: Record, untreated: rescue.Course
) -> None:
    late = rescue.simulate_course(locked, 6.0)
    for name in ("IL6", "S", "M", "CRP"):
        assert late.at(name, 5.9) == pytest.approx(float(untreated.at(name, 5.9)), rel=1e-5)


def test_a_dose_too_small_to_bind_changes_nothing(locked: Record, untreated: rescue.Course) -> None:
    trace = rescue.simulate_course(locked, 6.0, mg_per_kg=1e-9)
    assert abs(float(rescue.benefit(trace, untreated))) < 1e-4
    assert float(trace.trajectory["rho"].max()) < 1e-4


def test_a_rebound_is_measured_from_the_nadir_on(locked: Record, untreated: rescue.Course) -> None:
    little, full = (rescue.simulate_course(locked, 6.0, mg_per_kg=dose) for dose in (0.3, 8.0))
    times, signal = little.trajectory.times, little.trajectory["S"]
    after = signal[times >= 6.0]
    nadir = int(after.argmin())
    expected = (after[nadir:].max() - after[nadir]) / float(untreated.peak("S").value)
    assert float(rescue.rebound(little, untreated, 6.0)) == pytest.approx(expected)
    assert 0 <= float(rescue.rebound(full, untreated, 6.0)) < expected


def test_with_lock_v1_a_small_dose_lets_the_signal_come_back() -> None:
    first = read_record(lock_path("v1"), against_code=False)
    untreated, little, full = (
        rescue.simulate_course(first, 6.0 if dose else None, mg_per_kg=dose or 8.0)
        for dose in (0.0, 0.3, 8.0)
    )
    assert float(rescue.rebound(full, untreated, 6.0)) < 0.05
    assert float(rescue.rebound(little, untreated, 6.0)) > 0.05


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tocilizumab_h": 168.0}, r"tocilizumab at 168\.0 h; expected a time before"),
        ({"tocilizumab_h": float("nan")}, "tocilizumab at nan h"),
        ({"tocilizumab_h": 6.0, "mg_per_kg": 0.0}, r"0\.0 mg/kg, 1 doses; expected more than 0"),
        ({"tocilizumab_h": 6.0, "n_doses": 0}, "0 doses"),
    ],
)
def test_an_impossible_rescue_is_refused(
    locked: Record, options: dict[str, float], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        rescue.simulate_course(locked, **options)  # type: ignore[arg-type]
