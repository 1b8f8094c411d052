"""Exposure of held-back drugs beside what is published of it: exposure alone, and no outcome."""

from __future__ import annotations

import numpy as np
import pytest

from qsp_lib.drugs import load_drug
from qsp_lib.evidence.tables import load_tables
from qsp_lib.model.dosing import Bolus, Infusion, Regimen
from qsp_lib.model.simulation import simulate_exposure
from qsp_lib.model.trajectory import Trajectory

DAY = 24.0


def exposure(name: str, horizon_h: float, regimen: Regimen | None = None) -> Trajectory:
    drug = load_drug(name, inputs="v2")
    given = drug.regimens["clinical"] if regimen is None else regimen
    return simulate_exposure(drug.inputs, given, horizon_h=horizon_h)


def level(run: Trajectory, time_h: float) -> float:
    """Plasma concentration (ng/mL) just before a time (h)."""
    names = run.task.structure.states
    amount = run.at("C" if "C" in names else "A_c", time_h - 1e-6)
    return float(amount if "C" in names else amount / run.task.p.V1[0])


# ---------------------------------------------------------------- mosunetuzumab


@pytest.fixture(scope="module")
def mosunetuzumab() -> Trajectory:
    return exposure("mosunetuzumab", 1100.0)


def test_mosunetuzumabs_levels_are_those_of_the_labels_figure(mosunetuzumab: Trajectory) -> None:
    """Points read while an infusion runs are left out: there an hour is all of the level."""
    text = load_tables().row("XI025").value_text.partition(" ")[2]
    points = [tuple(map(float, pair.split(":"))) for pair in text.split(", ")]
    infused = load_drug("mosunetuzumab", inputs="v2").regimens["clinical"].doses
    away = [
        (time, ug_per_mL)
        for time, ug_per_mL in points
        if not any(isinstance(d, Infusion) and d.start_h <= time <= d.end_h for d in infused)
    ]
    assert len(away) >= 9
    for time, ug_per_mL in away:
        assert level(mosunetuzumab, time) / 1000 == pytest.approx(ug_per_mL, rel=0.15), time


def test_mosunetuzumabs_highest_level_is_within_the_published_spread(
    mosunetuzumab: Trajectory,
) -> None:
    published = load_tables().row("XI020").number()  # ug/mL, with a CV of 49.6 %
    found = float(mosunetuzumab.peak("C", 504.0, 1008.0).value) / 1000
    assert abs(found / published - 1) < 0.496


# ---------------------------------------------------------------- OKT3


def test_okt3s_troughs_are_the_published_ones() -> None:
    run = exposure("okt3", 5 * DAY)
    at_three_days = load_tables().row("OI003")  # mean 902 ng/mL, SEM 71
    assert abs(level(run, at_three_days.time_h or 0.0) - at_three_days.number()) < 71
    reached = load_tables().row("OI019")
    for day in (3, 4):
        assert (reached.low or 0.0) <= level(run, day * DAY) <= (reached.high or 0.0)


# ---------------------------------------------------------------- teclistamab


def test_teclistamabs_level_at_steady_state_is_what_is_absorbed_over_what_is_cleared() -> None:
    """No row gives a level. What clearance falls to, and F, hold in the long run."""
    weekly = Regimen.of(*(Bolus(7 * DAY * n, 1.5e3 * 74, "SC") for n in range(60)))
    run = exposure("teclistamab", 60 * 7 * DAY, weekly)
    rows = load_tables()
    mean = float(run.area("A_c", 59 * 7 * DAY, 60 * 7 * DAY)) / run.task.p.V1[0] / (7 * DAY)
    F, CL = rows.row("XI035").number(), rows.row("XI028").number()
    assert mean == pytest.approx(F * 1.5e3 * 74 / (CL * 7), rel=0.01)


def test_teclistamabs_first_doses_are_cleared_as_fast_as_cl1_and_cl2_together() -> None:
    """By vein, one dose falls at first with (CL1 + CL2 + Q)/V1."""
    run = exposure("teclistamab", 2.0, Regimen.of(Bolus(0.0, 1000.0)))
    rows = load_tables()
    CL1, CL2, V1, Q = (rows.row(f"XI0{n}").number() for n in (28, 29, 31, 33))
    assert np.log(level(run, 1e-6 + 0.0) / level(run, 1.0)) == pytest.approx(
        (CL1 + CL2 + Q) / V1 / DAY, rel=0.01
    )


def test_teclistamab_is_absorbed_over_days_and_as_much_as_two_sources_say() -> None:
    run = exposure("teclistamab", 60 * DAY, Regimen.of(Bolus(0.0, 1000.0, "SC")))
    peak_h = float(run.peak("C").time_h)
    assert 2 * DAY < peak_h < 7 * DAY  # slow absorption (half-life 5 d) and faster elimination
    rows, drug = load_tables(), load_drug("teclistamab", inputs="v2").inputs
    other = rows.row("XI043").value_text  # "ka 0.20 /d, F 0.85, CL 0.60 L/d, mPBPK volumes"
    assert "F 0.85" in other and "CL 0.60 L/d" in other
    assert drug.F is not None and 0.69 <= drug.F <= 0.85
    assert drug.CL_0 is not None and drug.CL < 0.60 / DAY < drug.CL_0


# ---------------------------------------------------------------- epcoritamab


def test_epcoritamab_without_target_is_cleared_as_printed() -> None:
    once = Regimen.of(Bolus(0.0, 160.0, "SC"))
    run = exposure("epcoritamab-linear", 500 * DAY, once)
    volume = run.task.p.V1[0]
    CL = load_tables().row("XI046").number() / DAY
    assert float(run.area("A_c", 0.0, 500 * DAY)) / volume == pytest.approx(160.0 / CL, rel=1e-3)


def test_free_epcoritamab_is_a_tenth_at_first_and_most_of_it_at_the_full_dose() -> None:
    free, unbound = exposure("epcoritamab", 1008.0), exposure("epcoritamab-linear", 1008.0)
    week = 7 * DAY
    shares = [
        float(free.peak("C", n * week, (n + 1) * week).value)
        / float(unbound.peak("C", n * week, (n + 1) * week).value)
        for n in range(6)
    ]
    assert 0.1 <= shares[0] < 0.15
    assert np.all(np.diff(shares) > 0)
    assert 0.85 < shares[-1] < 1
