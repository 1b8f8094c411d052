"""CRP: a slow readout of the IL-6 signal."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from helpers import REGIMENS, made_up, made_up_bispecific

from qsp_lib.common.errors import InputError
from qsp_lib.model import crp
from qsp_lib.model.crp import calibrate_crp, crp_loss_rate
from qsp_lib.model.parameters import CrpInputs, NetworkParameters
from qsp_lib.model.simulation import simulate

SEVERE = (made_up(), REGIMENS["infusion"])
MILD = (made_up_bispecific(k_exh=1.0, k_act=0.05), REGIMENS["step-up"])


def test_crp_halves_in_the_nineteen_hours_of_the_evidence() -> None:
    assert np.log(2) / crp_loss_rate() == pytest.approx(19.0)


def test_the_calibrated_readout_gives_both_declared_peaks(network: NetworkParameters) -> None:
    readout = calibrate_crp(SEVERE, MILD, network)
    peaks = [
        float(simulate(drug, network, regimen, crp=readout).peak("CRP").value)
        for drug, regimen in (SEVERE, MILD)
    ]
    assert peaks == pytest.approx([200.0, 60.0], rel=1e-5)
    assert readout.d_CRP == crp_loss_rate()


def test_drugs_too_alike_for_the_declared_peaks_are_refused(network: NetworkParameters) -> None:
    with pytest.raises(InputError, match="CRP peaks of 200 and 60 mg/L together"):
        calibrate_crp(SEVERE, SEVERE, network)


def test_crp_is_linear_in_its_production(network: NetworkParameters) -> None:
    one, three = (
        simulate(*_ordered(network), crp=CrpInputs(k, 230.0, 0.0365), rtol=1e-9) for k in (1.0, 3.0)
    )
    assert three["CRP"] == pytest.approx(3 * one["CRP"], rel=1e-6, abs=1e-9)


def test_crp_peaks_after_the_signal_it_follows(network: NetworkParameters) -> None:
    run = simulate(*_ordered(network), crp=CrpInputs(8.0, 230.0, 0.0365))
    assert run.peak("CRP").time_h > run.peak("S").time_h + 6.0


def test_once_the_signal_is_gone_crp_falls_by_half_in_its_half_life(
    network: NetworkParameters,
) -> None:
    gone = replace(SEVERE[0], k_exh=2.0, k_rec=0.0)
    quick = network.replace(d_M=1.0)
    readout = CrpInputs(8.0, 1e5, np.log(2) / 19)
    run = simulate(gone, quick, SEVERE[1], crp=readout, horizon_h=240.0, rtol=1e-9, atol=1e-12)
    assert run.at("CRP", 219.0) / run.at("CRP", 200.0) == pytest.approx(0.5, rel=1e-2)


def test_the_declared_peaks_are_in_mg_per_litre() -> None:
    assert (crp.SEVERE_PEAK_MG_L, crp.MILD_PEAK_MG_L) == (200.0, 60.0)


def _ordered(network: NetworkParameters) -> tuple:
    drug, regimen = SEVERE
    return drug, network, regimen
