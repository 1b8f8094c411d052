"""Free drug under target-mediated disposition: its limits, its balance, and the kept table."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from helpers import made_up
from scipy.optimize import brentq

from qsp_lib.common.errors import InputError
from qsp_lib.drugs import load_drug
from qsp_lib.drugs.concentrations import read_concentrations
from qsp_lib.drugs.target_mediated import (
    BoundTarget,
    epcoritamab_table,
    free_concentrations,
    table_path,
    target_of_the_evidence,
)
from qsp_lib.model.dosing import Bolus, Infusion, Regimen
from qsp_lib.model.simulation import simulate_exposure

TIMES = np.array([0.0, 1.0, 12.0, 60.0, 168.0, 169.0, 240.0, 500.0])
TWICE = Regimen.of(Bolus(0.0, 300.0, "SC"), Bolus(168.0, 900.0, "SC"))
TARGET = BoundTarget(total=200.0, K_SS=20.0, k_int=0.001)


def absorbed(**changes: Any) -> Any:
    return made_up(**(dict(V1=9.0, CL=0.02, V2=14.0, Q=0.02, k_a=0.024) | changes))


def test_the_kept_table_is_what_is_made_again() -> None:
    kept, made = (
        read_concentrations("table", text)
        for text in (table_path().read_text(encoding="utf-8"), epcoritamab_table())
    )
    assert kept.times_h == made.times_h
    assert kept.ng_per_mL == pytest.approx(made.ng_per_mL, rel=1e-6)


def test_straight_lines_between_its_rows_are_close_to_the_course() -> None:
    """Everywhere but in the first half hour, within 0.6 %."""
    unbound, table = (
        load_drug("epcoritamab-linear", inputs="v2"),
        load_drug("epcoritamab", inputs="v2").inputs.table,
    )
    assert table is not None
    times = np.arange(0.5, 1008.0, 0.5)
    course = free_concentrations(
        unbound.inputs, target_of_the_evidence(), unbound.regimens["clinical"], times
    )
    between = np.interp(times, table.times_h, table.ng_per_mL)
    assert np.abs(between / course - 1).max() < 0.006


def test_the_target_is_that_of_the_evidence_and_binds_nine_tenths_of_a_little() -> None:
    target = target_of_the_evidence()
    assert (target.total, target.K_SS) == pytest.approx((2030.0, 214.0))
    assert target.k_int == pytest.approx(0.0278 / 24)
    little = 1e-6
    assert target.bound(little) / (target.bound(little) + little) == pytest.approx(0.905, abs=1e-3)


@pytest.mark.parametrize("drug", [absorbed(), absorbed(F=0.6)])
def test_without_target_it_is_the_models_own_exposure(drug: Any) -> None:
    free = free_concentrations(drug, BoundTarget(1e-9, 20.0, 0.001), TWICE, TIMES)
    run = simulate_exposure(drug, TWICE, horizon_h=500.0, times=TIMES, rtol=1e-9, atol=1e-9)
    own = [float(np.interp(t, run.times, run["C"])) for t in TIMES]
    assert free == pytest.approx(own, rel=1e-6, abs=1e-9)


def test_much_more_drug_than_target_is_as_if_there_were_none() -> None:
    large = TWICE.scaled(1e6)
    free = free_concentrations(absorbed(), TARGET, large, TIMES)
    none = free_concentrations(absorbed(), BoundTarget(1e-9, 20.0, 0.001), large, TIMES)
    assert free == pytest.approx(none, rel=1e-3)


def test_what_is_not_cleared_is_in_the_depot_free_or_bound() -> None:
    closed = absorbed(CL=0.0, Q=0.0)
    stable = BoundTarget(200.0, 20.0, 1e-12)
    free = free_concentrations(closed, stable, TWICE, TIMES)
    absorbed_ug = [
        sum(
            d.amount_ug * (1 - np.exp(-0.024 * (t - d.time_h)))
            for d in TWICE.doses
            if d.time_h <= t
        )
        for t in TIMES
    ]
    expected = [
        brentq(lambda C, ug=ug: 9.0 * (C + 200.0 * C / (20.0 + C)) - ug, 0.0, 1e4, xtol=1e-12)
        for ug in absorbed_ug
    ]
    assert free == pytest.approx(expected, rel=1e-6, abs=1e-8)


def test_a_little_drug_is_cleared_with_bound_drugs_rate_too() -> None:
    """Far below K_SS everything is linear: k = (CL/V + k_int R/K)/(1 + R/K)."""
    drug = absorbed(Q=0.0, k_a=50.0)
    times = np.array([10.0, 110.0])
    early, late = free_concentrations(drug, TARGET, Regimen.of(Bolus(0.0, 1e-3, "SC")), times)
    ratio = TARGET.total / TARGET.K_SS
    rate = (0.02 / 9.0 + TARGET.k_int * ratio) / (1 + ratio)
    assert np.log(early / late) / 100.0 == pytest.approx(rate, rel=1e-3)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (dict(drug=made_up()), "expected compartments and a depot"),
        (dict(drug=absorbed(CL_0=0.1, k_CL=0.1)), "expected compartments and a depot"),
        (dict(drug=absorbed(lag_h=1.0)), "without lag"),
        (dict(regimen=Regimen.of(Bolus(0.0, 1.0))), "doses under the skin alone"),
        (dict(regimen=Regimen.of(Infusion(0.0, 1.0, 1.0))), "doses under the skin alone"),
        (dict(regimen=Regimen()), "doses under the skin alone"),
        (dict(times_h=[0.0, 2.0, 1.0]), "must increase"),
        (dict(times_h=[]), "must increase"),
    ],
)
def test_what_it_is_not_meant_for_is_refused(change: dict[str, Any], words: str) -> None:
    given: dict[str, Any] = dict(drug=absorbed(), target=TARGET, regimen=TWICE, times_h=TIMES)
    with pytest.raises(InputError, match=words):
        free_concentrations(**(given | change))


@pytest.mark.parametrize("given", [(0.0, 1.0, 1.0), (1.0, -1.0, 1.0), (1.0, 1.0, np.nan)])
def test_a_target_that_cannot_be_meant_is_refused(given: tuple[float, float, float]) -> None:
    with pytest.raises(InputError, match="expected a finite number above 0"):
        BoundTarget(*given)
