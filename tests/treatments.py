"""Treatments that nobody was given, which together have every part that the model has."""

from __future__ import annotations

from typing import Any

from helpers import REGIMENS, made_up, made_up_bispecific, rescue_inputs

from qsp_lib.drugs.co_medications import load_dexamethasone
from qsp_lib.export.dosed import DosedModel
from qsp_lib.model.concentration_table import ConcentrationTable
from qsp_lib.model.dosing import Bolus, Infusion, Regimen
from qsp_lib.model.parameters import CrpInputs, NetworkParameters
from qsp_lib.model.structure import CONSTANT_RECOVERY, RECOVERY_AT_REST
from qsp_lib.model.treatment import Rescue, Steroid, Treatment

NETWORKS = {
    t_cells: NetworkParameters.prior_medians().replace(t_cells=t_cells)
    for t_cells in (CONSTANT_RECOVERY, RECOVERY_AT_REST)
}
DEPOT: dict[str, Any] = dict(k_a=0.09, F=0.7, lag_h=1 / 3)
FALLING: dict[str, Any] = dict(CL_0=0.9, k_CL=0.02)
SATURABLE: dict[str, Any] = dict(Vmax=40.0, Km=60.0)
TARGETS: dict[str, Any] = dict(K_B=0.72, h=2.5)
UNDER_SKIN = Regimen.of(Bolus(0.0, 400.0, "SC"), Bolus(48.0, 900.0, "SC"), label="under the skin")
BOTH_ROUTES = Regimen.of(
    Infusion(2.0, 4.0, 200.0), Bolus(20.0, 700.0, "SC"), Bolus(72.0, 90.0), label="both routes"
)
LATE = Regimen.of(Bolus(50.0, 3000.0), Bolus(98.0, 1500.0), label="from 50 h on")
ROWS: dict[str, Any] = dict(
    times_h=(1 / 3, 4.0, 10.1, 30.0, 72.7), ng_per_mL=(40.0, 900.0, 700.0, 250.0, 20.0)
)
TABLE = ConcentrationTable(**ROWS, ends=0.0)
LOG_TABLE = ConcentrationTable(**ROWS, interpolation="log-linear", ends=18.0)
BY_TABLE = Regimen.of(label="by a table")
RESCUE = Rescue(rescue_inputs(), Regimen.of(Infusion(0.0, 1.0, 5e5), label="500 mg"))
CRP = CrpInputs(8.0, 230.0, 0.0365)


def steroid(*doses: Bolus, label: str = "by hand") -> Steroid:
    """Dexamethasone as its file has it, by doses of one's own."""
    return Steroid(load_dexamethasone().inputs, Regimen.of(*doses, label=label))


BY_VEIN = steroid(Bolus(0.0, 2e4), label="20 mg")
BY_MOUTH = steroid(Bolus(0.0, 1.6e4, "oral"), Bolus(24.0, 8e3, "oral"), label="16 and 8 mg")
BY_BOTH = steroid(Bolus(0.0, 2e4), Bolus(12.0, 8e3, "oral"), label="20 mg, then 8 mg")


def treatments(t_cells: str) -> dict[str, DosedModel]:
    """Every form of exposure, every co-medication and both mechanisms, with one T-cell part."""
    network = NETWORKS[t_cells]
    rest = t_cells == RECOVERY_AT_REST
    # a bispecific's steepness and its targets are read by one of the two parts alone
    targets = TARGETS if rest else {}
    every = dict(DEPOT, **FALLING, **SATURABLE, **targets, V2=2.0, Q=0.3)
    found = {
        "plain": Treatment(made_up(h=3.0), REGIMENS["overlapping"], network),
        "subcutaneous": Treatment(made_up_bispecific(**DEPOT, **targets), UNDER_SKIN, network),
        "falling_clearance": Treatment(made_up(**FALLING), LATE, network, crp=CRP),
        "saturable": Treatment(made_up(**SATURABLE, h=2.0), REGIMENS["infusion"], network),
        "table": Treatment(made_up_bispecific(table=TABLE, **targets), BY_TABLE, network),
        "log_table": Treatment(made_up(table=LOG_TABLE), BY_TABLE, network, RESCUE, BY_VEIN),
        "targets": Treatment(made_up_bispecific(**targets, B_0=3.0), REGIMENS["step-up"], network),
        "steroid_by_vein": Treatment(made_up(), REGIMENS["infusion"], network, steroid=BY_VEIN),
        "steroid_by_mouth": Treatment(
            made_up_bispecific(**targets), REGIMENS["step-up"], network, steroid=BY_MOUTH
        ),
        "everything": Treatment(
            made_up_bispecific(**every, B_0=0.4), BOTH_ROUTES, network, RESCUE, BY_BOTH, CRP
        ),
    }
    return {
        name: DosedModel(name, each, rescue_h=30.0, steroid_h=0.5 if rest else 0.0, horizon_h=120.0)
        for name, each in found.items()
    }
