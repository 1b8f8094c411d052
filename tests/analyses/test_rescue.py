"""Tocilizumab rescue: occupancy, benefit and the seven predicates."""

from __future__ import annotations

import numpy as np
import pytest

from qsp_lib.analyses import rescue
from qsp_lib.common.errors import InputError
from qsp_lib.protocol.lock import Record, current_record

SWEEP = (-12.0, 0.0, 2.0, 6.0, 24.0)
DOSES = (0.01, 0.3, 8.0)


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


def test_without_receptor_mediated_clearance_total_il6_does_not_rise(
    locked: Record, untreated: rescue.Course
) -> None:
    late = rescue.simulate_course(locked, 6.0, f_R=0.0)
    # the feedback is cut as well, so the total can only fall
    assert float(late.at("IL6", 30.0)) <= float(untreated.at("IL6", 30.0)) * (1 + 1e-6)
    found = {p.key: p for p in rescue.phenomena(locked, SWEEP, DOSES, f_R=0.0)}
    assert not found["total_rises"].holds


def test_upstream_is_spared_by_construction(locked: Record) -> None:
    spared = {p.key: p for p in rescue.phenomena(locked, SWEEP, DOSES)}["upstream_spared"]
    assert spared.holds
    assert spared.kind == "construction"
    assert all(abs(float(value)) < 1e-6 for value in spared.numbers.values())


def test_what_follows_from_the_equations_appears_in_every_draw(locked: Record) -> None:
    draws = locked.draws(40)["tgn1412"]
    shares = {
        p.key: (p.kind, np.mean(p.holds))
        for p in rescue.phenomena(locked, SWEEP, DOSES, draws=draws)
    }
    assert [key for key, (kind, _) in shares.items() if kind == "construction"] == [
        "upstream_spared"
    ]
    assert shares["upstream_spared"][1] == 1.0
    assert shares["total_rises"][1] < 1.0  # so it is not by construction


def test_evidence_is_for_or_against_and_not_both(locked: Record) -> None:
    found = rescue.phenomena(locked, SWEEP, DOSES)
    assert all(not set(p.evidence) & set(p.against) for p in found)
    assert next(p for p in found if p.key == "earlier_is_better").against == ("TZ020",)


def test_a_rebound_is_measured_from_the_nadir_on(locked: Record, untreated: rescue.Course) -> None:
    little = rescue.simulate_course(locked, 6.0, mg_per_kg=0.3)
    times, signal = little.trajectory.times, little.trajectory["S"]
    after = signal[times >= 6.0]
    nadir = int(after.argmin())
    expected = (after[nadir:].max() - after[nadir]) / float(untreated.peak("S").value)
    assert float(rescue.rebound(little, untreated)) == pytest.approx(expected)
    full = rescue.simulate_course(locked, 6.0)
    assert float(rescue.rebound(full, untreated)) < 0.05 < expected


def test_each_draw_has_a_verdict_and_the_locked_values_are_one_of_them(locked: Record) -> None:
    central = rescue.phenomena(locked, SWEEP, DOSES)
    drawn = rescue.phenomena(locked, SWEEP, DOSES, draws=locked.draws(5)["tgn1412"])
    assert [p.key for p in central] == [p.key for p in drawn]
    assert len({p.key for p in central}) == 7
    assert all(np.shape(p.holds) == (5,) for p in drawn)
    assert all(np.shape(p.holds) == () for p in central)


def test_where_no_dose_is_too_small_the_seventh_phenomenon_is_absent(locked: Record) -> None:
    found = {p.key: p for p in rescue.phenomena(locked, SWEEP, (4.0, 8.0))}
    assert not found["too_little_fails"].holds


def test_a_sweep_without_prophylaxis_cannot_say_that_earlier_is_better(locked: Record) -> None:
    with pytest.raises(InputError, match="one of the times must be 0 or less"):
        rescue.phenomena(locked, (1.0, 6.0), DOSES)


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


@pytest.mark.parametrize("sweep", [(), (1.0,), (2.0, 1.0), (1.0, 1.0)])
def test_an_empty_or_unordered_sweep_is_refused(locked: Record, sweep: tuple[float, ...]) -> None:
    with pytest.raises(InputError, match="times .* must be two or more, and increase"):
        rescue.phenomena(locked, sweep, DOSES)
