"""The CRP readout: follows the effective IL-6 signal, and feeds back on nothing."""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq

from ..common import InputError
from ..evidence import CRP_HALF_LIFE, load_tables
from .dosing import Regimen
from .parameters import CrpInputs, DrugInputs, NetworkParameters
from .simulation import simulate

SEVERE_PEAK_MG_L, MILD_PEAK_MG_L = 200.0, 60.0
"""Declared assumption: untreated CRP peaks of the severe and of the mild drug."""


def crp_loss_rate() -> float:
    """d_CRP (1/h) from the half-life of 19 h in people (EA125)."""
    return float(np.log(2) / load_tables().row(CRP_HALF_LIFE).value)


def calibrate_crp(
    severe: tuple[DrugInputs, Regimen], mild: tuple[DrugInputs, Regimen], network: NetworkParameters
) -> CrpInputs:
    """k_CRP and K_CRP that give the two declared peaks.

    CRP is linear in k_CRP, so the ratio of the two peaks depends on K_CRP alone.

    Raises:
        InputError: no K_CRP gives that ratio; the readout would need another form.
    """
    loss = crp_loss_rate()

    def peaks(log10_K: float) -> tuple[float, float]:
        crp = CrpInputs(1.0, 10.0**log10_K, loss)
        severe_peak, mild_peak = (
            float(simulate(drug, network, regimen, crp=crp).peak("CRP").value)
            for drug, regimen in (severe, mild)
        )
        return severe_peak, mild_peak

    def excess(log10_K: float) -> float:
        severe_peak, mild_peak = peaks(log10_K)
        return float(np.log(severe_peak / mild_peak) - np.log(SEVERE_PEAK_MG_L / MILD_PEAK_MG_L))

    low, high = 0.0, 7.0
    if excess(low) * excess(high) > 0:
        raise InputError(
            f"no K_CRP between 1 and 1e7 pg/mL gives CRP peaks of {SEVERE_PEAK_MG_L:g} and "
            f"{MILD_PEAK_MG_L:g} mg/L together; change the declared peaks."
        )
    log10_K = brentq(excess, low, high, xtol=1e-10)
    return CrpInputs(SEVERE_PEAK_MG_L / peaks(log10_K)[0], 10.0**log10_K, loss)
