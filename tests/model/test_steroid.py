"""Dexamethasone: its levels in closed form, what it stops, and what it leaves alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from helpers import REGIMENS, made_up, rescue_inputs

from qsp_lib.common.errors import InputError, LockError
from qsp_lib.model.dosing import Bolus, Regimen
from qsp_lib.model.engines import ENGINES
from qsp_lib.model.parameters import CrpInputs, NetworkParameters, SteroidInputs
from qsp_lib.model.simulation import Rescue, Steroid, simulate
from qsp_lib.model.structure import RECOVERY_AT_REST
from qsp_lib.model.trajectory import Trajectory
from qsp_lib.protocol.lock import lock_path, read_record

NETWORK = NetworkParameters.prior_medians().replace(t_cells=RECOVERY_AT_REST)
DEXAMETHASONE = SteroidInputs(V=61.0, CL=14.7, k_a=0.94, F=0.9, k_e0=0.06, IC50=13.7375, w=0.25)
TIMES = np.array([0.5, 2.0, 6.0, 12.0, 24.0, 48.0])
RELEASE = REGIMENS["infusion"]


def run(regimen: Regimen, inputs: SteroidInputs = DEXAMETHASONE, **options: Any) -> Trajectory:
    given: dict[str, Any] = dict(steroid=Steroid(inputs, regimen), times=TIMES, horizon_h=48.0)
    tight: dict[str, Any] = dict(rtol=1e-9, atol=1e-9)
    return simulate(made_up(), NETWORK, RELEASE, **(given | tight | options))


def at(course: Trajectory, name: str) -> np.ndarray:
    return course[name][np.searchsorted(course.times, TIMES)]


@pytest.mark.parametrize("engine", ENGINES)
def test_its_level_and_its_effect_are_sums_of_exponentials(engine: str) -> None:
    course = run(Regimen.of(Bolus(0.0, 20_000.0)), engine=engine)
    k, e, D0 = 14.7 / 61.0, 0.06, 20_000.0 / 61.0
    D = D0 * np.exp(-k * TIMES)
    G = D0 * e / (e - k) * (np.exp(-k * TIMES) - np.exp(-e * TIMES))
    assert at(course, "C_dex") == pytest.approx(D, rel=1e-5)
    assert at(course, "G") == pytest.approx(G, rel=1e-5)
    assert at(course, "s") == pytest.approx(1 / (1 + G / 13.7375), rel=1e-5)
    assert "D_d" not in course.task.structure.states


@pytest.mark.parametrize("engine", ENGINES)
def test_by_mouth_nine_tenths_are_absorbed(engine: str) -> None:
    course = run(Regimen.of(Bolus(0.0, 20_000.0, "oral")), engine=engine)
    k, a = 14.7 / 61.0, 0.94
    D = 0.9 * 20_000.0 / 61.0 * a / (a - k) * (np.exp(-k * TIMES) - np.exp(-a * TIMES))
    assert at(course, "C_dex") == pytest.approx(D, rel=1e-5)


def test_without_it_nothing_of_it_is_there_and_without_a_dose_it_changes_nothing() -> None:
    absent = run(Regimen(), steroid=None)
    assert not {"D_c", "G", "D_d"} & set(absent.task.structure.states)
    assert not {n for n in absent.task.structure.parameters if n.endswith("_dex")}
    silent = run(Regimen())
    for name in absent.task.structure.states:
        assert at(silent, name) == pytest.approx(at(absent, name), rel=1e-9, abs=1e-9), name


def test_it_lowers_output_and_leaves_exposure_and_t_cells_alone() -> None:
    treated, absent = run(Regimen.of(Bolus(0.0, 20_000.0))), run(Regimen(), steroid=None)
    for name in ("A_c", "R", "A", "X"):
        assert at(treated, name) == pytest.approx(at(absent, name), rel=1e-6, abs=1e-9)
    for name in ("IFN", "TNF", "IL6", "S", "M"):
        assert float(treated.peak(name).value) < 0.9 * float(absent.peak(name).value), name


def test_rates_fall_by_the_shares_it_leaves() -> None:
    course = run(Regimen.of(Bolus(0.0, 20_000.0)))
    structure, p = course.task.structure, course.task.p
    y = dict.fromkeys(structure.states, 0.0) | {"A": 0.2, "M": 0.4, "S": 250.0, "G": 3 * 13.7375}
    plain = dict(
        zip(structure.states, structure.rhs([*(y | {"G": 0.0}).values()], p, (0, 0)), strict=True)
    )
    less = dict(zip(structure.states, structure.rhs([*y.values()], p, (0, 0)), strict=True))
    s, w = 0.25, 0.25
    for name in ("IFN", "TNF"):
        assert less[name] == pytest.approx(s * plain[name])
    of_T = p.k_IL6_T * 0.2
    assert less["IL6"] - s * of_T == pytest.approx((1 - w * (1 - s)) * (plain["IL6"] - of_T))
    assert less["S"] == plain["S"]


def test_it_stops_production_and_removes_nothing() -> None:
    """With all production stopped at 12 h, IFN-gamma falls at its own rate and no faster."""
    at_once = replace(DEXAMETHASONE, k_e0=1e3, IC50=1e-9, CL=0.0)
    late = run(Regimen.of(Bolus(12.0, 20_000.0)), at_once, times=np.array([13.0, 14.0]), rtol=1e-6)
    fall = float(late.at("IFN", 14.0)) / float(late.at("IFN", 13.0))
    assert fall == pytest.approx(np.exp(-NETWORK.d_IFN), rel=1e-3)


def test_an_effect_that_follows_slowly_outlasts_the_level() -> None:
    given = Regimen.of(Bolus(0.0, 20_000.0))
    slow, quick = run(given), run(given, replace(DEXAMETHASONE, k_e0=10.0))
    assert at(slow, "s")[-1] < at(quick, "s")[-1]


def test_with_tocilizumab_and_crp_every_part_is_there_and_nothing_is_negative() -> None:
    rescue = Rescue(rescue_inputs(), Regimen.of(Bolus(6.0, 576_000.0)))
    course = run(
        Regimen.of(Bolus(0.0, 20_000.0, "oral"), Bolus(6.0, 20_000.0)),
        rescue=rescue,
        crp=CrpInputs(8.0, 230.0, 0.0365),
    )
    assert {"T_c", "D_c", "D_d", "G", "CRP"} <= set(course.task.structure.states)
    for name in course.task.structure.states:
        assert course[name].min() >= -1e-6 * max(course[name].max(), 1.0), name


def test_what_cannot_be_meant_is_refused() -> None:
    with pytest.raises(InputError, match="dexamethasone is given SC"):
        Steroid(DEXAMETHASONE, Regimen.of(Bolus(0.0, 1.0, "SC")))
    with pytest.raises(InputError, match="w is 1.5; expected 0 to 1"):
        replace(DEXAMETHASONE, w=1.5)
    with pytest.raises(InputError, match="F is 0.0"):
        replace(DEXAMETHASONE, F=0.0)


def test_the_blind_drug_of_lock_v1_is_not_simulated_with_a_steroid() -> None:
    record = read_record(lock_path("v1"), against_code=False)
    given = Steroid(DEXAMETHASONE, Regimen.of(Bolus(0.0, 20_000.0)))
    with pytest.raises(LockError, match="parts that lock v1 does not know"):
        record.run("okt3", steroid=given)
    with pytest.raises(LockError, match="parts that lock v1 does not know"):
        record.run("blinatumomab", "step", steroid=given)
    assert record.run("blinatumomab", steroid=given, horizon_h=1.0).completed.all()
