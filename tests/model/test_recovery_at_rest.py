"""The T-cell part in which recovery needs rest: conserved, bounded, and at rest before a dose."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from helpers import made_up, made_up_bispecific
from hypothesis import given, settings
from hypothesis import strategies as st

from qsp_lib.common.errors import InputError, LockError
from qsp_lib.common.inputs import VERSIONS
from qsp_lib.drugs.reading import load_drug
from qsp_lib.model.awaiting_lock import HELD_BACK
from qsp_lib.model.dosing import Bolus, Infusion, Regimen
from qsp_lib.model.draws import Draws
from qsp_lib.model.engines import ENGINES
from qsp_lib.model.parameters import DrugInputs, NetworkParameters
from qsp_lib.model.parts.t_cells import RecoveryAtRest, RecoveryAtRestOnTargets
from qsp_lib.model.simulation import simulate, simulate_exposure
from qsp_lib.model.structure import RECOVERY_AT_REST, Structure
from qsp_lib.protocol.lock import lock_path, read_record
from qsp_lib.protocol.record import Record

NETWORK = NetworkParameters.prior_medians().replace(t_cells=RECOVERY_AT_REST)
K_B = 0.72
BISPECIFIC = made_up_bispecific(K_B=K_B)
WIDE = 10.0 ** (2 * 0.5)
"""Two of its prior's standard deviations, either way, of a T-cell rate."""


@given(st.floats(0, 1e9), st.floats(0, 10), st.floats(1, 20), st.floats(0.1, 1e4))
def test_engagement_is_from_zero_to_below_one(C: float, B: float, h: float, EC50: float) -> None:
    p = SimpleNamespace(EC50=EC50, h=h, K_hook=4000.0, K_B=K_B)
    assert 0 <= RecoveryAtRest().engagement(min(C, 20 * EC50), 1, p) <= 1
    assert 0 <= RecoveryAtRestOnTargets().engagement(C, B, p) <= B / (K_B + B) < 1


def test_steepness_acts_in_both_mechanisms() -> None:
    for part in (RecoveryAtRest(), RecoveryAtRestOnTargets()):
        flat, steep = (SimpleNamespace(EC50=10.0, h=h, K_hook=1e12, K_B=K_B) for h in (1.0, 3.0))
        ratio = part.engagement(1.0, 1, flat) / part.engagement(1.0, 1, steep)
        assert ratio == pytest.approx((1 / 11) / (1 / 1001), rel=1e-6)


@pytest.mark.parametrize("mechanism", ["monoclonal", "bispecific"])
def test_the_state_before_dosing_is_an_exact_steady_state(mechanism: str) -> None:
    structure = Structure(mechanism, t_cells=RECOVERY_AT_REST, tocilizumab=True, crp=True)
    p = SimpleNamespace(**dict.fromkeys(structure.parameters, 0.6))
    rates = structure.rhs(structure.before, p, (0.0, 0.0))
    assert [float(rate) for rate in rates] == [0.0] * len(structure.states)


@settings(max_examples=30)
@given(
    st.sampled_from(["monoclonal", "bispecific"]),
    st.sampled_from([1 / WIDE, 1.0, WIDE]),
    st.sampled_from([1 / WIDE, 1.0, WIDE]),
    st.sampled_from([0.1, 1.0, 10.0]),
    st.floats(1.0, 1e5),
)
def test_t_cells_are_conserved_and_nothing_is_negative_at_the_ends_of_the_priors(
    mechanism: str, act: float, kill: float, B_0: float, ug: float
) -> None:
    of_mechanism: dict[str, Any] = dict(k_act=0.17 * act)
    if mechanism == "bispecific":
        drug = made_up_bispecific(K_B=K_B, B_0=B_0, k_kill=2.0 * kill, **of_mechanism)
    else:
        drug = made_up(h=20.0 if act > 1 else 1.0, **of_mechanism)
    run = simulate(drug, NETWORK, Regimen.of(Infusion(0.0, 24.0, ug), Bolus(60.0, ug)))
    assert run["R"] + run["A"] + run["X"] == pytest.approx(1.0, abs=1e-9)
    assert np.all((run["E"] >= -1e-9) & (run["E"] < 1.0 + 1e-12))
    for name in run.task.structure.states:
        # below zero by no more than the integration error
        assert run[name].min() >= -1e-5 * max(run[name].max(), 1e-3), name
    if mechanism == "bispecific":
        assert float(run["B"][0]) == B_0
        assert np.all(np.diff(run["B"]) <= 1e-9)


def test_recovery_waits_while_the_drug_is_there() -> None:
    """With all receptors engaged X only grows; constant recovery reaches its balance instead."""
    drug = made_up(V1=3.0, CL=0.0, V2=1.0, Q=0.0, EC50=1e-3, k_act=0.5, k_exh=0.5, k_rec=0.02)
    given = Regimen.of(Bolus(0.0, 1e6))
    waits = simulate(drug, NETWORK, given, horizon_h=600.0)
    goes_on = simulate(drug, NETWORK.replace(t_cells="constant recovery"), given, horizon_h=600.0)
    assert waits["A"][-1] < 1e-3 < 0.02 < goes_on["A"][-1]


def test_after_the_drug_is_gone_the_responsive_pool_comes_back_at_its_rate() -> None:
    drug = made_up(V1=3.0, CL=30.0, V2=1.0, Q=0.0, EC50=1.0, k_act=1.0, k_exh=2.0, k_rec=0.01)
    run = simulate(drug, NETWORK, Regimen.of(Infusion(0.0, 24.0, 1e6)), horizon_h=300.0)
    X = [float(run.at("X", t)) for t in (100.0, 200.0)]
    assert X[0] > 0.05
    assert X[1] / X[0] == pytest.approx(np.exp(-1.0), rel=1e-3)


@pytest.mark.parametrize("engine", ENGINES)
def test_targets_before_the_first_dose_can_be_drawn(engine: str) -> None:
    draws = Draws({"B_0": np.array([0.1, 1.0, 10.0])})
    run = simulate(BISPECIFIC, NETWORK, Regimen.of(Bolus(0.0, 200.0)), draws=draws, engine=engine)
    assert run["B"][:, 0] == pytest.approx([0.1, 1.0, 10.0])
    assert np.all(np.diff(run.peak("A").value) > 0)
    with pytest.raises(InputError, match="draws of B_0 hold 11; expected 0.1 to 10"):
        Draws({"B_0": np.array([11.0])})
    with pytest.raises(InputError, match="B_0 is 0.05; expected 0.1 to 10"):
        made_up_bispecific(B_0=0.05)


def test_a_bispecific_without_k_b_is_refused() -> None:
    with pytest.raises(InputError, match="recovery at rest reads K_B"):
        simulate(made_up_bispecific(), NETWORK, Regimen.of(Bolus(0.0, 200.0)))


@pytest.fixture(scope="module")
def lock_v1() -> Record:
    return read_record(lock_path("v1"), against_code=False)


def test_lock_v1_is_the_part_of_constant_recovery(lock_v1: Record) -> None:
    assert lock_v1.network.t_cells == "constant recovery"
    with pytest.raises(LockError, match="t_cells is locked"):
        lock_v1.network.replace(t_cells=RECOVERY_AT_REST)


# ---------------------------------------------------------------- what waits for lock v2


STEPS = Regimen.of(
    *(Infusion.at_rate(168.0 * i, 168.0, rate) for i, rate in enumerate((5.0, 15.0, 60.0)))
)
FLAT = Regimen.of(Infusion.at_rate(0.0, 168.0, 60.0))


def held_back(name: str) -> DrugInputs:
    return made_up(name=name, label=name.title(), k_a=0.1)


@pytest.mark.parametrize("name", HELD_BACK)
def test_a_held_back_drug_is_not_simulated_with_version_2(name: str) -> None:
    for network in (NETWORK, NetworkParameters.prior_medians()):
        with pytest.raises(LockError, match="parts that lock v1 does not know"):
            simulate(held_back(name), network, FLAT)
    assert float(simulate_exposure(held_back(name), FLAT).peak("C").value) > 0


def test_okt3_of_lock_v1_is_not_simulated_with_version_2(lock_v1: Record) -> None:
    okt3, regimen = lock_v1.drug("okt3"), load_drug("okt3", inputs="v1").regimens["clinical"]
    network = lock_v1.network.unlocked().replace(t_cells=RECOVERY_AT_REST)
    for drug in (okt3, okt3.unlocked()):
        with pytest.raises(LockError, match="parts that lock v1 does not know"):
            simulate(drug, network, regimen)
    for inputs in VERSIONS:
        with pytest.raises(LockError, match="simulated from a lock record only"):
            simulate(load_drug("okt3", inputs=inputs).inputs, NETWORK, regimen)
    assert simulate(okt3, lock_v1.network, regimen, horizon_h=1.0).completed.all()


def test_blinatumomab_is_not_stepped_up_with_version_2(lock_v1: Record) -> None:
    file = load_drug("blinatumomab", inputs="v2")
    drug, regimens = file.inputs, file.regimens
    by_bolus = Regimen.of(Bolus(0.0, 9.0), Bolus(24.0, 28.0))
    for steps in (STEPS, by_bolus, regimens["step"], regimens["stepped"]):
        with pytest.raises(LockError, match="parts that lock v1 does not know"):
            simulate(drug, NETWORK, steps)
    # a dose twice, or less, is no step; nor is one that is more by a rounding error
    again = Regimen.of(Bolus(0.0, 9.0), Bolus(24.0, 9.0 * (1 + 1e-12)), Bolus(48.0, 5.0))
    steady = Regimen.of(Infusion.at_rate(0.0, 24.0, 60.0), Infusion.at_rate(24.0, 24.0, 60.0))
    flat = [regimens[name] for name in ("clinical", "flat_15", "flat_5")]
    for regimen in (FLAT, again, steady, *flat):
        assert simulate(drug, NETWORK, regimen, horizon_h=1.0).completed.all()
    of_v1 = lock_v1.drug("blinatumomab")
    assert simulate(of_v1, lock_v1.network, STEPS, horizon_h=1.0).completed.all()
