"""Exposure of a held-back drug beside what its label shows: exposure alone, and no outcome."""

from __future__ import annotations

import numpy as np
import pytest
from helpers import made_up

from qsp_lib.common.errors import LockError
from qsp_lib.evidence.tables import load_tables
from qsp_lib.model.dosing import Infusion, Regimen
from qsp_lib.model.parameters import DrugInputs, NetworkParameters
from qsp_lib.model.simulation import simulate, simulate_exposure
from qsp_lib.model.trajectory import Trajectory

INFUSED = (
    (0.0, 4.0, 1.0),
    (168.0, 4.0, 2.0),
    (336.0, 4.0, 60.0),
    (504.0, 2.0, 60.0),
    (1008.0, 2.0, 30.0),
)
"""Start (h), length (h) and mg of the label's regimen (XI018)."""
REGIMEN = Regimen.of(*(Infusion(start, length, 1000 * mg) for start, length, mg in INFUSED))


def mosunetuzumab() -> DrugInputs:
    """Typical values as printed, in L, L/h and 1/h."""
    rows = load_tables()
    CL_0, CL, days, V1, V2, Q = (rows.row(f"XI00{n}").number() for n in range(1, 7))
    return made_up(
        name="mosunetuzumab",
        label="Mosunetuzumab",
        V1=V1,
        V2=V2,
        CL=CL / 24,
        CL_0=CL_0 / 24,
        k_CL=np.log(2) / (24 * days),
        Q=Q / 24,
    )


@pytest.fixture(scope="module")
def run() -> Trajectory:
    return simulate_exposure(mosunetuzumab(), REGIMEN, horizon_h=1100.0)


def test_its_levels_are_those_of_the_labels_figure(run: Trajectory) -> None:
    """Points read while an infusion runs are left out: there an hour is all of the level."""
    text = load_tables().row("XI025").value_text.partition(" ")[2]
    points = [tuple(map(float, pair.split(":"))) for pair in text.split(", ")]
    away = [
        (time, level)
        for time, level in points
        if not any(start <= time <= start + length for start, length, _ in INFUSED)
    ]
    assert len(away) >= 9
    for time, level in away:
        assert float(run.at("A_c", time)) / 5.49 / 1000 == pytest.approx(level, rel=0.15), time


def test_its_highest_level_of_the_second_cycle_is_within_the_published_spread(
    run: Trajectory,
) -> None:
    published = load_tables().row("XI020").number()  # ug/mL, with a CV of 49.6 %
    found = float(run.peak("C", 504.0, 1008.0).value) / 1000
    assert abs(found / published - 1) < 0.496


def test_nothing_that_it_drives_is_simulated() -> None:
    with pytest.raises(LockError, match="its outcomes are held back"):
        simulate(mosunetuzumab(), NetworkParameters.prior_medians(), REGIMEN)
