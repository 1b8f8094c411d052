"""Doses and regimens: amounts, times, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qsp_lib.common.errors import InputError
from qsp_lib.drugs.co_medications import load_tocilizumab
from qsp_lib.drugs.reading import load_drug
from qsp_lib.model.dosing import Bolus, Infusion, Regimen
from qsp_lib.model.schedule import Segment, make_schedule

hours = st.floats(0, 300)
amounts = st.floats(0, 1e6)
doses = st.one_of(
    st.builds(Bolus, hours, amounts), st.builds(Infusion, hours, st.floats(0.01, 100), amounts)
)
regimens = st.lists(doses, max_size=6).map(lambda made: Regimen.of(*made))


def segments(regimen: Regimen, horizon_h: float) -> tuple[Segment, ...]:
    return make_schedule([regimen], horizon_h).segments


@pytest.mark.parametrize(
    ("drug", "regimen", "micrograms"),
    [
        ("blinatumomab", "clinical", 60 * 1.88 * 28),
        ("blinatumomab", "step", 9 * 7 + 28 * 21),
        ("blinatumomab", "flat_15", 15 * 1.88 * 28),
        ("tgn1412", "clinical", 0.1 * 72 * 1000),
        ("okt3", "clinical", 50_000),
        ("okt3", "double", 100_000),
    ],
)
def test_each_shipped_regimen_gives_the_dose_of_its_protocol(
    drug: str, regimen: str, micrograms: float
) -> None:
    assert load_drug(drug).regimens[regimen].total_ug == pytest.approx(micrograms, rel=1e-12)


def test_tocilizumab_is_8_mg_per_kg_over_one_hour() -> None:
    (dose,) = load_tocilizumab().regimens["clinical"].doses
    assert isinstance(dose, Infusion)
    assert (dose.start_h, dose.duration_h) == (0.0, 1.0)
    assert dose.amount_ug == pytest.approx(8 * 72 * 1000)


def test_tgn1412_runs_in_over_four_and_a_half_minutes() -> None:
    (dose,) = load_drug("tgn1412").regimens["clinical"].doses
    assert isinstance(dose, Infusion)
    assert dose.duration_h * 60 == pytest.approx(4.5)


def test_an_infusion_given_by_its_rate_holds_rate_times_length() -> None:
    infusion = Infusion.at_rate(3.0, 48.0, 2.5)
    assert infusion.amount_ug == 120.0
    assert infusion.rate_ug_per_h == 2.5
    assert infusion.end_h == 51.0


def test_doses_are_put_in_order_of_their_start() -> None:
    late, early = Bolus(24.0, 1.0), Infusion(2.0, 40.0, 5.0)
    assert Regimen.of(late, early).doses == (early, late)


def test_overlapping_infusions_add_up() -> None:
    both = Regimen.of(Infusion(0.0, 10.0, 100.0), Infusion(5.0, 10.0, 30.0))
    assert [both.rate_from(t) for t in (0.0, 4.9, 5.0, 9.9, 10.0, 15.0)] == [10, 10, 13, 13, 3, 0]


def test_back_to_back_infusions_leave_no_gap_and_do_not_overlap() -> None:
    chained = Regimen.of(Infusion(0.0, 168.0, 63.0), Infusion(168.0, 168.0, 196.0))
    assert [s.rate * 24 for s in segments(chained, 400.0)] == pytest.approx([9, 28, 0])


def test_two_boluses_at_one_time_are_one_of_their_sum() -> None:
    assert Regimen.of(Bolus(5.0, 2.0), Bolus(5.0, 3.0)).bolus_at(5.0) == 5.0


def test_a_bolus_at_time_zero_opens_the_first_segment() -> None:
    first = segments(Regimen.of(Bolus(0.0, 7.0)), 10.0)[0]
    assert (first.start_h, first.bolus) == (0.0, 7.0)


def test_a_dose_at_or_after_the_horizon_is_not_given() -> None:
    regimen = Regimen.of(Bolus(0.0, 1.0), Bolus(10.0, 2.0), Bolus(11.0, 4.0))
    assert sum(segment.bolus for segment in segments(regimen, 10.0)) == 1.0


def test_a_regimen_without_doses_is_one_empty_segment() -> None:
    (only,) = segments(Regimen(), 12.0)
    assert (only.start_h, only.end_h, only.bolus, only.rate) == (0.0, 12.0, 0.0, 0.0)
    assert Regimen().total_ug == 0
    assert Regimen().first_dose_h == 0.0


@given(regimens)
def test_segments_cover_the_horizon_and_give_every_dose_in_full(regimen: Regimen) -> None:
    covering = segments(regimen, 500.0)
    assert covering[0].start_h == 0.0
    assert covering[-1].end_h == 500.0
    assert all(a.end_h == b.start_h for a, b in zip(covering[:-1], covering[1:], strict=True))
    given_ug = sum(s.bolus + s.rate * (s.end_h - s.start_h) for s in covering)
    assert given_ug == pytest.approx(regimen.total_ug, rel=1e-9, abs=1e-6)


@given(regimens, st.floats(0, 100))
def test_scaling_multiplies_the_total_and_moves_nothing(regimen: Regimen, factor: float) -> None:
    scaled = regimen.scaled(factor)
    assert scaled.total_ug == pytest.approx(factor * regimen.total_ug, rel=1e-12)
    assert scaled.change_times(1e3) == regimen.change_times(1e3)


@given(regimens, hours)
def test_shifting_moves_every_dose_and_keeps_its_amount(regimen: Regimen, by: float) -> None:
    shifted = regimen.shifted(by)
    assert [d.amount_ug for d in shifted.doses] == [d.amount_ug for d in regimen.doses]
    assert np.allclose([d.time_h for d in shifted.doses], [d.time_h + by for d in regimen.doses])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Bolus(0.0, -1.0), r"bolus amount \(ug\) is -1\.0; expected .* 0 or more"),
        (lambda: Bolus(-2.0, 1.0), r"bolus time \(h\) is -2\.0"),
        (lambda: Bolus(float("nan"), 1.0), r"bolus time \(h\) is nan; expected a finite"),
        (lambda: Bolus(0.0, float("inf")), r"bolus amount \(ug\) is inf; expected a finite"),
        (lambda: Infusion(0.0, 0.0, 1.0), r"infusion length \(h\) is 0\.0; .* greater than 0"),
        (lambda: Infusion(0.0, -1.0, 1.0), r"infusion length \(h\) is -1\.0"),
        (lambda: Infusion(0.0, 1.0, -5.0), r"infusion amount \(ug\) is -5\.0"),
        (lambda: Infusion(-0.5, 1.0, 5.0), r"infusion start \(h\) is -0\.5"),
        (lambda: Infusion.at_rate(0.0, 1.0, -5.0), r"infusion rate \(ug/h\) is -5\.0"),
        (lambda: Infusion.at_rate(0.0, 0.0, 5.0), r"infusion length \(h\) is 0\.0"),
        (lambda: Regimen((Bolus(5.0, 1.0), Bolus(1.0, 1.0))), r"\[5\.0, 1\.0\] h.*Regimen\.of"),
        (lambda: Regimen(("5 mg",)), r"Bolus and Infusion doses; got '5 mg'"),
        (lambda: Regimen.of(Bolus(1.0, 1.0)).shifted(-2.0), r"bolus time \(h\) is -1\.0"),
        (lambda: Regimen.of(Bolus(1.0, 1.0)).scaled(-1.0), r"bolus amount \(ug\) is -1\.0"),
        (lambda: segments(Regimen(), 0.0), r"horizon is 0\.0 h"),
    ],
)
def test_an_impossible_dose_is_refused_with_what_was_given(make: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        make()
