"""No outcome of a held-back drug is simulated from version 2's files, but from a lock record alone.

Every way to it is tried: the drugs as the files hold them, networks of either version and of lock
v1, draws, a steroid beside, and the code of the predictions. Exposure alone may be looked at.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from qsp_lib.common.errors import LockError
from qsp_lib.drugs import DrugFile, load_dexamethasone, load_drug, shipped_drugs
from qsp_lib.model.awaiting_lock import waits_for_a_lock
from qsp_lib.model.dosing import Bolus, Regimen
from qsp_lib.model.draws import Draws
from qsp_lib.model.parameters import NetworkParameters
from qsp_lib.model.simulation import Steroid, simulate, simulate_exposure
from qsp_lib.model.structure import RECOVERY_AT_REST
from qsp_lib.protocol.class_draws import Scatter, class_draws
from qsp_lib.protocol.dose_plans import PLANS, SINGLE, STEPPED, DosePlan
from qsp_lib.protocol.engager_predictions import predict
from qsp_lib.protocol.lock import lock_path, read_record

AT_REST = NetworkParameters.prior_medians("v2", t_cells=RECOVERY_AT_REST)
BASE = Draws({"k_act": np.array([0.17]), "k_exh": np.array([0.2]), "k_kill": np.array([2.0])})
BLIND = ("okt3", "mosunetuzumab", "teclistamab", "epcoritamab", "epcoritamab-linear")
STEROID = load_dexamethasone().inputs
BEFORE = Steroid(STEROID, Regimen.of(Bolus(0.0, 16_000.0)))
WAITS = "is the blind drug|outcomes are held back"
LOCK_V1 = read_record(lock_path("v1"), against_code=False)


def every(*plans: DosePlan) -> Any:
    return pytest.mark.parametrize("plan", plans, ids=lambda plan: f"{plan.drug} {plan.regimen}")


def file_of(name: str) -> DrugFile:
    return load_drug(name, inputs="v2")


NETWORKS = {
    "version 2": AT_REST,
    "version 1": NetworkParameters.prior_medians("v1"),
    "lock v1": LOCK_V1.network,
    "lock v1, unlocked": LOCK_V1.network.unlocked(),
    "lock v1 with a part of version 2": LOCK_V1.network.unlocked().replace(
        t_cells=RECOVERY_AT_REST
    ),
}
networks = pytest.mark.parametrize("network", NETWORKS.values(), ids=list(NETWORKS))


def test_these_are_all_that_version_2_holds_back() -> None:
    held_back = [name for name in shipped_drugs("v2") if file_of(name).inputs.role == "blind"]
    assert tuple(held_back) == BLIND
    assert {plan.drug for plan in (*PLANS, SINGLE)} == set(BLIND) - {"okt3"}


@networks
@pytest.mark.parametrize("name", BLIND)
def test_no_blind_drug_is_simulated_from_its_file(name: str, network: NetworkParameters) -> None:
    drug = file_of(name)
    for regimen in drug.regimens.values():
        for options in ({}, {"steroid": BEFORE}, {"draws": BASE}):
            with pytest.raises(LockError, match=WAITS):
                simulate(drug.inputs, network, regimen, horizon_h=1.0, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", BLIND)
def test_its_exposure_alone_is(name: str) -> None:
    drug = file_of(name)
    run = simulate_exposure(drug.inputs, drug.regimens["clinical"], horizon_h=24.0)
    assert float(run.peak("C").value) > 0 and "IL6" not in run.names


@pytest.mark.parametrize("name", BLIND)
def test_no_other_role_or_stamp_lets_it_through(name: str) -> None:
    drug = file_of(name).inputs
    for change in ({"role": "user"}, {"name": "another"}):
        with pytest.raises(LockError, match="the blind drug"):
            drug.replace(**change)
    with pytest.raises(LockError):
        drug.stamped(LOCK_V1.stamp)


def test_okt3_of_lock_v1_is_not_simulated_with_a_part_of_version_2() -> None:
    network = NETWORKS["lock v1 with a part of version 2"]
    for drug in (LOCK_V1.drug("okt3"), LOCK_V1.drug("okt3").unlocked()):
        with pytest.raises(LockError, match="outcomes are held back"):
            simulate(drug, network, file_of("okt3").regimens["clinical"], horizon_h=1.0)
        with pytest.raises(LockError, match="outcomes are held back"):
            simulate(
                drug,
                LOCK_V1.network,
                file_of("okt3").regimens["clinical"],
                steroid=BEFORE,
                horizon_h=1.0,
            )


@pytest.mark.parametrize("network", [AT_REST, NETWORKS["lock v1 with a part of version 2"]])
@pytest.mark.parametrize("regimen", ["stepped", "step"])
def test_blinatumomab_is_not_stepped_up(regimen: str, network: NetworkParameters) -> None:
    drug = file_of("blinatumomab")
    given = drug.regimens[regimen]
    assert waits_for_a_lock(drug.inputs, given)
    for options in ({}, {"steroid": BEFORE}, {"draws": BASE}, {"dose_factor": 0.1}):
        with pytest.raises(LockError, match="outcomes are held back"):
            simulate(drug.inputs, network, given, horizon_h=200.0, **options)  # type: ignore[arg-type]
    with pytest.raises(LockError, match="outcomes are held back"):
        predict(drug.inputs, network, given, BASE, listed=2)


def test_a_steroid_is_a_part_of_version_2_whatever_the_network() -> None:
    drug = file_of("blinatumomab")
    with pytest.raises(LockError, match="outcomes are held back"):
        simulate(
            drug.inputs,
            NetworkParameters.prior_medians("v1"),
            drug.regimens[STEPPED.regimen],
            steroid=BEFORE,
            horizon_h=1.0,
        )


@networks
@every(*PLANS, SINGLE)
def test_no_engager_is_predicted(plan: DosePlan, network: NetworkParameters) -> None:
    """Neither arm, no variant: by the code that will do it from the record."""
    file = file_of(plan.drug)
    regimen = file.regimens[plan.regimen]
    some = class_draws(BASE, file.inputs, Scatter.of(file), seed=1)
    for steroid in (STEROID, None):
        with pytest.raises(LockError, match=WAITS):
            predict(
                file.inputs,
                network,
                regimen,
                some,
                listed=plan.listed,
                steroid=steroid,
                premedication=plan.premedication,
            )
